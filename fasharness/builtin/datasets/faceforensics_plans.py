"""The protocols of FaceForensics++."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from fasharness.builtin.datasets.faceforensics_names import (
    COMPRESSIONS,
    DETECTION,
    METHODS,
    kind_of,
)
from fasharness.data import Split
from fasharness.dataset import Counts
from fasharness.protocol import Convention
from fasharness.released.items import Item, Plan

PAPER = METHODS[:4]
"""The methods of the paper."""
LGSC = "faceforensics-lgsc"
_BENCHMARK = "-benchmark"
CONVENTION = Convention(
    words="AUC, and accuracy of each method at the EER threshold of the official validation part, "
    "per video; the hidden benchmark gives accuracy per picture, other works AUC per frame",
    threshold="eer",
    metric="AUC",
)
_VIDEOS: Mapping[Split, int] = MappingProxyType({Split.TRAIN: 720, Split.DEV: 140, Split.TEST: 140})


def is_benchmark(fold: str) -> bool:
    """Return whether a fold tests on the pictures of the benchmark too."""
    return fold == LGSC or fold.endswith(_BENCHMARK)


def _takes(rates: Iterable[str], kinds: Iterable[str]) -> Callable[[Item], Split | None]:
    """Take the official part of these sequences at these compressions."""
    wanted = {(kind, rate) for kind in kinds for rate in rates}
    return lambda item: item.part if kind_of(item) in wanted else None


def _then_detection(rate: str) -> Callable[[Item], Split | None]:
    """Train on the paper's methods, and test on all of DeepFakeDetection."""
    before = _takes((rate,), ("youtube", *PAPER))
    tested = {("actors", rate), (DETECTION, rate)}

    def part(item: Item) -> Split | None:
        if kind_of(item) in tested:
            return Split.TEST
        split = before(item)
        return None if split is Split.TEST else split

    return part


def _only_test(take: Callable[[Item], Split | None]) -> Callable[[Item], Split | None]:
    return lambda item: Split.TEST if take(item) is Split.TEST else None


def _counts(methods: int) -> Mapping[Split, Counts]:
    return {split: Counts(count, methods * count) for split, count in _VIDEOS.items()}


def _of(rate: str, words: str, *methods: str) -> Plan:
    take = _takes((rate,), ("youtube", *methods))
    return Plan(f"{words}, {rate}", take, CONVENTION, counts=_counts(len(methods)))


def _plans_of(rate: str) -> dict[str, Plan]:
    start = f"faceforensics-{rate}"
    known = _counts(len(PAPER))
    plans = {
        start: _of(rate, "the four methods of the paper", *PAPER),
        f"{start}-five": _of(rate, "the five methods", *METHODS),
        f"{start}-dfd": Plan(
            f"train on the four methods of the paper, test on all of {DETECTION}, {rate}",
            _then_detection(rate),
            CONVENTION,
            counts={**known, Split.TEST: Counts(363, 3068)},
        ),
        f"{start}{_BENCHMARK}": _of(
            rate,
            "the four methods of the paper, and the benchmark's 1000 pictures of hidden class, "
            "for which submission.json is written",
            *PAPER,
        ),
    }
    return plans | {f"{start}-{m.lower()}": _of(rate, m, m) for m in METHODS}


def _plans() -> dict[str, Plan]:
    plans = {name: plan for rate in COMPRESSIONS for name, plan in _plans_of(rate).items()}
    tested = _takes(("c23", "c40"), ("youtube", *PAPER))
    plans[LGSC] = Plan(
        "train and dev by LGSC's lists of pictures, test on the official part at c23 and c40 (a "
        "choice of this project) and the benchmark's pictures",
        _only_test(tested),
        CONVENTION,
        counts={Split.TEST: Counts(280, 1120)},
        subjects="overlap",
    )
    return plans


PLANS: Mapping[str, Plan] = MappingProxyType(_plans())
