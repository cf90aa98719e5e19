"""Sessions: the light, the room behind and the body below a head, drawn frame by frame."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import ArrayLike

from fasharness.sim import view
from fasharness.sim.fields import F32, blur, f32, linear, noise, over, ramp
from fasharness.sim.head import Head
from fasharness.sim.person import Person
from fasharness.sim.view import Lens, Lighting, Pose

_BODY_SCALE = 7.0
_BODY_SIZE = (308, 420)
_NECK_Y = -4.0
_MARGIN = 0.12


@dataclass(frozen=True)
class Session:
    """One of the three sessions: where the light comes from and what the room looks like.

    ``key``, ``fill``: azimuth, elevation (degrees), temperature (K) and strength of two lights;
    ``ambient``: temperature and strength of the light from everywhere; ``walls``: sRGB colours.
    """

    key: tuple[float, float, float, float]
    fill: tuple[float, float, float, float]
    ambient: tuple[float, float]
    walls: F32
    things: int
    brightness: float


SESSIONS: Mapping[int, Session] = MappingProxyType(
    {
        1: Session(
            key=(-50, 25, 6300, 1.0),
            fill=(60, 40, 4800, 0.45),
            ambient=(5800, 0.55),
            walls=f32([[0.8, 0.82, 0.84], [0.62, 0.66, 0.7], [0.5, 0.46, 0.4], [0.9, 0.93, 0.95]]),
            things=9,
            brightness=0.85,
        ),
        2: Session(
            key=(15, 62, 3700, 0.9),
            fill=(-65, 30, 3900, 0.5),
            ambient=(3900, 0.5),
            walls=f32([[0.66, 0.6, 0.5], [0.42, 0.34, 0.26], [0.74, 0.7, 0.62], [0.3, 0.3, 0.33]]),
            things=13,
            brightness=0.5,
        ),
        3: Session(
            key=(42, 18, 4700, 1.15),
            fill=(-35, 50, 5200, 0.35),
            ambient=(4600, 0.4),
            walls=f32(
                [[0.72, 0.73, 0.68], [0.6, 0.64, 0.66], [0.52, 0.6, 0.55], [0.8, 0.78, 0.72]]
            ),
            things=5,
            brightness=0.65,
        ),
    }
)


class Shot(NamedTuple):
    """One frame of a scene: linear light (H, W, 3), face depth (H/4, W/4) with NaN, eyes (2, 2).

    ``marks``: landmarks and outline of the face in pixels, (104, 2), see ``landmarks.py``.
    """

    light: F32
    depth: F32
    eyes: F32
    marks: F32


@dataclass(frozen=True)
class Scene:
    """A room with a person in it, ready to be filmed."""

    lighting: Lighting
    room: F32
    body: F32
    person: view.Lit
    lens: Lens


def temperature(kelvin: float) -> F32:
    """Give the linear RGB of a black body, green = 1 (after Tanner Helland's fit).

    Args:
        kelvin: 2000..6600.

    Returns:
        float32 (3,).
    """
    t = kelvin / 100
    green = (99.4708 * np.log(t) - 161.1196) / 255
    blue = (138.5177 * np.log(t - 10) - 305.0448) / 255
    light = linear(np.clip([1.0, green, blue], 0, 1))
    return f32(light / light[1])


def lighting(session: Session, rng: np.random.Generator) -> Lighting:
    """Set up a session's lights, a little different each time people sit down."""
    directions, colours = [], []
    for azimuth, elevation, kelvin, strength in (session.key, session.fill):
        a, e = np.radians([azimuth + rng.normal(0, 9), elevation + rng.normal(0, 6)])
        directions.append([np.sin(a) * np.cos(e), np.sin(e), np.cos(a) * np.cos(e)])
        warm = np.clip(kelvin + rng.normal(0, 150), 2500, 6600)
        colours.append(temperature(float(warm)) * strength * rng.uniform(0.8, 1.2))
    fill = temperature(session.ambient[0]) * session.ambient[1] * rng.uniform(0.85, 1.15)
    return Lighting(f32(directions), f32(colours), f32(fill), f32(0.55 * fill))


def build(
    head: Head, session: Session, lens: Lens, poses: Sequence[Pose], rng: np.random.Generator
) -> Scene:
    """Put a person into a session's room.

    Args:
        head: who.
        session: where.
        lens: the camera that will look; rooms and bodies are drawn at its scale.
        poses: the head's way through the video; shadows are found for its middle.
        rng: what differs between two sittings.

    Returns:
        The scene.
    """
    light = lighting(session, rng)
    return Scene(
        lighting=light,
        room=room(session, light, lens, rng),
        body=_body(head.person, light, rng),
        person=view.lit(head, light, poses[len(poses) // 2]),
        lens=lens,
    )


def film(scene: Scene, poses: Sequence[Pose], shake: F32) -> Iterator[Shot]:
    """Film a scene.

    Args:
        scene: what stands before the camera.
        poses: one per frame.
        shake: float32 (F, 3): the camera's shift right and down in pixels and roll in radians.

    Returns:
        The frames in linear light.
    """
    anchor = np.mean([[p.x, p.y, p.z] for p in poses], axis=0)
    for pose, move in zip(poses, shake, strict=True):
        yield _frame(scene, pose, anchor, move)


def _frame(scene: Scene, pose: Pose, anchor: F32, move: F32) -> Shot:
    """Draw room, body and head of one frame, far to near."""
    lens = scene.lens
    light = _behind(scene.room, lens, move)
    held = _held(pose, lens, move)
    body = _held(_trunk(pose, anchor), lens, move)
    _lay_body(light, scene.body, body, lens)
    seen = view.draw(scene.person, held, lens, scene.lighting)
    left, top, right, bottom = seen.window
    part = light[top:bottom, left:right]
    part += (seen.light - part) * seen.cover[..., None]
    return Shot(light, seen.depth, seen.eyes, seen.marks)


def _held(pose: Pose, lens: Lens, move: F32) -> Pose:
    """See a pose from a camera that shakes."""
    reach = pose.z / lens.focal
    return Pose(
        pose.yaw,
        pose.pitch,
        pose.roll + float(move[2]),
        pose.x + float(move[0]) * reach,
        pose.y - float(move[1]) * reach,
        pose.z,
        pose.blink,
        pose.talk,
    )


def _trunk(pose: Pose, anchor: F32) -> Pose:
    """Say where the body is: it follows the head by half, and does not turn."""
    x, y, z = (0.5 * (at + mean) for at, mean in zip((pose.x, pose.y, pose.z), anchor, strict=True))
    return Pose(0, 0, 0, float(x), float(y), float(z))


def _behind(room: F32, lens: Lens, move: F32) -> F32:
    """Cut the frame out of the room's picture, moved as the camera shakes."""
    tall, wide = room.shape[:2]
    c, s = np.cos(move[2]), np.sin(move[2])
    turn = np.array([[c, s], [-s, c]])
    centre = np.array([lens.width / 2, lens.height / 2])
    shift = centre + move[:2] - turn @ np.array([wide / 2, tall / 2])
    size = (lens.width, lens.height)
    return f32(cv2.warpAffine(room, np.column_stack([turn, shift]), size, flags=cv2.INTER_LINEAR))


def _lay_body(light: F32, body: F32, pose: Pose, lens: Lens) -> None:
    """Lay neck and shoulders over the room in place."""
    scale = lens.focal / (pose.z + 5.0) / _BODY_SCALE
    wide = _BODY_SIZE[1]
    x = lens.width / 2 + lens.focal * pose.x / pose.z
    top = int(max(lens.height / 2 - lens.focal * (pose.y + _NECK_Y) / (pose.z + 5.0), 0))
    if top >= lens.height:
        return
    y = lens.height / 2 - lens.focal * (pose.y + _NECK_Y) / (pose.z + 5.0) - top
    place = np.array([[scale, 0, x - scale * wide / 2], [0, scale, y]])
    size = (lens.width, lens.height - top)
    drawn = cv2.warpAffine(
        body, place, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    part = light[top:]
    part += (drawn[..., :3] - part) * drawn[..., 3:]


def room(session: Session, light: Lighting, lens: Lens, rng: np.random.Generator) -> F32:
    """Draw a room out of focus: a wall, boxes of all sizes for furniture, windows and pictures.

    Args:
        session: what the room looks like.
        light: what lights it.
        lens: the camera; the picture is a margin larger than its frame.
        rng: what differs between two sittings.

    Returns:
        float32 (h, w, 3), linear light.
    """
    shape = (int(lens.height * (1 + _MARGIN)) // 4, int(lens.width * (1 + _MARGIN)) // 4)
    tall, wide = shape
    wall = np.empty((tall, wide, 3), np.float32)
    wall[:] = linear(session.walls[rng.integers(2)])
    _corner(wall, session, rng)
    for _ in range(session.things + int(rng.integers(5))):
        _thing(wall, session, rng)
    wall = wall * f32(1 + 0.08 * noise(rng, (4, 3), shape))[..., None]
    wall = blur(wall, float(rng.uniform(0.8, 3.0)))
    glow = light.sky + 0.35 * light.colours.sum(0)
    side = np.sign(light.directions[0, 0]) * np.linspace(-0.3, 0.3, wide)[None, :, None]
    size = (wide * 4, tall * 4)
    lit = wall * glow * session.brightness * f32(1 + side) * f32(rng.uniform(0.7, 1.3))
    drawn = cv2.resize(np.maximum(lit, 0.004), size, interpolation=cv2.INTER_CUBIC)
    grain = noise(rng, (tall * 3, wide * 3), (size[1], size[0])) * np.exp(rng.uniform(-3.0, -1.0))
    return f32(np.maximum(drawn * f32(1 + grain)[..., None], 0.003))


def _corner(wall: F32, session: Session, rng: np.random.Generator) -> None:
    """Paint, in place, the wall that meets the first one, and the ceiling, in their own shades."""
    tall, wide = wall.shape[:2]
    x, lean = rng.uniform(-0.4, 1.4) * wide, rng.uniform(-0.04, 0.04) * tall
    wall[:, int(np.clip(x, 0, wide)) :] *= np.float32(rng.uniform(0.6, 1.3))
    top = rng.uniform(-0.3, 0.14) * tall
    _fill(wall, [[0, 0], [wide, 0], [wide, top + lean], [0, top - lean]], linear(session.walls[-1]))


def _thing(wall: F32, session: Session, rng: np.random.Generator) -> None:
    """Paint, in place, a piece of furniture, a framed picture or something round."""
    tall, wide = wall.shape[:2]
    w, h = (np.exp(rng.uniform(np.log(0.05), np.log(0.55), 2)) * wide).tolist()
    x, kind = rng.uniform(-w / 2, wide - w / 2), int(rng.integers(3))
    y = tall * rng.uniform(0.5, 0.85) if kind == 0 else rng.uniform(-0.05, 0.6) * tall
    corners = np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]])
    if kind == 0:
        corners[2:, 1] = tall
    elif kind == 1:
        _fill(wall, corners, _paint(session, rng))
        corners += (np.mean(corners, 0) - corners) * 0.12
    else:
        a = np.linspace(0, 2 * np.pi, 24)
        corners = np.stack([x + w / 2 * np.cos(a), y + h / 2 * np.sin(a)], -1)
    _fill(wall, corners, _paint(session, rng))


def _paint(session: Session, rng: np.random.Generator) -> F32:
    """Draw a colour near those of a session's walls."""
    paint = linear(session.walls[rng.integers(len(session.walls))])
    return f32(paint * rng.uniform(0.15, 1.15) * rng.uniform(0.88, 1.12, 3))


def _fill(wall: F32, corners: ArrayLike, colour: F32) -> None:
    """Fill a polygon of pixels (N, 2) in place."""
    points = np.round(np.asarray(corners) * 16).astype(np.int32)
    cv2.fillPoly(wall, [points], colour.tolist(), 16, 4)


def _body(person: Person, light: Lighting, rng: np.random.Generator) -> F32:
    """Draw neck and shoulders as a lit picture with cover, 7 pixels a cm."""
    tall, wide = _BODY_SIZE
    rows, columns = np.mgrid[:tall, :wide].astype(np.float32)
    x, y = (columns - wide / 2) / _BODY_SCALE, rows / _BODY_SCALE
    jaw = float(np.abs(person.mesh.vertices[:, 0]).max())
    neck = jaw * 0.72 + 0.06 * np.clip(y - 8, 0, 6) ** 2
    broad = rng.uniform(20, 24)
    out = np.abs(x) / broad
    shoulder = 9.4 + 4.5 * out**1.4 + 60 * np.clip(out - 0.7, 0, None) ** 2
    opening = rng.uniform(1.5, 4.5) * np.sqrt(np.clip(1 - (x / (neck.min() + 1.5)) ** 2, 0, 1))
    collar = shoulder + opening
    skin = _round(x / neck, y * 0, light) * linear(person.skin) * 0.8
    chin = ramp(f32(y), 4.0, 11.0) * 0.6 + 0.4
    weave = 0.1 * noise(rng, (4, 13), (tall, wide)) + 0.05 * noise(rng, (12, 12), (tall, wide))
    weave = weave + np.exp(rng.uniform(-3.0, -1.0)) * noise(rng, (tall, wide), (tall, wide))
    cloth = linear(person.shirt) * f32(1 + weave)[..., None]
    cloth = cloth * _round(x / 30, (y - 24) / -34, light)
    cloth *= 1 - 0.25 * ramp(f32(np.abs(y - collar - 0.9)), 0.35, 0.1)[..., None]
    bare = ramp(f32(np.abs(x) - neck), 0.25, -0.25)
    dressed = ramp(f32(y - collar), -0.15, 0.2)
    body = over(f32(skin * chin[..., None]), cloth, dressed)
    return np.dstack([body, np.maximum(bare, dressed)])


def _round(x: F32, y: F32, light: Lighting) -> F32:
    """Light a rounded surface whose normal leans by x and y (-1..1)."""
    nx, ny = np.clip(x, -0.95, 0.95), np.clip(y, -0.7, 0.7)
    normal = f32(np.stack([nx, ny, np.sqrt(np.maximum(1 - nx**2 - ny**2, 0.05))], -1))
    lamps = np.clip(normal @ light.directions.T, 0, None) @ light.colours
    return f32(lamps * 0.8 + light.sky * 0.75)
