"""What a trained model does with its categories, and how they compare with labels."""

from __future__ import annotations

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
    return int((aggregated_posterior * len(aggregated_posterior) > 1 + 1e-6).sum())


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
    return shares.index_add(0, labels, responsibilities).T


def label_agreement(
    responsibilities: Tensor, labels: Tensor, train_responsibilities: Tensor, train_labels: Tensor
) -> dict[str, float]:
    """Compare the most probable category of each image with its label.

    Args:
        responsibilities, labels: of the images to judge, (N, K) and (N,).
        train_responsibilities, train_labels: the majority label of each category is taken from these;
            where a label does not occur among them, no category can stand for it.

    Returns:
        "nmi", the normalised mutual information; "ari", the adjusted Rand index; "accuracy", the share of
        images whose label is the majority label of their category.

    Example:
        >>> import torch
        >>> certain = torch.eye(3)[[0, 0, 1, 2]]  # four images, three categories
        >>> label_agreement(certain, torch.tensor([0, 0, 1, 1]), certain, torch.tensor([0, 0, 1, 1]))["accuracy"]
        1.0
    """
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score  # a second to import: only here

    assigned = responsibilities.argmax(1).cpu()
    majority = label_shares(train_responsibilities, train_labels.to(train_responsibilities.device)).argmax(1).cpu()
    labels = labels.cpu()
    return {
        "nmi": float(normalized_mutual_info_score(labels.numpy(), assigned.numpy())),
        "ari": float(adjusted_rand_score(labels.numpy(), assigned.numpy())),
        "accuracy": float(np.mean((majority[assigned] == labels).numpy())),
    }
