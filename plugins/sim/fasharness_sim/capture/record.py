"""One sitting of a user: the bona fide video, and what attacks show and look like."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import tee
from typing import NamedTuple

import numpy as np

from fasharness_sim.capture import attack, avi, camera, motion, scene
from fasharness_sim.capture.camera import PHONES, REFERENCE, Phone
from fasharness_sim.capture.scene import Shot
from fasharness_sim.fields import F32, U8, blur, f32, stream
from fasharness_sim.optics import Lens
from fasharness_sim.people.head import Head
from fasharness_sim.rooms import room
from fasharness_sim.rooms.session import SESSIONS, lighting

FRAMES, WIDTH, HEIGHT, FPS = 24, 360, 640, 15
_SOURCE = Lens(REFERENCE.focal, 432, 768)
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
    """Who was recorded with which phone in which session."""

    seed: int
    user: int
    session: int
    phone: int
    head: Head


def bona_fide(capture: Capture) -> Recording:
    """Record the person."""
    rng = _stream(capture, "bona fide")
    phone = PHONES[capture.phone]
    lens = Lens(phone.focal, WIDTH, HEIGHT)
    poses = motion.head_way(rng, FRAMES, FPS, _place(phone, rng))
    shake = motion.tremor(rng, FRAMES, FPS, float(rng.uniform(0.5, 1.7)))
    stage = scene.build(capture.head, SESSIONS[capture.session], lens, poses, rng)
    spread = _spread(phone, rng)
    shots = (
        Shot(blur(s.light, spread), s.depth, s.eyes, s.marks)
        for s in scene.film(stage, poses, shake)
    )
    return _stored(shots, phone, rng)


def source(capture: Capture) -> attack.Take:
    """Record the person with a good camera, for attacks to show."""
    rng = _stream(capture, "source")
    place = (float(rng.normal(0, 0.8)), float(rng.normal(0.5, 0.8)), REFERENCE.distance)
    poses = motion.head_way(rng, FRAMES, FPS, place)
    shake = np.zeros((FRAMES, 3), np.float32)
    stage = scene.build(capture.head, SESSIONS[capture.session], _SOURCE, poses, rng)
    shots = (
        Shot(blur(s.light, REFERENCE.blur), s.depth, s.eyes, s.marks)
        for s in scene.film(stage, poses, shake)
    )
    recording = _stored(shots, REFERENCE, rng)
    # A print shows neither closed eyes nor an open mouth.
    awake = [k for k, pose in enumerate(poses) if pose.blink + pose.talk < 0.05] or [0]
    still = int(rng.choice(awake))
    return attack.Take(recording.frames, recording.depth, recording.eyes, recording.marks, still)


def attacked(capture: Capture, instrument: str, take: attack.Take, number: int) -> Recording:
    """Record an attack with the capture's phone.

    Args:
        capture: user, session and phone.
        instrument: a key of ``attack.INSTRUMENTS``.
        take: what the instrument shows.
        number: which recording this is; another number is another recording.

    Returns:
        The recording.
    """
    rng = _stream(capture, "attack", number)
    phone, session = PHONES[capture.phone], SESSIONS[capture.session]
    lens, light = Lens(phone.focal, WIDTH, HEIGHT), lighting(session, rng)
    x, y, z = _place(phone, rng)
    stage = attack.Stage(
        lens=lens,
        spread=_spread(phone, rng),
        lighting=light,
        room=room.draw(session, light, lens, rng),
        # The depicted face is as large in the frame as a real one at this distance.
        size=phone.focal / z * REFERENCE.distance / REFERENCE.focal,
        place=(phone.focal * x / z, -phone.focal * (y + _EYE_LEVEL) / z),
    )
    shots = attack.show(take, attack.INSTRUMENTS[instrument], stage, FPS, rng)
    return _stored(shots, phone, rng)


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
