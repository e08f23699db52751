"""The paper's tables beside ours, built from records alone."""

import math
import shutil
from functools import partial
from pathlib import Path

import nbformat
import pytest
import torch
from torch.distributions import Categorical, kl_divergence

from cpvae_lite.config import NAMES
from cpvae_lite.datasets import load_dataset
from cpvae_lite.saved import save_model
from cpvae_lite.storage import write_json
from cpvae_lite.study.columns import BOUND, EVIDENCE, RELAXED
from cpvae_lite.study.comparison import (
    gap_table,
    generating_table,
    label_table,
    runs_table,
    shared_table,
)
from cpvae_lite.study.results import SHIPPED, Results
from cpvae_lite.study.stored_runs import generating_bound
from cpvae_lite.study.table_3 import rows_of, table_3
from cpvae_lite.study.table_3_plot import plot_from_vae, plot_table_3
from cpvae_lite.zoo import MODELS, build


def record(name, size, seed, bound, epochs=300, posteriors=None):
    measures = {"negative_bound": bound, "negative_log_evidence": bound - 3, "importance_samples": 500}
    if posteriors:
        parts = [[1_000 * percent for percent in row] for row in posteriors]
        measures |= {"relaxed_negative_bound": bound - 1, "label_posterior_1e5": {"item": parts}}
    model = {"name": name} | ({"categories": size} if size else {})
    run = {"model": model, "training": {"seed": seed}, "data": {"name": "fashion-mnist"}, "measures": measures}
    machine = {"device": "cpu", "processor": "some processor"}
    return run | {"epochs": epochs, "best_epoch": epochs - 10, "seconds": 5400.0, "environment": machine}


# q(c|label), in percent
CP = [[50, 30, 20, 0, 0, 0], [0, 0, 10, 20, 30, 40]]
CP_ANEW = [[0, 50, 30, 20, 0, 0], [40, 0, 0, 10, 20, 30]]  # the categories of another seed are others
INDQ = [[40, 30, 20, 6, 4, 0], [40, 30, 20, 4, 0, 6]]


@pytest.fixture
def results(tmp_path):
    runs = {
        "cp-150-seed0": record("cp", 150, 0, 232.0, posteriors=CP),
        "cp-150-seed1": record("cp", 150, 1, 234.0, epochs=250, posteriors=CP_ANEW),
        "indq-150-seed0": record("indq", 150, 0, 233.0, posteriors=INDQ),
        "vae-seed0": record("vae", None, 0, 231.0),
    }
    for name, run in runs.items():
        write_json(tmp_path / "fashion-mnist" / f"{name}.json", run)
    return Results("fashion-mnist", tmp_path)


def test_a_row_has_the_papers_entry_and_ours_over_seeds(results):
    table = table_3(results)
    rows = {(row[0], row[1]): row[2:] for row in table.rows}
    assert table.header == ["model", "K", "paper", "relaxed, no bound", "-bound", "-log p(x)", "seeds", "epochs"]
    assert rows["CP-VAE", "150"] == [
        "233.79", "232.00 ± 1.41", "233.00 ± 1.41", "230.00 ± 1.41", "2", "250-300",
    ]  # fmt: skip
    assert rows["INDq", "150"] == ["234.41", "232.00", "233.00", "230.00", "1", "300"]
    assert rows["VAE", ""] == ["231.49", "–", "231.00", "228.00", "1", "300"]


def test_a_cell_that_was_not_run_is_empty_beside_the_papers(results):
    rows = {(row[0], row[1]): row[2:] for row in table_3(results).rows}
    assert len(rows) == 7 * 3 + 2
    assert rows["CP-VAE", "10"] == ["232.52", "", "", "", "", ""]
    assert rows["HVAE", ""] == ["230.10", "", "", "", "", ""]


def test_rows_can_be_chosen(results):
    table = table_3(results, {"vae", "cp-150", "cp-10"})
    assert [row[:2] for row in table.rows] == [["CP-VAE", "10"], ["CP-VAE", "150"], ["VAE", ""]]


