"""Camera, pose and light: what people, rooms and captures share."""

from dataclasses import dataclass

import numpy as np

from fasharness_sim.fields import F32, f32


@dataclass(frozen=True)
class Lens:
    """A pinhole: focal length in pixels, frame width and height in pixels (multiples of 4)."""

    focal: float
    width: int
    height: int


@dataclass(frozen=True)
class Pose:
    """A head at one moment: angles in radians, place in cm (z: distance), blink and talk 0..1."""

    yaw: float
    pitch: float
    roll: float
    x: float
    y: float
    z: float
    blink: float = 0.0
    talk: float = 0.0


@dataclass(frozen=True)
class Lighting:
    """The light of a scene, linear RGB: directions (L, 3) towards the lights, colours (L, 3).

    The first light throws shadows; ``sky`` and ``ground`` (3,) fill from above and below.
    """

    directions: F32
    colours: F32
    sky: F32
    ground: F32


def rotation(pose: Pose) -> F32:
    """Return the rotation (3, 3) from head to camera axes: yaw first, then pitch, then roll."""
    (cy, sy), (cp, sp), (cr, sr) = (
        (np.cos(a), np.sin(a)) for a in (pose.yaw, pose.pitch, pose.roll)
    )
    yaw = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    pitch = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    roll = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return f32(roll @ pitch @ yaw)


def project(points: F32, pose: Pose, lens: Lens) -> F32:
    """Project head points (N, 3) in cm to pixels (N, 2)."""
    p = points @ rotation(pose).T + f32([pose.x, pose.y, -pose.z])
    # The camera looks along -z, so p[:, 2] is negative; rows count downwards.
    u = lens.width / 2 - lens.focal * p[:, 0] / p[:, 2]
    v = lens.height / 2 + lens.focal * p[:, 1] / p[:, 2]
    return f32(np.stack([u, v], -1))
