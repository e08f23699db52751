"""The aggregated posterior of a set of images: q(c), q(z) and q(z|c) (Eq. 18), exactly.

q(z) and q(z|c) of N images are mixtures of N Gaussians (N·K where the posterior of z sees c). They are not
estimated: every component is evaluated at every draw, as matrix products, in float64.
"""

from __future__ import annotations

import math

import torch
import torch.distributions as D
from torch import Tensor

from cpvae_lite.conditionals import diagonal_normal
from cpvae_lite.mixtures import density_table, powers

PAIRS = 2**23  # pairs of draw and component at a time: 64 MB of float64


class AggregatedPosterior:
    r"""q(z) and q(z|c) of a set of images, the mixtures :math:`\frac1N\sum_n q(z|x_n)` and their like.

    .. math:: q(z|c_k) = \frac{\sum_n q(c_k|x_n)\,q(z|x_n,c_k)}{\sum_n q(c_k|x_n)}

    A Gaussian log-density is linear in (z², z, 1), so that of all draws under all components is one matrix
    product, block by block. It is a difference of large numbers: all tensors are float64.

    Args:
        log_pi: log q(c|x), (N, K).
        mean: of q(z|x,c), (N, K, D), or (N, 1, D) if it is the same for all c.
        log_variance: likewise.

    Raises:
        TypeError, ValueError: if a tensor is not float64, or if the shapes do not fit.

    Example:
        >>> q = AggregatedPosterior(torch.zeros(2, 1).double(), *torch.randn(2, 2, 1, 3).double())
        >>> given_c, anyway = q.log_prob(torch.zeros(5, 3).double(), torch.zeros(5).long())
        >>> torch.allclose(given_c, anyway)  # one category
        True
    """

    def __init__(self, log_pi: Tensor, mean: Tensor, log_variance: Tensor):
        for name, table in {"log_pi": log_pi, "mean": mean, "log_variance": log_variance}.items():
            if table.dtype != torch.double:
                raise TypeError(f"the aggregated posterior needs float64; {name} is {table.dtype}")
        if mean.shape != log_variance.shape or mean.shape[:2] not in (log_pi.shape, (len(log_pi), 1)):
            raise ValueError(
                f"log_pi has shape {tuple(log_pi.shape)}, mean {tuple(mean.shape)} and log_variance "
                f"{tuple(log_variance.shape)}; they must be (N, K), (N, K or 1, D) and the same"
            )
        images = len(log_pi)
        self.log_pi, self.mean, self.log_variance = log_pi, mean, log_variance
        self.log_categories = log_pi.logsumexp(0) - math.log(images)  # log q(c), (K,), Eq. 18
        self._centre = mean.mean((0, 1))  # means far from zero would cost digits in the table
        table = density_table(mean - self._centre, log_variance)  # (N, K or 1, 2 D + 1)
        self._table = table.flatten(0, 1).T.contiguous()

    @property
    def sees_category(self) -> bool:
        """Whether q(z|x,c) depends on c."""
        return self.mean.shape[1] > 1

    def log_prob(self, z: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """log q(z|c) and log q(z) of draws, in nats.

        Args:
            z: (M, D).
            c: the category of each draw, (M,) int64, from 0 to K-1.

        Returns:
            Two tensors of shape (M,), log q(z|c) and log q(z), in float64.

        Raises:
            ValueError: if there is no such category.

        Example:
            >>> log_pi = torch.eye(2).double().log()  # image n is in category n for certain
            >>> mean = torch.tensor([[[-1.0]], [[1.0]]]).double()  # of q(z|x), whatever c
            >>> q = AggregatedPosterior(log_pi, mean, torch.zeros_like(mean))
            >>> given_c, anyway = q.log_prob(torch.ones(2, 1).double(), torch.tensor([0, 1]))
            >>> given_c.exp(), anyway.exp()  # z = 1 is the mean of category 1; q(z) is the average of both
            (tensor([0.0540, 0.3989], dtype=torch.float64), tensor([0.2265, 0.2265], dtype=torch.float64))
        """
        categories = self.log_pi.shape[1]
        if len(c) and not 0 <= c.min() <= c.max() < categories:
            raise ValueError(f"c must be from 0 to {categories - 1}, not from {c.min()} to {c.max()}")
        block = max(1, PAIRS // self._table.shape[1])
        blocks = [self._log_prob(*pair) for pair in zip(z.split(block), c.split(block), strict=True)]
        given_c, anyway = zip(*blocks, strict=True)
        return torch.cat(given_c), torch.cat(anyway)

    def _log_prob(self, z: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        images, z = len(self.log_pi), z - self._centre
        components = (powers(z) @ self._table).unflatten(1, (images, -1))  # (M, N, K or 1)
        if self.sees_category:
            own = components.take_along_dim(c[:, None, None], 2)[..., 0]
            anyway = (components + self.log_pi).flatten(1).logsumexp(1)
        else:
            own = components[..., 0]
            anyway = own.logsumexp(1)
        joint = (own + self.log_pi[:, c].T).logsumexp(1)  # log Σ_n q(c|x_n) q(z|x_n,c)
        return joint - math.log(images) - self.log_categories[c], anyway - math.log(images)

    def brute_force(self, z: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """What :meth:`log_prob` gives, by definition: `torch.distributions` mixtures, one for each draw. Slow.

        Args:
            z, c: as in :meth:`log_prob`.

        Returns:
            Two tensors of shape (M,), log q(z|c) and log q(z), in nats.

        Example:
            >>> log_pi = torch.randn(20, 3).double().log_softmax(1)
            >>> q = AggregatedPosterior(log_pi, *torch.randn(2, 20, 3, 2).double())
            >>> z, c = torch.randn(5, 2).double(), torch.randint(3, (5,))
            >>> pairs = zip(q.log_prob(z, c), q.brute_force(z, c))
            >>> all(torch.allclose(found, expected) for found, expected in pairs)
            True
        """
        pairs = [self._mixtures(category) for category in c.tolist()]
        found = [
            (given_c.log_prob(point), anyway.log_prob(point)) for point, (given_c, anyway) in zip(z, pairs, strict=True)
        ]
        return tuple(torch.stack(side) for side in zip(*found, strict=True))

    def _mixtures(self, category: int) -> tuple[D.Distribution, D.Distribution]:
        k = category if self.sees_category else 0
        own = diagonal_normal(self.mean[:, k], self.log_variance[:, k])
        each = diagonal_normal(self.mean.flatten(0, 1), self.log_variance.flatten(0, 1))
        weight = self.log_pi.flatten() if self.sees_category else torch.zeros_like(self.log_pi[:, 0])
        given_c = D.MixtureSameFamily(D.Categorical(logits=self.log_pi[:, category]), own)
        return given_c, D.MixtureSameFamily(D.Categorical(logits=weight), each)
