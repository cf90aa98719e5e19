"""Numbers in the cells of tables of scores."""


def to_number(cell: str) -> float:
    """Read a score.

    Args:
        cell: a decimal number; Python's extensions (``1_0``, other scripts' digits) are refused.

    Returns:
        The number; NaN for an empty cell.

    Raises:
        ValueError: not a number.
    """
    try:
        if cell.isascii() and "_" not in cell:
            return float(cell or "nan")
    except ValueError:
        pass
    raise ValueError(f"score {cell!r:.60} is not a number")


def to_count(cell: str, column: str) -> int:
    """Read a count.

    Args:
        cell: a whole number.
        column: its column, for the message.

    Returns:
        The number; one for an empty cell.

    Raises:
        ValueError: not a whole number.
    """
    if not cell:
        return 1
    if not (cell.isascii() and cell.isdigit() and len(cell) < 16):
        raise ValueError(f"column {column} is {cell!r:.60}, expected a whole number")
    return int(cell)
