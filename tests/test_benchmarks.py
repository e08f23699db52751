"""The benchmarks can be run: they use the package as it is now. What they measure is no test."""

import importlib
from pathlib import Path

import pytest
import torch
from training_runs import images

from cpvae_lite import steps

FOLDER = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)


@pytest.mark.parametrize("name", [path.stem for path in FOLDER.glob("*.py") if path.stem != "slider"])
def test_a_benchmark_finds_all_that_it_imports(name):
    importlib.import_module(name)


@pytest.mark.parametrize(("way", "recorded"), [("eager", 0), ("captured", 1)])
def test_an_epoch_on_a_gpu_is_timed_both_ways(way, recorded, monkeypatch):
    """Without a GPU, a stand-in for the recording: training goes through the recorder that the benchmark chose."""
    epoch = importlib.import_module("epoch")
    made = []

    def recorder(step):
        made.append(step)
        return step

    monkeypatch.setitem(epoch.RECORDERS, "captured", recorder)
    before = steps.recorder
    seconds = epoch.seconds_of_epochs(images(500), 3, way, compiled=False, device="cpu")
    assert len(seconds) == epoch.EPOCHS - 1 and min(seconds) > 0
    assert (len(made) > 0) == recorded and steps.recorder is before


def test_the_images_of_the_gpu_benchmark_are_as_many_as_it_says():
    epoch = importlib.import_module("epoch")
    assert len(epoch.many_images().train) == epoch.IMAGES
    assert torch.equal(epoch.many_images().train.data[0], epoch.many_images().train.data[4000])
