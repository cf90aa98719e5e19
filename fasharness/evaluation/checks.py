"""Checks of scores against each other, their OULU-NPU names and the expected presentations."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from fasharness.common import keys
from fasharness.common.doubles import Place, scored_twice
from fasharness.common.lines import at_line, whole_text
from fasharness.errors import DataError
from fasharness.result import Evaluation
from fasharness.scores import COMPARED, SPLITS, Score, split_of

# OULU-NPU's names end in the file: 1 is bona fide, 2 to 5 are attacks.
_OULU_NAME = re.compile(r"[1-6]_[1-3]_[0-5]\d_([1-5])")


def check(scores: Sequence[Score]) -> None:
    """Refuse scores that contradict each other or their names.

    Args:
        scores: all scores, in the order of their file.

    Raises:
        DataError: naming the row (the first one after the header is 1) and the presentation.
    """
    if not scores:
        raise DataError("no scores at all; expected those of dev and test")
    rows: dict[str, int] = {}
    for row, score in enumerate(scores, start=1):
        first = rows.setdefault(score.presentation, row)
        if first != row:
            one, other = (
                Place(scores[first - 1].split, f"row {first}"),
                Place(score.split, f"row {row}"),
            )
            raise DataError(f"row {row}: {scored_twice(score.presentation, one, other)}")
        if score.unit != scores[0].unit:
            raise DataError(
                f"row {row}: {score.presentation!r} is a {score.unit}, row 1 a {scores[0].unit}; "
                "figures of different units are not mixed: aggregate, or split the file"
            )
    del rows  # the spellings of millions of names need its memory
    keys.refuse_spellings_in(scores, COMPARED, lambda row: f"row {row + 1}")
    _check_names(scores)


def limited(found: Evaluation, limit: int) -> Evaluation:
    """Add the warning that scores are only a part of their protocol.

    Args:
        found: the evaluation of the scores.
        limit: how many presentations of each split there are (``--limit``); 0 if all.

    Returns:
        The evaluation, with the warning first.
    """
    if not limit:
        return found
    words = f"only {limit} presentations of each split (--limit): this is not the protocol's figure"
    return replace(found, warnings=(words, *found.warnings))


def check_units(first: Sequence[Score], second: Sequence[Score]) -> None:
    """Refuse to pair the clips of a run with the videos of another.

    Args:
        first: the scores of a run.
        second: those of the other.

    Raises:
        DataError: naming both units.
    """
    units = [next((s.unit for s in scores if s.split == "test"), "") for scores in (first, second)]
    if all(units) and units[0] != units[1]:
        raise DataError(
            f"one run has scores of {units[0]}s, the other of {units[1]}s; aggregate the smaller "
            "ones to videos first (`fasharness.evaluation.units.aggregate`)"
        )


def check_runs(runs: Sequence[Sequence[Score]]) -> None:
    """Refuse a name that runs on the same presentations spell in different ways.

    Args:
        runs: the scores of each run.

    Raises:
        DataError: naming the runs and rows.
    """
    places = [(run, row) for run, scores in enumerate(runs, 1) for row in range(1, len(scores) + 1)]
    every = [score for scores in runs for score in scores]
    keys.refuse_spellings_in(every, COMPARED, lambda at: "run {}, row {}".format(*places[at]))


def _check_names(scores: Sequence[Score]) -> None:
    """Compare labels with OULU-NPU's names, where every name is one."""
    files = [_OULU_NAME.fullmatch(score.video or score.presentation) for score in scores]
    # Only where every name is one: another data set may have some names of this form.
    if not all(files):
        return
    for row, (file, score) in enumerate(zip(files, scores, strict=True), start=1):
        if file and (file[1] == "1") != score.bona_fide:
            named = "bona fide" if file[1] == "1" else "an attack"
            raise DataError(
                f"row {row}: presentation {score.presentation!r} is {named} by its OULU-NPU name "
                f"(file {file[1]}), but {_class_words(score)} by its species; correct the labels"
            )


def _class_words(score: Score) -> str:
    """Name the class that a score's species gives it."""
    return "bona fide" if score.species is None else f"the attack {score.species!r}"


