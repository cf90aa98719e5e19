"""A second layout through the same contract: its own names, lists and sizes, all else for free."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import pytest

from fasharness.data import Split
from fasharness.errors import DataError, OptionError
from fasharness_sim import preview
from fasharness_sim.layout import Layout, Sitting, Video
from fasharness_sim.layouts import LAYOUTS, layout_of
from fasharness_sim.simulator import LayoutSimulator, readme, simulate


class Twins(Layout):
    """Two clients before one phone, in folders of their own."""

    dataset = "twins"
    title = "TWINS"
    version = 7
    sizes = {"pair": 4}  # noqa: RUF012
    users = {Split.TRAIN: (1,), Split.TEST: (2,)}  # noqa: RUF012
    protocols = {"twins": "the only protocol"}  # noqa: RUF012
    naming = ("KIND/client", "the video of a client")
    beside = {"lists/": "who is who"}  # noqa: RUF012

    def sittings(self, size: str, users: Mapping[Split, Sequence[int]]) -> list[Sitting]:
        kinds = (("real", None), ("attack", "print1"))
        return [
            Sitting(user, 1, 3, tuple(
                Video(f"{kind}/client{user:03d}", instrument, number)
                for number, (kind, instrument) in enumerate(kinds, 1)
            ))
            for part in users.values() for user in part
        ]  # fmt: skip

    def lists(self, sittings: Iterable[Sitting]) -> dict[str, str]:
        kept = {split: [s for s in sittings if s.user in self.users[split]] for split in self.users}
        return {
            f"lists/{split}.txt": "".join(f"{v.path}\n" for s in part for v in s.videos)
            for split, part in kept.items()
        }


TWINS = Twins()


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    out, seen = tmp_path_factory.mktemp("twins") / "sim", []
    LayoutSimulator(TWINS).write(
        out, size="pair", seed=5, jobs=2, progress=lambda *step: seen.append(step)
    )
    assert seen == [(0, 4), (2, 4), (4, 4)]
    return out


def test_its_files_lie_where_it_says_and_carry_the_mark(written):
    videos = [f"{kind}/client00{user}" for kind in ("real", "attack") for user in (1, 2)]
    endings = (".avi", ".depth.npz", ".truth.npz")
    there = {str(p.relative_to(written)) for p in written.rglob("*") if p.is_file()}
    assert there == {f"{video}{ending}" for video in videos for ending in endings} | {
        "lists/train.txt", "lists/test.txt", "README.txt", "LICENSE.txt", "SIMULATED.json",
    }  # fmt: skip
    assert json.loads((written / "SIMULATED.json").read_text()) == {
        "data": "simulated TWINS", "version": 7, "seed": 5, "size": "pair", "users": None,
        "videos": 4,
    }  # fmt: skip
    assert (written / "lists" / "test.txt").read_text() == "real/client002\nattack/client002\n"


def test_its_readme_says_what_it_is_and_what_lies_there(written):
    lines = (written / "README.txt").read_text().splitlines()
    assert lines[0] == "This folder is SIMULATED. It is not TWINS and shows no real person."
    assert "KIND/client.avi        the video of a client" in lines
    assert "lists/                 who is who" in lines
    assert not [line for line in lines if "OULU" in line]


def test_its_contact_sheet_is_drawn(written, tmp_path):
    sheet = cv2.imread(str(preview.write(TWINS, written, tmp_path / "sheet.png")))
    assert sheet.shape[1] == 1440


def test_its_simulator_offers_its_sizes_and_version():
    simulator = LayoutSimulator(TWINS)
    assert (simulator.sizes, simulator.version) == (("pair",), 7)


def test_the_documented_layout_is_this_one():
    page = (Path(__file__).parents[3] / "docs" / "simulation.md").read_text()
    block = re.search(r"^```python\n(class TwinsLayout.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert block is not None
    names: dict[str, Any] = {"Layout": Layout, "Sitting": Sitting, "Split": Split, "Video": Video}
    exec(block[1], names)
    documented = names["TwinsLayout"]()
    sittings = documented.sittings("pair", documented.users)
    assert sittings == TWINS.sittings("pair", TWINS.users)
    assert documented.lists(sittings) == TWINS.lists(sittings)
    assert readme(documented).startswith("This folder is SIMULATED. It is not TWINS")
    assert documented.data == TWINS.data


def test_its_users_and_sizes_are_checked(tmp_path):
    out = tmp_path / "sim"
    with pytest.raises(OptionError, match=r"lists/test\.txt \(1 lists.*Train 1-1, Test 2-2"):
        simulate(TWINS, out, size="pair", users=[1])
    with pytest.raises(OptionError, match="no user 3; users are 1 to 2"):
        simulate(TWINS, out, size="pair", users=[3])
    with pytest.raises(OptionError, match="no size 'mini' of the simulation; available: pair"):
        simulate(TWINS, out)
    assert not out.exists()


def test_the_mark_names_the_layout(written, tmp_path):
    with pytest.raises(DataError, match=r"data 'simulated TWINS' are not of this simulator"):
        layout_of(written)
    for layout in LAYOUTS.values():
        mark = {"data": layout.data, "size": next(iter(layout.sizes))}
        (tmp_path / "SIMULATED.json").write_text(json.dumps(mark))
        assert layout_of(tmp_path) is layout


def test_a_mark_without_seed_or_users_is_named(tmp_path):
    (tmp_path / "SIMULATED.json").write_text('{"data": "simulated TWINS", "size": "pair"}')
    with pytest.raises(DataError, match=r"SIMULATED\.json is damaged: KeyError\('seed'\)"):
        preview.write(TWINS, tmp_path, tmp_path / "sheet.png")
