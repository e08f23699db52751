"""The expected divergence, a K-sized matrix product, against torch.distributions component by component."""

import pytest
import torch
import torch.distributions as D

from cpvae_lite.conditionals import diagonal_normal
from cpvae_lite.priors import ComponentGaussian, expected_kl


def rand(*shape):
    return torch.randn(*shape, dtype=torch.double)


@pytest.fixture
def posterior():
    """Six Gaussians whose variances span 13 orders of e."""
    return diagonal_normal(3 * rand(6, 4), torch.linspace(-9, 4, 24, dtype=torch.double).view(6, 4))


@pytest.fixture
def prior():
    """p(z|c) of seven categories with variances from exp(-5) to exp(5) and means up to 10 or so."""
    prior = ComponentGaussian(7, 4).double()
    with torch.no_grad():
        prior.mean.copy_(4 * rand(7, 4))
        prior.log_variance.copy_(10 * torch.rand(7, 4) - 5)
    return prior


def component(prior, k):
    variance = prior.log_variance[k].exp()
    return D.MultivariateNormal(prior.mean[k], torch.diag(variance))


def divergences(posterior, prior):
    """KL of each row to each component by the general formula for full covariances, (B, K)."""
    scale = torch.diag_embed(posterior.base_dist.scale)
    rows = D.MultivariateNormal(posterior.base_dist.loc, scale_tril=scale)
    each = [D.kl_divergence(rows, component(prior, k)) for k in range(len(prior.mean))]
    return torch.stack(each, 1)


@pytest.mark.parametrize("certainty", [0.3, 1.0, 30.0])
def test_expected_divergence_is_the_weighted_sum_over_components(posterior, prior, certainty):
    weights = (certainty * rand(6, 7)).softmax(1)
    found = expected_kl(posterior, weights, prior.mean, prior.log_variance)
    expected = (weights * divergences(posterior, prior)).sum(1)
    assert torch.allclose(found, expected, rtol=1e-10, atol=1e-10)


def test_one_hot_weights_pick_one_component(posterior, prior):
    weights = torch.eye(7, dtype=torch.double)[[0, 6, 3, 3, 1, 5]]
    found = expected_kl(posterior, weights, prior.mean, prior.log_variance)
    expected = divergences(posterior, prior)[range(6), [0, 6, 3, 3, 1, 5]]
    assert torch.allclose(found, expected, rtol=1e-10, atol=1e-10)


def test_hard_index_picks_one_component(posterior, prior):
    prior.weights = "c"
    c = torch.tensor([0, 6, 3, 3, 1, 5])
    found = prior.divergence(posterior, None, {"c": c})
    assert torch.allclose(found, divergences(posterior, prior)[range(6), c], rtol=1e-10, atol=1e-10)


def test_all_indices_give_all_components(posterior, prior):
    prior.weights = "c"
    found = prior.divergence(posterior, None, {"c": torch.arange(7)[:, None]})
    assert torch.allclose(found, divergences(posterior, prior).T, rtol=1e-10, atol=1e-10)


def test_divergence_averages_over_the_named_weights(posterior, prior):
    pi, c = rand(6, 7).softmax(1), torch.zeros(6, dtype=torch.long)
    found = prior.divergence(posterior, None, {"pi": pi, "c": c})
    expected = (pi * divergences(posterior, prior)).sum(1)
    assert torch.allclose(found, expected, rtol=1e-10, atol=1e-10)


def test_relaxed_weights_average_the_divergence(posterior, prior):
    prior.weights = "c"
    c = D.RelaxedOneHotCategorical(torch.tensor(0.7), logits=rand(6, 7)).sample()
    found = prior.divergence(posterior, None, {"c": c})
    assert torch.allclose(found, (c * divergences(posterior, prior)).sum(1), rtol=1e-10, atol=1e-10)


def test_divergence_to_itself_is_zero(prior):
    q = diagonal_normal(prior.mean, prior.log_variance)
    found = expected_kl(q, torch.eye(7, dtype=torch.double), prior.mean, prior.log_variance)
    assert found.abs().max() < 1e-10


def test_batches_of_samples_broadcast(prior):
    posterior, weights = diagonal_normal(rand(5, 6, 4), rand(5, 6, 4)), rand(6, 7).softmax(1)
    found = expected_kl(posterior, weights, prior.mean, prior.log_variance)
    for s in range(5):
        one = diagonal_normal(posterior.mean[s], posterior.variance[s].log())
        expected = (weights * divergences(one, prior)).sum(1)
        assert torch.allclose(found[s], expected, rtol=1e-10, atol=1e-10)


def test_gradients_are_those_of_the_sum_over_components(prior):
    mean, log_variance = rand(6, 4).requires_grad_(), rand(6, 4).requires_grad_()
    logits = rand(6, 7).requires_grad_()
    leaves = [mean, log_variance, logits, prior.mean, prior.log_variance]
    posterior, weights = diagonal_normal(mean, log_variance), logits.softmax(1)
    found = expected_kl(posterior, weights, prior.mean, prior.log_variance)
    expected = (weights * divergences(posterior, prior)).sum(1)
    seen = rand(6)
    by_table = torch.autograd.grad((found * seen).sum(), leaves, retain_graph=True)
    by_component = torch.autograd.grad((expected * seen).sum(), leaves)
    pairs = zip(by_table, by_component, strict=True)
    assert all(torch.allclose(a, b, rtol=1e-9, atol=1e-9) for a, b in pairs)


def test_density_is_the_gaussian_of_the_category(prior):
    c, z = torch.tensor([2, 0, 6]), rand(3, 4)
    expected = torch.stack([component(prior, k).log_prob(row) for k, row in zip(c, z, strict=True)])
    assert torch.allclose(prior({"c": c}).log_prob(z), expected)


def test_relaxed_category_has_no_density(prior):
    with pytest.raises(TypeError, match="index of a category; a relaxed c lies between"):
        prior({"c": torch.tensor([0.5, 0.5, 0, 0, 0, 0, 0])})


def test_fresh_components_differ_and_have_unit_variance(agree):
    prior = ComponentGaussian(4000, 2)
    agree(prior.mean.detach().square(), torch.ones(2))
    agree(prior.mean.detach(), torch.zeros(2))
    assert not prior.log_variance.any()
