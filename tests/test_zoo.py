"""The nine models: who depends on whom (Table 1), what learns, and what a configuration refuses."""

import pytest
import torch
import torch.distributions as D
import torch.nn.functional as F
from training_runs import FEATURES, config, images, model, weights

from cpvae_lite import Hard, ModelConfig, Relaxed, Summed, build, elbo, fit
from cpvae_lite.conditionals import Gaussian
from cpvae_lite.zoo import MODELS

DEPENDS = {  # Table 1: does z's posterior see c, does z's prior see c
    "cp": (True, True),
    "indq": (False, True),
    "indp": (True, False),
    "indqp": (False, False),
}
every_name = pytest.mark.parametrize("name", DEPENDS)
learned_priors = pytest.mark.parametrize(
    "settings",
    [
        {"name": "cp"},
        {"name": "cp", "gate": "sample"},
        {"name": "indq"},
        *({"name": n} for n in ("mog", "vamp", "hvamp")),
    ],
    ids=lambda settings: "-".join(settings.values()),
)
every_name_and_gate = pytest.mark.parametrize(
    ("name", "gate"),
    [("cp", "probs"), ("cp", "sample"), ("indq", "probs"), ("indp", "probs"), ("indp", "sample"), ("indqp", "probs")],
)


class Chosen:
    """Draws the category it is told, and the mean of z."""

    def __init__(self, c):
        self.c = c

    def __call__(self, q):
        if isinstance(q, D.Categorical):
            return torch.full(q.batch_shape, self.c), None
        return q.mean, None


def posteriors_of_z(model, x):
    """Mean and variance of q(z|x,c) with each category chosen in turn, (K, B, 2 D)."""
    found = [model.infer(x, Chosen(c)).posteriors["z"] for c in range(model.categories)]
    return torch.stack([torch.cat([q.mean, q.variance], -1) for q in found])


def with_other_pi(model):
    with torch.no_grad():
        model.latents[0].posterior.net.layers[0].bias += torch.tensor([3.0, -1.0, 0.0])
    return model


# --- Table 1 ------------------------------------------------------------------------------------------


@every_name
def test_with_gate_on_probabilities_z_depends_on_pi_and_not_on_the_draw(tiny, data, name):
    model = tiny(name, gate="probs", latent_size=2)
    x = data(model)
    before = posteriors_of_z(model, x)
    assert torch.equal(before[0], before[1]) and torch.equal(before[0], before[2])
    after = posteriors_of_z(with_other_pi(model), x)
    changed = ((after - before).abs() > 1e-3).any(-1)
    assert changed.all() if DEPENDS[name][0] else torch.equal(after, before)


@pytest.mark.parametrize("name", ["cp", "indp"])
def test_with_gate_on_a_sample_z_depends_on_the_draw_and_not_on_pi(tiny, data, name):
    model = tiny(name, gate="sample", latent_size=2)
    x = data(model)
    before = posteriors_of_z(model, x)
    for one, other in [(0, 1), (1, 2), (0, 2)]:
        changed = ((before[one] - before[other]).abs() > 1e-3).any(-1)
        assert changed.all()
    assert torch.equal(posteriors_of_z(with_other_pi(model), x), before)


@every_name_and_gate
def test_posterior_is_the_network_of_table_1(tiny, data, exact, name, gate):
    model = tiny(name, gate=gate, latent_size=2, scale=0.6)
    x = data(model)
    truth, found = exact(model, x), posteriors_of_z(model, x).transpose(0, 1)
    assert torch.allclose(found, torch.cat([truth.mean, truth.log_variance.exp()], -1))


@every_name_and_gate
def test_prior_of_z_depends_on_c_as_in_table_1(tiny, name, gate):
    prior = tiny(name, gate=gate).latents[1].prior
    means = torch.stack([prior({"c": torch.tensor(c)}).mean for c in range(3)])
    if DEPENDS[name][1]:
        assert len(means.unique()) == 3
    else:
        assert not means.any()


