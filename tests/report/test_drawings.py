"""Further plots: every file whole and the same again, their numbers those of the metrics."""

import csv
import dataclasses
from pathlib import Path

import numpy as np
import pytest

from fasharness.metrics import rates
from fasharness.report.curves import Line
from fasharness.report.drawing.figures import encode, figure
from fasharness.report.drawing.files import (
    evaluation_plots,
    write,
    write_curves,
    write_epsc,
)
from fasharness.report.drawing.model import Heading, Panel, Plot, Polyline, axis, style
from fasharness.report.expected import Trials, epsc
from fasharness.result import Result
from fasharness.scores import Score

HEADING = Heading(simulated=True)
NAMES = {"det", "roc", "roc_log", "histogram", "density", "errors", "apcer", "epc"}


@pytest.fixture(scope="module")
def folder(
    tmp_path_factory: pytest.TempPathFactory, result: Result, scores: tuple[Score, ...]
) -> Path:
    folder = tmp_path_factory.mktemp("plots")
    written = write(folder, result.evaluation, scores, "sgtd on oulu1", simulated=True)
    assert {p.name for p in written} == {f"{n}.{e}" for n in NAMES for e in ("png", "svg", "csv")}
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_files_are_whole_and_stamped(folder: Path) -> None:
    for name in NAMES:
        assert (folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert (folder / f"{name}.svg").read_text().rstrip().endswith("</svg>")
        assert {row["data"] for row in rows(folder / f"{name}.csv")} == {"simulated"}


@pytest.mark.parametrize("form", ["png", "svg"])
def test_the_same_figure_gives_the_same_bytes(form: str) -> None:
    def draw() -> bytes:
        one = axis("axis", 0, 1)
        line = Polyline("line", np.arange(2.0), np.arange(2.0), style(0))
        plot = Plot("name", "", Heading(True, "title"), one, [Panel(one, [line])], inches=(2, 2))
        return encode(figure(plot), form)

    assert draw() == draw()


def test_error_numbers_are_those_of_the_metrics(folder: Path, scores: tuple[Score, ...]) -> None:
    test = [s for s in scores if s.split == "test" and not s.failed]
    live = [s.value for s in test if s.bona_fide]
    shown = [s.value for s in test if s.group == "display"]
    for row in rows(folder / "errors.csv")[::37]:
        cut, error = float(row["threshold"]), float(row["error"])
        if row["class"] == "bona fide":
            assert error == pytest.approx(rates.bpcer(live, cut))
        elif row["class"] == "display":
            assert error == pytest.approx(rates.apcer(shown, cut))


def test_bars_are_those_of_the_result(folder: Path, result: Result) -> None:
    found = {row["attacks"]: float(row["apcer"]) for row in rows(folder / "apcer.csv")}
    groups = (*result.evaluation.apcer_by_group, *result.evaluation.apcer_by_species)
    assert found == {metric.name: metric.value for metric in groups}


def test_expected_performance_by_brute_force(folder: Path, scores: tuple[Score, ...]) -> None:
    split = {
        name: (
            np.array([s.value for s in scores if s.split == name and s.bona_fide]),
            np.array([s.value for s in scores if s.split == name and not s.bona_fide]),
        )
        for name in ("dev", "test")
    }
    live, fake = (x[np.isfinite(x)] for x in split["dev"])
    cuts = np.unique(np.append(live, fake))
    cuts = np.append(cuts, cuts[-1] + 1)
    for row in rows(folder / "epc.csv")[::10]:
        weight = float(row["weight"])
        costs = [weight * np.mean(fake >= cut) + (1 - weight) * np.mean(live < cut) for cut in cuts]
        own = float(row["threshold"])
        cost = weight * np.mean(fake >= own) + (1 - weight) * np.mean(live < own)
        assert cost == pytest.approx(min(costs))
        test_live, test_fake = (x[np.isfinite(x)] for x in split["test"])
        assert float(row["hter"]) == pytest.approx(rates.hter(test_live, test_fake, own))


def test_nothing_is_drawn_without_both_classes(result: Result, scores: tuple[Score, ...]) -> None:
    live = tuple(s for s in scores if s.bona_fide)
    assert evaluation_plots(result.evaluation, live, HEADING) == {}
    no_dev = tuple(s for s in scores if s.split == "test")
    assert set(evaluation_plots(result.evaluation, no_dev, HEADING)) == NAMES - {"epc"}


def test_absent_figures_keep_their_place(result: Result, scores: tuple[Score, ...]) -> None:
    first, *rest = result.evaluation.apcer_by_group
    gone = dataclasses.replace(first, value=None, low=None, high=None, reason="lost")
    evaluation = dataclasses.replace(result.evaluation, apcer_by_group=(gone, *rest))
    plot = evaluation_plots(evaluation, scores, HEADING)["apcer"]
    assert plot.panels[0].up.ticks[0].word == f"{first.name} (no score)"
    name, *numbers = plot.rows[0]
    assert name == first.name
    assert np.isnan(np.array(numbers, dtype=float)).all()


def trials(generator: np.random.Generator) -> Trials:
    return Trials(*(generator.normal(c, 1, n).round(2) for c, n in ((2, 60), (0, 50), (1, 40))))


def test_spoofability_by_brute_force(tmp_path: Path) -> None:
    generator = np.random.default_rng(3)
    dev, test = trials(generator), trials(generator)
    written = write_epsc(tmp_path, dev, test, "title", True, beta=0.3)
    assert [p.name for p in written] == ["epsc.png", "epsc.svg", "epsc.csv"]
    cuts = np.unique(np.concatenate([dev.mated, dev.impostor, dev.attack]))

    def cost(part: Trials, cut: float, weight: float) -> float:
        accepted = weight * np.mean(part.attack >= cut) + (1 - weight) * np.mean(
            part.impostor >= cut
        )
        return float(0.3 * accepted + 0.7 * np.mean(part.mated < cut))

    found = rows(tmp_path / "epsc.csv")
    assert len(found) == 101
    for row in found[::10]:
        weight, cut = float(row["weights"]), float(row["thresholds"])
        costs = [cost(dev, c, weight) for c in (*cuts, cuts[-1] + 1)]
        assert cost(dev, cut, weight) == pytest.approx(min(costs))
        assert float(row["wer"]) == pytest.approx(cost(test, cut, weight))
        assert float(row["frr"]) == pytest.approx(np.mean(test.mated < cut))
        assert float(row["far"]) == pytest.approx(np.mean(test.impostor >= cut))
        assert float(row["iapar"]) == pytest.approx(np.mean(test.attack >= cut))
    assert found[0]["data"] == "simulated"


def test_spoofability_refuses_what_is_empty_or_impossible() -> None:
    one = np.array([0.5])
    with pytest.raises(ValueError, match="impostor"):
        Trials(one, np.array([]), one)
    with pytest.raises(ValueError, match="beta"):
        epsc(Trials(one, one, one), Trials(one, one, one), beta=1.5)


def test_names_are_no_formulas_in_a_spreadsheet(tmp_path: Path) -> None:
    rates = np.array([1.0, 0.0])
    write_curves(tmp_path, [Line("=1+1", rates, rates[::-1], 0)], "title", False)
    assert (tmp_path / "det.csv").read_text().splitlines()[1] == "real,'=1+1,1.0,0.0"
