"""The clip store: prepared face crops and depth on disk under content keys.

One safetensors file holds all clips of one presentation under one `ClipSpec`; a single clip is
read without reading the rest. A file is written completely or not at all, and its checksum is
compared once in every run. Where a specification draws its scale, the largest crop is stored and
the drawn one is cut from it when a clip is loaded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from fasharness.clips import ClipSpec, Crop
from fasharness.common.files import write_bytes
from fasharness.common.sealed import check_seal, seal
from fasharness.data import Clip, Presentation
from fasharness.errors import DataError

if TYPE_CHECKING:
    from fasharness.faces import CropRule


@dataclass(frozen=True, slots=True)
class StoredClips:
    """What is stored of one presentation under one specification.

    Attributes:
        presentation: id of the presentation.
        path: the store's file.
        clips: number of clips; 0 when the preparation failed.
        frames: number of face crops.
        left_out: clips left out because their first frame shows no face or they lack depth.
        failure: why there is no clip; empty when there is one.
    """

    presentation: str
    path: Path
    clips: int
    frames: int
    left_out: int
    failure: str


class ClipArrays(NamedTuple):
    """Clips of one presentation as they are stored.

    Attributes:
        images: modality to uint8 (C, T, S, S, 3), RGB, the largest crop of the specification.
        maps: label to uint8 (C, T, D, D): 0..255; of ``mask`` the depth whose face it is.
        box: float32 (C, 4), the face box (x, y, w, h) in pixels of the source.
        region: int32 (C, 4), the stored crop (x0, y0, x1, y1) in pixels of the source.
        shape: int32 (2,), height and width of the source.
        numbers: int32 (C, T), frame numbers from 0.
    """

    images: Mapping[str, NDArray[np.uint8]]
    maps: Mapping[str, NDArray[np.uint8]]
    box: NDArray[np.float32]
    region: NDArray[np.int32]
    shape: NDArray[np.int32]
    numbers: NDArray[np.int32]

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Every array under its name in the file."""
        found: dict[str, NDArray[Any]] = {f"image/{k}": v for k, v in self.images.items()}
        found |= {f"map/{name}": array for name, array in self.maps.items()}
        found |= {"box": self.box, "region": self.region}
        found |= {"shape": self.shape, "numbers": self.numbers}
        return found


def stored_side(side: int, crop: Crop) -> int:
    """Side of a stored crop: large enough that the smallest drawn crop has `side` pixels."""
    return round(side * crop.margin)