@every_name
def test_decoder_sees_c_and_z(tiny, name, network):
    model = tiny(name)
    z, c = torch.randn(6, 1, dtype=torch.double), torch.tensor([0, 1, 2, 2, 1, 0])
    found = model.likelihood({"z": z, "c": c}).mean
    expected = network(model.likelihood.net, z, F.one_hot(c, 3).double()).sigmoid()
    assert torch.allclose(found, expected)
    swapped, moved = model.likelihood({"z": z, "c": 2 - c}).mean, model.likelihood({"z": -z, "c": c}).mean
    assert ((found - swapped).abs() > 1e-3).any(1)[c != 1].all()
    assert ((found - moved).abs() > 1e-3).any(1).all()


def test_vae_has_no_category(tiny, network):
    model = tiny("vae")
    z = torch.randn(6, 1, dtype=torch.double)
    assert [latent.name for latent in model.latents] == ["z"]
    assert torch.allclose(model.likelihood({"z": z}).mean, network(model.likelihood.net, z).sigmoid())


@every_name
def test_elu_bends_the_logits_of_c(tiny, data, network, name):
    model = tiny(name, elu_logits=True)
    x = data(model)
    logits = network(model.latents[0].posterior.net, network(model.trunk, x))
    bent = torch.where(logits > 0, logits, logits.exp() - 1)
    assert torch.allclose(model.predict_proba(x), bent.softmax(1))


# --- everything learns --------------------------------------------------------------------------------


def small(name, categories=7, **settings):
    sizes = {"features": 6, "latent_size": 3, "hidden": 8}
    if name not in ("vae", "hvae"):
        sizes["categories"] = categories
    return build(name, data=torch.rand(100, 6), **sizes | settings).double()


@pytest.fixture
def fresh(variant, likelihood):
    return small(**variant, likelihood=likelihood)


def parameters(model):
    return {name: parameter.detach().clone() for name, parameter in model.named_parameters()}


@pytest.mark.parametrize("draw", [Relaxed(1.0), Summed()], ids=["relaxed", "summed"])
def test_one_step_moves_every_parameter(fresh, data, draw):
    """At KL weight 1 each entry of each tensor gets a gradient: each row of the prior's, too."""
    before = parameters(fresh)
    optimizer = torch.optim.Adam(fresh.parameters(), lr=1e-3)
    (-elbo(fresh, data(fresh, 100), draw).objective(1.0).mean()).backward()
    optimizer.step()
    for name, parameter in fresh.named_parameters():
        assert parameter.grad.all(), f"{name} has entries without a gradient"
        assert (parameter != before[name]).all(), f"{name} has entries that did not move"


def components(model):
    """The parameters of the prior, by name, that have a row for each component."""
    named = model.named_parameters()
    return {name: parameter for name, parameter in named if name.rsplit(".", 1)[0].endswith(".prior")}


@learned_priors
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_every_component_of_the_prior_moves(data, settings, likelihood):
    model = small(**settings, likelihood=likelihood, categories=40)
    before = parameters(model)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    (-elbo(model, data(model, 100), Relaxed(1.0)).objective(1.0).mean()).backward()
    optimizer.step()
    learned = components(model)
    assert {rows.shape for rows in learned.values()} == {(40, 6 if "vamp" in settings["name"] else 3)}
    assert all((rows != before[name]).any(1).all() for name, rows in learned.items())


@learned_priors
def test_prior_learns_from_the_divergence_alone(data, settings):
    model = small(**settings)
    elbo(model, data(model, 50), Relaxed(1.0)).objective(0.0).mean().backward()
    assert not any(parameter.grad.any() for parameter in components(model).values())


def test_gradients_match_finite_differences(tiny, data, variant):
    """Of the exact expectation over c, with the noise of z held still."""
    model = tiny(**variant)
    x = data(model)

    def objective():
        torch.manual_seed(3)
        return elbo(model, x, Summed()).objective().mean()

    gradients = torch.autograd.grad(objective(), list(model.parameters()))
    directions = [torch.randn_like(gradient) for gradient in gradients]
    ends = []
    with torch.no_grad():
        for sign in (1, -1):
            for parameter, direction in zip(model.parameters(), directions, strict=True):
                parameter += sign * 1e-5 * direction
            ends.append(objective().item())
            for parameter, direction in zip(model.parameters(), directions, strict=True):
                parameter -= sign * 1e-5 * direction
    slope = sum((g * d).sum().item() for g, d in zip(gradients, directions, strict=True))
    assert (ends[0] - ends[1]) / 2e-5 == pytest.approx(slope, rel=1e-6, abs=1e-8)


