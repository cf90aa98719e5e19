"""Which code stands behind a name: a digest of the files that a plugin consists of."""

import functools
import hashlib
import re
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

_HARNESS = "fasharness"
_IMPORT = re.compile(rb"^\s*(?:import|from)\s+(\w+)", re.MULTILINE)


@functools.cache
def source_digest(module: str) -> str:
    """Hash the source code that an imported module is part of.

    A version is written by hand and forgotten in an edit; what is stored under a key that holds
    this digest is not taken for the work of other code.

    Args:
        module: full name of an imported module, e.g. ``type(method).__module__``.

    Returns:
        16 hex digits of the SHA-256 of every ``.py`` file of the module's top-level package and of
        the plugins that these import, or of its file alone where it is no package or belongs to
        the harness itself; empty where it has no file, as in an interactive session.
    """
    hashed = hashlib.sha256()
    found = False
    for name, path in _files(module):
        hashed.update(f"{name}\0".encode())
        hashed.update(path.read_bytes())
        found = True
    return hashed.hexdigest()[:16] if found else ""


def _files(module: str) -> Iterator[tuple[str, Path]]:
    """Names and paths of the source files, in an order that no file system decides."""
    package = module.partition(".")[0]
    owner = sys.modules.get(module if package == _HARNESS else package)
    if owner is None:
        return
    folders = [Path(folder) for folder in getattr(owner, "__path__", ())]
    yield from _below(folders)
    if folders:
        # A method may build on another plugin's network: an edit there changes its scores too.
        for name in sorted(_borrowed(package, folders, set())):
            yield from _below(_folders(name), f"{name}/")
    elif getattr(owner, "__file__", None):
        yield "", Path(str(owner.__file__))


def _below(folders: Iterable[Path], prefix: str = "") -> Iterator[tuple[str, Path]]:
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            yield prefix + path.relative_to(folder).as_posix(), path


def _borrowed(package: str, folders: Iterable[Path], known: set[str]) -> set[str]:
    """Packages of other plugins that a package imports, and those that they import in turn."""
    text = b"\n".join(path.read_bytes() for _, path in _below(folders))
    found = {name.decode() for name in _IMPORT.findall(text)} & _plugins() - known - {package}
    for name in sorted(found):
        found |= _borrowed(name, _folders(name), known | found | {package})
    return found


def _folders(package: str) -> list[Path]:
    # Not through sys.modules: the digest must not depend on what was imported before.
    spec = find_spec(package)
    return [Path(folder) for folder in (spec and spec.submodule_search_locations) or ()]


def _plugins() -> set[str]:
    """Top-level packages of the installed plugins."""
    values = (one.value for one in entry_points(group=_HARNESS))
    return {value.partition(":")[0].partition(".")[0].strip() for value in values} - {_HARNESS}
