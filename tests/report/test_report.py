"""The page of a run: whole, self-contained, escaped, and with all of the result on it."""

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fasharness import report
from fasharness.errors import DataError, OptionError
from fasharness.report import curves
from fasharness.report.numbers import figure, percent
from fasharness.report.page import page as compose
from fasharness.result import Result
from fasharness.scores import Score

Finish = Callable[..., Path]
Outline = Callable[[str], Any]


@pytest.fixture(scope="module")
def folder(
    tmp_path_factory: pytest.TempPathFactory,
    finish: Finish,
    result: Result,
    scores: tuple[Score, ...],
) -> Path:
    folder = finish(tmp_path_factory.mktemp("run"), result, scores)
    assert report.write(folder) == folder / "report.html"
    return folder


OUTPUTS = ("det.png", "histogram.png", "report.html")


def test_files_are_whole_and_the_same_again(
    folder: Path, tmp_path: Path, finish: Finish, result: Result, scores: tuple[Score, ...]
) -> None:
    assert sorted(p.name for p in folder.iterdir()) == sorted(
        [*OUTPUTS, "result.json", "scores.csv"]
    )
    again = finish(tmp_path / folder.name, result, scores)
    report.write(again)
    for name in OUTPUTS:
        assert (again / name).read_bytes() == (folder / name).read_bytes()
    assert (folder / "det.png").read_bytes().startswith(b"\x89PNG")


def test_the_page_nests_names_once_and_refers_to_nothing_outside(
    outline: Outline, folder: Path
) -> None:
    page = (folder / "report.html").read_text()
    found = outline(page)
    inner = [link.removeprefix("#") for link in found.links if link != "data:,"]
    assert set(inner) <= set(found.ids)
    assert len(inner) >= 6
    assert len(found.ids) == len(set(found.ids))
    assert not re.findall(r"https?://(?!www\.w3\.org)", page)
    assert "default-src 'none'" in page


def test_the_page_shows_every_figure_of_the_result(
    outline: Outline, folder: Path, result: Result
) -> None:
    text = outline((folder / "report.html").read_text()).text
    for metric in (*result.evaluation.metrics, *result.evaluation.more):
        assert figure(metric.name, metric.value) in text
    for metric in (*result.evaluation.apcer_by_group, *result.evaluation.apcer_by_species):
        assert metric.name in text
        assert f"{percent(metric.value or 0)} %" in text
    for words in (
        "compat.sgtd.acer", "yes: chosen on test", "SIMULATED DATA", "constant",
        "always one half", "versions.torch", "2.13",
        "fasharness run --plugin sgtd --protocol oulu1 --out RUN",
        "fasharness evaluate RUN/scores.csv", "mean over clips", "phone or sensor", "session",
    ):  # fmt: skip
        assert words in text


def test_the_smallest_rate_stands_with_rates_and_attacks(
    outline: Outline, folder: Path, result: Result
) -> None:
    text = outline((folder / "report.html").read_text()).text
    for name, rate in result.evaluation.smallest_rate.items():
        assert text.count(f"{name} {percent(rate)} %") == 2


