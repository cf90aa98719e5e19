"""Pictures share packs: few files, the same bytes from any process, little lost, damage found."""

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from safetensors.numpy import load

from fasharness.clips import ClipSpec, Crop, Every, Frames
from fasharness.data import Presentation, rgb
from fasharness.errors import DataError, RunError
from fasharness.plugins import load as load_plugins
from fasharness.prepare import pipeline
from fasharness.prepare.crop import PILLOW
from fasharness.prepare.packs import Place, Tag, check, opened, pack_name, record, write
from fasharness.prepare.pipeline import prepare
from fasharness.prepare.planning import Recipe
from fasharness.prepare.prepared import Prepared
from fasharness.prepare.store import ClipStore, load_clip

SPEC = ClipSpec(Frames(pick=Every(1, 1)), Crop(8, faces="none"))


@pytest.fixture
def shown(oulu: Path, tmp_path: Path) -> list[Presentation]:
    """Nine pictures; the fifth cannot be read."""
    found = []
    for number in range(9):
        path = tmp_path / "pictures" / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        picture = np.full((12, 10, 3), 20 * number, np.uint8)
        path.write_bytes(cv2.imencode(".png", picture)[1].tobytes() if number != 4 else b"text")
        found.append(Presentation(f"p{number}", rgb(path), "oulu-npu"))
    return found


@pytest.fixture(autouse=True)
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "GROUP", 4)


def go(shown: list[Presentation], oulu: Path, store: ClipStore, jobs: int = 1) -> Prepared:
    return prepare({one: [SPEC] for one in shown}, Recipe((("oulu-npu", oulu),)), store,
                   load_plugins(), jobs=jobs, progress=lambda *now: None)  # fmt: skip


def packs(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in root.glob("packs/*/*")}


def test_pictures_share_packs_and_come_back(shown, oulu: Path, tmp_path: Path):
    store = ClipStore(tmp_path / "clips")
    prepared = go(shown, oulu, store)
    assert len(packs(store.root)) == 2  # of four each; what is no picture is no part of them
    assert list(prepared.failures()) == ["p4"]
    for number, one in enumerate(shown):
        if number != 4:
            clip = load_clip(prepared.get(one, SPEC), 0, one, SPEC, PILLOW)
            assert (clip.rgb == 20 * number).all()
    again = go(shown, oulu, store)
    assert [again.get(one, SPEC) for one in shown if one.id != "p4"] == [
        prepared.get(one, SPEC) for one in shown if one.id != "p4"
    ]


def test_worker_processes_write_the_same_packs(shown, oulu: Path, tmp_path: Path):
    here, there = ClipStore(tmp_path / "here"), ClipStore(tmp_path / "there")
    go(shown, oulu, here)
    go(shown, oulu, there, jobs=2)
    assert packs(here.root) == packs(there.root)


def test_a_damaged_pack_is_set_aside_and_its_pictures_are_made_again(
    shown, oulu: Path, tmp_path: Path
):
    store = ClipStore(tmp_path / "clips")
    path = go(shown, oulu, store).get(shown[0], SPEC).place.path
    whole = packs(store.root)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    prepared = go(shown, oulu, ClipStore(store.root))
    aside = path.with_suffix(".damaged")
    assert prepared.damaged == (aside,)
    assert packs(store.root) == {**whole, aside.name: bytes(content)}
    assert "1 damaged files of the clip store were set aside" in prepared.words()


