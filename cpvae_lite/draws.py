"""Ways to draw a latent variable from its posterior.

A draw stands in for a posterior. It is called with a distribution and returns a value and a weight:
None for a value that was drawn, the probabilities for values that were listed one and all. Gaussian
latents are always drawn by the location-scale trick of Eq. 15; the ways differ in what they do to c.

=========  ===========================  =======  ===========================================
way        c                            weight   z
=========  ===========================  =======  ===========================================
Relaxed    (B, K), a point of the       None     (B, D)
           simplex
Hard()     (B,), an index               None     (B, D)
Hard(S)    (S, B), indices              None     (S, B, D)
Summed()   (K, 1), all indices          (K, B)   (B, D); (K, B, D) if its posterior sees c
Mode()     (B,), an index               None     (B, D)
=========  ===========================  =======  ===========================================

So a conditional tells an index from a point of the simplex by its type, whole numbers or not.
"""

from __future__ import annotations

import torch.distributions as D
import torch.nn.functional as F
from torch import Tensor

from cpvae_lite._arguments import finite_number, whole_number


class Relaxed:
    r"""Gumbel–Softmax: c is a point inside the simplex, so that gradients reach q(c|x) (Eq. 15).

    Used to train. The objective of a relaxed c is *not* a bound on the evidence: such a c carries
    information that no category can.

    Args:
        temperature: :math:`\tau > 0`; towards 0 the draws become one-hot. A tensor is not checked, so that
            no step waits for the device.

    Reference:
        Jang, Gu and Poole, Categorical reparameterization with Gumbel-Softmax, 2017.

    Example:
        >>> import torch
        >>> value, weight = Relaxed(0.5)(D.Categorical(logits=torch.zeros(6, 3)))
        >>> value.shape, weight is None
        (torch.Size([6, 3]), True)
    """

    def __init__(self, temperature: float | Tensor):
        if not isinstance(temperature, Tensor):
            finite_number("temperature", temperature, least=0, strict=True)
        self.temperature = temperature

    def __call__(self, q: D.Distribution) -> tuple[Tensor, None]:
        if isinstance(q, D.Categorical):
            return F.gumbel_softmax(q.logits, tau=self.temperature), None  # (..., K)
        return q.rsample(), None


class Hard:
    """A category from q(c|x), as its index: the one-sample estimate of the true bound.

    No gradient passes through the choice of c.

    Args:
        samples: None for one draw of shape (B,); S for S draws of shape (S, B).

    Example:
        >>> import torch
        >>> Hard()(D.Categorical(logits=torch.zeros(6, 3)))[0].shape
        torch.Size([6])
        >>> Hard(samples=100)(D.Categorical(logits=torch.zeros(6, 3)))[0].shape
        torch.Size([100, 6])
    """

    def __init__(self, samples: int | None = None):
        self.shape = () if samples is None else (whole_number("samples", samples),)

    def __call__(self, q: D.Distribution) -> tuple[Tensor, None]:
        drawn_below_samples = len(q.batch_shape) > 1  # its parents were drawn S times already
        shape = () if drawn_below_samples else self.shape
        return (q.rsample(shape) if q.has_rsample else q.sample(shape)), None


class Summed:
    """All K categories at once, weighted by q(c|x): the expectation over c is exact.

    Example:
        >>> import torch
        >>> value, weight = Summed()(D.Categorical(logits=torch.zeros(6, 3)))
        >>> value.shape, weight.shape
        (torch.Size([3, 1]), torch.Size([3, 6]))
    """

    def __call__(self, q: D.Distribution) -> tuple[Tensor, Tensor | None]:
        if isinstance(q, D.Categorical):
            return q.enumerate_support(expand=False), q.probs.movedim(-1, 0)  # (K, 1), (K, B)
        return q.rsample(), None


class Mode:
    """The most probable category and the posterior mean of z: nothing random, for reconstructions.

    Example:
        >>> import torch
        >>> Mode()(D.Categorical(probs=torch.tensor([[0.2, 0.7, 0.1]])))[0]
        tensor([1])
    """

    def __call__(self, q: D.Distribution) -> tuple[Tensor, None]:
        return q.mode, None
