"""The aggregated posterior alone: against torch.distributions, and as a density."""

import pytest
import torch
import torch.distributions as D

from cpvae_lite import aggregated
from cpvae_lite.aggregated import AggregatedPosterior


def random_posterior(images=30, categories=4, size=3, seen=4, spread=1.0):
    log_pi = (2 * torch.randn(images, categories)).double().log_softmax(1)
    mean, log_variance = spread * torch.randn(2, images, seen, size).double()
    return AggregatedPosterior(log_pi, mean, log_variance.clamp(-6, 2))


def random_draws(count=25, categories=4, size=3):
    return 2 * torch.randn(count, size).double(), torch.randint(categories, (count,))


@pytest.mark.parametrize("stray", [-1, 4])
def test_a_category_that_is_not_there_is_refused(stray):
    z, c = random_draws()
    c[7] = stray
    with pytest.raises(ValueError, match="c must be from 0 to 3, not from"):
        random_posterior(seen=4).log_prob(z, c)


@pytest.mark.parametrize("seen", [1, 4])
@pytest.mark.parametrize("spread", [0.5, 5.0])
def test_is_the_mixture_of_torch(seen, spread):
    q = random_posterior(seen=seen, spread=spread)
    z, c = random_draws()
    for found, expected in zip(q.log_prob(z, c), q.brute_force(z, c), strict=True):
        assert torch.allclose(found, expected, atol=1e-8)


@pytest.mark.parametrize("seen", [1, 4])
def test_is_its_definition_written_out(seen):
    q = random_posterior(images=5, seen=seen)
    z, c = random_draws(count=6)
    each = D.Independent(D.Normal(q.mean.expand(5, 4, 3), (q.log_variance / 2).exp().expand(5, 4, 3)), 1)
    pi, given_c, anyway = q.log_pi.exp(), [], []
    for point, category in zip(z, c, strict=True):
        density = pi * each.log_prob(point).exp()  # (N, K)
        given_c.append(density[:, category].sum() / pi[:, category].sum())
        anyway.append(density.sum() / 5)
    found = q.log_prob(z, c)
    assert torch.allclose(found[0], torch.stack(given_c).log(), atol=1e-10)
    assert torch.allclose(found[1], torch.stack(anyway).log(), atol=1e-10)


@pytest.mark.parametrize("seen", [1, 4])
@pytest.mark.parametrize("pairs", [1, 100, 1000])
def test_blocks_change_nothing(seen, pairs, monkeypatch):
    q, draws = random_posterior(seen=seen), random_draws()
    whole = q.log_prob(*draws)
    monkeypatch.setattr(aggregated, "PAIRS", pairs)
    assert all(torch.allclose(a, b, atol=1e-12) for a, b in zip(q.log_prob(*draws), whole, strict=True))


def test_integrates_to_one():
    q = random_posterior(size=1)
    z = torch.linspace(-40, 40, 40001, dtype=torch.double)[:, None]
    for category in range(4):
        given_c, anyway = q.log_prob(z, torch.full((len(z),), category))
        assert abs(given_c.exp().sum() * 0.002 - 1) < 1e-9 and abs(anyway.exp().sum() * 0.002 - 1) < 1e-9


def test_q_of_z_is_the_mixture_of_the_categories():
    q = random_posterior()
    z, _ = random_draws()
    each = torch.stack([q.log_prob(z, torch.full((25,), k))[0] for k in range(4)])  # (K, M)
    mixed = (each + q.log_categories[:, None]).logsumexp(0)
    assert torch.allclose(mixed, q.log_prob(z, torch.zeros(25).long())[1], atol=1e-10)


def test_q_of_c_is_the_mean_responsibility():
    q = random_posterior()
    assert torch.allclose(q.log_categories.exp(), q.log_pi.exp().mean(0), atol=1e-14)


def test_a_category_without_images_is_not_nan_for_the_others():
    q = random_posterior()
    q.log_pi[:, 0] -= 200
    again = AggregatedPosterior(q.log_pi.log_softmax(1), q.mean, q.log_variance)
    z, c = random_draws()
    assert all(torch.isfinite(part).all() for part in again.log_prob(z, c))


def test_keeps_its_digits_where_means_are_far_out():
    """The product of tables subtracts numbers near 1e6; float64 leaves ten digits."""
    q = random_posterior(spread=30.0)
    z, c = random_draws()
    for found, expected in zip(q.log_prob(z, c), q.brute_force(z, c), strict=True):
        assert torch.allclose(found, expected, atol=1e-6, rtol=1e-10)


def test_a_common_offset_costs_no_digits():
    q = random_posterior(size=8)
    far = AggregatedPosterior(q.log_pi, q.mean + 300, torch.full_like(q.log_variance, -6.0))
    z, c = far.mean[:25, 0] + 0.05, torch.randint(4, (25,))
    for found, expected in zip(far.log_prob(z, c), far.brute_force(z, c), strict=True):
        assert torch.allclose(found, expected, atol=1e-9, rtol=1e-12)


@pytest.mark.parametrize("single", ["log_pi", "mean", "log_variance"])
def test_single_precision_is_refused(single):
    tables = {"log_pi": torch.zeros(2, 1), "mean": torch.zeros(2, 1, 3), "log_variance": torch.zeros(2, 1, 3)}
    tables = {name: table if name == single else table.double() for name, table in tables.items()}
    with pytest.raises(TypeError, match=rf"needs float64; {single} is torch\.float32"):
        AggregatedPosterior(**tables)


@pytest.mark.parametrize("mean, log_variance", [((2, 2, 3), (2, 2, 3)), ((2, 1, 3), (2, 1, 4)), ((3, 1, 3), (3, 1, 3))])
def test_shapes_that_do_not_fit_are_refused(mean, log_variance):
    log_pi, *tables = (torch.zeros(shape, dtype=torch.double) for shape in ((2, 4), mean, log_variance))
    with pytest.raises(ValueError, match="they must be"):
        AggregatedPosterior(log_pi, *tables)
