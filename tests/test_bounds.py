"""The bound and the evidence against exact answers on models whose latents can be summed and integrated out."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn

from cpvae_lite import Hard, Relaxed, Summed, build, elbo, estimate_bound, log_marginal
from cpvae_lite.bounds import standard_error
from cpvae_lite.conditionals import Conditional, Gaussian, StandardNormal, diagonal_normal
from cpvae_lite.latents import Latent
from cpvae_lite.model import LatentVariableModel
from cpvae_lite.nets import MLP

DRAWS = {"hard": Hard(), "summed": Summed()}
every_draw = pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS.keys())
both_gates = pytest.mark.parametrize("gate", ["probs", "sample"])


@torch.no_grad()
def bounds(model, x, draw, times=20_000):
    """Independent one-draw estimates of each row's bound, (times, B)."""
    return elbo(model, x.repeat(times, 1), draw).objective().view(times, len(x))


@torch.no_grad()
def terms(model, x, draw, times=20_000):
    found = elbo(model, x.repeat(times, 1), draw).terms()
    return {name: term.view(times, len(x)) for name, term in found.items()}


class FixedNoise:
    """Draws z with the noise given, and c as `draw` does."""

    def __init__(self, draw, noise):
        self.draw, self.noise = draw, noise

    def __call__(self, q):
        if isinstance(q, torch.distributions.Categorical):
            return self.draw(q)
        return q.base_dist.loc + q.base_dist.scale * self.noise, None


# --- the bound ----------------------------------------------------------------------------------------


@every_draw
def test_bound_is_evidence_minus_divergence_to_the_true_posterior(tiny, data, exact, agree, variant, likelihood, draw):
    model = tiny(**variant, likelihood=likelihood)
    x = data(model)
    truth, found = exact(model, x), bounds(model, x, draw)
    agree(found, truth.log_evidence - truth.gap)
    error = found.std(0) / math.sqrt(len(found))
    assert (found.mean(0) + 4 * error < truth.log_evidence).all()
    assert (truth.gap > 10 * error).all()


@both_gates
@pytest.mark.parametrize("name", ["cp", "indp"])
def test_bound_with_a_plane_of_z(tiny, data, exact, agree, name, gate):
    model = tiny(name, gate=gate, latent_size=2, scale=0.6)
    x = data(model, 3)
    agree(bounds(model, x, Hard()), exact(model, x).bound)


@every_draw
def test_each_term_has_its_exact_expectation(tiny, data, exact, agree, variant, draw):
    model = tiny(**variant)
    x = data(model)
    truth, found = exact(model, x), terms(model, x, draw)
    for name, draws in found.items():
        agree(draws, getattr(truth, name))


def test_divergence_terms_are_those_of_equation_12(tiny, data, exact, categorical_variant):
    """Summed over c, B1 and B2 have no noise, so that they equal quadrature to many digits."""
    model = tiny(**categorical_variant)
    x = data(model)
    truth, kl = exact(model, x), elbo(model, x, Summed()).kl
    assert torch.allclose(kl["c"], truth.kl_c, rtol=0, atol=1e-9)
    assert torch.allclose(kl["z"], truth.kl_z, rtol=0, atol=1e-7)
    assert torch.allclose(kl["z"] + kl["c"], truth.kl, rtol=0, atol=1e-7)


@pytest.mark.parametrize("name", ["cp", "indq"])
@pytest.mark.parametrize("draw", [Hard(), Relaxed(1.0)], ids=["hard", "relaxed"])
def test_expected_divergence_of_z_is_exact_for_any_draw_when_z_sees_probabilities(tiny, data, exact, name, draw):
    model = tiny(name)
    x = data(model)
    assert torch.allclose(elbo(model, x, draw).kl["z"], exact(model, x).kl_z, rtol=0, atol=1e-7)


def test_objective_weighs_every_divergence():
    found = elbo(build("cp", features=4, categories=3, latent_size=2, hidden=5), torch.ones(6, 4))
    expected = found.reconstruction - 0.25 * found.kl["z"] - 0.25 * found.kl["c"]
    assert torch.allclose(found.objective(0.25), expected)


