"""The paper's two diagrams, drawn by code.

Circles are random variables and boxes are what networks compute. A dashed arrow is a draw.
"""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from cpvae_lite.figures._figures import subplots
from cpvae_lite.figures.plots import BLUE, GREEN, GREY, ORANGE


def generative_process() -> Figure:
    """How CP-VAE makes a data point: c, then z given c, then x given both (the paper's Fig. 1, Eqs. 8, 9).

    Circles c, z and x in a row, the decoder before x. The arrow from c to z is a draw from the learned prior;
    the decoder sees both c and z.

    Example:
        >>> figure = generative_process()
        >>> figure.axes[0].texts[0].get_text()
        '$c$'
    """
    figure, axes = _canvas(10, 2.9)
    c, z = _variable(axes, 1, 1.2, "$c$", ORANGE), _variable(axes, 4.1, 1.2, "$z$", BLUE)
    decoder, x = _box(axes, 7, 1.2, "decoder\n" r"$d_\theta(z, c)$"), _variable(axes, 9.3, 1.2, "$x$", GREEN)
    _arrow(c, z, drawn=True)
    _arrow(c, decoder, bend=-0.36)
    _arrow(z, decoder)
    _arrow(decoder, x, drawn=True)
    _note(axes, 1, 0.25, "category\n" r"$p(c_k) = 1/K$")
    _note(axes, 4.1, 0.25, "code, from the learned prior\n" r"$p_\varphi(z|c_k) = \mathcal{N}(\mu_k,\ \sigma_k^2)$")
    _note(axes, 9.3, 0.25, "data\n" r"$p_\theta(x|z, c)$")
    return figure


def encoder() -> Figure:
    """How CP-VAE's encoder gives the posteriors of c and z (the paper's Fig. 2, Eq. 10).

    From x the hidden layers, from those the probabilities of the categories. A gated layer sees the hidden layers
    and these probabilities, not a draw of c, and gives mean and deviation of z.

    Example:
        >>> [text.get_text() for text in encoder().axes[0].texts][:2]
        ['$x$', 'hidden\\nlayers']
    """
    figure, axes = _canvas(10, 3.6)
    x, hidden = _variable(axes, 0.7, 1.1, "$x$", GREEN), _box(axes, 2.6, 1.1, "hidden\nlayers")
    probabilities, c = _box(axes, 5, 2.9, r"$\pi_\phi(x)$", ORANGE), _variable(axes, 9.3, 2.9, "$c$", ORANGE)
    gated = _box(axes, 5, 1.1, "gated\nlayer")
    moments, z = _box(axes, 7.2, 1.1, r"$\mu_\phi,\ \sigma_\phi$", BLUE), _variable(axes, 9.3, 1.1, "$z$", BLUE)
    for start, end in ((x, hidden), (hidden, probabilities), (hidden, gated), (probabilities, gated), (gated, moments)):
        _arrow(start, end)
    _arrow(probabilities, c, drawn=True)
    _arrow(moments, z, drawn=True)
    _note(axes, 7.3, 3.15, r"$q_\phi(c|x) = \mathrm{Cat}(\pi_\phi(x))$")
    _note(axes, 8.1, 0.25, r"$q_\phi(z|x, c) = \mathcal{N}(\mu_\phi,\ \sigma_\phi^2)$")
    return figure


def _canvas(width: float, height: float) -> tuple[Figure, Axes]:
    figure, axes = subplots(figsize=(0.75 * width, 0.75 * height))
    axes.set(xlim=(0, width), ylim=(0, height), aspect="equal")
    axes.set_axis_off()
    return figure, axes


def _variable(axes: Axes, x: float, y: float, name: str, colour: str) -> Text:
    return _node(axes, x, y, name, colour, size=16, shape="circle,pad=0.6")


def _box(axes: Axes, x: float, y: float, name: str, colour: str = GREY) -> Text:
    return _node(axes, x, y, name, colour, size=11, shape="round,pad=0.7")


def _node(axes: Axes, x: float, y: float, name: str, colour: str, *, size: int, shape: str) -> Text:
    frame = {"boxstyle": shape, "edgecolor": colour, "facecolor": (colour, 0.12), "linewidth": 1.8}
    return axes.text(x, y, name, ha="center", va="center", fontsize=size, bbox=frame)


def _arrow(start: Text, end: Text, *, bend: float = 0.0, drawn: bool = False) -> None:
    """From the edge of one node to the edge of another; dashed for a draw."""
    style = {
        "arrowstyle": "-|>", "color": "black", "linewidth": 1.3, "linestyle": "--" if drawn else "-",
        "patchA": start.get_bbox_patch(), "patchB": end.get_bbox_patch(), "connectionstyle": f"arc3,rad={bend}",
    }  # fmt: skip
    start.axes.annotate("", xytext=start.get_position(), xy=end.get_position(), arrowprops=style)


def _note(axes: Axes, x: float, y: float, text: str) -> None:
    axes.text(x, y, text, ha="center", va="center", fontsize=10)
