"""The importance-sampled evidence and the bound of the test set against their own matrix products.

    python benchmarks/evidence.py

CP-VAE, K = 150, fp32. Goal: 5,000 samples an image at most 2.5 times the matrix products.
"""

from __future__ import annotations

import torch
from floor import decoder_products, encoder_products, multiply
from timing import interleaved, print_machine, thread_counts

from cpvae_lite import build, estimate_bound, load_dataset, log_marginal

SAMPLES, IMAGES, ROWS, CATEGORIES = 5000, 4, 512, 150


def evidence(threads: int) -> None:
    model = build("cp", features=784, categories=CATEGORIES)
    x = load_dataset("fashion-mnist", subset=True).observed("test")[:IMAGES]
    products, blocks = decoder_products(ROWS), SAMPLES * IMAGES / ROWS

    seconds = interleaved(
        {"evidence": lambda: log_marginal(model, x, SAMPLES), "block": lambda: multiply(products)},
        rounds=7,
        calls=1,
    )
    floor = seconds["block"] * blocks
    _report(threads, f"evidence, {SAMPLES} samples, {IMAGES} images", seconds["evidence"], floor)


def bound(threads: int) -> None:
    model = build("cp", features=784, categories=CATEGORIES)
    x = load_dataset("fashion-mnist", subset=True).observed("test")
    products = encoder_products(1000, CATEGORIES) + decoder_products(1000)
    seconds = interleaved(
        {"bound": lambda: estimate_bound(model, x), "block": lambda: multiply(products)}, rounds=7, calls=1
    )
    _report(threads, f"bound, {len(x)} images", seconds["bound"], seconds["block"] * len(x) / 1000)


def _report(threads: int, what: str, seconds: float, floor: float) -> None:
    print(f"{threads} threads  {what:36} {seconds:6.2f} s  floor {floor:6.2f} s  {seconds / floor:.2f}x")


if __name__ == "__main__":
    print_machine()
    for count in thread_counts():
        torch.set_num_threads(count)
        evidence(count)
        bound(count)
