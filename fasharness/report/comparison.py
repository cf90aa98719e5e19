"""The table of two runs on the same test presentations."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from fasharness.evaluation.compare import Comparison
from fasharness.report.grid import Grid
from fasharness.report.numbers import change, data_words, digits, figure, is_share, label
from fasharness.report.text import SIMULATED, smallest_words


def run_names(runs: Sequence[Path]) -> list[str]:
    """Name runs by the last part of their paths, or by the whole path if two would be equal.

    Args:
        runs: folders of runs or score files; ``scores.csv`` is named after its folder.

    Returns:
        A name for each run, in order.
    """
    places = [path.resolve() for path in runs]
    short = [path.parent.name if path.stem == "scores" else path.name for path in places]
    return short if len(set(short)) == len(short) else [str(path) for path in runs]


def comparison(first: str, second: str, found: Comparison) -> Grid:
    """Format a comparison of two runs as a table; differences of shares are in percentage points.

    Args:
        first: name of the first run.
        second: name of the second run.
        found: their comparison.

    Returns:
        A table with a row per metric and the tests as notes.
    """
    rows = []
    for d in found.differences:
        ends = () if d.low is None or d.high is None else (d.low, d.high)
        between = " to ".join(change(d.name, end) for end in ends) or "–"
        apart = change(d.name, d.difference) + (" pp" if is_share(d.name) else "")
        cells = (figure(d.name, d.first), figure(d.name, d.second), apart, between)
        rows.append((label(d.name), *cells, data_words(found.simulated, found.leaks)))
    notes = [
        *([SIMULATED] if found.simulated else []),
        *(["LEAKS: thresholds were chosen on the test split."] if found.leaks else []),
        *_warned((first, second), found),
        f"{found.shared} test presentations that both scored; {_left_out(found.dropped)}.",
        f"difference: {second} minus {first}, pp: percentage points.",
        f"ACER difference: {_chance(found.acer_p)}; McNemar: bona fide "
        f"{_chance(found.mcnemar_bona_fide)}, attacks {_chance(found.mcnemar_attack)}.",
        f"{smallest_words(found.smallest_rate, found.confidence)}.",
        f"{found.words}.",
    ]
    header = ("metric", first, second, "difference", "interval", "data")
    return Grid(f"{second} against {first}", header, rows, notes)


def numbers(first: str, found: Mapping[str, Comparison]) -> Grid:
    """Format comparisons as plain numbers, for a CSV that programs read.

    Args:
        first: name of the run that all others are compared with.
        found: name of each other run to its comparison.

    Returns:
        A row per pair and metric: shares as shares, not per cent, with all their digits; the
        p-values of the tests in the column ``p``.
    """
    header = (
        "first_run", "second_run", "metric", "first", "second", "difference", "low", "high", "p",
        "shared", "dropped", "data",
    )  # fmt: skip
    rows = []
    for second, one in found.items():
        ends = (str(one.shared), str(len(one.dropped)), data_words(one.simulated, one.leaks))
        for d in one.differences:
            p = one.acer_p if d.name == "acer" else None
            cells = map(digits, (d.first, d.second, d.difference, d.low, d.high, p))
            rows.append((first, second, d.name, *cells, *ends))
        tests = {"mcnemar_bona_fide": one.mcnemar_bona_fide, "mcnemar_attack": one.mcnemar_attack}
        for name, p in tests.items():
            rows.append((first, second, name, *[""] * 5, digits(p), *ends))
    notes = [note for second, one in found.items() for note in _warned((first, second), one)]
    return Grid(f"{', '.join(found)} against {first}", header, rows, notes)


def _warned(names: tuple[str, str], found: Comparison) -> Iterator[str]:
    """Yield the warnings of the evaluations, each once with the runs that it is about."""
    runs = dict(zip(names, found.warnings, strict=True))
    for words in dict.fromkeys(warning for warnings in found.warnings for warning in warnings):
        where = " and ".join(name for name, warnings in runs.items() if words in warnings)
        yield f"warning: {words} ({where})"


def _left_out(dropped: Sequence[str]) -> str:
    """Describe the presentations that only one run scored."""
    named = ", ".join(dropped[:5]) + (", ..." if len(dropped) > 5 else "")
    return f"{len(dropped)} that only one scored left out" + (f" ({named})" if dropped else "")


def _chance(p: float) -> str:
    """Format a p-value."""
    # p is never 0, but four decimals would print 0.0000.
    return "p < 0.0001" if p < 0.0001 else f"p = {p:.4f}"
