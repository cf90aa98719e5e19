"""Image-quality features of a video's faces."""

import numpy as np

from fasharness_baselines.image_quality import features
from fasharness_sim.validity.video import Floats, Video, cut

FRAMES = 8


def measure(video: Video) -> Floats:
    """Average the features of some frames' faces.

    Args:
        video: the video.

    Returns:
        float64 (137,), see `fasharness_baselines.image_quality.features`.
    """
    faces = [cut(video.frames[n], video.faces[n].box) for n in video.some(FRAMES)]
    found = [features(np.ascontiguousarray(face)) for face in faces]
    return np.asarray(np.mean(found, axis=0))
