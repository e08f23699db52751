"""A latent variable with its prior and its posterior, and what inference finds about all of a model's."""

from __future__ import annotations

from dataclasses import dataclass

import torch.distributions as D
from torch import Tensor, nn

from cpvae_lite.conditionals import Conditional, Values


class Latent(nn.Module):
    """One latent variable.

    Args:
        name: the entry of `values` that holds its draws, as "c" or "z".
        prior: its distribution given latents before it.
        posterior: its distribution given the encoder's features "h" and what was inferred before it.
        publishes: a name under which later nodes see the probabilities of a categorical posterior.

    Example:
        >>> import torch
        >>> from cpvae_lite.conditionals import Gaussian, StandardNormal
        >>> from cpvae_lite.nets import MLP
        >>> z = Latent("z", StandardNormal(2), Gaussian(MLP([300], [], 4), "h"))
        >>> z.posterior({"h": torch.zeros(5, 300)}).sample().shape
        torch.Size([5, 2])
    """

    def __init__(self, name: str, prior: Conditional, posterior: Conditional, publishes: str | None = None):
        super().__init__()
        self.name, self.publishes = name, publishes
        self.prior, self.posterior = prior, posterior

    def divergence(self, inferred: Inference) -> Tensor:
        """KL(posterior ‖ prior) of this variable in nats, of the batch shape of its draws.

        Args:
            inferred: what :meth:`LatentVariableModel.infer` found, in a model that has this latent.

        Example:
            >>> import torch
            >>> from cpvae_lite import Mode, build
            >>> model = build("vae", features=784)
            >>> found = model.infer(torch.zeros(5, 784), Mode())
            >>> q = found.posteriors["z"]
            >>> expected = 0.5 * (q.mean.square() + q.variance - 1 - q.variance.log()).sum(-1)
            >>> torch.allclose(model.latents[0].divergence(found), expected, atol=1e-5)
            True
        """
        return self.prior.divergence(inferred.posteriors[self.name], inferred.values[self.name], inferred.values)


@dataclass(frozen=True)
class Inference:
    """What inference found: each latent's posterior, the values drawn, and their weight (None, or (K, B)).

    Example:
        >>> import torch
        >>> from cpvae_lite import Summed, build
        >>> found = build("cp", features=784, categories=10).infer(torch.zeros(5, 784), Summed())
        >>> found.weight.shape, found.average(found.values["c"].float()).shape  # the mean c of each image
        (torch.Size([10, 5]), torch.Size([5]))
    """

    posteriors: dict[str, D.Distribution]
    values: Values
    weight: Tensor | None

    def average(self, term: Tensor) -> Tensor:
        """The average (B,) of a term over categories that were listed one and all; else the term, (B,) or (S, B).

        Args:
            term: (K, B) where the categories were listed, as by `Summed`; else (B,) or (S, B).

        Example:
            >>> import torch
            >>> weight = torch.tensor([[0.75], [0.25]])  # q(c|x) of two categories and one image
            >>> Inference({}, {}, weight).average(torch.tensor([[1.0], [5.0]]))
            tensor([2.])
        """
        return term if self.weight is None else (self.weight * term).sum(0)
