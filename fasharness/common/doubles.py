"""Presentations that are scored twice: where, and whether that leaks."""

from typing import NamedTuple


class Place(NamedTuple):
    """Where a presentation is scored: in which split, and e.g. ``line 3``."""

    split: str
    words: str


def scored_twice(presentation: str, first: Place, second: Place) -> str:
    """Describe a presentation that is scored twice, and whether it leaks.

    Args:
        presentation: its id.
        first: where it is scored first.
        second: where it is scored again.

    Returns:
        One line that says what to do.
    """
    what = f"presentation {presentation!r} is scored twice"
    if first.split == second.split:
        return f"{what}, in {first.words} and {second.words}, both {first.split}; keep one"
    return (
        f"{what}, as {first.split} in {first.words} and as {second.split} in {second.words}: LEAK, "
        "figures would be too good; remove it from one of the splits"
    )
