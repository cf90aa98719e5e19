"""Painting a face: skin, brows, eyes, lips, beard and glasses as colour on the chart."""

import functools
from importlib import resources
from typing import NamedTuple

import cv2
import numpy as np

from fasharness_sim.fields import F32, blur, f32, linear, over, ramp
from fasharness_sim.people import chart
from fasharness_sim.people.brushes import BLOOD, MELANIN, ROOTS, SHADOW, Brushes, box, laid, stained
from fasharness_sim.people.hair import Hair
from fasharness_sim.people.person import Person

DROP, HOLLOW = 1.05, 0.85
"""How far, in cm, the lower lip of an open mouth moves; the share that its inner edge moves."""

_BROWS = 9  # how many pairs the file holds
_IRIS = 0.58  # radius in cm


class Patch(NamedTuple):
    """What an expression adds to the colour: float32 (h, w, 3) at a row and a column."""

    row: int
    column: int
    change: F32


class Painted(NamedTuple):
    """The painted chart: linear colour (S, S, 3), bumps in cm (S, S) and two expressions."""

    colour: F32
    bumps: F32
    blink: Patch
    talk: Patch


def paint(person: Person, hair: Hair, rng: np.random.Generator) -> Painted:
    """Paint a head.

    Args:
        person: the traits.
        hair: where hair covers the head, and its colour.
        rng: the stream of the textures.

    Returns:
        Linear colours and what blinking and talking change.
    """
    b = Brushes(person, chart.grid(), chart.to_chart(person.shape.points), rng)
    bare, beard = _beard(b, _lips(b, _skin(b)))
    face = _brows(b, bare)
    closed = _closed_eyes(b, face)
    for ring in (chart.LEFT_EYE, chart.RIGHT_EYE):
        face = _eye(b, face, b.ring(ring))
    frame = _glasses(b)
    faces = (face, closed, _open_mouth(b, face))
    finished = [_under_hair(_behind(c, frame), hair) for c in faces]
    pores = 0.0025 * b.noise(150, 150) + 0.003 * b.noise(300, 300)
    bumps = (pores + 0.03 * person.age * _wrinkles(b)) * (1 - hair.cover) + beard
    blink, talk = (_patch(finished[0], moved) for moved in finished[1:])
    return Painted(linear(finished[0]), f32(bumps), blink, talk)


def _patch(still: F32, moved: F32) -> Patch:
    """Cut an expression's change to where it is not zero."""
    part = box(np.abs(moved - still).max(-1))
    top, left = part[0].start, part[1].start
    # In linear light, where a share of it can be added to a frame.
    return Patch(top, left, linear(moved[part]) - linear(still[part]))


def _under_hair(face: F32, hair: Hair) -> F32:
    """Draw the hair over a face."""
    return f32(np.clip(laid(face, hair.colour, hair.cover), 0, 1))


def _skin(b: Brushes) -> F32:
    """Paint bare skin from its two pigments: melanin and blood."""
    p = b.person
    skin = np.broadcast_to(p.skin, (chart.SIZE, chart.SIZE, 3))
    skin = stained(f32(skin), MELANIN, _melanin(b))
    skin = stained(skin, BLOOD, _blood(b))
    fine = 1 + 0.01 * b.noise(150, 150) + 0.014 * b.noise(300, 300)
    skin = f32(skin * fine[..., None])
    return stained(skin, SHADOW, _folds(b) + _nostrils(b))


