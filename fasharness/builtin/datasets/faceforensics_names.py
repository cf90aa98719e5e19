"""What the names of FaceForensics++'s videos, folders of frames and pictures say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from fasharness.builtin.datasets.faceforensics_pairs import PAIRS
from fasharness.data import Split
from fasharness.released.items import Item, matcher

METHODS = ("Deepfakes", "Face2Face", "FaceSwap", "NeuralTextures", "FaceShifter")
"""The forgery methods of FaceForensics++; its paper has the first four."""
DETECTION = "DeepFakeDetection"
COMPRESSIONS = ("c0", "c23", "c40")
SPECIES: Mapping[str, str] = MappingProxyType(
    {name: name.lower() for name in (*METHODS, DETECTION)}
)
"""PAI species of each method."""
PART: Mapping[str, Split] = MappingProxyType(
    {person: split for split, pairs in PAIRS.items() for pair in pairs for person in pair}
)
"""The official part of each of the 1000 videos."""

_PATH = matcher(
    r"<top>_sequences/<kind>/<rate>/(videos/<video>\.mp4|images/<frames>(/\d+\.(png|jpg))?)",
    top="original|manipulated",
    kind=r"\w+",
    rate="raw|c0|c23|c40",
    video=r"\w+",
    frames=r"\w+",
)
_ONE = re.compile(r"\d{3}", re.ASCII)
_TWO = re.compile(r"(\d{3})_(\d{3})", re.ASCII)
_ACTOR = re.compile(r"(\d\d)__([a-z_]+)", re.ASCII)
_ACTORS = re.compile(r"(\d\d)_(\d\d)__([a-z_]+)__[A-Z0-9]{8}", re.ASCII)


class Kind(NamedTuple):
    """Of which sequences a presentation is.

    Attributes:
        name: ``youtube``, ``actors``, or the method.
        compression: ``c0``, ``c23`` or ``c40``.
    """

    name: str
    compression: str


def kind_of(item: Item) -> Kind:
    """Return of which sequences an item is."""
    return Kind(item.path.split("/", 2)[1], item.attributes["compression"])


def item_of(path: str) -> Item | None:
    """Return what a path says: a video's, that of the folder of its frames, or one frame's."""
    fields = _PATH(path)
    if fields is None:
        return None
    rate, stem = fields["rate"], fields["video"] or fields["frames"]
    facts = _RATES["c0" if rate == "raw" else rate]
    if fields["top"] == "original":
        return _original(path, fields["kind"], stem, facts)
    return _forged(path, fields["kind"], stem, facts)


def _original(path: str, kind: str, stem: str, facts: Mapping[str, str]) -> Item | None:
    if kind == "youtube" and _ONE.fullmatch(stem):
        return Item(path, None, stem, PART[stem], attributes=facts)
    found = _ACTOR.fullmatch(stem)
    if kind != "actors" or found is None:
        return None
    return Item(path, None, f"actor{found[1]}", session=found[2], attributes=facts)


def _forged(path: str, kind: str, stem: str, facts: Mapping[str, str]) -> Item | None:
    if kind in METHODS and (found := _TWO.fullmatch(stem)):
        target, source = found.groups()
        part = PART[target]
        return Item(path, SPECIES[kind], target, part, attributes=facts, others=(source,))
    found = _ACTORS.fullmatch(stem)
    if kind != DETECTION or found is None:
        return None
    target, source = (f"actor{number}" for number in found.groups()[:2])
    return Item(path, SPECIES[kind], target, session=found[3], attributes=facts, others=(source,))


_RATES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {rate: MappingProxyType({"compression": rate}) for rate in COMPRESSIONS}
)
