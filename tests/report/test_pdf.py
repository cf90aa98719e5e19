"""The page as PDF: printed by a browser where there is one, else one line and the page stays."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from fasharness import report
from fasharness.errors import OptionError
from fasharness.report import pdf
from fasharness.result import Result
from fasharness.scores import Score

Finish = Callable[..., Path]


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.html"
    path.write_text("<!DOCTYPE html><title>page</title>")
    return path


def browser(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a program in the place of every browser."""
    program = folder / "bin" / "chromium"
    program.parent.mkdir()
    program.write_text(f"#!{shutil.which('sh')}\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))


def test_without_a_browser_one_line_says_what_to_do(
    page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(page.parent))
    with pytest.raises(OptionError, match=r"needs Chromium or Chrome on the PATH .*open .*page\."):
        pdf.write(page)
    assert [path.name for path in page.parent.iterdir()] == ["page.html"]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (
            "echo first >&2; echo 'no display' >&2; exit 3",
            r"did not print .*page\.html: no display",
        ),
        ("exit 4", r"did not print .*: exit code 4"),
        (
            'for w in "$@"; do case $w in --print-to-pdf=*) echo %PDF > "${w#*=}";; esac; done; '
            "exit 5",
            r"did not print .*: exit code 5",
        ),
        ("exit 0", r"did not print .*: exit code 0"),
    ],
)
def test_a_browser_that_does_not_print_is_told_and_leaves_nothing(
    page: Path, monkeypatch: pytest.MonkeyPatch, script: str, words: str
) -> None:
    browser(page.parent, script, monkeypatch)
    page.with_suffix(".pdf").write_bytes(b"%PDF old")
    with pytest.raises(OptionError, match=words):
        pdf.write(page)
    assert page.with_suffix(".pdf").read_bytes() == b"%PDF old"
    assert sorted(path.name for path in page.parent.iterdir()) == ["bin", "page.html", "page.pdf"]


def test_a_browser_that_hangs_is_ended(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sleep = shutil.which("sleep")
    browser(page.parent, f"exec {sleep} 60", monkeypatch)
    monkeypatch.setattr(pdf, "_SECONDS", 0.2)
    with pytest.raises(OptionError, match=r"did not print .*timed out"):
        pdf.write(page)


@pytest.mark.browser
def test_the_whole_page_is_printed_on_few_sheets(
    tmp_path: Path, finish: Finish, result: Result, scores: tuple[Score, ...]
) -> None:
    if shutil.which("chromium") is None and shutil.which("chromium-browser") is None:
        pytest.skip("needs Chromium")
    page = report.write(finish(tmp_path, result, scores))
    content = pdf.write(page).read_bytes()
    assert page.with_suffix(".pdf").is_file()
    sizes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", content)
    assert {(round(float(w)), round(float(h))) for w, h in sizes} == {(595, 842)}  # A4 in points
    # Ten when only what is open was printed, at the size of the screen.
    assert len(re.findall(rb"/Type /Page\b", content)) <= 6
