"""Random worlds: what was asked for, from the seed alone, and nothing that is no world."""

from dataclasses import replace

import pytest
import torch
import torch.distributions as D

from cpvae_lite.checks import WORLDS
from cpvae_lite.worlds import random_world


@pytest.fixture
def plain():
    return random_world(values=4, categories=3, seed=5)


def test_random_worlds_follow_from_their_seed_alone(random_state_kept):
    first, again, other = (random_world(seed=seed) for seed in (3, 3, 4))
    assert torch.equal(first.log_pi, again.log_pi) and not torch.equal(first.log_pi, other.log_pi)


def test_the_assumptions_are_as_asked_for():
    world = random_world(posterior_sees_category=False, prior_sees_category=False, uniform=True)
    assert (world.posterior.mean == world.posterior.mean[:, :1]).all()
    assert (world.prior.mean == world.prior.mean[:1]).all()
    assert torch.allclose(world.log_pi.exp(), torch.tensor(1 / 3).double())


def test_the_likelihood_is_a_distribution_over_the_values_of_x(plain):
    assert torch.allclose(plain.likelihood(torch.randn(7, 3, 1).double()).exp().sum(-1), torch.ones(7, 3).double())


def test_the_kinds_that_are_checked_are_as_extreme_as_their_names():
    worlds = {kind: random_world(**settings) for kind, settings in WORLDS.items()}
    pi = {kind: world.log_pi.exp() for kind, world in worlds.items()}
    assert (pi["nearly empty categories"].amax(0) < 1e-10).sum() == 2
    assert pi["nearly one-hot q(c|x)"].amax(1).median() > 0.999
    spread = worlds["very different variances"].posterior.stddev
    assert spread.max() / spread.min() > 10
    assert worlds["z of two dimensions"].posterior.event_shape == (2,)
    assert worlds["one category"].log_pi.shape[1] == 1 and len(worlds["one value of x"].log_data) == 1


@pytest.mark.parametrize("table", ["log_data", "log_pi"])
def test_probabilities_must_sum_to_one(plain, table):
    for change in (1.0, torch.nan):
        with pytest.raises(ValueError, match=f"{table} must hold the logarithms of probabilities"):
            replace(plain, **{table: getattr(plain, table) + change})
    with pytest.raises(TypeError, match=rf"{table} must be float64, not torch\.float32"):
        replace(plain, **{table: getattr(plain, table).float()})


def test_shapes_must_fit(plain):
    with pytest.raises(ValueError, match="the batch shape of the posterior must be the same"):
        replace(plain, log_pi=torch.zeros(4, 2).double().log_softmax(1))
    with pytest.raises(ValueError, match="log_data must have as many rows, not 2"):
        replace(plain, log_data=torch.zeros(2).double().log_softmax(0))
    for batch, event in ((1, 1), (2, 1), (3, 2)):
        prior = D.Independent(D.Normal(torch.zeros(batch, event).double(), 1.0), 1)
        with pytest.raises(ValueError, match=rf"batch shape \(3,\) and event shape \(1,\), not \({batch},\)"):
            replace(plain, prior=prior)


@pytest.mark.parametrize(
    "settings, cause",
    [
        ({"values": 0}, "values must be at least 1"),
        ({"categories": 0}, "categories must be at least 1"),
        ({"size": 3}, "one or two dimensions here, not 3"),
        ({"size": 0}, "size must be at least 1"),
        ({"empty": 3}, "empty must leave one of the 3 categories"),
        ({"empty": -1}, "empty must be at least 0"),
        ({"sharpness": float("nan")}, "sharpness must be finite"),
        ({"log_variance": (1.0, -1.0)}, "must run from low to high"),
        ({"log_variance": (0.0, float("inf"))}, "log_variance must be finite"),
        ({"seed": -1}, "seed must be at least 0"),
    ],
)
def test_settings_out_of_range_are_refused(settings, cause):
    with pytest.raises(ValueError, match=cause):
        random_world(**settings)
