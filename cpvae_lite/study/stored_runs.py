"""What only the weights or the samples of a stored run can tell."""

from __future__ import annotations

from functools import lru_cache

import torch

from cpvae_lite.classifier import load_classifier
from cpvae_lite.classifier_score import ClassifierScore, classifier_score
from cpvae_lite.sheets import images_of
from cpvae_lite.study.results import Results


def generating_bound(results: Results, label: str) -> float:
    """Minus the bound of the model that images are drawn from, whose p(c) is q(c) of the training images.

    The bound has p(c) in -KL(q(c|x) ‖ p(c)) alone (Eq. 11). So the mean over test images, whose q(c) the run has
    stored, changes by the sum over c of q(c) log(K p(c)).

    Args:
        results: with the weights of the label's first seed.
        label: of a model with categories.

    Returns:
        Nats per test image.

    Raises:
        FileNotFoundError: if the weights are not there.
        KeyError: if the label was never run.

    Example:
        >>> round(generating_bound(Results("omniglot"), "cp-500"), 2)
        112.93
    """
    measures, model = results.first(label), results.model(label)
    q_c, p_c = torch.tensor(measures["aggregated_posterior"]).double(), model.aggregated_posterior.double()
    return measures["negative_bound"] - torch.xlogy(q_c, len(p_c) * p_c).sum().item()


@lru_cache(maxsize=64)  # several sentences of the paper ask for the same
def score_of_samples(results: Results, label: str) -> ClassifierScore:
    """How the shipped classifier judges the 64 samples that a run left.

    Args:
        results: of data for which the package ships a classifier.
        label: as "cp-150"; of several seeds the first is judged.

    Raises:
        ValueError: if the package has no classifier for the data.
        FileNotFoundError: if that run left no samples.

    Example:
        >>> of_cp, of_indp = (score_of_samples(Results("mnist"), label) for label in ("cp-150", "indp-150"))
        >>> of_cp.doubt < of_indp.doubt  # fewer of its digits could be two
        True
    """
    return classifier_score(load_classifier(results.table), images_of(results.sheet(label)))
