"""The toys: closed forms against sums over everything, limits, and widgets that hold what they say."""

import json
import math
from itertools import pairwise

import numpy as np
import pytest
import torch
import torch.distributions as D
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.stats import norm

from cpvae_lite import synthetic
from cpvae_lite.figures import panels, toy_terms, toys
from cpvae_lite.figures.toy_terms import TwoCategories
from cpvae_lite.figures.views import script

TRUTH = TwoCategories()
MODELS = {
    "truth": TRUTH,
    "moved": TwoCategories(means=(0.35, 0.62), deviations=(0.06, 0.1), weight=0.3),
    "one place": TwoCategories(means=(0.5, 0.5), deviations=(0.2, 0.2), weight=0.9),
    "narrow": TwoCategories(means=(0.1, 0.9), deviations=(0.01, 0.02), weight=0.05),
}
MEANS = (-2.2, -1.8, -1.5, 0.3, 0.9, 2.5)
PRIORS = {"usual": (0.0, 1.0), "wide": (0.5, 4.0), "off": (-3.0, 0.2)}


@pytest.fixture(params=MODELS.values(), ids=MODELS.keys())
def model(request):
    return request.param


@pytest.fixture(params=PRIORS.values(), ids=PRIORS.keys())
def prior(request):
    return D.Normal(*torch.tensor(request.param).double())


def by_sums(model, encoder):
    """Every term of the bound as a sum over x, c and z, with no closed form and no formula for the posterior."""
    x, z = toy_terms.linspace(-0.05, 1.05, 221), toy_terms.linspace(-0.8, 1.8, 2601)
    z_step, likelihood = z[1] - z[0], D.Normal(z, 0.03).log_prob(x[:, None])[:, None]  # (N, 1, Z)

    def joint(two):  # log p(x, z, c), (N, 2, Z)
        return likelihood + (two.category.logits[:, None] + two.prior.log_prob(z[:, None]).T)

    evidence = joint(model).logsumexp((1, 2)) + z_step.log()
    q = joint(encoder) - joint(encoder).logsumexp((1, 2), keepdim=True)  # log-masses of the cells
    q_c = q.logsumexp(2)
    given_c = (q - q_c[..., None]) - z_step.log()
    each = {
        "reconstruction": (q.exp() * likelihood).sum((1, 2)),
        "kl_z": (q.exp() * (given_c - model.prior.log_prob(z[:, None]).T)).sum((1, 2)),
        "kl_c": (q_c.exp() * (q_c - model.category.logits)).sum(1),
        "evidence": evidence,
        "best": toy_terms.data_density().log_prob(x),
        "posterior": (q.exp() * (q - (joint(model) + z_step.log() - evidence[:, None, None]))).sum((1, 2)),
    }
    weight = toy_terms.data_density().log_prob(x).exp() * (x[1] - x[0])
    return {name: (weight * rows).sum().item() for name, rows in each.items()}


@pytest.mark.parametrize("encoder", [None, TRUTH], ids=["own", "fixed"])
def test_the_terms_of_the_bound_are_sums_over_everything(model, encoder):
    terms, expected = toy_terms.mixture_terms(model, encoder), by_sums(model, encoder or model)
    assert {name: terms[name] for name in expected} == pytest.approx(expected, abs=1e-5)


def test_the_bound_is_the_best_less_what_model_and_posterior_lose(model):
    for encoder in (None, TRUTH):
        terms = toy_terms.mixture_terms(model, encoder)
        assert terms["bound"] == pytest.approx(terms["reconstruction"] - terms["kl_z"] - terms["kl_c"], abs=1e-12)
        assert terms["bound"] == pytest.approx(terms["best"] - terms["model"] - terms["posterior"], abs=1e-12)
        assert terms["model"] > -1e-12 and terms["posterior"] > -1e-12
    assert toy_terms.mixture_terms(model)["posterior"] == pytest.approx(0, abs=1e-12)


def test_the_start_is_the_truth():
    x = torch.linspace(0, 1, 11)
    assert torch.allclose(TRUTH.marginal.log_prob(x.double()).float(), synthetic.truth().log_prob(x), atol=1e-4)
    terms = toy_terms.mixture_terms(TRUTH)
    assert terms["bound"] == pytest.approx(terms["best"], abs=1e-12)


