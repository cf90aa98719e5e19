"""One sitting of a user: the bona fide video, and what attacks show and look like."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import tee
from typing import NamedTuple

import numpy as np

from fasharness_sim.capture import attack, avi, camera, forgery, motion, scene
from fasharness_sim.capture.camera import PHONES, REFERENCE, Phone
from fasharness_sim.capture.scene import Shot
from fasharness_sim.fields import F32, U8, blur, f32, stream
from fasharness_sim.formats import DEFAULT, Format, Support
from fasharness_sim.optics import Lens, Pose
from fasharness_sim.people.head import Head
from fasharness_sim.rooms import room
from fasharness_sim.rooms.session import SESSIONS, lighting

_SOURCE = Format(432, 768)  # the frame of the good camera, for a phone's of the default format
_EYE_LEVEL = 2.6


class Recording(NamedTuple):
    """A video: frames uint8 (F, H, W, 3) BGR, depth (F, H/4, W/4) with NaN, eyes (F, 2, 2).

    ``marks``: landmarks and outline (F, 104, 2) in pixels, see ``landmarks.py``.
    ``quality`` is that of its JPEG frames, chosen to keep the phone's bit rate.
    """

    frames: list[U8]
    depth: F32
    eyes: F32
    marks: F32
    quality: int


@dataclass(frozen=True)
class Capture:
    """Who was recorded with which phone in which session, and as what it is stored."""

    seed: int
    user: int
    session: int
    phone: int
    head: Head
    format: Format = DEFAULT

    @property
    def camera(self) -> Phone:
        """The phone, with what the format needs."""
        return camera.fit(PHONES[self.phone], self.format)

    @property
    def lens(self) -> Lens:
        """The phone's lens before the format's frame."""
        return Lens(self.camera.focal, self.format.width, self.format.height)


def bona_fide(capture: Capture, number: int = 1) -> Recording:
    """Record the person; another number is another recording."""
    return _filmed(capture, number, lambda poses: poses)


def acted(capture: Capture) -> Recording:
    """Record what a forger puts on the first bona fide video.

    A face, the capture's, goes the same way through the same scene, with an expression of its own.
    """
    return _filmed(capture, 1, lambda poses: _other_expression(capture, poses))


def _other_expression(capture: Capture, poses: Sequence[Pose]) -> list[Pose]:
    rng, shape = _stream(capture, "expression"), capture.format
    blinks = motion.blinks(rng, shape.frames, shape.fps).tolist()
    open_mouth = np.abs(motion.wander(rng, shape.frames, shape.fps, f32([0.6]), 1.5)[:, 0])
    talks = np.clip(open_mouth, 0, 0.9).tolist()
    return [
        replace(pose, blink=blink, talk=talk)
        for pose, blink, talk in zip(poses, blinks, talks, strict=True)
    ]


def forged(
    capture: Capture, original: Recording, face: Recording, method: str, number: int
) -> Recording:
    """Put a face on a recording, which keeps its depth and marks.

    Args:
        capture: of the original.
        original: what is changed.
        face: of `acted`.
        method: a key of ``forgery.METHODS``.
        number: which forgery this is.
    """
    rng = _stream(capture, "forgery", method, number)
    onto, other = (forgery.Face(r.frames, r.marks) for r in (original, face))
    return original._replace(frames=forgery.forge(onto, other, forgery.METHODS[method], rng))


def _filmed(
    capture: Capture, number: int, act: Callable[[Sequence[Pose]], Sequence[Pose]]
) -> Recording:
    """Record the person, who moves as drawn and acts as told."""
    # Without a number for the first, as the first versions had one recording only.
    rng = _stream(capture, "bona fide", *([number] if number > 1 else []))
    phone, lens, shape = capture.camera, capture.lens, capture.format
    poses = act(motion.head_way(rng, shape.frames, shape.fps, _place(phone, rng)))
    shake = _shake(capture, rng)
    stage = scene.build(capture.head, SESSIONS[capture.session], lens, poses, rng)
    spread = _spread(phone, rng)
    shots = (
        Shot(blur(s.light, spread), s.depth, s.eyes, s.marks)
        for s in scene.film(stage, poses, shake)
    )
    return _stored(shots, phone, rng)


def source(capture: Capture) -> attack.Take:
    """Record the person with a good camera, for attacks to show."""
    rng, shape = _stream(capture, "source"), capture.format
    place = (float(rng.normal(0, 0.8)), float(rng.normal(0.5, 0.8)), REFERENCE.distance)
    poses = motion.head_way(rng, shape.frames, shape.fps, place)
    shake = np.zeros((shape.frames, 3), np.float32)
    stage = scene.build(capture.head, SESSIONS[capture.session], _good_lens(shape), poses, rng)
    shots = (
        Shot(blur(s.light, REFERENCE.blur), s.depth, s.eyes, s.marks)
        for s in scene.film(stage, poses, shake)
    )
    recording = _stored(shots, REFERENCE, rng)
    # A print shows neither closed eyes nor an open mouth.
    awake = [k for k, pose in enumerate(poses) if pose.blink + pose.talk < 0.05] or [0]
    still = int(rng.choice(awake))
    return attack.Take(recording.frames, recording.depth, recording.eyes, recording.marks, still)


def attacked(
    capture: Capture,
    instrument: str,
    take: attack.Take,
    number: int,
    support: Support = "",
    behind: Head | None = None,
) -> Recording:
    """Record an attack with the capture's phone.

    Args:
        capture: user, session and phone.
        instrument: a key of ``attack.INSTRUMENTS``.
        take: what the instrument shows.
        number: which recording this is; another number is another recording.
        support: who holds the instrument.
        behind: whose eyes are behind the holes of a print; None: it has no holes.

    Returns:
        The recording.
    """
    rng = _stream(capture, "attack", number)
    phone, session = capture.camera, SESSIONS[capture.session]
    lens, light = capture.lens, lighting(session, rng)
    x, y, z = _place(phone, rng)
    scale = capture.format.scale
    stage = attack.Stage(
        lens=lens,
        spread=_spread(phone, rng),
        lighting=light,
        room=room.draw(session, light, lens, rng),
        # The depicted face is as large in the frame as a real one at this distance.
        size=phone.focal / z * REFERENCE.distance / (REFERENCE.focal * scale),
        place=(phone.focal * x / z, -phone.focal * (y + _EYE_LEVEL) / z),
        scale=scale,
        support=support,
        behind=behind,
    )
    shots = attack.show(take, attack.INSTRUMENTS[instrument], stage, capture.format.fps, rng)
    return _stored(shots, phone, rng)


def _good_lens(shape: Format) -> Lens:
    """The lens of the good camera, whose frame is as fine as the format's."""
    wide, tall = (4 * round(side * shape.scale / 4) for side in (_SOURCE.width, _SOURCE.height))
    return Lens(REFERENCE.focal * shape.scale, wide, tall)


