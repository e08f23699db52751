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
from cpvae_lite.study.claims import MEASURED, NOT_BORNE_OUT, OPEN_HERE, VERDICT, Claim, Verdicts, claims_table
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


def toy(measured="a figure", stands=lambda stored: True, says="it works"):
    return Claim("S0", says, "holds", "synthetic#exercises", lambda stored: measured, stands)


def test_the_table_has_a_row_for_each_claim():
    table = claims_table(SYNTHETIC)
    assert isinstance(table, Table) and table.header == ["the paper says", "verdict", "what we measured", "shown in"]
    assert table.rows == [[one.says, one.verdict, one.measured(SHIPPED_RESULTS), one.where] for one in SYNTHETIC]


def test_the_table_reads_the_folder_that_it_is_given(tmp_path):
    for seed, modes in enumerate((1, 2)):
        record = {"model": {}, "training": {"seed": seed}, "data": {}, "measures": {"modes": modes}}
        write_json(tmp_path / "toy" / f"cp-2-seed{seed}.json", record)

    def modes(stored):
        return stored("toy").over_seeds("cp-2", lambda run: run["modes"])

    claim = Claim("S0", "two", "holds", "toys#two", lambda s: modes(s).format(1), lambda s: min(modes(s).values) == 2)
    assert claims_table([claim], tmp_path).rows == [["two", "holds" + NOT_BORNE_OUT, "1.5 ± 0.7", "toys#two"]]


def test_a_sentence_about_a_run_that_is_not_there_is_open_and_the_others_are_judged(tmp_path):
    (tmp_path / "toy").mkdir()
    missing = toy(stands=lambda stored: stored("toy").first("cp-2"))
    unkept = toy(stands=lambda stored: load_model(tmp_path / "toy" / "cp-3-seed0"))
    rows = claims_table([missing, toy(), unkept], tmp_path).rows
    assert [row[1:3] for row in rows] == [
        [f"{OPEN_HERE}: {tmp_path / 'toy'} holds no run of cp-2; there are none", ""],
        ["holds", "a figure"],
        [f"{OPEN_HERE}: {tmp_path / 'toy' / 'cp-3-seed0'} holds no finished model (model.json is missing)", ""],
    ]


@pytest.mark.parametrize("claims", [SYNTHETIC, IMAGES], ids=["synthetic", "images"])
def test_without_any_run_all_sentences_are_open(claims, tmp_path):
    assert all(row[1].startswith("open") and row[2] == "" for row in claims_table(claims, tmp_path).rows)


def test_long_sentences_wrap_in_a_terminal_and_on_a_page():
    table = claims_table([toy("0.123 ± 0.456, " * 9, says="a < b"), toy("none")])
    lines = str(table).split("\n")
    assert max(map(len, lines)) <= 4 * CHARACTERS + 6 and len(lines) > 5
    assert sum("0.123\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}0.456," in line for line in lines) > 2
    html = table._repr_html_()
    cells = re.findall(r"<t[hd] [^>]*>", html)
    assert len(cells) == 12 and all("text-align: left" in cell and "white-space: normal" in cell for cell in cells)
    assert html.count("a &lt; b") == 1


def test_the_parts_of_a_sentence_have_lines_and_its_verdict_a_badge_on_a_page():
    parts = toy("3; 4 < 5; 6", says="holds water; so it does")
    html = claims_table([parts])._repr_html_()
    assert "3;<br>4 &lt; 5;<br>6" in html and "holds water;<br>so it does" in html
    assert "<details>" not in html
    assert re.findall(r"<span [^>]*>(.*?)</span>", html) == ["✓ holds"]  # not that of the other columns


def test_of_many_figures_a_page_folds_all_but_the_first_part():
    many = "; ".join(f"figure {number}" for number in range(40))
    table = Verdicts(["the paper says", VERDICT, MEASURED], [["a sentence", "holds", many]])
    first, rest = table._repr_html_().split("<details><summary>more figures</summary>")
    assert first.endswith("figure 0;") and rest.startswith("figure 1;<br>figure 2;") and "figure 39</details>" in rest
    assert "figure 39" in str(table) and "details" not in str(table)


def test_the_place_of_a_claim_is_a_link_on_a_page():
    html = claims_table([toy()])._repr_html_()
    assert html.count('><a href="synthetic.html#exercises">synthetic</a></td>') == html.count("<a ") == 1
    assert "synthetic#exercises" in str(claims_table([toy()]))
