"""Forged videos: another face or expression blended into a stored one, as known methods leave it.

What each leaves behind follows Rossler et al., "FaceForensics++", ICCV 2019, section 3, and the
papers of the methods; how strongly is chosen so that it is still visible in these small frames.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np

from fasharness_sim.fields import F32, U8, blur, f32

_FACE, _MOUTH = (*range(17), *range(26, 16, -1)), (*range(3, 14), 35, 33, 31)
_INNER = slice(17, 68)  # landmarks by which faces are laid over each other


@dataclass(frozen=True)
class Method:
    """What one method puts on a face, and the traces that it leaves.

    Attributes:
        swaps: whether the face is another person's; else the own one with another expression.
        mouth: whether only mouth and chin are replaced.
        detail: share of the resolution that the new face keeps.
        feather: width of the seam as a share of the distance between the eyes.
        adapted: share of the difference in colour that is taken away.
        shift: usual error of what is left, as a share of full scale.
        jitter: usual error of the place in one frame, as a share of the distance between the eyes.
    """

    swaps: bool
    mouth: bool
    detail: float
    feather: float
    adapted: float
    shift: float
    jitter: float


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        # an autoencoder of 64 pixels whose result is enlarged and blended softly
        "Deepfakes": Method(True, False, 0.4, 0.16, 0.75, 0.02, 0.02),
        # a fitted model drawn again with another expression
        "Face2Face": Method(False, False, 0.7, 0.05, 0.9, 0.015, 0.012),
        # a textured model with colours corrected as a whole, and a hard edge
        "FaceSwap": Method(True, False, 0.9, 0.02, 0.6, 0.03, 0.03),
        # a network draws the region of the mouth again
        "NeuralTextures": Method(False, True, 0.55, 0.1, 0.95, 0.01, 0.01),
        # two stages at a high resolution
        "FaceShifter": Method(True, False, 0.85, 0.12, 0.9, 0.01, 0.006),
        # a newer autoencoder of 256 pixels
        "DeepFakeDetection": Method(True, False, 0.6, 0.12, 0.85, 0.015, 0.012),
    }
)


@dataclass(frozen=True)
class Face:
    """A stored video of a face: uint8 frames (H, W, 3) and float32 marks (F, 104, 2) in pixels."""

    frames: Sequence[U8]
    marks: F32


def forge(onto: Face, face: Face, method: Method, rng: np.random.Generator) -> list[U8]:
    """Put a face on another video.

    Args:
        onto: the video that is changed.
        face: whose face is put there; a video of as many frames and the same size.
        method: how.
        rng: the stream of errors.

    Returns:
        The changed frames.
    """
    left = rng.normal(0, method.shift * 255, 3)
    frames = []
    for frame, other, marks, own in zip(
        onto.frames, face.frames, onto.marks, face.marks, strict=True
    ):
        apart = float(np.linalg.norm(marks[36:42].mean(0) - marks[42:48].mean(0)))
        slip = f32(rng.normal(0, method.jitter * apart, 2))
        laid = _laid(other, own[_INNER], marks[_INNER], slip)
        cover = _region(marks, method, apart, frame.shape[:2])
        laid = _adapted(_coarse(laid, method.detail), f32(frame), cover, method, f32(left))
        mixed = frame + (laid - frame) * cover[..., None]
        frames.append(np.clip(np.rint(mixed), 0, 255).astype(np.uint8))
    return frames


def _laid(picture: U8, points: F32, target: F32, slip: F32) -> F32:
    """Move, turn and scale a picture so that its points lie on a target's, but for an error."""
    a, b = points - points.mean(0), target - target.mean(0)
    # The similarity with the least squared error, with points as complex numbers.
    p, q = a[:, 0] + 1j * a[:, 1], b[:, 0] + 1j * b[:, 1]
    turn = complex((p.conj() @ q) / (p.conj() @ p))
    linear = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])
    shift = target.mean(0) - linear @ points.mean(0) + slip
    size = picture.shape[1::-1]
    way = np.column_stack([linear, shift])
    moved = cv2.warpAffine(picture, way, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return f32(moved)


def _region(marks: F32, method: Method, apart: float, shape: tuple[int, ...]) -> F32:
    """Return how much of each pixel is replaced, float32 (H, W)."""
    corners = marks[list(_MOUTH if method.mouth else _FACE)]
    cover = np.zeros(shape, np.float32)
    cv2.fillPoly(cover, [np.rint(16 * corners).astype(np.int32)], 1.0, cv2.LINE_AA, 4)
    wide = method.feather * apart
    # Drawn in by half the seam, so that what is replaced stays inside the face.
    kernel = np.ones((2 * round(wide / 2) + 1,) * 2, np.uint8)
    return blur(f32(cv2.erode(cover, kernel)), max(wide / 2, 0.3))


def _coarse(picture: F32, detail: float) -> F32:
    """Lose resolution, as a network of few pixels does."""
    size = picture.shape[1::-1]
    small = tuple(max(round(side * detail), 8) for side in size)
    shrunk = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
    return f32(cv2.resize(shrunk, size, interpolation=cv2.INTER_CUBIC))


def _adapted(laid: F32, frame: F32, cover: F32, method: Method, left: F32) -> F32:
    """Bring the mean colour of a face near to that of the one below, but for an error."""
    weight = cover[..., None] / max(float(cover.sum()), 1.0)
    gap = ((frame - laid) * weight).sum((0, 1))
    return f32(laid + method.adapted * gap + left)
