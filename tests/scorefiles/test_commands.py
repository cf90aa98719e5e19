"""Commands on score files: what they print and write, and one line for whatever is broken."""

import csv
import dataclasses
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fasharness import result as results
from fasharness import scorefiles
from fasharness.cli import main
from fasharness.evaluation.evaluate import EvaluationOptions, evaluate
from fasharness.result import Result
from fasharness.scores import COLUMNS, Score

HEADER = ",".join(COLUMNS)
ROW = "a,test,36,,,0.75,6,30,,1,3,real"

Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def draw(seed: int = 0, simulated: bool = True, noise: float = 0.6) -> list[Score]:
    generator = np.random.default_rng(seed)
    kinds = ((None, None), ("print1", "print"), ("replay1", "display"))
    return [
        Score(
            f"{split}{i}", split, f"{split}{i % 12}", *kinds[i % 3],
            float((i % 3 == 0) + generator.normal(0, noise)), simulated=simulated,
        )
        for split in ("dev", "test")
        for i in range(120)
    ]  # fmt: skip


def test_evaluate_takes_parquet_and_csv_alike(command: Run):
    for name in ("a.csv", "a.parquet"):
        scorefiles.write(Path(name), draw())
    printed = [command("evaluate", name, "--replicates", 50).out for name in ("a.csv", "a.parquet")]
    assert printed[0] == printed[1]
    assert printed[0].startswith("SIMULATED")


def test_evaluate_groups_aggregates_checks_and_adds_points(command: Run):
    rows = [
        Score(f"{s.presentation}#{n}", s.split, s.subject, s.species, s.group, s.value + n,
              unit="frame", video=s.presentation)
        for s in draw(simulated=False) for n in range(3)
    ]  # fmt: skip
    scorefiles.write(Path("frames.csv"), rows)
    scorefiles.write(Path("videos.csv"), draw(simulated=False))
    words = ("--replicates", 20, "--all", "--point", "bpcer@apcer=0.2", "--group", "all=*")
    ended = command("evaluate", "frames.csv", *words, "--aggregate", "median", "--out", "e.json")
    assert ended.code == 0, ended.err
    assert "per presentation" in ended.out
    assert "BPCER at APCER 20 %" in ended.out
    assert "APCER all" in ended.out
    assert "d′" in ended.out
    assert json.loads(Path("e.json").read_text())["kind"] == "evaluation"
    assert command("evaluate", "videos.csv", "--manifest", "videos.csv").code == 0
    scorefiles.write(Path("less.csv"), draw(simulated=False)[1:])
    error = command("evaluate", "less.csv", "--manifest", "videos.csv").error
    assert error.startswith("less.csv: ")
    assert "dev0" in error


def test_evaluate_prints_other_styles(command: Run):
    scorefiles.write(Path("a.csv"), draw())
    for style, sign in {"markdown": "| ACER", "latex": r"\toprule", "html": "<table"}.items():
        out = command("evaluate", "a.csv", "--replicates", 20, "--style", style).out
        assert sign in out
        assert "SIMULATED" in out
    assert "no table format 'pdf'" in command("evaluate", "a.csv", "--style", "pdf").error
    scorefiles.write(Path("b.csv"), draw(1))
    words = ("--replicates", 20, "--style", "markdown")
    out = command("evaluate", "a.csv", "b.csv", *words).out
    assert "| ACER" in out
    assert "SIMULATED" in out


def test_evaluate_writes_plots_with_their_numbers(command: Run, folder: Path):
    scorefiles.write(Path("a.csv"), draw())
    assert command("evaluate", "a.csv", "--replicates", 20, "--plots", "p").code == 0
    names = {path.name for path in (folder / "p").iterdir()}
    assert {f"det.{ending}" for ending in ("png", "svg", "csv")} < names
    assert {path.read_text().splitlines()[1].split(",")[0] for path in Path("p").glob("*.csv")} == {
        "simulated"
    }
    scorefiles.write(Path("b.csv"), draw(1))
    assert "not with folds" in command("evaluate", "a.csv", "b.csv", "--plots", "p").error


