"""The page of a data set, made of the tables that the code uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from fasharness.data import Split
from fasharness.dataset import Dataset, JointDataset
from fasharness.protocol import OFFICIAL
from fasharness.released.layout import Layout

_LISTED = "as its list says"


def page(dataset: type[Dataset]) -> str:
    """Return the page of a data set as Markdown.

    Args:
        dataset: one with `Dataset.about`.

    Raises:
        ValueError: it has none.
    """
    about = dataset.about
    if about is None:
        raise ValueError(f"{dataset.name} says nothing about itself")
    parts = [
        f"# {dataset.title}",
        f"<!-- made by docs/dataset_pages.py from the code of {dataset.name}: edit there -->",
        about.what,
        f"**Granted by:** {about.granted}.",
        *_files(dataset, about.tree),
        *_counts(dataset),
        *_protocols(dataset),
        *_section("Attributes", (f"`{n}`: {text}" for n, text in dataset.attributes.items())),
        *_section("Traps", about.traps),
        *_section("Not settled without the data", about.open),
    ]
    return "\n\n".join(parts) + "\n"


def _files(dataset: type[Dataset], tree: str) -> Iterator[str]:
    yield "## What to put where"
    yield f"```text\n{tree}\n```"
    if issubclass(dataset, Layout):
        boxes = dataset.boxes
        yield (
            f"Face boxes (`--faces dataset`): {boxes.words}."
            if boxes is not None
            else "No face boxes come with it: faces are detected."
        )
    first = next(iter(dataset.folds))
    if not issubclass(dataset, JointDataset):
        yield (
            f"```sh\nfasharness data set {dataset.name} DIR\n"
            f"fasharness validate --protocol {first}\n"
            f"fasharness run --plugin sgtd --protocol {first}\n```"
        )


def _counts(dataset: type[Dataset]) -> Iterator[str]:
    if not issubclass(dataset, Layout) or not dataset.parts:
        return
    yield "## Presentations"
    rows = [
        [part.name, str(part.published), f"{part.seen} ({part.where})" if part.seen else ""]
        for part in dataset.parts
    ]
    heads = ["part", "published (bona fide + attack)", "seen elsewhere"]
    if not any(row[2] for row in rows):
        heads, rows = heads[:2], [row[:2] for row in rows]
    yield _table(heads, rows)


def _protocols(dataset: type[Dataset]) -> Iterator[str]:
    yield "## Protocols"
    rows = []
    for name, folds in dataset.folds.items():
        found = dataset.outline(name)
        if found is None:
            rows.append([f"`{name}`", "", "", "", "", f"folds {folds[0]} to {folds[-1]}"])
            continue
        official = found.counts.get(Split.DEV, (0, 0))
        listed = _LISTED if found.dev_rule == OFFICIAL else found.dev_rule
        dev = official if any(official) else listed
        train, test = (found.counts.get(split, _LISTED) for split in (Split.TRAIN, Split.TEST))
        cells = [train, dev, test]
        rule = f"{found.convention.metric} at {found.convention.threshold}"
        leaks = " (LEAKS)" if found.convention.leaks else ""
        rows.append([f"`{name}`", *map(_cell, cells), rule + leaks, found.words])
    yield _table(["name", "train", "dev", "test", "convention", "what it takes"], rows)
    words = dict.fromkeys(
        found.convention.words for name in dataset.folds if (found := dataset.outline(name))
    )
    yield from (f"Convention: {text}." for text in words)


def _cell(value: object) -> str:
    return str(value) if value not in ((0, 0), "") else "none"


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    listed = [f"- {line}" for line in lines]
    if listed:
        yield f"## {title}"
        yield "\n".join(listed)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
