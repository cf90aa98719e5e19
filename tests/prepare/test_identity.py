"""Files are known by their content, which is read again only where a file was changed."""

import os
from pathlib import Path

import pytest

from fasharness.common.files import sha256
from fasharness.prepare.identity import Identities
from fasharness.prepare.index import Index


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    found = [tmp_path / f"{number}.avi" for number in range(3)]
    for number, path in enumerate(found):
        path.write_bytes(bytes([number]) * 1000)
    return found


def read(files: list[Path], index: Path) -> tuple[dict[Path, str], list[tuple[int, int]]]:
    """Identify files with an index: the hashes, and what was read."""
    told: list[tuple[int, int]] = []
    identities = Identities(Index(index))
    found = dict(identities.of(files, lambda done, total: told.append((done, total))))
    return found, told


def test_files_are_known_by_their_content_and_read_once(files: list[Path], tmp_path: Path):
    index = tmp_path / "store"
    found, told = read(files, index)
    assert found == {path: sha256(path) for path in files}
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert read(files, index) == (found, [])


@pytest.mark.parametrize("keep_time", [True, False])
def test_a_changed_file_is_read_again(files: list[Path], tmp_path: Path, keep_time: bool):
    index = tmp_path / "store"
    before, _ = read(files, index)
    state = files[1].stat()
    files[1].write_bytes(b"x" * 1000)
    if keep_time:  # as a copying tool does
        os.utime(files[1], ns=(state.st_atime_ns, state.st_mtime_ns))
    after, told = read(files, index)
    assert told == [(1, 1)]
    assert after == {**before, files[1]: sha256(files[1])} != before


def test_missing_files_and_folders_have_no_identity(files: list[Path], tmp_path: Path):
    found, _ = read([*files, tmp_path / "none.avi", tmp_path], tmp_path / "store")
    assert set(found) == set(files)


@pytest.mark.parametrize("content", [b"\xff" * 9000, None])
def test_a_damaged_index_costs_reading_again(files: list[Path], tmp_path: Path, content):
    root = tmp_path / "store"
    read(files, root)
    index = root / "index.sqlite"
    whole = index.read_bytes()
    # the pages after the first, or all of it
    index.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096) if content is None else content)
    found, told = read(files, root)
    assert found == {path: sha256(path) for path in files}
    assert len(told) == 3
    assert read(files, root)[1] == []
    assert (root / "index.damaged").is_file()


def test_what_another_process_wrote_meanwhile_is_kept(files: list[Path], tmp_path: Path):
    root = tmp_path / "store"
    one, other = Identities(Index(root)), Identities(Index(root))
    one.of(files[:1])
    other.of(files[1:])
    assert read(files, root)[1] == []


def test_a_name_that_is_no_text_is_remembered(tmp_path: Path):
    path = Path(os.fsdecode(bytes(tmp_path) + b"/\xff.avi"))
    path.write_bytes(b"a")
    assert read([path], tmp_path / "store")[1] == [(1, 1)]
    assert read([path], tmp_path / "store") == ({path: sha256(path)}, [])
