"""Each equation holds where it should, and a wrong one is caught."""

from dataclasses import replace

import pytest
import torch

from cpvae_lite import decomposition, joint
from cpvae_lite.checks import WORLDS
from cpvae_lite.decomposition import (
    FREE_PRIORS,
    TABLE_1,
    Check,
    divergence_shortfall,
    equation_4,
    equation_7,
    equation_12,
    equation_13,
    equation_17,
    equation_19,
    equation_20,
    equation_21,
    equation_a1,
    equation_a2,
    information_excess,
)
from cpvae_lite.joint import TERMS, Estimate
from cpvae_lite.quadrature import Exact
from cpvae_lite.worlds import random_world

ASSUMED = {
    "cp": {},
    "indq": {"posterior_sees_category": False},
    "indp": {"prior_sees_category": False},
    "indqp": {"posterior_sees_category": False, "prior_sees_category": False},
}
ALWAYS = [equation_4, equation_7, equation_12, equation_13, equation_17, equation_19, equation_a1, equation_a2]


@pytest.fixture(scope="module")
def general():
    return Exact(random_world(values=4, categories=3, seed=2))


@pytest.fixture(params=WORLDS.values(), ids=WORLDS.keys())
def settings(request):
    return request.param | {"seed": 21}


@pytest.mark.parametrize("equation", ALWAYS)
def test_holds_in_every_kind_of_world(equation, settings):
    check = equation(Exact(random_world(**settings)))
    assert check.holds and check.standard_error == 0, check
    assert check.relation == "≥" or abs(check.residual) < 1e-9


@pytest.mark.parametrize("model", TABLE_1)
def test_a_row_of_table_1_holds_under_its_assumptions(model, settings):
    check = equation_20(Exact(random_world(**settings, **ASSUMED[model])), model)
    assert abs(check.residual) < 1e-9, check


@pytest.mark.parametrize(
    "model, world",
    [("indq", "cp"), ("indq", "indp"), ("indp", "cp"), ("indp", "indq"), ("indqp", "cp"), ("indqp", "indq")],
)
def test_a_row_of_table_1_fails_without_them(model, world):
    check = equation_20(Exact(random_world(seed=2, **ASSUMED[world])), model)
    assert not check.holds and abs(check.residual) > 0.01


@pytest.mark.parametrize("model", FREE_PRIORS)
def test_the_split_of_indp_and_indqp_is_off_by_the_information_between_z_and_c(model, settings):
    q = Exact(random_world(**settings, **ASSUMED[model]))
    excess, shortfall = information_excess(q, model), divergence_shortfall(q, model)
    assert excess.holds and shortfall.holds
    assert abs(excess.left - shortfall.left) < 1e-9
    if settings.get("values", 4) > 1 and settings["categories"] > 1:
        assert excess.left > 0.01


def test_equation_21_is_the_vae(settings):
    check = equation_21(Exact(random_world(**settings, **ASSUMED["indqp"], uniform=True)))
    assert check.holds
    assert abs(check.terms["I(c;x)"].value) < 1e-12 and abs(check.terms["KL(q(c)‖p(c))"].value) < 1e-12


@pytest.mark.parametrize("model", ["cp", "indq", "indp"])
def test_equation_21_needs_all_its_assumptions(model):
    assert not equation_21(Exact(random_world(seed=2, uniform=True, **ASSUMED[model]))).holds


def test_equation_21_needs_a_uniform_posterior_of_c():
    assert not equation_21(Exact(random_world(seed=2, **ASSUMED["indqp"]))).holds


def test_a2_is_tight_where_the_likelihood_is_the_posterior_of_x():
    """p(x|z,c) = q(x|z,c): nothing is lost, and the bound is the information itself."""
    world = random_world(values=4, categories=3, seed=7)

    def bayes(z):  # (..., K, D) to (..., K, N)
        log_joint = world.log_data[:, None] + world.log_pi + world.posterior.log_prob(z[..., None, :, :])
        return log_joint.movedim(-2, -1).log_softmax(-1)

    best = Exact(replace(world, likelihood=bayes))
    assert abs(equation_a2(best).residual) < 1e-9 and abs(equation_a1(best).residual) < 1e-9
    assert equation_a2(best).right > 0.1
    assert equation_a2(Exact(world)).residual > 0.01


def test_the_bound_is_at_most_minus_the_entropy_of_the_data():
    """The maximum of Eq. 7, reached by a likelihood and a posterior that fit; a random world is below it."""
    world = random_world(values=4, categories=3, seed=7)
    check = equation_7(Exact(world))
    assert check.left < -check.terms["H(p_D)"].value - 0.1
    blind = replace(world, likelihood=lambda z: world.log_data.expand(*z.shape[:-1], -1))
    alike = {"log_pi": torch.full((4, 3), 1 / 3, dtype=torch.double).log(), "posterior": world.prior.expand((4, 3))}
    best = equation_7(Exact(replace(blind, **alike)))
    assert abs(best.left + best.terms["H(p_D)"].value) < 1e-9
    assert abs(best.terms["KL(q(z,c|x)‖p(z,c|x))"].value) < 1e-9


@pytest.mark.parametrize("equation", [equation_12, equation_17, equation_19, equation_21])
def test_terms_are_all_named(equation, general):
    assert all(isinstance(term, Estimate) for term in equation(general).terms.values())
    assert len(equation(general).terms) >= 3


# --- the checks can fail -------------------------------------------------------------------------------


EQUATIONS_WITH = {  # a term of `TERMS`: the equations in which it stands by itself
    "I((z,c);x)": [equation_17, equation_19],
    "KL(q(z|c)‖p(z|c))": [equation_17],
    "H(q(c))": [equation_17],
    "log K": [equation_13, equation_17],
    "log p(x)": [equation_4],
    "H(p_D)": [equation_7],
    "KL(p_D(x)‖p(x))": [equation_7],
    "KL(q(z,c|x)‖p(z,c|x))": [equation_4, equation_7],
    "H(q(c|x))": [equation_13],
    "KL(q(z,c|x)‖p(z,c))": [equation_12],
    "KL(q(z,c)‖p(z,c))": [equation_19],
    "A": [equation_19],
}


@pytest.mark.parametrize("term", EQUATIONS_WITH)
def test_a_flipped_sign_goes_red(term, general, monkeypatch):
    over, above, below = TERMS[term]
    monkeypatch.setitem(joint.TERMS, term, (over, below, above))
    for equation in EQUATIONS_WITH[term]:
        assert not equation(general).holds


@pytest.mark.parametrize("term", EQUATIONS_WITH)
def test_a_missing_term_goes_red(term, general, monkeypatch):
    over, _, _ = TERMS[term]
    monkeypatch.setitem(joint.TERMS, term, (over, "q(c)", "q(c)"))  # nothing
    for equation in EQUATIONS_WITH[term]:
        assert not equation(general).holds


@pytest.mark.parametrize("model", TABLE_1)
@pytest.mark.parametrize("place", [0, 1])
def test_a_flipped_sign_in_a_row_of_table_1_goes_red(model, place, monkeypatch):
    q = Exact(random_world(seed=2, **ASSUMED[model]))
    name = TABLE_1[model][place]
    over, above, below = TERMS[name]
    monkeypatch.setitem(joint.TERMS, name, (over, below, above))
    assert not equation_20(q, model).holds


@pytest.mark.parametrize("model", TABLE_1)
def test_the_terms_of_another_row_go_red(model, monkeypatch):
    q = Exact(random_world(seed=2, **ASSUMED[model]))
    monkeypatch.setitem(decomposition.TABLE_1, model, ("I(z;c)", TABLE_1[model][1]))
    assert not equation_20(q, model).holds


class Misweighted(Exact):
    """Its q(z|c) is a density, but weighs all x the same: it forgets how much of each is in c."""

    def _compute(self, name):
        if name != "q(z|c)":
            return super()._compute(name)
        return (self.log_density("p_D(x)") + self.log_density("q(z|x,c)")).logsumexp(0)


@pytest.mark.parametrize("equation", [equation_17, equation_19, lambda q: equation_20(q, "cp")])
def test_a_misweighted_aggregated_posterior_goes_red(equation):
    world = random_world(values=4, categories=3, seed=2)
    assert equation(Exact(world)).holds
    wrong = equation(Misweighted(world))
    assert not wrong.holds and abs(wrong.residual) > 0.001


def test_the_sides_do_not_share_their_objective(general, monkeypatch):
    """A wrong closed form is caught, because the measured side does not use it."""
    wrong = dict(general._objective) | {"kl_z": general._objective["kl_z"] * 1.001}
    monkeypatch.setitem(general.__dict__, "_objective", wrong)
    for equation in (equation_12, equation_17, equation_19):
        assert not equation(general).holds


# --- verdicts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "left, right, error, relation, holds",
    [
        (1.0, 1.0, 0.0, "=", True),
        (1.0, 1.0 + 2e-9, 0.0, "=", False),
        (0.0, 2e-9, 0.0, "=", False),
        (1e5, 1e5 + 2e-5, 0.0, "=", True),
        (1e5, 1e5 + 2e-4, 0.0, "=", False),
        (1.0, 1.3, 0.1, "=", True),
        (1.0, 1.5, 0.1, "=", False),
        (1.5, 1.0, 0.1, "=", False),
        (2.0, 1.0, 0.0, "≥", True),
        (1.0, 1.0, 0.0, "≥", True),
        (1.0, 1.1, 0.0, "≥", False),
        (1.0, 1.1, 0.1, "≥", True),
        (float("nan"), 1.0, 0.0, "=", False),
        (float("nan"), 1.0, 0.0, "≥", False),
        (1.0, 1.0, float("nan"), "=", False),
        (float("inf"), float("inf"), 0.0, "=", False),
    ],
)
def test_the_verdict(left, right, error, relation, holds):
    assert Check("1", left, right, error, {}, relation).holds is holds


def test_an_unknown_row_is_an_error(general):
    with pytest.raises(ValueError, match=r"unknown row of Table 1 'cpvae'; did you mean 'cp'"):
        equation_20(general, "cpvae")
    with pytest.raises(ValueError, match="unknown model whose prior ignores c 'indq'"):
        information_excess(general, "indq")


def test_random_worlds_do_not_all_agree_by_chance():
    """The terms are far from zero, so that an equation between them says something."""
    q = Exact(random_world(values=4, categories=3, seed=2))
    names = set(TERMS) - {"KL(q(z|x)‖q(z|c))"}
    assert torch.tensor([q.measure(name).value for name in names]).abs().min() > 0.01