def test_the_best_is_minus_the_entropy_of_the_data():
    def minus_f_log_f(x):
        f = norm.pdf(x, [0.3, 0.7], 0.05).mean()
        return f * math.log(f)

    expected, _ = quad(minus_f_log_f, 0, 1, points=[0.3, 0.5, 0.7], epsabs=1e-12)
    assert toy_terms.mixture_terms(TRUTH)["best"] == pytest.approx(expected, abs=1e-7)


def test_the_aggregated_posterior_is_a_density_with_the_mean_of_its_parts(model):
    z = toy_terms.linspace(-1, 2, 6001)
    mass = model.aggregated(z) * (z[1] - z[0])
    x, weight = toy_terms.data_grid()
    c, each = model.posterior(x)
    assert mass.sum().item() == pytest.approx(1, abs=1e-9)
    assert (mass * z).sum().item() == pytest.approx((weight[:, None] * c.probs * each.mean).sum().item(), abs=1e-9)


def test_the_prior_of_the_truth_is_its_aggregated_posterior():
    z = toy_terms.linspace(0, 1, 21)
    prior = D.MixtureSameFamily(TRUTH.category, TRUTH.prior).log_prob(z).exp()
    assert torch.allclose(TRUTH.aggregated(z), prior, atol=1e-9)


@pytest.mark.parametrize(
    "settings, cause",
    [
        ({"means": (0.3, math.nan)}, "a mean must be finite"),
        ({"deviations": (0.1, 0.0)}, "a deviation must be finite and above 0"),
        ({"weight": 1.0}, "weight must lie between 0 and 1, not be 1.0"),
    ],
)
def test_a_model_that_is_none_is_refused(settings, cause):
    with pytest.raises(ValueError, match=cause):
        TwoCategories(**settings)


def test_a_cold_draw_is_a_category_with_its_probability(agree):
    pi, noise = [0.4, 0.25, 0.2, 0.1, 0.05], toys.gumbel_noise(20_000, 5, seed=1)
    draws = toy_terms.relaxed_draws(pi, noise, temperature=1e-3)
    agree(draws.round(), torch.tensor(pi).double())


def test_a_hot_draw_is_uniform_and_none_changes_its_largest_entry():
    noise = toys.gumbel_noise(50, 3, seed=1)
    cold, warm, hot = (toy_terms.relaxed_draws([0.7, 0.2, 0.1], noise, t) for t in (0.05, 1.0, 1e6))
    assert torch.allclose(hot, torch.full_like(hot, 1 / 3), atol=1e-4)
    assert (cold.argmax(1) == warm.argmax(1)).all() and (warm.argmax(1) == hot.argmax(1)).all()


def test_a_draw_by_hand():
    drawn = toy_terms.relaxed_draws([0.2, 0.8], torch.tensor([[1.0, 0.0]]).double(), temperature=2.0)
    first, second = math.sqrt(0.2 * math.e), math.sqrt(0.8)
    assert drawn[0].tolist() == pytest.approx([first / (first + second), second / (first + second)])


def test_gumbel_numbers_have_their_distribution(agree, random_state_kept):
    noise = toys.gumbel_noise(20_000, 1, seed=3)
    for place in (-1.0, 0.0, 2.0):
        agree((noise <= place).double(), torch.tensor(math.exp(-math.exp(-place))))


@pytest.mark.parametrize(
    "probabilities, temperature, cause",
    [
        ([0.5, 0.4], 1.0, "positive and sum to one"),
        ([1.0, 0.0], 1.0, "positive and sum to one"),
        ([0.2, 0.3, 0.5], 1.0, "3 probabilities but 2 columns of noise"),
        ([0.5, 0.5], 0.0, "temperature must be finite and above 0"),
    ],
)
def test_draws_that_are_none_are_refused(probabilities, temperature, cause):
    with pytest.raises(ValueError, match=cause):
        toy_terms.relaxed_draws(probabilities, torch.zeros(4, 2).double(), temperature)


@pytest.mark.parametrize("width", [0.1, 0.4, 2.0])
def test_the_price_is_information_and_waste(width, prior):
    terms = toy_terms.surgery(MEANS, width, prior)
    assert terms["price"] == pytest.approx(terms["information"] + terms["waste"], abs=1e-9)
    assert 0 < terms["information"] < math.log(6) and terms["waste"] > 0


def test_the_information_is_that_of_scipy(prior):
    def minus_q_log_q(z):
        q = norm.pdf(z, MEANS, 0.4).mean()
        return -q * math.log(q)

    entropy, _ = quad(minus_q_log_q, -6, 7, points=MEANS, limit=200, epsabs=1e-11)
    expected = entropy - norm(scale=0.4).entropy()
    assert toy_terms.surgery(MEANS, 0.4, prior)["information"] == pytest.approx(expected, abs=1e-8)


