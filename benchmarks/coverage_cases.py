"""Simulated experiments of the coverage table: subjects, presentations, true rates, figures."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import coverage_rules as rules
import numpy as np
from coverage_rules import Figure, Floats, Intervals
from numpy.typing import NDArray
from scipy import special, stats

from fasharness.metrics.comparison import mcnemar

BLOCKS = 20  # each with its own draws of the bootstrap, shared by its experiments
BINS = 200  # of the scores of EER and AUC
CURVE_REPLICATES = 400  # of EER and AUC, which cost the most


class Cell(NamedTuple):
    """Subjects, presentations of each (per class and species), true rate, correlation."""

    subjects: int
    each: int
    rate: float
    correlation: float


class Found(NamedTuple):
    """What a rule did in a cell: share of intervals that hold the truth, mean length."""

    coverage: float
    length: float


@dataclass(frozen=True)
class Effort:
    """How many experiments and bootstrap replicates."""

    experiments: int
    replicates: int


class Truth(NamedTuple):
    """Intervals of a block of experiments and the true value."""

    figure: str
    value: float
    intervals: Intervals


def measure(kind: str, cell: Cell, effort: Effort) -> dict[str, dict[str, Found]]:
    """Simulate a cell: figure to rule to what it did."""
    seed = [*map(ord, kind), cell.subjects, cell.each, *(round(1000 * x) for x in cell[2:])]
    generator = np.random.default_rng(seed)
    kept: dict[tuple[str, str], list[Floats]] = defaultdict(list)
    for _ in range(BLOCKS):
        for figure, value, intervals in KINDS[kind](generator, cell, effort):
            for rule, ends in intervals.items():
                given = ends[np.isfinite(ends[:, 0])]
                held = (given[:, 0] <= value + 1e-12) & (value - 1e-12 <= given[:, 1])
                kept[figure, rule].append(np.stack([held, given[:, 1] - given[:, 0]], 1))
    found: dict[str, dict[str, Found]] = defaultdict(dict)
    for (figure, rule), blocks in kept.items():
        found[figure][rule] = Found(*map(float, np.concatenate(blocks).mean(0)))
    return found


def _rates(
    generator: np.random.Generator, rate: float, cell: Cell, shape: tuple[int, int]
) -> Floats:
    """True rates of subjects: beta, so that two presentations have the cell's correlation."""
    if cell.correlation == 0:
        return np.full(shape, rate)
    size = 1 / cell.correlation - 1
    return generator.beta(rate * size, (1 - rate) * size, shape)


def _draws(generator: np.random.Generator, subjects: int, replicates: int) -> Floats:
    """Bootstrap weights (B, C); a draw without one of every third subjects is left out."""
    shares = np.full(subjects, 1 / subjects)
    drawn = generator.multinomial(subjects, shares, size=replicates).astype(np.float64)
    return drawn[drawn[:, ::3].sum(1) > 0]


def _bpcer(generator: np.random.Generator, cell: Cell, effort: Effort) -> Iterator[Truth]:
    """BPCER alone, by all rules."""
    errors = _errors(generator, cell, effort.experiments)
    draws = _draws(generator, cell.subjects, effort.replicates)
    figure = rules.rate(errors, cell.each, draws)
    drawn = rules.resampled(figure, 0, 1, rules.exact(errors, cell.each))
    yield Truth("bpcer", cell.rate, {**drawn, **rules.closed(errors, cell.each)})


def _closely(generator: np.random.Generator, cell: Cell, effort: Effort) -> Iterator[Truth]:
    """BPCER by the rules that draw nothing, in ten times as many experiments."""
    errors = _errors(generator, cell, 10 * effort.experiments)
    yield Truth("bpcer closely", cell.rate, rules.closed(errors, cell.each))


