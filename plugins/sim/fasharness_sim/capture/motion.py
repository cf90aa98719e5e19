"""How heads, hands and eyelids move from frame to frame."""

import numpy as np

from fasharness_sim.fields import F32, f32
from fasharness_sim.optics import Pose


def wander(rng: np.random.Generator, frames: int, fps: float, spans: F32, speed: float) -> F32:
    """Draw smooth movements as sums of slow waves.

    Args:
        rng: the stream to draw from.
        frames: how many.
        fps: frames a second.
        spans: float32 (K,), the usual size of each of K movements.
        speed: the usual frequency in Hz.

    Returns:
        float32 (frames, K) around zero.
    """
    time = np.arange(frames, dtype=np.float32)[:, None, None] / fps
    shape = (1, len(spans), 4)
    pace = speed * rng.uniform([0.4, 0.8, 1.4, 2.4], [0.8, 1.4, 2.4, 4.0], (1, len(spans), 4))
    weight = rng.normal(0, [1.0, 0.6, 0.3, 0.12], shape)
    waves = weight * np.sin(2 * np.pi * (pace * time + rng.uniform(0, 1, shape)))
    return f32(waves.sum(-1) * spans)


def head_way(
    rng: np.random.Generator, frames: int, fps: float, place: tuple[float, float, float]
) -> list[Pose]:
    """Draw the way of a head through a video.

    Args:
        rng: the stream to draw from.
        frames: how many.
        fps: frames a second.
        place: x, y and distance in cm around which it moves.

    Returns:
        One pose per frame; yaw within 0.3 rad (17 degrees).
    """
    lively = float(rng.uniform(0.35, 1.5))
    angles = wander(rng, frames, fps, f32([0.085, 0.04, 0.03]) * f32(lively), 0.5)
    moves = wander(rng, frames, fps, f32([0.7, 0.45, 0.8]) * f32(lively), 0.4)
    # tanh bounds the turn without the heap at the ends that clipping would leave.
    yaw = 0.3 * np.tanh((angles[:, 0] + rng.normal(0, 0.06)) / 0.3)
    pitch = angles[:, 1] + rng.normal(0, 0.05)
    blink, talk = blinks(rng, frames, fps), _talk(rng, frames, fps)
    x, y, z = (np.float32(at) + moves[:, k] for k, at in enumerate(place))
    rows = np.stack([yaw, pitch, angles[:, 2], x, y, z, blink, talk], -1)
    return [Pose(*row) for row in rows.tolist()]


def tremor(rng: np.random.Generator, frames: int, fps: float, strength: float) -> F32:
    """Draw the shake of a hand-held phone: shift right and down in pixels, roll in radians."""
    slow = wander(rng, frames, fps, f32([1.8, 1.6, 0.006]) * f32(strength), 0.6)
    return f32(slow + wander(rng, frames, fps, f32([0.25, 0.25, 0.0008]) * f32(strength), 4.0))


def blinks(rng: np.random.Generator, frames: int, fps: float) -> F32:
    """Close the eyes for about a seventh of a second, some 20 times a minute."""
    time, closed = np.arange(frames) / fps, np.zeros(frames)
    # 20 a minute is within the range of Bentivoglio et al. (1997).
    for _ in range(rng.poisson(frames / fps / 3)):
        away = np.abs(time - rng.uniform(0, frames / fps))
        closed = np.maximum(closed, np.clip(1.6 - away / 0.09, 0, 1))
    return f32(closed)


def _talk(rng: np.random.Generator, frames: int, fps: float) -> F32:
    """Open and close the mouth in the videos in which the person talks."""
    if rng.random() < 0.6:
        return np.zeros(frames, np.float32)
    waves = wander(rng, frames, fps, f32([0.5]), 2.2)[:, 0]
    return f32(np.clip(waves, 0, 0.9))
