"""Figures behind the sentences about images, on numbers made up for it."""

import pytest

from cpvae_lite.image_figures import (
    BOTH,
    DIGITS,
    PLAIN,
    Shown,
    by_data,
    mixed_above,
    most_of_an_alphabet,
    purity,
    purity_above,
    used,
)
from cpvae_lite.results import Results, Spread


def test_figures_of_the_categories_above_one_in_k():
    found = {
        "categories": 4,
        "generation": {"weights": [0.5, 0.3, 0.25, -0.05], "top_shares": [0.5, 0.9, 0.1, 0.1]},
    }
    assert purity_above(found) == pytest.approx((0.5 * 0.5 + 0.3 * 0.9) / 0.8)
    assert mixed_above(found) == 1


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
        "label_posteriors": {"digit": [[0.2, 0.8], [0.6, 0.4]]},
    }
    assert purity(found) == 0.3 and most_of_an_alphabet(found) == pytest.approx(0.8)


def test_a_figure_of_some_models_on_some_data_is_put_into_words():
    runs = Results(DIGITS)
    found = [runs.over_seeds(f"{name}-150", used).mean for name in ("indp", "cp")]
    assert by_data(Results, used, ["indp", "cp"], 1, (DIGITS,)) == "MNIST: INDp {:.1f}, CP-VAE {:.1f}".format(*found)
