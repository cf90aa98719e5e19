"""Seeded weights for the golden comparison, by the rule that the authors' code was run with."""

from __future__ import annotations

import re
import zlib

import numpy as np
import torch
from torch import Tensor


def authors_name(name: str) -> str:
    """Translate a name of the state dict."""
    name = re.sub(r"^encoder\.", "backbone.", name)
    name = re.sub(r"^classifier\.", "head.", name)
    name = name.replace("head.1.", "fc.") if name.startswith("head.1.") else name
    if name.startswith("decoder."):
        _, stage, part, tail = name.split(".", 3)
        number = int(stage) + 1
        if part == "refine":
            name = f"neck.deres{number}.{tail.replace('norm', 'in')}"
        else:
            layer, kind = tail.split(".")
            is_norm = int(layer) == (3 if part == "up" else 1)
            size = "2x2" if part == "up" else "1x1"
            name = f"neck.conv_module{size}.{number}.{'in' if is_norm else '_conv'}.{kind}"
    name = name.replace("norm", "bn")
    return name.replace("running_mean", "_mean").replace("running_var", "_variance")


def fill(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Draw a tensor from the generator that its name seeds."""
    generator = np.random.default_rng(zlib.crc32(name.encode()))
    if name.endswith("_variance"):
        return generator.uniform(0.5, 1.5, shape).astype(np.float32)
    normal = generator.standard_normal(shape)
    if name == "fc.weight":
        normal = normal * (0.05 * np.sqrt(2 / shape[1]))
    elif name == "fc.bias":
        normal = 0.05 * normal
    elif len(shape) == 4:
        normal = normal * np.sqrt(2 / np.prod(shape[1:]))
    elif re.search(r"bias|_mean", name):
        normal = 0.1 * normal
    else:
        normal = 1 + 0.1 * normal
    return normal.astype(np.float32)


def seeded(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Give every tensor of a state dict its seeded value."""
    return {
        name: value
        if name.endswith("num_batches_tracked")
        else torch.from_numpy(fill(authors_name(name), tuple(value.shape)))
        for name, value in state.items()
    }
