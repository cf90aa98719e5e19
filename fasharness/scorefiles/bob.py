"""Score files of bob.pad.base: CSV whose labels may repeat."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from fasharness.common.csv_rows import check_names, csv_text
from fasharness.common.doubles import Place, scored_twice
from fasharness.common.keys import refuse_spellings_in
from fasharness.common.spreadsheets import guard
from fasharness.errors import DataError
from fasharness.scorefiles.loading import Loaded, value_of, value_text
from fasharness.scores import COMPARED, Numbered, Score, walk_csv

COLUMNS = ("claimed_id", "test_label", "is_bonafide", "attack_type", "score")

_TRUTH = {"true": True, "false": False}
_FRAME, _VIDEO = "frame_id", "video_key"


class _Row(NamedTuple):
    """A score with its place; its presentation is only the label until `_identified`."""

    place: str
    score: Score


def read_csv(files: Mapping[str, Path]) -> Loaded:
    """Read CSV files of bob.pad (``scores-dev.csv``, ``scores-eval.csv``) as bob means them.

    In bob each row is a score by itself and labels need not be unique, so the ids are made from
    the label and as much of the attack type and the further columns as tells the rows apart.

    Args:
        files: split to file. Further columns become attributes; those of frames (``video_key``
            and ``frame_id``) also name the video, and ``data`` may say that a row is simulated.

    Returns:
        The scores, and how the ids were made if labels repeat.

    Raises:
        DataError: a row is damaged, or is in its file twice; names file and line.
    """
    rows: list[_Row] = []
    for split, path in files.items():
        before = len(rows)
        with closing(_numbered(path, split)) as numbered:
            rows += [_Row(f"{path}, line {number}", score) for number, score in numbered]
        if len(rows) == before:
            raise DataError(f"{path}: no scores in it; is this the right file?")
    return _identified(rows)


def _numbered(path: Path, split: str) -> Numbered:
    """Iterate over the rows of a file; their presentations are bob's labels."""

    def check(names: Sequence[str]) -> None:
        check_names(names, COLUMNS, COLUMNS)

    return walk_csv(path, check, lambda row: _score(row, split))


def _score(row: Mapping[str, str], split: str) -> Score:
    """Turn a row of bob's CSV into a score."""
    # bob takes every word but "true" for an attack, 1 as well; what is neither word is refused.
    truth = _TRUTH.get(row["is_bonafide"].strip().lower())
    if truth is None:
        raise ValueError(f"is_bonafide is {row['is_bonafide']!r:.60}, expected True or False")
    if truth and row["attack_type"]:
        raise ValueError(f"bona fide, but with the attack_type {row['attack_type']!r:.60}")
    value, failure = value_of(row["score"])
    video = row.get(_VIDEO, "") if row.get(_FRAME) else ""
    further = ((n, text) for n, text in row.items() if n not in COLUMNS and n != "data" and text)
    return Score(
        row["test_label"], split, row["claimed_id"],
        None if truth else row["attack_type"] or "attack", None, value, failure=failure,
        simulated=row.get("data", "") == "simulated", unit="frame" if video else "video",
        video=video, attributes=tuple(further),
    )  # fmt: skip


def _identified(rows: Sequence[_Row]) -> Loaded:
    """Give each row an id of its own."""
    parts = list(_telling(rows))
    keys = ["#".join(filter(None, (part(row.score) for _, part in parts))) for row in rows]
    _refuse_doubles(rows, keys)
    refuse_spellings_in([row.score for row in rows], COMPARED, lambda at: rows[at].place)
    ids, numbered = _numbered_ids(rows, keys)
    homes: dict[str, str] = {}
    splits = [row.score.split for row in rows]
    across = any(homes.setdefault(i, s) != s for i, s in zip(ids, splits, strict=True))
    scores = [replace(row.score, presentation=i) for row, i in zip(rows, ids, strict=True)]
    notes = []
    if len(parts) > 1 or numbered or across:
        made = "#".join(name for name, _ in parts) + ("#n" if numbered else "")
        made = ("split/" if across else "") + made
        notes.append(f"labels repeat, and bob counts every row: the ids are {made}")
    if numbered:
        notes.append("rows that differ in nothing but the score are numbered in their order")
    if across:
        notes += _leaks(scores)
        scores = [_with_split(score) for score in scores]
    return Loaded(tuple(scores), tuple(notes))


