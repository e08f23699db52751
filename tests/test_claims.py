"""The paper's sentences: verdicts that the stored results bear out, and that other results would overturn."""

import re
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
import torch
from altered_results import Altered
from docutils.nodes import make_id

from cpvae_lite import load_model
from cpvae_lite.storage import write_json
from cpvae_lite.study.claims import HEADER, LONG, NOT_BORNE_OUT, OPEN_HERE, Claim, claims_table
from cpvae_lite.study.claims_images import IMAGES
from cpvae_lite.study.claims_synthetic import LAST, LOW, SLOW, SYNTHETIC, USUAL
from cpvae_lite.study.results import Results
from cpvae_lite.tables import CHARACTERS, Table

BOOK = Path(__file__).parents[1] / "book"
CLAIMS = {claim.number: claim for claim in SYNTHETIC}
EACH = pytest.mark.parametrize("claim", SYNTHETIC, ids=CLAIMS)
SHIPPED_RESULTS = cache(Results)


class WithShares(Altered):
    """Other measures, and a model with other shares of its categories."""

    def __init__(self, table, change, shares):
        super().__init__(table, change)
        self.shares = shares

    def model(self, label, seed=0):
        return SimpleNamespace(aggregated_posterior=torch.tensor(self.shares))


def altered(change, shares=(0.5, 0.5)):
    return cache(lambda table: WithShares(table, change, shares))


def generating(**figures):
    """Every run generates numbers with these figures, with categories from q(c) and from the uniform prior."""

    def change(label, found):
        for source in {"generated", "uniform"} & found.keys():
            found[source] |= figures

    return change


def mixing(label, found):
    """Uniform categories fill the valley."""
    for source in {"uniform"} & found.keys():
        found[source]["between"] = 0.3


def best_with_many(label, found):
    """Components: many make a clean picture, few do not."""
    found["generated"]["distance"] = 0.001 if label.endswith("-150") else 0.03


def two_in_use(label, found):
    found["effective_categories"] = 2.0


def choosing(label, found):
    found["purity"] = 1.0


def unchanged(label, found):
    pass


def learning_decides(label, found):
    """All runs whose prior does not see c have a bridge."""
    if label in ("indp-2", "indqp-2"):
        found["generated"]["distance"] = 0.014


FAILING, PERFECT = generating(modes=1, distance=0.08, between=0.3), generating(modes=2, distance=0.001, between=0.023)
OVERTURNED = [  # results under which a verdict would be another
    *[(number, FAILING) for number in ("S1a", "S1b", "S2a", "S2b", "S2c", "S3a", "S4", "S5", "S6a")],
    *[(number, PERFECT) for number in ("S1b", "S2b", "S2c", "S3a", "S5", "S6a")],
    ("S2b", learning_decides),
    ("S3b", choosing),
    ("S3c", choosing),
    ("S4", best_with_many),
    ("S6a", mixing),
    ("S6b", two_in_use),
]

CLEAN, BRIDGE, HILL = {"modes": 2, "distance": 0.001}, {"modes": 2, "distance": 0.014}, {"modes": 1, "distance": 0.08}
OVERTURNED_ALONE = [  # one model in one table is enough
    ("S1a", USUAL, "cp-2", BRIDGE),
    ("S1a", LOW, "cp-2", BRIDGE),
    ("S1a", LAST, "cp-2", HILL),
    ("S1a", LAST, "cp-2", CLEAN),
    ("S1b", LOW, "cp-150", BRIDGE),
    ("S1b", LAST, "cp-150", HILL),
    ("S1b", USUAL, "cp-150", HILL),
    ("S1b", USUAL, "cp-150", CLEAN),
    *[("S2a", table, label, BRIDGE) for table in (USUAL, LOW) for label in ("cp-2", "indq-2")],
    ("S2a", LAST, "indq-2", BRIDGE),
    ("S2a", LAST, "cp-2", CLEAN),
    ("S2b", LOW, "cp-2", BRIDGE),
    ("S2b", LOW, "indq-2", BRIDGE),
    *[("S2c", LOW, label, BRIDGE) for label in ("cp-150", "indq-150")],
    *[("S2c", LAST, label, HILL) for label in ("cp-150", "indq-150")],
    *[("S2c", SLOW, label, CLEAN) for label in ("cp-150", "indq-150")],
    ("S2c", USUAL, "indq-150", CLEAN),
    ("S2c", USUAL, "cp-150", HILL),
    ("S2c", USUAL, "cp-150", CLEAN),
    ("S4", USUAL, "vamp-2", HILL),
    ("S4", USUAL, "mog-2", HILL),
    *[("S5", USUAL, f"{name}-150", CLEAN) for name in ("indp", "indqp")],
    *[("S5", LAST, f"{name}-2", CLEAN) for name in ("indp", "indqp")],
    ("S5", LOW, "indp-2", CLEAN),
]


@EACH
def test_the_shipped_results_bear_out_the_verdict(claim):
    assert claim.stands(SHIPPED_RESULTS)


@pytest.mark.parametrize("number, change", OVERTURNED)
def test_other_results_overturn_a_verdict(number, change):
    assert not CLAIMS[number].stands(altered(change))


@pytest.mark.parametrize("number, table, label, figures", OVERTURNED_ALONE)
def test_one_model_in_one_table_overturns_a_verdict(number, table, label, figures):
    def change(name, found):
        if name == label:
            found["generated"] |= figures

    changed = altered(change)(table)
    assert not CLAIMS[number].stands(lambda name: changed if name == table else SHIPPED_RESULTS(name))


@pytest.mark.parametrize("table, label", [(USUAL, "cp-2"), (LAST, "cp-2"), (LAST, "cp-150"), (LOW, "cp-150")])
def test_categories_that_mix_overturn_that_they_draw_one_mode(table, label):
    def change(name, found):
        if name == label:
            found["purity"] = 0.85

    changed = altered(change)(table)
    assert not CLAIMS["S3c"].stands(lambda name: changed if name == table else SHIPPED_RESULTS(name))


@pytest.mark.parametrize("shares, stands", [((0.4, 0.6), True), ((0.02, 0.98), False)])
def test_a_spare_category_overturns_the_last_verdict(shares, stands):
    assert CLAIMS["S6c"].stands(altered(unchanged, shares)) is stands


def test_every_verdict_can_be_overturned():
    assert CLAIMS.keys() - {number for number, _ in OVERTURNED} == {"S6c"}


def test_every_sentence_of_the_paper_is_there_once():
    numbers = [claim.number for claim in SYNTHETIC]
    assert numbers == sorted(set(numbers))
    assert {number[:2] for number in numbers} == {f"S{n}" for n in range(1, 7)}


@EACH
def test_what_was_measured_is_plain_text(claim):
    for text in (claim.says, claim.verdict, claim.measured(SHIPPED_RESULTS)):
        assert text and not re.search(r"[$\\*`\n]|nan|inf\b", text)


def test_figures_come_from_the_results():
    distances = [run["measures"]["generated"]["distance"] for run in Results("synthetic").runs("cp-2")]
    shown = f"usual {sum(distances) / 5:.4f} ± {torch.tensor(distances).std():.4f}, low"
    assert CLAIMS["S1a"].measured(SHIPPED_RESULTS).startswith(shown)
    other = CLAIMS["S1a"].measured(altered(generating(distance=0.0123)))
    assert other.startswith("usual 0.0123 ± 0.0000, low 0.0123 ± 0.0000; last epoch 0.0123 ± 0.0000")
    shares = CLAIMS["S3a"].measured(altered(generating(between=0.25)))
    assert "25.0 ± 0.0 % of its numbers" in shares and "the truth has 2.3 %" in shares
    assert "smallest share is 0.80 of 1/K" in CLAIMS["S6c"].measured(altered(unchanged, (0.4, 0.6)))


@EACH
def test_where_it_is_shown_is_a_section_of_the_book(claim):
    page, section = claim.where.split("#")
    text = [cell.source for cell in nbformat.read(BOOK / f"{page}.ipynb", as_version=4).cells]
    headings = re.findall(r"^#+ (.+)$", "\n".join(text), re.MULTILINE)
    assert section in map(make_id, headings)


def test_a_verdict_must_be_one():
    with pytest.raises(ValueError, match="S0: 'perhaps' is no verdict; begin with one of holds, does not hold, dep"):
        Claim("S0", "all is well", "perhaps", "synthetic#exercises", lambda stored: "", lambda stored: True)


def toy(measured="a figure", stands=lambda stored: True, says="it works", verdict="holds"):
    return Claim("S0", says, verdict, "synthetic#exercises", lambda stored: measured, stands)


def cells_of(claim):
    """The row of a claim on a page, and its three cells."""
    html = claims_table([claim])._repr_html_()
    (row,) = re.findall("<tbody>(.*)</tbody>", html, re.DOTALL)
    return row, re.findall(r"<t[hd] [^>]*>(.*?)</t[hd]>", row)


def test_the_table_has_a_row_for_each_claim():
    table = claims_table(SYNTHETIC)
    assert isinstance(table, Table) and table.header == HEADER
    assert HEADER == ("claim", "the paper says", "verdict", "what we measured", "shown in")
    assert table.rows == [
        [one.number, one.says, one.verdict, one.measured(SHIPPED_RESULTS), one.where] for one in SYNTHETIC
    ]


def test_the_table_reads_the_folder_that_it_is_given(tmp_path):
    for seed, modes in enumerate((1, 2)):
        record = {"model": {}, "training": {"seed": seed}, "data": {}, "measures": {"modes": modes}}
        write_json(tmp_path / "toy" / f"cp-2-seed{seed}.json", record)

    def modes(stored):
        return stored("toy").over_seeds("cp-2", lambda run: run["modes"])

    claim = Claim("S0", "two", "holds", "toys#two", lambda s: modes(s).format(1), lambda s: min(modes(s).values) == 2)
    assert claims_table([claim], tmp_path).rows == [["S0", "two", "holds" + NOT_BORNE_OUT, "1.5 ± 0.7", "toys#two"]]


def test_a_sentence_about_a_run_that_is_not_there_is_open_and_the_others_are_judged(tmp_path):
    (tmp_path / "toy").mkdir()
    missing = toy(stands=lambda stored: stored("toy").first("cp-2"))
    unkept = toy(stands=lambda stored: load_model(tmp_path / "toy" / "cp-3-seed0"))
    rows = claims_table([missing, toy(), unkept], tmp_path).rows
    assert [row[2:4] for row in rows] == [
        [f"{OPEN_HERE}: {tmp_path / 'toy'} holds no run of cp-2; there are none", ""],
        ["holds", "a figure"],
        [f"{OPEN_HERE}: {tmp_path / 'toy' / 'cp-3-seed0'} holds no finished model (model.json is missing)", ""],
    ]


@pytest.mark.parametrize("claims", [SYNTHETIC, IMAGES], ids=["synthetic", "images"])
def test_without_any_run_all_sentences_are_open(claims, tmp_path):
    assert all(row[2].startswith("open") and row[3] == "" for row in claims_table(claims, tmp_path).rows)


def test_long_sentences_wrap_in_a_terminal_and_on_a_page():
    table = claims_table([toy("0.123 ± 0.456, " * 9, says="a < b"), toy("none")])
    lines = str(table).split("\n")
    assert max(map(len, lines)) <= 5 + 4 * CHARACTERS + 8 and len(lines) > 5
    assert sum("0.123\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}0.456," in line for line in lines) > 2
    html = table._repr_html_()
    cells = re.findall(r"<t[hd] [^>]*>", html)
    assert len(cells) == 9 and all("text-align: left" in cell and "white-space: normal" in cell for cell in cells)
    assert html.count("a &lt; b") == 1


def test_a_page_cites_a_claim_by_its_number_and_leads_from_its_sentence_to_the_place():
    table = claims_table([toy(says="a < b")])
    row, (sentence, *_) = cells_of(toy(says="a < b"))
    assert row.count('<tr id="claim-S0">') == 1 and ">S0</span> <a " in sentence
    assert sentence.endswith('<a href="synthetic.html#exercises">a &lt; b</a>') and row.count("<a ") == 1
    assert "S0" in str(table) and "synthetic#exercises" in str(table)
    assert re.findall(r'<th scope="col"[^>]*>(.*?)</th>', table._repr_html_()) == list(HEADER[1:-1])


def test_a_place_that_is_no_section_is_no_link():
    claim = Claim("S0", "it works", "holds", "not here", lambda stored: "", lambda stored: True)
    assert "<a " not in claims_table([claim])._repr_html_()


def test_the_parts_of_a_sentence_have_lines_and_its_verdict_a_badge_on_a_page():
    row, (_, verdict, measured) = cells_of(toy("3; 4 < 5; 6", verdict="holds water; so it does"))
    assert measured == "3;<br>4 &lt; 5;<br>6" and verdict.endswith("✓ holds</span> water;<br>so it does")
    assert "<details>" not in row and row.count("✓") == 1  # not in the other columns


@pytest.mark.parametrize(
    ("verdict", "shown"),
    [
        ("depends on a: b; c", " on a:<br>b;<br>c"),
        ("depends on a (of 1.5). B: c", " on a (of 1.5).<br>B: c"),
        ("depends: a and b; c", ": a and b;<br>c"),
        ("depends: a and b", ": a and b"),
    ],
)
def test_the_first_clause_of_a_verdict_comes_first(verdict, shown):
    assert cells_of(toy(verdict=verdict))[1][1].endswith(f"± depends</span>{shown}")


@pytest.mark.parametrize("place, more", [(1, "more"), (2, "more figures")])
def test_of_a_long_text_a_page_folds_all_but_the_first_part(place, more):
    many = "holds for 0; " + "; ".join(f"part {number}" for number in range(40))
    assert len(many) > LONG
    shown = cells_of(toy(many, verdict=many))[1][place]
    first, rest = shown.split(f"<details><summary>{more}</summary>")
    assert first.endswith(" for 0;") and rest.startswith("part 0;<br>part 1;") and rest.endswith("part 39</details>")
    assert "details" not in str(claims_table([toy(many)]))
