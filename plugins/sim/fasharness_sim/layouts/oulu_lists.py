"""OULU-NPU's names and protocols: which user, session, phone and file stands in which list."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from types import MappingProxyType
from typing import NamedTuple

from fasharness.errors import OptionError

USERS: Mapping[str, range] = MappingProxyType(
    {"Train": range(1, 21), "Dev": range(21, 36), "Test": range(36, 56)}
)
SESSIONS, PHONES, FILES = range(1, 4), range(1, 7), range(1, 6)


class Shoot(NamedTuple):
    """One sitting of a user in a session before a phone; five files come from it."""

    user: int
    session: int
    phone: int

    def name(self, file: int) -> str:
        """Give the name of one of its videos, ``Phone_Session_User_File``."""
        return f"{self.phone}_{self.session}_{self.user:02d}_{file}"


class _Rule(NamedTuple):
    """What a protocol keeps for training (and development) and for testing."""

    train_sessions: tuple[int, ...]
    test_sessions: tuple[int, ...]
    train_files: tuple[int, ...]
    test_files: tuple[int, ...]
    by_phone: bool


_RULES: Mapping[int, _Rule] = MappingProxyType(
    {
        1: _Rule((1, 2), (3,), (1, 2, 3, 4, 5), (1, 2, 3, 4, 5), False),
        2: _Rule((1, 2, 3), (1, 2, 3), (1, 2, 4), (1, 3, 5), False),
        3: _Rule((1, 2, 3), (1, 2, 3), (1, 2, 3, 4, 5), (1, 2, 3, 4, 5), True),
        4: _Rule((1, 2), (3,), (1, 2, 4), (1, 3, 5), True),
    }
)
_LABELS: Mapping[int, str] = MappingProxyType({1: "+1", 2: "-1", 3: "-1", 4: "-2", 5: "-2"})


def parse_users(text: str) -> tuple[int, ...]:
    """Read which users are wanted.

    Args:
        text: a number of users, taken from the three parts in turn, or a list of users and
            ranges with at least one comma or range, e.g. ``1-4,21,36``.

    Returns:
        The users, sorted.

    Raises:
        OptionError: the text is neither, or there are no such users.
    """
    try:
        if text.strip().isdecimal():
            return _first_users(int(text))
        spans = [part.split("-") for part in text.split(",") if part.strip()]
        users = {u for span in spans for u in range(int(span[0]), int(span[-1]) + 1)}
    except ValueError:
        raise OptionError(
            f"users {text!r}: give a number of users, e.g. 12, or a list, e.g. 1-4,21,36"
        ) from None
    _known(users)
    return tuple(sorted(users))


def _first_users(count: int) -> tuple[int, ...]:
    """Take users of all parts in turn, in proportion to their sizes."""
    turns = [(k / len(split), user) for split in USERS.values() for k, user in enumerate(split)]
    if not len(USERS) <= count <= len(turns):
        raise OptionError(
            f"users must be {len(USERS)} (one of each part) to {len(turns)}, got {count}"
        )
    return tuple(sorted(user for _, user in sorted(turns)[:count]))


def _known(users: Iterable[int]) -> None:
    """Refuse users that OULU-NPU does not have."""
    wrong = sorted(u for u in users if not any(u in split for split in USERS.values()))
    if wrong:
        raise OptionError(f"no user {wrong[0]}; users are 1 to 55")


def seated(users: Iterable[int] | None) -> dict[str, list[int]]:
    """Sort users into their parts.

    Args:
        users: None for all.

    Returns:
        The users of each part.

    Raises:
        OptionError: there is no such user.
    """
    if users is None:
        return {split: list(all_users) for split, all_users in USERS.items()}
    wanted = set(users)
    _known(wanted)
    return {split: [u for u in part if u in wanted] for split, part in USERS.items()}


def told(users: Iterable[int] | None) -> list[int] | None:
    """Name users as ``SIMULATED.json`` does: sorted, None for all."""
    chosen = sorted(set(users)) if users is not None else None
    return None if chosen == sorted(u for split in USERS.values() for u in split) else chosen


def every_shoot(users: Mapping[str, Sequence[int]]) -> list[Shoot]:
    """List all sittings of some users: 3 sessions, 6 phones."""
    everyone = sorted(user for split in users.values() for user in split)
    return [Shoot(*one) for one in product(everyone, SESSIONS, PHONES)]


def some_shoots(
    known: Mapping[str, int], unseen: Mapping[str, int], users_of: Mapping[str, Sequence[int]]
) -> list[Shoot]:
    """Choose a balanced part of all sittings: users and phones take turns.

    Args:
        known: per split, how many sittings in sessions 1 and 2.
        unseen: per split, how many in session 3.
        users_of: per split, the users.

    Returns:
        The sittings, all different; fewer than asked for where few users come round again.
    """
    chosen, start = [], 0
    for split, users in users_of.items():
        for k in range((known[split] + unseen[split]) if users else 0):
            session = 1 + (k + k // 6) % 2 if k < known[split] else 3
            chosen.append(Shoot(users[k % len(users)], session, 1 + (start + k) % 6))
        start += 2
    return list(dict.fromkeys(chosen))


def split_of(user: int) -> str:
    """Name the split, ``Train``, ``Dev`` or ``Test``, of a user."""
    return next(split for split, users in USERS.items() if user in users)


def lists(shoots: Iterable[Shoot]) -> dict[str, str]:
    """Write the protocol lists of some sittings.

    Args:
        shoots: the sittings that exist.

    Returns:
        The text of each list by its path under ``Protocols``, e.g. ``Protocol_3/Train_1.txt``.
    """
    shoots, texts = sorted(shoots), {}
    for number, rule in _RULES.items():
        for fold in PHONES if rule.by_phone else (0,):
            for split in USERS:
                suffix = f"_{fold}" if fold else ""
                path = f"Protocol_{number}/{split}{suffix}.txt"
                texts[path] = _lines(shoots, rule, split, fold)
    return texts


def _lines(shoots: Iterable[Shoot], rule: _Rule, split: str, fold: int) -> str:
    """Write the lines of one list; fold 0 keeps all phones."""
    test = split == "Test"
    sessions = rule.test_sessions if test else rule.train_sessions
    files = rule.test_files if test else rule.train_files
    kept = (
        s
        for s in shoots
        if s.user in USERS[split]
        and s.session in sessions
        and (fold == 0 or (s.phone == fold) == test)
    )
    return "".join(f"{_LABELS[f]},{s.name(f)}\n" for s in kept for f in files)