# --- building -----------------------------------------------------------------------------------------


def test_weights_follow_from_the_seed(random_state_kept):
    first, again, other = (build("cp", features=5, categories=3, seed=seed) for seed in (4, 4, 5))
    assert all(torch.equal(p, q) for p, q in zip(first.parameters(), again.parameters(), strict=True))
    assert not torch.equal(first.latents[1].prior.mean, other.latents[1].prior.mean)


def test_defaults_are_those_of_the_paper():
    model = build("cp", features=784)
    assert model.config == ModelConfig("cp", 784, 150, 40, 300, "bernoulli", "probs", False)
    assert model.latents[1].prior.mean.shape == (150, 40)


@pytest.mark.parametrize("name", ["cp", "indq", "mog"])
def test_prior_starts_with_the_spread_given(agree, name):
    default, wide = (
        build(name, features=5, categories=4000, latent_size=2, hidden=4, **settings)
        for settings in ({}, {"prior_spread": 2.0})
    )
    agree(default.latents[-1].prior.mean.detach() ** 2, torch.tensor(default.config.prior_spread**2))
    agree(wide.latents[-1].prior.mean.detach() ** 2, torch.tensor(4.0))
    assert not wide.latents[-1].prior.log_variance.any()


@pytest.mark.parametrize("setting", ["prior_spread", "prior_variance"])
@pytest.mark.parametrize("value", [0.0, -1.0, float("nan")])
def test_spread_and_variance_of_the_prior_must_be_positive(setting, value):
    with pytest.raises(ValueError, match=f"{setting} must be finite and above 0"):
        build("cp", features=5, **{setting: value})


@pytest.mark.parametrize("learned", [True, False])
@pytest.mark.parametrize("name", ["cp", "indq"])
def test_components_start_with_the_variance_given(name, learned):
    settings = {"features": 5, "categories": 3, "latent_size": 2, "learned_prior": learned}
    for given, variance in [({}, 1.0), ({"prior_variance": 5.2}, 5.2)]:
        prior = build(name, **settings, **given).latents[1].prior({"c": torch.arange(3)})
        assert torch.allclose(prior.variance, torch.full((3, 2), variance))


