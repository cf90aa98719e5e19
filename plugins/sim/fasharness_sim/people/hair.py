"""Hair: where it covers a head, how far it stands out, and its colour."""

from functools import cache
from typing import NamedTuple

import cv2
import numpy as np

from fasharness_sim.fields import F32, archive, blur, f32, noise, over, ramp
from fasharness_sim.people import chart
from fasharness_sim.people.person import Person

NOTHING = -12.0
"""The height, in cm, where there is no head and no hair."""
STEP, LOW = 0.06, -5.0
"""``assets/hair.npz`` keeps heights in steps above the lowest, both in cm."""

_BEHIND = -3.9  # the height of hair that hangs beside and behind a head
_COLLAR = -10.0
_ABOVE, _ROOF, _SIDE = 1.7, 16.4, 11.3  # hair above the crown; the chart's last rows and columns
_WIDE, _LINE, _TOP, _CHIN, _EYE, _FRONT = 7.8, 10.0, 15.34, -9.4, 2.6, 4.74
"""The head that the styles were made on: half width, hair line, crown, chin, eyes; its height at
the hair line. All cm."""


class Hair(NamedTuple):
    """Hair on the chart, float32: cover (S, S) 0..1, height (S, S) cm, colour sRGB (S, S, 3).

    The height is that of the outer surface where there is hair, -12 elsewhere. ``outline`` (S, S)
    is how much of what lies behind the head hair hides; the cover is 1 there, as there is no skin.
    """

    cover: F32
    height: F32
    colour: F32
    outline: F32


class _Look(NamedTuple):
    """A hair cut: styles of the file laid over each other, or hair that grows on the skull.

    ``cut``: where it ends, in cm below the chin · ``thick``, ``dense``: of hair on the skull ·
    ``recede``: how far the temples recede, cm · ``bare``: 1 when the crown is bald.
    """

    styles: tuple[str, ...] = ()
    cut: float = 4.5
    thick: float = 0.12
    dense: float = 0.8
    recede: float = 0.0
    bare: float = 0.0


# styles that fall on the forehead, from which they stand out at once
_FRINGED = frozenset({"bob02", "short02", "short03"})

_MEN: tuple[_Look, ...] = (
    _Look(("short01",)),
    _Look(("short02",)),
    _Look(("short03",)),
    _Look(("short04",)),
    _Look(("ponytail01",)),
    _Look(dense=0.72),
    _Look(thick=0.7, dense=0.98),
    _Look(thick=0.4, dense=0.9, recede=0.8),
)
_OLDER_MEN: tuple[_Look, ...] = (
    _Look(thick=0.4, dense=0.85, recede=2.2),
    _Look(dense=0.6, recede=1.8),
    _Look(thick=0.3, dense=0.75, recede=2.0, bare=1.0),
    _Look(dense=0.3, recede=1.5, bare=0.8),
)
_SHORT: tuple[_Look, ...] = (
    _Look(("short02",)),
    _Look(("short03",)),
    _Look(("short01", "short03")),
)
_MIDDLE: tuple[_Look, ...] = (
    _Look(("bob02",)),
    _Look(("long01",), cut=-0.5),
    _Look(("long01", "short03"), cut=0.5),
    _Look(("bob02", "short02")),
)
_LONG: tuple[_Look, ...] = (
    _Look(("long01",)),
    _Look(("long01", "short03")),
    _Look(("ponytail01",)),
    _Look(("short04",)),
    _Look(("long01", "short02")),
)


class _Frame(NamedTuple):
    """A head's measures in cm: half width above the ears, hair line, crown, chin, eyes, brows.

    ``front``: the height of the skull at the hair line.
    """

    g: chart.Grid
    wide: float
    line: float
    top: float
    chin: float
    eye: float
    brow: float
    front: float


class _Locks(NamedTuple):
    """Hair before it is coloured: cover, outer height in cm, brightness around 1.

    ``soft``: how gently the hair rises from the skin, in pixels of the chart.
    """

    cover: F32
    height: F32
    tone: F32
    soft: float


@cache
def _styles() -> dict[str, F32]:
    """Load the styles that ``bake/hair.py`` made: cover, height and tone, (S, S, 3) each."""
    data = archive("hair.npz")
    names, cover, height, tone = (data[k] for k in ("names", "cover", "height", "tone"))
    size = (chart.SIZE, chart.SIZE)
    return {
        str(name): np.dstack(
            [
                f32(cover[k]) / np.float32(255),
                blur(f32(cv2.resize(f32(height[k]) * STEP + LOW, size)), 3.0),
                f32(tone[k]) / np.float32(100),
            ]
        )
        for k, name in enumerate(names)
    }


