"""One loop: its steps and schedules, early stopping, checkpoints, exact resume, and what goes wrong."""

import errno
import json
import math
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import training_runs
from tqdm import tqdm
from training_runs import INTERRUPTED, config, images, model, same, weights, without_seconds

import cpvae_lite
from cpvae_lite import (
    Dataset,
    Relaxed,
    Summed,
    TrainConfig,
    elbo,
    estimate_bound,
    evaluate,
    fit,
    load_dataset,
    load_model,
    steps,
    train,
)
from cpvae_lite._seeding import seeded
from cpvae_lite.bounds import unchecked_elbo
from cpvae_lite.history import History
from cpvae_lite.state import TrainState
from cpvae_lite.steps import NotFiniteError
from cpvae_lite.storage import read_tensors, write_json, write_tensors
from cpvae_lite.zoo import MODELS

STEPS = 4  # an epoch of 80 images in batches of 20


def trained(network=None, dataset=None, *, out=None, resume=False, **settings):
    """The weights, q(c) among them, and the history without times."""
    network = network or model()
    history = fit(network, dataset or images(), config(**settings), out=out, resume=resume, progress=False)
    return weights(network), without_seconds(history)


def checkpoint(folder):
    return read_tensors(folder / "checkpoint.safetensors")


def part(tensors, name):
    return {key.split(".", 1)[1]: value for key, value in tensors.items() if key.startswith(f"{name}.")}


@pytest.fixture
def after_epochs(monkeypatch):
    """The weights after each epoch, kept as the epoch is validated; `do` is called with the epoch first."""
    kept, do, validate = {}, [], train._validate

    def spied(network, x, *rest):
        epoch = len(kept) + 1
        for call in do:
            call(epoch)
        kept[epoch] = weights(network)
        return validate(network, x, *rest)

    monkeypatch.setattr(train, "_validate", spied)
    return SimpleNamespace(weights=kept, do=do)


def interrupt_at(epoch):
    def call(now):
        if now == epoch:
            raise KeyboardInterrupt

    return call


# --- settings ---------------------------------------------------------------------------------------------

