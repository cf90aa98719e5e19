"""Frames and clips to videos: by hand, in order, and never mixed."""

import dataclasses
import math

import pytest

from fasharness.errors import DataError, OptionError
from fasharness.evaluation.units import aggregate
from fasharness.scores import Score


def clip(
    video: str, number: int, value: float, species: str | None = None, **more: object
) -> Score:
    fields = {"subject": "7", "unit": "frame", "video": video, "clips": 1, "frames": 1, **more}
    group = None if species is None else "print"
    return Score(f"{video}#{number}", "test", species=species, group=group, value=value, **fields)  # type: ignore[arg-type]


FRAMES = (
    clip("b", 0, 0.1, "print1"), clip("a", 0, 0.9), clip("a", 1, 0.3), clip("b", 1, 0.5, "print1"),
    clip("a", 2, math.nan, failure="blur"), clip("c", 0, math.nan, "print1", failure="dark"),
    clip("a", 3, 0.6, frames=5),
)  # fmt: skip


def test_videos_by_hand() -> None:
    b, a, c = aggregate(FRAMES, "mean")
    assert (b.presentation, b.value, b.species, b.clips) == ("b", 0.3, "print1", 2)
    assert a.value == pytest.approx(0.6)
    assert (a.clips, a.frames, a.unit, a.video, a.failed) == (3, 7, "video", "", False)
    assert (c.failed, c.failure, c.clips) == (True, "every frame failed: dark", 0)
    assert [s.value for s in aggregate(FRAMES, "max")[:2]] == [0.5, 0.9]
    assert aggregate(FRAMES, "lowest-2")[1].value == pytest.approx(0.45)


def test_other_aggregators_are_refused() -> None:
    with pytest.raises(OptionError, match="no aggregator 'best'; there are mean, median"):
        aggregate(FRAMES, "best")


@pytest.mark.parametrize(
    ("place", "changes", "message"),
    [
        (1, {"unit": "video", "video": ""}, "row 2: 'a#0' is a video; only clips or only frames"),
        (2, {"unit": "clip"}, "row 3: 'a#1' is a clip; only clips or only frames"),
        (2, {"subject": "8"}, "row 3: subject '8', but '7' in another row of the video 'a'"),
        (3, {"species": None, "group": None}, "row 4: species None, but 'print1' in another row"),
        (6, {"split": "dev"}, "row 7: split 'dev', but 'test' in another row"),
        (6, {"simulated": True}, "row 7: simulated True, but False"),
    ],
)
def test_rows_that_contradict_each_other_are_refused(
    place: int, changes: dict[str, object], message: str
) -> None:
    rows = list(FRAMES)
    rows[place] = dataclasses.replace(rows[place], **changes)  # type: ignore[arg-type]
    with pytest.raises(DataError, match=message):
        aggregate(rows, "mean")
