"""Learned priors over z."""

from __future__ import annotations

import torch
import torch.distributions as D
from torch import Tensor, nn

from cpvae_lite.conditionals import Conditional, Values, diagonal_normal


def expected_kl(posterior: D.Independent, weights: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    r"""Expected divergence to a Gaussian of each category, :math:`\sum_k w_k\,\mathrm{KL}(q \| p_k)`, in nats.

    The KL between diagonal Gaussians is linear in the table
    :math:`(1/\sigma_k^2,\; \mu_k/\sigma_k^2,\; \sum_i \mu_{ik}^2/\sigma_{ik}^2 + \log\sigma_{ik}^2)`
    of p_k, so the weights are multiplied with that table once, and K costs one matrix product.

    Args:
        posterior: diagonal Gaussian q, batch shape (...), event size D.
        weights: (..., K), each row sums to one.
        mean: (K, D), the means of p_k.
        log_variance: (K, D), the log-variances of p_k.

    Returns:
        A tensor of shape (...): the first half of Eq. 12. It is a difference of sums as large as
        :math:`\sum_i \mu_{ik}^2/\sigma_{ik}^2`, so float32 keeps about seven digits of those, not of the KL.

    Example:
        >>> q = diagonal_normal(torch.randn(3, 2), torch.zeros(2))
        >>> mean, log_variance = torch.randn(4, 2), torch.zeros(4, 2)
        >>> weights = torch.eye(4)[:3]  # image i is in category i for certain
        >>> exact = D.kl_divergence(q, diagonal_normal(mean[:3], log_variance[:3]))
        >>> torch.allclose(expected_kl(q, weights, mean, log_variance), exact, atol=1e-5)
        True
    """
    size = mean.shape[-1]
    precision = (-log_variance).exp()
    scaled = mean * precision
    constant = (log_variance + mean * scaled).sum(-1, keepdim=True)
    table = weights @ torch.cat([precision, scaled, constant], dim=-1)  # (..., 2 D + 1)
    loc, scale = posterior.base_dist.loc, posterior.base_dist.scale
    quadratic = (scale.square() + loc.square()) * table[..., :size] - 2 * loc * table[..., size : 2 * size]
    entropy = (2 * scale.log() + 1).sum(-1)
    return 0.5 * (quadratic.sum(-1) + table[..., -1] - entropy)


class ComponentGaussian(Conditional):
    r"""The conditional prior of Eq. 9: one learned diagonal Gaussian p(z|c_k) for each category.

    Args:
        categories: K.
        size: D, the number of dimensions of z.
        weights: the entry of `values` over which the divergence is averaged. With "pi" it is the exact
            expectation under q(c|x), the first term of Eq. 12; with "c" it is that of the draw of c
            (a relaxed draw weighs the categories, a hard one picks one).
        spread: standard deviation of the means at the start. Means far apart at the start make one
            category win all images before the encoder can tell them apart.

    Example:
        >>> prior = ComponentGaussian(categories=10, size=40)
        >>> prior({"c": torch.tensor([3, 3, 7])}).sample().shape
        torch.Size([3, 40])
    """

    def __init__(self, categories: int, size: int, weights: str = "pi", spread: float = 1.0):
        super().__init__("c")
        self.weights = weights
        self.mean = nn.Parameter(spread * torch.randn(categories, size))
        self.log_variance = nn.Parameter(torch.zeros(categories, size))

    def forward(self, values: Values) -> D.Independent:
        (category,) = self.context(values)
        if category.is_floating_point():
            raise TypeError("p(z|c) needs the index of a category; a relaxed c lies between the categories")
        return diagonal_normal(self.mean[category], self.log_variance[category])

    def divergence(self, posterior: D.Independent, draw: Tensor, values: Values) -> Tensor:
        weights = values[self.weights]
        if weights.is_floating_point():
            return expected_kl(posterior, weights, self.mean, self.log_variance)
        return super().divergence(posterior, draw, values)
