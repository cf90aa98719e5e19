"""The gallery: pictures of real errors from real videos, real faces only when asked for."""

import dataclasses
import io
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from fasharness import report
from fasharness import result as results
from fasharness.builtin.baselines import BASELINES
from fasharness.cli import main
from fasharness.clips import ClipSpec, Crop, Every, Frames
from fasharness.common.progress import Terminal
from fasharness.data import Batch
from fasharness.errors import OptionError, RunError
from fasharness.evaluation.evaluate import EvaluationOptions, baseline
from fasharness.hookspecs import hookimpl
from fasharness.method import Method, Stage
from fasharness.plugins import Plugins, load
from fasharness.report.runs import Exhibit, read_exhibit, write_exhibit
from fasharness.run import judge
from fasharness.run.experiment import recorded, run
from fasharness.run.finished import draw_pictures
from fasharness.run.folder import claim
from fasharness.run.settings import Settings
from fasharness.scores import Score, read_csv


class Odd(Method):
    """Scores that mean nothing, so that both classes err, and maps of the brightness."""

    name = "odd"
    version = "1"

    def network(self, files: Mapping[str, Path]) -> nn.Module:
        return nn.Identity()

    def scoring_clips(self) -> ClipSpec:
        return ClipSpec(Frames(2, 2, Every(4, 2)), Crop(16))

    def score(self, stage: Stage | None, network: nn.Module, batch: Batch) -> torch.Tensor:
        return batch.rgb.long().sum(dim=(1, 2, 3, 4)).remainder(97) / 97

    def maps(self, network: nn.Module, batch: Batch) -> torch.Tensor | None:
        return F.adaptive_avg_pool2d(batch.rgb[:, 0].float().mean(dim=1) / 255, 8)


class Blind(Odd):
    """The same without maps."""

    name = "blind"

    def maps(self, network: nn.Module, batch: Batch) -> torch.Tensor | None:
        return Method.maps(self, network, batch)


class Offers:
    """A plugin with the two."""

    @hookimpl
    def fasharness_methods(self) -> dict[str, Callable[[], type[Method]]]:
        return {"odd": lambda: Odd, "blind": lambda: Blind}


QUIET = Terminal(io.StringIO(), quiet=True)


def go(method: str, root: Path, folder: Path, store: Path) -> Plugins:
    plugins = load([("odd", Offers())])
    settings = Settings(method, "oulu1", data=root, faces="dataset", out=folder, jobs=1)
    run(settings, plugins, QUIET, store)
    return plugins


def errors(folder: Path) -> list[Score]:
    cut = json.loads((folder / "result.json").read_text())["result"]["evaluation"]["threshold"]
    test = [s for s in read_csv(folder / "scores.csv") if s.split == "test"]
    return [s for s in test if (s.value >= cut["value"]) != s.bona_fide]


def grey(content: bytes | None) -> np.ndarray[Any, Any]:
    assert content is not None
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)


@pytest.fixture(scope="module")
def finished(
    tmp_path_factory: pytest.TempPathFactory, oulu: Path, shared_store: Path
) -> tuple[Path, Plugins]:
    folder = tmp_path_factory.mktemp("gallery") / "run"
    return folder, go("odd", oulu, folder, shared_store)


