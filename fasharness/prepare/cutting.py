"""Cutting the clips of a specification out of frames, as they are decoded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fasharness.clips import ClipSpec, Label
from fasharness.data import RGB
from fasharness.errors import DataError
from fasharness.faces import CropRule, DepthSource, Face, Region
from fasharness.prepare.checked import checked_map
from fasharness.prepare.store import ClipArrays, no_clips, stored_side

Pictures = Mapping[str, NDArray[np.uint8]]
"""Modality or label to a picture."""


def turned(frame: NDArray[np.uint8], degrees: int) -> NDArray[np.uint8]:
    """Turn a frame clockwise by 0, 90, 180 or 270 degrees."""
    # rot90 turns anticlockwise.
    return np.ascontiguousarray(np.rot90(frame, -degrees // 90)) if degrees else frame


class _Cut(NamedTuple):
    """One frame of a clip, cut."""

    images: Pictures
    maps: Pictures


class Cutter:
    """Collects the clips of one specification while frames are decoded.

    Args:
        spec: the specification.
        usable: numbers of the frames that may be used.
        rule: its crop rule.
        sources: where the maps of each label come from; None where they are all zero.
    """

    def __init__(
        self,
        spec: ClipSpec,
        usable: range,
        rule: CropRule,
        sources: Mapping[Label, DepthSource | None],
    ) -> None:
        self.spec = spec
        self.total = len(usable)
        self.clips = tuple(
            tuple(usable[index] for index in clip) for clip in spec.frames.clips(len(usable))
        )
        self.starts = {clip[0] for clip in self.clips}
        self.wanted = {index for clip in self.clips for index in clip}
        self.rule = rule
        self.sources = sources
        self.faces: dict[int, Face] = {}
        self.shape = (0, 0)
        self.problem = ""
        self.cuts: dict[tuple[int, int], _Cut] = {}

    def seeks(self, index: int) -> bool:
        """Whether a face must be found in a frame."""
        return index in self.starts and self.spec.crop.faces == "found"

    def add(self, index: int, pictures: Pictures, face: Face | None) -> None:
        """Cut a frame for every clip that it belongs to."""
        height, width = pictures[RGB].shape[:2]
        self.shape = (height, width)
        if self.spec.crop.faces == "none":
            face = Face((0.0, 0.0, float(width), float(height)), 1.0)
        if face is not None and index in self.starts:
            self.faces[index] = face
        for number, clip in enumerate(self.clips):
            if index in clip and clip[0] in self.faces:
                try:
                    self.cuts[number, index] = self._cut(index, pictures, self.faces[clip[0]])
                except DataError as error:  # only the clips of this frame are lost
                    self.problem = str(error)

    def _cut(self, index: int, pictures: Pictures, face: Face) -> _Cut:
        region, crop = self._region(face), self.spec.crop
        images = {
            view.name: self.rule.cut(pictures[RGB], self._grown(face, view.scale), view.size)
            for view in self.spec.views
        }
        for name in self.spec.modalities:
            if pictures[name].shape[:2] != self.shape:
                height, width = pictures[name].shape[:2]
                raise DataError(
                    f"frame {index}: the {name} picture is {width}x{height}, the {RGB} picture "
                    f"{self.shape[1]}x{self.shape[0]}; modalities are cut alike"
                )
            images[name] = self.rule.cut(pictures[name], region, stored_side(crop.size, crop))
        return _Cut(images, self._maps(index, pictures[RGB], face, region))

    def _maps(self, index: int, frame: NDArray[np.uint8], face: Face, region: Region) -> Pictures:
        maps: dict[str, NDArray[np.uint8]] = {}
        # Depth and mask of equal size come from one source, which may be a slow network.
        made: dict[tuple[int, int], NDArray[np.uint8]] = {}
        for label, source in self.sources.items():
            side = stored_side(label.size, self.spec.crop)
            if source is None:
                maps[label.name] = np.zeros((side, side), np.uint8)
                continue
            key = id(source), side
            if key not in made:
                values = source.crop(index, frame, face, region, side, self.rule)
                made[key] = checked_map(values, label.name, side, index)
            maps[label.name] = made[key]
        return maps

    def _region(self, face: Face) -> Region:
        if self.spec.crop.faces == "none":
            return Region(0, 0, self.shape[1], self.shape[0])
        # The largest crop of the range; smaller ones are cut from it on loading (`load_clip`).
        return self._grown(face, self.spec.crop.scale[1])

    def _grown(self, face: Face, scale: float) -> Region:
        return self.rule.region(face.box, scale, scale, self.shape)

    def finish(self) -> tuple[ClipArrays, int, str]:
        """Return the complete clips, the number left out, and the reason if none is left."""
        whole = [
            (number, clip)
            for number, clip in enumerate(self.clips)
            if all((number, index) in self.cuts for index in clip)
        ]
        left_out = len(self.clips) - len(whole)
        if not whole:
            return no_clips(self.spec), left_out, self._reason()
        faces = [self.faces[clip[0]] for _, clip in whole]
        cuts = [[self.cuts[number, index] for index in clip] for number, clip in whole]
        return (
            ClipArrays(
                {
                    name: _stacked([[cut.images[name] for cut in clip] for clip in cuts])
                    for name in self.spec.images
                },
                {
                    label.name: _stacked([[cut.maps[label.name] for cut in clip] for clip in cuts])
                    for label in self.spec.labels
                },
                np.array([face.box for face in faces], np.float32),
                np.array([self._region(face) for face in faces], np.int32),
                np.array(self.shape, np.int32),
                np.array([clip for _, clip in whole], np.int32),
            ),
            left_out,
            "",
        )

    def _reason(self) -> str:
        if not self.clips:
            span = self.spec.frames.span
            return f"{self.total} frames are too few for a clip that spans {span}"
        if self.faces:
            return self.problem or "decoding stopped before the first clip was complete"
        return f"no face found in {len(self.clips)} frames"


def _stacked(clips: Sequence[Sequence[NDArray[np.uint8]]]) -> NDArray[np.uint8]:
    """Stack the pictures of clips of equal length, (C, T, ...)."""
    every = np.stack([picture for clip in clips for picture in clip])
    return every.reshape(len(clips), -1, *every.shape[1:])
