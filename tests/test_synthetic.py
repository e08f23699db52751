"""The known mixture: its density, and what tells generated numbers from it."""

import numpy as np
import pytest
import torch
from scipy.stats import wasserstein_distance

from cpvae_lite import load_dataset
from cpvae_lite.synthetic import between, compare, distance, modes, purity, quantiles, truth


def numbers(count=20_000, **settings):
    torch.manual_seed(0)
    return truth(**settings).sample((count,))


def test_the_density_integrates_to_one_and_has_the_moments_of_the_two_components():
    x = torch.linspace(-1, 2, 30_001, dtype=torch.double)
    density = truth().log_prob(x).exp()
    assert torch.trapezoid(density, x).item() == pytest.approx(1, abs=1e-6)
    assert torch.trapezoid(density * x, x).item() == pytest.approx(0.5, abs=1e-6)
    assert torch.trapezoid(density * (x - 0.5) ** 2, x).item() == pytest.approx(0.05**2 + 0.2**2, abs=1e-6)


def test_the_data_set_is_drawn_from_it():
    data = load_dataset("synthetic").train.data[:, 0]
    assert distance(data) < 2e-3 and len(modes(data)) == 2
    found, exact = truth().log_prob(data).mean().item(), truth().log_prob(numbers(10**6)).mean().item()
    assert found == pytest.approx(exact, abs=0.02)


def test_quantiles_split_the_density_into_equal_shares():
    x = torch.from_numpy(quantiles(1000))
    share = torch.distributions.Normal(torch.tensor([0.3, 0.7], dtype=torch.double), 0.05).cdf(x[:, None]).mean(1)
    assert torch.allclose(share, (torch.arange(1000).double() + 0.5) / 1000, atol=1e-4)


def test_distance_is_how_far_numbers_were_shifted():
    ideal = torch.from_numpy(quantiles(5000))
    assert distance(ideal) == pytest.approx(0, abs=1e-6)
    assert distance(ideal + 0.03) == pytest.approx(0.03, abs=1e-6)
    assert distance(ideal.flip(0)) == pytest.approx(0, abs=1e-6)


def test_distance_agrees_with_that_between_two_samples():
    wide = numbers(scale=0.1)
    assert distance(wide) == pytest.approx(wasserstein_distance(wide, numbers(10**5)), abs=2e-3)


@pytest.mark.parametrize(
    ("places", "scale"), [([0.5], 0.05), ([0.3, 0.7], 0.05), ([0.2, 0.5, 0.8], 0.05), ([0.3, 0.7], 0.01)]
)
def test_modes_are_found_where_they_are(places, scale):
    rng = np.random.default_rng(0)
    drawn = torch.from_numpy(np.concatenate([rng.normal(place, scale, 5000) for place in places]))
    assert modes(drawn) == pytest.approx(places, abs=0.02)


def test_as_a_variance_the_mixture_has_one_mode():
    assert len(modes(numbers(scale=0.05**0.5))) == 1 and len(modes(numbers())) == 2


def test_a_small_bump_is_no_mode():
    main = numbers(20_000)
    bump = torch.normal(0.95, 0.02, (100,), generator=torch.Generator().manual_seed(0))
    assert len(modes(torch.cat([main, bump]))) == 2
    assert len(modes(torch.cat([main, bump.repeat(30)]))) == 3


def test_chance_makes_no_modes():
    for seed in range(20):
        torch.manual_seed(seed)
        assert len(modes(truth().sample((2000,)))) == 2


def test_between_counts_what_lies_two_deviations_from_both_means():
    assert between(numbers(200_000)) == pytest.approx(0.0228, abs=0.001)
    assert between(torch.full((10,), 0.5)) == 1
    assert between(torch.tensor([0.39, 0.61])) == 0


def test_purity_is_weighted_by_category():
    left, right, both = torch.full((100,), 0.3), torch.full((100,), 0.7), torch.tensor([0.3, 0.7]).repeat(50)
    each = torch.stack([left, right, both])
    assert purity(each, torch.tensor([0.5, 0.5, 0.0])) == 1
    assert purity(each, torch.tensor([0.0, 0.0, 1.0])) == 0.5
    assert purity(each, torch.tensor([0.25, 0.25, 0.5])) == 0.75


def test_compare_gives_all_three():
    found = compare(numbers())
    assert set(found) == {"distance", "modes", "between"} and found["modes"] == 2


@pytest.mark.parametrize(
    "wrong", [torch.tensor([1.0]), torch.zeros(5, 2), torch.tensor([0.3, float("nan")]), torch.tensor([0.3, torch.inf])]
)
def test_numbers_must_be_several_and_finite(wrong):
    with pytest.raises(ValueError, match=r"two numbers|NaN or infinity"):
        compare(wrong)
