"""The page that says where each number of the paper lives: complete, and true."""

import ast
import pkgutil
import re
from functools import cache
from pathlib import Path
from types import ModuleType

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
INDEX = ROOT / "book" / "paper-index.md"
NUMBERS = {
    "Eq.": [*map(str, range(1, 22)), "A1", "A2"],
    "Fig.": [*map(str, range(1, 17)), *(f"A{n}" for n in range(1, 11))],
    "Table": ["1", "2", "3", "A1"],
}


def rows(text=None):
    """The rows of all tables: kind, number, and the cells after them."""
    found = []
    for line in (text or INDEX.read_text()).splitlines():
        if re.match(r"\| (Eq\.|Fig\.|Table) ", line):
            first, *rest = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            found.append((*first.split(), *rest))
    return found


def faults(row):
    """What a row promises and does not keep."""
    kind, number, _, place, function, test = row
    if place.startswith("*to come"):
        return [] if not function and not test else ["a place to come has no function and no test yet"]
    link = re.search(r"\]\((.+?)\)", place)
    return [
        *(_place_faults(kind, number, *link[1].split("#")) if link else ["no place"]),
        *_function_faults(function.strip("`")),
        *(fault for name in test.split(", ") for fault in _test_faults(name.strip("`"), place)),
    ]


def _place_faults(kind, number, page, section):
    path = ROOT / "book" / page
    if not path.is_file():
        return [f"no page {page}"]
    text = _markdown(path)
    found = [] if section in _sections(text) else [f"no section {section} in {page}"]
    if kind == "Eq." and f"\\tag{{{number}}}" not in text:
        found.append(f"no equation {number} in {page}")
    return found


@cache
def _markdown(path):
    if path.suffix == ".md":
        return path.read_text()
    return "\n\n".join(c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type == "markdown")


def _sections(text):
    """The anchors that the book makes of headings."""
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-") for heading in headings}


def _function_faults(name):
    try:
        found = pkgutil.resolve_name(f"cpvae_lite.{name}")
    except (ImportError, AttributeError) as error:
        return [f"no function {name}: {error}"]
    return [f"{name} is a module"] if isinstance(found, ModuleType) else []


def _test_faults(name, place):
    if name == "the page's asserts":
        page = ROOT / "book" / re.search(r"\]\((.+?)#", place)[1]
        cells = nbformat.read(page, as_version=4).cells
        return (
            [] if any("assert " in c.source for c in cells if c.cell_type == "code") else ["the page asserts nothing"]
        )
    file, _, test = name.partition("::")
    path = ROOT / "tests" / file
    if not path.is_file():
        return [f"no test file {file}"]
    tests = {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}
    return [] if test in tests else [f"no test {name}"]


def test_every_number_of_the_paper_stands_once():
    found = rows()
    for kind, numbers in NUMBERS.items():
        assert [row[1] for row in found if row[0] == kind] == numbers


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row[0]} {row[1]}")
def test_what_a_row_names_exists(row):
    assert faults(row) == []


@pytest.mark.parametrize("page", sorted((ROOT / "book").glob("*.md")), ids=lambda page: page.stem)
def test_every_test_that_a_page_names_exists(page):
    for name in re.findall(r"tests/(\w+\.py::\w+)", page.read_text()):
        assert _test_faults(name, "") == []


TEST = "`test_decomposition.py::test_holds_in_every_kind_of_world`"
GOOD = ("Eq.", "17", "", "[x](objective.ipynb#eq-17-line-by-line)", "`bounds.elbo`", TEST)


@pytest.mark.parametrize(
    "column, wrong, fault",
    [
        (3, "[x](nowhere.ipynb#eq-17-line-by-line)", "no page"),
        (3, "[x](objective.ipynb#eq-18-line-by-line)", "no section"),
        (3, "[x](vae.ipynb#take-away)", "no equation"),
        (3, "nowhere", "no place"),
        (4, "`bounds.elbow`", "no function"),
        (4, "`elbows.elbo`", "no function"),
        (4, "`bounds`", "is a module"),
        (5, "`test_bounds.py::test_nothing`", "no test test_bounds"),
        (5, "`test_elbow.py::test_nothing`", "no test file"),
        (3, "*to come*", "has no function"),
    ],
)
def test_a_row_that_is_not_true_is_found(column, wrong, fault):
    row = list(GOOD)
    assert faults(row) == []
    row[column] = wrong
    assert any(fault in found for found in faults(row))
