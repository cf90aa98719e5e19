"""What became of the presentations of each class, for the terminal, tables and CSV."""

from collections.abc import Iterator, Sequence

from fasharness.counts import Outcome
from fasharness.evaluation.outcomes import BONA_FIDE, GROUP, SPECIES
from fasharness.report.numbers import digits, percent

COLUMNS = ("n", "accepted", "refused", "no response")
NO_COUNTS = ("",) * len(COLUMNS)


def distinct(found: Sequence[Outcome]) -> list[Outcome]:
    """Leave the species out where each is its own group, since they would repeat the groups.

    Args:
        found: the outcomes of an evaluation.

    Returns:
        Those to show.
    """
    groups = {(*cells(one), one.name) for one in found if one.kind == GROUP}
    species = {(*cells(one), one.name) for one in found if one.kind == SPECIES}
    return [one for one in found if one.kind != SPECIES or groups != species]


def cells(one: Outcome | None) -> tuple[str, ...]:
    """Format the counts of a class.

    Args:
        one: its outcome, None for a row that is of no class.

    Returns:
        A cell for each of `COLUMNS`; the last has the share too, as BPNRR or APNRR.
    """
    if one is None:
        return NO_COUNTS
    silent = str(one.no_response)
    if one.non_response is not None:
        name = "BPNRR" if one.kind == BONA_FIDE else "APNRR"
        silent = f"{silent} ({name} {percent(one.non_response)} %)"
    return str(one.presented), str(one.accepted), str(one.refused), silent


def lines(found: Sequence[Outcome], unit: str) -> Iterator[str]:
    """Yield a table for the terminal.

    Args:
        found: the outcomes of an evaluation; nothing is yielded for none.
        unit: what is counted, in one word.

    Yields:
        Lines of text.
    """
    rows: list[tuple[str, ...]] = [(f"test {unit}s", *COLUMNS)]
    for one in distinct(found):
        rows.append((f"{'  ' * (one.kind == SPECIES)}{one.name}", *cells(one)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *counts in rows if found else ():
        right = (cell.rjust(width) for cell, width in zip(counts, widths[1:], strict=True))
        yield "  ".join((name.ljust(widths[0]), *right))


def not_drawn(found: Sequence[Outcome]) -> str:
    """Name the species that no plot can show.

    Args:
        found: the outcomes of an evaluation.

    Returns:
        A text in words; empty if every species has a score.
    """
    absent = [one for one in found if one.kind == SPECIES and one.absence]
    named = ", ".join(f"{one.name} ({one.absence})" for one in absent)
    return f"not drawn: {named}" if named else ""


def plain(found: Sequence[Outcome]) -> Iterator[tuple[str, str, str]]:
    """Yield every count and share as metric, class and number, for a CSV that programs read."""
    for one in found:
        of = one.name if one.kind == BONA_FIDE else f"{one.kind.split()[-1]} {one.name}"
        yield "presented", of, str(one.presented)
        yield "accepted", of, str(one.accepted)
        yield "refused", of, str(one.refused)
        yield "no_response", of, str(one.no_response)
        yield "bpnrr" if one.kind == BONA_FIDE else "apnrr", of, digits(one.non_response)
