"""Protocols over several data sets: what their names say, and O, C, I, M in both conventions."""

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from fasharness.builtin.datasets.casia_fasd import CasiaFasd
from fasharness.builtin.datasets.msu_mfsd import MsuMfsd
from fasharness.builtin.datasets.ocim import COUNTS, LETTERS, Ocim
from fasharness.builtin.datasets.oulu_npu import OuluNpu
from fasharness.builtin.datasets.replay_attack import ReplayAttack
from fasharness.common.progress import Terminal
from fasharness.data import Presentation, Split
from fasharness.dataset import Dataset, JointDataset
from fasharness.errors import OptionError, UnknownNameError
from fasharness.plugins import Plugins, load
from fasharness.protocol import Protocol
from fasharness.released.crossed import Crossing, parse
from fasharness.result import read
from fasharness.run.experiment import run
from fasharness.run.settings import Settings
from fasharness.testing import Ended

MEMBERS: Mapping[str, type[Dataset]] = {
    "oulu-npu": OuluNpu,
    "casia-fasd": CasiaFasd,
    "replay-attack": ReplayAttack,
    "msu-mfsd": MsuMfsd,
}


def test_names_by_hand():
    found = parse("O+C+I->M@ssdg", LETTERS)
    assert found == Crossing(("oulu-npu", "casia-fasd", "replay-attack"), "msu-mfsd", "ssdg", False)
    assert parse("O+C+I-to-M@ssdg", LETTERS) == found
    own = parse("replay-mobile+siw-m->rose-youtu@test-eer", LETTERS)
    assert own == Crossing(("replay-mobile", "siw-m"), "rose-youtu", "", True)
    for name in (
        "oulu1",
        "O+C",
        "O->",
        "->M",
        "O+->M",
        "O->M@madd",
        "O->M@ssdg@eer",
        "O>M",
        "../O->M",
    ):
        assert parse(name, LETTERS) is None


@pytest.mark.parametrize("name", ["O->O", "O+C+O->M", "oulu-npu+O->M"])
def test_a_data_set_named_twice_is_refused(name: str):
    with pytest.raises(OptionError, match="a data set is named twice"):
        load().dataset_of(name)


def test_a_protocol_has_the_members_that_it_names_and_no_others():
    plugins = load()
    limited = plugins.dataset_of("M+I->C@ssan")
    assert issubclass(limited, JointDataset)
    assert limited.members == ("msu-mfsd", "replay-attack", "casia-fasd")
    own = plugins.dataset_of("replay-mobile->msu-mfsd")
    assert issubclass(own, JointDataset)
    assert own.members == ("replay-mobile", "msu-mfsd")
    every = plugins.dataset_of("ocim@ssdg")
    assert issubclass(every, JointDataset)
    assert set(every.members) == set(MEMBERS)
    assert plugins.dataset_of("oulu1") is OuluNpu
    with pytest.raises(UnknownNameError):
        plugins.dataset_of("oulu1->")


@pytest.fixture
def whole(make_root: Callable[..., Path]) -> Mapping[str, Dataset]:
    """Each data set at a root with its folders, where the names of all its files are expected."""
    first = {"oulu-npu": "Train_files/1_1_01_1.avi"} | {
        name: next(data.names())  # type: ignore[attr-defined]
        for name, data in MEMBERS.items()
        if name != "oulu-npu"
    }
    return {name: data(make_root([first[name]], b"", name)) for name, data in MEMBERS.items()}


def counts(presentations: Sequence[Presentation]) -> tuple[int, int]:
    live = sum(p.bona_fide for p in presentations)
    return live, len(presentations) - live


def test_the_counts_of_the_members_are_those_of_the_outlines(whole: Mapping[str, Dataset]):
    for name, data in whole.items():
        for split in Split:
            assert counts(data.part(split)) == COUNTS[name].get(split, (0, 0))


def protocol(whole: Mapping[str, Dataset], name: str) -> Protocol:
    found = Ocim.offers(name)
    assert found is not None
    assert issubclass(found, JointDataset)
    return found({member: whole[member] for member in found.members}).protocol(name)


# the published counts of videos: C 150+450, M 70+210, I 140+700, O 720+2880 (SSDG), and train to
# test (SSAN); train and test of leaving each out
PUBLISHED = {
    "O+C+I->M@ssdg@test-eer": ((720 + 150 + 140, 2880 + 450 + 700), (70, 210)),
    "O+M+I->C@ssdg@test-eer": ((720 + 70 + 140, 2880 + 210 + 700), (150, 450)),
    "O+C+M->I@ssdg@test-eer": ((720 + 150 + 70, 2880 + 450 + 210), (140, 700)),
    "I+C+M->O@ssdg@test-eer": ((140 + 150 + 70, 700 + 450 + 210), (720, 2880)),
    "O+C+I->M@ssan@test-eer": ((360 + 60 + 60, 1440 + 180 + 300), (40, 120)),
    "M+I->C@ssan@test-eer": ((30 + 60, 90 + 300), (90, 270)),
    "M+I->O@ssan@test-eer": ((30 + 60, 90 + 300), (360, 1440)),
}


