"""Files are known by their content, which is read again only where a file was changed."""

import os
from pathlib import Path

import pytest

from fasharness.common.files import sha256
from fasharness.prepare.identity import Identities


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    found = [tmp_path / f"{number}.avi" for number in range(3)]
    for number, path in enumerate(found):
        path.write_bytes(bytes([number]) * 1000)
    return found


def read(files: list[Path], index: Path) -> tuple[dict[Path, str], list[tuple[int, int]]]:
    """Identify files with an index: the hashes, and what was read."""
    told: list[tuple[int, int]] = []
    identities = Identities(index)
    found = dict(identities.of(files, lambda done, total: told.append((done, total))))
    identities.save()
    return found, told


def test_files_are_known_by_their_content_and_read_once(files: list[Path], tmp_path: Path):
    index = tmp_path / "index.json"
    found, told = read(files, index)
    assert found == {path: sha256(path) for path in files}
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert read(files, index) == (found, [])


@pytest.mark.parametrize("keep_time", [True, False])
def test_a_changed_file_is_read_again(files: list[Path], tmp_path: Path, keep_time: bool):
    index = tmp_path / "index.json"
    before, _ = read(files, index)
    state = files[1].stat()
    files[1].write_bytes(b"x" * 1000)
    if keep_time:  # as a copying tool does
        os.utime(files[1], ns=(state.st_atime_ns, state.st_mtime_ns))
    after, told = read(files, index)
    assert told == [(1, 1)]
    assert after == {**before, files[1]: sha256(files[1])} != before


def test_missing_files_and_folders_have_no_identity(files: list[Path], tmp_path: Path):
    found, _ = read([*files, tmp_path / "none.avi", tmp_path], tmp_path / "index.json")
    assert set(found) == set(files)


DAMAGED = ["", "{", "[]", '{"format": 1}', '{"format": 0, "files": {}}',
           '{"format": 1, "files": 3}', '{"format": 1, "files": {"a": 3}}', "\xff"]  # fmt: skip


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_index_costs_reading_again(files: list[Path], tmp_path: Path, text: str):
    index = tmp_path / "index.json"
    index.write_bytes(text.encode("latin-1"))
    found, told = read(files, index)
    assert found == {path: sha256(path) for path in files}
    assert len(told) == 3
    assert read(files, index)[1] == []


def test_what_another_process_wrote_meanwhile_is_kept(files: list[Path], tmp_path: Path):
    index = tmp_path / "index.json"
    one, other = Identities(index), Identities(index)
    one.of(files[:1])
    other.of(files[1:])
    one.save()
    other.save()
    assert read(files, index)[1] == []
