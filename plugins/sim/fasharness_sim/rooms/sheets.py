"""Sheets to paint on, and what many things have in common: wood, print, pictures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike

from fasharness_sim.fields import U8, f32, noise

Colour = tuple[int, int, int, int]
WHITE: Colour = (236, 236, 232, 255)
DARK: Colour = (34, 34, 36, 255)
STEEL: Colour = (150, 152, 154, 255)
WOODS = ((150, 108, 70), (98, 66, 44), (186, 150, 108), (120, 84, 60), (202, 178, 146))
CLOTHS = ((120, 112, 104), (84, 92, 108), (150, 138, 120), (110, 76, 66), (92, 104, 92))


@dataclass(frozen=True)
class Sheet:
    """A picture to paint on: uint8 (H, W, 4), sRGB times cover; lengths in cm from its top left.

    ``scale``: pixels per cm.
    """

    pixels: U8
    scale: float
    rng: np.random.Generator

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in cm."""
        return self.pixels.shape[1] / self.scale, self.pixels.shape[0] / self.scale

    def rect(self, x: float, y: float, w: float, h: float, colour: Colour) -> None:
        """Fill a rectangle."""
        self.poly([[x, y], [x + w, y], [x + w, y + h], [x, y + h]], colour)

    def poly(self, points: ArrayLike, colour: Colour) -> None:
        """Fill a polygon of points (N, 2)."""
        if not self.pixels.size:
            return
        # OpenCV draws at 16ths of a pixel (shift 4), with centres of pixels at whole numbers.
        at = np.round((f32(points) * self.scale - 0.5) * 16).astype(np.int32)
        cv2.fillPoly(self.pixels, [at], colour, cv2.LINE_AA, 4)

    def oval(self, x: float, y: float, rx: float, ry: float, colour: Colour) -> None:
        """Fill an ellipse."""
        turn = np.linspace(0, 2 * np.pi, 20)
        self.poly(np.stack([x + rx * np.cos(turn), y + ry * np.sin(turn)], -1), colour)

    def line(self, points: ArrayLike, width: float, colour: Colour) -> None:
        """Draw a line through points (N, 2)."""
        at = np.round(f32(points) * self.scale * 16).astype(np.int32)
        thick = max(round(width * self.scale), 1)
        cv2.polylines(self.pixels, [at], False, colour, thick, cv2.LINE_AA, 4)

    def part(self, x: float, y: float, w: float, h: float) -> U8:
        """Look at the pixels of a rectangle."""
        left, top, right, bottom = (max(round(v * self.scale), 0) for v in (x, y, x + w, y + h))
        return self.pixels[top:bottom, left:right]

    def shade(self, part: U8, gain: ArrayLike) -> None:
        """Make pixels lighter or darker in place by factors that broadcast to (h, w)."""
        if part.size:
            factor = np.ascontiguousarray(np.broadcast_to(f32(gain), part.shape[:2]))
            # The cover keeps its value; only colours are shaded.
            factors = cv2.merge([factor, factor, factor, np.ones_like(factor)])
            part[:] = cv2.multiply(part, factors, dtype=cv2.CV_8U)

    def mottle(self, part: U8, cells: tuple[float, float], strength: float) -> None:
        """Give pixels a smooth random texture whose knots lie ``cells`` cm apart (down, across)."""
        h, w = part.shape[:2]
        if h < 1 or w < 1:
            return
        across = [c * self.scale for c in cells]
        knots = [int(np.clip(n / c, 2, n + 1)) for n, c in zip((h, w), across, strict=True)]
        # a pixel that holds several knots shows their mean
        strength *= float(np.sqrt(min(across[0], 1) * min(across[1], 1)))
        self.shade(part, 1 + strength * noise(self.rng, (knots[0], knots[1]), (h, w)))


Paint = Callable[[Sheet], None]


def tint(rng: np.random.Generator, low: float, high: float, strong: float) -> Colour:
    """Draw an sRGB colour of any hue with a value of ``low``..``high`` and some saturation."""
    hue, saturation, value = rng.random(), rng.random() ** 1.5 * strong, rng.uniform(low, high)
    wheel = np.clip(np.abs((hue + np.array([0, 2 / 3, 1 / 3])) % 1 * 6 - 3) - 1, 0, 1)
    r, g, b = (255 * value * (1 - saturation * (1 - wheel))).astype(int).tolist()
    return r, g, b, 255


def near(rng: np.random.Generator, colours: Sequence[tuple[int, int, int]]) -> Colour:
    """Draw one of some sRGB colours, a little lighter or darker."""
    colour = f32(colours[int(rng.integers(len(colours)))]) * rng.uniform(0.8, 1.1)
    r, g, b = np.clip(colour, 0, 255).astype(int).tolist()
    return r, g, b, 255


def times(colour: Colour, factor: float) -> Colour:
    """Make a colour lighter or darker."""
    r, g, b = (int(min(v * factor, 255)) for v in colour[:3])
    return r, g, b, 255


def wood(sheet: Sheet, x: float, y: float, w: float, h: float, colour: Colour) -> None:
    """Fill a rectangle with wood, its grain along the longer side, or with paint if it is grey."""
    sheet.rect(x, y, w, h, colour)
    along = (0.7, 14.0) if w > h else (14.0, 0.7)
    bare = max(colour[:3]) > 1.3 * min(colour[:3])
    sheet.mottle(sheet.part(x, y, w, h), along, 0.08 if bare else 0.015)


