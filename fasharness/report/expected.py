"""Expected performance curves: errors on test at thresholds that each cost would choose on dev."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from fasharness.metrics import arrays
from fasharness.metrics.arrays import Floats
from fasharness.metrics.curves import error_curve


class Expected(NamedTuple):
    """An expected performance curve.

    Attributes:
        weights: float64 (W,), weight of attacks in the cost, from 0 to 1.
        thresholds: float64 (W,), chosen on dev.
        hter: float64 (W,), half total error rate on test.
    """

    weights: Floats
    thresholds: Floats
    hter: Floats


def epc(
    dev_live: Floats, dev_attack: Floats, test_live: Floats, test_attack: Floats, points: int = 101
) -> Expected:
    """Expected performance curve (Bengio, Mariethoz and Keller, ICML workshop 2005).

    Args:
        dev_live: bona fide scores (N,) of dev.
        dev_attack: attack scores (M,) of dev.
        test_live: bona fide scores of test.
        test_attack: attack scores of test.
        points: how many weights.

    Returns:
        The curve; the threshold at weight w has the smallest w APCER + (1 - w) BPCER on dev, the
        lowest of equals, and lies on a dev score or just above all of them.
    """
    weights = np.linspace(0, 1, points)
    curve = error_curve(dev_live, dev_attack)
    # A threshold above all scores refuses everything: where an attack has the highest score, only
    # this one has APCER 0.
    ends = np.append(curve.values, np.nextafter(curve.values[-1], np.inf))
    # argmin takes the first of equals, which is the lowest threshold.
    cuts = np.array([ends[np.argmin(w * curve.apcer + (1 - w) * curve.bpcer)] for w in weights])
    return Expected(weights, cuts, (_below(test_live, cuts) + 1 - _below(test_attack, cuts)) / 2)


@dataclass(frozen=True, eq=False)
class Trials:
    """Recognition scores of one split; higher means the same person.

    Attributes:
        mated: float64 (N,), bona fide comparisons of a person with herself.
        impostor: float64 (M,), of two persons without any attack.
        attack: float64 (K,), attack presentations compared with the person they imitate.
    """

    mated: Floats
    impostor: Floats
    attack: Floats

    def __post_init__(self) -> None:
        """Refuse what is empty or not finite."""
        for name in ("mated", "impostor", "attack"):
            arrays.scores(getattr(self, name), name)


class Spoofability(NamedTuple):
    """An expected performance and spoofability curve; all float64 (W,), rates on test.

    Attributes:
        weights: how much attacks count beside impostors, from 0 to 1.
        thresholds: chosen on dev.
        frr: mated comparisons refused.
        far: impostors accepted.
        iapar: attacks accepted.
        wer: the weighted error rate, which is what dev minimised.
    """

    weights: Floats
    thresholds: Floats
    frr: Floats
    far: Floats
    iapar: Floats
    wer: Floats


def epsc(dev: Trials, test: Trials, beta: float = 0.5, points: int = 101) -> Spoofability:
    """Expected performance and spoofability curve (Chingovska, Anjos and Marcel, TIFS 2014).

    Args:
        dev: scores that choose the threshold.
        test: scores that are reported.
        beta: weight of all accepted together against the mated refused, in [0, 1].
        points: how many weights.

    Returns:
        The curve; at weight w the threshold has the smallest
        beta (w IAPAR + (1 - w) FAR) + (1 - beta) FRR on dev, the lowest of equals.

    Raises:
        ValueError: when beta is outside [0, 1].
    """
    beta = arrays.share(beta, "beta")
    weights = np.linspace(0, 1, points)
    values = np.unique(np.concatenate([dev.mated, dev.impostor, dev.attack]))
    cuts = np.append(values, np.nextafter(values[-1], np.inf))
    on_dev = _errors(dev, cuts)
    chosen = np.array([cuts[np.argmin(_weighted(on_dev, w, beta))] for w in weights])
    on_test = _errors(test, chosen)
    return Spoofability(weights, chosen, *on_test, _weighted(on_test, weights, beta))


class _Errors(NamedTuple):
    """FRR, FAR and IAPAR at some thresholds."""

    frr: Floats
    far: Floats
    iapar: Floats


def _errors(trials: Trials, cuts: Floats) -> _Errors:
    """Count errors at each threshold."""
    accepted = (1 - _below(part, cuts) for part in (trials.impostor, trials.attack))
    return _Errors(_below(trials.mated, cuts), *accepted)


def _weighted(errors: _Errors, weight: Floats | float, beta: float) -> Floats:
    """Put the errors together."""
    accepted = weight * errors.iapar + (1 - weight) * errors.far
    return np.asarray(beta * accepted + (1 - beta) * errors.frr)


def _below(values: Floats, cuts: Floats) -> Floats:
    """Share of the values below each threshold."""
    return np.asarray(np.searchsorted(np.sort(values), cuts, side="left") / len(values))
