"""CelebA-Spoof in its released layout.

Source: Zhang et al., "CelebA-Spoof: large-scale face anti-spoofing dataset with rich annotations",
ECCV 2020; the format of its lists and boxes as in the authors' repository.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, NamedTuple

from fasharness.builtin.datasets.celeba_spoof_lists import Row, read_rows
from fasharness.data import Split
from fasharness.dataset import About, Counts
from fasharness.errors import DataError
from fasharness.protocol import Convention
from fasharness.released.boxes import SQUARE_224, Boxes, beside, square_224
from fasharness.released.dataset import ByLists, nowhere
from fasharness.released.items import Item, Plan, folds_of, matcher, with_test_eer
from fasharness.released.lists import Listed

GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "print": ("photo", "poster", "a4"),
        "paper-cut": ("face-mask", "upper-body-mask", "region-mask"),
        "replay": ("pc", "pad", "phone"),
        "3d": ("3d-mask",),
        "other": ("unnamed",),
    }
)
CONVENTION = Convention(
    words="TPR of attacks at FPR 1 %, 0.5 % and 0.1 % of bona fide pictures, of the whole curve: "
    "1 minus APCER at BPCER 1 % and so on, all attacks pooled; ACER at the EER threshold",
    threshold="eer",
    metric="apcer_pooled@bpcer=0.01",
    positive="attack",
)
SHARED = frozenset({"5028", "7332", "9735"})
QUALITIES = ("high", "middle", "low")

_NAME = matcher(
    r"Data/<set>/<subject>/<kind>/\d{6}\.(jpg|png)",
    set="train|test",
    subject=r"\d{1,5}",
    kind="live|spoof",
)
_SETS: Mapping[str, Split] = MappingProxyType({"train": Split.TRAIN, "test": Split.TEST})


class _Folder(NamedTuple):
    """A folder of lists below ``metas``."""

    path: str
    words: str
    protocol: str = ""
    counts: Mapping[Split, Counts] = MappingProxyType({})


_FOLDERS: Mapping[str, _Folder] = MappingProxyType(
    {
        "celeba-spoof-intra": _Folder(
            "intra_test",
            "the lists of intra_test",
            counts={Split.TEST: Counts(19923, 47247)},
        ),
        "celeba-spoof-1": _Folder("protocol1", "the lists of protocol1"),
        **{
            f"celeba-spoof-2_{quality}": _Folder(
                f"protocol2/test_on_{quality}_quality_device",
                f"test on attacks with devices of {quality} quality, train on the others",
                "celeba-spoof-2",
            )
            for quality in QUALITIES
        },
    }
)


PLANS: Mapping[str, Plan] = MappingProxyType(
    with_test_eer(
        {
            name: Plan(
                folder.words,
                nowhere,
                CONVENTION,
                protocol=folder.protocol,
                groups=GROUPS,
                counts=folder.counts,
                subjects="overlap",
            )
            for name, folder in _FOLDERS.items()
        }
    )
)


def _item(path: str) -> Item | None:
    fields = _NAME(path)
    if fields is None:
        return None
    # A subject has up to a hundred pictures: one text for all of them.
    return Item(
        path,
        species=None if fields["kind"] == "live" else "unnamed",
        subject=sys.intern(fields["subject"]),
        part=_SETS[fields["set"]],
    )


class CelebaSpoof(ByLists):
    """CelebA-Spoof under a root with Data and metas."""

    name = "celeba-spoof"
    title = "CelebA-Spoof"
    plans = PLANS
    folds = folds_of(PLANS)
    size = Counts(156384, 469153)
    attributes: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "illumination": "of attacks: number 1 to 4 of the lists",
            "environment": "of attacks: number 1 or 2 of the lists",
        }
    )
    tops = ("Data",)
    shared = SHARED
    boxes = Boxes(
        f"{SQUARE_224} of the picture scaled to 224x224; no file where no face was found",
        square_224,
        beside("_BB.txt"),
    )
    about = About(
        what="625,537 pictures of 10,177 persons of CelebA, with attacks of ten types, in four "
        "lights and two environments. Zhang et al., ECCV 2020.",
        granted="its authors, for non-commercial research",
        tree="""\
Data/{train,test}/<id>/{live,spoof}/000184.{jpg,png}
Data/{train,test}/<id>/{live,spoof}/000184_BB.txt      box
metas/intra_test/{train,test}_label.json               44 numbers for each picture
metas/protocol1/{train,test}_label.json
metas/protocol2/test_on_{high,middle,low}_quality_device/{train,test}_label.json""",
        traps=(
            "The lists say 1 for an attack.",
            "2,022 training pictures in folders called live are attacks by the lists, whose label "
            "counts; they are counted in a note, their species is unnamed.",
            "Subjects 5028, 7332 and 9735 are in train and in test.",
            "Boxes are in a frame of 224x224, whatever the picture's size.",
            "The headline's positive class is the attack.",
            "The authors' routine takes the highest bona fide score for its threshold where there "
            "are too few of them for a rate; here such a rate is absent, with a reason.",
            "The lists of intra_test hold 561,575 pictures; 63,962 are in neither.",
        ),
        open=("The counts of protocols 1 and 2.",),
    )

    @classmethod
    def item(cls, path: str) -> Item | None:
        """Return what a path says, e.g. ``Data/train/1/live/000184.png``.

        The type of an attack stands in the lists: here its species is ``unnamed``.
        """
        return _item(path)

    def list_path(self, fold: str, split: Split) -> Path:
        """Return the path of a fold's list."""
        folder = _FOLDERS[fold.partition("@")[0]].path
        return self.root / "metas" / folder / f"{split}_label.json"

    def listed(self, fold: str, split: Split) -> Sequence[Listed] | None:
        """Read the list of a split, without which there is no protocol.

        Raises:
            DataError: it is missing or broken, or names pictures that are not there.
        """
        if split is Split.DEV:
            return None
        path = self.list_path(fold, split)
        if path not in self._lists:
            if not path.is_file():
                raise DataError(f"{path}: no such list; it comes with the data set, in metas")
            rows = read_rows(path)
            self._lists[path] = [Listed(self._named(path, r), "", str(r.label)) for r in rows]
        return self._lists[path]

    @cached_property
    def _lists(self) -> dict[Path, Sequence[Listed]]:
        """Lists that were read: each takes seconds."""
        return {}

    def _named(self, path: Path, row: Row) -> Item:
        try:
            item = self.find(row.path)
        except ValueError as error:
            raise DataError(f"{path}: entry {row.number}: {error}") from None
        return item._replace(species=row.species, attributes=row.attributes)

    def expected(self, fold: str) -> tuple[str, ...]:
        """Return how many pictures a list calls attacks in a folder called live."""
        return tuple(self._called_live(fold))

    def notes(self, protocol: str) -> tuple[str, ...]:
        """Return the same, since there is no rule to compare a list with."""
        return self.expected(protocol)

    def _called_live(self, fold: str) -> Iterator[str]:
        for split in (Split.TRAIN, Split.TEST):
            lines = self.listed(fold, split) or ()
            count = sum(one.item.species is not None and "/live/" in one.item.path for one in lines)
            if count:
                yield (
                    f"{self.list_path(fold, split)}: {count} pictures of folders called live "
                    "are attacks by this list, which is expected; the list counts"
                )
