"""Conditional distributions against densities and divergences written out or integrated."""

import math

import pytest
import torch
import torch.distributions as D
import torch.nn.functional as F
from torch import nn

from cpvae_lite.conditionals import (
    Bernoulli,
    Categorical,
    Conditional,
    Gaussian,
    SphericalGaussian,
    StandardNormal,
    Uniform,
    diagonal_normal,
)
from cpvae_lite.nets import MLP


def rand(*shape):
    return torch.randn(*shape, dtype=torch.double)


class Given(nn.Module):
    """A network that returns its only input."""

    def forward(self, value):
        return value


class Mixture(Conditional):
    """A prior that has no closed-form divergence."""

    def forward(self, values):
        means = torch.tensor([[-2.0], [1.0]], dtype=torch.double)
        return D.MixtureSameFamily(D.Categorical(torch.ones(2)), diagonal_normal(means, torch.zeros(1)))


def test_diagonal_normal_is_the_gaussian_with_that_covariance():
    mean, log_variance, z = rand(5, 3), rand(5, 3), rand(5, 3)
    expected = D.MultivariateNormal(mean, torch.diag_embed(log_variance.exp()))
    found = diagonal_normal(mean, log_variance)
    assert torch.allclose(found.log_prob(z), expected.log_prob(z))
    assert torch.allclose(found.entropy(), expected.entropy())


def test_gaussian_takes_means_first_then_log_variances():
    out = rand(5, 6).clamp(-2, 2)
    found = Gaussian(Given(), "h")({"h": out})
    assert torch.allclose(found.mean, out[:, :3])
    assert torch.allclose(found.variance, out[:, 3:].exp())


def test_log_variance_stays_between_its_limits():
    log_variance = torch.tensor([-1e4, -6.01, -6.0, -5.9, 0.0, 1.9, 2.0, 2.01, 1e4], dtype=torch.double)
    found = Gaussian(Given(), "h")({"h": torch.cat([torch.zeros(9), log_variance])[None]})
    expected = torch.tensor([-6, -6, -6, -5.9, 0, 1.9, 2, 2, 2], dtype=torch.double)
    assert torch.allclose(found.variance[0].log(), expected)


def test_parents_reach_the_network_in_the_order_given(network):
    mlp = MLP([2, 3], [4], 6).double()
    values = {"a": rand(5, 3), "b": rand(5, 2), "other": rand(5, 7)}
    mean, log_variance = network(mlp, values["b"], values["a"]).chunk(2, -1)
    found = Gaussian(mlp, "b", "a")(values)
    assert torch.allclose(found.mean, mean)
    assert torch.allclose(found.variance, log_variance.clamp(-6, 2).exp())


def test_categorical_is_the_softmax_of_its_logits():
    logits = rand(5, 4)
    weights = logits.exp()
    found = Categorical(Given(), "h")({"h": logits})
    assert torch.allclose(found.probs, weights / weights.sum(1, keepdim=True))


def test_categorical_applies_its_activation_to_the_logits():
    logits = 3 * rand(5, 4)
    bent = torch.where(logits > 0, logits, logits.exp() - 1)
    found = Categorical(Given(), "h", activation=nn.ELU())({"h": logits})
    assert torch.allclose(found.probs, bent.softmax(1))


def test_bernoulli_multiplies_the_probabilities_of_pixels():
    logits, x = rand(5, 4), torch.randint(2, (5, 4)).double()
    p = 1 / (1 + (-logits).exp())
    found = Bernoulli(Given(), "z")({"z": logits})
    assert torch.allclose(found.log_prob(x), torch.where(x == 1, p, 1 - p).prod(1).log())
    assert torch.allclose(found.mean, p)


def test_bernoulli_probabilities_of_all_images_sum_to_one():
    images = torch.cartesian_prod(*[torch.tensor([0.0, 1.0], dtype=torch.double)] * 4)
    found = Bernoulli(Given(), "z")({"z": rand(4).expand(16, 4)})
    assert math.isclose(found.log_prob(images).exp().sum(), 1)