def _melanin(b: Brushes) -> F32:
    """Spread melanin: patches, spots, freckles on nose and cheeks, moles, rings under the eyes."""
    p = b.person
    amount = 0.08 * b.noise(7, 7) + 0.035 * b.noise(26, 26) + 0.04 * b.noise(70, 70)
    middle = b.bell(5, (4.5, 2.2))
    spots = ramp(b.noise(130, 130), 1.5, 2.6) * (0.2 + 0.8 * middle)
    amount += 0.5 * min(p.freckles, 1.5) * spots * float(np.mean(p.skin))
    amount += 0.35 * p.age * ramp(b.noise(60, 60), 1.8, 2.8)
    for x, y, size in b.rng.uniform((-7, -9, 0.04), (7, 8, 0.1), (int(b.rng.integers(4)), 3)):
        amount += 1.4 * chart.bell((x, y), (size, size), b.grid)
    tired = b.rng.uniform(0.15, 0.4) + 0.2 * p.age
    for lid in (145, 374):
        amount += tired * b.bell(lid, (1.3, 0.4), -0.55)
    for lid in (159, 386):
        amount += 0.5 * tired * b.bell(lid, (1.5, 0.5), 0.45)
    return f32(amount + 0.1 * ramp(b.grid.y, 4.0, 8.0))


def _blood(b: Brushes) -> F32:
    """Spread blood: cheeks, the nose's tip and wings, chin, lids, and fine patches of it."""
    fine = 1 + 0.15 * b.noise(40, 40) + 0.15 * b.noise(110, 110)
    amount = 0.35 * b.bell(4, (0.9, 0.8)) + 0.25 * b.bell(152, (1.5, 1.0), 1.0)
    for cheek, wing, lid in ((50, 64, 145), (280, 294, 374)):
        amount += 0.5 * b.bell(cheek, (1.8, 1.5)) + 0.4 * b.bell(wing, (0.5, 0.6))
        amount += 0.3 * b.bell(lid, (1.5, 0.5), -0.2)
    ears = 0.4 * ramp(np.abs(b.grid.x), 7.4, 8.2) * ramp(b.grid.y, -5, -3)
    return f32((0.6 * amount * b.person.blush + ears) * fine + 0.07 * b.noise(10, 10))


def _folds(b: Brushes) -> F32:
    """Shade the folds from nose to mouth, below the lips, and the lines of age."""
    p, v = b.person, b.person.shape.points
    shade = 0.1 * b.bell(17, (1.1, 0.25), -0.45)
    for wing, corner in ((64, 61), (294, 291)):
        side = float(np.sign(v[corner, 0]))
        curve = [v[wing, :2] + [side * 0.25, 0.5], v[wing, :2] + [side * 1.1, -0.9]]
        curve.append(v[corner, :2] + [side * 0.75, 0.2])
        line = chart.stroke(chart.to_chart(curve), 2, 3.0)
        shade = shade + (0.08 + 0.4 * p.age) * line + 0.18 * b.bell(corner, (0.3, 0.25))
    return f32(shade + 0.3 * p.age * _wrinkles(b))


def _wrinkles(b: Brushes) -> F32:
    """Return lines across the forehead."""
    top, brow = b.person.shape.points[chart.TOP, 1], b.person.shape.points[chart.LEFT_BROW[1], 1]
    mask = np.zeros_like(b.grid.x)
    for share in (0.3, 0.5, 0.7):
        x = np.linspace(-3.6, 3.6, 24)
        y = brow + (top - brow) * share - 0.035 * x**2 + 0.08 * np.sin(1.7 * x + 9 * share)
        mask += chart.stroke(chart.to_chart(np.stack([x, y], -1)), 1, 1.3)
    return mask


def _nostrils(b: Brushes) -> F32:
    """Shade the nostrils, below the nose and behind its wings."""
    shade = 0.3 * b.bell(chart.NOSE, (0.9, 0.22), -0.1)
    for hole, rim, wing in ((60, 20, 64), (290, 250, 294)):
        x, y = (b.person.shape.points[hole, :2] + b.person.shape.points[rim, :2]) / 2
        side = float(np.sign(x))
        turned = b.grid.y - 0.35 * side * (b.grid.x - x)
        tilt = chart.Grid(b.grid.x, f32(turned))
        shade = shade + 1.3 * chart.bell((x + 0.12 * side, y), (0.3, 0.14), tilt)
        shade = shade + 0.3 * b.bell(wing, (0.14, 0.4), 0.2)
    return f32(shade)


