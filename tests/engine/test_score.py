"""Scoring: the mean over clips, failures with reasons, and a journal that can be cut anywhere."""

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from fasharness.clips import ClipSpec, Crop, Frames
from fasharness.engine.clips import ClipSource
from fasharness.engine.device import make_fabric
from fasharness.engine.score import ClipScores, Journal, Scorer, score_all, score_sources
from fasharness.errors import RunError
from fasharness.method import Method

Sources = Callable[..., list[ClipSource]]
FIXED = ClipSpec(Frames(1), Crop(8))


class Counting:
    """A network that gives the mean of its input and counts the clips."""

    def __init__(self) -> None:
        self.clips = 0

    def __call__(self, frames: torch.Tensor) -> torch.Tensor:
        self.clips += len(frames)
        return frames.mean(dim=(1, 2, 3))[:, None]

    def eval(self) -> None:
        pass


@pytest.fixture
def method(tiny: Callable[..., Method]) -> Method:
    return tiny()


@pytest.fixture
def five(sources: Sources) -> list[ClipSource]:
    """Five sources; the third one failed in preparation."""
    found = sources(FIXED, count=5, clips=3)
    lost = dataclasses.replace(found[2].stored, clips=0, failure="no face found in 3 frames")
    found[2] = dataclasses.replace(found[2], stored=lost)
    return found


def scores(
    journal: Journal, method: Method, network: Counting, items: list[ClipSource]
) -> list[ClipScores]:
    scorer = Scorer(journal, method, network)  # type: ignore[arg-type]
    return [found for (found,) in score_all([scorer], items, make_fabric("cpu", "32-true"))]


def equal(found: list[ClipScores], expected: list[ClipScores]) -> bool:
    return list(map(repr, found)) == list(map(repr, expected))  # NaN differs from itself


def one(method: Method, source: ClipSource, network: Any = None) -> ClipScores:
    fabric = make_fabric("cpu", "32-true")
    (found,) = score_sources(method, None, network or Counting(), [source], fabric)
    return found


def test_a_score_is_the_mean_over_clips(method: Method, sources: Sources):
    (source,) = sources(FIXED, count=1, clips=19)
    found = one(method, source)
    means = [source.load(index).rgb.mean() / 255 for index in range(19)]
    assert found.value == pytest.approx(sum(means) / 19, rel=1e-6)
    assert found[2:4] == (19, "")
    assert found.values == pytest.approx(tuple(means), rel=1e-6)


def test_a_failure_of_preparation_is_passed_on(method: Method, five: list[ClipSource]):
    found = one(method, five[2])
    assert math.isnan(found.value)
    assert found[1:4] == ((), 0, "no face found in 3 frames")


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_score_that_is_no_number_is_a_failure(method: Method, five: list[ClipSource], value):
    found = one(method, five[0], lambda frames: frames.mean((1, 2, 3))[:, None] * value)
    assert math.isnan(found.value)
    assert found.failure == f"the method gave the score {value}"


def test_a_journal_cut_at_any_byte_goes_on_to_the_same_scores(
    method: Method, five: list[ClipSource], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "scoring.jsonl"
    monkeypatch.setattr(method, "scoring_batch", 7)  # chunks of three presentations, then two
    expected = scores(Journal(path, "key"), method, Counting(), five)
    content = path.read_bytes()
    for cut in range(0, len(content) + 1, 7):
        path.write_bytes(content[:cut])
        whole = content[:cut].count(b"\n") - 1
        network = Counting()
        journal = Journal(path, "key")
        assert equal(scores(journal, method, network, five), expected)
        assert len(journal.done) == max(0, whole)
        # A chunk is scored whole as long as any of it is missing.
        assert network.clips == 6 * ((whole < 3) + (whole < 5))
        assert path.read_bytes() == content


def test_a_journal_of_another_scoring_is_replaced(
    method: Method, five: list[ClipSource], tmp_path: Path
):
    path = tmp_path / "scoring.jsonl"
    scores(Journal(path, "key"), method, Counting(), five)
    network = Counting()
    scores(Journal(path, "other"), method, network, five)
    assert network.clips == 12
    assert path.read_text().startswith('{"key": "other"}\n')


def test_scores_keep_their_order_whatever_the_journal_holds(
    method: Method, five: list[ClipSource], tmp_path: Path
):
    path = tmp_path / "scoring.jsonl"
    scores(Journal(path, "key"), method, Counting(), five[3:])
    found = scores(Journal(path, "key"), method, Counting(), five)
    assert [item.presentation for item in found] == ["p0", "p1", "p2", "p3", "p4"]


def test_a_line_that_a_power_cut_zeroed_costs_only_what_follows(
    method: Method, five: list[ClipSource], tmp_path: Path
):
    path = tmp_path / "scoring.jsonl"
    whole = scores(Journal(path, "key"), method, Counting(), five)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:3], "\0\0\0", *lines[4:]]) + "\n")
    journal = Journal(path, "key")
    assert list(journal.done) == [score.presentation for score in whole[:2]]
    assert repr(scores(journal, method, Counting(), five)) == repr(whole)


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        '{"presentation": "p2"}',
        '["p2", [0.5], 1, "", 0.5]',
        "[" * 5000,
        '{"a": 1e999}',
        '{"presentation": "p2", "values": [9], "frames": 1, "failure": "", "value": 9}',
    ],
)
def test_a_damaged_line_of_a_journal_costs_only_what_follows(
    method: Method, five: list[ClipSource], tmp_path: Path, text: str
):
    path = tmp_path / "scoring.jsonl"
    whole = scores(Journal(path, "key"), method, Counting(), five)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:3], text, *lines[4:]]) + "\n")
    assert [*Journal(path, "key").done] == [score.presentation for score in whole[:2]]


