"""HTML elements: plain text is always escaped, only elements are inserted unchanged."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def tag(name: str, *children: str, **attributes: str) -> Html:
    """Return an element.

    Args:
        name: its name.
        children: its content; text is escaped unless it is `Html`.
        attributes: underscores become hyphens, a trailing one is dropped (``class_``).

    Returns:
        The element.
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
    )
    return Html(f"<{name}{given}>{join(children)}</{name}>")


def join(children: Iterable[str]) -> Html:
    """Join elements and text.

    Args:
        children: text is escaped unless it is `Html`.

    Returns:
        One piece of HTML.
    """
    # The type decides, not the caller: a forgotten escape shows tags as text, never runs them.
    return Html("".join(c if isinstance(c, Html) else escape(c) for c in children))


def table(
    caption: str, header: Sequence[str], rows: Iterable[Sequence[str]], **attributes: str
) -> Html:
    """Return a table whose first column names its rows.

    Args:
        caption: what the table shows.
        header: the names of the columns.
        rows: cells of the rows, the first of each being its name.
        attributes: of the table.

    Returns:
        The table in a box that scrolls sideways on narrow screens.
    """
    head = tag("tr", *(tag("th", name, scope="col") for name in header))
    body = [
        tag("tr", tag("th", row[0], scope="row"), *(tag("td", cell) for cell in row[1:]))
        for row in rows
    ]
    inner = (tag("caption", caption), tag("thead", head), tag("tbody", *body))
    whole = tag("table", *inner, **attributes)
    return tag("div", whole, class_="scroll", tabindex="0", role="region", aria_label=caption)


def section(title: str, *children: str, anchor: str, level: int = 2) -> Html:
    """Return a section with a heading.

    Args:
        title: the heading.
        children: what follows it.
        anchor: its id.
        level: level of the heading.

    Returns:
        The section.
    """
    heading = tag(f"h{level}", title, id=f"{anchor}-title")
    return tag("section", heading, *children, id=anchor, aria_labelledby=f"{anchor}-title")


@dataclass(frozen=True)
class Place:
    """The place of a run on the page.

    Attributes:
        prefix: the beginning of its anchors, so that they are unique on the page.
        level: level of its headings.
    """

    prefix: str = ""
    level: int = 2

    def section(self, title: str, *children: str, anchor: str) -> Html:
        """Return a section at this place; see `section`."""
        return section(title, *children, anchor=f"{self.prefix}{anchor}", level=self.level)