# --- hard, summed, relaxed ----------------------------------------------------------------------------


def uses_c(model):
    """The same model with a decoder that depends on c strongly."""
    with torch.no_grad():
        model.likelihood.net.layers[0].affine.weights[1].mul_(4)
    return model


def test_hard_and_summed_bounds_agree(tiny, data, agree, categorical_variant, likelihood):
    model = uses_c(tiny(**categorical_variant, likelihood=likelihood))
    x = data(model)
    agree(bounds(model, x, Hard()) - bounds(model, x, Summed()), 0)


@both_gates
@pytest.mark.parametrize("name", ["cp", "indp"])
def test_relaxed_objective_tends_to_the_bound_as_the_temperature_falls(tiny, data, exact, agree, name, gate):
    model = uses_c(tiny(name, gate=gate))
    x = data(model)
    bound = exact(model, x).bound
    agree(bounds(model, x, Relaxed(0.01)), bound, slack=0.01)
    surplus = (bounds(model, x, Relaxed(1.0)) - bound).mean(1)
    assert surplus.mean().abs() > 20 * surplus.std() / math.sqrt(len(surplus))


def test_many_samples_estimate_the_same_bound(tiny, data, exact, agree, variant):
    model = tiny(**variant)
    x = data(model)
    with torch.no_grad():
        found = elbo(model, x, Hard(samples=20_000)).objective()
    agree(found, exact(model, x).bound)


# --- collapse: a CP-VAE that uses nothing of c is the plain VAE ---------------------------------------


def collapsed(model):
    """Every component N(0, I), q(c|x) uniform, a decoder blind to c."""
    c, z = model.latents
    with torch.no_grad():
        for parameter in c.posterior.parameters():
            parameter.zero_()
        for parameter in z.prior.parameters():
            parameter.zero_()
        model.likelihood.net.layers[0].affine.weights[1].zero_()
    return model


def without_c(model):
    """The plain VAE with the weights of a collapsed model; what its gate saw of c becomes a bias."""
    size, hidden = model.config.latent_size, model.config.hidden
    posterior, likelihood = copy.deepcopy(model.latents[1].posterior), copy.deepcopy(model.likelihood)
    likelihood.parents, likelihood.net.layers[0].affine.weights = ("z",), likelihood_weights(likelihood)
    if len(posterior.parents) == 2:
        seen = posterior.net.layers[0].affine
        gated = MLP([hidden], [hidden], 2 * size).double()
        with torch.no_grad():
            gated.layers[0].affine.weights[0].copy_(seen.weights[0])
            gated.layers[0].affine.bias.copy_(seen.bias + seen.weights[1].mean(1))
            gated.layers[1].load_state_dict(posterior.net.layers[1].state_dict())
        posterior = Gaussian(gated, "h")
    z = Latent("z", StandardNormal(size), posterior)
    return LatentVariableModel(model.trunk, [z], likelihood, features=model.features).double()


def likelihood_weights(likelihood):
    return nn.ParameterList(likelihood.net.layers[0].affine.weights[:1])


@pytest.mark.parametrize(("name", "plain"), [("hvae", "vae"), ("hvamp", "vamp")])
def test_two_levels_whose_lower_one_does_nothing_have_the_bound_of_one_level(tiny, data, likelihood, name, plain):
    """A decoder blind to z1, and q(z1|x,z2) the same as p(z1|z2)."""
    model, single = (tiny(each, latent_size=2, likelihood=likelihood) for each in (name, plain))
    upper, lower = model.latents
    weights = model.likelihood.net.layers[0].affine.weights
    with torch.no_grad():
        weights[0].zero_()
        single.likelihood.net.layers[0].affine.weights[0].copy_(weights[1])
    lower.posterior = lower.prior
    single.trunk.load_state_dict(model.trunk.state_dict())
    single.latents[0].load_state_dict(upper.state_dict())
    rest = {key: value for key, value in model.likelihood.state_dict().items() if "layers.0.affine.weights" not in key}
    single.likelihood.load_state_dict(rest, strict=False)
    x = data(model, 50)
    draw = FixedNoise(Hard(), torch.randn(50, 2, dtype=torch.double))
    found, expected = elbo(model, x, draw), elbo(single, x, draw)
    assert not found.kl["z1"].any()
    assert torch.allclose(found.kl["z2"], expected.kl["z"], rtol=0, atol=1e-12)
    assert torch.allclose(found.objective(), expected.objective(), rtol=0, atol=1e-12)


