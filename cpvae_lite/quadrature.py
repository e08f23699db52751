"""The terms of a small world, exactly: sums over x and c, and a grid of z.

The two sides of an equation come by different ways. The objective uses closed-form divergences and, for the
reconstruction, Gauss-Legendre nodes around each posterior by itself. What is measured is summed over one
equidistant grid that all densities share, each term against the density of its own variables: so a wrong
q(z|c) moves the information, an average over (x,c,z), and the divergence, an average over (c,z), by
different amounts.
"""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np
import torch
import torch.distributions as D
from torch import Tensor

from cpvae_lite._arguments import one_of
from cpvae_lite.joint import OBJECTIVE, TERMS, Estimate, Joint, Side, signed
from cpvae_lite.worlds import World

REACH = 9.0  # standard deviations to each side; a Gaussian has 2e-19 of its mass beyond
NODES = {1: (600, 500), 2: (240, 200)}  # Gauss-Legendre nodes along each axis, and fewer to compare with
STEPS = {1: 10, 2: 5}  # grid points within one standard deviation of the narrowest distribution
MOST_POINTS = 40_000_000  # values of the largest table, about 300 MB
LOST = 1e-10  # of the mass of a distribution, at most, beside the points

# What a term is averaged over: the factors of its density.
WEIGHTS: dict[str, tuple[str, ...]] = {
    "x": ("p_D(x)",),
    "c": ("q(c)",),
    "z": ("q(z)",),
    "c,z": ("q(z,c)",),
    "x,c": ("p_D(x)", "q(c|x)"),
    "x,z": ("p_D(x)", "q(z|x)"),
    "x,c,z": ("p_D(x)", "q(z,c|x)"),
}


class Exact(Joint):
    """The terms of a :class:`~cpvae_lite.worlds.World`, by summing over x, c and a grid of z.

    Args:
        world: with z of one or two dimensions.

    Attributes:
        points: the grid of z, (G, D).

    Raises:
        ValueError: if z has more than two dimensions; if its distributions are so different in width that a grid
            fine enough for the narrowest would not fit in memory; if the points miss any of their mass; or if the
            likelihood changes too fast for them.

    Example:
        >>> from cpvae_lite.worlds import random_world
        >>> q = Exact(random_world(values=4, categories=3))
        >>> information = q.measure("I((z,c);x)")
        >>> information.value < math.log(4), information.standard_error
        (True, 0.0)
    """

    def __init__(self, world: World):
        self.world = world
        self.categories = world.log_pi.shape[1]
        self.points, self.log_cell = _grid(world.posterior, world.prior)  # (G, D)
        self._known: dict[str, Tensor] = {}
        for name in ("q(z|x,c)", "p(z|c)"):
            _require_mass(name, self.log_density(name) + self.log_cell, -1)

    def log_density(self, name: str) -> Tensor:
        """The logarithm of a density, broadcastable to (N, K, G).

        Args:
            name: as "q(z|c)"; those that are products of others are in `cpvae_lite.joint.COMPOSED`.

        Raises:
            ValueError: if there is no such density.

        Example:
            >>> from cpvae_lite.worlds import random_world
            >>> q = Exact(random_world(values=4, categories=3))
            >>> mass = (q.log_density("q(z)") + q.log_cell).exp().sum()
            >>> round(mass.item(), 9), round(q.log_density("q(c)").exp().sum().item(), 9)
            (1.0, 1.0)
        """
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
                empty = density("q(c)").isneginf()  # such a category has no q(z|c), and no weight
                return torch.where(empty, -torch.inf, joint.logsumexp(0) - density("q(c)"))
            case "q(z|x)":
                return (density("q(c|x)") + density("q(z|x,c)")).logsumexp(1, keepdim=True)
            case "q(z)":
                return (density("p_D(x)") + density("q(z|x)")).logsumexp(0)
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
        """Each term summed against the density of its own variables.

        Args:
            terms: names of entries of `cpvae_lite.joint.TERMS`, with their signs.
            values: the log-ratio of each, broadcastable to (N, K, G).

        Example:
            >>> from cpvae_lite.worlds import random_world
            >>> q = Exact(random_world(values=4, categories=3))
            >>> entropy = q.expectation({"H(q(c))": 1}, {"H(q(c))": -q.log_density("q(c)")})
            >>> entropy == q.measure("H(q(c))")
            True
        """
        return Estimate(sum(sign * self._sum(TERMS[name][0], values[name]) for name, sign in terms.items()))

    def _sum(self, over: str, value: Tensor) -> float:
        if over not in self._known:
            cell = self.log_cell if "z" in over else 0.0
            self._known[over] = sum(self._log(factor) for factor in WEIGHTS[over]) + cell
        return _weighted(self._known[over].exp(), value).sum().item()

    @cached_property
    def _objective(self) -> dict[str, Tensor]:
        """Averages over x and c of the terms of the bound; no grid, no aggregated posterior."""
        world, pi = self.world, self.world.log_pi.exp()
        uniform = D.Categorical(logits=torch.zeros_like(world.log_pi))
        by_x = {
            "reconstruction": _weighted(pi, _reconstruction(world)).sum(1),
            "kl_z": _weighted(pi, _divergence(world.posterior, world.prior)).sum(1),
            "kl_c": D.kl_divergence(D.Categorical(logits=world.log_pi), uniform),
        }
        return {name: _weighted(world.log_data.exp(), rows).sum() for name, rows in by_x.items()}

    def objective(self, *terms: str) -> Side:
        """A sum of the terms of the bound, from closed forms and from nodes around each posterior.

        Args:
            terms: "reconstruction", "kl_z" and "kl_c", a leading "-" for a minus.

        Raises:
            ValueError: if there is no such term, if a term is there twice, or if the likelihood changes too fast
                for the nodes.

        Example:
            >>> from cpvae_lite.worlds import random_world
            >>> q = Exact(random_world(values=4, categories=3))
            >>> bound = q.objective("reconstruction", "-kl_z", "-kl_c")
            >>> bound.total.value < q.measure("log p(x)").value  # Eq. 4
            True
        """
        parts = {name: self._objective[one_of("term", name, OBJECTIVE)].item() for name in signed(terms)}
        total = sum(sign * parts[name] for name, sign in signed(terms).items())
        return Side(Estimate(total), {name: Estimate(value) for name, value in parts.items()})


