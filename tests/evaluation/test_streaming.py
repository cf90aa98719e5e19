"""Files walked over twice: the whole file's figures within the stated error, in little memory."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fasharness import scorefiles
from fasharness.errors import DataError, OptionError
from fasharness.evaluation import streaming
from fasharness.metrics import curves
from fasharness.metrics.streaming import worst
from fasharness.scores import Score

NAN = float("nan")


def draw(count: int, split: str = "test", seed: int = 0) -> list[Score]:
    values = np.random.default_rng(seed).normal(size=count).tolist()
    kinds = [None, "print", "replay"]
    return [
        Score(
            f"{split}{i}", split, "", kinds[i % 3], None, value + (1.5 if i % 3 == 0 else i % 3 / 4)
        )
        for i, value in enumerate(values)
    ]


@pytest.mark.parametrize("name", ["scores.csv", "scores.parquet"])
def test_the_figures_are_those_of_the_whole_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(streaming, "_CHUNK", 64)
    scores = [*draw(900), *draw(300, "dev", 1)]
    lost = Score("lost", "test", "", None, None, NAN, failure="no face")
    path = tmp_path / name
    scorefiles.write(path, [*scores, lost, Score("train", "train", "", None, None, 99.0)])
    chunks = list(streaming._chunks(iter(scores)))
    assert {sum(map(len, chunk.values())) for chunk in chunks[:-1]} == {64}
    counts = streaming.count_file(path, bins=200)
    assert counts.failed == {("test", None): 1}
    assert counts.high < 99
    for split in ("dev", "test"):
        mine = [s for s in scores if s.split == split]
        live, fake = ([s.value for s in mine if s.bona_fide is kind] for kind in (True, False))
        exact = curves.error_curve(live, fake)
        found = counts.split(split)
        assert found is not None
        eer, auc = found.eer(), found.auc()
        assert 0 < abs(eer.value - curves.eer(exact)) <= eer.error
        assert 0 < abs(auc.value - curves.auc(exact)) <= auc.error


def test_the_rates_at_the_threshold_are_exact(tmp_path: Path) -> None:
    scores = [*draw(900), *draw(300, "dev", 1)]
    path = tmp_path / "scores.csv"
    scorefiles.write(path, scores)
    counts = streaming.count_file(path, bins=50)
    decided = streaming.at_dev_threshold(counts)
    assert decided is not None

    def rates(split: str, cut: float) -> dict[str, float]:
        mine = [s for s in scores if s.split == split]
        kinds = sorted({s.species or "" for s in mine})
        return {k: float(np.mean([s.value >= cut for s in mine if (s.species or "") == k]))
                for k in kinds}  # fmt: skip

    test = rates("test", decided.threshold)
    assert decided.bpcer == pytest.approx(1 - test.pop(""), abs=1e-12)
    assert decided.apcer == pytest.approx(test, abs=1e-12)
    assert decided.acer == pytest.approx((decided.bpcer + max(test.values())) / 2)
    # No edge of a bin is better on dev.
    gaps = []
    for cut in np.linspace(counts.low, counts.high, 51).tolist():
        dev = [s for s in scores if s.split == "dev"]
        bpcer = np.mean([s.value < cut for s in dev if s.bona_fide])
        apcer = np.mean([s.value >= cut for s in dev if not s.bona_fide])
        gaps.append((abs(bpcer - apcer), -cut))
    assert -min(gaps)[1] == decided.threshold


def test_the_threshold_lies_amid_empty_bins_as_the_rule_eer_puts_it(tmp_path: Path) -> None:
    values = {None: [0.8, 0.93, 1.0], "print": [0.0, 0.1, 0.2]}
    scores = [
        Score(f"{split}{kind}{i}", split, "", kind, None, value)
        for split in ("dev", "test")
        for kind, row in values.items()
        for i, value in enumerate(row)
    ]
    scorefiles.write(tmp_path / "s.csv", scores)
    found = streaming.at_dev_threshold(streaming.count_file(tmp_path / "s.csv", bins=1000))
    assert found is not None
    assert found.threshold == pytest.approx(0.5, abs=0.001)  # evaluate's is exactly 0.5
    assert (found.bpcer, found.apcer) == (0.0, {"print": 0.0})


def test_a_dev_split_that_lost_too_much_is_refused(tmp_path: Path) -> None:
    scores = [*draw(90), *draw(30, "dev", 1)]
    gone = [Score(f"l{i}", "dev", "", None, None, NAN, failure="no face") for i in range(3)]
    scorefiles.write(tmp_path / "s.csv", [*scores, *gone])
    with pytest.raises(DataError, match=r"23.1% of the bona fide dev presentations failed"):
        streaming.count_file(tmp_path / "s.csv")


def test_files_without_a_curve_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    scorefiles.write(path, [s for s in draw(30) if s.bona_fide])
    with pytest.raises(DataError, match="no attack score"):
        streaming.count_file(path)
    with pytest.raises(OptionError, match="0 bins, expected 1 to"):
        streaming.count_file(path, bins=0)
    scorefiles.write(path, [Score(f"p{i}", "dev", "", None, None, 0.5) for i in range(3)])
    with pytest.raises(DataError, match="no two different scores"):
        streaming.count_file(path)
    lost = [Score(f"l{i}", "test", "", "print", None, NAN, failure="x") for i in range(9)]
    scorefiles.write(path, [*draw(30), *lost])
    with pytest.raises(DataError, match=r"31\.0% of the attack test presentations failed"):
        streaming.count_file(path)
    scorefiles.write(path, [Score("a", "test", "", None, None, -1e308),
                            Score("b", "test", "", "print", None, 1e308)])  # fmt: skip
    with pytest.raises(DataError, match="too far apart"):
        streaming.count_file(path)
    many = [Score(f"m{i}", "test", "", f"kind{i}", None, float(i)) for i in range(1001)]
    scorefiles.write(path, many)
    with pytest.raises(DataError, match="more than 1000 species"):
        streaming.count_file(path)


GROWTH = """
import re, sys
from pathlib import Path
from fasharness.evaluation.streaming import count_file
from fasharness.report.streaming import grid

