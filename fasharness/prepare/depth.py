"""Face depth for the crops of a presentation, from files beside it or from an estimator."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fasharness.common.array_files import MOST_ARRAY, npz_array
from fasharness.common.formats import file_bytes
from fasharness.common.places import inside
from fasharness.errors import DataError
from fasharness.faces import CropRule, Face, Frame, Region
from fasharness.prepare.images import read_grey


class ExactDepth:
    """Exact depth from the file that the simulator writes beside a video.

    Args:
        path: ``NAME.depth.npz`` with an array ``depth``, uint8 (F, h, w): 0 = no face, 1 to 255
            from the farthest to the nearest point of the face, at any resolution.

    Raises:
        DataError: if the file is missing or holds something else.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        what = f"{path}: no readable depth maps"
        try:
            content = file_bytes(path, MOST_ARRAY)
        except DataError as error:
            raise DataError(f"no readable depth maps: {error}") from error
        self._maps = npz_array(content, "depth", what)
        if self._maps.ndim != 3 or self._maps.dtype != np.uint8:
            raise DataError(
                f"{path}: depth must be uint8 (F, h, w), got {self._maps.dtype} {self._maps.shape}"
            )

    def crop(
        self, index: int, frame: Frame, face: Face, region: Region, side: int, rule: CropRule
    ) -> NDArray[np.float32]:
        """Cut the depth of a frame; see `DepthSource.crop`."""
        del face
        if not 0 <= index < len(self._maps):
            raise DataError(f"{self._path}: no depth for frame {index}, only {len(self._maps)}")
        (height, width), (h, w) = frame.shape[:2], self._maps.shape[1:]
        # Of any resolution, but of the frame's proportions, up to a rounded side.
        if abs(h * width - w * height) >= max(height, width):
            raise _other_shape(self._path, (h, w), frame)
        return _cut(self._maps[index], frame, region, side, rule)


class DepthMapFolder:
    """Published depth maps, e.g. PRNet's: ``FOLDER/NAME/NAME_001_depth1D.jpg`` and so on.

    Args:
        folder: contains one folder for each presentation.
        name: name of the presentation; its first frame has number 1 in the file names.

    Raises:
        DataError: if there is no folder for the presentation.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = inside(folder, name, "id of a presentation")
        self._name = name
        if not self._folder.is_dir():
            raise DataError(f"{self._folder}: no folder of depth maps for {name}")

    def path(self, index: int) -> Path:
        """Path of a frame's map.

        Args:
            index: number of the frame, from 0.

        Returns:
            The path; the file may be missing.
        """
        return self._folder / f"{self._name}_{index + 1:03d}_depth1D.jpg"

    def crop(
        self, index: int, frame: Frame, face: Face, region: Region, side: int, rule: CropRule
    ) -> NDArray[np.float32]:
        """Cut the map of a frame, grey 0 to 255; see `DepthSource.crop`."""
        del face
        path = self.path(index)
        if not path.exists():
            raise DataError(f"{path}: no depth map of frame {index}")
        grey = read_grey(path)
        # Published maps were made from the frames; one of another shape shows another part.
        if grey.shape != frame.shape[:2]:
            raise _other_shape(path, grey.shape, frame)
        return _cut(grey, frame, region, side, rule)


def _other_shape(path: Path, shape: Sequence[int], frame: Frame) -> DataError:
    (height, width), (h, w) = frame.shape[:2], shape
    return DataError(f"{path}: a depth map of {w}x{h} does not fit the frame of {width}x{height}")


def _cut(
    depth: NDArray[np.uint8], frame: Frame, region: Region, side: int, rule: CropRule
) -> NDArray[np.float32]:
    height, width = frame.shape[:2]
    if depth.shape != (height, width):
        # Nearest: interpolation would blend face and background into a depth that exists nowhere.
        depth = np.asarray(cv2.resize(depth, (width, height), interpolation=cv2.INTER_NEAREST))
    # Cut by the rule of the picture, so that depth and pixels stay aligned. Where the rule is
    # bicubic, ringing beside the face counts as face (> 0), as in the published labels.
    return rule.cut(depth, region, side).astype(np.float32) / np.float32(255)