@pytest.mark.usefixtures("own_machine")
def test_real_faces_are_drawn_only_on_request(finished: tuple[Path, Plugins], shared_store: Path):
    folder, plugins = finished
    assert not (folder / "pictures").exists()
    assert "<img" not in (folder / "report.html").read_text()
    notes = [folder / "steps.json", folder / "preparation.json"]
    before = [path.read_bytes() for path in notes]

    draw_pictures(folder, plugins, QUIET, shared_store)
    page = report.write(folder).read_text()
    wrong = errors(folder)
    assert {s.bona_fide for s in wrong} == {True, False}
    assert page.count("data:image/jpeg;base64,") == min(len(wrong), 12)
    assert page.count("data:image/png;base64,") == 2 * min(len(wrong), 12)
    assert [path.read_bytes() for path in notes] == before
    for s in wrong[:12]:
        exhibit = read_exhibit(folder, s.presentation)
        assert grey(exhibit.strip).shape == (128, 256, 3)  # two frames of a clip
        assert grey(exhibit.predicted).shape == grey(exhibit.truth).shape == (8, 8)
        # an attack's label is flat, a face is not
        assert bool(grey(exhibit.truth).max() > 50) is s.bona_fide
        # the map is the brightness of the frame, which the strip shows as a JPEG file
        frame = grey(exhibit.strip)[:, :128].mean(axis=2)
        seen = cv2.resize(frame, (8, 8), interpolation=cv2.INTER_AREA)
        assert np.abs(grey(exhibit.predicted) - seen).mean() < 8


@pytest.mark.usefixtures("own_machine")
def test_maps_of_a_wrong_shape_cost_only_the_maps(
    finished: tuple[Path, Plugins], shared_store: Path, monkeypatch: pytest.MonkeyPatch
):
    folder, plugins = finished
    monkeypatch.setattr(Odd, "maps", lambda self, network, batch: torch.zeros(1, 1, 8, 8))
    heard = io.StringIO()
    draw_pictures(folder, plugins, Terminal(heard), shared_store)
    assert "no maps: odd.maps failed: ValueError: maps of odd for one clip must be (1, H" in (
        heard.getvalue()
    )


@pytest.mark.usefixtures("own_machine")
def test_a_simulated_run_shows_frames_by_itself_and_no_maps_where_there_are_none(
    own_oulu: Path, tmp_path: Path, store: Path
):
    (own_oulu / "SIMULATED.json").write_text('{"size": "mini"}')
    folder = tmp_path / "run"
    go("blind", own_oulu, folder, store)
    page = (folder / "report.html").read_text()
    assert page.count("data:image/jpeg;base64,") == min(len(errors(folder)), 12)
    assert "data:image/png" not in page
    assert "SIMULATED DATA" in page


@pytest.mark.usefixtures("own_machine")
def test_without_a_depth_source_the_maps_stand_alone(own_oulu: Path, tmp_path: Path, store: Path):
    for path in own_oulu.glob("*/*.depth.npz"):
        path.unlink()
    folder, heard = tmp_path / "run", io.StringIO()
    plugins = go("odd", own_oulu, folder, store)
    draw_pictures(folder, plugins, Terminal(heard), store)
    for s in errors(folder):
        exhibit = read_exhibit(folder, s.presentation)
        assert exhibit.predicted is not None
        assert (exhibit.truth is None) is s.bona_fide
    assert "the report shows no true depth: weights" in heard.getvalue()


@pytest.mark.usefixtures("own_machine")
def test_what_cannot_be_drawn_is_told(
    finished: tuple[Path, Plugins], tmp_path: Path, oulu: Path, shared_store: Path
):
    folder, plugins = finished
    heard = io.StringIO()
    name = errors(folder)[0].presentation
    video = next(oulu.glob(f"*/{name}.avi"))
    hidden = video.rename(tmp_path / video.name)
    try:
        draw_pictures(folder, plugins, Terminal(heard), tmp_path / "empty store")
    finally:
        hidden.rename(video)
    assert f"{name}: no picture for the report: {video}: No such file" in heard.getvalue()
    assert heard.getvalue().count("no picture") == 1
    with claim(folder, recorded(folder).deciding()), pytest.raises(RunError, match="another proc"):
        draw_pictures(folder, plugins, QUIET, shared_store)


def test_without_the_run_s_settings_there_are_no_pictures(tmp_path: Path):
    with pytest.raises(OptionError, match=r"run.json: cannot be read"):
        draw_pictures(tmp_path, load(), QUIET, tmp_path)
    (tmp_path / "run.json").write_text("[]")
    with pytest.raises(OptionError, match=r"run.json: expected a JSON object"):
        draw_pictures(tmp_path, load(), QUIET, tmp_path)


