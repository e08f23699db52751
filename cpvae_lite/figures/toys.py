"""Interactive figures of three toys, which compute in the page: a mixture, a relaxed category, the best prior.

Each needs no kernel once it is shown. What they compute is in :mod:`cpvae_lite.figures.toy_terms`, in Python, and
once more in their scripts.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.distributions as D
from matplotlib.figure import Figure

from cpvae_lite._arguments import finite_number, whole_number
from cpvae_lite.figures import panels, toy_terms
from cpvae_lite.figures.toy_terms import TwoCategories
from cpvae_lite.figures.views import Interactive, View, ipywidgets, script, slider, tied
from cpvae_lite.figures.views import traitlets as t

PLACES = {"mixture": (-0.2, 1.2, 281), "aggregated": (-6.0, 6.0, 601)}  # of z, where densities are drawn


class MixtureView(View):
    """The drawing of :func:`mixture_view`; its traits are what the sliders move.

    Example:
        >>> view = MixtureView(weight=0.3)
        >>> view.weight, view.follows
        (0.3, False)
    """

    _esm = script("lines", "figures", "normal", "mixture")
    settings = t.Dict().tag(sync=True)
    mean_1, mean_2, deviation_1, deviation_2, weight = (t.Float().tag(sync=True) for _ in range(5))
    follows = t.Bool(False).tag(sync=True)


class GumbelView(View):
    """The drawing of :func:`gumbel_view`; its traits are what the sliders move.

    Example:
        >>> view = GumbelView(temperature=0.5)
        >>> view.temperature, view.draw
        (0.5, 1)
    """

    _esm = script("lines", "figures", "normal", "gumbel")
    settings = t.Dict().tag(sync=True)
    temperature = t.Float(1.0).tag(sync=True)
    draw = t.Int(1).tag(sync=True)


class AggregatedView(View):
    """The drawing of :func:`aggregated_view`; its traits are what the sliders move.

    Example:
        >>> view = AggregatedView(width=2.0)
        >>> view.width, view.prior_deviation
        (2.0, 1.0)
    """

    _esm = script("lines", "figures", "normal", "aggregated")
    settings = t.Dict().tag(sync=True)
    width, apart, prior_mean, prior_deviation = (t.Float(value).tag(sync=True) for value in (0.4, 1.0, 0.0, 1.0))


def mixture_view() -> Interactive:
    """The bound of a CP-VAE on the synthetic data, while its prior is moved by hand.

    Sliders set means, standard deviations and weights of p(z|c) and p(c); the decoder only adds noise to z. Densities
    and the terms of the bound, in nats, are those of :func:`~cpvae_lite.figures.toy_terms.mixture_terms`. The encoder
    is the true posterior of the start, or, with a check box, of the model in view.

    Example:
        >>> view = mixture_view()
        >>> [slider.description for slider in view.children[0].children][:2]
        ['mean of p(z|c₁)', 'mean of p(z|c₂)']
    """
    start = TwoCategories()
    settings = {
        "noise": start.noise,
        "start": {"means": start.means, "deviations": start.deviations, "weight": start.weight},
        "data": {"means": toy_terms.MIXTURE_MEANS, "deviation": toy_terms.MIXTURE_SCALE},
        "x": toy_terms.X,
        "z": PLACES["mixture"],
    }
    view = MixtureView(
        settings=settings, mean_1=start.means[0], mean_2=start.means[1], deviation_1=start.deviations[0],
        deviation_2=start.deviations[1], weight=start.weight,
    )  # fmt: skip
    mean, deviation = {"min": 0.0, "max": 1.0, "step": 0.01}, {"min": 0.01, "max": 0.2, "step": 0.01}
    controls = [
        slider("mean of p(z|c₁)", "mean_1", view, **mean),
        slider("mean of p(z|c₂)", "mean_2", view, **mean),
        slider("deviation of p(z|c₁)", "deviation_1", view, **deviation),
        slider("deviation of p(z|c₂)", "deviation_2", view, **deviation),
        slider("weight p(c₁)", "weight", view, min=0.01, max=0.99, step=0.01),
        tied(ipywidgets.Checkbox(description="posterior follows the prior", indent=False), "follows", view),
    ]
    caption = (
        "First: the density of the data, and of the model. Second: the prior of each category times its weight, and "
        "the aggregated posterior q(z). The decoder adds Gaussian noise of standard deviation 0.03 to z and is never "
        "changed. At the start the model is the truth, and the encoder its true posterior. If the box is not ticked, "
        "the encoder stays as it was. If it is, it becomes the true posterior of the model in view, and the bound "
        "rises to the mean of log p(x)."
    )
    return _interactive(view, controls, caption, _still_mixture(start))


def gumbel_view(
    probabilities: Sequence[float] = (0.4, 0.25, 0.2, 0.1, 0.05), *, draws: int = 400, seed: int = 0
) -> Interactive:
    """Relaxed draws of a category while their temperature is moved; the Gumbel numbers stay the same.

    Args:
        probabilities: π of two to nine categories.
        draws: how many.
        seed: of the Gumbel numbers.

    Raises:
        ValueError: if the probabilities are not positive, do not sum to one, or are too few or too many.

    Source: Jang, Gu and Poole (2017); Maddison, Mnih and Teh (2017).

    Example:
        >>> gumbel_view([0.5, 0.5], draws=100)  # doctest: +ELLIPSIS
        Interactive('First: one relaxed...')
    """
    if not 2 <= len(probabilities) <= 9:
        raise ValueError(f"{len(probabilities)} probabilities; the figure has room for two to nine")
    noise = gumbel_noise(whole_number("draws", draws), len(probabilities), seed=seed)
    start = toy_terms.relaxed_draws(probabilities, noise, temperature=1.0)
    view = GumbelView(settings={"probabilities": list(probabilities), "noise": noise.tolist()})
    exponents = {"min": -1.3, "max": 0.7, "step": 0.05}  # of ten: from 0.05 to 5, with 1 on the way
    log_slider = {"kind": ipywidgets.FloatLogSlider, "readout_format": ".2f", **exponents}
    controls = [
        slider("temperature τ", "temperature", view, **log_slider),
        slider("which draw", "draw", view, kind=ipywidgets.IntSlider, min=1, max=draws),
    ]
    caption = (
        "First: one relaxed draw, a point of the simplex. Second, for each category: its entry on average over all "
        "draws (full), how often it is the largest entry (half full), and its probability π (empty). Third: the "
        "largest entries of all draws; 1 is a corner of the simplex, a category and nothing else. The noise is drawn "
        "once, and the slider of the temperature changes nothing but τ."
    )
    return _interactive(view, controls, caption, _still_gumbel(list(probabilities), start))


def aggregated_view(means: Sequence[float] = (-2.2, -1.8, -1.5, 0.3, 0.9, 2.5)) -> Interactive:
    """The price of a code, and its parts, while posteriors and prior are moved.

    Sliders set the width of the posteriors, how far apart they are, and mean and standard deviation of the prior. The
    figures in nats are those of :func:`cpvae_lite.figures.toy_terms.surgery`.

    Args:
        means: of the posteriors of a few data points, from -4 to 4.

    Raises:
        ValueError: if there are no means, or if one lies outside.

    Source: Hoffman and Johnson (2016).

    Example:
        >>> aggregated_view([-1.0, 1.0])  # doctest: +ELLIPSIS
        Interactive('Thin lines: ...')
    """
    means = [finite_number("a mean", value, least=-4) for value in means]
    if not means or max(means) > 4:
        raise ValueError(f"means must be numbers from -4 to 4, at least one, not {means}: the figure ends there")
    grids = {"coarse": toy_terms.STEPS, "fine": toy_terms.FINE_STEPS, "z": PLACES["aggregated"]}
    view = AggregatedView(settings={"means": means, **grids})
    controls = [
        slider("width of posteriors", "width", view, min=0.1, max=2.0, step=0.05),
        slider("means, times", "apart", view, min=0.0, max=1.5, step=0.05),
        slider("mean of the prior", "prior_mean", view, min=-3.0, max=3.0, step=0.1),
        slider("deviation of the prior", "prior_deviation", view, min=0.2, max=4.0, step=0.1),
    ]
    caption = (
        "Thin lines: the posterior of each data point, divided by their number. Their sum is the aggregated posterior "
        "q(z). Shaded: holes, where q(z) is less than a tenth of the prior. The price of the code is information, "
        "which no prior can change, plus waste, which is 0 where the prior is q(z)."
    )
    return _interactive(view, controls, caption, _still_aggregated(means, view))


def gumbel_noise(draws: int, categories: int, *, seed: int) -> torch.Tensor:
    """Gumbel numbers with four decimals, (draws, categories) in float64; torch's global random state is left alone.

    Args:
        draws, categories: how many rows and columns.
        seed: of the numbers.

    Example:
        >>> noise = gumbel_noise(400, 5, seed=0)
        >>> noise.shape, torch.equal(noise, gumbel_noise(400, 5, seed=0))
        (torch.Size([400, 5]), True)
    """
    generator = torch.Generator().manual_seed(seed)
    exponential = torch.empty(draws, categories, dtype=torch.double).exponential_(generator=generator)
    return (-exponential.log()).round(decimals=4)


def _interactive(view: View, controls: list[ipywidgets.Widget], caption: str, still: tuple[Figure, str]) -> Interactive:
    rows = ipywidgets.Box(controls, layout={"flex_flow": "row wrap"})
    figure, alt = still
    return Interactive(rows, view, caption=caption, still=figure, alt=alt)


def _still_mixture(start: TwoCategories) -> tuple[Figure, str]:
    figure, (left, middle, right) = panels.row(3)
    x, _ = toy_terms.data_grid()
    densities = {"data": toy_terms.data_density().log_prob(x).exp(), "model p(x)": start.marginal.log_prob(x).exp()}
    panels.curves(left, x, densities, xlabel="x", ylabel="density")
    left.set_ylim(0, 6)  # room for the legend
    z = toy_terms.linspace(*PLACES["mixture"])
    first, second = (start.category.probs * start.prior.log_prob(z[:, None]).exp()).T
    lines = {"q(z)": start.aggregated(z), "p(c₁) p(z|c₁)": first, "p(c₂) p(z|c₂)": second}
    panels.curves(middle, z, lines, xlabel="z", ylabel="density")
    middle.set_ylim(0, 8)
    terms = toy_terms.mixture_terms(start)
    shown = {"reconstr.": "reconstruction", "KL of z": "kl_z", "KL of c": "kl_c", "bound": "bound", "best": "best"}
    panels.bars(right, {name: terms[key] for name, key in shown.items()}, ylabel="nats")
    right.tick_params(axis="x", labelsize=7)
    return figure, (
        "Left, the densities of data and model lie on each other, two bumps at 0.3 and 0.7. Middle, the prior of each "
        "category is one narrow bump, and the aggregated posterior lies on both. Right, bars of the terms in nats: the "
        "bound is as high as the best possible value."
    )


def _still_gumbel(probabilities: list[float], draws: torch.Tensor) -> tuple[Figure, str]:
    figure, (left, middle, right) = panels.row(3)
    names = [f"c{index}" for index in range(1, len(probabilities) + 1)]
    panels.bars(left, dict(zip(names, draws[0].tolist(), strict=True)), ylabel="draw 1")
    wins = draws.argmax(1).bincount(minlength=len(names)) / len(draws)
    groups = {"mean of the draws": draws.mean(0), "how often it is the largest": wins, "π": probabilities}
    panels.curves(middle, range(1, len(names) + 1), groups, xlabel="category", ylabel="over all draws")
    panels.histogram(right, draws.amax(1), bins=20, xlabel="largest entry")
    right.set_ylabel("density of draws")
    return figure, (
        "At temperature 1: left, bars of one relaxed draw. Middle, three lines over the categories: how often each is "
        "the largest entry follows its probability, the mean of the draws is flatter. Right, a histogram of the "
        "largest entries."
    )


def _still_aggregated(means: list[float], view: AggregatedView) -> tuple[Figure, str]:
    figure, (left, right) = panels.row(2, width=4.4)
    z, prior = toy_terms.linspace(*PLACES["aggregated"]), D.Normal(torch.tensor(0.0), torch.tensor(1.0))
    each = D.Normal(torch.tensor(means, dtype=torch.double)[:, None], view.width).log_prob(z).exp() / len(means)
    q, p = each.sum(0), prior.log_prob(z).exp()
    panels.curves(left, z, {"q(z)": q, "prior p(z)": p}, xlabel="z", ylabel="density")
    left.plot(z, each.T, color=panels.GREY, linewidth=0.8)
    left.fill_between(z, p, where=q < p / 10, color=panels.RED, alpha=0.25, linewidth=0)
    terms = toy_terms.surgery(means, view.width, prior)
    panels.bars(right, {name: terms[name] for name in ("price", "information", "waste")}, ylabel="nats")
    return figure, (
        "Left, Gaussian posteriors of a few data points, their average q(z), and the bell of the prior, shaded where "
        "q(z) is less than a tenth of it. Right, bars of the price and its two parts, information and waste, in nats."
    )
