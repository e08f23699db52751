"""The matrix products of CP-VAE alone, without anything between them: nothing that computes the same is faster."""

from __future__ import annotations

import torch
from torch import Tensor

FEATURES, HIDDEN, SIZE = 784, 300, 40


def step_products(batch: int, categories: int) -> list[tuple[Tensor, Tensor, Tensor, bool]]:
    """Input, weight and output gradient of each layer, and whether its input needs a gradient."""
    layers = [
        (FEATURES, 2 * HIDDEN),
        (HIDDEN, 2 * HIDDEN),
        (HIDDEN, categories),  # logits of c
        (HIDDEN + categories, 2 * HIDDEN),  # gated layer on h and π
        (HIDDEN, 2 * SIZE),
        (categories, 2 * SIZE + 1),  # expected KL: weights times the table of the prior
        (SIZE + categories, 2 * HIDDEN),
        (HIDDEN, 2 * HIDDEN),
        (HIDDEN, FEATURES),
    ]
    return [
        (torch.randn(batch, width), torch.randn(out, width), torch.randn(batch, out), index > 0)
        for index, (width, out) in enumerate(layers)
    ]


def decoder_products(rows: int) -> list[tuple[Tensor, Tensor]]:
    """Input and weight of each decoder layer for hard c, whose part of the first layer is a look-up."""
    layers = [(SIZE, 2 * HIDDEN), (HIDDEN, 2 * HIDDEN), (HIDDEN, FEATURES)]
    return [(torch.randn(rows, width), torch.randn(out, width)) for width, out in layers]


def encoder_products(rows: int, categories: int) -> list[tuple[Tensor, Tensor]]:
    """Input and weight of each encoder layer."""
    layers = [
        (FEATURES, 2 * HIDDEN),
        (HIDDEN, 2 * HIDDEN),
        (HIDDEN, categories),
        (HIDDEN + categories, 2 * HIDDEN),
        (HIDDEN, 2 * SIZE),
        (categories, 2 * SIZE + 1),
    ]
    return [(torch.randn(rows, width), torch.randn(out, width)) for width, out in layers]


def multiply(products: list[tuple], backward: bool = False) -> None:
    """Compute the forward products of a list, and the backward ones if asked for."""
    for x, weight, *rest in products:
        x @ weight.T
        if backward:
            grad, wants_input = rest
            grad.T @ x
            if wants_input:
                grad @ weight
