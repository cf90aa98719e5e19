"""Who a user is: the traits that stay the same in every video of one person."""

from dataclasses import dataclass

from fasharness_sim.fields import F32, f32, stream
from fasharness_sim.people.shape import Shape, draw

_SKIN = f32(
    [
        [0.88, 0.75, 0.68],
        [0.81, 0.65, 0.56],
        [0.70, 0.53, 0.44],
        [0.54, 0.39, 0.315],
        [0.36, 0.255, 0.205],
    ]
)
_HAIR = f32(
    [
        [0.07, 0.06, 0.05],
        [0.2, 0.13, 0.08],
        [0.36, 0.23, 0.13],
        [0.62, 0.48, 0.29],
        [0.56, 0.54, 0.52],
    ]
)
_IRIS = f32([[0.24, 0.14, 0.08], [0.33, 0.23, 0.12], [0.33, 0.44, 0.55], [0.32, 0.4, 0.28]])
_SHIRT = f32(
    [
        [0.13, 0.15, 0.2],
        [0.86, 0.86, 0.84],
        [0.25, 0.35, 0.52],
        [0.55, 0.2, 0.22],
        [0.36, 0.42, 0.34],
        [0.62, 0.6, 0.57],
        [0.18, 0.18, 0.18],
        [0.72, 0.62, 0.42],
    ]
)


@dataclass(frozen=True)
class Person:
    """The traits of one user; colours are sRGB (3,) in 0..1, the rest shares without a unit.

    ``man``: decides hair cut, beard and clothes · ``hairline``: above 0 it is high, below 0 low ·
    ``shape``: the head, and the face on it.
    """

    user: int
    man: bool
    skin: F32
    hair: F32
    iris: F32
    shirt: F32
    hairline: float
    hair_length: float
    hair_curl: float
    beard: float
    stubble: float
    blush: float
    freckles: float
    age: float
    glasses: bool
    brow: float
    lips: float
    shape: Shape


def person(seed: int, user: int) -> Person:
    """Draw the traits of a user.

    Args:
        seed: the seed of the data set.
        user: the person's number, 1 or above.

    Returns:
        The same person for the same seed and user, always.
    """
    rng = stream(seed, "person", user)
    # The order of the draws from this stream decides every person: a new trait is drawn last, or
    # from a stream of its own as the shape is.
    man, age = bool(rng.random() < 0.55), float(rng.uniform(0, 1))
    length = float(rng.uniform(0, 0.25) if man else rng.choice([0.2, 0.7, 1.0]))
    return Person(
        user=user,
        man=man,
        skin=_between(_SKIN, rng.beta(1.1, 1.6)),
        hair=_between(_HAIR[:4], rng.beta(0.8, 1.2)) if age < 0.85 else _HAIR[4],
        iris=_IRIS[rng.choice(4, p=[0.45, 0.25, 0.2, 0.1])],
        shirt=_SHIRT[rng.integers(len(_SHIRT))],
        hairline=float(rng.uniform(-0.7, 0.9) + (0.9 * age if man else 0)),
        hair_length=length,
        hair_curl=float(rng.uniform(0, 1)),
        beard=float(rng.uniform(0.4, 0.85) if man and rng.random() < 0.3 else 0.0),
        stubble=float(rng.uniform(0.05, 0.35) if man else 0.0),
        blush=float(rng.uniform(0.3, 1.2)),
        freckles=float(max(0.0, rng.normal(0, 0.7))),
        age=age,
        glasses=bool(rng.random() < 0.22),
        brow=float(rng.uniform(0.7, 1.0) if man else rng.uniform(0.5, 0.85)),
        lips=float(rng.uniform(0.2, 0.5) if man else rng.uniform(0.4, 1.0)),
        shape=draw(stream(seed, "shape", user)),
    )


def _between(table: F32, share: float) -> F32:
    """Interpolate the rows of a colour table at a share of its length."""
    at = share * (len(table) - 1)
    low = min(int(at), len(table) - 2)
    return f32(table[low] + (table[low + 1] - table[low]) * (at - low))
