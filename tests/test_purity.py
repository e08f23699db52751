"""Generation purity, against categories that emit known images, counting by hand and the measure of section 6.1."""

import json
import math
from collections import Counter

import numpy as np
import pytest
import torch
from sklearn.metrics import mutual_info_score
from torch import nn

import cpvae_lite.purity
from cpvae_lite import Dataset, LatentVariableModel, build, load_dataset
from cpvae_lite.classifier import accuracy, load_classifier, logits_of
from cpvae_lite.conditionals import Bernoulli, Categorical, Gaussian, Uniform
from cpvae_lite.data import binarise
from cpvae_lite.latents import Latent
from cpvae_lite.priors import MixtureOfGaussians
from cpvae_lite.purity import Purity, generation_purity, reference_purity
from cpvae_lite.study.results import Results

LABELS = 4
ONE_HOT = torch.eye(LABELS)  # the image of label l has ink in pixel l alone


class Reads(nn.Module):
    """A classifier of images that are one-hot vectors: the image is its logits."""

    def forward(self, x):
        return x


class Emits:
    """A model whose category k emits images[k], in turn, and starts again at the end."""

    features = LABELS

    def __init__(self, images, shares):
        self.images, self.aggregated_posterior = images, torch.tensor(shares)
        self.shares = self.aggregated_posterior
        self.emitted = Counter()

    def require_choices(self, purpose):
        return len(self.images)

    def sample(self, n, *, category, noise):
        assert noise and len(category) == n, "purity is about draws, not about means"
        return torch.stack([self._next(k) for k in category.tolist()])

    def _next(self, k):
        self.emitted[k] += 1
        return self.images[k][(self.emitted[k] - 1) % len(self.images[k])]


def emits(*labels, shares):
    return Emits([ONE_HOT[each] for each in labels], shares)


def reads():
    return Reads().eval()


def by_hand(model, labels_of, choices, draws, weights):
    """The table, the purity and the entropy, one category at a time."""
    table, purity, entropy = [], 0.0, 0.0
    for k in range(choices):
        images = model.sample(draws, category=torch.full((draws,), k), noise=True)
        counts = Counter(labels_of(images))
        shares = [count / draws for count in counts.values()]
        purity += weights[k] * max(shares)
        entropy -= weights[k] * sum(share * math.log(share) for share in shares)
        table.append([counts[label] for label in range(LABELS)])
    return table, purity, entropy


# --- exact ---------------------------------------------------------------------------------------------


def test_categories_can_be_counted_alike_or_by_what_they_draw():
    counts = torch.tensor([[8, 2, 0], [1, 9, 0], [0, 3, 7], [6, 0, 4]])
    found = Purity(counts, torch.tensor([0.4, 0.3, 0.2, 0.1]).double())
    assert found.purity == pytest.approx(0.4 * 0.8 + 0.3 * 0.9 + 0.2 * 0.7 + 0.1 * 0.6)
    assert found.alike().purity == pytest.approx((0.8 + 0.9 + 0.7 + 0.6) / 4)
    assert found.among([0]).purity == pytest.approx((0.4 * 0.8 + 0.1 * 0.6) / 0.5)
    assert found.among([2, 1]).counts.tolist() == counts[1:3].tolist()
    with pytest.raises(ValueError, match=r"no category draws a label of \[2\] most often"):
        Purity(counts[:2], found.weights[:2]).among([2])


def test_known_categories_give_the_exact_table_purity_and_entropy():
    model = emits([0], [1, 1, 1, 2], [3, 0], shares=[0.5, 0.25, 0.25])
    found = generation_purity(model, reads(), draws=8)
    assert found.counts.tolist() == [[8, 0, 0, 0], [0, 6, 2, 0], [4, 0, 0, 4]]
    assert found.shares.tolist() == [[1, 0, 0, 0], [0, 0.75, 0.25, 0], [0.5, 0, 0, 0.5]]
    assert found.top_shares.tolist() == [1, 0.75, 0.5]
    assert found.top_labels.tolist() == [0, 1, 0]
    assert found.purity == pytest.approx(0.5 + 0.25 * 0.75 + 0.25 * 0.5)
    of_second = -0.75 * math.log(0.75) - 0.25 * math.log(0.25)
    assert found.entropies.tolist() == pytest.approx([0, of_second, math.log(2)])
    assert found.entropy == pytest.approx(0.25 * of_second + 0.25 * math.log(2))


