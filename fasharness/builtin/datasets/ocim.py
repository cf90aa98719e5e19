"""O, C, I and M: leave one data set out, in the two conventions that the literature mixes.

Sources: Jia et al., "Single-side domain generalization for face anti-spoofing", CVPR 2020 (SSDG),
and Wang et al., "Domain generalization via shuffled style assembly for face anti-spoofing", CVPR
2022 (SSAN), each with the lists of its published code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import ClassVar

from fasharness.data import Split
from fasharness.dataset import About, Counts, Outline
from fasharness.protocol import OFFICIAL, carved_rule
from fasharness.released.crossed import WAYS, Crossed, Crossing, parse
from fasharness.released.items import TEST_EER

LETTERS: Mapping[str, str] = MappingProxyType(
    {"O": "oulu-npu", "C": "casia-fasd", "I": "replay-attack", "M": "msu-mfsd"}
)
COUNTS: Mapping[str, Mapping[Split, Counts]] = MappingProxyType(
    {
        "oulu-npu": MappingProxyType(
            {
                Split.TRAIN: Counts(360, 1440),
                Split.DEV: Counts(270, 1080),
                Split.TEST: Counts(360, 1440),
            }
        ),
        "casia-fasd": MappingProxyType({Split.TRAIN: Counts(60, 180), Split.TEST: Counts(90, 270)}),
        "replay-attack": MappingProxyType(
            {
                Split.TRAIN: Counts(60, 300),
                Split.DEV: Counts(60, 300),
                Split.TEST: Counts(80, 400),
            }
        ),
        "msu-mfsd": MappingProxyType({Split.TRAIN: Counts(30, 90), Split.TEST: Counts(40, 120)}),
    }
)
_OUT = ("O+C+I-to-M", "O+M+I-to-C", "O+C+M-to-I", "I+C+M-to-O")
_LIMITED = ("M+I-to-C", "M+I-to-O")


def _folds() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each protocol with its folds: all four left out, and each by itself."""
    for way in ("@ssdg", "@ssan"):
        for threshold in ("", TEST_EER):
            end = way + threshold
            out = tuple(name + end for name in _OUT)
            yield f"ocim{end}", out
            yield from ((name, (name,)) for name in (*out, *(name + end for name in _LIMITED)))


class Ocim(Crossed):
    """Protocols over OULU-NPU (O), CASIA-FASD (C), Replay-Attack (I) and MSU-MFSD (M)."""

    name = "ocim"
    title = "O, C, I, M"
    members = tuple(LETTERS.values())
    letters = LETTERS
    folds: ClassVar[Mapping[str, tuple[str, ...]]] = MappingProxyType(dict(_folds()))
    about = About(
        what="Leave one data set out: train on three of OULU-NPU (O), CASIA-FASD (C), "
        "Replay-Attack (I) and MSU-MFSD (M), test on the fourth; and limited source: train on M "
        "and I. Any other `A+B->C` is a protocol too, of these letters or of names of data sets, "
        "also written `A+B-to-C` (in a shell, quote what has a `>`).",
        granted="those who grant its four members; `fasharness data set` names the folder of each",
        tree="the folders of the four data sets, each as its own page says",
        traps=(
            *(f"`@{name}` means {way.words}." for name, way in WAYS.items() if name),
            f"Without either, `A+B->C` means {WAYS[''].words}.",
            "Rows of tables under the name MCIO mix both: they are not one protocol.",
            "The literature takes the threshold, and often the epoch, from the target itself. "
            f"Here this ends the name in `{TEST_EER}`, and every figure is marked as LEAKS; "
            "otherwise dev is carved out of the sources by subject.",
            "SSDG trains on 1 frame a video and scores 2, SSAN on 8: that is the method's "
            "affair, not the protocol's.",
            "A protocol with a missing member does not run: none is trimmed under its old name.",
        ),
    )

    @classmethod
    def outline(cls, fold: str) -> Outline | None:
        """Return the counts of a fold by the members' published counts."""
        crossing = parse(fold, LETTERS)
        if crossing is None or not COUNTS.keys() >= set(crossing.members):
            return None
        way, words = WAYS[crossing.way], WAYS[crossing.way].words
        counts = {
            Split.TRAIN: _sum(crossing.sources, way.sources),
            Split.TEST: _sum((crossing.target,), way.target),
        }
        if way.keeps_dev and not crossing.leaks:
            counts[Split.DEV] = _sum(crossing.sources, (Split.DEV,))
        return Outline(words, counts, crossing.convention, _dev_rule(crossing))


def _dev_rule(crossing: Crossing) -> str:
    if crossing.leaks:
        return ""
    if not WAYS[crossing.way].keeps_dev:
        return carved_rule()
    return f"{OFFICIAL} where there is one, else {carved_rule()}"


def _sum(names: tuple[str, ...], splits: tuple[Split, ...]) -> Counts:
    held = [COUNTS[name][split] for name in names for split in splits if split in COUNTS[name]]
    return Counts(sum(c.bona_fide for c in held), sum(c.attack for c in held))
