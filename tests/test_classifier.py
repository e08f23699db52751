"""The classifier: what it learns from, what is shipped, and what it refuses to judge."""

import importlib.util
import math
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import cpvae_lite.classifier
from cpvae_lite import Dataset, load_dataset
from cpvae_lite._seeding import seeded
from cpvae_lite.classifier import (
    BATCH,
    SHIPPED,
    Classifier,
    accuracy,
    classifier_record,
    load_classifier,
    logits_of,
    read_classifier,
    save_classifier,
    train_classifier,
)
from cpvae_lite.data import Split
from cpvae_lite.datasets import LABEL_NAMES
from cpvae_lite.sources import locate
from cpvae_lite.storage import read_json, read_tensors, write_tensors
from tools.train_classifiers import SETTINGS

ROOT = Path(__file__).parents[1]
DATA = os.environ.get("CPVAE_LITE_DATA", "")
ROUNDING = 5  # images of 10,000 that another processor's sums may move over a border


@pytest.fixture(params=LABEL_NAMES, scope="module")
def shipped(request):
    """A data set with its classifier."""
    return load_dataset(request.param, subset=True), load_classifier(request.param)


def few_digits():
    whole = load_dataset("mnist", subset=True)
    return replace(whole, train=whole.train[:2000], validation=whole.validation[:500], test=whole.test[:1000])


