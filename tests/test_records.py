"""What a finished run leaves, and that what was measured is what is kept."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from training_runs import without_seconds

from cpvae_lite import build, estimate_bound, fit, load_dataset
from cpvae_lite._seeding import seeded
from cpvae_lite.run_files import read_run
from cpvae_lite.sheets import image_grid
from cpvae_lite.study.grids import named
from cpvae_lite.study.records import category_sheet, environment, followed, lacking, leave, sheet
from cpvae_lite.study.results import Results
from cpvae_lite.train import TrainConfig

pytestmark = pytest.mark.filterwarnings("ignore:stopped inside the warm-up")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of Table 3 on a few images, and the folder where it was trained."""
    whole = load_dataset("fashion-mnist", subset=True)
    dataset = replace(whole, train=whole.train[:300], validation=whole.validation[:100], test=whole.test[:100])
    run = replace(named("fashion-mnist/cp-10-seed0"), importance_samples=2, training=TrainConfig(epochs=2))
    model, folder = run.build(dataset), tmp_path_factory.mktemp("run")
    history = fit(model, dataset, run.training, out=folder, progress=False)
    return run, model, dataset, history, read_run(folder)


def left(trained, folder, *keeps):
    run, *rest = trained
    run = replace(run, keeps=keeps)
    return leave(run, *rest, folder / f"{run.name}.json")


def test_the_record_is_what_is_written(trained, tmp_path):
    record = left(trained, tmp_path)
    run, _, dataset, history, _ = trained
    assert json.loads((tmp_path / f"{run.name}.json").read_text()) == record
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / f"{run.name}.json"]
    assert record["run"] == "fashion-mnist/cp-10-seed0" and record["data"]["fingerprint"] == dataset.fingerprint
    assert (record["epochs"], record["best_epoch"]) == (2, history.best_epoch)
    assert record["environment"] == environment("cpu") and record["environment"]["torch"] == torch.__version__
    assert record["seconds"] == pytest.approx(sum(epoch["seconds"] for epoch in history), abs=0.06)


def test_what_was_measured_is_what_is_kept(trained, tmp_path):
    record = left(trained, tmp_path, "weights")
    run, _, dataset, *_ = trained
    kept = Results("fashion-mnist", tmp_path).model("cp-10")
    assert run.measure(kept, dataset, 2) == record["measures"]


def test_of_kept_weights_the_bounds_of_all_splits_are_measured(trained, tmp_path):
    record = left(trained, tmp_path, "weights")
    dataset, kept = trained[2], Results("fashion-mnist", tmp_path).model("cp-10")
    for split, images in (("train", 300), ("validation", 100)):
        found, expected = record["splits"][split], estimate_bound(kept, dataset.observed(split), seed=0)
        assert found["images"] == images
        assert (-found["negative_bound"], found["standard_error"]) == (expected.value, expected.standard_error)
    assert record["splits"]["environment"] == record["chance"]["environment"] == environment("cpu")


def test_by_chance_categories_lose_their_labels(trained, tmp_path):
    record = left(trained, tmp_path, "weights")
    by_chance, own = record["chance"]["labels"]["item"], record["measures"]["labels"]["item"]
    assert by_chance.keys() == own.keys()
    assert by_chance["nmi"] < own["nmi"] and by_chance["ari"] < own["ari"]


def test_a_record_lacks_nothing_once_it_is_left(trained, tmp_path):
    run = trained[0]
    for keeps in ((), ("sheet",), ("weights",)):
        assert lacking(replace(run, keeps=keeps), left(trained, tmp_path, *keeps)) == []
    assert lacking(replace(run, keeps=("weights",), closer=3), left(trained, tmp_path)) == [
        "closer",
        "splits",
        "chance",
    ]
    without_categories = replace(named("fashion-mnist/vae-seed0"), keeps=("weights",))
    assert lacking(without_categories, {}) == ["splits"]


def test_weights_that_are_kept_are_rounded_before_they_are_measured(trained, tmp_path):
    whole = left(trained, tmp_path / "whole")["measures"]
    kept = left(trained, tmp_path / "kept", "weights")["measures"]
    assert whole["negative_bound"] != kept["negative_bound"]
    assert whole["negative_bound"] == pytest.approx(kept["negative_bound"], abs=0.1)


def test_a_sheet_holds_the_samples_that_its_seed_gives(trained, tmp_path):
    left(trained, tmp_path, "sheet")
    _, model, dataset, *_ = trained
    found = Results("fashion-mnist", tmp_path).sheet("cp-10")
    assert found.dtype == np.uint8 and found.shape == (8 * 30 - 2, 8 * 30 - 2)
    np.testing.assert_array_equal(found, sheet(model, dataset.shape, seed=0))
    assert (found != sheet(model, dataset.shape, seed=1)).any()
    with seeded(0):
        images = model.sample(64)
    np.testing.assert_allclose(found / 255, 1 - image_grid(images, columns=8), atol=0.003)


@pytest.mark.parametrize("drawn", [sheet, category_sheet])
def test_drawing_a_sheet_leaves_the_random_state_alone(trained, random_state_kept, drawn):
    drawn(trained[1], (28, 28))


def test_a_sheet_of_categories_has_a_row_for_each_of_those_with_most_images(trained, tmp_path):
    _, model, dataset, *_ = trained
    left(trained, tmp_path, "categories")
    found = Results("fashion-mnist", tmp_path).sheet("cp-10")
    np.testing.assert_array_equal(found, category_sheet(model, dataset.shape, seed=0))
    assert (found != sheet(model, dataset.shape, seed=0)).any()
    assert (found != category_sheet(model, dataset.shape, seed=1)).any()
    most = sorted(range(10), key=lambda c: -model.aggregated_posterior[c])[:8]
    with seeded(0):
        images = model.sample(64, category=torch.tensor([c for c in most for _ in range(8)]))
    np.testing.assert_allclose(found / 255, 1 - image_grid(images, columns=8), atol=1 / 30 + 0.003)
    assert len(np.unique(found)) <= 16


def test_a_sheet_of_categories_wants_as_many_as_it_has_rows(trained):
    few = build("cp", features=784, categories=7)
    few.aggregated_posterior.fill_(1 / 7)
    with pytest.raises(ValueError, match="a sheet shows 8 categories, and the model has 7"):
        category_sheet(few, (28, 28))
    with pytest.raises(ValueError, match="a sheet of categories needs a model with categories"):
        category_sheet(build("vae", features=784), (28, 28))


def test_the_validation_is_followed_epoch_by_epoch(trained):
    history = trained[3]
    found = followed(history)
    assert found.keys() == {"bound", "kl_z", "kl_c", "used_categories"}
    for name, values in found.items():
        assert values == [round(record["validation"][name], 2) for record in without_seconds(history)]


def test_a_run_without_samples_says_so(trained, tmp_path):
    left(trained, tmp_path)
    with pytest.raises(FileNotFoundError, match="cp-10-seed0 left no samples"):
        Results("fashion-mnist", tmp_path).sheet("cp-10")
