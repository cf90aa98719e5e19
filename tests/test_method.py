"""Methods: presets and options from text, and the trivial scorers."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from fasharness.builtin.baselines import Brightness, Constant
from fasharness.clips import ClipSpec
from fasharness.data import RGB, Batch, Clip, Presentation, rgb
from fasharness.errors import OptionError, UnknownNameError
from fasharness.method import Method, Stage, make, option_values


@dataclass(frozen=True)
class Options:
    flag: bool = False
    count: int = 3
    rate: float = 0.5
    word: str = "a"
    scale: tuple[float, ...] = (1.0, 2.0)

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError("count must be at least 1")


class Plain(Constant):
    name = "plain"
    Options = Options
    presets: Mapping[str, Mapping[str, object]] = {
        "paper": {"count": 9},
        "demo": {"count": 2, "scale": (1.5,)},
    }


SHOWN = Presentation("a", rgb(Path("a.avi")))
STAGE = Stage("s", ClipSpec(), ClipSpec(), 1, 1)


def test_the_first_preset_is_the_default_and_options_win_over_it():
    assert make(Plain, "", {}).options == Options(count=9)
    assert make(Plain, "demo", {"count": "4"}).options == Options(count=4, scale=(1.5,))


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("flag", "true", True), ("flag", "No", False), ("flag", "1", True), ("count", "12", 12),
        ("rate", "1e-3", 0.001), ("word", "x=y", "x=y"), ("scale", "1.2,1.5", (1.2, 1.5)),
        ("scale", "", ()),
    ],
)  # fmt: skip
def test_options_are_read_as_their_fields_type(key: str, text: str, value: object):
    found = option_values(make(Plain, "", {key: text}))[key]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("key", "text", "kind"),
    [("flag", "maybe", "bool"), ("count", "1.5", "int"), ("rate", "fast", "float"),
     ("scale", "1,two", "float"), ("scale", "1,,2", "float"), ("scale", ",", "float"),
     ("count", "", "int")],
)  # fmt: skip
def test_a_value_of_another_type_is_refused(key: str, text: str, kind: str):
    with pytest.raises(OptionError, match=f"option {key} of plain must be {kind}, got"):
        make(Plain, "", {key: text})


def test_an_impossible_value_is_the_users_to_mend():
    with pytest.raises(OptionError, match="plain: count must be at least 1"):
        make(Plain, "", {"count": "0"})


def test_unknown_presets_and_options_are_refused_with_the_known_ones():
    with pytest.raises(UnknownNameError, match=r"no preset of plain 'dmo'.*'demo'.*demo, paper"):
        make(Plain, "dmo", {})
    with pytest.raises(UnknownNameError, match=r"no option of plain 'counts'.*'count'.*word"):
        make(Plain, "", {"counts": "1"})


def test_option_values_are_plain_data():
    assert option_values(make(Plain, "demo", {})) == {
        "flag": False, "count": 2, "rate": 0.5, "word": "a", "scale": (1.5,),
    }  # fmt: skip


def test_a_method_that_states_stages_must_train():
    method = make(Plain, "", {})
    batch = Batch({}, {}, torch.zeros(0), [], [])
    with pytest.raises(NotImplementedError, match="plain has stages but no optimizers"):
        method.optimizers(STAGE, torch.nn.Identity())
    with pytest.raises(NotImplementedError, match="plain has stages but no losses"):
        method.losses(STAGE, torch.nn.Identity(), batch, {})


def test_by_default_all_modules_train_and_clips_stay_as_they_are():
    method: Method = make(Plain, "", {})
    network = torch.nn.Sequential(torch.nn.Dropout()).eval()
    method.train_mode(STAGE, network)
    assert network[0].training
    clip = Clip(SHOWN, {RGB: np.zeros((1, 4, 4, 3), np.uint8)})
    assert method.augment(STAGE, clip, np.random.default_rng(0)) is clip


def test_the_trivial_scorers():
    frames = torch.zeros(2, 1, 3, 4, 4, dtype=torch.uint8)
    frames[1] = 51
    batch = Batch({RGB: frames}, {}, torch.ones(2) > 0, [SHOWN] * 2, [""] * 2)
    for method, expected in ((Constant, [0.5, 0.5]), (Brightness, [0.0, 0.2])):
        scorer = make(method, "", {})
        assert scorer.stages() == ()
        scores = scorer.score(None, scorer.network({}), batch)
        torch.testing.assert_close(scores, torch.tensor(expected))
