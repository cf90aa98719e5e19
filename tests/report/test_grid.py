"""Tables in five formats: every cell is there, and CSV holds numbers but no formulas."""

import csv
import io

import pytest

from fasharness.errors import OptionError
from fasharness.report.grid import FORMATS, Grid, render


@pytest.mark.parametrize("cell", ["-3.25", "+0.5", "12", "-1e-05"])
def test_a_number_stays_a_number(cell: str):
    assert render(Grid("t", ("a",), [(cell,)]), "csv").splitlines()[1] == cell


@pytest.mark.parametrize("cell", ["=1+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)", "+1+1", "--3"])
def test_a_formula_is_defused(cell: str):
    assert render(Grid("t", ("a",), [(cell,)]), "csv").splitlines()[1].lstrip('"') == f"'{cell}"


EVIL = Grid("A & <b>", ("name", "x_1"), (("=1+1|<i>", "50 % ± 1"), ("\\b", "#1")), ("take care",))


def test_every_format_holds_every_cell() -> None:
    assert render(EVIL, "terminal") == (
        "A & <b>\nname           x_1\n------------------\n=1+1|<i>  50 % ± 1\n"
        "\\b              #1\ntake care\n"
    )
    assert "| =1+1\\|<i> | 50 % ± 1 |" in render(EVIL, "markdown")
    assert r"=1+1|<i> & 50 \% $\pm$ 1 \\" in render(EVIL, "latex")
    assert r"\textbackslash{}b & \#1 \\" in render(EVIL, "latex")
    assert r"\caption{A \& <b>}" in render(EVIL, "latex")
    rows = list(csv.reader(io.StringIO(render(EVIL, "csv"))))
    assert rows == [["name", "x_1"], ["'=1+1|<i>", "50 % ± 1"], ["\\b", "#1"]]
    assert "=1+1|&lt;i&gt;" in render(EVIL, "html")
    assert "<i>" not in render(EVIL, "html")
    assert set(FORMATS) == {"terminal", "markdown", "latex", "csv", "html"}
    with pytest.raises(OptionError, match="no table format 'xlsx'"):
        render(EVIL, "xlsx")