def noise(count=300, labels=3, seed=0, **settings):
    """Images and labels that have nothing to do with one another."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (count, 28, 28))
    return Dataset.from_arrays(images, rng.integers(0, labels, count), **settings)


def weights(classifier):
    return torch.cat([weight.flatten() for weight in classifier.state_dict().values()])


# --- what is shipped -----------------------------------------------------------------------------------


def test_shipped_classifier_has_the_accuracy_that_its_record_states(shipped):
    dataset, classifier = shipped
    record = classifier_record(dataset.name)
    assert record["test_images"] == len(dataset.test) == 10_000
    assert accuracy(classifier, dataset) == pytest.approx(record["test_accuracy"], abs=ROUNDING / 10_000)
    assert record["test_accuracy"] > {"mnist": 0.985, "fashion-mnist": 0.87}[dataset.name]
    share = record["test_accuracy"]
    assert record["standard_error"] == pytest.approx(math.sqrt(share * (1 - share) / 10_000))


def test_shipped_classifier_is_as_good_as_chance_with_labels_in_another_order(shipped):
    dataset, classifier = shipped
    ((kind, labels),) = dataset.test.labels.items()
    shuffled = replace(dataset, test=Split(dataset.test.data, {kind: labels[torch.randperm(len(labels))]}))
    assert accuracy(classifier, shuffled) == pytest.approx(0.1, abs=0.015)


def test_accuracy_is_that_of_counting_one_by_one(shipped):
    dataset, classifier = shipped
    few = replace(dataset, test=dataset.test[:300])
    (labels,) = few.test.labels.values()
    right = [
        classifier(image[None]).argmax().item() == label
        for image, label in zip(few.observed("test"), labels.tolist(), strict=True)
    ]
    assert accuracy(classifier, few) == pytest.approx(sum(right) / 300)
    assert sum(right) > 240


def test_shipped_weights_are_small_and_widen_to_float32(shipped):
    dataset, classifier = shipped
    path = SHIPPED / f"{dataset.name}.safetensors"
    stored, _ = read_tensors(path)
    assert path.stat().st_size < 250_000
    assert {weight.dtype for weight in stored.values()} == {torch.float16}
    assert {weight.dtype for weight in classifier.state_dict().values()} == {torch.float32}
    assert all(torch.equal(classifier.state_dict()[name], weight.float()) for name, weight in stored.items())
    assert sum(weight.numel() for weight in stored.values()) == classifier_record(dataset.name)["parameters"]
    assert not classifier.training


def test_record_says_how_the_classifier_was_made(shipped):
    dataset, _ = shipped
    record = classifier_record(dataset.name)
    assert record["data"]["name"] == dataset.name and record["data"]["training_images"] == 50_000
    assert {"epochs", "seed", "learning_rate", "batch_size"} <= record["training"].keys()
    assert {"cpvae_lite", "torch", "python", "processor", "threads"} <= record["environment"].keys()
    assert len(record["validation_accuracy"]) == record["training"]["epochs"]
    assert record["validation_accuracy"][record["best_epoch"] - 1] == max(record["validation_accuracy"])


@pytest.mark.skipif(not locate("omniglot"), reason="needs the drawings")
def test_the_classifier_of_alphabets_has_the_accuracy_that_its_record_states(monkeypatch):
    monkeypatch.setenv("CPVAE_LITE_DATA", DATA)
    if (locate("omniglot") / "chardata.mat").exists():
        pytest.skip("the paper's images are others")
    dataset, record = load_dataset("omniglot").labelled("alphabet"), classifier_record("omniglot")
    assert record["data"]["fingerprint"] == dataset.fingerprint and record["test_images"] == len(dataset.test)
    found = accuracy(load_classifier("omniglot"), dataset)
    assert found == pytest.approx(record["test_accuracy"], abs=ROUNDING / len(dataset.test))
    (labels,) = dataset.test.labels.values()
    assert found > 10 * labels.bincount().max() / len(labels)


def test_the_record_of_the_classifier_of_alphabets_says_what_it_is():
    record, classifier = classifier_record("omniglot"), load_classifier("omniglot")
    assert classifier.labels == len(read_json(SHIPPED.parent / "data" / "omniglot.json")["characters"]) == 50
    assert record["training"] == SETTINGS["omniglot"] | {"batch_size": BATCH}
    assert sum(weight.numel() for weight in classifier.parameters()) == record["parameters"]
    assert max(record["validation_accuracy"]) == pytest.approx(record["test_accuracy"], abs=0.03)
    share, images = record["test_accuracy"], record["test_images"]
    assert record["standard_error"] == pytest.approx(math.sqrt(share * (1 - share) / images))


@pytest.mark.parametrize("name", ["synthetic", "mnst"])
@pytest.mark.parametrize("load", [load_classifier, classifier_record])
def test_there_is_no_classifier_for_other_data(load, name):
    with pytest.raises(ValueError, match=f"no classifier for '{name}', but for mnist, fashion-mnist, omniglot"):
        load(name)


def test_the_tool_states_the_accuracy_of_what_it_wrote(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("train_classifiers", ROOT / "tools" / "train_classifiers.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    monkeypatch.setattr(tool, "SHIPPED", tmp_path)
    monkeypatch.setattr(tool, "SETTINGS", {"mnist": {"epochs": 2, "learning_rate": 3e-3, "seed": 1}})
    dataset = few_digits()
    monkeypatch.setattr(tool, "load_dataset", lambda name: dataset)
    tool.make("mnist")
    record, classifier = read_json(tmp_path / "mnist.json"), read_classifier(tmp_path / "mnist.safetensors")
    assert record["test_accuracy"] == accuracy(classifier, dataset) > 0.5
    assert record["data"]["fingerprint"] == dataset.fingerprint
    assert record.keys() == classifier_record("mnist").keys()
    again, _ = train_classifier(dataset, epochs=2, learning_rate=3e-3, seed=1, progress=False)
    assert torch.equal(weights(again).half().float(), weights(classifier))


# --- training ------------------------------------------------------------------------------------------


def test_labels_in_another_order_cannot_be_learned():
    dataset = few_digits()
    labels = dataset.train.labels["digit"]
    shuffled = replace(dataset, train=Split(dataset.train.data, {"digit": labels[torch.randperm(len(labels))]}))
    (_, learned), (_, chance) = (train_classifier(data, epochs=2, progress=False) for data in (dataset, shuffled))
    assert max(learned) > 0.7 and max(chance) < 0.3


def test_same_seed_gives_the_same_weights_and_another_seed_others(random_state_kept):
    first, again, other = (train_classifier(noise(), epochs=1, seed=seed, progress=False)[0] for seed in (0, 0, 1))
    assert torch.equal(weights(first), weights(again))
    assert not torch.equal(weights(first), weights(other))


def test_images_are_binarised_anew_at_every_visit(monkeypatch):
    ink = []
    binarise = cpvae_lite.classifier.binarise

    def watched(images):
        ink.append(binarise(images))
        return ink[-1]

    monkeypatch.setattr(cpvae_lite.classifier, "binarise", watched)
    data = noise(130)
    train_classifier(replace(data, train=data.train[:100]), epochs=2, progress=False)
    assert len(ink) == 2 and set(ink[0].unique().tolist()) == {0.0, 1.0}
    assert ink[0].sum() != ink[1].sum()


def test_weights_are_those_of_the_epoch_with_the_best_validation_accuracy(monkeypatch):
    script, seen = [0.2, 0.9, 0.4, 0.8], []

    def scripted(classifier, dataset, split):
        assert split == "validation"
        seen.append(weights(classifier).clone())
        return script[len(seen) - 1]

    monkeypatch.setattr(cpvae_lite.classifier, "accuracy", scripted)
    classifier, accuracies = train_classifier(noise(), epochs=4, progress=False)
    assert accuracies == script and not classifier.training
    assert [torch.equal(weights(classifier), each) for each in seen] == [False, True, False, False]


def test_every_weight_learns():
    with seeded(0):
        start = Classifier(labels=3)
    trained, _ = train_classifier(noise(), epochs=1, seed=0, progress=False)
    for name, weight in trained.named_parameters():
        assert 0 < (weight - start.get_parameter(name)).abs().max() < 0.1, name


def test_labels_without_names_are_counted():
    unnamed = replace(noise(), label_names={})
    trained, _ = train_classifier(unnamed, epochs=1, seed=0, progress=False)
    assert trained.labels == int(unnamed.train.labels["label"].max()) + 1


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        (Dataset.from_arrays(np.zeros((300, 8, 8), np.uint8), np.arange(300) % 2), r"28 by 28 pixels; .* \(8, 8\)"),
        (
            Dataset.from_arrays(np.zeros((300, 28, 28)), np.arange(300) % 2, kind="real"),
            "uint8 images of .* holds torch.float32",
        ),
        (Dataset.from_arrays(np.zeros((300, 28, 28), np.uint8)), "one kind of label; these have none"),
        (noise(60), "fewer than a batch of 100"),
    ],
    ids=["small", "real-valued", "unlabelled", "few"],
)
def test_training_refuses_other_data(dataset, message):
    with pytest.raises(ValueError, match=message):
        train_classifier(dataset, epochs=1, progress=False)


def test_images_that_are_moved_keep_what_is_not_pushed_out():
    """Every shift from -2 to 2 in either direction, as often, and nothing but shifts."""
    x = torch.zeros(20_000, 28, 28)
    x[:, 10, 7] = x[:, 20, 27] = 1  # in the middle, and at an edge
    with seeded(0):
        moved = cpvae_lite.classifier._moved(x.flatten(1), 2).view_as(x)
    n, row, column = moved[:, 5:15].nonzero(as_tuple=True)
    assert torch.equal(n, torch.arange(20_000))
    shares = F.one_hot((row + 5 - 8) * 5 + column - 5, 25).double().mean(0)
    assert (shares - 1 / 25).abs().max() < 5 * math.sqrt(1 / 25 / 20_000)
    rightwards = column - 7
    assert torch.equal(moved.sum((1, 2)) == 1, rightwards > 0)  # then the second pixel is outside
    below = moved[rightwards <= 0][:, 15:].nonzero()
    assert torch.equal(below[:, 1] + 15 - 20, (row - 5)[rightwards <= 0])
    assert torch.equal(below[:, 2] - 27, rightwards[rightwards <= 0])


def test_images_are_moved_in_training_alone(monkeypatch):
    """A shift makes other weights of the same seed; none makes those that it made before there was one."""
    usual, same, moved = (
        weights(train_classifier(noise(), epochs=1, progress=False, **settings)[0])
        for settings in ({}, {"shift": 0}, {"shift": 2})
    )
    assert torch.equal(usual, same) and not torch.equal(usual, moved)


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"epochs": 0}, ValueError),
        ({"learning_rate": -1}, ValueError),
        ({"shift": -1}, ValueError),
        ({"shift": 0.5}, TypeError),
    ],
)
def test_training_refuses_other_settings(settings, error):
    with pytest.raises(error, match=next(iter(settings))):
        train_classifier(noise(), progress=False, **settings)


# --- judging -------------------------------------------------------------------------------------------


def test_an_image_is_judged_alike_in_any_company_dtype_and_block(shipped, monkeypatch):
    dataset, classifier = shipped
    x = dataset.observed("test")[:50]
    together = logits_of(classifier, x)
    alone = torch.cat([classifier(image[None]) for image in x])
    assert torch.allclose(together, alone, atol=1e-4)
    assert torch.allclose(logits_of(classifier, x.double()), together, atol=1e-4)
    monkeypatch.setattr(cpvae_lite.classifier, "BLOCK", 7)
    assert torch.allclose(logits_of(classifier, x), together, atol=1e-4)


def test_upside_down_a_nought_stays_and_a_six_becomes_a_nine():
    dataset, classifier = load_dataset("mnist", subset=True), load_classifier("mnist")
    turned, labels = dataset.observed("test")[:2000].flip(1), dataset.test.labels["digit"][:2000]
    named = logits_of(classifier, turned).argmax(1)
    for label, seen in {0: 0, 1: 1, 6: 9, 9: 6}.items():
        assert (named[labels == label] == seen).double().mean() > 0.7


def test_grey_images_are_refused(shipped):
    dataset, classifier = shipped
    with pytest.raises(ValueError, match="binary images"):
        classifier(dataset.test.data[:5].float() / 255)


@pytest.mark.parametrize("shape", [(5, 783), (784,), (5, 1, 28, 28)])
def test_images_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"shape \(B, 784\), not"):
        Classifier(3)(torch.zeros(shape))


def test_a_classifier_in_training_mode_is_refused():
    with pytest.raises(ValueError, match=r"eval\(\)"):
        logits_of(nn.Dropout(), torch.zeros(2, 3))


# --- files ---------------------------------------------------------------------------------------------


def test_what_was_saved_is_what_is_read_rounded_to_half_precision(tmp_path):
    classifier = Classifier(labels=4)
    save_classifier(classifier, tmp_path / "mine")
    again = read_classifier(tmp_path / "mine")
    assert torch.equal(weights(again), weights(classifier).half().float())
    assert again.labels == 4 and not again.training


@pytest.mark.parametrize(
    ("tensors", "header"),
    [({"a": torch.zeros(2)}, {"labels": 3}), (Classifier(4).state_dict(), {"labels": 3}), ({"a": torch.zeros(2)}, {})],
    ids=["other names", "other shapes", "no labels"],
)
def test_other_weights_are_refused(tmp_path, tensors, header):
    write_tensors(tmp_path / "other", tensors, header)
    with pytest.raises(ValueError, match=r"other holds no weights of a classifier"):
        read_classifier(tmp_path / "other")


def test_a_damaged_file_is_refused(tmp_path):
    save_classifier(Classifier(3), tmp_path / "mine")
    content = bytearray((tmp_path / "mine").read_bytes())
    content[-10] ^= 1
    (tmp_path / "mine").write_bytes(content)
    with pytest.raises(ValueError, match="damaged"):
        read_classifier(tmp_path / "mine")
