"""A person in a room, drawn frame by frame: the room, the body before it, the head in front."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from fasharness_sim.capture import view
from fasharness_sim.fields import F32, f32
from fasharness_sim.optics import Lens, Lighting, Pose
from fasharness_sim.people import bodies
from fasharness_sim.people.head import Head
from fasharness_sim.rooms import room
from fasharness_sim.rooms.session import Session, lighting

_BACK = 5.0  # how far, in cm, a body's plane lies behind the middle of the head


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
    """A room with a person in it, ready to be filmed.

    ``room``: linear light (h, w, 3), a margin larger than the frame · ``body``: linear light and
    cover (h, w, 4), see ``bodies.py``.
    """

    lighting: Lighting
    room: F32
    body: F32
    person: view.Lit
    lens: Lens


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
        room=room.draw(session, light, lens, rng),
        body=bodies.body(head.person, light, rng),
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
    """Return a pose as a shaking camera sees it."""
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
    """Return the pose of the body: it follows the head by half, and does not turn."""
    x, y, z = (0.5 * (at + mean) for at, mean in zip((pose.x, pose.y, pose.z), anchor, strict=True))
    return Pose(0, 0, 0, float(x), float(y), float(z))


def _behind(walls: F32, lens: Lens, move: F32) -> F32:
    """Cut the frame out of the room's picture, moved as the camera shakes."""
    tall, wide = walls.shape[:2]
    c, s = np.cos(move[2]), np.sin(move[2])
    turn = np.array([[c, s], [-s, c]])
    centre = np.array([lens.width / 2, lens.height / 2])
    shift = centre + move[:2] - turn @ np.array([wide / 2, tall / 2])
    size = (lens.width, lens.height)
    return f32(cv2.warpAffine(walls, np.column_stack([turn, shift]), size, flags=cv2.INTER_LINEAR))


def _lay_body(light: F32, body: F32, pose: Pose, lens: Lens) -> None:
    """Draw neck and shoulders over the room in place."""
    far = pose.z + _BACK
    scale = lens.focal / far / bodies.SCALE
    # x is placed by the head's distance, y by the body's, which is 5 cm farther: inconsistent, and
    # kept, since any other place changes every frame (another version of the layout).
    x = lens.width / 2 + lens.focal * pose.x / pose.z
    y = lens.height / 2 - lens.focal * (pose.y + bodies.NECK_Y) / far
    top = int(max(y, 0))
    if top >= lens.height:
        return
    place = np.array([[scale, 0, x - scale * bodies.SIZE[1] / 2], [0, scale, y - top]])
    size = (lens.width, lens.height - top)
    drawn = cv2.warpAffine(
        body, place, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    part = light[top:]
    part += (drawn[..., :3] - part) * drawn[..., 3:]
