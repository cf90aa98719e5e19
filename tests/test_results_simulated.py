"""The page of docs/results-simulated.md: its cells are real runs, empty ones say why."""

import importlib
import io
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from fasharness.clips import ClipSpec, Crop, Frames, Label, View
from fasharness.common.progress import Terminal
from fasharness.engine.checkpoint import card_of, save_model
from fasharness.errors import DataError, UnknownNameError
from fasharness.evaluation.compare import Comparison
from fasharness.evaluation.differences import Difference
from fasharness.generator import Made
from fasharness.method import make
from fasharness.plugins import load
from fasharness.result import write as write_result
from fasharness.run.generated import Card
from fasharness.run.generated import write as write_generated

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def script() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DOCS))
        yield importlib.import_module("results_simulated")


@pytest.fixture
def table(script: ModuleType, own_machine: None, own_oulu: Path, tmp_path: Path):
    """Rows of real methods on the toy set."""
    (own_oulu / "SIMULATED.json").write_text('{"size": "toy", "seed": 0, "users": null}')
    return script.Table(
        tmp_path / "runs",
        own_oulu,
        ["toy", "brightness", "constant", "sgtd"],
        ("oulu1", "oulu3"),
        reference="toy",
        # The toy's faces are ellipses, which no detector finds.
        flags=("--faces", "dataset", "--jobs", "1"),
    )


def row(page: str, name: str) -> list[str]:
    """The cells of the first row of this name."""
    line = next(line for line in page.splitlines() if line.startswith(f"| {name} |"))
    return [cell.strip() for cell in line.split("|")[2:-1]]


def test_cells_are_runs_and_empty_ones_say_why(script, table, toy, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(toy))
    target, said = tmp_path / "page.md", io.StringIO()
    chosen = [script.Cell(name, "oulu1") for name in ("toy", "brightness", "constant")]
    assert list(table.cells())[:3] == chosen
    script.make_table(table, [*chosen, script.Cell("brightness", "oulu3")], target, Terminal(said))
    page = target.read_text()
    assert page.count("SIMULATED") == 3
    assert "size toy, seed 0" in page
    assert row(page, "toy")[3] == f"{script.measured(table.runs / 'oulu1' / 'toy').parameters:,}"
    assert row(page, "brightness")[0].startswith("0.00 % (0.00 to ")
    # Mean and deviation over the six folds behind the interval of all decisions.
    assert row(page, "brightness")[1].endswith("; 0.00 % ± 0.00 %")
    assert row(page, "toy")[1] == row(page, "constant")[0] == row(page, "sgtd")[0] == ""
    apart = row(page.partition("minus toy's")[2], "brightness")
    assert ", p = " in apart[0]
    assert apart[1] == ""
    # A constant score separates nothing, which is an error of its run.
    assert "- oulu1: all 20 scores of the dev split equal 0.5" in page
    assert page.count("constant on oulu1") == 1
    assert "- not run yet: sgtd on oulu1, toy on oulu3, constant on oulu3, sgtd on oulu3" in page
    assert str(tmp_path) not in page
    scores = sorted((tmp_path / "runs").rglob("scores.csv"))
    before = [path.stat().st_mtime_ns for path in scores]
    script.make_table(table, chosen[:1], target, Terminal(said))
    assert target.read_text() == page
    assert [path.stat().st_mtime_ns for path in scores] == before
    assert len(before) == 9


def test_an_interrupted_cell_is_empty_and_says_so(script, table):
    cell = script.Cell("sgtd", "oulu1")
    assert script.reason(table, cell) == "not run yet"
    folder = cell.folder(table.runs)
    folder.mkdir(parents=True)
    folder.with_name("sgtd.log").write_text("a warning\n")
    assert script.reason(table, cell) == "interrupted; the same command goes on"
    folder.with_name("sgtd.log").write_text(f"fasharness: error: {table.data}/x: is cut short\n")
    assert script.reason(table, cell) == "DATA/x: is cut short"
    folder.with_name("sgtd.log").write_text("\nthe run ended with status -9\n")
    assert script.reason(table, cell) == "the run ended with status -9"