def test_chance_and_information_tell_categories_that_mean_something():
    means = generation_purity(emits([0], [1, 2], [3, 3, 3, 0], shares=[0.5, 0.25, 0.25]), reads(), draws=8)
    overall = [0.5 + 0.25 / 4, 0.125, 0.125, 0.1875]
    assert means.overall.tolist() == pytest.approx(overall)
    assert 0.5625 < means.chance < means.purity - 0.15
    joint = np.array([[8, 0, 0, 0], [0, 2, 2, 0], [1, 0, 0, 3]])  # sixteenths
    assert means.information == pytest.approx(mutual_info_score(None, None, contingency=joint))
    nothing = generation_purity(emits([0, 0, 0, 1], [0, 1, 0, 0], shares=[0.5, 0.5]), reads(), draws=8)
    assert nothing.purity == 0.75 < nothing.chance and nothing.information == pytest.approx(0)


def test_weights_are_respected():
    labels = [0], [1, 2], [0, 1, 2, 3]
    for weights, purity in [([1, 0, 0], 1), ([0, 2, 0], 0.5), ([0, 1, 3], 0.25 * 0.5 + 0.75 * 0.25)]:
        model = emits(*labels, shares=[0.2, 0.3, 0.5])
        found = generation_purity(model, reads(), draws=12, weights=torch.tensor(weights))
        assert found.purity == pytest.approx(purity)
        assert found.weights.sum().item() == pytest.approx(1)


def test_a_category_of_no_weight_counts_nothing_and_breaks_nothing():
    found = generation_purity(emits([2], [0, 1], shares=[1.0, 0.0]), reads(), draws=4)
    assert found.purity == 1 and found.entropy == 0 and found.standard_error == 0
    assert found.counts.tolist() == [[0, 0, 4, 0], [2, 2, 0, 0]]
    assert "NaN" not in json.dumps(found.asdict())


def test_blocks_lose_no_category(monkeypatch):
    labels, shares = ([0], [1, 1, 2], [3, 2, 1, 0], [1]), [0.1, 0.2, 0.3, 0.4]
    whole = generation_purity(emits(*labels, shares=shares), reads(), draws=12)
    monkeypatch.setattr(cpvae_lite.purity, "BLOCK", 7)  # borders within categories
    parts = generation_purity(emits(*labels, shares=shares), reads(), draws=12)
    assert torch.equal(whole.counts, parts.counts)


def test_labels_given_at_random_are_impure():
    pure = torch.arange(LABELS).repeat_interleave(500)
    mixed = pure[torch.randperm(len(pure))].view(LABELS, 500)
    shares = [1 / LABELS] * LABELS
    assert generation_purity(emits(*pure.view(LABELS, 500), shares=shares), reads(), draws=500).purity == 1
    found = generation_purity(emits(*mixed, shares=shares), reads(), draws=500)
    assert 0.25 < found.purity < 0.32 and found.entropy > 0.99 * math.log(LABELS)


# --- models --------------------------------------------------------------------------------------------


class Shows(nn.Module):
    """Logits of one-hot images, by the index of a label or by the nearest corner of z."""

    def forward(self, given):
        nearest = given.argmax(-1) if given.is_floating_point() else given
        return 200 * torch.eye(LABELS)[nearest % LABELS] - 100


def mixture(means, log_variance=-20.0):
    prior = MixtureOfGaussians(len(means), LABELS, spread=1.0)
    with torch.no_grad():
        prior.mean.copy_(torch.tensor(means))
        prior.log_variance.fill_(log_variance)
    latent = Latent("z", prior, Gaussian(nn.Linear(3, 2 * LABELS), "h"))
    return LatentVariableModel(nn.Linear(LABELS, 3), [latent], Bernoulli(Shows(), "z"), features=LABELS)


