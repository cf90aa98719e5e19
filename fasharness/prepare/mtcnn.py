"""Face detection with MTCNN: image pyramid, proposals, refinement, output, batched in torch.

Zhang, Zhang, Li and Qiao, "Joint Face Detection and Alignment Using Multitask Cascaded
Convolutional Networks", IEEE SPL 2016. Thresholds and post-processing are those of the `mtcnn`
package 1.0.0, whose weights are used, so that both find the same faces.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from fasharness.faces import Face, Frame
from fasharness.prepare.mtcnn_nets import load_networks

Floats: TypeAlias = NDArray[np.float64]

CELL = 12  # side of the proposal network's window, and the smallest usable pyramid level
STRIDE = 2  # of the proposal network's output


class _Candidates(NamedTuple):
    """Boxes that passed a stage of the cascade.

    Attributes:
        image: int64 (N,), the frame each belongs to.
        box: float64 (N, 4), left, top, right, bottom in pixels.
        score: float64 (N,), the probability of a face.
    """

    image: NDArray[np.int64]
    box: Floats
    score: Floats


class MTCNN:
    """Finds faces and five landmarks; deterministic, and the same alone as in a batch.

    Args:
        device: where the networks run, e.g. ``cpu`` or ``cuda``.
        min_face: side in pixels of the smallest face looked for, at least 12. Faces a third
            larger are always found, so the default finds faces from 64 pixels on. The time of
            the proposal stage grows with the inverse square. The `mtcnn` package uses 20.
        scale_factor: ratio of one pyramid level to the one before, in (0, 1).
        thresholds: the least probability that passes proposal, refinement and output.
        batch: frames processed together; bounds the memory.

    Raises:
        ValueError: if an argument is out of range.
        fasharness.errors.WeightsError: if the weights are missing.
    """

    def __init__(
        self,
        device: str = "cpu",
        min_face: int = 48,
        scale_factor: float = 0.709,
        thresholds: tuple[float, float, float] = (0.6, 0.7, 0.8),
        batch: int = 16,
    ) -> None:
        if min_face < CELL:
            raise ValueError(f"min_face must be at least {CELL}, got {min_face}")
        if not 0 < scale_factor < 1:
            raise ValueError(f"scale_factor must be in (0, 1), got {scale_factor}")
        if batch < 1:
            raise ValueError(f"batch must be at least 1, got {batch}")
        self._device = device
        self._min_face = min_face
        self._factor = scale_factor
        self._thresholds = thresholds
        self._batch = batch
        self._nets = load_networks(device)

    def detect(self, frames: Sequence[Frame]) -> list[list[Face]]:
        """Find the faces of each frame.

        Args:
            frames: pictures, uint8 (H, W, 3) RGB; their sizes may differ.

        Returns:
            One list for each frame, sorted by confidence times area, the largest first.

        Raises:
            ValueError: if a frame is not uint8 (H, W, 3).
        """
        for frame in frames:
            _check(frame)
        result: list[list[Face]] = [[] for _ in frames]
        for members in _same_size(frames, self._batch):
            for i, faces in zip(members, self._cascade([frames[i] for i in members]), strict=True):
                result[i] = faces
        return result

    @torch.inference_mode()
    def _cascade(self, frames: Sequence[Frame]) -> list[list[Face]]:
        faces: list[list[Face]] = [[] for _ in frames]
        candidates = self._refine(frames, self._propose(frames))
        if not len(candidates.score):
            return faces
        offsets, points, score = self._run(2, _patches(frames, candidates, 48))
        # Landmarks are relative to the box before its last adjustment, so they are placed first.
        landmarks = _landmarks(points, candidates.box)
        found = _Candidates(candidates.image, _adjusted(candidates.box, offsets), score)
        keep = np.flatnonzero(score > self._thresholds[2])
        keep = keep[_survivors(_pick(found, keep), 0.7, _overlap_of_smaller)]
        for i in keep:
            box = _within(found.box[i], frames[0].shape)
            faces[found.image[i]].append(Face(box, float(score[i]), landmarks[i]))
        return [sorted(group, key=lambda face: -face.weight) for group in faces]

    def _propose(self, frames: Sequence[Frame]) -> _Candidates:
        # In float: on uint8 OpenCV rounds each reduced level, and the scores differ from the
        # package.
        exact = [frame.astype(np.float32) for frame in frames]
        height, width = frames[0].shape[:2]
        levels = []
        for scale in pyramid_scales(height, width, self._min_face, self._factor):
            size = int(width * scale), int(height * scale)
            # INTER_AREA is what the package's tf.image.resize(method=AREA) computes.
            reduced = [cv2.resize(f, size, interpolation=cv2.INTER_AREA) for f in exact]
            offsets, score = self._run(0, np.asarray(np.stack(reduced), np.float32))
            level = _decode_cells(offsets, score, scale, self._thresholds[0])
            levels.append(_pick(level, _survivors(level, 0.5, _intersection_over_union)))
        if not levels:
            return _Candidates(np.empty(0, np.int64), np.empty((0, 4)), np.empty(0))
        merged = _Candidates(*(np.concatenate(parts) for parts in zip(*levels, strict=True)))
        kept = _pick(merged, _survivors(merged, 0.7, _intersection_over_union))
        return kept._replace(box=_squared(kept.box))

    def _refine(self, frames: Sequence[Frame], candidates: _Candidates) -> _Candidates:
        if not len(candidates.score):
            return candidates
        offsets, score = self._run(1, _patches(frames, candidates, 24))
        box = _adjusted(candidates.box, offsets)
        passed = _pick(
            _Candidates(candidates.image, box, score),
            np.flatnonzero(score > self._thresholds[1]),
        )
        kept = _pick(passed, _survivors(passed, 0.7, _intersection_over_union))
        return kept._replace(box=_squared(kept.box))

    def _run(self, stage: int, pictures: NDArray[np.float32]) -> list[Floats]:
        inputs = torch.from_numpy(pictures).to(self._device).permute(0, 3, 1, 2)
        outputs = self._nets[stage]((inputs - 127.5) / 128)
        return [output.double().cpu().numpy() for output in outputs]


def pyramid_scales(height: int, width: int, min_face: int, factor: float) -> list[float]:
    """Return the scales of the image pyramid, so that faces of every size fill the window.

    Args:
        height: of the picture, in pixels.
        width: of the picture, in pixels.
        min_face: side of the smallest face looked for.
        factor: ratio of one scale to the one before, in (0, 1).

    Returns:
        Descending scales; the shorter side is at least 12 pixels at each.
    """
    scales = []
    scale = CELL / min_face
    while int(min(height, width) * scale) >= CELL:
        scales.append(scale)
        scale *= factor
    return scales


def _check(frame: Frame) -> None:
    if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8:
        raise ValueError(f"a frame must be uint8 (H, W, 3), got {frame.dtype} {frame.shape}")


def _same_size(frames: Sequence[Frame], batch: int) -> list[list[int]]:
    # A batch needs one size; the result of a frame does not depend on its batch.
    sizes: dict[tuple[int, ...], list[int]] = {}
    for i, frame in enumerate(frames):
        sizes.setdefault(frame.shape, []).append(i)
    return [m[k : k + batch] for m in sizes.values() for k in range(0, len(m), batch)]


def _decode_cells(offsets: Floats, score: Floats, scale: float, least: float) -> _Candidates:
    image, y, x = np.nonzero(score > least)
    # A window spans the pixels 1 to 12 of its cell, counted as in the authors' MATLAB code.
    window = np.stack([x, y, x, y], 1) * STRIDE + np.array([1, 1, CELL, CELL])
    box = window + (CELL - 1) * offsets.transpose(0, 2, 3, 1)[image, y, x]
    return _Candidates(image, box / scale, score[image, y, x])


def _pick(candidates: _Candidates, index: NDArray[np.int64]) -> _Candidates:
    return _Candidates(candidates.image[index], candidates.box[index], candidates.score[index])


def _intersection_over_union(inter: Floats, a: Floats, b: Floats) -> Floats:
    return inter / (a + b - inter)


def _overlap_of_smaller(inter: Floats, a: Floats, b: Floats) -> Floats:
    return inter / np.minimum(a, b)


def _survivors(
    candidates: _Candidates, most: float, measure: Callable[[Floats, Floats, Floats], Floats]
) -> NDArray[np.int64]:
    """Indices of the boxes that no higher scored box of the same frame overlaps, best first.

    A suppressed box still suppresses others, as in the `mtcnn` package (the paper's greedy rule
    would let a chain of boxes through).
    """
    kept = []
    for image in np.unique(candidates.image):
        mine = np.flatnonzero(candidates.image == image)
        # Stable, so that equal scores keep their order on every machine.
        mine = mine[np.argsort(-candidates.score[mine], kind="stable")]
        overlaps = _pairwise(candidates.box[mine], measure) > most
        kept.append(mine[~np.triu(overlaps, 1).any(0)])
    return np.concatenate(kept) if kept else np.empty(0, np.int64)


def _pairwise(box: Floats, measure: Callable[[Floats, Floats, Floats], Floats]) -> Floats:
    # Without the + 1 of `_adjusted`: the package mixes both conventions, and so do we.
    area = (box[:, 2:] - box[:, :2]).prod(1)
    low = np.maximum(box[:, None, :2], box[None, :, :2])
    high = np.minimum(box[:, None, 2:], box[None, :, 2:])
    return measure(np.maximum(high - low, 0).prod(2), area[:, None], area[None, :])


def _squared(box: Floats) -> Floats:
    size = box[:, 2:] - box[:, :2]
    side = size.max(1, keepdims=True)
    corner = box[:, :2] + size / 2 - side / 2
    return np.concatenate([corner, corner + side], 1)


def _adjusted(box: Floats, offsets: Floats) -> Floats:
    size = box[:, 2:] - box[:, :2] + 1
    # `size` counts inclusive pixels (+ 1), as in the authors' MATLAB code.
    moved: Floats = box + offsets * np.tile(size, 2)
    return moved


def _landmarks(points: Floats, box: Floats) -> Floats:
    size = box[:, 2:] - box[:, :2] + 1
    # Five x, then five y, as shares of the box; - 1 below as in MATLAB, which counts from 1.
    relative = points.reshape(-1, 2, 5).transpose(0, 2, 1)
    placed: Floats = relative * size[:, None] + box[:, None, :2] - 1
    return placed


def _within(box: Floats, shape: tuple[int, ...]) -> tuple[float, float, float, float]:
    limit = [shape[1] - 1, shape[0] - 1]
    left, top, right, bottom = (float(v) for v in np.clip(box, 0, limit * 2))
    return left, top, right - left, bottom - top


def _patches(frames: Sequence[Frame], candidates: _Candidates, side: int) -> NDArray[np.float32]:
    """Sample every box at side x side points, bilinear; mid-grey outside of the frame."""
    patches = np.empty((len(candidates.score), side, side, 3), np.float32)
    for image in np.unique(candidates.image):
        mine = np.flatnonzero(candidates.image == image)
        patches[mine] = _sample(frames[image], candidates.box[mine], side)
    return patches


def _sample(frame: Frame, box: Floats, side: int) -> NDArray[np.float32]:
    height, width = frame.shape[:2]
    # The package divides by the side, and tf.image.crop_and_resize multiplies by side - 1. Taking
    # the pixels directly would be right, but the weights would see other patches.
    x = np.linspace(box[:, 0], box[:, 2], side, axis=1) * ((width - 1) / width)
    y = np.linspace(box[:, 1], box[:, 3], side, axis=1) * ((height - 1) / height)
    inside_x, inside_y = (x >= 0) & (x <= width - 1), (y >= 0) & (y <= height - 1)
    x, y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
    left, top = x.astype(np.int64), y.astype(np.int64)
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    across = (x - left).astype(np.float32)[:, None, :, None]
    down = (y - top).astype(np.float32)[:, :, None, None]
    flat = np.ascontiguousarray(frame).reshape(-1, 3)

    def line(row: NDArray[np.int64]) -> NDArray[np.float32]:
        a, b = (flat[(row * width)[:, :, None] + col[:, None]] for col in (left, right))
        # One of the two as float: the difference of uint8 arrays would wrap around.
        mixed: NDArray[np.float32] = a + across * (b.astype(np.float32) - a)
        return mixed

    above = line(top)
    values = above + down * (line(bottom) - above)
    inside = inside_y[:, :, None, None] & inside_x[:, None, :, None]
    return np.where(inside, values, np.float32(127.5))