def test_the_cell_with_pairs_trains_on_them(script, table, tmp_path):
    pairs = tmp_path / "pairs"
    card = Card(1, "dsdg", "1", "m", 0, 2, True, ())
    made = [Made(np.zeros((8, 8, 3), np.uint8), species) for species in (None, "print1")]
    write_generated(pairs, card, lambda start: iter(made[start:]), lambda done, total: None)
    table = replace(table, methods=["dum"], generated=pairs)
    script.run_cell(table, table.paired)
    # The pairs are accepted; what their depth needs is not on this machine.
    assert "weights get face-landmark" in script.reason(table, table.paired)


def test_a_run_on_real_data_has_no_place_on_the_page(script, table):
    cell = script.Cell("brightness", "oulu1")
    script.run_cell(table, cell)
    path = cell.folder(table.runs) / "result.json"
    assert script.finished(path.parent).simulated
    write_result(path, replace(script.finished(path.parent), simulated=False))
    with pytest.raises(DataError, match="is a run on real data; choose another --runs"):
        script.finished(path.parent)


def test_cells_that_do_not_compare_say_so_and_the_table_goes_on(script, table):
    first, second = (script.Cell(name, "oulu1") for name in ("brightness", "constant"))
    script.run_cell(table, first)
    one, other = (cell.folder(table.runs) for cell in (first, second))
    assert script.apart(script.compared(one, other)) == ""
    shutil.copytree(one, other)
    lines = (other / "scores.csv").read_text().splitlines()
    (other / "scores.csv").write_text("\n".join(r for r in lines if ",test," not in r) + "\n")
    assert script.apart(script.compared(one, other)).startswith("not comparable: ")


def test_a_model_is_measured_once_and_again_when_it_changed(script, tmp_path):
    plugins = load()
    options = {"width": "0.05", "size": "32", "pretrained": "false"}
    method = make(plugins.method("lgsc"), "paper", options)
    folder = tmp_path / "lgsc"
    folder.mkdir()
    script.measure(folder, plugins)
    assert script.measured(folder) is None
    found = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        network = method.network({})
        save_model(folder / "model.safetensors", card_of(method), network)
        script.measure(folder, plugins)
        found.append(script.measured(folder))
    assert found[0] == found[1]
    assert found[2].model != found[0].model
    assert found[0].parameters == sum(p.numel() for p in network.parameters())
    assert 0 < found[0].milliseconds < 1000
    assert found[0].processor.endswith(" AMX")


def test_the_measured_clip_has_every_picture_and_label_that_is_asked_for(script):
    views, labels = (View("wide", 24, 2.7),), (Label("mask", 4),)
    spec = ClipSpec(Frames(5), Crop(32), labels=labels, views=views)
    shown = importlib.import_module("results_costs").one_clip(spec)
    assert {name: tuple(image.shape) for name, image in shown.images.items()} == {
        "rgb": (1, 5, 3, 32, 32), "wide": (1, 5, 3, 24, 24),
    }  # fmt: skip
    assert tuple(shown.labels["mask"].shape) == (1, 5, 4, 4)


def test_methods_that_are_run(script):
    names = script.installed(load())
    assert names[0] == "sgtd"
    assert {"cdcn", "dum", "lgsc"} <= set(names)
    assert not {"constant", "brightness"} & set(names)


def test_the_cell_with_pairs_waits_for_a_folder(script, table):
    table = script.Table(table.runs, table.data, ["sgtd", "dum"], ("oulu1",))
    assert list(table.cells())[-1] == table.paired == script.Cell("dum", "oulu1", pairs=True)
    assert script.reason(table, table.paired).startswith("no folder of generated pairs yet")
    script.make_table(table, [table.paired], table.runs / "page.md", Terminal(io.StringIO()))
    assert row((table.runs / "page.md").read_text(), "with") == [""] * 3


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (-0.2, -0.01, "the pairs help"),
        (-0.1, 0.0, "no difference shown"),
        (0.01, 0.3, "the pairs do harm"),
        (None, None, "no difference shown"),
    ],
)
def test_the_verdict_on_pairs_is_that_of_the_interval(script, low, high, words):
    one = Difference("acer", 0.2, 0.1, low, high)
    assert script.verdict(Comparison((one,), 1, 1, 1, 40, (), "")) == words
    assert script.verdict("not comparable: x") == ""


def test_an_unknown_name_is_refused(script):
    with pytest.raises(UnknownNameError, match="no method 'sgdt'; did you mean 'sgtd'"):
        script._chosen("method", "sgdt", ("sgtd", "cdcn"))
