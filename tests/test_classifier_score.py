"""The score of samples, against classifiers whose answers are known, and the shipped ones on what is shipped."""

import math

import pytest
import torch
from torch import nn

from cpvae_lite import Dataset, load_dataset
from cpvae_lite.classifier import load_classifier
from cpvae_lite.classifier_score import ClassifierScore, classifier_score, reference_scores
from cpvae_lite.study.comparison import samples_table
from cpvae_lite.study.image_figures import stored_purity
from cpvae_lite.study.results import Results
from cpvae_lite.study.stored_runs import score_of_samples

SURE = 50.0  # of a logit: beyond it the others are nothing


class Reads(nn.Module):
    """A classifier of binary images with a pixel for each label: ink is certainty."""

    def forward(self, x):
        assert ((x == 0) | (x == 1)).all(), "the classifier judges binary images"
        return SURE * x


def score(images, **settings):
    return classifier_score(Reads().eval(), torch.tensor(images), **settings)


def test_one_image_of_each_label_scores_the_number_of_labels():
    found = score([[1.0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    assert found.variety == pytest.approx(4) and found.doubt == pytest.approx(1) and found.score == pytest.approx(4)


def test_images_of_one_label_have_no_variety():
    found = score([[1.0, 0, 0]] * 5)
    assert found.variety == pytest.approx(1) and found.score == pytest.approx(1)


def test_images_that_could_be_two_things_are_doubted():
    found = score([[1.0, 1, 0, 0], [0, 0, 1, 1]])
    assert found.doubt == pytest.approx(2) and found.variety == pytest.approx(4) and found.score == pytest.approx(2)


def test_doubt_is_a_geometric_mean_over_images():
    found = score([[1.0, 0, 0], [1, 1, 0], [1, 1, 1]])
    assert found.doubt == pytest.approx(6 ** (1 / 3))


def test_the_error_of_the_doubt_is_over_images_not_over_the_ways_to_see_them():
    one = torch.tensor([[1.0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 1]])  # entropies log 2, 0, log 2
    few, many = (classifier_score(Reads().eval(), one, repeats=repeats) for repeats in (1, 50))
    deviation = math.sqrt(((math.log(2) / 3) ** 2 * 2 + (2 * math.log(2) / 3) ** 2) / 2)
    assert few.doubt_error == pytest.approx(few.doubt * deviation / math.sqrt(3))
    assert many.doubt_error == pytest.approx(few.doubt_error)


def test_the_error_of_the_doubt_is_its_spread_between_sheets():
    odds = torch.rand(2000, 64, generator=torch.Generator().manual_seed(0)).double()
    sheets = [ClassifierScore(torch.stack([p, 1 - p], 1)[None]) for p in odds]
    spread = torch.tensor([sheet.doubt for sheet in sheets]).std().item()
    assert sum(sheet.doubt_error for sheet in sheets) / len(sheets) == pytest.approx(spread, rel=0.05)


@pytest.mark.parametrize(("torn", "more"), [(60, True), (46, True), (38, False), (4, False)])
def test_more_doubt_counts_from_two_standard_errors_on(torn, more):
    def sheet(count):
        means = torch.zeros(64, 2)
        means[:, 0] = means[:count, 1] = 1  # so many images could be two things
        return classifier_score(Reads().eval(), means, repeats=1)

    assert sheet(torn).doubted_more(sheet(30)) == more  # 38 of 64 are 1.4 standard errors from 30, 46 are 2.8


def test_variety_weighs_labels_by_their_frequency():
    found = score([[1.0, 0]] * 3 + [[0, 1]])
    assert math.log(found.variety) == pytest.approx(-0.75 * math.log(0.75) - 0.25 * math.log(0.25))


def test_a_score_is_at_least_one_whatever_the_classifier_says():
    for seed in range(20):
        logits = 3 * torch.randn(7, 5, generator=torch.Generator().manual_seed(seed))
        assert 1 <= ClassifierScore(logits.double().softmax(1)[None]).score <= 5


def test_grey_pixels_are_binarised_anew_every_time():
    found = score([[0.5, 1.0]], repeats=4000)  # every other time sure of the second label, else torn
    assert found.probabilities.shape == (4000, 1, 2)
    assert math.log(found.doubt) == pytest.approx(math.log(2) / 2, abs=0.03)
    assert found.variety == pytest.approx(score([[1.0, 0]] + [[0, 1]] * 3).variety, rel=0.02)  # ½ of ½ is a quarter


def test_the_seed_decides_and_the_global_state_stays():
    torch.manual_seed(3)
    after = torch.rand(2)
    torch.manual_seed(3)
    means = [[0.5] * 4] * 3
    one, same, other = (score(means, seed=seed).probabilities for seed in (1, 1, 2))
    assert torch.equal(one, same) and not torch.equal(one, other)
    assert torch.equal(torch.rand(2), after)


@pytest.mark.parametrize("means", [torch.zeros(0, 4), torch.zeros(4), torch.zeros(1, 2, 2)])
def test_the_score_needs_rows_of_images(means):
    with pytest.raises(ValueError, match="at least one"):
        classifier_score(Reads().eval(), means)


@pytest.mark.parametrize("value", [1.01, -0.01, 255.0, math.nan])
def test_grey_values_are_no_probabilities(value):
    with pytest.raises(ValueError, match="divide grey values by 255"):
        score([[0.5, value]])


@pytest.mark.parametrize(("repeats", "error"), [(0, ValueError), (1.5, TypeError)])
def test_each_image_is_judged_a_whole_number_of_times(repeats, error):
    with pytest.raises(error, match="repeats"):
        score([[0.5, 0.5]], repeats=repeats)


def test_a_classifier_in_training_mode_is_refused():
    with pytest.raises(ValueError, match="eval"):
        classifier_score(Reads().train(), torch.zeros(1, 4))


def test_real_images_are_taken_group_by_group_from_the_first():
    pixels = torch.zeros(10, 2, dtype=torch.uint8)
    pixels[:3, 0] = pixels[3:6, 1] = 255  # the second pixel from the fourth image on
    data = Dataset.from_arrays(torch.zeros(4, 2, dtype=torch.uint8), validation=0.25, test=pixels)
    first, second = reference_scores(Reads().eval(), data, images=3, groups=2)
    assert first.probabilities[..., 0].min() > 0.99 and second.probabilities[..., 1].min() > 0.99
    grey = Dataset.from_arrays(pixels[:4], validation=0.25, test=torch.full((3, 2), 128, dtype=torch.uint8))
    (found,) = reference_scores(Reads().eval(), grey, images=3, groups=1)
    assert found.probabilities.unique().numel() == 3, "grey pixels are binarised by chance: sure, torn or sure"
    (both,) = reference_scores(Reads().eval(), data, images=6, groups=1)
    assert both.score == pytest.approx(2)
    with pytest.raises(ValueError, match="4 groups of 3 need 12 images; the test split has 10"):
        reference_scores(Reads().eval(), data, images=3, groups=4)


@pytest.mark.parametrize("data", ["mnist", "fashion-mnist"])
def test_samples_of_models_that_learned_a_prior_are_as_clear_as_real_images(data):
    real = reference_scores(load_classifier(data), load_dataset(data, subset=True), groups=5)
    most = max(group.doubt for group in real)
    doubts = {name: score_of_samples(Results(data), f"{name}-150").doubt for name in ("cp", "indq", "indp", "indqp")}
    assert max(doubts["cp"], doubts["indq"]) < 1.1 * most < min(doubts["indp"], doubts["indqp"])


def test_the_table_has_a_row_for_each_run_and_one_of_real_images():
    results = Results("mnist")
    table = samples_table(results, load_dataset("mnist", subset=True))
    shown = {f"{name} {size}".strip() for name, size, *_ in table.rows}
    assert {"CP-VAE 150", "VAE", "HVAE", "test images"} <= shown
    of_vae = next(row for row in table.rows if row[0] == "VAE")
    found = score_of_samples(results, "vae")
    doubt = f"{found.doubt:.2f} ± {found.doubt_error:.2f}"
    assert of_vae[2:] == [f"{found.variety:.2f}", "–", doubt, f"{found.score:.2f}"]
    assert ["±" in entry for entry in table.rows[-1][2:]] == [True, False, True, True]
    of_mog = next(row for row in table.rows if row[:2] == ["MoG", "10"])
    assert of_mog[3] == f"{stored_purity(results.first('mog-10')).variety:.2f}"


def test_numbers_have_no_classifier():
    with pytest.raises(ValueError, match="no classifier for 'synthetic'"):
        score_of_samples(Results("synthetic"), "vae")
