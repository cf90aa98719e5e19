"""The command line: flags, listings, and every bad input as one line with exit code 2."""

import argparse
import errno
import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import pytest

from fasharness.cli import build_parser, main
from fasharness.scores import read_csv

Run = Callable[..., "Ended"]  # noqa: F821
ASTRONAUT = Path(__file__).parent / "prepare" / "data" / "astronaut.jpg"


def listed(root: Path, line: str, part: str = "Test") -> None:
    """Add a line to a list of protocol 1."""
    path = root / "Protocols" / "Protocol_1" / f"{part}.txt"
    path.write_text(path.read_text() + line + "\n")


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["rnu"], "argument COMMAND: invalid choice: 'rnu' (choose from 'run', "),
        (
            ["run", "--limit", "x"],
            "argument --limit: invalid whole value: 'x'; see `fasharness run ",
        ),
        (["data", "set"], "the following arguments are required: dataset, folder; see `fashar"),
    ],
)
def test_a_mistyped_command_is_one_line(
    words: list[str], error: str, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit) as ended:
        main(words)
    told = capsys.readouterr()
    assert ended.value.code == 2
    assert not told.out
    assert told.err.startswith(f"fasharness: error: {error}")
    assert told.err.count("\n") == 1


def test_a_command_of_a_plugin_that_is_missing_says_how_to_get_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("fasharness.plugins.Plugins.names", lambda self, kind: ())
    with pytest.raises(SystemExit) as ended:
        main(["sim", "oulu-npu", "--out", "x"])
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert "invalid choice: 'sim'" in told
    assert "install --no-build-isolation ./plugins/sim" in told
    assert told.count("\n") == 1


def test_every_step_of_a_run_is_a_command():
    from fasharness.cli import runs
    from fasharness.run.experiment import STEPS

    assert set(runs._STEPS) == set(STEPS)


def test_no_command_shows_the_help(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 0
    assert "the whole chain, from videos to a report" in capsys.readouterr().out


@pytest.mark.parametrize("group", ["sim", "data", "weights"])
def test_a_group_alone_shows_its_help(command: Run, group: str):
    ended = command(group)
    assert ended.code == 0
    assert ended.out.startswith(f"usage: fasharness {group} [-h] COMMAND ...")


def _parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    parser.fill()
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from _parsers(inner)


def test_every_word_and_flag_is_explained():
    every = [(p.prog, a) for p in _parsers(build_parser("sim")) for a in p._actions]
    assert len(every) > 100
    unexplained = [
        f"{program} {action.option_strings or action.dest}"
        for program, action in every
        if not action.help and not isinstance(action, argparse._SubParsersAction)
    ]  # fmt: skip
    assert unexplained == []


def test_a_missing_configuration_is_named(command: Run, tmp_path: Path):
    assert command("run", "--config", tmp_path / "no.yaml").error == (
        f"{tmp_path / 'no.yaml'}: cannot be read: No such file or directory"
    )


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize(
    ("words", "error"),
    [
        (
            ["--plugin", "tyo"],
            "no method 'tyo'; did you mean 'toy'? available: auxiliary-depth, brightness, cdcn",
        ),
        (["--protocol", "oulu5"], "no protocol 'oulu5'; did you mean 'oulu"),
        (["--option", "epoch=3"], "no option of toy 'epoch'; did you mean 'epochs'? available: ep"),
        (["--option", "epochs=few"], "option epochs of toy must be int, got 'few'"),
        (["--option", "epochs=0"], "toy: epochs must be at least 1, got 0"),
        (["--option", "epochs"], "--option must be KEY=VALUE, got 'epochs'"),
        (["--preset", "papre"], "no preset of toy 'papre'; available: default, short"),
        (["--device", "tpu"], "no device 'tpu'; available: auto, cpu, cuda, cuda:N"),
        (["--device", "cuda:99"], "no device 'cuda:99' on this machine; CUDA devices:"),
        (["--precision", "8-bit"], "no precision '8-bit'; available: auto, 32-true"),
        (["--faces", "eyes"], "no faces 'eyes'; available: detector, dataset"),
        (["--detector", "mtcn"], "no detector 'mtcn'; did you mean 'mtcnn'?"),
        (["--depth-estimator", "midas"], "no depth estimator 'midas'; available:"),
        (["--max-failures", "some"], "--max-failures must be a number or a share such as 5%"),
        (["--seed", "-1"], "--seed must not be negative"),
        (["--checkpoint", "no.safetensors"], "no.safetensors: no such checkpoint"),
        (["--depth", "no-maps"], "--depth must be auto or a folder of depth maps, got 'no-maps'"),
        (["--data", "nowhere"], "nowhere: no such folder; it should hold Train_files, "),
    ],
    ids=lambda value: "=".join(value)[2:] if isinstance(value, list) else "",
)
def test_an_impossible_flag_is_refused_before_any_work(
    toy_run: Run, oulu: Path, words: list[str], error: str
):
    ended = toy_run(oulu, *words)
    assert error in ended.error
    assert not Path("runs").exists() or not list(Path("runs").glob("*/*.json"))


@pytest.mark.parametrize("kind", ["missing", "empty", "file"])
def test_a_bad_root_is_refused(toy_run: Run, tmp_path: Path, kind: str):
    root = tmp_path / "root"
    if kind == "empty":
        root.mkdir()
    elif kind == "file":
        root.touch()
    for step in ("run", "prepare"):
        assert str(root) in toy_run(root, step=step).error
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("+1,9_3_36_1", "Test.txt:21: '9_3_36_1' is not an OULU-NPU name"),
        ("+1,1_3_77_1", "Test.txt:21: '1_3_77_1' names unknown user 77"),
        ("+1,1_3_36_1", "Test.txt:21: 1_3_36_1 was already listed on line 1"),
        ("-1,../../secret", "Test.txt:21: '../../secret' is not an OULU-NPU name"),
        ("+1,1_1_01_1", "Test.txt:21: user 01 of 1_1_01_1 belongs to train, not test"),
    ],
)
def test_a_bad_protocol_line_is_named_with_file_and_line(
    toy_run: Run, command: Run, own_oulu: Path, line: str, words: str
):
    listed(own_oulu, line)
    assert words in toy_run(own_oulu).error
    (own_oulu / "Dev_files" / "1_1_21_1.avi").write_bytes(b"")
    ended = command("validate", "--protocol", "oulu1", "--data", own_oulu)
    assert ended.code == 2
    assert words in ended.out
    assert "1_1_21_1.avi: the file is empty" in ended.out  # the other findings are not lost


