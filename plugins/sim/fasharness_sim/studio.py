"""All recordings of one sitting, each made when it is first needed."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property, lru_cache

from fasharness_sim.capture import attack, forgery, record
from fasharness_sim.layout import Sitting, Video
from fasharness_sim.people import head
from fasharness_sim.people.person import person


@lru_cache(maxsize=4)
def _head(seed: int, number: int) -> head.Head:
    """Build a head; that of the last sitting is often wanted again."""
    return head.build(person(seed, number), seed)


class Studio:
    """Records a sitting.

    Args:
        seed: of the data set.
        people: added to a user's number to draw the person.
        sitting: who sits before which phone, and in which format.
    """

    def __init__(self, seed: int, people: int, sitting: Sitting) -> None:
        self.seed, self.people, self.sitting = seed, people, sitting
        self._last: tuple[tuple[object, ...], record.Recording] | None = None

    @cached_property
    def capture(self) -> record.Capture:
        """Who is recorded, how."""
        user, session, phone, _, shape = self.sitting
        return record.Capture(
            self.seed, self.people + user, session, phone, self._person(user), shape
        )

    @cached_property
    def take(self) -> attack.Take:
        """What attacks show."""
        return record.source(self.capture)

    @cached_property
    def original(self) -> record.Recording:
        """The bona fide video that forgeries change."""
        return record.bona_fide(self.capture)

    @cached_property
    def faces(self) -> dict[int | None, record.Recording]:
        """Recordings of the faces that forgeries put on: by user, None for the own one."""
        return {}

    def recording(self, video: Video) -> record.Recording:
        """Record a video; a copy of the last one at another rate is not drawn again."""
        key = (video.instrument, video.number, video.other)
        if self._last is None or self._last[0] != key:
            self._last = key, self._recorded(video)
        return self._last[1]

    def _recorded(self, video: Video) -> record.Recording:
        if video.instrument is None:
            return record.bona_fide(self.capture, video.number)
        if video.instrument in forgery.METHODS:
            return self._forged(video)
        other = None if video.other is None else self._person(video.other)
        shown = attack.frozen(self.take) if video.photo else self.take
        return record.attacked(
            self.capture, video.instrument, shown, video.number, video.support, other
        )

    def _forged(self, video: Video) -> record.Recording:
        """Put another face, or the own one with another expression, on the bona fide video."""
        assert video.instrument is not None
        method = forgery.METHODS[video.instrument]
        whose = video.other if method.swaps else None
        if whose not in self.faces:
            self.faces[whose] = record.acted(self._donor(whose))
        return record.forged(
            self.capture, self.original, self.faces[whose], video.instrument, video.number
        )

    def _donor(self, user: int | None) -> record.Capture:
        return self.capture if user is None else replace(self.capture, head=self._person(user))

    def _person(self, user: int) -> head.Head:
        return _head(self.seed, self.people + user)
