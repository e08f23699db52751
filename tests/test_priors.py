"""Learned priors: the expected divergence component by component, mixtures, and pseudo-inputs."""

import copy

import pytest
import torch
import torch.distributions as D

from cpvae_lite import build
from cpvae_lite.conditionals import diagonal_normal
from cpvae_lite.priors import LEAST_SHARE, ComponentGaussian, MixtureOfGaussians, expected_kl


def rand(*shape):
    return torch.randn(*shape, dtype=torch.double)


@pytest.fixture
def posterior():
    """Six Gaussians whose variances span 13 orders of e."""
    return diagonal_normal(3 * rand(6, 4), torch.linspace(-9, 4, 24, dtype=torch.double).view(6, 4))


@pytest.fixture
def prior():
    """p(z|c) of seven categories with variances from exp(-5) to exp(5) and means up to 10 or so."""
    prior = ComponentGaussian(7, 4, 1.0).double()
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


@pytest.mark.parametrize("offset", [0.0, 10.0, 100.0])
def test_far_from_the_origin_the_divergence_keeps_its_digits(offset):
    """Narrow priors a hundred units away, in float32: a sum of squares from the origin would be off by nats."""
    mean, loc = 0.3 * torch.randn(150, 40), 0.3 * torch.randn(8, 40)
    weights, log_variance = torch.randn(8, 150).softmax(1), torch.full((150, 40), -6.0)
    q, shifted = diagonal_normal(offset + loc, torch.full((40,), -6.0)), offset + mean
    found = expected_kl(q, weights, shifted, log_variance)
    exact = q.base_dist.loc.double(), q.base_dist.scale.double().square().log(), shifted.double(), log_variance.double()
    rows, each = diagonal_normal(exact[0][:, None], exact[1][:, None]), diagonal_normal(exact[2], exact[3])
    expected = (weights.double() * D.kl_divergence(rows, each)).sum(1)
    assert torch.allclose(found.double(), expected, rtol=1e-5, atol=1e-3)


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
    prior = ComponentGaussian(4000, 2, 1.0)
    agree(prior.mean.detach().square(), torch.ones(2))
    agree(prior.mean.detach(), torch.zeros(2))
    assert not prior.log_variance.any()


def test_means_can_start_uniformly_between_zero_and_one(agree):
    mean = ComponentGaussian(4000, 2, spread=None).mean.detach()
    assert mean.min() >= 0 and mean.max() <= 1
    agree(mean, torch.full((2,), 0.5))
    agree((mean - 0.5).square(), torch.full((2,), 1 / 12))


def test_a_prior_that_is_not_learned_starts_alike_and_is_out_of_the_optimisers_reach():
    torch.manual_seed(3)
    learned = ComponentGaussian(7, 4, 1.0)
    torch.manual_seed(3)
    frozen = ComponentGaussian(7, 4, 1.0, learned=False)
    assert list(frozen.parameters()) == [] and len(list(learned.parameters())) == 2
    assert frozen.state_dict().keys() == learned.state_dict().keys()
    assert torch.equal(frozen.mean, learned.mean) and torch.equal(frozen.log_variance, learned.log_variance)


# --- a mixture of Gaussians ---------------------------------------------------------------------------


@pytest.fixture
def mixture(prior):
    """A mixture of the components of `prior`."""
    mixture = MixtureOfGaussians(7, 4, 1.0).double()
    mixture.load_state_dict(prior.state_dict())
    return mixture


def log_density(prior, z):
    return torch.stack([component(prior, k).log_prob(z) for k in range(7)]).exp().mean(0).log()


def test_mixture_has_the_density_of_its_components_in_equal_parts(mixture):
    z = 4 * rand(5, 6, 4)
    assert torch.allclose(mixture({}).log_prob(z), log_density(mixture, z))


def test_mixture_with_a_component_chosen_is_that_component(mixture):
    index, z = torch.tensor([2, 0, 6]), rand(3, 4)
    expected = torch.stack([component(mixture, k).log_prob(row) for k, row in zip(index, z, strict=True)])
    assert torch.allclose(mixture({"component": index}).log_prob(z), expected)


def test_divergence_from_a_mixture_is_the_log_ratio_at_the_very_draw(mixture):
    posterior, z = diagonal_normal(rand(6, 4), rand(6, 4)), 3 * rand(5, 6, 4)
    expected = posterior.log_prob(z) - log_density(mixture, z)
    assert torch.allclose(mixture.divergence(posterior, z, {}), expected)


# --- pseudo-inputs ------------------------------------------------------------------------------------

both_vamps = pytest.mark.parametrize("name", ["vamp", "hvamp"])
PIXELS = torch.tensor([[0, 255, 20, 7], [0, 255, 100, 0], [0, 255, 200, 0], [0, 255, 250, 0]], dtype=torch.uint8)
NUMBERS = torch.tensor([[-3.1, 7.3, -1.0, 100.0], *[[-3.1, 7.3, 4.0, -2.0]] * 999])  # two constant features
BOUNDS = {  # the least, the mean and the greatest value of each feature
    "images": (PIXELS, [0, 0, 0, 0], [0, 1, 570 / 1020, 7 / 1020], [1, 1, 1, 1]),
    "real": (NUMBERS, [-3.1, 7.3, -1, -2], [-3.1, 7.3, 3.995, -1.898], [-3.1, 7.3, 4, 100]),
}
every_kind = pytest.mark.parametrize(("seen", "least", "mean", "most"), BOUNDS.values(), ids=BOUNDS.keys())