def test_evaluate_adds_what_attacks_do_to_a_recognition_system(command: Run):
    scorefiles.write(Path("a.csv"), draw())
    scorefiles.write(Path("r.csv"), [s for s in draw(7) if s.split == "test"])
    words = ("--recognition", "r.csv", "--recognition-threshold", 0.5, "--replicates", 20)
    assert "RIAPAR" in command("evaluate", "a.csv", *words).out
    assert "go together" in command("evaluate", "a.csv", *words[:2]).error
    assert "go together" in command("evaluate", "a.csv", *words[2:]).error
    assert "not with folds" in command("evaluate", "a.csv", "r.csv", *words).error
    scorefiles.write(Path("r.csv"), [s for s in draw(7) if s.split == "dev"])
    assert command("evaluate", "a.csv", *words).error.startswith("r.csv: the test split")


def test_compare_takes_either_form(command: Run):
    scorefiles.write(Path("a.csv"), draw())
    scorefiles.write(Path("b.parquet"), draw(1))
    assert "b.parquet against a.csv" in command("compare", "a.csv", "b.parquet").out


def test_frames_and_videos_are_never_mixed(command: Run):
    frame = Score("test0#1", "test", "test0", None, None, 0.5, unit="frame", video="test0")
    scorefiles.write(Path("a.csv"), [*draw(simulated=False), frame])
    for words in (("evaluate",), ("stream",), ("calibrate", "--out", "c.csv")):
        error = command(*words, "a.csv").error
        assert error.startswith("a.csv")
        assert "'test0#1' is a frame" in error


def test_several_files_are_folds(command: Run):
    for seed in (0, 1):
        scorefiles.write(Path(f"{seed}.csv"), draw(seed))
    out = command("evaluate", "0.csv", "1.csv", "--replicates", 20, "--out", "e.json").out
    assert out.startswith("SIMULATED")
    assert "0.csv: ACER" in out
    assert "pooled" in out
    assert "named twice" in command("evaluate", "0.csv", "./0.csv").error


def test_more_failures_may_be_allowed(command: Run):
    lost = [Score(f"l{i}", "test", f"test{i % 12}", None, None, float("nan"), failure="no face")
            for i in range(20)]  # fmt: skip
    scorefiles.write(Path("a.csv"), [*draw(), *lost])
    words = ("evaluate", "a.csv", "--replicates", 20)
    assert "no figure would be honest" in command(*words).out
    assert "no figure would be honest" not in command(*words, "--max-failed", 0.4).out


def test_subjects_in_two_splits_may_be_allowed(command: Run):
    both = [dataclasses.replace(s, subject=s.subject.removeprefix(s.split)) for s in draw()]
    scorefiles.write(Path("a.csv"), both)
    words = ("evaluate", "a.csv", "--replicates", 20)
    assert "is in both dev and test" in command(*words).error
    assert command(*words, "--allow-subject-overlap").code == 0


def test_the_leaderboard_adds_the_literature_on_request(command: Run):
    evaluation = evaluate(draw(simulated=False), EvaluationOptions(replicates=5))
    found = Result("toy", "1", "", {}, "oulu-npu", "oulu1", "", False, "mean", evaluation)
    results.write(Path("runs/result.json"), found)
    assert "toy" in command("leaderboard", "runs").out
    assert "Published figures" not in command("leaderboard", "runs").out
    scorefiles.write(Path("a.csv"), draw())
    assert "a.csv: not JSON; for a score file" in command("leaderboard", "runs", "a.csv").error
    assert command("leaderboard", "rums").error == "rums: no such folder or file"
    out = command("leaderboard", "runs", "--published", "--style", "markdown").out
    assert "**Published figures" in out


def test_an_error_of_the_scores_names_the_file(command: Run):
    scorefiles.write(Path("a.csv"), [s for s in draw() if s.bona_fide])
    assert command("evaluate", "a.csv").error.startswith("a.csv: the dev split has no attack score")


