"""What stands in rooms, and how each is painted."""

from collections.abc import Callable

import numpy as np

from fasharness_sim.fields import f32
from fasharness_sim.rooms.fixtures import frame
from fasharness_sim.rooms.sheets import (
    CLOTHS,
    DARK,
    STEEL,
    WHITE,
    WOODS,
    Sheet,
    near,
    scenery,
    text,
    times,
    tint,
    wood,
)


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
            colour = near(rng, ((170, 140, 105), (200, 200, 195)))
            sheet.rect(at, low - tall * 0.4, wide, tall * 0.4, colour)
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
    rim, foot = (left, left + pw), (left + 0.15 * pw, left + 0.85 * pw)
    sheet.poly([[rim[0], h - ph], [rim[1], h - ph], [foot[1], h], [foot[0], h]], pot)
    round_ = sheet.part(left, h - ph, pw, ph)
    across = np.linspace(-1, 1, round_.shape[1])
    sheet.shade(round_, np.interp(across, [-1, -0.3, 1], [0.75, 1.1, 0.5]))


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
                left = u + rng.uniform(-1, 1)
                sheet.rect(left, top - 1.5 * (k + 1), 20, 1.3, tint(rng, 0.7, 0.95, 0.1))
    wood(sheet, 0, top, w, 4, colour)
    sheet.rect(0, top, w, 1, times(colour, 1.25))
    sheet.rect(4, top + 4, w - 8, 26, times(colour, 0.4))
    for x in (0.0, w - 5):
        sheet.rect(x, top + 4, 5, h - top - 4, times(STEEL, 0.7))


def _screen(sheet: Sheet) -> float:
    """Return where a desk's monitor stands: the same for its frame and its picture."""
    return sheet.size[0] * 0.5 - 28


def screen(sheet: Sheet) -> None:
    """Paint what the monitor on a desk shows: windows and text before a picture."""
    rng, x = sheet.rng, _screen(sheet)
    scenery(sheet, x, 6, 56, 30.5)
    if rng.random() < 0.7:
        sheet.rect(x + 6, 9, 40, 24, WHITE if rng.random() < 0.6 else DARK)
        sheet.rect(x + 6, 9, 40, 1.6, (90, 110, 150, 255))
        text(sheet, x + 8, 12, 34, 19, 1.3, 0.7)


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
