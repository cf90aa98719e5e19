"""Error rates at a threshold: a score is accepted as bona fide if it is at least the threshold."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from fasharness.metrics import arrays


def apcer(attack: ArrayLike, threshold: float) -> float:
    """Share of attack presentations that are called bona fide (ISO/IEC 30107-3).

    Args:
        attack: scores (N,) of one PAI species or species group.
        threshold: scores at or above it are called bona fide.

    Returns:
        A rate in [0, 1].

    >>> apcer([0.1, 0.5, 0.9, 0.2], threshold=0.5)
    0.5
    """
    # A tie is accepted, here and in `bpcer`. FAS-SGTD's code counts it as correct for both
    # classes; CDCN's refuses it, so separable classes get a BPCER above 0 there.
    return float(np.mean(arrays.scores(attack, "attack") >= threshold))


def bpcer(bona_fide: ArrayLike, threshold: float) -> float:
    """Share of bona fide presentations that are called attacks (ISO/IEC 30107-3).

    Args:
        bona_fide: scores (N,).
        threshold: scores below it are called attacks.

    Returns:
        A rate in [0, 1].

    >>> bpcer([0.1, 0.5, 0.9, 0.8], threshold=0.5)
    0.25
    """
    return float(np.mean(arrays.scores(bona_fide, "bona fide") < threshold))


def apcer_by(attacks: Mapping[str, ArrayLike], threshold: float) -> dict[str, float]:
    """APCER of each species or group.

    Args:
        attacks: name to scores (N,).
        threshold: scores at or above it are called bona fide.

    Returns:
        Name to rate, in the order given.

    >>> apcer_by({"print": [0.1, 0.6], "display": [0.2, 0.3]}, threshold=0.5)
    {'print': 0.5, 'display': 0.0}
    """
    return {name: apcer(attack, threshold) for name, attack in attacks.items()}


def apcer_max(attacks: Mapping[str, ArrayLike], threshold: float) -> float:
    """APCER of the species (or group) that is accepted most often, as the standard reports it.

    Args:
        attacks: name to scores (N,), at least one.
        threshold: scores at or above it are called bona fide.

    Returns:
        A rate in [0, 1].

    Raises:
        ValueError: when there is no species.

    >>> apcer_max({"print": [0.1, 0.6], "display": [0.2, 0.3]}, threshold=0.5)
    0.5
    """
    if not attacks:
        raise ValueError("expected at least one species, got none")
    # Not pooled as in CDCN's code: pooling hides the worst species.
    return max(apcer_by(attacks, threshold).values())


def acer(bona_fide: ArrayLike, attacks: Mapping[str, ArrayLike], threshold: float) -> float:
    """Mean of BPCER and the largest APCER (OULU-NPU's figure; not in the current ISO text).

    Args:
        bona_fide: scores (N,).
        attacks: species or group to scores (N,).
        threshold: scores at or above it are called bona fide.

    Returns:
        A rate in [0, 1].

    >>> acer([0.4, 0.8], {"print": [0.1, 0.6], "display": [0.2, 0.3]}, threshold=0.5)
    0.5
    """
    return (apcer_max(attacks, threshold) + bpcer(bona_fide, threshold)) / 2


def hter(bona_fide: ArrayLike, attack: ArrayLike, threshold: float) -> float:
    """Half total error rate: mean of BPCER and the pooled APCER.

    Args:
        bona_fide: scores (N,).
        attack: scores (N,) of all attacks together.
        threshold: scores at or above it are called bona fide.

    Returns:
        A rate in [0, 1].

    >>> hter([0.4, 0.8], [0.1, 0.6, 0.2, 0.3], threshold=0.5)
    0.375
    """
    return (apcer(attack, threshold) + bpcer(bona_fide, threshold)) / 2


def accuracy(bona_fide: ArrayLike, attack: ArrayLike, threshold: float) -> float:
    """Share of correct decisions; it depends on the class sizes.

    Args:
        bona_fide: scores (N,).
        attack: scores (M,).
        threshold: scores at or above it are called bona fide.

    Returns:
        A share in [0, 1].

    >>> accuracy([0.4, 0.8], [0.1, 0.6], threshold=0.5)
    0.5
    """
    live = arrays.scores(bona_fide, "bona fide")
    fake = arrays.scores(attack, "attack")
    right = np.count_nonzero(live >= threshold) + np.count_nonzero(fake < threshold)
    return float(right / (live.size + fake.size))


def non_response(failed: int, presented: int) -> float:
    """Share of presentations that got no score: APNRR for attacks, BPNRR for bona fide ones.

    Args:
        failed: presentations without a score.
        presented: all presentations of the class.

    Returns:
        A rate in [0, 1] (ISO/IEC 30107-3, non-response rates).

    Raises:
        ValueError: when nothing was presented or more failed than were presented.

    >>> non_response(3, 12)
    0.25
    """
    if not 0 <= failed <= presented or presented == 0:
        raise ValueError(f"expected 0 <= failed <= presented, got {failed} of {presented}")
    return failed / presented


def riapar(mated: ArrayLike, attack: ArrayLike, threshold: float) -> float:
    """Relative impostor attack presentation accept rate of a recognition system.

    Args:
        mated: recognition scores (N,) of bona fide mated comparisons.
        attack: recognition scores (M,) of impostor attack presentations against their targets.
        threshold: comparisons at or above it are accepted.

    Returns:
        1 + (IAPAR - (1 - FRR)) in [0, 2] (ISO/IEC 30107-3); 1 means that attacks are accepted
        as often as the person.

    >>> riapar([0.9, 0.8, 0.2, 0.7], [0.6, 0.1], threshold=0.5)
    0.75
    """
    accepted = np.mean(arrays.scores(attack, "attack") >= threshold)
    refused = np.mean(arrays.scores(mated, "mated") < threshold)
    return float(accepted + refused)


def d_prime(bona_fide: ArrayLike, attack: ArrayLike) -> float:
    """Distance of the class means in units of the root mean square of their standard deviations.

    Args:
        bona_fide: scores (N,), N >= 2.
        attack: scores (M,), M >= 2.

    Returns:
        d', positive when bona fide scores are higher; deviations are divided by n - 1.

    Raises:
        ValueError: when a class has one score or neither class varies.

    >>> round(d_prime([3.0, 5.0], [1.0, 3.0]), 4)
    1.4142
    """
    live = arrays.scores(bona_fide, "bona fide")
    fake = arrays.scores(attack, "attack")
    if min(live.size, fake.size) < 2:
        raise ValueError("d' needs two scores in each class")
    # Scaled, since the squares of huge scores overflow; d' does not change with the scale.
    scale = max(np.abs(live).max(), np.abs(fake).max()) or 1.0
    one, other = live / scale, fake / scale
    # ddof=1 (Bessel): numpy divides by n by default.
    spread = np.sqrt((one.var(ddof=1) + other.var(ddof=1)) / 2)
    if spread == 0:
        raise ValueError("d' needs scores that vary within a class")
    return float((one.mean() - other.mean()) / spread)