class Fixed(Conditional):
    """A Gaussian that depends on nothing."""

    def __init__(self, mean, log_variance):
        super().__init__()
        self.moments = mean, log_variance

    def forward(self, values):
        return diagonal_normal(*self.moments)


@pytest.mark.parametrize("name", ["mog", "vamp", "hvamp"])
def test_a_mixture_of_one_component_is_a_gaussian_prior(tiny, data, agree, network, likelihood, name):
    """Of one pseudo-input, its posterior. The bounds differ in the noise of one divergence, which one has exactly."""
    model = tiny(name, categories=1, latent_size=2, likelihood=likelihood)
    first, *others = model.latents
    with torch.no_grad():
        if name == "mog":
            first.prior.mean.zero_()
            first.prior.log_variance.zero_()
            gaussian = StandardNormal(2).double()
        else:
            out = network(first.posterior.net, network(model.trunk, first.prior.pseudo_inputs[0]))
            gaussian = Fixed(out[:2], out[2:].clamp(-6, 2))
    latents = [Latent(first.name, gaussian, first.posterior), *others]
    plain = LatentVariableModel(model.trunk, latents, model.likelihood, features=3)
    x = data(model)
    assert torch.allclose(log_marginal(model, x, 7), log_marginal(plain, x, 7), rtol=0, atol=1e-12)
    found, expected = (seeded_terms(each, x) for each in (model, plain))
    assert torch.equal(found["reconstruction"], expected["reconstruction"])
    agree(found[f"kl_{first.name}"] - expected[f"kl_{first.name}"], 0)
    assert name != "hvamp" or torch.equal(found["kl_z1"], expected["kl_z1"])


def seeded_terms(model, x):
    torch.manual_seed(3)
    return terms(model, x, Hard(), times=5000)


