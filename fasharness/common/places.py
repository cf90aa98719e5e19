"""Names out of files that become paths: they stay in their folder."""

from pathlib import Path

from fasharness.errors import DataError

_LONGEST = 200  # bytes of a name; file systems take 255, and endings are added


def inside(folder: Path, name: str, source: object) -> Path:
    """Return the path of a name that a file gave.

    Args:
        folder: where it must be.
        name: the name; its parts are separated by slashes.
        source: the file that gave it, for the message.

    Raises:
        DataError: the name leads out of the folder, or is none.

    >>> inside(Path("runs"), "a/b", "list.csv").as_posix()
    'runs/a/b'
    """
    for part in name.split("/"):
        if part in ("", ".", "..") or not part.isprintable() or len(part.encode()) > _LONGEST:
            raise DataError(f"{source}: {name!r:.60} is no name of anything in {folder}")
    return folder / name