class ClipStore:
    """Prepared clips in a folder.

    Args:
        root: the folder; created when something is written.

    Attributes:
        damaged: files that `look_up` found damaged, under the names that it gave them.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.damaged: list[Path] = []

    @staticmethod
    def _set_aside(path: Path) -> Path:
        """Rename a damaged file, so that it can be looked at and is never read as clips."""
        aside = path.with_suffix(".damaged")
        path.replace(aside)
        return aside

    def path(self, key: str) -> Path:
        """File of a content key."""
        return self.root / key[:2] / f"{key}.safetensors"

    def look_up(self, key: str, presentation: str) -> StoredClips | None:
        """Return what is stored under a key, None if nothing is or the file is damaged."""
        path = self.path(key)
        if not path.is_file():
            return None
        try:
            check_seal(path)
            with safe_open(path, framework="numpy") as file:
                meta = json.loads(file.metadata()["fasharness"])
            facts = [meta[name] for name in ("clips", "frames", "left_out", "failure")]
            if meta["key"] != key:
                raise DataError(f"{path}: holds other clips than its name says")
        # A damaged file counts as missing: its clips are prepared again.
        except (OSError, SafetensorError, TypeError, KeyError, ValueError, DataError):
            self.damaged.append(self._set_aside(path))
            return None
        return StoredClips(presentation, path, *facts)

    def write(
        self, key: str, presentation: str, arrays: ClipArrays, left_out: int, failure: str = ""
    ) -> StoredClips:
        """Store the clips of a presentation, or the reason why there are none."""
        clips, length = arrays.numbers.shape
        meta = {
            "key": key,
            "clips": clips,
            "frames": clips * length,
            "left_out": left_out,
            "failure": failure,
        }
        ready = {name: np.ascontiguousarray(a) for name, a in arrays.tensors().items()}
        # safetensors' own writer raises no OSError on a full disk, which the command line reports.
        content = save(ready, metadata={"fasharness": json.dumps(meta, sort_keys=True)})
        write_bytes(self.path(key), seal(content))
        return StoredClips(presentation, self.path(key), clips, clips * length, left_out, failure)


def no_clips(spec: ClipSpec) -> ClipArrays:
    """Arrays of a presentation that gave no clip."""
    length, side = spec.frames.length, stored_side(spec.crop.size, spec.crop)
    sides = {label.name: stored_side(label.size, spec.crop) for label in spec.labels}
    return ClipArrays(
        {name: np.zeros((0, length, side, side, 3), np.uint8) for name in spec.modalities},
        {name: np.zeros((0, length, side, side), np.uint8) for name, side in sides.items()},
        np.zeros((0, 4), np.float32),
        np.zeros((0, 4), np.int32),
        np.zeros(2, np.int32),
        np.zeros((0, length), np.int32),
    )


def load_clip(
    stored: StoredClips,
    index: int,
    presentation: Presentation,
    spec: ClipSpec,
    rule: CropRule,
    rng: np.random.Generator | None = None,
) -> Clip:
    """Read one clip, with its scale drawn from the specification's range.

    Args:
        stored: the stored clips of the presentation.
        index: number of the clip, from 0.
        presentation: what is shown.
        spec: the specification that the clips were stored under.
        rule: the crop rule of the specification.
        rng: draws the scale; None uses the middle of the range.

    Raises:
        DataError: the stored file is gone or damaged.
    """
    try:
        with safe_open(stored.path, framework="numpy") as file:
            images = {m: file.get_slice(f"image/{m}")[index] for m in spec.modalities}
            maps = {label: file.get_slice(f"map/{label.name}")[index] for label in spec.labels}
            if spec.crop.margin > 1:
                box, region = (file.get_slice(name)[index] for name in ("box", "region"))
                drawn = _draw(box, file.get_tensor("shape"), spec.crop, rule, rng)
                images = {
                    name: _cut(image, region, drawn, spec.crop.size, rule)
                    for name, image in images.items()
                }
                maps = {
                    label: _cut(map_, region, drawn, label.size, rule)
                    for label, map_ in maps.items()
                }
    except (OSError, SafetensorError) as error:
        raise DataError(f"{stored.path}: damaged clip store: {error}; delete the file") from None
    return Clip(
        presentation, images, {label.name: _values(label.name, m) for label, m in maps.items()}
    )


def _values(label: str, stored: NDArray[np.uint8]) -> NDArray[Any]:
    """A label as methods get it: a mask bool, any other float32 in [0, 1]."""
    return stored > 0 if label == "mask" else stored.astype(np.float32) / 255


def _draw(
    box: NDArray[np.float32],
    shape: NDArray[np.int32],
    crop: Crop,
    rule: CropRule,
    rng: np.random.Generator | None,
) -> tuple[int, int, int, int]:
    """Region in source pixels for drawn factors."""
    x, y = crop.factors(rng)
    left, top, width, height = map(float, box)
    return rule.region((left, top, width, height), x, y, (int(shape[0]), int(shape[1])))


def _cut(
    images: NDArray[np.uint8],
    region: NDArray[np.int32],
    drawn: tuple[int, int, int, int],
    size: int,
    rule: CropRule,
) -> NDArray[np.uint8]:
    """Cut a drawn region out of stored crops and resize it."""
    side = images.shape[1]
    x0, y0, x1, y1 = map(int, region)
    x, y = side / max(1, x1 - x0), side / max(1, y1 - y0)
    left, right = _span((drawn[0] - x0) * x, (drawn[2] - x0) * x, side)
    top, bottom = _span((drawn[1] - y0) * y, (drawn[3] - y0) * y, side)
    return np.stack([rule.resize(image[top:bottom, left:right], size) for image in images])


def _span(low: float, high: float, side: int) -> tuple[int, int]:
    """Whole pixels of a span, inside the image and at least one wide."""
    # A tiny face can round to an empty span, which resizing refuses.
    first = min(max(round(low), 0), side - 1)
    return first, max(first + 1, min(round(high), side))