def test_categories_of_a_model_made_by_hand_are_pure():
    latent = Latent("c", Uniform(6), Categorical(nn.Linear(3, 6), "h"), publishes="pi")
    model = LatentVariableModel(nn.Linear(LABELS, 3), [latent], Bernoulli(Shows(), "c"), features=LABELS, categories=6)
    model.aggregated_posterior.copy_(torch.tensor([0.5, 0.1, 0.1, 0.1, 0.1, 0.1]))
    found = generation_purity(model, reads(), draws=5)
    assert found.top_labels.tolist() == [0, 1, 2, 3, 0, 1]
    assert found.purity == 1 and found.entropy == 0
    assert torch.allclose(found.weights.float(), model.aggregated_posterior)


def test_components_of_a_mixture_count_alike():
    model = mixture([[5.0, 0, 0, 0], [0, 0, 5.0, 0], [0, 5.0, 0, 5.0]])
    found = generation_purity(model, reads(), draws=1000)
    assert found.weights.tolist() == pytest.approx([1 / 3] * 3)
    assert found.top_labels[:2].tolist() == [0, 2] and found.top_shares[:2].tolist() == [1, 1]
    assert found.counts[2, [0, 2]].tolist() == [0, 0]
    assert found.top_shares[2].item() == pytest.approx(0.5, abs=0.05)  # a tie that noise breaks
    assert found.purity == pytest.approx((2 + 0.5) / 3, abs=0.02)


def test_shares_are_the_probabilities_of_the_labels(agree):
    """A component in the middle of the corners, and one half-way to the first: the label is that of the largest."""
    z = torch.randn(100_000, LABELS) + torch.tensor([1.0, 0, 0, 0])
    largest = ONE_HOT[z.argmax(1)].double()
    found = generation_purity(mixture([[0.0] * 4, [1.0, 0, 0, 0]], log_variance=0.0), reads(), draws=20_000)
    agree(ONE_HOT[torch.randint(LABELS, (20_000,))].double(), found.shares[0], slack=0.012)
    agree(largest, found.shares[1], slack=0.012)
    assert found.shares[1, 0] > 0.5


@pytest.mark.parametrize("name", ["cp", "indq", "indp", "indqp", "mog", "vamp", "hvamp"])
def test_every_model_with_choices_is_judged(name, tiny):
    model = tiny(name, features=LABELS)
    weights = torch.tensor([0.2, 0.3, 0.5])
    found = generation_purity(model, reads(), draws=2000, weights=weights)
    torch.manual_seed(3)
    table, purity, entropy = by_hand(model, lambda images: images.argmax(1).tolist(), 3, 2000, weights.tolist())
    assert torch.allclose(found.counts / 2000, torch.tensor(table) / 2000, atol=0.06)  # four standard errors
    assert found.purity == pytest.approx(purity, abs=0.06)
    assert found.entropy == pytest.approx(entropy, abs=0.06)


@pytest.mark.parametrize("label", ["cp-2", "indq-150", "mog-150", "vamp-2", "cp-150"])
def test_for_the_synthetic_mixture_it_is_the_stored_purity(label):
    class Side(nn.Module):
        def forward(self, x):
            return torch.cat([0.5 - x, x - 0.5], 1)

    results = Results("synthetic")
    stored = results.runs(label)[0]["measures"]["purity"]  # of 1,000 numbers a category
    found = generation_purity(results.model(label), Side().eval(), draws=1000)
    assert found.purity == pytest.approx(stored, abs=4 * math.sqrt(2) * found.standard_error + 0.003)


def test_draws_follow_from_the_seed_and_leave_the_global_state_alone():
    model = mixture([[0.0] * 4, [1.0, 0, 0, 0]], log_variance=0.0)
    before = torch.get_rng_state()
    first, again, other = (generation_purity(model, reads(), seed=seed).counts for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), before)


# --- real images ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def judged():
    return load_dataset("fashion-mnist", subset=True), load_classifier("fashion-mnist")


class Copies:
    """A model whose category k draws real images of group k, binarised anew."""

    def __init__(self, data, groups):
        self.rows = [data[groups == k] for k in range(int(groups.max()) + 1)]
        self.aggregated_posterior = self.shares = torch.bincount(groups) / len(groups)

    def require_choices(self, purpose):
        return len(self.rows)

    def sample(self, n, *, category, noise):
        rows = [self.rows[k][torch.randint(len(self.rows[k]), ())] for k in category.tolist()]
        return binarise(torch.stack(rows))


