"""Views of a trained decoder that run in the page itself: the reader moves a slider, and JavaScript decodes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from weakref import WeakValueDictionary

import torch
from torch import Tensor

from cpvae_lite._arguments import height_and_width
from cpvae_lite.conditionals import Bernoulli
from cpvae_lite.directions import centres, prototypes
from cpvae_lite.figures.views import View, ipywidgets, script, style
from cpvae_lite.figures.views import traitlets as t
from cpvae_lite.model import LatentVariableModel
from cpvae_lite.storage import halved

DIRECTIONS = ("first", "second", "third")


class DecoderWeights(View):
    """A model's decoder and its priors as float16, for all views of a page. It shows nothing itself.

    Half precision moves a pixel by less than a grey level of 255. Categories stand in the order of their shares. The
    same weights packed twice are one widget, so that a page stores them once.

    Attributes:
        bytes: all numbers, little-endian, one tensor after another.
        layout: name and number of values of each tensor.
        categories: the number of each category, the most used first; a single 0 where there is nothing to choose.
        shares: q(c) in that order; empty where the model has none.
        shape: of an image, (height, width).

    Example:
        >>> from cpvae_lite import build
        >>> model = build("cp", features=16, categories=5, latent_size=3, hidden=4)
        >>> weights = DecoderWeights.of(model)
        >>> sum(count for _, count in weights.layout) == len(weights.bytes) // 2  # two bytes a number
        True
        >>> DecoderWeights.of(model) is weights  # packed twice, stored once
        True
    """

    _esm = script("nothing")
    bytes = t.Bytes(b"").tag(sync=True)
    layout = t.List().tag(sync=True)
    categories = t.List(t.Int()).tag(sync=True)
    shares = t.List(t.Float()).tag(sync=True)
    shape = t.List(t.Int()).tag(sync=True)

    @classmethod
    def of(
        cls,
        model: LatentVariableModel,
        shape: tuple[int, int] | None = None,
        *,
        directions: Tensor | None = None,
    ) -> DecoderWeights:
        """Pack a trained model.

        Args:
            model: of binary images, with one level of codes, of three dimensions or more.
            shape: of an image; square if it is left out.
            directions: (K, 3, D), three for the sliders of each category, in standard deviations of p(z|c); those of
                :func:`cpvae_lite.directions.prototypes` if they are left out.

        Raises:
            ValueError: if the model has two levels of codes, codes of fewer than three dimensions or another
                likelihood, if the shape does not hold its features, if the directions are of another shape, or if a
                number is too large for float16.
            TypeError: if the numbers of the shape are not whole.

        Example:
            >>> from cpvae_lite import build
            >>> weights = DecoderWeights.of(build("indqp", features=784, categories=10))
            >>> weights.shape, len(weights.categories)
            ([28, 28], 10)
        """
        height, width = _shape(model, shape)
        order, shares = by_share(model)
        tensors = _priors(model, order, directions) | _decoder(model, order)
        values = b"".join(_half(name, tensor) for name, tensor in tensors.items())
        described = {
            "layout": [[name, tensor.numel()] for name, tensor in tensors.items()],
            "categories": order.tolist(),
            "shares": shares,
            "shape": [height, width],
        }
        key = (values, str(described))
        packed = _PACKED.get(key)
        if packed is None or packed.comm is None or packed.bytes != values:  # closed, or changed since
            packed = _PACKED[key] = cls(bytes=values, **described)
        return packed


_PACKED: WeakValueDictionary[tuple, DecoderWeights] = WeakValueDictionary()  # by all that they hold


class _OfDecoder(View):
    """A view of a decoder; `rank` is the place of a category in the order of shares, 0 for the most used."""

    _css = style("decoder")
    weights = t.Instance(DecoderWeights).tag(sync=True, **ipywidgets.widget_serialization)
    rank = t.Int(0).tag(sync=True)
    size = t.Int(196).tag(sync=True)


class DecoderView(_OfDecoder):
    r"""One image, decoded from :math:`z = \mu_c + \sigma_c \odot (a_1 v_1 + a_2 v_2 + a_3 v_3)`.

    The directions v are those of :func:`cpvae_lite.directions.prototypes`, and a counts standard deviations of
    p(z|c). With `along` above 0 code and category are mixed with those of another category: a straight walk from one
    to the other, through categories that are neither.

    Args:
        weights: a :class:`DecoderWeights`.
        rank, towards: places of two categories in the order of shares.
        first, second, third: a, in standard deviations.
        along: from 0, at the first category, to 1, at the other.
        size: of the image on the screen, in pixels.

    Example:
        >>> from cpvae_lite import build
        >>> weights = DecoderWeights.of(build("cp", features=784, categories=10))
        >>> DecoderView(weights=weights, rank=2, first=1.5)
        DecoderView()
    """

    _esm = script("decoder", "decoder_view")
    first = t.Float(0.0).tag(sync=True)
    second = t.Float(0.0).tag(sync=True)
    third = t.Float(0.0).tag(sync=True)
    towards = t.Int(0).tag(sync=True)
    along = t.Float(0.0).tag(sync=True)


class PrototypeMap(_OfDecoder):
    """The decoded centre of every category's prior, the most used first; a click or an arrow key picks one.

    Args:
        weights: a :class:`DecoderWeights`.
        rank: the place of the picked category.
        label: what the map is, for people who do not see it.

    Example:
        >>> from cpvae_lite import build
        >>> PrototypeMap(weights=DecoderWeights.of(build("cp", features=784, categories=10)), rank=2)
        PrototypeMap()
    """

    _esm = script("decoder", "prototype_map")
    label = t.Unicode("Categories, the most used first").tag(sync=True)


class SampleSheet(_OfDecoder):
    """New images of one category, and a button that draws others.

    Args:
        weights: a :class:`DecoderWeights`.
        rank: the place of the category.
        spread: by which the noise is multiplied: 1 draws from p(z|c), 0 gives its centre again and again.
        draw: the number of the draw; the same number gives the same images.
        rows, columns: of the sheet.
        size: of an image on the screen, in pixels.

    Example:
        >>> from cpvae_lite import build
        >>> SampleSheet(weights=DecoderWeights.of(build("cp", features=784, categories=10)), spread=0.5)
        SampleSheet()
    """

    _esm = script("decoder", "sample_sheet")
    spread = t.Float(1.0).tag(sync=True)
    draw = t.Int(0).tag(sync=True)
    rows = t.Int(3).tag(sync=True)
    columns = t.Int(8).tag(sync=True)
    size = t.Int(56).tag(sync=True)


def _shape(model: LatentVariableModel, shape: Sequence[int] | None) -> tuple[int, int]:
    if shape is None:
        side = math.isqrt(model.features)
        shape = (side, side)
    height, width = height_and_width(shape)
    if height * width != model.features:
        raise ValueError(f"an image has {model.features} pixels; pass shape=(height, width) with that product")
    return height, width


def by_share(model: LatentVariableModel) -> tuple[Tensor, list[float]]:
    """The categories of a model, the most used first, and their shares q(c), none where the model has none.

    Args:
        model: trained or not; where q(c) is not known, categories stand in the order of their numbers.

    Returns:
        The numbers of the categories, (K,), a single 0 where there is nothing to choose; and K shares, or [].

    Example:
        >>> from cpvae_lite import build
        >>> model = build("cp", features=784, categories=3)
        >>> _ = model.aggregated_posterior.copy_(torch.tensor([0.25, 0.5, 0.25]))
        >>> by_share(model)
        (tensor([1, 0, 2]), [0.5, 0.25, 0.25])
    """
    if model.aggregated_posterior.numel() == 0 or model.aggregated_posterior.isnan().any():
        return torch.arange(model.choices or 1), []
    shares, order = model.aggregated_posterior.cpu().sort(descending=True, stable=True)
    return order, shares.tolist()


def _decoder(model: LatentVariableModel, order: Tensor) -> dict[str, Tensor]:
    likelihood = model.likelihood
    if not isinstance(likelihood, Bernoulli):
        raise ValueError(f"views show models of binary images; this likelihood is {type(likelihood).__name__}")
    first, *rest = (getattr(layer, "affine", layer) for layer in likelihood.net.layers)
    parents = dict(zip(likelihood.parents, first.weights, strict=True))
    tensors = {"0.code": parents["z"], "0.bias": first.bias}
    if "c" in parents:
        tensors["0.category"] = parents["c"].T[order.to(parents["c"].device)]
    for index, layer in enumerate(rest, start=1):
        (weight,) = layer.weights
        tensors |= {f"{index}.weight": weight, f"{index}.bias": layer.bias}
    return tensors


def _priors(model: LatentVariableModel, order: Tensor, directions: Tensor | None) -> dict[str, Tensor]:
    dimensions = centres(model)[0].shape[1]
    if dimensions < len(DIRECTIONS):
        raise ValueError(
            f"views have {len(DIRECTIONS)} sliders for a code, and this model's has {dimensions} dimensions"
        )
    found = prototypes(model, len(DIRECTIONS))
    if directions is not None:
        if directions.shape != found.directions.shape:
            raise ValueError(
                f"directions must have shape {tuple(found.directions.shape)}, {len(DIRECTIONS)} for each category, not "
                f"{tuple(directions.shape)}"
            )
        found = replace(found, directions=directions.to(found.directions))
    return {name: getattr(found, name)[order] for name in ("mean", "scale", "directions")}


def _half(name: str, values: Tensor) -> bytes:
    return halved(f"{name} of the decoder", values.cpu()).contiguous().numpy().astype("<f2").tobytes()
