"""Worlds small enough to sum: x of a few values, K categories, z of one or two dimensions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.distributions as D
from torch import Tensor

from cpvae_lite._arguments import finite_number, whole_number
from cpvae_lite._seeding import seeded
from cpvae_lite.conditionals import diagonal_normal


@dataclass(frozen=True)
class World:
    """A joint distribution of x, c and z, and a model of it. All tensors are float64.

    Attributes:
        log_data: log p_D(x), (N,).
        log_pi: log q(c|x), (N, K).
        posterior: q(z|x,c), batch shape (N, K), event shape (D,); a Gaussian or a mixture of broad ones: anything
            with a mean, a standard deviation and next to no mass 9 of them away.
        prior: p(z|c), batch shape (K,), event shape (D,).
        likelihood: maps z (..., K, D), a code for each category, to log p(x|z,c) of all x, (..., K, N).

    Raises:
        TypeError, ValueError: if a table is not float64, is not normalised, or does not fit the others.

    Example:
        >>> world = random_world(values=4, categories=3)
        >>> codes = world.posterior.mean[0]  # of the first x, a code for each category
        >>> codes.shape, world.likelihood(codes).shape
        (torch.Size([3, 1]), torch.Size([3, 4]))
    """

    log_data: Tensor
    log_pi: Tensor
    posterior: D.Distribution
    prior: D.Distribution
    likelihood: Callable[[Tensor], Tensor]

    def __post_init__(self):
        for name in ("log_data", "log_pi"):
            table = getattr(self, name)
            if table.dtype != torch.double:
                raise TypeError(f"{name} must be float64, not {table.dtype}")
            if not (table.logsumexp(-1).abs() < 1e-9).all():  # not so for NaN either
                raise ValueError(f"{name} must hold the logarithms of probabilities that sum to one")
        if self.posterior.batch_shape != self.log_pi.shape or self.log_data.shape != self.log_pi.shape[:1]:
            raise ValueError(
                f"log_pi has shape {tuple(self.log_pi.shape)}; the batch shape of the posterior must be the same, not "
                f"{tuple(self.posterior.batch_shape)}, and log_data must have as many rows, not {len(self.log_data)}"
            )
        wanted = self.log_pi.shape[1:], self.posterior.event_shape
        if (self.prior.batch_shape, self.prior.event_shape) != wanted:
            raise ValueError(
                f"the prior must have batch shape {tuple(wanted[0])} and event shape {tuple(wanted[1])}, not "
                f"{tuple(self.prior.batch_shape)} and {tuple(self.prior.event_shape)}"
            )


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
        empty: how many categories, not all, hold next to nothing (a probability of about exp(-30)).
        log_variance: the range of the posterior's log-variances.

    Raises:
        TypeError, ValueError: if a setting is out of range.

    Example:
        >>> random_world(values=4, categories=3, size=2).posterior.mean.shape
        torch.Size([4, 3, 2])
    """
    n, k = whole_number("values", values), whole_number("categories", categories)
    sharpness = finite_number("sharpness", sharpness, least=0)
    low, high = (finite_number("log_variance", bound, least=-20) for bound in log_variance)
    if whole_number("size", size) > 2:
        raise ValueError(f"z has one or two dimensions here, not {size}")
    if whole_number("empty", empty, least=0) >= k:
        raise ValueError(f"empty must leave one of the {k} categories, not {empty}")
    if low > high:
        raise ValueError(f"log_variance must run from low to high, not from {low:g} to {high:g}")
    with seeded(seed):
        normal = lambda *shape: torch.randn(*shape, dtype=torch.double)  # noqa: E731
        logits = sharpness * normal(n, k)
        logits[:, k - empty :] -= 30
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
