"""What is measured of a trained model for a table of the book, as JSON can hold it."""

from __future__ import annotations

import torch
from torch import Tensor

from cpvae_lite import synthetic
from cpvae_lite._seeding import seeded
from cpvae_lite.bounds import estimate_bound, log_marginal, standard_error
from cpvae_lite.classifier import JUDGED, load_classifier
from cpvae_lite.data import Dataset
from cpvae_lite.draws import Hard
from cpvae_lite.evaluation import evaluate
from cpvae_lite.metrics import label_agreement, label_posteriors
from cpvae_lite.model import LatentVariableModel
from cpvae_lite.priors import MixturePrior
from cpvae_lite.purity import FIGURES, generation_purity

GENERATED = 50_000  # numbers drawn from each model, as many as there are to train on
BINS = 140  # of a stored histogram, from -0.2 to 1.2
RANGE = (-0.2, 1.2)
PER_CATEGORY = 1_000  # numbers
DRAWS = 100  # images of a category
MOST_COUNTS = 10_000  # that a record holds, of labels in categories
MOST_LABELS = 50  # of a kind for which q(c|label) is stored: Omniglot's alphabets, not its characters
DIGITS = 6  # of stored probabilities
WHOLE = 100_000  # a stored q(c|label) adds up to this, but for what rounding does
BLOCK = 1_000  # images that are encoded at a time
PARTS = 100  # of the test images, for a comparison of two models on the same images
MILLINATS = 3  # digits of a stored mean over a part


def measure_synthetic(
    model: LatentVariableModel, dataset: Dataset, *, temperature: float, importance_samples: int, seed: int
) -> dict:
    """The report of :func:`cpvae_lite.evaluate`, and how generated numbers compare with the true density.

    Args:
        model: trained.
        dataset: the synthetic mixture.
        temperature: at which the relaxed value is reported.
        importance_samples: of the log-evidence, for each number.
        seed: of all draws.

    Returns:
        The report, with "truth": the mean log-density of the test data under the mixture itself, in nats;
        "generated" and, for models with a c, "uniform": :func:`cpvae_lite.synthetic.compare` of 50,000 numbers
        drawn with c from q(c), or from 1/K, and their histogram; "reconstructed": the same of reconstructions;
        "purity": of the categories or components, if the model has any.

    Raises:
        TypeError, ValueError: as :func:`cpvae_lite.evaluate` does.
        ValueError: if the model has a c but no q(c) yet.

    Example:
        >>> from cpvae_lite.synthetic import synthetic_mixture
        >>> from cpvae_lite.study.results import Results
        >>> model, data = Results("synthetic").model("cp-2"), synthetic_mixture(100)
        >>> found = measure_synthetic(model, data, temperature=0.5, importance_samples=1, seed=0)
        >>> found["generated"]["modes"], round(found["purity"], 2)  # each category draws one mode
        (2, 1.0)
        >>> sum(found["generated"]["histogram"]) == GENERATED  # all numbers lie within
        True
    """
    found = evaluate(model, dataset, temperature=temperature, importance_samples=importance_samples, seed=seed)
    found["truth"] = synthetic.truth().log_prob(dataset.test.data[:, 0]).mean().item()
    sources = {"generated": None} | ({"uniform": "uniform"} if model.categories else {})
    x = dataset.test.data.to(next(model.parameters()))
    with seeded(seed, device=x.device):
        for place, source in sources.items():
            found[place] = _compared(model.sample(GENERATED, categories_from=source, noise=True))
        found["reconstructed"] = _compared(model.reconstruct(x))
        if model.choices:
            found["purity"] = _side_purity(model, model.choices)
    return found


def _side_purity(model: LatentVariableModel, choices: int) -> float:
    each = torch.arange(choices).repeat_interleave(PER_CATEGORY)
    numbers = model.sample(len(each), category=each, noise=True).view(choices, PER_CATEGORY)
    return synthetic.purity(numbers.cpu(), model.shares.cpu())


def _compared(numbers: Tensor) -> dict:
    counts = torch.histc(numbers.cpu(), BINS, *RANGE)
    return synthetic.compare(numbers[:, 0]) | {"histogram": counts.int().tolist()}