@every_draw
def test_collapsed_model_has_the_bound_of_a_plain_vae(tiny, data, categorical_variant, likelihood, draw):
    model = collapsed(tiny(**categorical_variant, likelihood=likelihood, latent_size=2))
    if categorical_variant.get("gate") == "sample":
        with torch.no_grad():  # the layer that sees a draw of c must be blind to which one it is
            seen = model.latents[1].posterior.net.layers[0].affine.weights[1]
            seen.copy_(seen.mean(1, keepdim=True).expand_as(seen))
    x = data(model, 50)
    draw = FixedNoise(draw, torch.randn(50, 2, dtype=torch.double))
    found, plain = elbo(model, x, draw), elbo(without_c(model), x, draw)
    assert found.kl["c"].abs().max() < 1e-12
    assert torch.allclose(found.objective(), plain.objective(), rtol=0, atol=1e-10)
    assert torch.allclose(found.kl["z"], plain.kl["z"], rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", ["indq", "indqp"])
def test_collapsed_model_has_the_bound_of_the_vae_of_the_zoo(tiny, data, name):
    model, plain = collapsed(tiny(name, latent_size=2)), tiny("vae", latent_size=2)
    plain.trunk, plain.latents[0].posterior = model.trunk, model.latents[1].posterior
    shared = {k: v for k, v in model.likelihood.state_dict().items() if not k.endswith("weights.1")}
    plain.likelihood.load_state_dict(shared)
    x = data(model, 50)
    draw = FixedNoise(Hard(), torch.randn(50, 2, dtype=torch.double))
    found, expected = elbo(model, x, draw).objective(), elbo(plain, x, draw).objective()
    assert torch.allclose(found, expected, rtol=0, atol=1e-10)


# --- averages over a data set -------------------------------------------------------------------------


def test_estimated_bound_is_the_average_of_the_exact_ones(tiny, data, exact, variant):
    model = tiny(**variant)
    x = data(model)
    found = estimate_bound(model, x.repeat(5000, 1), batch_size=7000)
    assert abs(found.value - exact(model, x).bound.mean().item()) < 4 * found.standard_error
    weights = {name: 1 if name == "reconstruction" else -1 for name in found.terms}
    assert math.isclose(found.value, sum(weights[name] * term for name, term in found.terms.items()))


def test_standard_error_is_the_spread_of_the_estimate(tiny, data):
    model = tiny("cp")
    x = data(model, 1).repeat(400, 1)
    found = [estimate_bound(model, x, seed=seed) for seed in range(300)]
    spread = np.std([one.value for one in found], ddof=1)
    claimed = np.mean([one.standard_error for one in found])
    assert abs(spread / claimed - 1) < 4 / math.sqrt(2 * 300)


def test_estimates_follow_from_their_seed(tiny, data, variant, random_state_kept):
    model = tiny(**variant)
    x = data(model, 30)
    first, again, other = (estimate_bound(model, x, seed=seed).value for seed in (5, 5, 6))
    assert first == again != other
    first, again, other = (log_marginal(model, x, 20, seed=seed, rows=90) for seed in (5, 5, 6))
    assert torch.equal(first, again)
    assert not torch.isclose(first, other).any()


WHAT = {
    "terms": elbo,
    "bound": estimate_bound,
    "evidence": lambda model, x: log_marginal(model, x, 2),
    "reconstruction": lambda model, x: model.reconstruct(x),
}
every_number = pytest.mark.parametrize("found", WHAT.values(), ids=WHAT)


@every_number
@pytest.mark.parametrize("value", [0.5, 7.5, -1.0, 254 / 255])
def test_grey_pixels_do_not_suit_a_bernoulli_likelihood(tiny, data, found, value):
    model = tiny("cp")
    x = data(model, 10)
    x[7, 1] = value
    for each in (model, without_c(collapsed(tiny("indqp")))):  # the second is composed by hand
        with pytest.raises(ValueError, match=rf"x holds {value}, outside .* zeros and ones, as Dataset\.observed"):
            found(each, x)
    with pytest.raises(ValueError, match=rf"x holds {value}, outside"):
        model.predict_proba(x)


def test_a_posterior_is_there_for_grey_pixels_too(tiny, data):
    """The pseudo-inputs of a VampPrior are grey."""
    model = tiny("vae")
    x = data(model, 3) / 2
    assert model.posterior(x)["z"].mean.isfinite().all()
    with pytest.raises(ValueError, match="x holds NaN or infinity"):
        model.posterior(x / 0)


@every_number
def test_any_finite_number_suits_a_gaussian_likelihood(tiny, found):
    model, x = tiny("vae", likelihood="gaussian"), torch.tensor([[0.5, -7.5, 1e3]]).double()
    assert model.checked(x) is x
    found(model, x)
    with pytest.raises(ValueError, match="x holds NaN or infinity"):
        found(model, x / 0)


def test_a_term_has_a_row_for_each_draw_if_it_differs_between_draws(tiny, data):
    model = tiny("cp")
    found = elbo(model, data(model, 4), Hard(samples=5))
    assert found.reconstruction.shape == found.objective().shape == (5, 4)
    assert {name: kl.shape for name, kl in found.kl.items()} == {"c": (4,), "z": (4,)}
    assert elbo(tiny("mog"), data(model, 4), Hard(samples=5)).kl["z"].shape == (5, 4)


def test_batch_size_must_be_a_whole_number(tiny, data):
    model = tiny("vae")
    with pytest.raises(ValueError, match="batch_size must be at least 1"):
        estimate_bound(model, data(model), batch_size=0)


# --- the importance-sampled evidence ------------------------------------------------------------------


def widened(model):
    """The same model with posteriors so wide that importance weights have light tails."""
    with torch.no_grad():
        for latent in model.latents:
            if latent.name != "c":
                latent.posterior.net.layers[-1].bias[model.config.latent_size :] += 2
    return model


def evidence(model, x, samples, times, **settings):
    found = log_marginal(model, x.repeat(times, 1), samples, **settings)
    return found.view(times, len(x))


def test_importance_sampled_evidence_is_the_exact_one(tiny, data, exact, agree, variant, likelihood):
    model = widened(tiny(**variant, likelihood=likelihood))
    x = data(model)
    found = evidence(model, x, samples=1000, times=60, rows=10**5)
    bias = found.var(0) / 2  # of the logarithm of a mean, to first order
    agree(found + bias, exact(model, x).log_evidence, slack=1e-4)
    assert found.std(0).max() < 0.2


def test_importance_sampling_rises_from_the_bound_to_the_evidence(tiny, data, exact, agree, variant):
    model = widened(tiny(**variant))
    x = data(model)
    truth = exact(model, x)
    one, five, many = (evidence(model, x, samples, times=8000, rows=10**5).mean(0) for samples in (1, 5, 40))
    agree(evidence(model, x, samples=1, times=8000), truth.bound)
    assert (truth.bound < five).all()
    assert (one < five).all() and (five < many).all() and (many < truth.log_evidence + 0.02).all()


@pytest.mark.parametrize("rows", [5, 17, 64])
def test_evidence_does_not_depend_on_how_it_is_chunked(tiny, data, exact, agree, rows):
    model = widened(tiny("cp", gate="sample"))
    x = data(model, 2)
    whole = evidence(model, x, samples=13, times=200, rows=10**6, seed=1)
    parts = evidence(model, x, samples=13, times=200, rows=rows, seed=2)
    agree(parts - whole, 0)


@pytest.mark.parametrize("rows", [1, 4, 5, 13, 40, 10**6])
@pytest.mark.parametrize("samples", [1, 13, 26])
def test_evidence_without_a_gap_is_exact_for_any_number_of_samples(tiny, data, exact, rows, samples):
    """Where the posterior is the prior and the decoder blind, every importance weight is p(x)."""
    model = collapsed(tiny("indqp"))
    with torch.no_grad():
        for parameter in model.latents[1].posterior.parameters():
            parameter.zero_()
        model.likelihood.net.layers[0].affine.weights[0].zero_()
    x = data(model, 7)
    found = log_marginal(model, x, samples, rows=rows)
    assert torch.allclose(found, exact(model, x).log_evidence, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", ["vamp", "hvamp"])
def test_pseudo_inputs_are_encoded_once_for_all_blocks_of_the_evidence(tiny, data, monkeypatch, name):
    model = tiny(name)
    prior, times = model.latents[0].prior, []
    parts = prior.parts
    monkeypatch.setattr(prior, "parts", lambda: times.append(1) or parts())
    log_marginal(model, data(model, 7), samples=13, rows=4)
    assert times == [1]


@pytest.mark.parametrize("settings", [{"samples": 0}, {"samples": 5, "rows": 0}])
def test_evidence_needs_at_least_one_sample_and_row(tiny, data, settings):
    model = tiny("vae")
    with pytest.raises(ValueError, match="must be at least 1, not 0"):
        log_marginal(model, data(model), **settings)


def test_several_draws_make_the_standard_error_smaller_not_larger(tiny, data):
    model = tiny("cp")
    x = data(model, 50)
    one, many = (estimate_bound(model, x, draw, batch_size=20) for draw in (Hard(), Hard(200)))
    expected = standard_error(elbo(model, x, Hard(5000)).objective().mean(0))
    assert many.standard_error == pytest.approx(expected, rel=0.02)
    assert one.standard_error > 1.05 * expected  # or the draws would not matter
    assert many.value == pytest.approx(one.value, abs=4 * one.standard_error)
    assert sum(many.terms.values()) - 2 * many.terms["kl_z"] - 2 * many.terms["kl_c"] == pytest.approx(many.value)


# --- gradients (Eqs. 14 to 16) ---------------------------------------------------------------------------


def slope(model, x, exact, parameter, index, step=1e-5):
    """The derivative of the exact bound in one number of a parameter, by central differences."""
    flat, found = parameter.data.view(-1), []
    for shift in (step, -step):
        flat[index] += shift
        found.append(exact(model, x).bound.mean())
        flat[index] -= shift
    return (found[0] - found[1]) / (2 * step)


def gradients(model, x, draw, parameter, index, repeats):
    """Estimates of that derivative, each from draws of its own."""
    found = []
    for _ in range(repeats):
        objective = elbo(model, x, draw).objective().mean()
        found.append(torch.autograd.grad(objective, parameter)[0].reshape(-1)[index])
    return torch.stack(found)


@pytest.mark.parametrize("gate", ["probs", "sample"])
def test_the_decoders_gradient_is_that_of_the_bound(tiny, data, exact, agree, gate):
    """Eq. 14: hard draws of c and z do."""
    model = tiny("cp", gate=gate)
    x, weight = data(model), model.likelihood.net.layers[0].affine.weights[0]
    agree(gradients(model, x, Hard(20), weight, 1, 200), slope(model, x, exact, weight, 1), slack=1e-6)


@pytest.mark.parametrize("gate", ["probs", "sample"])
def test_the_priors_gradient_is_plus_that_of_its_log_density(tiny, data, exact, agree, gate):
    """Eq. 16, with a plus where the paper prints a minus."""
    model = tiny("cp", gate=gate)
    x, prior = data(model), model.latents[1].prior
    inferred = model.infer(x, Hard(5000))
    z, c = inferred.values["z"].detach(), inferred.values["c"]  # (5000, B, 1), (5000, B)
    moved = (z[..., 0] - prior.mean[c, 0]) / prior.log_variance[c, 0].exp()  # ∂ log p(z|c) / ∂ μ_c
    first = torch.where(c == 0, moved, 0).mean(1).detach()
    truth = slope(model, x, exact, prior.mean, 0)
    agree(first, truth, slack=1e-6)
    assert truth.abs() > 0.01 and (first.mean() + truth).abs() > 0.01


@pytest.mark.parametrize("name", ["cp", "indqp"])
@pytest.mark.parametrize("part", ["c", "z"])
def test_the_encoders_gradient_is_that_of_the_bound_if_c_is_summed(tiny, data, exact, agree, name, part):
    """Eq. 15 for z; summing over c leaves nothing to relax."""
    model = tiny(name)
    x, latent = data(model), model.latents[0 if part == "c" else 1]
    bias = latent.posterior.net.layers[-1].bias
    agree(gradients(model, x, Summed(), bias, 0, 2000), slope(model, x, exact, bias, 0), slack=1e-6)


def test_the_gradient_of_a_relaxed_c_tends_to_that_of_the_bound(tiny, data, exact):
    """Eq. 15 for c: biased at any temperature above 0, less so at a low one."""
    model = tiny("cp", seed=3)
    x = data(model).repeat(500, 1)
    bias = model.latents[0].posterior.net.layers[-1].bias
    truth = slope(model, x[:4], exact, bias, 0)
    hot, cold = (gradients(model, x, Relaxed(t), bias, 0, 100).mean() - truth for t in (3.0, 0.2))
    assert hot.abs() > 2 * cold.abs()


@pytest.mark.parametrize(
    ("x", "hint"),
    [(np.zeros((2, 5), np.float32), "torch.as_tensor makes one"), (torch.zeros(2, 5).double(), "x.to")],
)
def test_the_evidence_wants_a_tensor_of_the_precision_of_the_model(x, hint):
    with pytest.raises(TypeError, match=hint):
        log_marginal(build("vae", features=5), x, samples=2)
