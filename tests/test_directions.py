from dataclasses import astuple

import pytest
import torch
from torch import nn

import cpvae_lite.directions
from cpvae_lite import build
from cpvae_lite.directions import centres, prototypes


@pytest.fixture
def linear():
    """A CP-VAE in float64 whose decoder is x = sigmoid(W z), so that its Jacobian is known."""
    model = build("cp", features=6, categories=4, latent_size=3, hidden=5, prior_spread=1.0).double()
    weight = torch.randn(6, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))

    class Net(nn.Module):
        def forward(self, z, c):
            return z @ weight.T + 0 * c[..., None]

    model.likelihood.net = Net()
    with torch.no_grad():
        model.latents[1].prior.log_variance.normal_()
    return model, weight


def test_directions_are_singular_vectors_of_the_slope_in_standard_deviations(linear):
    model, weight = linear
    found = prototypes(model, count=3)
    for k in range(4):
        y = (found.mean[k] @ weight.T).sigmoid()
        slope = (y * (1 - y))[:, None] * weight * found.scale[k]
        _, change, vectors = torch.linalg.svd(slope)
        assert torch.allclose(found.change[k], change)
        assert torch.allclose((found.directions[k] * vectors).sum(-1).abs(), torch.ones(3, dtype=torch.float64))


def test_categories_are_taken_in_blocks(monkeypatch):
    model = build("cp", features=20, categories=5, latent_size=4, hidden=8).double()
    whole = prototypes(model)
    monkeypatch.setattr(cpvae_lite.directions, "BLOCK", 2)
    for one, other in zip(astuple(prototypes(model)), astuple(whole), strict=True):
        assert torch.allclose(one, other)


def test_a_small_step_moves_the_image_by_the_change_given():
    model = build("indq", features=20, categories=3, latent_size=4, hidden=8).double()
    found = prototypes(model)
    step = 1e-4
    for k in range(3):
        for direction, change in zip(found.directions[k], found.change[k], strict=True):
            z = found.mean[k] + torch.tensor([[step], [-step]]) * found.scale[k] * direction
            there, back = model.likelihood({"z": z, "c": torch.tensor([k, k])}).mean
            assert (there - back).norm().item() / (2 * step) == pytest.approx(change.item(), rel=1e-5)


def test_directions_are_unit_vectors_at_right_angles_whose_largest_entry_is_positive():
    directions = prototypes(build("cp", features=20, categories=3, latent_size=4, hidden=8).double()).directions
    identity = torch.eye(3, dtype=torch.float64).expand(3, 3, 3)
    assert torch.allclose(directions @ directions.mT, identity)
    largest = directions.gather(-1, directions.abs().argmax(-1, keepdim=True))
    assert (largest > 0).all()


@pytest.mark.parametrize("name", ["cp", "indq", "indp", "indqp", "mog", "vae"])
def test_centres_are_those_that_samples_scatter_around(name):
    settings = {} if name == "vae" else {"categories": 3}
    model = build(name, features=20, latent_size=4, hidden=8, **settings)
    mean, scale = centres(model)
    assert mean.shape == scale.shape == (model.choices or 1, 4)
    drawn = {}
    model.likelihood.register_forward_pre_hook(lambda _, inputs: drawn.update(inputs[0]))
    for k in range(len(mean)):
        model.sample(20_000, **({"category": k} if model.choices else {}))
        error = scale[k] / 20_000**0.5
        assert ((drawn["z"].mean(0) - mean[k]).abs() < 5 * error).all()
        assert torch.allclose(drawn["z"].std(0), scale[k], rtol=0.05)


def test_two_levels_of_codes_are_refused():
    with pytest.raises(ValueError, match="one code z; this one has z2, z1"):
        prototypes(build("hvae", features=20, latent_size=4, hidden=8))


def test_there_are_no_more_directions_than_dimensions():
    with pytest.raises(ValueError, match="z has 4 dimensions; count must be at most that, not 5"):
        prototypes(build("vae", features=20, latent_size=4, hidden=8), count=5)
