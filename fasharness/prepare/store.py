"""The clip store: prepared face crops and depth on disk under content keys.

A record holds all clips of one presentation under one `ClipSpec`; a single clip is read without
reading the rest. Records lie in packs (`fasharness.prepare.packs`): those of a video in one of its
own, those of many pictures together. The checksums of a pack are compared when it was written or
changed since the last time. Where a specification draws its scale, the largest crop is stored and
the drawn one is cut from it when a clip is loaded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fasharness.clips import ClipSpec, Crop
from fasharness.data import Clip, Presentation
from fasharness.prepare.encoding import RAW, Encoding, decoded, encoded
from fasharness.prepare.index import Index, Row
from fasharness.prepare.packs import Found, Place, Tag, opened, pack_name, record, write

if TYPE_CHECKING:
    from fasharness.faces import CropRule


@dataclass(frozen=True, slots=True)
class StoredClips:
    """What is stored of one presentation under one specification.

    Attributes:
        presentation: id of the presentation.
        key: content key; empty where nothing is stored.
        place: where the record is.
        clips: number of clips; 0 when the preparation failed.
        frames: number of face crops.
        left_out: clips left out because their first frame shows no face or they lack depth.
        failure: why there is no clip; empty when there is one.
    """

    presentation: str
    key: str
    place: Place
    clips: int
    frames: int
    left_out: int
    failure: str


def failed(presentation: str, reason: str) -> StoredClips:
    """Nothing stored, for a reason that may be mended."""
    return StoredClips(presentation, "", Place(Path(), 0), 0, 0, 0, reason)


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

    def tensors(self, encoding: Encoding = RAW) -> dict[str, NDArray[Any]]:
        """Every array under its name in the record."""
        found: dict[str, NDArray[Any]] = {}
        for name, images in self.images.items():
            found |= encoded(f"image/{name}", images, encoding)
        found |= {f"map/{name}": array for name, array in self.maps.items()}
        found |= {"box": self.box, "region": self.region}
        found |= {"shape": self.shape, "numbers": self.numbers}
        return found


_PACK_SIZE = 64 << 20  # bytes after which a pack is written


def stored_side(side: int, crop: Crop) -> int:
    """Side of a stored crop: large enough that the smallest drawn crop has `side` pixels."""
    return round(side * crop.margin)


class Packer:
    """Gathers records and writes them as packs; what was not written yet is lost with the process.

    Args:
        index: of the store.

    Attributes:
        places: key to the place of each record that was written.
    """

    def __init__(self, index: Index) -> None:
        self.index = index
        self.places: dict[str, Place] = {}
        self._waiting: list[tuple[Tag, bytes]] = []

    def add(self, tag: Tag, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Add a record; a pack is written when enough of them wait."""
        self._waiting.append((tag, record(tag, arrays)))
        if sum(len(content) for _, content in self._waiting) >= _PACK_SIZE:
            self.flush()

    def flush(self) -> None:
        """Write what waits as one pack, and enter it into the index in one transaction."""
        if not self._waiting:
            return
        tags = [tag for tag, _ in self._waiting]
        path = self.index.pack(pack_name([tag.key for tag in tags]))
        starts = write(path, [content for _, content in self._waiting])
        self._waiting = []
        self.index.register(path, [Found(*each) for each in zip(tags, starts, strict=True)])
        self.places |= {tag.key: Place(path, at) for tag, at in zip(tags, starts, strict=True)}

    def stored(self, clips: StoredClips) -> StoredClips:
        """Clips that were added, with their place, once they are written."""
        return replace(clips, place=self.places[clips.key]) if clips.key else clips


class ClipStore:
    """Prepared clips in a folder.

    Args:
        root: the folder; created when something is written.
        encoding: how pictures are stored from now on; any is read.
    """

    def __init__(self, root: Path, encoding: Encoding = RAW) -> None:
        self.root = root
        self.encoding: Encoding = encoding
        self.index = Index(root)

    @property
    def damaged(self) -> list[Path]:
        """Packs that were found damaged, under the names that they were given."""
        return self.index.damaged

    def older(self) -> list[Path]:
        """Files in the format of earlier versions, which are neither read nor removed."""
        names = ("[0-9a-f]" * 2 + "/*", "files.json")
        return [path for name in names for path in sorted(self.root.glob(name))]

    def packs(self) -> list[Path]:
        """Every pack, in the order of their names."""
        return self.index.packs()

    def remove(self, pack: Path) -> None:
        """Remove a pack; its clips are prepared again when they are wanted."""
        self.index.remove(pack)

    def packer(self) -> Packer:
        """Return what writes into this store."""
        return Packer(self.index)

    def look_up(self, keys: Sequence[str]) -> dict[str, StoredClips]:
        """Return what is stored under each of some keys, as far as it is and is not damaged."""
        return {row.tag.key: _stored(row) for row in self.index.look_up(keys)}

    def add(
        self,
        packer: Packer,
        key: str,
        presentation: str,
        arrays: ClipArrays,
        left_out: int,
        failure: str = "",
    ) -> StoredClips:
        """Add the clips of a presentation, or the reason why there are none, to a pack.

        Returns:
            The clips without their place; see `Packer.stored`.
        """
        clips, length = arrays.numbers.shape
        facts = {
            "clips": clips,
            "frames": clips * length,
            "left_out": left_out,
            "failure": failure,
        }
        packer.add(Tag(key, presentation, "", facts), arrays.tensors(self.encoding))
        return StoredClips(presentation, key, Place(Path(), 0), **facts)

    def write(
        self, key: str, presentation: str, arrays: ClipArrays, left_out: int, failure: str = ""
    ) -> StoredClips:
        """Store the clips of one presentation in a pack of their own; see `add`."""
        packer = self.packer()
        added = self.add(packer, key, presentation, arrays, left_out, failure)
        packer.flush()
        return packer.stored(added)


def _stored(row: Row) -> StoredClips:
    facts = row.tag.facts or {}
    return StoredClips(row.tag.presentation, row.tag.key, row.place, **facts)


def no_clips(spec: ClipSpec) -> ClipArrays:
    """Arrays of a presentation that gave no clip."""
    length, side = spec.frames.length, stored_side(spec.crop.size, spec.crop)
    maps = {label.name: stored_side(label.size, spec.crop) for label in spec.labels}
    images = dict.fromkeys(spec.modalities, side) | {view.name: view.size for view in spec.views}
    return ClipArrays(
        {name: np.zeros((0, length, side, side, 3), np.uint8) for name, side in images.items()},
        {name: np.zeros((0, length, side, side), np.uint8) for name, side in maps.items()},
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
        DataError: the stored record is gone or damaged.
    """
    with opened(stored.place, stored.key) as found:
        images = {name: decoded(found, f"image/{name}", index) for name in spec.images}
        maps = {label: found.item(f"map/{label.name}", index) for label in spec.labels}
        if spec.crop.margin > 1:
            box, region = (found.item(name, index) for name in ("box", "region"))
            drawn = _draw(box, found.array("shape"), spec.crop, rule, rng)
            # Views have a fixed scale of their own.
            images |= {
                name: _cut(images[name], region, drawn, spec.crop.size, rule)
                for name in spec.modalities
            }
            maps = {
                label: _cut(map_, region, drawn, label.size, rule) for label, map_ in maps.items()
            }
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
