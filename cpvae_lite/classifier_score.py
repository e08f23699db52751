"""What a classifier of the real labels sees in samples: how sure it is of each, and how many labels it finds.

This is the inception score (Salimans et al., Improved techniques for training GANs, 2016) in its two parts, with a
classifier of the data themselves in place of one of photographs. Samples need neither labels nor categories, so any two
models can be compared. What it cannot see: whether samples of one label are all alike, and whether a sample that the
classifier is sure of is like any that it was trained on (Barratt and Sharma, A note on the inception score, 2018).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cpvae_lite._arguments import whole_number
from cpvae_lite._seeding import seeded
from cpvae_lite.classifier import logits_of
from cpvae_lite.data import Dataset


@dataclass(frozen=True, eq=False)
class ClassifierScore:
    """How a classifier judges images, as numbers of labels.

    Attributes:
        probabilities: (R, N, labels) float64, what it says of N images, each of which it saw in R ways; the last
            dimension sums to one.

    Example:
        >>> sure, torn = torch.eye(2).double()[None], torch.full((1, 2, 2), 0.5).double()
        >>> ClassifierScore(sure).score, ClassifierScore(torn).score  # one of each label; no telling which
        (2.0, 1.0)
    """

    probabilities: Tensor

    @property
    def variety(self) -> float:
        """How many labels there are among all images: the exponential of the entropy of the mean probabilities.

        Read it beside `doubt`: images that could be anything have all labels, too.

        Example:
            >>> round(ClassifierScore(torch.tensor([[[1.0, 0.0], [1.0, 0.0]]]).double()).variety, 2)
            1.0
        """
        return torch.special.entr(self.probabilities.mean((0, 1))).sum().exp().item()

    @property
    def doubt(self) -> float:
        """How many labels one image could have: the exponential of the mean of their entropies; 1 is no doubt.

        Example:
            >>> round(ClassifierScore(torch.tensor([[[1.0, 0.0], [0.5, 0.5]]]).double()).doubt, 2)  # √2
            1.41
        """
        return self._entropies.mean().exp().item()

    @property
    def doubt_error(self) -> float:
        """The standard error of the doubt, by the spread over the N images; NaN for a single one.

        Example:
            >>> round(ClassifierScore(torch.tensor([[[1.0, 0.0], [0.5, 0.5]]]).double()).doubt_error, 2)  # √2 · ½ log 2
            0.49
        """
        return self.doubt * self._entropies.std().item() / len(self._entropies) ** 0.5

    @property
    def score(self) -> float:
        """Variety over doubt, from 1 to the number of labels."""
        return self.variety / self.doubt

    def doubted_more(self, other: ClassifierScore) -> bool:
        """Whether the doubt is larger than another's by more than two standard errors of the difference.

        Example:
            >>> torn = ClassifierScore(torch.full((1, 3, 2), 0.5).double())
            >>> sure = ClassifierScore(torch.tensor([1.0, 0.0]).double().expand(1, 3, 2))
            >>> torn.doubted_more(sure), sure.doubted_more(torn)
            (True, False)
        """
        return self.doubt - other.doubt > 2 * math.hypot(self.doubt_error, other.doubt_error)

    @property
    def _entropies(self) -> Tensor:
        """Of each of the N images, averaged over the ways it was seen, (N,)."""
        return torch.special.entr(self.probabilities).sum(-1).mean(0)


@torch.no_grad()
def classifier_score(classifier: nn.Module, means: Tensor, *, repeats: int = 10, seed: int = 0) -> ClassifierScore:
    """Binarise images, as the classifier saw them in training, and let it judge.

    Few images show fewer labels than there are: 64 images drawn from ten equally frequent labels have a variety of
    about 9.3, give or take 0.3. So compare scores of equally many images only, also with those of real images.

    Args:
        classifier: in eval mode; rows (B, features) to logits (B, labels), as
            :func:`cpvae_lite.classifier.load_classifier` gives it.
        means: (N, features) in [0, 1], the probability of ink in each pixel.
        repeats: R, how often each image is binarised.
        seed: of the binarisation; the global random state stays as it was.

    Returns:
        What the classifier says of the R · N binary images.

    Raises:
        ValueError: if there are no images, if a value is not in [0, 1], if `repeats` is below 1, or if the classifier
            is in training mode.
        TypeError: if `repeats` is no whole number.

    Example:
        >>> from cpvae_lite.classifier import load_classifier
        >>> from cpvae_lite.study.results import Results
        >>> from cpvae_lite.sheets import images_of
        >>> means = images_of(Results("mnist").sheet("cp-150"))
        >>> found = classifier_score(load_classifier("mnist"), means)
        >>> found.variety > 9, round(found.doubt, 1)  # all ten digits, and little doubt
        (True, 1.0)
    """
    if means.dim() != 2 or not len(means):
        raise ValueError(f"the score needs images of shape (N, features), at least one, not {tuple(means.shape)}")
    if not ((means >= 0) & (means <= 1)).all():
        raise ValueError("the score needs probabilities of ink, from 0 to 1; divide grey values by 255")
    repeats = whole_number("repeats", repeats)
    with seeded(seed, device=means.device):
        x = torch.bernoulli(means.repeat(repeats, 1))
    probabilities = logits_of(classifier, x).double().softmax(1)
    return ClassifierScore(probabilities.unflatten(0, (repeats, len(means))))


def reference_scores(
    classifier: nn.Module, dataset: Dataset, split: str = "test", *, images: int = 64, groups: int = 100
) -> list[ClassifierScore]:
    """The same of real images, to put scores of samples in proportion.

    Args:
        classifier: as for :func:`classifier_score`.
        dataset: of images.
        split: whose images.
        images: in each group: as many as there are samples.
        groups: how many, from the first images on; how they differ is what chance does to so few images.

    Returns:
        The score of each group.

    Raises:
        ValueError: if the split has too few images, or as :func:`classifier_score` does.
        TypeError: if a number is no whole number.

    Example:
        >>> from cpvae_lite import load_dataset
        >>> from cpvae_lite.classifier import load_classifier
        >>> digits = load_dataset("mnist", subset=True)
        >>> found = reference_scores(load_classifier("mnist"), digits, groups=2)
        >>> len(found), min(each.score for each in found) > 8.5
        (2, True)
    """
    needed = whole_number("images", images) * whole_number("groups", groups)
    pixels = dataset.split(split).data
    if len(pixels) < needed:
        raise ValueError(f"{groups} groups of {images} need {needed} images; the {split} split has {len(pixels)}")
    return [classifier_score(classifier, group / 255) for group in pixels[:needed].split(images)]
