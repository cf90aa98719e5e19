"""Decisions on the test split, and their error rates by phone, session, species and subject."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from fasharness.report.runs import Exhibit, Part
from fasharness.scores import Score

FACTORS: Mapping[str, Callable[[Score], str]] = {
    "phone or sensor": lambda s: s.device,
    "session": lambda s: s.session,
    "instrument (PAI species)": lambda s: s.species or "",
    "subject": lambda s: s.subject,
}


def factors(scores: Iterable[Score]) -> Mapping[str, Callable[[Score], str]]:
    """Return what the errors of these scores can be counted by.

    Args:
        scores: the scores.

    Returns:
        `FACTORS` and the attributes that any score has.
    """
    names = dict.fromkeys(name for score in scores for name, _ in score.attributes)
    return {**FACTORS, **{name.replace("_", " "): _attribute(name) for name in names}}


def _attribute(name: str) -> Callable[[Score], str]:
    """Return the function that reads an attribute; empty if a score has none."""
    return lambda score: dict(score.attributes).get(name, "")


@dataclass(frozen=True, eq=False)
class Decision:
    """A scored test presentation with the threshold of its fold.

    Attributes:
        score: the score.
        threshold: scores at or above it are accepted as bona fide.
        part: the protocol or fold.
    """

    score: Score
    threshold: float
    part: Part

    @property
    def wrong(self) -> bool:
        """Whether the score is on the wrong side of the threshold."""
        return (self.score.value >= self.threshold) != self.score.bona_fide

    @property
    def distance(self) -> float:
        """Score minus threshold."""
        return self.score.value - self.threshold

    @property
    def exhibit(self) -> Exhibit:
        """Its pictures."""
        return self.part.exhibit(self.score.presentation)


def decide(parts: Iterable[Part]) -> list[Decision]:
    """Decide on all scored test presentations, in each part at its own threshold."""
    return [
        Decision(score, part.result.evaluation.threshold.value, part)
        for part in parts
        for score in part.scores
        if score.split == "test" and not score.failed
    ]


def errors(decided: Iterable[Decision]) -> list[Decision]:
    """Return the wrong decisions, farthest from the threshold first."""
    found = (one for one in decided if one.wrong)
    # The name breaks ties, so that the page is the same every time.
    return sorted(found, key=lambda one: (-abs(one.distance), one.score.presentation))


@dataclass(frozen=True)
class Level:
    """The decisions on the presentations of one phone, session, instrument or subject.

    Attributes:
        name: e.g. ``3`` for the third phone.
        bona_fide: bona fide presentations with a score.
        refused: those that were refused.
        attacks: per species group, attacks with a score.
        accepted: per species group, those that were accepted.
    """

    name: str
    bona_fide: int
    refused: int
    attacks: Mapping[str, int]
    accepted: Mapping[str, int]

    @property
    def bpcer(self) -> float | None:
        """Share of bona fide refused, None without any."""
        return self.refused / self.bona_fide if self.bona_fide else None

    @property
    def apcer(self) -> float | None:
        """Share of attacks accepted, for the species group that does worst; None without any."""
        return max((self.accepted[k] / n for k, n in self.attacks.items()), default=None)

    @property
    def acer(self) -> float | None:
        """Mean of both, None where one is missing."""
        one, two = self.apcer, self.bpcer
        return None if one is None or two is None else (one + two) / 2


def levels(decided: Sequence[Decision], factor: Callable[[Score], str]) -> tuple[Level, ...]:
    """Count the decisions for each value of a factor.

    Args:
        decided: the decisions.
        factor: returns a presentation's value; empty if it has none.

    Returns:
        One level for each value, in the order of their names.
    """
    found: dict[str, list[Decision]] = {}
    for one in decided:
        found.setdefault(factor(one.score), []).append(one)
    return tuple(_level(name, found[name]) for name in sorted(found, key=_natural) if name)


def _natural(name: str) -> tuple[int, int, str]:
    """Return a sort key that puts numbers by value before words."""
    # The name breaks the tie of 1 and 01.
    return (0, int(name), name) if name.isdecimal() and name.isascii() else (1, 0, name)


def _level(name: str, decided: Sequence[Decision]) -> Level:
    """Count decisions."""
    attacks: dict[str, int] = {}
    accepted: dict[str, int] = {}
    live = [one for one in decided if one.score.bona_fide]
    for one in decided:
        if (kind := one.score.kind) is not None:
            attacks[kind] = attacks.get(kind, 0) + 1
            accepted[kind] = accepted.get(kind, 0) + one.wrong
    return Level(name, len(live), sum(one.wrong for one in live), attacks, accepted)
