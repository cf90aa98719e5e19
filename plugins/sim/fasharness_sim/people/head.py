"""A person's head as maps on the chart: height, colour, normals, and what moves in a face."""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from fasharness_sim.fields import F32, blur, f32, ramp, stream
from fasharness_sim.people import chart, landmarks, shape, skin
from fasharness_sim.people.hair import NOTHING, Hair, hair
from fasharness_sim.people.person import Person

_FLOOR = -4.5  # rays that pass a head meet nothing deeper than this, in cm
_COLLAR = (-11.6, -10.0)  # from where to where in y, in cm, the head's own neck fades


class _Surface(NamedTuple):
    """The solid of a head: heights, hair, silhouette and face, float32 on the chart."""

    height: F32
    hair: Hair
    inside: F32
    face: F32


@dataclass(frozen=True)
class Head:
    """Everything that is needed to draw one person's head.

    ``height`` float32 (S, S) cm · ``colour`` (S, S, 4): linear red, green, blue and silhouette ·
    ``relief`` (S, S, 4): unit normal and ambient occlusion · ``sheen`` (S, S, 2): gloss and the
    part of the face that counts as face in depth maps · ``blink``, ``talk``: what closed eyes and
    an open mouth add to the colour, at their place on the chart · ``eyes`` (2, 3): the pupils ·
    ``marks`` (104, 3): landmarks and outline, see ``landmarks.py``.
    """

    person: Person
    height: F32
    colour: F32
    relief: F32
    sheen: F32
    blink: skin.Patch
    talk: skin.Patch
    eyes: F32
    marks: F32


def build(person: Person, seed: int) -> Head:
    """Build the head of a person.

    Args:
        person: the traits.
        seed: the seed of the data set; textures are drawn from it.

    Returns:
        The head, the same for the same arguments.
    """
    rng = stream(seed, "head", person.user)
    surface = _surface(person, rng)
    painted = skin.paint(person, surface.hair, rng)
    height = f32(np.maximum(surface.height, _FLOOR))
    gloss = (1 - surface.hair.cover) * (0.7 + 0.3 * surface.face) + 0.35 * surface.hair.cover
    maps = np.dstack([height, _normals(height, painted.bumps), _occlusion(height)])
    carried = _carried(maps, surface.inside)
    return Head(
        person=person,
        height=carried[..., 0],
        colour=np.dstack([painted.colour, surface.inside]),
        relief=carried[..., 1:],
        sheen=np.dstack([f32(gloss), surface.face]),
        blink=painted.blink,
        talk=painted.talk,
        eyes=_eyes(person),
        marks=landmarks.marks(person.shape.points, height),
    )


def _eyes(person: Person) -> F32:
    """Return the middle of each eye opening in head coordinates, the image's left eye first."""
    v = person.shape.points
    return f32([v[list(ring)].mean(0) for ring in (chart.LEFT_EYE, chart.RIGHT_EYE)])


def _surface(person: Person, rng: np.random.Generator) -> _Surface:
    """Join the scanned head and its hair into one height field."""
    g = chart.grid()
    bare = np.maximum(chart.relief(person.shape.vertices, shape.model().polygons), NOTHING)
    bare = _smoothed(_closed(f32(bare), person), person, g)
    locks = hair(person, bare, rng)
    solid = np.maximum(bare, locks.height)
    # the neck goes on in the body's picture
    flesh = blur(f32(bare > NOTHING + 1), 0.8) * ramp(g.y, *_COLLAR)
    inside = np.maximum(flesh, locks.outline)
    face = chart.polygon(chart.to_chart(person.shape.points[list(landmarks.OUTLINE)]), 0.8)
    return _Surface(blur(f32(solid), 0.7), locks, f32(inside), face)


def _carried(maps: F32, inside: F32) -> F32:
    """Go on with maps (S, S, C) a little beyond the silhouette: nothing may jump at its edge."""
    share = cv2.erode(f32(inside > 0.9), np.ones((3, 3), np.uint8))
    near = blur(f32(share), 2.0)
    beyond = blur(maps * share[..., None], 2.0) / np.maximum(near, 1e-6)[..., None]
    return f32(np.where(((near > 1e-3) & (share == 0))[..., None], beyond, maps))


def _closed(bare: F32, person: Person) -> F32:
    """Close what gapes between lips and around the eyeballs."""
    near = np.zeros_like(bare)
    for ring in (chart.LIPS, chart.LEFT_EYE, chart.RIGHT_EYE):
        spot = chart.polygon(chart.to_chart(person.shape.points[list(ring)]), 0.8)
        near = np.maximum(near, cv2.dilate(spot, np.ones((5, 5), np.uint8)))
    shut = cv2.morphologyEx(bare, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    return f32(bare + (shut - bare) * (near > 0.1))


def _smoothed(solid: F32, person: Person, g: chart.Grid) -> F32:
    """Smooth the facets of the mesh, less so around eyes, nose, mouth and ears."""
    v, keep = person.shape.points, f32(np.abs(g.x) > 7.0) * f32(np.abs(g.y) < 5)
    for index, radii in ((33, (2, 1)), (263, (2, 1)), (4, (1.6, 2)), (13, (2.2, 1.2))):
        keep = np.maximum(keep, chart.bell(v[index], radii, g))
    fine, coarse = blur(solid, 0.9), blur(solid, 3.0)
    steep = f32(np.abs(coarse - fine))
    return f32(fine + (coarse - fine) * (1 - keep) * ramp(steep, 0.25, 0.1))


def _normals(height: F32, bumps: F32) -> F32:
    """Return the unit normals of a height field with fine bumps on it."""
    z = height + bumps
    dx = cv2.Sobel(z, cv2.CV_32F, 1, 0, ksize=3) * (chart.SCALE / 8)
    dy = cv2.Sobel(z, cv2.CV_32F, 0, 1, ksize=3) * (chart.SCALE / 8)
    n = np.dstack([-dx, dy, np.ones_like(dx)])
    return f32(n / np.linalg.norm(n, axis=-1, keepdims=True))


def _occlusion(height: F32) -> F32:
    """Estimate how open the surface is to the sky: hollows below their surroundings are darker."""
    solid = np.maximum(height, -3.5)
    hollow = 0.5 * (blur(solid, 5) - solid) + 0.3 * (blur(solid, 14) - solid)
    return f32(np.clip(1 - 0.55 * hollow, 0.45, 1.1))
