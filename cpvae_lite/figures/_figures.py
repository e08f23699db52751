"""How all figures of the package begin."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure


def subplots(*shape: int, **settings) -> tuple[Figure, Axes]:
    """Figure and axes that pyplot lets go of at once, so that a notebook shows what is returned just once."""
    figure, axes = plt.subplots(*shape, layout="constrained", **settings)
    plt.close(figure)
    return figure, axes


def mosaic(count: int, across: int, *, width: float, height: float, **settings) -> tuple[Figure, list[Axes]]:
    """A figure of `count` panels of that size, in inches, `across` in a row; the rest of the last row stays empty."""
    down = -(-count // across)
    figure, axes = subplots(down, across, figsize=(width * across, height * down), squeeze=False, **settings)
    for place in axes.flat[count:]:
        place.set_axis_off()
    return figure, list(axes.flat[:count])
