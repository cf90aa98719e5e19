"""Commands on score files: evaluate, compare, leaderboard, stream, fuse, calibrate."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fasharness.cli.command import add_command, show, tell
from fasharness.cli.rules import add_out, add_rules, add_style, rules_of, warn, write_and_print
from fasharness.common.cells import decimal, whole
from fasharness.errors import OptionError, naming

if TYPE_CHECKING:
    from fasharness.evaluation.evaluate import EvaluationOptions
    from fasharness.metric import MetricFunction
    from fasharness.scores import Score


def add(commands: Any) -> None:
    """Add the commands."""
    _add_evaluate(commands)
    _add_tables(commands)
    _add_stream(commands)
    _add_fuse(commands)
    _add_calibrate(commands)


def _add_evaluate(commands: Any) -> None:
    parser = add_command(commands, "evaluate", _evaluate, "metrics of score files")
    add = parser.add_argument
    add(
        "scores",
        type=Path,
        nargs="+",
        metavar="SCORES",
        help="CSV, Parquet or a run's folder; several are folds",
    )
    add_rules(parser)
    add_out(parser)
    add("--interval", default="korn-graubard", help="or percentile, bca, exact (see the docs)")
    add("--all", action="store_true", help="also areas, working points, d', FAR and FRR")
    add("--point", action="append", default=[], metavar="NAME", help="e.g. bpcer@apcer=0.002")
    add(
        "--max-failed",
        type=decimal,
        default=0.2,
        metavar="SHARE",
        help="of a class, 0.2 if not given",
    )
    add("--allow-subject-overlap", action="store_true", help="let a subject be in two splits")
    add("--compat", action="store_true", help="also what published codes would print")
    add("--group", metavar="SPEC", help="species groups, e.g. print=print*,display=display*")
    add(
        "--aggregate", metavar="NAME", help="clips or frames to videos: mean, median, lowest-3, ..."
    )
    add("--manifest", type=Path, metavar="FILE", help="CSV of the presentations to expect")
    add("--recognition", type=Path, metavar="SCORES", help="a recognition system's comparisons")
    add("--recognition-threshold", type=decimal, metavar="T", help="the system accepts T and above")
    add("--plots", type=Path, metavar="DIR", help="also write plots as PNG, SVG and CSV")
    add_style(parser)


def _add_tables(commands: Any) -> None:
    text = "compare runs of the same protocol: the first with each of the others"
    pair = add_command(commands, "compare", _compare, text)
    what = "score files (CSV or Parquet) or the folders of runs, two or more"
    pair.add_argument("runs", type=Path, nargs="+", metavar="RUN", help=what)
    add_rules(pair)
    add_out(pair)
    board = add_command(commands, "leaderboard", _leaderboard, "all runs below folders")
    what = "searched for runs and JSON of `evaluate --out`, with its subfolders; or such a file"
    board.add_argument("folders", type=Path, nargs="+", metavar="DIR", help=what)
    board.add_argument("--published", action="store_true", help="also published figures")
    for parser in (pair, board):
        add_style(parser)


def _add_stream(commands: Any) -> None:
    text = "curves of a score file larger than memory, with their error bounds"
    parser = add_command(commands, "stream", _stream, text)
    add = parser.add_argument
    add("scores", type=Path, metavar="SCORES", help="CSV or Parquet")
    rule = "eer on dev (default), or fixed=NUMBER"
    add("--threshold", default="eer", metavar="RULE", help=rule)
    add("--bins", type=whole, default=65_536, metavar="N", help="more bins, smaller error")
    add("--curve", type=Path, metavar="FILE", help="also write the test curve as CSV")
    add_style(parser)


def _add_fuse(commands: Any) -> None:
    parser = add_command(commands, "fuse", _fuse, "combine several runs into one score")
    add = parser.add_argument
    add("runs", type=Path, nargs="+", metavar="SCORES", help="of the same presentations")
    add("--rule", default="mean", help="mean (default), weighted, logistic (all use dev), plain")
    add("--weights", metavar="W,W", help="one for each run (rules weighted and plain)")
    add("--out", type=Path, required=True, metavar="FILE", help="CSV or Parquet")


def _add_calibrate(commands: Any) -> None:
    text = "scores as log odds of bona fide, fitted on dev"
    parser = add_command(commands, "calibrate", _calibrate, text)
    add = parser.add_argument
    add("scores", type=Path, metavar="SCORES", help="CSV or Parquet")
    add("--rule", default="platt", help="platt (default), isotonic, or line=SLOPE,CENTRE,OFFSET")
    meaning = "meaning of the scores before: log-odds (default) or probability"
    add("--meaning", default="log-odds", help=meaning)
    add("--plots", type=Path, metavar="DIR", help="also write the reliability diagram")
    add("--out", type=Path, required=True, metavar="FILE", help="CSV or Parquet")


def _evaluate(options: argparse.Namespace) -> int:
    from fasharness.evaluation.evaluate import EvaluationOptions
    from fasharness.plugins import load
    from fasharness.scorefiles import json_target, refuse_run_folder, score_files

    options.scores = [file for path in options.scores for file in score_files(path)]
    _refuse_combinations(options)
    more = [path for path in (options.manifest, options.recognition) if path is not None]
    json_target(options.out, [*options.scores, *more])
    if options.plots is not None:
        refuse_run_folder(options.plots)
    rules = EvaluationOptions(
        **rules_of(options),
        allow_subject_overlap=options.allow_subject_overlap,
        interval=options.interval,
        max_failed_share=options.max_failed,
        published=options.compat,
        more=options.all,
        points=tuple(options.point),
    )
    files = {str(path): _prepared(path, options) for path in options.scores}
    extra = {offer.name: offer.make for offer in load().offers("metric")}
    evaluated = _evaluate_one if len(files) == 1 else _evaluate_folds
    evaluated(files, rules, extra, options)
    return 0


def _refuse_combinations(options: argparse.Namespace) -> None:
    """Refuse flags that exclude or require each other."""
    folds = len(options.scores) > 1
    if len({path.resolve() for path in options.scores}) < len(options.scores):
        raise OptionError("a score file is named twice; folds are different files")
    if (options.recognition is None) is not (options.recognition_threshold is None):
        raise OptionError("--recognition and --recognition-threshold go together")
    if folds and (options.recognition is not None or options.plots is not None):
        raise OptionError("--recognition and --plots go with one score file, not with folds")


def _prepared(path: Path, options: argparse.Namespace) -> Sequence[Score]:
    """Read a score file; check, group and aggregate it as the flags say."""
    from fasharness import scorefiles
    from fasharness.evaluation.checks import check_manifest, read_manifest
    from fasharness.evaluation.grouping import regroup
    from fasharness.evaluation.units import aggregate

    scores: Sequence[Score] = scorefiles.read(path)
    manifest = None if options.manifest is None else read_manifest(options.manifest)
    with naming(path):
        if manifest is not None:
            check_manifest(scores, manifest)
        if options.aggregate is not None:
            scores = aggregate(scores, options.aggregate)
        if options.group is not None:
            scores = regroup(scores, options.group)
    return scores


def _evaluate_one(
    files: Mapping[str, Sequence[Score]],
    rules: EvaluationOptions,
    extra: Mapping[str, MetricFunction],
    options: argparse.Namespace,
) -> None:
    from fasharness import scorefiles
    from fasharness.evaluation.checks import limited
    from fasharness.evaluation.evaluate import evaluate
    from fasharness.evaluation.recognition import with_recognition
    from fasharness.report import text
    from fasharness.report.drawing.files import write
    from fasharness.report.grid import render
    from fasharness.run.folder import limit_of

    ((name, scores),) = files.items()
    with naming(name):
        found = limited(evaluate(scores, rules, extra), limit_of(Path(name)))
    comparisons: Sequence[Score] = ()
    if options.recognition is not None:
        comparisons = scorefiles.read(options.recognition)
        with naming(options.recognition):
            found = with_recognition(found, comparisons, options.recognition_threshold, rules)
    simulated = any(score.simulated for score in (*scores, *comparisons))
    grid = text.evaluation_numbers if options.style == "csv" else text.evaluation_grid
    if options.style == "terminal":
        shown = text.evaluation_table(found, simulated) + "\n"
    else:
        shown = render(grid(found, simulated), options.style)
    write_and_print(shown, options.out, text.evaluation_json(found, simulated))
    warn(grid(found, simulated), options.style)
    if options.plots is not None:
        write(options.plots, found, scores, Path(name).name, simulated)
        tell(f"plots: {options.plots}")


def _evaluate_folds(
    files: Mapping[str, Sequence[Score]],
    rules: EvaluationOptions,
    extra: Mapping[str, MetricFunction],
    options: argparse.Namespace,
) -> None:
    from dataclasses import replace  # here, since the help does not need it and it is slow

    from fasharness.evaluation.checks import limited
    from fasharness.evaluation.folds import evaluate_folds
    from fasharness.report.grid import render
    from fasharness.report.text import evaluation_json, folds_grid, folds_table
    from fasharness.run.folder import limit_of

    found = evaluate_folds(files, rules, extra)
    warned = {name: limited(one, limit_of(Path(name))) for name, one in found.evaluations.items()}
    found = replace(found, evaluations=warned)
    simulated = any(score.simulated for scores in files.values() for score in scores)
    if options.style == "terminal":
        shown = folds_table(found, simulated) + "\n"
    else:
        shown = render(folds_grid(found, simulated), options.style)
    write_and_print(shown, options.out, evaluation_json(found, simulated))


def _compare(options: argparse.Namespace) -> int:
    import fasharness
    from fasharness.evaluation.compare import to_json
    from fasharness.report.comparison import comparison, numbers, run_names
    from fasharness.report.grid import render
    from fasharness.scorefiles import json_target

    if len(options.runs) < 2 or len({p.resolve() for p in options.runs}) < len(options.runs):
        raise OptionError("compare needs two or more different runs, each named once")
    json_target(options.out, options.runs)
    names, (first, *others) = run_names(options.runs), options.runs
    found = {
        name: fasharness.compare(first, other, **rules_of(options))
        for name, other in zip(names[1:], others, strict=True)
    }
    if options.style == "csv":
        grids = [numbers(names[0], found)]
    else:
        grids = [comparison(names[0], name, one) for name, one in found.items()]
    shown = "\n".join(render(grid, options.style) for grid in grids)
    write_and_print(shown, options.out, to_json(names[0], found))
    for grid in grids:
        warn(grid, options.style)
    return 0


def _leaderboard(options: argparse.Namespace) -> int:
    from fasharness.report.grid import render
    from fasharness.report.leaderboard import collect, leaderboard, numbers
    from fasharness.report.literature import literature

    board = collect(options.folders)
    grids = [numbers(board)] if options.style == "csv" else [*leaderboard(board)]
    grids += [literature()] if options.published else []
    show("\n".join(render(grid, options.style) for grid in grids), end="")
    for grid in grids:
        warn(grid, options.style)
    return 0


def _stream(options: argparse.Namespace) -> int:
    from fasharness.evaluation.streaming import count_file
    from fasharness.report.grid import render
    from fasharness.report.streaming import grid, write_curve
    from fasharness.scorefiles import refuse_overwriting

    refuse_overwriting([options.curve] if options.curve else [], [options.scores])
    counts = count_file(options.scores, options.bins, options.threshold)
    show(render(grid(str(options.scores), counts), options.style), end="")
    if options.curve is not None:
        write_curve(options.curve, counts)
    return 0


def _fuse(options: argparse.Namespace) -> int:
    from fasharness import scorefiles
    from fasharness.evaluation.fusion import fuse

    scorefiles.refuse_overwriting([options.out], options.runs)
    runs = [scorefiles.read(path) for path in options.runs]
    fused = fuse(runs, options.rule, _weights(options.weights))
    scorefiles.write(options.out, fused.scores)
    for number, path in enumerate(options.runs, start=1):
        show(f"run {number}: {path}")
    failed = sum(score.failed for score in fused.scores)
    show(fused.words)
    show(f"{len(fused.scores)} presentations, {failed} of them left out: a run failed on them")
    show(written(fused.scores, [options.out]))
    return 0


def _weights(text: str | None) -> list[float] | None:
    """Read ``W,W``."""
    try:
        return None if text is None else [decimal(word) for word in text.split(",")]
    except ValueError as error:
        raise OptionError(f"weights {text!r}, expected numbers such as 0.7,0.3") from error


def written(scores: Sequence[Score], paths: Sequence[Path]) -> str:
    """List the files written, marked if simulated."""
    marker = " (SIMULATED)" if any(score.simulated for score in scores) else ""
    return "\n".join(f"{path}{marker}" for path in paths)


def _calibrate(options: argparse.Namespace) -> int:
    from fasharness import scorefiles
    from fasharness.evaluation.calibrate import calibrate
    from fasharness.report.drawing.files import write_reliability

    scorefiles.refuse_overwriting([options.out], [options.scores])
    if options.plots is not None:
        scorefiles.refuse_run_folder(options.plots)
    scores = scorefiles.read(options.scores)
    with naming(options.scores):
        found = calibrate(scores, options.rule, options.meaning)
    scorefiles.write(options.out, found.scores)
    show(f"{found.rule}, fitted on dev: {found.words}" if found.fitted else found.words)
    for split, before, after in found.costs:
        note = " (fitted here, so too good)" if split == found.fitted else ""
        show(f"Cllr of {split}: {before:.4f} bits before, {after:.4f} after{note}")
    paths = [options.out]
    if options.plots is not None:
        title = f"Reliability of {options.scores.name} ({found.rule})"
        paths += write_reliability(options.plots, found.scores, title)
    show(written(found.scores, paths))
    return 0
