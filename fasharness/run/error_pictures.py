"""Pictures of a fold's worst errors: frames, the method's map, and the true depth."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from fasharness.clips import Label
from fasharness.common.faults import cause, foreseen
from fasharness.errors import WeightsError
from fasharness.report.decisions import decide, errors
from fasharness.report.mistakes import WORST
from fasharness.report.runs import Exhibit, read, write_exhibit
from fasharness.run.fold import Fold
from fasharness.run.steps import prepared_clips, trained_network

if TYPE_CHECKING:
    from fasharness.engine.clips import ClipSource

_SIDE = 128
_MOST_FRAMES = 6
Map = NDArray[np.float32]


def draw(fold: Fold) -> None:
    """Write pictures of the worst errors into a finished fold's folder.

    The folder's result and scores decide which errors are shown. Frames come from the clip store,
    true depth from the source in the fold's recipe; what is not stored is prepared. An attack's
    true depth is zero, the label that methods are trained on.

    Args:
        fold: the fold, with its result.
    """
    wrong = [one.score.presentation for one in errors(decide(read(fold.folder).parts))[:WORST]]
    shown = [item for item in fold.protocol.test if item.id in wrong]
    wanted = {item: [fold.scoring_clips] for item in shown}
    prepared = prepared_clips(fold, wanted, title="pictures", jobs=1)
    sources = [fold.source(prepared, item, fold.scoring_clips) for item in shown]
    for source in sources:
        if not source.stored.clips:
            lost = f"{source.presentation.id}: no picture for the report: {source.stored.failure}"
            fold.experiment.console.say(lost)
    sources = [source for source in sources if source.stored.clips]
    maps = _maps(fold, sources)
    truths = _truths(fold, sources, maps)
    for source in sources:
        name = source.presentation.id
        pictures = Exhibit(_strip(source), _png(maps.get(name)), _png(truths.get(name)))
        write_exhibit(fold.folder, name, pictures)


def _maps(fold: Fold, sources: Sequence[ClipSource]) -> Mapping[str, Map]:
    """Return the method's map of each first clip; empty for a method without maps."""
    from fasharness.engine.score import map_source

    fabric, network = trained_network(fold, fold.model)
    network.eval()
    found = {}
    for source in sources:
        try:
            seen = map_source(fold.method, network, source, fabric)
        # A missing picture must not fail a finished run.
        except (Exception, SystemExit) as error:
            if foreseen(error):
                raise
            failed = f"{fold.method.name}.maps failed: {cause(error)}"
            fold.experiment.console.say(f"the report shows no maps: {failed}")
            return {}
        if seen is not None:
            found[source.presentation.id] = seen
    return found


def _truths(
    fold: Fold, sources: Sequence[ClipSource], maps: Mapping[str, Map]
) -> Mapping[str, Map]:
    """Return the true depth maps."""
    if not maps:
        return {}
    side = max(next(iter(maps.values())).shape)
    live = [s for s in sources if s.presentation.bona_fide]
    # Not the depth of the face on the photo: methods are trained on zeros for attacks.
    flat = {s.presentation.id: np.zeros((side, side), np.float32) for s in sources if s not in live}
    spec = dataclasses.replace(fold.scoring_clips, labels=(Label("depth", side),))
    try:
        wanted = {source.presentation: [spec] for source in live}
        prepared = prepared_clips(fold, wanted, title="pictures", jobs=1)
    # A missing picture must not fail a finished run.
    except WeightsError as error:
        fold.experiment.console.say(f"the report shows no true depth: {error}")
        return flat
    deep = {s.presentation.id: _depth(s, fold.source(prepared, s.presentation, spec)) for s in live}
    return flat | {name: depth for name, depth in deep.items() if depth is not None}


def _depth(source: ClipSource, deep: ClipSource) -> Map | None:
    """Return the true depth of the first frame of a source's first clip, None if unknown."""
    wanted = source.load(0).rgb
    for index in range(deep.stored.clips):
        clip = deep.load(index)
        if np.array_equal(clip.rgb, wanted):  # `deep` lacks clips without depth
            return np.asarray(clip.labels["depth"][0])
    return None


def _strip(source: ClipSource) -> bytes:
    """Return the frames of the first clip as one JPEG; of several clips of a single frame."""
    count = min(source.stored.clips, _MOST_FRAMES if source.spec.frames.length == 1 else 1)
    frames = np.concatenate([source.load(index).rgb for index in range(count)])
    row = [cv2.resize(f, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA) for f in frames]
    # OpenCV encodes BGR; clips are RGB.
    return bytes(cv2.imencode(".jpg", np.hstack(row[:_MOST_FRAMES])[..., ::-1])[1])


def _png(seen: Map | None) -> bytes | None:
    """Encode a map as grey PNG, 0 black and 1 white."""
    if seen is None:
        return None
    # A diverged network may give NaN: the report must still be written.
    grey = np.round(np.nan_to_num(seen).clip(0, 1) * 255).astype(np.uint8)
    return bytes(cv2.imencode(".png", grey)[1])
