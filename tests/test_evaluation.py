"""The report on a model, against exact answers on a data set of three binary pixels."""

import json
import math
from functools import partial

import numpy as np
import pytest
import torch
from sklearn.metrics import adjusted_rand_score

from cpvae_lite import Dataset, Mode, NotFiniteError, build, evaluate, fit, save_model
from cpvae_lite.data import Split
from cpvae_lite.synthetic import synthetic_mixture


class Float64Data(Dataset):
    """Observations of the precision of the tiny models."""

    def observed(self, name):
        return super().observed(name).double()


@pytest.fixture
def dataset():
    """White or black pixels only, so that binarising changes nothing; two kinds of labels."""
    rng = np.random.default_rng(0)

    def split(count):
        images = torch.from_numpy(255 * rng.integers(0, 2, (count, 3))).to(torch.uint8)
        labels = {"first": (images[:, 0] > 0).long(), "noise": torch.from_numpy(rng.integers(0, 4, count))}
        return Split(images, labels)

    return Float64Data("toy", split(400), split(150), split(1000), (3,), source="drawn")


@pytest.fixture
def model(tiny, categorical_variant):
    model = tiny(**categorical_variant)
    with torch.no_grad():
        model.latents[-1].posterior.net.layers[-1].bias[1:] += 2  # wide: importance weights have light tails
        model.likelihood.net.layers[0].affine.weights[1].mul_(4)  # c matters: a relaxed one is told apart
    return model


def truth(exact, model, dataset, split="test"):
    """The exact averages over a split, which holds few distinct images."""
    images, counts = dataset.observed(split).unique(dim=0, return_counts=True)
    found = exact(model, images)
    return {name: (counts * getattr(found, name)).sum().item() / counts.sum().item()
            for name in ("bound", "log_evidence", "kl_c") if hasattr(found, name)}  # fmt: skip


def test_negative_bound_is_the_exact_one(exact, model, dataset):
    report, expected = evaluate(model, dataset), truth(exact, model, dataset)
    assert abs(report["negative_bound"] + expected["bound"]) < 4 * report["standard_error"]
    assert report["kl_c"] == pytest.approx(expected["kl_c"], abs=1e-9)


def test_terms_add_up_to_the_bound(model, dataset):
    report = evaluate(model, dataset, temperature=0.7)
    for prefix in ("", "relaxed_"):
        reconstruction, kl_z, kl_c, bound = (
            report[prefix + name] for name in ("reconstruction", "kl_z", "kl_c", "negative_bound")
        )
        assert bound == pytest.approx(kl_z + kl_c - reconstruction, rel=1e-12)


def test_evidence_is_the_exact_one_and_at_least_the_bound(exact, model, dataset):
    report, expected = evaluate(model, dataset, importance_samples=300), truth(exact, model, dataset)
    error = report["negative_log_evidence_standard_error"]
    assert abs(report["negative_log_evidence"] + expected["log_evidence"]) < 4 * error
    assert report["negative_log_evidence"] < report["negative_bound"]
    assert report["importance_samples"] == 300


def test_every_split_is_reported_as_itself(exact, tiny, dataset):
    model = tiny("cp")
    for split, count in (("train", 400), ("validation", 150), ("test", 1000)):
        report = evaluate(model, dataset, split=split)
        assert (report["data"], report["source"], report["split"]) == ("toy", "drawn", split)
        assert report["images"] == count
        assert report["kl_c"] == pytest.approx(truth(exact, model, dataset, split)["kl_c"], abs=1e-9)


def test_relaxed_counterpart_is_reported_only_at_a_temperature(tiny, dataset):
    model = tiny("cp")
    without, report = evaluate(model, dataset), evaluate(model, dataset, temperature=1.0)
    added = {"temperature", "relaxed_negative_bound", "relaxed_standard_error", "relaxed_reconstruction",
             "relaxed_kl_z", "relaxed_kl_c"}  # fmt: skip
    assert report.keys() - without.keys() == added
    assert without == {name: value for name, value in report.items() if name not in added}
    assert report["temperature"] == 1.0


