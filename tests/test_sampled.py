"""Estimates for a model: against exact sums over the same model, judged by their own standard errors."""

import math

import pytest
import torch
import torch.distributions as D

from cpvae_lite import aggregated, build, joint, sampled
from cpvae_lite.checks import check_aggregated_posterior
from cpvae_lite.conditionals import diagonal_normal
from cpvae_lite.decomposition import (
    TABLE_1,
    divergence_shortfall,
    equation_12,
    equation_13,
    equation_17,
    equation_19,
    equation_20,
    equation_21,
    equation_a2,
    information_excess,
)
from cpvae_lite.draws import Mode, Summed
from cpvae_lite.joint import TERMS
from cpvae_lite.mixtures import DiagonalMixture
from cpvae_lite.quadrature import Exact
from cpvae_lite.sampled import Sampled
from cpvae_lite.uniform import with_uniform_categories
from cpvae_lite.worlds import World, random_world

# All eight values of three binary pixels, one of them twice: p_D is not uniform.
CORNERS = torch.tensor([[i >> 2 & 1, i >> 1 & 1, i & 1] for i in [0, 1, 2, 3, 4, 5, 6, 7, 7]]).double()


def world_of(model):
    """The exact world of a tiny model over the eight values of x."""
    x = CORNERS[:8]
    inferred = model.infer(x, Summed())
    k = model.categories or 1
    log_pi = inferred.posteriors["c"].logits if model.categories else torch.zeros(8, 1).double()
    normal = inferred.posteriors["z"].base_dist
    mean, scale = (t.reshape(-1, 8, 1).movedim(0, 1).expand(8, k, 1) for t in (normal.loc, normal.scale))
    prior = model.latents[-1].prior({"c": torch.arange(k)})
    if isinstance(prior, DiagonalMixture):  # the same, by torch
        each = D.Independent(D.Normal(prior.component_mean, (prior.component_log_variance / 2).exp()), 1)
        prior = D.MixtureSameFamily(D.Categorical(torch.ones_like(each.mean[:, 0])), each)

    def likelihood(z):  # (..., K, 1) to (..., K, 8)
        distribution = model.likelihood({"c": torch.arange(k), "z": z})
        return torch.stack([distribution.log_prob(row) for row in x], -1)

    return World(
        log_data=torch.tensor([1.0] * 7 + [2.0]).double().div(9).log(),
        log_pi=log_pi,
        posterior=D.Independent(D.Normal(mean, scale), 1),
        prior=prior.expand((k,)),
        likelihood=likelihood,
    )


@torch.no_grad()
def test_every_term_is_that_of_the_exact_world(one_level_variant, tiny):
    model = tiny(**one_level_variant)
    exact, estimated = Exact(world_of(model)), Sampled(model, CORNERS, draws=4000)
    needs_more = {"KL(q(z|x)‖q(z|c))", "log p(x)", "KL(p_D(x)‖p(x))", "KL(q(z,c|x)‖p(z,c|x))"}
    for name in set(TERMS) - needs_more:
        found, expected = estimated.measure(name), exact.measure(name).value
        assert abs(found.value - expected) <= 4 * found.standard_error + 1e-9, name
    for name in ("reconstruction", "kl_z", "kl_c"):
        found, expected = estimated.objective(name).total, exact.objective(name).total.value
        assert abs(found.value - expected) <= 4 * found.standard_error + 1e-9, name


@torch.no_grad()
def test_every_equation_holds(one_level_variant, tiny):
    q = Sampled(tiny(**one_level_variant), CORNERS, draws=500)
    for equation in (equation_12, equation_13, equation_17, equation_19, equation_a2):
        assert equation(q).holds, equation(q)
    if one_level_variant["name"] in TABLE_1:
        assert equation_20(q, one_level_variant["name"]).holds


def images(count=300, features=30):
    return torch.randint(2, (count, features)).float()


@pytest.fixture
def spread_out():
    """A model with random weights large enough that its posteriors differ between images."""

    def make(name, **settings):
        torch.manual_seed(4)
        model = build(name, **({"features": 30, "latent_size": 5, "hidden": 20} | settings))
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.mul_(1.5).add_(0.15 * torch.randn_like(parameter))
        return model

    return make


