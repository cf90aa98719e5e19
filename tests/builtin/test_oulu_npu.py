"""OULU-NPU: names, the published selections, list files, eye files and validation."""

import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fasharness.builtin.datasets.oulu_npu import OuluNpu
from fasharness.builtin.datasets.oulu_npu_files import (
    all_names,
    parse_name,
    read_list,
    rule,
)
from fasharness.data import Split
from fasharness.errors import DataError

# Boulkenafet et al., FG 2017: bona fide + attack presentations of train, dev and test
COUNTS = {
    "oulu1": ((240, 960), (180, 720), (120, 480)),
    "oulu2": ((360, 720), (270, 540), (360, 720)),
    **{f"oulu3_{i}": ((300, 1200), (225, 900), (60, 240)) for i in range(1, 7)},
    **{f"oulu4_{i}": ((200, 400), (150, 300), (20, 40)) for i in range(1, 7)},
}
PROTOCOL_1 = Path("Protocols") / "Protocol_1"


@pytest.fixture
def bare(tmp_path: Path) -> OuluNpu:
    """A root with the three folders and nothing in them."""
    for part in ("Train", "Dev", "Test"):
        (tmp_path / f"{part}_files").mkdir()
    return OuluNpu(tmp_path)


def test_there_are_4950_names_990_of_them_bona_fide():
    names = list(all_names())
    assert len(set(names)) == len(names) == 4950
    assert sum(name.file == 1 for name in names) == 990
    assert Counter(name.split for name in names) == {
        Split.TRAIN: 20 * 90, Split.DEV: 15 * 90, Split.TEST: 20 * 90,
    }  # fmt: skip


@given(st.sampled_from(list(all_names())))
def test_a_name_survives_being_written(name):
    assert parse_name(str(name)) == name


def test_a_name_by_hand():
    name = parse_name("6_3_20_1")
    assert (name.phone, name.session, name.user, name.file) == (6, 3, 20, 1)
    assert name.split is Split.TRAIN
    assert parse_name("1_1_21_1").split is Split.DEV
    assert parse_name("1_1_55_5").split is Split.TEST


@pytest.mark.parametrize(
    "text",
    ["7_1_01_1", "1_4_01_1", "1_1_01_6", "1_1_1_1", "1_1_00_1", "1_1_56_1", "../1_1_01_1",
     "1_1_01_1.avi", "", "1_1_01_1\n", "١_1_01_1"],
)  # fmt: skip
def test_what_is_no_name(text: str):
    with pytest.raises(ValueError, match=r"not an OULU-NPU name|names unknown user"):
        parse_name(text)


@pytest.mark.parametrize("fold", COUNTS)
def test_the_counts_of_every_protocol_are_the_published_ones(bare: OuluNpu, fold: str):
    protocol = bare.protocol(fold)
    assert protocol.version == "rule"
    found = tuple(
        (sum(p.bona_fide for p in part), sum(not p.bona_fide for p in part))
        for part in (protocol.train, protocol.dev, protocol.test)
    )
    assert found == COUNTS[fold]
    assert {p.session for p in protocol.test} == (
        {"session3"} if fold[4] in "14" else {"session1", "session2", "session3"}
    )


@pytest.mark.parametrize("number", [3, 4])
def test_each_fold_tests_on_the_phone_that_it_leaves_out(bare: OuluNpu, number: int):
    for phone in range(1, 7):
        protocol = bare.protocol(f"oulu{number}_{phone}")
        assert {p.device for p in protocol.test} == {f"phone{phone}"}
        seen = {p.device for p in protocol.train} | {p.device for p in protocol.dev}
        assert seen == {f"phone{p}" for p in range(1, 7)} - {f"phone{phone}"}


def test_protocol_2_meets_other_printers_and_displays_in_the_test(bare: OuluNpu):
    protocol = bare.protocol("oulu2")
    assert {p.species for p in protocol.train} == {None, "print1", "display1"}
    assert {p.species for p in protocol.test} == {None, "print2", "display2"}


def test_folds_name_their_protocols():
    assert OuluNpu.folds["oulu1"] == ("oulu1",)
    assert OuluNpu.folds["oulu3"] == tuple(f"oulu3_{i}" for i in range(1, 7))
    assert OuluNpu.folds["oulu4_2"] == ("oulu4_2",)
    assert rule(1, None, Split.TEST).sessions == (3,)


def test_a_presentation_lies_where_the_released_set_has_it(bare: OuluNpu):
    found = bare.presentation(parse_name("3_2_21_5"))
    assert found.path == bare.root / "Dev_files" / "3_2_21_5.avi"
    assert (found.subject, found.species) == ("21", "display2")
    assert (found.device, found.session) == ("phone3", "session2")


