"""Figures of a run on images, as the sentences about them need them, from its measures."""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from statistics import median

import torch
from torch import Tensor

from cpvae_lite.purity import Purity
from cpvae_lite.study.measures import WHOLE
from cpvae_lite.study.results import NotRunError

Figure = Callable[[dict], float]  # takes the measures of a run
TOPS, SHOES = (0, 2, 4, 6), (5, 7, 9)  # labels: T-shirt, pullover, coat, shirt; sandal, sneaker, ankle boot
OTHERS = (1, 3, 8)  # trouser, dress, bag

used, effective, kl_of_c = map(itemgetter, ("used_categories", "effective_categories", "kl_c"))


def _generation(found: dict) -> dict:
    if "generation" not in found:
        raise NotRunError("this record says nothing of what the model draws; make the run again")
    return found["generation"]


def drawn_purity(found: dict) -> float:
    """How pure the draws of a category are, weighted by q(c).

    Args:
        found: the measures of a run whose draws a classifier has labelled.

    Example:
        >>> from cpvae_lite.study.results import Results
        >>> found = Results("mnist").first("cp-150")
        >>> round(drawn_purity(found), 2), round(chance(found), 2)
        (0.97, 0.15)
    """
    return _generation(found)["purity"]


def chance(found: dict) -> float:
    """What generation purity would be if categories meant nothing; see :attr:`cpvae_lite.purity.Purity.chance`.

    Args:
        found: as in :func:`drawn_purity`.

    Example:
        >>> from cpvae_lite.study.results import Results
        >>> round(chance(Results("fashion-mnist").first("indq-150")), 2)  # of ten kinds
        0.15
    """
    return _generation(found)["chance"]


def has_counts(found: dict) -> bool:
    """Whether a record counts the labels of what each category draws; where labels are many it has the figures alone.

    Example:
        >>> from cpvae_lite.study.results import Results
        >>> has_counts(Results("mnist").first("cp-150")), has_counts(Results("omniglot").first("cp-500"))
        (True, False)
    """
    return "counts" in found.get("generation", {})


def stored_purity(found: dict) -> Purity:
    """Of the draws of each category, from the record of a run.

    Args:
        found: as in :func:`drawn_purity`.

    Raises:
        NotRunError: if the record has no counts; see :func:`has_counts`.

    Example:
        >>> from cpvae_lite.study.results import Results
        >>> stored = stored_purity(Results("fashion-mnist").first("cp-150"))
        >>> round(stored.among(SHOES).purity, 2), round(stored.among(TOPS).purity, 2)  # tops are hard to tell apart
        (0.87, 0.7)
    """
    if not has_counts(found):
        raise NotRunError("this record does not count the labels of what each category draws")
    drawn = found["generation"]
    weights = torch.tensor(drawn["weights"], dtype=torch.float64)
    return Purity(torch.tensor(drawn["counts"]), weights / weights.sum())  # they were rounded for the record


def purity_by_use(found: dict) -> Purity:
    """The same draws of a mixture's components, each weighted by how many images use it instead of all alike.

    Args:
        found: the measures of a run with "component_shares", see :func:`cpvae_lite.study.measures.component_shares`.

    Raises:
        KeyError: if the record has none.

    Example:
        >>> from cpvae_lite.study.results import Results
        >>> found = Results("fashion-mnist").first("vamp-500")
        >>> each = stored_purity(found), purity_by_use(found)
        >>> [round(drawn.overall[list(SHOES)].sum().item(), 2) for drawn in each]
        [0.05, 0.3]
    """
    shares = torch.tensor(found["component_shares"], dtype=torch.float64)
    return Purity(stored_purity(found).counts, shares / shares.sum())


def mixed(found: dict) -> int:
    """How many categories draw no kind in more than half of the cases.

    Args:
        found: as in :func:`drawn_purity`.

    Example:
        >>> mixed({"generation": {"counts": [[9, 1, 0], [5, 0, 5], [4, 3, 3]], "weights": [0.2, 0.4, 0.4]}})
        2
    """
    return int((stored_purity(found).top_shares <= 0.5).sum())


def purity(found: dict) -> float:
    """Of the most probable categories of test images, of data with one kind of label.

    Args:
        found: the measures of a run of a model with a latent c.

    Raises:
        ValueError: if there are several kinds of label, as on Omniglot.

    Example:
        >>> from cpvae_lite.study.results import Results
        >>> found = Results("mnist")
        >>> round(purity(found.first("cp-150")), 2), round(purity(found.first("indqp-150")), 2)
        (0.97, 0.2)
    """
    (kind,) = found["labels"]
    return found["labels"][kind]["purity"]