@pytest.mark.parametrize(
    ("words", "say"),
    [
        (("--rule", "mean"), "mean with weights [1.0, 1.0] of scores standardised on dev"),
        (("--rule", "weighted", "--weights", "3,1"), "mean with weights [3.0, 1.0]"),
        (("--rule", "logistic"), "log odds fitted on dev: weights ["),
    ],
)
def test_fuse_writes_scores_better_than_either(command: Run, words: tuple[str, ...], say: str):
    one, two = draw(0), draw(1)
    two[-1] = Score("test119", "test", "test11", "replay1", "display", float("nan"),
                    failure="no face", simulated=True)  # fmt: skip
    scorefiles.write(Path("a.csv"), one)
    scorefiles.write(Path("b.parquet"), two)
    ended = command("fuse", "a.csv", "b.parquet", *words, "--out", "f.csv")
    assert say in ended.out
    assert "240 presentations, 1 of them left out" in ended.out
    assert "f.csv (SIMULATED)" in ended.out
    fused = scorefiles.read(Path("f.csv"))
    assert fused[-1].failure == "run 2: no face"
    aucs = [evaluate(s).metric("auc").value or 0 for s in (one, two, fused)]
    assert aucs[2] > max(aucs[:2])


def test_fuse_refuses_what_does_not_belong_together(command: Run, folder: Path):
    scorefiles.write(Path("a.csv"), draw())
    scorefiles.write(Path("b.csv"), draw(1)[:-1])
    for words, message in {
        ("a.csv",): "fusion needs two runs or more",
        ("a.csv", "b.csv"): "run 2 and run 1 differ in their presentations, e.g. 'test119'",
        ("a.csv", "a.csv", "--rule", "median"): "no fusion rule 'median'; there are mean, weighted",
        ("a.csv", "a.csv", "--weights", "1,2"): "weights go with the rules weighted and plain",
        ("a.csv", "a.csv", "--rule", "weighted"): "weights go with the rules weighted and plain",
        ("a.csv", "a.csv", "--rule", "weighted", "--weights", "1;2"): "expected numbers such as",
        ("a.csv", "a.csv", "--rule", "weighted", "--weights", "1,2,3"): "expected 2, none",
    }.items():
        assert message in command("fuse", *words, "--out", "f.csv").error
    error = command("fuse", "a.csv", "a.csv", "--out", "../" + folder.name + "/a.csv").error
    assert "over its own source" in error
    assert not (folder / "f.csv").exists()


@pytest.mark.parametrize("rule", ["platt", "isotonic"])
def test_calibrate_prints_what_the_scores_cost(command: Run, folder: Path, rule: str):
    scorefiles.write(Path("a.csv"), draw())
    words = ("--rule", rule, "--plots", "plots", "--out", "c.parquet")
    lines = command("calibrate", "a.csv", *words).out.splitlines()
    assert lines[0].startswith(f"{rule}, fitted on dev: ")
    assert lines[1].startswith("Cllr of dev: ")
    assert lines[1].endswith("(fitted here, so too good)")
    before, after = (float(lines[2].split()[i]) for i in (3, 6))
    assert after < before < 1
    assert lines[3] == "c.parquet (SIMULATED)"
    names = {path.name for path in (folder / "plots").iterdir()}
    assert names == {"reliability.png", "reliability.svg", "reliability.csv"}
    assert scorefiles.read(Path("c.parquet"))[0].simulated


def test_calibrate_names_the_file_and_writes_nothing_where_it_cannot(command: Run, folder: Path):
    scorefiles.write(Path("a.csv"), draw())
    error = command("calibrate", "a.csv", "--meaning", "probability", "--out", "c.csv").error
    assert error.startswith("a.csv: presentation ")
    assert "no probability" in error
    assert "there are the rules" in command("calibrate", "a.csv", "--rule", "x", "--out", "c").error
    error = command("calibrate", "a.csv", "--out", "a.csv").error
    assert "over its own source" in error
    (folder / "there").mkdir()
    for words in (("calibrate", "a.csv", "--out"), ("stream", "a.csv", "--curve")):
        assert command(*words, "there").error == "there: is a folder; name a file"
    assert "ends in .json" in command("evaluate", "a.csv", "--out", "a.csv").error
    assert sorted(path.name for path in folder.iterdir()) == ["a.csv", "there"]