def test_lists_are_read_as_released(tmp_path: Path):
    path = tmp_path / "Test.txt"
    path.write_bytes("\ufeff+1,1_1_36_1\r\n-1,1_1_36_2\r\n\r\n-2, 1_1_36_4\r\n".encode())
    lines = read_list(path, Split.TEST)
    assert [(str(line.name), line.line) for line in lines] == [
        ("1_1_36_1", 1), ("1_1_36_2", 2), ("1_1_36_4", 4),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("+1,9_1_01_1", "'9_1_01_1' is not an OULU-NPU name"),
        ("+1,1_1_99_1", "names unknown user 99"),
        ("+1,../../1_1_01_1", "is not an OULU-NPU name"),
        ("+1,/etc/passwd", "is not an OULU-NPU name"),
        ("+1,1_1_36_1", "user 36 of 1_1_36_1 belongs to test, not train"),
        ("+1,1_1_02_1", "1_1_02_1 was already listed on line 1"),
        ("-1,1_1_01_1", "label -1 contradicts 1_1_01_1, which is bona fide"),
        ("+1,1_1_01_2", "label +1 contradicts 1_1_01_2, which is print1"),
        ("-2,1_1_01_3", "label -2 contradicts 1_1_01_3, which is print2"),
        ("0,1_1_01_1", "expected a line such as"),
        ("1_1_01_1", "expected a line such as"),
    ],
)
def test_a_bad_line_is_refused_with_file_and_line(tmp_path: Path, line: str, words: str):
    path = tmp_path / "Train.txt"
    path.write_text(f"+1,1_1_02_1\n{line}\n")
    with pytest.raises(DataError) as caught:
        read_list(path, Split.TRAIN)
    assert f"{path}:2: " in str(caught.value)
    assert words in str(caught.value)


def test_a_list_that_is_no_text_is_named(tmp_path: Path):
    path = tmp_path / "Train.txt"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match=r"Train\.txt: cannot be read: not UTF-8 text"):
        read_list(path, Split.TRAIN)


def test_lists_win_over_the_rule_and_differences_are_told_line_by_line(own_oulu: Path):
    path = own_oulu / PROTOCOL_1 / "Test.txt"
    listed = {line.split(",")[1] for line in path.read_text().split()}
    path.write_text(path.read_text() + "+1,1_2_36_1\n")  # session 2 is not tested in protocol 1
    data = OuluNpu(own_oulu)
    protocol = data.protocol("oulu1")
    assert protocol.version == "files"
    assert {p.id for p in protocol.test} == {*listed, "1_2_36_1"}
    notes = [note for note in data.notes("oulu1") if str(path) in note]
    assert notes[-1] == f"{path}:21: 1_2_36_1 is not in the published rule"
    assert f"{path}: lacks 1_3_38_1, which the published rule has" in notes
    assert len(notes) == 600 - 20 + 1


def test_a_missing_list_is_told_and_the_rule_used(own_oulu: Path):
    (own_oulu / PROTOCOL_1 / "Dev.txt").unlink()
    data = OuluNpu(own_oulu)
    assert data.protocol("oulu1").version == "files+rule"
    assert len(data.protocol("oulu1").dev) == 900
    assert any("no such list; the published rule is used" in note for note in data.notes("oulu1"))


def test_lists_that_agree_with_the_rule_give_no_note(bare: OuluNpu):
    for split in Split:
        path = bare.list_path("oulu4_3", split)
        path.parent.mkdir(parents=True, exist_ok=True)
        names = bare.names_by_rule("oulu4_3", split)
        path.write_text("".join(f"{'+1' if n.file == 1 else '-1'},{n}\n" for n in names))
    assert path.name == "Test_3.txt"
    assert bare.notes("oulu4_3") == ()


@pytest.mark.parametrize("folder", [None, "something"])
def test_a_root_that_is_none_is_refused(tmp_path: Path, folder: str | None):
    root = tmp_path / "root"
    if folder:
        (root / folder).mkdir(parents=True)
    with pytest.raises(DataError, match=r"no such folder|none of Train_files, Dev_files"):
        OuluNpu(root)


def test_an_unfinished_simulation_is_never_real_data(tmp_path: Path):
    (tmp_path / "Train_files").mkdir()
    assert not OuluNpu(tmp_path).simulated
    (tmp_path / ".simulating.json").write_text("{}")
    with pytest.raises(DataError, match=r": an unfinished simulation; repeat the `fasharness sim`"):
        OuluNpu(tmp_path)
    mark = {"size": "mini", "users": None}
    (tmp_path / "SIMULATED.json").write_text(json.dumps(mark))  # the end came between the marks
    assert OuluNpu(tmp_path).simulated


