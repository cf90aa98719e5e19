"""Run the checks of the harness's figures against outside references, and write docs/checks.md."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.interpolate import interp1d
from scipy.optimize import brentq
from sklearn import metrics as sklearn

from fasharness.evaluation.evaluate import EvaluationOptions, evaluate
from fasharness.metrics import binomial, curves, rates
from fasharness.metrics.curves import error_curve
from fasharness.metrics.gradgpad import gradgpad as gradgpad_figures
from fasharness.metrics.thresholds import Development, eer, min_hter
from fasharness.result import Evaluation
from fasharness.scorefiles import gradgpad
from fasharness.scores import Score

Floats = NDArray[np.float64]

ROOT = Path(__file__).resolve().parents[1]
BOB = json.loads((ROOT / "tests/metrics/data/bob.json").read_text())
ARRAYS = {
    "figures of SGTD's, CDCN's, DUM's, LGSC's and SSDG's codes": "tests/metrics/test_published.py",
    "working points of bob.measure": "tests/metrics/test_thresholds.py",
    "operators of SGTD's and CDCN's codes": "tests/ops",
    "SGTD: network, losses, scores and training steps": "plugins/sgtd/tests",
    "CDCN: network": "plugins/cdcn/tests",
}


@dataclass(frozen=True)
class Check:
    """A comparison with a reference.

    Attributes:
        what: which figures.
        reference: the code that they are compared with.
        cases: how many were compared.
        worst: the largest difference found.
        allowed: the largest that passes.
    """

    what: str
    reference: str
    cases: int
    worst: float
    allowed: float

    @property
    def cell(self) -> str:
        """The figures, as a cell of a table."""
        return self.what.replace("|", r"\|")

    @property
    def passed(self) -> bool:
        """Whether all figures are near enough; NaN is not."""
        return self.worst <= self.allowed


def scikit_learn() -> Iterator[Check]:
    """Yield areas and rates of 504 random sets against scikit-learn, their EER against SciPy."""
    auc, precision, points, equal = [], [], [], []
    for seed in range(504):
        live, fake = _drawn(seed)
        labels = np.append(np.ones(live.size), np.zeros(fake.size))
        scores, curve = np.append(live, fake), error_curve(live, fake)
        fpr, tpr, _ = sklearn.roc_curve(labels, scores, drop_intermediate=False)
        points.append(np.abs(curve.apcer[::-1] - fpr).max())
        points.append(np.abs(1 - curve.bpcer[::-1] - tpr).max())
        auc.append(abs(curves.auc(curve) - sklearn.roc_auc_score(labels, scores)))
        area = sklearn.average_precision_score(labels, scores)
        precision.append(abs(curves.average_precision(curve) - area))
        rate = brentq(lambda x, f=fpr, t=tpr: 1 - x - np.interp(x, f, t), 0, 1, xtol=1e-13)
        equal.append(abs(curves.eer(curve) - rate))
    name = f"scikit-learn {version('scikit-learn')}"
    yield Check("APCER and BPCER at every cut", name, 504, max(points), 1e-12)
    yield Check("AUC", name, 504, max(auc), 1e-12)
    yield Check("average precision", name, 504, max(precision), 1e-12)
    yield Check("EER", f"a root of SciPy {version('scipy')} on that curve", 504, max(equal), 1e-9)


def _drawn(seed: int) -> tuple[Floats, Floats]:
    """Draw a set: 2 to 700 scores of a class, a third with ties, some separable."""
    generator = np.random.default_rng(seed)
    live, fake = generator.integers(2, 700, 2)
    found = generator.normal(seed % 4, 1, live), generator.normal(0, 1.4, fake)
    digits = (0, 2, 12)[seed % 3]
    return found[0].round(digits), found[1].round(digits)


def scipy_intervals() -> Check:
    """Compare exact binomial limits with SciPy's."""
    worst, cases = 0.0, 0
    for count in (1, 2, 20, 55, 300, 5000):
        for errors in sorted({0, 1, count // 10, count // 2, count - 1, count}):
            for confidence in (0.9, 0.95, 0.99):
                theirs = stats.binomtest(errors, count).proportion_ci(confidence, method="exact")
                ours = binomial.clopper_pearson(errors, count, confidence)
                worst = max(worst, abs(ours[0] - theirs.low), abs(ours[1] - theirs.high))
                cases += 1
    return Check("exact binomial limits", f"SciPy {version('scipy')}", cases, worst, 1e-9)


def bob() -> Iterator[Check]:
    """Yield rates at bob's thresholds, and the smallest errors that rules reach, against bob's."""
    at, gap, hter = [], [], []
    for row in BOB["rows"]:
        theirs = dict(zip(BOB["columns"], row, strict=True))
        generator, digits = np.random.default_rng(int(theirs["seed"])), int(theirs["digits"])
        live = generator.normal(1, 1, 150).round(digits)
        fake = generator.normal(0, 1, 400).round(digits)
        cut = theirs["eer_threshold"]
        at.append(abs(rates.apcer_by({"all": fake}, cut)["all"] - theirs["eer_far"]))
        at.append(abs(rates.bpcer(live, cut) - theirs["eer_frr"]))
        dev = Development(live, {"all": fake})
        gap.append(abs(abs(_difference(dev, eer)) - abs(theirs["eer_far"] - theirs["eer_frr"])))
        hter.append(abs(_sum(dev, min_hter) - theirs["hter_far"] - theirs["hter_frr"]))
    name, cases = BOB["source"], len(BOB["rows"])
    yield Check("APCER and BPCER at bob's EER threshold", name, cases, max(at), 1e-12)
    yield Check("|APCER - BPCER| at the rule eer", name, cases, max(gap), 1e-12)
    yield Check("APCER + BPCER at the rule min-hter", name, cases, max(hter), 1e-12)


def _difference(dev: Development, rule: Callable[[Development], float]) -> float:
    """APCER minus BPCER at a rule's threshold."""
    cut = rule(dev)
    return rates.apcer_by(dev.attacks, cut)["all"] - rates.bpcer(dev.bona_fide, cut)


def _sum(dev: Development, rule: Callable[[Development], float]) -> float:
    """APCER plus BPCER at a rule's threshold."""
    cut = rule(dev)
    return rates.apcer_by(dev.attacks, cut)["all"] + rates.bpcer(dev.bona_fide, cut)


@dataclass(frozen=True)
class Pairs:
    """The checks on gradgpad's scores, and how far its threshold moves a rate.

    Attributes:
        checks: the comparisons.
        moved_apcer: largest change of the worst species' APCER between both thresholds.
        moved_bpcer: largest change of BPCER.
        moved_eer: largest change of the test EER by its single precision.
        leaking: pairs with the same presentation in dev and test.
    """

    checks: tuple[Check, ...]
    moved_apcer: float
    moved_bpcer: float
    moved_eer: float
    leaking: int


def real_scores(names: Sequence[str] = gradgpad.NAMES) -> Pairs:
    """Compare both rules on gradgpad's pairs of real dev and test scores.

    Args:
        names: some of `gradgpad.NAMES`.

    Returns:
        The checks.
    """
    folder = gradgpad.get()
    facts = gradgpad.read_facts(folder)
    theirs, rule, equal, counted, leaking = [], [], [], [], 0
    apcer, bpcer, rounded = [], [], []
    for name in names:
        dev, test = (list(gradgpad.read_split(folder, facts, name, p)) for p in ("devel", "test"))
        leaks = {s.presentation for s in dev} & {s.presentation for s in test}
        leaking += bool(leaks)
        kept = [s for s in dev if s.presentation not in leaks]
        found = evaluate([*kept, *test], EvaluationOptions(replicates=1))
        equal.append(abs(_single_eer(test) - _steps(test)[0]))
        rounded.append(abs(_value(found, "eer_pooled") - _steps(test)[0]))
        counted += _counted(found, test)
        published = gradgpad_figures(*_arrays(dev), *_arrays(test))
        rate, cut = _steps(dev)
        theirs += [abs(published.dev_eer - rate), abs(published.threshold + cut)]
        rule += _at(test, cut, published.apcer, published.bpcer)
        apcer.append(abs(_value(found, "apcer_species") - published.apcer))
        bpcer.append(abs(_value(found, "bpcer") - published.bpcer))
    count, own = len(names), "gradgpad 2.1.0: its steps in scikit-learn and SciPy"
    checks = (
        Check("compat.gradgpad: dev EER and threshold", own, count, max(theirs), 0.0),
        Check("compat.gradgpad: APCER and BPCER", own, count, max(rule), 0.0),
        Check("EER of test, of scores in single precision", own, count, max(equal), 1e-10),
        Check(
            "BPCER, APCER of each species, at ours", "counted one by one", count, max(counted), 0
        ),
    )
    return Pairs(checks, max(apcer), max(bpcer), max(rounded), leaking)


def _single_eer(scores: Sequence[Score]) -> float:
    """Return the harness's EER of scores that are rounded as gradgpad rounds them."""
    values, kinds = _arrays(scores)
    single = values.astype(np.float32)
    return curves.eer(error_curve(single[kinds == 1], single[kinds != 1]))


def _value(found: Evaluation, name: str) -> float:
    """Return a figure; with one species in each group there is no other for species."""
    by_name = {metric.name: metric.value for metric in found.metrics}
    value = by_name.get(name, by_name["apcer"])
    assert value is not None
    return value


def _arrays(scores: Sequence[Score]) -> tuple[Floats, NDArray[np.int64]]:
    """Return scores, and 1 for bona fide or another number for each species."""
    species = sorted({s.species for s in scores if s.species})
    kinds = [1 if s.bona_fide else 2 + species.index(s.species or "") for s in scores]
    return np.array([s.value for s in scores]), np.array(kinds)


def _steps(scores: Sequence[Score]) -> tuple[float, float]:
    """Follow gradgpad's steps with the functions that it calls; high scores are attacks."""
    values, kinds = _arrays(scores)
    high = (-values).astype(np.float32)
    fpr, tpr, cuts = sklearn.roc_curve((kinds != 1).astype(int), -1.0 * high, pos_label=0)
    cuts = np.clip(-1.0 * cuts, high.min(), high.max())
    rate = brentq(lambda x: 1.0 - x - interp1d(fpr, tpr)(x), 0.0, 1.0)
    return rate, float(interp1d(fpr, cuts)(rate))


def _at(test: Sequence[Score], cut: float, apcer: float, bpcer: float) -> list[float]:
    """Differences to the rates that are counted one by one at gradgpad's threshold."""
    high = [(np.float32(-s.value), s.species) for s in test]
    live = [score > cut for score, species in high if species is None]
    by: dict[str, list[bool]] = {}
    for score, species in high:
        if species is not None:
            by.setdefault(species, []).append(bool(score < cut))
    worst = max(sum(found) / len(found) for found in by.values())
    return [abs(apcer - worst), abs(bpcer - sum(live) / len(live))]


def _counted(found: Evaluation, test: Sequence[Score]) -> list[float]:
    """Differences of the harness's rates to those counted one by one at its threshold."""
    cut = found.threshold.value
    live = [s.value < cut for s in test if s.bona_fide]
    differences = [abs(_value(found, "bpcer") - sum(live) / len(live))]
    for metric in found.apcer_by_species:
        # A species that only dev has is listed too, without a rate.
        fake = [s.value >= cut for s in test if s.species == metric.name]
        if fake:
            assert metric.value is not None
            differences.append(abs(metric.value - sum(fake) / len(fake)))
    return differences


def authors(what: str) -> str:
    """Run the tests on the authors' arrays, and return pytest's count of what passed."""
    command = [sys.executable, "-m", "pytest", "-q", "--no-header", ARRAYS[what]]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    last = ended.stdout.strip().splitlines()[-1]
    if ended.returncode:
        raise SystemExit(f"{ARRAYS[what]}: {last}")
    return last.partition(" in ")[0]


def page() -> str:
    """Run all checks, and return the page."""
    pairs = real_scores()
    checks = [*scikit_learn(), scipy_intervals(), *bob(), *pairs.checks]
    failed = [check.what for check in checks if not check.passed]
    if failed:
        raise SystemExit(f"these checks failed: {', '.join(failed)}")
    lines = [
        "# How we know that the figures are right",
        "This page is written by `make checks`, which runs every check on it and fails if one "
        "does; `make test-slow` runs those on real scores too.",
        "",
        "## Figures against other code",
        "| figure | compared with | cases | largest difference |",
        "|---|---|---|---|",
        *(f"| {c.cell} | {c.reference} | {c.cases} | {_number(c.worst)} |" for c in checks),
        "",
        f"The rows with {len(gradgpad.NAMES)} cases are the pairs of real dev and test scores of "
        "`fasharness scores get gradgpad`. gradgpad's threshold is interpolated between points of "
        "a thinned ROC, so it is at no score: against the harness's rule `eer` on the same pairs "
        f"it moves the APCER of the worst species by up to {100 * pairs.moved_apcer:.1f} points "
        f"and BPCER by up to {100 * pairs.moved_bpcer:.1f}. It also rounds its scores to single "
        "precision, which ties scores and moves the EER of test by up to "
        f"{100 * pairs.moved_eer:.1f} points. In {pairs.leaking} pairs the same presentations are "
        "in dev and test; the harness's figures leave them out of dev.",
        "",
        "## Figures, layers and steps of other codes, on arrays that they wrote",
        "Skipped are the operators' tests that need a GPU; training steps are in `make test-slow`.",
        "",
        "| what | tests | result |",
        "|---|---|---|",
        *(f"| {what} | `{path}` | {authors(what)} |" for what, path in ARRAYS.items()),
        "",
        "Beyond this, each metric has a table worked by hand and invariants that generated inputs "
        "must keep (`tests/metrics`).",
    ]
    return "\n".join(lines) + "\n"


def _number(difference: float) -> str:
    """Write a difference, which is often exactly 0."""
    return "0" if difference == 0 else f"{difference:.0e}"


if __name__ == "__main__":
    (ROOT / "docs" / "checks.md").write_text(page())
