"""Category usage and agreement with labels, against counting by hand and against scikit-learn."""

import math
from itertools import combinations

import numpy as np
import pytest
import torch
from sklearn.metrics import adjusted_rand_score, mutual_info_score

from cpvae_lite.metrics import (
    active_units,
    categories_above_average,
    effective_categories,
    first_categories,
    label_agreement,
    label_overlap,
    label_posteriors,
    label_shares,
    shared_by_chance,
    shared_categories,
    used_categories,
)


@pytest.fixture
def clustering():
    """Responsibilities and labels of 300 training and 200 test images: 9 categories, 4 labels, noisy."""

    def draw(count):
        labels = torch.randint(4, (count,))
        logits = 2 * torch.randn(count, 9)
        logits[torch.arange(count), 2 * labels + torch.randint(2, (count,))] += 4
        return logits.softmax(1), labels

    return draw(200), draw(300)


def entropy(names):
    share = np.unique(names, return_counts=True)[1] / len(names)
    return -(share * np.log(share)).sum()


def test_used_categories_counts_those_above_one_in_k():
    assert used_categories(torch.tensor([0.26, 0.24, 0.25, 0.25])) == 1
    assert used_categories(torch.tensor([0.5, 0.5, 0.0, 0.0])) == 2
    assert used_categories(torch.tensor([1.0, 0.0, 0.0])) == 1
    q = torch.rand(150).softmax(0)
    assert used_categories(q) == sum(1 for share in q.tolist() if share > 1 / 150)


def test_categories_above_average_are_those_above_one_in_k_in_falling_order():
    q = torch.rand(150).softmax(0)
    found = categories_above_average(q)
    assert sorted(found) == [k for k, share in enumerate(q.tolist()) if share > 1 / 150]
    assert q[found].tolist() == sorted(q[found].tolist(), reverse=True)
    for equal in (1 / 4, (1 + 5e-7) / 4):
        assert categories_above_average(torch.full((4,), equal)) == []
    assert categories_above_average(torch.tensor([1 / 41] * 40 + [0.0] * 60)) == list(range(40))


@pytest.mark.parametrize("q", [[float("nan"), 0.5], [[0.5, 0.5], [0.5, 0.5]]])
def test_categories_above_average_of_an_untrained_model_are_refused(q):
    with pytest.raises(ValueError, match=r"q\(c\) must be finite numbers, one for each category; train the model"):
        categories_above_average(torch.tensor(q))


def test_label_shares_add_up_the_mass_of_each_label(clustering):
    (responsibilities, labels), _ = clustering
    found = label_shares(responsibilities, labels)
    expected = np.zeros((9, 4))
    for row, label in zip(responsibilities.numpy(), labels.tolist(), strict=True):
        expected[:, label] += row
    assert np.allclose(found.numpy(), expected, rtol=1e-5)


def test_agreement_is_that_of_scikit_learn_and_of_counting(clustering):
    (responsibilities, labels), (train, train_labels) = clustering
    found = label_agreement(responsibilities, labels, train, train_labels)
    assigned, names = responsibilities.argmax(1).numpy(), labels.numpy()
    mean_entropy = (entropy(assigned) + entropy(names)) / 2
    assert found["nmi"] == pytest.approx(mutual_info_score(names, assigned) / mean_entropy)
    assert found["ari"] == pytest.approx(adjusted_rand_score(names, assigned))

    def majority(k):
        mass = [train[train_labels == label, k].sum().item() for label in range(4)]
        return mass.index(max(mass))

    right = [majority(k) == label for k, label in zip(assigned, names, strict=True)]
    assert found["accuracy"] == pytest.approx(sum(right) / len(right))
    counts = [np.bincount(names[assigned == k]).max() for k in set(assigned.tolist())]
    assert found["purity"] == pytest.approx(sum(counts) / len(names)) and found["purity"] >= found["accuracy"]
    assert 0.25 < found["accuracy"] < 1 and 0 < found["ari"] < 1


def test_majority_label_weighs_responsibilities():
    """Three images that lean away from the category outweigh, together, one that is in it for certain."""
    train, labels = torch.tensor([[1.0, 0.0], *[[0.45, 0.55]] * 3]), torch.tensor([0, 1, 1, 1])
    image = torch.tensor([[0.9, 0.1]])
    assert label_agreement(image, torch.tensor([1]), train, labels)["accuracy"] == 1.0
    assert label_agreement(image, torch.tensor([0]), train, labels)["accuracy"] == 0.0


def test_names_of_categories_do_not_matter(clustering):
    (responsibilities, labels), (train, train_labels) = clustering
    order = torch.randperm(9)
    found = label_agreement(responsibilities, labels, train, train_labels)
    renamed = label_agreement(responsibilities[:, order], labels, train[:, order], train_labels)
    assert renamed == pytest.approx(found)


