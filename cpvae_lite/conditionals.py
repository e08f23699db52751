"""Conditional distributions: modules that turn the values of named parents into a distribution.

`values` is a dict that holds what is known so far by name: the data "x", the encoder's features "h",
a drawn category "c" (its index), the probabilities "pi" it was drawn with, a drawn code "z". A model's
independence assumptions are nothing but the parents that its conditionals name.
"""

from __future__ import annotations

import math

import torch
import torch.distributions as D
from torch import Tensor, nn

Values = dict[str, Tensor]

# Variances that a network computes stay between exp(-6) and exp(2), as in a public copy of the paper's implementation,
# unless a model is built without: those of posteriors, and in two levels that of the prior p(z1|z2).
LOG_VARIANCE_RANGE = (-6.0, 2.0)


def diagonal_normal(mean: Tensor, log_variance: Tensor) -> D.Independent:
    """The Gaussian N(mean, diag(exp(log_variance))) over the last dimension.

    Args:
        mean: (..., D).
        log_variance: of a shape that expands to that of the mean.

    Returns:
        A distribution with batch shape (...) and event shape (D,).

    Example:
        >>> normal = diagonal_normal(torch.zeros(5, 2), torch.zeros(2))
        >>> normal.batch_shape, normal.log_prob(torch.zeros(2))[0]  # -log 2π
        (torch.Size([5]), tensor(-1.8379))
    """
    scale = (0.5 * log_variance).exp().expand_as(mean)
    return D.Independent(D.Normal(mean, scale, validate_args=False), 1, validate_args=False)


class Conditional(nn.Module):
    """A distribution given its parents: ``conditional(values)`` returns a `torch.distributions` object.

    Args:
        parents: names of the entries of `values` that the distribution depends on.

    Example:
        >>> class Around(Conditional):
        ...     def forward(self, values):
        ...         (centre,) = self.context(values)
        ...         return diagonal_normal(centre, torch.zeros(()))
        >>> Around("z")({"z": torch.randn(5, 40)}).sample().shape
        torch.Size([5, 40])
    """

    def __init__(self, *parents: str):
        super().__init__()
        self.parents = parents

    def context(self, values: Values) -> tuple[Tensor, ...]:
        """The parents' values, in order.

        Raises:
            KeyError: if `values` lacks a parent.

        Example:
            >>> likelihood = Conditional("z", "c")
            >>> likelihood.context({"x": torch.ones(1), "c": torch.tensor(3), "z": torch.zeros(2)})
            (tensor([0., 0.]), tensor(3))
        """
        return tuple(values[name] for name in self.parents)

    def forward(self, values: Values) -> D.Distribution:
        raise NotImplementedError

    def divergence(self, posterior: D.Distribution, draw: Tensor, values: Values) -> Tensor:
        """KL(posterior ‖ this prior) in nats, in closed form where there is one, else one-draw Monte Carlo.

        Args:
            posterior: the posterior of this node's variable, batch shape (...).
            draw: a draw from `posterior`; only the Monte Carlo estimate looks at it.
            values: everything drawn so far.

        Returns:
            A tensor of shape (...).

        Example:
            >>> q = diagonal_normal(torch.tensor([[0.0], [1.0], [2.0]]), torch.zeros(1))
            >>> StandardNormal(1).divergence(q, q.sample(), {})  # half the square of the mean
            tensor([0.0000, 0.5000, 2.0000])
        """
        prior = self(values)
        try:
            return D.kl_divergence(posterior, prior)
        except NotImplementedError:
            return posterior.log_prob(draw) - prior.log_prob(draw)


class Gaussian(Conditional):
    """Diagonal Gaussian whose mean and log-variance come from a network of the parents.

    Args:
        net: maps the parents to (..., 2 D): the means, then the log-variances.
        parents: names of the parents, in the order of the network's inputs.
        clipped: keep the log-variances within `LOG_VARIANCE_RANGE`.

    Example:
        >>> from cpvae_lite.nets import MLP
        >>> posterior = Gaussian(MLP([300], [], 80), "h")
        >>> posterior({"h": torch.randn(5, 300)}).sample().shape
        torch.Size([5, 40])
        >>> far = posterior({"h": 1000 * torch.randn(5, 300)})
        >>> [round(bound.log().item(), 3) for bound in far.variance.aminmax()]  # clipped
        [-6.0, 2.0]
    """

    def __init__(self, net: nn.Module, *parents: str, clipped: bool = True):
        super().__init__(*parents)
        self.net = net
        self.clipped = clipped

    def forward(self, values: Values) -> D.Independent:
        mean, log_variance = self.net(*self.context(values)).chunk(2, dim=-1)
        return diagonal_normal(mean, log_variance.clamp(*LOG_VARIANCE_RANGE) if self.clipped else log_variance)


