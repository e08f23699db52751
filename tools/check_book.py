"""Check that a built book is whole: every page is there and holds executed output, and its links lead somewhere.

Links within the book are followed to the file and the place in it. Links to other hosts are not followed: they must be
https, and lead to a host that is listed here.

python tools/check_book.py
"""

import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlparse

import yaml

ROOT = Path(__file__).parents[1]
HTML = ROOT / "_build" / "html"
HERE = "https://book.invalid"  # where the book stands while its links are followed; urljoin knows no scheme of ours
HOSTS = ("colab.research.google.com", "doi.org", "github.com", "mybinder.org")


def pages(node: object) -> list[str]:
    """Every document that a table of contents names, in order."""
    if isinstance(node, list):
        return [page for item in node for page in pages(item)]
    if not isinstance(node, dict):
        return []
    own = [node[key] for key in ("root", "file") if key in node]
    return own + [page for value in node.values() for page in pages(value)]


class Page(HTMLParser):
    """What a page links to, and the places in it that can be linked to."""

    def __init__(self, path: Path):
        super().__init__()
        self.targets: list[str] = []
        self.places: set[str | None] = set()
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        named = dict(attributes)
        self.places |= {named.get("id"), named.get("name")}
        self.targets += [named[key] for key in ("href", "src") if named.get(key)]


read = cache(Page)


def broken_links(path: Path, html: Path) -> list[str]:
    """The links of a page that lead nowhere, as they stand there."""
    return [target for target in read(path).targets if not _leads_somewhere(target, path, html)]


def _leads_somewhere(target: str, page: Path, html: Path) -> bool:
    url = urlparse(urljoin(f"{HERE}/{page.relative_to(html).as_posix()}", target))
    if not url.geturl().startswith(HERE):
        return url.scheme == "data" or (url.scheme == "https" and url.netloc in HOSTS)
    path = html / unquote(url.path).lstrip("/")
    path = path / "index.html" if path.is_dir() else path
    if not path.is_file() or not url.fragment or path.suffix != ".html":
        return path.is_file()
    return unquote(url.fragment) in read(path).places


def faults() -> list[str]:
    """What is wrong with the built book, in words; nothing if it is whole."""
    found = []
    for page in pages(yaml.safe_load((ROOT / "_toc.yml").read_text())):
        built = HTML / f"{page}.html"
        if not built.is_file():
            found.append(f"{page}: there is no {built.relative_to(ROOT)}")
        elif (ROOT / f"{page}.ipynb").is_file() and "cell_output" not in built.read_text():
            found.append(f"{page}: the page holds no output; was it executed?")
    if not (HTML / "index.html").is_file():
        found.append("there is no _build/html/index.html")
    for path in sorted({*HTML.glob("*.html"), *HTML.glob("book/**/*.html")}):
        found += [f"{path.relative_to(HTML)}: the link {target} leads nowhere" for target in broken_links(path, HTML)]
    return found


if __name__ == "__main__":
    problems = faults()
    sys.exit("\n".join(problems) if problems else print(f"The book is in {HTML / 'index.html'}"))
