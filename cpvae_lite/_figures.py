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
