"""Every hook, each by a test that bears its name, in one run of a plugin that implements all."""

import ast
import inspect
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pytest

from fasharness import hookspecs
from fasharness.builtin.baselines import Brightness
from fasharness.cli import main
from fasharness.cli.command import add_command
from fasharness.clips import ClipSpec, Crop, Every, Frames, Label
from fasharness.common.progress import Terminal
from fasharness.data import Presentation, rgb
from fasharness.dataset import Dataset, Simulator
from fasharness.errors import WeightsError
from fasharness.faces import CropRule, Face
from fasharness.hookspecs import hookimpl
from fasharness.plugins import Plugins, load
from fasharness.prepare.weights import add, find, resolve
from fasharness.protocol import Protocol
from fasharness.result import Result
from fasharness.run.experiment import run
from fasharness.run.settings import Settings
from fasharness.scores import read_csv
from fasharness.weights import FromUser, Weights

SPEC = ClipSpec(
    Frames(pick=Every(2, 2)),
    Crop(8, "corner", scale=(1.0, 1.0)),
    labels=(Label("depth", 4), Label("mask", 4)),
)
PIXELS = Weights("pixels", "three numbers", "CC0-1.0", FromUser("pixels.npy", "NumPy"))
BOX = (10.0, 5.0, 20.0, 16.0)
HOOKS = [name for name in vars(hookspecs) if name.startswith("fasharness_")]
DOCUMENT = Path(__file__).parents[1] / "docs" / "plugins.md"


class Mean(Brightness):
    """Scores the mean brightness of the plugin's own crops."""

    name = "mean"

    def scoring_clips(self) -> ClipSpec:
        return SPEC


class Needy(Mean):
    """Needs weights that only the user has."""

    name = "needy"

    def weights(self) -> tuple[str, ...]:
        return ("pixels",)


class Arrays(Dataset):
    """Videos as NumPy files: a bona fide one and an attack in each split."""

    name = "arrays"
    title = "Arrays"
    folds: ClassVar = {"arrays1": ("arrays1",)}

    def protocol(self, name: str) -> Protocol:
        parts = {
            split: tuple(
                Presentation(
                    f"{split}_{kind}",
                    rgb(self.root / f"{split}_{kind}.npy"),
                    subject=split,
                    species=species,
                )
                for kind, species in (("live", None), ("cut", "cut"))
            )
            for split in ("train", "dev", "test")
        }
        return Protocol(name, self.name, "code", groups={"paper": ("cut",)}, **parts)


class Noise(Simulator):
    """Writes noise for `Arrays`."""

    sizes = ("tiny",)
    version = 3

    def write(self, out, *, size, seed, jobs, progress=None):
        out.mkdir(parents=True)
        fill(out)
        (out / "SIMULATED.json").write_text(json.dumps({"size": size}))


def fill(root: Path) -> None:
    for number, (_, item) in enumerate(Arrays(root).protocol("arrays1").items()):
        np.save(item.path, np.random.default_rng(number).integers(0, 200, (5, 40, 50, 3), np.uint8))


