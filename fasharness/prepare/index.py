"""The store's index: which record lies in which pack, and the hashes of the files that were read.

It is a SQLite file that holds nothing of its own: a lost or damaged one is made again from the
packs, which costs reading them and the videos once more. Several processes may use it at once;
they wait for each other's transactions. SQLite needs working file locks, so that on a network
file system without them only one process may use a store at a time.
"""

from __future__ import annotations

import errno
import json
import os
import re
import sqlite3
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from fasharness.errors import DataError, RunError
from fasharness.prepare.packs import SUFFIX, Found, Place, Tag, check, read_tag

_VERSION = 1
_NAME = re.compile(r"[0-9a-f]{32}" + re.escape(SUFFIX))
MOST = 50_000
"""Records that are looked up with one query, which bounds the memory."""
_WAIT = 600.0  # seconds for another process's transaction
_SCHEMA = """
DROP TABLE IF EXISTS packs;
DROP TABLE IF EXISTS records;
DROP TABLE IF EXISTS files;
CREATE TABLE packs (name TEXT PRIMARY KEY, state TEXT) WITHOUT ROWID;
CREATE TABLE records (
    key TEXT PRIMARY KEY, pack TEXT, at INTEGER, subject TEXT, tag TEXT
) WITHOUT ROWID;
CREATE INDEX records_of_pack ON records (pack);
CREATE INDEX records_of_subject ON records (subject) WHERE subject != '';
CREATE TABLE files (path BLOB PRIMARY KEY, state TEXT, hash TEXT) WITHOUT ROWID;
"""
_T = TypeVar("_T")


class Row(NamedTuple):
    """A record that the index knows."""

    tag: Tag
    place: Place