def vamp(name="vamp", seen=PIXELS, components=3, **settings):
    """A model, and the prior of its upper latent."""
    model = build(name, features=4, categories=components, latent_size=2, hidden=5, data=seen, **settings)
    return model, model.latents[0].prior


@every_kind
def test_pseudo_inputs_start_at_the_mean_of_the_data(seen, least, mean, most):
    """At an end of the range no gradient would move them, so they keep a hundredth of it from there."""
    _, prior = vamp(seen=seen, prior_spread=1e-4)
    least, mean, most = torch.tensor(least), torch.tensor(mean), torch.tensor(most)
    margin = LEAST_SHARE * (most - least)
    expected = mean.clamp(least + margin, most - margin)
    assert torch.allclose(prior.pseudo_inputs, expected.expand(3, 4), atol=1e-4 * (most - least).max())
    assert torch.equal(prior.lowest, least.float()) and torch.equal(prior.highest, most.float())


@pytest.mark.parametrize("seen", [PIXELS.long(), PIXELS.numpy(), PIXELS.tolist()])
def test_data_of_a_kind_that_could_be_misread_are_refused(seen):
    with pytest.raises(TypeError, match="data must be a tensor of uint8 images or of floats"):
        vamp(seen=seen)


@every_kind
def test_noise_of_the_spread_given_sets_pseudo_inputs_apart(agree, seen, least, mean, most):
    _, prior = vamp(seen=seen, components=4000, prior_spread=0.7)
    agree(prior.positions.detach() ** 2, torch.tensor(0.49), slack=0.01)
    assert prior.pseudo_inputs.isfinite().all()


@every_kind
def test_pseudo_inputs_reach_the_ends_of_the_range_of_the_data_and_no_further(seen, least, mean, most):
    _, prior = vamp(seen=seen, components=50)
    with torch.no_grad():
        prior.positions.normal_(0, 1e3)
    inputs, least, most = prior.pseudo_inputs, torch.tensor(least).float(), torch.tensor(most).float()
    assert torch.equal(inputs.amin(0), least) and torch.equal(inputs.amax(0), most)


def test_the_data_can_be_seen_twice():
    _, prior = vamp(seen=NUMBERS)
    before = prior.pseudo_inputs
    prior.start_from(NUMBERS)
    assert torch.equal(prior.pseudo_inputs, before)


def test_of_data_seen_twice_the_later_ones_count():
    _, prior = vamp(seen=NUMBERS)
    prior.start_from(PIXELS)
    _, fresh = vamp(seen=PIXELS)
    assert all(torch.equal(seen, new) for seen, new in zip(prior.buffers(), fresh.buffers(), strict=True))


@pytest.mark.parametrize(
    "wrong", [torch.zeros(0, 4), torch.zeros(0, 4).byte(), torch.full((3, 4), torch.nan), torch.full((3, 4), torch.inf)]
)
def test_data_without_a_mean_are_refused(wrong):
    with pytest.raises(ValueError, match=r"N > 0|NaN or infinity"):
        vamp(seen=wrong)


@both_vamps
def test_components_are_the_posteriors_at_the_pseudo_inputs(name):
    model, prior = vamp(name)
    q = model.posterior(prior.pseudo_inputs)[model.latents[0].name]
    mean, log_variance = prior.parts()
    assert torch.allclose(mean, q.mean)
    assert torch.allclose(log_variance.exp(), q.variance)
    index = torch.tensor([2, 0])
    assert torch.equal(prior({"component": index}).mean, mean[index])


@both_vamps
def test_the_prior_teaches_the_encoder_that_it_shares(name):
    model, prior = vamp(name)
    prior({}).log_prob(torch.randn(5, 2)).sum().backward()
    shared = [*model.trunk.parameters(), *model.latents[0].posterior.parameters(), prior.positions]
    assert all(parameter.grad.any() for parameter in shared)
    with torch.no_grad():
        before = prior.parts()[0]
        model.latents[0].posterior.net.layers[0].bias += 1
        assert torch.allclose(prior.parts()[0], before + 1)


@both_vamps
def test_weights_of_the_shared_encoder_are_listed_once(name):
    model, _ = vamp(name)
    state = model.state_dict()
    assert {key for key in state if key.startswith("latents.0.prior.")} == {
        f"latents.0.prior.{own}" for own in ("positions", "lowest", "highest", "start")
    }
    places = [value.data_ptr() for value in state.values() if value.numel()]
    assert len(places) == len(set(places))
    plain = build({"vamp": "vae", "hvamp": "hvae"}[name], features=4, latent_size=2, hidden=5)
    assert state.keys() - plain.state_dict().keys() == {key for key in state if key.startswith("latents.0.prior.")}


@both_vamps
def test_the_prior_of_a_copy_belongs_to_the_encoder_of_the_copy(name):
    model, prior = vamp(name)
    before = [part.clone() for part in prior.parts()]
    other = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.normal_()
    q = other.posterior(other.latents[0].prior.pseudo_inputs)[other.latents[0].name]
    assert torch.allclose(other.latents[0].prior.parts()[0], q.mean)
    assert all(torch.equal(part, was) for part, was in zip(prior.parts(), before, strict=True))


@both_vamps
def test_the_prior_follows_its_model_into_float64(name):
    model, prior = vamp(name, NUMBERS)
    single = [part.double() for part in prior.parts()]
    model.double()
    for part, before in zip(prior.parts(), single, strict=True):
        assert part.dtype == torch.double
        assert torch.allclose(part, before, atol=1e-5)
