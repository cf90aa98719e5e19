"""Which users are simulated: a number or a list of them, sorted into the splits of a layout."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from fasharness.data import Split
from fasharness.errors import OptionError

Users = Mapping[Split, Sequence[int]]


def parse_users(text: str, everybody: Users) -> tuple[int, ...]:
    """Read which users are wanted.

    Args:
        text: a number of users, taken from the splits in turn, or a list of users and ranges
            with at least one comma or range, e.g. ``1-4,21,36``.
        everybody: all users by split.

    Returns:
        The users, sorted.

    Raises:
        OptionError: the text is neither, or there are no such users.
    """
    try:
        if text.strip().isdecimal():
            return _first_users(int(text), everybody)
        spans = [part.split("-") for part in text.split(",") if part.strip()]
        users = {u for span in spans for u in range(int(span[0]), int(span[-1]) + 1)}
    except ValueError:
        raise OptionError(
            f"users {text!r}: give a number of users, e.g. 12, or a list, e.g. 1-4,21,36"
        ) from None
    _refuse_unknown(users, everybody)
    return tuple(sorted(users))


def _first_users(count: int, everybody: Users) -> tuple[int, ...]:
    """Take users of all splits in turn, in proportion to their sizes."""
    # Sorting by the share of its split that comes before a user takes all splits in proportion.
    turns = [(k / len(part), user) for part in everybody.values() for k, user in enumerate(part)]
    if not len(everybody) <= count <= len(turns):
        raise OptionError(
            f"users must be {len(everybody)} (one of each part) to {len(turns)}, got {count}"
        )
    return tuple(sorted(user for _, user in sorted(turns)[:count]))


def _refuse_unknown(users: Iterable[int], everybody: Users) -> None:
    """Refuse users that the data set does not have."""
    known = sorted(chain.from_iterable(everybody.values()))
    wrong = sorted(set(users).difference(known))
    if wrong:
        raise OptionError(f"no user {wrong[0]}; users are {known[0]} to {known[-1]}")


def by_split(users: Iterable[int] | None, everybody: Users) -> dict[Split, list[int]]:
    """Sort users into their splits.

    Args:
        users: None for all.
        everybody: all users by split.

    Returns:
        The users of each split; a split may be empty.

    Raises:
        OptionError: there is no such user.
    """
    wanted = set(chain.from_iterable(everybody.values()) if users is None else users)
    _refuse_unknown(wanted, everybody)
    return {split: [u for u in part if u in wanted] for split, part in everybody.items()}


def for_mark(users: Iterable[int] | None, everybody: Users) -> list[int] | None:
    """Return users as ``SIMULATED.json`` stores them: sorted, None for all."""
    # A list of all users is stored like no list, so that either resumes the other's folder.
    chosen = sorted(set(users)) if users is not None else None
    return None if chosen == sorted(set(chain.from_iterable(everybody.values()))) else chosen
