"""A small table in five formats: terminal, Markdown, LaTeX booktabs, CSV, HTML."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fasharness.common.csv_rows import csv_text
from fasharness.common.spreadsheets import guard
from fasharness.common.visible import one_line
from fasharness.errors import OptionError
from fasharness.report import html

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?")


@dataclass(frozen=True)
class Grid:
    """A table of text.

    Attributes:
        title: what it shows.
        header: the names of the columns.
        rows: the cells of each row, as many as there are columns.
        notes: sentences that a reader of the table must know.
    """

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Keep every cell and note in one line; names out of files may hold anything."""
        object.__setattr__(self, "title", one_line(self.title))
        for name in ("header", "notes"):
            object.__setattr__(self, name, [one_line(text) for text in getattr(self, name)])
        object.__setattr__(self, "rows", [tuple(map(one_line, row)) for row in self.rows])


def terminal(grid: Grid) -> str:
    """Align the columns, the first to the left and the others to the right."""
    lines = [tuple(grid.header), *map(tuple, grid.rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(grid.header))]
    body = [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    body.insert(1, "-" * max(map(len, body)))
    return "\n".join([grid.title, *body, *grid.notes]) + "\n"


def markdown(grid: Grid) -> str:
    """Write a pipe table; pipes in cells are escaped."""
    lines = [grid.header, [":---", *["---:"] * (len(grid.header) - 1)], *grid.rows]
    body = ["| " + " | ".join(c.replace("|", "\\|") for c in line) + " |" for line in lines]
    notes = [f"\n{note}" for note in grid.notes]
    return "\n".join([f"**{grid.title}**", "", *body, *notes]) + "\n"


def latex(grid: Grid) -> str:
    """Write a table for the package booktabs."""
    rows = [" & ".join(map(_tex, row)) + r" \\" for row in grid.rows]
    return "\n".join(
        [
            *(f"% {note}" for note in grid.notes),
            r"\begin{table}",
            rf"\caption{{{_tex(grid.title)}}}",
            rf"\begin{{tabular}}{{l{'r' * (len(grid.header) - 1)}}}",
            r"\toprule",
            " & ".join(map(_tex, grid.header)) + r" \\",
            r"\midrule",
            *rows,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _tex(text: str) -> str:
    """Escape the characters that are commands in TeX."""
    # One pass over the characters: replacing one after another would escape the backslashes and
    # braces of earlier replacements again.
    special = {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "±": r"$\pm$",
        "–": "--",
        "→": r"$\to$",
    }
    special |= {sign: f"\\{sign}" for sign in "&%$#_{}"}
    return "".join(special.get(character, character) for character in text)


def comma_separated(grid: Grid) -> str:
    """Write CSV; a cell that a spreadsheet would run as a formula gets an apostrophe."""
    # A negative number starts like a formula, but an apostrophe would make it a text.
    head, *rows = (
        [cell if _number(cell) else guard(cell) for cell in line]
        for line in (grid.header, *grid.rows)
    )
    return csv_text(head, rows)


def _number(cell: str) -> bool:
    """Return whether a cell is a plain number, negative ones included."""
    return _NUMBER.fullmatch(cell) is not None


def page(grid: Grid) -> str:
    """Write an HTML fragment."""
    notes = [html.tag("p", note) for note in grid.notes]
    return html.join([html.table(grid.title, grid.header, grid.rows), *notes]) + "\n"


FORMATS: Mapping[str, Callable[[Grid], str]] = {
    "terminal": terminal,
    "markdown": markdown,
    "latex": latex,
    "csv": comma_separated,
    "html": page,
}


def render(grid: Grid, style: str) -> str:
    """Write a table in a format.

    Args:
        grid: the table.
        style: one of `FORMATS`.

    Returns:
        The text, with a line end.

    Raises:
        OptionError: for any other format.
    """
    if style not in FORMATS:
        raise OptionError(f"no table format {style!r}; there are {', '.join(FORMATS)}")
    return FORMATS[style](grid)
