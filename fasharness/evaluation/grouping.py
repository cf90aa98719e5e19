"""Species groups chosen by the user, in place of those in the score file."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from fasharness.common.keys import clean, words_for_nothing
from fasharness.errors import OptionError
from fasharness.scores import Score

EACH = "species"
_EXAMPLE = "print=print*,display=replay1|replay2, or species for each species its own"


def parse(text: str) -> Mapping[str, tuple[str, ...]]:
    """Read groups as a user writes them.

    Args:
        text: ``group=species|species,group=pattern``; a pattern has ``*``, ``?`` or ``[...]``.

    Returns:
        A mapping from group to its species and patterns.

    Raises:
        OptionError: when a part is not of this form, a group is named twice or with a word for
            bona fide.

    >>> parse("print=print*,display=replay1|replay2")
    {'print': ('print*',), 'display': ('replay1', 'replay2')}
    """
    groups: dict[str, tuple[str, ...]] = {}
    for part in text.split(","):
        name, equals, patterns = map(clean, part.partition("="))
        kinds = tuple(map(clean, patterns.split("|")))
        if not (name and equals and all(kinds)) or name in groups:
            raise OptionError(f"species groups {text!r}: {part.strip()!r}; expected {_EXAMPLE}")
        if lack := words_for_nothing("", name):
            raise OptionError(f"species groups {text!r}: {lack[0]}")
        groups[name] = kinds
    return groups


def regroup(scores: Sequence[Score], text: str) -> tuple[Score, ...]:
    """Give every attack the group that the user chose for its species.

    Args:
        scores: all scores.
        text: as for `parse`, or ``species``: each PAI species is a group of its own.

    Returns:
        The scores with new groups, in their order.

    Raises:
        OptionError: when a species fits no group or several, or a group has no species.
    """
    species = sorted({score.species for score in scores if score.species is not None})
    if text == EACH:
        home = {name: name for name in species}
    else:
        groups = parse(text)
        home = {name: _group(name, groups) for name in species}
        # A group without a species is most likely a typing error in a pattern.
        for group in groups.keys() - home.values():
            raise OptionError(f"no species is in the group {group!r}; there are {_list(species)}")
    return tuple(
        score if score.species is None else replace(score, group=home[score.species])
        for score in scores
    )


def _group(species: str, groups: Mapping[str, tuple[str, ...]]) -> str:
    """Find the one group of a species."""
    found = [
        group
        for group, patterns in groups.items()
        # fnmatch ignores case on some systems, and the same command would give other groups there.
        if any(fnmatchcase(species, pattern) for pattern in patterns)
    ]
    if len(found) != 1:
        where = f"is in the groups {_list(found)}" if found else f"is in none of {_list(groups)}"
        raise OptionError(f"the species {species!r} {where}; name it in exactly one")
    return found[0]


def _list(names: Sequence[str] | Mapping[str, tuple[str, ...]]) -> str:
    """List names."""
    return ", ".join(names)
