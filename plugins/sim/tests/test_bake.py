"""The scripts that bake assets: they run from the repository, and a wheel leaves them out."""

import importlib
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

PROJECT = Path(__file__).parents[1]
OBJ = """
g body
v 0 0 0
v 2 0 0
v 2 2 0
v 0 2 0
vt 0 0
vt 1 0
vt 1 1
vt 0 1
f 1/1 2/2 3/3 4/4
g joint-a
v 4 4 4
f 1 2 5
"""
MHCLO = """# a comment
x_scale 0 1 4.0
verts 0
2
0 1 2 0.5 0.25 0.25 1.0 1.0 0.0

delete_verts
1 - 3 5
"""


@pytest.fixture
def meshes(monkeypatch):
    monkeypatch.syspath_prepend(str(PROJECT))
    return importlib.import_module("bake.meshes")


@pytest.mark.parametrize("script", ["brows", "clothes", "hair", "heads"])
def test_a_script_says_how_it_is_called(script):
    done = subprocess.run(
        [sys.executable, "-m", f"bake.{script}", "--help"],
        cwd=PROJECT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert f"python -m bake.{script} " in done.stdout


def test_a_mesh_is_read_and_cut_into_triangles(meshes, tmp_path):
    (tmp_path / "a.obj").write_text(OBJ)
    mesh = meshes.read_obj(tmp_path / "a.obj")
    assert (mesh.vertices.shape, mesh.textures.shape) == ((5, 3), (4, 2))
    corners, spots = mesh.triangles("body")
    assert corners.tolist() == spots.tolist() == [[0, 1, 2], [0, 2, 3]]
    assert mesh.triangles().corners.tolist() == [[0, 1, 2], [0, 2, 3], [0, 1, 4]]
    assert mesh.faces[1] == ("joint-a", [0, 1, 4], [-1, -1, -1])
    np.testing.assert_allclose(mesh.centre("joint-a", mesh.vertices), [2, 4 / 3, 4 / 3])


def test_a_mesh_is_fitted_to_its_base(meshes, tmp_path):
    (tmp_path / "a.obj").write_text(OBJ)
    (tmp_path / "a.mhclo").write_text(MHCLO)
    vertices, hidden = meshes.fitted(
        tmp_path / "a.mhclo", meshes.read_obj(tmp_path / "a.obj").vertices
    )
    # half of (0, 0), a quarter each of (2, 0) and (2, 2), and an offset: 2 / 4 of one in x
    np.testing.assert_allclose(vertices, [[2, 2, 0], [1.5, 1.5, 0]])
    assert hidden == {1, 2, 3, 5}


def test_a_wheel_holds_assets_and_licences_and_no_baking_or_tests(tmp_path):
    project = tmp_path / "sim"
    ignored = shutil.ignore_patterns("build", "*.egg-info", "__pycache__")
    shutil.copytree(PROJECT, project, ignore=ignored)
    code = "import sys; from setuptools import build_meta as b; print(b.build_wheel(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=project, capture_output=True, text=True, check=True,
    )  # fmt: skip
    with zipfile.ZipFile(tmp_path / done.stdout.split()[-1]) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    package = PROJECT / "fasharness_sim"
    files = (p for p in package.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    assert names == {str(path.relative_to(PROJECT)) for path in files}
    assert {"fasharness_sim/NOTICE", "fasharness_sim/people/assets/heads.npz"} <= names
