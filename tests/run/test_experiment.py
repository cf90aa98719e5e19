"""Whole runs on real video files: what they leave, what they do again, how folds are joined."""

import json
import shutil
import statistics
from collections.abc import Callable
from pathlib import Path

import pytest

from fasharness.engine.checkpoint import read_card
from fasharness.evaluation.units import aggregate
from fasharness.result import FoldsResult, Result, read
from fasharness.scores import read_csv

Run = Callable[..., "Ended"]  # noqa: F821
BIG = ("model.safetensors", "scores.csv", "result.json", "report.html", "training.json")


def result(folder: str) -> Result:
    found = read(Path(folder) / "result.json")
    assert isinstance(found, Result)
    return found


def times(folder: str) -> dict[str, int]:
    return {name: (Path(folder) / name).stat().st_mtime_ns for name in BIG}


def test_a_run_leaves_scores_a_result_a_report_and_the_official_lists(toy_run: Run, oulu: Path):
    ended = toy_run(oulu, "--out", "r")
    assert ended.code == 0
    assert ended.out.rstrip().endswith("report: r/report.html")
    scores = {s.presentation: s for s in read_csv(Path("r/scores.csv"))}
    assert len(scores) == 40
    assert {s.split for s in scores.values()} == {"dev", "test"}
    assert not any(s.simulated for s in scores.values())
    live = scores["1_3_36_1"]
    assert (live.species, live.group, live.device, live.session) == (
        None, None, "phone1", "session3",
    )  # fmt: skip
    assert (scores["2_3_37_5"].species, scores["2_3_37_5"].group) == ("display2", "display")
    dev = Path("r/Dev_scores.txt").read_text().split()
    test = Path("r/Test_scores.txt").read_text().split()
    assert {line.split(",")[0] for line in dev} == {n for n in scores if n[4] == "2"}
    # phone, file, session and user as one number in hexadecimal digits after a zero
    expected = {f"0{int(n[0] + n[7] + n[2] + n[4:6]):x}" for n in scores if n[4] == "3"}
    assert {line.split(",")[0] for line in test} == expected
    assert {path.name for path in Path("r").iterdir()} >= {
        "model.safetensors", "model.json", "training.json", "preparation.json", "report.html",
        "histogram.png", "det.png", "run.json", "steps.json",
    }  # fmt: skip
    assert not list(Path("r").glob(".*.part*"))
    assert "SIMULATED" not in Path("r/report.html").read_text()


def test_the_scores_of_clips_give_those_of_their_videos(toy_run: Run, oulu: Path):
    toy_run(oulu, "--out", "r")
    clips = read_csv(Path("r/clip_scores.csv"))
    assert {score.unit for score in clips} == {"clip"}
    assert len(clips) > 40
    assert aggregate(clips, "mean") == read_csv(Path("r/scores.csv"))
    assert aggregate(clips, "max") != read_csv(Path("r/scores.csv"))


def test_a_result_says_what_it_is_of(toy_run: Run, oulu: Path):
    toy_run(oulu, "--out", "r", "--preset", "short", "--seed", "3")
    found = result("r")
    assert (found.method, found.preset, found.options["epochs"]) == ("toy", "short", 1)
    assert (found.dataset, found.protocol, found.fold) == ("oulu-npu", "oulu1", "")
    assert not found.simulated
    assert found.aggregator == "mean over clips"
    assert [baseline.name for baseline in found.baselines] == ["constant", "brightness"]
    metrics = {m.name: m for m in found.evaluation.metrics}
    assert metrics.keys() >= {"acer", "apcer", "bpcer", "hter", "eer", "auc", "apcer_pooled", "gap"}
    assert {m.name for m in found.evaluation.apcer_by_group} == {"print", "display"}
    provenance = found.provenance
    assert provenance["seed"] == 3
    assert provenance["versions"]["plugin toy"] == "fasharness-toy 0.1.0"
    assert provenance["preparation"]["presentations"] == 60
    assert provenance["preparation"]["failed"] == {}
    assert provenance["protocol"]["source"] == "files"
    assert len(provenance["model_digest"]) == 64


def test_the_command_in_a_result_gives_the_same_result(
    toy_run: Run, command: Run, oulu: Path, shared_store: Path
):
    import shlex

    toy_run(oulu, "--out", "r", "--option", "rate=0.01", "--limit", "10")
    words = shlex.split(result("r").commands[0])
    assert words[0] == "fasharness"
    again = command(*words[1:], "--out", "s", "--store", shared_store, "--jobs", "1")
    assert again.code == 0
    assert Path("r/result.json").read_bytes() == Path("s/result.json").read_bytes()


