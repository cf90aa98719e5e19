"""MediaPipe's canonical face: the mesh whose 468 points the landmark model finds."""

from importlib.resources import files
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fasharness.common.array_files import npz_array

_FILE = "canonical_face.npz"


class CanonicalFace(NamedTuple):
    """A triangle mesh: x to the image's right, y up, z towards the camera.

    Attributes:
        vertices: float32 (468, 3) in cm.
        triangles: int64 (898, 3), numbers of the corner points.
    """

    vertices: NDArray[np.float32]
    triangles: NDArray[np.int64]


def canonical_face() -> CanonicalFace:
    """Load the mesh of ``canonical_face.npz``; its source is in ``NOTICE``."""
    content = (files("fasharness.prepare") / _FILE).read_bytes()
    triangles = npz_array(content, "triangles", _FILE)
    return CanonicalFace(npz_array(content, "vertices", _FILE), triangles.astype(np.int64))
