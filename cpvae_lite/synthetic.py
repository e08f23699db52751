"""The mixture of section 6.1, ½ N(0.3, 0.05²) + ½ N(0.7, 0.05²), and how far generated numbers are from it.

Because the density is known, "recovers the structure" can be a number: a distance, a count of modes, and the share
of numbers that fall between the modes. The mean log-density of new data is the best that any model can reach.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.distributions as D
from torch import Tensor

from cpvae_lite._arguments import whole_number
from cpvae_lite.data import Dataset, Split

MIXTURE_MEANS, MIXTURE_SCALE = (0.3, 0.7), 0.05  # of the synthetic data; the components have equal weights
VALLEY = (0.4, 0.6)  # two standard deviations from both means
BANDWIDTH = 0.02  # of the smoothing before modes are counted: less than half a component's
PROMINENCE = 0.1  # of the highest peak: what stands out less is no mode, but chance or a ripple
STEP = 0.001
GRID = np.arange(-0.5, 1.5, STEP)  # what lies outside is far from all data


def synthetic_mixture(n: int = 50_000, *, seed: int = 0) -> Dataset:
    """The paper's toy of section 6.1: n numbers from ½ N(0.3, 0.05²) + ½ N(0.7, 0.05²).

    The paper prints N(0.3, 0.05); 0.05 must be the standard deviation, since as a variance the mixture
    would have a single mode. Validation and test data are n/5 further numbers each, and one at least.

    Args:
        n: how many numbers to train on.
        seed: of all draws.

    Raises:
        ValueError: if n is below 1 or the seed below 0.
        TypeError: if one of them is no whole number.

    Example:
        >>> synthetic_mixture(1000)
        synthetic (drawn with seed 0)
        train 1,000, validation 200, test 200, each of shape (1,)
    """
    n, seed = whole_number("n", n), whole_number("seed", seed, least=0)
    rng = np.random.default_rng(seed)

    def draw(count: int) -> Split:
        component = rng.integers(0, 2, count)
        values = rng.normal(np.array(MIXTURE_MEANS)[component], MIXTURE_SCALE).astype(np.float32)
        return Split(torch.from_numpy(values)[:, None], {"component": torch.from_numpy(component)})

    splits = [draw(count) for count in (n, max(1, n // 5), max(1, n // 5))]
    names = {"component": ("N(0.3, 0.05²)", "N(0.7, 0.05²)")}
    return Dataset("synthetic", *splits, (1,), f"drawn with seed {seed}", names)


def truth(scale: float = MIXTURE_SCALE) -> D.MixtureSameFamily:
    """The density of the data, on scalars; another `scale` shows what 0.05 would mean as a variance.

    Example:
        >>> round(truth().log_prob(torch.tensor(0.3)).item(), 3)  # nats
        1.384
    """
    return D.MixtureSameFamily(D.Categorical(torch.ones(2)), D.Normal(torch.tensor(MIXTURE_MEANS), torch.tensor(scale)))


def quantiles(count: int) -> np.ndarray:
    """The quantiles of the truth at the middles of `count` equal shares, (count,): an ideal sample.

    Example:
        >>> quantiles(4).round(2).tolist()  # the quartiles of each component
        [0.27, 0.33, 0.67, 0.73]
    """
    from scipy.stats import norm  # slow to import: only here

    cdf = norm.cdf(GRID[:, None], MIXTURE_MEANS, MIXTURE_SCALE).mean(1)
    return np.interp((np.arange(count) + 0.5) / count, cdf, GRID)


def modes(numbers: Tensor) -> list[float]:
    """Where the smoothed density of numbers (N,) has its modes.

    The numbers are smoothed by a Gaussian of standard deviation 0.02. A peak is a mode if it rises above the
    valley beside it by a tenth of the highest peak.

    Example:
        >>> torch.manual_seed(0)  # doctest: +ELLIPSIS
        <torch...
        >>> [round(place, 1) for place in modes(truth().sample((5000,)))]
        [0.3, 0.7]
        >>> len(modes(truth(scale=0.05**0.5).sample((5000,))))  # 0.05 as a variance
        1
    """
    from scipy.ndimage import gaussian_filter1d
    from scipy.signal import find_peaks

    inside = _finite(numbers).clip(GRID[0], GRID[-1])  # at an end there is no mode, but what lies there counts
    counts, edges = np.histogram(inside, bins=GRID)
    density = gaussian_filter1d(counts.astype(float), BANDWIDTH / STEP, mode="constant")
    peaks, _ = find_peaks(density, prominence=PROMINENCE * density.max())
    return (edges[peaks] + STEP / 2).tolist()


def distance(numbers: Tensor) -> float:
    """The Wasserstein-1 distance of numbers (N,) to the truth: how far they must move on average, in units of x.

    Example:
        >>> round(distance(torch.full((1000,), 0.5)), 2)  # all in the middle of the two means
        0.2
    """
    from scipy.stats import wasserstein_distance

    values = _finite(numbers)
    return float(wasserstein_distance(values, quantiles(len(values))))


def between(numbers: Tensor) -> float:
    """The share of numbers (N,) between the modes, from 0.4 to 0.6; of the truth it is 0.023.

    Example:
        >>> between(torch.tensor([0.3, 0.5, 0.7, 0.9]))
        0.25
    """
    values = _finite(numbers)
    return float(((values > VALLEY[0]) & (values < VALLEY[1])).mean())


def purity(numbers: Tensor, weights: Tensor) -> float:
    """How far a category is one mode: the share of its numbers that lie on its own side of 0.5.

    Args:
        numbers: (K, n), n numbers drawn from each category.
        weights: (K,), how much each category counts, such as q(c); they sum to one.

    Returns:
        The weighted mean of the share of the larger side: 1 if each category keeps to one mode, about 0.5 if each
        draws from both alike.

    Example:
        >>> purity(torch.tensor([[0.3, 0.31], [0.3, 0.7]]), torch.tensor([0.5, 0.5]))
        0.75
    """
    right = (numbers > sum(MIXTURE_MEANS) / 2).double().mean(1)
    return float((torch.maximum(right, 1 - right) * weights.to(right)).sum())


def compare(numbers: Tensor) -> dict[str, float]:
    """All three: "distance", "modes" (how many) and "between".

    Args:
        numbers: (N,), at least two of them, finite.

    Raises:
        ValueError: if they are fewer, of another shape, or not finite.

    Example:
        >>> {name: round(value, 2) for name, value in compare(torch.from_numpy(quantiles(1000))).items()}
        {'distance': 0.0, 'modes': 2, 'between': 0.02}
    """
    return {"distance": distance(numbers), "modes": len(modes(numbers)), "between": between(numbers)}


def _finite(numbers: Tensor) -> np.ndarray:
    if numbers.dim() != 1 or len(numbers) < 2:
        raise ValueError(f"needs at least two numbers in one dimension, not shape {tuple(numbers.shape)}")
    values = numbers.detach().cpu().double().numpy()
    if not np.isfinite(values).all():
        raise ValueError("the numbers hold NaN or infinity")
    return values
