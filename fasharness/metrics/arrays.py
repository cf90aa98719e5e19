"""Checks that every metric applies to its input scores."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def scores(values: ArrayLike, name: str) -> Floats:
    """Check a set of scores.

    Args:
        values: finite numbers (N,), N >= 1.
        name: the name of the class in the error message.

    Returns:
        The scores as float64 (N,).

    Raises:
        ValueError: when there is no score, one is not finite, the shape is not (N,), or the type is
            no real number of at least 32 bits.
    """
    array = np.asarray(values)
    # Complex numbers would lose a part, and half precision keeps 40 of 200 scores apart.
    if array.size and (array.dtype.kind not in "fiu" or array.dtype == np.float16):
        raise ValueError(
            f"{name} scores must be real numbers of at least 32 bits, got {array.dtype}"
        )
    array = array.astype(np.float64, copy=False)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name} scores must be (N,) with N >= 1, got {array.shape}")
    # NaN >= threshold is False: a failed attack would count as a correct decision.
    if not np.isfinite(array).all():
        raise ValueError(f"{name} scores must be finite; count failures, do not score them")
    return array


def share(value: float, name: str) -> float:
    """Check a share.

    Args:
        value: a number in [0, 1].
        name: its name in the error message.

    Returns:
        The number.

    Raises:
        ValueError: when it is outside [0, 1].
    """
    if not 0 <= value <= 1:
        raise ValueError(f"{name} must lie in [0, 1], got {value}")
    return value
