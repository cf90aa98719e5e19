"""Preparation: keys, what is done again, failures with reasons, and the same from any process."""

import dataclasses
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import NamedTuple

import cv2
import numpy as np
import pytest

from fasharness.builtin.datasets.oulu_npu import OuluNpu
from fasharness.builtin.datasets.oulu_npu_files import parse_name
from fasharness.clips import ClipSpec, Crop, Every, Frames, Label, View
from fasharness.data import Presentation, rgb
from fasharness.errors import UnknownNameError, WeightsError
from fasharness.hookspecs import hookimpl
from fasharness.plugins import load
from fasharness.prepare import planning
from fasharness.prepare.crop import PILLOW
from fasharness.prepare.packs import opened
from fasharness.prepare.pipeline import prepare
from fasharness.prepare.planning import Planner, Recipe, content_key
from fasharness.prepare.prepared import Prepared
from fasharness.prepare.store import ClipStore, StoredClips, load_clip
from fasharness.prepare.weights import Found

SPEC = ClipSpec(Frames(2, 2, Every(4, 3)), Crop(16), labels=(Label("depth", 8),))
MASKED = dataclasses.replace(SPEC, labels=(Label("depth", 8), Label("mask", 8)))
DRAWN = dataclasses.replace(SPEC, crop=Crop(16, scale=(1.1, 1.6)))
NAMES = ("1_1_01_1", "1_1_01_2", "2_1_01_4")


@pytest.fixture
def clips(tmp_path: Path) -> ClipStore:
    return ClipStore(tmp_path / "clips")


def items(root: Path, *names: str) -> list[Presentation]:
    return [OuluNpu(root).presentation(parse_name(name)) for name in names or NAMES]


class Gone(NamedTuple):
    """What a preparation gave, in the order asked for, and what progress was told."""

    prepared: Prepared
    stored: list[StoredClips]
    told: list[tuple[int, int]]


def go(
    root: Path,
    store: ClipStore,
    *specs: ClipSpec,
    names: tuple[str, ...] = (),
    jobs: int = 1,
    **how,
) -> Gone:
    """Prepare some presentations."""
    told: list[tuple[int, int]] = []
    recipe = Recipe((("oulu-npu", root),), **{"faces": "dataset", **how})
    wanted = {item: list(specs or (SPEC,)) for item in items(root, *names)}
    prepared = prepare(
        wanted, recipe, store, load(), jobs=jobs, progress=lambda *now: told.append(now)
    )
    stored = [prepared.get(item, spec) for item, specs in wanted.items() for spec in specs]
    return Gone(prepared, stored, told)


def test_clips_are_cut_from_the_frames_and_the_depth_beside_them(oulu: Path, clips: ClipStore):
    prepared, _, told = go(oulu, clips)
    live, *_ = items(oulu)
    stored = prepared.get(live, SPEC)
    # 16 frames: starts 0, 4, 8, 12 with the second frame two later; all four are kept
    assert (stored.clips, stored.frames, stored.left_out, stored.failure) == (4, 8, 0, "")
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]
    clip = load_clip(stored, 1, live, SPEC, PILLOW)
    video = cv2.VideoCapture(str(live.path))
    frames = [cv2.cvtColor(video.read()[1], cv2.COLOR_BGR2RGB) for _ in range(7)]
    box = OuluNpu(oulu).faces(live)[4].box  # that of the clip's first frame, for all of its frames
    region = PILLOW.region(box, 1.3, 1.3, (96, 128))
    for number, index in enumerate((4, 6)):
        np.testing.assert_array_equal(clip.rgb[number], PILLOW.cut(frames[index], region, 16))
    assert (clip.labels["depth"] > 0)[:, 4, 4].all()
    assert not (clip.labels["depth"] > 0)[:, 0, 0].any()
    assert clip.labels["depth"][0].argmax() in (27, 28, 35, 36)


