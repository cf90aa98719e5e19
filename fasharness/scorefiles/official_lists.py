"""OULU-NPU's official score lists: ``name,score`` lines with plain or coded names."""

import math
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from fasharness.common.cells import to_number
from fasharness.common.files import write_text
from fasharness.common.lines import at_line, text_lines
from fasharness.errors import DataError
from fasharness.scores import Score

SIMULATED_LINE = "# SIMULATED data, not OULU-NPU"
_FAILED = "# failed: "


def oulu_code(name: str) -> str:
    """Encode a name the way OULU-NPU's test lists do.

    Args:
        name: ``Phone_Session_User_File``, e.g. ``6_3_20_1``.

    Returns:
        ``0`` and the hexadecimal digits of the decimal number phone, file, session, user, as the
        evaluation code published with FAS-SGTD writes it.

    Raises:
        DataError: when the name does not have this form.

    >>> oulu_code("6_3_20_1")
    '0ef88'
    """
    parts = name.split("_")
    widths = tuple(len(part) for part in parts if part.isascii() and part.isdigit())
    if widths != (1, 1, 2, 1) or parts[0] == "0":
        raise DataError(
            f"{name!r} is not an OULU-NPU name (Phone_Session_User_File, e.g. 6_3_20_1)"
        )
    phone, session, user, file = parts
    # Phone, file, session, user: not the order of the name. No official text describes the code;
    # this is how FAS-SGTD's evaluation reads it.
    return f"0{int(phone + file + session + user):x}"


def oulu_name(code: str) -> str:
    """Decode a name from OULU-NPU's test lists.

    Args:
        code: what `oulu_code` returns.

    Returns:
        ``Phone_Session_User_File``.

    Raises:
        DataError: when the code does not have this form.

    >>> oulu_name("0ef88")
    '6_3_20_1'
    """
    try:
        digits = str(int(code, 16))
        name = f"{digits[0]}_{digits[2]}_{digits[3:]}_{digits[1]}"
        # Encoded again, since other hexadecimal numbers decode to something name-like as well.
        if oulu_code(name) == code.lower():
            return name
    except (ValueError, IndexError, DataError):
        pass
    raise DataError(f"{code!r} is not a coded OULU-NPU name, expected e.g. 0ef88 for 6_3_20_1")


def write_oulu_lists(folder: Path, scores: Sequence[Score]) -> None:
    """Write ``Dev_scores.txt`` (plain names) and ``Test_scores.txt`` (coded names), atomically.

    Args:
        folder: where the two files go.
        scores: the scores; those of the training split are left out. A failed presentation
            becomes a comment line, since the format has no failures.

    Raises:
        DataError: when a presentation has no OULU-NPU name.
    """
    for file, split in (("Dev_scores.txt", "dev"), ("Test_scores.txt", "test")):
        write_text(folder / file, oulu_list([s for s in scores if s.split == split]))


def oulu_list(scores: Sequence[Score]) -> str:
    """Return the text of one of OULU-NPU's lists.

    Args:
        scores: the scores of a split; names of the test split are coded.

    Returns:
        The text of the file.

    Raises:
        DataError: when a presentation has no OULU-NPU name.
    """
    lines = [SIMULATED_LINE] if any(score.simulated for score in scores) else []
    for s in scores:
        code = oulu_code(s.presentation)
        name = code if s.split == "test" else s.presentation
        # FAS-SGTD's evaluation would read NaN as the score 0, an attack; it stops at a comment.
        lines.append(f"{_FAILED}{name}: {s.failure}" if s.failed else f"{name},{s.value!r}")
    return "".join(f"{line}\n" for line in lines)


class ListedScore(NamedTuple):
    """A line of OULU-NPU's score lists, with its name decoded; NaN for a failure."""

    presentation: str
    value: float
    failure: str


class OuluList(NamedTuple):
    """The lines of a list, and whether it is marked as simulated."""

    scores: tuple[ListedScore, ...]
    simulated: bool


def read_oulu_list(path: Path) -> OuluList:
    """Read one of OULU-NPU's score lists; each line may have a plain or a coded name.

    Args:
        path: a ``name,score`` file. Of the lines that start with ``#``, those that `oulu_list`
            writes for failures are read, the others are ignored.

    Returns:
        The decoded names with their scores, in the order of the file. A score that is not finite
        is a failure.

    Raises:
        DataError: naming file and line, for a bad name, a bad number or a name given twice.
    """
    listed: dict[str, ListedScore] = {}
    places: dict[str, int] = {}
    simulated = False
    with closing(text_lines(path)) as lines:
        for number, line in enumerate(lines, start=1):
            simulated |= line.strip() == SIMULATED_LINE
            try:
                found = _listed(line.strip())
            except (DataError, ValueError) as error:
                raise at_line(path, number, str(error)) from error
            if found is None:
                continue
            first = places.setdefault(found.presentation, number)
            if first != number:
                what = f"presentation {found.presentation!r} is scored twice, first in line {first}"
                raise at_line(path, number, f"{what}; keep one")
            listed[found.presentation] = found
    return OuluList(tuple(listed.values()), simulated)


def _listed(line: str) -> ListedScore | None:
    """Read a line; None for an empty one or a comment."""
    if line.startswith(_FAILED):
        name, _, reason = line.removeprefix(_FAILED).partition(": ")
        return ListedScore(_plain(name), math.nan, reason or "failed")
    if line.startswith("#") or not line:
        return None
    name, comma, cell = line.partition(",")
    if not comma:
        raise ValueError(f"{line!r:.60}, expected name,score")
    value = to_number(cell.strip())
    if math.isfinite(value):
        return ListedScore(_plain(name), value, "")
    return ListedScore(_plain(name), math.nan, f"the score is {cell.strip() or 'empty'}")


def _plain(name: str) -> str:
    """Decode a plain or coded name, and check it."""
    # Lists mix both kinds: dev names are plain, test names coded.
    return oulu_name(name) if "_" not in name else oulu_name(oulu_code(name))