@pytest.mark.parametrize(("name", "expected"), PUBLISHED.items())
def test_both_conventions_have_their_published_counts(
    whole: Mapping[str, Dataset], name: str, expected: tuple[tuple[int, int], ...]
):
    found = protocol(whole, name)
    assert (counts(found.train), counts(found.test)) == expected
    assert found.dev == ()
    assert found.convention.leaks
    assert name.split("@")[1].upper() in found.convention.words
    outline = Ocim.outline(name)
    assert outline is not None
    assert (outline.counts[Split.TRAIN], outline.counts[Split.TEST]) == expected


def test_without_the_literature_s_threshold_dev_is_carved_out_of_each_source(
    whole: Mapping[str, Dataset],
):
    found = protocol(whole, "O+C+I->M@ssdg")
    assert not found.convention.leaks
    assert found.dev_rule == "one in 4 subjects of train (a rule of fasharness)"
    assert counts([*found.train, *found.dev]) == (1010, 4030)
    assert {p.dataset for p in found.dev} == {"oulu-npu", "casia-fasd", "replay-attack"}
    assert len({p.subject for p in found.dev if p.dataset == "casia-fasd"}) == 50 // 4
    # ids and subjects are those of their data sets, with its name
    assert {p.id for p in found.test} >= {"msu-mfsd:scene01/real/real_client001_laptop_SD_scene01"}


def test_the_project_s_own_way_keeps_official_dev_parts(whole: Mapping[str, Dataset]):
    found = protocol(whole, "O+C->M")
    assert counts(found.test) == (40, 120)
    official = [p for p in found.dev if p.dataset == "oulu-npu"]
    assert counts(official) == (270, 1080)
    assert found.dev_rule == (
        "oulu-npu: official; casia-fasd: one in 4 subjects of train (a rule of fasharness)"
    )
    outline = Ocim.outline("O+C->M")
    assert outline is not None
    assert outline.counts[Split.DEV] == (270, 1080)


def test_a_protocol_with_a_missing_member_is_not_offered(
    whole: Mapping[str, Dataset],
    command: Callable[..., Ended],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(Plugins, "simulator", lambda self, name: None)
    for name in ("oulu-npu", "replay-attack", "msu-mfsd"):
        monkeypatch.setenv(f"FASHARNESS_{name.upper().replace('-', '_')}", str(whole[name].root))
    ended = command("run", "--plugin", "brightness", "--protocol", "M+I->C@ssan")
    assert ended.error == (
        "M+I->C@ssan needs msu-mfsd, replay-attack, casia-fasd, and no folder of casia-fasd is "
        "configured: name it with `fasharness data set casia-fasd DIR` or FASHARNESS_CASIA_FASD"
    )
    lines = command("ls", "protocols").out.splitlines()
    assert "M+I-to-C@ssan\tO, C, I, M\tnot offered: no folder of casia-fasd" in lines
    assert "M+I-to-O@ssan\tO, C, I, M" in lines


def small(name: str) -> Iterator[str]:
    """Names of a few subjects of each part."""
    if name == "oulu-npu":
        for folder, users in (("Train", range(1, 5)), ("Dev", (21,)), ("Test", (36,))):
            yield from (f"{folder}_files/1_1_{u:02d}_{f}.avi" for u in users for f in (1, 2, 4))
        return
    subjects = {"casia-fasd": ("/1/", "/2/"), "msu-mfsd": ("002", "003", "001"),
                "replay-attack": ("client001", "client002", "client003", "client009")}  # fmt: skip
    for path in MEMBERS[name].names():  # type: ignore[attr-defined]
        if any(who in path for who in subjects[name]):
            yield path


def test_a_run_over_four_data_sets_says_which_convention_it_follows(
    make_root: Callable[..., Path],
    short_film: bytes,
    film: Callable[..., None],
    middle: Plugins,
    monkeypatch: pytest.MonkeyPatch,
    own_machine: None,
    tmp_path: Path,
):
    film(tmp_path / "attack.avi", bona_fide=False, seed=1, frames=2)
    attack = (tmp_path / "attack.avi").read_bytes()
    for name, dataset in MEMBERS.items():
        root = make_root(small(name), attack, name)
        opened = dataset(root)
        for shown in (p for split in Split for p in opened.part(split) if p.bona_fide):
            if shown.path.is_file():
                shown.path.write_bytes(short_film)
        (root / "SIMULATED.json").write_text(json.dumps({"size": "tiny"}))
        monkeypatch.setenv(f"FASHARNESS_{name.upper().replace('-', '_')}", str(root))

    settings = Settings(
        "brightness", "O+C+I->M@ssdg", detector="middle", jobs=1, out=tmp_path / "run"
    )
    folder = run(settings, middle, Terminal(io.StringIO()), tmp_path / "store").folder
    found = read(folder / "result.json")
    assert found.simulated
    words = found.provenance["protocol"]  # type: ignore[union-attr]
    assert "SSDG's lists" in words["convention"]
    assert words["dev"] == "one in 4 subjects of train (a rule of fasharness)"
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "SSDG" in page
    assert "one in 4 subjects" in page
    assert "SIMULATED" in page
