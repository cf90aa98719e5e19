"""Download npm tarballs from the registry that npm is configured for; npm itself is not needed."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit

from fasharness.common.packages import NpmTarball
from fasharness.errors import FetchError

if TYPE_CHECKING:
    from fasharness.common.progress import Advance

_CHUNK = 1 << 16
_TIMEOUT = 60.0  # seconds without a byte
_TRIES = 3
_ADDRESS = re.compile(r"https?://[!-~]+")
_VARIABLE = re.compile(r"\$\{([^}]+)\}")


def download_tarball(tarball: NpmTarball, folder: Path, progress: Advance) -> Path:
    """Download a tarball; what an interrupted download left in the folder is continued.

    Args:
        tarball: which one.
        folder: a folder of this download.
        progress: called with bytes done, bytes in total and an empty text.

    Returns:
        The complete file, not checked.

    Raises:
        FetchError: no registry is configured, it cannot be reached, it has no such tarball, or
            it sends more than the tarball's size.
    """
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / "package.tgz"
    if part.is_file() and part.stat().st_size == tarball.size:
        return part
    url = _url(tarball)
    for _ in range(_TRIES):
        done = _receive(url, part, tarball, progress)
        if done == tarball.size:
            return part
    raise FetchError(
        f"{tarball}: the connection ended after {done} of {tarball.size} bytes; repeat the "
        "command to go on from there"
    )


def registry(package: str) -> str:
    """Return the address of the registry for a package.

    Args:
        package: its name; a scope may have a registry of its own.

    Returns:
        The address, from the environment (``npm_config_registry``), ``.npmrc`` in this folder or
        the user's, or npm itself; without a slash at the end.

    Raises:
        FetchError: there is none, or it is no address.
    """
    scope = package.partition("/")[0] if package.startswith("@") else ""
    keys = [f"{scope}:registry"] if scope else []
    settings = _settings()
    found = next((settings[k] for k in (*keys, "registry") if settings.get(k)), "") or _ask_npm()
    if not found:
        raise FetchError(
            "no npm registry is configured: set npm_config_registry to the address of one, or "
            "install npm"
        )
    if not _ADDRESS.fullmatch(found):
        # Not shown: it may hold a password.
        raise FetchError("npm's setting registry is no https address; correct it")
    return found.rstrip("/")


def _url(tarball: NpmTarball) -> str:
    name = tarball.package.rpartition("/")[2]
    return f"{registry(tarball.package)}/{tarball.package}/-/{name}-{tarball.version}.tgz"


def _settings() -> Mapping[str, str]:
    """Read npm's settings; the environment goes before this folder's file, that before the user's.

    A file that cannot be read counts as missing, as in npm.
    """
    environment = {
        name.lower().removeprefix("npm_config_"): value
        for name, value in os.environ.items()
        if name.lower().startswith("npm_config_")
    }
    user = environment.get("userconfig") or str(Path("~/.npmrc").expanduser())
    found: dict[str, str] = {}
    for file in (Path(user), Path(".npmrc")):
        found |= _npmrc(file)
    return found | environment


def _npmrc(file: Path) -> dict[str, str]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return {}
    pairs = (line.partition("=") for line in lines if line.strip()[:1] not in ("#", ";", ""))
    return {key.strip(): _expanded(value.strip().strip("'\"")) for key, _, value in pairs}


def _expanded(value: str) -> str:
    return _VARIABLE.sub(lambda match: os.environ.get(match[1], match[0]), value)


def _ask_npm() -> str:
    """Return npm's own default, or nothing where there is no npm."""
    npm = shutil.which("npm")
    if npm is None:
        return ""
    done = subprocess.run(
        [npm, "config", "get", "registry"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else ""


def _receive(url: str, part: Path, tarball: NpmTarball, progress: Advance) -> int:
    """Append what is missing to a file and return its size."""
    with part.open("ab") as file:
        try:
            with _open(url, file.tell()) as answer:
                # 200, not 206: the registry knows no ranges and sends everything again.
                if answer.status != http.client.PARTIAL_CONTENT:
                    file.truncate(0)
                _copy(answer, file, tarball, progress)
        except urllib.error.HTTPError as error:
            if error.code != http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
                raise FetchError(f"{tarball} cannot be fetched: {_refused(error.code)}") from None
            file.truncate(0)  # longer than the registry's file: begin again
        except (urllib.error.URLError, http.client.InvalidURL) as error:
            raise FetchError(
                f"{tarball} cannot be fetched: no connection to {urlsplit(url).hostname}: "
                f"{getattr(error, 'reason', error)}"
            ) from None
        except (http.client.HTTPException, ConnectionError, TimeoutError, ssl.SSLError):
            pass  # the next try goes on from here
        file.flush()
        return os.fstat(file.fileno()).st_size


def _open(url: str, start: int) -> http.client.HTTPResponse:
    request = urllib.request.Request(url, headers={"User-Agent": "fasharness"})
    if start:
        request.add_header("Range", f"bytes={start}-")
    answer: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=_TIMEOUT)
    return answer


def _copy(
    answer: http.client.HTTPResponse, file: BinaryIO, tarball: NpmTarball, progress: Advance
) -> None:
    done = os.fstat(file.fileno()).st_size
    progress(done, tarball.size, "")
    while chunk := answer.read(_CHUNK):
        done += len(chunk)
        if done > tarball.size:
            file.truncate(0)
            raise FetchError(f"{tarball}: the registry sends more than its {tarball.size} bytes")
        file.write(chunk)
        progress(done, tarball.size, "")


def _refused(code: int) -> str:
    if code in (http.client.UNAUTHORIZED, http.client.FORBIDDEN):
        return f"the registry wants a login (answer {code}), which is not supported"
    if code == http.client.NOT_FOUND:
        return "the registry has no such version"
    return f"the registry answers {code} {http.client.responses.get(code, '')}".strip()
