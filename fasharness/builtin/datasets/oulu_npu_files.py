"""OULU-NPU's names, published selections and protocol lists.

Source: Boulkenafet et al., "OULU-NPU: A mobile face presentation attack database with
real-world variations", FG 2017.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from fasharness.common.formats import table_text
from fasharness.data import Split
from fasharness.errors import DataError

PHONES, SESSIONS, FILES = range(1, 7), range(1, 4), range(1, 6)
USERS: Mapping[Split, range] = MappingProxyType(
    {Split.TRAIN: range(1, 21), Split.DEV: range(21, 36), Split.TEST: range(36, 56)}
)
SPECIES: Mapping[int, str | None] = MappingProxyType(
    {1: None, 2: "print1", 3: "print2", 4: "display1", 5: "display2"}
)
_NAME = re.compile(r"([1-6])_([1-3])_(\d{2})_([1-5])")


class Name(NamedTuple):
    """The parts of a video's name ``Phone_Session_User_File``."""

    phone: int
    session: int
    user: int
    file: int

    def __str__(self) -> str:
        return f"{self.phone}_{self.session}_{self.user:02d}_{self.file}"

    @property
    def split(self) -> Split:
        """The part that the user belongs to."""
        return next(split for split, users in USERS.items() if self.user in users)


def parse_name(text: str) -> Name:
    """Read ``Phone_Session_User_File``, e.g. ``6_3_20_1``.

    Raises:
        ValueError: the text is not a name of the data set; the message says why.
    """
    match = _NAME.fullmatch(text)
    if match is None:
        raise ValueError(
            f"{text!r} is not an OULU-NPU name (Phone_Session_User_File such as 6_3_20_1: "
            "phone 1-6, session 1-3, user 01-55, file 1-5)"
        )
    name = Name(*map(int, match.groups()))
    if not 1 <= name.user <= 55:
        raise ValueError(f"{text!r} names unknown user {name.user:02d}; users are 01 to 55")
    return name


def all_names() -> Iterator[Name]:
    """Iterate over all 4950 names in order of split, user, session, phone and file."""
    for users in USERS.values():
        for user in users:
            for session in SESSIONS:
                for phone in PHONES:
                    for file in FILES:
                        yield Name(phone, session, user, file)


class Rule(NamedTuple):
    """The published selection of a protocol's fold from one part."""

    phones: tuple[int, ...]
    sessions: tuple[int, ...]
    files: tuple[int, ...]

    def takes(self, name: Name) -> bool:
        """Return whether the fold's part contains this video."""
        return (
            name.phone in self.phones and name.session in self.sessions and name.file in self.files
        )


def rule(number: int, fold: int | None, split: Split) -> Rule:
    """Return the published selection of protocol 1 to 4.

    Args:
        number: the protocol's number.
        fold: the phone that protocols 3 and 4 test on, None for 1 and 2.
        split: the part.
    """
    test = split is Split.TEST
    phones = tuple(p for p in PHONES if fold is None or (p == fold) is test)
    # Protocols 1 and 4 test on the illumination and background of session 3.
    sessions = ((3,) if test else (1, 2)) if number in (1, 4) else tuple(SESSIONS)
    # Protocols 2 and 4: attacks of one printer and display in training, of the others in test.
    files = ((1, 3, 5) if test else (1, 2, 4)) if number in (2, 4) else tuple(FILES)
    return Rule(phones, sessions, files)


class ListLine(NamedTuple):
    """One line of a protocol list."""

    name: Name
    line: int


def read_list(path: Path, split: Split) -> tuple[ListLine, ...]:
    """Read a protocol list with lines such as ``+1,1_1_01_1``.

    Args:
        path: the list file.
        split: the part it is for; its users must belong there.

    Raises:
        DataError: a bad label or name, an unknown user or one of another part, a label that
            contradicts the file number, or a name given twice; names file and line.
    """
    lines: list[ListLine] = []
    seen: dict[Name, int] = {}
    text = table_text(path)
    for number, raw in enumerate(text.splitlines(), start=1):
        if not raw.strip():
            continue
        try:
            name = _parse_line(raw.strip(), split)
        except ValueError as error:
            raise DataError(f"{path}:{number}: {error}") from None
        if name in seen:
            raise DataError(f"{path}:{number}: {name} was already listed on line {seen[name]}")
        seen[name] = number
        lines.append(ListLine(name, number))
    return tuple(lines)


def _parse_line(text: str, split: Split) -> Name:
    label, comma, rest = text.partition(",")
    if not comma or label.strip() not in {"+1", "1", "-1", "-2"}:
        raise ValueError(f"expected a line such as '+1,1_1_01_1' or '-1,1_1_01_2', got {text!r}")
    name = parse_name(rest.strip())
    # Test lists label print -1 and display -2; train and dev lists label every attack -1.
    if (name.file == 1) is not (int(label) == 1) or (int(label) == -2 and name.file < 4):
        kind = SPECIES[name.file] or "bona fide"
        raise ValueError(f"label {label} contradicts {name}, which is {kind}")
    if name.split is not split:
        raise ValueError(f"user {name.user:02d} of {name} belongs to {name.split}, not {split}")
    return name
