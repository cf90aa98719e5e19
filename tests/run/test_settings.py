"""Settings of a run: their checks, what of them decides a result, and their command line."""

import dataclasses
import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fasharness.cli import build_parser
from fasharness.errors import OptionError
from fasharness.run.config import build, merge
from fasharness.run.settings import Settings

PLAIN = Settings("sgtd", "oulu1")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("faces", "eyes", "no faces 'eyes'; available: detector, dataset"),
        ("precision", "fp8", "no precision 'fp8'; available: auto, 32-true"),
        ("seed", -1, "--seed must not be negative"),
        ("seed", 2**63, "--seed must be at most 9223372036854775807, got 9223372036854775808"),
        ("save_every", -1.0, "--save-every must not be negative"),
        ("device", "gpu", "no device 'gpu'; available: auto, cpu, cuda, cuda:N"),
        ("device", "cuda:", "no device 'cuda:'"),
        ("depth", "nowhere", "--depth must be auto or a folder of depth maps, got 'nowhere'"),
        ("max_failures", "few", "--max-failures must be a number or a share"),
        ("max_failures", "101%", "--max-failures must be a number or a share"),
        ("max_failures", "-1", "--max-failures must be a number or a share"),
    ],
)
def test_impossible_settings_are_refused(name: str, value: object, words: str):
    with pytest.raises(OptionError) as caught:
        dataclasses.replace(PLAIN, **{name: value})
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "allowed"), [("5%", 5), ("0", 0), ("7", 7), ("0.5%", 0), ("100%", 119)]
)
def test_the_presentations_that_may_fail(text: str, allowed: int):
    assert dataclasses.replace(PLAIN, max_failures=text).allowed_failures(119) == allowed


def test_what_does_not_decide_the_result_gives_the_same_folder():
    other = dataclasses.replace(
        PLAIN, jobs=3, workers=2, save_every=1.0, out=Path("x"), max_failures="9"
    )
    assert other.folder_name(False) == PLAIN.folder_name(False)
    assert other.deciding() == PLAIN.deciding()


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1}, {"option": {"a": "1"}}, {"limit": 5}, {"data": Path("d")}, {"preset": "demo"},
        {"device": "cpu"}, {"precision": "bf16-mixed"}, {"faces": "dataset"}, {"depth": "."},
    ],
)  # fmt: skip
def test_what_decides_the_result_gives_another_folder(change: dict[str, object]):
    other = dataclasses.replace(PLAIN, **change)
    assert other.folder_name(False) != PLAIN.folder_name(False)


def test_the_folder_says_that_data_are_simulated():
    assert PLAIN.folder_name(True).startswith("sgtd-oulu1-simulated-mini-")
    assert PLAIN.folder_name(False).startswith("sgtd-oulu1-")


_words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8)


@given(
    option=st.dictionaries(st.sampled_from(["a", "b_c"]), _words),
    data=st.none() | _words.map(lambda text: Path("dir") / text),
    preset=st.sampled_from(["", "demo"]),
    seed=st.integers(0, 2**40),
)
def test_the_command_of_settings_gives_them_again(**values: object):
    settings = dataclasses.replace(PLAIN, **values)
    words = shlex.split(settings.command())
    assert words[0] == "fasharness"
    again = build(merge(vars(build_parser().parse_args(words[1:]))))
    assert again == settings