def _weighted(weight: Tensor, value: Tensor) -> Tensor:
    """Their product, 0 where the weight is 0, whatever the value; NaN stays NaN."""
    return torch.where(weight == 0, 0.0, weight * value)


def _require_mass(name: str, log_mass: Tensor, dim: int) -> None:
    mass = log_mass.exp().sum(dim)
    if not ((mass - 1).abs() < LOST).all():  # not so for NaN either
        worst = mass.flatten()[(mass - 1).abs().nan_to_num(torch.inf).argmax()].item()
        raise ValueError(
            f"the points of z hold {worst:.6g} of the mass of one {name}: its tails are too heavy, or part of it is "
            "too narrow"
        )


def _grid(*distributions: D.Distribution) -> tuple[Tensor, float]:
    """Points (G, D) that cover all distributions, and the logarithm of the volume of a cell."""
    mean, spread = (
        torch.cat([getattr(q, moment).flatten(0, -2) for q in distributions]) for moment in ("mean", "stddev")
    )
    size = mean.shape[-1]
    if size not in STEPS:
        raise ValueError(f"quadrature is for z of one or two dimensions, not {size}")
    if not (mean.isfinite().all() and spread.isfinite().all()):
        raise ValueError("a distribution of z has no finite mean and standard deviation")
    low, high = (mean - REACH * spread).amin(0), (mean + REACH * spread).amax(0)
    step = spread.amin(0) / STEPS[size]
    counts = ((high - low) / step).ceil().long() + 1
    table = counts.prod().item() * len(mean)
    if table > MOST_POINTS:
        raise ValueError(f"the distributions of z differ too much in width: the grid would need {table:,} values")
    axes = [a + s * torch.arange(n, dtype=torch.double) for a, s, n in zip(low, step, counts, strict=True)]
    return torch.cartesian_prod(*axes).view(-1, size), step.log().sum().item()


def _nodes(posterior: D.Distribution, count: int) -> tuple[Tensor, Tensor]:
    """Gauss-Legendre nodes around each posterior, (G, N, K, D), and log-density + log-weight there, (G, N, K)."""
    mean, spread = posterior.mean, posterior.stddev
    size = mean.shape[-1]
    nodes, weights = (torch.from_numpy(array) * REACH for array in np.polynomial.legendre.leggauss(count))
    offsets = torch.cartesian_prod(*[nodes] * size).view(-1, 1, 1, size)
    log_weight = torch.cartesian_prod(*[weights.log()] * size).view(-1, size).sum(1)
    z = mean + spread * offsets
    log_mass = posterior.log_prob(z) + log_weight[:, None, None] + spread.log().sum(-1)
    _require_mass("q(z|x,c)", log_mass, 0)
    return z, log_mass


def _divergence(posterior: D.Distribution, prior: D.Distribution) -> Tensor:
    """KL(q(z|x,c) ‖ p(z|c)), (N, K): in closed form, or by the local nodes where there is none."""
    try:
        return D.kl_divergence(posterior, prior)
    except NotImplementedError:
        z, log_mass = _nodes(posterior, NODES[posterior.mean.shape[-1]][0])
        return (log_mass.exp() * (posterior.log_prob(z) - prior.log_prob(z))).sum(0)


def _reconstruction(world: World) -> Tensor:
    """E log p(x|z,c) under q(z|x,c), (N, K), from two sets of nodes that must agree."""
    fine, coarse = (_local_mean(world, count) for count in NODES[world.posterior.mean.shape[-1]])
    possible = world.log_pi.exp() > 0
    apart = (fine - coarse)[possible].abs().max().item()
    if not apart < 1e-9 * max(1.0, fine[possible].abs().max().item()):
        raise ValueError(f"the likelihood changes too fast within a posterior: two quadratures differ by {apart:.1e}")
    return fine


def _local_mean(world: World, count: int) -> Tensor:
    z, log_mass = _nodes(world.posterior, count)
    values, categories = world.log_pi.shape
    block = max(1, MOST_POINTS // (4 * values * values * categories))  # the likelihood is that of all x at once
    parts = zip(z.split(block), log_mass.split(block), strict=True)
    return sum(_weighted(mass.exp(), _own_likelihood(world, points)).sum(0) for points, mass in parts)


def _own_likelihood(world: World, z: Tensor) -> Tensor:
    """log p(x_n|z,c) of x_n at its own z, (G, N, K)."""
    return world.likelihood(z).diagonal(dim1=1, dim2=3).movedim(-1, 1)
