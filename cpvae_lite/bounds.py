"""The evidence lower bound of any model of the family, and the importance-sampled evidence."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.distributions as D
from torch import Tensor

from cpvae_lite._arguments import whole_number
from cpvae_lite._seeding import seeded
from cpvae_lite.draws import Hard
from cpvae_lite.model import LatentVariableModel

CPU_ROWS, GPU_ROWS = 512, 65_536  # (draw, image) pairs that are decoded at a time


@dataclass(frozen=True)
class Elbo:
    """The terms of the bound for each row of x, in nats.

    A term has shape (B,). With S draws, as of `Hard(samples=S)`, it has shape (S, B), if it differs between them.

    Attributes:
        reconstruction: the expected log-likelihood A of Eq. 11.
        kl: for each latent variable by name its share of the divergence B of Eq. 11;
            for CP-VAE "z" and "c" are the two terms of Eq. 12.

    Example:
        >>> terms = Elbo(torch.tensor([-80.0]), {"c": torch.tensor([3.0]), "z": torch.tensor([20.0])})
        >>> terms.objective(), terms.objective(kl_weight=0.5)
        (tensor([-103.]), tensor([-91.5000]))
    """

    reconstruction: Tensor
    kl: dict[str, Tensor]

    def objective(self, kl_weight: float = 1.0) -> Tensor:
        """A - kl_weight · B, (B,) or (S, B). With weight 1 it is the bound itself, if c was not relaxed.

        Args:
            kl_weight: a number, or a tensor of shape (), as it rises in the warm-up.

        Example:
            >>> terms = Elbo(torch.tensor([[-80.0], [-70.0]]), {"z": torch.tensor([20.0])})
            >>> terms.objective().flatten()  # of one row and two draws, which share the divergence
            tensor([-100.,  -90.])
        """
        return self.reconstruction - kl_weight * sum(self.kl.values())

    def terms(self) -> dict[str, Tensor]:
        """All terms by the name under which reports show them.

        Example:
            >>> terms = Elbo(torch.tensor([-80.0]), {"c": torch.tensor([3.0]), "z": torch.tensor([20.0])})
            >>> terms.terms()
            {'reconstruction': tensor([-80.]), 'kl_c': tensor([3.]), 'kl_z': tensor([20.])}
        """
        return {"reconstruction": self.reconstruction} | {f"kl_{name}": kl for name, kl in self.kl.items()}


def elbo(model: LatentVariableModel, x: Tensor, draw: Callable | None = None) -> Elbo:
    r"""One-sample estimate of the evidence lower bound of each row of x, term by term (Eqs. 11, 12).

    For CP-VAE, a reconstruction and two divergences; a model without c has no more than the divergence of its z:

    .. math:: \mathbb E_{q(z,c|x)}[\log p(x|z,c)]
        - \mathbb E_{q(c|x)}[\mathrm{KL}(q(z|x,c)\,\|\,p(z|c))] - \mathrm{KL}(q(c|x)\,\|\,p(c))

    Args:
        model: any model of :mod:`cpvae_lite.zoo`.
        x: (B, features), binary for a Bernoulli likelihood.
        draw: how latents are drawn from their posteriors (:mod:`cpvae_lite.draws`). `Hard()`, the
            default, and `Summed()` estimate a true bound. `Relaxed` does not: it is for training.

    Returns:
        The terms for each row, with gradients.

    Raises:
        TypeError, ValueError: as :meth:`cpvae_lite.LatentVariableModel.checked` does, and
            :meth:`~cpvae_lite.LatentVariableModel.infer`.

    Example:
        >>> from cpvae_lite import Summed, build
        >>> model = build("cp", features=784, categories=10)
        >>> terms = elbo(model, torch.randint(2, (5, 784)).float(), Summed())
        >>> terms.objective().shape, sorted(terms.kl)
        (torch.Size([5]), ['c', 'z'])
    """
    return unchecked_elbo(model, model.checked(x), draw or Hard())


def unchecked_elbo(model: LatentVariableModel, x: Tensor, draw: Callable) -> Elbo:
    """What :func:`elbo` returns, without a look at the values of x, so that no step of training waits for its device.

    Example:
        >>> from cpvae_lite import build
        >>> grey = torch.full((1, 4), 0.5)  # a Bernoulli likelihood has a number for it, but none that is a probability
        >>> unchecked_elbo(build("vae", features=4), grey, Hard()).objective().isfinite()
        tensor([True])
    """
    inferred = model.infer(x, draw)  # values (B, …), with S draws (S, B, …), of all categories (K, B, …)
    kl = {latent.name: inferred.average(latent.divergence(inferred)) for latent in model.latents}
    return Elbo(inferred.average(model.likelihood(inferred.values).log_prob(x)), kl)


@dataclass(frozen=True)
class BoundEstimate:
    """Averages over a set of images, in nats per image.

    Attributes:
        value: the mean of the objective at KL weight 1.
        standard_error: of that mean, over images and draws together; None for a single image.
        terms: the mean of each term.
        images: how many images were averaged.

    Example:
        >>> from cpvae_lite import build
        >>> found = estimate_bound(build("vae", features=784), torch.ones(20, 784))
        >>> abs(found.terms["reconstruction"] - found.terms["kl_z"] - found.value) < 1e-3
        True
    """

    value: float
    standard_error: float | None
    terms: dict[str, float]
    images: int


@torch.no_grad()
def estimate_bound(
    model: LatentVariableModel,
    x: Tensor,
    draw: Callable | None = None,
    *,
    seed: int = 0,
    batch_size: int = 1000,
) -> BoundEstimate:
    """The mean of :func:`elbo` over all rows of x, with its standard error, for a fixed seed.

    Args:
        model: any model of the family.
        x: (N, features), of values that the likelihood can make: zeros and ones for a Bernoulli one.
        draw: as in :func:`elbo`; `Hard()` by default, which makes `value` a lower bound in expectation.
        seed: of the draws; the global random state is left as it was.
        batch_size: rows at a time; it bounds the memory.

    Raises:
        TypeError, ValueError: as :func:`elbo` does; if the seed or `batch_size` is no whole number, or too small.

    Example:
        >>> from cpvae_lite import build
        >>> model, x = build("vae", features=784), torch.ones(20, 784)
        >>> found = estimate_bound(model, x)
        >>> found.images, found == estimate_bound(model, x), found == estimate_bound(model, x, seed=1)
        (20, True, False)
    """
    blocks = model.checked(x).split(whole_number("batch_size", batch_size))
    with seeded(seed, device=x.device):
        parts = [unchecked_elbo(model, rows, draw or Hard()) for rows in blocks]
    objective = torch.cat([_over_draws(part.objective()) for part in parts]).double()
    names = parts[0].terms()
    terms = {name: torch.cat([_over_draws(part.terms()[name]) for part in parts]).double() for name in names}
    means = {name: values.mean().item() for name, values in terms.items()}
    return BoundEstimate(objective.mean().item(), standard_error(objective), means, len(x))


def _over_draws(term: Tensor) -> Tensor:
    """The average over draws of a term (B,) or (S, B)."""
    return term.reshape(-1, term.shape[-1]).mean(0)


def standard_error(values: Tensor) -> float | None:
    """The standard error of the mean of (N,) values; None for one value, which says nothing of its spread.

    Example:
        >>> round(standard_error(torch.tensor([1.0, 3.0])), 6)
        1.0
    """
    return values.std().item() / math.sqrt(len(values)) if len(values) > 1 else None


@torch.no_grad()
def log_marginal(
    model: LatentVariableModel, x: Tensor, samples: int, *, seed: int = 0, rows: int | None = None
) -> Tensor:
    r"""Importance-sampled log-evidence of each row of x, in nats.

    .. math:: \log\frac1S\sum_{s=1}^S \frac{p(x, z_s, c_s)}{q(z_s, c_s|x)}, \quad (z_s, c_s) \sim q(z, c|x)

    Its expectation is a lower bound on log p(x), never below the bound of :func:`elbo`, and tends to
    log p(x) as S grows. Every c is a hard draw.

    Args:
        model: any model of the family.
        x: (B, features), of values that the likelihood can make: zeros and ones for a Bernoulli one.
        samples: S, draws for each image.
        seed: of the draws; the global random state is left as it was.
        rows: about how many (draw, image) pairs are decoded at a time. By default few enough for a CPU's cache, and
            on a GPU enough to keep it busy.

    Returns:
        A tensor of shape (B,).

    Raises:
        TypeError, ValueError: as :func:`elbo` does; if a number is no whole number, or too small.

    Reference:
        Burda, Grosse and Salakhutdinov, Importance weighted autoencoders, 2016.

    Example:
        >>> from cpvae_lite import build
        >>> model, x = build("cp", features=784, categories=10), torch.ones(20, 784)
        >>> evidence = log_marginal(model, x, samples=50)
        >>> evidence.shape, evidence.mean().item() > estimate_bound(model, x).value
        (torch.Size([20]), True)
    """
    samples, x = whole_number("samples", samples), model.checked(x)
    rows = (CPU_ROWS if x.device.type == "cpu" else GPU_ROWS) if rows is None else whole_number("rows", rows)
    blocks = x.split(max(1, rows // samples))
    fixed = {latent.name: latent.prior({}) for latent in model.latents if not latent.prior.parents}
    with seeded(seed, device=x.device):
        return torch.cat([_log_mean_weight(model, fixed, block, samples, rows) for block in blocks])


def _log_mean_weight(
    model: LatentVariableModel, fixed: dict[str, D.Distribution], x: Tensor, samples: int, rows: int
) -> Tensor:
    most = max(1, rows // len(x))
    sizes = [most] * (samples // most) + [samples % most] * (samples % most > 0)
    weights = torch.cat([_log_weights(model, fixed, x, size) for size in sizes])  # (S, B)
    return weights.logsumexp(0) - math.log(samples)


def _log_weights(model: LatentVariableModel, fixed: dict[str, D.Distribution], x: Tensor, samples: int) -> Tensor:
    inferred = model.infer(x, Hard(samples))
    total = model.likelihood(inferred.values).log_prob(x)
    for latent in model.latents:
        value, posterior = inferred.values[latent.name], inferred.posteriors[latent.name]
        prior = fixed[latent.name] if latent.name in fixed else latent.prior(inferred.values)
        total = total + prior.log_prob(value) - posterior.log_prob(value)
    return total  # (S, B)