def test_bad_videos_fail_by_name_and_end_the_run_after_the_others_are_scored(
    toy_run: Run, own_oulu: Path
):
    test = own_oulu / "Test_files"
    content = (test / "1_3_36_1.avi").read_bytes()
    (test / "1_3_36_1.avi").write_bytes(b"")
    (test / "1_3_36_2.avi").write_bytes(b"text" * 200)
    (test / "1_3_36_3.avi").write_bytes(content[:500])
    (test / "1_3_36_4.avi").unlink()
    error = toy_run(own_oulu, "--out", "r", "--preset", "short").error
    assert error.startswith("4 of 60 presentations failed, 3 are allowed (--max-failures 5%)")
    assert "the first is 1_3_36_1: " in error
    scores = read_csv(Path("r/scores.csv"))
    assert {s.presentation for s in scores if s.failed} == {f"1_3_36_{n}" for n in (1, 2, 3, 4)}
    assert sum(not s.failed for s in scores) == 36
    failed = json.loads(Path("r/preparation.json").read_text())["failed"]
    assert [failed[f"1_3_36_{n}"].rsplit(": ", 1)[1] for n in (1, 2, 3, 4)] == [
        "the file is empty (0 bytes)", "not a video or image that can be read",
        f"500 of {len(content)} bytes", "No such file or directory",
    ]  # fmt: skip
    ended = toy_run(own_oulu, "--out", "r", "--preset", "short", "--max-failures", "4")
    assert ended.code == 0
    assert "train:" not in ended.err
    assert Path("r/result.json").is_file()


@pytest.mark.parametrize("part", ["Train", "Dev", "Test"])
def test_a_part_without_a_usable_video_is_an_error_not_a_number(
    toy_run: Run, own_oulu: Path, part: str
):
    for video in (own_oulu / f"{part}_files").glob("*_1.avi"):
        video.write_bytes(b"")  # every bona fide one
    ended = toy_run(own_oulu, "--out", "r", "--preset", "short", "--max-failures", "100%")
    if part == "Train":
        assert ended.code == 0  # a poor model, but nothing impossible
    else:
        assert ended.error
        assert not Path("r/result.json").exists()


