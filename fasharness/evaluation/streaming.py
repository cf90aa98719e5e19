"""Score files larger than memory: read twice, counted in bins, with a bounded error."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fasharness.common.keys import refuse_spellings
from fasharness.counts import Outcome
from fasharness.errors import DataError, OptionError
from fasharness.evaluation.evaluate import EvaluationOptions
from fasharness.evaluation.outcomes import BONA_FIDE, GROUP, SPECIES, added
from fasharness.metrics.arrays import Ints
from fasharness.metrics.curves import crossing
from fasharness.metrics.streaming import ScoreCounts
from fasharness.scorefiles import stream
from fasharness.scores import Score

BINS = 65_536

_CHUNK = 100_000
_MOST_BINS = 10_000_000
_MOST_GROUPS = 1000
_Key = tuple[str, str | None]
_SpeciesKey = tuple[str, str | None, str | None]  # split, species group, PAI species


@dataclass(frozen=True, eq=False)
class FileCounts:
    """A score file as counts; memory does not grow with the file.

    Attributes:
        low: the lowest score of dev and test.
        high: the highest.
        counts: (split, species group) to int64 (B + 2,), bins as in `ScoreCounts`; the group
            of bona fide presentations is None.
        failed: the same keys to the number of failed presentations.
        species: (split, species group, PAI species) to int64 (B + 2,), for attacks alone.
        lost: the same keys, bona fide included, to the number of failed presentations; 0 where
            none failed, so that every species of dev and test is a key.
        simulated: whether any presentation is simulated.
        unit: what a score is of, the same for all.
        threshold: a threshold that was fixed beforehand; None if dev chooses it.
        accepted: the keys of `species`, bona fide included, to the number of scores at or above a
            fixed threshold.
    """

    low: float
    high: float
    counts: Mapping[_Key, Ints]
    failed: Mapping[_Key, int]
    simulated: bool
    unit: str
    species: Mapping[_SpeciesKey, Ints]
    lost: Mapping[_SpeciesKey, int]
    threshold: float | None
    accepted: Mapping[_SpeciesKey, int]

    def groups(self, split: str) -> list[str]:
        """Species groups of a split, in alphabetical order."""
        return sorted(kind for where, kind in self.counts if where == split and kind is not None)

    def split(self, split: str) -> ScoreCounts | None:
        """Counts of a split with all attacks together, None where a class has no score."""
        attacks = [self.counts[split, group] for group in self.groups(split)]
        if (split, None) not in self.counts or not attacks:
            return None
        live = self.counts[split, None]
        return ScoreCounts(self.low, self.high, live, np.sum(attacks, axis=0))

    def each(self, split: str) -> list[ScoreCounts]:
        """Counts of a split with the attacks of each species group in turn."""
        live = self.counts[split, None]
        return [
            ScoreCounts(self.low, self.high, live, self.counts[split, group])
            for group in self.groups(split)
        ]


class _Range(NamedTuple):
    """Result of the first pass over the file."""

    low: float
    high: float
    failed: Mapping[_Key, int]
    simulated: bool
    unit: str
    lost: Mapping[_SpeciesKey, int]


def count_file(path: Path, bins: int = BINS, rule: str = "eer") -> FileCounts:
    """Count the dev and test scores in bins between the lowest and the highest score.

    Args:
        path: a score file, CSV or Parquet; it is read twice.
        bins: how many bins, at least one; more bins leave a smaller error.
        rule: ``eer`` on dev, or ``fixed=NUMBER``, which needs no dev split.

    Returns:
        The counts.

    Raises:
        DataError: when the file is broken, a class has no test score, all scores are equal, or
            more of a class failed than `EvaluationOptions` allows.
        OptionError: when there is no bin, there are too many, or for another rule.
    """
    threshold = _fixed(rule)
    if not 0 < bins <= _MOST_BINS:
        raise OptionError(f"{bins} bins, expected 1 to {_MOST_BINS}")
    found = _range(path)
    if not found.low < found.high:
        raise DataError(f"{path}: no two different scores in dev and test; nothing to count")
    # The range of two finite floats can be infinite, and then there are no edges.
    if not math.isfinite(found.high - found.low):
        raise DataError(f"{path}: scores from {found.low!r} to {found.high!r} are too far apart")
    counts: dict[_Key, Ints] = {}
    species: dict[_SpeciesKey, Ints] = {}
    accepted: Counter[_SpeciesKey] = Counter()
    for chunk in _chunks(_used(path)):
        for (split, kind, name), values in chunk.items():
            # A fixed threshold is inside a bin, so what it accepts is counted here, exactly.
            if threshold is not None:
                accepted[split, kind, name] += sum(value >= threshold for value in values)
            part = counts.setdefault((split, kind), np.zeros(bins + 2, np.int64))
            # One class of a split at a time, so the other class of `add` stays empty.
            mine, unused = np.zeros(bins + 2, np.int64), np.zeros(bins + 2, np.int64)
            ScoreCounts(found.low, found.high, mine, unused).add(values, [])
            part += mine
            if name is not None:
                one = species.setdefault((split, kind, name), np.zeros(bins + 2, np.int64))
                one += mine
    whole = FileCounts(
        found.low, found.high, counts, found.failed, found.simulated, found.unit, species,
        found.lost, threshold, accepted,
    )  # fmt: skip
    if whole.split("test") is None:
        word = "attack" if ("test", None) in counts else "bona fide"
        raise DataError(f"{path}: the test split has no {word} score; check the file")
    _refuse_failures(path, whole)
    return whole


def _fixed(rule: str) -> float | None:
    """Return a fixed threshold; None for the rule eer."""
    if rule == "eer":
        return None
    try:
        number = float(rule.removeprefix("fixed="))
    except ValueError:
        number = math.nan
    if not rule.startswith("fixed=") or not math.isfinite(number):
        raise OptionError(f"no threshold rule {rule!r} for streams; there are eer, fixed=NUMBER")
    return number


def _used(path: Path) -> Iterator[Score]:
    """Yield the scores that are counted."""
    return (s for s in stream(path) if s.split != "train" and not s.failed)


def _range(path: Path) -> _Range:
    """Find the range of the scores, and count the failures."""
    low, high, simulated = math.inf, -math.inf, False
    failed: dict[_Key, int] = {}
    lost: dict[_SpeciesKey, int] = {}
    names: dict[str, dict[str, int]] = {"species": {}, "group": {}}
    unit = ""
    for row, score in enumerate(stream(path), start=1):
        simulated |= score.simulated
        unit = unit or score.unit
        if score.unit != unit:
            what = f"{score.presentation!r} is a {score.unit}, the first row a {unit}"
            raise DataError(f"{path}: {what}; split the file")
        # Each species costs an array of bins, so a wrong column could still fill the memory.
        names["species"].setdefault(score.species or "", row)
        names["group"].setdefault(score.kind or "", row)
        if len(names["species"]) > _MOST_GROUPS:
            raise DataError(f"{path}: more than {_MOST_GROUPS} species; is the column right?")
        if score.split != "train":
            place = (score.split, score.kind, score.species)
            lost[place] = lost.get(place, 0) + score.failed
        if score.failed:
            key = (score.split, score.kind)
            failed[key] = failed.get(key, 0) + 1
        elif score.split != "train":
            low, high = min(low, score.value), max(high, score.value)
    for column, seen in names.items():
        _refuse_spellings(path, column, seen)
    return _Range(low, high, failed, simulated, unit, lost)


def _refuse_spellings(path: Path, column: str, seen: Mapping[str, int]) -> None:
    """Refuse two spellings of a name, given with the first rows of all names."""
    rows = [*seen.values()]
    refuse_spellings(column, [*seen], lambda at: f"{path}, row {rows[at]}")


def _chunks(scores: Iterable[Score]) -> Iterator[Mapping[_SpeciesKey, list[float]]]:
    """Sort scores by split, group and species, one chunk at a time."""
    chunk: dict[_SpeciesKey, list[float]] = {}
    for number, score in enumerate(scores, start=1):
        chunk.setdefault((score.split, score.kind, score.species), []).append(score.value)
        if number % _CHUNK == 0:
            yield chunk
            chunk = {}
    yield chunk


def _refuse_failures(path: Path, counts: FileCounts) -> None:
    """Refuse a file with so many failures that no figure would be honest."""
    allowed = EvaluationOptions().max_failed_share
    # Split and class each by itself: many good attacks must not hide that bona fide failed, nor
    # that a whole species did.
    for split in ("test",) if counts.threshold is not None else ("test", "dev"):
        classes: dict[str, list[_SpeciesKey]] = {"bona fide": [], "attack": []}
        for key in sorted(counts.lost, key=str):
            if key[0] == split:
                classes["bona fide" if key[2] is None else "attack"].append(key)
                classes.setdefault(repr(key[2]), []).extend([key] if key[2] else [])
        for word, keys in classes.items():
            failed = sum(counts.lost[key] for key in keys)
            presented = failed + sum(_scored(counts, key) for key in keys)
            if failed > allowed * presented:
                raise DataError(
                    f"{path}: {failed / presented:.1%} of the {word} {split} presentations failed, "
                    f"more than the {allowed:.1%} allowed; no figure would be honest"
                )


def _scored(counts: FileCounts, key: _SpeciesKey) -> int:
    """Count the scores of a species, or of bona fide presentations."""
    split, _, name = key
    found = counts.counts.get((split, None)) if name is None else counts.species.get(key)
    return 0 if found is None else int(found.sum())


class RatesAtThreshold(NamedTuple):
    """A threshold, fixed or at the edge of a bin, with the exact test rates there."""

    threshold: float
    bpcer: float
    apcer: Mapping[str, float]
    outcomes: tuple[Outcome, ...]

    @property
    def acer(self) -> float:
        """Mean of BPCER and the largest APCER."""
        return (self.bpcer + max(self.apcer.values())) / 2


def at_threshold(counts: FileCounts) -> RatesAtThreshold | None:
    """Find the test rates at the fixed threshold, or else at the one of dev.

    Args:
        counts: the file.

    Returns:
        The threshold and the rates, which are exact in spite of the bins; None if no threshold
        is fixed and dev lacks a class.
    """
    if counts.threshold is None:
        return at_dev_threshold(counts)
    became = outcomes(counts, None)
    scored = [one for one in became if one.accepted + one.refused]
    shares = {(one.kind, one.name): one.accepted / (one.accepted + one.refused) for one in scored}
    apcer = {name: share for (kind, name), share in shares.items() if kind == GROUP}
    bpcer = 1 - shares[BONA_FIDE, BONA_FIDE]
    return RatesAtThreshold(counts.threshold, bpcer, apcer, became)


def at_dev_threshold(counts: FileCounts) -> RatesAtThreshold | None:
    """Find the bin edge with the smallest |APCER - BPCER| on dev, and the test rates there.

    Edges with only empty bins between them are equally good on dev; the middle one is taken, as
    the rule ``eer`` takes the middle between two scores.

    Args:
        counts: the file.

    Returns:
        The threshold and the rates, which are exact in spite of the bins; None if dev lacks a
        class.
    """
    dev = counts.split("dev")
    if dev is None:
        return None
    curve = dev.curve()
    after = min(crossing(curve), curve.values.size - 1)
    # The first cut has no value of its own; of two equally good ones the stricter is taken.
    near = max(1, after - 1)
    cut = near if abs(curve.gap(near)) < abs(curve.gap(after)) else after
    cut = _middle(dev.bona_fide + dev.attack, cut)
    live = counts.counts["test", None]
    return RatesAtThreshold(
        float(curve.values[cut]),
        float(live[:cut].sum() / live.sum()),
        {name: _accepted(counts.counts["test", name], cut) for name in counts.groups("test")},
        outcomes(counts, cut),
    )


def outcomes(counts: FileCounts, cut: int | None) -> tuple[Outcome, ...]:
    """Count what became of each class of test at a cut.

    Args:
        counts: the file.
        cut: scores in the bins from this one on are accepted; 0 accepts all, None those at or
            above the fixed threshold.

    Returns:
        As `fasharness.evaluation.outcomes.outcomes`; what only dev has is there as well.
    """
    found = []
    for key, lost in counts.lost.items():
        split, kind, name = key
        bins = counts.counts.get((split, None)) if name is None else counts.species.get(key)
        whole = 0 if bins is None else int(bins.sum())
        above = 0 if bins is None else int(bins[cut:].sum())
        yes = counts.accepted.get(key, 0) if cut is None else above
        became = (yes, whole - yes, lost) if split == "test" else (0, 0, 0)
        if name is None:
            found.append(Outcome(BONA_FIDE, BONA_FIDE, *became))
        else:
            found += [Outcome(GROUP, kind or name, *became), Outcome(SPECIES, name, *became)]
    return added([found])


def _middle(filled: Ints, cut: int) -> int:
    """Find the middle edge of the run of empty bins at a cut; bin i is below edge i + 1."""
    low, high = cut, cut
    while low > 1 and not filled[low - 1]:
        low -= 1
    while high < filled.size - 1 and not filled[high]:
        high += 1
    return (low + high) // 2


def _accepted(attack: Ints, cut: int) -> float:
    """Compute the share of a group's attacks at or above a cut."""
    return float(attack[cut:].sum() / attack.sum())
