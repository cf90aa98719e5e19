"""Arrays, seeds and small image fields that every part of the simulation shares."""

import hashlib
from importlib import resources
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from fasharness.common.array_files import npz_arrays

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]


def stream(seed: int, *keys: object) -> np.random.Generator:
    """Open the random stream of one named thing, independent of every other name's stream.

    Args:
        seed: the seed of the whole data set.
        keys: what the stream is for, e.g. ``"head", 12``.

    Returns:
        A generator that depends on the seed and the keys only, never on the order of calls.
    """
    # The text of the keys decides: 3 and np.int64(3) would open different streams, so keys are
    # plain Python values.
    # Not hash(): Python salts it for text, so it differs from process to process.
    digest = hashlib.blake2b(repr(keys).encode(), digest_size=16).digest()
    return np.random.default_rng([seed, *np.frombuffer(digest, dtype="<u4").tolist()])


def archive(name: str) -> dict[str, NDArray[Any]]:
    """Read the arrays of an ``.npz`` file of this package.

    Args:
        name: a file of ``people/assets``, e.g. ``"heads.npz"``.

    Returns:
        The arrays by name, as they are stored.
    """
    path = resources.files("fasharness_sim.people").joinpath("assets", name)
    return npz_arrays(path.read_bytes(), name)


def f32(values: ArrayLike) -> F32:
    """Convert anything array-like to float32; an array that is float32 already is not copied."""
    return np.asarray(values, dtype=np.float32)


def blur(image: F32, sigma: float) -> F32:
    """Blur with a Gaussian.

    Args:
        image: float32 (H, W) or (H, W, C).
        sigma: standard deviation in pixels, above 0.

    Returns:
        The blurred array, same shape.
    """
    return f32(cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE))


def noise(rng: np.random.Generator, cells: tuple[int, int], shape: tuple[int, int]) -> F32:
    """Draw smooth noise of unit variance at its knots.

    Args:
        rng: the stream to draw from.
        cells: knots down and across; fewer are smoother.
        shape: height and width of the result.

    Returns:
        float32 array of that shape.
    """
    knots = rng.standard_normal(cells, dtype=np.float32)
    return f32(cv2.resize(knots, shape[::-1], interpolation=cv2.INTER_CUBIC))


def ramp(x: F32, low: float, high: float) -> F32:
    """Rise smoothly from 0 at ``low`` to 1 at ``high`` (falls when ``low > high``)."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return f32(t * t * (3 - 2 * t))


def over(base: F32, colour: ArrayLike, alpha: F32) -> F32:
    """Blend a colour over an image.

    Args:
        base: float32 (H, W, 3).
        colour: (3,) or (H, W, 3).
        alpha: float32 (H, W) in 0..1.

    Returns:
        float32 (H, W, 3).
    """
    return f32(base + (f32(colour) - base) * alpha[..., None])


def linear(srgb: ArrayLike) -> F32:
    """Decode sRGB values in 0..1 to linear light (IEC 61966-2-1)."""
    v = f32(srgb)
    # np.where computes both branches, and a negative value to the power 2.4 is NaN.
    return f32(np.where(v <= 0.04045, v / 12.92, ((np.maximum(v, 0) + 0.055) / 1.055) ** 2.4))


def encoded(light: ArrayLike) -> F32:
    """Encode linear light in 0..1 to sRGB (IEC 61966-2-1)."""
    v = np.clip(f32(light), 0, 1)
    return f32(np.where(v <= 0.0031308, v * 12.92, 1.055 * v ** (1 / 2.4) - 0.055))