WRONG = {
    "epochs": [0, -1, 2.5, "3", True, None],
    "batch_size": [0, 1.0, None],
    "patience": [0, 0.5],
    "checkpoint_every": [0, 1.5],
    "warmup": [-1, 1.5, None],
    "seed": [-1, 0.5],
    "learning_rate": [0, -1e-3, float("nan"), float("inf"), "1e-3", None],
    "temperature": [0, -1, float("nan")],
    "least_temperature": [0, -0.5, float("inf")],
    "temperature_decay": [-1e-9, float("nan")],
    "unit_gradients": [1, "yes", None],
    "compile": [0, "no"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_settings_out_of_range_are_refused_by_name(name, value):
    with pytest.raises((TypeError, ValueError), match=f"^{name} must be"):
        TrainConfig(**{name: value})


@pytest.mark.parametrize("settings", [{"epochs": 1}, {}])
def test_settings_that_are_no_configuration_are_answered_with_how_to_make_one(settings):
    with pytest.raises(TypeError, match=r"config must be a TrainConfig, not dict; TrainConfig\(\*\*settings\)"):
        fit(model(), images(), settings)


def test_the_defaults_are_those_of_the_paper():
    paper = TrainConfig()
    assert (paper.batch_size, paper.learning_rate, paper.warmup, paper.patience) == (100, 5e-4, 100, 50)
    assert (paper.temperature_at(0), paper.least_temperature) == (1.0, 0.5)


def test_settings_given_as_numpy_numbers_can_be_written_down(tmp_path):
    settings = {"epochs": np.int64(2), "seed": np.int32(0), "learning_rate": np.float32(0.01)}
    found, _ = trained(out=tmp_path, **settings)
    assert same(found, trained(epochs=2, learning_rate=float(np.float32(0.01)))[0])


@pytest.mark.parametrize("warmup", [0, 1, 7, 100])
def test_the_kl_weight_rises_in_equal_steps_to_one(warmup):
    schedule = config(warmup=warmup)
    weight = 0.0 if warmup else 1.0
    for epoch in range(1, 250):
        weight = min(1.0, weight + 1 / warmup) if warmup else 1.0
        assert schedule.kl_weight_at(epoch) == pytest.approx(weight, abs=1e-12)
    assert schedule.kl_weight_at(max(1, warmup)) == 1.0


@pytest.mark.parametrize(
    ("start", "decay", "least"),
    [(1.0, 3e-5, 0.5), (2.0, 1e-3, 0.1), (0.7, 0.0, 0.5), (0.3, 1e-3, 0.5), (5.0, 2.0, 1.0)],
)
def test_each_epoch_cools_the_temperature_by_its_own_factor(start, decay, least):
    schedule = config(temperature=start, temperature_decay=decay, least_temperature=least)
    temperature = start
    for epoch in range(1, 400):
        temperature = max(temperature * math.exp(-decay * epoch), min(least, start))
        assert schedule.temperature_at(epoch) == pytest.approx(temperature, rel=1e-9)


def test_the_temperature_does_not_underflow():
    assert TrainConfig().temperature_at(10**9) == 0.5


# --- one epoch ----------------------------------------------------------------------------------------------


@pytest.fixture
def visits(monkeypatch):
    """What the model was shown in training, batch by batch, with the draw's temperature."""
    seen = []

    def spied(network, x, draw):
        seen.append((x.clone(), float(draw.temperature)))
        return unchecked_elbo(network, x, draw)

    monkeypatch.setattr(steps, "unchecked_elbo", spied)
    return seen


def real_numbers(count=50, features=1):
    return Dataset.from_arrays(np.arange(count * features, dtype=float).reshape(count, -1) / count, kind="real")


def gaussian_model(name="cp", features=1, **settings):
    return model(
        name, features=features, likelihood="gaussian", data=real_numbers(features=features).train.data, **settings
    )


def test_an_epoch_visits_whole_batches_without_repeats_in_ever_new_order(visits):
    dataset = real_numbers(50)  # 40 train
    trained(gaussian_model(), dataset, epochs=6, batch_size=15)
    rows = set(dataset.train.data[:, 0].tolist())
    assert [len(x) for x, _ in visits] == [15] * 12
    epochs = [torch.cat([visits[2 * e][0], visits[2 * e + 1][0]])[:, 0].tolist() for e in range(6)]
    for order in epochs:
        assert len(set(order)) == 30
        assert set(order) <= rows
    assert len({tuple(order) for order in epochs}) == 6
    assert {tuple(sorted(order)) for order in epochs} != {tuple(sorted(epochs[0]))}  # others are left over
    assert set().union(*epochs) == rows


def test_training_images_are_binarised_anew_at_every_visit(visits):
    dataset = Dataset.from_arrays(np.full((100, 16), 51, np.uint8))
    trained(dataset=dataset, epochs=5)
    seen = torch.stack([x for x, _ in visits])
    assert set(seen.unique().tolist()) == {0.0, 1.0}
    assert abs(seen.mean() - 0.2) < 4 * math.sqrt(0.2 * 0.8 / seen.numel())
    assert len({x.numpy().tobytes() for x, _ in visits}) == len(visits)


def test_validation_images_are_binarised_once(monkeypatch):
    seen, validate = [], train._validate
    monkeypatch.setattr(
        train, "_validate", lambda network, x, *rest: seen.append(x.clone()) or validate(network, x, *rest)
    )
    trained(epochs=3)
    assert all(torch.equal(x, images().observed("validation")) for x in seen)
    assert len(seen) == 3


def test_the_temperature_of_each_epoch_is_that_of_the_schedule(visits):
    settings = {"epochs": 3, "temperature": 2.0, "temperature_decay": 0.1}
    _, history = trained(**settings)
    expected = [config(**settings).temperature_at(epoch) for epoch in (1, 2, 3)]
    assert [record["temperature"] for record in history] == expected
    assert [temperature for _, temperature in visits] == pytest.approx(np.repeat(expected, STEPS).tolist())


@pytest.mark.parametrize("name", ["vae", "cp", "mog", "vamp", "hvae"])
@pytest.mark.parametrize("warmup", [1, 4])
def test_the_first_step_is_adams_on_the_relaxed_objective(name, warmup):
    # Adam's first step is -rate · g / (|g| + 1e-8), whatever its moments.
    dataset, settings = real_numbers(10, 3), {"epochs": 1, "batch_size": 8, "warmup": warmup}
    by_hand, by_fit = gaussian_model(name, 3), gaussian_model(name, 3)
    with seeded(0, 1):
        x = dataset.train.data[torch.randperm(8)]
        terms = elbo(by_hand, x, Relaxed(config(**settings).temperature_at(1)))
    loss = (-terms.reconstruction + sum(terms.kl.values()) / warmup).mean()
    loss.backward()
    with torch.no_grad():
        for parameter in by_hand.parameters():
            gradient = parameter.grad
            parameter -= 0.01 * gradient / (gradient.abs() + 1e-8)
    with pytest.warns(UserWarning, match="inside the warm-up") if warmup > 1 else nullcontext():
        _, history = trained(by_fit, dataset, **settings)
    assert history[0]["train"]["loss"] == pytest.approx(loss.item(), rel=1e-5)
    for mine, theirs in zip(by_hand.parameters(), by_fit.parameters(), strict=True):
        assert torch.allclose(mine, theirs, atol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_unit_gradients_are_as_long_as_one_in_every_tensor(monkeypatch, name):
    """Whatever the length of the gradients, Adam sees their directions alone."""
    seen = {}

    def step(optimizer):
        parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        seen.setdefault(settings["unit_gradients"], [p.grad.clone() for p in parameters])

    monkeypatch.setattr(torch.optim.Adam, "step", step)
    for unit in (False, True):
        settings = {"unit_gradients": unit}
        trained(model(name), **settings, epochs=1)
    for whole, short in zip(seen[False], seen[True], strict=True):
        assert torch.allclose(short, whole / whole.norm(), atol=1e-6)
        assert not torch.allclose(short, whole, atol=1e-3)


def test_a_gradient_of_zero_stays_zero():
    weight = torch.nn.Parameter(torch.ones(3))
    steps.descend({"loss": (0 * weight).sum()}, torch.optim.SGD([weight], lr=1.0), unit_gradients=True)
    assert torch.equal(weight.detach(), torch.ones(3))


@pytest.mark.parametrize("name", ["cp", "indq", "indp", "indqp"])
def test_the_first_step_on_the_sum_is_adams_on_the_bound(name):
    """Of all categories, at any temperature: each decoded, and weighted by q(c|x)."""
    dataset, settings = real_numbers(10, 3), {"epochs": 1, "batch_size": 8, "warmup": 1, "objective": "summed"}
    by_hand, by_fit, hot = (gaussian_model(name, 3) for _ in range(3))
    with seeded(0, 1):
        x = dataset.train.data[torch.randperm(8)]
        terms = elbo(by_hand, x, Summed())
    loss = (sum(terms.kl.values()) - terms.reconstruction).mean()
    loss.backward()
    _, history = trained(by_fit, dataset, **settings)
    trained(hot, dataset, temperature=30.0, **settings)
    assert history[0]["train"]["loss"] == pytest.approx(loss.item(), rel=1e-5)
    for mine, theirs, other in zip(*(network.parameters() for network in (by_hand, by_fit, hot)), strict=True):
        step = 0.01 * mine.grad / (mine.grad.abs() + 1e-8)
        assert torch.allclose(mine - step, theirs, atol=1e-5)
        assert torch.equal(theirs, other)


@pytest.mark.parametrize("name", ["vae", "mog"])
def test_a_model_without_a_latent_c_has_none_to_sum_over(name, tmp_path):
    with pytest.raises(ValueError, match='"summed" sums over a latent c, and the model has none'):
        trained(gaussian_model(name, 3), real_numbers(10, 3), batch_size=8, objective="summed", out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_records_of_training_are_means_over_the_steps(monkeypatch):
    values = iter([1.0, 2.0, 6.0, 7.0])
    objective = steps.objective
    monkeypatch.setattr(
        steps,
        "objective",
        lambda *args: objective(*args) | {"kl_z": torch.tensor(next(values)), "extra": torch.ones(())},
    )
    _, history = trained(epochs=1)
    assert (history[0]["train"]["kl_z"], history[0]["train"]["extra"]) == (4.0, 1.0)


# --- seeds ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["vae", "cp"])
def test_the_same_seed_gives_the_same_weights_whatever_the_global_state(name):
    torch.manual_seed(1)
    first = trained(model(name))
    torch.manual_seed(2)
    again = trained(model(name))
    other = trained(model(name), seed=1)
    assert same(first[0], again[0])
    assert first[1] == again[1]
    assert not same(first[0], other[0])


def test_fit_leaves_the_global_random_states_alone():
    before = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    trained(epochs=2)
    assert torch.equal(before[0], torch.get_rng_state())
    assert np.array_equal(before[1], np.random.get_state()[1])
    assert before[2] == random.getstate()


def test_a_watcher_sees_the_model_after_each_epoch_and_disturbs_nothing():
    plain, seen = trained(), []

    def watch(network):
        torch.rand(7)
        seen.append(network.latents[-1].prior.mean.detach().clone())

    watched = model()
    history = fit(watched, images(), config(), progress=False, after_epoch=watch)
    assert same(weights(watched), plain[0]) and without_seconds(history) == plain[1]
    assert len(seen) == len(history) and not torch.equal(seen[0], seen[-1])


def test_labels_never_enter_training():
    labels = np.arange(100) % 7
    some = trained(dataset=images(labels=labels))
    shuffled = trained(dataset=images(labels=np.random.default_rng(0).permutation(labels)))
    none = trained(dataset=images())
    assert same(some[0], shuffled[0])
    assert same(some[0], none[0])
    assert some[1] == shuffled[1] == none[1]


# --- early stopping and the best epoch ------------------------------------------------------------------------


def bounds(values):
    return History({"validation": {"bound": bound}} for bound in values)


@pytest.mark.parametrize(
    ("values", "warmup", "patience", "finished"),
    [
        ([], 0, 1, False),
        ([-5, -6, -7], 0, 3, False),
        ([-5, -6, -7, -8], 0, 3, True),
        ([-5, -5, -5, -5], 0, 3, True),  # as good is not better
        ([-8, -7, -6, -5], 0, 3, False),
        ([-5, *[-6] * 6], 5, 3, False),  # 7 epochs: 2 after the warm-up
        ([-5, *[-6] * 7], 5, 3, True),  # 8 epochs: 3 after the warm-up
        ([*[-6] * 6, -5, -6, -6], 5, 3, False),  # best at 7, waited 2
        ([*[-6] * 6, -5, -6, -6, -6], 5, 3, True),
        ([-5] * 19, 100, 1, False),  # the warm-up comes first
        ([-5] * 20, 100, 1, True),  # all of 20 epochs done
        (range(20), 0, 3, True),
        (range(25), 0, 3, True),
    ],
)
def test_patience_is_counted_after_the_warm_up(values, warmup, patience, finished):
    assert train._finished(bounds(values), config(epochs=20, warmup=warmup, patience=patience)) is finished


def falling(monkeypatch, *values):
    """Validation bounds that are given; the weights at each validation."""
    kept, given = [], iter(values)

    def validate(network, *_):
        kept.append(weights(network))
        return {"bound": next(given), "standard_error": 0.1}

    monkeypatch.setattr(train, "_validate", validate)
    return kept


def test_training_stops_when_patience_ends(monkeypatch):
    falling(monkeypatch, *range(0, -50, -1))
    with pytest.warns(UserWarning, match="kept epoch 1, inside the warm-up of 2 epochs, at a KL weight of 0.50"):
        _, history = trained(epochs=40, warmup=2, patience=3)
    assert len(history) == 5


def test_the_best_weights_are_returned_not_the_last(monkeypatch, tmp_path):
    kept = falling(monkeypatch, -9.0, -7.0, -5.0, -6.0, -5.0, -8.0)
    found, _ = trained(epochs=6, out=tmp_path)
    learned = [name for name in found if name != "aggregated_posterior"]
    for epoch, seen in enumerate(kept, 1):
        assert all(torch.equal(found[name], seen[name]) for name in learned) == (epoch == 3)
    tensors, _ = checkpoint(tmp_path)
    assert same(part(tensors, "best"), kept[2])
    assert same(part(tensors, "model"), kept[5])


@pytest.mark.parametrize("name", ["cp", "indqp"])
def test_the_aggregated_posterior_is_that_of_the_training_images_under_the_best_weights(monkeypatch, name):
    kept, network, dataset = falling(monkeypatch, -9.0, -5.0, -6.0), model(name), images()
    found, _ = trained(network, dataset, epochs=3)
    best = model(name, seed=9)
    best.load_state_dict(kept[1])
    with torch.no_grad():
        values = {"h": best.trunk(dataset.observed("train"))}
        shares = best.latents[0].posterior.net(values["h"]).double().softmax(1).mean(0)
    assert torch.allclose(found["aggregated_posterior"].double(), shares, atol=1e-6)
    assert found["aggregated_posterior"].sum() == pytest.approx(1)


# --- a run that ends inside the warm-up -------------------------------------------------------------------------


def test_a_run_shorter_than_its_warm_up_says_so_to_the_caller(tmp_path):
    with pytest.warns(
        UserWarning, match="stopped inside the warm-up, after 3 of its 12 epochs.* reached 0.25, not 1"
    ) as caught:
        fit(model(), images(), config(epochs=3, warmup=12), out=tmp_path, progress=False)
    assert [Path(warning.filename).name for warning in caught] == [Path(__file__).name]
    assert (tmp_path / "model.safetensors").exists()


@pytest.mark.parametrize("warmup", [0, 1, 3])
def test_a_run_that_reaches_the_end_of_its_warm_up_does_not_warn(warmup):
    assert len(trained(epochs=3, warmup=warmup)[1]) == 3  # warnings are errors here


# --- resume -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["vae", "cp", "mog", "vamp", "hvae", "hvamp"])
@pytest.mark.parametrize("checkpoint_every", [1, 3])
def test_a_resumed_run_ends_in_the_very_weights_of_an_uninterrupted_one(tmp_path, name, checkpoint_every):
    every = {"checkpoint_every": checkpoint_every}
    whole = trained(model(name), out=tmp_path / "whole", epochs=4)
    trained(model(name), out=tmp_path / "cut", epochs=2, **every)
    resumed = trained(model(name), out=tmp_path / "cut", epochs=4, resume=True, **every)
    assert same(whole[0], resumed[0])
    assert whole[1] == resumed[1]
    assert same(checkpoint(tmp_path / "whole")[0], checkpoint(tmp_path / "cut")[0])


@pytest.mark.parametrize("name", ["cp", "indq", "indp", "indqp"])
def test_so_does_one_on_the_sum_over_categories(tmp_path, name):
    settings = {"objective": "summed", "epochs": 4}
    whole = trained(model(name), out=tmp_path / "whole", **settings)
    trained(model(name), out=tmp_path / "cut", **settings | {"epochs": 2})
    resumed = trained(model(name), out=tmp_path / "cut", resume=True, **settings)
    assert same(whole[0], resumed[0]) and whole[1] == resumed[1]


def test_resume_needs_nothing_but_the_folder(tmp_path):
    whole = trained(epochs=4)
    trained(epochs=2, out=tmp_path)
    torch.manual_seed(123)
    other_weights = model(seed=77)
    assert same(whole[0], trained(other_weights, epochs=4, out=tmp_path, resume=True)[0])


def test_the_best_epoch_may_lie_before_the_break(tmp_path, monkeypatch):
    kept = falling(monkeypatch, -5.0, -6.0)
    trained(epochs=2, out=tmp_path)
    falling(monkeypatch, -7.0, -8.0)
    found, history = trained(epochs=4, out=tmp_path, resume=True)
    assert [record["validation"]["bound"] for record in history] == [-5.0, -6.0, -7.0, -8.0]
    assert all(torch.equal(found[name], kept[0][name]) for name in found if name != "aggregated_posterior")


def test_patience_goes_on_counting_after_a_break(tmp_path, monkeypatch):
    falling(monkeypatch, *range(0, -50, -1))
    trained(epochs=3, patience=5, out=tmp_path)
    _, history = trained(epochs=40, patience=5, out=tmp_path, resume=True)
    assert len(history) == 6


def test_a_finished_run_trains_no_more(tmp_path, monkeypatch):
    finished = trained(epochs=3, out=tmp_path)
    monkeypatch.setattr(steps.Steps, "epoch", None)
    again = trained(model(seed=5), epochs=3, out=tmp_path, resume=True)
    assert same(finished[0], again[0])
    assert finished[1] == again[1]


def test_a_run_is_not_resumed_to_fewer_epochs_than_it_has(tmp_path):
    trained(epochs=3, out=tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    network = model(seed=5)
    initial = weights(network)
    with pytest.raises(ValueError, match="its 3 epochs are more than the 2 asked for; ask for as many"):
        trained(network, epochs=2, out=tmp_path, resume=True)
    assert same(initial, weights(network))
    assert before == {path.name: path.read_bytes() for path in tmp_path.iterdir()}


def test_a_run_cut_off_before_its_first_checkpoint_starts_afresh(tmp_path, after_epochs):
    after_epochs.do.append(interrupt_at(1))
    with pytest.raises(KeyboardInterrupt):
        trained(out=tmp_path)
    assert not (tmp_path / "checkpoint.safetensors").exists()
    after_epochs.do.clear()
    assert same(trained(out=tmp_path, resume=True)[0], trained()[0])


def test_q_c_of_earlier_weights_does_not_keep_a_run_from_starting_afresh(tmp_path, after_epochs):
    trained_before = model()
    trained_before.aggregated_posterior.fill_(1 / 3)
    after_epochs.do.append(interrupt_at(1))
    with pytest.raises(KeyboardInterrupt):
        trained(trained_before, out=tmp_path)
    after_epochs.do.clear()
    again = model()
    again.aggregated_posterior.fill_(1 / 4)
    assert same(trained(again, out=tmp_path, resume=True)[0], trained()[0])


@pytest.mark.parametrize("resume", [False, True])
def test_a_refused_run_leaves_the_model_its_q_c(finished, resume):
    network = model()
    network.aggregated_posterior.fill_(1 / 3)
    with pytest.raises((FileExistsError, ValueError), match=r"holds a run already|of another run"):
        trained(network, images(name="grey"), out=finished, resume=resume, learning_rate=1.0)
    assert (network.aggregated_posterior == 1 / 3).all()


def test_resume_without_a_folder_or_a_run_is_refused(tmp_path):
    with pytest.raises(ValueError, match="resume=True needs out="):
        trained(resume=True)
    with pytest.raises(FileNotFoundError, match="holds no run"):
        trained(out=tmp_path / "nowhere", resume=True)


def test_a_folder_with_a_run_is_not_trained_over(tmp_path):
    trained(epochs=1, out=tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(FileExistsError, match="choose another folder, resume that run, or delete it") as caught:
        trained(epochs=1, out=tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert before == {path.name: path.read_bytes() for path in tmp_path.iterdir()}


@pytest.mark.parametrize("name", ["run.json", "checkpoint.safetensors", "model.safetensors"])
def test_any_trace_of_a_run_keeps_another_out(tmp_path, name):
    (tmp_path / name).write_text("{}")
    with pytest.raises(FileExistsError, match=name):
        trained(out=tmp_path)


OTHER_SETTINGS = {
    "batch_size": 10,
    "learning_rate": 0.02,
    "warmup": 0,
    "patience": 7,
    "objective": "summed",
    "temperature": 0.9,
    "temperature_decay": 0.0,
    "least_temperature": 0.4,
    "seed": 1,
    "unit_gradients": True,
    "compile": True,
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    trained(dataset=images(name="grey"), epochs=1, out=folder)
    return folder


@pytest.mark.parametrize(("name", "value"), OTHER_SETTINGS.items())
def test_resume_with_another_setting_names_it(finished, name, value):
    there = getattr(config(), name)
    with pytest.raises(ValueError, match=f"of another run: training {name} is {there!r} there, {value!r} here"):
        trained(dataset=images(name="grey"), out=finished, resume=True, **{name: value})


def test_every_setting_that_changes_weights_is_compared():
    assert OTHER_SETTINGS.keys() == {field.name for field in fields(TrainConfig)} - {"epochs", "checkpoint_every"}


@pytest.mark.parametrize(
    ("network", "difference"),
    [
        (model(categories=4), "model categories is 3 there, 4 here"),
        (model(hidden=7), "model hidden is 6 there, 7 here"),
        (model("indq"), "model name is 'cp' there, 'indq' here"),
        (model(gate="sample"), "model gate is 'probs' there, 'sample' here"),
        (model(prior_variance=2.0), "model prior_variance is 1.0 there, 2.0 here"),
        (model(clip=False), "model clip is True there, False here"),
        (model(weights_start="he"), "model weights_start is 'glorot' there, 'he' here"),
    ],
)
def test_resume_with_another_model_names_the_difference(finished, network, difference):
    with pytest.raises(ValueError, match=f"run.json is of another run: {difference}"):
        trained(network, images(name="grey"), out=finished, resume=True)


@pytest.mark.parametrize(
    ("dataset", "difference"),
    [
        (images(name="white"), "data name is 'grey' there, 'white' here"),
        (images(name="grey", seed=1), "data fingerprint is"),
        (images(name="grey", validation=0.2, test=0.05), "data "),
        (replace(images(name="grey"), subset=True), "data subset is False there, True here"),
    ],
    ids=["name", "values", "splits", "subset"],
)
def test_resume_with_other_data_names_the_difference(finished, dataset, difference):
    with pytest.raises(ValueError, match=f"run.json is of another run: {difference}"):
        trained(dataset=dataset, out=finished, resume=True)


def test_a_refused_resume_changes_nothing(finished):
    before = {path.name: path.read_bytes() for path in finished.iterdir()}
    network = model(seed=3)
    initial = weights(network)
    with pytest.raises(ValueError, match="learning_rate"):
        trained(network, images(name="grey"), out=finished, resume=True, learning_rate=1.0)
    assert same(initial, weights(network))
    assert before == {path.name: path.read_bytes() for path in finished.iterdir()}


# --- what does not fit together -----------------------------------------------------------------------------------


def test_fewer_images_than_a_batch_are_refused():
    with pytest.raises(ValueError, match="80 training images are fewer than a batch of 81"):
        trained(batch_size=81)
    assert len(trained(batch_size=80, epochs=1)[1]) == 1


def test_data_of_another_width_are_refused():
    with pytest.raises(ValueError, match="the data have 16 features, the model 15"):
        trained(model(features=15))


def test_data_of_another_kind_are_refused():
    with pytest.raises(ValueError, match="your data wants a bernoulli likelihood, the model has a gaussian one"):
        trained(model(likelihood="gaussian"))
    with pytest.raises(ValueError, match="your data wants a gaussian likelihood, the model has a bernoulli one"):
        trained(model(features=1), real_numbers())


def test_what_is_refused_leaves_no_folder(tmp_path):
    with pytest.raises(ValueError, match="features"):
        trained(model(features=15), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


# --- interruptions ------------------------------------------------------------------------------------------------


def test_after_an_interrupt_model_and_checkpoint_hold_the_last_whole_epoch(tmp_path, after_epochs):
    network = model()
    after_epochs.do.append(interrupt_at(3))
    with pytest.raises(KeyboardInterrupt):
        trained(network, out=tmp_path)
    assert same(weights(network), after_epochs.weights[2])
    tensors, header = checkpoint(tmp_path)
    assert same(part(tensors, "model"), after_epochs.weights[2])
    assert [record["epoch"] for record in header["history"]] == [1, 2]
    assert not (tmp_path / "model.safetensors").exists()


@pytest.mark.parametrize(("name", "checkpoint_every"), [("cp", 1), ("cp", 2), ("cp", 100), ("mog", 1), ("hvamp", 2)])
def test_an_interrupted_run_is_resumed_to_the_very_weights(tmp_path, after_epochs, name, checkpoint_every):
    whole = trained(model(name))
    after_epochs.weights.clear()
    after_epochs.do.append(interrupt_at(3))
    with pytest.raises(KeyboardInterrupt):
        trained(model(name), out=tmp_path, checkpoint_every=checkpoint_every)
    after_epochs.do.clear()
    resumed = trained(model(name), out=tmp_path, resume=True)
    assert same(whole[0], resumed[0])
    assert whole[1] == resumed[1]


def test_an_interrupted_model_can_be_trained_again(after_epochs):
    network = model()
    after_epochs.do.append(interrupt_at(1))
    with pytest.raises(KeyboardInterrupt):
        trained(network)
    assert same(weights(network), weights(model()))
    after_epochs.do.clear()
    assert same(trained(network)[0], trained()[0])


@pytest.mark.parametrize(
    ("where", "place", "at"),
    [(steps, "objective", 2 * STEPS + 3), (steps, "_means", 3), (train, "_show", 2), (TrainState, "snapshot", 4)],
)
def test_an_interrupt_anywhere_leaves_a_whole_epoch(tmp_path, monkeypatch, after_epochs, where, place, at):
    original, calls = getattr(where, place), []

    def interrupted(*args):
        calls.append(place)
        if len(calls) == at:
            raise KeyboardInterrupt
        return original(*args)

    monkeypatch.setattr(where, place, interrupted)
    network = model()
    with pytest.raises(KeyboardInterrupt):
        trained(network, out=tmp_path)
    assert same(weights(network), after_epochs.weights[2])
    tensors, header = checkpoint(tmp_path)
    assert same(part(tensors, "model"), after_epochs.weights[2])
    assert len(header["history"]) == 2


@pytest.fixture(scope="module")
def cut_runs(tmp_path_factory):
    """Folders of the run that tests/runs.py trains whole, killed and interrupted, and the exit codes."""
    folder = tmp_path_factory.mktemp("cut")
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(cpvae_lite.__file__).parents[1])}
    program = [sys.executable, training_runs.__file__, str(folder)]
    done = subprocess.run(program, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout)


@pytest.mark.parametrize(("name", "code"), [("killed", -signal.SIGKILL), ("interrupted", INTERRUPTED)])
def test_a_run_that_is_stopped_again_and_again_ends_in_the_very_weights(cut_runs, name, code):
    folder, codes = cut_runs
    *stopped, last = codes[name]
    assert (codes["whole"], last) == ([0], 0)
    assert stopped.count(code) >= 5  # the others came before training, or too late
    for file in ("checkpoint.safetensors", "model.safetensors"):
        assert same(read_tensors(folder / name / file)[0], read_tensors(folder / "whole" / file)[0])
    histories = [checkpoint(folder / run)[1]["history"] for run in (name, "whole")]
    assert without_seconds(histories[0]) == without_seconds(histories[1])
    assert len(histories[0]) == training_runs.EPOCHS


# --- a loss that is not finite ------------------------------------------------------------------------------------


def poisoned(monkeypatch, spoil, *, epoch, step):
    """Let `spoil(model, terms)` change the terms of one step."""
    objective, calls = steps.objective, []

    def changed(network, *args):
        calls.append(step)
        terms = objective(network, *args)
        return spoil(network, terms) if len(calls) == (epoch - 1) * STEPS + step else terms

    monkeypatch.setattr(steps, "objective", changed)


def bad_term(name, value):
    return lambda network, terms: terms | {"loss": terms["loss"] * value, name: terms[name] * value}


@pytest.mark.parametrize(
    ("term", "value", "says"),
    [
        ("kl_z", float("nan"), "kl_z is nan"),
        ("kl_c", float("inf"), "kl_c is inf"),
        ("reconstruction", float("inf"), "reconstruction is -inf"),
        ("loss", float("nan"), "loss is nan"),
    ],
)
@pytest.mark.parametrize("step", [2, STEPS])
def test_a_loss_that_is_not_finite_is_reported_with_epoch_step_and_term(monkeypatch, term, value, says, step):
    poisoned(monkeypatch, bad_term(term, value), epoch=3, step=step)
    with pytest.raises(NotFiniteError, match=f"epoch 3, step {step}: {says}; the last good state is that of epoch 2"):
        trained()


def test_after_a_loss_that_is_not_finite_model_and_checkpoint_hold_the_last_good_epoch(
    monkeypatch, tmp_path, after_epochs
):
    poisoned(monkeypatch, bad_term("kl_z", float("nan")), epoch=3, step=4)
    network = model()
    with pytest.raises(NotFiniteError):
        trained(network, out=tmp_path, checkpoint_every=50)
    assert same(weights(network), after_epochs.weights[2])
    tensors, header = checkpoint(tmp_path)
    assert same(part(tensors, "model"), after_epochs.weights[2])
    assert len(header["history"]) == 2
    monkeypatch.undo()
    assert same(trained(out=tmp_path, resume=True)[0], trained()[0])


def test_the_advice_after_a_loss_that_is_not_finite_can_be_followed(monkeypatch, tmp_path):
    elsewhere = r" in a new folder \(that of a run is fixed\)"
    for name, epoch, left, where in (
        ("some", 3, rf"the last good state is that of epoch 2, in {tmp_path}/some\.", elsewhere),
        ("none", 1, r"step 2: kl_z is nan; no epoch was finished\.", ""),
    ):
        advice = rf" Try a smaller learning rate{where}, or data on a smaller scale$"
        with monkeypatch.context() as patch, pytest.raises(NotFiniteError, match=left + advice):
            poisoned(patch, bad_term("kl_z", float("nan")), epoch=epoch, step=2)
            trained(out=tmp_path / name)
    assert {path.name for path in (tmp_path / "some").iterdir()} == {"run.json", "checkpoint.safetensors"}
    assert not list((tmp_path / "none").iterdir())
    trained(out=tmp_path / "none", learning_rate=1e-4)


def test_a_resumed_run_stays_even_if_its_loss_is_not_finite_at_once(monkeypatch, tmp_path, after_epochs):
    after_epochs.do.append(interrupt_at(1))
    with pytest.raises(KeyboardInterrupt):
        trained(out=tmp_path)
    begun = (tmp_path / "run.json").read_bytes()
    with monkeypatch.context() as patch, pytest.raises(NotFiniteError, match="no epoch was finished"):
        poisoned(patch, bad_term("kl_z", float("nan")), epoch=1, step=1)
        trained(out=tmp_path, resume=True)
    assert (tmp_path / "run.json").read_bytes() == begun


@pytest.mark.parametrize("name", ["vae", "cp", "indqp"])
def test_weights_that_break_in_the_last_step_of_an_epoch_are_reported_too(monkeypatch, tmp_path, after_epochs, name):
    # The loss of that step is still finite; the validation is the first to see the weights.
    def nan_gradients(network, terms):
        for parameter in network.parameters():
            parameter.register_hook(lambda gradient: gradient * float("nan"))
        return terms

    poisoned(monkeypatch, nan_gradients, epoch=3, step=STEPS)
    network = model(name)
    with pytest.raises(NotFiniteError, match="epoch 3"):
        trained(network, out=tmp_path)
    assert same(weights(network), after_epochs.weights[2])
    assert len(checkpoint(tmp_path)[1]["history"]) == 2


@pytest.mark.parametrize("name", ["vae", "cp", "indqp", "mog"])
def test_an_overflow_that_validation_is_the_first_to_see_is_reported_too(tmp_path, name):
    few = images(100)  # one step an epoch, which leaves weights that are finite and beyond reason
    with pytest.raises(NotFiniteError, match=r"validation .*Try a smaller learning rate"):
        fit(model(name), few, config(learning_rate=1e20, epochs=2, batch_size=80), out=tmp_path, progress=False)
    assert not list(tmp_path.iterdir())


def test_the_advice_names_the_clip_to_whoever_took_it_off():
    with pytest.raises(
        NotFiniteError, match=r"rate, log-variances that are kept in their range \(clip=True\), or data"
    ):
        trained(model("cp", clip=False), learning_rate=1e20)


@pytest.mark.parametrize("rate", [1e3, 1e30])
def test_a_learning_rate_beyond_reason_is_reported_as_such(rate):
    with pytest.raises(NotFiniteError, match="Try a smaller learning rate"):
        trained(learning_rate=rate, epochs=50)


# --- a disk that fails --------------------------------------------------------------------------------------------


def test_a_disk_that_fills_up_keeps_the_last_checkpoint(monkeypatch, tmp_path, after_epochs):
    fsync, calls = os.fsync, []

    def filling(handle):
        calls.append(handle)
        if len(calls) > 3:  # run.json and two checkpoints fit
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", filling)
        with pytest.raises(OSError, match="No space left"):
            trained(out=tmp_path)
    tensors, header = checkpoint(tmp_path)
    assert len(header["history"]) == 2
    assert same(part(tensors, "model"), after_epochs.weights[2])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint.safetensors", "run.json"]
    assert same(trained(out=tmp_path, resume=True)[0], trained()[0])


def test_a_folder_that_cannot_be_written_fails_before_training(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr(steps.Steps, "epoch", None)
    for out in (tmp_path / "file" / "run", tmp_path / "file"):
        with pytest.raises(OSError, match="file"):
            trained(out=out)
    assert (tmp_path / "file").read_text() == "in the way"


@pytest.mark.parametrize("content", [b"", b'{"format": 1', b"\xff\xfe", b"[]"])
def test_a_damaged_run_json_is_named(tmp_path, content):
    trained(epochs=1, out=tmp_path)
    (tmp_path / "run.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"run.json is damaged"):
        trained(out=tmp_path, resume=True)


def test_a_run_json_of_a_newer_format_is_refused(tmp_path):
    write_json(tmp_path / "run.json", {"format": 99, "cpvae_lite": "99.0"})
    with pytest.raises(ValueError, match=r"run.json comes from a newer cpvae_lite \(99.0\)"):
        trained(out=tmp_path, resume=True)


# --- learning ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
def test_every_model_soon_codes_real_images_better_than_independent_pixels(name):
    dataset = load_dataset("mnist", subset=True)
    settings = {} if name in ("vae", "hvae") else {"categories": 10}
    network = cpvae_lite.build(name, features=784, hidden=50, latent_size=10, data=dataset.train.data, **settings)
    fit(network, dataset, TrainConfig(epochs=4, warmup=1, learning_rate=3e-3), progress=False)
    x = dataset.observed("validation")
    frequency = dataset.observed("train").mean(0).clamp(1e-3, 1 - 1e-3)
    independent = (x * frequency.log() + (1 - x) * (1 - frequency).log()).sum(1)
    found = estimate_bound(network, x)
    standard_error = math.hypot(found.standard_error, independent.std().item() / math.sqrt(len(x)))
    assert found.value - independent.mean().item() > 4 * standard_error


def clusters(count=2000):
    """Two clusters of equal size, ±2 in each of four dimensions, with a standard deviation of 0.3."""
    labels = np.arange(count) % 2
    centre = np.where(labels == 1, 2.0, -2.0)[:, None]
    return Dataset.from_arrays(np.random.default_rng(0).normal(centre, 0.3, (count, 4)), labels, kind="real")


@pytest.mark.parametrize("seed", [0, 1])
def test_cp_vae_finds_two_clusters_and_never_beats_their_entropy(seed):
    network = gaussian_model(features=4, categories=2, hidden=16, latent_size=1, seed=seed)
    settings = {"epochs": 20, "warmup": 10, "batch_size": 100, "learning_rate": 0.01, "seed": seed}
    _, history = trained(network, clusters(), **settings)
    averages = sorted(network.sample(500, category=k).mean().item() for k in (0, 1))
    assert averages == pytest.approx([-2, 2], abs=0.3)
    assert evaluate(network, clusters())["labels"]["label"]["nmi"] > 0.95
    assert network.aggregated_posterior.tolist() == pytest.approx([0.5, 0.5], abs=0.05)
    log_density = -math.log(2) - 2 * math.log(2 * math.pi * math.e * 0.3**2)  # on average: minus the entropy
    for found in (record["validation"] for record in history):
        assert found["bound"] < log_density + 4 * found["standard_error"]
    assert history[0]["validation"]["bound"] < log_density - 3
    assert history[-1]["validation"]["bound"] > log_density - 1


# --- progress ------------------------------------------------------------------------------------------------------


def test_progress_shows_epoch_bound_divergences_and_used_categories(capsys):
    history = fit(model(), images(), config(epochs=2), progress=True)
    shown = capsys.readouterr().err
    last = history[-1]["validation"]
    assert "epoch 2/2" in shown
    assert f", negative bound={-last['bound']:.1f}, " in shown
    for wanted in ("kl_c", "kl_z"):
        assert f"{wanted}={last[wanted]:.1f}" in shown
    assert f"above 1/K={last['used_categories']}" in shown
    assert "100%" in shown


def test_a_log_gets_a_line_an_epoch(capsys, monkeypatch):
    seen = []
    for interval in (train.SHOWN, train.LOGGED):
        monkeypatch.setattr(train, "_is_log", lambda interval=interval: interval == train.LOGGED)
        monkeypatch.setattr(train, "SHOWN", 0.0)
        fit(model(), images(), config(epochs=3), progress=True)
        seen.append(capsys.readouterr().err.count("\r"))
    assert seen[1] <= 3 + 2 < 3 * STEPS < seen[0]  # and a first and a last state


def test_a_terminal_and_a_notebook_are_no_log(monkeypatch):
    notebook = type("tqdm_notebook", (), {"__module__": "tqdm.notebook"})
    found = []
    for terminal, kind in ((False, tqdm), (True, tqdm), (False, type("bar", (notebook,), {}))):
        monkeypatch.setattr(sys, "stderr", SimpleNamespace(isatty=lambda terminal=terminal: terminal))
        monkeypatch.setattr(train, "tqdm", kind)
        found.append(train._is_log())
    assert found == [True, False, False]


def test_without_progress_nothing_is_printed(capsys):
    trained(epochs=2)
    assert capsys.readouterr() == ("", "")


def test_seconds_are_those_of_the_epoch():
    began = time.perf_counter()
    history = fit(model(), images(), config(epochs=2), progress=False)
    assert 0 < sum(record["seconds"] for record in history) < time.perf_counter() - began


# --- what a run must hold to go on ---------------------------------------------------------------------------------


@pytest.mark.parametrize("lost", ["optimizer.0.exp_avg", "best.likelihood.net.layers.0.affine.bias", "model."])
def test_a_checkpoint_that_lacks_a_part_is_refused(tmp_path, lost):
    trained(out=tmp_path, epochs=2)
    tensors, header = checkpoint(tmp_path)
    write_tensors(
        tmp_path / "checkpoint.safetensors", {k: v for k, v in tensors.items() if not k.startswith(lost)}, header
    )
    with pytest.raises(ValueError, match="is missing"):
        trained(out=tmp_path, epochs=3, resume=True)


def test_a_run_without_checkpoint_goes_on_from_its_own_first_weights_only(tmp_path):
    trained(out=tmp_path, epochs=2)
    for left in ("checkpoint.safetensors", "model.json", "model.safetensors", "history.json"):
        (tmp_path / left).unlink()
    with pytest.raises(ValueError, match="starts from other weights"):
        trained(model(seed=9), out=tmp_path, epochs=2, resume=True)
    assert same(trained(out=tmp_path, epochs=2, resume=True)[0], trained(epochs=2)[0])


def test_what_a_process_killed_while_it_writes_leaves_does_not_pile_up(tmp_path):
    trained(out=tmp_path, epochs=2)
    for number in range(2):
        (tmp_path / f".checkpoint.safetensors.{number}.part").write_bytes(b"half")
        os.utime(tmp_path / f".checkpoint.safetensors.{number}.part", (0, 0))
    trained(out=tmp_path, epochs=3, resume=True)
    assert not list(tmp_path.glob(".*"))


def test_a_single_validation_image_is_enough(tmp_path):
    few = Dataset.from_arrays(np.random.default_rng(0).integers(0, 256, (20, 4, 4)), validation=0.05, test=0.05)
    _, history = trained(dataset=few, out=tmp_path, epochs=2, batch_size=5)
    assert history[-1]["validation"]["standard_error"] is None


def test_float64_models_train_and_come_back_as_such(tmp_path):
    network = model().double()
    trained(network, out=tmp_path, epochs=2)
    again = load_model(tmp_path)
    assert again.aggregated_posterior.dtype == torch.float64
    assert same(weights(again), weights(network))


def test_q_c_of_earlier_weights_does_not_outlive_an_interrupt(after_epochs):
    network = model()
    trained(network, epochs=1)
    after_epochs.do.append(lambda epoch: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        trained(network, epochs=2)
    assert network.aggregated_posterior.isnan().all()


def test_training_takes_numbers_too_small_to_be_normal_for_zero_and_leaves_the_processor_as_it_was():
    tiny, seen = torch.tensor(1e-39), []
    for before in (False, True):
        torch.set_flush_denormal(before)
        try:
            fit(model(), images(), config(), progress=False, after_epoch=lambda _: seen.append((tiny * 1).item()))
            assert ((tiny * 1).item() == 0) == before
        finally:
            torch.set_flush_denormal(False)
    assert seen == [0.0] * 2 * config().epochs


def test_a_run_that_fails_before_its_first_epoch_ends_leaves_its_place_free(tmp_path):
    frozen = model("vae").requires_grad_(False)
    with pytest.raises(RuntimeError, match="does not require grad"):
        fit(frozen, images(), config(epochs=1), out=tmp_path / "run", progress=False)
    fit(model("vae"), images(), config(epochs=1), out=tmp_path / "run", progress=False)
