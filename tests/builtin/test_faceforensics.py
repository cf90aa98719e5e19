"""FaceForensics++: names, pairs, compressions, frames, LGSC's lists, figures of each method."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from fasharness.builtin.datasets.faceforensics import FaceForensics
from fasharness.builtin.datasets.faceforensics_metrics import METRICS, accuracy, auc
from fasharness.builtin.datasets.faceforensics_names import METHODS
from fasharness.builtin.datasets.faceforensics_pairs import PAIRS
from fasharness.common.progress import Terminal
from fasharness.data import Split
from fasharness.errors import DataError
from fasharness.metric import MetricInput, UndefinedError
from fasharness.plugins import Plugins
from fasharness.result import read
from fasharness.run.experiment import run
from fasharness.run.settings import Settings

Make = Callable[..., Path]
TRAIN, DEV, TEST = (PAIRS[split][0] for split in Split)
HIDDEN = [f"faceforensics_benchmark_images/{n:04d}.png" for n in range(3)]


def videos(rate: str, *pairs: tuple[str, str]) -> Iterator[str]:
    """The originals and forgeries of these pairs."""
    for first, second in pairs:
        for person in (first, second):
            yield f"original_sequences/youtube/{rate}/videos/{person}.mp4"
        for method in METHODS:
            for name in (f"{first}_{second}", f"{second}_{first}"):
                yield f"manipulated_sequences/{method}/{rate}/videos/{name}.mp4"


ACTORS = ["original_sequences/actors/c23/videos/01__kitchen_pan.mp4",
          "manipulated_sequences/DeepFakeDetection/c23/videos/01_02__kitchen_pan__A1B2C3D4.mp4",
          ]  # fmt: skip
FILES = [*videos("c23", TRAIN, DEV, TEST), *videos("c40", TEST), *ACTORS, *HIDDEN]


@pytest.fixture
def data(make_root: Make) -> FaceForensics:
    return FaceForensics(make_root(FILES))


def names(shown) -> set[str]:
    return {p.id.rpartition("/")[2] for p in shown}


def test_a_forgery_shows_two_persons():
    found = FaceForensics.item("manipulated_sequences/FaceSwap/raw/videos/071_054.mp4")
    assert found is not None
    assert (found.species, found.subject, found.others) == ("faceswap", "071", ("054",))
    assert (found.part, found.attributes) == (Split.TRAIN, {"compression": "c0"})
    actor, forged = map(FaceForensics.item, ACTORS)
    assert actor is not None
    assert forged is not None
    assert (actor.species, actor.subject, actor.session, actor.part) == (
        None, "actor01", "kitchen_pan", None,
    )  # fmt: skip
    assert (forged.species, forged.subject, forged.others) == (
        "deepfakedetection", "actor01", ("actor02",),
    )  # fmt: skip


@pytest.mark.parametrize(
    "path",
    [
        "original_sequences/Deepfakes/c23/videos/071_054.mp4",
        "manipulated_sequences/youtube/c23/videos/071.mp4",
        "manipulated_sequences/Deepfakes/c23/videos/071.mp4",
        "manipulated_sequences/Deepfakes/c23/videos/071_054.avi",
        "manipulated_sequences/deepfakes/c23/videos/071_054.mp4",
        "manipulated_sequences/Deepfakes/c30/videos/071_054.mp4",
        "manipulated_sequences/Deepfakes/c23/masks/videos/071_054.mp4",
        "original_sequences/youtube/c23/videos/71.mp4",
    ],
)
def test_other_names_are_none_of_the_set(path: str):
    assert FaceForensics.item(path) is None


def test_the_official_pairs_are_whole_and_disjoint():
    persons = [person for pairs in PAIRS.values() for pair in pairs for person in pair]
    assert sorted(persons) == [f"{n:03d}" for n in range(1000)]
    assert [len(PAIRS[split]) for split in Split] == [360, 70, 70]


def test_the_four_methods_of_the_paper_and_both_orders_of_a_pair(data: FaceForensics):
    found = data.protocol("faceforensics-c23")
    first, second = TEST
    both = {f"{first}_{second}", f"{second}_{first}"}
    assert {p.species for p in found.test} == {None, *(m.lower() for m in METHODS[:4])}
    assert names(found.test) == {first, second, *both}
    assert names(found.train) == {*TRAIN, "_".join(TRAIN), "_".join(TRAIN[::-1])}
    assert {p.attributes["compression"] for p in found.test} == {"c23"}
    assert (found.dev_rule, found.version) == ("official", "rule")


def test_one_method_five_methods_and_deepfakedetection(data: FaceForensics):
    one = data.protocol("faceforensics-c23-neuraltextures")
    assert {p.species for p in (*one.train, *one.test)} == {None, "neuraltextures"}
    five = data.protocol("faceforensics-c23-five")
    assert {p.species for p in five.train} == {None, *(m.lower() for m in METHODS)}
    other = data.protocol("faceforensics-c23-dfd")
    assert {p.species for p in other.test} == {None, "deepfakedetection"}
    assert {p.subject for p in other.test} == {"actor01"}
    assert {p.species for p in other.dev} == {None, *(m.lower() for m in METHODS[:4])}


def test_frames_count_where_there_is_no_video(make_root: Make):
    frames = [path.replace("/videos/", "/images/").removesuffix(".mp4") + f"/{n:04d}.png"
              for path in videos("c23", TRAIN, DEV, TEST) for n in (0, 1)]  # fmt: skip
    data = FaceForensics(make_root(frames))
    alone = data.protocol("faceforensics-c23")
    assert all(p.path.is_dir() for p in alone.test)
    assert len(alone.test) == 2 + 4 * 2
    video = make_root(videos("c23", TEST))  # the same root: now there are both
    both = FaceForensics(video).protocol("faceforensics-c23")
    assert all(p.path.suffix == ".mp4" for p in both.test)
    assert len(both.test) == len(alone.test)
    assert all(p.path.is_dir() for p in both.train)


def test_masks_and_models_are_no_extra_files(make_root: Make):
    beside = ["manipulated_sequences/Deepfakes/c23/masks/071_054/0000.png",
              "manipulated_sequences/Face2Face/masks/videos/071_054.mp4",
              "manipulated_sequences/Deepfakes/models/071_054/model.h5"]  # fmt: skip
    strange = "manipulated_sequences/Deepfakes/c23/videos/notes.txt"
    data = FaceForensics(make_root([*FILES, *beside, strange]))
    extra = {f.name for f in data.validate([]).findings if f.kind == "extra"}
    assert extra == {strange}


def test_pair_lists_in_the_root_are_used_and_compared_with_the_official_ones(data: FaceForensics):
    folder = data.root / "splits"
    folder.mkdir()
    (folder / "test.json").write_text(json.dumps([list(TEST)]))
    assert names(data.protocol("faceforensics-c23").test) == {
        *TEST, "_".join(TEST), "_".join(TEST[::-1]),
    }  # fmt: skip
    assert data.notes("faceforensics-c23") == ()
    (folder / "test.json").write_text(json.dumps([list(DEV)]))
    notes = data.notes("faceforensics-c23")
    assert len(notes) == 2 * (2 + 4 * 2)
    assert sum("lacks" in note for note in notes) == 2 + 4 * 2
    with pytest.raises(DataError, match="listed more than once"):  # they are in dev
        data.protocol("faceforensics-c23")
    # what has no official part is not in the lists, and tested on all the same
    assert {p.subject for p in data.protocol("faceforensics-c23-dfd").test} == {"actor01"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{}", "expected a JSON list, got dict"),
        ("[]", "expected a JSON list of pairs"),
        ("[", "not JSON"),
        ('[["071", "054", "001"]]', "pair 1: expected two texts of three digits"),
        ('[["071", 54]]', "pair 1: expected two texts of three digits"),
        ('[["071", "054"], ["071", "001"]]', "pair 2: 071 is in pair 1 too"),
        ('["071_054"]', "pair 1: expected two texts"),
    ],
)
def test_pairs_of_another_shape_are_refused(data: FaceForensics, text: str, words: str):
    (data.root / "splits").mkdir()
    path = data.root / "splits" / "train.json"
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        data.protocol("faceforensics-c23")
    assert str(caught.value).startswith(f"{path}: {words}")


def test_hidden_pictures_are_tested_on_and_decided_in_a_submission(
    data: FaceForensics, tmp_path: Path
):
    found = data.protocol("faceforensics-c23-benchmark")
    hidden = [p for p in found.test if not p.known]
    assert [p.path.name for p in hidden] == ["0000.png", "0001.png", "0002.png"]
    values = {hidden[0].id: 0.5, hidden[1].id: 0.25}  # the third could not be read
    data.write_submission(tmp_path, values, 0.5)
    assert json.loads((tmp_path / "submission.json").read_text()) == {
        "0000.png": "real", "0001.png": "fake",
    }  # fmt: skip


@pytest.mark.parametrize("simulated", [False, True])
def test_a_run_decides_on_every_picture_of_the_benchmark(
    simulated: bool,
    make_root: Make,
    short_film: bytes,
    film: Callable[..., None],
    middle: Plugins,
    own_machine: None,
    tmp_path: Path,
):
    """With the threshold of dev; drawn faces, whose file could not say so, give no submission."""
    film(tmp_path / "attack.avi", bona_fide=False, seed=1, frames=2)
    forged = (tmp_path / "attack.avi").read_bytes()
    for path in videos("c23", TRAIN, DEV, TEST):
        root = make_root([path], forged if "manipulated" in path else short_film)
    (root / "faceforensics_benchmark_images").mkdir()
    for name, light in zip(HIDDEN, (0, 90, 255), strict=True):
        picture = np.full((120, 120, 3), light, np.uint8)
        cv2.imwrite(str(root / name), picture)
    if simulated:
        (root / "SIMULATED.json").write_text('{"size": "tiny"}')
    settings = Settings(
        "brightness", "faceforensics-c23-benchmark", data=root, detector="middle", jobs=1,
        out=tmp_path / "run",
    )  # fmt: skip
    folder = run(settings, middle, Terminal(io.StringIO()), tmp_path / "store").folder
    path = folder / "submission.json"
    assert path.exists() is not simulated
    with (folder / "unlabelled_scores.csv").open(newline="") as file:
        scores = {row["presentation"]: float(row["score"]) for row in csv.DictReader(file)}
    threshold = read(folder / "result.json").evaluation.threshold.value
    decided = {
        f"{name.rpartition('/')[2]}.png": "real" if score >= threshold else "fake"
        for name, score in scores.items()
    }
    assert set(decided) == {"0000.png", "0001.png", "0002.png"}
    assert set(decided.values()) == {"real", "fake"}
    assert simulated or json.loads(path.read_text()) == decided


def test_a_protocol_of_the_benchmark_without_its_pictures_is_refused(make_root: Make):
    data = FaceForensics(make_root(videos("c23", TRAIN, DEV, TEST)))
    with pytest.raises(DataError, match="no pictures of the benchmark"):
        data.protocol("faceforensics-c23-benchmark")


def of_lgsc(data: FaceForensics) -> Path:
    """LGSC's three lists, with paths of their authors' machine."""
    pictures = {}
    for part, pair in (("add", TRAIN), ("val", DEV)):
        live = f"original_sequences/youtube/c23/images/{pair[0]}/0001.png"
        fake = f"manipulated_sequences/Deepfakes/c40/images/{'_'.join(pair)}/0002.png"
        pictures[part] = (live, fake)
        for path in pictures[part]:
            (data.root / path).parent.mkdir(parents=True, exist_ok=True)
            (data.root / path).touch()
        lines = [f"/home/user/FaceForensics/data/{live} 0", f"data/{fake} 1"]
        lines += [f"{live} 0"] * (part == "add")  # repeated, which only a training list may
        (data.root / f"train_{part}_train.txt").write_text("\n".join(lines))
    text = "benchmark/faceforensics_benchmark_images/0001.png 0\n"
    (data.root / "faceforensics_benchmark.txt").write_text(text)
    return data.root / "train_add_train.txt"


def test_lgscs_three_lists(data: FaceForensics):
    of_lgsc(data)
    found = FaceForensics(data.root).protocol("faceforensics-lgsc")
    assert [p.species for p in found.train] == [None, "deepfakes"]
    assert [p.subject for p in found.train] == [TRAIN[0], TRAIN[0]]
    assert set(found.weights.values()) == {2}
    assert [p.species for p in found.dev] == [None, "deepfakes"]
    assert [p.path.name for p in found.test if not p.known] == ["0001.png"]
    assert {p.attributes["compression"] for p in found.test if p.known} == {"c23", "c40"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{live} 1\n{fake} 0\n", "a list of the other polarity"),
        ("{live} 0\n{live} 1\n", ":2: label 1 contradicts"),
        ("{live} 2\n", "'2' is no label"),
        ("{live}\n", "expected 'path label'"),
        ("{live}x 0\n", "is no picture of FaceForensics"),
        ("original_sequences/youtube/c23/images/000/0001.png 0\n", "is not there"),
    ],
)
def test_a_broken_list_of_lgsc_is_refused(data: FaceForensics, text: str, words: str):
    path = of_lgsc(data)
    live, fake = (line.split()[0] for line in path.read_text().splitlines()[:2])
    path.write_text(text.format(live=live, fake=fake))
    with pytest.raises(DataError, match=words) as caught:
        data.protocol("faceforensics-lgsc")
    assert str(caught.value).startswith(str(path))


def test_a_missing_list_of_lgsc_is_named(data: FaceForensics):
    with pytest.raises(DataError, match=r"train_add_train\.txt: no such list"):
        data.protocol("faceforensics-lgsc")
    of_lgsc(data)
    (data.root / "faceforensics_benchmark.txt").write_text("images/0009.png 0\n")
    with pytest.raises(DataError, match=r"benchmark\.txt:1: 'images/0009.png' is no picture in"):
        data.protocol("faceforensics-lgsc")


def given(scores: list[float], species: list[str], weights: list[float]) -> MetricInput:
    texts = np.array(species, dtype=np.str_)
    return MetricInput(
        np.array(scores), texts == "", texts, texts, texts, texts, np.array(weights), 0.5
    )


def test_accuracy_and_auc_of_a_method_by_hand():
    found = given(
        [0.9, 0.6, 0.4, 0.6, 0.2, 0.7],
        ["", "", "", "deepfakes", "deepfakes", "faceswap"],
        [1.0] * 6,
    )
    assert METRICS["accuracy_pristine"](found) == 2 / 3
    assert METRICS["accuracy_deepfakes"](found) == 0.5
    assert METRICS["accuracy_faceswap"](found) == 0
    # nine tenths wins both, six tenths wins one and ties one, four tenths wins one
    assert METRICS["auc_deepfakes"](found) == (2 + 1.5 + 1) / 6
    assert METRICS["auc_faceswap"](found) == 1 / 3
    for name in ("auc_face2face", "accuracy_face2face"):
        with pytest.raises(UndefinedError, match="no scored test presentation of face2face"):
            METRICS[name](found)
    alone = replace(found, weights=found.weights * ~found.bona_fide)
    for name in ("auc_deepfakes", "accuracy_pristine"):
        with pytest.raises(UndefinedError, match="no bona fide one is scored"):
            METRICS[name](alone)


def test_a_weight_counts_like_repetition():
    rng = np.random.default_rng(1)
    scores = rng.integers(0, 8, 60) / 8
    species = [["", "deepfakes"][n % 2] for n in range(60)]
    weights = rng.integers(0, 4, 60).astype(float)
    once = given(list(scores), species, list(weights))
    times = weights.astype(int)
    again = given(
        list(np.repeat(scores, times)), list(np.repeat(species, times)), [1.0] * times.sum()
    )
    for name in ("deepfakes",):
        assert auc(once, name) == pytest.approx(auc(again, name), abs=1e-12)
        assert accuracy(once, name) == pytest.approx(accuracy(again, name), abs=1e-12)
