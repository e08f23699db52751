"""Figures behind the sentences about images, on numbers made up for it."""

from dataclasses import replace

import pytest
import torch

from cpvae_lite import Dataset, build
from cpvae_lite.figures import plots
from cpvae_lite.study.comparison import overlap, shared
from cpvae_lite.study.image_figures import (
    categories_of_labels,
    empty,
    mixed,
    most_of_an_alphabet,
    purity,
    stored_posteriors,
    used,
)
from cpvae_lite.study.measures import measure_images
from cpvae_lite.study.results import Results, Spread
from cpvae_lite.study.shown import BOTH, DIGITS, PLAIN, Shown
from cpvae_lite.study.wording import by_data


def test_a_category_is_mixed_if_no_kind_comes_in_more_than_half_of_the_cases():
    half, most, evenly, just = [50, 50, *[0] * 10], [90, 10, *[0] * 10], [10] * 2 + [8] * 10, [51, 49, *[0] * 10]
    assert mixed({"generation": {"counts": [half, most, evenly, just], "weights": [0.25] * 4}}) == 2


def test_a_category_is_empty_if_no_image_uses_it():
    assert empty({"images": 1000, "aggregated_posterior": [0.0, 0.00009, 0.00011, 0.9998]}) == 2


def test_a_label_without_test_images_is_left_out_of_every_figure():
    """Three labels, the second of which is in the training split alone."""
    labels = [0, 1, 2] * 20 + [0, 2] * 10
    data = Dataset.from_arrays(torch.arange(80 * 16).view(80, 16) % 256, labels)
    kept = torch.nonzero(data.test.labels["label"] != 1)[:, 0]
    data = replace(data, test=data.test[kept])
    model = build("cp", features=16, categories=3, hidden=8)
    found = measure_images(model, data, temperature=0.5, importance_samples=0, seed=0)
    posteriors = stored_posteriors(found)
    assert posteriors.isnan().any(1).tolist() == [False, True, False]
    assert len(categories_of_labels(found)) == 2 and 1 / 3 <= most_of_an_alphabet(found) <= 1
    assert overlap(found) == pytest.approx(torch.minimum(posteriors[0], posteriors[2]).sum().item())
    assert shared(found) == 3  # both labels list all three
    (image,) = plots.plot_label_posteriors(posteriors, ("a", "b", "c")).axes[0].images
    assert image.get_array().mask.all(1).tolist() == [False, True, False]


class Means(Shown):
    def __init__(self, **means):
        self._means = means

    def over_seeds(self, name, figure):
        return Spread.over([figure(self._means[name])])


@pytest.mark.parametrize(
    ("cp", "indq", "indp", "indqp", "pair", "twice"),
    [
        (1, 2, 3, 4, BOTH, False),
        (3, 4, 1, 2, PLAIN, False),
        (1, 3, 2, 4, None, False),
        (3, 1, 4, 2, None, False),
        (2, 4, 1, 3, None, False),
        (5, 6, 1, 2, PLAIN, True),
        (5, 3, 1, 2, PLAIN, False),
        (5, 6, 1, 3, PLAIN, False),
    ],
)
def test_pairs_are_compared_by_their_nearest_two(cp, indq, indp, indqp, pair, twice):
    shown = Means(cp=cp, indq=indq, indp=indp, indqp=indqp)
    assert shown.better_pair(float) == pair and shown.twice(float, BOTH, PLAIN) == twice


def test_figures_of_labels():
    found = {
        "labels": {"digit": {"nmi": 0.1, "ari": 0.2, "purity": 0.3, "accuracy": 0.4}},
        "label_posterior_1e5": {"digit": [[20_000, 80_000], [60_000, 40_000]]},
    }
    assert purity(found) == 0.3 and most_of_an_alphabet(found) == pytest.approx(0.8)


def test_a_figure_of_some_models_on_some_data_is_put_into_words():
    runs = Results(DIGITS)
    found = [runs.over_seeds(f"{name}-150", used).format(1) for name in ("indp", "cp")]
    assert by_data(Results, used, ["indp", "cp"], 1, (DIGITS,)) == "MNIST: INDp {}, CP-VAE {}".format(*found)
