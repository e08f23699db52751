"""-log p(x) with many importance samples: what is stored of it, and how models are compared."""

import math
from dataclasses import replace

import pytest
import torch

from cpvae_lite import build, load_dataset, log_marginal
from cpvae_lite.storage import write_json
from cpvae_lite.study.evidence import closer_table
from cpvae_lite.study.measures import measure_closer
from cpvae_lite.study.results import Results


@pytest.fixture(scope="module")
def clothes():
    whole = load_dataset("fashion-mnist", subset=True)
    return replace(whole, test=whole.test[:230])


@pytest.fixture(scope="module")
def model():
    return build("cp", features=784, categories=3, hidden=8, latent_size=2)


def test_the_parts_are_means_over_images_in_their_order(model, clothes):
    found = measure_closer(model, clothes, importance_samples=3, seed=2)
    each = -log_marginal(model, clothes.observed("test"), 3, seed=2).double()
    assert found["importance_samples"] == 3
    assert found["negative_log_evidence"] == pytest.approx(each.mean().item(), rel=1e-9)
    assert found["standard_error"] == pytest.approx(each.std().item() / math.sqrt(230), rel=1e-9)
    sizes = [3] * 30 + [2] * 70  # the first are greater by one
    expected = [part.mean().item() for part in each.split(sizes)]
    assert found["parts"] == pytest.approx(expected, abs=6e-4)


def test_few_images_are_parts_of_one(model, clothes):
    few = replace(clothes, test=clothes.test[:7])
    assert len(measure_closer(model, few, importance_samples=2, seed=0)["parts"]) == 7


def record(name, usual, parts):
    closer = {"importance_samples": 5000, "negative_log_evidence": sum(parts) / len(parts), "parts": parts}
    measures = {"importance_samples": 500, "negative_log_evidence": usual}
    model, training = {"name": name, "categories": 2}, {"seed": 0}
    return {"model": model, "training": training, "data": {"name": "toy"}, "measures": measures, "closer": closer}


def test_models_are_compared_part_by_part_in_the_order_of_the_paper(tmp_path):
    """The means differ by far less than parts do: only what is compared part by part has a small error."""
    write_json(tmp_path / "toy" / "indq-2-seed0.json", record("indq", 21.0, [10.0, 20.5, 30.0]))
    write_json(tmp_path / "toy" / "cp-2-seed0.json", record("cp", 20.25, [10.5, 20.0, 29.0]))
    other = record("vae", 20.0, [0.0])
    del other["closer"]
    write_json(tmp_path / "toy" / "vae-seed0.json", other)
    table = closer_table(Results("toy", tmp_path))
    assert table.header == ["model", "500 codes", "5,000 codes", "difference", "from CP-VAE"]
    distance = torch.tensor([-0.5, 0.5, 1.0])
    error = distance.std().item() / math.sqrt(3)
    assert table.rows == [
        ["CP-VAE", "20.25", "19.83", "-0.42", ""],
        ["INDq", "21.00", "20.17", "-0.83", f"+0.33 ± {error:.2f}"],
    ]
