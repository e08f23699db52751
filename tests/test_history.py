"""The record of a run."""

import copy
import json
import math

import pytest
import torch
from training_runs import config, images, model

from cpvae_lite import estimate_bound, fit
from cpvae_lite.history import History


def of(*bounds):
    return History({"epoch": e, "validation": {"bound": b}} for e, b in enumerate(bounds, 1))


@pytest.mark.parametrize(
    ("bounds", "best"),
    [
        ([], 0),
        ([-5.0], 1),
        ([-5.0, -4.0, -3.0], 3),
        ([-3.0, -4.0, -5.0], 1),
        ([-5.0, -3.0, -4.0, -3.0], 2),  # a tie: the earlier one
        ([-math.inf, 0.5, 2.0, 1.0], 3),
    ],
)
def test_the_best_epoch_is_the_first_with_the_highest_bound(bounds, best):
    assert of(*bounds).best_epoch == best


def test_it_grows_like_a_list():
    history = of(-5.0, -4.0)
    longer = copy.copy(history)
    longer.append({"validation": {"bound": -3.0}})
    assert (history.best_epoch, longer.best_epoch) == (2, 3)
    assert type(longer) is History


@pytest.fixture(scope="module")
def trained():
    with torch.random.fork_rng():
        network = model("cp", seed=1)
        return network, fit(network, images(), config(epochs=1), progress=False)


def test_records_survive_json(trained):
    _, history = trained
    assert History(json.loads(json.dumps(history))) == history


def test_the_validation_record_is_the_bound_of_the_weights_after_the_epoch(trained):
    network, history = trained
    estimate = estimate_bound(network, images().observed("validation"))
    found = history[0]["validation"]
    assert found["bound"] == estimate.value
    assert found["standard_error"] == estimate.standard_error
    assert {name: found[name] for name in estimate.terms} == estimate.terms
    assert found["bound"] == pytest.approx(found["reconstruction"] - found["kl_c"] - found["kl_z"], rel=1e-6)


def test_used_categories_are_those_above_their_fair_share(trained):
    network, history = trained
    average = network.predict_proba(images().observed("validation")).mean(0).tolist()
    assert history[0]["validation"]["used_categories"] == sum(share > 1 / 3 for share in average)


def test_the_training_loss_is_made_of_the_training_terms():
    history = fit(model("cp"), images(), config(epochs=3, warmup=3), progress=False)
    for record, weight in zip(history, (1 / 3, 2 / 3, 1.0), strict=True):
        terms = record["train"]
        expected = -(terms["reconstruction"] - weight * (terms["kl_c"] + terms["kl_z"]))
        assert terms["loss"] == pytest.approx(expected, rel=1e-5)
        assert record["kl_weight"] == pytest.approx(weight)
    assert [record["epoch"] for record in history] == [1, 2, 3]


def test_a_model_without_categories_reports_none():
    history = fit(model("vae"), images(), config(epochs=1), progress=False)
    assert set(history[0]["validation"]) == {"bound", "standard_error", "reconstruction", "kl_z"}
    assert set(history[0]["train"]) == {"loss", "reconstruction", "kl_z"}


def test_a_part_of_a_history_is_one():
    history = History({"validation": {"bound": bound}} for bound in (-3.0, -1.0, -2.0))
    assert isinstance(history[1:], History) and history[1:].best_epoch == 1
    assert history[0]["validation"] == {"bound": -3.0}
