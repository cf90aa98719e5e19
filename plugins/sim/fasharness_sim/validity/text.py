"""The verdicts of the validity report as lines for a terminal."""

from fasharness_sim.validity.records import Validity


def summary(found: Validity) -> str:
    """Return the verdicts as text.

    Args:
        found: the report.

    Returns:
        Lines of text, the first of which says that the data are simulated.
    """
    lines = [found.notice]
    for check in found.checks:
        lines += [
            f"{check.verdict}: {check.title}",
            f"  asked: {check.rule}",
            f"  found: {check.found}",
        ]
    return "\n".join(lines)
