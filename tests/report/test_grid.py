"""Tables as CSV: numbers stay numbers, whatever could be a formula is no formula."""

import pytest

from fasharness.report.grid import Grid, render


@pytest.mark.parametrize("cell", ["-3.25", "+0.5", "12", "-1e-05"])
def test_a_number_stays_a_number(cell: str):
    assert render(Grid("t", ("a",), [(cell,)]), "csv").splitlines()[1] == cell


@pytest.mark.parametrize("cell", ["=1+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)", "+1+1", "--3"])
def test_a_formula_is_defused(cell: str):
    assert render(Grid("t", ("a",), [(cell,)]), "csv").splitlines()[1].lstrip('"') == f"'{cell}"