def test_standard_errors_are_honest(spread_out):
    """Over many seeds the estimate is off by about its standard error: neither half nor twice."""
    model, x = spread_out("cp", categories=4, gate="sample"), images(40)
    truth = Sampled(model, x, draws=2000, seed=10_000)
    for term in ("I((z,c);x)", "KL(q(z|c)‖p(z|c))", "A", "I(z;c)"):
        expected = truth.measure(term).value
        found = [Sampled(model, x, draws=3, seed=seed).measure(term) for seed in range(150)]
        scores = torch.tensor([(f.value - expected) / f.standard_error for f in found])
        assert 0.8 < scores.std() < 1.25 and abs(scores.mean()) < 0.4, term


def test_the_sides_have_draws_of_their_own(spread_out):
    q = Sampled(spread_out("cp", categories=4), images())
    assert q.measure("A").value != q.objective("reconstruction").total.value


def test_follows_from_its_seed_and_leaves_the_random_state(spread_out):
    model, x, before = spread_out("cp", categories=4), images(), torch.get_rng_state()
    first, again, other = (Sampled(model, x, seed=seed).measure("A").value for seed in (1, 1, 2))
    assert first == again != other
    assert torch.equal(torch.get_rng_state(), before)


def test_the_model_is_left_as_it_was(spread_out):
    model = spread_out("cp", categories=4)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    equation_19(Sampled(model, images()))
    assert all(p.requires_grad and p.dtype == torch.float32 for p in model.parameters())
    del before["aggregated_posterior"]  # NaN until training
    assert all(torch.equal(value, model.state_dict()[name]) for name, value in before.items())


@pytest.mark.parametrize("gate", ["probs", "sample"])
def test_blocks_change_nothing(gate, spread_out, monkeypatch):
    model, x = spread_out("cp", categories=4, gate=gate), images(50)
    whole = Sampled(model, x)
    monkeypatch.setattr(sampled, "ROWS", 37)
    parts = Sampled(model, x)
    for term in ("A", "I((z,c);x)", "I(z;c)"):
        assert abs(whole.measure(term).value - parts.measure(term).value) < 1e-9


def test_the_paper_s_gate_makes_b1_of_cp_that_of_indq(spread_out):
    """With a gate on π, z is independent of c given x; with a gate on c it is not."""
    for gate, same in (("probs", True), ("sample", False)):
        q = Sampled(spread_out("cp", categories=4, gate=gate), images())
        difference = q.measured("I(z;x|c)", "-KL(q(z|x)‖q(z|c))").total
        assert (abs(difference.value) < 1e-9) is same


def test_information_has_its_ceiling(spread_out):
    x = images(60)
    narrow = spread_out("cp", categories=4)
    with torch.no_grad():
        narrow.latents[1].posterior.net.layers[-1].bias[5:] = -6.0
        narrow.latents[1].posterior.net.layers[-1].weights[0][:5] *= 30
    information = Sampled(narrow, x).measure("I((z,c);x)").value
    assert 0.95 * math.log(60) < information < math.log(60) + 1e-9


def test_equal_images_are_one_value_of_x(spread_out):
    twice = images(20).repeat(2, 1)
    q = Sampled(spread_out("cp", categories=4), twice)
    assert abs(q.measure("H(p_D)").value - math.log(20)) < 1e-12
    assert q.measure("I((z,c);x)").value < math.log(20) + 4 * q.measure("I((z,c);x)").standard_error


def test_a_misweighted_aggregated_posterior_cancels_in_a_sum_and_is_caught_alone(spread_out):
    model, x = spread_out("cp", categories=4), images()
    right, wrong = Sampled(model, x), Sampled(model, x)
    by_blocks = wrong.aggregated.log_prob

    def misweighted(z, c):  # weighs all images the same in every category
        return by_blocks(z, c)[1], by_blocks(z, c)[1]

    wrong.aggregated.log_prob = misweighted
    assert abs(equation_17(wrong).residual - equation_17(right).residual) < 1e-9  # the sum does not see it
    for term in ("I((z,c);x)", "KL(q(z|c)‖p(z|c))"):
        assert abs(wrong.measure(term).value - right.measure(term).value) > 0.02
    assert check_aggregated_posterior(right).holds and not check_aggregated_posterior(wrong).holds


