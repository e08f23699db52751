"""Decimals in the prose of the book: what a run gave is printed by a code cell, and all others have a listed source."""

from collections import defaultdict

import pytest
import typed_numbers
from typed_numbers import (
    ENTRIES,
    LIST,
    LISTED,
    PAGES,
    faults,
    figures,
    prose,
    read_off,
    rounds,
    sentence,
    unexplained,
    unused,
)


@pytest.mark.parametrize("page", PAGES)
def test_every_decimal_has_a_source(page):
    text = prose(page)
    found = defaultdict(list)
    for figure in unexplained(text, LISTED.get(page, [])):
        found[sentence(text, figure)].append(figure.written)
    if found:
        rows = "\n".join(f"{', '.join(numbers)} in “{words}”" for words, numbers in found.items())
        advice = f"Let a code cell print what a run gave; list what is no result, with its source, in {LIST.name}"
        pytest.fail(f"{page} has decimals without a source. {advice}:\n{rows}", pytrace=False)


@pytest.mark.parametrize("page, entry", ENTRIES, ids=lambda part: part["written"][0] if "written" in part else part)
def test_an_entry_is_true_and_used(page, entry):
    assert page in PAGES, f"there is no page {page}"
    assert faults(page, entry) == []
    assert unused(page, entry) == [], f"stands no more on {page}; delete it from {LIST.name}"


@pytest.mark.parametrize(
    "text, found",
    [
        ("The bound is 233.79 nats.", ["233.79"]),
        ("It is 12.5 % and 1,234.5, _0.1_ to 0.25σ.", ["12.5", "1,234.5", "0.1", "0.25"]),
        ("From -0.5 to −1.5, 0.1-0.3", ["-0.5", "−1.5", "0.1", "0.3"]),
        ("a bound of $-1.39$, **0.3** and [0.4](page.md)", ["-1.39", "0.3", "0.4"]),
        ("<details><summary>0.7</summary>\n\n0.8\n\n</details>", ["0.7", "0.8"]),
        ("with $1.5$ to $2.5$ and $K$ up to 3.5", ["1.5", "2.5", "3.5"]),
        ("Section 6.1, 0.05 and what it is", ["0.05"]),
    ],
)
def test_a_decimal_in_prose_is_found(text, found):
    assert [figure.written for figure in figures(text)] == found


@pytest.mark.parametrize(
    "text",
    [
        "a formula $\\sigma = 0.05$, and one that\nwraps, $x <\n0.5$",
        "$$\\log 2 = 0.69 \\tag{1.2}$$",
        "code `lr=0.1` and\n\n```python\nlr = 0.1\n```\n",
        '<img width="0.5" alt="0.3"> <!-- 0.1 -->',
        "[a page](page-0.5.html), https://doi.org/10.3390/e22080888",
        "Section 6.1 and sections 2.3, 4 and 4.1; Eq. 12, about 50,000 images",
        "Python 3.10, torch 2.14.1, CC BY 4.0, CC-BY-4.0, arXiv 1705.09847",
    ],
)
def test_other_decimals_are_not(text):
    assert figures(text) == []


def test_an_entry_explains_its_own_words_alone():
    text = "The temperature is 0.5. The distance is 0.5, too, and 10.5 is more."
    entry = {"written": ["temperature is 0.5", "distance is 10.5", "distance is 0.5 %"]}
    left = [sentence(text, figure) for figure in unexplained(text, [entry])]
    assert left == ["The distance is 0.5, too, and 10.5 is more."] * 2
    assert unexplained(text, [{"written": ["is 0.5", "10.5 is"]}]) == []


BEST = "Table 3, INDqp, Fashion-MNIST 10: 228.65"
TRUTH = 'over("synthetic", "vae", "truth").mean'
DEVIATION = 'over("synthetic", "cp-150", "effective_categories").deviation / 200'


@pytest.fixture
def one_page(monkeypatch):
    """Every page holds the same."""
    held = {"markdown": "Measured on two cores.", "code": "fit(temperature=0.2)"}
    monkeypatch.setattr(typed_numbers, "cells", lambda page, kind: held[kind])


@pytest.mark.parametrize(
    "page, entry",
    [
        ("book/index.md", {"written": ["rate of 0.0005"], "setting": "schedule.TrainConfig.learning_rate"}),
        ("book/index.md", {"written": ["falls to 0.69"], "setting": "study.grids.SCHEDULE.temperature_at(60)"}),
        ("book/index.md", {"written": ["2.3 % of it"], "exact": "erfc(sqrt(2)) / 2"}),
        (
            "book/index.md",
            {"written": ["below 228.6", "228.7 or more"], "paper": BEST},
        ),
        ("book/index.md", {"written": ["the truth 0.880"], "result": TRUTH}),
        ("book/vae.ipynb", {"written": ["1.4 % of it"], "result": DEVIATION}),
        ("book/vae.ipynb", {"written": ["all at 0.2"], "code": "temperature=0.2"}),
        ("book/vae.ipynb", {"written": ["a gap of 0.02"], "printed": ["gap …", "log p(x) …, bound …"]}),
        ("README.md", {"written": ["3.7"], "measured": "two cores"}),
    ],
)
@pytest.mark.usefixtures("one_page")
def test_a_true_entry_has_no_fault(page, entry):
    assert faults(page, entry) == []