class Categorical(Conditional):
    """Distribution over K categories, with logits from a network of the parents.

    Args:
        net: maps the parents to logits (..., K).
        parents: names of the parents, in the order of the network's inputs.
        activation: a module applied to the logits (an ELU in one public implementation of the paper).

    Example:
        >>> from cpvae_lite.nets import MLP
        >>> q = Categorical(MLP([300], [], 10), "h")({"h": torch.randn(5, 300)})
        >>> q.probs.shape, q.sample().shape
        (torch.Size([5, 10]), torch.Size([5]))
    """

    def __init__(self, net: nn.Module, *parents: str, activation: nn.Module | None = None):
        super().__init__(*parents)
        self.net = net
        self.activation = activation or nn.Identity()

    def forward(self, values: Values) -> D.Categorical:
        return D.Categorical(logits=self.activation(self.net(*self.context(values))), validate_args=False)


class Uniform(Conditional):
    r"""The prior p(c_k) = 1/K. Its divergence is Eq. 13: :math:`\log K - H(q(c|x))`.

    Args:
        categories: K.

    Example:
        >>> q = D.Categorical(probs=torch.tensor([0.5, 0.5, 0.0, 0.0]))
        >>> Uniform(4).divergence(q, q.sample(), {})  # log 4 - log 2
        tensor(0.6931)
    """

    def __init__(self, categories: int):
        super().__init__()
        self.register_buffer("logits", torch.zeros(categories), persistent=False)

    def forward(self, values: Values) -> D.Categorical:
        return D.Categorical(logits=self.logits, validate_args=False)

    def divergence(self, posterior: D.Categorical, draw: Tensor, values: Values) -> Tensor:
        return math.log(self.logits.numel()) - posterior.entropy()


class StandardNormal(Conditional):
    """The prior p(z) = N(0, I) in `size` dimensions.

    Example:
        >>> prior = StandardNormal(40)({})
        >>> prior.sample().shape, prior.variance.sum()
        (torch.Size([40]), tensor(40.))
    """

    def __init__(self, size: int):
        super().__init__()
        self.register_buffer("zeros", torch.zeros(size), persistent=False)

    def forward(self, values: Values) -> D.Independent:
        return diagonal_normal(self.zeros, self.zeros)


class Bernoulli(Conditional):
    """Independent binary pixels, with logits from a network of the parents.

    Args:
        net: maps the parents to logits (..., features).
        parents: names of the parents, in the order of the network's inputs.

    Example:
        >>> from cpvae_lite.nets import MLP
        >>> likelihood = Bernoulli(MLP([40], [300], 784), "z")
        >>> likelihood({"z": torch.randn(5, 40)}).log_prob(torch.ones(5, 784)).shape
        torch.Size([5])
    """

    def __init__(self, net: nn.Module, *parents: str):
        super().__init__(*parents)
        self.net = net

    def forward(self, values: Values) -> D.Independent:
        pixels = _Pixels(logits=self.net(*self.context(values)), validate_args=False)
        return D.Independent(pixels, 1, validate_args=False)


class _Pixels(D.Bernoulli):
    """A Bernoulli whose log-density costs an exponential and a logarithm; log1p would be most of the evidence."""

    def log_prob(self, value: Tensor) -> Tensor:
        # log σ(l) = -½(|l| - l) - log(1 + exp(-|l|)): nothing overflows, and the gradient at 0 is right.
        below = -self.logits.abs()
        return torch.add((value - 0.5) * self.logits, below, alpha=0.5) - (1 + below.exp()).log()


class SphericalGaussian(Conditional):
    """Real-valued data: N(d(parents), σ² I), with one learned scalar σ (section 4.1 of the paper).

    Args:
        net: d, maps the parents to means (..., features).
        parents: names of the parents, in the order of the network's inputs.

    Attributes:
        log_variance: log σ², a parameter of shape (); 0 at the start.

    Example:
        >>> from cpvae_lite.nets import MLP
        >>> likelihood = SphericalGaussian(MLP([2], [30], 1), "z")
        >>> likelihood({"z": torch.randn(5, 2)}).sample().shape
        torch.Size([5, 1])
    """

    def __init__(self, net: nn.Module, *parents: str):
        super().__init__(*parents)
        self.net = net
        self.log_variance = nn.Parameter(torch.zeros(()))

    def forward(self, values: Values) -> D.Independent:
        return diagonal_normal(self.net(*self.context(values)), self.log_variance)