def test_a_finished_run_does_nothing_again(toy_run: Run, oulu: Path):
    first = toy_run(oulu, "--out", "r")
    before = times("r")
    second = toy_run(oulu, "--out", "r")
    assert second.out == first.out
    assert times("r") == before
    assert "train:" not in second.err
    assert "score" not in second.err


def test_steps_stop_where_they_should_and_the_next_goes_on(toy_run: Run, oulu: Path):
    there = {
        "prepare": {"preparation.json"},
        "train": {"model.safetensors", "training.json"},
        "score": {"scores.csv", "clip_scores.csv", "Dev_scores.txt", "Test_scores.txt"},
        "run": {"result.json", "report.html"},
    }
    absent = set().union(*there.values())
    for step, files in there.items():
        absent -= files
        assert toy_run(oulu, "--out", "r", step=step).code == 0
        names = {path.name for path in Path("r").iterdir()}
        assert files <= names
        assert not absent & names
        if step == "train":
            trained = Path("r/training.json").stat().st_mtime_ns
    # not the model itself, into which the last step writes the threshold
    assert Path("r/training.json").stat().st_mtime_ns == trained
    assert read_card(Path("r/model.safetensors")).threshold == result("r").evaluation.threshold


def test_a_changed_video_is_prepared_trained_on_and_scored_again(
    toy_run: Run, own_oulu: Path, film: Callable[..., None]
):
    words = ["--out", "r", "--preset", "short"]
    toy_run(own_oulu, *words, step="score")
    before = [Path("r", name).read_bytes() for name in ("model.safetensors", "scores.csv")]
    film(own_oulu / "Test_files" / "1_3_36_1.avi", bona_fide=True, seed=99)
    toy_run(own_oulu, *words, step="score")
    model, scores = (Path("r", name).read_bytes() for name in ("model.safetensors", "scores.csv"))
    assert model == before[0]  # test videos do not touch the model
    assert scores != before[1]
    film(own_oulu / "Train_files" / "1_1_01_1.avi", bona_fide=True, seed=99)
    toy_run(own_oulu, *words, step="train")
    assert Path("r/model.safetensors").read_bytes() != model


def test_a_lost_output_is_made_again_to_the_same_bytes(toy_run: Run, oulu: Path):
    toy_run(oulu, "--out", "r", "--preset", "short")
    before = {name: (Path("r") / name).read_bytes() for name in BIG}
    for lost in ("scores.csv", "result.json", "report.html", "model.safetensors"):
        (Path("r") / lost).unlink()
        assert toy_run(oulu, "--out", "r", "--preset", "short").code == 0
        assert {name: (Path("r") / name).read_bytes() for name in BIG} == before


def test_six_folds_give_mean_and_deviation_and_every_fold_is_kept(toy_run: Run, oulu: Path):
    ended = toy_run(oulu, "--out", "r", "--preset", "short", protocol="oulu3")
    assert ended.code == 0
    assert "mean and sample standard deviation" in ended.out
    found = read(Path("r/result.json"))
    assert isinstance(found, FoldsResult)
    assert [fold.fold for fold in found.folds] == [f"oulu3_{phone}" for phone in range(1, 7)]
    for fold in found.folds:
        assert read(Path("r") / fold.fold / "result.json") == fold
        scores = read_csv(Path("r") / fold.fold / "scores.csv")
        assert {s.device for s in scores if s.split == "test"} == {f"phone{fold.fold[-1]}"}
    acers = [m.value for f in found.folds for m in f.evaluation.metrics if m.name == "acer"]
    written = json.loads(Path("r/result.json").read_text())
    (acer,) = (m for m in walk(written) if m.get("name") == "acer" and "std" in m)
    assert acer["mean"] == pytest.approx(statistics.fmean(acers), abs=1e-12)
    assert acer["std"] == pytest.approx(statistics.stdev(acers), abs=1e-12)
    assert Path("r/report.html").is_file()
    before = Path("r/result.json").read_bytes()
    ended = toy_run(oulu, "--out", "r", "--preset", "short", protocol="oulu3")
    assert "train:" not in ended.err
    assert Path("r/result.json").read_bytes() == before


def walk(value: object):
    """Every object in a JSON value."""
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value:
        if isinstance(part, dict | list):
            yield from walk(part)