@pytest.mark.parametrize("term", ["I(z;x|c)", "KL(q(z|c)‖p(z|c))", "I(c;x)", "KL(q(c)‖p(c))"])
def test_a_flipped_sign_goes_red(term, spread_out, monkeypatch):
    q = Sampled(spread_out("cp", categories=4), images(500), draws=40)
    assert equation_20(q, "cp").holds
    over, above, below = TERMS[term]
    monkeypatch.setitem(joint.TERMS, term, (over, below, above))
    assert not equation_20(q, "cp").holds


@pytest.mark.parametrize("term, equation", [("kl_z", equation_12), ("kl_z", equation_17), ("kl_c", equation_13)])
def test_a_wrong_closed_form_goes_red(term, equation, spread_out, monkeypatch):
    q = Sampled(spread_out("cp", categories=4), images(500), draws=40)
    wrong = dict(q._objective) | {term: 1.2 * q._objective[term]}
    monkeypatch.setitem(q.__dict__, "_objective", wrong)
    assert not equation(q).holds


@pytest.mark.parametrize("amount", [information_excess, divergence_shortfall])
def test_the_information_between_z_and_c_of_indp(amount, spread_out, monkeypatch):
    """Each side from draws of its own, so that a wrong sign shows."""
    q = Sampled(spread_out("indp", categories=4, gate="sample"), images(), draws=20)
    check = amount(q, "indp")
    assert check.holds and check.right > 0.05 and abs(check.residual) > 1e-6
    over, above, below = joint.TERMS["I(z;c)"]
    monkeypatch.setitem(joint.TERMS, "I(z;c)", (over, below, above))
    assert not amount(q, "indp").holds


def test_redrawn_has_other_draws_of_the_same_distribution(spread_out):
    q = Sampled(spread_out("cp", categories=4), images(), draws=20)
    first, second = q.measure("A"), q.redrawn.measure("A")
    assert q.redrawn is q.redrawn and first.value != second.value
    assert abs(first.value - second.value) < 4 * math.hypot(first.standard_error, second.standard_error)


def test_terms_of_the_category_alone_need_no_draws(spread_out):
    q = Sampled(spread_out("cp", categories=4, gate="sample"), images())
    pi = q.aggregated.log_pi.exp()
    entropy = -(pi.mean(0) * pi.mean(0).log()).sum().item()
    found = q.measure("H(q(c))")
    assert found.standard_error < 1e-12 and abs(found.value - entropy) < 1e-12
    assert abs(q.measure("I(c;x)").value - (entropy + (pi * pi.log()).sum(1).mean().item())) < 1e-12
    assert abs(q.measure("log K").value - math.log(4)) < 1e-12


def test_a_category_that_is_hardly_ever_drawn_raises_no_alarm(spread_out):
    model = spread_out("cp", categories=5)
    with torch.no_grad():
        model.latents[0].posterior.net.layers[-1].bias[0] += 14
    assert equation_13(Sampled(model, images())).holds


def test_every_redrawn_joint_has_draws_of_its_own(spread_out):
    q = Sampled(spread_out("cp", categories=4), images(20))
    z = [q.z, q.redrawn.z, q.redrawn.redrawn.z]
    assert not any(torch.equal(z[i], z[j]) for i, j in ((0, 1), (0, 2), (1, 2)))


def test_the_aggregated_posterior_is_checked_throughout_the_draws(spread_out, monkeypatch):
    q = Sampled(spread_out("cp", categories=4), images())
    seen = []
    monkeypatch.setattr(q.aggregated, "brute_force", lambda z, c: seen.append(z) or q.aggregated.log_prob(z, c))
    check_aggregated_posterior(q, draws=7)
    (z,) = seen
    assert len(z) == 7 and torch.equal(z[0], q.z[0, 0]) and torch.equal(z[-1], q.z[-1, -1])


def test_no_table_is_larger_than_its_block(spread_out, monkeypatch):
    q = Sampled(spread_out("cp", categories=4, gate="sample"), images())
    sizes, blockwise = [], q.aggregated._log_prob
    monkeypatch.setattr(aggregated, "PAIRS", 5000)
    monkeypatch.setattr(q.aggregated, "_log_prob", lambda z, c: sizes.append(len(z)) or blockwise(z, c))
    q.measure("I(z;c)")
    assert max(sizes) == 5000 // (300 * 4) and sum(sizes) == 600


