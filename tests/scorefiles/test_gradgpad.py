"""gradgpad's published scores: facts from its annotations and names, on a folder made by hand."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fasharness import scorefiles
from fasharness.errors import DataError, FetchError
from fasharness.scorefiles import gradgpad

NAME = "auxiliary_grandtest"


def annotation(name: str, dataset: str, pai: int, person: dict[str, int], **more: int) -> object:
    """An annotation as the package has it; the coarse kind is of no use there."""
    conditions = {"capture_device": more.get("device", -1), "lighting": more.get("light", 2)}
    return {
        "id": name, "dataset": dataset, "media": name,
        "categorization": {"coarse_grained_pai": 5, "fine_grained_pai": pai,
                           "pas_type": more.get("pas", 0)},
        "attributes": {"person": person, "conditions": conditions},
    }  # fmt: skip


ANNOTATIONS = [
    annotation("oulu-npu_Dev_files/1_2_29_1.avi", "oulu-npu", 0,
               {"sex": 0, "age": 1, "skin_tone": 4}, device=3, light=0),
    annotation("hkbuV2_attack/04/04_04_9.avi", "hkbuv2", 8,
               {"gender": 1, "age": -1, "skin_tone": -1}, device=1, light=1, pas=1),
    annotation("siw-m_Live/Train/Live_18.mov", "siw-m", 0, {"gender": 1, "age": 2, "skin_tone": 1}),
    annotation("siw-m_Makeup/Makeup_Ob_1.mov", "siw-m", 12, {"age": -1}, pas=3),
]  # fmt: skip
DEV = {"oulu-npu_Dev_files/1_2_29_1.avi": 0.25, "siw-m_Live/Train/Live_18.mov": 0.5}
TEST = {
    "hkbuv2_attack/04/04_04_9.avi": 0.75, "siw-m_Live/Train/Live_18.mov": 0.5,
    "siw-m_Makeup/Makeup_Ob_1.mov": 0.0,
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "gradgpad"
    found.mkdir()
    for name, content in (
        ("gradgpad_annotations", {"annotations": ANNOTATIONS}),
        (f"{NAME}_devel", DEV), (f"{NAME}_test", TEST),
    ):  # fmt: skip
        (found / f"{name}.json").write_text(json.dumps(content))
    return found


def test_facts_come_from_annotations_and_names(folder: Path) -> None:
    facts = gradgpad.read_facts(folder)
    oulu, mask, live, makeup = facts.values()
    assert (oulu.subject, oulu.species, oulu.device) == (
        "oulu-npu/29", None, "mobile/tablet high quality",
    )  # fmt: skip
    assert dict(oulu.attributes) == {
        "dataset": "oulu-npu", "sex": "male", "age": "adult", "skin_tone": "medium yellow brown",
        "lighting": "controlled",
    }  # fmt: skip
    # The folder is the subject: the last number has lost its zero in some names.
    assert (mask.subject, mask.species, mask.group) == ("hkbuv2/04", "mask rigid", "mask")
    assert dict(mask.attributes) == {
        "dataset": "hkbuv2", "sex": "female", "lighting": "adverse", "pas_type": "I",
    }  # fmt: skip
    assert (live.subject, live.device) == ("", "")
    assert (makeup.species, makeup.group) == ("makeup obfuscation", "makeup")


def test_scores_are_turned_round_and_what_leaks_is_left_out_of_dev(folder: Path) -> None:
    found = gradgpad.read_pair(folder, gradgpad.read_facts(folder), NAME)
    assert [(s.presentation, s.split, s.value) for s in found.scores] == [
        ("oulu-npu_Dev_files/1_2_29_1.avi", "dev", -0.25),
        ("hkbuV2_attack/04/04_04_9.avi", "test", -0.75),
        ("siw-m_Live/Train/Live_18.mov", "test", -0.5),
        ("siw-m_Makeup/Makeup_Ob_1.mov", "test", 0.0),
    ]
    assert found.leaked == ("siw-m_Live/Train/Live_18.mov",)
    assert repr(found.scores[-1].value) == "0.0"


SUBJECTS = {
    "casia-fasd_test_release/5/HR_4.avi": ("casia-fasd", "test-5"),
    "csmad_attack/WEAR/D/F_atk_D2_i3_042": ("csmad", "D"),
    "csmad_bonafide/N/N_gen_i3_020": ("csmad", "N"),
    "hkbu_s2/05_02_01.mp4": ("hkbu", "05"),
    "hkbuV2_real/12/07_04_12.avi": ("hkbuv2", "12"),
    "msu-mfsd_scene01/attack/attack_client022_laptop_SD_printed.mov": ("msu-mfsd", "022"),
    "oulu-npu_Test_files/1_3_45_5.avi": ("oulu-npu", "45"),
    "replay-attack_train/real/client012_session01_webcam_2.mov": ("replay-attack", "012"),
    "replay-mobile_test/attack/attack_client002_session01_photo.mov": ("replay-mobile", "002"),
    "rose-youtu_9/Mf_NT_IP_g_E_9_77.mp4": ("rose-youtu", "9"),
    "siw_Train/live/119/119-2-1-1-1.mov": ("siw", "119"),
    "threedmad_Data/13_01_02.avi": ("threedmad", "13"),
}


@pytest.mark.parametrize("name", SUBJECTS)
def test_subjects_by_the_names_of_each_data_set(folder: Path, name: str) -> None:
    dataset, subject = SUBJECTS[name]
    rows = {"annotations": [annotation(name, dataset, 0, {})]}
    (folder / "gradgpad_annotations.json").write_text(json.dumps(rows))
    (fact,) = gradgpad.read_facts(folder).values()
    assert fact.subject == f"{dataset}/{subject}"


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("gradgpad_annotations", {"annotations": [{}]}, "not gradgpad's annotations"),
        ("gradgpad_annotations", [], "expected a JSON object"),
        (f"{NAME}_test", {"nobody": 0.5}, "'nobody': 0.5 without an annotation, or no score"),
        (f"{NAME}_test", {"siw-m_Live/Train/Live_18.mov": "0.5"}, "or no score"),
        (f"{NAME}_devel", {"siw-m_Live/Train/Live_18.mov": float("nan")}, "holds NaN"),
    ],
)
def test_files_of_another_form_are_refused(
    folder: Path, file: str, content: object, message: str
) -> None:
    (folder / f"{file}.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match=message):
        gradgpad.read_pair(folder, gradgpad.read_facts(folder), NAME)


def test_the_command_writes_score_files_and_an_index(
    command: Callable[..., Any], folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gradgpad, "get", lambda progress: folder)
    out = tmp_path / "out"
    ended = command("scores", "get", "gradgpad", "--only", NAME, "--out", out)
    assert ended.code == 0, ended.err
    assert "1 score files and index.csv" in ended.out
    assert "MIT" in ended.out
    assert len(scorefiles.read(out / f"{NAME}.csv")) == 4
    (row,) = csv.DictReader((out / "index.csv").read_text().splitlines())
    assert row == {
        "file": f"{NAME}.csv", "dev_bona_fide": "1", "dev_attack": "0", "test_bona_fide": "1",
        "test_attack": "2", "left_out_of_dev": "1", "test_subjects": "1",
        "test_without_subject": "2",
    }  # fmt: skip
    assert "no such file" in command("scores", "get", "gradgpad", "--only", "x").error
    assert "did you mean 'gradgpad'" in command("scores", "get", "gradpad").error


def test_files_are_fetched_once_and_again_where_one_was_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FASHARNESS_CACHE", str(tmp_path))
    calls = []

    def fetch(package: object, members: list[Any], progress: object) -> None:
        calls.append(package)
        for member in members:
            member.target.parent.mkdir(parents=True, exist_ok=True)
            member.target.write_text(member.path)

    monkeypatch.setattr(gradgpad, "fetch", fetch)
    place = gradgpad.get()
    monkeypatch.setattr(gradgpad, "_CONTENT", gradgpad._digest(place))
    assert len(list(place.iterdir())) == 1 + 2 * 131
    gradgpad.get()
    assert len(calls) == 1
    (place / f"{NAME}_test.json").write_text("{}")
    gradgpad.get()
    assert len(calls) == 2


def test_a_wheel_that_is_another_is_not_used(
    command: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(*_: object) -> None:
        raise FetchError("wheel gradgpad 2.1.0: its sha256 differs")

    monkeypatch.setenv("FASHARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(gradgpad, "fetch", fetch)
    ended = command("scores", "get", "gradgpad", "--out", tmp_path / "out")
    assert "its sha256 differs" in ended.error
    assert not (tmp_path / "out").exists()