@pytest.mark.parametrize(
    "page, entry, fault",
    [
        ("book/index.md", {"written": ["rate of 0.005"], "setting": "schedule.TrainConfig.learning_rate"}, "0.0005"),
        ("book/index.md", {"written": ["rate of 0.0005"], "setting": "schedule.TrainConfig.speed"}, "AttributeError"),
        ("book/index.md", {"written": ["of 0.5"], "setting": "0.5"}, "ModuleNotFoundError"),
        ("book/index.md", {"written": ["of 0.70"], "exact": "log(2)"}, "0.693"),
        ("book/index.md", {"written": ["of -0.70"], "exact": "-0.7"}, "no calculation"),
        ("book/index.md", {"written": ["of 87.16"], "paper": "Table 3, CP, MNIST 10: 87.15"}, "87.15"),
        ("book/index.md", {"written": ["of 87.15"], "paper": "somewhere: 87.15"}, "name the place"),
        ("book/index.md", {"written": ["of 87.16"], "paper": "Table 3, CP, MNIST 10: 87.16"}, "has another number"),
        ("book/index.md", {"written": ["of 0.881"], "result": TRUTH}, "0.880"),
        ("book/index.md", {"written": ["of 0.880"], "result": TRUTH.replace("truth", "lie")}, "KeyError"),
        ("book/index.md", {"written": ["of 0.880"], "result": TRUTH.replace("vae", "gan")}, "no run of gan"),
        ("book/index.md", {"written": ["of 0.880"], "result": "max(0.88, 0.1)"}, "read it from the stored runs"),
        ("README.md", {"written": ["of 0.880"], "printed": "truth …"}, "only a notebook"),
        ("book/vae.ipynb", {"written": ["of 0.880"], "printed": "truth 0.880"}, "where its numbers stand"),
        ("book/vae.ipynb", {"written": ["of 0.880"], "printed": ["truth …", "truth"]}, "where its numbers stand"),
        ("book/vae.ipynb", {"written": ["of 0.3"], "code": "temperature=0.2"}, "0.2"),
        ("book/vae.ipynb", {"written": ["of 0.3"], "code": "temperature=0.3"}, "no code cell"),
        ("book/vae.ipynb", {"written": ["3.7"], "measured": "two cores"}, "prints"),
        ("README.md", {"written": ["3.7"], "measured": "an abacus"}, "no such machine"),
        ("book/index.md", {"written": ["0.69"], "exact": "log(2)"}, "a word of its sentence"),
        ("book/index.md", {"written": ["0.69 and 0.69"], "exact": "log(2)"}, "one decimal, not 2"),
        ("book/index.md", {"written": ["of 0.69"], "rumour": "log(2)"}, "one source"),
    ],
)
@pytest.mark.usefixtures("one_page")
def test_a_wrong_entry_is_found(page, entry, fault):
    (found,) = faults(page, entry)
    assert fault in found


def test_an_entry_that_no_page_needs_is_found():
    assert unused("README.md", {"written": ["a bound of 0.123456"], "exact": "1 / 8.1"}) == ["a bound of 0.123456"]


PRINTED = """
truth 0.880 nats, minus the entropy 0.884
CP-VAE           5.875±0.023 0.884±0.000
CP-VAE, drawn c  5.901±0.023 -0.975±1e-05
INDp  I(z;c) = 0.020 ± 0.005 nats, 0.4% of B
N = 1,000: 7.5 % of all
N =    30: 12.5 % of all
"""


@pytest.mark.parametrize(
    "line, number",
    [
        ("truth …", "0.880"),
        ("truth … nats, minus the entropy …", "0.884"),
        ("CP-VAE …±… …", "0.884"),
        ("CP-VAE, drawn c …±… …", "-0.975"),
        ("CP-VAE, drawn c …±… -…", "0.975"),
        ("CP-VAE, drawn c …±… …±…", "1e-05"),
        ("INDp I(z;c) = … ± … nats, …%", "0.4%"),
        ("N = …: … % of", None),
        ("N = 30: … %", "12.5%"),
        ("N = 1,000: … %", "7.5%"),
        ("nats, …% of B", None),
        ("VAE …", None),
        ("truth … bits", None),
    ],
)
def test_a_number_is_read_off_one_line_of_output(line, number):
    if number:
        assert read_off(line, PRINTED) == number
    else:
        with pytest.raises(ValueError, match=r"^[02] lines of output begin with"):
            read_off(line, PRINTED)


@pytest.mark.parametrize(
    "written, printed, is_it",
    [
        ("0.88", "0.884", True),
        ("0.884", "0.884", True),
        ("0.880", "0.88", False),  # more digits than were printed
        ("0.89", "0.884", False),
        ("0.9", "-0.884", False),
        ("−0.9", "-0.884", True),
        ("0.4 %", "0.4%", True),
        ("0.4", "0.4%", False),
        ("1.3 %", "0.0128", True),
        ("1,234.6", "1,234.56", True),
        ("0.00", "1e-05", True),
    ],
)
def test_a_figure_may_be_what_was_printed_with_fewer_digits(written, printed, is_it):
    (figure,) = figures(written)
    assert rounds(figure, printed) is is_it
