"""The mixture of Gaussians as one matrix product, against torch's own mixture, component by component."""

import pytest
import torch
import torch.distributions as D
from torch.utils._python_dispatch import TorchDispatchMode

from cpvae_lite.mixtures import DiagonalMixture

N = 40_000


def rand(*shape):
    return torch.randn(*shape, dtype=torch.double)


def moments(components=7, size=4):
    """Means up to 10 or so and variances from exp(-5) to exp(5)."""
    return 4 * rand(components, size), 10 * torch.rand(components, size, dtype=torch.double) - 5


def by_torch(mean, log_variance):
    each = D.Independent(D.Normal(mean, (log_variance / 2).exp()), 1)
    return D.MixtureSameFamily(D.Categorical(torch.ones_like(mean[:, 0])), each)


class Largest(TorchDispatchMode):
    """Keeps the size of the largest tensor that any operation makes."""

    numel = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        for tensor in made if isinstance(made, tuple | list) else [made]:
            self.numel = max(self.numel, tensor.numel() if isinstance(tensor, torch.Tensor) else 0)
        return made


# --- the density --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("components", "size"), [(1, 1), (1, 4), (7, 1), (7, 4)])
@pytest.mark.parametrize("batch", [(), (6,), (5, 6)])
def test_density_is_that_of_torchs_mixture(components, size, batch):
    parts, z = moments(components, size), 4 * rand(*batch, size)
    found = DiagonalMixture(*parts).log_prob(z)
    assert found.shape == batch
    assert torch.allclose(found, by_torch(*parts).log_prob(z), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("offset", [0.0, 30.0, 1000.0])
def test_float32_density_keeps_its_digits_far_from_zero(offset):
    """The squares (z - μ)²/σ² add up to some hundreds: float32, seven digits, leaves an error below 2e-4."""
    mean, log_variance = offset + torch.randn(500, 40), 3 * torch.rand(500, 40) - 2
    chosen = torch.randint(500, (100,))
    z = mean[chosen] + (log_variance[chosen] / 2).exp() * torch.randn(100, 40)
    found = DiagonalMixture(mean, log_variance).log_prob(z)
    expected = by_torch(mean.double(), log_variance.double()).log_prob(z.double())
    assert found.dtype == torch.float32
    assert (found - expected).abs().max() < 2e-4


def test_gradients_are_those_of_torchs_mixture():
    parts, z = [part.requires_grad_() for part in moments()], rand(5, 6, 4).requires_grad_()
    seen = rand(5, 6)
    found, expected = (
        torch.autograd.grad((mixture.log_prob(z) * seen).sum(), [*parts, z])
        for mixture in (DiagonalMixture(*parts), by_torch(*parts))
    )
    for one, other in zip(found, expected, strict=True):
        assert one.any()
        assert torch.allclose(one, other, rtol=1e-9, atol=1e-9)


def test_responsibilities_are_bayes_rule():
    mean, log_variance = moments()
    z = 4 * rand(5, 6, 4)
    densities = [D.Normal(m, (v / 2).exp()).log_prob(z).sum(-1).exp() for m, v in zip(mean, log_variance, strict=True)]
    each = torch.stack(densities, -1)
    found = DiagonalMixture(mean, log_variance).responsibilities(z)
    assert torch.allclose(found, each / each.sum(-1, keepdim=True), rtol=1e-9, atol=1e-12)


def test_a_component_is_its_gaussian():
    mean, log_variance = moments()
    index = torch.tensor([[2, 0, 6], [2, 5, 1]])
    found = DiagonalMixture(mean, log_variance).component(index)
    assert found.batch_shape == (2, 3)
    assert torch.equal(found.mean, mean[index])
    assert torch.allclose(found.variance, log_variance[index].exp())


def test_mean_and_variance_are_those_of_torchs_mixture():
    parts = moments()
    for batch in ((), (3,), (5, 3)):
        found, expected = DiagonalMixture(*parts).expand(batch), by_torch(*parts).expand(batch)
        assert torch.allclose(found.mean, expected.mean) and found.mean.shape == (*batch, 4)
        assert torch.allclose(found.variance, expected.variance) and found.variance.shape == (*batch, 4)


# --- draws --------------------------------------------------------------------------------------------


def test_draws_have_the_moments_of_the_mixture(agree):
    parts = moments(5, 3)
    mixture, expected = DiagonalMixture(*parts), by_torch(*parts)
    z = mixture.sample((N,))
    agree(z, expected.mean)
    agree((z - expected.mean) ** 2, expected.variance)


def test_each_component_is_drawn_equally_often_with_its_own_moments(agree):
    mean, log_variance = torch.tensor([[-50.0, 0.0], [0.0, 50.0], [50.0, 0.0]]), torch.randn(3, 2)
    z = DiagonalMixture(mean, log_variance).sample((N,))
    nearest = torch.cdist(z, mean).argmin(1)
    agree(torch.nn.functional.one_hot(nearest, 3).double(), 1 / 3)
    for k in range(3):
        off = z[nearest == k] - mean[k]
        agree(off, 0)
        agree(off**2, log_variance[k].exp())
        agree(off.prod(1), 0)


def test_members_of_a_batch_are_alike_and_drawn_apart(agree):
    parts = moments(3, 2)
    mixture = DiagonalMixture(*parts).expand((5, 2))
    z = mixture.sample((N // 10,))
    assert z.shape == (N // 10, 5, 2, 2) and mixture.batch_shape == (5, 2)
    assert len(z.unique()) == z.numel()
    agree(z, by_torch(*parts).mean)
    each = (z - z.mean(0)).flatten(1, 2)[..., 0]
    agree(each[:, :-1] * each[:, 1:], 0)  # their components differ, too


def test_densities_broadcast_over_the_batch():
    parts = moments()
    mixture, z = DiagonalMixture(*parts).expand((5, 6)), rand(5, 6, 4)
    for value in (z, z[0], z[0, 0], rand(3, 5, 6, 4)):
        expected = by_torch(*parts).log_prob(value)
        found = mixture.log_prob(value)
        assert found.shape == torch.broadcast_shapes(expected.shape, (5, 6))
        assert torch.allclose(found, expected.expand(found.shape))


def test_draws_follow_from_the_random_state_and_carry_no_gradient():
    mixture = DiagonalMixture(*(part.requires_grad_() for part in moments()))
    torch.manual_seed(5)
    z = mixture.sample((3,))
    torch.manual_seed(5)
    assert torch.equal(z, mixture.sample((3,)))
    assert not z.requires_grad and not mixture.has_rsample and torch.is_grad_enabled()


# --- its cost -----------------------------------------------------------------------------------------


def test_no_tensor_has_an_entry_for_each_draw_component_and_dimension():
    draws, components, size = 90, 80, 30
    parts = [part.requires_grad_() for part in moments(components, size)]
    mixture, z = DiagonalMixture(*parts), rand(draws, size).requires_grad_()
    with Largest() as largest:
        mixture.log_prob(z).sum().backward()
        mixture.responsibilities(z)
        mixture.sample((draws,))
    assert draws * components <= largest.numel < 2 * draws * components
    with Largest() as largest:
        by_torch(*parts).log_prob(z)
    assert largest.numel >= draws * components * size  # or the count would prove nothing


def test_the_variance_keeps_its_digits_far_from_zero():
    mean, log_variance = 1000 + torch.randn(5, 3), torch.randn(5, 3)
    exact = DiagonalMixture(mean.double(), log_variance.double()).variance
    assert torch.allclose(DiagonalMixture(mean, log_variance).variance.double(), exact, rtol=1e-5)