def test_the_name_of_a_presentation_cannot_lead_out_of_the_folder(tmp_path: Path):
    for name in ("../../x", "a/b", "..", "a b\u00e4"):
        write_exhibit(tmp_path / "run", name, Exhibit(name.encode(), None, None))
        assert read_exhibit(tmp_path / "run", name) == Exhibit(name.encode(), None, None)
    assert {p.parent.name for p in tmp_path.rglob("*") if p.is_file()} == {"pictures"}


@pytest.mark.usefixtures("own_machine")
def test_the_command_compares_runs_and_writes_plots(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    oulu: Path,
    shared_store: Path,
):
    monkeypatch.chdir(tmp_path)
    common = ["--protocol", "oulu1", "--data", str(oulu), "--faces", "dataset", "--jobs", "1"]
    common += ["--store", str(shared_store), "--quiet"]
    assert main(["run", "--plugin", "brightness", *common, "--out", "one"]) == 0
    shutil.copytree("one", "two")
    accept_all(Path("two"))
    capsys.readouterr()
    assert main(["report", "one", "two"]) == 0
    assert capsys.readouterr().out == "report: comparison.html\n"
    assert "2 runs compared" in Path("comparison.html").read_text()
    assert main(["report", "two", "--out", "page.html", "--plots", "plots"]) == 0
    assert capsys.readouterr().out == "report: page.html\nplots: 24 files in plots\n"
    assert "<img" not in Path("page.html").read_text()
    assert len(list(Path("plots").iterdir())) == 24
    assert main(["report", "two", "--pictures", "--store", str(shared_store)]) == 0
    assert "data:image/jpeg" in Path("two/report.html").read_text()
    assert main(["report", "one", "--out", "two"]) == 2
    assert "--out two: is a folder; name the page's file" in capsys.readouterr().err
    assert main(["report", "one", "--plots", "page.html"]) == 2
    assert "--plots page.html: is not a folder" in capsys.readouterr().err
    assert main(["report", "one", "nothing"]) == 2
    assert "nothing: there is no such run" in capsys.readouterr().err


@pytest.mark.usefixtures("own_machine")
def test_a_trivial_scorer_is_compared_by_the_same_rules_and_not_with_itself(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    oulu: Path,
    shared_store: Path,
) -> None:
    rules = EvaluationOptions(confidence=0.8, replicates=100)  # two subjects hide a seed
    monkeypatch.setattr(judge, "rules", lambda settings, protocol: rules)
    words = ["run", "--plugin", "brightness", "--protocol", "oulu1", "--data", str(oulu)]
    words += ["--faces", "dataset", "--jobs", "1", "--store", str(shared_store), "--quiet"]
    assert main([*words, "--out", str(tmp_path / "run")]) == 0
    assert "baseline brightness" not in capsys.readouterr().out
    found = results.read(tmp_path / "run" / "result.json")
    assert isinstance(found, results.Result)
    scores = read_csv(tmp_path / "run" / "scores.csv")
    half = [dataclasses.replace(score, value=0.5) for score in scores]
    assert found.baselines == (baseline("constant", BASELINES["constant"], half, rules),)
    table = (tmp_path / "run" / "report.html").read_text().partition('id="baselines"')[2]
    table = table[: table.index("</table>")]
    assert table.count("brightness") == table.count("constant") == 1


def accept_all(folder: Path) -> None:
    """Lower a run's threshold below every score, so that all attacks are errors."""
    found = results.read(folder / "result.json")
    assert isinstance(found, results.Result)
    threshold = dataclasses.replace(found.evaluation.threshold, value=-1.0)
    evaluation = dataclasses.replace(found.evaluation, threshold=threshold)
    results.write(folder / "result.json", dataclasses.replace(found, evaluation=evaluation))
