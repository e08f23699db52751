"""Variational autoencoders with continuous and discrete latent variables."""

from cpvae_lite._version import __version__
from cpvae_lite.bounds import BoundEstimate, Elbo, elbo, estimate_bound, log_marginal
from cpvae_lite.config import ModelConfig
from cpvae_lite.data import Dataset, binarise
from cpvae_lite.datasets import load_dataset
from cpvae_lite.draws import Hard, Mode, Relaxed, Summed
from cpvae_lite.evaluation import evaluate
from cpvae_lite.locks import BusyError
from cpvae_lite.model import LatentVariableModel
from cpvae_lite.saved import load_model, save_model
from cpvae_lite.schedule import TrainConfig
from cpvae_lite.steps import NotFiniteError
from cpvae_lite.train import fit
from cpvae_lite.zoo import build

__all__ = [
    "__version__",
    "BoundEstimate",
    "BusyError",
    "Dataset",
    "Elbo",
    "Hard",
    "LatentVariableModel",
    "Mode",
    "ModelConfig",
    "NotFiniteError",
    "Relaxed",
    "Summed",
    "TrainConfig",
    "binarise",
    "build",
    "elbo",
    "estimate_bound",
    "evaluate",
    "fit",
    "load_dataset",
    "load_model",
    "log_marginal",
    "save_model",
]