_Part = tuple[str, Callable[[Score], str]]


def _telling(rows: Sequence[_Row]) -> Iterator[_Part]:
    """Yield the parts of an id: the label, and what tells rows of one label apart."""
    names = dict.fromkeys(name for row in rows for name, _ in row.score.attributes)
    keys: list[tuple[str, ...]] = [(row.score.split, row.score.presentation) for row in rows]
    yield "test_label", lambda score: score.presentation
    candidates: list[_Part] = [("attack_type", lambda score: score.species or "")]
    candidates += [(name, _attribute(name)) for name in names]
    for name, part in candidates:
        longer = [(*key, part(row.score)) for key, row in zip(keys, rows, strict=True)]
        if len(set(longer)) > len(set(keys)):
            keys = longer
            yield name, part


def _attribute(name: str) -> Callable[[Score], str]:
    """Return the function that reads an attribute, empty if there is none."""
    return lambda score: dict(score.attributes).get(name, "")


def _refuse_doubles(rows: Sequence[_Row], keys: Sequence[str]) -> None:
    """Refuse rows of a split that agree in everything, the score too."""
    seen: dict[tuple[str, str, str], str] = {}
    for row, key in zip(rows, keys, strict=True):
        first = seen.setdefault((row.score.split, key, value_text(row.score)), row.place)
        if first != row.place:
            split = row.score.split
            words = scored_twice(key, Place(split, first), Place(split, row.place))
            raise DataError(f"{row.place}: {words}")


class _Ids(NamedTuple):
    """Ids, and whether running numbers were needed."""

    ids: list[str]
    numbered: bool


def _numbered_ids(rows: Sequence[_Row], keys: Sequence[str]) -> _Ids:
    """Add running numbers to the keys that several rows of a split share."""
    places = [(row.score.split, key) for row, key in zip(rows, keys, strict=True)]
    total, so_far = Counter(places), Counter[tuple[str, str]]()
    ids = []
    for place in places:
        so_far[place] += 1
        ids.append(place[1] if total[place] == 1 else f"{place[1]}#{so_far[place]}")
    return _Ids(ids, len(total) < len(places))


def _leaks(scores: Sequence[Score]) -> Iterator[str]:
    """Say which presentations have the same score in two splits."""
    first: dict[tuple[str, str], str] = {}
    both = [
        s.presentation
        for s in scores
        if not s.failed and first.setdefault((s.presentation, value_text(s)), s.split) != s.split
    ]
    if both:
        yield (
            f"LEAK: {len(both)} labels have the same score in two splits, e.g. {both[0]!r}; if "
            "these are the same presentations, remove them from one"
        )


def _with_split(score: Score) -> Score:
    """Put the split before the id, and before the video's."""
    video = f"{score.split}/{score.video}" if score.video else ""
    return replace(score, presentation=f"{score.split}/{score.presentation}", video=video)


def write_csv(scores: Sequence[Score]) -> str:
    """Write bob's CSV; further columns hold the attributes, and say when scores are simulated.

    Args:
        scores: the scores of a split.

    Returns:
        The text of the file.
    """
    simulated = any(score.simulated for score in scores)
    extra = dict.fromkeys(name for score in scores for name, _ in score.attributes)
    names = (*COLUMNS, *(("data",) if simulated else ()), *extra)
    rows = []
    for s in scores:
        own = (guard(s.subject), guard(s.presentation), str(s.bona_fide), guard(s.species or ""))
        data = ("simulated" if s.simulated else "real",) if simulated else ()
        attributes = dict(s.attributes)
        further = (guard(attributes.get(name, "")) for name in extra)
        rows.append((*own, value_text(s), *data, *further))
    return csv_text(names, rows)
