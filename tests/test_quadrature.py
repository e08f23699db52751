"""The exact worlds: densities are densities, and each term is what a second way of computing it gives."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.distributions as D
from scipy.integrate import quad

from cpvae_lite.checks import WORLDS
from cpvae_lite.decomposition import equation_4, equation_12, equation_13, equation_17, equation_19
from cpvae_lite.joint import TERMS
from cpvae_lite.quadrature import Exact
from cpvae_lite.worlds import random_world

NAT = 1e-9


@pytest.fixture(params=WORLDS.values(), ids=WORLDS.keys())
def world(request):
    return random_world(**request.param, seed=11)


@pytest.fixture
def plain():
    return random_world(values=4, categories=3, seed=5)


def normal(world, n, k):
    """Mean and standard deviation of q(z|x_n,c_k), as numbers."""
    return world.posterior.mean[n, k].item(), world.posterior.stddev[n, k].item()


def test_the_aggregated_posteriors_are_densities(world):
    q = Exact(world)
    for name in ("q(z)", "q(z|c)", "q(z|x)", "q(z|x,c)"):
        mass = (q.log_density(name) + q.log_cell).exp().sum(-1)
        assert (mass - 1).abs().max() < 1e-11, name
    assert (q.log_density("q(c)").exp().sum() - 1).abs() < 1e-14


def test_the_aggregated_posteriors_are_the_mixtures_of_torch(world):
    q = Exact(world)
    weights = (world.log_data[:, None] + world.log_pi).T  # (K, N)
    each = D.Independent(D.Normal(world.posterior.mean.movedim(0, 1), world.posterior.stddev.movedim(0, 1)), 1)
    given_c = D.MixtureSameFamily(D.Categorical(logits=weights), each).log_prob(q.points[:, None]).T
    assert torch.allclose(q.log_density("q(z|c)"), given_c, atol=1e-8, rtol=1e-12)
    anyway = D.MixtureSameFamily(
        D.Categorical(logits=weights.flatten()),
        D.Independent(D.Normal(*(t.flatten(0, 1) for t in (each.base_dist.loc, each.base_dist.scale))), 1),
    )
    assert torch.allclose(q.log_density("q(z)"), anyway.log_prob(q.points), atol=1e-8, rtol=1e-12)


def test_the_information_is_a_difference_of_entropies(plain):
    """I((z,c);x) = H(z,c) - H(z,c|x), with scipy's adaptive quadrature and the Gaussian's entropy."""
    p_x, pi = plain.log_data.exp(), plain.log_pi.exp()
    mean, spread = plain.posterior.mean[..., 0].numpy(), plain.posterior.stddev[..., 0].numpy()
    weights = (p_x[:, None] * pi).numpy()

    def minus_f_log_f(z, k):
        f = (weights[:, k] * np.exp(-0.5 * ((z - mean[:, k]) / spread[:, k]) ** 2) / spread[:, k]).sum()
        f /= math.sqrt(2 * math.pi)
        return -f * math.log(f) if f > 0 else 0.0

    joint = sum(quad(minus_f_log_f, -25, 25, args=(k,), points=list(mean[:, k]), limit=500)[0] for k in range(3))
    noise = 0.5 * np.log(2 * math.pi * math.e * spread**2)
    given_x = (p_x * (D.Categorical(probs=pi).entropy() + (pi * torch.from_numpy(noise)).sum(1))).sum().item()
    assert abs(Exact(plain).measure("I((z,c);x)").value - (joint - given_x)) < 1e-7


def test_informations_obey_their_chain_rules(world):
    q = Exact(world)
    term = {name: q.measure(name).value for name in TERMS if name.startswith("I")}
    assert abs(term["I((z,c);x)"] - term["I(c;x)"] - term["I(z;x|c)"]) < NAT
    assert abs(term["I(z;(c,x))"] - term["I(z;c)"] - term["I(z;x|c)"]) < NAT
    assert all(value > -NAT for value in term.values())
    assert term["I((z,c);x)"] < q.measure("H(p_D)").value + NAT


def test_the_information_reaches_its_ceiling_where_posteriors_are_apart(plain):
    mean = 10 * torch.arange(12, dtype=torch.double).view(4, 3, 1)
    apart = replace(plain, posterior=D.Independent(D.Normal(mean, torch.full_like(mean, 0.3)), 1))
    q = Exact(apart)
    assert abs(q.measure("I((z,c);x)").value - q.measure("H(p_D)").value) < NAT


def test_divergences_are_not_negative(world):
    q = Exact(world)
    names = [name for name in TERMS if name.startswith("KL") and name != "KL(q(z|x)‖q(z|c))"]
    assert all(q.measure(name).value > -NAT for name in names)


def test_the_divergence_of_indq_is_not_negative_where_it_is_one():
    q = Exact(random_world(posterior_sees_category=False))
    assert abs(q.measure("KL(q(z|x)‖q(z|c))").value - q.measure("I(z;x|c)").value) < NAT
    assert q.measure("KL(q(z|x)‖q(z|c))").value > 0.1


def test_a_divergence_is_that_of_scipy(plain):
    q = Exact(plain)
    log_q, log_p = q.log_density("q(z|c)").numpy(), q.log_density("p(z|c)").numpy()
    grid, share = q.points[:, 0].numpy(), q.log_density("q(c)").exp()[:, 0].numpy()
    each = [np.trapezoid(np.exp(a) * (a - b), grid) for a, b in zip(log_q, log_p, strict=True)]
    assert abs(q.measure("KL(q(z|c)‖p(z|c))").value - share @ each) < NAT


def test_the_reconstruction_is_that_of_scipy(plain):
    def integrand(z, n, k):
        mean, spread = normal(plain, n, k)
        density = math.exp(-0.5 * ((z - mean) / spread) ** 2) / (spread * math.sqrt(2 * math.pi))
        return density * plain.likelihood(torch.full((3, 1), z, dtype=torch.double))[k, n].item()

    weights = plain.log_data[:, None].exp() * plain.log_pi.exp()
    expected = 0.0
    for n, k in np.ndindex(4, 3):
        mean, spread = normal(plain, n, k)
        expected += weights[n, k].item() * quad(integrand, mean - 9 * spread, mean + 9 * spread, args=(n, k))[0]
    q = Exact(plain)
    assert abs(q.measure("A").value - expected) < 1e-8
    assert abs(q.objective("reconstruction").total.value - expected) < 1e-8


def test_the_objective_has_the_closed_form_divergences(plain):
    terms = Exact(plain).objective("kl_z", "kl_c").terms
    weights = plain.log_data[:, None].exp() * plain.log_pi.exp()
    prior = D.Normal(plain.prior.mean[:, 0], plain.prior.stddev[:, 0])
    each = D.kl_divergence(D.Normal(plain.posterior.mean[..., 0], plain.posterior.stddev[..., 0]), prior)  # (N, K)
    assert abs(terms["kl_z"].value - (weights * each).sum().item()) < 1e-12
    entropy = -(plain.log_data[:, None].exp() * plain.log_pi.exp() * plain.log_pi).sum().item()
    assert abs(terms["kl_c"].value - (math.log(3) - entropy)) < 1e-12


def test_the_equations_hold_for_posteriors_that_are_no_gaussians(plain):
    mean, spread = 1.5 * torch.randn(4, 3, 2, 1).double(), 0.5 + torch.rand(4, 3, 2, 1).double()
    bumps = D.Independent(D.Normal(mean, spread), 1)
    world = replace(plain, posterior=D.MixtureSameFamily(D.Categorical(logits=torch.randn(4, 3, 2).double()), bumps))
    q = Exact(world)
    for equation in (equation_12, equation_13, equation_17, equation_19):
        assert equation(q).holds, equation(q)


@pytest.mark.parametrize("row", range(4))
def test_equations_12_and_13_hold_for_each_x_alone(plain, row):
    only = torch.nn.functional.one_hot(torch.tensor(row), 4).double().log()
    q = Exact(replace(plain, log_data=only))
    assert equation_12(q).holds and equation_13(q).holds
    assert q.measure("H(p_D)").value == 0


def test_a_category_of_probability_zero_is_the_limit_of_rare_ones(plain):
    found = {}
    for name, logit in {"rare": -40.0, "none": -torch.inf}.items():
        log_pi = plain.log_pi.clone()
        log_pi[:, 2] += logit
        found[name] = Exact(replace(plain, log_pi=log_pi.log_softmax(1)))
    for term in TERMS:
        assert abs(found["none"].measure(term).value - found["rare"].measure(term).value) < 1e-9, term
    for equation in (equation_12, equation_13, equation_17, equation_19):
        assert equation(found["none"]).holds


def test_a_log_density_far_out_does_not_underflow():
    world = random_world(log_variance=(-6.0, 2.0), seed=1)
    assert all(torch.isfinite(Exact(world).log_density(name)).all() for name in ("q(z|x,c)", "q(z|c)", "q(z)"))


def test_a_grid_that_would_not_fit_is_refused(plain):
    spread = torch.ones(4, 3, 1).double()
    spread[0, 0] = 1e-6
    with pytest.raises(ValueError, match=r"differ too much in width: the grid would need [\d,]+ values"):
        Exact(replace(plain, posterior=D.Independent(D.Normal(torch.zeros_like(spread), spread), 1)))


def shaped(plain, make):
    """The world with other posteriors of the same means."""
    return replace(plain, posterior=D.Independent(make(plain.posterior.mean), 1))


@pytest.mark.parametrize(
    "make",
    [
        lambda mean: D.StudentT(torch.tensor(30.0).double(), mean),
        lambda mean: D.Laplace(mean, torch.ones_like(mean)),
    ],
)
def test_a_distribution_that_the_points_miss_is_refused(plain, make):
    with pytest.raises(ValueError, match=r"hold [\d.]+ of the mass of one q\(z\|x,c\)"):
        Exact(shaped(plain, make))


def test_bumps_too_narrow_for_the_points_are_refused(plain):
    bumps = D.Normal(torch.tensor([-5.0, 5.0]).double().view(2, 1).expand(4, 3, 2, 1), torch.tensor(0.05).double())
    mixture = D.MixtureSameFamily(D.Categorical(logits=torch.zeros(4, 3, 2).double()), D.Independent(bumps, 1))
    with pytest.raises(ValueError, match="of the mass"):
        equation_12(Exact(replace(plain, posterior=mixture)))


def test_strongly_correlated_dimensions_are_refused():
    world = random_world(values=2, categories=1, size=2)
    covariance = torch.tensor([[1.0, 0.9999], [0.9999, 1.0]]).double()
    with pytest.raises(ValueError, match="of the mass"):
        equation_4(Exact(replace(world, posterior=D.MultivariateNormal(world.posterior.mean, covariance))))


def test_a_likelihood_too_fast_for_the_nodes_is_refused():
    with pytest.raises(ValueError, match="changes too fast within a posterior"):
        equation_4(Exact(random_world(log_variance=(6.0, 6.5))))


HEAVY = lambda mean: D.StudentT(torch.tensor(1.5), mean)  # noqa: E731
NOWHERE = lambda mean: D.Normal(mean + torch.nan, 1.0, validate_args=False)  # noqa: E731


@pytest.mark.parametrize("make", [HEAVY, NOWHERE], ids=["heavy tails", "NaN"])
def test_no_finite_deviation_is_refused(plain, make):
    with pytest.raises(ValueError, match="no finite mean and standard deviation"):
        Exact(shaped(plain, make))


def test_nan_is_never_taken_for_zero(plain):
    q = Exact(replace(plain, likelihood=lambda z: plain.likelihood(z) * torch.nan))
    assert np.isnan(q.measure("A").value)


def test_an_unknown_density_or_term_is_an_error(plain):
    with pytest.raises(ValueError, match="no density"):
        Exact(plain).log_density("q(y)")
    with pytest.raises(ValueError, match=r"unknown term 'I\(x;z\)'; did you mean 'I\(z;x\)'"):
        Exact(plain).measure("I(x;z)")