def test_clustering_by_label_is_perfect_and_by_chance_is_worthless():
    labels = torch.arange(4).repeat(500)
    perfect = torch.eye(4)[labels][:, torch.tensor([2, 0, 3, 1])]
    assert set(label_agreement(perfect, labels, perfect, labels).values()) == {1.0}
    chance = torch.eye(4)[torch.randint(4, (2000,))]
    found = label_agreement(chance, labels, chance, labels)
    assert found["nmi"] < 0.02 and abs(found["ari"]) < 0.02 and found["accuracy"] < 0.32


def test_label_unseen_in_training_cannot_be_right():
    certain = torch.eye(3)[[0, 1, 2]]
    found = label_agreement(certain, torch.tensor([0, 1, 5]), certain, torch.tensor([0, 1, 1]))
    assert found["accuracy"] == pytest.approx(2 / 3)


def test_agreement_is_plain_numbers(clustering):
    (responsibilities, labels), (train, train_labels) = clustering
    assert {type(value) for value in label_agreement(responsibilities, labels, train, train_labels).values()} == {float}


@pytest.mark.parametrize(("shares", "count"), [([1.0, 0.0, 0.0], 1), ([0.25] * 4, 4), ([0.5, 0.5, 0.0], 2)])
def test_effective_categories_count_equal_shares(shares, count):
    assert effective_categories(torch.tensor(shares)) == pytest.approx(count)


def test_unequal_shares_count_less():
    assert 1 < effective_categories(torch.tensor([0.9, 0.1])) < 2


def test_posteriors_of_labels_average_over_their_images(clustering):
    (responsibilities, labels), _ = clustering
    found = label_posteriors(responsibilities, labels)
    for label in range(4):
        assert torch.allclose(found[label], responsibilities[labels == label].mean(0), atol=1e-6)
    shares = torch.bincount(labels) / len(labels)
    assert torch.allclose(shares @ found, responsibilities.mean(0), atol=1e-6)  # Eq. 18, label by label


def test_a_label_without_images_has_no_posterior():
    assert label_posteriors(torch.eye(2), torch.tensor([0, 2]))[1].isnan().all()


def test_first_categories_are_the_greatest_in_order():
    posteriors = torch.tensor([[0.1, 0.2, 0.3, 0.4], [0.25, 0.25, 0.5, 0.0]])
    assert first_categories(posteriors, 3) == [[3, 2, 1], [2, 0, 1]]
    assert first_categories(posteriors, 9) == [[3, 2, 1, 0], [2, 0, 1, 3]]


def test_shared_categories_stand_under_several_labels():
    assert shared_categories([[5, 1], [1, 5], [7, 1], [3, 3]]) == [1, 5]
    assert shared_categories([[1, 2], [3, 4]]) == []


def test_lists_drawn_by_chance_share_as_many_as_expected():
    generator = torch.Generator().manual_seed(0)
    draws = [
        len(shared_categories([torch.randperm(12, generator=generator)[:3].tolist() for _ in range(4)]))
        for _ in range(2000)
    ]
    assert shared_by_chance(4, 12, 3) == pytest.approx(sum(draws) / len(draws), abs=0.1)
    assert shared_by_chance(4, 3, 5) == 3


def test_labels_overlap_by_what_they_have_in_common():
    alike, apart = torch.full((3, 4), 0.25), torch.eye(3, 4)
    assert label_overlap(alike) == 1 and label_overlap(apart) == 0
    assert label_overlap(torch.tensor([[0.7, 0.3], [0.4, 0.6], [0.7, 0.3]])) == pytest.approx((0.7 + 0.7 + 1) / 3)


def test_a_label_without_images_uses_no_category_and_overlaps_with_none():
    posteriors = torch.tensor([[0.7, 0.3], [torch.nan, torch.nan], [0.4, 0.6]])
    assert first_categories(posteriors, 1) == [[0], [], [1]]
    assert label_overlap(posteriors) == pytest.approx(0.7)
    assert math.isnan(label_overlap(posteriors[:2]))


def test_a_unit_is_active_if_its_mean_varies():
    means = torch.randn(4000, 3) * torch.tensor([1.0, 0.2, 0.05])
    assert active_units(means) == 2  # variances 1, 0.04 and 0.0025
    assert active_units(means + 100) == 2
    assert active_units(means, threshold=0.1) == 1


def test_overlap_is_the_mean_over_pairs_of_labels():
    posteriors = torch.rand(7, 30).double()
    posteriors[3] = torch.nan  # a label without images
    present = [row for row in posteriors if not row.isnan().any()]
    pairs = [torch.minimum(a, b).sum().item() for a, b in combinations(present, 2)]
    assert label_overlap(posteriors) == pytest.approx(sum(pairs) / len(pairs))
    assert math.isnan(label_overlap(posteriors[:1]))
