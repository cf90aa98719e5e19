"""All hooks that a plugin can implement.

A plugin is an installed package with an entry point in the group ``fasharness`` that names a
module (or object) with functions of these names, each marked with `hookimpl`. The mappings
returned by all plugins are merged; a name offered twice is refused. Factories are
called only when their name is used, so import heavy packages inside them; metrics and commands
are no factories, but the functions themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fasharness.dataset import Dataset, Simulator
    from fasharness.faces import CropRule, DepthEstimator, Detector
    from fasharness.method import Method
    from fasharness.metric import MetricInput
    from fasharness.result import FoldsResult, Result
    from fasharness.scores import Score
    from fasharness.weights import Weights

PROJECT = "fasharness"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def fasharness_methods() -> Mapping[str, Callable[[], type[Method]]]:  # type: ignore[empty-body]
    """Methods: name to a function that imports and returns the method's class."""


@hookspec
def fasharness_datasets() -> Mapping[str, Callable[[], type[Dataset]]]:  # type: ignore[empty-body]
    """Data sets: name to a function that imports and returns the data set's class."""


@hookspec
def fasharness_simulators() -> Mapping[str, Callable[[], Simulator]]:  # type: ignore[empty-body]
    """Simulators: data set name to a function that returns its `Simulator`.

    Used if a run finds no folder of the data set. All outputs of its data are marked SIMULATED.
    """


@hookspec
def fasharness_commands() -> Mapping[str, Callable[[Any], None]]:  # type: ignore[empty-body]
    """Commands: word after ``fasharness`` to a function that adds it to the command line.

    The function receives the return value of argparse's ``add_subparsers``, for `add_command` or
    `add_group` of ``fasharness.cli.command``. Built-in commands cannot be replaced. Called only
    if the command given is not a built-in one.
    """


@hookspec
def fasharness_metrics() -> Mapping[str, Callable[[MetricInput], float]]:  # type: ignore[empty-body]
    """Metrics: name to a function of a `MetricInput`.

    They are computed on the test split with the dev threshold, and listed in the result by name.
    For the interval they are computed with the weights of drawn subjects.
    """


@hookspec(firstresult=True)
def fasharness_decode(
    path: Path, wanted: Sequence[int]
) -> Iterator[tuple[int, NDArray[np.uint8]]] | None:
    """Decode a source: (frame number from 0, RGB uint8 (H, W, 3)) for the wanted frames in order.

    `path` is a file or a folder. The first plugin that does not return None wins; None means
    "not mine". The default reads videos, images and ordered folders of images.
    """


@hookspec(firstresult=True)
def fasharness_count_frames(path: Path) -> int | None:
    """Number of frames that `fasharness_decode` of the same plugin can yield; None: not mine."""


@hookspec
def fasharness_detectors() -> Mapping[str, Callable[[str], Detector]]:  # type: ignore[empty-body]
    """Face detectors: name to a function of the device name (``cpu``, ``cuda``)."""


@hookspec
def fasharness_crops() -> Mapping[str, Callable[[], CropRule]]:  # type: ignore[empty-body]
    """Crop rules: name to a function that returns the rule."""


@hookspec
def fasharness_depth_estimators() -> Mapping[  # type: ignore[empty-body]
    str, Callable[[str], DepthEstimator]
]:
    """Depth estimators for data without depth: name to a function of the device name."""


@hookspec
def fasharness_weights() -> Mapping[str, Callable[[], Weights]]:  # type: ignore[empty-body]
    """Named weights: name to a function that returns their description, `Weights` of this name.

    Nothing is fetched until the user asks for it with ``fasharness weights get``.
    """


@hookspec
def fasharness_run_started(folder: Path, settings: Mapping[str, object]) -> None:
    """A run starts or resumes in `folder`; `settings` are those that decide its result."""


@hookspec
def fasharness_presentation_scored(folder: Path, score: Score) -> None:
    """A presentation was scored or failed; a resumed run calls this only for new ones.

    `folder` is that of the fold, which lies below the run's if the protocol has several.
    """


@hookspec
def fasharness_run_finished(folder: Path, result: Result | FoldsResult) -> None:
    """A run's result was written."""
