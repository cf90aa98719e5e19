"""Outputs of black-box tests: NIST's FATE PAD logs and answers of the MdTF's PAD interface."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from fasharness.common.cells import to_number
from fasharness.common.csv_rows import check_names
from fasharness.common.doubles import Place, scored_twice
from fasharness.common.formats import json_line
from fasharness.common.lines import at_line
from fasharness.errors import DataError
from fasharness.scorefiles.loading import Line, Loaded, each_once, walk
from fasharness.scores import Numbered, Score, score_of, walk_csv

_LOG_HEADER = ("id", "score", "returnCode")
_SUCCESS = "0"


class Key(NamedTuple):
    """What was presented, by presentation, and whether the key names splits.

    The scores are failures: they hold everything but the value.
    """

    scores: Mapping[str, Score]
    splits: bool


class Answer(NamedTuple):
    """What a system answered about a presentation: its score of attack, or why there is none."""

    presentation: str
    score: float
    failure: str
    attributes: tuple[tuple[str, str], ...]


def read_key(path: Path) -> Key:
    """Read what was presented, which a black-box test does not tell the system.

    Args:
        path: a CSV file with the columns ``presentation`` and ``species`` (empty is bona fide)
            and any other of the harness's columns but ``score``.

    Returns:
        The key.

    Raises:
        DataError: a column is missing or a presentation there twice; names file and line.
    """
    header: list[str] = []

    def check(names: Sequence[str]) -> None:
        check_names(names, ("presentation", "species"), ("presentation", "species"))
        if "score" in names:
            raise ValueError("a key has no column 'score': the scores are in the other files")
        header.extend(names)

    def fact(row: Mapping[str, str]) -> Score:
        return score_of({"split": "test", **row, "score": "", "failure": "no answer"})

    found: dict[str, Score] = {}
    lines: dict[str, int] = {}
    for number, score in walk_csv(path, check, fact):
        first = lines.setdefault(score.presentation, number)
        if first != number:
            one, other = found[score.presentation].split, score.split
            places = Place(one, f"line {first}"), Place(other, f"line {number}")
            raise at_line(path, number, scored_twice(score.presentation, *places))
        found[score.presentation] = score
    if not found:
        raise DataError(f"{path}: no presentations in it; is this the right file?")
    return Key(found, "split" in header)


def read_answers(
    files: Mapping[str, Path], key: Key, answer: Callable[[Line], Answer | None]
) -> Loaded:
    """Read a system's answers, one a line, and join them with the key.

    Args:
        files: split to file.
        key: what was presented.
        answer: reads a line; None for a line that holds no answer.

    Returns:
        The scores; an attack's high score is made a low one by its sign, which keeps all digits.

    Raises:
        DataError: a line is damaged, or the files and the key differ in their presentations.
    """

    def numbered(path: Path, split: str) -> Numbered:
        def score(line: Line) -> Score | None:
            found = answer(line)
            return None if found is None else _joined(found, key, split)

        return ((number, one) for number, one in walk(path, split, score) if one is not None)

    scores = each_once(files, numbered)
    answered = {score.presentation for score in scores}
    silent = [
        name
        for name, fact in key.scores.items()
        if name not in answered and (fact.split in files or not key.splits)
    ]
    if silent:
        named = ", ".join(map(str, files.values()))
        what = f"{len(silent)} presentations of the key have no line, e.g. {silent[0]!r}"
        raise DataError(f"{named}: {what}; a failure has a line with its code")
    return Loaded(scores)


def _joined(found: Answer, key: Key, split: str) -> Score:
    """Add what the key knows of a presentation."""
    fact = key.scores.get(found.presentation)
    if fact is None:
        raise ValueError(f"presentation {found.presentation!r} is not in the key")
    if key.splits and fact.split != split:
        raise ValueError(f"presentation {found.presentation!r} is of {fact.split} in the key")
    # 0.0 minus the number and not its negative, which would print a score of 0 as -0.0.
    value = math.nan if found.failure else 0.0 - found.score
    attributes = (*fact.attributes, *found.attributes)
    return replace(fact, split=split, value=value, failure=found.failure, attributes=attributes)


def of_fate_pad(line: Line) -> Answer | None:
    """Read a line of a FATE PAD log, as NIST's validation program writes it.

    Args:
        line: ``id isPA score returnCode "properties"``; the score is in [-1, 1], 1 is an attack.

    Returns:
        The answer; None for a header, of which joined logs have several.

    Raises:
        ValueError: not such a line, or the score is out of range.
    """
    fields = line.text.split(maxsplit=4)
    if len(fields) >= 4 and (fields[0], *fields[2:4]) == _LOG_HEADER:
        return None
    if len(fields) < 4:
        raise ValueError(f"{line.text!r:.60}, expected id, isPA, score, returnCode, properties")
    name, decision, cell, code = fields[:4]
    properties = fields[4].strip('"') if len(fields) == 5 else ""
    attributes = tuple((n, t) for n, t in (("is_pa", decision), ("pad", properties)) if t)
    # After an error the log has the score that the program started with, -1: bona fide for certain.
    if code != _SUCCESS:
        return Answer(name, math.nan, f"return code {code}", attributes)
    return Answer(name, _within(to_number(cell), -1.0), "", attributes)


def of_mdtf(line: Line) -> Answer:
    """Read an answer of the MdTF's passive PAD interface.

    Args:
        line: the JSON object that the system answered, with the key ``presentation`` added; the
            ``PADScore`` is in [0, 1], 1 is an attack.

    Returns:
        The answer; an error object is a failure.

    Raises:
        ValueError: not such a line, or the score is out of range.
    """
    found = json_line(line.text)
    name = found.get("presentation")
    if not isinstance(name, str):
        raise ValueError("no text 'presentation' in the object; add it to each answer")
    if "PADScore" not in found and {"Code", "Message", "ErrorString"} & found.keys():
        reason = found.get("ErrorString") or found.get("Message") or f"code {found.get('Code')}"
        return Answer(name, math.nan, " ".join(str(reason).split()), ())
    score, outcome = found.get("PADScore"), found.get("PADOutcome")
    # bool is an int to Python, and true no score
    if isinstance(score, bool) or not isinstance(score, int | float):
        raise ValueError(f"PADScore is {score!r:.60}, expected a number from 0 to 1")
    attributes = () if outcome is None else (("is_pa", str(outcome)),)
    return Answer(name, _within(float(score), 0.0), "", attributes)


def _within(score: float, low: float) -> float:
    """Refuse a score outside the range of its interface."""
    if not low <= score <= 1:
        raise ValueError(f"score {score!r} is not in [{low:g}, 1]; is this another format?")
    return score