def test_no_changed_digit_of_a_journal_becomes_a_score(
    method: Method, five: list[ClipSource], tmp_path: Path
):
    path = tmp_path / "scoring.jsonl"
    whole = {s.presentation: s for s in scores(Journal(path, "key"), method, Counting(), five)}
    content = path.read_bytes()
    for at in range(content.index(b"\n") + 1, len(content), 11):
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        done = Journal(path, "key").done
        assert repr(done) == repr({name: whole[name] for name in done})


@pytest.mark.parametrize("content", [b"\xff\n", b"", b"null\n"])
def test_a_journal_that_is_no_text_is_begun_anew(tmp_path: Path, content: bytes):
    (tmp_path / "a.jsonl").write_bytes(content)
    assert Journal(tmp_path / "a.jsonl", "key").done == {}


def test_methods_are_scored_together_as_if_alone_whatever_their_journals_hold(
    method: Method, tiny: Callable[..., Method], five: list[ClipSource], tmp_path: Path
):
    """The second method's journal lost its last lines to a kill."""

    class Half(Counting):
        def __call__(self, frames: torch.Tensor) -> torch.Tensor:
            return super().__call__(frames) / 2

    other, fabric = tiny(), make_fabric("cpu", "32-true")
    paths = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    alone = [
        scores(Journal(paths[0], "key"), method, Counting(), five),
        scores(Journal(paths[1], "key"), other, Half(), five),
    ]
    lines = paths[1].read_text().splitlines()
    paths[1].write_text("\n".join(lines[:3]) + "\n")
    networks = Counting(), Half()
    scorers = [
        Scorer(Journal(path, "key"), each, network)  # type: ignore[arg-type]
        for path, each, network in zip(paths, (method, other), networks, strict=True)
    ]
    found = list(score_all(scorers, five, fabric))
    assert equal([one for one, _ in found], alone[0])
    assert equal([two for _, two in found], alone[1])
    assert [network.clips for network in networks] == [0, 12]  # one chunk of five presentations
    assert paths[1].read_text().splitlines() == lines


def test_scores_reach_the_disk_by_time_and_at_the_end(
    method: Method, five: list[ClipSource], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    synchronised: list[int] = []
    monkeypatch.setattr("fasharness.engine.score.os.fsync", synchronised.append)
    scores(Journal(tmp_path / "a.jsonl", "key"), method, Counting(), five)
    assert len(synchronised) == 2  # the head, and the end
    monkeypatch.setattr("fasharness.engine.score._FLUSH_EVERY", 0.0)
    scores(Journal(tmp_path / "b.jsonl", "key"), method, Counting(), five)
    assert len(synchronised) == 2 + 7


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda found: found.mean(), r"float32 \(\)"),
        (lambda found: found.mean()[None], r"float32 \(1,\)"),
        (lambda found: found[:, None], r"float32 \(3, 1\)"),
        (lambda found: found.repeat(3), r"float32 \(9,\)"),
        (lambda found: found.to(torch.bfloat16), r"bfloat16 \(3,\)"),
        (lambda found: found.half(), r"float16 \(3,\)"),
        (lambda found: found.to(torch.complex64), r"complex64 \(3,\)"),
        (lambda found: found > 0, r"bool \(3,\)"),
        (lambda found: found.tolist(), "list"),
        (lambda found: None, "NoneType"),
    ],
)
def test_anything_but_a_score_for_each_clip_is_refused_at_the_first_batch(
    method: Method, five: list[ClipSource], change: Any, words: str, monkeypatch: Any
):
    honest, network = method.score, Counting()
    monkeypatch.setattr(method, "score", lambda *given: change(honest(*given)))
    expected = rf"the method {method.name}: score must return one number .* \(3,\), and returned "
    with pytest.raises(RunError, match=expected + words):
        one(method, five[0], network)
    assert network.clips == 3


@pytest.mark.parametrize("value", [None, "0.5", True, [0.5], 1j, np.float16(0.5)])
def test_a_score_of_a_presentation_is_a_float(
    method: Method, five: list[ClipSource], value: object, monkeypatch: Any
):
    monkeypatch.setattr(method, "aggregate", lambda values: value)
    with pytest.raises(RunError, match="aggregate must return a float, and returned"):
        one(method, five[0])
