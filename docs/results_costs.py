"""What a trained model costs: parameters and milliseconds an image, measured once a model."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import torch

from fasharness.clips import ClipSpec
from fasharness.common.files import write_json
from fasharness.data import Batch, Presentation, rgb
from fasharness.engine.checkpoint import load_model, model_digest, read_card
from fasharness.engine.device import device_name, make_fabric, place
from fasharness.plugins import Plugins
from fasharness.run.trained import method_of

REPEATS = 20


@dataclass(frozen=True)
class Measured:
    """What was measured of a trained model on the machine that ran its cell.

    Attributes:
        model: digest of the model.
        parameters: of its network.
        milliseconds: for an image of a clip, median, float32, one clip at a time.
        processor: the machine's.
    """

    model: str
    parameters: int
    milliseconds: float
    processor: str


def _kept(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.measured.json")


def measure(folder: Path, plugins: Plugins) -> None:
    """Measure a finished cell's model, once, and keep the figures beside its folder."""
    models = sorted(folder.rglob("model.safetensors"))
    if not models or ((known := measured(folder)) and known.model == model_digest(models[0])):
        return
    card = read_card(models[0])
    method = method_of(card, plugins)
    network = place(method.network({}), make_fabric("cpu", "32-true")).eval()
    load_model(models[0], method, network)
    shown = one_clip(method.scoring_clips())
    spent = []
    with torch.inference_mode():
        for _ in range(REPEATS + 1):
            start = time.perf_counter()
            method.score(None, network, shown)
            spent.append(time.perf_counter() - start)
    frames = shown.rgb.shape[1]
    # The first call also chooses kernels.
    milliseconds = 1000 * median(spent[1:]) / frames
    parameters = sum(p.numel() for p in network.parameters())
    found = Measured(model_digest(models[0]), parameters, milliseconds, processor())
    write_json(_kept(folder), vars(found))


def measured(folder: Path) -> Measured | None:
    """What `measure` kept of a cell, None if there is nothing."""
    try:
        return Measured(**json.loads(_kept(folder).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def one_clip(spec: ClipSpec) -> Batch:
    """A batch of one random clip, with empty label maps where they are asked for."""
    length = spec.frames.length
    sides = dict.fromkeys(spec.modalities, spec.crop.size)
    sides |= {view.name: view.size for view in spec.views}
    images = {
        name: torch.randint(0, 256, (1, length, 3, side, side), dtype=torch.uint8)
        for name, side in sides.items()
    }
    labels = {one.name: torch.zeros(1, length, one.size, one.size) for one in spec.labels}
    shown = [Presentation("one", rgb(Path("one")))]
    return Batch(images, labels, torch.tensor([True]), shown, [""])


def processor() -> str:
    """The processor's name, and whether it has AMX."""
    flags = Path("/proc/cpuinfo")
    amx = flags.is_file() and "amx_tile" in flags.read_text(encoding="utf-8")
    return f"{device_name('cpu')}, {'with' if amx else 'without'} AMX"
