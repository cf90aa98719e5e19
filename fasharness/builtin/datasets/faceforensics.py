"""FaceForensics++ and DeepFakeDetection in their released layout.

Source: Rossler et al., "FaceForensics++: learning to detect manipulated facial images", ICCV 2019;
layout and split as in the repository ondyari/FaceForensics, LGSC's lists as in its code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

from fasharness.builtin.datasets import faceforensics_metrics
from fasharness.builtin.datasets.faceforensics_lists import (
    BENCHMARK,
    from_data,
    is_hidden,
    read_pairs,
    write_decisions,
)
from fasharness.builtin.datasets.faceforensics_names import (
    COMPRESSIONS,
    DETECTION,
    METHODS,
    item_of,
    kind_of,
)
from fasharness.builtin.datasets.faceforensics_plans import LGSC, PLANS, is_benchmark
from fasharness.data import Presentation, Split, rgb
from fasharness.dataset import About, Counts, Outline
from fasharness.errors import DataError
from fasharness.protocol import OFFICIAL, Protocol
from fasharness.released.dataset import Released
from fasharness.released.items import Item, Plan, folds_of
from fasharness.released.layout import Part
from fasharness.released.lists import Listed, ListFormat, lines_of, read_list
from fasharness.released.walk import Walked, walk

SPLITS = ("splits", "dataset/splits")
"""Folders below the root in which the official pair lists may lie."""
_SPLIT_NAMES: Mapping[Split, str] = MappingProxyType(
    {Split.TRAIN: "train", Split.DEV: "val", Split.TEST: "test"}
)
_LGSC_LISTS: Mapping[Split, str] = MappingProxyType(
    {Split.TRAIN: "train_add_train.txt", Split.DEV: "train_val_train.txt"}
)
_LGSC_FORMAT = ListFormat(("path", "label"), bona_fide=frozenset("0"), attack=frozenset("1"))
_LGSC_BENCHMARK = "faceforensics_benchmark.txt"
_BESIDE = re.compile(r"^manipulated_sequences/\w+/(\w+/)?(masks|models)(/|$)")
_NONE = Counts(0, 0)


def _parts() -> Iterator[Part]:
    """What a root holds of each kind and compression: everything or nothing."""
    whole = {"youtube": Counts(1000, 0), "actors": Counts(363, 0), DETECTION: Counts(0, 3068)}
    for kind in ("youtube", "actors", *METHODS, DETECTION):
        for compression in COMPRESSIONS:
            yield Part(
                f"{kind} {compression}",
                lambda item, wanted=(kind, compression): kind_of(item) == wanted,  # type: ignore[misc]
                whole.get(kind, Counts(0, 1000)),
                _NONE,
                "roots without it",
            )


class FaceForensics(Released):
    """FaceForensics++ under a root with original_sequences and manipulated_sequences."""

    name = "faceforensics"
    title = "FaceForensics++"
    plans = PLANS
    folds = folds_of(PLANS)
    attributes: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"compression": "H.264 rate: c0 (also called raw), c23 or c40"}
    )
    metrics = faceforensics_metrics.METRICS
    size = Counts(1363, 8068)
    tops = ("original_sequences", "manipulated_sequences")
    parts = tuple(_parts())
    about = About(
        what="1000 videos of YouTube and their forgeries by five methods (Deepfakes, Face2Face, "
        "FaceSwap, NeuralTextures, FaceShifter), 363 videos of actors with 3068 forgeries "
        "(DeepFakeDetection), each at three compressions, and the 1000 pictures of its benchmark. "
        "Rossler et al., ICCV 2019.",
        granted="its authors, by a form, which answers with a download script",
        tree="""\
