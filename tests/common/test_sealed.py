"""Checksums of safetensors files: whatever is changed in a file is noticed."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load, save

from fasharness.common.sealed import check_seal, seal
from fasharness.errors import DataError

ARRAYS = {"b": np.arange(6, dtype=np.int32).reshape(2, 3), "a": np.zeros((0, 4), np.uint8)}
SEALED = seal(save(ARRAYS, metadata={"fasharness": '{"clips": 3}'}))


def test_a_sealed_file_is_an_ordinary_one_and_whole(tmp_path: Path):
    path = tmp_path / "a.safetensors"
    path.write_bytes(SEALED)
    check_seal(path)
    found = load(SEALED)
    assert {name: array.tolist() for name, array in found.items()} == {
        name: array.tolist() for name, array in ARRAYS.items()
    }
    assert {name: array.dtype for name, array in found.items()} == {
        name: array.dtype for name, array in ARRAYS.items()
    }
    size = int.from_bytes(SEALED[:8], "little")
    assert size % 8 == 0
    assert json.loads(SEALED[8 : 8 + size])["__metadata__"]["fasharness"] == '{"clips": 3}'
    assert seal(SEALED) == SEALED


@given(st.integers(0, len(SEALED) - 1), st.integers(1, 255))
def test_any_changed_byte_is_noticed(tmp_path_factory: pytest.TempPathFactory, at: int, by: int):
    content = bytearray(SEALED)
    content[at] ^= by
    path = tmp_path_factory.getbasetemp() / "changed.safetensors"
    path.write_bytes(content)
    size = int.from_bytes(SEALED[:8], "little")
    padding = 8 <= at < 8 + size and SEALED[at : at + 1] == b" "
    if padding and chr(content[at]) in " \t\r\n":  # white space for white space says the same
        check_seal(path)
    else:
        with pytest.raises(DataError):
            check_seal(path)


def test_cut_files_and_files_of_others_are_named(tmp_path: Path):
    path = tmp_path / "a.safetensors"
    for length in range(0, len(SEALED), 5):
        path.write_bytes(SEALED[:length])
        with pytest.raises(DataError, match=r"a\.safetensors: "):
            check_seal(path)
    path.write_bytes(save(ARRAYS))
    with pytest.raises(DataError, match="no checksum"):
        check_seal(path)
    with pytest.raises(DataError, match="cannot be read"):
        check_seal(tmp_path / "none.safetensors")


def test_a_name_that_occurs_twice_is_refused(tmp_path: Path):
    size = int.from_bytes(SEALED[:8], "little")
    header = SEALED[8 : 8 + size].decode().strip()
    entry = json.dumps(json.loads(header)["b"], separators=(",", ":"))
    text = (header[:-1] + f',"b":{entry}' + "}").encode()
    path = tmp_path / "a.safetensors"
    path.write_bytes(len(text).to_bytes(8, "little") + text + SEALED[8 + size :])
    with pytest.raises(DataError, match="'b' occurs twice"):
        check_seal(path)
