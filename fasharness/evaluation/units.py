"""Scores of videos from the scores of their frames or clips, by a named aggregator."""

import math
from collections.abc import Sequence
from dataclasses import replace

from fasharness.errors import DataError, OptionError
from fasharness.metrics.aggregate import Aggregator, find
from fasharness.scores import Score

_SHARED = ("split", "subject", "species", "group", "device", "session", "simulated")


def aggregate(scores: Sequence[Score], name: str) -> tuple[Score, ...]:
    """Compute one score per video from those of its frames or clips.

    Args:
        scores: scores of clips or of frames, which name their videos.
        name: one of `fasharness.metrics.aggregate.NAMES`, e.g. ``mean``.

    Returns:
        A score for each video, in the order of their first rows; failed clips are left out, and
        a video whose clips all failed has failed.

    Raises:
        OptionError: when there is no such aggregator.
        DataError: when the scores are of videos already, of mixed units, or the rows of a video
            contradict each other.
    """
    try:
        rule = find(name)
    except ValueError as error:
        raise OptionError(str(error)) from error
    videos: dict[str, list[Score]] = {}
    for row, score in enumerate(scores, start=1):
        if score.unit == "video" or score.unit != scores[0].unit:
            raise DataError(
                f"row {row}: {score.presentation!r} is a {score.unit}; only clips or only frames "
                "can be aggregated (columns unit and video)"
            )
        first = videos.setdefault(score.video, [score])[0]
        _check_same(row, first, score)
        if first is not score:
            videos[score.video].append(score)
    return tuple(_video(rows, rule) for rows in videos.values())


def _check_same(row: int, first: Score, score: Score) -> None:
    """Refuse a clip that contradicts the first clip of its video."""
    for field in _SHARED:
        one, other = getattr(first, field), getattr(score, field)
        if one != other:
            raise DataError(
                f"row {row}: {field} {other!r}, but {one!r} in another row of the video "
                f"{score.video!r}; correct the labels"
            )


def _video(rows: Sequence[Score], rule: Aggregator) -> Score:
    """Aggregate the rows of a video."""
    # Failed clips have the score NaN, which no aggregator accepts.
    scored = [score for score in rows if not score.failed]
    # What differs between the rows, e.g. a frame's number, is no fact of the video.
    shared = tuple(fact for fact in rows[0].attributes if all(fact in r.attributes for r in rows))
    value = rule([score.value for score in scored]) if scored else math.nan
    return replace(
        rows[0],
        presentation=rows[0].video,
        value=value,
        clips=sum(score.clips for score in scored),
        frames=sum(score.frames for score in scored),
        # A video without any scored clip stays in the counts as a failure.
        failure="" if scored else f"every {rows[0].unit} failed: {rows[0].failure}",
        unit="video",
        video="",
        attributes=shared,
    )