def test_a_video_without_a_face_fails_by_name_with_the_real_detector(
    command: Run, tmp_path: Path, shared_store: Path, here: Path
):
    face = cv2.resize(cv2.imread(str(ASTRONAUT)), None, fx=0.5, fy=0.5)
    face = face[: face.shape[0] // 2 * 2, : face.shape[1] // 2 * 2]
    names = {"Dev": "1_1_21", "Test": "1_3_36"}
    root = tmp_path / "root"
    for part, name in names.items():
        (root / f"{part}_files").mkdir(parents=True)
        lines = []
        for file in (1, 2, 4):
            picture = face.copy() if file == 1 else face // 2
            if (part, file) == ("Test", 4):
                picture[:] = 128
            path = root / f"{part}_files" / f"{name}_{file}.avi"
            code = cv2.VideoWriter.fourcc(*"MJPG")
            writer = cv2.VideoWriter(
                str(path), cv2.CAP_OPENCV_MJPEG, code, 25, picture.shape[1::-1]
            )
            for _ in range(2):
                writer.write(picture)
            writer.release()
            lines.append(f"{'+1' if file == 1 else '-1'},{name}_{file}\n")
        path = root / "Protocols" / "Protocol_1" / f"{part}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(lines))
    words = ["--plugin", "brightness", "--protocol", "oulu1", "--data", root, "--jobs", "1"]
    words += ["--out", "r", "--store", shared_store]
    error = command("run", *words, "--max-failures", "0").error
    assert "the first is 1_3_36_4: no face found in 2 frames" in error
    scores = {s.presentation: s for s in read_csv(Path("r/scores.csv"))}
    assert [name for name, score in scores.items() if score.failed] == ["1_3_36_4"]
    assert scores["1_3_36_1"].value > scores["1_3_36_2"].value


def test_bad_checkpoints_are_refused_before_any_work(toy_run: Run, oulu: Path):
    assert toy_run(oulu, "--out", "r", "--preset", "short", step="train").code == 0
    model = Path("r/model.safetensors")
    Path("cut.safetensors").write_bytes(model.read_bytes()[:-9])
    Path("pickle.pt").write_bytes(pickle.dumps({"a": 1}))
    Path("text.safetensors").write_text("no model")
    for words, error in (
        (["--checkpoint", model, "--plugin", "brightness"], "trained by toy, not by brightness"),
        (["--checkpoint", model, "--preset", "default"], "trained with epochs=1 (not 2); leave"),
        (
            ["--checkpoint", model, "--option", "rate=0.5"],
            "trained with epochs=1 (not 2), rate=0.0",
        ),
        (["--checkpoint", "cut.safetensors"], "cut.safetensors: not a safetensors checkpoint"),
        (["--checkpoint", "pickle.pt"], "pickled checkpoints are refused: they can run code"),
        (["--checkpoint", "text.safetensors"], "text.safetensors: not a safetensors checkpoint"),
    ):
        ended = toy_run(oulu, "--out", "s", *words)
        assert error in ended.error
        assert "prepare:" not in ended.err
    assert not Path("s").exists()


def test_a_folder_of_another_run_is_refused_and_untouched(toy_run: Run, oulu: Path):
    toy_run(oulu, "--out", "r", step="prepare")
    before = {path: path.read_bytes() for path in Path("r").iterdir()}
    error = toy_run(oulu, "--out", "r", "--seed", "1", step="prepare").error
    assert "r: holds another run (seed 0, not 1); choose another --out" in error
    assert {path: path.read_bytes() for path in Path("r").iterdir()} == before


@pytest.mark.parametrize("words", [["report", "nowhere"], ["evaluate", "no.csv"],
                                   ["evaluate", "."], ["data", "set", "oulu-npu", "nowhere"],
                                   ["data", "set", "siw", "."], ["weights", "get", "face"],
                                   ["weights", "add", "face-landmark", "nowhere"],
                                   ["weights", "remove", "face-landmark"],
                                   ["validate", "--protocol", "oulu1"]])  # fmt: skip
def test_other_commands_fail_in_one_line_too(command: Run, here: Path, words: list[str]):
    assert command(*words).error


def test_a_score_file_is_evaluated_and_written_as_json(toy_run: Run, command: Run, oulu: Path):
    run = toy_run(oulu, "--out", "r", "--preset", "short")
    ended = command("evaluate", "r/scores.csv", "--out", "e.json", "--replicates", "1000")
    assert ended.code == 0
    acer = next(line for line in run.out.splitlines() if line.startswith("ACER"))
    assert acer in ended.out
    json.loads(Path("e.json").read_text())
    error = command("evaluate", "r/scores.csv", "--threshold", "test:eer").error
    assert "looks at the test split" in error
    Path("r/report.html").unlink()
    assert command("report", "r").code == 0
    assert Path("r/report.html").is_file()


def test_validation_ends_with_code_2_where_something_is_wrong(command: Run, own_oulu: Path):
    (own_oulu / "Test_files" / "1_3_36_1.avi").write_bytes(b"")
    ended = command("validate", "--protocol", "oulu1", "--data", own_oulu)
    assert ended.code == 2
    assert f"video: 1_3_36_1: {own_oulu}/Test_files/1_3_36_1.avi: the file is empty" in ended.out
    assert "missing: 1_2_01_1: " in ended.out
    assert "oulu1 (bona fide + attack present of expected): train 8+32 of 240+960" in ended.out


def test_a_remembered_root_is_used(command: Run, toy: Path, oulu: Path, here: Path, store: Path):
    assert command("data", "set", "oulu-npu", oulu).code == 0
    ended = command(
        "prepare", "--plugin", "brightness", "--protocol", "oulu1", "--faces", "dataset",
        "--store", store, "--out", "r", "--jobs", "1",
    )  # fmt: skip
    assert ended.code == 0
    assert ended.out == "run folder: r\n"
    assert json.loads(Path("r/run.json").read_text())["data"] == str(oulu)


def test_quiet_means_quiet(toy_run: Run, oulu: Path):
    assert toy_run(oulu, "--out", "r", "--quiet", step="prepare").err == ""


def test_info_says_what_stands_behind_a_result(command: Run):
    out = command("info").out
    for word in (
        "python: 3.",
        "torch: ",
        "plugin fasharness: fasharness",
        "operators: ",
        "device: ",
    ):
        assert word in out


def test_a_reader_that_has_enough_is_no_error(program: Path):
    pipe = subprocess.Popen(
        [program, "ls", "protocols"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert pipe.stdout is not None
    pipe.stdout.close()
    _, err = pipe.communicate(timeout=60)
    assert (pipe.returncode, err) == (0, b"")


FULL = """
set -u
mount -t tmpfs -o size=600k none {disk} || exit 77
"$@"; code=$?
df -k {disk} >&2
mount -o remount,size=64m {disk}
"$@"; echo "codes $code $?"
cp {disk}/r/result.json {out}
"""


def test_a_full_disk_ends_a_run_in_one_line_and_space_lets_it_go_on(
    toy_run: Run, oulu: Path, installed: dict[str, Path], child_environment, program: Path,
    tmp_path: Path,
):  # fmt: skip
    """The disk is a real one of 600 kB in a mount namespace; it is enlarged for the second try."""
    disk = tmp_path / "disk"
    disk.mkdir()
    script = FULL.format(disk=disk, out=tmp_path / "result.json")
    words = ["run", "--plugin", "toy", "--protocol", "oulu1", "--faces", "dataset", "--jobs", "1"]
    words += ["--data", oulu, "--preset", "short"]
    done = subprocess.run(
        ["unshare", "--mount", "--map-root-user", "sh", "-c", script, "sh", program, *words,
         "--store", disk / "store", "--out", disk / "r"],
        env=child_environment(installed["toy"]), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode == 77 or (shutil.which("unshare") and "unshare" in done.stderr):
        pytest.skip("no mount namespaces here")
    assert "Traceback" not in done.stderr
    (error,) = (line for line in done.stderr.splitlines() if line.startswith("fasharness: error"))
    assert "no space left; what is finished is kept: free some space and repeat" in error
    assert "codes 2 0" in done.stdout
    toy_run(oulu, "--preset", "short", "--out", "r")
    assert (tmp_path / "result.json").read_bytes() == Path("r/result.json").read_bytes()


@pytest.mark.parametrize("most", [2_000, 20_000])
def test_a_write_that_fails_anywhere_ends_in_one_line(
    oulu: Path, installed: dict[str, Path], child_environment, tmp_path: Path, most: int
):
    """A limit on the size of files makes writing fail as a full disk does, wherever it is met."""
    code = (
        f"import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, ({most}, {most}))\n"
        "from fasharness.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    words = ["run", "--plugin", "toy", "--protocol", "oulu1", "--faces", "dataset", "--jobs", "1"]
    words += ["--data", oulu, "--preset", "short", "--store", tmp_path / "store"]
    done = subprocess.run(
        [sys.executable, "-c", code, *words, "--out", tmp_path / "r", "--quiet"],
        env=child_environment(installed["toy"]), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("fasharness: error: ")
    assert done.stderr.count("\n") == 1
    # SQLite does not pass on the system's reason.
    reasons = (os.strerror(errno.EFBIG), "check that the disk is not full")
    assert any(reason in done.stderr for reason in reasons)
    assert not list(tmp_path.rglob(".*.part*"))
