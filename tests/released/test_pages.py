"""The pages of the data sets and their listings are made of the code's own tables."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fasharness.plugins import load
from fasharness.released.pages import page
from fasharness.testing import Ended

PAGES = Path(__file__).parents[2] / "docs" / "datasets"
BUILTIN = {n: d for n, d in load().datasets().items() if d.about is not None}


@pytest.mark.parametrize("name", BUILTIN)
def test_the_page_of_a_data_set_is_up_to_date(name: str):
    text = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    assert text == page(BUILTIN[name]), "run: python docs/dataset_pages.py"


def test_there_is_no_page_of_what_is_no_data_set():
    assert {path.stem for path in PAGES.glob("*.md")} == set(BUILTIN)


def test_data_sets_are_listed_with_what_they_hold(command: Callable[..., Ended]):
    lines = command("ls", "datasets").out.splitlines()
    assert "replay-attack\tReplay-Attack\t1200 presentations (200+1000)\t7 protocols" in lines
    assert "oulu-npu\tOULU-NPU\t4950 presentations (990+3960)\t4 protocols" in lines


def test_the_protocols_of_a_data_set_are_listed_with_counts_and_convention(
    command: Callable[..., Ended],
):
    lines = command("ls", "protocols", "msu-mfsd").out.splitlines()
    assert lines[0].startswith(
        "msu-mfsd\ttrain 30+90, test 40+120\tdev: one in 4 subjects of train (a rule of "
        "fasharness)\tHTER, threshold eer\t"
    )
    assert lines[1].startswith(
        "msu-mfsd@test-eer\ttrain 30+90, test 40+120\tHTER, threshold test:eer (LEAKS)\t"
    )
    oulu = command("ls", "protocols", "oulu-npu").out.splitlines()
    assert oulu[2] == "oulu3\toulu3_1, oulu3_2, oulu3_3, oulu3_4, oulu3_5, oulu3_6"
    assert oulu[3].startswith(
        "oulu3_1\ttrain 300+1200, dev 225+900, test 60+240\tACER, threshold eer\t"
    )
    assert command("ls", "methods", "msu-mfsd").error == (
        "ls methods lists all; only protocols are of a data set"
    )
    assert "no dataset 'msu'; available: " in command("ls", "protocols", "msu").error
