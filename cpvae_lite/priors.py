"""Learned priors over z."""

from __future__ import annotations

import math

import torch
import torch.distributions as D
from torch import Tensor, nn

from cpvae_lite.conditionals import Conditional, Gaussian, Values, diagonal_normal
from cpvae_lite.mixtures import DiagonalMixture, density_table

COMPONENT = "component"  # the entry of `values` that picks a component of a mixture
LEAST_SHARE = 0.01  # of its range that a pseudo-input keeps from the ends at the start; at an end nothing moves it


def expected_kl(posterior: D.Independent, weights: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    r"""Expected divergence to a Gaussian of each category, :math:`\sum_k w_k\,\mathrm{KL}(q \| p_k)`, in nats.

    The KL between diagonal Gaussians is linear in :func:`cpvae_lite.mixtures.density_table` of p_k, so the weights are
    multiplied with that table once, and K costs one matrix product.

    Args:
        posterior: diagonal Gaussian q, batch shape (...), event size D.
        weights: (..., K), each row sums to one.
        mean: (K, D), the means of p_k.
        log_variance: (K, D), the log-variances of p_k.

    Returns:
        A tensor of shape (...): the first half of Eq. 12. It is a difference of sums as large as
        :math:`\sum_i (\mu_{ik} - \bar\mu_i)^2/\sigma_{ik}^2`, with the mean over categories, so float32 keeps about
        seven digits of those, not of the KL.

    Example:
        >>> q = diagonal_normal(torch.randn(3, 2), torch.zeros(2))
        >>> mean, log_variance = torch.randn(4, 2), torch.zeros(4, 2)
        >>> weights = torch.eye(4)[:3]  # image i is in category i for certain
        >>> exact = D.kl_divergence(q, diagonal_normal(mean[:3], log_variance[:3]))
        >>> torch.allclose(expected_kl(q, weights, mean, log_variance), exact, atol=1e-5)
        True
    """
    centre = mean.mean(0).detach()  # (D,); the KL does not depend on it; what float32 rounds away does
    loc, scale = posterior.base_dist.loc - centre, posterior.base_dist.scale
    moments = torch.cat([loc.square() + scale.square(), loc, torch.ones_like(loc[..., :1])], -1)  # (..., 2D + 1)
    table = weights @ density_table(mean - centre, log_variance)  # of a weighted category, (..., 2D + 1)
    log_density = (moments * table).sum(-1)  # E_q log p_k, weighted, (...)
    return -log_density - posterior.entropy()


class ComponentGaussian(Conditional):
    r"""The conditional prior of Eq. 9: one learned diagonal Gaussian p(z|c_k) for each category.

    Args:
        categories: K.
        size: D, the number of dimensions of z.
        spread: standard deviation of the means at the start. Means far apart at the start make one
            category win all images before the encoder can tell them apart. None draws them uniformly from
            [0, 1] instead.
        weights: the entry of `values` over which the divergence is averaged. With "pi" it is the exact
            expectation under q(c|x), the first term of Eq. 12; with "c" it is that of the draw of c
            (a relaxed draw weighs the categories, a hard one picks one).
        learned: False keeps means and variances as they start.
        variance: of every component at the start.

    Example:
        >>> prior = ComponentGaussian(categories=10, size=40, spread=0.3)
        >>> prior({"c": torch.tensor([3, 3, 7])}).sample().shape
        torch.Size([3, 40])
        >>> list(ComponentGaussian(10, 40, 0.3, learned=False).parameters())
        []
    """

    mean: Tensor
    log_variance: Tensor

    def __init__(
        self,
        categories: int,
        size: int,
        spread: float | None,
        weights: str = "pi",
        learned: bool = True,
        variance: float = 1.0,
    ):
        super().__init__("c")
        self.weights = weights
        start = torch.rand(categories, size) if spread is None else spread * torch.randn(categories, size)
        keep = self._learn if learned else self.register_buffer
        keep("mean", start)
        keep("log_variance", torch.full((categories, size), math.log(variance)))

    def _learn(self, name: str, start: Tensor) -> None:
        self.register_parameter(name, nn.Parameter(start))

    def forward(self, values: Values) -> D.Independent:
        (category,) = self.context(values)
        if category.is_floating_point():
            raise TypeError("p(z|c) needs the index of a category; a relaxed c lies between the categories")
        return diagonal_normal(self.mean[category], self.log_variance[category])

    def divergence(self, posterior: D.Independent, draw: Tensor, values: Values) -> Tensor:
        """KL(posterior ‖ p(z|c)) in nats, averaged exactly over the categories by `weights`, or of a drawn category.

        Args:
            posterior: diagonal Gaussian, batch shape (...), event size D.
            draw: not looked at.
            values: holds the entry that `weights` names: probabilities (..., K), or indices of categories (...).

        Returns:
            A tensor of shape (...).

        Example:
            >>> prior = ComponentGaussian(categories=2, size=1, spread=0.3)
            >>> _ = prior.mean.data.copy_(torch.tensor([[0.0], [2.0]]))
            >>> q = diagonal_normal(torch.zeros(2, 1), torch.zeros(1))
            >>> weights = torch.tensor([[1.0, 0.0], [0.5, 0.5]])
            >>> found = prior.divergence(q, q.mean, {"pi": weights})  # 0 to the first, 2 nats to the second
            >>> torch.allclose(found, torch.tensor([0.0, 1.0]), atol=1e-6)
            True
        """
        weights = values[self.weights]
        if weights.is_floating_point():
            return expected_kl(posterior, weights, self.mean, self.log_variance)
        return super().divergence(posterior, draw, values)


class MixturePrior(Conditional):
    """A prior p(z) that is a mixture with equal weights: it has components, and no latent variable c.

    Called with values that hold a "component", it is that component alone.

    Args:
        components: K.

    Example:
        >>> class Apart(MixturePrior):
        ...     def parts(self):
        ...         return torch.tensor([[-2.0], [2.0]]), torch.zeros(2, 1)
        >>> Apart(2)({}).mean, Apart(2)({"component": torch.tensor(0)}).mean
        (tensor([0.]), tensor([-2.]))
    """

    def __init__(self, components: int):
        super().__init__()
        self.components = components

    def parts(self) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of each component, two tensors (K, D)."""
        raise NotImplementedError

    def forward(self, values: Values) -> DiagonalMixture | D.Independent:
        mixture = DiagonalMixture(*self.parts())
        return mixture.component(values[COMPONENT]) if COMPONENT in values else mixture


class MixtureOfGaussians(MixturePrior):
    r"""The "MG" of section 6, :math:`p(z) = \frac1K\sum_k N(\mu_k, \operatorname{diag}\sigma_k^2)`, all of it learned.

    Args:
        components: K.
        size: D, the number of dimensions of z.
        spread: standard deviation of the means at the start.

    Example:
        >>> prior = MixtureOfGaussians(components=10, size=40, spread=0.3)
        >>> prior({}).sample((5,)).shape, prior({"component": torch.tensor(3)}).mean.shape
        (torch.Size([5, 40]), torch.Size([40]))
    """

    def __init__(self, components: int, size: int, spread: float):
        super().__init__(components)
        self.mean = nn.Parameter(spread * torch.randn(components, size))
        self.log_variance = nn.Parameter(torch.zeros(components, size))

    def parts(self) -> tuple[Tensor, Tensor]:
        return self.mean, self.log_variance


class VampPrior(MixturePrior):
    r"""A mixture of the encoder's own posteriors, :math:`p(z) = \frac1K\sum_k q(z|u_k)`, at learned pseudo-inputs.

    A pseudo-input is a point of data space, :math:`u = a + (b - a)\operatorname{sigmoid}(s + v)`, so that it stays
    between the bounds a and b of the data. With v = 0 it is the mean of the data; v is learned.

    Args:
        components: K.
        features: the width of x.
        trunk, posterior: the encoder of the model whose prior this is, from x to q(z|x). It is shared, not copied:
            the prior's gradient reaches it.
        spread: standard deviation of v at the start, which sets the pseudo-inputs apart.

    Attributes:
        lowest, highest, start: a, b and s, (features,): 0, 1 and 0 until :meth:`start_from` has seen the data.

    Reference:
        Tomczak and Welling, VAE with a VampPrior, 2018.

    Example:
        >>> from cpvae_lite.nets import MLP
        >>> encoder = MLP([784], [300]), Gaussian(MLP([300], [], 80), "h")
        >>> prior = VampPrior(10, 784, *encoder, spread=0.3)
        >>> prior.pseudo_inputs.shape, prior({}).sample((5,)).shape
        (torch.Size([10, 784]), torch.Size([5, 40]))
    """

    lowest: Tensor
    highest: Tensor
    start: Tensor

    def __init__(self, components: int, features: int, trunk: nn.Module, posterior: Gaussian, spread: float):
        super().__init__(components)
        self.encoder = trunk, posterior  # in a tuple, so that their weights are listed once, by the model
        self.positions = nn.Parameter(spread * torch.randn(components, features))
        self.register_buffer("lowest", torch.zeros(features))
        self.register_buffer("highest", torch.ones(features))
        self.register_buffer("start", torch.zeros(features))

    @property
    def pseudo_inputs(self) -> Tensor:
        """u, (K, features)."""
        return torch.lerp(self.lowest, self.highest, (self.start + self.positions).sigmoid())

    @torch.no_grad()
    def start_from(self, data: Tensor) -> None:
        """Take bounds and mean from the data.

        Args:
            data: (N, features): uint8 images, whose range is that of a pixel, or real values, which bring
                their own least and greatest values.

        Raises:
            TypeError: if they are no tensor of uint8 or of floats.
            ValueError: if the data have another width, are empty, or are not finite.

        Example:
            >>> from cpvae_lite.nets import MLP
            >>> encoder = MLP([3], [8]), Gaussian(MLP([8], [], 4), "h")
            >>> prior = VampPrior(2, 3, *encoder, spread=0.0)  # v = 0
            >>> prior.start_from(torch.tensor([[0, 1, 255], [0, 101, 255]], dtype=torch.uint8))
            >>> prior.pseudo_inputs[0].detach()  # the mean, kept a little from both ends
            tensor([0.0100, 0.2000, 0.9900])
        """
        if not isinstance(data, Tensor) or not (data.dtype == torch.uint8 or data.is_floating_point()):
            kind = data.dtype if isinstance(data, Tensor) else type(data).__name__
            raise TypeError(f"data must be a tensor of uint8 images or of floats, not {kind}")
        if data.dim() != 2 or data.shape[1] != len(self.start) or len(data) == 0:
            raise ValueError(f"data must have shape (N, {len(self.start)}) with N > 0, not {tuple(data.shape)}")
        values = data.to(self.start)
        if not values.isfinite().all():
            raise ValueError("data hold NaN or infinity")
        if data.dtype == torch.uint8:
            values = values / 255
            self.lowest.zero_()
            self.highest.fill_(1)
        else:
            self.lowest.copy_(values.amin(0))
            self.highest.copy_(values.amax(0))
        span = (self.highest - self.lowest).clamp_min(torch.finfo(values.dtype).tiny)
        mean = values.mean(0, dtype=torch.double).to(values)  # in float32 it would depend on the number of threads
        share = ((mean - self.lowest) / span).clamp(LEAST_SHARE, 1 - LEAST_SHARE)
        self.start.copy_(share.logit())

    def parts(self) -> tuple[Tensor, Tensor]:
        trunk, posterior = self.encoder
        inputs = self.pseudo_inputs
        normal = posterior({"x": inputs, "h": trunk(inputs)}).base_dist
        return normal.loc, 2 * normal.scale.log()