def test_one_fold_is_a_protocol_of_its_own(toy_run: Run, oulu: Path):
    assert toy_run(oulu, "--out", "r", "--preset", "short", protocol="oulu3_2").code == 0
    assert result("r").protocol == "oulu3_2"
    assert (Path("r") / "scores.csv").is_file()


def test_a_limit_takes_some_of_each_class(toy_run: Run, oulu: Path):
    toy_run(oulu, "--out", "r", "--limit", "6", "--preset", "short")
    scores = read_csv(Path("r/scores.csv"))
    assert len(scores) == 12
    assert {s.species for s in scores} == {None, "print1", "print2", "display1", "display2"}
    assert result("r").provenance["limit"] == 6


def test_a_checkpoint_scores_as_the_run_that_trained_it(toy_run: Run, oulu: Path):
    toy_run(oulu, "--out", "r", "--preset", "short")
    shutil.copy("r/model.safetensors", "copy.safetensors")
    ended = toy_run(oulu, "--out", "s", "--checkpoint", "copy.safetensors")
    assert ended.code == 0
    assert "train:" not in ended.err
    assert Path("s/scores.csv").read_bytes() == Path("r/scores.csv").read_bytes()
    assert result("s").options["epochs"] == 1  # the checkpoint's own options
    assert not Path("s/model.safetensors").exists()


def test_a_method_that_learns_nothing_needs_no_training_videos(
    toy_run: Run, own_oulu: Path, monkeypatch: pytest.MonkeyPatch
):
    shutil.rmtree(own_oulu / "Train_files")
    ended = toy_run(own_oulu, "--out", "r", "--plugin", "brightness")
    assert ended.code == 0
    assert result("r").provenance["preparation"]["presentations"] == 40


def test_a_run_on_attacks_that_are_simulated_by_name_only_says_so(toy_run: Run, own_oulu: Path):
    mark = {"size": "mini", "stand_ins": {"display1": "a print", "mask": "a print"}}
    (own_oulu / "SIMULATED.json").write_text(json.dumps(mark))
    ended = toy_run(own_oulu, "--out", "r", "--preset", "short")
    said = "LAYOUT TWIN: of 1 PAI species only the names are simulated, what is shown is a print"
    assert f"warning: {said}" in ended.out
    assert said in Path("r/report.html").read_text()
    assert any(
        w.startswith(said) and w.endswith(": display1") for w in result("r").evaluation.warnings
    )


def test_every_output_of_a_simulated_run_says_so(toy_run: Run, own_oulu: Path):
    (own_oulu / "SIMULATED.json").write_text('{"size": "mini", "seed": 0}')
    ended = toy_run(own_oulu, "--out", "r", "--preset", "short")
    assert "SIMULATED" in ended.err
    assert "SIMULATED" in ended.out
    assert result("r").simulated
    assert all(s.simulated for s in read_csv(Path("r/scores.csv")))
    for name in ("report.html", "Dev_scores.txt", "Test_scores.txt"):
        assert "SIMULATED" in Path("r", name).read_text(), name
    assert json.loads(Path("r/SIMULATED.json").read_text())["simulated"]
    toy_run(own_oulu, "--preset", "short", step="prepare")
    (folder,) = Path("runs").iterdir()
    assert folder.name.startswith("toy-oulu1-simulated-")


def test_failures_are_counted_named_and_allowed_up_to_a_limit(toy_run: Run, own_oulu: Path):
    lost = own_oulu / "Test_files" / "1_3_36_4.avi"
    lost.write_bytes(b"")
    ended = toy_run(own_oulu, "--out", "r", "--preset", "short")
    assert ended.code == 0
    (failed,) = (s for s in read_csv(Path("r/scores.csv")) if s.failed)
    assert failed.presentation == "1_3_36_4"
    assert "0 bytes" in failed.failure
    assert list(result("r").provenance["preparation"]["failed"]) == ["1_3_36_4"]
    (counts,) = (c for c in result("r").evaluation.counts if c.split == "test")
    assert [f.presentation for f in counts.failed] == ["1_3_36_4"]
    assert counts.scored == 19


