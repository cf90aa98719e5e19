"""Replay-Attack: names, clients, sub-protocols, its lists and boxes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fasharness.builtin.datasets.replay_attack import CLIENTS, ReplayAttack
from fasharness.data import Split
from fasharness.errors import DataError

LIVE = "train/real/client001_session01_webcam_authenticate_adverse_1.mov"
ATTACK = "devel/attack/fixed/attack_highdef_client005_session01_highdef_photo_controlled.mov"
ENROL = "enroll/train/client001_session01_webcam_enroll_adverse_1.mov"
# bob.db.replay: attacks of each protocol over the three sets, 30, 30 and 40 % of these
TOTALS = {"print": 200, "mobile": 400, "highdef": 400, "photo": 600, "video": 400,
          "digitalphoto": 400, "grandtest": 1000}  # fmt: skip


@pytest.fixture
def data(make_root: Callable[..., Path]) -> ReplayAttack:
    return ReplayAttack(make_root(ReplayAttack.names()))


def test_names_by_hand():
    live, attack = ReplayAttack.item(LIVE), ReplayAttack.item(ATTACK)
    assert live is not None
    assert (live.species, live.subject, live.part) == (None, "client001", Split.TRAIN)
    assert live.attributes == {"light": "adverse"}
    assert attack is not None
    assert (attack.species, attack.subject, attack.part) == (
        "highdef-photo", "client005", Split.DEV,
    )  # fmt: skip
    assert attack.attributes == {"light": "controlled", "support": "fixed"}
    assert attack.id == ATTACK.removesuffix(".mov")
    enrolled = ReplayAttack.item(ENROL)
    assert enrolled is not None
    assert enrolled.role == "enrolment"


@pytest.mark.parametrize(
    "path",
    ["train/real/client001_session02_webcam_authenticate_adverse_1.mov", LIVE.upper(),
     "train/attack/fixed/attack_print_client001_session01_highdef_video_adverse.mov",
     LIVE.replace(".mov", ".avi"), f"../{LIVE}", f"{LIVE}\n", ""],
)  # fmt: skip
def test_what_is_no_name(path: str):
    assert ReplayAttack.item(path) is None


def test_there_are_1200_names_and_the_base_names_alone_are_not_unique():
    names = list(ReplayAttack.names())
    assert len(set(names)) == len(names) == 1200
    assert all(ReplayAttack.item(name) for name in names)
    assert 1200 - len({name.rpartition("/")[2] for name in names}) == 500
    assert [len(clients.split()) for clients in CLIENTS.values()] == [15, 15, 20]


@pytest.mark.parametrize(("name", "attacks"), TOTALS.items())
def test_the_counts_of_every_protocol_are_the_published_ones(
    data: ReplayAttack, name: str, attacks: int
):
    protocol = data.protocol(f"replay-attack-{name}")
    assert (protocol.version, protocol.dev_rule) == ("rule", "official")
    for split, live, share in zip(Split, (60, 60, 80), (0.3, 0.3, 0.4), strict=True):
        part = protocol.split(split)
        assert sum(p.bona_fide for p in part) == live
        assert sum(not p.bona_fide for p in part) == round(attacks * share)
    assert data.outline(protocol.name).counts[Split.TEST] == (80, attacks * 0.4)  # type: ignore[union-attr]


def write_lists(root: Path, name: str = "photo") -> Path:
    """Write the official lists of a protocol, without endings as released."""
    folder = root / "protocols"
    folder.mkdir()
    data = ReplayAttack(root)
    for split, word in zip(Split, ("train", "devel", "test"), strict=True):
        ruled = data.by_rule(f"replay-attack-{name}", split)
        for kind, file in (
            ("real", f"real-{word}"),
            ("attack", f"attack-{name}-allsupports-{word}"),
        ):
            lines = [i.id for i in ruled if (i.species is None) is (kind == "real")]
            (folder / f"{file}.txt").write_text("\n".join(lines))
    return folder


def test_lists_win_over_the_rule_and_both_are_compared(data: ReplayAttack):
    folder = write_lists(data.root)
    name = "replay-attack-photo"
    assert data.protocol(name).version == "files"
    assert data.notes(name) == ()
    path = folder / "attack-photo-allsupports-test.txt"
    kept = path.read_text().splitlines()[1:]
    other = "test/attack/hand/attack_mobile_client009_session01_mobile_video_adverse"
    path.write_text("\n".join([*kept, other]))
    assert len(data.protocol(name).test) == 320
    lacking, more = data.notes(name)
    assert lacking.startswith(f"{name}: the list of test lacks test/attack/fixed/attack_print_cli")
    assert more == f"{path}:{len(kept) + 1}: {other}.mov is not in the published rule"
    # a list of its own for bona fide videos wins over the common one
    own = folder / "real-photo-allsupports-test.txt"
    own.write_text((folder / "real-test.txt").read_text().split("\n")[0])
    assert sum(p.bona_fide for p in data.protocol(name).test) == 1


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (ENROL, "is for enrolment and belongs to no protocol"),
        (LIVE.replace("client001", "client999"), "is not there"),
        (LIVE.replace("train/", "train//"), "is no name of Replay-Attack"),
        (LIVE.upper().replace(".MOV", ".mov"), f"is no name of Replay-Attack; {LIVE} is"),
        (ATTACK, "is highdef-photo, in a list of real videos"),
        ("/etc/passwd", "is no name of Replay-Attack"),
    ],
)
def test_a_bad_line_of_a_list_is_refused_with_file_and_line(
    data: ReplayAttack, line: str, words: str
):
    path = write_lists(data.root) / "real-train.txt"
    path.write_text(f"{path.read_text()}\n{line}\n")
    with pytest.raises(DataError) as caught:
        data.protocol("replay-attack-photo")
    assert str(caught.value).startswith(f"{path}:61: ")
    assert words in str(caught.value)
    (found,) = data.validate(["replay-attack-photo"]).findings[-1:]
    assert (found.kind, found.detail) == ("list", str(caught.value))


def test_boxes_come_from_the_tree_of_face_locations(data: ReplayAttack):
    shown = data.protocol("replay-attack-grandtest").train[0]
    assert data.faces(shown) == {}
    side = data.root / "face-locations" / Path(data.path_of(shown)).with_suffix(".face")
    side.parent.mkdir(parents=True)
    side.write_text("0 0 0 0 0\n1 100 50 40 60\n")
    assert {frame: face.box for frame, face in data.faces(shown).items()} == {1: (100, 50, 40, 60)}
    assert data.side_files(shown)[0] == side
