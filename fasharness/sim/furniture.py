"""What stands in rooms and hangs on their walls, and which of it belongs to which room."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import cv2
import numpy as np

from fasharness.sim.fields import f32, noise
from fasharness.sim.sheets import (
    CLOTHS,
    DARK,
    STEEL,
    WHITE,
    WOODS,
    Colour,
    Paint,
    Sheet,
    near,
    picture,
    plot,
    scenery,
    text,
    times,
    tint,
    wood,
)
from fasharness.sim.surfaces import (
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
    """The things of a kind of room: tall ones, low ones, ones that hang above the low, walls."""

    tall: Sequence[Thing]
    low: Sequence[Thing]
    high: Sequence[Thing]
    walls: Sequence[Paint]
    ceilings: Sequence[Paint]
    floors: Sequence[Paint]


def _shelf(sheet: Sheet, fill: Callable[[Sheet, float, float, float, float], None]) -> None:
    """Paint a case of shelves; ``fill`` fills each, given its left, top, width and height."""
    (w, h), rng = sheet.size, sheet.rng
    colour = near(rng, (*WOODS, (225, 224, 220), (60, 50, 46)))
    wood(sheet, 0, 0, w, h, colour)
    board = 2.2
    columns = max(round(w / 85), 1)
    rows = max(round(h / rng.uniform(30, 38)), 1)
    span, gap = (w - board) / columns, (h - board) / rows
    for column in range(columns):
        for row in range(rows):
            at = (column * span + board, row * gap + board, span - board, gap - board)
            sheet.rect(*at, times(colour, 0.45))
            fill(sheet, *at)
            inside = sheet.part(*at)
            deep = np.linspace(0, 1, inside.shape[0], dtype=np.float32)[:, None]
            sheet.shade(inside, 0.5 + 0.5 * np.minimum(deep * 2.5, 1))


def _books(sheet: Sheet, x: float, y: float, w: float, h: float) -> None:
    """Fill a shelf with books of all sizes and colours, and some other things."""
    rng, at, low = sheet.rng, x, y + h
    strong = rng.uniform(0.3, 0.75)
    while at < x + w - 2:
        wide, tall = min(rng.uniform(1.4, 5), x + w - at), h * rng.uniform(0.55, 0.93)
        kind, colour = rng.random(), tint(rng, 0.12, rng.uniform(0.4, 0.92), strong)
        if kind < 0.05:
            at += rng.uniform(3, 16)
            continue
        if kind < 0.07 and at + 14 < x + w:
            wide = 14
            sheet.oval(at + 7, low - h * 0.22, 5.5, h * 0.22, colour)
        elif kind < 0.13 and at + 18 < x + w:
            wide = 18
            for k in range(3):
                sheet.rect(at, low - 3 * (k + 1), 17, 2.7, tint(rng, 0.2, 0.9, strong))
        else:
            lean = rng.uniform(0, 3) if kind < 0.21 and at + wide + 3 < x + w else 0.0
            sheet.poly([[at + lean, low - tall], [at + lean + wide, low - tall], [at + wide, low],
                        [at, low]], colour)  # fmt: skip
            mark = times(colour, 0.5 if sum(colour[:3]) > 380 else 2.2)
            sheet.rect(at + lean * 0.7 + 0.3 * wide, low - 0.8 * tall, 0.4 * wide, 0.4 * tall, mark)
            sheet.rect(at + wide - 0.3, low - tall, 0.3, tall, times(colour, 0.55))
        at += wide


def _binders(sheet: Sheet, x: float, y: float, w: float, h: float) -> None:
    """Fill a shelf with binders, boxes and paper."""
    rng, at, low = sheet.rng, x, y + h
    colours = [tint(rng, 0.2, 0.8, 0.8) for _ in range(3)]
    while at < x + w - 5:
        wide, tall = float(rng.choice([5.0, 8.0])), min(31.5, h * 0.92)
        if rng.random() < 0.22:
            wide = min(rng.uniform(10, 30), x + w - at)
            sheet.rect(
                at,
                low - tall * 0.4,
                wide,
                tall * 0.4,
                near(rng, ((170, 140, 105), (200, 200, 195))),
            )
        elif at + wide <= x + w:
            colour = colours[int(rng.integers(3))]
            sheet.rect(at + 0.2, low - tall, wide - 0.4, tall, colour)
            sheet.rect(at + 0.2 * wide, low - 0.85 * tall, 0.6 * wide, 0.4 * tall, WHITE)
            text(sheet, at + 0.25 * wide, low - 0.8 * tall, 0.5 * wide, 0.3 * tall, 2.0, 0.6)
            sheet.oval(at + wide / 2, low - 0.16 * tall, 1.2, 1.2, DARK)
        at += wide


def bookcase(sheet: Sheet) -> None:
    """Paint a case full of books."""
    _shelf(sheet, _books)


def files(sheet: Sheet) -> None:
    """Paint a case of binders."""
    _shelf(sheet, _binders)


def frame(sheet: Sheet) -> None:
    """Paint a framed picture, with or without a mount, its edge catching light."""
    (w, h), rng = sheet.size, sheet.rng
    colour = near(rng, (*WOODS, (30, 30, 30), (225, 222, 215), (160, 130, 70)))
    edge = rng.uniform(1.2, 3.5)
    sheet.rect(0, 0, w, h, colour)
    sheet.line([[0, 0.4], [w, 0.4]], 0.5, times(colour, 1.7))
    sheet.line([[0.4, 0], [0.4, h]], 0.5, times(colour, 1.4))
    sheet.rect(edge, edge, w - 2 * edge, h - 2 * edge, times(WHITE, 0.97))
    mount = edge + min(w, h) * float(rng.choice([0, 0.1, 0.15]))
    picture(sheet, mount, mount, w - 2 * mount, h - 2 * mount)
    sheet.rect(mount, mount, w - 2 * mount, 0.5, times(WHITE, 0.4))


def frames(sheet: Sheet) -> None:
    """Paint a group of framed pictures."""
    (w, h), rng = sheet.size, sheet.rng
    columns, rows = int(rng.integers(2, 4)), int(rng.integers(1, 3))
    for column in range(columns):
        for row in range(rows):
            fw, fh = w / columns * rng.uniform(0.6, 0.9), h / rows * rng.uniform(0.6, 0.9)
            part = sheet.part(w * column / columns, h * row / rows, fw, fh)
            frame(Sheet(part, sheet.scale, rng))


def door(sheet: Sheet) -> None:
    """Paint a door with its casing, panels and handle."""
    (w, h), rng = sheet.size, sheet.rng
    colour = near(rng, (*WOODS, (222, 220, 212), (205, 208, 210), (120, 136, 150)))
    sheet.rect(0, 0, w, h, times(colour, 1.12))
    sheet.rect(6, 6, w - 12, h - 6, times(colour, 0.35))
    wood(sheet, 6.8, 6.8, w - 13.6, h - 6.8, colour)
    rows = int(rng.choice([0, 2, 3, 4]))
    for row in range(rows):
        for x in (14.0, w / 2 + 3):
            pw, y, ph = w / 2 - 17, 16 + row * (h - 20) / rows, (h - 20) / rows - 12
            sheet.rect(x, y, pw, ph, times(colour, 0.62))
            sheet.rect(x + 1, y + 1, pw - 1, ph - 1, times(colour, 1.22))
            sheet.rect(x + 1.5, y + 1.5, pw - 3, ph - 3, times(colour, 0.94))
    if not rows and rng.random() < 0.5:
        sheet.rect(w * 0.3, 30, w * 0.4, h * 0.35, (88, 98, 102, 255))
        sheen = f32([[0.4, 0], [0.6, 0], [0.45, 0.35], [0.3, 0.35]]) * [w, h] + [0, 30]
        sheet.poly(sheen, (120, 132, 136, 255))
    side = w - 15 if rng.random() < 0.5 else 11
    sheet.rect(side, h - 112, 3.5, 22, times(STEEL, 0.75))
    sheet.rect(side - 5, h - 104, 13, 2.2, STEEL)
    sheet.rect(side - 5, h - 104, 13, 0.7, WHITE)


def curtain(sheet: Sheet) -> None:
    """Paint a curtain in folds on its rail."""
    (w, h), rng = sheet.size, sheet.rng
    colour = near(rng, (*CLOTHS, (205, 196, 180), (170, 90, 70), (96, 120, 130)))
    sheet.rect(0, 3, w, h - 3, colour)
    part = sheet.part(0, 3, w, h - 3)
    across = np.linspace(0, w, part.shape[1], dtype=np.float32)
    phase = across / rng.uniform(5, 9) * 2 * np.pi + 2.0 * noise(rng, (1, 6), (1, part.shape[1]))
    down = np.linspace(0, 1, part.shape[0], dtype=np.float32)[:, None]
    folds = np.sin(phase + 0.9 * np.sin(down * 3 + phase / 7))
    if rng.random() < 0.4:
        sheet.mottle(part, (6, 3), 0.1)
    sheet.shade(part, 0.8 + 0.26 * folds + 0.1 * np.sin(2 * phase))
    sheet.rect(0, 0, w, 2.5, times(WHITE, 0.6))


def plant(sheet: Sheet) -> None:
    """Paint a plant in its pot: a hundred leaves around some stems."""
    (w, h), rng = sheet.size, sheet.rng
    pot = near(rng, ((176, 96, 66), (225, 222, 215), (70, 72, 76), (120, 130, 140)))
    pw, ph = w * 0.3, min(h * 0.28, 32.0)
    green = f32(near(rng, ((62, 98, 44), (40, 74, 42), (92, 116, 58)))[:3])
    long = w * rng.uniform(0.12, 0.24)
    fat = rng.uniform(0.14, 0.4)
    along, stem = np.linspace(0, 1, 7), (62, 66, 40, 255)
    for height in np.sort(rng.random(int(rng.integers(70, 150)))):
        turn = rng.normal(0, 0.9)
        reach = rng.uniform(0.2, 1.0) * (h - ph) * (0.35 + 0.5 * height)
        x, y = w / 2 + 0.55 * reach * np.sin(turn), h - ph - reach * abs(np.cos(turn)) * 0.95
        a = turn + rng.normal(0, 0.6)
        tip = np.array([np.sin(a), -np.cos(a) * 0.8 + 0.3]) * long * rng.uniform(0.6, 1.1)
        side = np.array([-tip[1], tip[0]]) * fat
        bulge = np.sin(along * np.pi)[:, None]
        spine = np.array([x, y]) + along[:, None] * tip
        r, g, b = np.clip(green * rng.uniform(0.45, 1.5), 0, 255).astype(int).tolist()
        sheet.line([[w / 2, h - ph], [(w / 2 + x) / 2, y + 0.25 * (h - ph - y)], [x, y]], 0.5, stem)
        sheet.poly(np.vstack([spine + bulge * side, (spine - bulge * side)[::-1]]), (r, g, b, 255))
        sheet.line(spine[[0, -1]], 0.3, (int(r * 0.7), int(g * 0.7), int(b * 0.7), 255))
    left = (w - pw) / 2
    sheet.poly(
        [[left, h - ph], [left + pw, h - ph], [left + 0.85 * pw, h], [left + 0.15 * pw, h]], pot
    )
    round_ = sheet.part(left, h - ph, pw, ph)
    sheet.shade(
        round_, np.interp(np.linspace(-1, 1, round_.shape[1]), [-1, -0.3, 1], [0.75, 1.1, 0.5])
    )


def lamp(sheet: Sheet) -> None:
    """Paint the stand of a floor lamp."""
    w, h = sheet.size
    sheet.rect(w / 2 - 0.9, 30, 1.8, h - 32, times(STEEL, 0.5))
    sheet.oval(w / 2, h - 2, w * 0.35, 2, times(STEEL, 0.4))


def lampshade(sheet: Sheet) -> None:
    """Paint the shade of a floor lamp: brightest around the bulb."""
    w, _ = sheet.size
    slant = sheet.rng.uniform(0.0, 0.25) * w
    sheet.poly([[slant, 0], [w - slant, 0], [w, 32], [0.0, 32.0]], (250, 226, 178, 255))
    part = sheet.part(0, 0, w, 32)
    x = np.linspace(-1, 1, part.shape[1])
    y = np.linspace(-1, 1, part.shape[0])[:, None]
    sheet.shade(part, 0.62 + 0.4 * np.exp(-(x**2) * 2.5 - y**2))


def sofa(sheet: Sheet) -> None:
    """Paint a sofa: arms, back, seat and loose cushions."""
    (w, h), rng = sheet.size, sheet.rng
    colour = near(rng, (*CLOTHS, (170, 162, 150), (60, 66, 80), (140, 90, 50)))
    arm, seats = 16.0, max(round(w / 80), 2)
    sheet.rect(arm / 2, 6, w - arm, h - 14, times(colour, 0.7))
    for k in range(seats):
        x, span = arm + k * (w - 2 * arm) / seats, (w - 2 * arm) / seats
        for y, tall in ((0.0, h * 0.5), (h * 0.5, h * 0.22)):
            inset = sheet.part(x + 0.7, y + 0.7, span - 1.4, tall - 1.4)
            inset[:] = colour
            u = np.linspace(-1, 1, inset.shape[1])
            v = np.linspace(-1, 1, max(inset.shape[0], 1))[:, None]
            sheet.shade(inset, 1.12 - 0.3 * np.abs(u) ** 4 - 0.2 * np.abs(v) ** 4 - 0.12 * v)
    for x in (0.0, w - arm):
        sheet.rect(x, h * 0.3, arm, h * 0.62, times(colour, 0.9))
        sheet.oval(x + arm / 2, h * 0.3, arm / 2, 5, times(colour, 1.1))
    sheet.mottle(sheet.pixels, (0.8, 0.8), 0.05)
    for _ in range(int(rng.integers(0, 4))):
        x, c = rng.uniform(arm, w - arm - 40), 36.0
        sheet.poly(
            [[x, 8], [x + c, 5], [x + c + 1, h * 0.5], [x - 1, h * 0.52]], tint(rng, 0.3, 0.9, 0.6)
        )
        sheet.mottle(sheet.part(x, 6, c, h * 0.42), (4, 4), 0.2)


def sideboard(sheet: Sheet) -> None:
    """Paint a chest of doors and drawers with a few things on it."""
    (w, h), rng = sheet.size, sheet.rng
    colour, top = near(rng, (*WOODS, (226, 224, 218))), h * 0.38
    x = rng.uniform(0, 20)
    while x < w - 24:
        kind, wide = rng.integers(3), rng.uniform(10, 24)
        tall = top * rng.uniform(0.4, 0.95)
        if kind == 0:
            frame(Sheet(sheet.part(x, top - tall, wide, tall), sheet.scale, rng))
        elif kind == 1:
            vase = tint(rng, 0.2, 0.9, 0.5)
            sheet.oval(x + wide / 2, top - tall * 0.4, wide * 0.32, tall * 0.4, vase)
            sheet.rect(x + wide * 0.38, top - tall, wide * 0.24, tall * 0.5, vase)
        else:
            for k in range(4):
                sheet.rect(x, top - 3 * (k + 1), wide - k, 2.7, tint(rng, 0.2, 0.9, 0.7))
        x += wide + rng.uniform(4, 40)
    wood(sheet, 0, top, w, h - top - 8, colour)
    sheet.rect(0, top, w, 2, times(colour, 1.2))
    doors = max(round(w / 45), 2)
    for k in range(doors):
        sheet.rect(k * w / doors, top + 3, 0.7, h - top - 12, times(colour, 0.4))
        sheet.oval((k + 0.5) * w / doors, top + 8, 1.2, 1.2, STEEL)
    for x in (4.0, w - 8):
        sheet.rect(x, h - 8, 4, 8, times(colour, 0.5))


def window(sheet: Sheet) -> None:
    """Paint the frame, bars, handle and sill of a window; the panes stay clear."""
    (w, h), rng = sheet.size, sheet.rng
    colour = near(rng, ((232, 232, 230), (222, 222, 220), (150, 110, 76), (84, 88, 92)))
    sashes = max(round(w / 70), 1)
    sheet.rect(0, 0, w, h, colour)
    for k in range(sashes):
        x, span = 4 + k * (w - 8) / sashes, (w - 8) / sashes
        sheet.rect(x + 0.5, 4.5, span - 1, h - 13, times(colour, 0.72))
        sheet.rect(x + 1.5, 5.5, span - 3, h - 15, colour)
        sheet.part(x + 6, 10, span - 12, h - 24)[:] = 0
        sheet.rect(x + 5, h / 2 - 7, 2, 14, STEEL)
    sheet.rect(0, h - 6, w, 6, times(colour, 1.05))
    sheet.rect(0, h - 2, w, 2, times(colour, 0.6))


def outside(sheet: Sheet) -> None:
    """Paint what a window shows: sky, trees or houses, sometimes behind blinds or a net."""
    (w, h), rng = sheet.size, sheet.rng
    _sky(sheet)
    if rng.random() < 0.5:
        _house(
            sheet, rng.uniform(-0.3, 0.4) * w, h * rng.uniform(0.15, 0.5), w * rng.uniform(0.4, 1)
        )
    if rng.random() < 0.75:
        _trees(sheet, h * rng.uniform(0.35, 0.75))
    kind = rng.random()
    if kind < 0.3:
        down = h * rng.uniform(0.2, 1)
        for y in np.arange(3, down, 4.0):
            sheet.rect(0, y, w, 2.4, (150, 150, 146, 255))
            sheet.rect(0, y + 2.4, w, 0.5, (84, 84, 84, 255))
    elif kind < 0.45:
        sheet.rect(
            0, 0, w, h * rng.uniform(0.2, 0.6), near(rng, ((190, 182, 165), (160, 165, 165)))
        )


def _sky(sheet: Sheet) -> None:
    """Fill a sheet with a bright sky with clouds."""
    tall, wide = sheet.pixels.shape[:2]
    down = np.linspace(0, 1, tall, dtype=np.float32)[:, None, None]
    blue = sheet.rng.uniform(0, 1)
    top = f32([205, 214, 226, 255]) - f32([50, 28, 0, 0]) * blue
    sky = top + (f32([238, 238, 236, 255]) - top) * down
    clouds = np.clip(noise(sheet.rng, (6, 4), (tall, wide)), 0, 1)[..., None]
    sheet.pixels[:] = np.clip(sky + (f32([248, 248, 248, 255]) - sky) * clouds, 0, 255)


def _house(sheet: Sheet, x: float, y: float, w: float) -> None:
    """Paint the front of a house across the street."""
    rng, (_, h) = sheet.rng, sheet.size
    colour = near(rng, ((165, 150, 130), (150, 100, 80), (170, 170, 168), (180, 168, 130)))
    sheet.rect(x, y, w, h - y, colour)
    sheet.poly([[x - 3, y], [x + w * 0.2, y - 12], [x + w * 0.8, y - 12], [x + w + 3, y]],
               near(rng, ((110, 66, 54), (86, 86, 92))))  # fmt: skip
    step = rng.uniform(12, 20)
    for u in np.arange(x + 4, x + w - 8, step):
        for v in np.arange(y + 6, h, step * 1.3):
            sheet.rect(u - 0.7, v - 0.7, step * 0.45 + 1.4, step * 0.7 + 1.4, times(colour, 1.2))
            sheet.rect(u, v, step * 0.45, step * 0.7, (72, 82, 94, 255))


def _trees(sheet: Sheet, y: float) -> None:
    """Paint the crowns of trees from a height downwards."""
    tall, wide = sheet.pixels.shape[:2]
    rows = np.arange(tall, dtype=np.float32)[:, None] / sheet.scale
    fine = (max(tall // 3, 2), max(wide // 3, 2))
    twigs = noise(sheet.rng, fine, (tall, wide))
    boughs = noise(sheet.rng, (12, 14), (tall, wide))
    crowns = y + 14 * noise(sheet.rng, (1, 6), (1, wide)) + 5 * boughs + 4 * twigs
    leaves = 1 + 0.2 * twigs + 0.25 * boughs
    green = f32(near(sheet.rng, ((76, 98, 60), (64, 90, 60), (100, 104, 72))))
    crown = np.clip(green * leaves[..., None], 0, 255)
    crown[..., 3] = 255
    np.copyto(sheet.pixels, crown.astype(np.uint8), where=(rows > crowns)[..., None])
    sheet.pixels[:] = cv2.GaussianBlur(sheet.pixels, (0, 0), 0.8)


def radiator(sheet: Sheet) -> None:
    """Paint a radiator: ribs that catch the light on one side."""
    w, h = sheet.size
    sheet.rect(0, 0, w, h, (214, 214, 208, 255))
    part = sheet.part(0, 2, w, h - 4)
    across = np.linspace(0, w, part.shape[1])
    sheet.shade(part, 0.82 + 0.2 * np.sin(across / sheet.rng.uniform(3, 6) * 2 * np.pi))
    sheet.rect(0, 2.5, w, 1, (150, 150, 146, 255))
    sheet.rect(0, h - 4, w, 1, (130, 130, 126, 255))


def _scribble(sheet: Sheet, x: float, y: float, w: float, ink: Colour) -> None:
    """Write a line by hand."""
    rng, at = sheet.rng, x
    while at < x + w - 5:
        count = int(rng.integers(6, 18))
        dx = np.cumsum(rng.uniform(0.2, 0.8, count))
        sheet.line(np.stack([at + dx, y + rng.normal(0, 1.2, count)], -1), 0.5, ink)
        at += dx[-1] + 2.5


def whiteboard(sheet: Sheet) -> None:
    """Paint a whiteboard with notes and a drawing."""
    (w, h), rng = sheet.size, sheet.rng
    sheet.rect(0, 0, w, h, STEEL)
    sheet.rect(1.5, 1.5, w - 3, h - 3, (228, 230, 230, 255))
    sheet.mottle(sheet.part(1.5, 1.5, w - 3, h - 3), (20, 25), 0.02)
    inks: Sequence[Colour] = (
        (40, 46, 110, 255),
        (40, 40, 44, 255),
        (160, 46, 44, 255),
        (40, 110, 70, 255),
    )
    for y in np.arange(10, h - 8, rng.uniform(6, 10)):
        if rng.random() < 0.75:
            _scribble(sheet, 6, y, w * rng.uniform(0.2, 0.6), inks[int(rng.integers(4))])
    x, y, r = w * 0.75, h * rng.uniform(0.3, 0.6), min(w, h) * 0.17
    for _ in range(int(rng.integers(2, 6))):
        u, v = x + rng.normal(0, r * 0.5), y + rng.normal(0, r * 0.7)
        box = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]) * [r, r * 0.6] + [u, v]
        sheet.line(box, 0.6, inks[int(rng.integers(4))])
        sheet.line([[u, v], [x, y]], 0.5, inks[0])
    sheet.rect(w * 0.2, h - 3, w * 0.5, 2.5, times(STEEL, 0.8))


def desk(sheet: Sheet) -> None:
    """Paint a desk with a monitor, papers, a mug; the screen is left to its glow."""
    (w, h), rng = sheet.size, sheet.rng
    top, colour = 48.0, near(rng, (*WOODS, (215, 213, 208)))
    x = _screen(sheet)
    sheet.rect(x - 2, 4, 60, 35, DARK)
    sheet.part(x, 6, 56, 30.5)[:] = 0
    sheet.rect(x + 24, 39, 8, 8, DARK)
    sheet.rect(x + 16, 46.5, 24, 1.5, DARK)
    for u in (rng.uniform(0, x - 22), rng.uniform(x + 62, w - 18)):
        if rng.random() < 0.5:
            sheet.rect(u, top - 9, 8, 9, tint(rng, 0.3, 0.95, 0.7))
        else:
            for k in range(5):
                sheet.rect(
                    u + rng.uniform(-1, 1), top - 1.5 * (k + 1), 20, 1.3, tint(rng, 0.7, 0.95, 0.1)
                )
    wood(sheet, 0, top, w, 4, colour)
    sheet.rect(0, top, w, 1, times(colour, 1.25))
    sheet.rect(4, top + 4, w - 8, 26, times(colour, 0.4))
    for x in (0.0, w - 5):
        sheet.rect(x, top + 4, 5, h - top - 4, times(STEEL, 0.7))


def _screen(sheet: Sheet) -> float:
    """Say where a desk's monitor stands: the same for its frame and its picture."""
    return sheet.size[0] * 0.5 - 28


