"""Read a data set's own lists: declared columns, and labels checked against what a path shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from fasharness.common.formats import table_text
from fasharness.errors import DataError
from fasharness.released.items import Item


@dataclass(frozen=True)
class ListFormat:
    """The columns of a list and what its labels mean.

    Attributes:
        columns: names of the columns in order; ``path`` names the item, ``label`` its class.
        separator: between columns; None for blanks.
        bona_fide: labels of bona fide presentations.
        attack: labels of attack presentations.
        repeats: whether a line may be repeated, which gives its presentation more weight.
    """

    columns: tuple[str, ...] = ("path",)
    separator: str | None = None
    bona_fide: frozenset[str] = frozenset()
    attack: frozenset[str] = frozenset()
    repeats: bool = False


class Listed(NamedTuple):
    """One line of a list.

    Attributes:
        item: what the line names.
        place: file and number of the line, e.g. ``train.txt:3``.
        label: its label as written; empty without such a column.
    """

    item: Item
    place: str
    label: str = ""


def read_list(path: Path, form: ListFormat, find: Callable[[str], Item]) -> tuple[Listed, ...]:
    """Read a list.

    Args:
        path: the list file.
        form: its columns and labels.
        find: from the text of the column ``path`` to its item; a ValueError says why there is
            none.

    Returns:
        Its lines in order.

    Raises:
        DataError: a bad line, name or label, a label that contradicts the class that the path
            shows, or all of them, as in a list of the other polarity; names file and line.
    """
    lines = [_parsed(path, number, text, form, find) for number, text in lines_of(path)]
    if not lines:
        raise DataError(f"{path}: the list is empty")
    _refuse_contradictions(lines, form)
    if not form.repeats:
        _refuse_repeats(lines)
    return tuple(lines)


def weights(lines: Iterable[Listed]) -> dict[str, int]:
    """Return how often each item that is listed more than once is listed, by its id."""
    counts = Counter(line.item.id for line in lines)
    return {name: count for name, count in counts.items() if count > 1}


def lines_of(path: Path) -> Sequence[tuple[int, str]]:
    """Return the lines of a text that are not blank, with their numbers.

    Raises:
        DataError: it cannot be read as text.
    """
    return [
        (n, line.strip()) for n, line in enumerate(table_text(path).splitlines(), 1) if line.strip()
    ]


def _parsed(
    path: Path, number: int, text: str, form: ListFormat, find: Callable[[str], Item]
) -> Listed:
    cells = [cell.strip() for cell in text.split(form.separator)]
    if len(cells) != len(form.columns):
        wanted = (form.separator or " ").join(form.columns)
        raise DataError(f"{path}:{number}: expected {wanted!r}, got {text!r}")
    named = dict(zip(form.columns, cells, strict=True))
    label = named.get("label", "")
    if "label" in named and label not in form.bona_fide | form.attack:
        known = ", ".join(sorted(form.bona_fide | form.attack))
        raise DataError(f"{path}:{number}: {label!r} is no label; labels are {known}")
    try:
        return Listed(find(named["path"]), f"{path}:{number}", label)
    except ValueError as error:
        raise DataError(f"{path}:{number}: {error}") from None


def _refuse_contradictions(lines: Sequence[Listed], form: ListFormat) -> None:
    if "label" not in form.columns:
        return
    wrong = [
        line for line in lines if (line.label in form.bona_fide) is not (line.item.species is None)
    ]
    if not wrong:
        return
    (item, place, label), count = wrong[0], len(wrong)
    shows = item.species or "bona fide"
    if count == len(lines):
        raise DataError(
            f"{place}: a list of the other polarity: all {count} labels contradict their "
            f"paths, e.g. label {label} and {item.path}, which is {shows}; in this list "
            f"{', '.join(sorted(form.bona_fide))} must mean bona fide"
        )
    raise DataError(
        f"{place}: label {label} contradicts {item.path}, which is {shows}"
        + (f"; {count - 1} more lines do" if count > 1 else "")
    )


def _refuse_repeats(lines: Iterable[Listed]) -> None:
    seen: dict[str, str] = {}
    for item, place, _ in lines:
        if item.path in seen:
            line = seen[item.path].rpartition(":")[2]
            raise DataError(f"{place}: {item.path} was already listed on line {line}")
        seen[item.path] = place
