"""The report's page as PDF, printed by a headless Chromium or Chrome."""

import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from fasharness.common.files import replacing
from fasharness.errors import OptionError

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_SECONDS = 180
# The page may not wait for a network or a profile; without --no-sandbox Chromium refuses to start
# as root, as in most containers. The page's own policy forbids it every request.
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--virtual-time-budget=10000", "--no-pdf-header-footer",
)  # fmt: skip


def write(page: Path) -> Path:
    """Print a page of the report as PDF, beside it.

    Args:
        page: the page's file, ``NAME.html``.

    Returns:
        ``NAME.pdf``, written atomically.

    Raises:
        OptionError: there is no browser to print it, or it failed; the page stays.
    """
    target, browser = page.with_suffix(".pdf"), _browser(page)
    with TemporaryDirectory(prefix="fasharness-") as folder, replacing(target) as part:
        words = [browser, *_FLAGS, f"--user-data-dir={folder}", f"--print-to-pdf={part}"]
        try:
            done = subprocess.run(
                [*words, page.resolve().as_uri()],
                capture_output=True, timeout=_SECONDS, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise _failed(browser, page, str(error)) from error
        # Chromium ends with 0 even if it could not write the file.
        if done.returncode or not part.read_bytes().startswith(b"%PDF"):
            lines = done.stderr.decode(errors="replace").strip().splitlines()
            raise _failed(browser, page, lines[-1] if lines else f"exit code {done.returncode}")
    return target


def _browser(page: Path) -> str:
    """Find a browser that prints."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise OptionError(
            f"--pdf needs Chromium or Chrome on the PATH ({', '.join(BROWSERS)}), and there is "
            f"none; open {page} in any browser and print it to a file: its print style is the same"
        )
    return found


def _failed(browser: str, page: Path, why: str) -> OptionError:
    """Return the line for a browser that did not print."""
    return OptionError(f"{browser} did not print {page}: {why}; open the page and print it there")
