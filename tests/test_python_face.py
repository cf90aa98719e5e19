"""The Python face: what `import fasharness` offers, by its own documentation and on real data."""

import doctest
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

import fasharness
from fasharness.builtin import baselines
from fasharness.common.files import digest
from fasharness.engine.checkpoint import card_of, save_model, set_threshold
from fasharness.errors import CheckpointError, DataError, OptionError, UnknownNameError
from fasharness.method import make
from fasharness.plugins import load as load_plugins
from fasharness.prepare.decode import decode
from fasharness.result import Threshold
from fasharness.scores import read_csv, write_csv

FACE = Path(__file__).parent / "prepare" / "data" / "astronaut.jpg"
DOCUMENT = Path(__file__).parents[1] / "docs" / "python.md"


def film_of(picture: Path, path: Path) -> None:
    """Write a short video of a picture."""
    frame = cv2.imread(str(picture))
    size = (frame.shape[1], frame.shape[0])
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 15, size)
    for _ in range(8):
        writer.write(frame)
    writer.release()


def test_the_documentation_runs_as_it_stands(
    own_machine: None, toy: Path, oulu: Path, here: Path, shared_store: Path, monkeypatch
):
    monkeypatch.setattr("fasharness.common.paths.clip_store_dir", lambda: shared_store)
    film_of(FACE, Path("visitor.avi"))
    text = DOCUMENT.read_text().replace("/data/OULU-NPU", str(oulu))
    test = doctest.DocTestParser().get_doctest(text, {}, "python.md", str(DOCUMENT), 0)
    assert len(test.examples) > 10
    results = doctest.DocTestRunner().run(test, out=sys.stderr.write)
    assert results.failed == 0


def test_the_import_is_light():
    code = (
        "import sys; before = set(sys.modules); import fasharness\n"
        "print(*(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) - set(sys.stdlib_module_names) <= {
        "fasharness", "fasharness.run", "collections.abc", "typing.io", "typing.re",
    }  # fmt: skip