@pytest.mark.parametrize("dtype", [torch.float, torch.double])
@pytest.mark.parametrize("pixel", [0.0, 1.0])
def test_bernoulli_density_and_gradient_hold_at_extreme_logits(pixel, dtype):
    far = torch.tensor([-1e4, -90, -30, -5, -1e-3, 0, 1e-3, 5, 30, 90, 1e4], dtype=dtype)
    logits = far[:, None].clone().requires_grad_()
    found = Bernoulli(Given(), "z")({"z": logits}).log_prob(torch.full_like(logits, pixel))
    expected = F.logsigmoid((2 * pixel - 1) * far.double())
    assert torch.allclose(found.double(), expected, rtol=1e-6, atol=1e-6)
    (gradient,) = torch.autograd.grad(found.sum(), logits)
    assert torch.allclose(gradient[:, 0].double(), pixel - far.double().sigmoid(), atol=1e-6)


def test_spherical_gaussian_has_one_variance_for_all():
    likelihood = SphericalGaussian(Given(), "z").double()
    with torch.no_grad():
        likelihood.log_variance.fill_(-1.3)
    mean, x = rand(5, 4), rand(5, 4)
    expected = D.MultivariateNormal(mean, math.exp(-1.3) * torch.eye(4, dtype=torch.double))
    assert torch.allclose(likelihood({"z": mean}).log_prob(x), expected.log_prob(x))


def test_standard_normal_is_one():
    z = rand(5, 3)
    expected = -0.5 * (z.square().sum(1) + 3 * math.log(2 * math.pi))
    assert torch.allclose(StandardNormal(3).double()({}).log_prob(z), expected)


def test_divergence_to_the_standard_normal_is_the_closed_form():
    mean, log_variance = rand(5, 3), rand(5, 3)
    expected = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1)
    prior, q = StandardNormal(3).double(), diagonal_normal(mean, log_variance)
    assert torch.allclose(prior.divergence(q, None, {}), expected)


def test_divergence_without_closed_form_is_right_on_average(agree):
    q, prior = diagonal_normal(torch.tensor([0.4], dtype=torch.double), torch.tensor([-0.7])), Mixture()
    z = torch.linspace(-12, 12, 4001, dtype=torch.double)[:, None]
    log_q, log_p = q.log_prob(z), prior({}).log_prob(z)
    expected = (log_q.exp() * (log_q - log_p)).sum() * 24 / 4000
    draws = q.sample((40_000,))
    agree(prior.divergence(q, draws, {}), expected)


# --- Eq. 13 -------------------------------------------------------------------------------------------

WITH_ZEROS = torch.tensor(
    [[0.5, 0.5, 0, 0], [1, 0, 0, 0], [0.25, 0.25, 0.25, 0.25], [0.1, 0.2, 0.3, 0.4]], dtype=torch.double
)
KL_TO_UNIFORM = [math.log(2), math.log(4), 0, sum(p * math.log(4 * p) for p in (0.1, 0.2, 0.3, 0.4))]


@pytest.mark.parametrize("dtype", [torch.float, torch.double])
def test_divergence_to_uniform_is_torchs_with_probabilities_of_zero(dtype):
    q = D.Categorical(probs=WITH_ZEROS.to(dtype))
    found = Uniform(4).to(dtype).divergence(q, None, {})
    torchs = D.kl_divergence(q, D.Categorical(probs=torch.full((4,), 0.25, dtype=dtype)))
    assert torch.allclose(found, torchs, atol=1e-6)
    assert torch.allclose(found, torch.tensor(KL_TO_UNIFORM, dtype=dtype), atol=1e-6)


@pytest.mark.parametrize("far", [-200.0, -1e4, -math.inf])
def test_divergence_to_uniform_of_logits_so_low_that_probabilities_are_zero(far):
    logits = torch.tensor([[0.0, 0.0, far, far]])
    q = Categorical(Given(), "h")({"h": logits})
    assert q.probs[0, 2] == 0
    assert math.isclose(Uniform(4).divergence(q, None, {}).item(), math.log(2), abs_tol=1e-6)


def test_divergence_to_uniform_is_log_k_minus_entropy():
    probs = rand(8, 5).softmax(1)
    found = Uniform(5).divergence(D.Categorical(probs=probs), None, {})
    assert torch.allclose(found, math.log(5) + (probs * probs.log()).sum(1))


def test_uniform_gives_every_category_the_same_probability():
    found = Uniform(7)({}).log_prob(torch.arange(7)).exp()
    assert torch.allclose(found, F.one_hot(torch.arange(7)).float().mean(0))
