"""Commands that write and judge simulated data sets."""

from __future__ import annotations

from typing import Any


def add(commands: Any) -> None:
    """Add the commands."""
