"""Images side by side on one sheet, as numbers; :mod:`cpvae_lite.figures.plots` draws such sheets."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from cpvae_lite._arguments import whole_number

SHAPE = (28, 28)  # of an image of MNIST and its relatives, (height, width)
GAP = 2  # pixels between images
GREY_STEP = 17  # between two of sixteen grey values


def image_grid(images: Tensor, *, columns: int, shape: tuple[int, int] = SHAPE, gap: int = GAP) -> np.ndarray:
    """Lay images out in rows, with white gaps.

    Args:
        images: (N, features) in [0, 1], row by row; places left over in the last row stay white.
        columns: images a row.
        shape: of one image.
        gap: pixels between images.

    Returns:
        A float array (height, width) in [0, 1], 1 for ink.

    Raises:
        TypeError: if `columns` is no whole number.
        ValueError: if it is below 1, if there is no image, if the images are not of that shape, or if a value lies
            outside [0, 1].

    Example:
        >>> import torch
        >>> image_grid(torch.ones(4, 784), columns=2).shape
        (58, 58)
    """
    whole_number("columns", columns)
    if not len(images):
        raise ValueError("there is no image to lay out")
    if images[0].numel() != shape[0] * shape[1]:
        raise ValueError(f"images of {images[0].numel()} pixels are not of shape {tuple(shape)}; give their shape=")
    if not ((images >= 0) & (images <= 1)).all():
        raise ValueError(
            "images to draw hold ink from 0 to 1; divide greys from 0 to 255 by 255, as data.train.data / 255"
        )
    rows = -(-len(images) // columns)
    missing = rows * columns - len(images)
    cells = F.pad(images.reshape(-1, *shape).float(), (gap, 0, gap, 0, 0, missing))  # a gap above and left of each
    lines = cells.unflatten(0, (rows, columns)).transpose(1, 2)  # (rows, height, columns, width)
    return lines.flatten(2).flatten(0, 1)[gap:, gap:].cpu().numpy()


def grey_sheet(images: Tensor, *, columns: int, shape: tuple[int, int] = SHAPE) -> np.ndarray:
    """The same sheet as grey values, dark ink on light paper, for a PNG.

    Args:
        images, columns, shape: as in :func:`image_grid`.

    Returns:
        A uint8 array (height, width), from 0 for ink to 255 for paper.

    Example:
        >>> import torch
        >>> grey_sheet(torch.tensor([[0.0, 0.2, 1.0]]), columns=1, shape=(1, 3))
        array([[255, 204,   0]], dtype=uint8)
    """
    return (255 * (1 - image_grid(images, columns=columns, shape=shape))).round().astype(np.uint8)


def sixteen_greys(pixels: np.ndarray) -> np.ndarray:
    """The nearest of sixteen grey values, for pictures that are looked at and not measured: the file is half as large.

    Args:
        pixels: uint8, of any shape.

    Example:
        >>> sixteen_greys(np.array([0, 8, 9, 250, 255], np.uint8))
        array([  0,   0,  17, 255, 255], dtype=uint8)
    """
    return (GREY_STEP * (pixels / GREY_STEP).round()).astype(np.uint8)


def images_of(sheet: np.ndarray, *, shape: tuple[int, int] = SHAPE) -> Tensor:
    """The images of a sheet again, from its grey values; the reverse of :func:`grey_sheet`, up to rounding.

    Args:
        sheet: uint8 (height, width), from 0 for ink to 255 for paper, as :func:`grey_sheet` or
            :meth:`cpvae_lite.study.results.Results.sheet` gives it.
        shape: of one image.

    Returns:
        float32 (N, features) in [0, 1], 1 for ink, row by row; also the white places of a last row that was not full.

    Raises:
        ValueError: if the sheet does not divide into images of that shape with gaps between them.

    Example:
        >>> sheet = grey_sheet(torch.tensor([[0.0, 0.2], [1.0, 0.4]]), columns=2, shape=(1, 2))
        >>> images_of(sheet, shape=(1, 2))
        tensor([[0.0000, 0.2000],
                [1.0000, 0.4000]])
    """
    if sheet.ndim != 2:
        raise ValueError(f"a sheet of shape {sheet.shape} is not grey: (height, width)")
    rows, columns = ((size + GAP) // (side + GAP) for size, side in zip(sheet.shape, shape, strict=True))
    if sheet.shape != tuple(many * (side + GAP) - GAP for many, side in zip((rows, columns), shape, strict=True)):
        raise ValueError(f"a sheet of {sheet.shape} pixels does not divide into images of {shape}")
    cells = F.pad(1 - torch.tensor(sheet) / 255, (GAP, 0, GAP, 0))  # a gap above and left of each, as it was made
    images = cells.unflatten(1, (columns, -1)).unflatten(0, (rows, -1)).transpose(1, 2)
    return images[..., GAP:, GAP:].reshape(rows * columns, -1)
