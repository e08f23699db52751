"""A mixture of Gaussians that is fitted to the codes of a trained VAE: its places are found afterwards."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import torch
import torch.distributions as D
from sklearn.mixture import GaussianMixture
from torch import Tensor

from cpvae_lite.conditionals import diagonal_normal
from cpvae_lite.model import LatentVariableModel
from cpvae_lite.priors import MixtureOfGaussians
from cpvae_lite.storage import halved, read_tensors, write_tensors

SHIPPED = Path(str(resources.files("cpvae_lite") / "artifacts" / "mixtures"))
LEAST_VARIANCE = 1e-3  # of a component, lest one shrinks to a single code


@dataclass(frozen=True)
class FittedMixture:
    """A mixture of Gaussians with weights of its own.

    Attributes:
        weights: (K,), of the components.
        mean, variance: (K, D).

    Example:
        >>> codes = torch.cat([torch.randn(500, 2) - 4, torch.randn(500, 2) + 4])
        >>> found = FittedMixture.of(codes, components=2)
        >>> sorted(found.mean[:, 0].round().tolist()), found.density().log_prob(codes).shape
        ([-4.0, 4.0], torch.Size([1000]))
    """

    weights: Tensor
    mean: Tensor
    variance: Tensor

    @classmethod
    def of(cls, codes: Tensor, components: int, *, steps: int = 100, seed: int = 0) -> FittedMixture:
        """Fit one to codes by expectation maximisation, with scikit-learn.

        Args:
            codes: (N, D), at least as many as components.
            components: K.
            steps: at most.
            seed: of the start, which k-means makes.

        Raises:
            ValueError: if there are fewer codes than components, or if one is not finite.
        """
        mixture = GaussianMixture(
            components, covariance_type="diag", reg_covar=LEAST_VARIANCE, max_iter=steps, random_state=seed
        )
        mixture.fit(codes.detach().cpu().double().numpy())
        return cls(*(torch.tensor(part).float() for part in (mixture.weights_, mixture.means_, mixture.covariances_)))

    def density(self) -> D.MixtureSameFamily:
        """The mixture as a density of codes (..., D)."""
        return D.MixtureSameFamily(D.Categorical(self.weights), diagonal_normal(self.mean, self.variance.log()))

    def responsibilities(self, codes: Tensor) -> Tensor:
        """How probable each component is, given a code, by Bayes' rule.

        Args:
            codes: (N, D).

        Returns:
            A tensor (N, K) whose rows sum to one.

        Example:
            >>> found = FittedMixture(torch.tensor([0.5, 0.5]), torch.tensor([[-4.0], [4.0]]), torch.ones(2, 1))
            >>> found.responsibilities(torch.tensor([[-4.0], [0.0]])).round().tolist()
            [[1.0, 0.0], [0.0, 0.0]]
        """
        components = self.density().component_distribution
        return (components.log_prob(codes.unsqueeze(1)) + self.weights.log()).softmax(1)

    def as_prior_of(self, vae: LatentVariableModel) -> LatentVariableModel:
        """A copy of a VAE that draws its codes from these components.

        The copy's prior counts all components alike, as MoG's does; a draw from one of them is the same either way.

        Args:
            vae: with one latent of D dimensions; it stays as it is.

        Example:
            >>> from cpvae_lite import build
            >>> found = FittedMixture(torch.ones(3) / 3, torch.randn(3, 40), torch.ones(3, 40))
            >>> found.as_prior_of(build("vae", features=784)).sample(5, category=2).shape
            torch.Size([5, 784])
        """
        model = deepcopy(vae)
        prior = MixtureOfGaussians(*self.mean.shape, spread=1.0)
        prior.mean.data, prior.log_variance.data = self.mean.clone(), self.variance.log()
        model.latents[0].prior = prior
        return model

    def save(self, path: Path, about: dict) -> None:
        """Write it as float16, with what `about` says of it; see :func:`cpvae_lite.storage.write_tensors`."""
        parts = {name: halved(name, getattr(self, name)) for name in self.__dataclass_fields__}
        write_tensors(path, parts, about)


def shipped_mixture(codes: str) -> FittedMixture:
    """A mixture of 150 Gaussians, fitted to the codes of 50,000 images of clothes by the shipped VAE.

    Args:
        codes: "means" of its posteriors, or "draws" from them.

    Raises:
        FileNotFoundError: if there is no such mixture.

    Example:
        >>> shipped_mixture("draws").mean.shape
        torch.Size([150, 40])
    """
    parts, _ = read_tensors(SHIPPED / f"fashion-mnist-{codes}.safetensors")
    parts = {name: part.float() for name, part in parts.items()}
    return FittedMixture(parts["weights"] / parts["weights"].sum(), parts["mean"], parts["variance"])
