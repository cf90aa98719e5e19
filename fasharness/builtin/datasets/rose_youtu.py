"""ROSE-Youtu in its released layout.

Source: Li et al., "Unsupervised domain adaptation for face anti-spoofing", TIFS 2018; the
names of its 3497 videos are in the package gradgpad.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from fasharness.data import Split
from fasharness.dataset import About, Counts
from fasharness.protocol import Convention
from fasharness.released.dataset import Released
from fasharness.released.items import (
    Item,
    Plan,
    folds_of,
    matcher,
    official_part,
    with_test_eer,
)
from fasharness.released.layout import part_of

TRAIN_SUBJECTS = frozenset(map(str, (*range(2, 8), *range(9, 13))))
TEST_SUBJECTS = frozenset(map(str, (*range(13, 19), *range(20, 24))))
SPECIES: Mapping[str, str | None] = MappingProxyType(
    {
        "G": None,
        "Ps": "print-still",
        "Pq": "print-quivering",
        "Vl": "replay-lenovo",
        "Vm": "replay-mac",
        "Mc": "mask-cropped",
        "Mf": "mask-full",
        "Mu": "mask-upper",
    }
)
GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "print": ("print-still", "print-quivering"),
        "replay": ("replay-lenovo", "replay-mac"),
        "mask": ("mask-cropped", "mask-full", "mask-upper"),
    }
)
CONVENTION = Convention(
    words="EER on test; HTER across data sets, which pools all attacks",
    threshold="eer",
    metric="EER",
)

_NAME = matcher(
    r"<subject>/<type>_<speech>_<device>_<glasses>_E_(?P=subject)_\d+\.mp4",
    subject=r"[1-9]\d?",
    type="|".join(SPECIES),
    speech="NT|T",
    device="HS|HW|IP|5s|ZTE",
    glasses="wg|g",
)

PLANS: Mapping[str, Plan] = MappingProxyType(
    with_test_eer(
        {
            "rose-youtu-intra": Plan(
                "train on subjects 2 to 12, test on 13 to 23",
                official_part,
                CONVENTION,
                groups=GROUPS,
                counts={Split.TRAIN: Counts(448, 1300), Split.TEST: Counts(449, 1300)},
            )
        }
    )
)


def _item(path: str) -> Item | None:
    fields = _NAME(path)
    if fields is None or fields["subject"] not in TRAIN_SUBJECTS | TEST_SUBJECTS:
        return None
    subject = fields["subject"]
    return Item(
        path,
        species=SPECIES[fields["type"]],
        subject=subject,
        part=Split.TRAIN if subject in TRAIN_SUBJECTS else Split.TEST,
        device=fields["device"],
        attributes={
            "speech": "speaking" if fields["speech"] == "T" else "silent",
            "glasses": fields["glasses"],
        },
    )


class RoseYoutu(Released):
    """ROSE-Youtu under a root with a folder for each subject."""

    name = "rose-youtu"
    title = "ROSE-Youtu"
    plans = PLANS
    folds = folds_of(PLANS)
    size = Counts(897, 2600)
    attributes: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "speech": "whether the person speaks: speaking or silent",
            "glasses": "the word of the name, g or wg, of which no text says which is which",
        }
    )
    tops = tuple(sorted(TRAIN_SUBJECTS | TEST_SUBJECTS, key=int))
    parts = (
        part_of(Split.TRAIN, Counts(448, 1300)),
        part_of(Split.TEST, Counts(449, 1300)),
    )
    about = About(
        what="20 subjects, five telephones and cameras at 640x480 and 1280x720, prints, replays "
        "and paper masks. Li et al., TIFS 2018.",
        granted="ROSE Lab, NTU Singapore, under a signed agreement",
        tree="""\
10/G_NT_5s_wg_E_10_1.mp4    type_speech_device_glasses_E_subject_number, in the subject's folder""",
        traps=(
            "3497 videos are in the release; the page's 3350, the survey's 500+2850 and 25 "
            "subjects do not match it.",
            "Numbers of subjects have gaps: 2 to 7, 9 to 18 and 20 to 23.",
            "There is no dev and no list. Gradiant's dev, subjects 11 and 12, is its own.",
        ),
        open=(
            "Whether g or wg is with glasses.",
            "Whether videos are stored upright; the harness applies what their files state.",
        ),
    )

    @classmethod
    def item(cls, path: str) -> Item | None:
        """Return what a path says, e.g. ``10/G_NT_5s_wg_E_10_1.mp4``."""
        return _item(path)