def test_validation_names_everything_that_is_wrong(own_oulu: Path):
    test, train = own_oulu / "Test_files", own_oulu / "Train_files"
    content = (test / "1_3_36_1.avi").read_bytes()
    (test / "1_3_36_1.avi").write_bytes(b"")
    (test / "1_3_36_2.avi").write_bytes(content[:700])
    (test / "1_3_36_3.avi").write_bytes(b"this is no video" * 100)
    # every picture is overwritten, so the container is whole and nothing can be decoded
    start = content.index(b"movi") + 4
    (test / "1_3_36_5.avi").write_bytes(content[:start] + b"\0" * (len(content) - start))
    (test / "holiday.avi").write_bytes(content)
    (train / "1_1_36_1.avi").write_bytes(content)
    (train / "1_1_01_2.avi").unlink()
    (train / "1_1_01_3.txt").write_text("0,1,2\n")
    seen: list[tuple[int, int]] = []
    checked = OuluNpu(own_oulu).validate(["oulu1"], lambda done, of: seen.append((done, of)))
    found = {(f.kind, f.name): f.detail for f in checked.findings if f.kind != "list"}
    missing = {name for kind, name in found if kind == "missing"}
    assert len(missing) == 4950 - 120 + 1
    assert "1_1_01_2" in missing
    rest = {key: text for key, text in found.items() if key[0] != "missing"}
    assert set(rest) == {
        ("video", "1_3_36_1"), ("video", "1_3_36_2"), ("video", "1_3_36_3"), ("video", "1_3_36_5"),
        ("extra", "holiday"), ("extra", "1_1_36_1"), ("eyes", "1_1_01_3"),
    }  # fmt: skip
    assert "0 bytes" in rest["video", "1_3_36_1"]
    assert checked.checked == 119
    assert seen[-1] == (119, 119)
    assert checked.counts["oulu1"] == (
        "train 8+31 of 240+960, dev 8+32 of 180+720, test 8+32 of 120+480"
    )
    assert sum(f.kind == "list" for f in checked.findings) == 2700 - 60


def test_a_cut_video_is_found_by_validation(own_oulu: Path):
    path = own_oulu / "Test_files" / "1_3_36_1.avi"
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 3 // 4])
    found = OuluNpu(own_oulu).validate([]).findings
    assert [f.name for f in found if f.kind == "video"] == ["1_3_36_1"]


@pytest.mark.parametrize("end", [0.8, 1.0])
def test_a_video_of_full_length_with_zeros_in_it_is_found_by_validation(own_oulu: Path, end):
    """As an unfinished download into a file of full length, or a bad copy, leaves."""
    path = own_oulu / "Test_files" / "1_3_36_1.avi"
    content = path.read_bytes()
    first, last = len(content) // 2, int(len(content) * end)
    path.write_bytes(content[:first] + bytes(last - first) + content[last:])
    found = [f for f in OuluNpu(own_oulu).validate([]).findings if f.kind == "video"]
    assert [f.name for f in found] == ["1_3_36_1"]
    assert "damaged: zeros from byte" in found[0].detail


def test_a_simulated_root_holds_the_names_of_its_lists(own_oulu: Path):
    (own_oulu / "SIMULATED.json").write_text('{"size": "mini", "seed": 0}')
    data = OuluNpu(own_oulu)
    assert data.simulated
    assert data.protocol("oulu1").simulated
    listed = {item.id for name in ("oulu1", *data.folds["oulu3"])
              for _, item in data.protocol(name).items()}  # fmt: skip
    assert {str(name) for name in data.expected} == listed
    assert len(listed) == len(list(own_oulu.glob("*_files/*.avi")))
    (own_oulu / "Test_files" / "1_3_36_1.avi").unlink()
    missing = [f.name for f in OuluNpu(own_oulu).validate([]).findings if f.kind == "missing"]
    assert missing == ["1_3_36_1"]


def test_a_simulated_root_without_lists_holds_its_videos(own_oulu: Path):
    (own_oulu / "SIMULATED.json").write_text('{"size": "mini", "seed": 0}')
    listed = OuluNpu(own_oulu).expected
    shutil.rmtree(own_oulu / "Protocols")
    data = OuluNpu(own_oulu)
    assert data.expected == listed
    assert data.notes("oulu1")[0].endswith("the published rule is used instead")
    assert [data.protocol("oulu1").version] == ["rule"]


BROKEN = ["{", "[]", "{}", '{"size": 3}']


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_mark_of_a_simulation_is_named(tmp_path: Path, text: str):
    (tmp_path / "Train_files").mkdir()
    (tmp_path / "SIMULATED.json").write_text(text)
    with pytest.raises(DataError, match=r"SIMULATED\.json: not the simulator's own file"):
        OuluNpu(tmp_path).protocol("oulu1")


def test_faces_come_from_the_eyes_and_depth_from_beside_the_video(
    oulu: Path, film: Callable[..., None]
):
    data = OuluNpu(oulu)
    item = data.presentation(parse_name("1_1_01_1"))
    faces = data.faces(item)
    assert sorted(faces) == list(range(16))
    x, y, width, height = faces[0].box
    first = item.path.with_suffix(".txt").read_text().splitlines()[0]
    _, left_x, left_y, right_x, _ = map(float, first.split(","))
    assert x < left_x < right_x < x + width
    assert y < left_y < y + height
    assert data.maps(item, "depth") is not None
    assert data.maps(data.presentation(parse_name("1_1_03_1")), "depth") is None
