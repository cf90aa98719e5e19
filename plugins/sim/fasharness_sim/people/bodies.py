"""Neck, shoulders and clothes below a head, as one lit picture.

The torsos are drawn from meshes ahead of time (see ``bake/clothes.py``): what
is left to do here is to choose an outfit for a person, to dye and pattern it, and to light it.
"""

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import cv2
import numpy as np

from fasharness_sim.fields import F32, archive, blur, f32, linear, noise, over, ramp, stream
from fasharness_sim.optics import Lighting
from fasharness_sim.people.person import Person

SCALE = 8.0  # pixels a cm
SIZE = (376, 416)  # height and width of the picture
NECK_Y = -5.0  # y of its first row, in cm above the head's centre

_WRAP = 0.15
_X = f32((np.arange(SIZE[1]) - SIZE[1] / 2 + 0.5)[None] / SCALE)
_Y = f32(NECK_Y - (np.arange(SIZE[0])[:, None] + 0.5) / SCALE)
_DYES = f32(
    [
        [0.16, 0.18, 0.23],
        [0.84, 0.83, 0.80],
        [0.31, 0.38, 0.49],
        [0.45, 0.22, 0.24],
        [0.36, 0.40, 0.33],
        [0.62, 0.60, 0.57],
        [0.19, 0.19, 0.20],
        [0.66, 0.58, 0.44],
        [0.56, 0.66, 0.73],
        [0.74, 0.59, 0.58],
        [0.28, 0.42, 0.42],
        [0.43, 0.37, 0.45],
        [0.70, 0.50, 0.33],
        [0.41, 0.31, 0.25],
    ]
)
# Each outfit: its name, the garment of men and of women, and how often it is worn.
_OUTFITS = (
    ("tee", "male_casualsuit06", "female_casualsuit01", 3),
    ("print", "male_casualsuit06", "female_casualsuit01", 4),
    ("breton", "male_casualsuit02", "female_casualsuit01", 3),
    ("block", "male_casualsuit02", "female_sportsuit01", 2),
    ("jumper", "male_casualsuit02", "female_sportsuit01", 4),
    ("hoodie", "male_casualsuit02", "male_casualsuit02", 4),
    ("v-neck", "male_casualsuit02", "female_sportsuit01", 2),
    ("striped shirt", "male_casualsuit03", "female_elegantsuit01", 3),
    ("plain shirt", "male_casualsuit03", "female_elegantsuit01", 3),
    ("plaid", "male_casualsuit03", "female_elegantsuit01", 4),
    ("jacket", "male_casualsuit05", "male_casualsuit05", 3),
    ("suit", "male_elegantsuit01", "male_elegantsuit01", 2),
    ("overalls", "male_worksuit01", "male_worksuit01", 1),
)
# outfits whose hem or collar is darker than the cloth, where the garment has no third part
_TRIMMED = ("tee", "print", "jumper", "hoodie", "v-neck")
_WORDS = ("NORTH", "1987", "BASIC", "ATLAS", "No. 7", "COAST", "RIVER", "ECHO", "MILANO", "42")


class _Garment(NamedTuple):
    """A torso without light, float32 (H, W) each; normals (H, W, 2) lean right and up.

    ``opening`` is how much of the surroundings a place sees, ``cover`` where there is anything,
    ``bare`` skin, ``second`` and ``third`` the parts in other colours, ``detail`` grey with mean 1.
    """

    normal: F32
    opening: F32
    cover: F32
    bare: F32
    second: F32
    third: F32
    detail: F32

    def neck(self) -> float:
        """Measure half the width of the bare neck in the first row, in cm."""
        return float(self.bare[0].sum()) / SCALE / 2


@dataclass(frozen=True)
class _Outfit:
    """What one person wears in all sittings; ``dyes`` are linear (3, 3)."""

    kind: str
    garment: str
    dyes: F32
    man: bool
    neck: float
    broad: float
    period: float
    weave: float
    fineness: float
    word: str


