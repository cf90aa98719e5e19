"""What became of the test presentations of each class; species that are absent or mostly failed."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from fasharness.counts import Outcome
from fasharness.result import Metric
from fasharness.scores import Score

BONA_FIDE = "bona fide"
GROUP = "species group"
SPECIES = "PAI species"


class _Class(NamedTuple):
    """A class of presentations: its kind, e.g. `SPECIES`, and its name."""

    kind: str
    name: str


def outcomes(scores: Iterable[Score], threshold: float) -> tuple[Outcome, ...]:
    """Count what became of the test presentations of each class.

    Args:
        scores: all scores; of dev, only the names of species and groups are used.
        threshold: scores at or above it are called bona fide.

    Returns:
        Bona fide presentations, then each species group, then each PAI species, in alphabetical
        order. A class that only dev has is there too, with no presentation.
    """
    # Counted by species first: the rows may be millions.
    rows = Counter(
        (s.group, s.species, _state(s, threshold)) for s in scores if s.split in ("dev", "test")
    )
    seen: dict[_Class, Counter[str]] = {}
    for (group, species, state), count in rows.items():
        for one in _classes(group, species):
            seen.setdefault(one, Counter())[state] += count
    states = ("accepted", "refused", "failed")
    return _sorted(Outcome(*one, *(of[s] for s in states)) for one, of in seen.items())


def _state(score: Score, threshold: float) -> str:
    """Say what became of a presentation; ``dev`` for all of dev."""
    if score.split == "dev":
        return "dev"
    if score.failed:
        return "failed"
    return "refused" if score.value < threshold else "accepted"


def _classes(group: str | None, species: str | None) -> Iterator[_Class]:
    """Yield the classes of a presentation."""
    if species is None:
        yield _Class(BONA_FIDE, BONA_FIDE)
    else:
        yield _Class(GROUP, group or species)
        yield _Class(SPECIES, species)


def _sorted(found: Iterable[Outcome]) -> tuple[Outcome, ...]:
    """Put bona fide first, then groups, then species."""
    order = [BONA_FIDE, GROUP, SPECIES]
    return tuple(sorted(found, key=lambda one: (order.index(one.kind), one.name)))


def added(several: Iterable[Sequence[Outcome]]) -> tuple[Outcome, ...]:
    """Add the outcomes of several test splits.

    Args:
        several: what `outcomes` returns for each.

    Returns:
        The sums, each class once.
    """
    sums: dict[_Class, Outcome] = {}
    for found in several:
        for one in found:
            key = _Class(one.kind, one.name)
            first = sums.get(key, Outcome(*key, 0, 0, 0))
            sums[key] = Outcome(
                *key,
                first.accepted + one.accepted,
                first.refused + one.refused,
                first.no_response + one.no_response,
            )
    return _sorted(sums.values())


def with_absent(
    metrics: Iterable[Metric], found: Sequence[Outcome], kind: str
) -> tuple[Metric, ...]:
    """Add the groups or species without a score to their APCERs, so that none vanishes.

    Args:
        metrics: APCER of those with scores.
        found: what `outcomes` returns.
        kind: `GROUP` or `SPECIES`.

    Returns:
        APCER of all in alphabetical order; absent ones have a reason and no value.
    """
    known = {metric.name: metric for metric in metrics}
    absent = {one.name: Metric(one.name, None, reason=one.absence) for one in found
              if one.kind == kind and one.absence}  # fmt: skip
    return tuple(metric for _, metric in sorted((absent | known).items()))


def absences(found: Sequence[Outcome]) -> Iterator[str]:
    """Say which species have no rate, so that APCER is the largest of the others.

    Args:
        found: what `outcomes` returns.

    Yields:
        A line for the species whose presentations all failed, one for those that only dev has.
    """
    absent = [one for one in found if one.kind == SPECIES and one.absence]
    failed = [f"{one.name} ({one.presented})" for one in absent if one.presented]
    if failed:
        yield (
            f"every test presentation of these species failed: {', '.join(failed)}; APCER is the "
            "largest of the others"
        )
    missing = [one.name for one in absent if not one.presented]
    if missing:
        yield (
            f"dev has species that test lacks: {', '.join(missing)}; no figure says anything of "
            "them"
        )


def unshared(scores: Iterable[Score], shared: Collection[str]) -> Iterator[str]:
    """Say which species a comparison of two runs loses.

    Args:
        scores: the scores of one of them.
        shared: the test presentations that both scored.

    Yields:
        A line, if there is such a species.
    """
    mine = [score for score in scores if score.split == "test" and score.species is not None]
    kept = {score.species for score in mine if score.presentation in shared}
    gone = sorted({score.species or "" for score in mine} - kept)
    if gone:
        yield f"no test presentation of {', '.join(gone)} was scored by both runs: not compared"


def lost(scores: Sequence[Score], splits: Iterable[str], allowed: float) -> str:
    """Explain why no figure can be given; empty if figures can.

    Args:
        scores: all scores.
        splits: those behind the figures.
        allowed: the share of a class, and of a PAI species, that may have failed.

    Returns:
        The reason in words.
    """
    for split in splits:
        mine = [score for score in scores if score.split == split]
        for word, failed, presented in _losses(mine):
            # Not by class alone: a whole species can fail among many others.
            if failed > allowed * presented:
                return (
                    f"{failed / presented:.1%} of the {word} {split} presentations failed, more "
                    f"than the {allowed:.1%} allowed; no figure would be honest"
                )
    return ""


class _Loss(NamedTuple):
    """How many presentations of a class failed."""

    word: str
    failed: int
    presented: int


def _losses(scores: Sequence[Score]) -> Iterator[_Loss]:
    """Yield the failures of each class, then of each species."""
    presented = Counter(score.species for score in scores)
    failed = Counter(score.species for score in scores if score.failed)
    attacks = [species for species in presented if species is not None]
    yield _Loss("bona fide", failed[None], presented[None])
    yield _Loss("attack", sum(failed[s] for s in attacks), sum(presented[s] for s in attacks))
    for species in sorted(attacks):
        yield _Loss(repr(species), failed[species], presented[species])


def non_response(found: Sequence[Outcome]) -> tuple[Metric, ...]:
    """Compute the shares of attacks and of bona fide presentations without a score.

    Args:
        found: what `outcomes` returns.

    Returns:
        APNRR and BPNRR (ISO/IEC 30107-3).
    """
    metrics = []
    for name, kind in (("apnrr", SPECIES), ("bpnrr", BONA_FIDE)):
        mine = [one for one in found if one.kind == kind]
        presented, failed = sum(m.presented for m in mine), sum(m.no_response for m in mine)
        reason = "counted, not estimated"
        metrics.append(Metric(name, failed / presented, count=presented, reason=reason))
    return tuple(metrics)
