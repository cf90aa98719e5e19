"""What a data set is by default, and which one offers a protocol."""

from pathlib import Path
from typing import ClassVar

import pytest

from fasharness.data import Presentation, rgb
from fasharness.dataset import Dataset, all_protocols, environment_variable
from fasharness.errors import DataError, OptionError
from fasharness.protocol import Protocol


class Own(Dataset):
    name = "own-set"
    title = "Own"
    folds: ClassVar = {"own": ("own",), "loo": ("loo_1", "loo_2"), "loo_1": ("loo_1",)}

    def protocol(self, name: str) -> Protocol:
        raise NotImplementedError


def test_every_protocol_and_fold_once_folds_after_their_protocol():
    assert list(all_protocols(Own)) == ["own", "loo", "loo_1", "loo_2"]


def test_the_owner_of_a_protocol_or_of_one_fold():
    assert Own.offers("loo_2") is Own
    assert Own.offers("loo_3") is None


def test_the_environment_variable_of_a_root():
    assert environment_variable("oulu-npu") == "FASHARNESS_OULU_NPU"


def test_what_a_data_set_need_not_have(tmp_path: Path):
    found = Own(tmp_path)
    item = Presentation("a", rgb(tmp_path / "a.avi"), subject="1")
    assert not found.simulated
    assert found.stand_ins == {}
    assert found.notes("own") == ()
    assert found.faces(item) == {}
    assert found.maps(item, "depth") is None
    found.write_official_scores(tmp_path, [])
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(OptionError, match="own-set has no validation"):
        found.validate(["own"])


def test_species_of_which_only_names_are_simulated_stand_in_the_mark(tmp_path: Path):
    mark = tmp_path / "SIMULATED.json"
    mark.write_text('{"size": "tiny", "stand_ins": {"mask": "a print"}}')
    assert Own(tmp_path).stand_ins == {"mask": "a print"}
    for broken in ('["mask"]', '{"mask": 1}'):
        mark.write_text(f'{{"size": "tiny", "stand_ins": {broken}}}')
        with pytest.raises(DataError, match=r"SIMULATED\.json: .* stand_ins is no table of texts"):
            _ = Own(tmp_path).stand_ins
