"""The paths that a script of this folder is called with."""

import argparse
from pathlib import Path


def paths(description: str | None, *names: str) -> list[Path]:
    """Read the paths of these names from the command line; ``--help`` shows the description."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in names:
        parser.add_argument(name, type=Path)
    found = vars(parser.parse_args())
    return [found[name] for name in names]
