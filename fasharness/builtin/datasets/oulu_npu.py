"""OULU-NPU in its released layout: protocols, presentations and validation.

Source: Boulkenafet et al., "OULU-NPU: A mobile face presentation attack database with
real-world variations", FG 2017. The released set holds 4950 videos (990 bona fide and 3960
attack presentations); the 5940 of the paper's abstract were never released.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from fasharness.builtin.datasets.oulu_npu_files import (
    PHONES,
    SPECIES,
    Name,
    all_names,
    parse_name,
    read_list,
    rule,
)
from fasharness.builtin.datasets.oulu_npu_frames import (
    DEPTHS,
    SCENES,
    SceneDepth,
    boxes_of,
    frames_of,
)
from fasharness.common.marks import refuse_unfinished
from fasharness.data import Presentation, Split, rgb
from fasharness.dataset import About, Counts, Dataset, Finding, Outline, Validation
from fasharness.errors import DataError
from fasharness.protocol import Convention, Protocol
from fasharness.released.boxes import eyes_csv

if TYPE_CHECKING:
    from fasharness.faces import DepthSource, Face
    from fasharness.scores import Score

FOLDERS: Mapping[Split, str] = MappingProxyType(
    {Split.TRAIN: "Train_files", Split.DEV: "Dev_files", Split.TEST: "Test_files"}
)
GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"print": ("print1", "print2"), "display": ("display1", "display2")}
)
CONVENTION = Convention(
    words="ACER = (APCER + BPCER) / 2 on test at the dev EER threshold; APCER is the larger of "
    "print (printers 1 and 2) and display (displays 1 and 2)",
    threshold="eer",
    metric="ACER",
)

_WORDS: Mapping[int, str] = MappingProxyType(
    {
        1: "test in a session of other light and background",
        2: "test with another printer and another display",
        3: "test with the telephone that train and dev leave out",
        4: "test with all three: another session, instruments and telephone",
    }
)
_PARTS: Mapping[Split, str] = MappingProxyType(
    {Split.TRAIN: "Train", Split.DEV: "Dev", Split.TEST: "Test"}
)


def _fold_parts(fold: str) -> tuple[int, int | None]:
    """Protocol number and fold of a name such as ``oulu1`` or ``oulu4_2``."""
    match = re.fullmatch(r"oulu([1-4])(?:_([1-6]))?", fold)
    if match is None:
        raise ValueError(f"{fold!r} is not a fold of OULU-NPU")
    return int(match[1]), int(match[2]) if match[2] else None


def _folds() -> dict[str, tuple[str, ...]]:
    folds: dict[str, tuple[str, ...]] = {"oulu1": ("oulu1",), "oulu2": ("oulu2",)}
    for number in (3, 4):
        names = tuple(f"oulu{number}_{phone}" for phone in PHONES)
        folds[f"oulu{number}"] = names
        folds |= {name: (name,) for name in names}
    return folds


class OuluNpu(Dataset):
    """OULU-NPU under a root with Train_files, Dev_files, Test_files and Protocols."""

    name = "oulu-npu"
    title = "OULU-NPU"
    folds: ClassVar[Mapping[str, tuple[str, ...]]] = MappingProxyType(_folds())
    size = Counts(990, 3960)
    about = About(
        what="55 subjects in three sessions, filmed by six telephones, and attacks with two "
        "printers and two displays. Boulkenafet et al., FG 2017.",
        granted="University of Oulu, under its agreement",
        tree="""\
{Train,Dev,Test}_files/<phone>_<session>_<user>_<file>.avi
{Train,Dev,Test}_files/<the same name>.txt             eyes: frame,x,y,x,y, frames from 0
scenes/<name>/<name>_001_scene.jpg, .dat               or frames with boxes, as SGTD's code wants
depths/<name>/<name>_001_depth1D.jpg                   and their depth maps
Protocols/Protocol_{1,2}/{Train,Dev,Test}.txt          official lists, used where they are
Protocols/Protocol_{3,4}/{Train,Dev,Test}_{1,…,6}.txt""",
        traps=(
            "4950 videos were released; the paper's abstract says 5940.",
            "File 1 is bona fide, 2 and 3 are printers, 4 and 5 displays; lists of test label "
            "printers -1 and displays -2, others every attack -1.",
            "Both eyes at one place mean that there is no annotation.",
        ),
        open=("Which of the two displays is file 4 and which is file 5.",),
    )

    @classmethod
    def outline(cls, fold: str) -> Outline | None:
        """Return the published selection of a fold, with its counts."""
        if fold not in cls.folds or len(cls.folds[fold]) > 1:
            return None
        number, phone = _fold_parts(fold)
        ruled = {split: rule(number, phone, split) for split in Split}
        chosen = {
            split: [n for n in all_names() if n.split is split and ruled[split].takes(n)]
            for split in Split
        }
        bona_fide = {split: sum(n.file == 1 for n in names) for split, names in chosen.items()}
        counts = {s: Counts(bona_fide[s], len(chosen[s]) - bona_fide[s]) for s in Split}
        return Outline(_WORDS[number], counts, CONVENTION)

    @classmethod
    def claims(cls, root: Path) -> bool:
        """Return whether one of the three folders is there, or that of frames."""
        frames = any((root / SCENES).glob("?_?_??_?/?_?_??_?_*_scene.jpg"))
        return frames or any((root / folder).is_dir() for folder in FOLDERS.values())

    @classmethod
    def owns(cls, path: str) -> bool:
        """Return whether a path is that of a video, e.g. ``Train_files/1_1_01_1.avi``."""
        folder, _, name = path.partition("/")
        with suppress(ValueError):
            return folder in FOLDERS.values() and bool(parse_name(name.removesuffix(".avi")))
        return False

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        if not root.is_dir():
            raise DataError(f"{root}: no such folder; it should hold {', '.join(FOLDERS.values())}")
        refuse_unfinished(root)
        if not self.claims(root):
            raise DataError(f"{root}: not OULU-NPU: none of {', '.join(FOLDERS.values())} is in it")

    @cached_property
    def expected(self) -> tuple[Name, ...]:
        """Names that this root should have: all 4950, or those in the lists of a simulated root."""
        return tuple(self._simulated_names() if self.simulated else all_names())

    def _simulated_names(self) -> list[Name]:
        """Return the names in any list of a simulated root; without lists, those of its videos."""
        return sorted(set(self._listed_names()) or set(self._names_on_disk()))

    def _listed_names(self) -> Iterator[Name]:
        folds = {fold for names in self.folds.values() for fold in names}
        for path, split in ((self.list_path(f, s), s) for f in sorted(folds) for s in Split):
            with suppress(DataError):  # a broken list is reported where its protocol is used
                yield from (line.name for line in read_list(path, split))

    def _names_on_disk(self) -> Iterator[Name]:
        for folder in FOLDERS.values():
            for path in (self.root / folder).glob("*.avi"):
                with suppress(ValueError):
                    yield parse_name(path.stem)
        for path in (self.root / SCENES).glob("*"):
            with suppress(ValueError):
                yield parse_name(path.name)

    def list_path(self, fold: str, split: Split) -> Path:
        """Return the path of the released list of a fold's part."""
        number, phone = _fold_parts(fold)
        suffix = f"_{phone}" if phone else ""
        return self.root / "Protocols" / f"Protocol_{number}" / f"{_PARTS[split]}{suffix}.txt"

    def names_by_rule(self, fold: str, split: Split) -> tuple[Name, ...]:
        """Return the expected names of a fold's part by the published rule."""
        selection = rule(*_fold_parts(fold), split)
        return tuple(n for n in self.expected if n.split is split and selection.takes(n))

    def protocol(self, name: str) -> Protocol:
        """Build a fold from the list files if they exist, else from the published rule."""
        parts = {}
        sources = []
        for split in Split:
            path = self.list_path(name, split)
            if path.is_file():
                names: Sequence[Name] = [line.name for line in read_list(path, split)]
                sources.append("files")
            else:
                names = self.names_by_rule(name, split)
                sources.append("rule")
            parts[split] = tuple(self.presentation(item) for item in names)
        return Protocol(
            name=name,
            dataset=self.name,
            version="+".join(sorted(set(sources))),
            train=parts[Split.TRAIN],
            dev=parts[Split.DEV],
            test=parts[Split.TEST],
            groups=GROUPS,
            convention=CONVENTION,
            simulated=self.simulated,
        )

    def part(self, split: Split) -> tuple[Presentation, ...]:
        """Return every presentation of a split's users."""
        return tuple(self.presentation(name) for name in self.expected if name.split is split)

    def presentation(self, name: Name) -> Presentation:
        """Return the presentation of a name; its path is built from the checked parts only."""
        return Presentation(
            id=str(name),
            files=rgb(self._media(name)),
            dataset=self.name,
            subject=f"{name.user:02d}",
            species=SPECIES[name.file],
            device=f"phone{name.phone}",
            session=f"session{name.session}",
        )

    def _media(self, name: Name) -> Path:
        """The video; where it is missing and its frames are there, their folder."""
        folder = self.root / FOLDERS[name.split]
        video = folder / f"{name}.avi"
        if video.exists():
            return video
        return frames_of((folder, self.root / SCENES), str(name)) or video

    def notes(self, protocol: str) -> tuple[str, ...]:
        """Return where the list files differ from the published rule, one line per name."""
        notes: list[str] = []
        for split in Split:
            path = self.list_path(protocol, split)
            if not path.is_file():
                notes.append(f"{path}: no such list; the published rule is used instead")
                continue
            listed = {line.name: line.line for line in read_list(path, split)}
            ruled = set(self.names_by_rule(protocol, split))
            notes += [
                f"{path}: lacks {name}, which the published rule has"
                for name in sorted(ruled - listed.keys())
            ]
            notes += [
                f"{path}:{listed[name]}: {name} is not in the published rule"
                for name in sorted(listed.keys() - ruled)
            ]
        return tuple(notes)

    def faces(self, presentation: Presentation) -> Mapping[int, Face]:
        """Return face boxes from the eye positions beside the video, or those beside frames."""
        if presentation.path.is_dir():
            return boxes_of(presentation.path)
        return eyes_csv(presentation.path.with_suffix(".txt"), presentation.path).faces

    def side_files(self, presentation: Presentation) -> tuple[Path, ...]:
        """Eye positions, and the exact depth of simulated videos; the depth maps of frames."""
        if presentation.path.is_dir():
            return tuple(sorted((self.root / DEPTHS / presentation.id).glob("*_depth1D.jpg")))
        return tuple(presentation.path.with_suffix(end) for end in (".txt", ".depth.npz"))

    def maps(self, presentation: Presentation, label: str) -> DepthSource | None:
        """Return exact depth, which only simulated videos have, or the depth maps of frames."""
        from fasharness.prepare.depth import ExactDepth

        maps = self.root / DEPTHS / presentation.id
        if label == "depth" and presentation.path.is_dir() and maps.is_dir():
            return SceneDepth(maps, presentation.path)
        path = presentation.path.with_suffix(".depth.npz")
        return ExactDepth(path) if label == "depth" and path.is_file() else None

    def validate(
        self, protocols: Sequence[str], progress: Callable[[int, int], None] | None = None
    ) -> Validation:
        """Check videos, eye files and lists against the expected names, reading a frame of each."""
        findings = list(self._check_names())
        with ThreadPoolExecutor() as pool:
            present = [p for n in self.expected if (p := self.presentation(n)).path.exists()]
            for done, found in enumerate(pool.map(_check_video, present), start=1):
                findings += found
                if progress is not None:
                    progress(done, len(present))
        counts = {}
        for fold in protocols:
            try:
                findings += [Finding("list", fold, note) for note in self.notes(fold)]
            except DataError as error:
                findings.append(Finding("list", fold, str(error)))
            counts[fold] = self._counts(fold)
        return Validation(len(present), tuple(findings), counts)

    def write_official_scores(self, folder: Path, scores: Sequence[Score]) -> None:
        """Write Dev_scores.txt (plain names) and Test_scores.txt (hex-coded names)."""
        from fasharness.scorefiles.official_lists import write_oulu_lists

        write_oulu_lists(folder, scores)

    def _check_names(self) -> Iterator[Finding]:
        expected = {self.presentation(name).path for name in self.expected}
        for path in sorted(path for path in expected if not path.exists()):
            yield Finding("missing", path.stem, str(path))
        for folder in FOLDERS.values():
            for path in sorted((self.root / folder).glob("*.avi")):
                if path not in expected:
                    yield Finding("extra", path.stem, str(path))

    def _counts(self, fold: str) -> str:
        parts = []
        for split in Split:
            ruled = self.names_by_rule(fold, split)
            there = [n for n in ruled if self.presentation(n).path.exists()]
            found, wanted = (Counter(n.file == 1 for n in part) for part in (there, ruled))
            parts.append(f"{split} {found[True]}+{found[False]} of {wanted[True]}+{wanted[False]}")
        return ", ".join(parts)


def _check_video(presentation: Presentation) -> list[Finding]:
    """Return the problems of one video and its eye file, reading at most one frame."""
    from fasharness.prepare.decode import check_readable

    found = []
    try:
        check_readable(presentation.path)
    except DataError as error:
        found.append(Finding("video", presentation.id, str(error)))
    try:
        if presentation.path.is_dir():
            boxes_of(presentation.path)
            return found
        eyes_csv(presentation.path.with_suffix(".txt"), presentation.path)
    except DataError as error:
        found.append(Finding("eyes", presentation.id, str(error)))
    return found
