"""What validation finds in a root: names, counts, subjects, files, boxes, links, other sets."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

import pytest

from fasharness.builtin.datasets.casia_fasd import CasiaFasd
from fasharness.builtin.datasets.msu_mfsd import MsuMfsd
from fasharness.builtin.datasets.replay_attack import ReplayAttack
from fasharness.data import Split
from fasharness.dataset import Counts
from fasharness.errors import DataError
from fasharness.plugins import load
from fasharness.protocol import Convention
from fasharness.released.boxes import Boxes, beside, xywh
from fasharness.released.dataset import Released
from fasharness.released.items import Item, Plan, folds_of, matcher, official_part
from fasharness.released.layout import part_of
from fasharness.testing import Ended

Make = Callable[..., Path]
PLANS = MappingProxyType({"tiny": Plan("all", official_part, Convention())})
_NAME = matcher(r"<part>/<kind>/<subject>_\d\.avi", part="train|dev|test", kind="real|mask",
                subject=r"\w+?")  # fmt: skip


class Tiny(Released):
    """Names of which not all are known, two of them for each subject."""

    name = "tiny"
    title = "Tiny"
    plans = PLANS
    folds = folds_of(PLANS)
    tops = ("train", "dev", "test")
    parts = (
        part_of(Split.TRAIN, Counts(1, 1)),
        part_of(Split.DEV, Counts(1, 1), Counts(1, 2), "two copies"),
        part_of(Split.TEST, Counts(1, 1)),
    )
    boxes = Boxes("", xywh, beside(".face"))
    shared: ClassVar[frozenset[str]] = frozenset({"twin"})

    @classmethod
    def item(cls, path: str) -> Item | None:
        fields = _NAME(path)
        if fields is None:
            return None
        species = "mask" if fields["kind"] == "mask" else None
        return Item(path, species, fields["subject"], Split(fields["part"]))


WHOLE = [f"{part}/{kind}/{part}_1.avi" for part in Tiny.tops for kind in ("real", "mask")]


def kinds(data: Released, *folds: str) -> dict[tuple[str, str], str]:
    return {(f.kind, f.name): f.detail for f in data.validate(folds).findings}


def test_a_whole_root_has_no_finding(make_root: Make, short_film: bytes):
    root = make_root(WHOLE, short_film)
    (root / "train/real/train_1.face").write_text("0 1 2 3 4\n1 0 0 0 0\n")
    seen: list[tuple[int, int]] = []
    found = Tiny(root).validate(["tiny"], lambda done, of: seen.append((done, of)))
    assert found.findings == ()
    assert found.checked == 6
    assert seen[-1] == (6, 6)
    assert found.notes == ("face boxes: 5 files without a side file, 1 rows without a face",)


def test_counts_that_others_saw_are_no_finding_and_others_are(make_root: Make, short_film: bytes):
    names = [*WHOLE, "dev/mask/dev_2.avi", "test/mask/test_2.avi"]
    found = kinds(Tiny(make_root(names, short_film)))
    assert found == {("count", "test"): "1+2, expected 1+1 (bona fide + attack)"}
    names.append("dev/real/dev_3.avi")
    found = kinds(Tiny(make_root(names, short_film)))
    assert found["count", "dev"] == "2+2, expected 1+1 (bona fide + attack) (1+2 in two copies)"


def test_unreadable_files_and_broken_boxes_are_named(make_root: Make, short_film: bytes):
    root = make_root(WHOLE, short_film)
    (root / WHOLE[0]).write_bytes(b"")
    (root / WHOLE[1]).write_bytes(short_film[:700])
    (root / WHOLE[2]).with_suffix(".face").write_text("0,1,2,3,4\n")
    found = kinds(Tiny(root))
    assert set(found) == {("file", WHOLE[0]), ("file", WHOLE[1]), ("boxes", WHOLE[2])}
    assert "0 bytes" in found["file", WHOLE[0]]
    assert ".face:1: expected the numbers 'frame x y w h'" in found["boxes", WHOLE[2]]


def test_a_subject_in_two_splits_is_an_error_unless_the_set_is_known_for_it(
    make_root: Make, short_film: bytes
):
    names = [*WHOLE, *(f"{p}/real/{who}_1.avi" for p in ("train", "test") for who in ("x", "twin"))]
    data = Tiny(make_root(names, short_film))
    found = data.validate([])
    assert ("subject", "x", "is in test and train") in found.findings
    assert not any(f.name == "twin" for f in found.findings)
    assert "1 subjects are in two splits, as known: twin" in found.notes
    with pytest.raises(DataError, match="subject twin is in both train and test"):
        data.protocol("tiny")  # a protocol says itself whether it allows this


def test_names_of_another_case_or_ending_are_told_apart(make_root: Make, short_film: bytes):
    whole = ["train_release/1/1.avi", "train_release/1/hr_2.avi", "train_release/1/3.MP4",
             "train_release/1/notes.txt"]  # fmt: skip
    found = kinds(CasiaFasd(make_root(whole, short_film)))
    extra = {name: text for (kind, name), text in found.items() if kind == "extra"}
    assert extra == {
        "train_release/1/hr_2.avi": "no name of CASIA-FASD; the name is train_release/1/HR_2.avi",
        "train_release/1/3.MP4": "no name of CASIA-FASD; the name is train_release/1/3.avi",
        "train_release/1/notes.txt": "no name of CASIA-FASD",
    }


def test_a_half_extracted_root_is_told_by_folder(make_root: Make, short_film: bytes):
    names = [n for n in ReplayAttack.names() if n.startswith("train/")][:-1]
    found = ReplayAttack(make_root(names, short_film)).validate(["replay-attack-video"])
    missing = {f.name: f.detail for f in found.findings if f.kind == "missing"}
    assert len(missing) == 1 + 6
    assert missing["devel/attack/hand"] == "none of its 150 files is there"
    assert found.counts == {
        "replay-attack-video": "train 60+119 of 60+120, dev 0+0 of 60+120, test 0+0 of 80+160"
    }


def test_enrolment_is_known_and_counted(make_root: Make, short_film: bytes):
    names = [*ReplayAttack.names(), "enroll/train/client001_session01_webcam_enroll_adverse_1.mov"]
    data = ReplayAttack(make_root(names[-2:], short_film))
    found = data.validate([])
    assert "1 files for enrolment, which no protocol takes" in found.notes
    assert not any(f.kind == "extra" for f in found.findings)
    assert all("enroll" not in p.id for _, p in data.protocol("replay-attack-grandtest").items())


def test_links_that_lead_out_of_the_root_are_not_followed(make_root: Make, short_film: bytes):
    root = make_root(WHOLE, short_film)
    elsewhere = make_root(["real/e_1.avi"], short_film, "elsewhere")
    (root / "test/real/other_1.avi").symlink_to(elsewhere / "real/e_1.avi")
    (root / "train/more").symlink_to(elsewhere)
    (root / "train/real/train_2.avi").symlink_to(root / WHOLE[0])
    data = Tiny(root)
    links = [f.name for f in data.validate([]).findings if f.kind == "link"]
    assert links == ["test/real/other_1.avi", "train/more"]
    with pytest.raises(DataError, match=r"other_1\.avi: a link that leads out of the root; put"):
        data.protocol("tiny")
    way = root.parent / "way"
    way.symlink_to(root)
    (root / "test/real/other_1.avi").unlink()
    (root / "train/more").unlink()
    assert len(Tiny(way).protocol("tiny").train) == 3  # the root itself may be a link


def test_a_simulated_root_holds_what_is_on_disk(make_root: Make, short_film: bytes):
    names = [n for n in CasiaFasd.names() if "/1/" in n or "/2/" in n]
    root = make_root(names, short_film)
    (root / "train_release/1/1.depth.npz").touch()
    kinds = {f.kind for f in CasiaFasd(root).validate([]).findings}
    assert kinds == {"missing", "count", "extra"}
    (root / "SIMULATED.json").write_text(json.dumps({"size": "tiny"}))
    found = CasiaFasd(root).validate(["casia-overall"])
    assert found.findings == ()
    assert found.counts == {"casia-overall": "train 6+18 of 6+18, test 6+18 of 6+18"}
    protocol = CasiaFasd(root).protocol("casia-overall")
    assert protocol.simulated
    assert (len(protocol.train), len(protocol.dev), len(protocol.test)) == (12, 12, 24)


def test_a_file_that_a_simulated_root_lost_or_got_is_missed(make_root: Make, short_film: bytes):
    names = [n for n in CasiaFasd.names() if "/1/" in n]
    root = make_root([*names, *(f"{n.removesuffix('.avi')}.truth.npz" for n in names)], short_film)
    (root / "SIMULATED.json").write_text(json.dumps({"size": "tiny", "videos": len(names)}))
    assert kinds(CasiaFasd(root)) == {}
    (root / names[3]).unlink()
    assert kinds(CasiaFasd(root)) == {
        ("missing", "train_release/1/3"): "only what the simulator wrote beside it is there",
        ("count", "SIMULATED.json"): "23 files, the simulator wrote 24",
    }
    shutil.rmtree(root / "train_release")  # half extracted
    assert kinds(CasiaFasd(root)) == {
        ("count", "SIMULATED.json"): "12 files, the simulator wrote 24"
    }
    more = (root / names[-1]).parent / "9.avi"
    more.write_bytes(short_film)
    assert ("extra", "test_release/1/9.avi") in kinds(CasiaFasd(root))


def test_an_unfinished_simulation_is_refused(make_root: Make):
    root = make_root(["scene01/real/x.mov", ".simulating.json"])
    with pytest.raises(DataError, match="an unfinished simulation"):
        MsuMfsd(root)


def test_a_root_of_another_set_is_told_which_it_looks_like(
    make_root: Make, command: Callable[..., Ended]
):
    root = make_root(MsuMfsd.names())
    words = ("validate", "--protocol", "casia-overall", "--data")
    assert command(*words, root).error == (
        f"{root}: not CASIA-FASD: no file in train_release, test_release has one of its names; "
        "it looks like MSU-MFSD"
    )
    mobile = make_root(["train/real/client001_session02_authenticate_mobile_adverse.mov"], b"", "m")
    ended = command("validate", "--protocol", "replay-attack-print", "--data", mobile)
    assert ended.error.endswith("; it looks like Replay-Mobile")
    ended = command("data", "set", "replay-attack", mobile)
    assert ended.error.endswith("; it looks like Replay-Mobile")
    assert command(*words, root / "none").error.endswith("no such folder; it should hold "
                                                         "train_release, test_release")  # fmt: skip


def test_a_root_one_folder_too_high_or_too_low_is_told_the_right_one(make_root: Make):
    root = make_root(list(MsuMfsd.names())[:1])
    for wrong in (root.parent, root / "scene01"):
        with pytest.raises(DataError, match=f"one of its names; {root} is one$"):
            MsuMfsd(wrong)


def test_a_mixed_root_names_the_other_set(
    make_root: Make, short_film: bytes, command: Callable[..., Ended]
):
    mine = [n for n in ReplayAttack.names() if "client001" in n]
    other = [f"train/real/client00{n}_session02_authenticate_mobile_adverse.mov" for n in (1, 3)]
    root = make_root([*mine, *other], short_film)
    ended = command("validate", "--protocol", "replay-attack-print", "--data", root)
    assert ended.code == 2
    assert "mixed: Replay-Mobile: 2 of the extra files are of this set\n" in ended.out
    assert "note: face boxes: 24 files without a side file, 0 rows without a face\n" in ended.out


def test_a_root_with_the_folders_of_another_set_names_it(
    make_root: Make, short_film: bytes, command: Callable[..., Ended]
):
    names = [*list(ReplayAttack.names())[:4], *list(MsuMfsd.names())[:4]]
    root = make_root(names, short_film)
    ended = command("validate", "--protocol", "replay-attack-print", "--data", root)
    assert "mixed: MSU-MFSD: its folders are in this root too\n" in ended.out
    assert ended.out.count("mixed: ") == 1


RELEASED = [d for d in load().datasets().values() if issubclass(d, Released)]


@pytest.mark.parametrize("dataset", RELEASED, ids=lambda dataset: dataset.name)
def test_the_tables_of_a_data_set_agree(dataset: type[Released]):
    """Counts by name, by part and of the whole set; each fold has an outline and classes."""
    assert dataset.about is not None
    names = list(dataset.names())
    items = [item for name in names if (item := dataset.item(name)) is not None]
    assert len(items) == len(names)
    for fold in dataset.plans:
        outline = dataset.outline(fold)
        assert outline is not None
        # what only lists tell is unknown here, which is not zero
        assert all(outline.counts.get(Split.TEST, (1, 1)))
    for part in dataset.parts if names else ():
        held = [item for item in items if part.holds(item)]
        live = sum(item.species is None for item in held)
        assert part.published == (live, len(held) - live)
    if dataset.size is not None and names:
        assert sum(dataset.size) == len(names)
        assert dataset.size.bona_fide == sum(item.species is None for item in items)
