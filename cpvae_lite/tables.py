"""Tables: as text in a terminal, as HTML on a page."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import zip_longest

CHARACTERS = 30  # of a column in a terminal
PLACE = re.compile(r"([\w-]+)#([\w-]+)")  # a cell that is a page of the book and a section there
WRAPPED = ' style="text-align: left; vertical-align: top; white-space: normal; padding: 0.4em 0.6em"'


@dataclass(frozen=True)
class Table:
    """Rows of text below a header; a notebook shows it where a cell ends with it.

    Attributes:
        header: one name a column.
        rows: as long as the header, each; the first entry names the row.

    Raises:
        ValueError: if a row is longer or shorter than the header.

    Example:
        >>> print(Table(["model", "modes"], [["cp-2", "2.0"], ["vae", "1"]]))
        model  modes
        cp-2     2.0
        vae        1
    """

    KIND = "dataframe"  # the class of tables of figures that notebooks and books style
    STYLE = ""  # of a cell

    header: Sequence[str]
    rows: Sequence[Sequence[str]]

    def __post_init__(self):
        for row in self.rows:
            if len(row) != len(self.header):
                raise ValueError(f"row {row[0] if row else ''!r} has {len(row)} entries, the header {len(self.header)}")

    def __str__(self) -> str:
        lines = [self.header, *self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(_aligned(line, widths) for line in lines)

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col"{self.STYLE}>{_signed(escape(name))}</th>' for name in self.header)
        body = "\n".join(f"<tr>{self._cells(row)}</tr>" for row in self.rows)
        return f'<table class="{self.KIND}">\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>'

    def _cells(self, row: Sequence[str]) -> str:
        first, *rest = (self._inside(name, text) for name, text in zip(self.header, row, strict=True))
        named = f'<th scope="row"{self.STYLE}>{first}</th>'
        return named + "".join(f"<td{self.STYLE}>{text}</td>" for text in rest)

    def _inside(self, column: str, text: str) -> str:
        return _unbroken(escape(text))


def _aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    """The name of the row to the left, all figures to the right."""
    first, *rest = zip(line, widths, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(text.rjust(width) for text, width in rest)]).rstrip()


class Sentences(Table):
    """A table of sentences, which begin at the left and wrap where the page ends; places in the book are links.

    Parts of a sentence that a semicolon ends have a line of their own on a page.

    Example:
        >>> print(Sentences(["says", "found"], [["one sentence", "words " * 10]]))
        says          found
        <BLANKLINE>
        one sentence  words words words words words
                      words words words words words
    """

    KIND = "dataframe sentences"
    STYLE = WRAPPED

    def __str__(self) -> str:
        lines = [[_wrapped(cell) for cell in row] for row in (self.header, *self.rows)]
        widths = [
            max((len(line) for cell in column for line in cell), default=0) for column in zip(*lines, strict=True)
        ]
        return "\n\n".join(_side_by_side(row, widths) for row in lines)

    def _inside(self, column: str, text: str) -> str:
        if place := PLACE.fullmatch(text):
            return '<a href="{}.html#{}">{}</a>'.format(*place.group(1, 2, 1))
        return "<br>".join(_unbroken(escape(part)) for part in re.split("(?<=;) ", text))


def _signed(name: str) -> str:
    """A minus stays on the line of the word that it is the sign of."""
    return re.sub(r"^-\S+", r'<span style="white-space: nowrap">\g<0></span>', name)


def _unbroken(text: str) -> str:
    """A mean stays with its deviation, and a number with its sign of percent."""
    return re.sub(r" (?=[±≈%])|(?<=[±≈]) ", "\N{NO-BREAK SPACE}", text)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(_unbroken(text), CHARACTERS, break_on_hyphens=False)


def _side_by_side(cells: Iterable[list[str]], widths: Iterable[int]) -> str:
    lines = zip_longest(*cells, fillvalue="")
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )
