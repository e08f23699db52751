"""Tables as text and as HTML, and their entries over seeds."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest
import torch

from cpvae_lite.metrics import effective_categories
from cpvae_lite.storage import write_json, write_png
from cpvae_lite.study.columns import COLUMNS, LESS_UNEVEN, Column, table_of, uneven_use
from cpvae_lite.study.results import Results, Spread
from cpvae_lite.tables import Table


class Cells(HTMLParser):
    """Collects the text of each row of a table."""

    def __init__(self, html):
        super().__init__()
        self.rows = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data):
        if self.rows and data.strip():
            self.rows[-1][-1] += data


def record(seed, value, extra=None, epochs=3):
    training = {"seed": seed, "epochs": epochs}
    measures = {"value": value, "extra": extra}
    return {"model": {"name": "toy"}, "training": training, "data": {"name": "toy"}, "measures": measures}


@pytest.fixture
def results(tmp_path):
    for label, seed, value, extra in [("a", 0, 1.0, 4), ("a", 10, 5.0, 5), ("a", 2, 3.0, 6), ("b-2", 0, 7.0, None)]:
        write_json(tmp_path / "toy" / f"{label}-seed{seed}.json", record(seed, value, extra))
    return Results("toy", tmp_path)


def test_text_has_aligned_columns():
    lines = str(Table(["name", "x"], [["a", "10.5"], ["longer", "1"]])).split("\n")
    assert lines == ["name       x", "a       10.5", "longer     1"]


def test_columns_of_figures_stand_at_the_right_and_words_at_the_left():
    figures = ["1.0 ± 2.0", "–", "", "+1.03", "33%", "100*", "5,000", "0.69  0.70"]
    for entry, side in [*((figure, "right") for figure in figures), ("cpu", "left"), ("91, 66, 130", "left")]:
        table = Table(["n", "of all"], [["a", entry], ["b", "7"]])
        assert table._repr_html_().count(f'style="text-align: {side}"') == (3 if side == "right" else 6)
        last = str(table).split("\n")[-1]
        assert last == ("b  " + ("7".rjust(max(6, len(entry))) if side == "right" else "7"))


def cells(table):
    """Of its last row: the kind of each cell, whether it stays in sight, and what it says."""
    row = table._repr_html_().split("<tr>")[-1]
    found = re.findall(r"<(t[hd])( scope=.row.)?( class=.kept.)? style=[^>]*>(?:<span>)?([^<]+)<", row)
    return [(tag, bool(kept), text) for tag, _, kept, text in found]


def test_words_before_the_first_figures_name_a_row_and_the_last_of_them_stays_in_sight():
    table = Table(["data", "run", "bound", "on"], [["mnist", "cp-2", "1.0", "cpu"]])
    assert cells(table) == [("th", False, "mnist"), ("th", True, "cp-2"), ("td", False, "1.0"), ("td", False, "cpu")]
    assert '<th scope="col" class="kept" style="text-align: left"><span>run</span></th>' in table._repr_html_()
    lists = Table(["label", "categories"], [["0", "1, 2, 3"]])  # no column of figures
    assert cells(lists) == [("th", True, "0"), ("td", False, "1, 2, 3")]


def test_html_holds_the_same_cells_and_escapes_them():
    header, rows = ["name", "<x>"], [["a & b", "1"], ['"c"', "2"]]
    assert Cells(Table(header, rows)._repr_html_()).rows == [header, *rows]


def test_html_keeps_a_minus_with_its_word():
    html = Table(["run", "-log p(x)", "test - train"], [["a", "1.0", "-2.0"]])._repr_html_()
    assert 'nowrap">-log</span> p(x)</th>' in html and ">test - train</th>" in html
    assert Cells(html).rows[0] == ["run", "-log p(x)", "test - train"]


def test_html_keeps_a_mean_with_its_deviation_and_has_the_class_that_pages_style():
    html = Table(["a mean", "x"], [["two words", "1.0 ± 2.0"]])._repr_html_()
    assert html.startswith('<table class="dataframe">') and "two words" in html
    assert "1.0\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}2.0" in html


def test_a_row_must_have_as_many_entries_as_the_header():
    with pytest.raises(ValueError, match="row 'a' has 1 entries, the header 2"):
        Table(["name", "x"], [["a"]])


def test_spread_is_mean_and_deviation_between_runs():
    found = Spread.over([1.0, 3.0, 5.0])
    assert (found.mean, found.deviation, found.values) == (3.0, 2.0, (1.0, 3.0, 5.0))
    assert Spread.over([4.0]).deviation is None
    assert Spread.over([1e9, 1e9 + 1, 1e9 + 2]).deviation == 1.0  # the spread is small beside the mean
    with pytest.raises(ValueError, match="at least one run"):
        Spread.over([])


def test_runs_are_read_in_the_order_of_their_seeds(results):
    assert results.labels == ["a", "b-2"]
    assert [run["measures"]["value"] for run in results.runs("a")] == [1.0, 3.0, 5.0]
    assert results.over_seeds("a", lambda found: found["value"]).values == (1.0, 3.0, 5.0)


def test_only_the_runs_of_some_names_are_left(results):
    found = results.only({"toy/a-seed2", "toy/a-seed10", "toy/a-seed1", "other/b-2-seed0"})
    assert found.labels == ["a"] and found.over_seeds("a", lambda found: found["value"]).values == (3.0, 5.0)
    assert results.labels == ["a", "b-2"] and len(results.runs("a")) == 3


def test_what_stays_of_a_label_is_that_of_its_first_run_if_no_seed_is_given(results):
    left = results.only({"toy/a-seed2", "toy/a-seed10"})
    write_png(left.folder / "a-seed2.png", np.full((2, 3), 7, np.uint8))
    assert left.path("a") == left.folder / "a-seed2.json" and left.sheet("a").tolist() == [[7] * 3] * 2
    with pytest.raises(FileNotFoundError, match="the run a-seed10 left no samples"):
        left.sheet("a", seed=10)
    with pytest.raises(FileNotFoundError, match="the run a-seed2 left no weights; those that did: none"):
        left.model("a")


def test_what_was_not_run_is_named(results):
    with pytest.raises(KeyError, match=r"no run of c; there are a, b-2"):
        results.runs("c")
    with pytest.raises(KeyError, match="there are none"):
        Results("nothing", results.folder).runs("a")


def test_a_table_shows_mean_and_deviation_and_a_dash_where_there_is_no_figure(results):
    columns = [Column("value", lambda found: found["value"], 1), Column("extra", lambda found: found["extra"], 0)]
    table = table_of(results, columns)
    assert table.header == ["run", "seeds", "value", "extra"]
    assert table.rows == [["a", "3", "3.0 ± 2.0", "5 ± 1"], ["b-2", "1", "7.0", "–"]]
    assert table_of(results, columns, ["b-2"]).rows == table.rows[1:]


@pytest.mark.parametrize("measures", [{}, {"value": None}])
def test_a_record_that_lacks_a_figure_is_named_with_its_column(results, measures):
    write_json(results.folder / "a-seed10.json", record(10, 5.0) | {"measures": measures})
    columns = [Column("negative value", lambda found: -found["value"])]
    path = results.folder / "a-seed10.json"
    with pytest.raises(ValueError, match=r"'negative value' shows .*: delete it and run it again") as caught:
        table_of(Results("toy", results.folder.parent), columns, ["a"])
    assert str(path) in str(caught.value)


def test_every_table_has_its_columns():
    from cpvae_lite.study.grids import TABLES

    assert set(COLUMNS) == set(TABLES)


def test_runs_of_different_settings_have_no_mean(results):
    write_json(results.folder / "a-seed3.json", record(3, 1.0, epochs=4))
    with pytest.raises(ValueError, match=r"the runs of a have different settings \(epochs\), so no mean"):
        Results("toy", results.folder.parent)


def test_runs_of_different_numbers_of_importance_samples_have_no_mean(results):
    for seed, samples in ((0, 5000), (1, 500)):
        content = record(seed, 1.0)
        content["measures"]["importance_samples"] = samples
        write_json(results.folder / f"c-seed{seed}.json", content)
    with pytest.raises(ValueError, match=r"the runs of c have different settings \(importance_samples\), so no mean"):
        Results("toy", results.folder.parent)


@pytest.mark.parametrize(
    ("change", "name"), [({"fingerprint": "0"}, "fingerprint of the data"), ({"subset": True}, "subset")]
)
def test_runs_of_different_data_have_no_mean(results, change, name):
    content = record(3, 1.0)
    content["data"] |= change
    write_json(results.folder / "a-seed3.json", content)
    with pytest.raises(ValueError, match=rf"the runs of a have different settings \({name}\), so no mean"):
        Results("toy", results.folder.parent)


def test_a_run_from_before_a_setting_existed_has_its_default(results):
    content = record(3, 7.0)
    content["training"]["compile"] = False
    write_json(results.folder / "a-seed3.json", content)
    assert Results("toy", results.folder.parent).over_seeds("a", lambda found: found["value"]).mean == 4.0
    content["training"]["compile"] = True
    write_json(results.folder / "a-seed3.json", content)
    with pytest.raises(ValueError, match=r"different settings \(compile\)"):
        Results("toy", results.folder.parent)


def test_a_damaged_record_is_named_and_other_files_are_left_alone(results):
    write_json(results.folder / "a-seed3 (copy).json", {})
    assert Results("toy", results.folder.parent).labels == ["a", "b-2"]
    for content in ({}, record(3, 1.0)):  # of another seed, so of another name
        write_json(results.folder / "a-seed4.json", content)
        with pytest.raises(ValueError, match=r"a-seed4.json is damaged: it is no record of a run of that name"):
            Results("toy", results.folder.parent)


def test_uneven_use_is_the_divergence_of_q_from_an_even_prior():
    q = torch.tensor([0.5, 0.25, 0.125, 0.125])
    found = {"negative_bound": 90.0, "categories": 4, "effective_categories": effective_categories(q)}
    assert uneven_use(found) == pytest.approx((q * (4 * q).log()).sum().item(), abs=1e-6)
    assert LESS_UNEVEN.figure(found) == pytest.approx(90.0 - uneven_use(found))
    assert uneven_use({"negative_bound": 90.0}) is LESS_UNEVEN.figure({"negative_bound": 90.0}) is None


def test_a_table_that_the_package_does_not_ship_is_refused_and_a_folder_may_hold_any(tmp_path):
    with pytest.raises(ValueError, match="unknown table 'mnsit'; did you mean 'mnist'"):
        Results("mnsit")
    assert Results("mine", tmp_path).labels == []


def test_results_stand_in_the_home_folder_too(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Results("mine", "~/results").folder == tmp_path / "results" / "mine"