def scenery(sheet: Sheet, x: float, y: float, w: float, h: float, fields: bool = True) -> None:
    """Fill a rectangle with a landscape: sky, hills one before the other, a field or water."""
    part, rng = sheet.part(x, y, w, h), sheet.rng
    tall, wide = part.shape[:2]
    if tall < 2 or wide < 2:
        return
    top, low = f32(tint(rng, 0.5, 0.9, 0.35)), f32(tint(rng, 0.8, 1.0, 0.2))
    fade = np.linspace(0, 1, tall, dtype=np.float32)[:, None, None]
    seen = np.broadcast_to(top + (low - top) * fade, (tall, wide, 4)).copy()
    rows = np.linspace(0, 1, tall, dtype=np.float32)[:, None]
    colour = f32([70, 95, 60, 255]) if fields else f32([80, 84, 100, 255])
    for k in range(3):
        edge = 0.45 + 0.16 * k + 0.07 * noise(rng, (1, 4 + 3 * k), (1, wide))
        hill = colour * f32([*rng.uniform(0.6, 1.3, 3), 1]) * f32([*[1.3 - 0.25 * k] * 3, 1])
        rough = 1 + 0.2 * noise(rng, (max(tall // 4, 2), max(wide // 4, 2)), (tall, wide))
        seen = np.where((rows > edge)[..., None], hill * rough[..., None], seen)
    part[:] = np.clip(seen, 0, 255)
    part[..., 3] = 255


def _portrait(sheet: Sheet, x: float, y: float, w: float, h: float) -> None:
    """Fill a rectangle with people seen from afar before something plain."""
    rng = sheet.rng
    sheet.rect(x, y, w, h, tint(rng, 0.3, 0.9, 0.35))
    sheet.mottle(sheet.part(x, y, w, h), (h / 3, w / 3), 0.15)
    count = int(rng.integers(1, 4))
    for k in range(count):
        cx, r = x + w * (k + 1) / (count + 1), min(w / (count + 1), h) * rng.uniform(0.2, 0.26)
        cy = y + h * rng.uniform(0.36, 0.5)
        cloth, low = tint(rng, 0.2, 0.9, 0.6), y + h
        out, down = f32([2, 1.7, 0.5]) * r, f32([low, cy + 1.6 * r, cy + r])
        across = np.concatenate([cx - out, (cx + out)[::-1]])
        sheet.poly(np.stack([across, np.concatenate([down, down[::-1]])], -1), cloth)
        sheet.oval(cx, cy - 0.25 * r, r * 0.95, 1.15 * r, near(rng, ((40, 28, 22), (110, 80, 50))))
        sheet.oval(cx, cy + 0.1 * r, 0.72 * r, r, near(rng, ((220, 175, 150), (150, 105, 80))))


def picture(sheet: Sheet, x: float, y: float, w: float, h: float) -> None:
    """Fill a rectangle with a photo or a painting."""
    kind = sheet.rng.integers(4)
    if kind < 2:
        scenery(sheet, x, y, w, h, bool(kind))
    elif kind == 2:
        _portrait(sheet, x, y, w, h)
    else:
        sheet.rect(x, y, w, h, tint(sheet.rng, 0.5, 1, 0.4))
        for _ in range(int(sheet.rng.integers(4, 14))):
            u, v, rx, ry = sheet.rng.random(4) * [w, h, w / 4, h / 4]
            rx, ry = min(rx, u, w - u), min(ry, v, h - v)
            sheet.oval(x + u, y + v, rx, ry, tint(sheet.rng, 0.1, 1, 0.9))


def text(sheet: Sheet, x: float, y: float, w: float, h: float, line: float, ink: float) -> None:
    """Print lines of words, ``line`` cm apart, as dashes that take the share ``ink`` of light."""
    part = sheet.part(x, y, w, h)
    tall, wide = part.shape[:2]
    rows, columns = max(round(h / line), 1), max(round(w / line * 1.6), 2)
    if tall < 2 or wide < 2:
        return
    words = f32(sheet.rng.random((rows, columns)) < 0.8)
    words *= np.arange(columns) < columns * sheet.rng.uniform(0.6, 1.0, (rows, 1))
    spaced = np.zeros((2 * rows, columns), np.float32)
    spaced[::2] = words
    drawn = cv2.resize(spaced, (wide, tall), interpolation=cv2.INTER_AREA)
    sheet.shade(part, 1 - ink * drawn)


def plot(sheet: Sheet, x: float, y: float, w: float, h: float) -> None:
    """Draw a diagram: curves or bars."""
    rng = sheet.rng
    sheet.line([[x + 2, y], [x + 2, y + h - 2], [x + w, y + h - 2]], 0.3, DARK)
    if rng.random() < 0.5:
        for u in np.arange(x + 3, x + w - 2, 3.0):
            tall = rng.uniform(0.1, 0.9) * h
            sheet.rect(u, y + h - 2 - tall, 2, tall, tint(rng, 0.3, 0.8, 0.9))
        return
    for _ in range(3):
        walk = np.clip(np.cumsum(rng.normal(0, 0.09, 14)) + rng.random(), 0.05, 0.95)
        curve = np.stack([np.linspace(x + 2, x + w, 14), y + h * walk - 1], -1)
        sheet.line(curve, 0.5, tint(rng, 0.2, 0.8, 0.9))
