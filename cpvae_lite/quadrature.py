"""A world small enough to sum: x of a few values, K categories, z on a grid. All terms are exact.

The two sides of an equation come by different ways. The objective uses closed-form divergences and, for the
reconstruction, Gauss-Legendre nodes around each posterior by itself. What is measured is summed over one
equidistant grid that all densities share, each term against the density of its own variables: so a wrong
q(z|c) moves the information, an average over (x,c,z), and the divergence, an average over (c,z), by
different amounts.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
import torch.distributions as D
from torch import Tensor

from cpvae_lite._arguments import whole_number
from cpvae_lite._seeding import seeded
from cpvae_lite.conditionals import diagonal_normal
from cpvae_lite.joint import TERMS, Estimate, Joint, Side, signed

REACH = 9.0  # standard deviations to each side; a Gaussian has 2e-19 of its mass beyond
NODES = {1: 400, 2: 160}  # Gauss-Legendre nodes along each axis
STEPS = {1: 10, 2: 5}  # grid points within one standard deviation of the narrowest distribution
MOST_POINTS = 40_000_000  # values of the largest table, about 300 MB


@dataclass(frozen=True)
class World:
    """A joint distribution of x, c and z, and a model of it. All tensors are float64.

    Attributes:
        log_data: log p_D(x), (N,).
        log_pi: log q(c|x), (N, K).
        posterior: q(z|x,c), batch shape (N, K), event shape (D,), with a mean and a standard deviation.
        prior: p(z|c), batch shape (K,), event shape (D,).
        likelihood: maps z (..., K, D), a code for each category, to log p(x|z,c) of all x, (..., K, N).
    """

    log_data: Tensor
    log_pi: Tensor
    posterior: D.Distribution
    prior: D.Distribution
    likelihood: Callable[[Tensor], Tensor]


def random_world(
    *,
    values: int = 4,
    categories: int = 3,
    size: int = 1,
    seed: int = 0,
    posterior_sees_category: bool = True,
    prior_sees_category: bool = True,
    uniform: bool = False,
    sharpness: float = 1.0,
    empty: int = 0,
    log_variance: tuple[float, float] = (-2.0, 1.0),
) -> World:
    """A world with random Gaussians and random probabilities.

    Args:
        values: N, how many values x takes.
        categories: K.
        size: the number of dimensions of z, 1 or 2.
        seed: of all of it.
        posterior_sees_category: False makes q(z|x,c) the same for all c, as INDq and INDqp assume.
        prior_sees_category: False makes p(z|c) the same for all c, as INDp and INDqp assume.
        uniform: q(c|x) = 1/K.
        sharpness: standard deviation of the logits of c; large ones make q(c|x) nearly one-hot.
        empty: how many categories hold next to nothing (a probability of about exp(-30)).
        log_variance: the range of the posterior's log-variances.

    Example:
        >>> random_world(values=4, categories=3, size=2).posterior.mean.shape
        torch.Size([4, 3, 2])
    """
    n, k = whole_number("values", values), whole_number("categories", categories)
    low, high = log_variance
    with seeded(seed):
        normal = lambda *shape: torch.randn(*shape, dtype=torch.double)  # noqa: E731
        logits = sharpness * normal(n, k)
        logits[:, k - whole_number("empty", empty, least=0) :] -= 30
        mean, spread = 2 * normal(n, k, size), low + (high - low) * torch.rand(n, k, size, dtype=torch.double)
        prior_mean, prior_spread = 2 * normal(k, size), 0.5 * normal(k, size)
        bias, slope = normal(k, n), normal(k, n, size)
        log_data = normal(n).log_softmax(0)
    if not posterior_sees_category:
        mean, spread = mean[:, :1].expand_as(mean), spread[:, :1].expand_as(spread)
    if not prior_sees_category:
        prior_mean, prior_spread = prior_mean[:1].expand_as(prior_mean), prior_spread[:1].expand_as(prior_spread)
    return World(
        log_data=log_data,
        log_pi=(torch.zeros_like(logits) if uniform else logits).log_softmax(1),
        posterior=diagonal_normal(mean, spread),
        prior=diagonal_normal(prior_mean, prior_spread),
        likelihood=lambda z: (bias + (slope * z.tanh()[..., None, :]).sum(-1)).log_softmax(-1),
    )


class Exact(Joint):
    """The terms of a :class:`World`, by summing over x, c and a grid of z.

    Raises:
        ValueError: if z has more than two dimensions, or if its distributions of z are so different in width that
            a grid fine enough for the narrowest would not fit in memory.

    Example:
        >>> q = Exact(random_world(values=4, categories=3))
        >>> information = q.measure("I((z,c);x)")
        >>> information.value < math.log(4), information.standard_error
        (True, 0.0)
    """

    def __init__(self, world: World):
        self.world = world
        self.images, self.categories = world.log_pi.shape
        self.points, self.log_cell = _grid(world.posterior, world.prior)  # (G, D)
        self._known: dict[str, Tensor] = {}

    def log_density(self, name: str) -> Tensor:
        """The logarithm of a density, broadcastable to (N, K, G)."""
        if name not in self._known:
            self._known[name] = self._compute(name)
        return self._known[name]

    def _compute(self, name: str) -> Tensor:
        world, density = self.world, self.log_density
        match name:
            case "p_D(x)":
                return world.log_data[:, None, None]
            case "q(c|x)":
                return world.log_pi[:, :, None]
            case "q(z|x,c)":
                return world.posterior.log_prob(self.points[:, None, None]).movedim(0, -1)
            case "q(c)":
                return (density("p_D(x)") + density("q(c|x)")).logsumexp(0)
            case "q(z|c)":
                joint = density("p_D(x)") + density("q(c|x)") + density("q(z|x,c)")
                return joint.logsumexp(0) - density("q(c)")
            case "q(z|x)":
                return (density("q(c|x)") + density("q(z|x,c)")).logsumexp(1, keepdim=True)
            case "q(z)":
                return (density("q(c)") + density("q(z|c)")).logsumexp(0)
            case "p(c)":
                return torch.full((self.categories, 1), -math.log(self.categories), dtype=torch.double)
            case "p(z|c)":
                return world.prior.log_prob(self.points[:, None]).T
            case "p(z)":
                return (density("p(c)") + density("p(z|c)")).logsumexp(0)
            case "p(x)":
                return (self._log("p(z,c)") + density("p(x|z,c)") + self.log_cell).logsumexp((1, 2), keepdim=True)
            case "p(x|z,c)":
                return world.likelihood(self.points[:, None].expand(-1, self.categories, -1)).permute(2, 1, 0)
        raise ValueError(f"no density {name!r}")

    @property
    def redrawn(self) -> Exact:
        return self

    def expectation(self, terms: dict[str, int], values: dict[str, Tensor]) -> Estimate:
        """Each term summed against the density of its own variables."""
        return Estimate(sum(sign * self._sum(TERMS[name][0], values[name]) for name, sign in terms.items()))

    def _sum(self, over: str, value: Tensor) -> float:
        weight = self._weights[over].exp()
        # A category of probability 0 has no q(z|c); it has no weight either.
        return torch.where(weight > 0, weight * value, 0.0).sum().item()

    @cached_property
    def _weights(self) -> _LogWeights:
        return _LogWeights(self)

    @cached_property
    def _objective(self) -> dict[str, Tensor]:
        """Averages over x and c of the terms of the bound; no grid, no aggregated posterior."""
        world, pi = self.world, self.world.log_pi.exp()
        uniform = D.Categorical(logits=torch.zeros_like(world.log_pi))
        by_x = {
            "reconstruction": (pi * _local_mean(world)).sum(1),
            "kl_z": (pi * _divergence(world.posterior, world.prior)).sum(1),
            "kl_c": D.kl_divergence(D.Categorical(logits=world.log_pi), uniform),
        }
        return {name: (world.log_data.exp() * rows).sum() for name, rows in by_x.items()}

    def objective(self, *terms: str) -> Side:
        parts = {name: self._objective[name].item() for name in signed(terms)}
        total = sum(sign * parts[name] for name, sign in signed(terms).items())
        return Side(Estimate(total), {name: Estimate(value) for name, value in parts.items()})


class _LogWeights(dict):
    """log-density times cell of each set of variables that a term is averaged over, made on first use."""

    def __init__(self, q: Exact):
        super().__init__()
        self.q = q

    def __missing__(self, over: str) -> Tensor:
        log, cell = self.q._log, self.q.log_cell
        match over:
            case "x":
                weight = log("p_D(x)")
            case "c":
                weight = log("q(c)")
            case "z":
                weight = log("q(z)") + cell
            case "c,z":
                weight = log("q(z,c)") + cell
            case "x,c":
                weight = log("p_D(x)") + log("q(c|x)")
            case "x,z":
                weight = log("p_D(x)") + log("q(z|x)") + cell
            case "x,c,z":
                weight = log("p_D(x)") + log("q(z,c|x)") + cell
        self[over] = weight
        return weight


def _grid(*distributions: D.Distribution) -> tuple[Tensor, float]:
    """Points (G, D) that cover all distributions, and the logarithm of the volume of a cell."""
    mean, spread = (
        torch.cat([getattr(q, moment).flatten(0, -2) for q in distributions]) for moment in ("mean", "stddev")
    )
    size = mean.shape[-1]
    if size not in STEPS:
        raise ValueError(f"quadrature is for z of one or two dimensions, not {size}")
    low, high = (mean - REACH * spread).amin(0), (mean + REACH * spread).amax(0)
    step = spread.amin(0) / STEPS[size]
    counts = ((high - low) / step).ceil().long() + 1
    table = counts.prod().item() * len(mean)
    if table > MOST_POINTS:
        raise ValueError(f"the distributions of z differ too much in width: the grid would need {table:,} values")
    axes = [a + s * torch.arange(n, dtype=torch.double) for a, s, n in zip(low, step, counts, strict=True)]
    return torch.cartesian_prod(*axes).view(-1, size), step.log().sum().item()


def _local_nodes(posterior: D.Distribution) -> tuple[Tensor, Tensor]:
    """Gauss-Legendre nodes around each posterior, (G, N, K, D), and their log-weights, (G, N, K)."""
    mean, spread = posterior.mean, posterior.stddev
    size = mean.shape[-1]
    nodes, weights = (torch.from_numpy(array) * REACH for array in np.polynomial.legendre.leggauss(NODES[size]))
    offsets = torch.cartesian_prod(*[nodes] * size).view(-1, 1, 1, size)
    log_weight = torch.cartesian_prod(*[weights.log()] * size).view(-1, size).sum(1)
    return mean + spread * offsets, log_weight[:, None, None] + spread.log().sum(-1)


def _divergence(posterior: D.Distribution, prior: D.Distribution) -> Tensor:
    """KL(q(z|x,c) ‖ p(z|c)), (N, K): in closed form, or by the local nodes where there is none."""
    try:
        return D.kl_divergence(posterior, prior)
    except NotImplementedError:
        z, log_weight = _local_nodes(posterior)
        log_q = posterior.log_prob(z)
        return ((log_q + log_weight).exp() * (log_q - prior.log_prob(z))).sum(0)


def _local_mean(world: World) -> Tensor:
    """E log p(x|z,c) under q(z|x,c), (N, K)."""
    z, log_weight = _local_nodes(world.posterior)  # (G, N, K, D)
    log_likelihood = world.likelihood(z).diagonal(dim1=1, dim2=3).movedim(-1, 1)  # of x_n at its own z: (G, N, K)
    return ((world.posterior.log_prob(z) + log_weight).exp() * log_likelihood).sum(0)