def screen(sheet: Sheet) -> None:
    """Paint what the monitor on a desk shows: windows and text before a picture."""
    rng, x = sheet.rng, _screen(sheet)
    scenery(sheet, x, 6, 56, 30.5)
    if rng.random() < 0.7:
        sheet.rect(x + 6, 9, 40, 24, WHITE if rng.random() < 0.6 else DARK)
        sheet.rect(x + 6, 9, 40, 1.6, (90, 110, 150, 255))
        text(sheet, x + 8, 12, 34, 19, 1.3, 0.7)


def poster(sheet: Sheet) -> None:
    """Paint a conference poster: a title over columns of text, figures and plots."""
    (w, h), rng = sheet.size, sheet.rng
    sheet.rect(0, 0, w, h, tint(rng, 0.86, 0.97, 0.08))
    ink = tint(rng, 0.25, 0.7, 0.9)
    head = h * rng.uniform(0.1, 0.16)
    sheet.rect(0, 0, w, head, ink)
    bar = sheet.part(w * 0.1, head * 0.3, w * 0.8, head * 0.5)
    words = cv2.resize(
        f32(rng.random((3, 26)) < 0.7), bar.shape[1::-1], interpolation=cv2.INTER_AREA
    )
    bar[..., :3] = bar[..., :3] + (f32(WHITE[:3]) - bar[..., :3]) * words[..., None]
    columns = 2 if w < h else 3
    span = w / columns
    for column in range(columns):
        y = head + 3
        while y < h - 12:
            x, tall = column * span + 2, min(rng.uniform(9, 30), h - 4 - y)
            kind = rng.random()
            if kind < 0.5:
                sheet.rect(x, y, span - 4, 2, ink)
                text(sheet, x, y + 3.4, span - 4, tall - 4, 1.1, 0.7)
            elif kind < 0.75:
                picture(sheet, x, y, span - 4, tall)
            else:
                plot(sheet, x, y, span - 4, tall)
            y += tall + 3


