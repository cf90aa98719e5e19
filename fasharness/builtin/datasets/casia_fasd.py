"""CASIA-FASD in its released layout.

Source: Zhang et al., "A face antispoofing database with diverse attacks", ICB 2012; numbers of
files as in bob.db.casia_fasd.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import ClassVar

from fasharness.data import Split
from fasharness.dataset import About, Counts
from fasharness.protocol import Convention
from fasharness.released.dataset import Released
from fasharness.released.items import Item, Plan, folds_of, matcher, official_part, with_test_eer
from fasharness.released.layout import part_of

FOLDERS: Mapping[str, Split] = MappingProxyType(
    {"train_release": Split.TRAIN, "test_release": Split.TEST}
)
SUBJECTS: Mapping[str, int] = MappingProxyType({"train_release": 20, "test_release": 30})
SPECIES: Mapping[str, str | None] = MappingProxyType(
    {
        **dict.fromkeys(("1", "2", "HR_1")),
        **dict.fromkeys(("3", "4", "HR_2"), "warped-photo"),
        **dict.fromkeys(("5", "6", "HR_3"), "cut-photo"),
        **dict.fromkeys(("7", "8", "HR_4"), "tablet-video"),
    }
)
_NAME = matcher(
    r"<folder>/<subject>/<file>\.avi",
    folder="train_release|test_release",
    subject="[1-9]|[12][0-9]|30",
    file="[1-8]|HR_[1-4]",
)
CONVENTION = Convention(
    words="EER on test in the paper; the threshold of HTER is the EER of dev, which the data set "
    "does not have",
    threshold="eer",
    metric="HTER",
)


def _item(path: str) -> Item | None:
    fields = _NAME(path)
    if fields is None or int(fields["subject"]) > SUBJECTS[fields["folder"]]:
        return None
    file = fields["file"]
    quality = "HR" if file.startswith("HR") else "odd" if int(file) % 2 else "even"
    return Item(
        path,
        species=SPECIES[file],
        # Numbers start again in test, and are other persons there.
        subject=f"{fields['folder']}/{fields['subject']}",
        part=FOLDERS[fields["folder"]],
        attributes={"quality": quality},
    )


def _where(test: Callable[[Item], bool]) -> Callable[[Item], Split | None]:
    return lambda item: item.part if test(item) else None


def _of_quality(quality: str) -> Callable[[Item], Split | None]:
    return _where(lambda item: item.attributes["quality"] == quality)


def _against(species: str) -> Callable[[Item], Split | None]:
    return _where(lambda item: item.species in (None, species))


_SCENARIOS: Mapping[str, tuple[str, Callable[[Item], Split | None]]] = MappingProxyType(
    {
        "overall": ("all qualities and attacks", official_part),
        "odd": ("files with odd numbers (640x480), all attacks", _of_quality("odd")),
        "even": ("files with even numbers (480x640), all attacks", _of_quality("even")),
        "high": ("files HR_1 to HR_4 (720x1280), all attacks", _of_quality("HR")),
        "warped": ("warped photographs, all qualities", _against("warped-photo")),
        "cut": ("cut photographs, all qualities", _against("cut-photo")),
        "video": ("videos on a tablet, all qualities", _against("tablet-video")),
    }
)
PLANS: Mapping[str, Plan] = MappingProxyType(
    with_test_eer(
        {f"casia-{n}": Plan(words, part, CONVENTION) for n, (words, part) in _SCENARIOS.items()}
    )
)


class CasiaFasd(Released):
    """CASIA-FASD under a root with train_release and test_release."""

    name = "casia-fasd"
    title = "CASIA-FASD"
    plans = PLANS
    folds = folds_of(PLANS)
    size = Counts(150, 450)
    attributes: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"quality": "of the camera: odd (640x480), even (480x640) or HR (720x1280)"}
    )
    tops = ("train_release", "test_release")
    parts = (part_of(Split.TRAIN, Counts(60, 180)), part_of(Split.TEST, Counts(90, 270)))
    about = About(
        what="50 subjects, three cameras, and attacks with a warped photograph, a photograph with "
        "the eyes cut out (the attacker's own look through) and a video on a tablet. Zhang et "
        "al., ICB 2012.",
        granted="CASIA, on request; the host of the form did not answer when last tried",
        tree="""\
train_release/{1..20}/{1,…,8,HR_1,…,HR_4}.avi
test_release/{1..30}/{1,…,8,HR_1,…,HR_4}.avi""",
        traps=(
            "Numbers of subjects start again in test and are other persons: train_release/7 is "
            "not test_release/7.",
            "Bona fide are 1, 2, HR_1; warped photographs 3, 4, HR_2; cut ones 5, 6, HR_3; "
            "videos 7, 8, HR_4.",
            "Which of the odd and the even files is the paper's low and which its normal quality "
            "is told both ways, so the protocols are named after the files. bob calls odd normal "
            "and even low.",
            "There is no dev. bob's and Gradiant's are their own, and differ.",
        ),
        open=("The frame rate, 25 Hz, is from memory.",),
    )

    @classmethod
    def item(cls, path: str) -> Item | None:
        """Return what a path says, e.g. ``test_release/7/HR_3.avi``."""
        return _item(path)

    @classmethod
    def names(cls) -> Iterator[str]:
        """Iterate over the 600 names."""
        for folder, count in SUBJECTS.items():
            for subject in range(1, count + 1):
                for file in SPECIES:
                    yield f"{folder}/{subject}/{file}.avi"
