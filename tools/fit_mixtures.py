"""Fit mixtures of 150 Gaussians to the codes of the shipped VAE of clothes, for the page on samples and kinds.

    make mixtures

One is fitted to the means of the posteriors of all training images, the other to a draw from each. It takes a minute.
"""

import torch

from cpvae_lite import load_dataset
from cpvae_lite.study.afterwards import SHIPPED, FittedMixture
from cpvae_lite.study.records import environment
from cpvae_lite.study.results import Results

COMPONENTS, STEPS, SEED = 150, 200, 0


@torch.no_grad()
def codes_of_clothes() -> tuple[dict[str, torch.Tensor], str]:
    """Means of posteriors and draws from them, each (50,000, 40), and the fingerprint of the images."""
    dataset = load_dataset("fashion-mnist")
    torch.manual_seed(SEED)
    posterior = Results("fashion-mnist").model("vae").posterior(dataset.observed("train"))["z"]
    return {"means": posterior.mean, "draws": posterior.sample()}, dataset.fingerprint


if __name__ == "__main__":
    torch.set_num_threads(1)
    found, fingerprint = codes_of_clothes()
    for name, codes in found.items():
        about = {
            "codes": name,
            "vae": "fashion-mnist/vae-seed0",
            "data": fingerprint,
            "steps": STEPS,
            "seed": SEED,
            "environment": environment("cpu"),
        }
        FittedMixture.of(codes, COMPONENTS, steps=STEPS, seed=SEED).save(
            SHIPPED / f"fashion-mnist-{name}.safetensors", about
        )
        print(f"fitted to {len(codes):,} {name}")
