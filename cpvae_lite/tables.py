"""Tables: as text in a terminal, as HTML on a page."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from itertools import zip_longest

CHARACTERS = 30  # of a column in a terminal
FIGURES = re.compile(r"(?!.*, )[-\d\s.,+−–±≈%*]*")  # an entry of these alone; with ", " it is a list
WRAPPED = "text-align: left; vertical-align: top; white-space: normal; padding: 0.4em 0.6em"


@dataclass(frozen=True)
class Table:
    """Rows of text below a header; a notebook shows it where a cell ends with it.

    Columns of figures stand at the right, and so do their names; words stand at the left. The columns of words before
    the first figures name the row, and where there are no figures, the first column does. A wide page keeps the last of
    these names in sight.

    Attributes:
        header: one name a column.
        rows: as long as the header, each; the first entry names the row.

    Raises:
        ValueError: if a row is longer or shorter than the header.

    Example:
        >>> print(Table(["model", "modes", "on"], [["cp-2", "2.0", "cpu"], ["vae", "1", "a GPU"]]))
        model  modes  on
        cp-2     2.0  cpu
        vae        1  a GPU
    """

    KIND = "dataframe"  # the class of tables of figures that notebooks and books style

    header: Sequence[str]
    rows: Sequence[Sequence[str]]

    def __post_init__(self):
        for row in self.rows:
            if len(row) != len(self.header):
                raise ValueError(f"row {row[0] if row else ''!r} has {len(row)} entries, the header {len(self.header)}")

    def __str__(self) -> str:
        lines = [self.header, *self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join(
                text.rjust(width) if figures else text.ljust(width)
                for text, width, figures in zip(line, widths, self._of_figures, strict=True)
            ).rstrip()
            for line in lines
        )

    def _repr_html_(self) -> str:
        body = "\n".join(map(self._row, self.rows))
        return f'<table class="{self.KIND}">\n<thead>{self._head()}</thead>\n<tbody>\n{body}\n</tbody>\n</table>'

    @cached_property
    def _of_figures(self) -> list[bool]:
        """Which columns hold figures alone. The first does not count: it names the rows, if only by a number."""
        return [
            place > 0 and all(FIGURES.fullmatch(row[place]) for row in self.rows) for place in range(len(self.header))
        ]

    @property
    def _names(self) -> int:
        """How many columns name a row."""
        return self._of_figures.index(True) if any(self._of_figures) else 1

    @property
    def _kept(self) -> int | None:
        """The column that a page keeps in sight while the rest of a wide table scrolls."""
        return self._names - 1

    def _head(self) -> str:
        cells = (self._cell("col", place, _signed(escape(name))) for place, name in enumerate(self.header))
        return f"<tr>{''.join(cells)}</tr>"

    def _row(self, row: Sequence[str]) -> str:
        cells = (
            self._cell("row" if place < self._names else "", place, self._inside(text))
            for place, text in enumerate(row)
        )
        return f"<tr>{''.join(cells)}</tr>"

    def _cell(self, scope: str, place: int, inside: str) -> str:
        """Of a column; it heads what the scope says, the column or the row, if there is one."""
        tag = f'th scope="{scope}"' if scope else "td"
        kept = ""
        if place == self._kept:
            kept, inside = ' class="kept"', f"<span>{inside}</span>"
        return f'<{tag}{kept} style="{self._style(place)}">{inside}</{tag[:2]}>'

    def _inside(self, text: str) -> str:
        return _unbroken(escape(text))

    def _style(self, place: int) -> str:
        return f"text-align: {'right' if self._of_figures[place] else 'left'}"


class Sentences(Table):
    """A table of sentences, which begin at the left and wrap where the page ends.

    Parts of a sentence that a semicolon ends have a line of their own on a page.

    Example:
        >>> print(Sentences(["says", "found"], [["one sentence", "words " * 10]]))
        says          found
        <BLANKLINE>
        one sentence  words words words words words
                      words words words words words
    """

    KIND = "dataframe sentences"

    def __str__(self) -> str:
        lines = [[_wrapped(cell) for cell in row] for row in (self.header, *self.rows)]
        widths = [
            max((len(line) for cell in column for line in cell), default=0) for column in zip(*lines, strict=True)
        ]
        return "\n\n".join(_side_by_side(row, widths) for row in lines)

    @property
    def _of_figures(self) -> list[bool]:
        return [False] * len(self.header)

    @property
    def _kept(self) -> None:
        return None

    def _inside(self, text: str) -> str:
        return "<br>".join(map(super()._inside, re.split("(?<=;) ", text)))

    def _style(self, place: int) -> str:
        return WRAPPED


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
