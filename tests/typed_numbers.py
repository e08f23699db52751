"""Decimals in the prose of the book, and the sources that tests/typed_numbers.yml lists for them."""

import ast
import math
import re
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache, reduce
from importlib import import_module
from pathlib import Path

import nbformat
import yaml

from cpvae_lite.study.paper import reported
from cpvae_lite.study.results import Results, Spread

ROOT = Path(__file__).parents[1]
LIST = Path(__file__).with_name("typed_numbers.yml")
FOUND_IN = ("book/*.md", "book/*.ipynb", "README.md", "benchmarks/*.md")
PAGES = [path.relative_to(ROOT).as_posix() for pattern in FOUND_IN for path in sorted(ROOT.glob(pattern))]
LISTED = yaml.safe_load(LIST.read_text())
ENTRIES = [(page, entry) for page, entries in LISTED.items() for entry in entries]

# A formula that is nothing but a number is prose.
HIDDEN = re.compile(
    r"""(?P<prose>\$-?[\d.,]+\$)
    | ^[ ]*(?P<fence>`{3,}|~{3,}).*?^[ ]*(?P=fence) | `(?:[^`\n]|\n(?!\n))+`  # code
    | \$\$.*?\$\$ | \$(?:[^$\n]|\n(?!\n))+\$                                  # formulas
    | <!--.*?--> | </?[a-zA-Z][^>]*>                                          # HTML
    | \]\([^)]*\) | https?://\S+                                              # addresses
    | [Ss]ections\s\d[\d.]*(?:(?:,|\sand|,\sand)\s\d[\d.]*)+ | [Ss]ection\s\d[\d.]*
    | (?:version|Python|PyTorch|CC\sBY(?:-SA)?|arXiv)[\s:]\d[\d.]*""",
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
# 2.14.1 is a version, and the 4.0 of CC-BY-4.0 as well.
DECIMAL = re.compile(r"(?<![^\W_])(?<!\.)(?<![A-Za-z]-)(?P<number>[-−]?\d+(?:,\d{3})*\.\d+)(?!\.?\d)(?P<percent>\s?%)?")
IN_TABLE_3 = {  # what the paper calls data and models
    "MNIST": "mnist", "Fashion-MNIST": "fashion-mnist", "Omniglot": "omniglot",
    "CP": "cp", "INDq": "indq", "INDp": "indp", "INDqp": "indqp", "VAE": "vae", "MG": "mog", "VP": "vamp",
    "HVAE": "hvae", "HVP": "hvamp",
}  # fmt: skip
TABLE_3 = re.compile(r"Table 3, (?P<model>\w+), (?P<data>[\w-]+)(?: (?P<size>\d+))?")
SENTENCE_END = re.compile(r"(?<=[\w$)*`\"][.?!]) (?=[A-Z*$(`])|\n\s*\n|\n(?=[|-])")


@dataclass(frozen=True)
class Figure:
    """A decimal: where it begins in its text, and the number as written there."""

    start: int
    written: str
    percent: bool

    def is_rounded(self, value):
        """Whether `value` to as many digits is this number."""
        shown = float(self.written.replace(",", "").replace("−", "-"))
        half = 0.5 * 10.0 ** -len(self.written.rpartition(".")[2])
        return abs(shown - value * (100 if self.percent else 1)) <= half * (1 + 1e-6)


def figures(text):
    """The decimals in the prose of Markdown."""
    prose = HIDDEN.sub(lambda found: found[0] if found["prose"] else " " * len(found[0]), text)
    return [Figure(found.start(), found["number"], bool(found["percent"])) for found in DECIMAL.finditer(prose)]


def listed_as(figure, text, written):
    """Whether the words `written`, one decimal among them, stand around this figure."""
    own = figures(written)
    begin = figure.start - own[0].start if len(own) == 1 else -1
    return begin >= 0 and text.startswith(written, begin) and replace(own[0], start=figure.start) == figure


def unexplained(text, entries):
    """The figures of a text for which no entry stands."""
    words = [written for entry in entries for written in entry["written"]]
    return [figure for figure in figures(text) if not any(listed_as(figure, text, written) for written in words)]


def sentence(text, figure):
    """The sentence of a figure, or its row of a table."""
    ends = [0, *(place for end in SENTENCE_END.finditer(text) for place in end.span()), len(text)]
    before = max(place for place in ends if place <= figure.start)
    return " ".join(text[before : min(place for place in ends if place > figure.start)].split())


@cache
def cells(page, kind):
    """The text of a page's cells of one kind; a page that is no notebook is one Markdown cell."""
    path = ROOT / page
    if path.suffix == ".ipynb":
        return "\n\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind)
    return path.read_text() if kind == "markdown" else ""


def prose(page):
    """The Markdown of a page; a line that only wraps goes on."""
    return re.sub(r"(?<=\S)\n(?=[^\s|`#>-])", " ", cells(page, "markdown"))


# --- the kinds of sources: each gives the values that the number may be, or None where nothing can be compared ---


def _paper(source, page):
    place, _, number = source.rpartition(": ")
    if not re.match(r"(Table|Fig\.|Eq\.|section) \w", place):
        raise ValueError('name the place and the number that is printed there, as "Table 3, CP, MNIST 10: 87.15"')
    if entry := TABLE_3.fullmatch(place):
        size = entry["size"] and int(entry["size"])
        if reported(IN_TABLE_3[entry["model"]], IN_TABLE_3[entry["data"]], size) != float(number):
            raise ValueError(f"the package has another number for {place}")
    return [float(number)]


def _setting(source, page):
    top, module, _ = re.fullmatch(r"((?:study\.)?)(\w+)\.(.*)", source, re.DOTALL).groups()
    return [eval(source.removeprefix(top), {module: import_module(f"cpvae_lite.{top}{module}")})]


_results = cache(Results)


def over(table: str, label: str, figure: str) -> Spread:
    """A figure of the stored runs over seeds, as "generated.distance"."""
    return _results(table).over_seeds(label, lambda run: reduce(dict.__getitem__, figure.split("."), run))


def _result(source, page):
    if "over" not in _names(source):
        raise ValueError('read it from the stored runs, as over("synthetic", "vae", "truth").mean')
    return [eval(source, {"over": over})]


def _names(source):
    return {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}


def _exact(source, page):
    if not any(isinstance(node, (ast.BinOp, ast.Call)) for node in ast.walk(ast.parse(source))):
        raise ValueError("this is no calculation")
    return [eval(source, dict(vars(math)))]


def _code(source, page):
    if source not in cells(page, "code"):
        raise ValueError("no code cell of the page holds this")
    return [float(number) for number in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", source)]


def _printed(source, page):
    if not page.endswith(".ipynb"):
        raise ValueError("only a notebook prints")
    if any(PLACE not in line for line in lines_of(source)):
        raise ValueError(f"a line of output has {PLACE} where its numbers stand")
    return None  # tests/book/test_printed_numbers.py reads the built page


def _measured(source, page):
    if not page.startswith(("README.md", "benchmarks/")):
        raise ValueError("a page of the book prints what it measures")
    if source not in prose(page):
        raise ValueError("the page names no such machine")


def _example(source, page):
    if not source:
        raise ValueError("say of what")


KINDS = {
    "paper": _paper,
    "setting": _setting,
    "result": _result,
    "exact": _exact,
    "code": _code,
    "printed": _printed,
    "measured": _measured,
    "example": _example,
}


def faults(page, entry):
    """What is wrong with an entry of the list."""
    kinds = entry.keys() - {"written"}
    if len(kinds) != 1 or not kinds <= KINDS.keys():
        return [f"needs one source, of {', '.join(KINDS)}"]
    (kind,) = kinds
    try:
        values = KINDS[kind](entry[kind], page)
    except Exception as error:  # whatever a source that is wrong may raise
        return [f"{kind} {entry[kind]}: {type(error).__name__}: {error}"]
    return [fault for written in entry["written"] for fault in _faults_of_number(written, kind, values)]


def _faults_of_number(written, kind, values):
    found = figures(written)
    if len(found) != 1:
        return [f"{written!r} must hold one decimal, not {len(found)}"]
    if written == found[0].written and kind != "measured":
        return [f"{written!r} needs a word of its sentence, so that it explains no other {written}"]
    if values is not None and not any(found[0].is_rounded(value) for value in values):
        return [f"{written!r}, but the source says {values}"]
    return []


def unused(page, entry):
    """The words of an entry that stand nowhere on the page."""
    text = prose(page)
    return [words for words in entry["written"] if not any(listed_as(f, text, words) for f in figures(text))]


# --- numbers that a page prints ---------------------------------------------------------------------------

PLACE = "…"  # of a number in a line of output
NUMBER = r"[-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?"


def lines_of(source: str | list[str]) -> list[str]:
    """The source of a printed number: a line of output, or several that all print it."""
    return [source] if isinstance(source, str) else source


def read_off(line: str, output: str) -> str:
    """The number at the last place of a line of output, as printed there.

    Args:
        line: the beginning of the line, with … for each number.
        output: what a page prints; spaces do not matter.

    Raises:
        ValueError: if no line of the output begins like this, or several do.
    """
    parts = [re.escape(part) for part in " ".join(line.split()).split(PLACE)]
    shape = re.compile(f"({NUMBER})".join(parts))
    found = [match for row in output.splitlines() if (match := shape.match(" ".join(row.split())))]
    if len(found) != 1:
        raise ValueError(f"{len(found)} lines of output begin with {line!r}")
    unit = line.rpartition(PLACE)[2].strip()[:1]
    return found[0][shape.groups] + ("%" if unit == "%" else "")


def rounds(figure: Figure, printed: str) -> bool:
    """Whether a figure is a printed number, or that number with fewer digits."""
    number = printed.rstrip("%").replace(",", "")
    value = float(number) / (100 if printed.endswith("%") else 1)
    return _digits(number) >= _digits(figure.written) and figure.is_rounded(value)


def _digits(number):
    """After the point."""
    return -Decimal(number.replace(",", "").replace("−", "-")).as_tuple().exponent