def _errors(generator: np.random.Generator, cell: Cell, experiments: int) -> Floats:
    """Errors (E, C) of a block of the experiments."""
    shape = (experiments // BLOCKS, cell.subjects)
    return np.asarray(
        generator.binomial(cell.each, _rates(generator, cell.rate, cell, shape)) * 1.0
    )


class Run(NamedTuple):
    """A run's errors in every experiment: bona fide, then each species (E, its subjects)."""

    bona_fide: Floats
    species: list[Floats]


def _again(
    generator: np.random.Generator, old: Floats, rate: float, cell: Cell, share: float
) -> Floats:
    """True rates of the same subjects elsewhere; the old ones for a share of the subjects."""
    same = generator.random(old.shape) < share
    return np.where(same, old, _rates(generator, rate, cell, old.shape))


def _runs(
    generator: np.random.Generator, cell: Cell, scenario: str, species: int, size: int
) -> tuple[Run, Run]:
    """Two runs. ``tied``: all true rates equal; else the other species, the second run at half."""
    shape, half = (size, cell.subjects), cell.rate / 2
    share, low = (0.5, cell.rate) if scenario == "tied" else (0.0, half)
    live = _rates(generator, cell.rate, cell, shape)
    worst = _rates(generator, cell.rate, cell, shape)
    fake = [worst, *(_again(generator, worst, low, cell, share) for _ in range(species - 1))]
    second = [_again(generator, fake[0], low, cell, share)]
    second += [_again(generator, one, low**2 / cell.rate, cell, share) for one in fake[1:]]
    other = _again(generator, live, low, cell, share)
    pairs = []
    for bona_fide, attacks in ((live, fake), (other, second)):
        errors = [generator.binomial(cell.each, one) * 1.0 for one in (bona_fide, *attacks)]
        # ``rare``: only every third subject shows the worst species.
        rare = errors[1][:, :: 3 if scenario == "rare" else 1]
        pairs.append(Run(errors[0], [rare, *errors[2:]]))
    return pairs[0], pairs[1]


class Judged(NamedTuple):
    """Figures of a run, and by rule the limits of its worst APCER."""

    bpcer: Figure
    apcer: Figure
    acer: Figure
    live: Floats
    worst: Mapping[str, Floats]


def _judge(run: Run, each: int, draws: Floats) -> Judged:
    """Compute a run's figures."""
    bpcer = rules.rate(run.bona_fide, each, draws)
    parts = [_spread(errors, each, draws) for errors in run.species]
    stacked = [np.stack(x, 2).max(2) for x in zip(*(p[1:3] for p in parts), strict=True)]
    values = np.stack([part.value for part in parts], 1)
    influences = np.stack([part.influence for part in parts], 2)
    chosen = influences[np.arange(len(values)), :, values.argmax(1)]
    apcer = Figure(values.max(1), *stacked, chosen)
    acer = Figure(*((one + other) / 2 for one, other in zip(apcer, bpcer, strict=True)))
    counts = [(errors, each) for errors in run.species]
    worst = {r: rules.largest(counts, len(counts), r) for r in ("own", "largest", "bonferroni")}
    return Judged(bpcer, apcer, acer, rules.korn_graubard(run.bona_fide, each), worst)


def _spread(errors: Floats, each: int, draws: Floats) -> Figure:
    """A rate of some subjects, as a figure over all."""
    step = 3 if errors.shape[1] < draws.shape[1] else 1
    part = rules.rate(errors, each, draws[:, ::step])
    jackknife = np.repeat(part.value[:, None], draws.shape[1], 1)
    influence = np.zeros_like(jackknife)
    jackknife[:, ::step], influence[:, ::step] = part.jackknife, part.influence
    return part._replace(jackknife=jackknife, influence=influence)


def _acer(one: Judged, rule: str) -> Floats:
    """Limits of ACER by a rule for its worst APCER; correlation counts where it widens."""
    related = rules.correlation(one.apcer.influence, one.bpcer.influence).clip(0)
    first, second = (one.apcer.value / 2, one.worst[rule] / 2), (one.bpcer.value / 2, one.live / 2)
    return rules.added(first, second, related)


def _apart(one: Figure, ends: Floats, two: Figure, limits: Floats) -> Floats:
    """Limits of the second figure minus the first."""
    related = rules.correlation(-one.influence, two.influence)
    return rules.added((-one.value, -ends[:, ::-1]), (two.value, limits), related)


def _minus(two: Figure, one: Figure) -> Figure:
    """The second figure minus the first, on the same draws."""
    return Figure(*(x - y for x, y in zip(two, one, strict=True)))


def _several(
    generator: np.random.Generator, cell: Cell, effort: Effort, scenario: str, species: int
) -> Iterator[Truth]:
    """APCER of the worst species, ACER, and of two species the differences of two runs."""
    size = effort.experiments // BLOCKS
    runs = _runs(generator, cell, scenario, species, size)
    draws = _draws(generator, cell.subjects, effort.replicates)
    one, two = (_judge(run, cell.each, draws) for run in runs)
    names = {rule: f"effective, {rule}" for rule in one.worst}
    closed = {names[rule]: ends for rule, ends in one.worst.items()}
    yield Truth(f"apcer of {species} {scenario}", cell.rate, _all(one.apcer, closed))
    closed = {names[rule]: _acer(one, rule) for rule in one.worst}
    yield Truth(f"acer of {species} {scenario}", cell.rate, _all(one.acer, closed))
    if species > 2:
        return
    change = 0.0 if scenario == "tied" else -cell.rate / 2
    closed = {"effective": _apart(one.bpcer, one.live, two.bpcer, two.live)}
    figure = _minus(two.bpcer, one.bpcer)
    yield Truth(f"bpcer difference {scenario}", change, _all(figure, closed, -1))
    closed = {n: _apart(one.acer, _acer(one, r), two.acer, _acer(two, r)) for r, n in names.items()}
    figure = _minus(two.acer, one.acer)
    yield Truth(f"acer difference {scenario}", change, _all(figure, closed, -1))


def _all(figure: Figure, closed: Intervals, least: float = 0) -> Intervals:
    """The bootstrap's intervals and the closed forms; the latter where drawing changes nothing."""
    return {**rules.resampled(figure, least, 1, next(iter(closed.values()))), **closed}


def _tests(generator: np.random.Generator, cell: Cell, effort: Effort) -> Iterator[Truth]:
    """McNemar's test of equal runs: an interval that holds 0 if the test does not reject."""
    one, two = _runs(generator, cell, "tied", 2, effort.experiments // BLOCKS)
    owner = np.repeat(np.arange(cell.subjects), cell.each)
    rows: dict[str, list[tuple[float, float]]] = {"by presentation": [], "by subject": []}
    for first, second in zip(one.bona_fide, two.bona_fide, strict=True):
        # Which of a subject's presentations are wrong does not depend on the other run.
        wrong = [_which(generator, errors, cell.each) for errors in (first, second)]
        for name, clusters in (("by presentation", np.arange(owner.size)), ("by subject", owner)):
            kept = mcnemar(*wrong, clusters) > 0.05
            rows[name].append((0.0, 0.0) if kept else (1.0, 1.0))
    yield Truth("mcnemar", 0.0, {name: np.array(ends) for name, ends in rows.items()})


def _which(generator: np.random.Generator, errors: Floats, each: int) -> NDArray[np.bool_]:
    """Spread each subject's errors over its presentations."""
    order = generator.permuted(np.tile(np.arange(each), (errors.size, 1)), axis=1)
    return np.asarray(order < errors[:, None]).ravel()


def _curves(generator: np.random.Generator, cell: Cell, effort: Effort) -> Iterator[Truth]:
    """EER and AUC of normal scores in bins, with subjects that differ; the rate is the EER."""
    gap = -2 * stats.norm.ppf(cell.rate)
    edges = np.linspace(-4, 4 + gap, BINS - 1)
    truth = [np.diff(special.ndtr(edges - mean), prepend=0, append=1) for mean in (gap, 0)]
    rows: dict[str, list[Figure]] = {"eer": [], "auc": []}
    draws = _draws(generator, cell.subjects, min(effort.replicates, CURVE_REPLICATES))
    # The sample itself and each subject left out are further rows of weights.
    one = np.ones((1, cell.subjects))
    weights = np.vstack([one, 1 - np.eye(cell.subjects), draws])
    for _ in range(effort.experiments // BLOCKS):
        counts = [_histograms(generator, cell, mean, edges) for mean in (gap, 0)]
        for name, values in _of_curve(*(weights @ count for count in counts)).items():
            split = 1 + cell.subjects
            rows[name].append(Figure(values[:1], values[split:], values[1:split], values[:0]))
    whole = _of_curve(truth[0][None], truth[1][None])
    for name, figures in rows.items():
        value, replicates, jackknife, _ = (np.stack(x) for x in zip(*figures, strict=True))
        figure = Figure(value[:, 0], replicates, jackknife, value)
        # The harness gives no interval where every draw has the same figure.
        none = np.full((len(value), 2), np.nan)
        drawn = rules.resampled(figure, 0, 1, none)
        drawn = {**drawn, "logit-student": rules.logit_student(figure, none)}
        yield Truth(name, float(whole[name][0]), drawn)


def _histograms(generator: np.random.Generator, cell: Cell, mean: float, edges: Floats) -> Floats:
    """Scores of each subject, counted in bins: (C, bins)."""
    subject = generator.normal(0, np.sqrt(cell.correlation), (cell.subjects, 1))
    spread = np.sqrt(1 - cell.correlation)
    scores = mean + subject + generator.normal(0, spread, (cell.subjects, cell.each))
    bins = np.searchsorted(edges, scores) + np.arange(cell.subjects)[:, None] * BINS
    counts = np.bincount(bins.ravel(), minlength=cell.subjects * BINS)
    return counts.reshape(-1, BINS).astype(np.float64)


def _of_curve(live: Floats, fake: Floats) -> dict[str, Floats]:
    """EER (interpolated) and AUC of each row of binned counts."""
    below = [np.cumsum(x, 1) / x.sum(1, keepdims=True) for x in (live, fake)]
    miss, kept = (np.pad(x, ((0, 0), (1, 0))) for x in below)
    gap = miss + kept - 1
    after = np.argmax(gap >= -1e-12, axis=1)
    rows = np.arange(len(gap))
    low, high = gap[rows, after - 1], gap[rows, after]
    share = np.clip(-low / (high - low), 0, 1)
    eer = miss[rows, after - 1] + share * (miss[rows, after] - miss[rows, after - 1])
    above = 1 - (miss[:, 1:] + miss[:, :-1]) / 2
    return {"eer": eer, "auc": (np.diff(kept, axis=1) * above).sum(1)}


def _scenario(scenario: str, species: int):
    """One of the scenarios of several species."""
    return lambda generator, cell, effort: _several(generator, cell, effort, scenario, species)


SCENARIOS = ("tied", "apart", "rare")
KINDS = {
    "bpcer": _bpcer,
    **{f"{s} of {k}": _scenario(s, k) for s in SCENARIOS for k in (2, 4)},
    "closely": _closely,
    "mcnemar": _tests,
    "curves": _curves,
}
