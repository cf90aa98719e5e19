"""Whether persons of different splits are different persons: signatures and nearest neighbours."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from fasharness_sim.validity.texture import FRAMES, face_crop
from fasharness_sim.validity.video import Floats, Video

_SIDE = 48
_LUMA_SCALE, _CHROMA_SCALE = 1.5, 4.5
_CHROMA_WEIGHT = 0.5
_FAINT = 4.0


def measure(video: Video) -> Floats:
    """Sign a video by the mean of its faces.

    Args:
        video: the video.

    Returns:
        float64 (6912,) of length 1: the fine detail of luma with its local contrast taken out,
        and of both chroma planes, at 48 x 48, so that light matters little.
    """
    # The box follows from the annotated eyes, so features of all crops fall on each other.
    crops = [face_crop(video, number, _SIDE) for number in video.some(FRAMES)]
    mean = np.asarray(np.mean(crops, axis=0) / 255, np.float32)
    luma, *chroma = cv2.split(255 * cv2.cvtColor(mean, cv2.COLOR_RGB2YCrCb))
    detail = luma - cv2.GaussianBlur(luma, (0, 0), _LUMA_SCALE)
    contrast = np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), _LUMA_SCALE)) + _FAINT
    # Divided by the local contrast, or strong light would weigh more than the person.
    planes = [_unit(_flat(detail / contrast))]
    for plane in chroma:
        tint = plane - cv2.GaussianBlur(plane, (0, 0), _CHROMA_SCALE)
        planes.append(_CHROMA_WEIGHT * _unit(_flat(tint)))
    return _unit(np.concatenate(planes))


def _flat(plane: NDArray[np.generic]) -> Floats:
    return np.asarray(plane, np.float64).ravel()


def _unit(vector: Floats) -> Floats:
    centred = vector - vector.mean()
    return np.asarray(centred / max(float(np.linalg.norm(centred)), 1e-12))


class Pair(NamedTuple):
    """Two persons of different splits and how far their signatures are apart (0 to 2)."""

    first: str
    second: str
    distance: float


class Neighbours(NamedTuple):
    """Distances within and between persons.

    Attributes:
        within: float64 (P,): between the two halves of each person's videos, of those persons who
            have two videos at least.
        pairs: persons of different splits, the nearest first.
    """

    within: Floats
    pairs: tuple[Pair, ...]


def neighbours(
    signatures: Mapping[str, Sequence[NDArray[np.floating]]], splits: Mapping[str, str]
) -> Neighbours:
    """Compare persons.

    Args:
        signatures: the signatures of each person's videos.
        splits: each person's split.

    Returns:
        Distances of mean signatures, 1 minus the correlation.
    """
    several = [found for found in signatures.values() if len(found) > 1]
    # Every other video, so that both halves have all sessions and phones where there are many.
    within = [float(1 - _mean(found[::2]) @ _mean(found[1::2])) for found in several]
    names = sorted(signatures)
    means = np.stack([_mean(signatures[name]) for name in names])
    apart = 1 - means @ means.T
    pairs = [
        Pair(a, b, float(apart[i, j]))
        for i, a in enumerate(names)
        for j, b in enumerate(names[:i])
        if splits[a] != splits[b]
    ]
    return Neighbours(np.array(within), tuple(sorted(pairs, key=lambda pair: pair.distance)))


def _mean(found: Sequence[NDArray[np.floating]]) -> Floats:
    return _unit(np.mean(found, axis=0, dtype=np.float64))
