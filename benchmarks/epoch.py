"""Seconds of an epoch on a GPU, 50,000 images in batches of 100: captured steps against eager ones.

    python benchmarks/epoch.py             CP-VAE with K = 10 and 150
    python benchmarks/epoch.py --compiled  the same with torch.compile, which takes a minute or two

The goal is less than 0.25 s captured on an H100. A CPU takes every step as it is, so there it has nothing to compare.
"""

from __future__ import annotations

import statistics
import sys
from dataclasses import replace
from unittest.mock import patch

import torch
from timing import print_machine

from cpvae_lite import Dataset, TrainConfig, build, fit, load_dataset, steps
from cpvae_lite.capture import as_it_is, cuda_graph

IMAGES, ROUNDS, EPOCHS = 50_000, 3, 4
RECORDERS = {"eager": as_it_is, "captured": cuda_graph}


def many_images() -> Dataset:
    """The shipped images, again and again."""
    shipped = load_dataset("fashion-mnist", subset=True)
    return replace(shipped, train=shipped.train[torch.arange(IMAGES) % len(shipped.train)])


def seconds_of_epochs(dataset: Dataset, categories: int, way: str, compiled: bool, device: str = "cuda") -> list[float]:
    """All epochs but the first, in which the step is compiled and captured."""
    model = build("cp", features=dataset.features, categories=categories).to(device)
    with patch.object(steps, "recorder", lambda device: RECORDERS[way]):
        history = fit(model, dataset, TrainConfig(epochs=EPOCHS, warmup=0, compile=compiled), progress=False)
    return [record["seconds"] for record in history[1:]]


def compare(dataset: Dataset, categories: int, compiled: bool) -> None:
    seconds: dict[str, list[float]] = {way: [] for way in RECORDERS}
    for _ in range(ROUNDS):  # in turns: others may use the GPU, too
        for way, found in seconds.items():
            found += seconds_of_epochs(dataset, categories, way, compiled)
    eager, captured = (statistics.median(found) for found in seconds.values())
    print(f"K = {categories:4}  eager {eager:6.3f} s  captured {captured:6.3f} s  {eager / captured:.1f}x")


if __name__ == "__main__":
    print_machine()
    if torch.cuda.is_available():
        print(torch.cuda.get_device_name())
        images = many_images()
        for count in (10, 150):
            compare(images, count, compiled="--compiled" in sys.argv)
    else:
        print("no GPU: there is nothing to capture")
