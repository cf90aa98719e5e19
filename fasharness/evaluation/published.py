"""Published codes' figures for a set of scores, each with its rule in words and a leak flag."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from fasharness.metrics.arrays import Floats, Ints
from fasharness.metrics.gradgpad import gradgpad
from fasharness.metrics.published import cdcn, cdcn_cross, lgsc_auto, lgsc_mid, sgtd, ssdg
from fasharness.result import Published
from fasharness.scores import Score

_SGTD = (
    "FAS-SGTD: dev threshold at the first thinned ROC point with the smallest |fpr + tpr - 1|; a "
    "score at the threshold is never an error; failed presentations score 0; worst of two groups"
)
_CDCN = (
    "CDCN and DUM: the same dev threshold; attacks pooled; a bona fide score at the threshold "
    "is refused"
)
_CROSS = "CDCN's and DUM's cross-data-set figures: threshold and errors from the same test split"
_MID = "LGSC: threshold at the middle score of the test split, attacks pooled"
_AUTO = "LGSC: best of 1000 thresholds tried on the test split itself, attacks pooled"
_GRADGPAD = (
    "gradgpad: dev EER threshold interpolated between points of the thinned ROC, so it is at no "
    "score; worst single PAI species"
)
_SSDG = "SSDG: threshold of a grid with the smallest |FRR - FAR| on the test split itself"


def published(scores: Sequence[Score]) -> tuple[Published, ...]:
    """Compute the figures that published evaluation codes would print.

    Args:
        scores: scores of dev and test; with more than two species groups there is no SGTD
            figure.

    Returns:
        Figures as shares in [0, 1], flagged if their threshold uses the test split's labels.

    Raises:
        ValueError: when a class of either split has no score.
    """
    return (*_sgtd(scores), *_cdcn(scores), *_gradgpad(scores), *_on_test(scores))


def _labelled(scores: Sequence[Score], split: str, failed: bool) -> tuple[Floats, Ints]:
    """Return a split with the codes' labels: 1 for bona fide, 0 for attacks."""
    mine = [s for s in scores if s.split == split and (failed or not s.failed)]
    values = np.array([s.value for s in mine])
    return values, np.array([int(s.bona_fide) for s in mine], dtype=np.int64)


def _sgtd(scores: Sequence[Score]) -> Iterator[Published]:
    """Yield SGTD's figures if test has at most two groups."""
    mine = [s for s in scores if s.split == "test"]
    groups = sorted({s.kind for s in mine if s.kind is not None})
    # SGTD's code has room for two species. It counts failures, as score 0; see `sgtd`.
    if len(groups) > 2:
        return
    # The codes' labels -1 and -2; which group is which does not change the worst of both.
    labels = [1 if s.kind is None else groups.index(s.kind) - 2 for s in mine]
    values = [math.nan if s.failed else s.value for s in mine]
    found = sgtd(*_labelled(scores, "dev", failed=True), values, labels)
    for name in ("dev_eer", "apcer", "bpcer", "acer"):
        yield Published(f"compat.sgtd.{name}", getattr(found, name) / 100, _SGTD, leaks=False)
    yield Published("compat.sgtd.test_eer", found.test_eer / 100, _SGTD, leaks=True)


def _cdcn(scores: Sequence[Score]) -> Iterator[Published]:
    """Yield CDCN's and DUM's figures."""
    dev, test = (_labelled(scores, split, failed=False) for split in ("dev", "test"))
    found = cdcn(*dev, *test)
    for name in ("apcer", "bpcer", "acer"):
        yield Published(f"compat.cdcn.{name}", getattr(found.test, name), _CDCN, leaks=False)
    words = f"{_CDCN}; with the test split's own threshold"
    yield Published("compat.cdcn.acer_own", found.test_own.acer, words, leaks=True)


def _gradgpad(scores: Sequence[Score]) -> Iterator[Published]:
    """Yield gradgpad's figures."""
    mine = [s for s in scores if s.split == "test" and not s.failed]
    species = sorted({s.species for s in mine if s.species is not None})
    # Any numbers but 1, which is bona fide.
    kinds = [1 if s.species is None else 2 + species.index(s.species) for s in mine]
    dev = _labelled(scores, "dev", failed=False)
    found = gradgpad(*dev, [s.value for s in mine], kinds)
    for name in ("dev_eer", "apcer", "bpcer", "acer", "hter"):
        yield Published(f"compat.gradgpad.{name}", getattr(found, name), _GRADGPAD, leaks=False)


def _on_test(scores: Sequence[Score]) -> Iterator[Published]:
    """Yield the figures whose threshold comes from the test split."""
    values, labels = _labelled(scores, "test", failed=False)
    cross, grid = cdcn_cross(values, labels), ssdg(values, labels)
    figures = {
        "cdcn.hter_cross": (cross.hter, _CROSS),
        "cdcn.eer_siwm": (cross.fpr, f"{_CROSS}; SiW-M's figure is the false positive rate alone"),
        "cdcn.auc_zero_shot": (cross.auc, f"{_CROSS}; area under the thinned ROC"),
        "lgsc_mid.acer": (lgsc_mid(values, labels).acer / 100, _MID),
        "lgsc_auto.acer": (lgsc_auto(values, labels, by_acer=True).acer / 100, _AUTO),
        "lgsc_auto.accuracy": (
            lgsc_auto(values, labels, by_acer=False).accuracy / 100,
            f"{_AUTO}; chosen for accuracy",
        ),
        "ssdg.hter": (grid.hter, _SSDG),
        "ssdg.auc": (grid.auc, f"{_SSDG}; area under the thinned ROC"),
    }
    for name, (value, words) in figures.items():
        yield Published(f"compat.{name}", value, words, leaks=True)
