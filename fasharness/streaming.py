"""Curves of score files larger than memory: two walks over the file, counts in bins."""

import math
from collections.abc import Iterable
from pathlib import Path

from fasharness.errors import DataError
from fasharness.metrics.streaming import Bounded, ScoreCounts
from fasharness.scores import Score, stream_csv

_PARCEL = 100_000


def count_file(path: Path, split: str = "test", bins: int = 65_536) -> ScoreCounts:
    """Count the scores of a split in bins that span them all.

    Args:
        path: a score file; it is read twice.
        split: the split.
        bins: how many bins; more bins leave a smaller error.

    Returns:
        The counts; failed presentations are left out.

    Raises:
        DataError: when the file is broken, a class has no score or all scores are equal.
    """
    low, high = math.inf, -math.inf
    for score in stream_csv(path):
        if score.split == split and not score.failed:
            low, high = min(low, score.value), max(high, score.value)
    if not low < high:
        raise DataError(f"{path}: the {split} split has no two different scores; nothing to draw")
    counts = ScoreCounts.empty(low, high, bins)
    _add_all(counts, (s for s in stream_csv(path) if s.split == split and not s.failed))
    for word, mine in (("bona fide", counts.bona_fide), ("attack", counts.attack)):
        if not mine.any():
            raise DataError(f"{path}: the {split} split has no {word} score; check the file")
    return counts


def _add_all(counts: ScoreCounts, scores: Iterable[Score]) -> None:
    """Count scores parcel by parcel."""
    live: list[float] = []
    fake: list[float] = []
    for score in scores:
        (live if score.bona_fide else fake).append(score.value)
        if len(live) + len(fake) == _PARCEL:
            counts.add(live, fake)
            live, fake = [], []
    counts.add(live, fake)


def words(eer: Bounded, auc: Bounded) -> str:
    """Say what was found and how exact it is.

    Args:
        eer: the equal error rate.
        auc: the area under the ROC.

    Returns:
        A sentence.
    """
    return (
        f"EER {100 * eer.value:.4f} % (within {100 * eer.error:.4f}), AUC {auc.value:.6f} "
        f"(within {auc.error:.6f}); counted in bins"
    )