def test_stream_prints_figures_with_bounds_and_writes_the_curve(command: Run):
    scorefiles.write(Path("a.csv"), draw())
    out = command("stream", "a.csv", "--bins", 100, "--curve", "curve.csv").out
    assert "a.csv per presentation, counted in 100 bins" in out
    assert "SIMULATED" in out
    assert out.count("±") == 8
    rows = list(csv.DictReader(Path("curve.csv").read_text().splitlines()))
    assert {row["data"] for row in rows} == {"simulated"}
    assert "100 bins" in command("stream", "a.csv", "--bins", 100, "--style", "markdown").out
    assert "expected 1 to" in command("stream", "a.csv", "--bins", 0).error


def test_convert_there_and_back(command: Run, folder: Path):
    scores = draw()
    scorefiles.write(Path("mine.csv"), scores)
    assert command("convert", "mine.csv", "--to", "parquet").out == "scores.parquet (SIMULATED)\n"
    out = command("convert", "scores.parquet", "--to", "bob-csv", "--out", "bob").out
    assert out == "bob/scores-dev.csv (SIMULATED)\nbob/scores-eval.csv (SIMULATED)\n"
    words = ("--from", "bob-csv", "--dev", "bob/scores-dev.csv", "--test", "bob/scores-eval.csv")
    assert command("convert", *words, "--to", "csv", "--out", "back").code == 0
    back = scorefiles.read(Path("back/scores.csv"))
    assert [(s.presentation, s.species, s.value, s.simulated) for s in back] == [
        (s.presentation, s.species, s.value, True) for s in scores
    ]


def test_nothing_is_written_into_the_folder_of_a_run(command: Run, folder: Path):
    scorefiles.write(Path("a.csv"), draw())
    for name in ("run.json", "result.json"):
        run = folder / name.removesuffix(".json")
        run.mkdir()
        (run / name).write_text("{}")
        (run / "scores.csv").write_text("precious")
        for words in (
            ("convert", "a.csv", "--to", "csv", "--out", run),
            ("convert", "a.csv", "--to", "parquet", "--out", run),
            ("evaluate", "a.csv", "--out", run / "e.json"),
            ("evaluate", "a.csv", "--plots", run),
            ("fuse", "a.csv", "a.csv", "--out", run / "scores.csv"),
            ("calibrate", "a.csv", "--out", run / "scores.csv"),
            ("calibrate", "a.csv", "--out", "c.csv", "--plots", run),
            ("stream", "a.csv", "--curve", run / "scores.csv"),
        ):
            assert "holds a run, which keeps its own files" in command(*words).error, words
        assert (run / "scores.csv").read_text() == "precious"
        assert len([*run.iterdir()]) == 2


def test_no_input_of_any_kind_is_written_over(command: Run, folder: Path):
    for name in ("a.csv", "m.csv"):
        scorefiles.write(Path(name), draw())
    os.link("m.csv", "kept.json")
    Path("m.json").symlink_to("m.csv")
    before = Path("m.csv").read_bytes()
    tasks = Path("tasks.json")
    tasks.write_text("train,test,scores,dev\nA,B,a.csv,m.json\n")
    for words, message in {
        ("evaluate", "a.csv", "--manifest", "m.csv", "--out", "m.csv"): "ends in .json",
        ("evaluate", "a.csv", "--manifest", "m.csv", "--out", "m.json"): "over its own source",
        ("evaluate", "a.csv", "--recognition", "m.csv", "--recognition-threshold", 0.5,
         "--out", "m.json"): "over its own source",
        ("compare", "a.csv", "m.csv", "--out", "m.json"): "over its own source",
        ("compare", "a.csv", "m.csv", "--out", "a.csv"): "ends in .json",
        ("cross", "tasks.json", "--out", "tasks.json"): "over its own source",
        ("cross", "tasks.json", "--out", "m.json"): "over its own source",
        ("cross", "tasks.json", "--out", "a.csv"): "ends in .json",
    }.items():  # fmt: skip
        assert message in command(*words).error, words
    assert Path("m.csv").read_bytes() == before
    assert tasks.read_text().startswith("train,test")


def test_a_place_for_plots_that_is_none_is_told_before_the_table(command: Run):
    scorefiles.write(Path("a.csv"), draw())
    ended = command("evaluate", "a.csv", "--replicates", 20, "--plots", "/dev/null/x")
    assert "/dev/null is not a folder" in ended.error
    assert ended.out == ""


