"""Whether a face detector finds the true face: MTCNN on some frames of each video."""

from functools import lru_cache

import numpy as np

from fasharness.faces import Box, Detector
from fasharness_sim.validity.video import Floats, Video

BONA_FIDE_FRAMES, ATTACK_FRAMES = 6, 2


def measure(video: Video) -> Floats:
    """Compare the detector's main face with the true one.

    Args:
        video: the video.

    Returns:
        float64 (K, 2): overlap (intersection over union, 0 where no face is found) and number of
        faces found in each looked-at frame.
    """
    wanted = BONA_FIDE_FRAMES if video.presentation.bona_fide else ATTACK_FRAMES
    numbers = video.some(wanted)
    found = _detector().detect([video.frames[number] for number in numbers])
    return np.array(
        [
            (overlap(faces[0].box, video.truths[number]) if faces else 0.0, len(faces))
            for number, faces in zip(numbers, found, strict=True)
        ]
    )


# One for each process, not one for each video: its weights are read once.
@lru_cache(maxsize=1)
def _detector() -> Detector:
    from fasharness.prepare.mtcnn import MTCNN

    return MTCNN()


def overlap(first: Box, second: Box) -> float:
    """Intersection over union of two boxes.

    Args:
        first: x, y, width, height.
        second: likewise.

    Returns:
        A share in [0, 1].

    >>> overlap((0, 0, 2, 2), (1, 0, 2, 2))
    0.3333333333333333
    """
    wide = min(first[0] + first[2], second[0] + second[2]) - max(first[0], second[0])
    high = min(first[1] + first[3], second[1] + second[3]) - max(first[1], second[1])
    common = max(wide, 0.0) * max(high, 0.0)
    return common / (first[2] * first[3] + second[2] * second[3] - common)
