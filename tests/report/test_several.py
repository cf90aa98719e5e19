"""Several runs on a page: paired where they may be, and said so where they may not; folds."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from fasharness import report
from fasharness.errors import OptionError
from fasharness.evaluation.compare import compare
from fasharness.evaluation.evaluate import EvaluationOptions, evaluate
from fasharness.evaluation.folds import combine_folds, pool
from fasharness.report.numbers import change, figure, percent
from fasharness.report.runs import read_several
from fasharness.result import Result
from fasharness.scores import Score

Finish = Callable[..., Path]
OPTIONS = EvaluationOptions(replicates=100)


def noisier(scores: tuple[Score, ...], shift: float) -> tuple[Score, ...]:
    """Another run on the same presentations: live scores lower."""
    return tuple(
        dataclasses.replace(s, value=s.value - shift * s.bona_fide) if not s.failed else s
        for s in scores
    )


def run(
    finish: Finish, folder: Path, result: Result, scores: tuple[Score, ...], **more: object
) -> Path:
    found = evaluate(scores, EvaluationOptions(replicates=100))
    return finish(folder, dataclasses.replace(result, evaluation=found, **more), scores)  # type: ignore[arg-type]


def page_of(paths: Sequence[Path], folder: Path) -> str:
    """The page on several runs."""
    return report.write_page(read_several(paths), folder / "page.html").read_text()


@pytest.fixture(scope="module")
def pair(
    tmp_path_factory: pytest.TempPathFactory,
    finish: Finish,
    result: Result,
    scores: tuple[Score, ...],
) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("runs")
    first = run(finish, root / "one", result, scores)
    second = run(finish, root / "two", result, noisier(scores, 1.0), method="other")
    return first, second


def test_runs_are_paired_and_both_are_reported(
    pair: tuple[Path, Path], tmp_path: Path, words: Callable[[str], str], scores: tuple[Score, ...]
) -> None:
    target = report.write_page(read_several(pair), tmp_path / "both.html")
    page = target.read_text()
    shown = words(page)
    found = compare(scores, noisier(scores, 1.0), OPTIONS)
    for difference in found.differences:
        assert change(difference.name, difference.difference) in shown
        ends = (difference.low or 0, difference.high or 0)
        assert " to ".join(change(difference.name, end) for end in ends) in shown
    assert f"p = {found.acer_p:.4f}" in shown
    assert f"McNemar: bona fide p = {found.mcnemar_bona_fide:.4f}" in shown
    assert "2 runs compared" in shown
    assert "one: sgtd on oulu1" in shown
    assert "two: other on oulu1" in shown
    assert page.count('class="explore"') == 2
    assert page.count('type="application/json"') == 2
    assert "SIMULATED DATA" in shown


def test_every_run_has_a_line_and_a_mark_of_its_own(
    pair: tuple[Path, Path], tmp_path: Path
) -> None:
    page = report.write_page(read_several(pair), tmp_path / "both.html").read_text()
    overlay = page[page.index('id="overlay"') : page.index("<article")]
    for number, dash in ((0, ""), (1, ' stroke-dasharray="7 3"')):
        assert overlay.count(f'class="curve s{number}" data-line="{number}"') == 2
        assert f'class="curve s{number}" x1="0" x2="34" y1="5" y2="5"{dash}/>' in overlay
        assert overlay.count(f'class="mark s{number}"') == 2
    assert 'hidden="1"' not in overlay


def test_presentations_that_only_one_run_scored_are_told(
    pair: tuple[Path, Path],
    tmp_path: Path,
    finish: Finish,
    words: Callable[[str], str],
    result: Result,
    scores: tuple[Score, ...],
) -> None:
    kept = tuple(s for s in scores if s.split == "dev" or s.session != "3" or s.device != "2")
    shorter = run(finish, tmp_path / "short", result, kept)
    shown = words(page_of([pair[0], shorter], tmp_path))
    lost = sum(s not in kept and not s.failed for s in scores)
    assert f"did not score the same presentations: {lost} that only one scored" in shown


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"simulated": False}, "one of them is on simulated data, the other on real ones"),
        ({"dataset": "siw"}, "their data sets are oulu-npu and siw"),
        ({"provenance": {"simulation": "small-v1"}}, "their simulated data differ (small-v1)"),
    ],
)
def test_runs_on_other_data_are_not_paired(
    pair: tuple[Path, Path],
    tmp_path: Path,
    finish: Finish,
    words: Callable[[str], str],
    result: Result,
    scores: tuple[Score, ...],
    change: dict[str, object],
    reason: str,
) -> None:
    simulated = bool(change.get("simulated", True))
    other = tuple(dataclasses.replace(s, simulated=simulated) for s in scores)
    second = run(finish, tmp_path / "other", result, other, **change)
    shown = words(page_of([pair[0], second], tmp_path))
    assert f"other is not compared with one pair by pair: {reason}." in shown
    assert "McNemar" not in shown


def test_runs_without_a_common_presentation_are_not_paired(
    pair: tuple[Path, Path],
    tmp_path: Path,
    finish: Finish,
    words: Callable[[str], str],
    result: Result,
    scores: tuple[Score, ...],
) -> None:
    renamed = tuple(dataclasses.replace(s, presentation=f"x{s.presentation}") for s in scores)
    second = run(finish, tmp_path / "other", result, renamed)
    shown = words(page_of([pair[0], second], tmp_path))
    assert "pair by pair: the two runs share no scored test presentation" in shown


def test_equal_names_are_told_apart_and_a_run_named_twice_is_refused(
    pair: tuple[Path, Path], tmp_path: Path, finish: Finish, result: Result, scores: tuple[Score]
) -> None:
    twin = run(finish, tmp_path / "one", result, scores)
    page = page_of([pair[0], twin], tmp_path)
    assert f"{pair[0]}: sgtd on oulu1" in page
    assert f"{twin}: sgtd on oulu1" in page
    with pytest.raises(OptionError, match=r"named twice; name each run once"):
        read_several([pair[0], pair[0] / "." / "."])


def test_folds(
    tmp_path: Path,
    finish: Finish,
    words: Callable[[str], str],
    result: Result,
    scores: tuple[Score, ...],
) -> None:
    folds = [dataclasses.replace(result, protocol="oulu3", fold=f"oulu3_{i}") for i in (1, 2)]
    named = {fold.fold: fold.evaluation for fold in folds}
    pooled = pool(named, dict.fromkeys(named, scores), OPTIONS)
    finish(tmp_path / "folds", combine_folds("oulu3", folds, pooled), scores)
    page = report.write(tmp_path / "folds").read_text()
    shown = words(page)
    assert "sgtd on oulu3, 2 folds" in shown
    assert "standard deviation (divided by n - 1)" in shown
    assert "± 0.00 %" in shown
    assert "each at its fold's own threshold" in shown
    assert "every fold: only 8 test subjects" in shown
    for metric in pooled:
        assert figure(metric.name, metric.value) in shown
    assert page.count('class="explore"') == 2
    assert "fasharness evaluate RUN/oulu3_2/scores.csv" in shown
    assert f"ACER{percent(result.evaluation.metric('acer').value or 0)} %" in shown


def test_folds_and_a_run_stand_side_by_side_but_are_not_paired(
    pair: tuple[Path, Path],
    tmp_path: Path,
    finish: Finish,
    words: Callable[[str], str],
    result: Result,
    scores: tuple[Score, ...],
) -> None:
    folds = [dataclasses.replace(result, protocol="oulu3", fold=f"oulu3_{i}") for i in (1, 2)]
    second = finish(tmp_path / "folds", combine_folds("oulu3", folds), scores)
    shown = words(page_of([pair[0], second], tmp_path))
    assert "pair by pair: the folds of a run have each its own model" in shown
    assert "The scores of all folds of a run are drawn together" in shown


def test_the_curves_of_several_runs_are_written_together(
    pair: tuple[Path, Path], tmp_path: Path
) -> None:
    written = report.write_plots(read_several(pair), tmp_path)
    assert len(written) == 2 * 24 + 9
    assert all(path.is_file() for path in written)
    lines = (tmp_path / "det.csv").read_text().splitlines()
    assert lines[0] == "data,curve,apcer,bpcer"
    assert {tuple(line.split(",")[:2]) for line in lines[1:]} == {
        ("simulated", "one"), ("simulated", "two"),
    }  # fmt: skip
    assert (tmp_path / "two" / "density.svg").is_file()