def test_compare_takes_the_flags_of_evaluate_and_many_runs(command: Run):
    for seed in range(3):
        scorefiles.write(Path(f"{seed}.csv"), draw(seed))
    words = ("--replicates", 20, "--seed", 1, "--confidence", 0.9, "--threshold", "bpcer=0.2")
    ended = command("compare", "0.csv", "1.csv", "2.csv", *words, "--out", "c.json")
    assert "1.csv against 0.csv" in ended.out
    assert "2.csv against 0.csv" in ended.out
    assert "90% intervals of second - first" in ended.out
    assert " pp " in ended.out
    content = json.loads(Path("c.json").read_text())
    assert (content["kind"], content["simulated"]) == ("comparisons", True)
    assert [(c["first"], c["second"]) for c in content["result"]] == [
        ("0.csv", "1.csv"), ("0.csv", "2.csv"),
    ]  # fmt: skip
    rule = ("--threshold", "test:eer")
    assert "allow leaks" in command("compare", "0.csv", "1.csv", *rule).error
    assert "LEAKS" in command("compare", "0.csv", "1.csv", *rule, "--allow-leaks").out
    for runs in (("0.csv",), ("0.csv", "./0.csv")):
        assert "two or more different runs" in command("compare", *runs).error


def test_compare_takes_the_folders_of_runs(command: Run, folder: Path):
    for seed, name in enumerate(("a", "b")):
        evaluation = evaluate(draw(seed), EvaluationOptions(replicates=5))
        found = Result("toy", "1", "", {}, "oulu-npu", "oulu1", "", True, "mean", evaluation)
        results.write(Path(name) / "result.json", found)
        scorefiles.write(Path(name) / "scores.csv", draw(seed))
    words = ("--replicates", 20, "--style", "markdown")
    whole = command("compare", "a", "b", *words).out
    assert "**b against a**" in whole
    assert whole == command("compare", "a/scores.csv", "b", *words).out
    (folder / "empty").mkdir()
    assert "no finished run" in command("compare", "a", "empty").error


def test_evaluate_takes_the_folders_of_runs(command: Run):
    words = ("--replicates", 20)
    for seed, fold in enumerate(("oulu3_1", "oulu3_2")):
        scorefiles.write(Path("run") / fold / "scores.csv", draw(seed))
    Path("run/run.json").write_text('{"limit": 8}')
    files = [f"run/oulu3_{number}/scores.csv" for number in (1, 2)]
    whole = command("evaluate", "run", *words)
    assert whole.out == command("evaluate", *files, *words).out
    assert "pooled" in whole.out
    assert "(--limit): this is not the protocol's figure (every fold)" in whole.out
    one = command("evaluate", "run/oulu3_1", *words).out
    assert "warning: only 8 presentations of each split (--limit)" in one
    assert command("fuse", "run/oulu3_1", "run/oulu3_2", "--out", "f.csv").code == 0
    assert "run/oulu3_1 per presentation, counted" in command("stream", "run/oulu3_1").out
    assert "a run of several folds (oulu3_1, oulu3_2)" in command("stream", "run").error


def test_a_run_is_not_compared_with_its_own_clips(command: Run):
    clips = [
        dataclasses.replace(s, presentation=f"{s.presentation}#{n}", unit="clip",
                            video=s.presentation)
        for s in draw() for n in range(2)
    ]  # fmt: skip
    scorefiles.write(Path("scores.csv"), draw())
    scorefiles.write(Path("clip_scores.csv"), clips)
    error = command("compare", "scores.csv", "clip_scores.csv").error
    assert "one run has scores of videos, the other of clips; aggregate" in error


