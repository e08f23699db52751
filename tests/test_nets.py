"""Affine maps, gated layers and MLPs against the same written with one concatenated input."""

import math

import pytest
import torch
import torch.nn.functional as F

from cpvae_lite.nets import MLP, Affine, Gated


def rand(*shape):
    return torch.randn(*shape, dtype=torch.double)


def glorot_bound(fan_in, fan_out):
    return math.sqrt(6 / (fan_in + fan_out))


def assert_uniform(weight, bound):
    """All within ±bound, and with the mean and the variance of a uniform distribution that fills it."""
    assert weight.abs().max() <= bound
    assert weight.abs().max() > 0.99 * bound
    error = bound / math.sqrt(weight.numel())
    assert abs(weight.mean()) < 4 * error / math.sqrt(3)
    assert abs(weight.square().mean() - bound**2 / 3) < 4 * bound * error * math.sqrt(4 / 45)


def randomised(module):
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_()
    return module


def test_affine_is_one_product_with_the_concatenated_inputs():
    layer = randomised(Affine([3, 5, 2], 4).double())
    inputs = rand(7, 3), rand(7, 5), rand(7, 2)
    expected = torch.cat(inputs, 1) @ torch.cat(list(layer.weights), 1).T + layer.bias
    assert torch.allclose(layer(*inputs), expected)


@pytest.mark.parametrize("sizes", [[5], [5, 3], [3, 5]])
def test_integer_input_is_its_one_hot(sizes):
    layer = randomised(Affine(sizes, 4).double())
    c = torch.tensor([4, 0, 2, 2, 3, 1])
    dense = [F.one_hot(c, 5).double() if size == 5 else rand(6, size) for size in sizes]
    by_index = [c if size == 5 else value for size, value in zip(sizes, dense, strict=True)]
    assert torch.allclose(layer(*by_index), layer(*dense))


def test_integer_input_has_the_gradients_of_its_one_hot():
    layer = randomised(Affine([5], 4).double())
    c, seen = torch.tensor([4, 0, 2, 2]), rand(4, 4)
    by_index = torch.autograd.grad((layer(c) * seen).sum(), list(layer.parameters()))
    by_vector = torch.autograd.grad((layer(F.one_hot(c, 5).double()) * seen).sum(), list(layer.parameters()))
    assert all(torch.allclose(a, b) for a, b in zip(by_index, by_vector, strict=True))


@pytest.mark.parametrize("c_first", [True, False])
def test_all_categories_broadcast_against_all_rows(c_first):
    sizes = [5, 3] if c_first else [3, 5]
    layer = randomised(Affine(sizes, 4).double())
    h, every = rand(7, 3), torch.arange(5)[:, None]
    out = layer(*([every, h] if c_first else [h, every]))
    assert out.shape == (5, 7, 4)
    for k in range(5):
        for row in range(7):
            c = F.one_hot(torch.tensor(k), 5).double()
            one = layer(*([c, h[row]] if c_first else [h[row], c]))
            assert torch.allclose(out[k, row], one)


def test_samples_of_categories_and_codes_broadcast():
    layer = randomised(Affine([3, 5], 4).double())
    z, c = rand(6, 7, 3), torch.randint(5, (6, 7))
    expected = torch.cat([z, F.one_hot(c, 5)], -1) @ torch.cat(list(layer.weights), 1).T + layer.bias
    assert torch.allclose(layer(z, c), expected)


def test_affine_has_glorot_bounds_over_parents_together():
    layer = Affine([300, 60], 80)
    bound = glorot_bound(360, 80)
    for weight in layer.weights:
        assert_uniform(weight, bound)
    assert not layer.bias.any()


def test_each_half_of_a_gated_layer_has_glorot_bounds_of_its_own():
    layer = Gated([200, 50], 150)
    for weight in layer.affine.weights:
        for half in weight.chunk(2):
            assert_uniform(half, glorot_bound(250, 150))
    linear, gate = layer.affine.weights[0].chunk(2)
    correlation = torch.corrcoef(torch.stack([linear.flatten(), gate.flatten()]))[0, 1]
    assert abs(correlation) < 4 / math.sqrt(linear.numel())


def test_gated_layer_is_linear_part_times_sigmoid_of_gate():
    layer = randomised(Gated([3, 2], 4).double())
    inputs = rand(7, 3), rand(7, 2)
    weight, bias = torch.cat(list(layer.affine.weights), 1), layer.affine.bias
    both = torch.cat(inputs, 1)
    linear, gate = both @ weight[:4].T + bias[:4], both @ weight[4:].T + bias[4:]
    assert torch.allclose(layer(*inputs), linear / (1 + (-gate).exp()))


@pytest.mark.parametrize("hidden", [[], [6], [6, 5]])
def test_mlp_is_its_layers_in_turn(network, hidden):
    mlp = randomised(MLP([3, 4], hidden, 2).double())
    z, c = rand(7, 3), torch.randint(4, (7,))
    assert torch.allclose(mlp(z, c), network(mlp, z, F.one_hot(c, 4).double()))


def test_mlp_without_outputs_ends_in_a_gated_layer(network):
    mlp = randomised(MLP([3], [6, 5]).double())
    x = rand(7, 3)
    assert mlp(x).shape == (7, 5)
    assert torch.allclose(mlp(x), network(mlp, x))


def test_an_mlp_without_layers_is_refused():
    with pytest.raises(ValueError, match="needs a layer"):
        MLP([3], [])


def test_affine_gradients_match_finite_differences():
    layer = randomised(Affine([3, 5], 4).double())
    c = torch.randint(5, (6,))
    assert torch.autograd.gradcheck(lambda z: layer(z, c), rand(6, 3).requires_grad_())
