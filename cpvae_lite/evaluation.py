"""Everything that is reported of a trained model, as one record."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from cpvae_lite._arguments import finite_number, whole_number
from cpvae_lite.bounds import BoundEstimate, estimate_bound, log_marginal, standard_error
from cpvae_lite.data import Dataset
from cpvae_lite.draws import Hard, Mode, Relaxed
from cpvae_lite.metrics import active_units, effective_categories, label_agreement, used_categories
from cpvae_lite.model import LatentVariableModel
from cpvae_lite.saved import not_finite
from cpvae_lite.steps import NotFiniteError


def evaluate(
    model: LatentVariableModel,
    dataset: Dataset,
    *,
    split: str = "test",
    temperature: float | None = None,
    importance_samples: int = 0,
    seed: int = 0,
) -> dict:
    """Report on a model: bounds and terms in nats per image, use of categories, agreement with labels.

    Args:
        model: trained or not.
        dataset: what it was trained on; the majority labels come from its training split.
        split: where to evaluate.
        temperature: also report the relaxed counterpart of the bound at this temperature, which is not a
            bound; None leaves it out.
        importance_samples: S > 0 adds the importance-sampled negative log-evidence with S samples an image. On average
            it is too large, the less so the more samples; its standard error knows nothing of that.
        seed: of all draws.

    Returns:
        A dict that JSON can hold. "negative_bound" uses hard c and one z. It comes with its standard error over
        images and draws, as "standard_error"; so do "relaxed_negative_bound", as "relaxed_standard_error", and
        "negative_log_evidence", as "negative_log_evidence_standard_error". The standard errors are None for a
        single image. No other figure has one: neither the terms of the bound nor the agreement with labels.
        "active_units" counts the dimensions of each code whose posterior mean varies with x.

    Raises:
        ValueError: if model and data do not fit together, or a setting is out of range.
        TypeError: if a number is no whole one.
        NotFiniteError: if a figure is not finite: a weight is not, or data are far from what the model was trained on.

    Example:
        >>> from cpvae_lite import build, load_dataset
        >>> data = load_dataset("mnist", subset=True)
        >>> report = evaluate(build("cp", features=784, categories=10), data, split="validation")
        >>> report["images"], sorted(report["labels"])
        (1000, ['digit'])
    """
    require_suitable(model, dataset)
    if broken := not_finite(model):
        raise NotFiniteError(f"the weight {broken[0]} is not finite: train the model anew")
    importance_samples = whole_number("importance_samples", importance_samples, least=0)
    if temperature is not None:
        temperature = finite_number("temperature", temperature, least=0, strict=True)
    x = dataset.observed(split).to(next(model.parameters()))
    report = {"data": dataset.name, "source": dataset.source, "split": split, "images": len(x)}
    report |= _bound("", estimate_bound(model, x, Hard(), seed=seed))
    if model.categories and temperature is not None:
        report["temperature"] = temperature
        report |= _bound("relaxed_", estimate_bound(model, x, Relaxed(temperature), seed=seed))
    if importance_samples:
        evidence = log_marginal(model, x, importance_samples, seed=seed).double()
        report["importance_samples"] = importance_samples
        report["negative_log_evidence"] = -evidence.mean().item()
        report["negative_log_evidence_standard_error"] = standard_error(evidence)
    report["active_units"] = _active_units(model, x)
    if model.categories:
        report |= _categories(model, dataset, split, x)
    _require_finite(report)
    return report


def _require_finite(report: dict) -> None:
    for name, value in report.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise NotFiniteError(f"{name} is {value}: the model's weights or these data are out of all proportion")


def require_suitable(model: LatentVariableModel, dataset: Dataset) -> None:
    """Raise unless the data have the model's number of features, and want the likelihood it has.

    Raises:
        ValueError: if not.
        TypeError: if they are no :class:`cpvae_lite.data.Dataset`, or the model is none.

    Example:
        >>> from cpvae_lite import build, load_dataset
        >>> require_suitable(build("vae", features=784), load_dataset("synthetic"))
        Traceback (most recent call last):
        ValueError: the data have 1 features, the model 784
    """
    if not isinstance(model, LatentVariableModel):
        raise TypeError(f"the model must be one that build makes, not {type(model).__name__}")
    if not isinstance(dataset, Dataset):
        raise TypeError(f"the data must be a Dataset, not {type(dataset).__name__}; Dataset.from_arrays makes one")
    if dataset.features != model.features:
        raise ValueError(f"the data have {dataset.features} features, the model {model.features}")
    if model.config and dataset.likelihood != model.config.likelihood:
        raise ValueError(
            f"{dataset.name} wants a {dataset.likelihood} likelihood, the model has a {model.config.likelihood} one:"
            f" give build likelihood={dataset.likelihood!r}"
        )


@torch.no_grad()
def _active_units(model: LatentVariableModel, x: Tensor) -> dict[str, int]:
    """Of each continuous latent, by name; those below others are taken at the mode of these."""
    blocks = [model.infer(rows, Mode()).values for rows in x.split(1000)]
    modes = {latent.name: torch.cat([values[latent.name] for values in blocks]) for latent in model.latents}
    return {name: active_units(mode) for name, mode in modes.items() if mode.is_floating_point()}


def _bound(prefix: str, estimate: BoundEstimate) -> dict[str, float]:
    found = {"negative_bound": -estimate.value, "standard_error": estimate.standard_error, **estimate.terms}
    return {prefix + name: value for name, value in found.items()}


def _categories(model: LatentVariableModel, dataset: Dataset, split: str, x: Tensor) -> dict:
    responsibilities = model.predict_proba(x)
    train = model.predict_proba(dataset.observed("train").to(x))
    labels, train_labels = dataset.split(split).labels, dataset.train.labels
    agreement = {
        kind: label_agreement(responsibilities, labels[kind], train, train_labels[kind])
        for kind in labels
        if kind in train_labels
    }
    shares = responsibilities.mean(0)
    return {
        "categories": model.categories,
        "used_categories": used_categories(shares),
        "effective_categories": effective_categories(shares),
        "largest_categories": shares.argsort(descending=True)[:5].tolist(),
        "labels": agreement,
    }
