"""The door for JSON, NumPy's and PyTorch's files: what is damaged or hostile is refused."""

import ast
import io
import json
import os
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch

from fasharness.common.array_files import MOST_ARRAY, npz_array, npz_arrays, unpickled
from fasharness.common.formats import file_bytes, json_file, json_object
from fasharness.errors import DataError

ROOT = Path(__file__).parents[2]

REFUSED = {
    "not JSON": "{",
    "empty": "",
    "a list": "[1]",
    "NaN": '{"a": NaN}',
    "an infinity": '{"a": -Infinity}',
    "a number beyond doubles": '{"a": 1e999}',
    "a number of many digits": '{"a": 1' + "0" * 5000 + "}",
    "a name twice": '{"a": {"b": 1, "b": 2}}',
    "half a character": '{"a": "\\ud83d"}',
    "half a character in a name": '{"\\uDC00": 1}',
    "70 levels": '{"a": ' + "[" * 70 + "]" * 70 + "}",
    "3000 levels": '{"a": ' + "[" * 3000 + "]" * 3000 + "}",
    "100000 open brackets": "[" * 100_000,
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_json_that_leaves_anything_open_is_refused_in_one_line(text: str):
    with pytest.raises(DataError, match=r"\Aa\.json: ") as caught:
        json_object(text, "a.json")
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 200


def test_ordinary_json_is_read_as_by_anyone():
    content = {"ä": [1, -2.5, True, None, "😀", 2**63], "deep": [[[[]]]] * 40}
    assert json_object(json.dumps(content), "a.json") == content


def test_only_whole_small_files_are_read(tmp_path: Path):
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero"), tmp_path, tmp_path / "missing", Path("a\0b")):
        start = time.monotonic()
        with pytest.raises(DataError):
            json_file(path)
        assert time.monotonic() - start < 1
    path = tmp_path / "a"
    path.write_bytes(b"\xff" * 100)
    assert len(file_bytes(path, 100)) == 100
    with pytest.raises(DataError, match="larger than 0 MiB"):
        file_bytes(path, 99)
    with pytest.raises(DataError, match="not UTF-8"):
        json_file(path)


def archive(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


DEPTH = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


def test_arrays_come_back_as_numpy_wrote_them():
    by_columns = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    names = np.array(["a", "bc"])
    found = npz_arrays(archive(depth=DEPTH, other=by_columns, names=names), "a.npz")
    assert found.keys() == {"depth", "other", "names"}
    assert np.array_equal(found["depth"], DEPTH)
    assert np.array_equal(found["other"], by_columns)
    assert found["names"].tolist() == ["a", "bc"]


@pytest.mark.parametrize("cut", range(0, len(archive(depth=DEPTH)), 7))
def test_a_damaged_archive_is_refused_or_right(cut: int):
    content = archive(depth=DEPTH)
    with pytest.raises(DataError, match=r"\Aa\.npz: "):
        npz_array(content[:cut], "depth", "a.npz")
    changed = content[:cut] + bytes([content[cut] ^ 255]) + content[cut + 1 :]
    with suppress(DataError):
        assert np.array_equal(npz_array(changed, "depth", "a.npz"), DEPTH)


def npy(header: str, data: bytes) -> bytes:
    """An archive of an array with any header."""
    text = header.encode().ljust(117) + b"\n"
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("depth.npy", b"\x93NUMPY\1\0" + len(text).to_bytes(2, "little") + text + data)
    return file.getvalue()


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (5,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (-4,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (-2, -2)}",
        "{'descr': '|O', 'fortran_order': False, 'shape': (4,)}",
        "{'descr': '|V0', 'fortran_order': False, 'shape': (4,)}",
        "{'descr': 'x', 'fortran_order': False, 'shape': (4,)}",
        "{'shape': (4,)}",
        "{" * 100,
    ],
)
def test_an_array_that_is_not_what_it_says_is_refused(header: str):
    with pytest.raises(DataError, match=r"\Aa\.npz: a damaged"):
        npz_array(npy(header, b"1234"), "depth", "a.npz")


def test_a_decompression_bomb_is_refused_before_it_is_unpacked():
    file = io.BytesIO()
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made,
        made.open("depth.npy", "w", force_zip64=True) as entry,
    ):
        for _ in range((MOST_ARRAY >> 20) + 1):
            entry.write(bytes(1 << 20))
    start = time.monotonic()
    with pytest.raises(DataError, match=r"a\.npz: its array 'depth' has 257 MiB, at most 256"):
        npz_array(file.getvalue(), "depth", "a.npz")
    assert time.monotonic() - start < 1


