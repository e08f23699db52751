"""Numbers of the prose that a page prints itself: each stands in the output of a code cell of the built page."""

from functools import cache
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from typed_numbers import ENTRIES, figures, lines_of, read_off, rounds

HTML = Path(__file__).parents[2] / "_build" / "html"
PRINTED = [(page, entry["written"], line) for page, entry in ENTRIES for line in lines_of(entry.get("printed", []))]


@cache
def output(page):
    """The text that the code cells of a page print; a row of a table is a line."""
    soup = BeautifulSoup((HTML / page).with_suffix(".html").read_text(), "html.parser")
    return "\n".join(cell.get_text(" ") for cell in soup.select("div.cell_output div.output:not(.stderr)"))


@pytest.mark.parametrize("page, written, line", PRINTED)
def test_the_page_prints_the_number(page, written, line):
    printed = read_off(line, output(page))
    for words in written:
        (figure,) = figures(words)
        assert rounds(figure, printed), f"{page} says “{words}” and prints {printed}: {line}"


def test_a_page_prints_the_rows_of_its_tables():
    assert float(read_off("hvae 5 … ± … …", output("book/synthetic.ipynb"))) == 2
