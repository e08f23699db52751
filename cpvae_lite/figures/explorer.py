"""A trained model under the reader's hands: pick a category, slide within it, draw from it, walk to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import torch
from matplotlib.figure import Figure
from torch import Tensor

from cpvae_lite._arguments import whole_number
from cpvae_lite.directions import centres
from cpvae_lite.figures import plots
from cpvae_lite.figures.views import Interactive, View, ipywidgets, slider
from cpvae_lite.figures.widgets import DIRECTIONS, DecoderView, DecoderWeights, PrototypeMap, SampleSheet, by_share
from cpvae_lite.model import LatentVariableModel

REACH = 3.0  # standard deviations to either side
STILL_IMAGES = 60


def explore(
    model: LatentVariableModel,
    *,
    shape: tuple[int, int] | None = None,
    rank: int = 0,
    directions: Tensor | None = None,
) -> Interactive:
    """All there is to see of one model: its categories, the variations of each, new images, and walks.

    It works in a page without a kernel: the decoder's weights are in the output, as float16.

    Args:
        model: of binary images, with one level of codes. One without categories has one prior for all images.
        shape: (height, width) of an image; square if it is left out.
        rank: of the category at the start; 0 is the most used.
        directions: for the three sliders of each category, (K, 3, D) in standard deviations of p(z|c); those in which
            its images change most if they are left out.

    Raises:
        ValueError: if model or directions cannot be shown (see :meth:`~cpvae_lite.figures.widgets.DecoderWeights.of`),
            or if there is no category of that rank.

    Example:
        >>> from cpvae_lite import build
        >>> explore(build("cp", features=784, categories=10))
        Interactive('Pick a category: in the map, whose ...')
    """
    weights = DecoderWeights.of(model, shape, directions=directions)
    count = len(weights.categories)
    if whole_number("rank", rank, least=0) >= count:
        raise ValueError(f"rank {rank} is not one of 0..{count - 1}; the most used category has rank 0")
    view, sheet = DecoderView(weights=weights, rank=rank), SampleSheet(weights=weights, rank=rank)
    parts = [
        *_titled("The image", _beside(view, _column(_steps(view)))),
        *_titled("The sheet", _beside(sheet, _spread(sheet))),
    ]
    if count > 1:
        chart = PrototypeMap(weights=weights, rank=rank)
        picked = _pick("category, by its share", count, chart, view, sheet)
        parts = [*_titled("The map", chart, picked), *parts, *_titled("The walk", _walk(weights, rank))]
    return Interactive(
        *parts,
        caption=_MANY if count > 1 else _ONE,
        still=_still({"": model}, weights.shape),
        alt=f"The decoded centres of {min(count, STILL_IMAGES)} of {count} categories, the most used first.",
    )


def compare(models: Mapping[str, LatentVariableModel], *, shape: tuple[int, int] | None = None) -> Interactive:
    """Several models at the same settings, side by side.

    Args:
        models: by the name that stands above each. One without categories stays where it is when a category is
            picked for the others.
        shape: (height, width) of an image; square if it is left out.

    Raises:
        ValueError: if there are no models, or if one of them cannot be shown.

    Example:
        >>> from cpvae_lite import build
        >>> compare({name: build(name, features=784, categories=10) for name in ("cp", "indq")})
        Interactive('Each slider moves all models at ...')
    """
    if not models:
        raise ValueError("there are no models to compare; give at least one, by name")
    packed = {name: DecoderWeights.of(model, shape) for name, model in models.items()}
    views = [DecoderView(weights=weights, size=140) for weights in packed.values()]
    sheets = [SampleSheet(weights=weights, rows=4, columns=4, size=44) for weights in packed.values()]
    most = max(len(weights.categories) for weights in packed.values())
    columns = [_column(_titled(*parts)) for parts in zip(packed, views, sheets, strict=True)]
    picked = [_pick("category, by its share", most, *views, *sheets)] if most > 1 else []
    return Interactive(
        *picked,
        _column(_steps(*views)),
        _spread(*sheets),
        _beside(*columns),
        caption=_SIDE_BY_SIDE,
        still=_still(models, next(iter(packed.values())).shape),
        alt=f"The decoded centres of the categories of {', '.join(models)}, the most used first.",
    )


_MANY = (
    "Pick a category: in the map, whose images are the decoded centres of the priors p(z|c), the most used first, or "
    "with the slider. Three sliders move along the directions in which its images change most, in standard deviations "
    "of its prior. Below are new images of it, and a straight walk to another category: on the way code and category "
    "are mixed, which training seldom asks for."
)
_ONE = (
    "This model has one prior for all images: there is nothing to pick. Three sliders move along the directions in "
    "which the image at its centre changes most, in standard deviations. Below are new images, drawn from the prior."
)
_SIDE_BY_SIDE = (
    "Each slider moves all models at once: the category by its place in each model's own order of shares, steps along "
    "each one's main directions, and by how much the noise of the new images is multiplied."
)


def _titled(title: str, *parts: ipywidgets.Widget) -> list[ipywidgets.Widget]:
    return [ipywidgets.HTML(f"<strong>{escape(title)}</strong>"), *parts]


def _pick(description: str, count: int, *views: View, trait: str = "rank") -> ipywidgets.Widget:
    return slider(description, trait, *views, kind=ipywidgets.IntSlider, min=0, max=count - 1)


def _steps(*views: DecoderView) -> list[ipywidgets.Widget]:
    """A slider for each direction."""
    limits = {"min": -REACH, "max": REACH, "step": 0.1}
    return [slider(f"{name} direction (sd)", name, *views, **limits) for name in DIRECTIONS]


def _spread(*sheets: SampleSheet) -> ipywidgets.Widget:
    return slider("spread of the noise", "spread", *sheets, min=0.0, max=2.0, step=0.05)


def _walk(weights: DecoderWeights, rank: int) -> ipywidgets.Widget:
    """From one category to another, each with a slider of its own."""
    count = len(weights.categories)
    towards = 1 if rank == 0 else 0
    view = DecoderView(weights=weights, rank=rank, towards=towards, size=140)
    way = slider("how far", "along", view, min=0.0, max=1.0, step=0.02)
    start, end = _pick("walk from", count, view), _pick("walk to", count, view, trait="towards")
    return _beside(view, _column([start, end, way]))


def _column(parts: Sequence[ipywidgets.Widget]) -> ipywidgets.Widget:
    return ipywidgets.VBox(list(parts), layout={"max_width": "100%"})


def _beside(*parts: ipywidgets.Widget) -> ipywidgets.Widget:
    """In a row, as far as the screen is wide enough."""
    return ipywidgets.HBox(list(parts), layout={"flex_flow": "row wrap", "align_items": "center", "grid_gap": "1em"})


@torch.no_grad()
def _still(models: Mapping[str, LatentVariableModel], shape: Sequence[int]) -> Figure:
    """The decoded centres of each model's most used categories."""
    blocks = {}
    for name, model in models.items():
        mean, _ = centres(model)
        order = by_share(model)[0][:STILL_IMAGES].to(mean.device)
        blocks[name] = model.likelihood({"z": mean[order], "c": order}).mean
    return plots.plot_blocks(blocks, shape=tuple(shape))