def check_subjects(scores: Sequence[Score]) -> None:
    """Refuse a subject in two splits, since figures would be too good.

    Args:
        scores: all scores, in the order of their file.

    Raises:
        DataError: naming the row, the subject and the presentation.
    """
    home: dict[str, str] = {}
    for row, score in enumerate(scores, start=1):
        first = home.setdefault(score.subject, score.split)
        # An empty subject is unknown, and unknown subjects are not one subject.
        if score.subject and first != score.split:
            raise DataError(
                f"row {row}: subject {score.subject!r} is in both {first} and {score.split} "
                f"({score.presentation!r}); figures would be too good; correct the protocol, "
                "or give --allow-subject-overlap if it intends that"
            )


def doubtful_subjects(scores: Sequence[Score]) -> Iterator[str]:
    """Yield what is wrong with the subjects although figures are given.

    Args:
        scores: all scores.

    Yields:
        How many subjects are in two splits, and how many test subjects are unknown while others
        are known; where all are unknown, the intervals say so themselves.
    """
    by_split = [{s.subject for s in scores if s.subject and s.split == name} for name in SPLITS]
    pairs = ((0, 1), (0, 2), (1, 2))
    shared = set[str]().union(*(by_split[one] & by_split[two] for one, two in pairs))
    if shared:
        yield (
            f"{len(shared)} subjects are in two splits, which was allowed, e.g. {min(shared)!r}: "
            "figures may be too good"
        )
    test = [s for s in scores if s.split == "test" and not s.failed]
    unknown = sum(not s.subject for s in test)
    if 0 < unknown < len(test):
        yield (
            f"{unknown} of the {len(test)} test presentations have no subject and are resampled "
            "each by itself: no interval over subjects is claimed, and these are too narrow if "
            "persons are shown more than once"
        )


def read_manifest(path: Path) -> dict[str, tuple[str, ...]]:
    """Read which presentations should have a score.

    Args:
        path: a UTF-8 CSV file with the columns ``presentation`` and ``split``; others are
            ignored, so that a score file is a manifest too.

    Returns:
        A mapping from split to the names of its presentations.

    Raises:
        DataError: naming file and line, when a column is missing, a split unknown or a
            presentation named twice.
    """
    found: dict[str, list[str]] = {}
    # strict: csv otherwise accepts a broken quote and shifts the cells after it.
    reader = csv.DictReader(io.StringIO(whole_text(path)), strict=True, restval="")
    try:
        for column in ("presentation", "split"):
            if column not in (reader.fieldnames or ()):
                raise at_line(path, 1, f"no column {column!r} in the header")
        seen: set[str] = set()
        for row in reader:
            name, split = keys.clean(row["presentation"]), split_of(row["split"])
            if split not in SPLITS or not name or name in seen:
                what = f"presentation {name!r} of split {split!r} is named twice or impossible"
                raise at_line(path, reader.line_num, what)
            seen.add(name)
            found.setdefault(split, []).append(name)
    except csv.Error as error:
        raise at_line(path, reader.line_num, f"not CSV: {error}") from error
    return {split: tuple(names) for split, names in found.items()}


def check_manifest(scores: Sequence[Score], expected: Mapping[str, Sequence[str]]) -> None:
    """Compare the scores with what should have been scored.

    Args:
        scores: all scores, failures included; of clips and frames the videos are compared.
        expected: split to presentation ids; other splits are not compared.

    Raises:
        DataError: naming up to five presentations that are missing or not expected.
    """
    for split, names in expected.items():
        found = {score.video or score.presentation for score in scores if score.split == split}
        _check_split(split, [keys.clean(name) for name in names], sorted(found))


def _check_split(split: str, names: Sequence[str], found: Sequence[str]) -> None:
    """Compare the presentations of a split."""

    def place(at: int) -> str:
        return "the protocol" if at < len(names) else "the scores"

    keys.refuse_spellings("presentation", [*names, *found], place)
    missing, surplus = sorted({*names} - {*found}), sorted({*found} - {*names})
    for word, some in (("have no score", missing), ("are not in the protocol", surplus)):
        if some:
            named = ", ".join(some[:5]) + (", ..." if len(some) > 5 else "")
            raise DataError(f"presentations of {split} that {word}: {len(some)} ({named})")
