"""Seeded weights for the golden comparison, by the rule that the authors' code was run with."""

from __future__ import annotations

import re
import zlib

import numpy as np
import torch
from torch import Tensor, nn

NETWORKS = (("attack.", "netE_nir."), ("bona_fide.", "netE_vis."), ("decoder.", "netG."))


def authors_name(name: str) -> str:
    """Translate a name of `PairGenerator`'s state dict; the head's and LightCNN's are nearly
    theirs."""
    for ours, theirs in NETWORKS:
        if name.startswith(ours):
            name = theirs + name.removeprefix(ours)
    name = re.sub(r"^types\.", "netCls.fc.", name)
    name = name.replace("expand", "conv_expand").replace(".stem.", ".main.0.")
    if name.startswith("netG."):
        name = name.replace("netG.fc.", "netG.fc.0.").replace("netG.out.", "netG.main.12.")
        name = re.sub(r"blocks\.5\.(\d)", r"main.10.\1", name)
        return re.sub(r"blocks\.(\d)", lambda m: f"main.{2 * int(m[1])}.0", name)
    return re.sub(r"blocks\.(\d)", lambda m: f"main.{4 + 2 * int(m[1])}.0", name)


def fill(name: str, shape: tuple[int, ...], gain: float = 1.0) -> np.ndarray:
    """Draw a tensor from the generator that its name seeds."""
    normal = np.random.default_rng(zlib.crc32(name.encode())).standard_normal(shape)
    scale = gain * np.sqrt(2 / np.prod(shape[1:])) if len(shape) > 1 else 0.05
    return (normal * scale).astype(np.float32)


def seed(network: nn.Module, prefix: str = "", gain: float = 1.0) -> None:
    """Give every tensor of a network its seeded value."""
    state: dict[str, Tensor] = {
        name: torch.from_numpy(fill(prefix + authors_name(name), tuple(value.shape), gain))
        for name, value in network.state_dict().items()
        if name != "share"
    }
    network.load_state_dict(state, strict=False)
