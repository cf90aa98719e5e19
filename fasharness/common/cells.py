"""Numbers written as text: in the cells of tables of scores, in flags and in options."""

import math
import numbers
import re
from typing import Any

_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]{0,18})")
_DECIMAL = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,3})?")


def to_number(cell: str) -> float:
    """Read a score.

    Args:
        cell: a decimal number; Python's extensions (``1_0``, other scripts' digits) are refused.

    Returns:
        The number; NaN for an empty cell.

    Raises:
        ValueError: not a number.
    """
    try:
        if cell.isascii() and "_" not in cell:
            return float(cell or "nan")
    except ValueError:
        pass
    raise ValueError(f"score {cell!r:.60} is not a number")


def to_count(cell: str, column: str) -> int:
    """Read a count.

    Args:
        cell: a whole number.
        column: its column, for the message.

    Returns:
        The number; one for an empty cell.

    Raises:
        ValueError: not a whole number.
    """
    if not cell:
        return 1
    if not (cell.isascii() and cell.isdigit() and len(cell) < 16):
        raise ValueError(f"column {column} is {cell!r:.60}, expected a whole number")
    return int(cell)


def whole(text: str) -> int:
    """Read a whole number as people write it: no leading zeros, underscores or other digits.

    Raises:
        ValueError: not such a number.
    """
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"{text!r:.60} is not a whole number")
    return int(text)


def decimal(text: str) -> float:
    """Read a finite decimal number.

    Raises:
        ValueError: not such a number.
    """
    if not (_DECIMAL.fullmatch(text) and math.isfinite(float(text))):
        raise ValueError(f"{text!r:.60} is not a finite decimal number")
    return float(text)


def keeps_apart(value: object) -> bool:
    """Whether a value can be a score: a real number, no truth value and no half precision."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return False
    return isinstance(value, numbers.Integral) or getattr(value, "itemsize", 8) >= 4


def value_of(kind: Any, text: str) -> Any:
    """Read an option's text as its type: bool, int, float, str or another that a text makes.

    Raises:
        ValueError: not of this type.
    """
    if kind is bool:  # bool("false") is True
        truth = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
        if text.lower() not in truth:
            raise ValueError(f"{text!r:.60} is neither true nor false")
        return truth[text.lower()]
    if kind is not str and not text:  # an empty cell is NaN, an empty option nothing
        raise ValueError("nothing is given")
    return {int: whole, float: to_number}.get(kind, kind)(text)