def hair(person: Person, skull: F32, rng: np.random.Generator) -> Hair:
    """Dress a head's hair.

    Args:
        person: the traits.
        skull: float32 (S, S), the height of the bare head in cm, -12 where there is none.
        rng: the stream of the textures.

    Returns:
        Its maps.
    """
    look, f = _look(person, rng), _frame(person, skull)
    locks = _worn(look, f, person, skull, rng) if look.styles else _grown(look, f, skull, rng)
    outline, beside = locks.cover, (skull < NOTHING + 1) | (f.g.y < _COLLAR)
    shade = over(
        person.skin * f32([0.42, 0.33, 0.3]),
        _colour(person, locks.tone, rng),
        f32(np.where(beside, 1, ramp(outline, 0.0, 0.35))),
    )
    cover = np.maximum(outline, _shadow(outline, skull))
    cover = np.where(beside, cv2.dilate(f32(outline > 0.01), np.ones((5, 5), np.uint8)), cover)
    return Hair(f32(cover), _outer(locks, skull), shade, outline)


def _look(person: Person, rng: np.random.Generator) -> _Look:
    """Choose a hair cut: men's are short and recede with age, women's have three lengths."""
    if person.man:
        looks = _OLDER_MEN if rng.random() < person.age - 0.35 else _MEN
    elif person.hair_length < 0.5:
        looks = _SHORT
    else:
        looks = _MIDDLE if person.hair_length < 0.9 else _LONG
    return looks[int(rng.integers(len(looks)))]


