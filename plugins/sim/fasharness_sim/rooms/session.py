"""Sessions: where the light comes from and what kind of room it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from fasharness_sim.fields import F32, f32, linear
from fasharness_sim.optics import Lighting


@dataclass(frozen=True)
class Session:
    """One of the three sessions: where the light comes from and what the room looks like.

    ``key``, ``fill``: azimuth, elevation (degrees), temperature (K) and strength of two lights;
    ``ambient``: temperature and strength of the light from everywhere; ``walls``: sRGB, (N, 3);
    ``room``: a key of ``furniture.FURNITURE``; ``brightness`` of the room beside the face's.
    """

    key: tuple[float, float, float, float]
    fill: tuple[float, float, float, float]
    ambient: tuple[float, float]
    walls: F32
    room: str
    brightness: float


SESSIONS: Mapping[int, Session] = MappingProxyType(
    {
        1: Session(
            key=(-50, 25, 6300, 1.0),
            fill=(60, 40, 4800, 0.45),
            ambient=(5800, 0.55),
            walls=f32([[0.8, 0.82, 0.84], [0.62, 0.66, 0.7], [0.5, 0.46, 0.4], [0.9, 0.93, 0.95]]),
            room="office",
            brightness=0.85,
        ),
        2: Session(
            key=(15, 62, 3700, 0.9),
            fill=(-65, 30, 3900, 0.5),
            ambient=(3900, 0.5),
            walls=f32([[0.66, 0.6, 0.5], [0.56, 0.48, 0.4], [0.74, 0.7, 0.62], [0.46, 0.47, 0.5]]),
            room="home",
            brightness=0.46,
        ),
        3: Session(
            key=(42, 18, 4700, 1.15),
            fill=(-35, 50, 5200, 0.35),
            ambient=(4600, 0.4),
            walls=f32(
                [[0.72, 0.73, 0.68], [0.6, 0.64, 0.66], [0.52, 0.6, 0.55], [0.8, 0.78, 0.72]]
            ),
            room="hall",
            brightness=0.8,
        ),
    }
)


def temperature(kelvin: float) -> F32:
    """Return the linear RGB of a black body, green = 1 (after Tanner Helland's fit).

    Args:
        kelvin: 2000..6600.

    Returns:
        float32 (3,).
    """
    t = kelvin / 100
    green = (99.4708 * np.log(t) - 161.1196) / 255
    blue = (138.5177 * np.log(t - 10) - 305.0448) / 255
    # In this fit red is full up to 6600 K only, hence the range of the argument.
    light = linear(np.clip([1.0, green, blue], 0, 1))
    return f32(light / light[1])


def lighting(session: Session, rng: np.random.Generator) -> Lighting:
    """Set up a session's lights, a little different each time people sit down."""
    directions, colours = [], []
    for azimuth, elevation, kelvin, strength in (session.key, session.fill):
        a, e = np.radians([azimuth + rng.normal(0, 9), elevation + rng.normal(0, 6)])
        directions.append([np.sin(a) * np.cos(e), np.sin(e), np.cos(a) * np.cos(e)])
        warm = np.clip(kelvin + rng.normal(0, 150), 2500, 6600)
        colours.append(temperature(float(warm)) * strength * rng.uniform(0.8, 1.2))
    fill = temperature(session.ambient[0]) * session.ambient[1] * rng.uniform(0.85, 1.15)
    return Lighting(f32(directions), f32(colours), f32(fill), f32(0.55 * fill))
