"""OULU-NPU's names and protocols: which user, session, phone and file stands in which list."""

from collections.abc import Iterable, Mapping
from itertools import product
from types import MappingProxyType
from typing import NamedTuple

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


def every_shoot() -> list[Shoot]:
    """List all sittings of OULU-NPU: 55 users, 3 sessions, 6 phones."""
    users = sorted(user for split in USERS.values() for user in split)
    return [Shoot(*one) for one in product(users, SESSIONS, PHONES)]


def some_shoots(known: Mapping[str, int], unseen: Mapping[str, int]) -> list[Shoot]:
    """Choose a balanced part of all sittings: users and phones take turns.

    Args:
        known: per split, how many sittings in sessions 1 and 2.
        unseen: per split, how many in session 3.

    Returns:
        The sittings, all different.
    """
    chosen, start = [], 0
    for split, users in USERS.items():
        for k in range(known[split] + unseen[split]):
            session = 1 + (k + k // 6) % 2 if k < known[split] else 3
            chosen.append(Shoot(users[k % len(users)], session, 1 + (start + k) % 6))
        start += 2
    return chosen


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