@pytest.mark.parametrize("encoding", ["raw", "png"])
def test_views_are_the_same_frames_at_scales_of_their_own(oulu: Path, tmp_path: Path, encoding):
    spec = dataclasses.replace(DRAWN, views=(View("near", 12, 0.9), View("far", 20, 1.7)))
    store = ClipStore(tmp_path / "clips", encoding)
    (stored,) = go(oulu, store, spec, names=NAMES[:1]).stored
    (live,) = items(oulu, NAMES[0])
    clip = load_clip(stored, 1, live, spec, PILLOW, np.random.default_rng(0))
    assert clip.rgb.shape == (2, 16, 16, 3)
    video = cv2.VideoCapture(str(live.path))
    frames = [cv2.cvtColor(video.read()[1], cv2.COLOR_BGR2RGB) for _ in range(7)]
    box = OuluNpu(oulu).faces(live)[4].box
    for view in spec.views:
        region = PILLOW.region(box, view.scale, view.scale, (96, 128))
        for number, index in enumerate((4, 6)):
            expected = PILLOW.cut(frames[index], region, view.size)
            np.testing.assert_array_equal(clip.images[view.name][number], expected)


@pytest.mark.parametrize("ending", [".jpg", ".png"])
def test_clips_of_an_image_have_the_pixels_of_imread(own_oulu: Path, clips: ClipStore, ending: str):
    """The content tells an image, not the name, which here is a video's."""
    photo = cv2.imread(str(Path(__file__).parent / "data" / "astronaut.jpg"))
    good, content = cv2.imencode(ending, cv2.resize(photo, (128, 96)))
    assert good
    (live,) = items(own_oulu, "1_1_01_1")
    live.path.write_bytes(content.tobytes())
    spec = ClipSpec(crop=Crop(size=16))
    (stored,) = go(own_oulu, clips, spec, names=("1_1_01_1",)).stored
    assert (stored.clips, stored.failure) == (1, "")
    region = PILLOW.region(OuluNpu(own_oulu).faces(live)[0].box, 1.3, 1.3, (96, 128))
    expected = PILLOW.cut(cv2.cvtColor(cv2.imread(str(live.path)), cv2.COLOR_BGR2RGB), region, 16)
    clip = load_clip(stored, 0, live, spec, PILLOW)
    np.testing.assert_array_equal(clip.images["rgb"][0], expected)


def test_clips_of_an_image_folder_are_in_natural_order(oulu: Path, clips: ClipStore, tmp_path):
    shown = Presentation("walk", rgb(tmp_path / "walk"), "oulu-npu", "01")
    shown.path.mkdir()
    for number in (1, 2, 10):
        cv2.imwrite(str(shown.path / f"{number}.png"), np.full((9, 9, 3), number, np.uint8))
    (shown.path / "boxes.txt").write_text("no image")
    spec = ClipSpec(Frames(length=3), Crop(size=4, faces="none"))
    recipe = Recipe((("oulu-npu", oulu),))
    done = prepare({shown: [spec]}, recipe, clips, load(), jobs=1, progress=lambda *now: None)
    clip = load_clip(done.get(shown, spec), 0, shown, spec, PILLOW)
    assert clip.images["rgb"][:, 0, 0, 0].tolist() == [1, 2, 10]


def test_attacks_have_no_depth_and_no_mask_unless_it_is_asked_for(oulu: Path, clips: ClipStore):
    masked = MASKED
    prepared = go(oulu, clips, SPEC, masked).prepared
    attack = items(oulu)[1]
    plain = load_clip(prepared.get(attack, SPEC), 0, attack, SPEC, PILLOW)
    with_mask = load_clip(prepared.get(attack, masked), 0, attack, masked, PILLOW)
    assert not plain.labels["depth"].any()
    assert with_mask.labels["mask"].any()
    assert not with_mask.labels["depth"].any()
    np.testing.assert_array_equal(plain.rgb, with_mask.rgb)


def test_what_is_stored_is_not_prepared_again(oulu: Path, clips: ClipStore):
    first = go(oulu, clips).stored
    times = [stored.place.path.stat().st_mtime_ns for stored in first]
    _, second, told = go(oulu, clips)
    assert told == [(3, 3)]
    assert second == first
    assert [stored.place.path.stat().st_mtime_ns for stored in second] == times
    *_, told = go(oulu, clips, SPEC, DRAWN, names=("1_1_01_1", "1_1_01_3"))
    assert told[0] == (0, 2)


def test_a_damaged_file_of_the_store_is_prepared_again(oulu: Path, clips: ClipStore):
    path = go(oulu, clips).stored[0].place.path
    content = path.read_bytes()
    path.write_bytes(content[:-5])
    *_, told = go(oulu, clips)
    assert told == [(2, 3), (3, 3)]
    assert path.read_bytes() == content


