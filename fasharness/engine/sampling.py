"""Which clips an epoch shows, in which order and batches: a pure function of seeds and rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple

import numpy as np

from fasharness.clips import Sampling
from fasharness.data import Presentation
from fasharness.errors import DataError


@dataclass(frozen=True, slots=True)
class Item:
    """One presentation that an epoch may draw from.

    Attributes:
        presentation: what is shown.
        clips: how many clips are stored of it.
        weight: how often each clip counts (`Protocol.weights`).
        origin: name of its auxiliary set; empty for the protocol's own.
    """

    presentation: Presentation
    clips: int
    weight: int = 1
    origin: str = ""


class Pick(NamedTuple):
    """One clip: number of the item, and of the clip in it."""

    item: int
    clip: int


class Draw(NamedTuple):
    """One clip of an epoch.

    Attributes:
        pick: the clip.
        seed: number of the clip's random draws in the epoch; each draw has its own.
        partner: the clip that goes with it (`Sampling.partner`), if any.
    """

    pick: Pick
    seed: int
    partner: Pick | None = None


Batches = list[list[Draw]]


def plan_epoch(
    items: Sequence[Item],
    sampling: Sampling,
    size: int,
    seed: Sequence[int],
    *,
    drop_last: bool = False,
) -> Batches:
    """Plan the batches of an epoch.

    Args:
        items: the training presentations, auxiliary ones among them.
        sampling: which clips, and how they are mixed.
        size: clips in a batch.
        seed: seeds of the run, the stage and the epoch; the same seeds give the same plan.
        drop_last: whether an incomplete last batch is left out.

    Returns:
        The draws of each batch: the protocol's own clips first, then those of each auxiliary set
        in the order of `Sampling.mix`, but not of an optional set without items.

    Raises:
        DataError: there is nothing to draw from for a rule, e.g. no auxiliary set of a name, or no
            bona fide clip of a subject.
    """
    given = {item.origin for item in items}
    shares = {
        name: round(size * share)
        for name, share in sampling.mix.items()
        if name in given or name not in sampling.optional
    }
    first = size - sum(shares.values())
    for name, count in shares.items():
        if count < 1 or first < 1:
            raise DataError(
                f"a batch of {size} clips has no room for the share {sampling.mix[name]:g} of "
                f"{name!r}; enlarge the batch"
            )
    candidates = _candidates(items, sampling, seed)
    # Spawned from one generator, the parts of the plan share no draws.
    order = np.random.default_rng([*seed, len(candidates)]).permutation(len(candidates))
    own = [Draw(candidates[at], int(at)) for at in order]
    if sampling.batches == "even":
        own = _in_turn(own, [_group(item.presentation, sampling.balance) for item in items])
    batches = [own[start : start + first] for start in range(0, len(own), first)]
    if drop_last and batches and len(batches[-1]) < first:
        batches.pop()
    for number, (name, count) in enumerate(shares.items()):
        base = len(candidates) * (number + 2)
        extra = _auxiliary(items, name, count * len(batches), [*seed, 1, number])
        for at, batch in enumerate(batches):
            drawn = extra[at * count : (at + 1) * count]
            batch += [Draw(pick, base + at * count + k) for k, pick in enumerate(drawn)]
    return _with_partners(items, batches, seed) if sampling.partner else batches


def _candidates(items: Sequence[Item], sampling: Sampling, seed: Sequence[int]) -> list[Pick]:
    """Clips of the protocol's own presentations, as often as the epoch shows them."""
    rng = np.random.default_rng([*seed, 2, 0])
    found: list[Pick] = []
    for number, item in enumerate(items):
        if item.origin or item.presentation.bona_fide not in sampling.bona_fide:
            continue
        clips: Sequence[int] = range(item.clips)
        if sampling.per_presentation:
            count = min(item.clips, sampling.per_presentation)
            clips = [int(clip) for clip in rng.choice(item.clips, count, replace=False)]
        found += [Pick(number, clip) for _ in range(item.weight) for clip in clips]
    return _balanced(items, found, sampling, seed) if sampling.balance else found


def _balanced(
    items: Sequence[Item], picks: Sequence[Pick], sampling: Sampling, seed: Sequence[int]
) -> list[Pick]:
    """An equal share of each class, species or domain, as many in all as `length` states."""
    groups: dict[str, list[Pick]] = {}
    for pick in picks:
        groups.setdefault(_group(items[pick.item].presentation, sampling.balance), []).append(pick)
    total = len(picks)
    if sampling.length == "largest":
        total = len(groups) * max(map(len, groups.values()), default=0)
    found: list[Pick] = []
    for number, (_, members) in enumerate(sorted(groups.items())):
        # Shares of a length that cannot be divided differ by one.
        share = total // len(groups) + (number < total % len(groups))
        rng = np.random.default_rng([*seed, 3, number])
        found += _cycled(members, share, rng)
    return found


def _group(presentation: Presentation, balance: str) -> str:
    facts = {
        "class": "bona fide" if presentation.bona_fide else "attack",
        "species": presentation.species or "",
        "domain": presentation.dataset,
        "device": presentation.device,
        "session": presentation.session,
    }
    # No text of a presentation holds this character.
    return "\0".join(facts[name] for name in balance.split("+"))


def _in_turn(draws: Sequence[Draw], groups: Sequence[str]) -> list[Draw]:
    """Draws of each group in turn, so that any stretch of them has equal shares.

    Args:
        draws: in random order.
        groups: group of each item.
    """
    found: dict[str, list[Draw]] = {}
    for draw in draws:
        found.setdefault(groups[draw.pick.item], []).append(draw)
    rounds = zip_longest(*(found[name] for name in sorted(found)))
    return [draw for each in rounds for draw in each if draw is not None]


def _cycled(members: Sequence[Pick], count: int, rng: np.random.Generator) -> list[Pick]:
    """Draw without repetition until all were drawn, then again."""
    found: list[Pick] = []
    while len(found) < count:
        found += [members[at] for at in rng.permutation(len(members))]
    return found[:count]


def _auxiliary(items: Sequence[Item], name: str, count: int, seed: Sequence[int]) -> list[Pick]:
    members = [
        Pick(number, clip)
        for number, item in enumerate(items)
        if item.origin == name
        for clip in range(item.clips)
    ]
    if not members:
        known = sorted({item.origin for item in items} - {""})
        raise DataError(
            f"training mixes in clips of {name!r}, of which there are none; auxiliary sets given: "
            f"{', '.join(known) or 'none'} (--auxiliary {name}=DIR)"
        )
    return _cycled(members, count, np.random.default_rng(seed))


def _with_partners(items: Sequence[Item], batches: Batches, seed: Sequence[int]) -> Batches:
    live: dict[tuple[str, str], list[Pick]] = {}
    for number, item in enumerate(items):
        if item.presentation.bona_fide:
            own = live.setdefault(_person(item), [])
            own += [Pick(number, clip) for clip in range(item.clips)]

    def paired(draw: Draw) -> Draw:
        item = items[draw.pick.item]
        members = live.get(_person(item), [])
        if not members:
            raise DataError(
                f"{item.presentation.id}: training pairs each clip with a bona fide clip of the "
                f"same subject, and subject {item.presentation.subject or '(unknown)'!r} has none"
            )
        rng = np.random.default_rng([*seed, 4, draw.seed])
        return draw._replace(partner=members[int(rng.integers(len(members)))])

    return [[paired(draw) for draw in batch] for batch in batches]


def _person(item: Item) -> tuple[str, str]:
    # An auxiliary set may number its subjects anew.
    return item.origin, item.presentation.person
