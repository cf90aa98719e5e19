"""LCC-FASD in its released layout.

Source: Timoshenko et al., "Large crowdcollected facial anti-spoofing dataset", CSIT 2019; the
layout as in the reader of kprokofi/light-weight-face-anti-spoofing.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fasharness.data import Split
from fasharness.dataset import About, Counts
from fasharness.protocol import Convention
from fasharness.released.dataset import Released
from fasharness.released.items import Item, Plan, folds_of, matcher, official_part
from fasharness.released.layout import part_of

SETS: Mapping[str, Split] = MappingProxyType(
    {"training": Split.TRAIN, "development": Split.DEV, "evaluation": Split.TEST}
)
SPOOF = "spoof"
"""The one species: no name tells which instrument an attack used."""
CONVENTION = Convention(
    words="ACER of pictures on evaluation at the EER threshold of development",
    threshold="eer",
    metric="ACER",
)
_COUNTS: Mapping[Split, Counts] = MappingProxyType(
    {
        Split.TRAIN: Counts(1223, 7076),
        Split.DEV: Counts(405, 2543),
        Split.TEST: Counts(314, 7266),
    }
)

_PICTURE = r"[^/]+\.(png|jpg|jpeg)"
_FOLDERS = matcher(
    rf"LCC_FASD_<set>/<kind>/{_PICTURE}", set="training|development", kind="real|spoof"
)
# Flat in the release; copies have folders, whose name the picture's must repeat.
_EVALUATION = matcher(
    rf"LCC_FASD_<set>/(?:<folder>/)?<kind>{_PICTURE}",
    set="evaluation",
    folder="real|spoof",
    kind="real|spoof",
)
PLANS: Mapping[str, Plan] = MappingProxyType(
    {
        "lcc-fasd-official": Plan(
            "the three parts of the release",
            official_part,
            CONVENTION,
            counts=_COUNTS,
            subjects="unknown",
        )
    }
)


def _item(path: str) -> Item | None:
    fields = _FOLDERS(path) or _EVALUATION(path)
    if fields is None or fields.get("folder", "") not in ("", fields["kind"]):
        return None
    return Item(
        path,
        species=None if fields["kind"] == "real" else SPOOF,
        part=SETS[fields["set"]],
    )


class LccFasd(Released):
    """LCC-FASD under a root with LCC_FASD_training, _development and _evaluation."""

    name = "lcc-fasd"
    title = "LCC-FASD"
    plans = PLANS
    folds = folds_of(PLANS)
    size = Counts(1942, 16885)
    tops = tuple(f"LCC_FASD_{part}" for part in SETS)
    parts = tuple(part_of(split, counts) for split, counts in _COUNTS.items())
    about = About(
        what="18,827 pictures, from the web and from crowd workers, and attacks on "
        "unknown displays. Timoshenko et al., CSIT 2019.",
        granted="its authors, on request; a copy is on Kaggle",
        tree="""\
LCC_FASD_{training,development}/{real,spoof}/YOUTUBE_id99_s2_15.png
LCC_FASD_evaluation/{real,spoof}*.png      flat; copies have folders real and spoof""",
        traps=(
            "The evaluation part is flat: the class is the beginning of the name.",
            "No name tells the instrument, so all attacks are one species, and only some names "
            "tell a person, so subjects are unknown: a person may be in two parts.",
            "Evaluation holds 23 attacks for each bona fide picture.",
        ),
        open=("Which parts hold .png and which .jpg.",),
    )

    @classmethod
    def item(cls, path: str) -> Item | None:
        """Return what a path says, e.g. ``LCC_FASD_evaluation/spoof_980.png``."""
        return _item(path)
