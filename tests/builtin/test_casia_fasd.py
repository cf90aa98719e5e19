"""CASIA-FASD: names, scenarios, numbers of subjects that start again, no dev."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fasharness.builtin.datasets.casia_fasd import CasiaFasd
from fasharness.data import Split

CUT = "test_release/7/HR_3.avi"
SCENARIOS = {"odd": 3, "even": 3, "high": 3, "warped": 1, "cut": 1, "video": 1, "overall": 3}


@pytest.fixture
def data(make_root: Callable[..., Path]) -> CasiaFasd:
    return CasiaFasd(make_root([CUT]))


def test_names_by_hand():
    cut, live = CasiaFasd.item(CUT), CasiaFasd.item("train_release/7/2.avi")
    assert cut is not None
    assert cut[1:4] == ("cut-photo", "test_release/7", Split.TEST)
    assert live is not None
    assert live[1:4] == (None, "train_release/7", Split.TRAIN)
    assert [item.attributes["quality"] for item in (cut, live)] == ["HR", "even"]
    species = {
        item.path[-5]: item.species
        for name in CasiaFasd.names()
        if (item := CasiaFasd.item(name)) and "/1/" in name and "HR" not in name
    }
    assert species == {
        **dict.fromkeys("12"),
        **dict.fromkeys("34", "warped-photo"),
        **dict.fromkeys("56", "cut-photo"),
        **dict.fromkeys("78", "tablet-video"),
    }


@pytest.mark.parametrize("path", ["train_release/21/1.avi", "test_release/31/1.avi",
                                  "train_release/01/1.avi", "train_release/1/9.avi",
                                  "train_release/1/hr_1.avi",
                                  "train_release/1/HR_1.AVI"])  # fmt: skip
def test_what_is_no_name(path: str):
    assert CasiaFasd.item(path) is None


def test_there_are_600_names():
    names = list(CasiaFasd.names())
    assert len(set(names)) == len(names) == 600
    assert all(CasiaFasd.item(name) for name in names)


@pytest.mark.parametrize(("name", "attacks"), SCENARIOS.items())
def test_the_counts_of_every_scenario_are_the_published_ones(
    data: CasiaFasd, name: str, attacks: int
):
    qualities = 1 if name in ("odd", "even", "high") else 3
    counts = data.outline(f"casia-{name}").counts  # type: ignore[union-attr]
    assert counts[Split.TRAIN] == (20 * qualities, 20 * qualities * attacks)
    assert counts[Split.TEST] == (30 * qualities, 30 * qualities * attacks)
    protocol = data.protocol(f"casia-{name}")
    assert len(protocol.train) + len(protocol.dev) == sum(counts[Split.TRAIN])
    assert len(protocol.test) == sum(counts[Split.TEST])


def test_dev_is_carved_by_subject_and_the_literature_s_threshold_is_asked_for(data: CasiaFasd):
    protocol = data.protocol("casia-overall")
    # in the order of their names as texts: train_release/1, /10, /11, /12, …
    assert {p.subject for p in protocol.dev} == {f"train_release/{n}" for n in (12, 16, 2, 5, 9)}
    assert protocol.dev_rule == "one in 4 subjects of train (a rule of fasharness)"
    assert not protocol.convention.leaks
    leaky = data.protocol("casia-overall@test-eer")
    assert (len(leaky.train), leaky.dev, len(leaky.test)) == (240, (), 360)
    assert leaky.convention.leaks
