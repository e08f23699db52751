import numpy as np
import pytest
import torch

from cpvae_lite import build
from cpvae_lite.directions import prototypes
from cpvae_lite.figures.widgets import DecoderWeights, by_share

SHARES = torch.tensor([0.2, 0.5, 0.0, 0.3])


def small(name="cp", **settings):
    settings = {"features": 6, "latent_size": 4, "hidden": 5} | settings
    model = build(name, **settings)
    if model.categories:
        model.aggregated_posterior.copy_(SHARES)
    return model


def unpacked(weights):
    """The tensors, read in another way than the page does."""
    values, found = np.frombuffer(weights.bytes, "<f2").astype(np.float32), {}
    for name, size in weights.layout:
        found[name], values = torch.from_numpy(values[:size].copy()), values[size:]
    assert len(values) == 0
    return found


def test_categories_stand_in_the_order_of_their_shares():
    model = small(categories=4)
    weights = DecoderWeights.of(model, (2, 3))
    assert weights.categories == [1, 3, 0, 2]
    assert weights.shares == pytest.approx([0.5, 0.3, 0.2, 0.0])
    found, expected, order = unpacked(weights), prototypes(model), torch.tensor([1, 3, 0, 2])
    for name in ("mean", "scale", "directions"):
        assert torch.allclose(found[name], getattr(expected, name)[order].flatten(), atol=2e-3)
    rows = found["0.category"].reshape(4, -1)
    assert torch.allclose(rows, model.likelihood.net.layers[0].affine.weights[1].T[order], atol=1e-3)


def test_the_same_weights_are_packed_once_and_changed_ones_anew():
    model = small(categories=4)
    weights = DecoderWeights.of(model, (2, 3))
    assert DecoderWeights.of(small(categories=4), (2, 3)) is weights
    assert DecoderWeights.of(model, (3, 2)) is not weights
    model.aggregated_posterior.copy_(SHARES.flip(0))
    other = DecoderWeights.of(model, (2, 3))
    assert (other.categories, weights.categories) == ([2, 0, 3, 1], [1, 3, 0, 2])


def test_directions_of_ones_own_take_the_place_of_the_usual_ones():
    model = small(categories=4)
    own = torch.randn(4, 3, 4)
    weights = DecoderWeights.of(model, (2, 3), directions=own)
    start = 0
    for name, size in weights.layout:
        if name == "directions":
            packed = np.frombuffer(weights.bytes, "<f2")[start : start + size].reshape(4, 3, 4)
        start += size
    order, _ = by_share(model)
    np.testing.assert_allclose(packed, own[order].numpy(), rtol=1e-3)
    with pytest.raises(
        ValueError, match=r"directions must have shape \(4, 3, 4\), 3 for each category, not \(4, 2, 4\)"
    ):
        DecoderWeights.of(model, (2, 3), directions=own[:, :2])


def test_closed_weights_are_not_used_again():
    model = small(categories=4)
    weights = DecoderWeights.of(model, (2, 3))
    weights.close()
    assert DecoderWeights.of(model, (2, 3)) is not weights


def test_every_weight_of_the_decoder_is_packed():
    model = small(categories=4)
    sizes = dict(DecoderWeights.of(model, (2, 3)).layout)
    decoder = sum(size for name, size in sizes.items() if name[0].isdigit())
    assert decoder == sum(parameter.numel() for parameter in model.likelihood.parameters())


@pytest.mark.parametrize(("name", "count"), [("vae", 1), ("mog", 3), ("indqp", 4)])
def test_models_without_shares(name, count):
    model = build(name, features=9, latent_size=4, hidden=5, **({} if name == "vae" else {"categories": count}))
    weights = DecoderWeights.of(model)
    assert (weights.categories, weights.shares, weights.shape) == (list(range(count)), [], [3, 3])
    assert ("0.category" in dict(weights.layout)) == (name == "indqp")


def test_equal_shares_keep_the_order_of_the_categories():
    model = small(categories=4)
    model.aggregated_posterior.fill_(0.25)
    assert by_share(model)[0].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("shape", [None, (2, 2)])
def test_a_shape_must_hold_the_pixels(shape):
    with pytest.raises(ValueError, match="an image has 6 pixels"):
        DecoderWeights.of(small(categories=4), shape)


def test_another_likelihood_is_refused():
    with pytest.raises(ValueError, match="binary images; this likelihood is SphericalGaussian"):
        DecoderWeights.of(small(categories=4, likelihood="gaussian"), (2, 3))


def test_two_levels_are_refused():
    with pytest.raises(ValueError, match="one code z"):
        DecoderWeights.of(build("hvae", features=4, latent_size=4, hidden=5))


def test_codes_with_fewer_dimensions_than_sliders_are_refused():
    with pytest.raises(ValueError, match="3 sliders for a code, and this model's has 2 dimensions"):
        DecoderWeights.of(build("cp", features=4, categories=2, latent_size=2, hidden=5))


def test_a_weight_that_float16_cannot_hold_is_refused():
    model = small(categories=4)
    with torch.no_grad():
        model.likelihood.net.layers[1].affine.weights[0][0, 0] = 1e5
    with pytest.raises(ValueError, match=r"1\.weight of the decoder reaches .*, too much for float16"):
        DecoderWeights.of(model, (2, 3))


def test_models_of_one_layout_with_other_weights_are_packed_apart():
    first, second = (DecoderWeights.of(small("vae", seed=seed), (2, 3)) for seed in (0, 1))
    assert first is not second and first.bytes != second.bytes


def test_a_shape_is_height_and_width():
    assert DecoderWeights.of(small(categories=4), (2, 3)).shape == [2, 3]


@pytest.mark.parametrize("shape", [6, (1, 2, 3), None])
def test_a_shape_is_two_numbers(shape):
    with pytest.raises(ValueError, match=r"an image has 6 pixels|shape must be \(height, width\), not "):
        DecoderWeights.of(small(categories=4), shape)


@pytest.mark.parametrize("shape", [(-2, -3), (2.0, 3.0)])
def test_sides_are_whole_numbers(shape):
    with pytest.raises((TypeError, ValueError), match="height must be"):
        DecoderWeights.of(small(categories=4), shape)


def test_weights_that_were_changed_are_packed_again():
    model = small(categories=4)
    changed = DecoderWeights.of(model, (2, 3))
    changed.bytes = b"xx"
    assert DecoderWeights.of(model, (2, 3)).bytes != b"xx"