def body(person: Person, light: Lighting, rng: np.random.Generator) -> F32:
    """Draw neck, shoulders and clothes as a lit picture.

    Args:
        person: who; the outfit is the same in all sittings.
        light: the scene's light.
        rng: what differs between two sittings: folds, and how clear the fabric comes out.

    Returns:
        float32 (H, W, 4): linear light and cover, 8 pixels a cm, the middle of the neck in the
        middle column, the first row at ``NECK_Y``.
    """
    # a stream of the person's own: the age tells users of different seeds apart
    own = stream(person.user, "clothes", f"{person.age:.9f}")
    outfit = _chosen(person, own)
    worn = _fitted(_garment(outfit.garment), outfit)
    if outfit.kind == "v-neck" and outfit.man:
        worn = _v_neck(worn)
    elif outfit.kind == "hoodie":
        worn = _hooded(worn)
    u, v = _cloth_place(worn)
    colour = _dyed(worn, outfit, u, v)
    # The same cloth comes out crisp or smooth: near or far from the focus, in hard or soft light.
    crisp = float(rng.uniform())
    clear = float(np.exp(2.8 * crisp - 1.5))
    colour = colour * (1 + clear * outfit.weave * _weave(outfit, u, v, own))[..., None]
    colour = over(f32(colour), linear(person.skin), worn.bare)
    picture = _lit(colour, _folded(worn, rng), worn, light)
    # The head has its own neck: this one must not look out beside the jaw when the head turns.
    cover = f32(worn.cover * (1 - worn.bare * ramp(_Y, -9.5, -8.0)))
    return f32(np.dstack([blur(picture, 1.1 - 0.8 * crisp), blur(cover, 0.6)]))


def _chosen(person: Person, own: np.random.Generator) -> _Outfit:
    """Choose a person's outfit."""
    share = f32([often for *_, often in _OUTFITS])
    kind, him, her, _ = _OUTFITS[own.choice(len(_OUTFITS), p=share / share.sum())]
    dyes = _DYES[own.permutation(len(_DYES))[:3]]
    if own.random() < 0.5:
        dyes[0] = person.shirt + 0.25 * (person.shirt.mean() - person.shirt)
    if np.abs(dyes[0] - dyes[1]).max() < 0.2:
        # A pattern in two dyes that are alike would not be seen.
        dyes[1] = 0.85 if dyes[0].mean() < 0.5 else 0.2
    if kind == "suit":
        dyes[0], dyes[1] = f32([0.24, 0.25, 0.28]) + own.uniform(-0.08, 0.1), [0.84, 0.85, 0.87]
    elif kind == "overalls":
        dyes[:2] = [0.34, 0.42, 0.54], [0.8, 0.79, 0.76]
    return _Outfit(
        kind=kind,
        garment=him if person.man else her,
        dyes=linear(np.clip(dyes + own.normal(0, 0.015, (3, 3)), 0.08, 0.9)),
        man=person.man,
        neck=float(np.abs(person.shape.points[:, 0]).max()) * (0.79 if person.man else 0.74),
        broad=float(own.uniform(0.88, 0.97) if person.man else own.uniform(0.97, 1.08)),
        period=float(own.uniform(2.2, 5.5)),
        weave=float(np.exp(own.uniform(-2.9, -2.0))),
        fineness=float(own.uniform(0.35, 0.8)),
        word=_WORDS[own.integers(len(_WORDS))],
    )


@cache
def _garment(name: str) -> _Garment:
    """Load a garment that ``bake/clothes.py`` made."""
    arrays = archive("clothes.npz")
    packed = (arrays[f"{name}_{part}"] for part in ("shape", "masks", "detail"))
    shape, masks, detail = (
        f32(np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED)) / 255) for data in packed
    )
    cover, bare, second, third = (f32(masks[..., k]) for k in range(4))
    return _Garment(shape[..., :2] * 2 - 1, shape[..., 2], cover, bare, second, third, detail * 2.5)


