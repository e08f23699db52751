"""Ways to draw c: frequencies, gradients and weights against the distribution that is drawn from."""

import math

import pytest
import torch
import torch.distributions as D
import torch.nn.functional as F

from cpvae_lite import Hard, Mode, Relaxed, Summed
from cpvae_lite.conditionals import diagonal_normal

PROBS = torch.tensor([[0.7, 0.2, 0.1], [0.0, 0.5, 0.5], [1 / 3, 1 / 3, 1 / 3]], dtype=torch.double)
N = 40_000


def many(probs):
    return D.Categorical(probs=probs.expand(N, *probs.shape))


def one_hot(c):
    return F.one_hot(c, 3).double()


def test_hard_draws_have_the_frequencies_of_the_posterior(agree):
    agree(one_hot(Hard()(many(PROBS))[0]), PROBS)


def test_many_hard_draws_have_the_frequencies_of_the_posterior(agree):
    c, weight = Hard(samples=N)(D.Categorical(probs=PROBS))
    assert weight is None
    agree(one_hot(c), PROBS)


def test_what_depends_on_many_draws_is_drawn_once_for_each():
    mean = 100.0 * torch.arange(15).view(5, 3, 1)
    z, _ = Hard(samples=5)(diagonal_normal(mean, torch.full((1,), -4.0)))
    assert z.shape == mean.shape
    assert torch.equal((z / 100).round() * 100, mean)


def test_draws_for_the_same_row_are_independent():
    c, _ = Hard(samples=N)(D.Categorical(probs=PROBS[2:]))
    first, second = one_hot(c[0::2, 0]), one_hot(c[1::2, 0])
    joint = first.T @ second / len(first)
    assert ((joint - 1 / 9).abs() < 4 * math.sqrt(8 / 81 / len(first))).all()


@pytest.mark.parametrize("draw", [Hard(), Relaxed(0.3), Summed()], ids=["hard", "relaxed", "summed"])
def test_gaussians_are_drawn_by_location_and_scale(agree, draw):
    mean = torch.tensor([1.0, -2.0], dtype=torch.double, requires_grad=True)
    log_variance = torch.tensor([0.5, -1.0], dtype=torch.double, requires_grad=True)
    z, weight = draw(diagonal_normal(mean.expand(N, 2), log_variance))
    assert weight is None
    agree(z.detach(), mean.detach())
    agree((z.detach() - mean.detach()) ** 2, log_variance.detach().exp())
    to_mean, to_log_variance = torch.autograd.grad(z.sum(), [mean, log_variance])
    assert torch.allclose(to_mean, torch.full_like(mean, N))
    assert torch.allclose(to_log_variance, 0.5 * (z - mean).sum(0))


@pytest.mark.parametrize("temperature", [0.05, 1.0, 5.0])
def test_largest_relaxed_entry_is_a_draw_of_the_category(agree, temperature):
    """The Gumbel-max property, at any temperature."""
    c, weight = Relaxed(temperature)(many(PROBS))
    assert weight is None
    assert torch.allclose(c.sum(-1), torch.ones(N, 3, dtype=torch.double))
    assert (c >= 0).all()
    agree(one_hot(c.argmax(-1)), PROBS)


@pytest.mark.parametrize("temperature", [0.3, 1.0])
def test_relaxed_draws_follow_the_concrete_distribution(agree, temperature):
    c, _ = Relaxed(temperature)(many(PROBS[::2]))
    torchs = D.RelaxedOneHotCategorical(torch.tensor(temperature), probs=PROBS[::2]).sample((N,))
    for power in (1, 2, 3):
        agree(c**power - torchs**power, 0)


def test_relaxed_draws_become_one_hot_as_the_temperature_falls():
    largest = [Relaxed(t)(many(PROBS))[0].max(-1).values.mean() for t in (2.0, 0.5, 0.1, 0.001)]
    assert largest == sorted(largest)
    assert largest[-1] > 0.998


def test_relaxed_temperature_may_be_a_tensor():
    torch.manual_seed(3)
    number, _ = Relaxed(0.5)(many(PROBS))
    torch.manual_seed(3)
    tensor, _ = Relaxed(torch.tensor(0.5))(many(PROBS))
    assert torch.allclose(number, tensor)


def test_gradients_pass_through_relaxed_but_not_through_hard_draws():
    logits = torch.randn(6, 3, requires_grad=True)
    relaxed, _ = Relaxed(1.0)(D.Categorical(logits=logits))
    (gradient,) = torch.autograd.grad(relaxed[:, 0].sum(), logits)
    assert gradient.all()
    assert not Hard()(D.Categorical(logits=logits))[0].requires_grad


def test_summed_lists_every_category_with_its_probability():
    c, weight = Summed()(D.Categorical(probs=PROBS))
    assert c.flatten().tolist() == [0, 1, 2] and c.shape == (3, 1)
    for k in range(3):
        assert torch.allclose(weight[k], PROBS[:, k])


def test_mode_is_the_most_probable_category_and_the_mean():
    assert Mode()(D.Categorical(probs=PROBS[:1]))[0].item() == 0
    mean = torch.randn(5, 2)
    value, weight = Mode()(diagonal_normal(mean, torch.ones(2)))
    assert torch.equal(value, mean) and weight is None
