"""The contract of a layout: what a data set has to say so that the simulator can write it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar, NamedTuple

from fasharness.data import Split
from fasharness_sim.formats import DEFAULT, Format, Side, Support


class Video(NamedTuple):
    """A video or a picture to record.

    Attributes:
        path: below the folder, without the ending.
        instrument: a key of ``attack.INSTRUMENTS`` or ``forgery.METHODS``; None for bona fide.
        number: which recording of the sitting it is; another number is another recording.
        ending: of the file, e.g. ``.mov``.
        crf: rate factor of its H.264; None for JPEG frames. Pictures have none.
        support: who holds the instrument, ``hand`` or ``fixed``; empty for what is usual for it.
        photo: whether a display shows one picture only.
        other: a second person in it: whose eyes are behind a cut photo, or whose face is put on.
        turn: degrees clockwise, 0, 90, 180 or 270, by which the file says that its frames are to
            be turned; what is said of the face is true of the upright frame.
        sides: the text files about its face.
    """

    path: str
    instrument: str | None
    number: int
    ending: str = ".avi"
    crf: int | None = None
    support: Support = ""
    photo: bool = False
    other: int | None = None
    turn: int = 0
    sides: tuple[Side, ...] = ()

    @property
    def file(self) -> str:
        """Path below the folder, with the ending."""
        return f"{self.path}{self.ending}"


class Sitting(NamedTuple):
    """A user in a session before a phone, and the videos of one format that come from it."""

    user: int
    session: int
    phone: int
    videos: tuple[Video, ...]
    format: Format = DEFAULT


class Layout(ABC):
    """How one data set names its videos, and which of them there are.

    Attributes:
        dataset: the data set's name in the harness, e.g. ``oulu-npu``.
        title: the data set's usual name.
        version: another version writes other files.
        sizes: how much can be written, the smallest first, and how many videos that is.
        users: all users that can be simulated, 1 or above, by split.
        protocols: those that the validity report judges, each in words; the first is the one on
            which the baselines are known, the last should be the hardest.
        naming: the pattern of a video's name and what it says, for ``README.txt``.
        beside: the other files of the folder and what they are, for ``README.txt``.
        people: added to a user's number to draw the person, so that no two data sets show the
            same one; as many as there are users lie between those of two layouts.
        ending: of the videos, for ``README.txt``.
        stand_ins: PAI species of which only the names are simulated, to what is shown instead.
    """

    dataset: ClassVar[str]
    title: ClassVar[str]
    version: ClassVar[int]
    sizes: ClassVar[Mapping[str, int]]
    users: ClassVar[Mapping[Split, Sequence[int]]]
    protocols: ClassVar[Mapping[str, str]]
    naming: ClassVar[tuple[str, str]]
    beside: ClassVar[Mapping[str, str]]
    people: ClassVar[int] = 0
    ending: ClassVar[str] = ".avi"
    stand_ins: ClassVar[Mapping[str, str]] = MappingProxyType({})

    @property
    def data(self) -> str:
        """What the mark of a written folder calls its data."""
        return f"layout twin of {self.title}" if self.stand_ins else f"simulated {self.title}"

    @abstractmethod
    def sittings(self, size: str, users: Mapping[Split, Sequence[int]]) -> Sequence[Sitting]:
        """List the sittings of a size.

        Args:
            size: a key of `sizes`.
            users: who of `users` is simulated; a split may be empty.
        """

    @abstractmethod
    def lists(self, sittings: Iterable[Sitting]) -> Mapping[str, str]:
        """Write the protocol lists of some sittings: text by path below the folder."""