def test_a_failed_video_that_is_mended_is_scored_by_the_same_command(
    toy_run: Run, own_oulu: Path, oulu: Path
):
    lost = own_oulu / "Test_files" / "1_3_36_4.avi"
    lost.unlink()
    assert (
        "1 of 60 presentations failed, 0 are allowed"
        in toy_run(own_oulu, "--out", "r", "--preset", "short", "--max-failures", "0").error
    )
    scored = read_csv(Path("r/scores.csv"))
    assert sum(not s.failed for s in scored) == 39  # everything else was scored
    shutil.copy2(oulu / "Test_files" / "1_3_36_4.avi", lost)
    assert toy_run(own_oulu, "--out", "r", "--preset", "short", "--max-failures", "0").code == 0
    assert not any(s.failed for s in read_csv(Path("r/scores.csv")))


@pytest.mark.parametrize("kind", ["flipped", "foreign"])
def test_a_model_that_is_not_the_one_that_was_trained_is_not_scored(
    toy_run: Run, oulu: Path, kind: str
):
    assert toy_run(oulu, "--preset", "short", "--out", "r").code == 0
    model, scores = Path("r/model.safetensors"), Path("r/scores.csv")
    before = model.read_bytes(), scores.read_bytes()
    if kind == "flipped":
        damaged = bytearray(before[0])
        for at in range(len(damaged) // 2, len(damaged), 40):
            damaged[at] ^= 1
        model.write_bytes(damaged)
    else:
        toy_run(oulu, "--preset", "short", "--out", "other", "--seed", "5")
        model.write_bytes(Path("other/model.safetensors").read_bytes())
        assert model.read_bytes() != before[0]
    again = toy_run(oulu, "--preset", "short", "--out", "r")
    assert again.code == 0
    assert "model.safetensors: damaged or changed since this run wrote it; kept as" in again.err
    assert (model.read_bytes(), scores.read_bytes()) == before
    assert Path("r/model.safetensors.changed").is_file()


def test_a_damaged_checkpoint_is_refused(toy_run: Run, oulu: Path):
    assert toy_run(oulu, "--preset", "short", "--out", "r").code == 0
    content = bytearray(Path("r/model.safetensors").read_bytes())
    content[-1] ^= 1
    Path("bad.safetensors").write_bytes(content)
    ended = toy_run(oulu, "--checkpoint", "bad.safetensors", "--out", "c")
    assert "bad.safetensors: damaged or changed since it was written" in ended.error


def test_what_figures_are_built_on_is_not_taken_because_it_is_there(
    toy_run: Run, oulu: Path, command: Run
):
    names = ("scores.csv", "clip_scores.csv", "baselines/constant.csv", "training.json",
             "result.json")  # fmt: skip
    assert toy_run(oulu, "--preset", "short", "--out", "r").code == 0
    before = {name: Path("r", name).read_bytes() for name in names}
    for name in names:
        content = bytearray(before[name])
        digits = [place for place, byte in enumerate(content) if chr(byte) in "012345678"]
        content[digits[len(digits) // 2]] += 1  # another digit: the file stays readable
        Path("r", name).write_bytes(content)
    assert "scores.csv: damaged or changed since its run wrote it" in command("evaluate", "r").error
    assert "damaged or changed" in command("leaderboard", "r").error
    assert "damaged or changed" in command("report", "r").error
    again = toy_run(oulu, "--preset", "short", "--out", "r")
    assert again.code == 0
    assert {name: Path("r", name).read_bytes() for name in names} == before
    for name in names:
        assert f"{name}: damaged or changed since this run wrote it" in again.err
        assert Path("r", f"{name}.changed").is_file()


CASES = ["broken list", "a file for the folder", "no such protocol", "no train"]


@pytest.mark.parametrize("case", CASES)
def test_what_can_be_known_early_leaves_no_folder(toy_run: Run, own_oulu: Path, case: str):
    root, more, words = own_oulu, ("--protocol", "oulu3"), "Test_6.txt:1: "
    if case == "broken list":  # of the last fold
        (own_oulu / "Protocols" / "Protocol_3" / "Test_6.txt").write_text("nonsense\n")
    elif case == "a file for the folder":
        root, words = own_oulu / "Train_files" / "1_1_01_1.avi", "name the data set's folder"
    elif case == "no such protocol":
        more, words = ("--protocol", "oulu9"), "no protocol 'oulu9'"
    else:
        for path in (own_oulu / "Protocols" / "Protocol_3").glob("Train_*.txt"):
            path.write_text("\n")
        words = "has no training part"
    ended = toy_run(root, *more, "--out", "r")
    assert words in ended.error
    assert not Path("r").exists()
    assert "prepare" not in ended.err
