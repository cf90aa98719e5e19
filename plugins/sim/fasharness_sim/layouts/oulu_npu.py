"""A simulated OULU-NPU: which videos it has, and where they lie in the data set's own layout."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from fasharness.dataset import Simulator
from fasharness.errors import OptionError
from fasharness_sim import writing as layout
from fasharness_sim.layouts import oulu_lists
from fasharness_sim.layouts.oulu_lists import FILES, Shoot
from fasharness_sim.writing import Layout, Plan, Sitting, Video

VERSION = 3
DATA = "simulated OULU-NPU"
SIZES: Mapping[str, str] = MappingProxyType(
    {
        "mini": "200 videos of 40 sittings: every protocol has both classes in every list",
        "small": "1000 videos of 200 sittings, balanced over users, sessions and phones",
        "full": "all 4950 videos of OULU-NPU",
    }
)
_KNOWN = MappingProxyType(
    {
        "mini": {"Train": 12, "Dev": 7, "Test": 9},
        "small": {"Train": 60, "Dev": 35, "Test": 45},
    }
)
_UNSEEN = MappingProxyType(
    {
        "mini": {"Train": 2, "Dev": 2, "Test": 8},
        "small": {"Train": 10, "Dev": 10, "Test": 40},
    }
)
_INSTRUMENTS: Mapping[int, str | None] = MappingProxyType(
    {1: None, 2: "print1", 3: "print2", 4: "display1", 5: "display2"}
)
_README = """This folder is SIMULATED. It is not OULU-NPU and shows no real person.

The videos are drawn by the simulator of fasharness: procedural heads, rooms, phones, printers
and displays. They lie in the layout of the OULU-NPU data set, so that programs which read that
data set can be tried without it. Figures obtained here say nothing about OULU-NPU itself.

Phone_Session_User_File.avi        the video; file 1 is bona fide, 2 and 3 print, 4 and 5 display
Phone_Session_User_File.txt        frame,x_left,y_left,x_right,y_right (left: in the image)
Phone_Session_User_File.depth.npz  exact depth of the (depicted) face, 0 none, 255 nearest
Phone_Session_User_File.truth.npz  its box, eyes and 68 landmarks, in tenths of a pixel
Protocols/                         the lists of the four protocols, for the videos that exist
SIMULATED.json                     simulator version, seed, size, users, number of videos
"""
_LICENSE = """The simulated videos, eye positions, landmarks and depth maps in this folder are
dedicated to the public domain under CC0 1.0 Universal: https://creativecommons.org/publicdomain/zero/1.0/
"""


class OuluNpuSimulator(Simulator):
    """Writes a simulated OULU-NPU."""

    sizes = tuple(SIZES)
    version = VERSION

    def write(
        self,
        out: Path,
        *,
        size: str,
        seed: int,
        jobs: int,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Write simulated data; see `simulate`."""
        simulate(out, size=size, seed=seed, jobs=jobs, progress=progress)


def names(size: str, users: Sequence[int] | None = None) -> tuple[str, ...]:
    """List the videos of a size.

    Args:
        size: a key of ``SIZES``.
        users: only these, as ``oulu_lists.parse_users`` gives them; None for all 55.

    Returns:
        The sorted names, e.g. ``1_1_01_1``.

    Raises:
        OptionError: there is no such size or user.
    """
    return tuple(sorted(shoot.name(file) for shoot in _shoots(size, users) for file in FILES))


def simulate(
    out: Path,
    *,
    size: str = "mini",
    seed: int = 0,
    jobs: int = 0,
    progress: Callable[[int, int], None] | None = None,
    users: Sequence[int] | None = None,
    announce: Callable[[Plan], None] | None = None,
) -> None:
    """Write a simulated OULU-NPU; what an earlier, interrupted call wrote is kept.

    Args:
        out: the folder; made when missing, else empty or begun with the same settings.
        size: a key of ``SIZES``.
        seed: 0 or above; every video depends on it and its own name only.
        jobs: number of processes, 0 for one per core.
        progress: called with the number of videos that are done and of all.
        users: only these, as ``oulu_lists.parse_users`` gives them; None for all 55.
        announce: hears, before the first video, what will be written; this costs a second.

    Raises:
        DataError: the folder holds something else, or the disk is full.
        OptionError: no such size or user, a list would stay empty, the seed or the number of
            jobs is negative, or there are far more jobs than cores.
        RunError: a worker process was killed.
    """
    if seed < 0 or jobs < 0:
        raise OptionError(f"seed and jobs must be 0 or above, got seed {seed} and jobs {jobs}")
    shoots = _shoots(size, users)
    lists = oulu_lists.lists(shoots)
    if users is not None:
        _refuse_empty(lists)
    settings = _settings(seed, size, users)
    texts = {f"Protocols/{path}": text for path, text in lists.items()}
    texts |= {"README.txt": _README, "LICENSE.txt": _LICENSE}
    content = Layout(seed, settings, [_sitting(shoot) for shoot in shoots], texts)
    layout.write(out, content, jobs=jobs, progress=progress, announce=announce)


def _settings(seed: int, size: str, users: Sequence[int] | None) -> dict[str, object]:
    """Tell what decides the content of a folder."""
    told = oulu_lists.told(users)
    return {"data": DATA, "version": VERSION, "seed": seed, "size": size, "users": told}


def _shoots(size: str, users: Sequence[int] | None = None) -> list[Shoot]:
    """List the sittings of a size."""
    if size not in SIZES:
        raise OptionError(f"no size {size!r} of the simulation; available: {', '.join(SIZES)}")
    seated = oulu_lists.seated(users)
    if size == "full":
        return oulu_lists.every_shoot(seated)
    return sorted(oulu_lists.some_shoots(_KNOWN[size], _UNSEEN[size], seated))


def _refuse_empty(lists: Mapping[str, str]) -> None:
    """See that every list has presentations; a sitting has some of both classes."""
    empty = [path for path, text in lists.items() if not text]
    if empty:
        raise OptionError(
            f"with these users and this size, Protocols/{empty[0]} ({len(empty)} lists in all) "
            "would be empty; give more users, some of each part: "
            + ", ".join(f"{split} {u[0]}-{u[-1]}" for split, u in oulu_lists.USERS.items())
        )


def _sitting(shoot: Shoot) -> Sitting:
    """Name the videos of a sitting."""
    folder = f"{oulu_lists.split_of(shoot.user)}_files"
    videos = [Video(f"{folder}/{shoot.name(f)}", _INSTRUMENTS[f], f) for f in FILES]
    return Sitting(shoot.user, shoot.session, shoot.phone, tuple(videos))
