"""The results that the package ships: of the present settings, and of the weights beside them."""

import pytest

from cpvae_lite import Hard, estimate_bound, load_dataset
from cpvae_lite.experiments import SEEDS, TABLES, grid
from cpvae_lite.reproduction import missing
from cpvae_lite.results import SHIPPED, Results
from cpvae_lite.synthetic import compare

SHIPPED_SEEDS = {"synthetic": SEEDS, "temperature": (0, 1, 2), "last": (0, 1), "slow": (0,)}
KEPT = [(table, label) for table in SHIPPED_SEEDS for label in Results(table).labels]


@pytest.mark.parametrize("table", TABLES)
def test_every_run_is_shipped_with_the_settings_that_the_grid_has_now(table):
    assert missing(grid(table, SHIPPED_SEEDS[table]), SHIPPED) == []


@pytest.mark.parametrize("table", TABLES)
def test_nothing_else_is_shipped(table):
    names = {run.name for run in grid(table, SHIPPED_SEEDS[table])}
    assert {f"{table}/{path.stem}" for path in (SHIPPED / table).glob("*.json")} == names
    folders = {f"{table}/{path.name}" for path in (SHIPPED / table).iterdir() if path.is_dir()}
    assert folders == {name for name in names if name.endswith("-seed0")}


@pytest.mark.parametrize(("table", "label"), KEPT)
def test_the_shipped_weights_have_the_shipped_bound(table, label):
    """On another machine sums are rounded otherwise; the draws are the same."""
    results = Results(table)
    x = load_dataset("synthetic").observed("test")
    found = estimate_bound(results.model(label), x, Hard(), seed=0)
    measures = results.runs(label)[0]["measures"]
    assert found.value == pytest.approx(-measures["negative_bound"], abs=2e-3)
    assert found.images == measures["images"] == 10_000


@pytest.mark.parametrize(("table", "label"), KEPT)
def test_numbers_of_the_shipped_weights_are_as_far_from_the_truth_as_the_record_says(table, label):
    results = Results(table)
    found = compare(results.model(label).sample(50_000, noise=True)[:, 0])
    recorded = results.runs(label)[0]["measures"]["generated"]
    assert found["distance"] == pytest.approx(recorded["distance"], abs=3e-3)
    assert found["between"] == pytest.approx(recorded["between"], abs=0.01)
    assert found["modes"] == recorded["modes"]


def test_all_were_measured_against_the_same_truth():
    truths = {run["measures"]["truth"] for table in SHIPPED_SEEDS for label in Results(table).labels
              for run in Results(table).runs(label)}  # fmt: skip
    assert len(truths) == 1 and truths.pop() == pytest.approx(0.880, abs=5e-4)
