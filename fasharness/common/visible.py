"""Text from outside on its way to a person: nothing in it moves a cursor or starts a line."""

import re
import unicodedata

_PARTS = re.compile("([\n\t])")


def one_line(text: str) -> str:
    r"""Write a text in one line: what cannot be printed becomes its code.

    Args:
        text: any text, e.g. a name out of a file.

    Returns:
        The text with escape sequences, line breaks, marks that turn the direction of writing, and
        halves of characters as codes.

    >>> one_line("a\x1b[2Jb\nc")
    'a\\x1b[2Jb\\nc'
    """
    return text if text.isprintable() else "".join(map(_shown, text))


def lines(text: str) -> str:
    """Make each line of a text safe as `one_line` does; its own line breaks and tabs stay."""
    return "".join(part if part in "\n\t" else one_line(part) for part in _PARTS.split(text))


def _shown(character: str) -> str:
    if character.isprintable() or unicodedata.category(character) == "Zs":  # spaces of any width
        return character
    return character.encode("unicode_escape").decode("ascii")
