"""Replay-Mobile: names, clients, the client without bona fide videos, protocols."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fasharness.builtin.datasets.replay_mobile import ReplayMobile
from fasharness.data import Split

LIVE = "test/real/client002_session02_authenticate_mobile_adverse.mov"
ATTACK = "test/attack/attack_client002_session01_mattescreen_fixed_tablet_video_lighton.mov"
# bob.db.replaymobile: bona fide and attack of train, devel and test
COUNTS = {"grandtest": ((120, 192), (160, 256), (110, 192)),
          "mattescreen": ((120, 96), (160, 128), (110, 96)),
          "print": ((120, 96), (160, 128), (110, 96))}  # fmt: skip


def test_names_by_hand():
    live, attack = ReplayMobile.item(LIVE), ReplayMobile.item(ATTACK)
    assert live is not None
    assert live[1:6] == (None, "client002", Split.TEST, "mobile", "session02")
    assert attack is not None
    assert attack[1:6] == (
        "mattescreen-video", "client002", Split.TEST, "tablet", "session01",
    )  # fmt: skip
    assert attack.attributes == {"light": "lighton", "support": "fixed"}
    enrolled = ReplayMobile.item("enroll/devel/client005_session01_enroll_tablet_lightoff.mov")
    assert enrolled is not None
    assert enrolled.role == "enrolment"


@pytest.mark.parametrize(
    "path",
    [ATTACK.replace("mattescreen_fixed", "mattescreen_hand"),
     "test/attack/attack_client002_session01_print_hand_tablet_video_lighton.mov",
     LIVE.replace("adverse", "lighton"), LIVE.replace("session02", "session01")],
)  # fmt: skip
def test_what_is_no_name(path: str):
    assert ReplayMobile.item(path) is None


def test_client_9_has_no_bona_fide_video():
    names = list(ReplayMobile.names())
    assert len(set(names)) == len(names) == 1030
    own = [name for name in names if "client009" in name]
    assert len(own) == 16
    assert all(name.startswith("test/attack/") for name in own)


@pytest.mark.parametrize(("name", "counts"), COUNTS.items())
def test_the_counts_of_every_protocol_are_the_published_ones(
    make_root: Callable[..., Path], name: str, counts: tuple[tuple[int, int], ...]
):
    protocol = ReplayMobile(make_root([LIVE])).protocol(f"replay-mobile-{name}")
    found = tuple(
        (sum(p.bona_fide for p in part), sum(not p.bona_fide for p in part))
        for part in (protocol.train, protocol.dev, protocol.test)
    )
    assert found == counts