def test_a_model_that_copies_the_labels_has_the_reference_purity(judged):
    dataset, classifier = judged
    reference = reference_purity(classifier, dataset)
    found = generation_purity(Copies(dataset.test.data, dataset.test.labels["item"]), classifier, draws=200)
    assert found.top_labels.tolist() == list(range(10))
    assert found.purity == pytest.approx(reference.purity, abs=4 * (found.standard_error + reference.standard_error))
    assert found.entropy == pytest.approx(reference.entropy, abs=0.08)


def test_a_model_that_copies_shuffled_labels_is_impure(judged):
    dataset, classifier = judged
    labels = dataset.test.labels["item"]
    shuffled = labels[torch.randperm(len(labels))]
    found = generation_purity(Copies(dataset.test.data, shuffled), classifier, draws=200)
    assert found.purity < 0.2 and found.entropy > 2.1


def test_an_untrained_model_looks_pure_but_no_purer_than_chance(judged):
    _, classifier = judged
    found = generation_purity(build("cp", features=784, categories=20), classifier, weights=torch.ones(20))
    assert found.purity > 0.8 and found.purity - found.chance < 0.01 and found.information < 0.05


def test_reference_is_the_accuracy_and_the_entropy_of_the_confusions(judged):
    dataset, classifier = judged
    found = reference_purity(classifier, dataset, "validation")
    assert found.purity == pytest.approx(accuracy(classifier, dataset, "validation"))
    named = logits_of(classifier, dataset.observed("validation")).argmax(1).tolist()
    labels = dataset.validation.labels["item"].tolist()
    pairs, sizes = Counter(zip(labels, named, strict=True)), Counter(labels)
    entropy = -sum(count * math.log(count / sizes[label]) for (label, _), count in pairs.items()) / len(labels)
    assert found.entropy == pytest.approx(entropy)
    assert all(found.counts[label, name] == count for (label, name), count in pairs.items())
    assert found.counts.sum() == len(labels)


def test_reference_is_well_defined_where_a_label_has_no_images():
    images = (255 * ONE_HOT[[0, 0, 2, 2, 3, 3]]).to(torch.uint8)
    data = Dataset.from_arrays(images, torch.tensor([0, 0, 2, 2, 3, 2]), validation=(images, None), test=(images, None))
    with pytest.raises(ValueError, match="one kind of label; these have none"):
        reference_purity(reads(), data)
    found = reference_purity(reads(), data, "train")
    assert found.counts.tolist() == [[2, 0, 0, 0], [0, 0, 0, 0], [0, 0, 2, 1], [0, 0, 0, 1]]
    assert found.weights.tolist() == pytest.approx([1 / 3, 0, 1 / 2, 1 / 6])
    assert found.purity == pytest.approx(5 / 6)


# --- chance --------------------------------------------------------------------------------------------


def of_chance(probabilities, draws, categories=4000):
    drawn = torch.from_numpy(np.random.default_rng(0).multinomial(draws, probabilities, categories))
    return Purity(drawn, torch.full((categories,), 1 / categories).double())


def test_few_draws_look_purer_than_they_are_by_as_much_as_the_docstring_says():
    few, many = (of_chance([0.1] * 10, draws) for draws in (100, 100_000))
    assert round(few.purity, 2) == 0.15 and round(many.purity, 2) == 0.1
    assert round(few.entropy, 2) == 2.26 and round(many.entropy, 2) == 2.3
    assert few.information == pytest.approx(0.045, abs=0.005) and round(many.information, 3) == 0
    assert of_chance([0.9, 0.05, 0.05], 100).purity == pytest.approx(0.9, abs=0.002)


def test_chance_of_many_labels_and_sizes_takes_fewer_drawings(monkeypatch):
    counts = torch.diag(torch.arange(41, 101))  # 60 labels, and categories of 60 sizes
    weights = torch.full((60,), 1 / 60).double()
    found = Purity(counts, weights).chance
    monkeypatch.setattr(cpvae_lite.purity, "MOST_COUNTS", 50 * counts.numel())
    assert Purity(counts, weights).chance == pytest.approx(found, abs=0.002) and Purity(counts, weights).chance != found


