"""The surfaces of rooms: walls, ceilings, floors, painted over a sheet of plain colour."""

import numpy as np
from numpy.typing import ArrayLike

from fasharness_sim.fields import f32, noise
from fasharness_sim.rooms.sheets import WOODS, Sheet, near


def plaster(sheet: Sheet) -> None:
    """Give a wall a painted surface, fine or rough."""
    sheet.mottle(sheet.pixels, (60, 60), 0.03)
    sheet.mottle(sheet.pixels, (0.6, 0.6), float(np.exp(sheet.rng.uniform(-4.5, -2.3))))


def woodchip(sheet: Sheet) -> None:
    """Give a wall woodchip paper: small bumps, lit from the side."""
    h, w = sheet.pixels.shape[:2]
    cell, rough = 0.8 * sheet.scale, sheet.rng.uniform(0.05, 0.18)
    wide = max(cell, 1.0)
    bumps = noise(sheet.rng, (int(h / wide) + 2, int(w / wide) + 2), (h, w + 1))
    slope = (bumps[:, 1:] - bumps[:, :-1]) * min(cell, 1.0)
    sheet.shade(sheet.pixels, 1 + rough * slope)


def wallpaper(sheet: Sheet) -> None:
    """Give a wall a printed paper: stripes or a motif that repeats."""
    h, w = sheet.pixels.shape[:2]
    period = max(round(sheet.rng.uniform(5, 22) * sheet.scale), 3)
    if sheet.rng.random() < 0.4:
        unit = np.repeat(1 + 0.12 * noise(sheet.rng, (1, 4), (1, period)), 2, 0)
    else:
        unit = noise(sheet.rng, (5, 5), (period, period // 2 + 1))
        unit = 1 + sheet.rng.uniform(0.05, 0.16) * np.sign(np.hstack([unit, unit[:, ::-1]]))
    tiles = (h // unit.shape[0] + 1, w // unit.shape[1] + 1)
    sheet.shade(sheet.pixels, np.tile(unit, tiles)[:h, :w])
    sheet.mottle(sheet.pixels, (2.0, 0.4), float(np.exp(sheet.rng.uniform(-4.0, -2.0))))


def brick(sheet: Sheet) -> None:
    """Turn a wall into brickwork, bare or painted over."""
    painted = sheet.rng.random() < 0.5
    bare = ((150, 92, 70), (170, 120, 92))
    colour = sheet.pixels[0, 0] if painted else f32(near(sheet.rng, bare))
    _courses(sheet, colour, (7.5, 25.0), 1.0, 0.5, 0.05 if painted else 0.16)
    sheet.mottle(sheet.pixels, (0.6, 0.6), sheet.rng.uniform(0.07, 0.2))


def tiles(sheet: Sheet) -> None:
    """Turn a wall into glazed tiles up to some height."""
    side = float(sheet.rng.choice([10.0, 15.0, 20.0]))
    _courses(sheet, sheet.pixels[0, 0], (side, side), 0.5, 0.0, 0.05)


def panels(sheet: Sheet) -> None:
    """Turn a wall into upright wooden boards."""
    colour = f32(near(sheet.rng, WOODS))
    _courses(sheet, colour, (400.0, sheet.rng.uniform(9, 30)), 0.7, 0.0, 0.09)
    sheet.mottle(sheet.pixels, (16, 0.6), sheet.rng.uniform(0.05, 0.14))


def _courses(
    sheet: Sheet,
    colour: ArrayLike,
    size: tuple[float, float],
    joint: float,
    shift: float,
    spread: float,
) -> None:
    """Draw stones of ``size`` (height, width) in rows, each of its own shade, with joints."""
    h, w = sheet.pixels.shape[:2]
    rows, columns = np.arange(h) / sheet.scale / size[0], np.arange(w) / sheet.scale / size[1]
    row = rows.astype(int)
    across = columns[None] + shift * (row % 2)[:, None]
    shades = 1 + spread * sheet.rng.standard_normal((row[-1] + 1, int(across.max()) + 1))
    gap = (rows % 1 * size[0] < joint)[:, None] | (across % 1 * size[1] < joint)
    gain = f32(np.where(gap, 0.72, shades[row[:, None], across.astype(int)]))
    sheet.pixels[:] = f32(colour)
    sheet.shade(sheet.pixels, gain)


def dado(sheet: Sheet) -> None:
    """Paint the lower part of a wall darker, with a rail."""
    w, h = sheet.size
    low = sheet.rng.uniform(90, 130)
    plaster(sheet)
    sheet.shade(sheet.part(0, h - low, w, low), sheet.rng.uniform(0.55, 0.8))
    sheet.shade(sheet.part(0, h - low - 4, w, 4), 1.15)


def grid(sheet: Sheet) -> None:
    """Paint a suspended ceiling: speckled tiles in a metal grid."""
    _courses(sheet, (196, 196, 192, 255), (62.5, 62.5), 2.0, 0.0, 0.015)
    sheet.mottle(sheet.pixels, (0.9, 0.9), 0.07)


def beams(sheet: Sheet) -> None:
    """Paint a ceiling of boards."""
    colour = f32(near(sheet.rng, WOODS))
    _courses(sheet, colour, (sheet.rng.uniform(8, 16), 400.0), 0.8, 0.3, 0.06)
    sheet.mottle(sheet.pixels, (1.5, 30), 0.04)


def white(sheet: Sheet) -> None:
    """Paint a plain ceiling."""
    sheet.pixels[:] = (200, 198, 192, 255)
    sheet.mottle(sheet.pixels, (80, 80), 0.02)


def boards(sheet: Sheet) -> None:
    """Turn a floor into wooden boards."""
    _courses(sheet, sheet.pixels[0, 0], (12.0, 140.0), 0.6, 0.4, 0.09)


def carpet(sheet: Sheet) -> None:
    """Give a floor a speckled carpet."""
    sheet.mottle(sheet.pixels, (1.5, 1.5), 0.08)
