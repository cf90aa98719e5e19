"""Results of an evaluation, as records that are written to versioned JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fasharness.common import records
from fasharness.common.files import write_text
from fasharness.common.formats import file_text
from fasharness.counts import Counts, Outcome
from fasharness.errors import UnknownNameError

SCHEMA = 4
SPREAD = "mean and sample standard deviation (divided by n - 1) over the folds"
POOLED = (
    "the test decisions of all folds, each at its fold's own threshold, counted together; "
    "subjects are drawn with their presentations of every fold; no EER or AUC, since the scores "
    "of different folds have no common scale"
)


@dataclass(frozen=True)
class Metric:
    """One figure with its interval, or the reason why there is none.

    Attributes:
        name: e.g. ``acer``.
        value: the figure, None if it is absent.
        low: lower end of the interval, None if there is none.
        high: upper end of the interval, None if there is none.
        count: how many presentations the figure is a share of; 0 if it is not a share.
        reason: why the value or its interval is absent; empty when both are there.
    """

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    count: int = 0
    reason: str = ""

    def __post_init__(self) -> None:
        """Refuse a figure that is absent without a reason."""
        if self.value is None and not self.reason:
            raise ValueError(f"metric {self.name!r} has neither a value nor a reason")


@dataclass(frozen=True)
class Threshold:
    """The decision threshold and where it came from.

    Attributes:
        rule: the rule's name, e.g. ``eer``.
        words: the rule in words.
        split: the split whose scores chose it; empty for a fixed value.
        value: the threshold.
        operator: how a score is compared with it to be called bona fide.
        leaks: whether the test split influenced it.
        title: the rule for readers: which APCER it reads, e.g. ``EER over all attacks pooled``.
    """

    rule: str
    words: str
    split: str
    value: float
    operator: str = ">="
    leaks: bool = False
    title: str = ""

    @property
    def source(self) -> str:
        """The rule and the split that it read, for readers."""
        title = self.title or self.rule
        return f"{title}, on {self.split}" if self.split else title


@dataclass(frozen=True)
class IntervalRule:
    """How the intervals were made.

    Attributes:
        words: the procedure in words: what is resampled, what stays fixed.
        method: ``korn-graubard``, ``percentile``, ``bca`` or ``exact``.
        confidence: e.g. 0.95.
        replicates: bootstrap replicates.
        seed: seed of the random generator.
        clusters: how many clusters (subjects) are drawn from.
    """

    words: str
    method: str
    confidence: float
    replicates: int
    seed: int
    clusters: int


@dataclass(frozen=True)
class Published:
    """What a published evaluation code would print for the same scores.

    Attributes:
        name: e.g. ``compat.sgtd.acer``.
        value: the figure as a share in [0, 1].
        words: the code's rule in words.
        leaks: whether the test split's labels influenced its threshold.
    """

    name: str
    value: float
    words: str
    leaks: bool


@dataclass(frozen=True)
class Evaluation:
    """All figures of a set of scores.

    Attributes:
        threshold: the decision threshold.
        metrics: the metrics on the test split, in order of display.
        apcer_by_group: APCER of each species group; the largest is the APCER. A group without a
            score has no value but a reason.
        apcer_by_species: the same for each PAI species.
        counts: counts per split.
        intervals: how the intervals were made.
        warnings: what a reader must know before believing the figures.
        smallest_rate: by class or species group, the smallest error rate that this test set can
            support with confidence (rule of three).
        published: figures of published evaluation codes, if requested.
        more: further metrics on the test split, if requested.
        unit: what the figures count: ``video``, ``clip`` or ``frame``.
        outcomes: what became of the test presentations of each class, group and species.
    """

    threshold: Threshold
    metrics: tuple[Metric, ...]
    apcer_by_group: tuple[Metric, ...]
    apcer_by_species: tuple[Metric, ...]
    counts: tuple[Counts, ...]
    intervals: IntervalRule
    warnings: tuple[str, ...] = ()
    smallest_rate: Mapping[str, float] = field(default_factory=dict)
    published: tuple[Published, ...] = ()
    more: tuple[Metric, ...] = ()
    unit: str = "video"
    outcomes: tuple[Outcome, ...] = ()

    def metric(self, name: str) -> Metric:
        """Look a metric up.

        Args:
            name: its name.

        Returns:
            The metric.

        Raises:
            UnknownNameError: when there is none of this name.
        """
        known = {metric.name: metric for metric in (*self.metrics, *self.more)}
        if name not in known:
            raise UnknownNameError("metric", name, known)
        return known[name]


@dataclass(frozen=True)
class Baseline:
    """What a trivial scorer gets on the same protocol.

    Attributes:
        name: e.g. ``constant``.
        words: what it does.
        metrics: its metrics, by the same rules.
        reason: why there are no metrics; empty when there are.
    """

    name: str
    words: str
    metrics: tuple[Metric, ...]
    reason: str = ""


@dataclass(frozen=True)
class Result:
    """One run of a method on one protocol (or one fold of it).

    Attributes:
        method: the method's name.
        method_version: its version.
        preset: the preset of options, empty for none.
        options: all the method's options.
        dataset: the data set's name.
        protocol: the protocol's name, e.g. ``oulu3``.
        fold: the fold's name, e.g. ``oulu3_2``; empty for a protocol without folds.
        simulated: whether the data are simulated.
        aggregator: how clip scores became a presentation's score, e.g. ``mean over clips``.
        evaluation: threshold, metrics, counts.
        baselines: trivial scorers on the same protocol.
        provenance: versions, seeds, hashes, hardware, as far as the caller knows them.
        commands: commands that reproduce the run.
    """

    method: str
    method_version: str
    preset: str
    options: Mapping[str, Any]
    dataset: str
    protocol: str
    fold: str
    simulated: bool
    aggregator: str
    evaluation: Evaluation
    baselines: tuple[Baseline, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)
    commands: tuple[str, ...] = ()


@dataclass(frozen=True)
class FoldMetric:
    """A metric over folds.

    Attributes:
        name: e.g. ``acer``.
        mean: mean over the folds, None if a fold lacks the metric.
        std: sample standard deviation (n - 1), None if it is undefined.
        reason: why mean or std is absent.
    """

    name: str
    mean: float | None
    std: float | None
    reason: str = ""


@dataclass(frozen=True)
class FoldsResult:
    """One run of a method on all folds of a protocol.

    Attributes:
        protocol: the protocol's name.
        folds: every fold's result.
        metrics: mean and standard deviation of each metric.
        spread: what these are, in words.
        more: mean and standard deviation of the further metrics.
        pooled: rates over the decisions of all folds together.
        pooling: what these are, in words.
        outcomes: what became of the test presentations of all folds.
    """

    protocol: str
    folds: tuple[Result, ...]
    metrics: tuple[FoldMetric, ...]
    spread: str = SPREAD
    more: tuple[FoldMetric, ...] = ()
    pooled: tuple[Metric, ...] = ()
    pooling: str = POOLED
    outcomes: tuple[Outcome, ...] = ()

    @property
    def simulated(self) -> bool:
        """Whether any fold ran on simulated data."""
        return any(fold.simulated for fold in self.folds)


_KINDS: Mapping[str, type[Result] | type[FoldsResult]] = {
    "protocol": Result,
    "folds": FoldsResult,
}


def to_json(result: Result | FoldsResult) -> str:
    """Write a result as JSON that depends only on the result.

    Args:
        result: the result.

    Returns:
        JSON with sorted keys, a schema number, the kind ``protocol`` or ``folds``, and a checksum.

    Raises:
        TypeError: options or provenance contain something that JSON cannot represent.
        ValueError: they contain a number that is not finite.
    """
    kind = next(name for name, cls in _KINDS.items() if isinstance(result, cls))
    return records.wrapped(SCHEMA, kind, result)


def figures_json(kind: str, figures: object, simulated: bool) -> str:
    """Write figures of score files without a run as JSON.

    Args:
        kind: what they are, e.g. ``evaluation``.
        figures: records, and mappings and sequences of them.
        simulated: whether any score is of a simulated presentation.

    Returns:
        JSON with sorted keys, the schema number, the kind and a checksum.
    """
    return records.wrapped(SCHEMA, kind, figures, simulated=simulated)


def from_json(text: str, source: str = "result") -> Result | FoldsResult:
    """Read a result strictly.

    Args:
        text: what `to_json` returns.
        source: where it came from, for the message.

    Returns:
        The result.

    Raises:
        DataError: for another schema or kind, and for anything missing, unknown or mistyped.
    """
    found = records.unwrap(text, source, SCHEMA, _KINDS)
    return records.build(_KINDS[found.kind], found.body, source)


def write(path: Path, result: Result | FoldsResult) -> None:
    """Write a result file atomically.

    Args:
        path: the file.
        result: the result.
    """
    write_text(path, to_json(result))


def read(path: Path) -> Result | FoldsResult:
    """Read a result file.

    Args:
        path: the file.

    Returns:
        The result.

    Raises:
        DataError: when it is missing or broken.
    """
    return from_json(file_text(path), str(path))
