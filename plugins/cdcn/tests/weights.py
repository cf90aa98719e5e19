"""Seeded weights for the golden comparison, by the rule that the authors' code was run with."""

from __future__ import annotations

import re
import zlib

import numpy as np
import torch
from torch import Tensor

# The authors' names of what is called otherwise here.
AUTHORS = {"stem": "conv1", "block1": "Block1", "block2": "Block2", "block3": "Block3"}
HEAD = {0: "lastconv1.0", 1: "lastconv1.1", 3: "lastconv2.0", 4: "lastconv2.1", 6: "lastconv3.0"}


def authors_name(name: str, value: Tensor) -> str:
    """Translate a name of the state dict."""
    part, index, tail = name.split(".", 2)
    if part == "attention":
        return f"sa{int(index) + 1}.{tail}"
    if (part, index) == ("head", "3") and value.shape[0] == 1:  # CDCN++ has one layer less
        return "lastconv1.3.conv.weight"
    prefix = HEAD[int(index)] if part == "head" else f"{AUTHORS[part]}.{index}"
    return f"{prefix}.conv.{tail}" if value.ndim == 4 else f"{prefix}.{tail}"


def fill(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Draw a tensor from the generator that its name seeds."""
    generator = np.random.default_rng(zlib.crc32(name.encode()))
    if name.endswith("running_var"):
        return generator.uniform(0.5, 1.5, shape).astype(np.float32)
    normal = generator.standard_normal(shape)
    if len(shape) == 4:
        normal = normal * np.sqrt(2 / np.prod(shape[1:]))
    elif re.search(r"bias|running_mean", name):
        normal = 0.1 * normal
    else:
        normal = 1 + 0.1 * normal
    return normal.astype(np.float32)


def seeded(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Give every tensor of a state dict its seeded value."""
    return {
        name: value
        if name.endswith("num_batches_tracked")
        else torch.from_numpy(fill(authors_name(name, value), tuple(value.shape)))
        for name, value in state.items()
    }