def accuracy(found: dict) -> float:
    """Share of test images whose category is named after their label, of data with one kind of label.

    A category is named after the label that most of its training images have.

    Args, Raises:
        as of :func:`purity`.

    Example:
        >>> from cpvae_lite.study.results import Results
        >>> round(accuracy(Results("mnist").first("cp-150")), 2), round(accuracy(Results("mnist").first("cp-10")), 2)
        (0.97, 0.74)
    """
    (kind,) = found["labels"]
    return found["labels"][kind]["accuracy"]


def labels_with_a_category(found: dict) -> int:
    """How many labels are the most frequent one of some category, over the test images; labels count alike.

    Args:
        found: the measures of a run of a model with a latent c.

    Example:
        >>> from cpvae_lite.study.results import Results
        >>> found = Results("fashion-mnist")
        >>> labels_with_a_category(found.first("cp-150")), labels_with_a_category(found.first("cp-10"))
        (10, 8)
    """
    return len(stored_posteriors(found).argmax(0).unique())


def alphabet_accuracy(found: dict) -> float:
    """Share of test images whose category is named after their alphabet.

    Args:
        found: the measures of a run on Omniglot.

    Example:
        >>> from cpvae_lite.study.results import Results
        >>> round(alphabet_accuracy(Results("omniglot").first("cp-500")), 2)  # of 50 alphabets
        0.19
    """
    return found["labels"]["alphabet"]["accuracy"]


def empty(found: dict) -> int:
    """How many categories no test image uses: all test images together give them less than a tenth of one.

    Args:
        found: the measures of a run of a model with a latent c.

    Example:
        >>> empty({"images": 1000, "aggregated_posterior": [0.9998, 0.00011, 0.00009]})
        1
    """
    return int((found["images"] * torch.tensor(found["aggregated_posterior"], dtype=torch.float64) < 0.1).sum())


def rarest(found: dict) -> float:
    """The share of the least used category, in units of 1/K, its share if all were used alike.

    Args:
        found: as in :func:`empty`.

    Example:
        >>> rarest({"aggregated_posterior": [0.5, 0.375, 0.0625, 0.0625]})
        0.25
    """
    shares = found["aggregated_posterior"]
    return len(shares) * min(shares)


def middle(found: dict) -> float:
    """The share that half of the categories exceed, in units of 1/K: the median.

    Args:
        found: as in :func:`empty`.

    Example:
        >>> middle({"aggregated_posterior": [0.5, 0.375, 0.0625, 0.0625]})
        0.875
    """
    shares = found["aggregated_posterior"]
    return len(shares) * median(shares)


def stored_posteriors(measures: dict) -> Tensor:
    """q(c|label) of the test images as a run stored it, (labels, K), NaN for a label without images; Omniglot's labels
    are the alphabets.

    Args:
        measures: of a run of a model with a latent c, on images.

    Raises:
        KeyError: if the model has no c.
        ValueError: if several kinds of label are stored, or none.

    Example:
        >>> from cpvae_lite.study.results import Results
        >>> q = stored_posteriors(Results("omniglot").first("cp-500"))
        >>> q.shape, q.sum(1).round(decimals=2).unique()  # 50 alphabets, each with a distribution
        (torch.Size([50, 500]), tensor([1.]))
    """
    (parts,) = measures["label_posterior_1e5"].values()
    shares = torch.as_tensor(parts) / WHOLE
    return torch.where(shares.any(1, keepdim=True), shares, torch.nan)


def categories_of_labels(found: dict) -> list[float]:
    """How many equal categories would have the entropy of q(c|label), for each label.

    Args:
        found: the measures of a run of a model with a latent c, on images.

    Example:
        >>> categories_of_labels({"label_posterior_1e5": {"digit": [[25000] * 4, [0, 0, 100000, 0]]}})
        [4.0, 1.0]
    """
    posteriors = stored_posteriors(found)
    return torch.special.entr(posteriors[~posteriors.isnan().any(1)]).sum(1).exp().tolist()


def fewest_of_a_label(found: dict) -> float:
    """By how many equal categories the label with fewest is served.

    Example:
        >>> posteriors = {"alphabet": [[100_000, 0, 0, 0], [25_000] * 4]}
        >>> found = {"label_posterior_1e5": posteriors}
        >>> fewest_of_a_label(found), most_of_a_label(found)
        (1.0, 4.0)
    """
    return min(categories_of_labels(found))


def most_of_a_label(found: dict) -> float:
    """By how many the one with most is served; see :func:`fewest_of_a_label`."""
    return max(categories_of_labels(found))


def most_of_an_alphabet(found: dict) -> float:
    """The greatest q(c|alphabet): how far one category stands for one alphabet.

    Args:
        found: the measures of a run on Omniglot.

    Example:
        >>> most_of_an_alphabet({"label_posterior_1e5": {"alphabet": [[50000, 50000], [25000, 75000]]}})
        0.75
    """
    return stored_posteriors(found).nan_to_num(0).max().item()
