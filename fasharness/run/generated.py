"""Folders of generated presentations: written by a generator, read as an auxiliary set."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from fasharness.common.csv_rows import csv_rows, csv_text
from fasharness.common.files import write_bytes, write_json, write_text
from fasharness.common.formats import json_file
from fasharness.common.lines import at_line
from fasharness.common.records import build
from fasharness.common.spreadsheets import guard
from fasharness.data import Presentation, Split, rgb
from fasharness.errors import DataError, OptionError
from fasharness.generator import Made
from fasharness.protocol import Protocol
from fasharness.run import contact_sheet

CARD = "generated.json"
LIST = "list.csv"
SHEET = "contact-sheet.png"
FORMAT = 1
_NAME = re.compile(r"pictures/[0-9]{6,}\.png", re.ASCII)


@dataclass(frozen=True, slots=True)
class Card:
    """What a folder of generated presentations comes from.

    Attributes:
        format: version of this file.
        generator: name of the generator.
        version: its version.
        model: hash of its model.
        seed: what the pictures were drawn by.
        count: number of pictures asked for.
        simulated: whether the generator was trained on simulated data.
        trained_on: ``data set:id`` of every presentation that it was trained on.
        notes: what else the pictures depend on (`Generator.notes`), one sentence each.
    """

    format: int
    generator: str
    version: str
    model: str
    seed: int
    count: int
    simulated: bool
    trained_on: tuple[str, ...]
    notes: tuple[str, ...] = ()


class Generated(NamedTuple):
    """A folder of generated presentations.

    Attributes:
        card: where they come from.
        presentations: single pictures of faces, without a data set.
    """

    card: Card
    presentations: tuple[Presentation, ...]


def name_of(presentation: Presentation) -> str:
    """Name of a presentation that is unique over data sets."""
    return f"{presentation.dataset}:{presentation.own().id}"


def write(
    folder: Path,
    card: Card,
    made: Callable[[int], Iterable[Made]],
    progress: Callable[[int, int], None],
) -> None:
    """Write generated presentations; pictures that an interrupted call wrote are kept.

    Beside them a contact sheet of some of them is drawn, those of a pair one above the other.

    Args:
        folder: an empty or missing folder, or one that was started with the same card.
        card: what they come from.
        made: yields the pictures from a number on, the same ones at every call.
        progress: called with (pictures written, total).

    Raises:
        DataError: the folder holds something else, or the generator gives another number.
    """
    rows = _claim(folder, card)
    start = len(rows)
    for number, one in enumerate(made(start), start=start):
        name = f"pictures/{number:06d}.png"
        # OpenCV encodes BGR.
        content = cv2.imencode(".png", np.ascontiguousarray(one.picture[..., ::-1]))[1]
        write_bytes(folder / name, bytes(content))
        rows.append(_Row(name, one.species or "", one.subject, one.pair))
        if len(rows) % 100 == 0 or len(rows) == card.count:
            _write_rows(folder, rows)
        progress(len(rows), card.count)
    if len(rows) != card.count:
        raise DataError(f"{card.generator} made {len(rows)} pictures, {card.count} were asked for")
    groups = groupby(rows, key=lambda row: row.pair or row.file)
    contact_sheet.write(
        folder / SHEET, [[folder / row.file for row in group] for _, group in groups]
    )


class _Row(NamedTuple):
    """A line of the list; the species is empty for a bona fide picture."""

    file: str
    species: str
    subject: str
    pair: str


def _claim(folder: Path, card: Card) -> list[_Row]:
    """Check that the folder is free or of this card; return the pictures that are done."""
    path = folder / CARD
    if path.is_file():
        if read_card(folder) != card:
            raise DataError(f"{folder}: holds other generated presentations; name another --out")
        return _read_rows(folder) if (folder / LIST).is_file() else []
    if folder.is_dir() and any(folder.iterdir()):
        raise DataError(f"{folder}: is not empty; name another --out")
    write_json(path, asdict(card))
    return []


def _write_rows(folder: Path, rows: Iterable[_Row]) -> None:
    write_text(folder / LIST, csv_text(_Row._fields, (map(guard, row) for row in rows)))


def read_card(folder: Path) -> Card:
    """Read what a folder of generated presentations comes from.

    Raises:
        DataError: there is no card, or it is damaged.
    """
    path = folder / CARD
    if not path.is_file():
        raise DataError(
            f"{folder}: no {CARD}, so nobody knows what its generator was trained on; "
            "make the folder with `fasharness generate`"
        )
    card = build(Card, json_file(path), str(path))
    if card.format != FORMAT:
        raise DataError(f"{path}: format {card.format}; this version reads {FORMAT}")
    return card


def read(folder: Path, name: str) -> Generated:
    """Read generated presentations.

    Args:
        folder: written by `write`.
        name: the auxiliary set's name, which its ids begin with.

    Raises:
        DataError: the card or the list is missing, damaged or incomplete.
    """
    card = read_card(folder)
    rows = _read_rows(folder)
    if len(rows) != card.count:
        raise DataError(
            f"{folder / LIST}: {len(rows)} of {card.count} pictures; generating was interrupted: "
            "give the same `fasharness generate` again to finish it"
        )
    shown = tuple(
        Presentation(
            f"{name}:{row.file}",
            rgb(folder / row.file),
            subject=row.subject and f"{name}:{row.subject}",
            species=row.species or None,
        )
        for row in rows
    )
    return Generated(card, shown)


def _read_rows(folder: Path) -> list[_Row]:
    path = folder / LIST
    if not path.is_file():
        raise DataError(f"{path}: no such list of generated pictures")

    def check(names: Sequence[str]) -> None:
        if tuple(names) != _Row._fields:
            raise ValueError(f"expected the columns {','.join(_Row._fields)}")

    rows = []
    for line, cells in csv_rows(path, check):
        row = _Row(**cells)
        # Names are written by `write` alone; others could lead out of the folder.
        if not _NAME.fullmatch(row.file):
            raise at_line(path, line, f"not a line of {LIST}: {','.join(row):.80}")
        rows.append(row)
    return rows


def open_all(folders: Mapping[str, str]) -> dict[str, Generated]:
    """Read the folders given with ``--auxiliary NAME=DIR``."""
    return {name: read(Path(folder).absolute(), name) for name, folder in folders.items()}


def refuse_leaks(auxiliary: Mapping[str, Generated], protocol: Protocol) -> None:
    """Refuse generated presentations whose generator has seen what the protocol measures on.

    Raises:
        OptionError: naming the set and a presentation.
    """
    measured = {
        name_of(shown): split for split, shown in protocol.items() if split is not Split.TRAIN
    }
    for name, generated in auxiliary.items():
        seen = [one for one in generated.card.trained_on if one in measured]
        if seen:
            raise OptionError(
                f"--auxiliary {name}: its generator {generated.card.generator} was trained on "
                f"{len(seen)} presentations of {protocol.name}'s dev and test, e.g. {seen[0]} of "
                f"{measured[seen[0]]}; every figure would be too good. Train the generator on "
                "this fold's train"
            )


def warnings(auxiliary: Mapping[str, Generated], simulated: bool) -> Iterator[str]:
    """Yield what a reader must know of the auxiliary sets of a run."""
    for name, generated in auxiliary.items():
        card = generated.card
        yield f"trained also on {card.count} presentations generated by {card.generator} ({name})"
        if card.simulated and not simulated:
            yield f"the generator of {name} was trained on SIMULATED data"
        for note in card.notes:
            yield f"the generator of {name}: {note}"