@pytest.mark.parametrize(("part", "setting"), [("training", {"epochs": 250}), ("measures", {"importance_samples": 5})])
def test_runs_with_other_settings_than_planned_are_marked(results, part, setting):
    trial = record("indp", 150, 1, 233.0, epochs=250, posteriors=CP)
    write_json(results.folder / "indqp-150-seed1.json", record("indqp", 150, 1, 233.0, epochs=250, posteriors=CP))
    write_json(results.folder / "indp-150-seed1.json", trial | {part: trial[part] | setting})
    rows = {row[0]: row for row in table_3(Results("fashion-mnist", results.folder.parent)).rows if row[-1]}
    assert rows["INDp"][-1] == "250*" and rows["INDqp"][-1] == "250"  # that one was stopped early


def test_rows_follow_the_paper(results):
    names = list(dict.fromkeys(row[0] for row in table_3(results).rows))
    assert names == list(NAMES.values()) and NAMES.keys() == MODELS.keys()


def test_an_empty_folder_gives_a_table_without_figures(tmp_path):
    table = table_3(Results("omniglot", tmp_path))
    assert len(table.rows) == 7 * 2 + 2 and all(set(row[3:]) == {""} for row in table.rows)


def drawn(figure):
    """The points of each mark, and what stands at the border."""
    (axes,) = figure.axes
    points = {line.get_label(): list(zip(*line.get_data(), strict=True)) for line in axes.lines}
    border = {text.get_position()[1]: text.get_text() for text in axes.texts}
    return points, border, axes.get_xlim()


def test_the_picture_of_table_3_has_a_point_for_each_seed_on_the_line_of_its_row(results):
    table = table_3(results).rows
    points, border, (low, high) = drawn(plot_table_3(results))
    line = [row[:2] for row in table].index(["CP-VAE", "150"])
    bounds = [run["measures"]["negative_bound"] for run in results.runs("cp-150")]
    assert len(bounds) > 1 and [x for x, y in points["-bound"] if y == line] == bounds
    near = {y: f"{x:.2f}" for x, y in points["the paper's"]}
    assert near and border and not near.keys() & border.keys()
    for y, row in enumerate(table):  # each of the paper's entries once
        assert row[2] in (near | border)[y]
    assert all(low < x < high for x, _ in points["the paper's"] + points["-bound"])


def test_the_picture_of_no_runs_has_the_entries_of_the_paper_alone(tmp_path):
    points, border, _ = drawn(plot_table_3(Results("omniglot", tmp_path)))
    assert len(points["the paper's"]) == 7 * 2 + 2 and not border
    assert points["-bound"] == points["-log p(x)"] == []


def test_categories_of_several_labels_are_marked(results):
    table = label_table(results, ("shoe", "bag"))
    assert table.header == ["label", "CP-VAE", "INDq"]
    assert table.rows == [
        ["shoe", "0*, 1, 2*, 3*, 4*", "0*, 1*, 2*, 3*, 4"],
        ["bag", "5, 4*, 3*, 2*, 0*", "0*, 1*, 2*, 5, 3*"],
    ]


def test_a_row_a_run_says_how_it_was_made(results):
    assert runs_table(results).rows[1:3] == [
        ["CP-VAE", "1", "250", "240", "1.5", "cpu (some processor)", "500"],
        ["INDq", "0", "300", "290", "1.5", "cpu (some processor)", "500"],
    ]


def test_the_gap_is_the_bound_less_the_relaxed_value(results):
    assert gap_table(results).rows == [
        ["CP-VAE", "233.79", "232.00 ± 1.41", "233.00 ± 1.41", "1.00 ± 0.00"],
        ["INDq", "234.41", "232.00", "233.00", "1.00"],
    ]


def test_shared_categories_stand_beside_the_papers(results):
    assert shared_table(results).rows == [
        ["CP-VAE", "4", "4 ± 0", "6.3", "0.100 ± 0.000"],
        ["INDq", "12", "4", "6.3", "0.940"],
    ]


def test_without_lists_of_the_paper_there_is_a_dash(tmp_path):
    write_json(tmp_path / "mnist" / "indp-150-seed0.json", record("indp", 150, 0, 90.0, posteriors=CP))
    assert shared_table(Results("mnist", tmp_path)).rows == [["INDp", "–", "4", "6.3", "0.100"]]