def test_a_missing_array_is_named():
    with pytest.raises(DataError, match=r"a\.npz: it holds no array 'depth'"):
        npz_array(archive(other=DEPTH), "depth", "a.npz")


def test_what_torch_saved_is_read_and_code_is_not_run(tmp_path: Path):
    path, mark = tmp_path / "a.pth", tmp_path / "ran"
    torch.save({"weight": torch.ones(2), "epoch": 3}, path)
    found = unpickled(path)
    assert isinstance(found, dict)
    assert (found["weight"].tolist(), found["epoch"]) == ([1, 1], 3)

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(mark),)

    torch.save({"a": Evil()}, path)
    with pytest.raises(DataError, match=r"pickled with code \(posix\.mkdir\), which could run"):
        unpickled(path)
    assert not mark.exists()
    path.write_bytes(b"no torch")
    with pytest.raises(DataError, match=r"not a file of torch\.save, or damaged"):
        unpickled(path)
    with pytest.raises(DataError, match="cannot be read: No such file"):
        unpickled(tmp_path / "missing")


# Readers of untrusted formats, and the one file that may use each.
DOOR = "fasharness/common/formats.py"
READERS: dict[str, frozenset[str]] = {
    "json": frozenset({"load", "loads", "JSONDecoder"}),
    "yaml": frozenset({"load", "load_all", "safe_load", "full_load", "compose", "parse"}),
    "np": frozenset({"load", "fromfile", "loadtxt", "genfromtxt", "memmap"}),
    "numpy": frozenset({"load", "fromfile", "loadtxt", "genfromtxt", "memmap"}),
    "torch": frozenset({"load"}),
    "pickle": frozenset({"load", "loads", "Unpickler"}),
    "joblib": frozenset({"load"}),
    "safetensors": frozenset({"safe_open"}),
}
ALLOWED = {
    (DOOR, "json.JSONDecoder"),
    ("fasharness/common/array_files.py", "torch.load"),
    ("fasharness/common/strict_yaml.py", "yaml.compose"),
    ("fasharness/common/strict_yaml.py", "yaml.parse"),
    # the library checks the header, the seal the content
    ("fasharness/engine/checkpoint.py", "safetensors.safe_open"),
    # the published bytes alone, compared with their hash
    ("fasharness/prepare/mtcnn_nets.py", "joblib.load"),
}


def readers(tree: ast.AST) -> Iterator[str]:
    """What a module uses of `READERS`, as an attribute or imported by name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.attr in READERS.get(node.value.id, ()):
                yield f"{node.value.id}.{node.attr}"
        elif isinstance(node, ast.ImportFrom) and node.module:
            package = node.module.split(".")[0]
            for alias in node.names:
                if alias.name in READERS.get(package, ()) or alias.name == "load_file":
                    yield f"{package}.{alias.name}"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in ("marshal", "shelve", "dill", "cloudpickle"):
                    yield alias.name


def test_such_files_are_opened_through_the_door_alone():
    sources = [*(ROOT / "fasharness").rglob("*.py"), *ROOT.glob("plugins/*/fasharness_*/**/*.py")]
    found = {
        (path.relative_to(ROOT).as_posix(), use)
        for path in sources
        for use in readers(ast.parse(path.read_text()))
    }
    assert found == ALLOWED


@pytest.mark.parametrize(
    "text",
    [
        "json.loads(x)",
        "from json import loads as read",
        "np.load(x)",
        "from safetensors.torch import load_file",
        "yaml.safe_load(x)",
        "import marshal",
    ],
)
def test_a_way_around_the_door_is_found(text: str):
    assert [*readers(ast.parse(text))]