def _frame(person: Person, skull: F32) -> _Frame:
    """Measure a head."""
    g, v = chart.grid(), person.shape.points
    eye = float(v[list(chart.LEFT_EYE + chart.RIGHT_EYE), 1].mean())
    line = float(v[chart.TOP, 1]) + 0.5 + 0.7 * person.hairline
    solid = skull > NOTHING + 1
    rows = (g.y[:, 0] > eye + 2.2) & (g.y[:, 0] < eye + 4.5)
    middle = solid[:, chart.SIZE // 2]
    row = int(np.argmin(np.abs(g.y[:, 0] - line)))
    return _Frame(
        g=g,
        wide=float(solid[rows].sum(1).mean()) / chart.SCALE / 2,
        line=line,
        top=float(g.y[int(np.argmax(middle)), 0]),
        chin=float(v[152, 1]),
        eye=eye,
        brow=float(v[list(chart.LEFT_BROW + chart.RIGHT_BROW), 1].max()),
        front=float(skull[row, chart.SIZE // 2]),
    )


def _worn(look: _Look, f: _Frame, person: Person, skull: F32, rng: np.random.Generator) -> _Locks:
    """Put ready-made styles on a head, one over the other, without what hangs over the face."""
    u, v = _places(f, person, rng)
    layers = [f32(cv2.remap(_styles()[n], u, v, cv2.INTER_LINEAR)) for n in look.styles]
    cover, height, tone = (layers[0][..., k] for k in range(3))
    strands, low = noise(rng, (10, 130), f.g.x.shape), f.chin - look.cut
    cover = ramp(cover, 0.1, 0.9) * ramp(f32(f.g.y + 0.7 * strands), low - 1.0, low + 1.6)
    cover = cover * ramp(v, 0.5, 9.0) * ramp(np.abs(f.g.x), 11.4, 10.6)
    for layer in layers[1:]:
        upper, z = ramp(layer[..., 0], 0.1, 0.9), layer[..., 1]
        height = f32(np.where(upper > 0.05, np.maximum(z, height), height))
        tone = tone + (layer[..., 2] * np.float32(1.05) - tone) * upper
        cover = np.maximum(cover, upper)
    soft = 2.0 if set(look.styles) & _FRINGED else 6.0
    head = skull > NOTHING + 1
    cover = f32(np.where(head, cover * _free_face(f, strands, rng), cover))
    behind = f32(np.where(head, 0, _between(cover) - cover))
    across = ramp(np.abs(f.g.x), 0.95 * f.wide, 0.8 * f.wide)
    behind = behind * across * ramp(f.g.y, low - 0.5, low + 2)
    tone = tone + (np.float32(0.4) - tone) * behind
    return _Locks(f32(cover + behind), f32(height + np.float32(f.front - _FRONT)), tone, soft)


def _places(f: _Frame, person: Person, rng: np.random.Generator) -> tuple[F32, F32]:
    """Return where on the styles' chart each point of a head is: columns and rows.

    Crown, hair line, eyes and chin coincide; curly hair is wavy; every other head is mirrored.
    """
    g, shape = f.g, f.g.x.shape
    side = -1.0 if rng.random() < 0.5 else 1.0
    body, wave = float(rng.uniform(0.96, 1.06)), 0.04 + 0.22 * person.hair_curl**2
    dx, dy = (noise(rng, (22, 22), shape) + 0.5 * noise(rng, (60, 60), shape) for _ in "xy")
    wide = f.wide * body
    x = g.x + wave * dx
    far = np.interp(np.abs(x), [0, wide, min(1.45 * wide, _SIDE)], [0, _WIDE, _SIDE])
    x = side * np.sign(x) * far
    roof = min(f.top + _ABOVE, _ROOF)
    ours = [f.chin - 9, f.chin, f.eye, f.line, f.top, roof, roof + 2]
    base = [_CHIN - 9, _CHIN, _EYE, _LINE, _TOP, _TOP + _ABOVE, _TOP + _ABOVE + 2]
    at = chart.to_chart(np.dstack([x, np.interp(g.y + wave * dy, ours, base)]))
    return f32(at[..., 0]), f32(at[..., 1])


def _between(cover: F32) -> F32:
    """Return the cover of what lies between the left and the right hair: the hair at the back."""
    # The running maximum from either side; the smaller is above 0 only between two parts of hair.
    left, right = (np.maximum.accumulate(cover[:, ::k], axis=1)[:, ::k] for k in (1, -1))
    return blur(f32(np.minimum(left, right)), 1.0)


def _free_face(f: _Frame, strands: F32, rng: np.random.Generator) -> F32:
    """Cut hair that would hang over the eyes and the middle of the face: 0 there."""
    low = f.chin - 2
    middle, tall = (f.brow + 0.4 + low) / 2, (f.brow + 0.4 - low) / 2
    r = (np.abs(f.g.x) / (0.83 * f.wide)) ** 3 + (np.abs(f.g.y - middle) / tall) ** 3
    ends = 0.02 * strands + 0.03 * noise(rng, (12, 240), strands.shape)
    return ramp(f32(np.cbrt(r) + ends), 0.93, 1.06)


def _grown(look: _Look, f: _Frame, skull: F32, rng: np.random.Generator) -> _Locks:
    """Let short hair grow on the skull behind a soft hair line, with sideburns before the ears."""
    g, shape = f.g, f.g.x.shape
    across, up = np.abs(g.x), np.maximum(g.y - f.eye, 0)
    tall = f.line + 0.5 - f.eye + 0.4 * look.recede
    rim = np.power((across / (0.87 * f.wide)) ** 3 + (up / tall) ** 3, 1 / 3)
    ragged = 0.1 * noise(rng, (14, 30), shape) + 0.08 * noise(rng, (90, 150), shape)
    inward = (rim - 1) * tall + ragged
    for s in (-0.52, 0.52):
        inward = inward - look.recede * chart.bell((s * f.wide, f.line + 0.3), (1.7, 1.9), g)
    cover = ramp(f32(inward), -0.6, 1.5) * ramp(g.y, f.eye - 2.6, f.eye - 0.2)
    crown = ramp(g.y, f.line - 1.5, f.line) * ramp(across, 0.97 * f.wide, 0.7 * f.wide)
    cover = cover * (1 - look.bare * crown)
    ears = ramp(across, f.wide + 0.1, f.wide - 0.2) + ramp(g.y, f.eye + 2.0, f.eye + 3.0)
    sides, above = (2 * int(t * chart.SCALE) + 1 for t in (0.3 * look.thick, look.thick))
    outer = cv2.dilate(skull, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (sides, above)))
    near = blur(f32(outer > NOTHING + 1), 1.6)
    fuzz = ramp(f32(near * (1 + 0.05 * noise(rng, (150, 150), shape))), 0.25, 0.85)
    grain = np.clip(0.95 + 0.05 * noise(rng, (220, 220), shape), 0, 1)
    dense = np.where(skull > NOTHING + 1, grain * look.dense, 1)
    cover = cover * np.clip(ears, 0, 1) * fuzz * dense
    tone = 1 + 0.07 * noise(rng, (60, 150), shape) + 0.06 * noise(rng, (200, 200), shape)
    return _Locks(f32(cover), f32(outer + 0.4 * look.thick), f32(tone), 8.0)


def _outer(locks: _Locks, skull: F32) -> F32:
    """Return the outer surface: it rises softly from the skin and hangs free beside the head."""
    low = np.maximum(skull, _BEHIND)
    share = blur(ramp(locks.cover, 0.05, 0.6), locks.soft)
    lift = np.clip(locks.height - low, 0.0, 2.5 + np.maximum(-low, 0))
    lifted = f32(low + lift * share)
    lifted = lifted + (blur(lifted, 2.0) - lifted) * ramp(share, 0.3, 0.9)
    there = np.where(skull > NOTHING + 1, share > 0.004, blur(locks.cover, 1.0) > 0.02)
    return f32(np.where(there, lifted, NOTHING))


def _shadow(cover: F32, skull: F32) -> F32:
    """Return the soft shadow that hair throws on the skin beside and below it."""
    below = f32(np.vstack([cover[:1].repeat(5, 0), cover[:-5]]))
    return f32(0.4 * blur(below, 5.0) * (skull > -4))


def _colour(person: Person, tone: F32, rng: np.random.Generator) -> F32:
    """Paint hair: strands, darker roots and dull highlights."""
    shape = (chart.SIZE, chart.SIZE)
    grey = np.float32(person.hair.mean())
    base = (grey + (person.hair - grey) * np.float32(0.8)) * (1 - np.float32(0.25) * grey)
    strands = 1 + 0.1 * noise(rng, (20, 190), shape) + 0.08 * noise(rng, (9, 40), shape)
    contrast = np.float32(0.75 - 0.5 * grey)  # light hair shows its strands less
    tone = f32(np.clip(1 + contrast * (tone * strands - 1), 0.3, 1.4))
    sheen = np.float32(0.05) * np.maximum(tone - 1.1, 0)[..., None]
    return f32(np.clip(base * tone[..., None] + sheen, 0.015, 1))
