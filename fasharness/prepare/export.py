"""Write frames, boxes and depth maps as the folders that the published codes read.

Layout of SGTD's and CDCN's code: ``scenes/NAME/NAME_001_scene.jpg`` with ``_scene.dat`` beside
(left, top, width and height, one a line) and ``depths/NAME/NAME_001_depth1D.jpg`` (grey, 255 at
the nearest part of the face), numbered from 1.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from fasharness.common.workers import one_thread, run_all
from fasharness.data import Presentation
from fasharness.errors import DataError
from fasharness.faces import Face, Frame, Region
from fasharness.prepare.checked import checked_count, checked_frames
from fasharness.prepare.crop import PILLOW
from fasharness.prepare.cutting import turned
from fasharness.prepare.planning import Recipe
from fasharness.prepare.tools import Tools, worker_tools
from fasharness.prepare.tracks import Estimates

if TYPE_CHECKING:
    from fasharness.faces import DepthSource

SCENES, DEPTHS = "scenes", "depths"
QUALITY = 95


class Exported(NamedTuple):
    """What was written of a presentation.

    Attributes:
        id: of the presentation.
        problem: why nothing was written; empty if all frames were.
    """

    id: str
    problem: str = ""


def export(
    presentations: Sequence[Presentation], tools: Tools, out: Path, jobs: int
) -> Iterator[Exported]:
    """Write presentations; those that are there already are left as they are.

    Args:
        presentations: what to write, each once.
        tools: decoder, faces and depth.
        out: receives `SCENES` and `DEPTHS`.
        jobs: number of processes; 1 works in this one.

    Yields:
        Each presentation as it ends; one that fails does not end the others.
    """
    if jobs == 1:
        yield from (_export(shown, tools, out) for shown in presentations)
        return
    work = partial(_work, recipe=tools.recipe, out=out)
    done = run_all(work, list(presentations), jobs=jobs, start=one_thread)
    yield from (result for _, result in done)


def _work(shown: Presentation, recipe: Recipe, out: Path) -> Exported:
    return _export(shown, worker_tools(recipe), out)


def _export(shown: Presentation, tools: Tools, out: Path) -> Exported:
    # A data set's ids may hold folders; the published codes want one name.
    name = shown.id.replace("/", "_").replace(":", "_")
    scenes, depths = out / SCENES / name, out / DEPTHS / name
    if scenes.is_dir():
        return Exported(shown.id)
    begun = [folder.with_name(f".{name}.part") for folder in (scenes, depths)]
    for folder in begun:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    try:
        _write(shown, name, tools, *begun)
    except DataError as error:
        for folder in begun:
            shutil.rmtree(folder)
        return Exported(shown.id, str(error))
    shutil.rmtree(depths, ignore_errors=True)
    # The frames last: their folder says that all is there.
    begun[1].replace(depths)
    begun[0].replace(scenes)
    return Exported(shown.id)


def _write(shown: Presentation, name: str, tools: Tools, scenes: Path, depths: Path) -> None:
    path, hook = shown.path, tools.plugins.hook
    total = checked_count(hook.fasharness_count_frames(path=path), path)
    first, after = shown.window or (0, total)
    wanted = range(first, min(after, total))
    face_of, depth = _faces(shown, tools), _depth(shown, tools)
    decoded = hook.fasharness_decode(path=path, wanted=wanted)
    for index, frame in checked_frames(decoded, wanted, path):
        upright = turned(frame, shown.orientation)
        start = f"{name}_{index + 1:03d}"
        (scenes / f"{start}_scene.jpg").write_bytes(_jpeg(upright[..., ::-1]))
        face = face_of(index, upright)
        if face is not None:
            box = "".join(f"{round(value)}\n" for value in face.box)
            (scenes / f"{start}_scene.dat").write_text(box, encoding="utf-8")
            seen = _map(depth, index, upright, face)
            (depths / f"{start}_depth1D.jpg").write_bytes(_jpeg(seen))


def _faces(shown: Presentation, tools: Tools) -> Callable[[int, Frame], Face | None]:
    dataset = tools.datasets.get(shown.dataset)
    if dataset is not None and tools.recipe.faces == "dataset":
        known = dataset.faces(shown.own())
        return lambda index, frame: known.get(index)
    return lambda index, frame: next(iter(tools.detector.detect([frame])[0]), None)


def _depth(shown: Presentation, tools: Tools) -> DepthSource:
    return tools.brought_depth(shown) or Estimates(tools.estimator)


def _map(depth: DepthSource, index: int, frame: Frame, face: Face) -> NDArray[np.uint8]:
    """Return the depth of the whole frame, uint8 (H, W)."""
    height, width = frame.shape[:2]
    whole = Region(0, 0, width, height)
    square = depth.crop(index, frame, face, whole, max(height, width), PILLOW)
    grey = np.rint(square * 255).astype(np.uint8)
    return np.asarray(cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _jpeg(image: NDArray[np.uint8]) -> bytes:
    written, content = cv2.imencode(
        ".jpg", np.ascontiguousarray(image), (cv2.IMWRITE_JPEG_QUALITY, QUALITY)
    )
    if not written:
        raise DataError(f"a frame of {image.shape} cannot be written as JPEG")
    return content.tobytes()