def test_a_lost_index_is_made_again_from_the_packs(
    shown, oulu: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    store = ClipStore(tmp_path / "clips")
    before = go(shown, oulu, store)
    store.index.path.unlink()
    monkeypatch.setattr(pipeline, "_cut", None)  # nothing is cut again
    after = go(shown[:4], oulu, ClipStore(store.root))
    assert [after.get(one, SPEC) for one in shown[:4]] == [
        before.get(one, SPEC) for one in shown[:4]
    ]


def test_a_killed_preparation_keeps_all_packs_but_the_last(shown, oulu: Path, tmp_path: Path):
    """The process is killed while the second pack is written: the first is whole and known."""
    code = f"""
import os, signal, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from fasharness.prepare import packs, pipeline, store
import test_packs
from test_packs import go, ClipStore, Path
pipeline.GROUP = 4
written = []
def write(path, records):
    if len(written) == 1:
        path.parent.mkdir(parents=True, exist_ok=True)
        (path.parent / f".{{path.name}}.part").write_bytes(records[0])
        os.kill(os.getpid(), signal.SIGKILL)
    written.append(path)
    return packs.write(path, records)
store.write = write
from fasharness.data import Presentation, rgb
root = Path({str(tmp_path)!r})
paths = [root / "pictures" / f"{{n}}.png" for n in range(9)]
shown = [Presentation(f"p{{n}}", rgb(path), "oulu-npu") for n, path in enumerate(paths)]
go(shown, Path({str(oulu)!r}), ClipStore(root / "clips"))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    store = ClipStore(tmp_path / "clips")
    told: list[tuple[int, int]] = []
    prepare({one: [SPEC] for one in shown}, Recipe((("oulu-npu", oulu),)), store, load_plugins(),
            jobs=1, progress=lambda *now: told.append(now))  # fmt: skip
    assert told[0] == (4, 9)
    assert not store.damaged


def test_each_record_is_a_safetensors_file_that_says_what_it_is(tmp_path: Path):
    tags = [Tag("ab", "p", facts={"clips": 1}), Tag("cd", "q", "s")]
    arrays = [{"a": np.arange(6, dtype=np.int64).reshape(3, 2), "b": np.zeros((0, 3), np.uint8)},
              {"a": np.float64([0.1])}]  # fmt: skip
    path = tmp_path / pack_name(["cd", "ab"])
    starts = write(path, [record(t, a) for t, a in zip(tags, arrays, strict=True)])
    content = path.read_bytes()
    found = load(content[: starts[1]])
    assert {name: array.tolist() for name, array in found.items()} == {
        name: array.tolist() for name, array in arrays[0].items()
    }
    said = [(tag.key, tag.presentation, tag.subject, at) for tag, at in check(path)]
    assert said == [("ab", "p", "", 0), ("cd", "q", "s", starts[1])]
    for at in range(len(content)):
        path.write_bytes(content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :])
        with pytest.raises(DataError):
            check(path)


def test_a_place_that_holds_something_else_is_an_error(tmp_path: Path):
    stored = ClipStore(tmp_path).index
    path = stored.pack(pack_name(["ab"]))
    write(path, [record(Tag("ab", "p"), {"a": np.zeros((2, 2), np.int32)})])
    with opened(Place(path, 0), "ab") as found:
        assert found.item("a", 1).tolist() == [0, 0]
        with pytest.raises(DataError, match="no item 2 of 2"):
            found.item("a", 2)
    for place, key in ((Place(path, 0), "cd"), (Place(path, 3), "ab"), (Place(path, 10**6), "ab")):
        with pytest.raises(DataError, match=str(path)), opened(place, key):
            pass


def test_two_processes_may_use_one_store(tmp_path: Path):
    code = """
import sys
from pathlib import Path
import numpy as np
from fasharness.prepare.packs import Tag
from fasharness.prepare.store import ClipStore
for number in range(30):
    packer = ClipStore(Path(sys.argv[1])).packer()
    packer.add(Tag(f"{sys.argv[2]}{number}", "p"), {"a": np.zeros(3)})
    packer.flush()
"""
    both = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "clips"), name])
            for name in "ab"]  # fmt: skip
    assert [process.wait() for process in both] == [0, 0]
    keys = [f"{name}{number}" for name in "ab" for number in range(30)]
    index = ClipStore(tmp_path / "clips").index
    assert sorted(row.tag.key for row in index.look_up(keys)) == sorted(keys)


def test_an_index_of_another_version_is_made_anew(tmp_path: Path):
    store = ClipStore(tmp_path)
    packer = store.packer()
    packer.add(Tag("ab", "p"), {"a": np.zeros(3)})
    packer.flush()
    with sqlite3.connect(store.index.path) as db:
        db.execute("DROP TABLE records")
        db.execute("CREATE TABLE records (other)")
        db.execute("PRAGMA user_version = 7")
    assert [row.tag.key for row in store.index.look_up(["ab"])] == ["ab"]


def test_an_index_that_cannot_be_opened_is_one_line(tmp_path: Path):
    (tmp_path / "index.sqlite").mkdir()
    (tmp_path / "packs").mkdir()
    with pytest.raises(RunError, match=r"index\.sqlite: unable to open"):
        list(ClipStore(tmp_path).index.look_up(["ab"]))


def test_clips_of_an_earlier_version_are_left_alone_and_spoken_of_once(
    shown, oulu: Path, tmp_path: Path
):
    root = tmp_path / "clips"
    old = root / "ab" / f"{'ab' * 16}.safetensors"
    old.parent.mkdir(parents=True)
    old.write_bytes(bytes(2_000_000))
    (root / "files.json").write_text("{}")
    words = go(shown, oulu, ClipStore(root)).words()
    assert f"; 2 MB of clips of an earlier version are in {root} and are not used" in words
    assert words.endswith("; `fasharness cache --clean` removes them")
    assert "earlier version" not in go(shown, oulu, ClipStore(root)).words()
    assert old.stat().st_size == 2_000_000


def test_an_encoding_that_keeps_every_pixel_keeps_the_key(shown, oulu: Path, tmp_path: Path):
    keys = {}
    for encoding in ("raw", "png", "jpeg"):
        store = ClipStore(tmp_path / encoding, encoding)
        prepared = go(shown[:3], oulu, store, jobs=2)
        keys[encoding] = prepared.get(shown[2], SPEC).key
        clip = load_clip(prepared.get(shown[2], SPEC), 0, shown[2], SPEC, PILLOW)
        assert (clip.rgb == 40).all()  # a flat picture survives JPEG
    assert keys["raw"] == keys["png"] != keys["jpeg"]
    with opened(prepared.get(shown[2], SPEC).place, keys["jpeg"]) as found:
        assert found.array("image/rgb/files").tobytes()[:2] == b"\xff\xd8"


def test_pictures_of_equal_content_share_their_clips(shown, oulu: Path, tmp_path: Path):
    twin = Presentation("twin", shown[3].files, "oulu-npu")
    store = ClipStore(tmp_path / "clips")
    for _ in range(2):
        prepared = go([*shown[:4], twin], oulu, store)
        found = [prepared.get(one, SPEC) for one in (shown[3], twin)]
        assert [one.presentation for one in found] == ["p3", "twin"]
        assert found[0].key == found[1].key
        for one, stored in zip((shown[3], twin), found, strict=True):
            assert (load_clip(stored, 0, one, SPEC, PILLOW).rgb == 60).all()


@pytest.mark.parametrize("text", ["{", "[]", '{"key": 1}', "null"])
def test_a_damaged_entry_of_the_index_costs_a_look_at_its_pack(
    shown, oulu: Path, tmp_path: Path, text: str
):
    store = ClipStore(tmp_path / "clips")
    before = go(shown, oulu, store)
    with sqlite3.connect(store.index.path) as db:
        db.execute("UPDATE records SET tag = ?", (text,))
    after = go(shown, oulu, ClipStore(store.root))
    assert [after.get(one, SPEC) for one in shown] == [before.get(one, SPEC) for one in shown]


def test_no_name_in_an_index_leads_out_of_the_store(shown, oulu: Path, tmp_path: Path):
    store = ClipStore(tmp_path / "clips")
    go(shown, oulu, store)
    other = tmp_path / "other.pack"
    other.write_bytes(b"of somebody else")
    with sqlite3.connect(store.index.path) as db:
        db.execute("UPDATE records SET pack = ?", ("../other.pack",))
        db.execute("DELETE FROM packs")
        db.execute("INSERT INTO packs VALUES ('../other.pack', 'state')")
    go(shown, oulu, ClipStore(store.root))
    assert other.read_bytes() == b"of somebody else"


def test_a_record_that_claims_a_size_beyond_its_pack_is_damage(tmp_path: Path):
    tag = Tag("key", "p", facts={})
    content = record(tag, {"a": np.arange(8, dtype=np.uint8)})
    for claim in (b"99999999999999999", b"9999999999999999999999", b"-1"):
        path = tmp_path / pack_name(["key"])
        changed = content.replace(b"[0,8]", b"[0," + claim + b"]")
        size = int.from_bytes(content[:8], "little") + len(changed) - len(content)
        path.write_bytes(size.to_bytes(8, "little") + changed[8:])
        with pytest.raises(DataError), opened(Place(path, 0), "key") as found:
            found.array("a")
        with pytest.raises(DataError):
            check(path)