def noticeboard(sheet: Sheet) -> None:
    """Paint a cork board full of notes."""
    (w, h), rng = sheet.size, sheet.rng
    wood(sheet, 0, 0, w, h, near(rng, WOODS))
    sheet.rect(2.5, 2.5, w - 5, h - 5, near(rng, ((176, 138, 96), (70, 96, 80), (76, 88, 116))))
    sheet.mottle(sheet.part(2.5, 2.5, w - 5, h - 5), (0.7, 0.7), 0.12)
    for _ in range(int(w * h / 600)):
        pw, ph = (21.0, 29.7) if rng.random() < 0.5 else (9.0, rng.uniform(7, 13))
        x, y = rng.uniform(4, max(w - pw - 4, 5)), rng.uniform(4, max(h - ph - 4, 5))
        lean = rng.normal(0, 0.7)
        paper = tint(rng, 0.8, 0.95, 0.15 if pw > 20 else 0.6)
        sheet.rect(x + 0.6, y + 0.8, pw, ph, (60, 48, 36, 255))
        sheet.poly(
            [[x, y], [x + pw, y + lean], [x + pw - lean, y + ph], [x - lean, y + ph - lean]], paper
        )
        text(sheet, x + 2, y + 2.5, pw - 4, ph - 4, 1.2, 0.6)
        sheet.oval(x + pw / 2, y + 1, 0.8, 0.8, tint(rng, 0.4, 0.9, 1))