def pieces(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """Split items into lists of a size, the last of which may be shorter."""
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some


def file_state(path: Path) -> str:
    """What changes when a file is written or replaced; empty where there is no regular file.

    The time of the last change of the file's record (ctime) cannot be set by a program, unlike
    the time of its content, which copying tools keep.
    """
    try:
        found = path.stat()
    except OSError:
        return ""
    if not stat.S_ISREG(found.st_mode):  # a pipe would be waited for, a device has no end
        return ""
    return f"{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns} {found.st_ino}"


class Index:
    """The index of a store.

    Args:
        root: the store's folder; made when something is written.

    Attributes:
        damaged: packs that were found damaged, under the names that they were given.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root / "index.sqlite"
        self.damaged: list[Path] = []

    def pack(self, name: str) -> Path:
        """Path of a pack."""
        return self.root / "packs" / name[:2] / name

    def packs(self) -> list[Path]:
        """Every pack that is there, known or not."""
        return sorted((self.root / "packs").glob(f"*/[!.]*{SUFFIX}"))

    def remove(self, path: Path) -> None:
        """Remove a pack and forget its records."""
        path.unlink(missing_ok=True)
        self._run(lambda db: _forget(db, path.name))

    def look_up(self, keys: Sequence[str]) -> Iterator[Row]:
        """Find records by their keys; those of damaged packs are missing."""
        for some in pieces(keys, MOST):
            yield from self._whole(some, repeat=True)

    def of_subject(self, subject: str) -> list[Row]:
        """Find the records of a subject, in an order that does not depend on what ran before."""
        if not subject or not self._there():
            return []
        sql = "SELECT key FROM records WHERE subject = ? ORDER BY key"
        keys = self._run(lambda db: [row[0] for row in db.execute(sql, (subject,))])
        return sorted(self.look_up(keys), key=lambda row: row.tag.key)

    def register(self, path: Path, found: Sequence[Found]) -> None:
        """Add a pack and its records, in one transaction; records of equal keys are replaced."""
        self._register(path, file_state(path), found)

    def remembered(self, files: Sequence[tuple[Path, str]]) -> list[str]:
        """Return the hash of each (file, state); empty where the file is unknown or has changed."""
        if not self._there():
            return ["" for _ in files]
        sql = "SELECT hash FROM files WHERE path = ? AND state = ?"

        def work(db: sqlite3.Connection) -> list[str]:
            asked = ((os.fsencode(path.absolute()), state) for path, state in files)
            return [(db.execute(sql, each).fetchone() or ("",))[0] for each in asked]

        return self._run(work)

    def remember(self, files: Sequence[tuple[Path, str, str]]) -> None:
        """Keep the hashes of files, given as (path, state, hash)."""
        rows = [(os.fsencode(path.absolute()), state, found) for path, state, found in files]

        def work(db: sqlite3.Connection) -> None:
            with _transaction(db):
                db.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?)", rows)

        if rows:
            self._run(work)

    def _whole(self, keys: Sequence[str], *, repeat: bool) -> Iterator[Row]:
        """Records whose packs are as they were when their checksums were compared."""
        if not keys or not self._there():
            return
        packs: dict[str, Path] = {}  # one path for all of its records
        stale: dict[str, list[str]] = {}
        for key, name, at, tag, state in self._run(_query(keys)):
            # A damaged or foreign index may hold any text, and must not lead out of the store.
            if not _NAME.fullmatch(name):
                continue
            if name not in packs and name not in stale:
                path = self.pack(name)
                if file_state(path) == state:
                    packs[name] = path
            found = _tag(tag) if name in packs else None
            if found is not None:
                yield Row(found, Place(packs[name], at))
            else:
                stale.setdefault(name, []).append(key)
        if repeat and stale:
            for name in sorted(stale):
                self._check(self.pack(name))
            yield from self._whole([key for lost in stale.values() for key in lost], repeat=False)

    def _check(self, path: Path) -> None:
        """Compare the checksums of a pack that was written or changed since they were compared."""
        state = file_state(path)  # before reading: what changes meanwhile is compared again
        try:
            found = check(path)
        except DataError:
            self._set_aside(path)
        else:
            self._register(path, state, found)

    def _register(self, path: Path, state: str, found: Sequence[Found]) -> None:
        def work(db: sqlite3.Connection) -> None:
            with _transaction(db):
                _insert(db, path.name, state, found)

        self._run(work)

    def _set_aside(self, path: Path) -> None:
        """Rename a damaged pack, so that it can be looked at and is never read as clips."""
        aside = path.with_suffix(".damaged")
        with suppress(FileNotFoundError):
            path.replace(aside)
            self.damaged.append(aside)
        self._run(lambda db: _forget(db, path.name))

    def _there(self) -> bool:
        return self.path.is_file() or (self.root / "packs").is_dir()

    def _run(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Do something with the index; once more with a new one if it is damaged."""
        try:
            with self._opened() as db:
                return work(db)
        except sqlite3.OperationalError as error:
            raise self._error(error) from None
        except sqlite3.DatabaseError:
            self.path.replace(self.path.with_suffix(".damaged"))
        with self._opened() as db:
            return work(db)

    def _error(self, error: sqlite3.OperationalError) -> Exception:
        if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
            return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
        return RunError(
            f"{self.path}: {error}; check that the disk is not full, that the folder can be "
            "written, and that no other process holds the store; if all is well, delete the file: "
            "it is made again"
        )

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        self.root.mkdir(parents=True, exist_ok=True)
        # A connection for each use: one may not be taken along into a forked process.
        with closing(sqlite3.connect(self.path, _WAIT, isolation_level=None)) as db:
            # What a power cut takes from the index is made again; records are synchronised.
            db.execute("PRAGMA synchronous = NORMAL")
            if _version(db) != _VERSION:
                self._make(db)
            yield db

    def _make(self, db: sqlite3.Connection) -> None:
        """Make the tables, from the packs that are there."""
        with _transaction(db):
            if _version(db) == _VERSION:  # another process was faster
                return
            for statement in _SCHEMA.split(";"):
                db.execute(statement)
            for path in self.packs():
                # Damaged ones are set aside where one of their records is wanted.
                with suppress(DataError):
                    _insert(db, path.name, file_state(path), check(path))
            db.execute(f"PRAGMA user_version = {_VERSION}")


def _tag(text: str) -> Tag | None:
    """Read what the index keeps of a record; None where it is damaged."""
    try:
        return read_tag(text, "")
    except DataError:
        return None


def _query(keys: Sequence[str]) -> Callable[[sqlite3.Connection], list[tuple[Any, ...]]]:
    """Read the records of keys, with the state of their packs."""
    sql = (
        "SELECT records.key, pack, records.at, tag, state "
        "FROM json_each(?) AS wanted CROSS JOIN records ON records.key = wanted.value "
        "JOIN packs ON name = pack"
    )
    return lambda db: db.execute(sql, (json.dumps(keys),)).fetchall()


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if db.in_transaction:  # a full disk has rolled back already
            db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def _insert(db: sqlite3.Connection, name: str, state: str, found: Sequence[Found]) -> None:
    db.execute("DELETE FROM records WHERE pack = ?", (name,))
    db.execute("INSERT OR REPLACE INTO packs VALUES (?, ?)", (name, state))
    db.executemany(
        "INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?)",
        [(tag.key, name, at, tag.subject, tag.text()) for tag, at in found],
    )


def _forget(db: sqlite3.Connection, name: str) -> None:
    with _transaction(db):
        db.execute("DELETE FROM records WHERE pack = ?", (name,))
        db.execute("DELETE FROM packs WHERE name = ?", (name,))
