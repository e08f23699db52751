"""The exact terms of three toys that need no network: what :mod:`cpvae_lite.figures.toys` shows.

Everything is float64, in closed form or summed over an equidistant grid; the scripts of the figures do the same again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.distributions as D
from torch import Tensor

from cpvae_lite._arguments import finite_number
from cpvae_lite.synthetic import MIXTURE_MEANS, MIXTURE_SCALE

# Grids: from, to, how many points.
X = (-0.2, 1.2, 701)  # ten standard deviations of the data to each side
STEPS = (-9.0, 9.0, 181)  # around a posterior, in its standard deviations
FINE_STEPS = (-6.0, 6.0, 6001)  # around the prior: a hole has sharp edges


@dataclass(frozen=True)
class TwoCategories:
    """A CP-VAE on numbers: c, then z ~ N(m_c, s_c²), then x ~ N(z, noise²). Its true posterior is known.

    At the start it is the truth of the synthetic data, since 0.04² + 0.03² = 0.05².

    Args:
        means: m_c of p(z|c).
        deviations: s_c of p(z|c).
        weight: p(c) of the first category.
        noise: standard deviation of x around z.

    Raises:
        TypeError, ValueError: if a mean is not finite, a deviation not positive, or the weight not between 0 and 1.

    Example:
        >>> terms = mixture_terms(TwoCategories())
        >>> round(terms["bound"], 3), round(terms["kl_c"], 3)  # the best possible bound; log 2
        (0.884, 0.693)
    """

    means: tuple[float, float] = MIXTURE_MEANS
    deviations: tuple[float, float] = (0.04, 0.04)
    weight: float = 0.5
    noise: float = 0.03

    def __post_init__(self):
        for value in self.means:
            finite_number("a mean", value, least=-math.inf)
        for value in (*self.deviations, self.noise):
            finite_number("a deviation", value, least=0, strict=True)
        if not 0 < self.weight < 1:
            raise ValueError(f"weight must lie between 0 and 1, not be {self.weight}: the other category has the rest")

    @property
    def category(self) -> D.Categorical:
        """p(c)."""
        return D.Categorical(_double([self.weight, 1 - self.weight]))

    @property
    def prior(self) -> D.Normal:
        """p(z|c), batch shape (2,)."""
        return D.Normal(_double(self.means), _double(self.deviations))

    @property
    def marginal(self) -> D.MixtureSameFamily:
        """p(x).

        Example:
            >>> x = torch.tensor([0.3, 0.5]).double()
            >>> torch.allclose(TwoCategories().marginal.log_prob(x), data_density().log_prob(x))  # the truth
            True
        """
        return D.MixtureSameFamily(self.category, self._of_x)

    @property
    def _of_x(self) -> D.Normal:
        return D.Normal(self.prior.loc, (self.prior.variance + self.noise**2).sqrt())

    def posterior(self, x: Tensor) -> tuple[D.Categorical, D.Normal]:
        """The true q(c|x), batch shape (N,), and q(z|x,c), batch shape (N, 2), for x (N,).

        Example:
            >>> c, z = TwoCategories().posterior(torch.tensor([0.3, 0.5]))
            >>> c.probs[1], z.stddev[0]  # halfway between the means; 0.04 · 0.03 / 0.05
            (tensor([0.5000, 0.5000], dtype=torch.float64), tensor([0.0240, 0.0240], dtype=torch.float64))
        """
        share = self.prior.variance / self._of_x.variance  # of the way from the prior's mean to x
        logits = self.category.logits + self._of_x.log_prob(x[:, None])
        deviation = self.prior.scale * self.noise / self._of_x.scale
        return D.Categorical(logits=logits), D.Normal(share * x[:, None] + (1 - share) * self.prior.loc, deviation)

    def aggregated(self, z: Tensor) -> Tensor:
        """The density q(z) of the true posteriors, averaged over the data, at z (M,).

        Returns:
            A float64 tensor of shape (M,).

        Example:
            >>> model, z = TwoCategories(), torch.tensor([0.3, 0.5]).double()
            >>> p_z = (model.category.probs * model.prior.log_prob(z[:, None]).exp()).sum(1)
            >>> torch.allclose(model.aggregated(z), p_z)  # of a model that is the truth
            True
        """
        x, weight = data_grid()
        c, each = self.posterior(x)
        density = each.log_prob(z[:, None, None]).exp()  # (M, N, 2)
        return (weight[:, None] * c.probs * density).sum((1, 2))


def data_density() -> D.MixtureSameFamily:
    """The density of the synthetic data, in float64.

    Example:
        >>> round(data_density().log_prob(_double(0.3)).item(), 3)  # nats
        1.384
    """
    return D.MixtureSameFamily(D.Categorical(_double([0.5, 0.5])), D.Normal(_double(MIXTURE_MEANS), MIXTURE_SCALE))


def data_grid() -> tuple[Tensor, Tensor]:
    """Places x (N,) and the share of the data at each (N,), which sum to one.

    Example:
        >>> x, share = data_grid()
        >>> x.shape, round(share.sum().item(), 6), round((x * share).sum().item(), 6)  # the mean of the data
        (torch.Size([701]), 1.0, 0.5)
    """
    x = linspace(*X)
    return x, data_density().log_prob(x).exp() * (x[1] - x[0])


def mixture_terms(model: TwoCategories, encoder: TwoCategories | None = None) -> dict[str, float]:
    """The bound of Eq. 12 with its parts, and what it loses, on average over the synthetic data, in nats.

    Args:
        model: whose bound it is.
        encoder: whose true posterior serves as q(z,c|x); None takes the model's own, and nothing is lost by it.

    Returns:
        "reconstruction", "kl_z", "kl_c" and "bound"; "evidence", the mean of log p(x); "best", minus the entropy of
        the data; "model", the KL of the data to the model, and "posterior", that of the encoder to the true one. So
        bound = best - model - posterior, as Eq. 7 says.

    Example:
        >>> shifted = TwoCategories(means=(0.32, 0.68))
        >>> terms = mixture_terms(shifted, encoder=TwoCategories())
        >>> round(terms["kl_z"] - mixture_terms(TwoCategories())["kl_z"], 4)  # (0.02 / 0.04)² / 2
        0.125
    """
    x, weight = data_grid()
    c, z = (encoder or model).posterior(x)
    likelihood = D.Normal(z.mean, model.noise).log_prob(x[:, None]) - 0.5 * z.variance / model.noise**2  # E over z
    each = {
        "reconstruction": (c.probs * likelihood).sum(1),
        "kl_z": (c.probs * D.kl_divergence(z, model.prior)).sum(1),
        "kl_c": D.kl_divergence(c, model.category),
        "evidence": model.marginal.log_prob(x),
        "best": data_density().log_prob(x),
    }
    terms = {name: (weight * rows).sum().item() for name, rows in each.items()}
    bound = terms["reconstruction"] - terms["kl_z"] - terms["kl_c"]
    lost = {"model": terms["best"] - terms["evidence"], "posterior": terms["evidence"] - bound}
    return terms | {"bound": bound} | lost


def relaxed_draws(probabilities: Sequence[float], noise: Tensor, temperature: float) -> Tensor:
    """Gumbel-Softmax draws of a category, softmax((log π + G) / τ), (N, K).

    Args:
        probabilities: π, K positive numbers that sum to one.
        noise: Gumbel numbers G, (N, K).
        temperature: τ.

    Raises:
        ValueError: if the probabilities are not positive or do not sum to one, if their number is not that of the
            columns of the noise, or if the temperature is not positive.

    Example:
        >>> relaxed_draws([0.5, 0.5], torch.tensor([[0.0, 1.0]]), temperature=0.1)[0].round(decimals=3).tolist()
        [0.0, 1.0]
    """
    finite_number("temperature", temperature, least=0, strict=True)
    pi = _double(probabilities)
    if not (pi > 0).all() or abs(pi.sum().item() - 1) > 1e-9:
        raise ValueError(f"probabilities must be positive and sum to one, not {list(probabilities)}")
    if noise.shape[-1] != len(pi):
        raise ValueError(f"{len(pi)} probabilities but {noise.shape[-1]} columns of noise; they must be as many")
    return ((pi.log() + noise) / temperature).softmax(1)


def surgery(means: Sequence[float], width: float, prior: D.Normal) -> dict[str, float]:
    """The mean KL of Gaussian posteriors to a prior and its two parts, after Hoffman and Johnson (2016).

    Args:
        means: of the posteriors q(z|n), one for each data point.
        width: their common standard deviation.
        prior: p(z), of batch shape ().

    Returns:
        "price", the mean KL(q(z|n) ‖ p(z)), in closed form; "information", I(z;n), and "waste", KL(q(z) ‖ p(z)), by
        sums over z, all in nats; "holes", the share of the prior's mass where q(z) is below a tenth of p(z).

    Raises:
        ValueError: if there are no means, or if the width is not positive.

    Example:
        >>> apart = surgery([-50.0, 50.0], 1.0, D.Normal(0.0, 1.0))
        >>> round(apart["information"], 3)  # log 2: each z names its data point
        0.693
    """
    if not len(means):
        raise ValueError("means is empty; give one for each data point")
    finite_number("width", width, least=0, strict=True)
    each, p = D.Normal(_double(means), width), D.Normal(prior.loc.double(), prior.scale.double())
    aggregated = D.MixtureSameFamily(D.Categorical(torch.ones_like(each.loc)), each)
    t, mass = _steps(*STEPS)
    z = each.loc + width * t[:, None]  # (T, N)
    log_q = aggregated.log_prob(z)

    def average(values: Tensor) -> float:
        return (mass[:, None] * values).sum(0).mean().item()

    fine, fine_mass = _steps(*FINE_STEPS)
    return {
        "price": D.kl_divergence(each, p).mean().item(),
        "information": average(each.log_prob(z) - log_q),
        "waste": average(log_q - p.log_prob(z)),
        "holes": fine_mass[holes(aggregated, p, p.loc + p.scale * fine)].sum().item(),
    }


def holes(aggregated: D.Distribution, prior: D.Distribution, z: Tensor) -> Tensor:
    """Where the aggregated posterior has less than a tenth of the prior's density, a mask of the shape of z.

    Example:
        >>> holes(D.Normal(0.0, 0.5), D.Normal(0.0, 1.0), torch.tensor([0.0, 2.0]))
        tensor([False,  True])
    """
    return aggregated.log_prob(z) < prior.log_prob(z) - math.log(10)


def linspace(low: float, high: float, count: int) -> Tensor:
    """`torch.linspace` in float64, whatever the default.

    Example:
        >>> linspace(0, 1, 3)
        tensor([0.0000, 0.5000, 1.0000], dtype=torch.float64)
    """
    return torch.linspace(low, high, count, dtype=torch.double)


def _steps(*grid) -> tuple[Tensor, Tensor]:
    """Places (T,) in standard deviations, and the mass of a Gaussian at each (T,)."""
    t = linspace(*grid)
    return t, D.Normal(torch.zeros_like(t[0]), 1.0).log_prob(t).exp() * (t[1] - t[0])


def _double(values: Sequence[float]) -> Tensor:
    return torch.as_tensor(values, dtype=torch.double)
