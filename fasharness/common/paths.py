"""Places of files kept between runs: the cache and the user's settings."""

import os
from pathlib import Path


def cache_dir() -> Path:
    """Return the folder of simulated data, prepared clips and fetched weights.

    Returns:
        ``$FASHARNESS_CACHE`` if set, else ``$XDG_CACHE_HOME/fasharness`` (``~/.cache``).
    """
    own = os.environ.get("FASHARNESS_CACHE")
    if own:
        return Path(own).expanduser().absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fasharness"


def clip_store_dir() -> Path:
    """Return the default folder of the clip store."""
    return cache_dir() / "clips"


def config_file() -> Path:
    """Return the file of the data set roots set by ``fasharness data set``.

    Returns:
        ``$XDG_CONFIG_HOME/fasharness/config.json`` (``~/.config``).
    """
    base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return base / "fasharness" / "config.json"
