"""What belongs to which kind of room: its things, how large they are, and its surfaces."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from fasharness_sim.rooms.fixtures import (
    clock,
    coats,
    curtain,
    door,
    frame,
    frames,
    noticeboard,
    outside,
    poster,
    radiator,
    switch,
    whiteboard,
    window,
)
from fasharness_sim.rooms.sheets import Paint
from fasharness_sim.rooms.standing import (
    bookcase,
    chairs,
    desk,
    files,
    lamp,
    lampshade,
    lockers,
    plant,
    screen,
    sideboard,
    sofa,
)
from fasharness_sim.rooms.surfaces import (
    beams,
    boards,
    brick,
    carpet,
    dado,
    grid,
    panels,
    plaster,
    tiles,
    wallpaper,
    white,
    woodchip,
)


class Thing(NamedTuple):
    """A kind of thing: how it is painted and where it is, lengths in cm as (least, most).

    ``depth``: how far its front is from the wall · ``glow``: paints what shines behind ``paint``
    and ``power`` says how many times brighter than the room's light · ``solid``: a closed box ·
    ``clear``: the share of its height, from above, that hardly throws a shadow.
    """

    paint: Paint | None
    width: tuple[float, float]
    height: tuple[float, float]
    bottom: tuple[float, float]
    depth: float = 0.0
    glow: Paint | None = None
    power: float = 1.0
    solid: bool = False
    clear: float = 0.0


class Furniture(NamedTuple):
    """What a kind of room has: tall things, low ones, ones that hang above the low, surfaces.

    ``tubes``: whether fluorescent ones may hang from the ceiling.
    """

    tall: Sequence[Thing]
    low: Sequence[Thing]
    high: Sequence[Thing]
    walls: Sequence[Paint]
    ceilings: Sequence[Paint]
    floors: Sequence[Paint]
    tubes: bool


_TALL_DOOR = Thing(door, (92, 104), (206, 214), (0, 0), 2)
_CASE = Thing(files, (80, 170), (150, 225), (0, 0), 32, solid=True)
_WINDOW = Thing(window, (90, 220), (120, 160), (82, 100), 3, outside, 5.0)
_PLANT = Thing(plant, (50, 95), (70, 170), (0, 0), 35, clear=0.75)
_CLOCK = Thing(clock, (28, 34), (28, 34), (185, 215), 3)
_BOARD = Thing(whiteboard, (110, 240), (85, 125), (85, 105), 2)
_POSTER = Thing(poster, (55, 120), (80, 125), (95, 125))
_NOTICES = Thing(noticeboard, (80, 160), (60, 110), (105, 130), 2)
_SWITCH = Thing(switch, (8, 9), (8, 9), (105, 112), 1)

FURNITURE: Mapping[str, Furniture] = MappingProxyType(
    {
        "office": Furniture(
            tall=(_WINDOW, _WINDOW, _WINDOW, _WINDOW, _TALL_DOOR, _CASE, _CASE,
                  Thing(lockers, (80, 160), (130, 200), (0, 0), 40, solid=True)),
            low=(Thing(desk, (120, 180), (121, 123), (0, 0), 65, screen, 1.3, clear=0.42), _PLANT,
                 Thing(radiator, (80, 160), (55, 65), (12, 16), 8),
                 Thing(files, (80, 160), (75, 115), (0, 0), 32, solid=True)),
            high=(_BOARD, _BOARD, _POSTER, _NOTICES, _CLOCK, _SWITCH),
            walls=(plaster, woodchip, woodchip, dado),
            ceilings=(grid, white),
            floors=(carpet, tiles),
            tubes=True,
        ),
        "home": Furniture(
            tall=(Thing(bookcase, (70, 200), (180, 235), (0, 0), 28, solid=True),
                  Thing(bookcase, (70, 200), (120, 200), (0, 0), 28, solid=True), _TALL_DOOR,
                  Thing(curtain, (60, 190), (225, 238), (2, 6), 10),
                  Thing(lamp, (34, 46), (150, 175), (0, 0), 30, lampshade, 3.2, clear=1.0)),
            low=(Thing(sofa, (150, 230), (80, 95), (0, 0), 70), _PLANT, _PLANT,
                 Thing(sideboard, (100, 180), (95, 125), (0, 0), 42, clear=0.4)),
            high=(Thing(frame, (40, 100), (30, 80), (115, 150), 2),
                  Thing(frames, (70, 160), (40, 90), (115, 140), 2),
                  Thing(frame, (25, 50), (30, 65), (125, 155), 2), _CLOCK, _SWITCH),
            walls=(plaster, wallpaper, wallpaper, woodchip, woodchip, dado),
            ceilings=(white, white, beams),
            floors=(boards, boards, carpet),
            tubes=False,
        ),
        "hall": Furniture(
            tall=(_TALL_DOOR, _TALL_DOOR,
                  Thing(lockers, (90, 220), (180, 215), (0, 0), 45, solid=True)),
            low=(Thing(chairs, (120, 280), (82, 90), (0, 0), 50), _PLANT,
                 Thing(lockers, (80, 180), (75, 110), (0, 0), 40, solid=True),
                 Thing(radiator, (80, 160), (55, 65), (12, 16), 8)),
            high=(_POSTER, _POSTER, _POSTER, _NOTICES, _BOARD,
                  Thing(coats, (90, 190), (100, 125), (60, 75), 12)),
            walls=(plaster, woodchip, brick, brick, tiles, panels, dado),
            ceilings=(grid, grid, white),
            floors=(tiles, boards, carpet),
            tubes=True,
        ),
    }
)  # fmt: skip
