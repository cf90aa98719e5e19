"""The chain: train the generator, make pairs, train a detector on them too; on the toy OULU-NPU."""

from __future__ import annotations

import csv
import io
import json
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from fasharness.common.progress import Terminal
from fasharness.engine.checkpoint import read_card
from fasharness.errors import WeightsError
from fasharness.hookspecs import hookimpl
from fasharness.plugins import load
from fasharness.result import read
from fasharness.run.experiment import run
from fasharness.run.generating import generate
from fasharness.run.settings import Settings
from fasharness_dsdg import identities

SMALL = {"size": "16", "width": "0.05", "latent": "4", "epochs": "2", "batch": "8", "frames": "2"}
DETECTOR = {"size": "16", "width": "0.05", "epochs": "1", "batch": "8", "frames": "2",
            "score_frames": "1", "validations": "1"}  # fmt: skip
NOTE = "identities were compared by a narrow LightCNN trained on SIMULATED persons"


class Flat:
    """Depth that is the same everywhere."""

    def estimate(self, index, frame, face):
        return np.float32([0.5])

    def draw(self, estimate, region, side, rule):
        return np.full((side, side), estimate[0], np.float32)


@hookimpl
def fasharness_depth_estimators():
    return {"flat": lambda device: Flat()}


PLUGINS = load(extra=[("flat", SimpleNamespace(
    fasharness_depth_estimators=fasharness_depth_estimators))])  # fmt: skip


def go(oulu, here, name, plugin, option, last="run", **more):
    settings = Settings(
        plugin, "oulu1", data=oulu, faces="dataset", jobs=1, out=here / name, device="cpu",
        option=option, **more,
    )  # fmt: skip
    return run(settings, PLUGINS, Terminal(io.StringIO()), here / "store", last=last).folder


def made(model, folder):
    how = {"count": 3, "seed": 7, "device": "cpu"}
    return generate(model, folder, PLUGINS, Terminal(io.StringIO()), **how)


@pytest.mark.usefixtures("own_machine")
def test_from_videos_to_pairs_to_a_detector(oulu, here, monkeypatch):
    monkeypatch.setattr(identities, "PERSONS", 8)
    monkeypatch.setattr(identities, "_EPOCHS", 1)
    model = go(oulu, here, "dsdg", "dsdg", {**SMALL, "identity": "simulated"}, last="train")
    assert read_card(model / "model.safetensors").options["identity"] == "simulated"
    history = json.loads((model / "training.json").read_text())["epochs"]
    losses = [epoch["losses"] for epoch in history]
    assert set(losses[0]) == {"total", "reconstruction", "divergence", "mmd", "type", "orthogonal",
                              "identity", "pair"}  # fmt: skip
    pairs = here / "pairs"
    card = made(model, pairs)
    assert (card.count, card.notes, len(card.trained_on)) == (6, (NOTE,), 20)
    with (pairs / "list.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["pair"] for row in rows] == [f"{n // 2:06d}" for n in range(6)]
    assert [not row["species"] for row in rows] == [True, False] * 3
    assert cv2.imread(str(pairs / rows[5]["file"])).shape == (16, 16, 3)
    assert cv2.imread(str(pairs / "contact-sheet.png")) is not None

    # What was lost is made again, the same.
    whole = {file.name: file.read_bytes() for file in pairs.rglob("*.*")}
    lines = (pairs / "list.csv").read_text().splitlines(keepends=True)
    (pairs / "list.csv").write_text("".join(lines[:4]))
    (pairs / rows[5]["file"]).unlink()
    made(model, pairs)
    assert {file.name: file.read_bytes() for file in pairs.rglob("*.*")} == whole

    more = {"auxiliary": {"generated": str(pairs)}, "depth_estimator": "flat"}
    warnings = read(go(oulu, here, "dum", "dum", DETECTOR, **more) / "result.json")
    assert f"the generator of generated: {NOTE}" in warnings.evaluation.warnings


@pytest.mark.usefixtures("own_machine")
@pytest.mark.parametrize(("identity", "way"), [("lightcnn", "add"), ("faceres", "get")])
def test_a_missing_identity_network_ends_the_training_before_anything_long(
    oulu, here, identity, way
):
    with pytest.raises(WeightsError, match=f"fasharness weights {way} "):
        go(oulu, here, "dsdg", "dsdg", {**SMALL, "identity": identity}, last="train")
    assert not (here / "store").exists()