def measure_images(
    model: LatentVariableModel, dataset: Dataset, *, temperature: float, importance_samples: int, seed: int
) -> dict:
    """The report of :func:`cpvae_lite.evaluate`, and how categories are used and what they draw.

    Args:
        model: trained.
        dataset: of images.
        temperature: at which the relaxed value is reported.
        importance_samples: of the log-evidence, for each image.
        seed: of all draws.

    Returns:
        The report; for models with a c also "aggregated_posterior", q(c) of the test images, and
        "label_posterior_1e5", q(c|label) for each kind of label that has at most 50, times 1e5: whole numbers
        take half the room; zeros for a label without images; for models with a mixture as prior
        "component_shares", see :func:`component_shares`; for models with categories or components,
        where there is a classifier for the data, "generation", see :func:`measure_generation`.

    Raises:
        TypeError, ValueError: as :func:`cpvae_lite.evaluate` does.
        ValueError: if the model has a c but no q(c) yet, where there is a classifier.

    Example:
        >>> from cpvae_lite import build
        >>> pixels = torch.arange(40 * 16).view(40, 16) % 256
        >>> data = Dataset.from_arrays(pixels, [0, 1] * 20, validation=0.25, test=0.25)
        >>> model = build("cp", features=16, categories=3, hidden=8)
        >>> found = measure_images(model, data, temperature=0.5, importance_samples=1, seed=0)
        >>> found["images"], len(found["aggregated_posterior"]), found["label_posterior_1e5"].keys()
        (10, 3, dict_keys(['label']))
    """
    found = evaluate(model, dataset, temperature=temperature, importance_samples=importance_samples, seed=seed)
    del found["source"]  # a folder of the machine that measured; the record has the fingerprint of the data
    if model.categories:
        found |= _use_of_categories(model, dataset)
    elif model.choices:
        found["component_shares"] = _rounded(component_shares(model, dataset, seed=seed))
    if model.choices and dataset.name in JUDGED:
        found["generation"] = measure_generation(model, dataset.name, seed=seed)
    return found


def measure_generation(model: LatentVariableModel, data: str, *, seed: int) -> dict:
    """How far each category or component keeps to one label, as the classifier that the package ships sees it.

    Args:
        model: trained, with categories or with a mixture as prior.
        data: the name of the data set that the classifier is for.
        seed: of the draws.

    Returns:
        What :func:`cpvae_lite.purity.generation_purity` finds, as :meth:`cpvae_lite.purity.Purity.asdict` gives it;
        without weights and counts if these are more than `MOST_COUNTS`.

    Raises:
        ValueError: if the model has neither, or no q(c) yet; if there is no such classifier.

    Example:
        >>> from cpvae_lite import build
        >>> list(measure_generation(build("mog", features=784, categories=300), "omniglot", seed=0))
        ['purity', 'standard_error', 'entropy', 'chance', 'information']
    """
    classifier = load_classifier(data).to(next(model.parameters()).device)
    found = generation_purity(model, classifier, draws=DRAWS, seed=seed)
    figures = found.asdict()
    return figures if found.counts.numel() <= MOST_COUNTS else {name: figures[name] for name in FIGURES}


@torch.no_grad()
def component_shares(model: LatentVariableModel, dataset: Dataset, *, seed: int) -> Tensor:
    """How often the codes of the test images come from each component of the prior, by Bayes' rule.

    It is the mean of p(k|z) over the images, with one z from q(z|x) for each: what q(c) is for a category. The weights
    of the components in the prior are equal all the same.

    Args:
        model: with a mixture as prior of one of its latents.
        dataset: with the test images.
        seed: of the draws.

    Returns:
        float64 (K,), on the CPU; the shares sum to one.

    Raises:
        ValueError: if no prior is a mixture.

    Example:
        >>> from cpvae_lite import build
        >>> data = Dataset.from_arrays(torch.arange(40 * 16).view(40, 16) % 256)
        >>> shares = component_shares(build("mog", features=16, categories=3, hidden=8), data, seed=0)
        >>> shares.shape, round(shares.sum().item(), 6)
        (torch.Size([3]), 1.0)
    """
    mixtures = [latent for latent in model.latents if isinstance(latent.prior, MixturePrior)]
    if not mixtures:
        raise ValueError("no prior of this model is a mixture, so there are no components to count")
    (latent,) = mixtures
    mixture = latent.prior({})
    x = dataset.observed("test").to(next(model.parameters()))
    with seeded(seed, device=x.device):
        codes = [model.infer(rows, Hard()).values[latent.name] for rows in x.split(BLOCK)]
    each = torch.cat([mixture.responsibilities(z.reshape(-1, z.shape[-1])) for z in codes])
    return each.cpu().double().mean(0)


