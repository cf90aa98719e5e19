"""bob.pad's own CSV: labels that repeat are read as bob means them, every row a score."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fasharness import scorefiles
from fasharness.errors import DataError
from fasharness.evaluation.evaluate import EvaluationOptions, evaluate
from fasharness.scorefiles import convert

Command = Callable[..., Any]
HEADER = "claimed_id,test_label,is_bonafide,attack_type,sample_n,score\n"


def generated(draw: np.random.RandomState, means: tuple[float, float, float]) -> list[list[str]]:
    """Rows as `bob pad gen` lays them out: ten clients, two samples, two attack types."""
    rows = []
    for kind, mean in zip(("real", "type_0", "type_1"), means, strict=True):
        truth, folder = str(kind == "real"), "real" if kind == "real" else "attack"
        for client in range(10):
            for sample in range(2):
                label = f"client/{folder}/{client:03d}"
                score = repr(float(mean + draw.randn()))
                species = "" if kind == "real" else kind
                rows.append([str(client), label, truth, species, str(sample), score])
    return rows


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    draw = np.random.RandomState(0)
    found = {}
    for split, name in (("dev", "scores-dev.csv"), ("test", "scores-eval.csv")):
        rows = generated(draw, (10.0, 9.0, 6.0))
        text = HEADER + "".join(",".join(row) + "\n" for row in rows)
        found[split] = tmp_path / name
        found[split].write_text(text)
    return found


def test_its_own_files_are_read_unmodified(files: dict[str, Path]) -> None:
    found = convert.load("bob-csv", files)
    assert len(found.scores) == 120
    assert len({s.presentation for s in found.scores}) == 120
    assert found.scores[0].presentation == "dev/client/real/000#0"
    assert found.scores[21].presentation == "dev/client/attack/000#type_0#1"
    assert found.scores[21].attributes == (("sample_n", "1"),)
    ids, overlap = found.notes
    assert "the ids are split/test_label#attack_type#sample_n" in ids
    assert "subject '0' and 9 more in both dev and test" in overlap


def test_its_figures_are_those_of_counting_the_rows(files: dict[str, Path]) -> None:
    # Worked from the CSV alone: every row is a score, as in bob's own functions.
    rows = list(csv.DictReader(files["test"].read_text().splitlines()))

    scores = convert.load("bob-csv", files).scores
    options = EvaluationOptions(replicates=5, allow_subject_overlap=True)
    result = evaluate(scores, options)
    cut = result.threshold.value
    live = [float(r["score"]) < cut for r in rows if r["is_bonafide"] == "True"]
    assert result.metric("bpcer").value == sum(live) / 20
    for metric in result.apcer_by_species:
        fake = [float(r["score"]) >= cut for r in rows if r["attack_type"] == metric.name]
        assert (metric.value, metric.count) == (sum(fake) / 20, 20)


def test_labels_that_are_unique_stay_the_ids(tmp_path: Path) -> None:
    path = tmp_path / "scores-dev.csv"
    path.write_text(HEADER + "0,a,True,,0,1\n0,b,False,print,0,2\n")
    found = convert.load("bob-csv", {"dev": path})
    assert [s.presentation for s in found.scores] == ["a", "b"]
    assert found.notes == ()


def test_rows_that_differ_in_the_score_alone_are_numbered_and_equal_ones_refused(
    tmp_path: Path,
) -> None:
    path = tmp_path / "scores-dev.csv"
    head = HEADER.replace("sample_n,", "")
    path.write_text(head + "0,a,True,,1\n0,a,True,,2\n0,b,False,print,2\n")
    found = convert.load("bob-csv", {"dev": path})
    assert [s.presentation for s in found.scores] == ["a#1", "a#2", "b"]
    assert any("numbered in their order" in note for note in found.notes)
    path.write_text(head + "0,a,True,,1\n0,b,False,print,2\n0,a,True,,1.0\n")
    with pytest.raises(DataError, match=r"line 4: .*'a' is scored twice, in .*line 2 and .*line 4"):
        convert.load("bob-csv", {"dev": path})


def test_frames_name_their_videos(tmp_path: Path) -> None:
    path = tmp_path / "scores-dev.csv"
    head = "claimed_id,test_label,is_bonafide,attack_type,score,frame_id,video_key\n"
    path.write_text(head + "0,v_0,True,,1,0,v\n0,v_1,True,,2,1,v\n0,w_0,False,print,3,0,w\n")
    found = convert.load("bob-csv", {"dev": path}).scores
    assert [(s.unit, s.video) for s in found] == [("frame", "v"), ("frame", "v"), ("frame", "w")]


def test_the_same_score_in_both_splits_is_called_a_leak(files: dict[str, Path]) -> None:
    lines = files["dev"].read_text().splitlines()
    others = files["test"].read_text().splitlines()[:-1]
    files["test"].write_text("\n".join([*others, lines[-1], ""]))
    notes = convert.load("bob-csv", files).notes
    assert any(note.startswith("LEAK: 1 labels have the same score in two") for note in notes)


@pytest.mark.parametrize("word", ["1", "0", "yes", ""])
def test_words_that_bob_would_take_for_attacks_are_refused(tmp_path: Path, word: str) -> None:
    path = tmp_path / "scores-dev.csv"
    path.write_text(HEADER + f"0,a,{word},,0,1\n")
    with pytest.raises(DataError, match=r"line 2: is_bonafide is .*expected True or False"):
        convert.load("bob-csv", {"dev": path})


def test_the_command_says_what_it_did_and_what_to_do(
    command: Command, files: dict[str, Path], tmp_path: Path
) -> None:
    words = ("--from", "bob-csv", "--devel", files["dev"], "--eval", files["test"])
    ended = command("convert", *words, "--to", "csv", "--out", tmp_path / "out")
    assert ended.code == 0
    assert "note: labels repeat" in ended.err
    assert "--allow-subject-overlap" in ended.err
    written = tmp_path / "out" / "scores.csv"
    assert len(scorefiles.read(written)) == 120
    flag = "--allow-subject-overlap"
    assert command("evaluate", written, "--replicates", 5, flag).code == 0
