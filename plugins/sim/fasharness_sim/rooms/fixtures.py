"""What hangs on the walls of rooms or is built into them, and how each is painted."""

from collections.abc import Sequence

import cv2
import numpy as np

from fasharness_sim.fields import f32, noise
from fasharness_sim.rooms.sheets import (
    CLOTHS,
    DARK,
    STEEL,
    WHITE,
    WOODS,
    Colour,
    Sheet,
    near,
    picture,
    plot,
    text,
    times,
    tint,
    wood,
)


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


def radiator(sheet: Sheet) -> None:
    """Paint a radiator: ribs that catch the light on one side."""
    w, h = sheet.size
    sheet.rect(0, 0, w, h, (214, 214, 208, 255))
    part = sheet.part(0, 2, w, h - 4)
    across = np.linspace(0, w, part.shape[1])
    sheet.shade(part, 0.82 + 0.2 * np.sin(across / sheet.rng.uniform(3, 6) * 2 * np.pi))
    sheet.rect(0, 2.5, w, 1, (150, 150, 146, 255))
    sheet.rect(0, h - 4, w, 1, (130, 130, 126, 255))


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
        left, top = rng.uniform(-0.3, 0.4) * w, h * rng.uniform(0.15, 0.5)
        _house(sheet, left, top, w * rng.uniform(0.4, 1))
    if rng.random() < 0.75:
        _trees(sheet, h * rng.uniform(0.35, 0.75))
    kind = rng.random()
    if kind < 0.3:
        down = h * rng.uniform(0.2, 1)
        for y in np.arange(3, down, 4.0):
            sheet.rect(0, y, w, 2.4, (150, 150, 146, 255))
            sheet.rect(0, y + 2.4, w, 0.5, (84, 84, 84, 255))
    elif kind < 0.45:
        low = h * rng.uniform(0.2, 0.6)
        sheet.rect(0, 0, w, low, near(rng, ((190, 182, 165), (160, 165, 165))))


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


def tube(sheet: Sheet) -> None:
    """Paint a fluorescent fixture as it shines: two tubes in a bright tray."""
    w, h = sheet.size
    sheet.rect(0, 0, w, h, (176, 178, 178, 255))
    for y in (0.28, 0.72):
        sheet.rect(2, h * y - h * 0.1, w - 4, h * 0.2, (252, 252, 248, 255))