def _lips(b: Brushes, face: F32) -> F32:
    """Paint closed lips: more blood, less melanin, a soft edge, and a dark line between them."""
    p = b.person
    lips, line, seam = b.ring(chart.LIPS), b.ring(chart.MOUTH), _seam(b)
    cover = chart.polygon(lips, 1.8)
    creases = 1 + 0.12 * b.noise(20, 220) + 0.1 * b.noise(60, 60)
    face = stained(face, BLOOD, f32((0.55 + 0.6 * p.lips) * cover * creases))
    upper = chart.polygon(np.vstack([lips[10:], lips[:1], line[10:][::-1]]), 1.2)
    face = stained(face, SHADOW, f32(0.08 * cover + 0.14 * upper))
    face = f32(face * (1 + 0.1 * b.bell(17, (0.9, 0.2), 0.4)[..., None]))
    face = stained(face, SHADOW, 0.6 * chart.stroke(seam, 2, 1.4))
    return stained(face, SHADOW, chart.stroke(seam, 1, 0.7))


def _seam(b: Brushes) -> F32:
    """Return the line between closed lips: 11 points of the chart, (11, 2)."""
    line = b.ring(chart.MOUTH)
    return f32((line[:11] + np.vstack([line[10:], line[:1]])[::-1]) / 2)


