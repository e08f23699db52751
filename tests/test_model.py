"""Inference, reconstruction and sampling: moments and frequencies, and what they refuse."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cpvae_lite import Hard, Summed, build, elbo
from cpvae_lite.conditionals import Bernoulli, Categorical, Gaussian, SphericalGaussian, StandardNormal, Uniform
from cpvae_lite.latents import Latent
from cpvae_lite.model import LatentVariableModel
from cpvae_lite.nets import MLP

N = 40_000
both_gates = pytest.mark.parametrize("gate", ["probs", "sample"])


class Latents(nn.Module):
    """A decoder whose output is what it was given: codes as they are, and the one-hot of c."""

    def forward(self, *parents):
        return torch.cat([p if p.is_floating_point() else F.one_hot(p, 3) for p in parents], -1)


def exposed(model):
    """The same model with observations that are its latents, plus noise."""
    model.likelihood = SphericalGaussian(Latents(), *model.likelihood.parents).double()
    return model


def small(name, **settings):
    sizes = {"features": 5, "categories": None if name in ("vae", "hvae") else 3, "latent_size": 2, "hidden": 4}
    return build(name, data=torch.rand(9, 5), **sizes | settings)


# --- inference ----------------------------------------------------------------------------------------


def test_posterior_is_that_of_the_networks(tiny, data, exact, categorical_variant):
    model = tiny(**categorical_variant)
    x = data(model)
    truth, found = exact(model, x), model.posterior(x)
    most = truth.pi.argmax(1)
    assert torch.allclose(found["c"].probs, truth.pi)
    assert torch.allclose(found["z"].mean, truth.mean[range(len(x)), most])
    assert torch.allclose(found["z"].variance, truth.log_variance[range(len(x)), most].exp())


@pytest.mark.parametrize("name", ["vae", "mog", "vamp"])
def test_posterior_of_a_model_without_c_is_that_of_its_network(tiny, data, exact, name):
    model = tiny(name)
    x = data(model)
    truth, found = exact(model, x), model.posterior(x)
    assert torch.allclose(found["z"].mean, truth.mean[:, 0])
    assert torch.allclose(found["z"].variance, truth.log_variance[:, 0].exp())


@pytest.mark.parametrize("name", ["hvae", "hvamp"])
def test_the_lower_posterior_and_the_reconstruction_are_at_the_mean_of_the_upper(tiny, data, network, name):
    model = tiny(name, latent_size=2)
    x, (upper, lower) = data(model), model.latents
    h = network(model.trunk, x)
    z2 = network(upper.posterior.net, h)[:, :2]
    z1, log_variance = network(lower.posterior.net, h, z2).chunk(2, -1)
    found = model.posterior(x)
    assert torch.allclose(found["z2"].mean, z2) and torch.allclose(found["z1"].mean, z1)
    assert torch.allclose(found["z1"].variance, log_variance.clamp(-6, 2).exp())
    assert torch.allclose(model.reconstruct(x), network(model.likelihood.net, z1, z2).sigmoid())


@pytest.mark.parametrize("batch_size", [1, 3, 10, 1000])
def test_responsibilities_do_not_depend_on_batches(tiny, data, exact, categorical_variant, batch_size):
    model = tiny(**categorical_variant)
    x = data(model, 10)
    assert torch.allclose(model.predict_proba(x, batch_size), exact(model, x).pi)


def test_reconstruction_decodes_the_mean_of_z_at_the_most_probable_category(
    tiny, data, exact, network, categorical_variant, likelihood
):
    model = tiny(**categorical_variant, likelihood=likelihood)
    x = data(model)
    truth = exact(model, x)
    c = truth.pi.argmax(1)
    expected = network(model.likelihood.net, truth.mean[range(len(x)), c], F.one_hot(c, 3).double())
    if likelihood == "bernoulli":
        expected = expected.sigmoid()
    assert torch.allclose(model.reconstruct(x), expected)


def test_inference_and_reconstruction_draw_nothing(tiny, data, variant, random_state_kept):
    model = tiny(**variant)
    x = data(model)
    assert torch.equal(model.reconstruct(x), model.reconstruct(x))
    model.posterior(x)


def with_two_categories(model):
    """The same model with a second categorical latent, of as many categories, that the decoder does not see."""
    second = Latent("d", Uniform(3), Categorical(nn.Linear(4, 3), "h"))
    latents = [model.latents[0], second, *model.latents[1:]]
    return LatentVariableModel(model.trunk, latents, model.likelihood, features=5, categories=3)


def test_of_several_categorical_latents_none_is_summed_with_the_weights_of_another():
    model, x = with_two_categories(small("indq")), torch.ones(4, 5)
    assert elbo(model, x, Hard()).kl.keys() == {"c", "d", "z"}
    with pytest.raises(ValueError, match=r"Summed\(\) lists one categorical .* has several: draw them with Hard\(\)"):
        model.infer(x, Summed())


# --- sampling -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "gate"), [("cp", "probs"), ("cp", "sample"), ("indq", "probs")])
def test_samples_of_a_category_have_the_moments_of_its_prior(tiny, agree, name, gate):
    model = exposed(tiny(name, gate=gate, latent_size=2))
    prior = model.latents[1].prior
    for k in range(3):
        z, c = model.sample(N, category=k).split([2, 3], 1)
        assert (c.argmax(1) == k).all()
        agree(z, prior.mean[k].detach())
        agree((z - prior.mean[k].detach()) ** 2, prior.log_variance[k].detach().exp())
        agree((z - prior.mean[k].detach()).prod(1), 0)


@pytest.mark.parametrize("name", ["indp", "indqp"])
def test_samples_of_a_category_are_standard_normal_without_conditional_prior(tiny, agree, name):
    z, c = exposed(tiny(name, latent_size=2)).sample(N, category=1).split([2, 3], 1)
    assert (c.argmax(1) == 1).all()
    agree(z, 0)
    agree(z**2, 1)


def test_samples_of_a_vae_are_standard_normal(tiny, agree):
    z = exposed(tiny("vae", latent_size=2)).sample(N)
    agree(z, 0)
    agree(z**2, 1)
    agree(z.prod(1), 0)


def components(model, network):
    """Mean and variance of each component of a mixture, written out."""
    upper = model.latents[0]
    if model.config.name == "mog":
        return upper.prior.mean.detach(), upper.prior.log_variance.detach().exp()
    span = upper.prior.highest - upper.prior.lowest
    h = network(model.trunk, upper.prior.lowest + span * (upper.prior.start + upper.prior.positions).sigmoid())
    mean, log_variance = network(upper.posterior.net, h).detach().chunk(2, -1)
    return mean, log_variance.clamp(-6, 2).exp()


def standardised(model, network, z1, z2):
    """z1 in standard deviations of p(z1|z2) from its mean."""
    mean, log_variance = network(model.latents[1].prior.net, z2).detach().chunk(2, -1)
    return (z1 - mean) / (log_variance.clamp(-6, 2) / 2).exp()


@pytest.mark.parametrize("name", ["mog", "vamp", "hvamp"])
def test_samples_of_a_component_have_its_moments(tiny, agree, network, name):
    model = exposed(tiny(name, latent_size=2, scale=1.5))
    mean, variance = components(model, network)
    assert torch.pdist(mean).min() > 0.1  # or any component would do
    mixed = torch.arange(N) % 3
    every = model.sample(N, category=mixed)
    for k in range(3):
        for draws in (model.sample(N // 2, category=k), every[mixed == k]):
            z = draws[:, -2:]  # z, or z2
            agree(z, mean[k])
            agree((z - mean[k]) ** 2, variance[k])
            agree((z - mean[k]).prod(1), 0)


@pytest.mark.parametrize("name", ["mog", "vamp", "hvamp"])
def test_samples_come_from_all_components_alike(tiny, agree, network, name):
    model = exposed(tiny(name, latent_size=2, scale=1.5))
    mean, variance = components(model, network)
    z = model.sample(N)[:, -2:]
    agree(z, mean.mean(0))
    agree(z**2, (variance + mean**2).mean(0))
    agree(z.prod(1), mean.prod(1).mean())


@pytest.mark.parametrize(("name", "settings"), [("hvae", {}), ("hvamp", {}), ("hvamp", {"category": 1})])
def test_the_lower_code_is_drawn_from_its_prior_given_the_upper_one(tiny, agree, network, name, settings):
    model = exposed(tiny(name, latent_size=2))
    z1, z2 = model.sample(N, **settings).split(2, 1)
    noise = standardised(model, network, z1, z2)
    agree(noise, 0)
    agree(noise**2, 1)
    agree(noise.prod(1), 0)
    agree(noise[:, :, None] * z2[:, None], 0)
    if name == "hvae":
        agree(z2, 0)
        agree(z2**2, 1)


def test_noise_adds_the_variance_of_the_likelihood(tiny, agree):
    model = exposed(tiny("cp", latent_size=2))
    with torch.no_grad():
        model.likelihood.log_variance.fill_(0.8)
    mean, log_variance = model.latents[1].prior.mean[2].detach(), model.latents[1].prior.log_variance[2]
    noisy = model.sample(N, category=2, noise=True)
    agree((noisy[:, :2] - mean) ** 2, log_variance.detach().exp() + math.exp(0.8))
    agree((noisy[:, 2:] - torch.tensor([0, 0, 1])) ** 2, math.exp(0.8))


def test_noisy_binary_samples_have_the_frequencies_of_their_means(tiny, agree):
    model = tiny("cp")
    noisy, means = model.sample(N, category=0, noise=True), model.sample(N, category=0)
    assert set(noisy.unique().tolist()) == {0.0, 1.0}
    agree(noisy - means, 0)


@pytest.mark.parametrize("q", [[0.7, 0.25, 0.05], [0.0, 0.5, 0.5]])
def test_categories_have_the_frequencies_of_the_aggregated_posterior(tiny, agree, categorical_variant, q):
    model = exposed(tiny(**categorical_variant))
    model.aggregated_posterior.copy_(torch.tensor(q))
    agree(model.sample(N)[:, 1:], torch.tensor(q))
    agree(model.sample(N, categories_from="uniform")[:, 1:], torch.full((3,), 1 / 3))


@both_gates
def test_codes_are_drawn_from_the_prior_of_the_category_drawn(tiny, agree, gate):
    model = exposed(tiny("cp", gate=gate))
    z, c = model.sample(N, categories_from="uniform").split([1, 3], 1)
    prior = model.latents[1].prior
    for k in range(3):
        drawn = z[c.argmax(1) == k]
        agree(drawn, prior.mean[k].detach())
        agree((drawn - prior.mean[k].detach()) ** 2, prior.log_variance[k].detach().exp())


@pytest.mark.parametrize("kind", [list, tuple, torch.tensor, lambda c: torch.tensor(c, dtype=torch.uint8)])
def test_each_sample_may_have_a_category_of_its_own(tiny, kind):
    model = exposed(tiny("cp"))
    assert model.sample(4, category=kind([2, 0, 0, 1]))[:, 1:].argmax(1).tolist() == [2, 0, 0, 1]


def test_samples_of_several_categories_stand_in_a_row_each(tiny):
    samples = exposed(tiny("cp")).sample_each([2, 0], 3)
    assert samples[..., 1:].argmax(-1).tolist() == [[2, 2, 2], [0, 0, 0]]
    assert len(samples[..., 0].unique()) == 6


# --- what is refused ----------------------------------------------------------------------------------


of_each_kind = pytest.mark.parametrize("name", ["cp", "mog", "vamp", "hvamp"])


@of_each_kind
@pytest.mark.parametrize("category", [3, -1, 1000, [0, 1, 2, 3], torch.tensor([0, 0, 0, -1])])
def test_category_must_be_one_of_the_models(name, category):
    with pytest.raises(ValueError, match=r"category -?\d+ is not one of 0\.\.2"):
        small(name).sample(4, category=category)


@pytest.mark.parametrize("categories", [None, {1, 2}, ["a"], [1.5], [True], [[0], [1, 2]]])
def test_several_categories_are_whole_numbers(categories):
    with pytest.raises(TypeError, match="category must be a whole number, not "):
        small("cp").sample_each(categories, 4)


@pytest.mark.parametrize("n", [0, 2.0, True])
def test_of_several_categories_a_whole_number_is_drawn(n):
    with pytest.raises((TypeError, ValueError), match="n must be"):
        small("cp").sample_each([0, 1], n)


@pytest.mark.parametrize("categories", [[], 2, [[0, 1], [1, 2]]])
def test_several_categories_are_a_list_of_at_least_one(categories):
    with pytest.raises(ValueError, match=r"categories must be a list of at least one, not of shape \("):
        small("cp").sample_each(categories, 4)


@of_each_kind
@pytest.mark.parametrize("category", [1.0, 0.5, True, [0.0, 1.0, 1.0, 2.0], torch.tensor(True)])
def test_category_must_be_a_whole_number(name, category):
    with pytest.raises(TypeError, match="category must be a whole number"):
        small(name).sample(4, category=category)


@of_each_kind
@pytest.mark.parametrize("category", [[0, 1], [[0, 1, 1, 2]]])
def test_there_must_be_as_many_categories_as_samples(name, category):
    with pytest.raises(ValueError, match="category must be one number or 4 of them, not shape"):
        small(name).sample(4, category=category)


@pytest.mark.parametrize(("n", "error"), [(0, ValueError), (-1, ValueError), (2.0, TypeError), (True, TypeError)])
def test_number_of_samples_must_be_a_positive_whole_number(n, error):
    with pytest.raises(error, match="n must be"):
        small("cp").sample(n, category=0)


def test_untrained_model_has_no_aggregated_posterior():
    with pytest.raises(ValueError, match=r"no q\(c\) yet: train it with fit\(\), or choose yourself, by category="):
        small("indp").sample(4)


def test_unknown_source_of_categories_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match="unknown source of categories 'unifrom'; did you mean 'uniform'"):
        small("cp").sample(4, categories_from="unifrom")


@pytest.mark.parametrize(("name", "category"), [("vae", None), ("mog", None), ("cp", 0)])
def test_a_source_of_categories_is_refused_where_no_category_is_drawn(name, category):
    with pytest.raises(ValueError, match="categories_from"):
        small(name).sample(4, category=category, categories_from="uniform")


@pytest.mark.parametrize("name", ["vae", "hvae"])
def test_a_model_with_nothing_to_choose_cannot_sample_from_one_category(name):
    with pytest.raises(ValueError, match="needs a model with categories, or a mixture as prior; this one has neither"):
        small(name).sample(4, category=0)
    assert small(name).choices is None


@of_each_kind
def test_categories_or_components_are_the_choices(name):
    assert small(name, categories=4).choices == 4


@pytest.mark.parametrize("name", ["vae", "mog", "vamp", "hvae", "hvamp"])
def test_a_model_without_c_has_no_responsibilities(name):
    with pytest.raises(ValueError, match=r"q\(c\|x\) needs a model with categories"):
        small(name).predict_proba(torch.zeros(4, 5))


every_verb = pytest.mark.parametrize("verb", ["posterior", "reconstruct", "predict_proba"])


@every_verb
@pytest.mark.parametrize("shape", [(5,), (4, 6), (4, 4), (2, 2, 5), ()])
def test_observations_must_be_rows_of_features(verb, shape):
    with pytest.raises(ValueError, match=r"x must have shape \(B, 5\) with B > 0, not "):
        getattr(small("cp"), verb)(torch.zeros(shape))


@every_verb
@pytest.mark.parametrize("dtype", [torch.uint8, torch.long, torch.bool])
def test_observations_must_be_floats(verb, dtype):
    with pytest.raises(TypeError, match=f"x must be a torch.float32 tensor, not {dtype}"):
        getattr(small("cp"), verb)(torch.zeros(4, 5, dtype=dtype))


@every_verb
@pytest.mark.parametrize("x", [[[0.0] * 5], torch.zeros(4, 5).numpy()], ids=["list", "array"])
def test_observations_must_be_a_tensor(verb, x):
    with pytest.raises(TypeError, match=f"x must be a torch.float32 tensor, not {type(x).__name__}"):
        getattr(small("cp"), verb)(x)


@every_verb
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_observations_must_be_finite(verb, value):
    x = torch.zeros(4, 5)
    x[2, 3] = value
    with pytest.raises(ValueError, match="x holds NaN or infinity"):
        getattr(small("cp"), verb)(x)


@every_verb
def test_observations_must_have_the_precision_of_the_model(verb):
    with pytest.raises(TypeError, match="float64"):
        getattr(small("cp"), verb)(torch.zeros(4, 5, dtype=torch.double))


def vae_of(*latents, parents=("z",), **sizes):
    likelihood = Bernoulli(MLP([2] * len(parents), [8], 20), *parents)
    return LatentVariableModel(MLP([20], [8]), latents, likelihood, **{"features": 20} | sizes)


def code(name="z", prior=None, parent="h"):
    return Latent(name, prior or StandardNormal(2), Gaussian(MLP([8], [], 4), parent))


@pytest.mark.parametrize(
    ("latents", "options", "said"),
    [
        ([code(), code()], {}, "two things in the model are called 'z'"),
        ([code("x")], {"parents": ("x",)}, "two things in the model are called 'x'"),
        ([code(parent="y")], {}, "the posterior of 'z' depends on 'y', .*; known is 'h', 'x'"),
        ([code(prior=Gaussian(MLP([8], [], 4), "h"))], {}, "the prior of 'z' depends on 'h', .* known is nothing"),
        ([code()], {"parents": ("u",)}, "the likelihood depends on 'u', .* known is 'z'"),
        ([code()], {"categories": 5}, 'if and only if it has a latent "c"'),
        ([code("c")], {"parents": ("c",)}, 'if and only if it has a latent "c"'),
        ([code()], {"features": 0}, "features must be at least 1"),
    ],
)
def test_a_model_whose_parts_do_not_fit_together_is_refused(latents, options, said):
    with pytest.raises(ValueError, match=said):
        vae_of(*latents, **options)


def test_the_largest_categories_may_come_from_numpy_in_any_order():
    model = build("cp", features=20, categories=5)
    order = np.argsort([0.1, 0.3, 0.2, 0.05, 0.35])[::-1][:3]  # of negative stride
    torch.manual_seed(0)
    drawn = model.sample_each(order, 2)
    torch.manual_seed(0)
    assert torch.equal(drawn, model.sample_each([4, 1, 2], 2))
