"""Frozen image encoders of several makers behind one call: pictures in, embeddings out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from fasharness.engine.published import fill, load_published
from fasharness.errors import WeightsError
from fasharness_baselines import HF, LITE0, ONNX, TIMM
from fasharness_baselines import efficientnet_lite as lite0
from fasharness_baselines.held import Held
from fasharness_baselines.needs import need


class Kind(NamedTuple):
    """What an encoder's name says.

    Attributes:
        maker: ``efficientnet-lite0``, ``onnx``, ``timm`` or ``hf``.
        model: the model's name at its maker; empty for the first two.
    """

    maker: str
    model: str

    @property
    def weights(self) -> str:
        """Name of its weights."""
        found = {"efficientnet-lite0": LITE0, "onnx": ONNX, "timm": TIMM, "hf": HF}
        return found[self.maker].name


def kind(name: str) -> Kind:
    """Read an encoder's name.

    Raises:
        ValueError: it is none.
    """
    maker, _, model = name.partition(":")
    if (maker in ("efficientnet-lite0", "onnx") and not model) or (
        maker in ("timm", "hf") and model
    ):
        return Kind(maker, model)
    raise ValueError(
        f"encoder must be efficientnet-lite0, onnx, timm:NAME or hf:NAME, got {name!r}"
    )


def check_installed(chosen: Kind) -> None:
    """Refuse an encoder whose package is missing.

    Raises:
        OptionError: it is not installed.
    """
    packages = {"onnx": "onnxruntime", "timm": "timm", "hf": "transformers"}
    if package := packages.get(chosen.maker):
        need(f"probe with encoder={chosen.maker}", package, package, chosen.maker)


def build(chosen: Kind, files: Mapping[str, Path]) -> nn.Module:
    """Build an encoder.

    Args:
        chosen: which one.
        files: name to file of its weights; empty if a trained model's follow.

    Returns:
        A module from float32 (B, 3, S, S) to (B, D).

    Raises:
        WeightsError: the file is not that of the encoder, or there is no such model.
    """
    file = files.get(chosen.weights)
    match chosen.maker:
        case "efficientnet-lite0":
            found = lite0.EfficientNetLite0()
            if file:
                title, unused = "EfficientNet-Lite0", ("_fc.",)
                load_published(found, file, title, lite0.published_name, unused)
            return found
        case "onnx":
            return OnnxEncoder(file)
        case "timm":
            return _timm(chosen.model, file)
    return HuggingFace(chosen.model, file)


class OnnxEncoder(Held):
    """A model in ONNX that onnxruntime runs on the CPU; its file is part of the state.

    Args:
        path: the file; None if its bytes are loaded afterwards.
    """

    file: Tensor

    def __init__(self, path: Path | None) -> None:
        super().__init__("file", dtype=torch.uint8)
        self.session: Any = None
        if path is not None:
            self.hold({"file": np.frombuffer(path.read_bytes(), np.uint8).copy()})
            self._start(str(path))

    def _start(self, name: str) -> None:
        from onnxruntime import InferenceSession
        from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidGraph, InvalidProtobuf

        try:
            session = InferenceSession(
                self.file.cpu().numpy().tobytes(), providers=["CPUExecutionProvider"]
            )
        except (Fail, InvalidGraph, InvalidProtobuf):
            raise WeightsError(f"{name}: is no model in ONNX") from None
        (first, *more), shape = session.get_inputs(), session.get_inputs()[0].shape
        if more or len(shape) != 4 or first.type != "tensor(float)":
            raise WeightsError(
                f"{name}: an image encoder takes one float tensor (N, 3, S, S), this takes "
                f"{first.type} {shape} and {len(more)} more"
            )
        self.session = session

    def forward(self, pictures: Tensor) -> Tensor:
        """Embed pictures, float32 (B, 3, S, S); what is left of each is flattened."""
        if self.session is None:
            self._start("the model file")
        first = self.session.get_inputs()[0]
        # Many exports take one picture at a time.
        size = len(pictures) if isinstance(first.shape[0], str | None) else int(first.shape[0])
        parts = torch.split(pictures.cpu().contiguous(), size)
        found = [self._run(first.name, part) for part in parts]
        return torch.cat(found).flatten(1).to(pictures.device)

    def _run(self, name: str, part: Tensor) -> Tensor:
        from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidArgument

        try:
            return torch.from_numpy(self.session.run(None, {name: part.numpy()})[0])
        except (Fail, InvalidArgument) as error:
            line = " ".join(str(error).split())[:200]
            raise WeightsError(
                f"the ONNX encoder refuses pictures {tuple(part.shape)} (option side): {line}"
            ) from None


def _timm(model: str, file: Path | None) -> nn.Module:
    import timm

    if not timm.is_model(model):
        raise WeightsError(f"timm {timm.__version__} has no model {model!r}")
    found: nn.Module = timm.create_model(model, pretrained=False, num_classes=0)
    if file is not None:
        # What a classifier adds is left out, whatever its name.
        fill(found, _read(file), file, model, unused=("",))
    return found


class HuggingFace(nn.Module):
    """A model of Hugging Face's transformers; its pooled output, or else its first token.

    Args:
        name: of the repository, or a folder with ``config.json``.
        path: ``model.safetensors``; None if the weights are loaded afterwards.
    """

    def __init__(self, name: str, path: Path | None) -> None:
        super().__init__()
        from transformers import AutoConfig, AutoModel

        try:
            config = AutoConfig.from_pretrained(name)
        except (OSError, ValueError) as error:
            line = " ".join(str(error).split())[:200]
            raise WeightsError(f"hf:{name}: no configuration: {line}") from None
        self.model = AutoModel.from_config(config)
        if path is not None:
            self._load(path, name, config)

    def _load(self, path: Path, name: str, config: Any) -> None:
        # By its own loader: it knows the names of older files, and what a classifier adds.
        self.model, report = type(self.model).from_pretrained(
            None, config=config, state_dict=dict(_read(path)), output_loading_info=True
        )
        wrong = sorted({*report["missing_keys"], *map(str, report["mismatched_keys"])})
        if wrong:
            raise WeightsError(f"{path}: is not {name}: {wrong[0]} is missing or of another shape")

    def forward(self, pictures: Tensor) -> Tensor:
        """Embed pictures, float32 (B, 3, S, S)."""
        found = self.model(pixel_values=pictures)
        pooled: Tensor | None = getattr(found, "pooler_output", None)
        tokens: Tensor = found.last_hidden_state
        return tokens[:, 0] if pooled is None else pooled.flatten(1)


def _read(file: Path) -> Mapping[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        return load(file.read_bytes())
    except SafetensorError:
        raise WeightsError(f"{file}: is no whole safetensors file") from None