@pytest.mark.parametrize("name", MODELS)
def test_what_is_not_clipped_is_what_the_networks_say(name):
    """Of posteriors and of a prior p(z1|z2), with biases that put log-variances on both sides of the range."""
    x = (torch.rand(200, FEATURES) < 0.5).float()
    for clip in (True, False):
        network = model(name, clip=clip)
        for part in network.modules():
            if isinstance(part, Gaussian):
                bias = part.net.layers[-1].bias.data
                bias[len(bias) // 2 :] = torch.linspace(-9, 4, len(bias) // 2)
        found = network.infer(x, Hard())
        gaussians = [q for node, q in found.posteriors.items() if node != "c"]
        gaussians += [network.latents[1].prior(found.values)] if name in ("hvae", "hvamp") else []
        for each in gaussians:
            least, most = each.variance.log().aminmax()
            assert -20 < least < -5.999 and 1.999 < most < 20
            assert (least > -6.001 and most < 2.001) == clip


@pytest.mark.parametrize("name", MODELS)
def test_weights_start_by_the_rule_that_is_named(agree, name):
    """Glorot's variance is 2 over both widths, of He et al. 2 over the width of all inputs; nothing else differs."""
    sizes = {"features": 500, "hidden": 100, "latent_size": 20, "data": torch.zeros(2, 500).byte()}
    glorot, wide = (build(name, **sizes, weights_start=start).trunk.layers[0].affine for start in ("glorot", "he"))
    agree(glorot.weights[0].detach().flatten() ** 2, torch.tensor(2 / (500 + 100)))
    agree(wide.weights[0].detach().flatten() ** 2, torch.tensor(2 / 500))
    other, usual = build(name, **sizes, weights_start="he"), build(name, **sizes)
    before = dict(usual.named_parameters())
    changed = {key for key, value in other.named_parameters() if not torch.equal(value, before[key])}
    assert changed == {key for key in before if ".weights." in key}


def test_the_inputs_of_a_layer_share_one_rule(agree):
    first = build("cp", features=50, weights_start="he", categories=150).likelihood.net.layers[0].affine
    for weight in first.weights:  # of z, 40 wide, and of c
        agree(weight.detach().flatten() ** 2, torch.tensor(2 / 190))


def test_configuration_can_be_built_again_with_a_change():
    config = ModelConfig("cp", features=5, categories=3)
    model = build(config, categories=4)
    assert (model.categories, model.config.features) == (4, 5)


@pytest.mark.parametrize("field", ["features", "categories", "latent_size", "hidden"])
@pytest.mark.parametrize("value", [0, -3])
def test_sizes_must_be_at_least_one(field, value):
    with pytest.raises(ValueError, match=f"{field} must be at least 1, not {value}"):
        build("cp", **{"features": 5, field: value})


@pytest.mark.parametrize("field", ["features", "categories", "latent_size", "hidden"])
@pytest.mark.parametrize("value", [2.0, 2.5, "3", True])
def test_sizes_must_be_whole_numbers(field, value):
    with pytest.raises(TypeError, match=f"{field} must be a whole number, not {value!r}"):
        build("cp", **{"features": 5, field: value})


def test_one_category_is_allowed(data):
    model = build("cp", features=5, categories=1).double()
    assert not elbo(model, data(model)).kl["c"].any()


@pytest.mark.parametrize(
    ("wrong", "near"), [("cq", "cp"), ("CP", "cp"), ("VAE", "vae"), ("indqpp", "indqp"), ("ind_q", "indq")]
)
def test_unknown_model_is_answered_with_the_nearest(wrong, near):
    with pytest.raises(ValueError, match=f"unknown model '{wrong}'; did you mean '{near}'"):
        build(wrong, features=5)


@pytest.mark.parametrize(("wrong", "near"), [("category", "categories"), ("latents", "latent_size")])
def test_unknown_setting_is_answered_with_the_nearest(wrong, near):
    for given in ("cp", ModelConfig("cp", features=9, categories=2)):
        with pytest.raises(ValueError, match=f"unknown setting '{wrong}'; did you mean '{near}'"):
            build(given, **{wrong: 3})


def test_a_model_needs_the_width_of_the_data():
    with pytest.raises(TypeError, match="build needs features=, the width of x"):
        build("cp", categories=3)


def test_unknown_model_unlike_any_other_is_answered_with_all():
    with pytest.raises(ValueError, match=r"unknown model 'xyz'.*cp, indq, indp, indqp, vae, mog, vamp, hvae, hvamp"):
        build("xyz", features=5)


@pytest.mark.parametrize(
    ("field", "wrong", "near"), [("likelihood", "bernouli", "bernoulli"), ("gate", "samples", "sample")]
)
def test_unknown_choice_is_answered_with_the_nearest(field, wrong, near):
    with pytest.raises(ValueError, match=f"unknown {field} '{wrong}'; did you mean '{near}'"):
        build("cp", features=5, **{field: wrong})


@pytest.mark.parametrize("name", ["vae", "hvae"])
def test_models_with_nothing_to_choose_refuse_categories(name):
    with pytest.raises(ValueError, match=f"{name} has no categories"):
        build(name, features=5, categories=3)


@pytest.mark.parametrize("name", ["vae", "mog", "vamp", "hvae", "hvamp"])
def test_models_without_c_refuse_an_elu_on_its_logits(name):
    with pytest.raises(ValueError, match=f"{name} has no logits of c for elu_logits"):
        build(name, features=5, elu_logits=True)


@pytest.mark.parametrize("name", ["vamp", "hvamp"])
def test_pseudo_inputs_need_data_of_the_models_width(name):
    with pytest.raises(ValueError, match=f"{name} needs data=, the training data"):
        build(name, features=5)
    with pytest.raises(ValueError, match=r"data must have shape \(N, 5\) with N > 0, not \(9, 4\)"):
        build(name, features=5, data=torch.zeros(9, 4))


def test_models_without_pseudo_inputs_do_not_look_at_data(variant):
    if "vamp" not in variant["name"]:
        with_data, without = (build(**variant, features=5, hidden=4, data=data) for data in (object(), None))
        assert all(torch.equal(p, q) for p, q in zip(with_data.parameters(), without.parameters(), strict=True))


@pytest.mark.parametrize("name", ["vae", "indq", "indqp", "mog", "vamp", "hvae", "hvamp"])
def test_a_gate_that_a_model_does_not_have_is_refused(name):
    with pytest.raises(ValueError, match=f"{name} has no gated layer"):
        build(name, features=5, gate="sample")


@pytest.mark.parametrize("name", ["cp", "indq"])
def test_a_frozen_prior_stays_where_it_starts_and_all_else_moves(name):
    dataset = images()
    network = model(name, learned_prior=False, prior_start="uniform")
    before = weights(network)
    fit(network, dataset, config(epochs=1), progress=False)
    after = weights(network)
    moved = {key for key, value in after.items() if not torch.equal(value, before[key])}
    prior = {key for key in before if key.startswith("latents.1.prior.")}
    assert len(prior) == 2 and not moved & prior
    assert moved >= {key for key, _ in network.named_parameters()}
    assert before["latents.1.prior.mean"].min() >= 0 and before["latents.1.prior.mean"].max() <= 1


@pytest.mark.parametrize("setting", [{"learned_prior": False}, {"prior_start": "uniform"}, {"prior_variance": 2.0}])
@pytest.mark.parametrize("name", sorted(MODELS.keys() - {"cp", "indq"}))
def test_only_a_conditional_prior_can_be_frozen_or_started_otherwise(name, setting):
    with pytest.raises(ValueError, match=rf"{name} has no p\(z\|c\)"):
        build(name, features=5, **setting)


@pytest.mark.parametrize("name", ["vae", "indp", "indqp", "hvae"])
def test_a_prior_without_components_has_nothing_to_set_apart(name):
    with pytest.raises(ValueError, match=f"{name} has no components to set apart for prior_spread=1.0; cp, indq, mog"):
        ModelConfig(name, features=5, prior_spread=1.0)
    assert ModelConfig(name, features=5, prior_spread=0.3) == ModelConfig(name, features=5)


def test_means_that_start_uniformly_have_no_spread():
    with pytest.raises(ValueError, match="prior_spread is for prior_start='normal'"):
        ModelConfig("cp", features=5, prior_start="uniform", prior_spread=1.0)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"learned_prior": 0}, "learned_prior must be True or False"),
        ({"clip": "no"}, "clip must be True or False"),
        ({"prior_start": "unifrom"}, "did you mean 'uniform'"),
        ({"weights_start": "glorto"}, "did you mean 'glorot'"),
    ],
)
def test_settings_of_the_start_are_checked(setting, said):
    with pytest.raises((TypeError, ValueError), match=said):
        build("cp", features=5, **setting)


@pytest.mark.parametrize("seed", ["a", 1.5, None])
def test_a_seed_that_is_no_number_is_not_taken_for_a_size(seed):
    with pytest.raises(TypeError, match="seed must be a whole number"):
        build("cp", features=5, categories=4, seed=seed)


@pytest.mark.parametrize("size", [10**18, 10**20])
@pytest.mark.parametrize("name", ["features", "categories", "latent_size", "hidden"])
def test_sizes_that_no_machine_holds_are_named(name, size):
    settings = {"features": 5, "categories": 4, "latent_size": 3, "hidden": 2} | {name: size}
    sizes = ", ".join(f"{key}={value}" for key, value in settings.items())
    with pytest.raises(
        ValueError, match=f"^cp cannot be built with {sizes}; try smaller sizes .*(overflow|Overflow|allocate)"
    ) as caught:
        build("cp", **settings)
    assert "\n" not in str(caught.value)
