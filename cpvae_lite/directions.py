"""Where a category's images are in code space, and along which directions they change most."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from cpvae_lite._arguments import whole_number
from cpvae_lite.model import LatentVariableModel
from cpvae_lite.priors import COMPONENT

BLOCK = 64  # categories whose Jacobians are in memory at a time


@dataclass(frozen=True)
class Prototypes:
    r"""The centre of each category's prior, and the main directions around it.

    A code is written in standard deviations of its category's prior: :math:`z = \mu_c + \sigma_c \odot s`. The
    first direction is the unit vector s along which the decoded image changes most where it starts, at s = 0; the
    next ones follow, each at a right angle to those before.

    Attributes:
        mean, scale: μ and σ of p(z|c), (K, D); one row for a model with nothing to choose from.
        directions: (K, count, D), unit vectors in standard deviations. The largest entry of each is positive.
        change: (K, count), by how much the image moves for one standard deviation, as the length of that move in
            pixel brightness.

    Example:
        >>> from cpvae_lite import build
        >>> found = prototypes(build("cp", features=784, categories=10))
        >>> codes = found.mean + 2 * found.scale * found.directions[:, 0]  # two deviations along the first
        >>> codes.shape, (found.change[:, 0] >= found.change[:, 1]).all().item()
        (torch.Size([10, 40]), True)
    """

    mean: Tensor
    scale: Tensor
    directions: Tensor
    change: Tensor


@torch.no_grad()
def prototypes(model: LatentVariableModel, count: int = 3) -> Prototypes:
    r"""The centre of each category, and the directions in which its image changes most there.

    The directions are the first right singular vectors of the decoder's Jacobian there, times σ.

    Args:
        model: with one level of codes z.
        count: of directions, at most D.

    Raises:
        ValueError: if the model has two levels of codes, or fewer than `count` dimensions.

    Example:
        >>> from cpvae_lite import build
        >>> found = prototypes(build("cp", features=784, categories=10))
        >>> found.directions.shape, found.change.shape
        (torch.Size([10, 3, 40]), torch.Size([10, 3]))
    """
    mean, scale = centres(model)
    count = whole_number("count", count)
    if count > mean.shape[1]:
        raise ValueError(f"z has {mean.shape[1]} dimensions; count must be at most that, not {count}")
    blocks = torch.arange(len(mean), device=mean.device).split(BLOCK)
    squares, vectors = torch.linalg.eigh(torch.cat([_products(model, mean, scale, block) for block in blocks]))
    directions = vectors.mT.flip(1)[:, :count]
    largest = directions.gather(-1, directions.abs().argmax(-1, keepdim=True))
    return Prototypes(
        mean,
        scale,
        directions * largest.sign(),
        squares.flip(1)[:, :count].clamp_min(0).sqrt(),
    )


def _products(model: LatentVariableModel, mean: Tensor, scale: Tensor, categories: Tensor) -> Tensor:
    """Jᵀ J of the decoder's Jacobian for each of the categories, (categories, D, D)."""
    # A step along each of the D axes for each category, all in one batch.
    axes = torch.eye(mean.shape[1]).to(mean)[:, None].expand(-1, len(categories), -1)  # (D, categories, D)

    def decode(steps: Tensor) -> Tensor:
        z = mean[categories] + scale[categories] * steps
        return model.likelihood({"z": z, "c": categories.expand(len(axes), -1)}).mean

    _, slopes = torch.autograd.functional.jvp(decode, torch.zeros_like(axes), axes)  # (D, categories, features)
    slopes = slopes.permute(1, 2, 0)
    return slopes.mT @ slopes


def centres(model: LatentVariableModel) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of p(z|c) for each category, or component: two tensors (K, D).

    Raises:
        ValueError: if the model has two levels of codes.

    Example:
        >>> from cpvae_lite import build
        >>> mean, scale = centres(build("vae", features=784))  # of N(0, I)
        >>> mean.shape, scale.unique()
        (torch.Size([1, 40]), tensor([1.]))
    """
    (*_, latent) = model.latents
    if latent.name != "z":
        names = ", ".join(latent.name for latent in model.latents)
        raise ValueError(f"this needs a model with one code z; this one has {names}")
    values = {}
    if model.choices:
        name = "c" if model.categories else COMPONENT
        values[name] = torch.arange(model.choices, device=model.aggregated_posterior.device)
    normal = latent.prior(values).base_dist
    shape = (model.choices or 1, normal.loc.shape[-1])
    return normal.loc.expand(shape), normal.scale.expand(shape)
