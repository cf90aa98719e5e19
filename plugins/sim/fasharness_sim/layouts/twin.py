"""What the twins of data sets share: how many people a size has, how long and large its frames."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar, NamedTuple

from fasharness.data import Split
from fasharness_sim.formats import Form, Format, Side
from fasharness_sim.layout import Layout, Sitting

SHORT = 5
"""Frames of the one video of a set that is too short for many methods."""


class Plan(NamedTuple):
    """How much of a data set a size writes.

    Attributes:
        people: how many users of each split, in the order of `Layout.users`.
        frames: of a usual video.
        shrink: by how much frames are smaller than those of the data set.
        each: how many recordings of a kind, where a layout has several.
    """

    people: tuple[int, ...]
    frames: int
    shrink: float
    each: int = 1

    def shape(self, width: int, height: int, fps: int) -> Format:
        """Return the format of videos that have this size in the data set."""
        wide, tall = (4 * round(side / self.shrink / 4) for side in (width, height))
        return Format(wide, tall, self.frames, fps)


class Twin(Layout):
    """A layout that takes the first users of each split, and all that it has of each.

    Attributes:
        plans: what each size writes.
        sizes: the number of videos of each size.
    """

    plans: ClassVar[Mapping[str, Plan]]

    def sittings(self, size: str, users: Mapping[Split, Sequence[int]]) -> list[Sitting]:
        """List the sittings of a size's first users."""
        plan = self.plans[size]
        return [
            sitting
            for (split, part), count in zip(users.items(), plan.people, strict=True)
            for user in part[:count]
            for sitting in self.of_user(user, split, plan)
        ]

    @abstractmethod
    def of_user(self, user: int, split: Split, plan: Plan) -> Iterator[Sitting]:
        """Yield the sittings of a user; a video depends on its name alone, not on the size."""


def plans(**of_sizes: Plan) -> Mapping[str, Plan]:
    """Return the plans of sizes by name, the smallest first."""
    return MappingProxyType(of_sizes)


def side(path: str, form: Form, number: int) -> Side:
    """Return a side file with the gap that a sitting's recording of this number has.

    The first has a frame without a row, the second a row that says no face, the third one row
    less than the video has frames.
    """
    if number == 1 and form != "corners":
        return Side(path, form, missing=(1,))
    if number == 2:
        return Side(path, form, zero=(2,))
    return Side(path, form, missing=(-1,)) if number == 3 else Side(path, form)
