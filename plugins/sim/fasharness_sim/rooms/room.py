"""The room behind a person: walls in perspective, what stands there, its light, the focus."""

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import cv2
import numpy as np

from fasharness_sim.fields import F32, blur, f32, linear, noise
from fasharness_sim.optics import Lens, Lighting
from fasharness_sim.rooms.canvas import Canvas, Wall, look
from fasharness_sim.rooms.fixtures import tube
from fasharness_sim.rooms.furniture import FURNITURE, Furniture, Thing
from fasharness_sim.rooms.session import Session
from fasharness_sim.rooms.sheets import Paint, Sheet

_MARGIN = 0.12  # what a shaking camera sees beside the frame, as a share of it
_FOCAL = 500.0  # of the phone for which the width of the blur is given
_DECODED = linear(np.arange(256) / 255)
_SIGHT = np.radians(29)  # half of what is seen from left to right, and some more
_UP = f32([0, 1, 0])
_T = TypeVar("_T")


class _Placed(NamedTuple):
    """A thing on a wall: left, bottom, width and height in cm."""

    thing: Thing
    left: float
    bottom: float
    width: float
    height: float


def draw(session: Session, light: Lighting, lens: Lens, rng: np.random.Generator) -> F32:
    """Draw a room: two of its walls, ceiling, floor and furniture, as much in focus as it is.

    Args:
        session: what kind of room it is.
        light: what lights it.
        lens: the camera; the picture is a margin larger than its frame.
        rng: what differs between two sittings.

    Returns:
        float32 (h, w, 3), linear light.
    """
    size = int(lens.width * (1 + _MARGIN)), int(lens.height * (1 + _MARGIN))
    disc = float(np.exp(rng.uniform(np.log(0.2), np.log(3.5)))) * lens.focal / _FOCAL
    # A wide blur leaves no fine detail, so such a room is drawn at half its size.
    shrink = 2 if disc > 2 else 1
    canvas = look(lens.focal / shrink, size[0] // shrink, size[1] // shrink, rng)
    side = float(np.sign(light.directions[0, 0]))
    _build(canvas, session, side, rng)
    glow = light.sky + 0.35 * light.colours.sum(0)
    slope = side * float(rng.uniform(0.1, 0.4)) * np.linspace(-1, 1, canvas.light.shape[1])
    canvas.light[:] *= 1 + f32(slope) + 0.12 * noise(rng, (3, 3), canvas.light.shape)
    seen = f32(cv2.LUT(canvas.paint, _DECODED)) * canvas.light[..., None]
    seen *= glow * np.float32(session.brightness * rng.uniform(0.7, 1.3))
    seen = _unfocused(f32(seen), disc / shrink)
    if shrink > 1:
        seen = f32(cv2.resize(seen, size, interpolation=cv2.INTER_CUBIC))
    return f32(np.maximum(_veiled(seen), 0.003))


def _build(canvas: Canvas, session: Session, bright: float, rng: np.random.Generator) -> None:
    """Build the room around the camera, far to near; ``bright``: the side of the light, -1 or 1."""
    furniture = FURNITURE[session.room]
    far = float(np.exp(rng.uniform(np.log(160), np.log(430))))
    tall = float(rng.uniform(245, 300))
    side, reach = float(rng.choice([-1, 1])), float(rng.uniform(0.3, 1.1) * far + 40)
    yaw = float(np.arctan2(canvas.eye[2, 0], canvas.eye[2, 2]))
    left, right = (far * float(np.tan(yaw + turn)) for turn in (-_SIGHT, _SIGHT))
    left, right = (max(left, -reach), right) if side < 0 else (left, min(right, reach))
    near = max(reach / float(np.tan(max(side * yaw + _SIGHT, 0.01))), 25.0)
    colours = session.walls[rng.integers(len(session.walls), size=2)]
    _cover(canvas, furniture, (min(left, right - 60), right, far, tall), rng)
    dim = 1 - 0.28 * side * bright * float(rng.uniform(0.3, 1))
    start, along = (far if side > 0 else near), f32([0, 0, -side])
    walls = (
        Wall(f32([left, 0, far]), f32([1, 0, 0]), _UP, right - left, tall, 1.0),
        Wall(f32([side * reach, 0, start]), along, _UP, far - near, tall, dim),
    )
    paint = _any(furniture.walls, rng)
    for wall, colour in zip(walls, colours, strict=True):
        if wall.width > 20:
            _wall(canvas, wall, furniture, paint, colour, rng)


def _cover(
    canvas: Canvas,
    furniture: Furniture,
    room: tuple[float, float, float, float],
    rng: np.random.Generator,
) -> None:
    """Draw floor and ceiling of a room (left, right, far end, height), and hang its tubes."""
    left, right, far, tall = room
    wide, deep = right - left + 200, far - 60
    across, forth = f32([1, 0, 0]), f32([0, 0, -1])
    floor, ceiling = (
        Wall(f32([left - 100, height, far]), across, forth, wide, deep, gain)
        for height, gain in ((0.0, 0.55), (tall, 0.85))
    )
    for wall, nearest, paints in (
        (floor, 500.0, furniture.floors),
        (ceiling, 360.0, furniture.ceilings),
    ):
        sheet = canvas.sheet(wall, (0, 0, wide, deep), rng, nearest)
        sheet.pixels[:] = (*(rng.uniform(0.3, 0.6) * f32([255, 225, 195])).astype(int), 255)
        _any(paints, rng)(sheet)
        canvas.put(wall, (0, deep, 0), sheet, _falloff(wall, ()))
    if not furniture.tubes or rng.random() < 0.3:
        return
    first = rng.uniform(-100, 60)
    for x in np.arange(first, wide, 190):
        for row in (50.0, 190.0):
            fixture = canvas.sheet(ceiling, (x, row, 125, 24), rng)
            tube(fixture)
            canvas.put(ceiling, (x, row + 24, 0), fixture, f32([[3.0]]))


def _wall(
    canvas: Canvas,
    wall: Wall,
    furniture: Furniture,
    paint: Paint,
    colour: F32,
    rng: np.random.Generator,
) -> None:
    """Put up a wall with the shadows of its things, then the things, flat ones first."""
    things = _furnish(furniture, wall.width, rng)
    sheet = canvas.sheet(wall, (0, 0, wall.width, wall.height), rng)
    sheet.pixels[:] = (*(colour * 255).astype(int), 255)
    paint(sheet)
    canvas.put(wall, (0, wall.height, 0), sheet, _falloff(wall, things))
    for placed in sorted(things, key=lambda p: p.thing.depth):
        _set(canvas, wall, placed, rng)


def _set(canvas: Canvas, wall: Wall, placed: _Placed, rng: np.random.Generator) -> None:
    """Set up one thing: its sides, what glows in it, and its front."""
    thing, left, bottom, width, height = placed
    at = (left, bottom + height, thing.depth)
    box = (left, bottom, width, height)
    front = canvas.sheet(wall, box, rng)
    if thing.paint:
        thing.paint(front)
    if thing.solid:
        _sides(canvas, wall, placed, front)
    if thing.glow:
        shine = canvas.sheet(wall, box, rng)
        thing.glow(shine)
        canvas.put(wall, at, shine, f32([[thing.power]]))
    apart = thing.depth > 10 or thing.glow  # a flat thing has the light of the wall
    gain = f32(np.linspace(1.05, 0.7, 16)[:, None] * wall.gain) if apart else None
    canvas.put(wall, at, front, gain)


def _sides(canvas: Canvas, wall: Wall, placed: _Placed, front: Sheet) -> None:
    """Paint the sides and the top of a box, darker than its front."""
    thing, left, bottom, width, height = placed
    out = np.cross(wall.up, wall.along)
    edge = front.pixels[:, :3, :3].reshape(-1, 3).mean(0)
    corner = wall.corner + wall.along * left + wall.up * bottom
    faces = (
        (corner, out, wall.up, thing.depth, height, 0.6),
        (corner + wall.along * width, out, wall.up, thing.depth, height, 0.6),
        (corner + wall.up * height, wall.along, out, width, thing.depth, 1.15),
    )
    pixels = np.empty((64, 64, 4), np.uint8)
    pixels[:] = (*edge.astype(int), 255)
    for start, along, up, wide, tall, gain in faces:
        axes = [along * wide / 64, -up * tall / 64, start + up * tall - canvas.place]
        canvas.lay(pixels, canvas.eye @ np.stack(axes, -1), f32([[gain * wall.gain]]))


def _falloff(wall: Wall, things: tuple[_Placed, ...]) -> F32:
    """Draw the light on a wall, 4 cm a pixel: dark corners, shadows of things, pools of lamps."""
    tall, wide = int(wall.height / 4) + 2, int(wall.width / 4) + 2
    x = np.linspace(0, wall.width, wide, dtype=np.float32)
    y = np.linspace(wall.height, 0, tall, dtype=np.float32)[:, None]
    edges = (x, wall.width - x, y, wall.height - y)
    near = [1 - 0.22 * np.exp(-d / 9) - 0.2 * np.exp(-d / 45) for d in edges]
    light = f32(near[0] * near[1] * near[2] * near[3])
    for tight, dark in ((True, 0.35), (False, 0.4)):
        shadow = np.zeros_like(light)
        for p in things:
            grow, drop = (0, 0) if tight else (0.1, 0.45)
            reach = grow * p.thing.depth
            high = p.height * (1 - p.thing.clear)
            top = wall.height - p.bottom - high + drop * min(p.thing.depth, 25)
            box = f32([p.left - reach, top, p.left + p.width + reach, top + high + 2 * reach])
            at = np.round(box / 4).astype(int).tolist()
            strength = dark * min(p.thing.depth / 10 + 0.25, 1.0)
            cv2.rectangle(shadow, at[:2], at[2:], strength, -1)
        light *= 1 - blur(shadow, 0.9 if tight else 4.0)
    for p in things:
        if p.thing.power > 2 and p.thing.depth > 10:
            u, v = p.left + p.width / 2, p.bottom + p.height - 16
            light += 1.1 / (1 + ((x - u) ** 2 + (y - v) ** 2) / 45**2)
    return f32(light * wall.gain)


def _furnish(furniture: Furniture, length: float, rng: np.random.Generator) -> tuple[_Placed, ...]:
    """Place things along a wall one after the other, so that they do not cover each other."""
    placed, x, crowd = [], float(rng.uniform(-120, 25)), float(rng.uniform(0.6, 1))
    while x < length - 10:
        row = [furniture.tall] if rng.random() < 0.5 else [furniture.low, furniture.high]
        end, low = x, 0.0
        for things in row:
            thing = _any(things, rng)
            bounds = (thing.width, thing.height, thing.bottom)
            width, height, bottom = (float(rng.uniform(*bound)) for bound in bounds)
            bottom = max(bottom, low)
            if rng.random() < crowd and x + width < length + 60 and bottom + height < 242:
                placed.append(_Placed(thing, x, bottom, width, height))
                low = bottom + height + 6
            end = max(end, x + width)
        x = end + float(rng.exponential(18)) + 4
    return tuple(placed)


def _any(choices: Sequence[_T], rng: np.random.Generator) -> _T:
    """Draw one of several."""
    return choices[int(rng.integers(len(choices)))]


def _unfocused(light: F32, radius: float) -> F32:
    """Spread every point over a disc, as a lens does that is focused on something else."""
    half = int(np.ceil(radius))
    steps = np.arange(-half, half + 1)
    # A disc, not a Gaussian: a lens out of focus spreads a lamp evenly over its aperture.
    disc = np.clip(radius + 0.5 - np.hypot(steps, steps[:, None]), 0, 1)
    return f32(cv2.filter2D(light, -1, f32(disc / disc.sum()), borderType=cv2.BORDER_REFLECT))


def _veiled(light: F32) -> F32:
    """Add the light that a lens scatters around what is bright."""
    tall, wide = light.shape[:2]
    small = cv2.resize(light, (wide // 8, tall // 8), interpolation=cv2.INTER_AREA)
    veil = cv2.resize(blur(f32(small), 7.0), (wide, tall), interpolation=cv2.INTER_LINEAR)
    return f32(light + (veil - light) * np.float32(0.06))
