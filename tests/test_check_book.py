"""The check of the built book, on pages made for it."""

import pytest

from tools import check_book
from tools.check_book import broken_links

HERE = """<p id="top">here</p>
<a href="#top"></a><a href="#"></a><a href="there.html#place"></a><a href="../index.html"></a><a href=".."></a>
<img src="a%20picture.png?v=1"><img src="data:image/png;base64,AA"><a href="https://doi.org/10.1/1"></a>"""


@pytest.fixture
def html(tmp_path):
    (tmp_path / "book").mkdir()
    (tmp_path / "index.html").write_text("")
    (tmp_path / "book" / "a picture.png").write_bytes(b"")
    (tmp_path / "book" / "there.html").write_text('<p id="place">there</p>')
    return tmp_path


def broken(html, text):
    page = html / "book" / f"{abs(hash(text))}.html"
    page.write_text(text)
    return broken_links(page, html)


def test_links_within_the_book_are_followed_to_the_file_and_the_place(html):
    assert broken(html, HERE) == []


@pytest.mark.parametrize("target", ["#nowhere", "there.html#top", "nowhere.html", "../there.html", "/book/no.png"])
def test_a_link_to_what_is_not_there_is_found(html, target):
    assert broken(html, f'{HERE}<a href="{target}"></a>') == [target]
    assert broken(html, f'{HERE}<img src="{target}">') == [target]


@pytest.mark.parametrize(
    "target",
    ["http://doi.org/10.1/1", "https://train.py", "tcp://10.0.0.1:8786", "mailto:a@b.org", "https://evilgithub.com/x"],
)
def test_other_hosts_are_https_and_listed(html, target):
    assert broken(html, f'<a href="{target}"></a>') == [target]


@pytest.fixture
def whole(tmp_path, monkeypatch):
    """A book of two pages."""
    html = tmp_path / "_build" / "html"
    (html / "book").mkdir(parents=True)
    (tmp_path / "book").mkdir()
    (tmp_path / "_toc.yml").write_text("root: book/index\nchapters:\n- file: book/a\n")
    (tmp_path / "book" / "a.ipynb").write_text("")
    (html / "book" / "a.html").write_text('<div class="cell_output"></div><a href="index.html"></a>')
    for page in ("index.html", "book/index.html"):
        (html / page).write_text("")
    monkeypatch.setattr(check_book, "ROOT", tmp_path)
    monkeypatch.setattr(check_book, "HTML", html)
    return html


def test_a_whole_book_has_no_faults(whole):
    assert check_book.faults() == []


def test_what_is_wrong_with_a_book_is_said(whole):
    (whole / "index.html").unlink()
    (whole / "book" / "index.html").unlink()
    (whole / "book" / "a.html").write_text('<img src="no.png">')
    check_book.read.cache_clear()
    assert check_book.faults() == [
        "book/index: there is no _build/html/book/index.html",
        "book/a: the page holds no output; was it executed?",
        "there is no _build/html/index.html",
        "book/a.html: the link no.png leads nowhere",
    ]