@pytest.mark.parametrize("draws", [1, 3, 100, 10_000])
def test_chance_is_what_categories_have_that_mean_nothing(draws):
    found = of_chance([0.15] * 4 + [0.1] * 4, draws, categories=200)
    assert found.chance == pytest.approx(found.purity, abs=0.05 / draws**0.5)


def test_chance_of_categories_with_different_numbers_of_images():
    few, many = ([5, 5], [500, 500])
    mixed = Purity(torch.tensor([few, many, few]), torch.tensor([0.25, 0.5, 0.25]).double())
    alone = [Purity(torch.tensor([counts]), torch.ones(1).double()).chance for counts in (few, many)]
    assert alone[0] > alone[1] + 0.1 and mixed.chance == pytest.approx(sum(alone) / 2, abs=0.005)


def test_chance_of_three_images_by_hand():  # all three alike in 9 of 27 cases, two of three else
    assert Purity(torch.tensor([[2, 1]]), torch.ones(1).double()).chance == pytest.approx(21 / 27, abs=0.005)


def test_a_category_without_images_has_no_part_in_chance():
    assert Purity(torch.zeros(2, 3, dtype=torch.int64), torch.tensor([0.5, 0.5]).double()).chance == 0
    empty = Purity(torch.tensor([[6, 4], [0, 0]]), torch.tensor([0.5, 0.5]).double())
    assert empty.chance == pytest.approx(Purity(torch.tensor([[6, 4]]), torch.ones(1).double()).chance / 2, abs=0.01)


def test_standard_error_is_the_deviation_between_repetitions():
    table = np.array([[0.8, 0.1, 0.1], [0.2, 0.1, 0.7]])
    weights = torch.tensor([0.7, 0.3]).double()
    drawn = torch.from_numpy(np.random.default_rng(1).multinomial(100, table, (3000, 2)))
    found = [Purity(counts, weights) for counts in drawn]
    deviation = torch.tensor([each.purity for each in found]).std().item()
    assert found[0].standard_error == pytest.approx(deviation, rel=0.2)
    assert sum(each.standard_error for each in found) / 3000 == pytest.approx(deviation, rel=0.05)


# --- as JSON, and what is refused ----------------------------------------------------------------------


def test_it_is_plain_numbers_that_json_can_hold():
    found = generation_purity(emits([0, 1, 2], [3], shares=[1 / 3, 2 / 3]), reads(), draws=3).asdict()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["purity"] == 0.7778 and found["entropy"] == 0.3662 and found["weights"] == [0.3333, 0.6667]
    assert found["chance"] == 0.7125 and found["information"] == 0.6365
    assert found["counts"] == [[1, 1, 1, 0], [0, 0, 0, 3]]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (torch.ones(3), r"shape \(2,\), one for each category, not \(3,\)"),
        (torch.ones(2, 1), r"shape \(2,\)"),
        (torch.tensor([1.0, -0.1]), "not negative"),
        (torch.tensor([1.0, torch.nan]), "finite"),
        (torch.tensor([1.0, torch.inf]), "finite"),
        (torch.zeros(2), "positive"),
    ],
)
def test_other_weights_are_refused(weights, message):
    with pytest.raises(ValueError, match=message):
        generation_purity(emits([0], [1], shares=[0.5, 0.5]), reads(), weights=weights)


@pytest.mark.parametrize("name", ["vae", "hvae"])
def test_a_model_without_choices_is_refused(name):
    with pytest.raises(ValueError, match="needs a model with categories, or a mixture"):
        generation_purity(build(name, features=LABELS, hidden=4), reads())


def test_an_untrained_model_needs_weights():
    model = build("cp", features=LABELS, categories=2, hidden=4)
    with pytest.raises(ValueError, match=r"no q\(c\) yet"):
        generation_purity(model, reads())
    assert generation_purity(model, reads(), weights=torch.ones(2)).weights.tolist() == [0.5, 0.5]


@pytest.mark.parametrize(("draws", "error"), [(0, ValueError), (1.5, TypeError)])
def test_draws_are_a_whole_number(draws, error):
    with pytest.raises(error, match="draws"):
        generation_purity(emits([0], shares=[1.0]), reads(), draws=draws)


def test_a_classifier_in_training_mode_is_refused():
    with pytest.raises(ValueError, match=r"eval\(\)"):
        generation_purity(emits([0], shares=[1.0]), Reads())