def test_tables_of_several_runs_hold_plain_numbers_in_csv(command: Run):
    for seed in range(3):
        scorefiles.write(
            Path(f"{seed}.csv"), [dataclasses.replace(s, subject="") for s in draw(seed)]
        )
    words = ("--replicates", 20, "--style", "csv", "--out", "c.json")
    ended = command("compare", "0.csv", "1.csv", "2.csv", *words)
    rows = list(csv.DictReader(ended.out.splitlines()))
    stored = json.loads(Path("c.json").read_text())["result"]
    assert [row["second_run"] for row in rows if row["metric"] == "acer"] == ["1.csv", "2.csv"]
    acer = stored[0]["comparison"]["differences"][0]
    assert [float(rows[0][key]) for key in ("first", "second", "low", "high")] == [
        acer[key] for key in ("first", "second", "low", "high")
    ]
    Path("t.csv").write_text("train,test,scores,dev\nA,B,0.csv,1.csv\n")
    ended = command("cross", "t.csv", "--replicates", 20, "--style", "csv")
    (row,) = csv.DictReader(ended.out.splitlines())
    assert 0 < float(row["hter_low"]) <= float(row["hter"]) <= float(row["hter_high"]) < 1


def test_csv_holds_plain_numbers(command: Run):
    scorefiles.write(Path("a.csv"), [dataclasses.replace(s, subject="") for s in draw()])
    words = ("evaluate", "a.csv", "--replicates", 20, "--compat", "--out", "e.json")
    ended = command(*words, "--style", "csv")
    rows = list(csv.DictReader(ended.out.splitlines()))
    metrics = {m["name"]: m for m in json.loads(Path("e.json").read_text())["result"]["metrics"]}
    acer = next(row for row in rows if row["metric"] == "acer")
    assert [float(acer[key]) for key in ("value", "low", "high")] == [
        metrics["acer"][key] for key in ("value", "low", "high")
    ]
    assert [row["of"] for row in rows if row["metric"] == "apcer"] == [
        "", "group display", "group print", "species print1", "species replay1",
    ]  # fmt: skip
    assert {row["data"] for row in rows} == {"SIMULATED"}
    assert rows[0]["metric"] == "threshold"
    assert {row["note"] for row in rows if row["metric"].startswith("compat.ssdg")} == {
        "LEAKS: chosen on test"
    }


def test_convert_refuses_what_it_cannot_do(command: Run, folder: Path):
    scorefiles.write(Path("scores.csv"), draw())
    for words, message in {
        ("--to", "csv"): "nothing to convert",
        ("--from", "bob-csv", "--to", "csv"): "nothing to convert",
        ("--dev", "scores.csv", "--to", "csv"): "nothing to convert",
        ("scores.csv", "--from", "bob-csv", "--to", "csv"): "SCORES hold all splits",
        ("scores.csv", "--to", "csv"): "would be written over its own source",
        ("scores.csv", "--to", "xlsx"): "no score format 'xlsx'",
        ("--from", "x", "--dev", "scores.csv", "--to", "csv"): "no score format 'x'",
        ("scores.csv", "--to", "oulu"): "'dev0' is not an OULU-NPU name",
        ("scores.csv", "--from", "oulu", "--to", "csv"): "SCORES hold all splits",
        ("--from", "oulu", "--dev", "scores.csv", "--to", "csv", "--out", "x"): "line 1: score",
    }.items():
        assert message in command("convert", *words).error, words
    assert [path.name for path in folder.iterdir()] == ["scores.csv"]