def test_any_damage_to_a_stored_file_is_found_and_made_good(oulu: Path, clips: ClipStore):
    path = go(oulu, clips, names=("1_1_01_1",)).stored[0].place.path
    content = path.read_bytes()
    for at in range(9, len(content), len(content) // 23):
        damaged = bytearray(content)
        damaged[at] ^= 4
        path.write_bytes(damaged)
        prepared, _, told = go(oulu, ClipStore(clips.root), names=("1_1_01_1",))
        assert told == [(0, 1), (1, 1)], at
        assert path.read_bytes() == content
        assert prepared.damaged == (path.with_suffix(".damaged"),)
        assert prepared.damaged[0].read_bytes() == damaged
        assert "1 damaged files of the clip store were set aside" in prepared.words()
        assert "damaged" not in prepared.summary()


def test_the_clips_of_another_presentation_are_not_taken(oulu: Path, clips: ClipStore):
    one, other = (s.place.path for s in go(oulu, clips, names=("1_1_01_1", "1_1_01_3")).stored)
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    prepared, _, told = go(oulu, ClipStore(clips.root), names=("1_1_01_1", "1_1_01_3"))
    assert told == [(1, 2), (2, 2)]
    assert one.read_bytes() == content
    assert len(prepared.damaged) == 1


@pytest.mark.parametrize("jobs", [1, 2])
def test_missing_weights_end_it_before_any_video_is_read(
    own_oulu: Path, clips: ClipStore, own_machine: None, jobs: int
):
    for depth in own_oulu.rglob("*.depth.npz"):
        depth.unlink()
    with pytest.raises(WeightsError, match="fasharness weights get face-landmark"):
        go(own_oulu, clips, jobs=jobs)
    with closing(sqlite3.connect(clips.index.path)) as db:
        known = [os.fsdecode(row[0]) for row in db.execute("SELECT path FROM files")]
    assert {Path(file).stem.split(".")[0] for file in known} == {NAMES[0]}
    assert list(clips.root.rglob("*.pack")) == []


def test_stored_clips_need_no_weights(
    own_oulu: Path, clips: ClipStore, own_machine: None, monkeypatch: pytest.MonkeyPatch
):
    before = go(own_oulu, clips, detector="mtcnn", faces="detector").stored
    monkeypatch.setattr("fasharness.prepare.weights.look", lambda weights: Found("missing", Path()))
    assert go(own_oulu, clips, detector="mtcnn", faces="detector").stored == before
    with pytest.raises(WeightsError, match="fasharness weights get mtcnn-pnet"):
        go(own_oulu, ClipStore(clips.root / "other"), detector="mtcnn", faces="detector")


def test_worker_processes_give_the_same_bytes(oulu: Path, clips: ClipStore, tmp_path: Path):
    here = go(oulu, clips, SPEC, DRAWN).stored
    _, there, told = go(oulu, ClipStore(tmp_path / "other"), SPEC, DRAWN, jobs=2)
    assert told[-1] == (3, 3)
    one, other = (
        {s.place.path.name: s.place.path.read_bytes() for s in found} for found in (here, there)
    )
    assert one == other


def key(root: Path, spec: ClipSpec = SPEC, versions: str = "", **how: str) -> str:
    """Key of a video's clips, planned with an empty store."""
    (item,) = items(root, "1_1_01_1")
    with TemporaryDirectory() as store:
        recipe = Recipe((("oulu-npu", root),), **how)
        planner = Planner({item: [spec]}, recipe, ClipStore(Path(store)), load(), None)
        planner.versions = versions or planner.versions
        (task,) = planner.plan(Prepared())
    return task.keys[0]


def test_depth_maps_that_are_added_or_replaced_change_the_key(own_oulu: Path, tmp_path: Path):
    maps = tmp_path / "maps" / "1_1_01_1"
    maps.mkdir(parents=True)
    keys = [key(own_oulu, depth=str(maps.parent))]
    for content in (b"map", b"another"):
        (maps / "1_1_01_1_001_depth1D.jpg").write_bytes(content)
        keys.append(key(own_oulu, depth=str(maps.parent)))
    assert len(set(keys)) == 3


def test_keys_change_with_everything_that_changes_clips(own_oulu: Path):
    path = own_oulu / "Train_files" / "1_1_01_1.avi"
    keys = [
        key(own_oulu), key(own_oulu, DRAWN), key(own_oulu, versions="v2"),
        key(own_oulu, faces="dataset"), key(own_oulu, depth="maps"),
        key(own_oulu, dataclasses.replace(SPEC, views=(View("far", 16, 2.7),))),
        key(own_oulu, dataclasses.replace(SPEC, views=(View("far", 16, 4.0),))),
    ]  # fmt: skip
    with path.open("ab") as file:
        file.write(b"\0")
    keys.append(key(own_oulu))
    path.with_suffix(".txt").write_text("0,1,2,3,4\n")
    keys.append(key(own_oulu))
    path.with_suffix(".depth.npz").unlink()
    keys.append(key(own_oulu))
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("field", ["detector", "estimator"])
def test_the_names_of_detector_and_estimator_are_part_of_the_key(oulu: Path, field: str):
    (item,) = items(oulu, "1_1_01_1")
    recipe = Recipe((("oulu-npu", oulu),))
    other = dataclasses.replace(recipe, **{field: "other"})
    one, two = (content_key(item, SPEC, how, "v", [("", "a")]) for how in (recipe, other))
    assert one != two


@pytest.mark.parametrize("name", ["1_1_01_1.avi", "1_1_01_1.txt", "1_1_01_1.depth.npz"])
def test_another_content_of_equal_name_size_and_time_has_another_key(
    own_oulu: Path, tmp_path: Path, name: str
):
    """Two folders that were copied in the same second do not get each other's clips."""
    other = tmp_path / "other"
    shutil.copytree(own_oulu, other)
    before = key(own_oulu)
    assert key(other) == before
    path, twin = own_oulu / "Train_files" / name, other / "Train_files" / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    twin.write_bytes(content)
    state = path.stat()
    os.utime(twin, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert (twin.stat().st_size, twin.stat().st_mtime_ns) == (state.st_size, state.st_mtime_ns)
    assert key(other) != before


def pictures(stored: StoredClips) -> np.ndarray:
    with opened(stored.place, stored.key) as record:
        return record.array("image/rgb")


def test_two_data_sets_of_equal_names_sizes_and_times_keep_their_own_clips(
    own_oulu: Path, clips: ClipStore, tmp_path: Path
):
    other = tmp_path / "other"
    shutil.copytree(own_oulu, other)
    one, two = (other / "Train_files" / f"1_1_01_{n}.avi" for n in (1, 3))
    one_bytes, two_bytes = one.read_bytes(), two.read_bytes()
    longer = max(len(one_bytes), len(two_bytes))
    for path, content in ((one, two_bytes), (two, one_bytes)):  # padding is no picture
        path.write_bytes(content.ljust(longer, b"\0"))
    for n, content in ((1, one_bytes), (3, two_bytes)):
        path = own_oulu / "Train_files" / f"1_1_01_{n}.avi"
        path.write_bytes(content.ljust(longer, b"\0"))
        os.utime(path, (1e9, 1e9))
        os.utime(other / "Train_files" / path.name, (1e9, 1e9))
    names = ("1_1_01_1", "1_1_01_3")
    mine, theirs = (go(root, clips, names=names).stored for root in (own_oulu, other))
    alone = go(other, ClipStore(tmp_path / "alone"), names=names).stored
    frames = [[pictures(s) for s in found] for found in (mine, theirs, alone)]
    for number in range(2):
        assert not np.array_equal(frames[0][number], frames[1][number])
        assert np.array_equal(frames[1][number], frames[2][number])


def test_a_file_whose_time_alone_changes_keeps_its_clips(own_oulu: Path):
    before = key(own_oulu)
    os.utime(own_oulu / "Train_files" / "1_1_01_1.avi", (1e9, 1e9))
    assert key(own_oulu) == before


def test_keys_do_not_change_with_the_place_or_the_device(own_oulu: Path, tmp_path: Path):
    before = key(own_oulu)
    assert key(own_oulu, device="cuda") == before
    own_oulu.rename(tmp_path / "moved")
    assert key(tmp_path / "moved") == before


def test_the_code_of_a_plugin_that_takes_part_is_part_of_the_key(
    own_oulu: Path, monkeypatch: pytest.MonkeyPatch
):
    """An edited detector of the same version does not get what the old one found."""

    @hookimpl
    def fasharness_detectors():
        return {"own": lambda device: None}

    plugins = load([("own", SimpleNamespace(fasharness_detectors=fasharness_detectors))])
    recipe = Recipe((("oulu-npu", own_oulu),), detector="own")
    before = planning.versions_in_use(recipe, [SPEC], plugins)
    assert "not installed" in before
    monkeypatch.setattr("fasharness.plugins.source_digest", lambda module: "edited")
    after = planning.versions_in_use(recipe, [SPEC], plugins)
    assert before != after
    assert after.endswith("not installed edited")


def test_every_bad_video_fails_with_its_reason_and_the_others_do_not(
    own_oulu: Path, clips: ClipStore, film: Callable[..., None]
):
    folder = own_oulu / "Train_files"
    (folder / "1_1_01_1.avi").write_bytes(b"")
    (folder / "1_1_01_2.avi").write_bytes(b"text" * 300)
    (folder / "1_1_01_3.avi").unlink()
    content = (folder / "1_1_01_4.avi").read_bytes()
    (folder / "1_1_01_4.avi").write_bytes(content[:600])
    film(folder / "1_1_01_5.avi", bona_fide=False, seed=1, frames=2)
    (folder / "2_1_01_1.txt").write_text("")
    (folder / "2_1_01_2.txt").write_text("0,1,2\n")
    (folder / "2_1_01_4.txt").unlink()
    (folder / "3_1_01_1.depth.npz").write_bytes(b"no depth")
    bad = ("1_1_01_1", "1_1_01_2", "1_1_01_3", "1_1_01_4", "1_1_01_5", "2_1_01_1", "2_1_01_2",
           "2_1_01_4", "3_1_01_1")  # fmt: skip
    names = (*bad, "3_1_01_2")
    prepared, stored, told = go(own_oulu, clips, names=names)
    reasons = prepared.failures()
    assert sorted(reasons) == sorted(bad)
    words = ["0 bytes", "not a video", "No such file", "cut short", "2 frames are too few for a "
             "clip that spans 3", "no face found in 4 frames", "2_1_01_2.txt:1: expected the",
             "txt: cannot be read: No such file", "no readable depth maps"]  # fmt: skip
    for name, word in zip(bad, words, strict=True):
        assert word in reasons[name], name
        assert "\n" not in reasons[name]
    assert told[-1] == (10, 10)
    assert stored[-1].clips == 4
    assert prepared.summary()["presentations"] == 10


def test_clips_whose_first_frame_shows_no_face_are_left_out(own_oulu: Path, clips: ClipStore):
    path = own_oulu / "Train_files" / "1_1_01_1.txt"
    lines = path.read_text().splitlines()
    path.write_text("".join(f"{line}\n" for line in lines if int(line.split(",")[0]) not in (4, 6)))
    (stored,) = go(own_oulu, clips, names=("1_1_01_1",)).stored
    assert (stored.clips, stored.left_out, stored.failure) == (3, 1, "")


def test_a_failure_is_mended_by_mending_what_was_missing(
    own_oulu: Path, clips: ClipStore, tmp_path
):
    maps = tmp_path / "maps"
    maps.mkdir()
    (stored,) = go(own_oulu, clips, names=("1_1_01_1",), depth=str(maps)).stored
    assert "no folder of depth maps" in stored.failure
    (maps / "1_1_01_1").mkdir()
    for number in range(1, 17):
        grey = np.full((96, 128), 10 * number, np.uint8)
        assert cv2.imwrite(str(maps / "1_1_01_1" / f"1_1_01_1_{number:03d}_depth1D.jpg"), grey)
    (stored,) = go(own_oulu, clips, names=("1_1_01_1",), depth=str(maps)).stored
    assert stored.failure == ""
    clip = load_clip(stored, 1, items(own_oulu)[0], SPEC, PILLOW)
    assert np.round(clip.labels["depth"] * 255).max(axis=(1, 2)).tolist() == [
        50,
        70,
    ]  # frames 5 and 7 of 1..


def test_an_unknown_crop_rule_is_named(oulu: Path, clips: ClipStore):
    with pytest.raises(UnknownNameError, match="no crop 'pilow'; did you mean 'pillow'"):
        go(oulu, clips, dataclasses.replace(SPEC, crop=Crop(16, "pilow")))