def lockers(sheet: Sheet) -> None:
    """Paint a cupboard: doors, gaps, handles, vents."""
    (w, h), rng = sheet.size, sheet.rng
    colour = near(rng, (*WOODS, (176, 180, 180), (120, 134, 150), (216, 214, 206), (96, 116, 106)))
    wood(sheet, 0, 0, w, h, colour)
    count, rows = max(round(w / rng.uniform(32, 50)), 1), int(rng.integers(1, 4))
    vents = rng.random() < 0.5
    for k in range(count):
        for row in range(rows):
            x, y = k * w / count, row * (h - 8) / rows
            wide, tall = w / count, (h - 8) / rows
            sheet.rect(x, y, 0.8, tall, times(colour, 0.35))
            sheet.rect(x + 0.8, y, 0.6, tall, times(colour, 1.2))
            sheet.rect(x, y, wide, 0.8, times(colour, 0.35))
            sheet.rect(x + wide - 5, y + tall * 0.45, 1.5, 9, STEEL)
            for v in range(5 if vents else 0):
                sheet.rect(x + wide * 0.25, y + 6 + 2.6 * v, wide * 0.5, 0.8, times(colour, 0.4))
    sheet.rect(0, h - 8, w, 8, times(colour, 0.4))


def coats(sheet: Sheet) -> None:
    """Paint a rail of hooks with coats and bags."""
    (w, h), rng = sheet.size, sheet.rng
    wood(sheet, 0, 4, w, 9, near(rng, WOODS))
    for x in np.arange(12, w - 6, 17.0):
        if rng.random() < 0.55:
            colour, long = tint(rng, 0.12, 0.6, 0.7), h * rng.uniform(0.55, 0.95)
            half = rng.uniform(10, 17)
            out = f32([0, 5, 0.8 * half, half, 0.3 * half])
            down = f32([9, 14, 26, long, long + 2])
            edge = np.concatenate([x + out, x - out[::-1]])
            sheet.poly(np.stack([edge, np.concatenate([down, down[::-1]])], -1), colour)
            part = sheet.part(x - half, 14, 2 * half, long - 12)
            across = np.linspace(0, 3, part.shape[1]) * 2 * np.pi
            fall = np.linspace(0, 1, max(part.shape[0], 1))[:, None]
            sheet.shade(part, 0.95 + 0.28 * fall * np.sin(across + rng.uniform(0, 6) + 2 * fall))
        sheet.rect(x - 0.7, 7, 1.4, 6, times(STEEL, 0.6))
        sheet.oval(x, 13, 1.4, 1.2, STEEL)