def _shake(capture: Capture, rng: np.random.Generator) -> F32:
    """Draw how the camera shakes, in pixels of the format's frame."""
    shape = capture.format
    moved = motion.tremor(rng, shape.frames, shape.fps, float(rng.uniform(0.5, 1.7)))
    return f32(moved * f32([shape.scale, shape.scale, 1]))


def _stream(capture: Capture, *what: object) -> np.random.Generator:
    """Open the random stream of one video."""
    return stream(capture.seed, capture.user, capture.session, capture.phone, *what)


def _place(phone: Phone, rng: np.random.Generator) -> tuple[float, float, float]:
    """Draw where a face is held before a phone: x, y and distance in cm."""
    z = phone.distance * float(np.exp(rng.normal(0, 0.08)))
    return float(rng.normal(0, 1.2)), float(rng.normal(0.6, 1.2)), z


def _spread(phone: Phone, rng: np.random.Generator) -> float:
    """Draw the point spread of lens and focus in pixels."""
    return float(phone.blur + abs(rng.normal(0, 0.13)))


def _stored(shots: Iterator[Shot], phone: Phone, rng: np.random.Generator) -> Recording:
    """Let a phone store what came through its lens."""
    # `develop` takes one shot for each frame that it yields, so only one is held in memory.
    first, second = tee(shots)
    frames, depth, eyes, marks = [], [], [], []
    for frame, shot in zip(camera.develop(first, phone, rng), second, strict=True):
        frames.append(frame)
        depth.append(shot.depth)
        eyes.append(shot.eyes)
        marks.append(shot.marks)
    size = int(phone.rate * np.exp(rng.normal(0, 0.15)))
    quality = avi.quality_for(frames[0], size)
    return Recording(
        frames, f32(np.stack(depth)), f32(np.stack(eyes)), f32(np.stack(marks)), quality
    )
