"""The table and the curve of a score file that was counted in bins."""

import math
from collections.abc import Iterator
from pathlib import Path

from fasharness.common.csv_rows import csv_text
from fasharness.common.files import write_text
from fasharness.evaluation.outcomes import BONA_FIDE, GROUP, SPECIES, absences
from fasharness.evaluation.streaming import FileCounts, at_threshold, outcomes
from fasharness.metrics.streaming import worst
from fasharness.report.grid import Grid
from fasharness.report.numbers import POOLED, WORST, data_words, percent, unit_word
from fasharness.report.outcomes import COLUMNS, NO_COUNTS, cells, distinct
from fasharness.report.text import SIMULATED


def grid(name: str, counts: FileCounts) -> Grid:
    """Format the figures of a file as a table.

    Args:
        name: name of the file.
        counts: its counts.

    Returns:
        A table with the error bound of each figure.
    """
    rows = [row for split in ("dev", "test") for row in _of_curves(counts, split)]
    rows = [(*row, *NO_COUNTS) for row in rows] + [*_of_decisions(counts)]
    bins = counts.counts["test", None].size - 2
    title = f"{name} per {unit_word(counts.unit)}, counted in {bins} bins"
    rows = [(*row, data_words(counts.simulated)) for row in rows]
    return Grid(title, ("metric", "figure", "error", *COLUMNS, "data"), rows, [*_notes(counts)])


def _of_curves(counts: FileCounts, split: str) -> Iterator[tuple[str, ...]]:
    """Yield EER and AUC of a split: of the worst species group, then of all attacks pooled."""
    pooled = counts.split(split)
    if pooled is None:
        return
    each = counts.each(split)
    eers = {WORST: worst([one.eer() for one in each], max), POOLED: pooled.eer()}
    aucs = {WORST: worst([one.auc() for one in each], min), POOLED: pooled.auc()}
    for words, eer in eers.items():
        error = _bound(100 * eer.error, 4)
        yield f"EER of {split}, {words} (%)", f"{100 * eer.value:.4f}", error
    for words, auc in aucs.items():
        yield f"AUC of {split}, {words}", f"{auc.value:.6f}", _bound(auc.error, 6)


def _of_decisions(counts: FileCounts) -> Iterator[tuple[str, ...]]:
    """Yield the rates at the threshold, and what became of each class."""
    decided = at_threshold(counts)
    for one in distinct(decided.outcomes if decided else outcomes(counts, 0)):
        name = "BPCER" if one.kind == BONA_FIDE else f"APCER {one.name}"
        name = f"{'  ' * [BONA_FIDE, GROUP, SPECIES].index(one.kind)}{name} (%)"
        n, accepted, refused, silent = cells(one)
        if decided is None:
            yield name, "–", "no threshold", n, "", "", silent
            continue
        scored = one.accepted + one.refused
        wrong = one.refused if one.kind == BONA_FIDE else one.accepted
        figure = (percent(wrong / scored), "exact") if scored else ("–", one.absence)
        yield name, *figure, n, accepted, refused, silent
        if one.kind == BONA_FIDE:
            for word, rate in (("APCER", max(decided.apcer.values())), ("ACER", decided.acer)):
                yield f"{word} (%)", percent(rate), "exact", *NO_COUNTS


def _bound(error: float, digits: int) -> str:
    """Format an error bound, rounded up, plus the rounding of the printed figure."""
    # Rounded up: a bound rounded down would exclude possible values. The half unit covers the
    # rounding of the figure beside it.
    unit = 10.0**-digits
    return f"± {(math.ceil(error / unit) + 0.5) * unit:.{digits + 1}f}"


def _notes(counts: FileCounts) -> Iterator[str]:
    """Yield what a reader must know beyond the table."""
    if counts.simulated:
        yield SIMULATED
    decided = at_threshold(counts)
    if decided is None:
        yield (
            "Dev lacks a class, so there is no threshold and no rate at one; --threshold "
            "fixed=NUMBER needs no dev."
        )
    else:
        edge = (
            "the edge of a bin with the smallest |APCER - BPCER| over all attacks "
            "pooled, on dev; of equal ones the middle"
        )
        rule = edge if counts.threshold is None else "fixed beforehand"
        yield f"Threshold: score >= {decided.threshold!r} is bona fide ({rule})."
    yield from absences(outcomes(counts, 0))
    for split in ("dev", "test"):
        mine = {kind: int(c.sum()) for (where, kind), c in counts.counts.items() if where == split}
        live, failed = mine.pop(None, 0), [n for k, n in counts.failed.items() if k[0] == split]
        words = f"{live} bona fide + {sum(mine.values())} attack presentations"
        yield f"{split}: {words}, {sum(failed)} failed: counted, and left out of every rate."
    test = counts.split("test")
    if test is not None and test.auc().value < 0.5:
        yield "AUC of test is below 0.5: attacks score higher; are the scores reversed?"
    yield "Not checked, since that needs the whole file: doubled presentations, shared subjects."


def write_curve(path: Path, counts: FileCounts, split: str = "test") -> None:
    """Write the error curve of a split as CSV, atomically; it is exact at each threshold.

    Args:
        path: the file to write.
        counts: the counts.
        split: the split; both classes have a score there.

    Raises:
        ValueError: when a class has none.
    """
    mine = counts.split(split)
    if mine is None:
        raise ValueError(f"expected both classes in {split}")
    curve = mine.curve()
    word = "simulated" if counts.simulated else "real"
    columns = (curve.values, curve.apcer, curve.bpcer)
    # The first cut accepts all and the last refuses all; neither has a threshold of its own.
    cuts = zip(*(column[1 : curve.values.size].tolist() for column in columns), strict=True)
    # repr keeps all digits, so that the curve is exact when it is read again.
    rows = ((word, *map(repr, cut)) for cut in cuts)
    write_text(path, csv_text(("data", "threshold", "apcer", "bpcer"), rows))
