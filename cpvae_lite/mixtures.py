"""Mixtures of diagonal Gaussians, at the cost of one matrix product."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.distributions as D
from torch import Tensor

from cpvae_lite.conditionals import diagonal_normal

LOG_2PI = math.log(2 * math.pi)


def density_table(mean: Tensor, log_variance: Tensor) -> Tensor:
    r"""What a diagonal Gaussian's log-density is linear in.

    .. math:: \log N(z;\mu,\sigma^2) = \sum_i -\tfrac{1}{2\sigma_i^2} z_i^2 + \tfrac{\mu_i}{\sigma_i^2} z_i + b

    Args:
        mean, log_variance: (..., D).

    Returns:
        (..., 2 D + 1): the factors of z², of z, and of 1. Multiplied with :func:`powers` of z it gives the
        log-density in nats.

    Example:
        >>> mean, log_variance, z = torch.randn(3, 4, 2).double()
        >>> found = powers(z) @ density_table(mean, log_variance).T
        >>> torch.allclose(found.diagonal(), diagonal_normal(mean, log_variance).log_prob(z))
        True
    """
    precision = (-log_variance).exp()
    constant = -0.5 * (mean.square() * precision + log_variance + LOG_2PI).sum(-1, keepdim=True)
    return torch.cat([-0.5 * precision, mean * precision, constant], -1)


def powers(z: Tensor) -> Tensor:
    """(z², z, 1) of draws (..., D): the other factor of :func:`density_table`, (..., 2 D + 1).

    Example:
        >>> powers(torch.tensor([3.0, 2.0]))
        tensor([9., 4., 3., 2., 1.])
    """
    return torch.cat([z.square(), z, torch.ones_like(z[..., :1])], -1)


class DiagonalMixture(D.Distribution):
    r"""A mixture with equal weights, :math:`\frac1K\sum_{k=1}^K N(\mu_k, \operatorname{diag}\sigma_k^2)`.

    It is `torch.distributions.MixtureSameFamily` of the same parts, without that class's tensor of size
    B × K × D: the densities of B draws under K components are one matrix product, and a draw picks its component
    first. That product is a difference of sums as large as :math:`\sum_i z_i^2/\sigma_i^2`; float32 keeps about
    seven digits of those, not of the density.

    Args:
        mean, log_variance: (K, D).
        batch_shape: as of any distribution; all its members are alike.

    Example:
        >>> mean, log_variance = torch.randn(500, 40), torch.zeros(500, 40)
        >>> mixture = DiagonalMixture(mean, log_variance)
        >>> z = mixture.sample((100,))
        >>> z.shape, mixture.log_prob(z).shape, mixture.responsibilities(z).shape
        (torch.Size([100, 40]), torch.Size([100]), torch.Size([100, 500]))
        >>> same = D.MixtureSameFamily(D.Categorical(torch.ones(500)), diagonal_normal(mean, log_variance))
        >>> torch.allclose(mixture.log_prob(z), same.log_prob(z), atol=1e-3)
        True
    """

    arg_constraints = {}  # noqa: RUF012 (torch's name for it)
    has_rsample = False  # the choice of a component has no gradient

    def __init__(self, mean: Tensor, log_variance: Tensor, batch_shape: Sequence[int] = ()):
        self.component_mean, self.component_log_variance = mean, log_variance
        super().__init__(torch.Size(batch_shape), mean.shape[-1:], validate_args=False)

    def component(self, index: Tensor) -> D.Independent:
        """The Gaussian of each index; its batch shape is that of `index`.

        Args:
            index: whole numbers from 0 to K-1, (...).

        Example:
            >>> mixture = DiagonalMixture(torch.tensor([[-2.0], [2.0]]), torch.zeros(2, 1))
            >>> mixture.component(torch.tensor([1, 0, 1])).mean.flatten()
            tensor([ 2., -2.,  2.])
        """
        return diagonal_normal(self.component_mean[index], self.component_log_variance[index])

    def expand(self, batch_shape: Sequence[int]) -> DiagonalMixture:
        return DiagonalMixture(self.component_mean, self.component_log_variance, batch_shape)

    @property
    def mean(self) -> Tensor:
        return self.component_mean.mean(0).expand(self.batch_shape + self.event_shape)

    @property
    def variance(self) -> Tensor:
        between = self.component_mean.var(0, correction=0)
        return (self.component_log_variance.exp().mean(0) + between).expand(self.batch_shape + self.event_shape)

    @torch.no_grad()
    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = torch.Size(sample_shape) + self.batch_shape
        chosen = torch.randint(len(self.component_mean), shape, device=self.component_mean.device)
        return self.component(chosen).sample()

    def log_prob(self, value: Tensor) -> Tensor:
        """log p(z) of each draw in nats, (...), of draws (..., D)."""
        each = self._component_log_prob(value).logsumexp(-1) - math.log(len(self.component_mean))
        return each.expand(torch.broadcast_shapes(each.shape, self.batch_shape))

    def responsibilities(self, value: Tensor) -> Tensor:
        """p(k|z), which component a draw came from: (..., K), of draws (..., D).

        Example:
            >>> mixture = DiagonalMixture(torch.tensor([[-2.0], [2.0]]), torch.zeros(2, 1))
            >>> mixture.responsibilities(torch.tensor([[0.0], [0.5]]))  # log-odds of four times z
            tensor([[0.5000, 0.5000],
                    [0.1192, 0.8808]])
        """
        return self._component_log_prob(value).softmax(-1)

    def _component_log_prob(self, value: Tensor) -> Tensor:
        centre = self.component_mean.mean(0).detach()  # means far from zero would cost digits in the table
        table = density_table(self.component_mean - centre, self.component_log_variance)
        return powers(value - centre) @ table.T  # (..., K)
