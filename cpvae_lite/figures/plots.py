"""Figures. They draw what they are given and compute nothing that a test should see.

Colours are Okabe and Ito's, which people with any kind of colour vision can tell apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from torch import Tensor

from cpvae_lite.figures._figures import mosaic, subplots
from cpvae_lite.history import History
from cpvae_lite.metrics import used_categories
from cpvae_lite.sheets import GAP, SHAPE, image_grid

BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#767676"


def plot_images(
    images: Tensor,
    *,
    columns: int,
    shape: tuple[int, int] = SHAPE,
    titles: list[str] | None = None,
    scale: float = 0.7,
) -> Figure:
    """One sheet of images, dark ink on white; `titles` stand above the columns.

    Args:
        images: (N, features) in [0, 1].
        columns: images a row.
        shape: of one image.
        titles: one a column, or None.
        scale: inches an image, across.

    Example:
        >>> import torch
        >>> figure = plot_images(torch.rand(6, 784), columns=3, titles=["data", "vae", "cp"])
        >>> [text.get_text() for text in figure.axes[0].texts]
        ['data', 'vae', 'cp']
    """
    height, width = shape
    sheet = image_grid(images, columns=columns, shape=shape)
    rows = -(-len(images) // columns)
    figure, axes = subplots(figsize=(scale * columns, scale * rows * height / width + 0.3 * bool(titles)))
    axes.imshow(sheet, cmap="gray_r", vmin=0, vmax=1)
    _no_frame(axes)
    for column, title in enumerate(titles or []):
        axes.text(column * (width + GAP) + width / 2, -height / 7, title, ha="center", va="bottom", fontsize=8)
    return figure


def plot_categories(
    images: Tensor,
    categories: list[int],
    shares: Tensor,
    *,
    names: Sequence[str] | None = None,
    columns: int = 4,
    across: int = 5,
    shape: tuple[int, int] = SHAPE,
) -> Figure:
    """Samples of single categories, a framed block each (the form of the paper's Fig. 6).

    Args:
        images: (categories, samples, features) in [0, 1].
        categories: the number of each block's category.
        shares: q(c), (K,), written above each block.
        names: of the blocks, where a number would mislead; None writes the number of the category.
        columns: blocks a row.
        across: samples a row within a block.
        shape: of one image.

    Example:
        >>> import torch
        >>> figure = plot_categories(torch.rand(2, 10, 784), [2, 0], torch.tensor([0.5, 0.25, 0.25]), columns=2)
        >>> [axes.get_title() for axes in figure.axes]
        ['c = 2   25.0%', 'c = 0   50.0%']
    """
    width = min(2.1, 10.5 / columns)  # inches; a page shrinks what is wider, and the titles with it
    figure, places = mosaic(len(categories), columns, width=width, height=1.07 * width)
    for place, block, category, name in zip(places, images, categories, names or categories, strict=True):
        place.imshow(image_grid(block, columns=across, shape=shape), cmap="gray_r", vmin=0, vmax=1)
        place.set_title(f"c = {name}   {shares[category]:.1%}", fontsize=10)
        _no_frame(place, visible=True)
    return figure


def plot_category_use(aggregated_posterior: Tensor) -> Figure:
    """q(c) as bars, sorted, with the uniform share 1/K as a line (the form of the paper's Fig. 9).

    Args:
        aggregated_posterior: (K,).

    Example:
        >>> import torch
        >>> figure = plot_category_use(torch.tensor([0.1, 0.6, 0.2, 0.1]))
        >>> [text.get_text() for text in figure.axes[0].texts]  # of the line
        [' 1/K = 0.25']
    """
    figure, axes = subplots(figsize=(7, 2.6))
    _share_panel(axes, aggregated_posterior)
    axes.set_ylabel("q(c)")
    sns.despine(figure)
    return figure


def plot_category_uses(aggregated_posteriors: Mapping[str, Tensor], *, columns: int = 2) -> Figure:
    """q(c) of several models as bars on one scale, a panel each (the whole of the paper's Fig. 9).

    Args:
        aggregated_posteriors: (K,) by name of the model.
        columns: panels a row.

    Example:
        >>> import torch
        >>> figure = plot_category_uses({"CP-VAE": torch.tensor([0.7, 0.3]), "INDq": torch.tensor([0.5, 0.5])})
        >>> [axes.get_title() for axes in figure.axes]
        ['CP-VAE', 'INDq']
    """
    figure, places = mosaic(len(aggregated_posteriors), columns, width=3.8, height=2.3, sharey=True)
    for place, (name, shares) in zip(places, aggregated_posteriors.items(), strict=True):
        _share_panel(place, shares)
        place.set_title(name, fontsize=10)
    for place in places[::columns]:
        place.set_ylabel("q(c)")
    sns.despine(figure)
    return figure


def plot_rank(images: Mapping[str, Tensor], aggregated_posteriors: Mapping[str, Tensor], rank: int) -> Figure:
    """One category of several models, the same in rank: samples of it, and below them where it stands in q(c).

    Args:
        images: (N, features) in [0, 1], by name of the model.
        aggregated_posteriors: (K,) of the same models.
        rank: from 0, for the category with the largest share.

    Example:
        >>> import torch
        >>> shares = {"CP-VAE": torch.tensor([0.3, 0.7]), "INDq": torch.tensor([0.6, 0.4])}
        >>> figure = plot_rank({name: torch.rand(25, 784) for name in shares}, shares, rank=0)
        >>> [axes.get_title() for axes in figure.axes]
        ['CP-VAE', 'INDq', 'q(c) = 70.0%', 'q(c) = 60.0%']
    """
    size = (2.2 * len(images), 4)
    figure, axes = subplots(2, len(images), figsize=size, height_ratios=(2.3, 1), sharey="row", squeeze=False)
    for above, below, (name, block) in zip(*axes, images.items(), strict=True):
        above.imshow(image_grid(block, columns=5), cmap="gray_r", vmin=0, vmax=1)
        above.set_title(name, fontsize=11)
        _no_frame(above, visible=True)
        share = _share_bars(below, aggregated_posteriors[name])[rank]
        below.plot(rank + 1, share, "v", color=ORANGE, markersize=9, markeredgecolor="black", clip_on=False)
        below.set_title(f"q(c) = {share:.1%}", fontsize=10)
        below.set_xlabel("rank")
        sns.despine(ax=below)
    return figure


def _share_panel(axes: Axes, aggregated_posterior: Tensor) -> None:
    count = len(_share_bars(axes, aggregated_posterior))
    axes.text(count + 0.5, 1 / count, f" 1/K = {1 / count:.3g}", color=RED, va="bottom", ha="right", fontsize=9)
    axes.set_xlabel("category, in order of its share")


def _share_bars(axes: Axes, aggregated_posterior: Tensor) -> np.ndarray:
    """The bars and the uniform share; the heights of the bars."""
    shares = aggregated_posterior.sort(descending=True).values.cpu().numpy()
    count, used = len(shares), used_categories(aggregated_posterior)
    if count <= 50:
        axes.bar(range(1, count + 1), shares, width=0.9, color=[BLUE] * used + [GREY] * (count - used))
    else:  # gaps between so many bars would be narrower than a pixel, and come out as stripes
        edges = np.arange(count + 1) + 0.5
        axes.stairs(shares[:used], edges[: used + 1], fill=True, color=BLUE)
        axes.stairs(shares[used:], edges[used:], fill=True, color=GREY)
    axes.axhline(1 / count, color=RED, linewidth=1.2, linestyle="--")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_xlim(0.4, count + 0.6)
    return shares


def plot_label_shares(
    shares: Tensor, label_names: tuple[str, ...], categories: list[int], *, names: Sequence[str] | None = None
) -> Figure:
    """What each category holds: q(label | c) as a heat map, a row a category.

    Args:
        shares: (K, labels), as :func:`cpvae_lite.metrics.label_shares` gives them.
        label_names: one a column.
        categories: the rows to show, in this order.
        names: of these rows, where a number would mislead; None writes the number of the category.

    Example:
        >>> import torch
        >>> figure = plot_label_shares(torch.ones(3, 2), ("bag", "coat"), categories=[2, 0])
        >>> [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
        ['2', '0']
    """
    rows = shares[categories]
    rows = (rows / rows.sum(1, keepdim=True)).cpu().numpy()
    figure, axes = subplots(figsize=(7, 0.28 * len(categories) + 1.4))
    sns.heatmap(
        rows, ax=axes, cmap="viridis", vmin=0, vmax=1, xticklabels=label_names, yticklabels=names or categories,
        cbar_kws={"label": "share of the category's mass"},
    )  # fmt: skip
    axes.set(ylabel="category c")
    axes.tick_params(axis="x", rotation=40 if max(map(len, label_names)) > 3 else 0)
    axes.tick_params(axis="y", rotation=0)
    return figure


def plot_label_posteriors(posteriors: Tensor, label_names: tuple[str, ...], *, top: float | None = None) -> Figure:
    """q(c|label) as a heat map, a row a label (the contents of the paper's Figs. 10-12).

    Categories stand beside those that the same label uses most, so that a label with categories of its own shows
    as one bright stretch.

    Args:
        posteriors: (labels, K), as :func:`cpvae_lite.metrics.label_posteriors` gives them.
        label_names: one a row.
        top: the share that is brightest, for maps that are to be compared; None takes the largest share.

    Example:
        >>> import torch
        >>> figure = plot_label_posteriors(torch.tensor([[0.25, 0.75], [0.5, 0.5]]), ("bag", "coat"))
        >>> figure.axes[0].images[0].get_array().tolist()  # first the category that bags use most
        [[0.75, 0.25], [0.5, 0.5]]
    """
    values = np.ma.masked_invalid(posteriors.cpu().numpy())  # a label without images stays blank
    order = np.lexsort((-values.max(0), values.argmax(0)))  # by label, within a label by share
    figure, axes = subplots(figsize=(8, 0.26 * len(values) + 1.2))
    # The square root of a share, as ink does: small shares stay visible.
    image = axes.imshow(values[:, order], aspect="auto", cmap="viridis", norm=PowerNorm(0.5, 0, top or values.max()))
    axes.set_yticks(range(len(values)), label_names, fontsize=9 if len(values) <= 12 else 6)
    axes.set(xlabel="category, beside those that the same label uses most", xticks=[])
    figure.colorbar(image, ax=axes, label="q(c | label), root scale")
    return figure


def plot_gallery(sheets: Mapping[str, np.ndarray | None], *, across: int = 4, width: float = 2.2) -> Figure:
    """Sheets of samples one after the other, each below its name.

    Args:
        sheets: grey values (height, width), uint8, by name; None leaves an empty frame.
        across: sheets a row.
        width: inches a sheet.

    Example:
        >>> sheet = np.zeros((58, 58), np.uint8)
        >>> figure = plot_gallery({"CP-VAE": sheet, "INDq": sheet, "VAE": sheet}, across=2)
        >>> [axes.get_title() for axes in figure.axes]
        ['CP-VAE', 'INDq', 'VAE', '']
    """
    figure, places = mosaic(len(sheets), min(across, len(sheets)), width=width, height=width + 0.3)
    for place, (name, sheet) in zip(places, sheets.items(), strict=True):
        if sheet is not None:
            place.imshow(sheet, cmap="gray", vmin=0, vmax=255)
        place.set_title(name, fontsize=11)
        _no_frame(place, visible=True)
    return figure


def plot_blocks(blocks: Mapping[str, Tensor], *, across: int = 15, shape: tuple[int, int] = SHAPE) -> Figure:
    """Images of several models, a titled block each, below one another.

    Args:
        blocks: (N, features) in [0, 1], by title.
        across: images a row.
        shape: of an image.

    Example:
        >>> import torch
        >>> figure = plot_blocks({"CP-VAE": torch.rand(30, 784), "VAE": torch.rand(15, 784)})
        >>> [axes.get_title("left") for axes in figure.axes]
        ['CP-VAE', 'VAE']
    """
    heights = [-(-len(images) // across) for images in blocks.values()]
    figure, axes = subplots(
        len(blocks), figsize=(0.55 * across, 0.55 * sum(heights) + 0.3 * len(blocks)), squeeze=False,
        height_ratios=heights,
    )  # fmt: skip
    for place, (title, images) in zip(axes.flat, blocks.items(), strict=True):
        place.imshow(image_grid(images, columns=across, shape=shape), cmap="gray_r", vmin=0, vmax=1)
        place.set_title(title, fontsize=10, loc="left")
        _no_frame(place)
    return figure


def plot_history(history: History) -> Figure:
    """Bound, KL terms and used categories over epochs.

    Args:
        history: of one epoch at least, in nats per image.

    Example:
        >>> bounds = {1: -250.0, 2: -240.0, 3: -245.0}
        >>> figure = plot_history(History(
        ...     {"epoch": epoch, "train": {"loss": -bound}, "validation": {"bound": bound, "kl_z": 9.0}}
        ...     for epoch, bound in bounds.items()
        ... ))
        >>> len(figure.axes)  # without categories there is no third panel
        2
    """
    epochs = [record["epoch"] for record in history]
    found = [record["validation"] for record in history]
    kl_terms = [name for name in found[0] if name.startswith("kl_")]
    used = "used_categories" in found[0]
    figure, axes = subplots(1, 2 + used, figsize=(3.2 * (2 + used), 2.6))
    axes[0].plot(epochs, [-record["train"]["loss"] for record in history], color=GREY, label="objective, training")
    axes[0].plot(epochs, [f["bound"] for f in found], color=BLUE, label="bound, validation")
    axes[0].axvline(history.best_epoch, color=RED, linewidth=1, linestyle="--", label="best epoch")
    axes[0].set(ylabel="nats per image")
    for name, colour in zip(kl_terms, (ORANGE, GREEN, RED), strict=False):
        axes[1].plot(epochs, [f[name] for f in found], color=colour, label=name.replace("kl_", "KL of "))
    axes[1].set(ylabel="nats per image", ylim=(0, None))
    if used:
        axes[2].plot(epochs, [f["used_categories"] for f in found], color=BLUE)
        axes[2].set(ylabel="categories with q(c) > 1/K", ylim=(0, None))
    for place in axes:
        place.set_xlabel("epoch")
    for place in axes[:2]:
        place.legend(frameon=False, fontsize=8)
    sns.despine(figure)
    return figure


def _no_frame(axes, visible: bool = False) -> None:
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(visible=visible, color="#BBBBBB")
