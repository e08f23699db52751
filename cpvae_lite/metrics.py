"""What a trained model does with its categories and codes, and how its categories compare with labels."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import torch
from torch import Tensor


def used_categories(aggregated_posterior: Tensor) -> int:
    """How many categories have q(c) > 1/K, the paper's threshold (section 6.2).

    A share that exceeds 1/K by less than a millionth of it does not count: that is rounding.

    Args:
        aggregated_posterior: (K,).

    Example:
        >>> import torch
        >>> used_categories(torch.tensor([0.5, 0.4, 0.1]))
        2
    """
    return len(categories_above_average(aggregated_posterior))


def categories_above_average(aggregated_posterior: Tensor) -> list[int]:
    """The categories that :func:`used_categories` counts, the largest first.

    Args:
        aggregated_posterior: (K,).

    Raises:
        ValueError: if it is not a list of finite numbers; that of a model that was not trained is not.

    Example:
        >>> import torch
        >>> categories_above_average(torch.tensor([0.1, 0.4, 0.5]))
        [2, 1]
    """
    if aggregated_posterior.dim() != 1 or not aggregated_posterior.isfinite().all():
        raise ValueError("q(c) must be finite numbers, one for each category; train the model with fit() to have them")
    shares, order = aggregated_posterior.sort(descending=True, stable=True)
    return order[shares * len(shares) > 1 + 1e-6].tolist()


def effective_categories(aggregated_posterior: Tensor) -> float:
    """How many categories of equal share would have the entropy of q(c): its exponential, from 1 to K.

    Args:
        aggregated_posterior: (K,).

    Example:
        >>> import torch
        >>> round(effective_categories(torch.tensor([0.5, 0.5, 0.0])), 6)
        2.0
    """
    return float(torch.special.entr(aggregated_posterior).sum().exp())


def label_shares(responsibilities: Tensor, labels: Tensor) -> Tensor:
    r"""How each category's mass divides among labels: :math:`\sum_i [y_i = l]\, q(c_k|x_i)`.

    Args:
        responsibilities: q(c|x), (N, K).
        labels: (N,) from 0.

    Returns:
        A tensor of shape (K, labels), whose sum is N.

    Example:
        >>> import torch
        >>> label_shares(torch.tensor([[0.5, 0.5], [0.0, 1.0]]), torch.tensor([0, 1]))
        tensor([[0.5000, 0.0000],
                [0.5000, 1.0000]])
    """
    shares = responsibilities.new_zeros(int(labels.max()) + 1, responsibilities.shape[1])
    return shares.index_add(0, labels.to(shares.device), responsibilities).T


def label_posteriors(responsibilities: Tensor, labels: Tensor) -> Tensor:
    """How the images of each label use the categories: q(c|label), the form of the paper's Fig. 10.

    Args:
        responsibilities: q(c|x), (N, K).
        labels: (N,) from 0.

    Returns:
        A tensor of shape (labels, K); a row sums to one, or is NaN if no image has that label.

    Example:
        >>> import torch
        >>> label_posteriors(torch.tensor([[0.5, 0.5], [0.0, 1.0]]), torch.tensor([0, 0]))
        tensor([[0.2500, 0.7500]])
    """
    shares = label_shares(responsibilities, labels).T
    return shares / labels.bincount().to(shares.device)[:, None]


def first_categories(posteriors: Tensor, count: int = 5) -> list[list[int]]:
    """The categories that each label uses most, the form of the paper's Table 2; none for a label without images.

    Args:
        posteriors: q(c|label), (labels, K), as :func:`label_posteriors` gives them.
        count: how many, if there are so many.

    Example:
        >>> import torch
        >>> first_categories(torch.tensor([[0.1, 0.2, 0.7], [0.5, 0.4, 0.1]]), count=2)
        [[2, 1], [0, 1]]
    """
    first = posteriors.argsort(dim=1, descending=True, stable=True)[:, :count].tolist()
    return [[] if empty else each for each, empty in zip(first, posteriors.isnan().any(1).tolist(), strict=True)]


def shared_categories(first: list[list[int]]) -> list[int]:
    """The categories that stand in the lists of several labels, in order.

    Args:
        first: a list of categories for each label; see :func:`first_categories`.

    Example:
        >>> shared_categories([[2, 1], [0, 1], [4, 3]])
        [1]
    """
    labels = Counter(category for categories in first for category in set(categories))
    return sorted(category for category, count in labels.items() if count > 1)


def shared_by_chance(labels: int, categories: int, count: int = 5) -> float:
    """How many categories stand in several lists, on average, if each list is drawn by chance without repetition.

    Args:
        labels: how many lists.
        categories: K, to draw from.
        count: of each list.

    Example:
        >>> round(shared_by_chance(10, 150), 2)
        6.28
    """
    share = min(1.0, count / categories)  # that one list holds a given category
    none, one = (1 - share) ** labels, labels * share * (1 - share) ** (labels - 1)
    return categories * (1 - none - one)


def label_overlap(posteriors: Tensor) -> float:
    r"""How much of its categories a label has in common with another: :math:`\sum_k \min(q(c_k|a), q(c_k|b))`.

    Args:
        posteriors: q(c|label), (labels, K).

    Returns:
        The mean over all pairs of labels that have images: 0 if no category serves two of them, 1 if they use all
        alike, NaN if there is no pair.

    Example:
        >>> import torch
        >>> label_overlap(torch.tensor([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]]))
        0.5
    """
    present = posteriors[~posteriors.isnan().any(1)]
    labels = len(present)
    # In falling order the value at place i, from 0, is the smaller one of its i pairs with those before it.
    smaller = torch.arange(labels, dtype=present.dtype) @ present.sort(0, descending=True).values
    return (smaller.sum() / (labels * (labels - 1) / 2)).item() if labels > 1 else math.nan


def active_units(means: Tensor, threshold: float = 0.01) -> int:
    """How many dimensions of a code say something about x: those whose posterior mean varies over the data.

    Args:
        means: posterior means of the data, (N, D).
        threshold: variances above it count.

    Reference:
        Burda, Grosse and Salakhutdinov, Importance weighted autoencoders, 2016.

    Example:
        >>> import torch
        >>> active_units(torch.tensor([[-1.0, 0.5], [1.0, 0.5]]))
        1
    """
    return int((means.var(0, correction=0) > threshold).sum())


def label_agreement(
    responsibilities: Tensor, labels: Tensor, train_responsibilities: Tensor, train_labels: Tensor
) -> dict[str, float]:
    """Compare the most probable category of each image with its label.

    Args:
        responsibilities, labels: of the images to judge, (N, K) and (N,).
        train_responsibilities, train_labels: the majority label of each category is taken from these;
            where a label does not occur among them, no category can stand for it.

    Returns:
        "nmi", the normalised mutual information; "ari", the adjusted Rand index; "purity", the share of images
        whose label is the most frequent one among the judged images of their category; "accuracy", the same with
        the majority label of the training images, so that a category of few images cannot flatter.

    Example:
        >>> import torch
        >>> certain = torch.eye(3)[[0, 0, 1, 2]]  # four images, three categories
        >>> label_agreement(certain, torch.tensor([0, 0, 1, 1]), certain, torch.tensor([0, 0, 1, 1]))["accuracy"]
        1.0
    """
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score  # a second to import: only here

    assigned = responsibilities.argmax(1).cpu()
    majority = label_shares(train_responsibilities, train_labels).argmax(1).cpu()
    labels = labels.cpu()
    counts = label_shares(torch.nn.functional.one_hot(assigned, responsibilities.shape[1]), labels)  # whole numbers
    return {
        "nmi": float(normalized_mutual_info_score(labels.numpy(), assigned.numpy())),
        "ari": float(adjusted_rand_score(labels.numpy(), assigned.numpy())),
        "purity": counts.amax(1).sum().item() / len(labels),
        "accuracy": float(np.mean((majority[assigned] == labels).numpy())),
    }
