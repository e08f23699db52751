"""Small figures for the theory: a row of panels, and what can be drawn on one.

Lines differ in dash as well as in colour, so that a print in grey can be read too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse
from torch import Tensor

from cpvae_lite.arrays import as_array
from cpvae_lite.figures._figures import subplots
from cpvae_lite.figures.plots import BLUE, GREEN, GREY, ORANGE, RED

SKY, PINK, BLACK = "#56B4E9", "#CC79A7", "#000000"
COLOURS = (BLUE, ORANGE, GREEN, RED, PINK, SKY, GREY, BLACK)
DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 4)), (0, (8, 2, 1, 2, 1, 2)))


def row(count: int = 1, *, width: float = 3.4, height: float = 2.8) -> tuple[Figure, list[Axes]]:
    """A figure of `count` panels side by side; a notebook shows it where a cell ends with it.

    Example:
        >>> figure, (left, right) = row(2)
        >>> curves(left, [0, 1], {"a line": [0, 2]}, xlabel="x", ylabel="y")
    """
    figure, (panels,) = grid(1, count, width=width, height=height)
    return figure, panels


def grid(
    rows: int, columns: int, *, width: float = 2.0, height: float = 1.6, share: bool = False
) -> tuple[Figure, list[list[Axes]]]:
    """A figure of panels in rows and columns, row by row.

    Args:
        rows, columns: how many.
        width, height: of a panel, in inches.
        share: give all panels the same axes, with numbers at the border only.

    Example:
        >>> figure, panels = grid(2, 3)
        >>> len(panels), len(panels[0])
        (2, 3)
    """
    size = (width * columns, height * rows)
    figure, axes = subplots(rows, columns, figsize=size, squeeze=False, sharex=share, sharey=share)
    sns.despine(figure)
    return figure, [list(line) for line in axes]


def curves(
    axes: Axes,
    x: Tensor | Sequence[float],
    lines: Mapping[str, Tensor | Sequence[float]],
    *,
    xlabel: str,
    ylabel: str,
    title: str = "",
    fill: bool = False,
) -> None:
    """Lines over a common x, named in a legend.

    Args:
        axes: the panel.
        x: (N,).
        lines: (N,) by name; one without a name ("") is left out of the legend.
        xlabel, ylabel, title: what stands beside the axes and above the panel.
        fill: shade the area under each line, for densities.

    Raises:
        ValueError: for more lines than can be told apart.

    Example:
        >>> _, (panel,) = row()
        >>> curves(panel, [0, 1], {"prior": [0, 1], "posterior": [1, 0]}, xlabel="z", ylabel="density", fill=True)
        >>> [text.get_text() for text in panel.get_legend().get_texts()]
        ['prior', 'posterior']
    """
    if len(lines) > len(COLOURS):
        raise ValueError(f"{len(lines)} lines in one panel; more than {len(COLOURS)} cannot be told apart")
    x = as_array(x)
    for (name, line), colour, dash in zip(lines.items(), COLOURS, DASHES, strict=False):
        axes.plot(x, as_array(line), color=colour, linestyle=dash, label=name or None)
        if fill:
            axes.fill_between(x, as_array(line), color=colour, alpha=0.15, linewidth=0)
    _labels(axes, xlabel, ylabel, title)
    if any(lines):
        axes.legend(frameon=False, fontsize=8)


def bars(axes: Axes, values: Mapping[str, float], *, ylabel: str, xlabel: str = "", title: str = "") -> None:
    """One bar for each named value, with the number above it.

    Example:
        >>> _, (panel,) = row()
        >>> bars(panel, {"A": -3.0, "B": 1.5}, ylabel="nats")
    """
    drawn = axes.bar(list(values), [float(value) for value in values.values()], color=BLUE, width=0.7)
    axes.bar_label(drawn, fmt="%.2f", fontsize=8, padding=2)
    axes.axhline(0, color=GREY, linewidth=0.8)
    axes.margins(y=0.15)
    _labels(axes, xlabel, ylabel, title)


def histogram(
    axes: Axes,
    numbers: Tensor,
    *,
    reference: tuple[Tensor, Tensor] | None = None,
    bins: int = 70,
    within: tuple[float, float] = (0.0, 1.0),
    xlabel: str = "",
    title: str = "",
) -> None:
    """A histogram whose area is the share of numbers that it shows, with a density to compare it with as a line.

    Args:
        axes: the panel.
        numbers: (N,).
        reference: places and density there, two tensors (M,).
        bins: how many.
        within: from where to where; what lies outside is not drawn, but counts for the shares.
        xlabel, title: what stands below the axis and above the panel.

    Example:
        >>> import torch
        >>> _, (panel,) = row()
        >>> histogram(panel, torch.rand(1000), reference=(torch.tensor([0.0, 1.0]), torch.ones(2)))
    """
    counts, edges = np.histogram(as_array(numbers), bins=bins, range=within)
    step = edges[1] - edges[0]
    axes.bar(edges[:-1], counts / (len(numbers) * step), width=step, align="edge", color=SKY, linewidth=0)
    if reference is not None:
        axes.plot(*map(as_array, reference), color=BLACK, linewidth=1)
    axes.set_xlim(within)
    _labels(axes, xlabel, "", title)


def points(axes: Axes, xy: Tensor, groups: Tensor | None = None, *, size: float = 4) -> None:
    """A cloud of points in the plane, coloured by group.

    Args:
        axes: the panel.
        xy: (N, 2).
        groups: (N,) whole numbers, or None for grey points.
        size: of a point.

    Example:
        >>> import torch
        >>> _, (panel,) = row()
        >>> points(panel, torch.randn(4, 2), torch.tensor([0, 0, 1, 1]))
        >>> len(panel.collections[0].get_offsets())
        4
    """
    colours = GREY if groups is None else np.array(COLOURS)[as_array(groups) % len(COLOURS)]
    axes.scatter(*as_array(xy).T, s=size, c=colours, alpha=0.6, linewidths=0)


def ellipses(
    axes: Axes,
    mean: Tensor,
    variance: Tensor,
    names: Sequence[str] | None = None,
    *,
    weights: Tensor | None = None,
) -> None:
    """Diagonal Gaussians in the plane, each as the line two standard deviations from its mean.

    Args:
        axes: the panel.
        mean, variance: (K, 2).
        names: one for each, written at the mean.
        weights: (K,), such as q(c): lighter lines for lesser weights, a hair for none.

    Example:
        >>> import torch
        >>> _, (panel,) = row()
        >>> ellipses(panel, torch.tensor([[0.0, 1.0]]), torch.tensor([[0.25, 4.0]]))
        >>> float(panel.patches[0].width), float(panel.patches[0].height)  # two deviations to each side
        (2.0, 8.0)
    """
    shares = np.ones(len(mean)) if weights is None else as_array(weights / weights.max())
    for index, (centre, spread) in enumerate(zip(as_array(mean), 4 * np.sqrt(as_array(variance)), strict=True)):
        style = {"edgecolor": COLOURS[index % len(COLOURS)], "linewidth": 0.3 + 1.5 * shares[index]}
        axes.add_patch(Ellipse(centre, *spread, fill=False, alpha=0.3 + 0.7 * shares[index], **style))
        if names is not None:
            axes.annotate(names[index], centre, ha="center", va="center", fontsize=9, fontweight="bold")
    axes.autoscale_view()


def heat(axes: Axes, matrix: Tensor, *, xlabel: str, ylabel: str, title: str = "", numbers: bool = False) -> None:
    """A matrix as colours from dark (small) to bright (large).

    Args:
        axes: the panel.
        matrix: (rows, columns).
        xlabel, ylabel, title: what stands beside the axes and above the panel.
        numbers: write each entry into its cell.

    Example:
        >>> import torch
        >>> _, (panel,) = row()
        >>> heat(panel, torch.tensor([[0.25, 0.75]]), xlabel="category", ylabel="label", numbers=True)
        >>> [text.get_text() for text in panel.texts]
        ['0.25', '0.75']
    """
    sns.heatmap(as_array(matrix), ax=axes, cmap="viridis", annot=numbers, fmt=".2f", annot_kws={"fontsize": 8})
    axes.tick_params(axis="y", rotation=0)
    _labels(axes, xlabel, ylabel, title)


def _labels(axes: Axes, xlabel: str, ylabel: str, title: str) -> None:
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.set_title(title, fontsize=10)