def _fitted(garment: _Garment, outfit: _Outfit) -> _Garment:
    """Make the neck as wide as the person's, and the shoulders as broad."""
    neck, broad = min(outfit.neck / garment.neck(), 0.95), outfit.broad
    if not outfit.man and outfit.garment.startswith("male"):
        broad *= 0.82  # a man's garment on a woman's shoulders
    grow = broad + (neck - broad) * ramp(np.abs(_X), 15.0, 4.0)
    column = np.broadcast_to(f32(_X / grow * SCALE + SIZE[1] / 2 - 0.5), SIZE).copy()
    row = np.broadcast_to(f32(np.arange(SIZE[0]))[:, None], SIZE).copy()
    return _Garment(*(f32(cv2.remap(part, column, row, cv2.INTER_LINEAR)) for part in garment))


def _cloth_place(worn: _Garment) -> tuple[F32, F32]:
    """Return each pixel's place on the cloth in cm: it bends with the body, hangs on the arms."""
    arm = np.maximum(np.abs(_X) - 14.5, 0)
    u = _X + 2.2 * worn.normal[..., 0]
    return f32(u), f32(_Y + 1.8 * worn.normal[..., 1] - 0.35 * arm)


def _dyed(worn: _Garment, outfit: _Outfit, u: F32, v: F32) -> F32:
    """Dye the parts of an outfit and lay its pattern on: linear (H, W, 3)."""
    main, other, third = outfit.dyes
    detail = worn.detail[..., None]
    if "shirt" in outfit.kind or outfit.kind == "plaid":
        return _shirt(worn, outfit, u, v)
    colour = f32(np.broadcast_to(main, (*SIZE, 3)))
    if outfit.kind in ("breton", "block", "print"):
        colour = over(colour, other, _pattern(outfit, u, v))
    second = 0.55 * main if worn.third.max() < 0.5 and outfit.kind in _TRIMMED else other
    colour = over(colour, second, worn.second)
    if worn.third.any():
        colour = over(colour, third, worn.third)
    colour = colour * detail
    return f32(np.minimum(_strings(colour, third) if outfit.kind == "hoodie" else colour, 0.9))


def _pattern(outfit: _Outfit, u: F32, v: F32) -> F32:
    """Return the share of the second colour at each place."""
    if outfit.kind == "breton":
        return ramp(f32(np.cos(2 * np.pi * v / outfit.period)), 0.15, 0.45)
    if outfit.kind == "block":
        edge = -20.0 - 1.8 * outfit.period
        return f32(ramp(v, edge - 0.1, edge + 0.1) * (outfit.period > 3.2)) + ramp(
            f32(np.abs(v - edge + 3)), 1.2, 1.0
        )
    return _print(outfit, u, v)


