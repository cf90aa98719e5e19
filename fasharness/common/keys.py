"""Texts that act as keys (species, subject, presentation ...): normalised, or refused."""

import re
import unicodedata
from array import array
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import lru_cache
from itertools import islice
from operator import attrgetter

import numpy as np

from fasharness.errors import DataError

_LEADING_ZEROS = re.compile(r"(?<![0-9])0+(?=[0-9])")
_BLANKS = re.compile(" +")
_JOINTS = re.compile(r"[\s_-]")
_NOTHING = frozenset({"nan", "none", "null", "<na>", "n/a"})
_BONA_FIDE = frozenset({"live", "real", "bonafide", "genuine", "0"})

_AT_ONCE = 10_000  # names that are folded in one call


def clean(text: str) -> str:
    """Normalise a text that is compared with others: no outer blanks, one Unicode form (NFC).

    Args:
        text: the text of a cell, a name or a path.

    Returns:
        The text; texts that look alike may still differ, see `refuse_spellings`.

    >>> clean(" print ")
    'print'
    """
    text = text.strip()
    # macOS names files with e and an accent as two characters, other systems as one.
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def clean_fields(record: object, names: Iterable[str]) -> None:
    """Normalise the texts of a frozen dataclass that is being made.

    Args:
        record: the record, in its ``__post_init__``.
        names: its fields that are keys, each a text or None.

    Raises:
        ValueError: a text has a line break or a control character.
    """
    for name in names:
        if text := getattr(record, name):
            text = clean(text)
            if not text.isprintable():
                raise ValueError(f"{name} {text!r:.60} has a line break or a control character")
            object.__setattr__(record, name, text)


def fold(text: str) -> str:
    """Return what all spellings of a text have in common: no case, leading zeros or wide forms.

    Args:
        text: the text.

    Returns:
        A text to compare with, not to show.

    >>> fold("Subject 007") == fold("subject 7")
    True
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    text = text.casefold()
    if "  " in text:
        text = _BLANKS.sub(" ", text)
    return _LEADING_ZEROS.sub("", text) if "0" in text else text


@lru_cache(maxsize=65_536)  # a file has few subjects and species, and millions of rows
def words_for_nothing(subject: str, *species: str | None) -> tuple[str, ...]:
    """Find words that programs write for nothing or for bona fide, in place of a name.

    Args:
        subject: the subject, empty if unknown.
        species: PAI species and species group, None for bona fide presentations.

    Returns:
        What is wrong, and what to do; empty for names.
    """
    found = []
    if subject and _folded(subject) in _NOTHING:
        found.append(f"the subject {subject!r} is no name; leave the cell empty if it is unknown")
    for text in species:
        if text and _folded(text) in _NOTHING | _BONA_FIDE:
            found.append(
                f"{text!r} is no PAI species; leave the cell empty if the presentation is bona "
                f"fide (`fasharness convert --bona-fide {text}` does so), and name the species "
                "of an attack"
            )
    return tuple(found)


def _folded(text: str) -> str:
    """Return a folded text without blanks, underscores and hyphens."""
    return _JOINTS.sub("", fold(text))


def refuse_spellings_in(
    rows: Sequence[object], names: Iterable[str], place: Callable[[int], str]
) -> None:
    """Refuse records with two spellings of one name, as `refuse_spellings` does.

    Args:
        rows: all records that are compared with each other, of one file or several.
        names: the fields that are keys.
        place: as for `refuse_spellings`.

    Raises:
        DataError: naming both rows.
    """
    for name in names:
        refuse_spellings(name, [*map(attrgetter(name), rows)], place)


def _folded_apart(distinct: Collection[str | None]) -> bool:
    """Whether texts surely stay apart when they are folded; False calls for a look at each."""
    # Many in one call, and hashes instead of texts, since a file may have millions of names. Two
    # texts of one hash only cost that look.
    names = filter(None, distinct)
    hashes = array("q")
    while some := "\n".join(islice(names, _AT_ONCE)):
        hashes.extend(map(hash, fold(some).split("\n")))
    return len(np.unique(np.frombuffer(hashes, np.int64))) == len(distinct)


def refuse_spellings(column: str, texts: Sequence[str | None], place: Callable[[int], str]) -> None:
    """Refuse two texts of a column that differ in case, leading zeros or inner blanks only.

    They would be two subjects or two species, although they most likely mean one.

    Args:
        column: what the texts are, e.g. ``subject``.
        texts: cleaned texts, one for each row; None and empty ones are skipped.
        place: function from the position of a row to its name, e.g. ``line 7``.

    Raises:
        DataError: naming both rows.
    """
    distinct = set(texts)
    distinct -= {None, ""}
    if _folded_apart(distinct):
        return
    known: dict[str, tuple[str, int]] = {}
    for row, text in enumerate(texts):
        if text:
            other, first = known.setdefault(fold(text), (text, row))
            if other != text:
                raise DataError(
                    f"{place(row)}: {column} {text!r}, but {other!r} in {place(first)}; write one "
                    "name in one way, or rename one of the two"
                )
