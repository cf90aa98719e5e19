"""MediaPipe's canonical face: the mesh whose 468 points the landmark model finds."""

from importlib.resources import as_file, files
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


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
    with (
        as_file(files("fasharness.prepare") / "canonical_face.npz") as file,
        np.load(file, allow_pickle=False) as archive,
    ):
        return CanonicalFace(archive["vertices"], archive["triangles"].astype(np.int64))