def test_equal_posteriors_tell_nothing(prior):
    terms = toy_terms.surgery([0.7] * 4, 0.5, prior)
    assert terms["information"] == pytest.approx(0, abs=1e-12)
    assert terms["waste"] == pytest.approx(terms["price"], abs=1e-9)


def test_the_holes_are_the_priors_mass_between_crossings(prior):
    mean, deviation = prior.loc.item(), prior.scale.item()

    def excess(z):
        """Log-densities, so that nothing underflows far out."""
        return (
            np.logaddexp.reduce(norm.logpdf(z, MEANS, 0.4))
            - math.log(6)
            - norm.logpdf(z, mean, deviation)
            + math.log(10)
        )

    ends = np.linspace(mean - 6 * deviation, mean + 6 * deviation, 2001)
    signs = np.sign([excess(z) for z in ends])
    found = [brentq(excess, ends[i], ends[i + 1]) for i in np.flatnonzero(np.diff(signs))]
    bounds = [ends[0], *found, ends[-1]]
    expected = sum(
        norm.cdf(high, mean, deviation) - norm.cdf(low, mean, deviation)
        for low, high in pairwise(bounds)
        if excess((low + high) / 2) < 0
    )
    assert expected > 0 and toy_terms.surgery(MEANS, 0.4, prior)["holes"] == pytest.approx(expected, abs=1e-3)


def test_a_prior_that_fits_has_no_holes_and_no_waste():
    terms = toy_terms.surgery([1.0], 0.5, D.Normal(torch.tensor(1.0), torch.tensor(0.5)))
    assert terms == pytest.approx({"price": 0, "information": 0, "waste": 0, "holes": 0}, abs=1e-12)


def test_posteriors_that_are_none_are_refused(prior):
    with pytest.raises(ValueError, match="means is empty"):
        toy_terms.surgery([], 1.0, prior)
    with pytest.raises(ValueError, match="width must be finite and above 0"):
        toy_terms.surgery([0.0], 0.0, prior)


VIEWS = {
    toys.mixture_view: {"mean_1", "mean_2", "deviation_1", "deviation_2", "weight", "follows"},
    toys.gumbel_view: {"temperature", "draw"},
    toys.aggregated_view: {"width", "apart", "prior_mean", "prior_deviation"},
}


@pytest.mark.parametrize("make, moved", VIEWS.items(), ids=[make.__name__ for make in VIEWS])
def test_every_slider_starts_where_its_view_does_and_has_a_name(make, moved, random_state_kept):
    from ipywidgets.widgets.widget import _instances
    from ipywidgets.widgets.widget_link import Link

    controls, view, *_ = make().children
    links = [w for w in list(_instances.values()) if isinstance(w, Link) and w.target[0] is view]
    assert {link.target[1] for link in links} == moved and len(links) == len(controls.children)
    for link in links:
        slider, (_, trait) = link.source[0], link.target
        assert slider in controls.children and slider.value == getattr(view, trait) and slider.description


def test_the_relaxed_draws_follow_from_their_seed():
    noise = toys.gumbel_view(draws=5, seed=1).children[1].settings["noise"]
    assert noise == toys.gumbel_noise(5, 5, seed=1).tolist() != toys.gumbel_noise(5, 5, seed=2).tolist()


@pytest.mark.parametrize(
    "make, cause",
    [
        (lambda: toys.gumbel_view([0.5, 0.6]), "positive and sum to one"),
        (lambda: toys.gumbel_view([1.0]), "1 probabilities; the figure has room for two to nine"),
        (lambda: toys.gumbel_view(draws=0), "draws must be at least 1"),
        (lambda: toys.aggregated_view([]), "means must be numbers from -4 to 4"),
        (lambda: toys.aggregated_view([0.0, 4.5]), "means must be numbers from -4 to 4"),
        (lambda: toys.aggregated_view([-4.5]), "a mean must be finite and at least -4"),
    ],
)
def test_what_does_not_fit_into_a_figure_is_refused(make, cause):
    with pytest.raises(ValueError, match=cause):
        make()


def test_the_pages_colours_are_those_of_the_printed_figures():
    assert f"const COLOURS = {json.dumps(panels.COLOURS[:4])};" in script("lines")
