"""What a recording is stored as: its pixels, its frames, its file and the files beside it."""

from typing import Literal, NamedTuple

SHORT_SIDE = 360
"""The shorter side, in pixels, of the frames for which cameras are described."""

Form = Literal["eyes", "xywh", "corners", "box and eyes", "in 224"]

Support = Literal["", "hand", "fixed"]


class Format(NamedTuple):
    """Frame size in pixels (multiples of 4), number of frames, and frames a second."""

    width: int = 360
    height: int = 640
    frames: int = 24
    fps: int = 15

    @property
    def scale(self) -> float:
        """Size of the frame beside those for which cameras are described."""
        return min(self.width, self.height) / SHORT_SIDE


DEFAULT = Format()
"""The format for which cameras are described."""


class Side(NamedTuple):
    """A text file about a video's face.

    Attributes:
        path: below the folder.
        form: how a line is written, see ``capture/sides.py``.
        missing: frames without a row, negative ones from the end; with the form ``corners`` only
            the last ones.
        zero: frames whose row says that there is no face.
    """

    path: str
    form: Form
    missing: tuple[int, ...] = ()
    zero: tuple[int, ...] = ()
