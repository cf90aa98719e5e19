"""Places of files kept between runs: the cache and the user's settings."""

import os
from pathlib import Path

from fasharness.errors import OptionError


def cache_dir() -> Path:
    """Return the folder of simulated data, prepared clips and fetched weights.

    Returns:
        ``$FASHARNESS_CACHE`` if set, else ``$XDG_CACHE_HOME/fasharness`` (``~/.cache``).

    Raises:
        OptionError: none is set, and the user has no home folder.
    """
    own = os.environ.get("FASHARNESS_CACHE")
    if own:
        return Path(own).expanduser().absolute()
    base = _base("XDG_CACHE_HOME", ".cache")
    if base is None:
        raise OptionError(
            "no home folder for the cache (HOME is not set, and the user is unknown): set "
            "FASHARNESS_CACHE to a folder that can be written"
        )
    return base / "fasharness"


def clip_store_dir() -> Path:
    """Return the default folder of the clip store."""
    return cache_dir() / "clips"


def config_file() -> Path | None:
    """Return the file of the data set roots set by ``fasharness data set``.

    Returns:
        ``$XDG_CONFIG_HOME/fasharness/config.json`` (``~/.config``); None for a user without a
        home folder, who can have no settings.
    """
    base = _base("XDG_CONFIG_HOME", ".config")
    return None if base is None else base / "fasharness" / "config.json"


def _base(variable: str, name: str) -> Path | None:
    """A folder that a variable names, else one in the user's home; None if there is none."""
    given = os.environ.get(variable)
    if given:
        return Path(given)
    try:
        return Path.home() / name
    except RuntimeError:  # a container's user has no HOME and no entry in the user database
        return None
