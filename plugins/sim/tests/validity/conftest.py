"""A small simulated folder for the report's tests: toy videos that say they are simulated."""

import json
import shutil
from pathlib import Path

import pytest

from fasharness.builtin.datasets.oulu_npu import OuluNpu
from fasharness_sim.layouts.oulu_npu import OuluNpuLayout
from fasharness_sim.validity import validate
from fasharness_sim.validity.records import Validity

PROTOCOLS = OuluNpuLayout.protocols
MARK = {"data": "simulated OULU-NPU", "version": 0, "seed": 0, "size": "mini", "videos": 30}


@pytest.fixture(scope="session")
def toy_sim(oulu: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy OULU-NPU with the simulator's mark, protocol 1 of 10 videos a part. Do not change."""
    root = tmp_path_factory.mktemp("validity") / "sim"
    shutil.copytree(oulu, root)
    for path in (root / "Protocols" / "Protocol_1").iterdir():
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(line for line in lines if ",1_" in line))
    (root / "SIMULATED.json").write_text(json.dumps(MARK))
    return root


@pytest.fixture
def own_sim(toy_sim: Path, tmp_path: Path) -> Path:
    """A copy that a test may break."""
    shutil.copytree(toy_sim, tmp_path / "sim")
    return tmp_path / "sim"


@pytest.fixture(scope="session")
def reported(toy_sim: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Validity]:
    """The report's folder and content for protocol 1 of the toy folder."""
    out = tmp_path_factory.mktemp("validity") / "out"
    return out, validate(OuluNpu(toy_sim), out, PROTOCOLS, chosen=("oulu1",), jobs=1)
