"""The commands that reproduce a run's figures, as its page prints them."""

import shlex
from collections.abc import Iterator, Mapping

from fasharness.evaluation.evaluate import EvaluationOptions
from fasharness.report.runs import Run
from fasharness.result import Evaluation, FoldsResult


def commands(run: Run) -> Iterator[str]:
    """Yield the versions that a run was made with, then the commands that reproduce it.

    Args:
        run: the run.

    Yields:
        Lines for a shell; RUN is the run's folder, PLOTS any folder.
    """
    if run.file:
        yield from _of_file(run)
        return
    known = run.first.provenance.get("versions")
    versions = known if isinstance(known, Mapping) else {}
    if versions:
        wanted = (name for name in ("plugin fasharness", "torch", "python") if name in versions)
        made = ", ".join(f"{name} {versions[name]}" for name in wanted)
        yield f"# made with {made.removeprefix('plugin fasharness ')}"
    yield "# from the videos: prepare, train, score, evaluate, report"
    yield from (f"{command} --out RUN" for command in run.first.commands)
    yield "# from the scores alone: every figure of the method, without a model"
    yield from _evaluations(run)
    yield "# this page, and its plots as PNG, SVG and CSV"
    yield "fasharness report RUN --plots PLOTS"


def _of_file(run: Run) -> Iterator[str]:
    """Yield the commands for a score file, or for figures without the scores behind them."""
    file = shlex.quote(run.file)
    if not run.scores:
        yield "# this page; it has no plots, since the file holds no scores"
        yield f"fasharness report {file}"
        return
    evaluation = run.first.evaluation
    yield "# the figures"
    yield f"fasharness evaluate {file} {_flags(evaluation)}".rstrip()
    yield "# this page, and its plots as PNG, SVG and CSV"
    yield shlex.join(["fasharness", "report", run.file, *_rules(evaluation), "--plots", "PLOTS"])


def _evaluations(run: Run) -> Iterator[str]:
    """Yield the evaluation of each score file, and that of all folds together."""
    folds = isinstance(run.result, FoldsResult)
    files = [
        f"RUN/{shlex.quote(part.name)}/scores.csv" if folds else "RUN/scores.csv"
        for part in run.parts
    ]
    for part, file in zip(run.parts, files, strict=True):
        yield f"fasharness evaluate {file} {_flags(part.result.evaluation)}".rstrip()
    if len(files) > 1:
        flags = _flags(run.first.evaluation)
        yield f"fasharness evaluate {' '.join(files)} {flags}".rstrip()


def _flags(evaluation: Evaluation) -> str:
    """Return the flags of `fasharness evaluate` that reproduce an evaluation from its scores."""
    method, usual = evaluation.intervals.method, EvaluationOptions().interval
    switches = (("--all", bool(evaluation.more)), ("--compat", bool(evaluation.published)))
    # Quoted: rules and folds may hold characters that a shell would interpret.
    return shlex.join(
        [
            *_rules(evaluation),
            *(("--interval", method) if method != usual else ()),
            *(flag for flag, on in switches if on),
        ]
    )


def _rules(evaluation: Evaluation) -> Iterator[str]:
    """Yield the flags of the rules that every command on score files takes."""
    usual, rule = EvaluationOptions(), evaluation.intervals
    # Only flags that differ from the defaults, so that a reader sees what was special.
    chosen = (
        ("--threshold", evaluation.threshold.rule, usual.threshold_rule),
        ("--replicates", rule.replicates, usual.replicates),
        ("--seed", rule.seed, usual.seed),
        ("--confidence", rule.confidence, usual.confidence),
    )
    for flag, ours, theirs in chosen:
        if ours != theirs:
            yield from (flag, str(ours))
    if evaluation.threshold.leaks:
        yield "--allow-leaks"