@pytest.mark.parametrize("terms", [("kl_q",), ("kl_z", "kl_z"), ("kl_z", "-kl_z")])
def test_a_term_that_is_unknown_or_there_twice_is_an_error(terms, spread_out):
    for q in (Sampled(spread_out("vae"), images(20)), Exact(world_of_two())):
        with pytest.raises(ValueError, match=r"unknown term|twice"):
            q.objective(*terms)


def world_of_two():
    return random_world(values=2, categories=2)


# --- section 5.2 ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [{"name": "indqp"}, {"name": "indp", "gate": "probs"}])
def test_uniform_categories_make_a_vae(settings, spread_out):
    model = spread_out(**settings, categories=4)
    uniform, x = with_uniform_categories(model), images()
    assert torch.allclose(uniform.predict_proba(x), torch.tensor(0.25))
    assert not torch.allclose(model.predict_proba(x), torch.full((300, 4), 0.25))
    assert torch.equal(uniform.shares, torch.full((4,), 0.25))
    q = Sampled(uniform, x, draws=100)
    assert equation_21(q).holds and abs(q.measure("I(c;x)").value) < 1e-12
    assert not equation_21(Sampled(model, x, draws=100)).holds


@pytest.mark.parametrize("place", [{"dtype": torch.double}, {"device": "meta"}], ids=["float64", "meta"])
def test_uniform_categories_are_where_the_model_is_and_of_its_precision(place, spread_out):
    model = spread_out("indqp", categories=4).to(**place)
    x = images(5).to(**place)
    found, expected = (each.infer(x, Mode()).posteriors["c"].probs for each in (with_uniform_categories(model), model))
    assert (found.dtype, found.device) == (expected.dtype, expected.device)


@pytest.mark.parametrize("settings", [{"name": "cp"}, {"name": "indq"}, {"name": "indp", "gate": "sample"}])
def test_uniform_categories_where_z_depends_on_c_are_refused(settings):
    with pytest.raises(ValueError, match="z does not depend on c"):
        with_uniform_categories(build(**settings, features=30, categories=4))


def test_a_vae_has_no_categories_to_make_uniform_and_obeys_equation_21(spread_out):
    model = spread_out("vae")
    assert equation_21(Sampled(model, images())).holds
    with pytest.raises(ValueError, match="needs a model with categories"):
        with_uniform_categories(model)


# --- errors --------------------------------------------------------------------------------------------


def test_one_draw_has_no_standard_error():
    with pytest.raises(ValueError, match="draws must be at least 2"):
        Sampled(build("vae", features=30), images(), draws=1)


def test_images_of_another_width_are_refused():
    with pytest.raises(ValueError, match=r"x must have shape \(B, 30\)"):
        Sampled(build("vae", features=30), images(features=29))


def test_grey_images_are_refused():
    with pytest.raises(ValueError, match="outside the support of the likelihood"):
        Sampled(build("vae", features=30), images() / 2)


def test_images_that_are_no_floats_are_refused():
    with pytest.raises(TypeError, match=r"not torch\.uint8; Dataset.observed"):
        Sampled(build("vae", features=30), images().byte())


def test_other_latents_are_refused():
    model = build("vae", features=30)
    model.latents[0].name = "z2"
    with pytest.raises(ValueError, match="about latents c and z, not z2"):
        Sampled(model, images())


def test_an_unknown_density_is_an_error():
    with pytest.raises(ValueError, match="no density 'q\\(y\\)'; of a small world"):
        Sampled(build("vae", features=30), images()).log_density("q(y)")


def test_elbo_surgery_of_a_vae(spread_out):
    """E KL(q(z|x) ‖ p(z)) = I(z;x) + KL(q(z) ‖ p(z)), both ways."""
    q = Sampled(spread_out("vae"), images(), draws=20)
    left, right = q.objective("kl_z").total, q.measured("I(z;x)", "KL(q(z)‖p(z))").total
    assert abs(left.value - right.value) < 4 * right.standard_error


def test_p_of_z_is_the_mixture_of_the_prior(spread_out):
    q = Sampled(spread_out("cp", categories=4), images(10))
    prior = q.model.latents[-1].prior
    each = diagonal_normal(prior.mean, prior.log_variance).log_prob(q.z[..., None, :])  # (S, N, K)
    assert torch.allclose(q.log_density("p(z)"), each.logsumexp(-1) - math.log(4), atol=1e-10)
