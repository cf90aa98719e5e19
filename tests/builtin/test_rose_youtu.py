"""ROSE-Youtu: what names say, its split by subject, names that are none."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fasharness.builtin.datasets.rose_youtu import RoseYoutu
from fasharness.data import Split
from fasharness.errors import DataError

Make = Callable[..., Path]
TYPES = ("G", "Ps", "Pq", "Vl", "Vm", "Mc", "Mf", "Mu")
NAMES = [f"{s}/{kind}_NT_5s_wg_E_{s}_{n}.mp4" for s in (*range(2, 8), 11, 13, 23)
         for n, kind in enumerate(TYPES)]  # fmt: skip


def test_a_name_says_what_it_shows():
    found = RoseYoutu.item("10/Mu_T_ZTE_g_E_10_96.mp4")
    assert found is not None
    assert (found.species, found.subject, found.part) == ("mask-upper", "10", Split.TRAIN)
    assert (found.device, found.attributes) == ("ZTE", {"speech": "speaking", "glasses": "g"})
    live = RoseYoutu.item("13/G_NT_5s_wg_E_13_1.mp4")
    assert live is not None
    assert (live.species, live.part) == (None, Split.TEST)
    assert live.attributes == {"speech": "silent", "glasses": "wg"}


@pytest.mark.parametrize(
    "path",
    [
        "10/G_NT_5s_wg_E_11_1.mp4",  # another subject's folder
        "8/G_NT_5s_wg_E_8_1.mp4",  # there is no subject 8
        "24/G_NT_5s_wg_E_24_1.mp4",
        "10/X_NT_5s_wg_E_10_1.mp4",
        "10/g_NT_5s_wg_E_10_1.mp4",
        "10/G_NT_5s_wg_E_10_1.MP4",
        "10/G_NT_5s_wg_E_10_1.avi",
        "1/real/10_G_NT_5s_wg_E_10_1.mp4",
    ],
)
def test_other_names_are_none_of_the_set(path: str):
    assert RoseYoutu.item(path) is None


def test_the_split_is_by_subject_and_dev_is_carved(make_root: Make):
    data = RoseYoutu(make_root(NAMES))
    found = data.protocol("rose-youtu-intra")
    # names in the order of texts: 11 2 3 4 5 6 7
    assert {p.subject for p in found.dev} == {"4"}
    assert {p.subject for p in found.train} == {"2", "3", "5", "6", "7", "11"}
    assert {p.subject for p in found.test} == {"13", "23"}
    assert {found.group_of(p.species) for p in found.test} == {None, "print", "replay", "mask"}


def test_names_in_the_wrong_case_are_extra(make_root: Make):
    data = RoseYoutu(make_root([*NAMES, "2/g_NT_5s_wg_E_2_0.mp4", "2/Ps_NT_5s_wg_E_2_1.MP4"]))
    extra = {f.name: f.detail for f in data.validate([]).findings if f.kind == "extra"}
    assert set(extra) == {"2/g_NT_5s_wg_E_2_0.mp4", "2/Ps_NT_5s_wg_E_2_1.MP4"}


def test_a_folder_of_something_else_is_refused(make_root: Make):
    with pytest.raises(DataError, match="not ROSE-Youtu: no file in 2, 3, "):
        RoseYoutu(make_root(["2/holiday.mp4"]))