BROKEN = {
    "empty": (b"", "the file is empty"),
    "header alone": (f"{HEADER}\n".encode(), "no scores in it"),
    "delimiter": (HEADER.replace(",", ";").encode() + b"\n", "line 1: the delimiter is ';'"),
    "encoding": (f"{HEADER}\n{ROW}\nM\xfcller".encode("latin-1") + b"\n", "line 3: not UTF-8"),
    "UTF-16": (f"{HEADER}\n{ROW}\n".encode("utf-16"), "line 1: UTF-16, not UTF-8"),
    "column missing": (b"presentation,split,species\na,dev,\n", "line 1: no column 'score'"),
    "column unknown": (f"{HEADER},note\n{ROW},x\n".encode(), "line 1: unknown column 'note'"),
    "column doubled": (f"{HEADER},score\n{ROW},1\n".encode(), "line 1: a column occurs twice"),
    "half a line": (f"{HEADER}\n{ROW}\nb,te".encode(), "line 3: the last line is cut off"),
    "half a line, ended": (f"{HEADER}\n{ROW}\nb,te\n".encode(), "line 3: 2 fields, expected 12"),
    "no number": (f"{HEADER}\n{ROW.replace('0.75', '0.7.5')}\n".encode(), "line 2: score '0.7.5'"),
    "open quote": (f'{HEADER}\n"{ROW}\n{ROW}\n'.encode(), "line 2: not CSV"),
    "giant field": (f"{HEADER}\n{ROW}{'x' * 70_000}\n".encode(), "line 2: longer than 65536"),
    "ten million columns": (b"c," * 10_000_000 + b"c\n", "line 1: longer than 65536 bytes"),
    "old line ends": (f"{HEADER}\r{ROW}\r".encode(), "line 1: a carriage return"),
    "twice": (f"{HEADER}\n{ROW}\n{ROW}\n".encode(), "line 3: presentation 'a' is scored twice"),
    "null byte": (f"{HEADER}\na\0{ROW}\n".encode(), "line 2: .*control"),
    "Parquet": (b"PAR1\x15\x04", "is Parquet; its name must end in .parquet"),
    "spreadsheet": (b"PK\x03\x04\x14\0\x06\0", "is a spreadsheet or another ZIP archive"),
    "compressed": (b"\x1f\x8b\x08\0", "is compressed"),
    "picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is a binary file"),
    "model": (b"\x98\x04\0\0\0\0\0\0{}", "is a binary file"),
}


# Without the whole file in memory no double is found, and an empty one has nothing to draw.
STREAMED = [case for case in BROKEN if case not in ("twice", "header alone")]


@pytest.mark.parametrize(
    ("word", "case"), [*(("evaluate", c) for c in BROKEN), *(("stream", c) for c in STREAMED)]
)
def test_broken_files_end_in_one_line_with_the_place(
    command: Run, folder: Path, word: str, case: str
):
    content, message = BROKEN[case]
    Path("s.csv").write_bytes(content)
    error = command(word, "s.csv").error
    assert error.startswith("s.csv")
    assert message.split(".*")[0] in error
    assert message.split(".*")[-1] in error
    assert [path.name for path in folder.iterdir()] == ["s.csv"]


@pytest.mark.parametrize("name", ["x.csv", "x.parquet"])
def test_what_is_no_file_is_told(command: Run, name: str):
    assert "cannot be read" in command("evaluate", name).error
    Path(name).mkdir()
    assert f"{name}: is a folder; name a file" in command("evaluate", name).error
    Path(name).rmdir()
    os.mkfifo(name)
    assert f"{name}: is a pipe or device" in command("evaluate", name).error


def test_a_byte_order_mark_and_mixed_line_ends_are_read(command: Run):
    scorefiles.write(Path("a.csv"), draw())
    lines = Path("a.csv").read_text().splitlines()
    ends = ("\r\n", "\n")
    mixed = "".join(line + ends[number % 2] for number, line in enumerate(lines))
    Path("b.csv").write_bytes(b"\xef\xbb\xbf" + mixed.encode())
    a, b = (command("evaluate", name, "--replicates", 20).out for name in ("a.csv", "b.csv"))
    assert a == b


def test_names_with_formulas_and_markup_do_no_harm(command: Run):
    evil = "=HYPERLINK(1)<script>alert(1)</script>"
    scores = [*draw(), Score(evil, "test", "@s", "=evil<b>", "+g", 0.5, simulated=True)]
    scorefiles.write(Path("a.csv"), scores)
    assert command("convert", "a.csv", "--to", "bob-csv", "--out", "bob").code == 0
    for path in (Path("a.csv"), Path("bob/scores-eval.csv")):
        for row in csv.reader(path.read_text().splitlines()):
            assert not any(cell.startswith(("=", "+", "@")) for cell in row)
    assert scorefiles.read(Path("a.csv"))[-1] == scores[-1]
    page = command("evaluate", "a.csv", "--replicates", 20, "--style", "html").out
    assert "<b>" not in page
    assert "&lt;b&gt;" in page


def test_a_command_without_its_words_is_told_in_one_line(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        main(["fuse", "a.csv"])
    assert capsys.readouterr().err.count("\n") == 1
