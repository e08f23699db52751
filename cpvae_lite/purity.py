"""Generation purity: how far a category draws one kind of image, as a classifier of the real labels sees it.

The paper shows samples of single categories and says which look alike; this counts. The agreement of categories with
labels (:func:`cpvae_lite.metrics.label_agreement`) is about q(c|x), what the encoder does with real images. Purity is
about p(x|c), what the model generates. For numbers from the synthetic mixture, see :func:`cpvae_lite.synthetic.purity`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cpvae_lite._arguments import whole_number
from cpvae_lite._seeding import seeded
from cpvae_lite.classifier import BLOCK, label_kind, logits_of
from cpvae_lite.data import Dataset
from cpvae_lite.model import LatentVariableModel

FIGURES = ("purity", "standard_error", "entropy", "chance", "information")
MOST_COUNTS = 2e7  # in the drawings of a purity by chance


@dataclass(frozen=True, eq=False)
class Purity:
    """How images of each category divide among labels.

    Attributes:
        counts: (K, labels) int64, how many images of a category got a label.
        weights: (K,) float64, how much each category counts; they sum to one.

    Example:
        >>> found = Purity(torch.tensor([[9, 1], [5, 5]]), torch.tensor([0.75, 0.25]).double())
        >>> round(found.purity, 3), round(found.entropy, 3)  # ¾ · 0.9 + ¼ · 0.5, and nats
        (0.8, 0.417)
    """

    counts: Tensor
    weights: Tensor

    @property
    def shares(self) -> Tensor:
        """The counts as frequencies, (K, labels) float64; rows without images are zero.

        Example:
            >>> Purity(torch.tensor([[9, 1], [0, 0]]), torch.tensor([1.0, 0.0]).double()).shares
            tensor([[0.9000, 0.1000],
                    [0.0000, 0.0000]], dtype=torch.float64)
        """
        return self.counts / self.counts.sum(1, keepdim=True).clamp_min(1).double()

    @property
    def top_labels(self) -> Tensor:
        """The most frequent label of each category, (K,) int64."""
        return self.counts.argmax(1)

    @property
    def top_shares(self) -> Tensor:
        """The share of that label, (K,)."""
        return self.shares.amax(1)

    @property
    def entropies(self) -> Tensor:
        """The entropy of each category's labels in nats, (K,): 0 for one label, log(labels) for all alike.

        Example:
            >>> Purity(torch.tensor([[10, 0], [5, 5]]), torch.tensor([0.5, 0.5]).double()).entropies  # 0 and log 2
            tensor([0.0000, 0.6931], dtype=torch.float64)
        """
        return torch.special.entr(self.shares).sum(1)

    @property
    def purity(self) -> float:
        """The share of the top label, averaged over categories by weight."""
        return (self.weights * self.top_shares).sum().item()

    @property
    def standard_error(self) -> float:
        """Of the purity, as if the top labels were known before the images were drawn.

        Example:
            >>> one = Purity(torch.tensor([[90, 10]]), torch.ones(1).double())
            >>> round(one.standard_error, 3)  # √(0.9 · 0.1 / 100)
            0.03
        """
        variance = self.top_shares * (1 - self.top_shares) / self.counts.sum(1).clamp_min(1)
        return (self.weights.square() * variance).sum().sqrt().item()

    @property
    def entropy(self) -> float:
        """The entropy of the labels in nats, averaged over categories by weight."""
        return (self.weights * self.entropies).sum().item()

    @property
    def overall(self) -> Tensor:
        """The shares of the labels among all categories together, by weight, (labels,) float64.

        Example:
            >>> Purity(torch.tensor([[9, 1], [5, 5]]), torch.tensor([0.75, 0.25]).double()).overall
            tensor([0.8000, 0.2000], dtype=torch.float64)
        """
        return self.weights @ self.shares

    @property
    def variety(self) -> float:
        """How many labels there are among all categories together, by weight: the exponential of their entropy.

        Of many draws, it says what :attr:`cpvae_lite.classifier_score.ClassifierScore.variety` cannot say of few.

        Example:
            >>> Purity(torch.tensor([[10, 0], [0, 10]]), torch.tensor([0.5, 0.5]).double()).variety
            2.0
        """
        return math.exp(self._entropy_of_all)

    @property
    def chance(self) -> float:
        """The purity to expect if categories meant nothing, and each drew its labels as all together do.

        It is more than the top share of all together, since here, too, a top label is chosen after the fact. The mean
        of 10,000 drawings for each number of images that a category has, with a fixed seed; of fewer where labels and
        such numbers are many.

        Example:
            >>> found = Purity(torch.full((3, 10), 10), torch.full((3,), 1 / 3).double())  # ten labels alike
            >>> round(found.purity, 2), round(found.chance, 2)
            (0.1, 0.15)
        """
        sizes, place = self.counts.sum(1).unique(return_inverse=True)
        expected = F.normalize(self.overall, p=1, dim=0).numpy()  # zeros, if there are no images at all
        drawings = min(10_000, math.ceil(MOST_COUNTS / (len(sizes) * max(1, len(expected)))))
        drawn = np.random.default_rng(0).multinomial(sizes.numpy(), expected, (drawings, len(sizes)))
        top_shares = torch.from_numpy(drawn.max(2).mean(0)) / sizes.clamp_min(1)
        return (self.weights * top_shares[place]).sum().item()

    @property
    def information(self) -> float:
        """The mutual information of category and label in nats: 0 if categories mean nothing.

        Example:
            >>> alike = torch.tensor([0.5, 0.5]).double()
            >>> round(Purity(torch.tensor([[10, 0], [0, 10]]), alike).information, 3)  # log 2: the label is known
            0.693
            >>> Purity(torch.tensor([[9, 1], [9, 1]]), alike).information
            0.0
        """
        return max(self._entropy_of_all - self.entropy, 0.0)  # negative by rounding alone

    @property
    def _entropy_of_all(self) -> float:
        return torch.special.entr(self.overall).sum().item()

    def among(self, labels: Sequence[int]) -> Purity:
        """The same of those categories alone whose most frequent label is one of some labels.

        Args:
            labels: as those of all shoes.

        Raises:
            ValueError: if no category of some weight has such a label.

        Example:
            >>> found = Purity(torch.tensor([[9, 1, 0], [0, 5, 5], [1, 1, 8]]), torch.ones(3).double() / 3)
            >>> round(found.among([0, 2]).purity, 2)  # of the first and the last category
            0.85
        """
        rows = torch.isin(self.top_labels, torch.tensor(labels))
        if not self.weights[rows].sum():
            raise ValueError(f"no category draws a label of {list(labels)} most often")
        return Purity(self.counts[rows], _scaled(self.weights[rows], int(rows.sum())))

    def alike(self) -> Purity:
        """The same with all categories counted alike, as the components of a mixture are.

        Example:
            >>> found = Purity(torch.tensor([[9, 1], [5, 5]]), torch.tensor([0.75, 0.25]).double())
            >>> round(found.purity, 3), round(found.alike().purity, 3)
            (0.8, 0.7)
        """
        return Purity(self.counts, _scaled(torch.ones(len(self.counts)), len(self.counts)))

    def asdict(self, digits: int = 4) -> dict:
        """What a record keeps: the figures and the weights, rounded, and the counts, which all the rest follows from.

        Example:
            >>> Purity(torch.tensor([[2, 1]]), torch.ones(1).double()).asdict()  # doctest: +NORMALIZE_WHITESPACE
            {'purity': 0.6667, 'standard_error': 0.2722, 'entropy': 0.6365, 'chance': 0.7783, 'information': 0.0,
             'weights': [1.0], 'counts': [[2, 1]]}
        """
        figures = {name: round(getattr(self, name), digits) for name in FIGURES}
        weights = [round(weight, digits) for weight in self.weights.tolist()]
        return figures | {"weights": weights, "counts": self.counts.tolist()}


@torch.no_grad()
def generation_purity(
    model: LatentVariableModel,
    classifier: nn.Module,
    *,
    draws: int = 100,
    weights: Tensor | None = None,
    seed: int = 0,
) -> Purity:
    """Draw images from each category, let a classifier label them, and see how far a category keeps to one label.

    The figures err in two ways. With few draws a category looks purer than it is, since its top label is chosen after
    the fact: a category that draws ten labels alike has a top share of 0.1, but 0.15 among 100 draws, and an entropy
    of 2.30 nats, but 2.26, so that the information is 0.05 too large. `chance` has this in it. A category that is
    nearly pure is hardly moved. And the classifier itself errs: see :func:`reference_purity`, with real images.

    Nor does purity say what is missing: a model that generates one kind only is pure, and so is an untrained one, if
    the classifier gives all its noise one label. Read it beside `chance` and `information`, which tell.

    Args:
        model: with categories, or with a mixture as prior, whose components are its categories.
        classifier: in eval mode; rows (B, features) to logits (B, labels), as
            :func:`cpvae_lite.classifier.load_classifier` gives it.
        draws: from each category, of p(x|z,c): binary images, such as the classifier learned from.
        weights: (K,), how much each category counts, scaled to sum to one. None takes q(c), the aggregated posterior
            of the training data, or 1/K for the components of a mixture.
        seed: of all draws; the global random state stays as it was.

    Raises:
        ValueError: if the model has neither categories nor components, or no q(c) yet; if weights have another shape,
            are negative, not finite or all zero; if `draws` is below 1; if the classifier is in training mode.
        TypeError: if `draws` is no whole number.

    Example:
        >>> from cpvae_lite import build
        >>> from cpvae_lite.classifier import load_classifier
        >>> model = build("mog", features=784, categories=3)
        >>> found = generation_purity(model, load_classifier("mnist"), draws=20)
        >>> found.shares.shape, found.counts.sum(1)
        (torch.Size([3, 10]), tensor([20, 20, 20]))
    """
    choices = model.require_choices("purity")
    weights = _scaled(model.shares if weights is None else weights, choices)
    category = torch.arange(choices).repeat_interleave(whole_number("draws", draws))
    with seeded(seed, device=model.aggregated_posterior.device):
        each = [
            logits_of(classifier, model.sample(len(block), category=block, noise=True))
            for block in category.split(BLOCK)
        ]
    return Purity(_counts(torch.cat(each), category, choices), weights)


def reference_purity(classifier: nn.Module, dataset: Dataset, split: str = "test") -> Purity:
    """The same measure of real images, grouped by their own labels, to put a model's purity in proportion.

    It is what a model would get whose categories were the labels and whose images were the real ones: its purity is
    the classifier's accuracy, as long as each label is most often taken for itself. It is no strict limit. Categories
    of easy images can be purer.

    Args:
        classifier: as for :func:`generation_purity`.
        dataset: with one kind of label.
        split: whose images; they are binarised once, with a fixed seed.

    Raises:
        ValueError: if the split does not have just one kind of label; if the classifier is in training mode.

    Example:
        >>> from cpvae_lite import load_dataset
        >>> from cpvae_lite.classifier import load_classifier
        >>> reference_purity(load_classifier("mnist"), load_dataset("mnist", subset=True), "validation").purity > 0.97
        True
    """
    kind = label_kind(dataset.split(split))
    counts = _counts(
        logits_of(classifier, dataset.observed(split)),
        dataset.split(split).labels[kind],
        len(dataset.label_names[kind]),
    )
    return Purity(counts, _scaled(counts.sum(1), len(counts)))


def _counts(logits: Tensor, group: Tensor, groups: int) -> Tensor:
    """How often each label has the highest of logits (N, labels) in each group (N,), (groups, labels)."""
    top = F.one_hot(logits.argmax(1), logits.shape[1])
    return top.new_zeros(groups, logits.shape[1]).index_add(0, group, top)


def _scaled(weights: Tensor, choices: int) -> Tensor:
    weights = weights.detach().cpu().double()
    if weights.shape != (choices,):
        raise ValueError(f"weights must have shape ({choices},), one for each category, not {tuple(weights.shape)}")
    if not weights.isfinite().all() or (weights < 0).any() or weights.sum() == 0:
        raise ValueError("weights must be finite and not negative, and some of them positive")
    return weights / weights.sum()
