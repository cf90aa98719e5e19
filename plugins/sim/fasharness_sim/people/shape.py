"""The shape of a head: scanned people's heads as a mean and its main directions of change."""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fasharness_sim.fields import F32, archive, f32

Ints = NDArray[np.int64]
_MILLI = 1000.0  # the file keeps the mean in thousandths of a cm
_FARTHEST = 2.2  # standard deviations
_SPREAD = 1.25  # so few users are to differ as many people do


class Model(NamedTuple):
    """What ``assets/heads.npz`` holds, in cm, in the frame of MediaPipe's canonical face.

    ``mean`` float32 (N, 3) · ``modes`` (M, N, 3): one standard deviation each · ``polygons`` int
    (Q, 4) · ``corners`` int (468, 3), ``weights`` float32 (468, 3): where the canonical face's
    vertices lie on the head, on which triangle and where in it.
    """

    mean: F32
    modes: F32
    polygons: Ints
    corners: Ints
    weights: F32


class Shape(NamedTuple):
    """One head: vertices float32 (N, 3) in cm, x to the image's right, y up, z to the camera.

    ``points``: float32 (468, 3), the vertices of MediaPipe's face mesh on it.
    """

    vertices: F32
    points: F32


@cache
def model() -> Model:
    """Load the model that ``bake/heads.py`` made of ICT-FaceKit.

    Source: Li et al., "Learning Formation of Physically-Based Face Attributes", CVPR 2020.
    """
    data = archive("heads.npz")
    return Model(
        mean=f32(data["mean"] / _MILLI),
        modes=f32(data["modes"] * data["step"][:, None, None]),
        polygons=data["polygons"].astype(np.int64),
        corners=data["corners"].astype(np.int64),
        weights=f32(data["weights"]),
    )


def draw(rng: np.random.Generator) -> Shape:
    """Draw a head as people's heads vary: normal weights of the modes, none of them extreme.

    Args:
        rng: the stream of a person.

    Returns:
        The shape.
    """
    m = model()
    # The spread was raised until 55 users were as far apart as `validity.identity` asks for.
    weights = _SPREAD * np.clip(rng.standard_normal(len(m.modes)), -_FARTHEST, _FARTHEST)
    vertices = f32(m.mean + np.tensordot(f32(weights), m.modes, 1))
    return Shape(vertices, f32((vertices[m.corners] * m.weights[..., None]).sum(1)))