@functools.cache
def _brow_strips() -> F32:
    """Load the brows, see ``bake/brows.py``: float32 (9, 36, 144), inner end left."""
    packed = resources.files(__package__).joinpath("assets/brows.png").read_bytes()
    sheet = cv2.imdecode(np.frombuffer(packed, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert sheet is not None
    return f32(f32(sheet).reshape(_BROWS, -1, sheet.shape[1]) / 255)


def _brows(b: Brushes, face: F32) -> F32:
    """Draw fine hairs along the brows."""
    p = b.person
    kind, second = b.rng.integers(_BROWS, size=2)
    mix = b.rng.uniform(0.5, 1)
    strip = f32(mix * _brow_strips()[kind] + (1 - mix) * _brow_strips()[second])
    thick, arch = b.rng.uniform(1.15, 1.6) * (1.15 if p.man else 0.9), b.rng.uniform(0.3, 0.8)
    tint = p.hair * (0.7 - 0.4 * float(p.hair.mean()))  # brows stay dark when hair is fair
    for ring in (chart.LEFT_BROW, chart.RIGHT_BROW):
        alpha = _along(b.ring(ring), strip, thick, arch)
        face = stained(face, ROOTS, f32(0.9 * p.brow * blur(alpha, 2.0)))
        face = laid(face, tint, f32(np.clip(1.1 * p.brow * alpha, 0, 0.8)))
    return face


def _along(ring: F32, strip: F32, thick: float, arch: float) -> F32:
    """Bend a straight brow along the mesh's brow, whose points run outer to inner and back."""
    middle = (ring[:5] + ring[:4:-1]) / 2
    # the mesh's brows are raised, most at the nose
    middle[:, 1] += np.linspace(0.18, 0.5, 5) * chart.SCALE
    inner, outer = middle[4], middle[0]
    line = np.polyfit(middle[:, 0], middle[:, 1], 1)
    bend = np.polyfit(middle[:, 0], middle[:, 1] - np.polyval(line, middle[:, 0]), 2) * arch
    rows, columns = np.mgrid[: chart.SIZE, : chart.SIZE].astype(np.float32)
    share = (columns - inner[0]) / (outer[0] - inner[0])
    tall, wide = strip.shape
    breadth = 2 * thick * 0.55 * chart.SCALE / tall
    u = (0.03 + 0.94 * share) * wide
    v = (rows - np.polyval(bend, columns) - np.polyval(line, columns)) / breadth + tall / 2
    faded = blur(strip, 0.9) * ramp(f32(np.arange(wide)), -10.0, 30.0)
    return f32(cv2.remap(f32(faded), f32(u), f32(v), cv2.INTER_LINEAR, None, cv2.BORDER_CONSTANT))


def _eye(b: Brushes, face: F32, ring: F32) -> F32:
    """Paint one open eye: the ball between the lids, then lids and lashes."""
    ring = _lidded(ring)
    upper = _upper(ring)
    face = _crease(face, upper)
    part = box(chart.polygon(ring, 2.5))
    opening = chart.polygon(ring, 0.7)[part]
    face[part] = over(face[part], _ball(b.person, ring, upper, part), opening)
    return _lashes(b, face, ring, upper)


def _ball(p: Person, ring: F32, upper: F32, part: tuple[slice, slice]) -> F32:
    """Paint an eyeball in a part of the chart: white, iris with a dark rim, pupil, glint."""
    s, centre = chart.SCALE, ring.mean(0) + f32([0, -0.03 * chart.SCALE])
    rows, columns = (f32(k) for k in np.mgrid[part])
    x, y = columns - centre[0], rows - centre[1]
    r = f32(np.hypot(x, y) / s)
    lid = np.interp(columns[0], *_sorted(upper)).astype(np.float32)
    shade = (0.45 + 0.55 * ramp(rows - lid, 0.0, 0.45 * s)) * (1 - 0.25 * ramp(r, 0.7, 1.5))
    ball = f32([0.8, 0.76, 0.74]) - f32([0.0, 0.09, 0.09]) * ramp(r, 0.9, 1.5)[..., None]
    ball = over(ball, f32([0.8, 0.55, 0.52]) * p.skin, _corner(ring, rows, columns))
    rays = 1 + 0.18 * np.sin(17 * np.arctan2(y, x)) * ramp(r, 0.2, 0.4)
    iris = p.iris * (rays * (0.65 + 0.35 * ramp(r, 0.45, 0.25)))[..., None]
    ball = over(ball, iris, ramp(r, _IRIS + 0.07, _IRIS - 0.07))
    rim = ramp(r, 0.38, _IRIS - 0.05) * ramp(r, _IRIS + 0.1, _IRIS - 0.02)
    ball = over(ball, p.iris * 0.2, 0.65 * rim)
    ball = over(ball, f32([0.025, 0.02, 0.02]), ramp(r, 0.3, 0.19)) * shade[..., None]
    glint = f32(np.hypot(x - 0.15 * s, y + 0.17 * s) / s)
    return over(ball, f32([0.9, 0.92, 0.95]), 0.7 * ramp(glint, 0.13, 0.05))


def _lidded(ring: F32) -> F32:
    """Let the upper lid hang a little lower than the scan's, which stares."""
    lower = np.vstack([ring[:1], ring[7:0:-1]])
    down = np.zeros_like(ring)
    down[9:] = 0.16 * (lower[:0:-1] - ring[9:])
    return f32(ring + down * f32([0, 1]))


def _upper(ring: F32) -> F32:
    """Return the edge of the upper lid, from the inner corner to the outer: (9, 2)."""
    return f32(np.vstack([ring[8:], ring[:1]]))


def _sorted(line: F32) -> tuple[F32, F32]:
    """Split a line's points into columns and rows, from left to right."""
    order = np.argsort(line[:, 0])
    return line[order, 0], line[order, 1]


def _corner(ring: F32, rows: F32, columns: F32) -> F32:
    """Find the pink corner of an eye beside the nose."""
    inner = ring[8]
    far = np.hypot((columns - inner[0]) / 1.4, rows - inner[1]) / chart.SCALE
    return ramp(f32(far), 0.3, 0.1)


def _crease(face: F32, upper: F32) -> F32:
    """Shade the fold above the lid."""
    fold = upper - f32([0, 0.32 * chart.SCALE])
    face = stained(face, SHADOW, 0.35 * chart.stroke(fold, 2, 2.2))
    return stained(face, SHADOW, 0.5 * chart.stroke(fold[1:-1], 1, 1.0))


def _lashes(b: Brushes, face: F32, ring: F32, upper: F32) -> F32:
    """Draw a soft line of lashes, thick above and hardly any below."""
    dark = _lash_colour(b.person)
    weight = 0.75 if b.person.man else 0.95
    face = laid(face, dark, 0.6 * weight * chart.stroke(upper, 2, 1.1))
    face = laid(face, dark, 0.7 * weight * chart.stroke(upper[1:], 1, 0.7))
    face = stained(face, BLOOD, 0.5 * chart.stroke(ring[:9], 2, 1.0))
    return stained(face, SHADOW, 0.5 * chart.stroke(ring[:8], 1, 1.0))


def _lash_colour(p: Person) -> F32:
    """Return the colour of lashes, which stay dark when hair is fair or grey."""
    return f32(f32([0.07, 0.055, 0.05]) + 0.14 * p.hair)


def _closed_eyes(b: Brushes, face: F32) -> F32:
    """Cover both eyes with lids, which are skin with a little more blood, and a line of lashes."""
    for indices in (chart.LEFT_EYE, chart.RIGHT_EYE):
        ring = b.ring(indices)
        lid = chart.polygon(ring, 1.6)
        face = stained(stained(face, BLOOD, 0.3 * lid), SHADOW, 0.08 * lid)
        face = _crease(face, _upper(ring))
        for width, alpha, softness in ((3, 0.5, 1.2), (1, 0.8, 0.7)):
            line = alpha * chart.stroke(ring[:9], width, softness)
            face = laid(face, _lash_colour(b.person), line)
    return face


def _beard(b: Brushes, face: F32) -> tuple[F32, F32]:
    """Paint stubble or a beard on jaw, chin and upper lip; give its bumps in cm too."""
    p, g, v = b.person, b.grid, b.person.shape.points
    if p.stubble == 0:
        return face, np.zeros_like(g.x)
    mouth, chin = v[13], v[152]
    jaw = ramp(f32(g.y - 0.06 * g.x**2), mouth[1] + 0.6, mouth[1] - 1.9)
    lip = b.bell(164, (1.9, 0.5), -0.1)
    cheek = 0.7 * ramp(np.abs(g.x), 4.2, 7.0) * ramp(g.y, 1.0, -4.0)
    cover = np.clip(np.maximum(np.maximum(jaw, 1.1 * lip), cheek), 0, 1)
    cover = cover * ramp(g.y, chin[1] - 2.0, chin[1] + 0.2)
    cover = f32(cover * (1 - chart.polygon(b.ring(chart.LIPS), 1.8)))
    patchy = f32(np.clip(0.95 + 0.2 * b.noise(30, 30) + 0.15 * b.noise(120, 120), 0.3, 1.2))
    face = stained(face, ROOTS, f32(1.3 * p.stubble * cover * patchy))
    hairs = np.clip(0.7 + 0.18 * b.noise(90, 240) + 0.12 * b.noise(300, 300), 0, 1)
    full = float(np.clip(1.1 * p.beard, 0, 0.9))
    edge = ramp(cover * patchy, 0.1, 1.0)
    cover = f32(np.clip(0.35 * p.stubble * cover + full * edge, 0, 1))
    tint = p.hair * (0.6 + 0.1 * full * b.noise(60, 200))[..., None] + 0.1 * p.skin
    over_skin = laid(face, tint, f32(cover * (0.25 + 0.75 * hairs)))
    return over_skin, f32(0.012 * full * edge * hairs)


class _Glasses(NamedTuple):
    """A pair of glasses: its cover, colour, and the cover of its lenses."""

    cover: F32
    colour: F32
    lenses: F32


def _glasses(b: Brushes) -> _Glasses | None:
    """Draw a pair of glasses, thin wire or plastic."""
    p, v = b.person, b.person.shape.points
    if not p.glasses:
        return None
    wire = b.rng.random() < 0.4
    colour = f32([0.45, 0.43, 0.4]) if wire else p.hair * float(b.rng.uniform(0.1, 0.8)) + 0.03
    size, power = b.rng.uniform((2.3, 1.65), (2.6, 2.05)), b.rng.uniform(2.2, 4.5)
    width = 1 if wire else int(b.rng.integers(2, 4))
    angles = np.linspace(0, 2 * np.pi, 48)
    square = np.stack([np.cos(angles), np.sin(angles)], -1)
    # A superellipse: 2 is round, higher powers are squarer.
    square /= (np.abs(square) ** power).sum(-1, keepdims=True) ** (1 / power)
    cover, lenses, inner = np.zeros_like(b.grid.x), np.zeros_like(b.grid.x), []
    for ring, side in ((chart.LEFT_EYE, -1.0), (chart.RIGHT_EYE, 1.0)):
        x, y = v[list(ring), :2].mean(0) - [0, 0.3]
        rim = chart.to_chart(square * size + [x, y])
        arm = chart.to_chart([[x + side * size[0], y + 0.5], [side * 8.0, y + 0.7]])
        for line in (rim, arm):
            cover = np.maximum(cover, chart.stroke(line, width, 0.7))
        lenses = np.maximum(lenses, chart.polygon(rim, 0.8))
        inner.append((x - side * size[0], y + 0.35))
    bridge = chart.to_chart([inner[0], (0.0, inner[0][1] + 0.25), inner[1]])
    return _Glasses(np.maximum(cover, chart.stroke(bridge, width, 0.7)), colour, lenses)


def _behind(face: F32, frame: _Glasses | None) -> F32:
    """Put glasses before a face: their shadow, a trace of reflection in the lenses, the frame."""
    if frame is None:
        return face
    shadow = np.roll(blur(frame.cover, 2.5), 5, 0)
    face = stained(face, SHADOW, f32(0.6 * shadow))
    face = laid(face, f32([0.75, 0.8, 0.85]), f32(0.06 * frame.lenses))
    return laid(face, frame.colour, f32(np.clip(1.3 * frame.cover, 0, 0.95)))


def _open_mouth(b: Brushes, face: F32) -> F32:
    """Open the mouth: the lower lip moves down, before a dark hollow with upper teeth."""
    s, line = chart.SCALE, _seam(b)
    drop = f32(np.sin(np.linspace(0, np.pi, 11)) * DROP * HOLLOW * s)
    rows, columns = np.mgrid[: chart.SIZE, : chart.SIZE].astype(np.float32)
    seam = np.interp(columns[0], line[:, 0], line[:, 1]).astype(np.float32)
    slide = np.interp(columns[0], line[:, 0], drop, 0, 0).astype(np.float32)
    fall = ramp(rows - seam, 4.2 * s, 0.8 * s) * f32(rows >= seam)
    # Never from above the seam: the upper lip must not be pulled down with the lower one.
    source = np.maximum(rows - slide * fall, np.where(rows >= seam, seam + 1, rows))
    face = f32(cv2.remap(face, columns, f32(source), cv2.INTER_LINEAR))
    hollow = f32(np.vstack([line, (line + np.stack([0 * drop, drop], -1))[::-1]]))
    face = laid(face, f32([0.14, 0.06, 0.055]), chart.polygon(hollow, 0.9))
    teeth = ramp(rows - seam, 0.42 * s, 0.3 * s) * ramp(np.abs(columns - line[5, 0]), 1.6 * s, s)
    teeth = teeth * chart.polygon(hollow, 1.1) * ramp(rows - seam, -1.0, 2.0)
    return laid(face, f32([0.5, 0.46, 0.41]), f32(0.8 * teeth))