def test_relaxed_counterpart_is_relaxed(tiny, dataset):
    """It differs from the bound at a high temperature, and hardly at a low one."""
    model = tiny("cp")
    with torch.no_grad():
        model.likelihood.net.layers[0].affine.weights[1].mul_(4)
    warm, cold = (evaluate(model, dataset, temperature=t) for t in (1.0, 0.01))
    for report, apart in ((warm, True), (cold, False)):
        difference = abs(report["relaxed_negative_bound"] - report["negative_bound"])
        assert (difference > 4 * report["standard_error"]) == apart


def test_bounds_and_evidence_alone_come_with_a_standard_error(tiny, dataset):
    report = evaluate(tiny("cp"), dataset, temperature=1.0, importance_samples=5)
    errors = {name for name in report if name.endswith("standard_error")}
    assert errors == {"standard_error", "relaxed_standard_error", "negative_log_evidence_standard_error"}
    assert not any("standard_error" in name for found in report["labels"].values() for name in found)


def test_used_categories_are_counted_on_the_split(model, dataset):
    shares = model.predict_proba(dataset.observed("test")).mean(0)
    report = evaluate(model, dataset)
    assert report["used_categories"] == sum(share > 1 / 3 for share in shares.tolist())
    assert report["categories"] == 3


def test_labels_are_judged_by_the_majority_in_the_training_split(model, dataset):
    report = evaluate(model, dataset)["labels"]
    train, test = (model.predict_proba(dataset.observed(split)) for split in ("train", "test"))
    assigned = test.argmax(1)
    assert report.keys() == {"first", "noise"}
    for kind, found in report.items():
        seen, labels = dataset.train.labels[kind], dataset.test.labels[kind]
        mass = torch.stack([train[seen == label].sum(0) for label in range(int(seen.max()) + 1)])
        right = (mass.argmax(0)[assigned] == labels).double().mean().item()
        assert found["accuracy"] == pytest.approx(right)
        assert found["ari"] == pytest.approx(adjusted_rand_score(labels.numpy(), assigned.numpy()))


@pytest.mark.parametrize("name", ["vae", "mog", "vamp", "hvae", "hvamp"])
def test_report_of_a_model_without_c_has_no_categories(tiny, dataset, exact, name):
    model = tiny(name)
    report = evaluate(model, dataset, temperature=1.0)
    assert not report.keys() & {"categories", "used_categories", "labels", "temperature", "kl_c"}
    assert abs(report["negative_bound"] + truth(exact, model, dataset)["bound"]) < 4 * report["standard_error"]


def test_report_follows_from_its_seed(tiny, dataset, random_state_kept):
    model = tiny("cp")
    first, again, other = (
        evaluate(model, dataset, temperature=1.0, importance_samples=5, seed=seed) for seed in (3, 3, 4)
    )
    assert first == again
    random = ("negative_bound", "relaxed_negative_bound", "negative_log_evidence")
    assert all(first[name] != other[name] for name in random)


def test_report_fits_into_json(model, dataset):
    report = evaluate(model, dataset, temperature=0.5, importance_samples=5)
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_report_on_a_single_image_fits_into_json(tiny, dataset):
    one = Float64Data("one", dataset.train, dataset.validation, dataset.test[:1], (3,))
    json.dumps(evaluate(tiny("cp"), one, importance_samples=5), allow_nan=False)


def test_report_on_data_without_labels(tiny, dataset):
    bare = Float64Data("bare", *(Split(dataset.split(name).data) for name in ("train", "validation", "test")), (3,))
    report = evaluate(tiny("cp"), bare)
    assert report["labels"] == {}
    assert math.isfinite(report["negative_bound"])


def test_unknown_split_is_answered_with_the_nearest(tiny, dataset):
    with pytest.raises(ValueError, match="unknown split 'tset'; did you mean 'test'"):
        evaluate(tiny("cp"), dataset, split="tset")


def real(count=20, features=3):
    return Split(torch.randn(count, features))


def test_data_of_another_kind_or_width_are_refused_as_fit_refuses_them(tiny):
    toy = Float64Data("toy", real(), real(), real(), (3,))
    with pytest.raises(ValueError, match="toy wants a gaussian likelihood, the model has a bernoulli one"):
        evaluate(tiny("vae"), toy)
    with pytest.raises(ValueError, match="the data have 3 features, the model 4"):
        evaluate(tiny("vae", features=4, likelihood="gaussian"), toy)
    assert evaluate(tiny("vae", likelihood="gaussian"), toy)["images"] == 20


