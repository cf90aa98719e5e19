"""Cells of CSV files that a spreadsheet program would run as formulas."""

_STARTS = ("=", "+", "-", "@", "\t", "\r", "'")


def guard(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would run as a formula."""
    return f"'{text}" if text.startswith(_STARTS) else text


def unguard(text: str) -> str:
    """Take the apostrophe of `guard` off again; other apostrophes stay."""
    return text[1:] if text[:1] == "'" and text[1:].startswith(_STARTS) else text