def measure_closer(model: LatentVariableModel, dataset: Dataset, *, importance_samples: int, seed: int) -> dict:
    """The importance-sampled negative log-evidence of the test images, as a whole and part by part.

    Args:
        model: trained.
        dataset: with the test images.
        importance_samples: for each image; more than of the other measures.
        seed: of the draws.

    Returns:
        "importance_samples"; "negative_log_evidence" in nats per image, and its "standard_error" over images; "parts",
        the means over each hundredth of the images, in their order: two models look at the same images, so the
        difference of their parts has far less noise than that of two means.

    Raises:
        TypeError, ValueError: as :func:`cpvae_lite.log_marginal` does.

    Example:
        >>> from cpvae_lite import build
        >>> data = Dataset.from_arrays(torch.arange(2000 * 16).view(2000, 16) % 256, test=0.5)
        >>> found = measure_closer(build("vae", features=16, hidden=8), data, importance_samples=2, seed=0)
        >>> len(found["parts"]), abs(sum(found["parts"]) / 100 - found["negative_log_evidence"]) < 1e-3
        (100, True)
    """
    x = dataset.observed("test").to(next(model.parameters()))
    found = -log_marginal(model, x, importance_samples, seed=seed).double().cpu()
    return {
        "importance_samples": importance_samples,
        "negative_log_evidence": found.mean().item(),
        "standard_error": standard_error(found),
        "parts": [round(part.mean().item(), MILLINATS) for part in found.tensor_split(min(PARTS, len(found)))],
    }


def measure_splits(model: LatentVariableModel, dataset: Dataset, *, seed: int) -> dict:
    """The bound on the images of training and of validation, to hold against that of the test images.

    Args:
        model: trained.
        dataset: of images.
        seed: of the draws.

    Returns:
        For "train" and "validation" the number of "images", "negative_bound", with a drawn c and one z, in nats per
        image, and its "standard_error" over images and draws.

    Example:
        >>> from cpvae_lite import build
        >>> data = Dataset.from_arrays(torch.arange(100 * 16).view(100, 16) % 256)
        >>> found = measure_splits(build("vae", features=16, hidden=8), data, seed=0)
        >>> {split: part["images"] for split, part in found.items()}
        {'train': 80, 'validation': 10}
    """
    weight = next(model.parameters())
    images = {split: dataset.observed(split).to(weight) for split in ("train", "validation")}
    return {split: _bound_of(model, x, seed) for split, x in images.items()}


def _bound_of(model: LatentVariableModel, x: Tensor, seed: int) -> dict:
    estimate = estimate_bound(model, x, seed=seed)
    return {"images": len(x), "negative_bound": -estimate.value, "standard_error": estimate.standard_error}


def measure_chance(model: LatentVariableModel, dataset: Dataset, *, seed: int) -> dict:
    """How well categories would agree with the labels of the test images if they said nothing about them.

    The posteriors of the test images are dealt out anew among these: each category keeps its share.

    Args:
        model: trained, with categories.
        dataset: with labels, if it has any.
        seed: of the deal.

    Returns:
        "labels": for each kind of label what :func:`cpvae_lite.metrics.label_agreement` finds.

    Raises:
        ValueError: if the model has no categories.

    Example:
        >>> from cpvae_lite import build
        >>> data = Dataset.from_arrays(torch.arange(100 * 16).view(100, 16) % 256, [0, 1] * 50)
        >>> found = measure_chance(build("cp", features=16, categories=3, hidden=8), data, seed=0)
        >>> sorted(found["labels"]["label"])
        ['accuracy', 'ari', 'nmi', 'purity']
    """
    weight = next(model.parameters())
    train, test = (model.predict_proba(dataset.observed(split).to(weight)).cpu() for split in ("train", "test"))
    dealt = test[torch.randperm(len(test), generator=torch.Generator().manual_seed(seed))]
    labels, of_training = dataset.test.labels, dataset.train.labels
    kinds = [kind for kind in labels if kind in of_training]
    return {"labels": {kind: label_agreement(dealt, labels[kind], train, of_training[kind]) for kind in kinds}}


def _use_of_categories(model: LatentVariableModel, dataset: Dataset) -> dict:
    responsibilities = model.predict_proba(dataset.observed("test").to(next(model.parameters()))).cpu().double()
    kinds = {kind: labels for kind, labels in dataset.test.labels.items() if int(labels.max()) < MOST_LABELS}
    return {
        "aggregated_posterior": _rounded(responsibilities.mean(0)),
        "label_posterior_1e5": {
            kind: (WHOLE * label_posteriors(responsibilities, labels)).nan_to_num(0).round().int().tolist()
            for kind, labels in kinds.items()
        },
    }


def _rounded(values: Tensor) -> list[float]:
    return [round(value, DIGITS) for value in values.tolist()]