def test_temperature_must_be_positive(tiny, dataset):
    with pytest.raises(ValueError, match="temperature must be"):
        evaluate(tiny("cp"), dataset, temperature=0.0)


def test_labels_that_training_data_lack_are_left_out_of_the_report(tiny, dataset):
    bare = Float64Data("bare", Split(dataset.train.data), dataset.validation, dataset.test, (3,))
    assert evaluate(tiny("cp"), bare)["labels"] == {}


def test_a_category_that_publishes_nothing_has_no_active_units(tiny, dataset):
    network = tiny("indqp")
    expected = evaluate(network, dataset)
    network.latents[0].publishes = None
    assert evaluate(network, dataset) == expected and expected["active_units"].keys() == {"z"}


def test_active_units_are_those_whose_posterior_mean_varies(tiny, dataset):
    network = tiny("hvae")
    head = network.latents[0].posterior.net.layers[-1]
    with torch.no_grad():
        for weight in (*head.weights, head.bias[None]):
            weight[0] = 0  # the first mean of z2 is the same for all x
    x = dataset.observed("test")
    values = network.infer(x, Mode()).values
    found = evaluate(network, dataset)["active_units"]
    varies = {name: values[name].var(0, correction=0) > 0.01 for name in ("z2", "z1")}
    assert not varies["z2"][0]
    assert found == {name: int(units.sum()) for name, units in varies.items()}


@pytest.mark.parametrize(("samples", "error"), [(-5, ValueError), (None, TypeError), (1.5, TypeError)])
def test_a_wrong_number_of_importance_samples_is_refused_by_its_name(tiny, dataset, samples, error):
    with pytest.raises(error, match="importance_samples must be"):
        evaluate(tiny("cp"), dataset, importance_samples=samples)


@pytest.mark.parametrize("name", ["cp", "vae"])
def test_a_wrong_temperature_is_refused_by_its_name_with_categories_or_without(tiny, dataset, name):
    for temperature, error in ((0, ValueError), ("cold", TypeError)):
        with pytest.raises(error, match="temperature must be"):
            evaluate(tiny(name), dataset, temperature=temperature)


def test_what_is_no_data_set_is_answered_with_how_to_make_one(tiny, dataset):
    with pytest.raises(TypeError, match=r"the data must be a Dataset, not Tensor; Dataset\.from_arrays makes one"):
        evaluate(tiny("cp"), dataset.test.data)


def test_numbers_of_numpy_leave_a_report_that_json_can_hold(tiny, dataset):
    report = evaluate(tiny("cp"), dataset, temperature=np.float32(0.5), importance_samples=np.int64(2))
    assert json.loads(json.dumps(report)) == report
    assert (report["temperature"], report["importance_samples"]) == (0.5, 2)


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
def test_a_temperature_that_is_none_is_refused(tiny, dataset, temperature):
    with pytest.raises(ValueError, match="temperature must be finite and above 0"):
        evaluate(tiny("cp"), dataset, temperature=temperature)


def test_a_name_is_no_model(tmp_path):
    data = Dataset.from_arrays(np.random.default_rng(0).integers(0, 256, (30, 4)))
    for use in (partial(fit, "cp", data), partial(evaluate, None, data), partial(save_model, "cp", tmp_path / "new")):
        with pytest.raises(TypeError, match=r"the model must be one that build makes, not (str|NoneType)"):
            use()
    assert not list(tmp_path.iterdir())


def test_figures_that_are_not_finite_are_no_report():
    data = synthetic_mixture(200)
    model = build("vae", features=1, likelihood="gaussian")
    data.test.data.fill_(1e30)
    with pytest.raises(NotFiniteError, match="negative_bound is inf"):
        evaluate(model, data)
    next(model.parameters()).data.fill_(torch.nan)
    with pytest.raises(NotFiniteError, match="is not finite: train the model anew"):
        evaluate(model, data)
