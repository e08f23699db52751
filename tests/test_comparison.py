"""The paper's tables beside ours, built from records alone."""

import pytest

from cpvae_lite.comparison import NAMES, first_of, label_table, table_3
from cpvae_lite.results import Results
from cpvae_lite.storage import write_json
from cpvae_lite.zoo import MODELS


def record(name, size, seed, bound, epochs=300, posteriors=None):
    measures = {"negative_bound": bound, "negative_log_evidence": bound - 3}
    if name in ("cp", "indq"):
        measures |= {"relaxed_negative_bound": bound - 1, "label_posteriors": {"item": posteriors}}
    model = {"name": name} | ({"categories": size} if size else {})
    return {"model": model, "training": {"seed": seed}, "measures": measures, "epochs": epochs}


CP = [[0.5, 0.3, 0.2, 0, 0, 0], [0, 0, 0.1, 0.2, 0.3, 0.4]]
INDQ = [[0.4, 0.3, 0.2, 0.06, 0.04, 0], [0.4, 0.3, 0.2, 0.04, 0, 0.06]]


@pytest.fixture
def results(tmp_path):
    runs = {
        "cp-150-seed0": record("cp", 150, 0, 232.0, posteriors=CP),
        "cp-150-seed1": record("cp", 150, 1, 234.0, epochs=250, posteriors=CP),
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


def test_rows_follow_the_paper(results):
    names = list(dict.fromkeys(row[0] for row in table_3(results).rows))
    assert names == list(NAMES.values()) and NAMES.keys() == MODELS.keys()


def test_an_empty_folder_gives_a_table_without_figures(tmp_path):
    table = table_3(Results("omniglot", tmp_path))
    assert len(table.rows) == 7 * 2 + 2 and all(set(row[3:]) == {""} for row in table.rows)


def test_categories_of_several_labels_are_marked(results):
    table = label_table(results, ("shoe", "bag"))
    assert table.header == ["label", "CP-VAE", "INDq"]
    assert table.rows == [
        ["shoe", "0*, 1, 2*, 3*, 4*", "0*, 1*, 2*, 3*, 4"],
        ["bag", "5, 4*, 3*, 2*, 0*", "0*, 1*, 2*, 5, 3*"],
    ]


def test_a_model_that_was_not_run_has_no_lists(results):
    assert first_of(results, "indp") == [] and first_of(results, "indq", seed=1) == []
    assert first_of(results, "indq") == [[0, 1, 2, 3, 4], [0, 1, 2, 5, 3]]