original_sequences/{youtube,actors}/{c0 or raw,c23,c40}/videos/071.mp4
manipulated_sequences/<method>/{c0 or raw,c23,c40}/videos/071_054.mp4    target_source
…/{c0,c23,c40}/images/071_054/0000.png      extracted frames, used where there is no video
splits/{train,val,test}.json                official pairs; a copy comes with the harness
faceforensics_benchmark_images/0000.png     pictures of the benchmark, whose class is hidden
train_add_train.txt, train_val_train.txt    LGSC's lists of pictures, 0 = bona fide
faceforensics_benchmark.txt                 LGSC's list of the benchmark's pictures""",
        traps=(
            "A forgery shows two persons, target and source: both belong to one part.",
            "Both orders of a pair are forgeries.",
            "DeepFakeDetection has no split: it is only tested on.",
            "LGSC's lists say 0 for bona fide, and its benchmark list has no true labels.",
            "A video and its extracted frames are one presentation; the video is used.",
            "The benchmark counts single pictures; figures here count videos or folders.",
        ),
        open=(
            "Where masks lie; they are not read.",
            "LGSC's lists themselves: nobody here has them, and persons may be in two of them.",
        ),
    )

    @classmethod
    def item(cls, path: str) -> Item | None:
        """Return what a path says, e.g. ``original_sequences/youtube/c23/videos/071.mp4``."""
        return item_of(path)

    @classmethod
    def outline(cls, fold: str) -> Outline | None:
        """Return what a fold is; LGSC's dev is a list of its authors."""
        found = super().outline(fold)
        return found._replace(dev_rule=OFFICIAL) if found and fold == LGSC else found

    @cached_property
    def walked(self) -> Walked:
        """What lies below the root; a folder of frames counts as one file, masks are left out."""
        found = walk(self.root, self.tops, whole=_is_whole)
        return found._replace(files=tuple(path for path in found.files if not _is_beside(path)))

    @cached_property
    def there(self) -> Mapping[str, Item]:
        """Items on disk by their paths; of a video and its frames the video."""
        found = {p: item for p in self.walked.files if (item := item_of(p)) is not None}
        twins = {_frames_of(path) for path in found}
        return MappingProxyType({path: item for path, item in found.items() if path not in twins})

    def listed(self, fold: str, split: Split) -> Sequence[Listed] | None:
        """Read LGSC's list of a split, or the official pairs if they are in the root.

        Raises:
            DataError: a list is broken, or LGSC's is missing.
        """
        if fold == LGSC and split in _LGSC_LISTS:
            form = replace(_LGSC_FORMAT, repeats=split is Split.TRAIN)
            return read_list(self._of_lgsc(_LGSC_LISTS[split]), form, self._picture)
        path = self._pairs(split)
        if path is None:
            return None
        plan = self.plans[fold]
        whole = [i for i in self.items.values() if i.part is None and plan.part(i) is split]
        return [
            *(Listed(item, item.path) for item in whole),
            *(
                Listed(item, f"{path}, pair {number}")
                for number, pair in enumerate(read_pairs(path), start=1)
                for item in self._of_pair(plan, pair, split)
            ),
        ]

    def _of_lgsc(self, name: str) -> Path:
        path = self.root / name
        if not path.is_file():
            raise DataError(f"{path}: no such list; write LGSC's, lines of a path and 0 or 1")
        return path

    def _pairs(self, split: Split) -> Path | None:
        places = (self.root / folder / f"{_SPLIT_NAMES[split]}.json" for folder in SPLITS)
        return next((place for place in places if place.is_file()), None)

    def _of_pair(self, plan: Plan, pair: tuple[str, str], split: Split) -> Iterator[Item]:
        """Yield what a fold takes of a pair's originals and forgeries."""
        for person in pair:
            for item in self._by_target.get(person, ()):
                if plan.part(item._replace(part=split)) is split:
                    yield item

    @cached_property
    def _by_target(self) -> Mapping[str, Sequence[Item]]:
        """Items by the person whose video they are, or are made of."""
        found: dict[str, list[Item]] = {}
        for item in self.items.values():
            found.setdefault(item.subject, []).append(item)
        return found

    def _picture(self, text: str) -> Item:
        """Return the single picture that a line of LGSC's lists names."""
        path = from_data(text)
        item = item_of(path)
        if item is None:
            raise ValueError(f"{text!r} is no picture of {self.title}")
        if not (self.root / path).is_file():
            raise ValueError(f"{path!r} is not there")
        return item

    def protocol(self, name: str) -> Protocol:
        """Build a fold; one of the benchmark tests on its pictures, of unknown class, as well.

        Raises:
            DataError: a list is broken, or there are no pictures of the benchmark.
        """
        found = super().protocol(name)
        if not is_benchmark(name):
            return found
        hidden = self._named(self._of_lgsc(_LGSC_BENCHMARK)) if name == LGSC else self._hidden()
        if not hidden:
            raise DataError(f"{self.root / BENCHMARK}: no pictures of the benchmark, e.g. 0000.png")
        return replace(found, test=(*found.test, *map(self._unknown, hidden)))

    def _hidden(self) -> Sequence[str]:
        """Paths of the benchmark's pictures."""
        return [path for path in walk(self.root, (BENCHMARK,)).files if is_hidden(path)]

    def _named(self, path: Path) -> Sequence[str]:
        """Paths of the pictures that LGSC's benchmark list names; its labels say nothing."""
        there = {path.rpartition("/")[2]: path for path in self._hidden()}
        named = [(number, text.split()[0]) for number, text in lines_of(path)]
        for number, text in named:
            if text.rpartition("/")[2] not in there:
                raise DataError(f"{path}:{number}: {text!r} is no picture in {BENCHMARK}")
        return [there[text.rpartition("/")[2]] for _, text in named]

    def _unknown(self, path: str) -> Presentation:
        files = rgb(self.root / path)
        return Presentation(path.removesuffix(".png"), files, self.name, known=False)

    def write_submission(self, folder: Path, values: Mapping[str, float], threshold: float) -> None:
        """Write ``submission.json`` of the benchmark, unless the data are simulated."""
        if values and not self.simulated:
            write_decisions(folder / "submission.json", values, threshold)


def _is_whole(path: str) -> bool:
    """Return whether a folder is one presentation, or holds none."""
    return item_of(path) is not None or _is_beside(path)


def _is_beside(path: str) -> bool:
    """Return whether a path belongs to the masks and models that come with forgeries."""
    return _BESIDE.search(path) is not None


def _frames_of(path: str) -> str:
    """Return the folder of a video's extracted frames; empty for what is no video."""
    return path.replace("/videos/", "/images/").removesuffix(".mp4") if "/videos/" in path else ""
