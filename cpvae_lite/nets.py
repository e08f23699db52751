"""Networks of several inputs: affine maps, gated layers, multilayer perceptrons.

A node of the model has several parents (h and π; z and c). Its first layer is affine in all of them,
so it is written as a sum of one product per parent. Inputs then broadcast against each other instead
of being copied into one wide matrix, and a category given by its index costs one row look-up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Affine(nn.Module):
    r"""Affine map of several inputs, :math:`y = b + \sum_i W_i x_i`, with Glorot weights.

    An input is a float tensor of shape (..., in_features[i]), or an integer tensor (...) of category
    indices, which stands for the one-hot vectors of those categories. Leading shapes broadcast.

    Args:
        in_features: the width of each input.
        out_features: the width of the output.
        layers: how many layers of equal width share the product; each has Glorot's bounds of its own.

    Reference:
        Glorot and Bengio, Understanding the difficulty of training deep feedforward networks, 2010.

    Example:
        >>> layer = Affine([3, 5], 2)
        >>> x, c = torch.randn(7, 3), torch.randint(5, (7,))
        >>> torch.allclose(layer(x, c), layer(x, F.one_hot(c, 5).float()))
        True
    """

    def __init__(self, in_features: Sequence[int], out_features: int, layers: int = 1):
        super().__init__()
        shape = (out_features // layers, sum(in_features))
        weight = torch.cat([nn.init.xavier_uniform_(torch.empty(shape)) for _ in range(layers)])
        self.weights = nn.ParameterList(w.clone() for w in weight.split(list(in_features), dim=1))
        self.bias = nn.Parameter(torch.zeros(out_features))

    @torch.no_grad()
    def start_wide(self) -> None:
        """Draw the weights anew, with variance 2 / (the width of all inputs), whatever the width of the output.

        Reference:
            He, Zhang, Ren and Sun, Delving deep into rectifiers, 2015.

        Example:
            >>> layer = Affine([300, 100], 784)
            >>> before = layer.weights[0].std().item()  # Glorot: √(2 / (400 + 784))
            >>> layer.start_wide()
            >>> round(before, 2), round(layer.weights[0].std().item(), 2)  # √(2 / 400)
            (0.04, 0.07)
        """
        width = sum(weight.shape[1] for weight in self.weights)
        for weight in self.weights:
            weight.normal_(0, math.sqrt(2 / width))

    def forward(self, *inputs: Tensor) -> Tensor:
        first, *rest = zip(inputs, self.weights, strict=True)
        out = _product(*first, self.bias)
        for value, weight in rest:
            out = out + _product(value, weight)
        return out  # (..., out_features)


def _product(value: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    if value.is_floating_point():
        return F.linear(value, weight, bias)
    rows = F.embedding(value, weight.T)
    return rows if bias is None else rows + bias


class Gated(nn.Module):
    r"""Gated layer, :math:`h \odot \operatorname{sigmoid}(g)` with h and g affine in the inputs.

    Both halves come from one product of double width.

    Args:
        in_features: the width of each input (see :class:`Affine`).
        out_features: the width of the output.

    Reference:
        Dauphin et al., Language modeling with gated convolutional networks, 2017.

    Example:
        >>> layer, x = Gated([4], 3), torch.randn(2, 4)
        >>> h, g = layer.affine(x).chunk(2, -1)
        >>> torch.allclose(layer(x), h * g.sigmoid())
        True
    """

    def __init__(self, in_features: Sequence[int], out_features: int):
        super().__init__()
        self.affine = Affine(in_features, 2 * out_features, layers=2)

    def forward(self, *inputs: Tensor) -> Tensor:
        return F.glu(self.affine(*inputs), dim=-1)  # (..., out_features)


class MLP(nn.Module):
    """Gated layers, then one affine layer if `out_features` is given.

    Args:
        in_features: the width of each input (see :class:`Affine`).
        hidden: the widths of the gated layers, possibly none.
        out_features: the width of the last, affine layer; None stops at the last gated layer.

    Raises:
        ValueError: if it would have no layer.

    Example:
        >>> decoder = MLP([40, 10], [300, 300], 784)  # of z and c
        >>> decoder(torch.randn(2, 40), torch.tensor([3, 7])).shape
        torch.Size([2, 784])
    """

    def __init__(self, in_features: Sequence[int], hidden: Sequence[int], out_features: int | None = None):
        super().__init__()
        if not hidden and out_features is None:
            raise ValueError("an MLP needs a layer: widths of gated layers in `hidden`, or `out_features`, or both")
        layers: list[nn.Module] = []
        for width in hidden:
            layers.append(Gated(in_features, width))
            in_features = [width]
        if out_features is not None:
            layers.append(Affine(in_features, out_features))
        self.layers = nn.ModuleList(layers)

    def forward(self, *inputs: Tensor) -> Tensor:
        value = self.layers[0](*inputs)
        for layer in self.layers[1:]:
            value = layer(value)
        return value