def test_the_import_takes_less_than_50_ms():
    def seconds(code: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return time.perf_counter() - start

    # the fastest of several: what the import itself costs, not what a busy machine adds
    with_it, without = (
        min(seconds(code) for _ in range(7)) for code in ("import fasharness", "pass")
    )
    assert with_it - without < 0.05


def test_run_stays_a_function_whatever_is_imported():
    code = (
        "import fasharness, fasharness.run.experiment\nfrom fasharness.run import settings\n"
        "assert callable(fasharness.run) and settings.Settings"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_everything_that_is_offered_is_there_and_described():
    for name in fasharness.__all__:
        offered = getattr(fasharness, name)
        assert isinstance(offered, str) or offered.__doc__


@pytest.fixture
def brightness(tmp_path: Path) -> Path:
    """A model file of the brightness baseline, which has no weights."""
    path = tmp_path / "model.safetensors"
    method = make(baselines.Brightness, "", {})
    save_model(path, card_of(method), method.network({}))
    return path


@pytest.fixture
def fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A detector that finds the face of the toy videos where their eyes are."""
    from types import SimpleNamespace

    from fasharness.faces import Face
    from fasharness.hookspecs import hookimpl

    class Fixed:
        def detect(self, frames):
            return [[Face((52.0, 32.0, 24.0, 32.0), 1.0)] for _ in frames]

    @hookimpl
    def fasharness_detectors():
        return {"fixed": lambda device: Fixed()}

    plugins = load_plugins([("fixed", SimpleNamespace(fasharness_detectors=fasharness_detectors))])
    monkeypatch.setattr("fasharness.plugins.load", lambda: plugins)


def test_a_model_scores_a_file_and_the_same_frames_alike(brightness: Path, oulu: Path, fixed: None):
    path = oulu / "Test_files" / "1_3_36_1.avi"
    model = fasharness.load(brightness, device="cpu", detector="fixed")
    frames = np.stack([frame for _, frame in decode(path)])
    score = model.score(path)
    assert model.score(str(path)) == score
    assert model.score(frames) == score
    # 16 frames, every fourth kept; the crop is the box grown by 1.3 about its centre
    cut = frames[::4, 27:69, 48:80].mean() / 255
    assert score == pytest.approx(cut, abs=0.01)
    picture = model.score(frames[0])
    assert picture == pytest.approx(frames[0, 27:69, 48:80].mean() / 255, abs=0.01)


@pytest.mark.usefixtures("fixed")
@pytest.mark.parametrize("shape", [(4, 4), (2, 4, 4, 4), (0, 4, 4, 3), (2, 0, 4, 3)])
def test_arrays_that_are_no_frames_are_refused(brightness: Path, shape: tuple[int, ...]):
    model = fasharness.load(brightness, device="cpu", detector="fixed")
    with pytest.raises(ValueError, match=r"frames must be uint8 \(N, H, W, 3\)"):
        model.score(np.zeros(shape, np.uint8))
    with pytest.raises(ValueError, match="got float64"):
        model.score(np.zeros((2, 4, 4, 3)))


def test_a_model_decides_at_the_threshold_of_its_run(brightness: Path, oulu: Path, fixed: None):
    path = oulu / "Test_files" / "1_3_36_1.avi"
    undecided = fasharness.load(brightness, device="cpu", detector="fixed")
    assert undecided.threshold is None
    with pytest.raises(CheckpointError, match="the model file holds no threshold"):
        undecided.bona_fide(path)
    score = undecided.score(path)
    for value, expected in ((score, True), (np.nextafter(score, 2.0), False)):
        set_threshold(brightness, Threshold("eer", "equal error rate", "dev", float(value)))
        model = fasharness.load(brightness, device="cpu", detector="fixed")
        assert model.threshold is not None
        assert model.threshold.value == value
        assert model.bona_fide(path) is expected


@pytest.mark.parametrize(
    ("facts", "detector", "name", "notes"),
    [
        ({"detector": "fixed"}, "", "fixed", ()),
        ({}, "", "mtcnn", ()),
        ({"detector": "fixed"}, "mtcnn", "mtcnn",
         ("its run found faces with fixed, here mtcnn finds them",)),
        ({"detector": "mtcnn", "faces": "dataset", "simulated": True}, "", "mtcnn",
         ("SIMULATED: the model was trained on simulated data",
          "its run had the faces from the data set; here mtcnn finds them")),
    ],
)  # fmt: skip
def test_a_model_is_loaded_as_its_run_used_it_and_says_where_it_is_not(
    facts: dict[str, object], detector: str, name: str, notes: tuple[str, ...],
    fixed: None, tmp_path: Path,
):  # fmt: skip
    method, path = make(baselines.Brightness, "", {}), tmp_path / "m.safetensors"
    save_model(path, card_of(method, **facts), method.network({}))
    model = fasharness.load(path, device="cpu", detector=detector)
    assert model._tools.recipe.detector == name
    assert model.notes == notes
    set_threshold(path, Threshold("test:eer", "equal error rate", "test", 0.5, leaks=True))
    leaking = "LEAKS: its threshold was chosen on test scores"
    assert fasharness.load(path, device="cpu", detector=detector).notes == (*notes, leaking)


def test_what_cannot_be_loaded_or_scored_is_named(brightness: Path, tmp_path: Path, fixed: None):
    with pytest.raises(CheckpointError, match="no such checkpoint"):
        fasharness.load(tmp_path / "none.safetensors")
    with pytest.raises(UnknownNameError, match="no detector 'mtcn'; did you mean 'mtcnn'"):
        fasharness.load(brightness, detector="mtcn")
    model = fasharness.load(brightness, device="cpu", detector="fixed")
    with pytest.raises(DataError, match=r"none\.avi: no score: .*none\.avi"):
        model.score(tmp_path / "none.avi")


def test_unknown_settings_and_rules_are_refused(own_machine: None, oulu_like):
    with pytest.raises(UnknownNameError, match="no setting 'protocl'; did you mean 'protocol'"):
        fasharness.run(plugin="toy", protocol="oulu1", protocl="oulu2")
    with pytest.raises(OptionError, match="--protocol is missing"):
        fasharness.run(plugin="toy")
    with pytest.raises(UnknownNameError, match="no rule of the evaluation 'replicate'; did you "):
        fasharness.evaluate(oulu_like(), replicate=3)


def test_a_run_and_the_command_give_the_same(toy_run, oulu: Path, shared_store: Path):
    assert toy_run(oulu, "--out", "a").code == 0
    done = fasharness.run(
        plugin="toy", protocol="oulu1", faces="dataset", jobs=1, data=oulu, store=shared_store,
        out=Path("b"), quiet=True,
    )  # fmt: skip
    assert read_csv(done.folder / "scores.csv") == read_csv(Path("a/scores.csv"))
    assert {s.split for s in fasharness.read_scores("a/scores.csv")} == {"dev", "test"}


def test_runs_whose_clips_were_made_in_different_ways_are_compared_with_a_warning(
    toy_run, command, oulu: Path
):
    """Another detector, crop or version is no difference between two methods."""
    assert toy_run(oulu, "--out", "a", "--limit", 8).code == 0
    assert toy_run(oulu, "--out", "b", "--limit", 8, "--seed", 1).code == 0
    assert (
        fasharness.compare("a", "b", replicates=50).warnings[0]
        == (fasharness.compare("a", "a/scores.csv", replicates=50).warnings[0])
    )
    result = Path("b/result.json")
    recipe = json.loads(result.read_text())["result"]["provenance"]["recipe"]
    assert recipe["crop.rule"] == "pillow"
    assert recipe["faces"] == "data set's own"
    assert recipe["decoders"] == ["fasharness"]
    assert len(recipe["digest"]) == 16
    text = result.read_text().replace('"crop.rule": "pillow"', '"crop.rule": "floor"')
    content = json.loads(text.replace(recipe["digest"], "0" * 16))
    del content["checksum"]
    result.write_text(json.dumps({**content, "checksum": digest(content)}))
    words = "clips were made in different ways: crop.rule pillow and floor"
    found = fasharness.compare("a", "b", replicates=50)
    assert all(words in warnings for warnings in found.warnings)
    assert f"warning: {words} (a and b)" in command("compare", "a", "b", "--replicates", 50).out


def test_a_script_without_a_guard_is_not_run_again_by_its_workers(
    oulu: Path, tmp_path: Path, child_environment
):
    script = tmp_path / "script.py"
    script.write_text(
        "import fasharness\nprint('started')\n"
        f"done = fasharness.run(plugin='brightness', protocol='oulu1', data={str(oulu)!r}, "
        "faces='dataset', jobs=2, quiet=True, last='score', out='r', store='s')\n"
        "print(done.folder, bool(__file__))\n"
    )
    ended = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, env=child_environment(),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ended.stdout, ended.returncode) == ("started\nr True\n", 0), ended.stderr


@pytest.mark.usefixtures("here")
def test_a_run_s_folder_stands_for_its_scores_and_its_model(brightness: Path, oulu_like):
    run = Path("run")
    run.mkdir()
    scores = oulu_like()
    write_csv(run / "scores.csv", scores)
    shutil.copy(brightness, run / "model.safetensors")
    (run / "run.json").write_text(json.dumps({"limit": 0}))
    rules = {"replicates": 20}
    assert fasharness.read_scores(run) == scores
    assert fasharness.evaluate(run, **rules) == fasharness.evaluate(scores, **rules)
    assert fasharness.load("run", device="cpu").method.name == "brightness"
    (run / "run.json").write_text(json.dumps({"limit": 8}))
    for given in (run, run / "scores.csv"):
        warnings = fasharness.evaluate(given, **rules).warnings
        assert warnings[0].startswith("only 8 presentations of each split (--limit)")
    folds = Path("folds")
    shutil.copytree(run, folds / "oulu3_1")
    shutil.copytree(run, folds / "oulu3_2")
    (folds / "run.json").write_text(json.dumps({"limit": 0}))
    with pytest.raises(DataError, match=r"folds: a run of several folds \(oulu3_1, oulu3_2\)"):
        fasharness.read_scores(folds)
    with pytest.raises(CheckpointError, match="one of its folds: oulu3_1, oulu3_2"):
        fasharness.load(folds)
    Path("empty").mkdir()
    with pytest.raises(DataError, match="empty: is a folder; name a file"):
        fasharness.evaluate("empty")
    with pytest.raises(CheckpointError, match=r"empty: is a folder without model\.safetensors"):
        fasharness.load("empty")


def test_frames_in_a_list_are_refused_with_the_way_on(brightness: Path):
    model = fasharness.load(brightness, device="cpu")
    with pytest.raises(TypeError, match=r"got list: join a list of frames with numpy\.stack"):
        model.score([np.zeros((4, 4, 3), np.uint8)])


WRONG = [
    (lambda: fasharness.read_scores(None), "expected a path, got None"),
    (lambda: fasharness.load(None), "expected a path, got None"),
    (lambda: fasharness.evaluate([]), "no scores at all; expected those of dev and test"),
    (
        lambda: fasharness.run(plugin="brightness", protocol="oulu1", out=3),
        "--out must be a path, got 3",
    ),
    (
        lambda: fasharness.run(plugin="brightness", protocol="oulu1", store=3),
        "--store must be a path, got 3",
    ),
    (lambda: fasharness.run(plugin="brightness", protocol="oulu1", option=3), "option must map"),
    (lambda: fasharness.run(plugin="brightness", protocol="oulu1", last="evaluate"), "no step"),
    (lambda: fasharness.evaluate(None), "expected a path or a sequence of Score, got None"),
    (lambda: fasharness.evaluate(["a"]), "expected a path or a sequence of Score"),
    (lambda: fasharness.compare([], 3), "expected a path or a sequence of Score, got 3"),
    (lambda: fasharness.evaluate([], replicates="many"), "replicates must be int, got 'many'"),
    (lambda: fasharness.evaluate([], replicates=True), "replicates must be int, got True"),
    (lambda: fasharness.evaluate([], more=1), "more must be bool, got 1"),
    (lambda: fasharness.load("x", device="gpu"), "no device 'gpu'"),
    (lambda: fasharness.load("x", device=None), "no device None"),
    (lambda: fasharness.run(plugin="brightness", protocol="oulu1", last=None), "no step None"),
    (
        lambda: fasharness.run(plugin="brightness", protocol="oulu1", store=__file__),
        "is a file; name a folder with --store",
    ),
]


@pytest.mark.usefixtures("own_machine")
@pytest.mark.parametrize(("call", "words"), WRONG, ids=[words for _, words in WRONG])
def test_wrong_inputs_are_named_in_one_line(call, words: str):
    with pytest.raises((DataError, OptionError, UnknownNameError, TypeError)) as caught:
        call()
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
