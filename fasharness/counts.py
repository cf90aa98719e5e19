"""How many presentations were expected, scored and lost, and what became of them."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Failure:
    """A presentation without a score.

    Attributes:
        presentation: its id.
        reason: why there is no score.
    """

    presentation: str
    reason: str


@dataclass(frozen=True)
class Counts:
    """How many presentations of a split were expected, scored and lost.

    Attributes:
        split: the split.
        expected: all presentations of the split.
        scored: those with a score.
        failed: the others, with reasons.
        bona_fide: bona fide presentations with a score.
        attacks: attack presentations with a score, per PAI species.
        subjects: subjects among those with a score.
    """

    split: str
    expected: int
    scored: int
    failed: tuple[Failure, ...]
    bona_fide: int
    attacks: Mapping[str, int]
    subjects: int


@dataclass(frozen=True)
class Outcome:
    """What became of the test presentations of a class, a species group or a PAI species.

    Attributes:
        kind: ``bona fide``, ``species group`` or ``PAI species``.
        name: of the group or species; ``bona fide`` for the class.
        accepted: those that were called bona fide.
        refused: those that were called attacks.
        no_response: those without a score.
    """

    kind: str
    name: str
    accepted: int
    refused: int
    no_response: int

    @property
    def presented(self) -> int:
        """All presentations."""
        return self.accepted + self.refused + self.no_response

    @property
    def non_response(self) -> float | None:
        """Share without a score (APNRR or BPNRR, ISO/IEC 30107-3); None without presentations."""
        return self.no_response / self.presented if self.presented else None

    @property
    def absence(self) -> str:
        """Why there is no error rate; empty if there is one."""
        if self.accepted + self.refused:
            return ""
        if self.presented:
            return f"none of its {self.presented} presentations has a score"
        return "dev has it, test does not"
