"""The coverage table in Markdown: rules by figure, the best of each, cells that none reaches."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from coverage_cases import Cell, Found

Results = Mapping[tuple[str, Cell], Mapping[str, Mapping[str, Found]]]
AIM = 0.93
WORDS = """Rules: percentile, basic, bca (bootstrap over subjects); expanded: with Student's \
quantiles; student: by the jackknife; logit, wilson, korn-graubard: at the effective number of \
presentations, "+0.5" with a prior correlation of 0.5; logit-student: log odds with the deviation \
of the bootstrap; effective: "korn-graubard+0.5" for each rate (own: of the worst species alone; \
largest: the largest limits; bonferroni: the lower ones stricter), combined by Zou and Donner. \
Where every draw gives one figure, drawn rules take the exact or closed limits (EER, AUC: none). \
"closely" repeats BPCER with ten times the experiments. Species: tied, all at one rate; apart, \
the others at half; rare, apart and the worst seen in every third subject."""
CHOICE = """Chosen: "korn-graubard+0.5" and "effective, bonferroni", the shortest that pass in all \
cells of all figures (+0.3 does not where BPCER is looked at closely), so no cell of BPCER, APCER, \
ACER and the differences is left over; logit-student for EER and AUC. Where none passes for them, \
errors are few and of few subjects, and the output warns."""


class Line(NamedTuple):
    """A rule over all cells of a figure."""

    rule: str
    below: int
    cells: int
    lowest: float
    coverage: float
    length: float


def floor(experiments: int) -> float:
    """Least coverage that passes: the aim less two standard errors."""
    return float(AIM - 2 * (AIM * (1 - AIM) / experiments) ** 0.5)


def table(done: Results, header: str, experiments: int) -> str:
    """Sum up all cells: one part for each figure, then the tests."""
    least = floor(experiments)
    figures = dict.fromkeys(name for found in done.values() for name in found)
    parts = [
        "# Coverage of 95 % intervals",
        header,
        f"A rule passes in a cell if its intervals hold the true value in at least {least:.2%} of "
        f"the experiments ({AIM:.0%} less two standard errors). Lengths are means over the cells. "
        "Rules that pass in all cells come first, shortest first.",
        WORDS,
        CHOICE,
    ]
    tested = [name for name in figures if name != "mcnemar"]
    parts += [part for name in tested for part in _part(done, name, least)]
    return "\n\n".join([*parts, *_tests(done)]) + "\n"


def _part(done: Results, figure: str, least: float) -> list[str]:
    """Compare the rules for a figure."""
    cells = {cell: found[figure] for (_, cell), found in done.items() if figure in found}
    lines = sorted(_lines(cells, least), key=lambda line: (line.below, line.length))
    rows = [
        f"| {x.rule} | {x.below} of {x.cells} | {x.lowest:.1%} | {x.coverage:.1%} "
        f"| {x.length:.4f} |"
        for x in lines
    ]
    head = "| rule | cells below | lowest coverage | mean coverage | mean length |\n|" + 5 * "---|"
    none = [c for c, by in cells.items() if max(x.coverage for x in by.values()) < least]
    said = f"No rule passes in: {_cells(none)}." if none else "In every cell some rule passes."
    best = [c for c, by in cells.items() if by[lines[0].rule].coverage < least]
    below = [f"The first rule is below in: {_cells(best)}."] if best else []
    return [f"## {figure}", "\n".join([head, *rows]), " ".join([said, *below])]


def _lines(cells: Mapping[Cell, Mapping[str, Found]], least: float) -> Iterable[Line]:
    """Sum each rule up."""
    for rule in next(iter(cells.values())):
        found = [by[rule] for by in cells.values()]
        covered = [one.coverage for one in found]
        yield Line(
            rule,
            sum(one < least for one in covered),
            len(found),
            min(covered),
            sum(covered) / len(found),
            sum(one.length for one in found) / len(found),
        )


def _cells(cells: Iterable[Cell]) -> str:
    """Name cells."""
    return "; ".join(
        f"{c.subjects} subjects of {c.each}, rate {c.rate:g}, correlation {c.correlation:g}"
        for c in cells
    )


def _tests(done: Results) -> list[str]:
    """Show how often McNemar's tests reject equal runs."""
    rows = [
        f"| {_cells([cell])} | "
        + " | ".join(f"{1 - one.coverage:.1%}" for one in found["mcnemar"].values())
        + " |"
        for (_, cell), found in done.items()
        if "mcnemar" in found
    ]
    head = "| cell | by presentation | by subject |\n|---|---|---|"
    words = "How often McNemar's exact test at 5 % rejects two runs that do not differ."
    return ["## McNemar", words, "\n".join([head, *rows])] if rows else []
