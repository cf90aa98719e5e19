"""Options of a method: fields with a help text, and checks whose errors name the option."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import field
from typing import Any


def option(default: Any, text: str) -> Any:
    """Make a field of an options class.

    Args:
        default: its default.
        text: its help text.
    """
    return field(default=default, metadata={"help": text})


def check_choice(options: object, name: str, known: Sequence[str]) -> None:
    """Refuse a text that is none of the known ones with a ValueError."""
    if getattr(options, name) not in known:
        raise ValueError(f"{name} must be {' or '.join(known)}, got {getattr(options, name)!r}")


def check_counts(options: object, names: Iterable[str]) -> None:
    """Refuse numbers below 1 with a ValueError."""
    for name in names:
        if getattr(options, name) < 1:
            raise ValueError(f"{name} must be at least 1, got {getattr(options, name)}")


def check_not_negative(options: object, names: Iterable[str]) -> None:
    """Refuse numbers that are negative or not finite with a ValueError."""
    for name in names:
        if not 0 <= getattr(options, name) < math.inf:
            raise ValueError(f"{name} must not be negative, got {getattr(options, name)}")


def check_positive(options: object, names: Iterable[str], most: int) -> None:
    """Refuse numbers outside (0, `most`] with a ValueError."""
    for name in names:
        if not 0 < getattr(options, name) <= most:
            raise ValueError(f"{name} must be in (0, {most}], got {getattr(options, name)}")
