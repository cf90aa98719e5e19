"""Cells of CSV files that a spreadsheet program would run as formulas."""

# The apostrophe itself is guarded too, so that `unguard` always gives the text back.
_STARTS = ("=", "+", "-", "@", "\t", "\r", "'")


def guard(text: str) -> str:
    """Add an apostrophe to text that a spreadsheet would run as a formula."""
    return f"'{text}" if text.startswith(_STARTS) else text


def unguard(text: str) -> str:
    """Remove the apostrophe of `guard`; other apostrophes stay."""
    return text[1:] if text[:1] == "'" and text[1:].startswith(_STARTS) else text
