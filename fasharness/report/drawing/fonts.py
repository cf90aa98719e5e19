"""Names as Matplotlib can draw them: no formulas, no hidden entries, a font that has the signs."""

from functools import cache

_FAMILY = "DejaVu Sans"


def families() -> list[str]:
    """List the fonts that are tried in this order for each sign."""
    return [_FAMILY, *_others()]


def drawable(name: str) -> str:
    """Return a name as it can be drawn.

    Args:
        name: of a species, a run or a file.

    Returns:
        The name; a sign that no installed font has is written as its number.
    """
    signs = "".join(map(_sign, name))
    # Matplotlib leaves names that start with an underscore out of legends.
    return f" {signs}" if signs.startswith("_") else signs


@cache
def _sign(sign: str) -> str:
    """Return a sign, or its number where no font has it."""
    if sign.isascii() or any(_has(family, sign) for family in families()):
        return sign
    return sign.encode("unicode_escape").decode("ascii")


@cache
def _has(family: str, sign: str) -> bool:
    """Return whether a font has a sign."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    return bool(get_font(findfont(FontProperties(family=family))).get_char_index(ord(sign)))


@cache
def _others() -> tuple[str, ...]:
    """List the installed fonts of scripts that the first family lacks."""
    from matplotlib.font_manager import fontManager

    names = {font.name for font in fontManager.ttflist}
    return tuple(sorted(n for n in names if "CJK" in n or n.startswith("Noto Sans ")))
