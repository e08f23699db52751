"""All identities of the paper at once: in small worlds exactly, and for a trained model within its errors."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from cpvae_lite._arguments import whole_number
from cpvae_lite.conditionals import Bernoulli
from cpvae_lite.decomposition import (
    FREE_PRIORS,
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
from cpvae_lite.joint import Estimate
from cpvae_lite.model import LatentVariableModel
from cpvae_lite.quadrature import Exact
from cpvae_lite.sampled import Sampled
from cpvae_lite.uniform import with_uniform_categories
from cpvae_lite.worlds import random_world

ORDER = ("4", "7", "12", "13", "17", "18", "19", "20", "5.1", "21", "A1", "A2")
MEANING = {
    "4": "evidence = bound + divergence from the true posterior",
    "7": "what the bound adds up to",
    "12": "the divergence splits into z and c",
    "13": "the divergence of c",
    "17": "information, alignment, entropy",
    "18": "q(z|c) and q(z), computed in two ways",
    "19": "the bound of a data set",
    "20 cp": "Table 1, CP-VAE",
    "20 indq": "Table 1, INDq: z's posterior does not see c",
    "20 indp": "Table 1, INDp: z's prior does not see c",
    "20 indqp": "Table 1, INDqp: neither sees c",
    "5.1 B indp": "section 5.1: B1 + B2 is too large by I(z;c)",
    "5.1 C indp": "section 5.1: C1 + C2 is too small by I(z;c)",
    "5.1 B indqp": "the same for INDqp",
    "5.1 C indqp": "the same for INDqp",
    "21": "a uniform q(c|x) makes a VAE",
    "A1": "far from tight is normal",
    "A2": "far from tight is normal",
}
ABOUT_CATEGORIES = ("12", "13", "20 cp")  # empty statements about a VAE
ABOUT_PROBABILITIES = ("A1", "A2")  # false where p(x|z,c) is a density
WORLDS: dict[str, dict] = {
    "plain": {"values": 5, "categories": 3},
    "z of two dimensions": {"values": 3, "categories": 2, "size": 2},
    "nearly empty categories": {"values": 5, "categories": 4, "empty": 2},
    "nearly one-hot q(c|x)": {"values": 6, "categories": 3, "sharpness": 30.0},
    "very different variances": {"values": 5, "categories": 3, "log_variance": (-6.0, 2.0)},
    "one category": {"values": 5, "categories": 1},
    "one value of x": {"values": 1, "categories": 3},
}


def check_worlds(worlds: int = 3, *, seed: int = 0) -> Iterator[tuple[str, Check]]:
    """Every identity in every kind of small world, by quadrature.

    Args:
        worlds: how many random worlds of each kind.
        seed: of the first; the others follow.

    Yields:
        The kind of world, and a check.

    Example:
        >>> all(check.holds for _, check in check_worlds(1))
        True
    """
    numbers = range(seed, seed + whole_number("worlds", worlds))
    for kind, settings in WORLDS.items():
        for number in numbers:
            yield from ((kind, check) for check in _check_world(settings | {"seed": number}))


def _check_world(settings: dict) -> Iterator[Check]:
    general = Exact(random_world(**settings))
    yield equation_4(general)
    yield equation_7(general)
    for check in _always(general):
        if settings["values"] > 1 or check.relation == "=":  # with one value of x the inequalities are 0 ≥ 0
            yield check
    same_posterior, same_prior = {"posterior_sees_category": False}, {"prior_sees_category": False}
    assumed = {"indq": same_posterior, "indp": same_prior, "indqp": same_posterior | same_prior}
    for model, independence in assumed.items():
        q = Exact(random_world(**settings, **independence))
        yield from _row(q, model)
    yield equation_21(Exact(random_world(**settings, **same_posterior, **same_prior, uniform=True)))


def _always(q: Exact | Sampled) -> Iterator[Check]:
    """What holds without any assumption of independence; the row of CP-VAE is one of these."""
    for equation in (equation_12, equation_13, equation_17, equation_19, equation_a1, equation_a2):
        yield equation(q)
    yield equation_20(q, "cp")


def _row(q: Exact | Sampled, model: str) -> Iterator[Check]:
    """A row of Table 1, and what its names leave unsaid."""
    yield equation_20(q, model)
    if model in FREE_PRIORS:
        yield information_excess(q, model)
        yield divergence_shortfall(q, model)


def check_model(model: LatentVariableModel, x: Tensor, *, draws: int = 2, seed: int = 0) -> list[Check]:
    """Every identity that a model's assumptions allow, over a set of images, from draws.

    The rows of Eqs. 19 and 20 share their draws, and an aggregated posterior cancels in each: 18 is the check of it.
    A1 and A2 are for a binary x; there the right side is far below the left.

    Args:
        model: with latents c and z, or z alone.
        x: (N, features), as :meth:`cpvae_lite.data.Dataset.observed` gives it.
        draws: of (c, z) for each image on each side.
        seed: of the draws.

    Raises:
        TypeError, ValueError: if x does not suit the model, or if the model has other latents.

    Example:
        >>> import torch
        >>> from cpvae_lite import build
        >>> model = build("indq", features=20, categories=5, latent_size=3, hidden=10)
        >>> checks = check_model(model, torch.randint(2, (100, 20)).float())
        >>> [check.equation for check in checks]
        ['12', '13', '17', '18', '19', '20 cp', '20 indq', 'A1', 'A2']
    """
    q = Sampled(model, x, draws=draws, seed=seed)
    skipped = () if model.categories else ABOUT_CATEGORIES
    skipped += () if isinstance(model.likelihood, Bernoulli) else ABOUT_PROBABILITIES
    checks = [check for check in _always(q) if check.equation not in skipped]
    z = model.latents[-1]
    free_prior, independent = "c" not in z.prior.parents, "c" not in z.posterior.parents
    rows = {"indq": independent, "indp": free_prior, "indqp": independent and free_prior}
    for row, applies in rows.items() if model.categories else ():
        checks += _row(q, row) if applies else []
    if rows["indqp"]:
        uniform = model if model.categories is None else with_uniform_categories(model)
        checks.append(equation_21(Sampled(uniform, x, draws=draws, seed=seed)))
    return sorted([*checks, check_aggregated_posterior(q)], key=_place)


def worst(found: Iterator[tuple[str, Check]]) -> dict[str, tuple[str, Check]]:
    """For each equation the world in which it holds least well, with that check; for exact checks.

    Example:
        >>> list(worst(check_worlds(1)))[:3]
        ['4', '7', '12']
    """
    chosen: dict[str, tuple[str, Check]] = {}
    for kind, check in found:
        if check.equation not in chosen or _margin(check) < _margin(chosen[check.equation][1]):
            chosen[check.equation] = kind, check
    return dict(sorted(chosen.items(), key=lambda pair: _place(pair[1][1])))


def _place(check: Check) -> int:
    """Where an equation stands in the paper."""
    return ORDER.index(check.equation.split()[0])


def _margin(check: Check) -> float:
    """How far an exact check is from failing; NaN counts as failed."""
    margin = check.residual if check.relation == "≥" else -abs(check.residual)
    return -math.inf if math.isnan(margin) else margin


def table(checks: list[Check], notes: list[str] | None = None) -> str:
    """The checks as text, a row each with what it is about, and how many hold; `notes` stand in a last column.

    Example:
        >>> check = equation_13(Exact(random_world()))
        >>> print(table([check]).splitlines()[0])
        equation           left           right     residual    std. error  verdict
        >>> print(table([check]).splitlines()[-1])
        1 check, all hold
    """
    lines = [f"{'equation':11} {'left':>11}   {'right':>13} {'residual':>12} {'std. error':>13}  verdict"]
    for check, note in zip(checks, notes or [""] * len(checks), strict=True):
        error = f"{check.standard_error:.1e}" if check.standard_error else "exact"
        left, right = (round(side, 5) + 0.0 for side in (check.left, check.right))  # no negative zero
        lines.append(
            f"{check.equation:11} {left:>11.5f} {check.relation} {right:>13.5f} {check.residual:>12.1e}"
            f" {error:>13}  {'holds' if check.holds else 'FAILS'}  {MEANING.get(check.equation, '')} {note}".rstrip()
        )
    failed = sum(not check.holds for check in checks)
    count = f"{len(checks)} check" + "s" * (len(checks) != 1)
    lines.append(f"{count}, {f'{failed} FAIL' if failed else 'all hold'}")
    return "\n".join(lines)


def summary(check: Check, images: int) -> str:
    """The information that the latents hold about x, beside the most that N images allow.

    Args:
        check: of Eq. 17.
        images: N.

    Example:
        >>> summary(equation_17(Exact(random_world(values=4))), 4)
        'I_q((z,c);x) is 0.56 nats; with N = 4 it can be at most log N = 1.39'
    """
    information = check.terms["I((z,c);x)"].value
    return f"I_q((z,c);x) is {information:.2f} nats; with N = {images} it can be at most log N = {math.log(images):.2f}"


def check_aggregated_posterior(q: Sampled, draws: int = 10) -> Check:
    """The aggregated posterior by blocks of matrix products, against `torch.distributions` on a few draws.

    A wrong q(z|c) adds to the information what it takes from the divergence, so no sum of terms shows it;
    hence this check of it alone. The sides are the log-densities where the two ways differ most.

    Args:
        q: the draws of a model.
        draws: of how many of them; all, if there are not so many.

    Raises:
        TypeError, ValueError: if `draws` is no whole number of at least 1.

    Example:
        >>> from cpvae_lite import build
        >>> model = build("cp", features=20, categories=5, latent_size=3, hidden=10)
        >>> check_aggregated_posterior(Sampled(model, torch.randint(2, (100, 20)).float())).holds
        True
    """
    last = q.c.numel() - 1
    places = torch.linspace(0, last, min(whole_number("draws", draws), last + 1), device=q.c.device).long()
    z, c = q.z.flatten(0, 1)[places], q.c.flatten()[places]
    found, expected = (torch.stack(pair) for pair in (q.aggregated.log_prob(z, c), q.aggregated.brute_force(z, c)))
    worst = (found - expected).abs().flatten().argmax()
    left, right = found.flatten()[worst].item(), expected.flatten()[worst].item()
    return Check("18", left, right, 0.0, {"log q(z|c)": _mean(found[0]), "log q(z)": _mean(found[1])})


def _mean(values: Tensor) -> Estimate:
    return Estimate(values.mean().item())
