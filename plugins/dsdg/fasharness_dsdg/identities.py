"""A small identity network that is trained on simulated persons, for where no other is at hand."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from fasharness_dsdg.lightcnn import FEATURES, GreyIdentity, LightCNN
from fasharness_dsdg.networks import BASE
from fasharness_sim.capture import view
from fasharness_sim.fields import encoded, stream
from fasharness_sim.optics import Lens, Pose
from fasharness_sim.people import head
from fasharness_sim.people.person import person
from fasharness_sim.rooms.session import SESSIONS, lighting

SIDE, WIDTH = 64, 0.125
PERSONS, VIEWS = 64, 12
_WORLD = 0x1D  # a seed of its own: nobody here is in a simulated data set by default
_EPOCHS, _BATCH, _RATE = 16, 64, 3e-3
_LENS = Lens(3.1 * SIDE, SIDE, SIDE)
_SHARPNESS = 16.0  # scale of cosines in the softmax


class Faces(NamedTuple):
    """Pictures of simulated persons.

    Attributes:
        pictures: float32 (N, 3, 64, 64) in [0, 1], RGB.
        persons: int64 (N,), numbers from 0.
    """

    pictures: Tensor
    persons: Tensor


def faces(numbers: range, views: int) -> Faces:
    """Draw simulated persons in changing pose, light and expression.

    Args:
        numbers: the persons, from 1; a number is the same person always.
        views: pictures of each.
    """
    pictures = [
        picture
        for number in numbers
        for picture in _views(head.build(person(_WORLD, number), _WORLD), number, views)
    ]
    stacked = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous()
    return Faces(stacked, torch.arange(len(numbers)).repeat_interleave(views))


def _views(who: head.Head, number: int, views: int) -> list[NDArray[np.float32]]:
    rng = stream(_WORLD, "views", number)
    return [_view(who, rng) for _ in range(views)]


def _view(who: head.Head, rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw one picture, float32 (64, 64, 3) in [0, 1]."""
    light = lighting(SESSIONS[int(rng.integers(1, 1 + len(SESSIONS)))], rng)
    yaw, pitch, roll = rng.normal(0, (0.16, 0.1, 0.06))
    x, y = rng.normal(0, 0.7, 2)
    blink, talk = rng.random(2) * (rng.random(2) < 0.2)
    pose = Pose(yaw, pitch, roll, x, y, 58 + rng.normal(0, 4), blink, talk)
    seen = view.draw(view.lit(who, light, pose), pose, _LENS, light)
    picture = np.empty((SIDE, SIDE, 3), np.float32)
    picture[:] = rng.uniform(0.02, 0.6)  # a wall
    w, cover = seen.window, seen.cover[..., None]
    part = picture[w.top : w.bottom, w.left : w.right]
    part[:] = seen.light * cover + part * (1 - cover)
    # The phones of the simulator set their exposure by the face.
    exposed = picture * (rng.uniform(0.25, 0.45) / max(float(picture[16:48, 16:48].mean()), 1e-3))
    return encoded(exposed) + np.float32(0.01) * rng.standard_normal(picture.shape, np.float32)


def trained() -> GreyIdentity:
    """Train a narrow LightCNN for 64 pixels to tell simulated persons apart; always the same one.

    Returns:
        The network without its classifier, in evaluation mode.
    """
    shown = faces(range(1, PERSONS + 1), VIEWS)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_WORLD)
        return _fitted(shown)


def _fitted(shown: Faces) -> GreyIdentity:
    network = GreyIdentity(LightCNN(WIDTH, SIDE))
    # Cosines of persons' directions, as the losses of the generator compare directions.
    persons = nn.Parameter(F.normalize(torch.randn(PERSONS, FEATURES)))
    parameters = [*network.parameters(), persons]
    steps = _EPOCHS * (len(shown.persons) // _BATCH)
    optimizer = torch.optim.AdamW(parameters, lr=_RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=steps)
    for _ in range(_EPOCHS):
        order = torch.randperm(len(shown.persons))
        for batch in torch.split(order, _BATCH)[: steps // _EPOCHS]:
            cosines = network(_varied(shown.pictures[batch])) @ F.normalize(persons).T
            loss = F.cross_entropy(_SHARPNESS * cosines, shown.persons[batch])
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            schedule.step()
    return network.eval().requires_grad_(False)


def _varied(pictures: Tensor) -> Tensor:
    """Mirror and shift pictures, and change their contrast, at random."""
    if torch.rand(()) < 0.5:
        pictures = pictures.flip(3)
    down, right = (int(n) for n in torch.randint(-BASE, BASE + 1, (2,)))
    contrast = 0.8 + 0.4 * torch.rand(len(pictures), 1, 1, 1)
    return torch.roll(pictures, (down, right), (2, 3)) * contrast