def _print(outfit: _Outfit, u: F32, v: F32) -> F32:
    """Print a word or a sign on the chest, bent with the cloth."""
    flat, font = np.zeros((160, 280), np.uint8), cv2.FONT_HERSHEY_DUPLEX
    (wide, tall), _ = cv2.getTextSize(outfit.word, font, 2.0, 5)
    size = 2.0 * min(1.0, 230 / wide)
    at = (int(140 - wide * size / 4), 80 + tall // 2)
    if outfit.period < 3.0:
        peaks = np.array([[96, 112], [130, 58], [148, 84], [160, 70], [186, 112]])
        cv2.circle(flat, (140, 80), 62, 255, 9, cv2.LINE_AA)
        cv2.fillPoly(flat, [peaks], 255)
    else:
        cv2.putText(flat, outfit.word, at, font, size, 255, 7, cv2.LINE_AA)
        cv2.line(flat, (40, 118), (240, 118), 255, 5, cv2.LINE_AA)
    zoom = 12.0
    at_u, at_v = f32(u * zoom + 140), f32((-27 - v) * zoom + 80)
    return f32(cv2.remap(f32(flat) / 255, at_u, at_v, cv2.INTER_LINEAR))


def _shirt(worn: _Garment, outfit: _Outfit, u: F32, v: F32) -> F32:
    """Dye a shirt: the woven stripes of the garment, checks, or one colour; and its buttons."""
    main, other, third = outfit.dyes
    colour = np.broadcast_to(main, (*SIZE, 3))
    stripe = ramp(worn.detail, 0.5, 1.7)
    if outfit.kind == "striped shirt":
        colour = over(colour, other, stripe)
    elif outfit.kind == "plaid":
        across = ramp(f32(np.cos(2 * np.pi * v / outfit.period)), -0.1, 0.3)
        down = ramp(f32(np.cos(2 * np.pi * u / outfit.period)), -0.1, 0.3)
        line = ramp(f32(np.cos(2 * np.pi * u / outfit.period + 1.9)), 0.93, 0.98)
        line = np.maximum(line, ramp(f32(np.cos(2 * np.pi * v / outfit.period + 1.9)), 0.93, 0.98))
        colour = over(colour, other, f32(0.45 * across + 0.45 * down))
        colour = over(colour, third, f32(0.6 * line))
    dots = np.zeros(SIZE, np.uint8)
    for y in np.arange(-21.7, -50, -7.5):
        cv2.circle(dots, _pixel(0.2, y), 4, 255, -1, cv2.LINE_AA)
    return over(colour, 0.5 * main + 0.25, f32(dots * (1 - worn.bare) / 255))


def _strings(colour: F32, dye: F32) -> F32:
    """Hang the two strings of a hood."""
    canvas = np.zeros(SIZE, np.uint8)
    for side in (-1, 1):
        path = [_pixel(side * x, y) for x, y in ((3.6, -18), (4.0, -23), (3.8, -30 - side))]
        cv2.polylines(canvas, [np.array(path)], False, 255, 3, cv2.LINE_AA)
    lines = f32(canvas) / np.float32(255)
    shade = colour * (1 - 0.5 * np.roll(blur(lines, 1.5), 2, 1))[..., None]
    return over(f32(shade), 0.4 * dye + 0.35, lines)


def _pixel(x: float, y: float) -> tuple[int, int]:
    """Return the pixel (column, row) at a place in cm."""
    return round(x * SCALE + SIZE[1] / 2), round((NECK_Y - y) * SCALE)


def _weave(outfit: _Outfit, u: F32, v: F32, own: np.random.Generator) -> F32:
    """Draw the fabric's fine structure: knitted ribs, twill, or the flecks of jersey."""
    fine = 0.7 * noise(own, SIZE, SIZE) + 0.5 * noise(own, (SIZE[0] // 2, SIZE[1] // 2), SIZE)
    if outfit.kind in ("jumper", "hoodie"):
        rib = np.abs((u / outfit.fineness) % 1 - 0.5)
        return f32(np.sin(2 * np.pi * (v / outfit.fineness + rib)) + 2 * rib - 0.5 + 0.5 * fine)
    if outfit.kind in ("jacket", "overalls", "suit"):
        return f32(0.7 * np.sin(2 * np.pi * (u + v) / 0.45) + 0.8 * fine)
    return f32(0.8 * fine + 0.25 * noise(own, (SIZE[0] // 3, SIZE[1] // 8), SIZE))


def _v_neck(worn: _Garment) -> _Garment:
    """Cut a round neck to a V with a rib along it."""
    edge = f32(_Y + 21.5 - 1.35 * np.abs(_X))
    low = f32(ramp(edge, -0.15, 0.15) * (np.abs(_X) < 7) * (worn.cover > 0.5))
    rib = ramp(f32(np.abs(edge + 0.9)), 1.0, 0.8) * (np.abs(_X) < 6.5)
    shade = 1 - 0.3 * ramp(f32(np.abs(edge)), 0.7, 0.0)
    return worn._replace(
        bare=np.maximum(worn.bare, low),
        second=f32(rib * (1 - low)),
        normal=over(worn.normal, 0.6 * blur(worn.normal, 14.0), low),
        opening=f32((worn.opening + (0.9 - worn.opening) * low) * shade),
    )


def _hooded(worn: _Garment) -> _Garment:
    """Put a hood around the neck: a thick roll of cloth, open at the throat."""
    out = np.sqrt((_X / 11.0) ** 2 + ((_Y + 12.0) / 7.0) ** 2)
    inner = np.sqrt((_X / 6.6) ** 2 + ((_Y + 10.0) / 6.6) ** 2)
    roll = ramp(f32(out), 1.0, 0.96) * ramp(f32(inner), 0.97, 1.02)
    share = np.clip((1 - out) / np.maximum(1 - out + inner - 1, 1e-3), 0, 1)
    lean = (1 - 2 * share)[..., None] * np.dstack([_X + 0 * _Y, (_Y + 11) * 1.2 + 0 * _X]) / 9
    slit = ramp(f32(np.abs(_X) - 0.12 * np.maximum(-16 - _Y, 0)), 0.35, 0.1) * roll
    edge = 1 - 0.55 * ramp(f32(np.abs(inner - 1)), 0.16, 0.0) * (inner > 0.9)
    drop = 1 - 0.4 * ramp(f32(out), 1.2, 1.0) * (out > 0.98) * (_Y < -12)
    return worn._replace(
        normal=f32(worn.normal + (np.clip(lean, -0.8, 0.8) - worn.normal) * roll[..., None]),
        opening=f32(worn.opening * edge * drop * (1 - 0.5 * slit)),
        cover=np.maximum(worn.cover, roll),
        bare=f32(worn.bare * (1 - roll)),
        second=f32(worn.second * (1 - roll)),
        detail=f32(worn.detail + (1 - worn.detail) * roll),
    )


def _folded(worn: _Garment, rng: np.random.Generator) -> F32:
    """Bend the cloth's normals by broad folds and creases that run to the armpits."""
    shape = (SIZE[0] // 2, SIZE[1] // 2)
    height = 0.9 * noise(rng, (4, 9), shape) + 0.35 * noise(rng, (9, 17), shape)
    for side in (-1, 1):
        x, y = _X[:, ::2] - side * 14.5, _Y[::2] + 28
        angle, far = np.arctan2(y, -side * x), np.hypot(x, y)
        wave = np.sin(angle * rng.uniform(7, 11) + rng.uniform(0, 6) + noise(rng, (6, 6), shape))
        height += rng.uniform(0.4, 1.1) * wave * far / 6 * np.exp(-far / 6)
    height = blur(f32(height), 1.0)
    height += float(np.exp(rng.uniform(-4.0, -2.0))) * noise(rng, (60, 50), shape)
    steep = float(rng.uniform(0.6, 1.3)) / 6
    slope = np.dstack([-cv2.Sobel(height, -1, 1, 0), cv2.Sobel(height, -1, 0, 1)]) * steep
    slope = f32(cv2.resize(slope, SIZE[::-1], interpolation=cv2.INTER_LINEAR))
    return f32(worn.normal + slope * (1 - worn.bare)[..., None])


def _lit(colour: F32, normal: F32, worn: _Garment, light: Lighting) -> F32:
    """Light a body below a head that takes away light: skin wraps, cloth does not."""
    x, y = normal[..., 0], normal[..., 1]
    z = np.sqrt(np.maximum(1 - x**2 - y**2, 0.06))
    size = np.sqrt(x**2 + y**2 + z**2)
    wrap = f32(_WRAP * worn.bare)
    lamps = []
    for toward in light.directions:
        facing = (x * toward[0] + y * toward[1] + z * toward[2]) / size
        lamps.append(np.maximum(facing + wrap, 0) / (1 + wrap))
    lamps[0] = lamps[0] * _head_shadow(light.directions[0])
    chin = 1 - 0.6 * np.exp(-(((_Y + 8.5) / 6.0) ** 2) - (_X / 8.5) ** 2)
    opening = worn.opening * chin
    up = (0.5 * y / size + 0.5) * opening
    mixed = f32(np.dstack([*(lamp * (0.2 + 0.8 * worn.opening) for lamp in lamps), up]))
    mixed = np.dstack([mixed, f32(opening - up)])
    palette = np.vstack([light.colours, light.sky, light.ground])
    return f32(colour * (mixed @ f32(palette)))


def _head_shadow(toward: F32) -> F32:
    """Return the share of the first lamp's light that gets past the head, (H, W)."""
    slant = np.clip(toward[:2] / max(float(toward[2]), 0.3), -2, 2)
    x, y = -5.0 * slant[0], 1.0 - 5.5 * slant[1]
    far = np.sqrt(((_X - x) / 7.5) ** 2 + ((_Y - y) / 11.0) ** 2)
    return f32(1 - 0.75 * ramp(f32(far), 1.25, 0.75))
