"""The density of a mixture as one matrix product, against torch.distributions, and what a prior adds to a step.

    python benchmarks/priors.py

100 draws of 40 dimensions, forward and backward; and a training step of MoG and VampPrior over that of a VAE.
"""

from __future__ import annotations

import torch
import torch.distributions as D
from timing import interleaved, print_machine, thread_counts

from cpvae_lite import Relaxed, build
from cpvae_lite.conditionals import diagonal_normal
from cpvae_lite.mixtures import DiagonalMixture
from cpvae_lite.steps import descend, objective

BATCH, SIZE, COMPONENTS = 100, 40, (10, 150, 500)


def density(threads: int, components: int) -> None:
    mean = torch.randn(components, SIZE, requires_grad=True)
    log_variance = torch.zeros(components, SIZE, requires_grad=True)
    z = torch.randn(BATCH, SIZE)

    def ours() -> None:
        DiagonalMixture(mean, log_variance).log_prob(z).sum().backward()

    def theirs() -> None:
        each = diagonal_normal(mean, log_variance)
        weights = D.Categorical(torch.ones(components), validate_args=False)
        D.MixtureSameFamily(weights, each, validate_args=False).log_prob(z).sum().backward()

    seconds = interleaved({"ours": ours, "theirs": theirs}, rounds=15, calls=5)
    print(f"{threads} threads  density, K = {components:3}  {seconds['ours'] / seconds['theirs']:.2f} of torch's time")


def step(threads: int, components: int) -> None:
    images = torch.randint(256, (BATCH, 784)).byte()
    calls = {}
    for name in ("vae", "mog", "vamp"):
        categories = {} if name == "vae" else {"categories": components}
        model = build(name, features=784, data=images, **categories)
        calls[name] = _step_of(model, torch.optim.Adam(model.parameters(), fused=True), images)
    seconds = interleaved(calls, rounds=15, calls=3)
    ratios = ", ".join(f"{name} {seconds[name] / seconds['vae']:.2f}" for name in ("mog", "vamp"))
    print(f"{threads} threads  step, K = {components:3}     over a VAE's: {ratios}")


def _step_of(model, optimizer, images):
    weight, draw = torch.ones(()), Relaxed(torch.ones(()))
    return lambda: descend(objective(model, images, weight, draw), optimizer)


if __name__ == "__main__":
    print_machine()
    for count in thread_counts():
        torch.set_num_threads(count)
        for components in COMPONENTS:
            density(count, components)
            step(count, components)
