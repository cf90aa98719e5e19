"""The command cache: size by kind and age, and what it removes, never beside a running command."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fasharness.common.paths import cache_dir
from fasharness.prepare.store import ClipStore
from fasharness.testing import Ended

Command = Callable[..., Ended]
HOLD = """
import sys
from pathlib import Path
from fasharness.run.cache import in_use
with in_use(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def prepared(command: Command, toy: Path, oulu: Path, store: Path, here: Path) -> Command:
    """The tiny OULU-NPU is prepared; a function that does the same again with other words."""

    def go(*words: object) -> Ended:
        fixed = ["--plugin", "toy", "--faces", "dataset", "--jobs", "1", "--data", oulu]
        return command("prepare", *fixed, "--store", store, "--quiet", *words)

    assert go("--protocol", "oulu1", "--out", "r").code == 0
    return go


def age(path: Path, days: float) -> None:
    moment = time.time() - days * 86400
    os.utime(path, (moment, moment))


def test_the_table_counts_files_and_sizes_by_kind_and_age(
    prepared: Command, command: Command, store: Path
):
    weights = cache_dir() / "weights" / "w"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(bytes(3_000_000))
    age(weights, 10)
    packs = ClipStore(store).packs()
    size = sum(path.stat().st_size for path in packs) / 1e6
    lines = command("cache", "--store", store).out.splitlines()
    rows = {line.split()[0]: line.split()[1:] for line in lines[2:]}
    assert lines[1].split() == ["kind", "files", "MB", "today", "week", "month", "older"]
    assert rows["clips"] == [str(len(packs)), f"{size:.1f}", f"{size:.1f}", "0.0", "0.0", "0.0"]
    assert rows["weights"] == ["1", "3.0", "0.0", "0.0", "3.0", "0.0"]
    assert rows["simulated"] == ["0", "0.0", "0.0", "0.0", "0.0", "0.0"]


def test_clean_alone_removes_leftovers_and_nothing_else(
    prepared: Command, command: Command, store: Path
):
    packs = ClipStore(store).packs()
    old, new = packs[0].with_name(".a.part.pack"), packs[0].with_name(".b.part.pack")
    damaged, earlier = packs[0].with_name("c.damaged"), store / "ab" / "x.safetensors"
    earlier.parent.mkdir()
    for path in (old, new, damaged, earlier):
        path.write_bytes(bytes(1000))
    age(old, 1)
    would = command("cache", "--clean", "--dry-run", "--store", store).out
    assert would == "would remove leftovers: 3 files or folders, 0.0 MB\n"
    assert old.exists()
    removed = command("cache", "--clean", "--store", store).out
    assert removed == would.replace("would remove", "removed")
    assert [path.exists() for path in (old, new, damaged, earlier)] == [False, True, False, False]
    assert ClipStore(store).packs() == packs
    assert command("cache", "--clean", "--store", store).out == "nothing to remove\n"


def test_what_was_not_used_for_some_days_goes_and_is_prepared_again(
    prepared: Command, command: Command, store: Path
):
    packs = ClipStore(store).packs()
    for path in packs[:7]:
        age(path, 31)
    out = command("cache", "--clean", "--older-than", "30", "--store", store).out
    assert out.startswith("removed clips: 7 files or folders, ")
    assert ClipStore(store).packs() == packs[7:]
    # the index has forgotten them: none is reported as damaged
    ended = prepared("--protocol", "oulu1", "--out", "r")
    assert ended.code == 0
    assert "damaged" not in ended.err
    assert ClipStore(store).packs() == packs


def test_clips_that_named_runs_do_not_use_go(
    prepared: Command, command: Command, store: Path, here: Path
):
    first = ClipStore(store).packs()
    assert prepared("--protocol", "oulu3", "--out", "t").code == 0
    everything = ClipStore(store).packs()
    assert len(everything) > len(first)
    out = command("cache", "--clean", "--unused-by", "r", "--store", store).out
    assert out.startswith(f"removed clips: {len(everything) - len(first)} files or folders, ")
    assert ClipStore(store).packs() == first


def test_nothing_is_removed_while_a_command_runs(prepared: Command, command: Command, store: Path):
    packs = ClipStore(store).packs()
    words = [sys.executable, "-c", HOLD, str(store)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        ended = command("cache", "--clean", "--older-than", "0", "--store", store)
        assert "a running command uses it; nothing was removed" in ended.error
        assert ClipStore(store).packs() == packs
        holder.communicate()
    assert command("cache", "--clean", "--older-than", "0", "--store", store).code == 0
    assert ClipStore(store).packs() == []


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["--older-than", "3"], "say --clean to remove something"),
        (["--clean", "--older-than", "-1"], "--older-than must not be negative, got -1"),
        (["--clean", "--older-than", "nan"], "--older-than must not be negative, got nan"),
        (["--clean", "--kind", "weights", "--unused-by", "r"], "--unused-by chooses clips"),
        (["--clean", "--unused-by", "nowhere"], "nowhere: does not say which clips it uses"),
    ],
)
def test_bad_wishes(command: Command, here: Path, words: list[str], error: str):
    assert error in command("cache", *words).error
