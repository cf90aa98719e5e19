"""Atomic writing: the old file or the whole new one, and content keys."""

import errno
import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fasharness.common.files import digest, replacing, sha256, sweep, write_json, write_text


def test_a_file_is_replaced_whole(tmp_path: Path):
    path = tmp_path / "new" / "a.txt"
    write_text(path, "one\n")
    write_text(path, "zwei ü\n")
    assert path.read_bytes() == "zwei ü\n".encode()
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(path.parent.iterdir()) == [path]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path):
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(KeyboardInterrupt), replacing(path) as part:  # noqa: PT012
        part.write_text("half of the n")
        assert path.read_text() == "old"
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_part_has_the_ending_that_writers_choose_a_format_by(tmp_path: Path):
    with replacing(tmp_path / "a.png") as part:
        assert part.parent == tmp_path
        assert part.suffix == ".png"
        assert part.name.startswith(".")


def test_what_a_killed_writer_left_is_swept(tmp_path: Path):
    context = replacing(tmp_path / "model.safetensors")
    part = context.__enter__()
    assert part.is_file()
    (tmp_path / "model.json").touch()
    (tmp_path / ".lock").touch()
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "model.json"]
    context.gen.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_json_holds_no_number_that_is_none(tmp_path: Path, value: float):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"a": value})
    assert list(tmp_path.iterdir()) == []


def test_json_is_sorted_and_ends_with_a_line_end(tmp_path: Path):
    write_json(tmp_path / "a.json", {"b": 1, "a": [2]})
    assert (tmp_path / "a.json").read_text() == '{\n  "a": [\n    2\n  ],\n  "b": 1\n}\n'


_plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(_plain, _plain)
def test_content_keys_differ_exactly_where_contents_do(one: object, other: object):
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (digest(one) == digest(other)) is same


def test_content_keys_do_not_depend_on_order_and_never_change():
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    # taken from sha256sum: a changed key would prepare everything anew
    assert digest({"a": 1}) == "015abd7f5cc57a2dd94b7590f04ad808"


def test_the_hash_of_a_file(tmp_path: Path):
    path = tmp_path / "a"
    path.write_bytes(b"abc" * 100_000)
    assert sha256(path) == hashlib.sha256(b"abc" * 100_000).hexdigest()


def fill(path: Path) -> None:
    """Write a file on a disk on which nothing fits."""
    with replacing(path), Path("/dev/full").open("wb", buffering=0) as full:
        full.write(b"x")


def test_a_full_disk_is_told_with_the_file_that_did_not_fit(tmp_path: Path):
    target = tmp_path / "large.bin"
    with pytest.raises(OSError, match=r"large\.bin") as error:
        fill(target)
    assert (error.value.errno, error.value.filename) == (errno.ENOSPC, str(target))
    assert list(tmp_path.iterdir()) == []