class Everything:
    """A plugin with every hook; it notes what it is asked and told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    @hookimpl
    def fasharness_methods(self):
        return {"mean": lambda: Mean, "needy": lambda: Needy}

    @hookimpl
    def fasharness_datasets(self):
        return {"arrays": lambda: Arrays}

    @hookimpl
    def fasharness_simulators(self):
        return {"arrays": Noise}

    @hookimpl
    def fasharness_commands(self):
        return {"greet": self.greet}

    def greet(self, commands):
        def command(options):
            self.told.append(("greeted", options.name))
            return 0

        add_command(commands, "greet", command, "say hello").add_argument("name")

    @hookimpl
    def fasharness_metrics(self):
        return {"span": self.span}

    def span(self, given):
        self.told.append(("metric", given))
        live, attack = given.bona_fide, ~given.bona_fide
        return given.scores[live].mean() - given.scores[attack].mean()

    @hookimpl
    def fasharness_decode(self, path, wanted):
        if path.suffix != ".npy":
            return None
        self.told.append(("decode", path.name, tuple(wanted)))
        video = np.load(path)
        return ((index, video[index]) for index in wanted)

    @hookimpl
    def fasharness_count_frames(self, path):
        return len(np.load(path)) if path.suffix == ".npy" else None

    @hookimpl
    def fasharness_detectors(self):
        return {"fixed": self.fixed}

    def fixed(self, device: str):
        self.told.append(("detector", device))
        plugin = self

        class Fixed:
            def detect(self, frames):
                plugin.told.append(("detect", [frame.shape for frame in frames]))
                return [[Face(BOX, 1.0)] for _ in frames]

        return Fixed()

    @hookimpl
    def fasharness_crops(self):
        rule = CropRule("corner", round, lambda image, size: image[:size, :size])
        return {"corner": lambda: rule}

    @hookimpl
    def fasharness_depth_estimators(self):
        return {"ramp": self.ramp}

    def ramp(self, device: str):
        self.told.append(("depth", device))
        plugin = self

        class Ramp:
            def estimate(self, index, frame, face):
                plugin.told.append(("estimate", index, face.box))
                return np.array([(index + 1) / 10])

            def draw(self, estimate, region, side, rule):
                return np.full((side, side), estimate[0], np.float32)

        return Ramp()

    @hookimpl
    def fasharness_weights(self):
        return {"pixels": lambda: PIXELS}

    @hookimpl
    def fasharness_run_started(self, folder, settings):
        self.told.append(("started", folder, settings["plugin"]))

    @hookimpl
    def fasharness_presentation_scored(self, folder, score):
        self.told.append(("scored", folder, score))

    @hookimpl
    def fasharness_run_finished(self, folder, result):
        self.told.append(("finished", folder, result))


class Done(NamedTuple):
    """A whole run on what the plugin offers."""

    plugin: Everything
    plugins: Plugins
    root: Path
    folder: Path
    result: Result
    again: Callable[[], object]

    def told(self, kind: str) -> list[tuple[Any, ...]]:
        """What the plugin was asked or told of a kind."""
        return [tuple(rest) for first, *rest in self.plugin.told if first == kind]

    def frames(self, name: str) -> np.ndarray:
        """The frames of a video that the clips show: starts 0, 2 and 4 of 5 are all kept."""
        return np.load(self.root / f"{name}.npy")[[0, 2, 4]]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    root, folder = tmp_path_factory.mktemp("arrays"), tmp_path_factory.mktemp("run")
    fill(root)
    plugin = Everything()
    plugins = load([("everything", plugin)])
    settings = Settings(
        "mean", "arrays1", data=root, detector="fixed", depth_estimator="ramp", out=folder, jobs=1
    )
    store = tmp_path_factory.mktemp("store")

    def go() -> object:
        return run(settings, plugins, Terminal(io.StringIO(), quiet=True), store).result

    result = go()
    assert isinstance(result, Result)
    assert plugins.broken == []
    return Done(plugin, plugins, root, folder, result, go)


def test_fasharness_methods(done: Done):
    assert done.result.method == "mean"
    assert done.plugins.find("method", "mean").owner == "everything"


def test_fasharness_datasets(done: Done):
    assert done.result.dataset == "arrays"
    assert done.plugins.dataset_of("arrays1") is Arrays
    assert set(done.plugins.datasets()) >= {"arrays", "oulu-npu"}


def test_fasharness_simulators(done: Done, own_machine: None, tmp_path: Path):
    settings = Settings(
        "mean", "arrays1", sim="tiny", detector="fixed", depth_estimator="ramp",
        out=tmp_path / "run", jobs=1,
    )  # fmt: skip
    quiet = Terminal(io.StringIO(), quiet=True)
    plugins = load([("everything", Everything())])
    found = run(settings, plugins, quiet, tmp_path / "store").result
    assert isinstance(found, Result)
    assert found.simulated
    assert found.provenance["simulation"] == "arrays-tiny-v3-seed0"
    assert found.evaluation.metric("acer").value == done.result.evaluation.metric("acer").value


def test_fasharness_commands(done: Done, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("fasharness.plugins.load", lambda: done.plugins)
    assert main(["greet", "Ada"]) == 0
    assert done.told("greeted") == [("Ada",)]
    done.plugin.told.remove(("greeted", "Ada"))


def test_fasharness_metrics(done: Done):
    values = {s.presentation: s.value for s in read_csv(done.folder / "scores.csv")}
    (span,) = (m for m in done.result.evaluation.metrics if m.name == "span")
    assert span.value == pytest.approx(values["test_live"] - values["test_cut"], abs=1e-9)
    ((given,), *again) = done.told("metric")
    assert given.species[~given.bona_fide].tolist() == ["cut"]
    assert given.group[~given.bona_fide].tolist() == ["paper"]
    assert given.weights.tolist() == [1, 1]
    assert given.threshold == done.result.evaluation.threshold.value
    assert all(row.weights.tolist() == [1, 1] for (row,) in again)
    assert span.reason == "one subject cannot be resampled"


def test_fasharness_decode(done: Done, oulu: Path):
    # the training part is not needed
    assert sorted(done.told("decode")) == [
        (f"{split}_{kind}.npy", (0, 2, 4)) for split in ("dev", "test") for kind in ("cut", "live")
    ]
    video = oulu / "Train_files" / "1_1_01_1.avi"
    frames = list(done.plugins.hook.fasharness_decode(path=video, wanted=[1, 3]))
    assert [index for index, _ in frames] == [1, 3]
    assert frames[0][1].shape == (96, 128, 3)


def test_fasharness_count_frames(done: Done, oulu: Path):
    count = done.plugins.hook.fasharness_count_frames
    assert count(path=done.root / "dev_cut.npy") == 5
    assert count(path=oulu / "Train_files" / "1_1_01_1.avi") == 16


def test_fasharness_detectors(done: Done):
    assert done.told("detector") == [("cpu",)]
    assert done.told("detect") == [([(40, 50, 3)],)] * 12


def test_fasharness_crops(done: Done):
    for score in read_csv(done.folder / "scores.csv"):
        corner = done.frames(score.presentation)[:, 5:13, 10:18]
        assert score.value == pytest.approx(corner.mean() / 255, rel=1e-5)


def test_fasharness_depth_estimators(done: Done):
    assert done.told("depth") == [("cpu",)]
    assert done.told("estimate") == [(index, BOX) for _ in range(4) for index in (0, 2, 4)]


def test_fasharness_weights(done: Done, own_machine: None, tmp_path: Path):
    assert find(done.plugins, "pixels") == PIXELS
    settings, store = Settings("needy", "arrays1", out=tmp_path / "run"), tmp_path / "store"
    with pytest.raises(WeightsError, match=r"fasharness weights add pixels FILE, with pixels\.npy"):
        run(settings, done.plugins, Terminal(io.StringIO(), quiet=True), store)
    assert list(tmp_path.iterdir()) == []
    np.save(tmp_path / "mine.npy", np.arange(3))
    place = add(PIXELS, tmp_path / "mine.npy")
    assert resolve(done.plugins, ["pixels"]) == {"pixels": place}


def test_fasharness_run_started(done: Done):
    assert done.told("started") == [(done.folder, "mean")]


def test_fasharness_presentation_scored(done: Done):
    assert [folder for folder, _ in done.told("scored")] == [done.folder] * 4
    assert tuple(score for _, score in done.told("scored")) == read_csv(done.folder / "scores.csv")


def test_fasharness_run_finished(done: Done):
    assert done.told("finished") == [(done.folder, done.result)]


def test_a_resumed_run_tells_nothing_twice(done: Done):
    before = list(done.plugin.told)
    done.plugin.told.clear()
    try:
        assert done.again() == done.result
        assert [kind for kind, *_ in done.plugin.told] == ["started", "finished"]
    finally:
        done.plugin.told[:] = before


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_a_test_of_its_name(hook: str):
    assert callable(globals().get(f"test_{hook}"))
    assert hasattr(Everything, hook)


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_stands_in_the_documentation_with_its_signature(hook: str):
    blocks = re.findall(r"^```python\n(.*?)^```", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    found = [signature(block, hook) for block in blocks]
    assert signature(inspect.getsource(hookspecs), hook) in found


def signature(source: str, name: str) -> str:
    """Arguments and result of a function in a source text; empty where it is not defined."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and node.name == name and node.returns is not None:
            return f"({ast.unparse(node.args)}) -> {ast.unparse(node.returns)}"
    return ""
