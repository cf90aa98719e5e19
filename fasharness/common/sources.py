"""Which code stands behind a name: a digest of the files that a plugin consists of."""

import functools
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

_HARNESS = "fasharness"


@functools.cache
def source_digest(module: str) -> str:
    """Hash the source code that an imported module is part of.

    A version is written by hand and forgotten in an edit; what is stored under a key that holds
    this digest is not taken for the work of other code.

    Args:
        module: full name of an imported module, e.g. ``type(method).__module__``.

    Returns:
        16 hex digits of the SHA-256 of every ``.py`` file of the module's top-level package, or of
        its file alone where it is no package or belongs to the harness itself; empty where it has
        no file, as in an interactive session.
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
    for folder in map(Path, getattr(owner, "__path__", ())):
        for path in sorted(folder.rglob("*.py")):
            yield path.relative_to(folder).as_posix(), path
    if not hasattr(owner, "__path__") and getattr(owner, "__file__", None):
        yield "", Path(str(owner.__file__))
