"""A trained model that scores pictures and videos outside of any data set."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import nn

from fasharness.data import RGB, Presentation, rgb
from fasharness.engine.checkpoint import ModelCard, load_model, read_card
from fasharness.engine.clips import ClipSource
from fasharness.engine.device import make_fabric, place
from fasharness.engine.score import score_sources
from fasharness.errors import CheckpointError, DataError
from fasharness.faces import Frame
from fasharness.method import Method, make
from fasharness.plugins import Plugins
from fasharness.prepare.pipeline import Film, Opening, open_film, prepare_group
from fasharness.prepare.planning import Recipe, Task, preparation_device
from fasharness.prepare.store import ClipStore
from fasharness.prepare.tools import Tools
from fasharness.result import Threshold
from fasharness.run.config import as_text
from fasharness.run.settings import check_device

_MODEL = "model.safetensors"


class TrainedModel:
    """A trained model; returned by `load_trained`.

    Attributes:
        method: the method with the model's options.
        card: what the model file says of itself.
        notes: what makes scores differ from those of the model's run, or doubtful; one sentence
            each.

    Args:
        method: the method with the model's options.
        card: what the model file says of itself.
        network: its network with the model's weights, in evaluation mode.
        fabric: the device.
        tools: find faces, and depth if the method needs it.
    """

    def __init__(
        self, method: Method, card: ModelCard, network: nn.Module, fabric: Fabric, tools: Tools
    ) -> None:
        self.method = method
        self.card = card
        self.notes = tuple(_notes(card, tools.recipe.detector))
        self._network = network
        self._fabric = fabric
        self._tools = tools

    def score(self, shown: str | os.PathLike[str] | NDArray[np.uint8]) -> float:
        """Score a video, a picture, or frames.

        Args:
            shown: a video, an image or an ordered folder of images; or uint8 (N, H, W, 3), the
                frames of a video, or (H, W, 3), a picture; RGB.

        Returns:
            The presentation's score, as in a run; higher is more bona fide.

        Raises:
            DataError: the file cannot be read, shows no face, or has too few frames.
            TypeError: neither a path nor an array.
            ValueError: an array of another shape or type.
        """
        if not isinstance(shown, str | os.PathLike | np.ndarray):
            raise TypeError(
                "expected a file, or frames as one array, uint8 (N, H, W, 3); got "
                f"{type(shown).__name__}: join a list of frames with numpy.stack"
            )
        if isinstance(shown, np.ndarray):
            frames = _frames(shown)
            return self._score(Path("frames"), lambda *_: _film(frames))
        return self._score(Path(shown), open_film)

    @property
    def threshold(self) -> Threshold | None:
        """The threshold that the model's run chose on its dev scores; None if it chose none."""
        return self.card.threshold

    def bona_fide(self, shown: str | os.PathLike[str] | NDArray[np.uint8]) -> bool:
        """Decide between bona fide and attack presentation at the model's threshold.

        Args:
            shown: as for `score`.

        Returns:
            Whether the score is bona fide at `threshold`; `notes` says what is to be doubted.

        Raises:
            CheckpointError: the model has no threshold.
            DataError: as for `score`.
        """
        if self.threshold is None:
            raise CheckpointError(
                "the model file holds no threshold: its run has not evaluated dev scores; compare "
                "`score` with a threshold of your own"
            )
        # Bona fide is score >= threshold in every rule (`Threshold.operator`).
        return self.score(shown) >= self.threshold.value

    def _score(self, path: Path, opening: Opening) -> float:
        spec = self.method.scoring_clips()
        # repr: a file may have a name that no line of a score file could hold.
        shown = Presentation(repr(path.name), rgb(path), known=False)
        with TemporaryDirectory(prefix="fasharness-") as folder:
            task, store = Task(shown, (spec,), ("clips",)), ClipStore(Path(folder))
            ((stored,),) = prepare_group((task,), self._tools, store, opening)
            source = ClipSource(shown, stored, spec, self._tools.rule(spec))
            (found,) = score_sources(self.method, None, self._network, [source], self._fabric)
        if found.failure:
            raise DataError(f"{path}: no score: {found.failure}")
        return found.value


def _notes(card: ModelCard, detector: str) -> Iterator[str]:
    """Say what makes scores differ from those of the model's run, or doubtful."""
    if card.simulated:
        yield "SIMULATED: the model was trained on simulated data"
    yield from card.auxiliary
    if card.faces == "dataset":
        yield f"its run had the faces from the data set; here {detector} finds them"
    elif card.detector not in ("", detector):
        yield f"its run found faces with {card.detector}, here {detector} finds them"
    if card.threshold is not None and card.threshold.leaks:
        yield "LEAKS: its threshold was chosen on test scores"


def _film(frames: Sequence[Frame]) -> Film:
    def some(wanted: Sequence[int]) -> Iterator[tuple[int, Mapping[str, Frame]]]:
        return ((index, {RGB: frames[index]}) for index in wanted)

    return Film(len(frames), some)


def _frames(shown: NDArray[np.uint8]) -> Sequence[Frame]:
    frames = shown[None] if shown.ndim == 3 else shown
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[3] != 3 or 0 in frames.shape:
        raise ValueError(
            "frames must be uint8 (N, H, W, 3), or (H, W, 3) for a picture, RGB; "
            f"got {shown.dtype} {shown.shape}"
        )
    return list(frames)


def load_trained(path: Path, plugins: Plugins, *, device: str, detector: str) -> TrainedModel:
    """Load a model file for scoring; see `fasharness.load`."""
    check_device(device)
    path = model_file(path)
    card = read_card(path)
    method = method_of(card, plugins)
    found = detector or card.detector or "mtcnn"
    plugins.find("detector", found)
    fabric = make_fabric(device, "32-true")
    network = place(method.network({}), fabric)
    load_model(path, method, network)
    recipe = Recipe((), detector=found, device=preparation_device(device))
    return TrainedModel(method, card, network.eval(), fabric, Tools(recipe, plugins))


def model_file(path: Path) -> Path:
    """Return the model of a run's folder, and any other path as it is."""
    if not path.is_dir():
        return path
    if (path / _MODEL).is_file():
        return path / _MODEL
    folds = ", ".join(sorted(file.parent.name for file in path.glob(f"*/{_MODEL}")))
    hint = f"name the folder of one of its folds: {folds}" if folds else "name a model file"
    raise CheckpointError(f"{path}: is a folder without {_MODEL}; {hint}")


def method_of(card: ModelCard, plugins: Plugins) -> Method:
    """Build the method of a model file, with the options that it was trained with."""
    options = {name: as_text(value) for name, value in card.options.items()}
    return make(plugins.method(card.method), "", options)
