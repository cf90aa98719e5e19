"""A run's folder: which run owns it, and which steps are done under which content keys."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from fasharness.common.files import sha256, sweep, write_json
from fasharness.common.formats import file_text, json_file, json_object
from fasharness.common.locks import alone
from fasharness.common.records import build
from fasharness.errors import DataError, OptionError, RunError


@contextmanager
def claim(folder: Path, settings: Mapping[str, Any]) -> Iterator[None]:
    """Lock a folder for a run: its own earlier folder or an empty one; one process at a time.

    Args:
        folder: the run's folder.
        settings: the settings that decide the result, as plain data.

    Raises:
        OptionError: the folder contains another run, or files that no run wrote.
        RunError: another process is working in it.
    """
    record = folder / "run.json"
    if record.is_file():
        _check_same(record, settings)
    # Dot files do not count: a run killed before run.json was written leaves its .lock.
    elif folder.is_dir() and any(not path.name.startswith(".") for path in folder.iterdir()):
        raise OptionError(f"{folder}: not empty and not a run's folder; choose another --out")
    if folder.exists() and not folder.is_dir():
        raise OptionError(f"{folder}: is a file; name a folder with --out")
    folder.mkdir(parents=True, exist_ok=True)
    with alone(folder, RunError(f"{folder}: another process is working on this run")):
        # Only under the lock: these files may belong to a running process.
        sweep(folder)
        if not record.is_file():
            write_json(record, settings)
        yield


def limit_of(scores: Path) -> int:
    """Return how many presentations of each split a score file of a run is limited to.

    Args:
        scores: a score file, or the folder of a run or of a fold.

    Returns:
        The run's ``--limit``; 0 for a whole protocol and for score files of no run.
    """
    home = scores if scores.is_dir() else scores.parent
    if not scores.is_dir() and scores.name != "scores.csv":
        return 0
    for record in (home / "run.json", home.parent / "run.json"):
        try:
            found = json_file(record).get("limit", 0)
        except DataError:
            continue
        return found if isinstance(found, int) else 0
    return 0


def mark_simulated(folder: Path) -> None:
    """Write ``SIMULATED.json`` into a folder, for readers of its files without the report."""
    what = "every figure in this folder comes from simulated presentations"
    write_json(folder / "SIMULATED.json", {"simulated": True, "what": what})


def _check_same(record: Path, settings: Mapping[str, Any]) -> None:
    try:
        before = json_object(file_text(record), f"{record}: damaged")
    except DataError as error:
        raise OptionError(f"{error}; choose another --out") from None
    differences = [
        f"{key} {before.get(key)!r}, not {value!r}"
        for key, value in settings.items()
        # Only keys of today: a run.json of an older version may have others.
        if before.get(key) != value
    ]
    if differences:
        raise OptionError(
            f"{record.parent}: holds another run ({'; '.join(differences)}); choose another --out"
        )


@dataclass(frozen=True)
class _Noted:
    """The content of ``steps.json``: key and seconds of each step."""

    keys: Mapping[str, str]
    seconds: Mapping[str, float]


class Steps:
    """Which steps of a run are done; kept in a file.

    Args:
        path: the file.
        say: prints a line, if something unexpected was found.
    """

    def __init__(self, path: Path, say: Callable[[str], None] = lambda text: None) -> None:
        self.path = path
        self._say = say

    @cached_property
    def keys(self) -> dict[str, str]:
        """Key of each finished step."""
        return dict(self._noted.keys)

    @cached_property
    def seconds(self) -> dict[str, float]:
        """Seconds spent in each step."""
        return dict(self._noted.seconds)

    @cached_property
    def _noted(self) -> _Noted:
        """The file, read when it is needed: another process may hold the folder before.

        A damaged one costs the work again.
        """
        if not self.path.exists():
            return _Noted({}, {})
        try:
            return build(_Noted, json_file(self.path), str(self.path))
        except DataError as error:
            self._say(f"{error}; the steps of this run are done again")
            return _Noted({}, {})

    def once(
        self,
        step: str,
        key: str,
        outputs: Sequence[Path],
        work: Callable[[], None],
        *,
        unchanged: Sequence[Path] = (),
        content: Callable[[Path], str] = sha256,
    ) -> None:
        """Do a step, unless it was finished under the same key and its outputs exist.

        Keys of later steps contain the outputs of this one, so their entries are kept.

        Args:
            step: its name.
            key: content key of all inputs.
            outputs: files that the step writes.
            work: writes them.
            unchanged: the outputs whose content must not have changed since.
            content: hash of what may not change in them.
        """
        noted, *before = self.keys.get(step, "").split(" ")
        if noted == key and all(path.is_file() for path in outputs):
            now = [content(path) for path in unchanged]
            if before == now:
                return
            for path, old, new in zip(unchanged, before, now, strict=False):
                if old != new:
                    self._set_aside(path, step)
        with self.timed(step):
            work()
        self.keys[step] = " ".join([key, *map(content, unchanged)])
        self._write()

    def _set_aside(self, output: Path, step: str) -> None:
        """Keep a file that somebody changed, under another name, before it is written again."""
        aside = output.with_name(f"{output.name}.changed")
        output.replace(aside)
        self._say(
            f"{output}: damaged or changed since this run wrote it; kept as {aside.name}, "
            f"and the step {step} is done again"
        )

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Add the time of the block to the step's seconds, even if it is interrupted."""
        start = time.monotonic()
        try:
            yield
        finally:
            spent = self.seconds.get(step, 0.0) + time.monotonic() - start
            self.seconds[step] = round(spent, 3)
            self._write()

    def _write(self) -> None:
        write_json(self.path, {"keys": self.keys, "seconds": self.seconds})
