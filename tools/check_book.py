"""Check that a built book is whole: every page of _toc.yml exists, and chapters hold executed output.

python tools/check_book.py
"""

import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
HTML = ROOT / "_build" / "html"


def pages(node: object) -> list[str]:
    """Every document that a table of contents names, in order."""
    if isinstance(node, list):
        return [page for item in node for page in pages(item)]
    if not isinstance(node, dict):
        return []
    own = [node[key] for key in ("root", "file") if key in node]
    return own + [page for value in node.values() for page in pages(value)]


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
    return found


if __name__ == "__main__":
    problems = faults()
    sys.exit("\n".join(problems) if problems else print(f"The book is in {HTML / 'index.html'}"))