def chairs(sheet: Sheet) -> None:
    """Paint a row of chairs."""
    (w, h), rng = sheet.size, sheet.rng
    colour = near(rng, (*WOODS, *CLOTHS, (40, 42, 46), (150, 50, 44), (50, 80, 130)))
    step = rng.uniform(52, 66)
    for x in np.arange(0, w - 44, step):
        for u in (2.0, 40.0):
            sheet.rect(x + u, 4, 2.2, h - 4, times(STEEL, 0.6))
        sheet.poly([[x + 2, 2], [x + 42, 2], [x + 41, 34], [x + 3, 34]], colour)
        back = sheet.part(x + 3, 2, 38, 32)
        sheet.shade(back, np.linspace(1.2, 0.75, max(back.shape[0], 1))[:, None])
        sheet.poly(
            [[x + 2, h - 47], [x + 42, h - 47], [x + 45, h - 41], [x - 1, h - 41]],
            times(colour, 1.1),
        )
        sheet.mottle(sheet.part(x, 2, 44, h - 42), (1, 1), 0.03)


def clock(sheet: Sheet) -> None:
    """Paint a clock."""
    w, h = sheet.size
    r = min(w, h) / 2
    sheet.oval(r, r, r, r, tint(sheet.rng, 0.1, 0.7, 0.3))
    sheet.oval(r, r, r * 0.88, r * 0.88, WHITE)
    for hour in np.linspace(0, 2 * np.pi, 13)[:-1]:
        ray = np.array([np.sin(hour), np.cos(hour)])
        sheet.line([r + ray * r * 0.7, r + ray * r * 0.82], 0.6, DARK)
    for long, wide in ((0.45, 1.0), (0.7, 0.6)):
        a = sheet.rng.uniform(0, 2 * np.pi)
        sheet.line([[r, r], [r + long * r * np.sin(a), r + long * r * np.cos(a)]], wide, DARK)


def switch(sheet: Sheet) -> None:
    """Paint a light switch."""
    w, h = sheet.size
    sheet.rect(0, 0, w, h, (224, 224, 218, 255))
    sheet.rect(w * 0.2, h * 0.2, w * 0.6, h * 0.6, (206, 206, 200, 255))
    sheet.rect(0, h - 0.6, w, 0.6, (120, 120, 116, 255))


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
        ),
    }
)  # fmt: skip
