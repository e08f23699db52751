"""A training step of CP-VAE against the floor of its own matrix products, and its growth with K.

    python benchmarks/step.py              all
    python benchmarks/step.py --eager      without torch.compile, which takes a minute or two

Batch 100, fp32. Goals: at most 2.2 times the floor eager and 1.8 times compiled at K = 150; from K = 10 to
2000 the step grows at most 1.2 times as much as the floor.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import torch
from floor import multiply, step_products
from timing import interleaved, print_machine, thread_counts

from cpvae_lite import Relaxed, build, load_dataset
from cpvae_lite.steps import descend, objective

BATCH = 100


def training_step(categories: int, compiled: bool = False) -> Callable[[], object]:
    """A function that takes one step on shipped images, binarisation and Adam included."""
    model = build("cp", features=784, categories=categories)
    images = load_dataset("fashion-mnist", subset=True).train.data
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-4, fused=True)
    weight, draw = torch.tensor(1.0), Relaxed(torch.tensor(0.9))
    function = torch.compile(objective) if compiled else objective

    def step() -> None:
        batch = images[torch.randint(len(images), (BATCH,))]
        descend(function(model, batch, weight, draw), optimizer)

    return step


def floor(categories: int) -> Callable[[], None]:
    products = step_products(BATCH, categories)
    return lambda: multiply(products, backward=True)


def against_the_floor(threads: int, eager_only: bool) -> None:
    functions = {"floor": floor(150), "eager": training_step(150)}
    if not eager_only:
        functions["compiled"] = training_step(150, compiled=True)
    seconds = interleaved(functions)
    for name in list(functions)[1:]:
        mine, least = seconds[name], seconds["floor"]
        print(f"{threads} threads  {name:9} {1e3 * mine:7.2f} ms  floor {1e3 * least:7.2f} ms  {mine / least:.2f}x")


def growth(threads: int) -> None:
    sizes = (10, 150, 500, 2000)
    functions = {f"step {k}": training_step(k) for k in sizes} | {f"floor {k}": floor(k) for k in sizes}
    seconds = interleaved(functions)
    for k in sizes[1:]:
        step_growth = seconds[f"step {k}"] / seconds["step 10"]
        floor_growth = seconds[f"floor {k}"] / seconds["floor 10"]
        print(
            f"{threads} threads  K = 10 to {k:4}  step grows {step_growth:.2f}x  floor {floor_growth:.2f}x"
            f"  {step_growth / floor_growth:.2f}"
        )


if __name__ == "__main__":
    print_machine()
    for count in thread_counts():
        torch.set_num_threads(count)
        against_the_floor(count, eager_only="--eager" in sys.argv)
        growth(count)