@pytest.mark.parametrize(
    "table", [gap_table, shared_table, generating_table, runs_table, partial(label_table, label_names=())]
)
def test_models_that_were_not_run_have_no_row(tmp_path, table):
    assert table(Results("mnist", tmp_path)).rows == []


def test_the_bound_of_what_is_drawn_has_the_divergence_from_the_shares_of_training():
    results = Results("mnist")
    model, x = results.model("indq-150"), load_dataset("mnist", subset=True).observed("test")
    pi = model.predict_proba(x).double()
    uniform, shares = (Categorical(probs=p_c.double()) for p_c in (torch.ones(150), model.aggregated_posterior))
    change = (kl_divergence(Categorical(probs=pi), uniform) - kl_divergence(Categorical(probs=pi), shares)).mean()
    bound = results.runs("indq-150")[0]["measures"]["negative_bound"]
    assert change > 0.1 and generating_bound(results, "indq-150") == pytest.approx(bound - change.item(), abs=2e-3)
    assert generating_table(results).rows[1] == ["INDq", f"{bound:.2f}", f"{bound - change:.2f}", f"{change:.2f}"]


def test_the_first_seed_need_not_be_0_and_an_unused_category_changes_nothing(tmp_path):
    model = build("cp", features=4, categories=4, latent_size=2, hidden=3)
    model.aggregated_posterior.copy_(torch.tensor([0.5, 0.25, 0.25, 0.0]))
    save_model(model, tmp_path / "mnist" / "cp-150-seed3")
    for seed, shares in ((3, [0.5, 0.5, 0.0, 0.0]), (4, [0.25] * 4)):
        run = record("cp", 150, seed, 90.0)
        run["measures"]["aggregated_posterior"] = shares
        write_json(tmp_path / "mnist" / f"cp-150-seed{seed}.json", run)
    assert generating_bound(Results("mnist", tmp_path), "cp-150") == pytest.approx(90.0 - 0.5 * math.log(2))


def test_without_weights_there_is_no_prior_to_draw_from(results):
    with pytest.raises(FileNotFoundError):
        generating_table(results)


def test_measured_from_the_vae_each_point_is_a_difference():
    results = Results("omniglot")
    points, _, _ = drawn(plot_from_vae(results))
    runs = [run for run in rows_of("omniglot") if run.model["name"] != "vae"]
    for column, base in ((RELAXED, BOUND), (BOUND, BOUND), (EVIDENCE, EVIDENCE)):
        of_vae = base.mean(results, "vae")
        assert len(points[column.name]) >= 8
        for x, y in points[column.name]:
            assert column.values(results, runs[y].label) == [pytest.approx(x + of_vae)]
    assert {y: x for x, y in points["the paper's"]}[0] == pytest.approx(117.51 - 115.06)


TABLES_OF_THE_PAGE = (
    "fashion", "fashion-plot", "mnist", "mnist-plot", "omniglot", "omniglot-plot", "yardstick", "two", "two-table",
    "from-vae", "from-vae-table", "frozen", "gap",
)  # fmt: skip


def test_the_page_of_the_table_needs_the_records_alone(tmp_path):
    """No weights, no sheets of samples: the cells run on copies of the JSON files."""
    cells = nbformat.read(Path(__file__).parents[1] / "book" / "comparison.ipynb", as_version=4).cells
    code = {cell.id: cell.source for cell in cells if cell.cell_type == "code"}
    for data in ("fashion-mnist", "mnist", "omniglot"):
        (tmp_path / data).mkdir()
        for path in (SHIPPED / data).glob("*.json"):
            shutil.copy(path, tmp_path / data)
    found = {}
    exec(code["setup"], found)
    exec(code["recompute"].replace("RECOMPUTE", "False").replace("SHIPPED", repr(str(tmp_path))), found)
    for name in TABLES_OF_THE_PAGE:
        exec(code[name], found)
    assert str(found["folder"]) == str(tmp_path)