def peak():  # getrusage would count what the parent had before this process began
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

small, large = map(Path, sys.argv[1:])
grid("small", count_file(small))
before = peak()
grid("large", count_file(large))
print(peak() - before)
"""


def growth(tmp_path: Path, count: int, note: str) -> tuple[float, float]:
    """MiB of a file and MiB that the reader's memory grows by."""
    paths = [tmp_path / "small.csv", tmp_path / "large.csv"]
    for path, rows in zip(paths, (3000, count), strict=True):
        with path.open("w") as file:
            file.write("presentation,split,species,score,x_note\n")
            for i in range(rows):
                kind = "" if i % 3 else "print"
                file.write(f"p{i},{'dev' if i % 2 else 'test'},{kind},{i % 7 / 7},{note}\n")
    done = subprocess.run(
        [sys.executable, "-c", GROWTH, *map(str, paths)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return paths[1].stat().st_size / 2**20, int(done.stdout) / 1024


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    size, grown = growth(tmp_path, 100_000, 1500 * "x")
    assert size > 140
    assert grown < 12


@pytest.mark.slow
def test_two_million_rows_need_no_more_memory_than_a_hundred_thousand(tmp_path: Path) -> None:
    size, grown = growth(tmp_path, 2_000_000, 100 * "x")
    assert size > 200
    assert grown < 25


def test_a_species_that_failed_is_refused_and_two_spellings_are(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    lost = [Score(f"l{i}", "test", "", "mask", None, NAN, failure="x") for i in range(4)]
    scorefiles.write(path, [*draw(90), *lost])
    with pytest.raises(DataError, match=r"100\.0% of the 'mask' test presentations failed"):
        streaming.count_file(path)
    rows = [*draw(9), Score("p", "test", "", "Print", None, 0.5)]
    scorefiles.write(path, rows)
    with pytest.raises(DataError, match=r"row 10: species 'Print', but 'print' in .*, row 2"):
        streaming.count_file(path)


def test_the_worst_group_has_its_own_bound(tmp_path: Path) -> None:
    scorefiles.write(tmp_path / "s.csv", draw(600))
    counts = streaming.count_file(tmp_path / "s.csv", bins=60)
    live = [s.value for s in draw(600) if s.bona_fide]
    exact = {
        kind: curves.error_curve(live, [s.value for s in draw(600) if s.species == kind])
        for kind in ("print", "replay")
    }
    eer = worst([one.eer() for one in counts.each("test")], max)
    auc = worst([one.auc() for one in counts.each("test")], min)
    assert abs(eer.value - max(map(curves.eer, exact.values()))) <= eer.error
    assert abs(auc.value - min(map(curves.auc, exact.values()))) <= auc.error


def test_a_fixed_threshold_needs_no_dev_and_its_rates_are_exact(tmp_path: Path) -> None:
    scores = draw(900)
    path = tmp_path / "scores.csv"
    scorefiles.write(path, scores)
    counts = streaming.count_file(path, bins=5, rule="fixed=0.7")
    found = streaming.at_threshold(counts)
    assert found is not None
    assert found.threshold == 0.7
    accepted = {kind: [s.value >= 0.7 for s in scores if s.species == kind]
                for kind in (None, "print", "replay")}  # fmt: skip
    assert found.bpcer == pytest.approx(1 - np.mean(accepted.pop(None)), abs=1e-12)
    assert found.apcer == pytest.approx({k: np.mean(v) for k, v in accepted.items()}, abs=1e-12)
    assert streaming.at_threshold(streaming.count_file(path, bins=5)) is None
    for rule in ("fixed=", "fixed=nan", "bpcer=0.1", "0.7"):
        with pytest.raises(OptionError, match="there are eer, fixed=NUMBER"):
            streaming.count_file(path, rule=rule)