def test_failures_are_named_and_escaped(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    assert "no &lt;b&gt;face&lt;/b&gt;" in page
    assert "<b>face" not in page


def test_names_cannot_break_out_of_the_page(
    outline: Outline, tmp_path: Path, finish: Finish, result: Result, scores: tuple[Score, ...]
) -> None:
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'"
    hostile = tuple(
        dataclasses.replace(
            s, presentation=evil + s.presentation, group=s.group and evil + s.group, device=evil,
            subject=evil + s.subject,
        )
        for s in scores
    )  # fmt: skip
    named = dataclasses.replace(
        result, method=evil, dataset=evil, options={evil: evil}, provenance={evil: {evil: 1}},
        commands=(evil,), aggregator=evil, protocol=evil, preset=evil,
    )  # fmt: skip
    page = report.write(finish(tmp_path, named, hostile)).read_text()
    found = outline(page)
    assert {link[0] for link in found.links if link != "data:,"} == {"#"}
    assert page.count("<script") == 2
    assert "<img" not in page


def test_real_data_carry_no_band(
    tmp_path: Path, finish: Finish, result: Result, scores: tuple[Score, ...]
) -> None:
    real = [dataclasses.replace(s, simulated=False) for s in scores]
    page = report.write(finish(tmp_path, dataclasses.replace(result, simulated=False), real))
    assert "SIMULATED" not in page.read_text()
    assert 'class="band ' not in page.read_text()


def test_simulated_scores_give_the_band_whatever_the_result_says(
    tmp_path: Path, finish: Finish, result: Result, scores: tuple[Score, ...]
) -> None:
    claims = finish(tmp_path, dataclasses.replace(result, simulated=False), scores)
    page = report.write(claims).read_text()
    assert "SIMULATED DATA" in page
    # A printed sheet may be passed on alone.
    assert '@top-left { content: "SIMULATED DATA"' in page
    assert "@top-right" not in page


def test_a_leaking_threshold_has_a_band_of_its_own(
    folder: Path, tmp_path: Path, finish: Finish, result: Result, scores: tuple[Score, ...]
) -> None:
    threshold = dataclasses.replace(result.evaluation.threshold, leaks=True, split="test")
    evaluation = dataclasses.replace(result.evaluation, threshold=threshold)
    leaking = finish(tmp_path, dataclasses.replace(result, evaluation=evaluation), scores)
    page = report.write(leaking).read_text()
    assert "LEAKING THRESHOLD" in page
    assert '@top-right { content: "LEAKING THRESHOLD"' in page
    assert "LEAKING" not in (folder / "report.html").read_text()


def test_simulated_plots_differ_from_real_ones(
    folder: Path, tmp_path: Path, finish: Finish, result: Result, scores: tuple[Score, ...]
) -> None:
    real = [dataclasses.replace(s, simulated=False) for s in scores]
    report.write(finish(tmp_path, dataclasses.replace(result, simulated=False), real))
    for name in ("det.png", "histogram.png"):
        assert (tmp_path / name).read_bytes() != (folder / name).read_bytes()


def test_without_test_scores_there_are_no_plots_but_a_page(
    outline: Outline, tmp_path: Path, finish: Finish, result: Result, scores: tuple[Score, ...]
) -> None:
    finish(tmp_path, result, [s for s in scores if s.split == "dev"])
    page = report.write(tmp_path).read_text()
    assert not list(tmp_path.glob("*.png"))
    assert 'id="plots"' not in page
    outline(page)


def test_what_is_no_finished_run_is_told_in_a_line(
    tmp_path: Path, finish: Finish, result: Result, scores: tuple[Score, ...]
) -> None:
    with pytest.raises(OptionError, match=r"no finished run \(it has no result.json\)"):
        report.write(tmp_path)
    finish(tmp_path, result, scores)
    (tmp_path / "scores.csv").unlink()
    with pytest.raises(DataError, match=r"scores.csv: missing; repeat the run's command"):
        report.write(tmp_path)
    with pytest.raises(ValueError, match="at least one run"):
        compose([])


@pytest.mark.parametrize(
    ("rate", "text"),
    [(0, "0.00"), (1, "100.00"), (1 / 3, "33.33"), (2 / 3, "66.67"), (0.00005, "0.01")],
)
def test_percent(rate: float, text: str) -> None:
    assert percent(rate) == text


def test_det_corners_are_on_the_curve_and_marks_on_their_lines(
    result: Result, scores: tuple[Score, ...]
) -> None:
    found = curves.classes(scores)
    assert [c.name for c in found] == ["bona fide", "display", "print"]
    lines = curves.det(found)
    assert [line.name for line in lines] == ["display", "print", "all attacks pooled"]
    marks = curves.marks(found, result.evaluation.threshold.value)
    groups = {m.name: m.value for m in result.evaluation.apcer_by_group}
    assert marks[0][0] == groups["display"]
    assert marks[2][0] == result.evaluation.metric("apcer_pooled").value
    for line, (apcer, bpcer) in zip(lines, marks, strict=True):
        on_line = np.interp(bpcer, line.bpcer, line.apcer)
        beside = line.apcer[np.isclose(line.bpcer, bpcer)]
        assert np.isclose(on_line, apcer) or beside.min() <= apcer <= beside.max()
        assert len(line.apcer) <= len(found[0].values) * 2 + 2
