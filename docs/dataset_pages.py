"""Write docs/datasets/*.md from the tables that the data sets' code uses.

Run after a data set changes: python docs/dataset_pages.py
"""

from __future__ import annotations

from pathlib import Path

from fasharness.plugins import load
from fasharness.released.pages import page

FOLDER = Path(__file__).parent / "datasets"


def main() -> None:
    """Write each page."""
    FOLDER.mkdir(exist_ok=True)
    for name, dataset in load().datasets().items():
        if dataset.about is not None:
            (FOLDER / f"{name}.md").write_text(page(dataset), encoding="utf-8")


if __name__ == "__main__":
    main()
