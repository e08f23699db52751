"""A small convolutional network that tells binary images of 28 by 28 pixels apart, and those that are shipped.

It judges what the models make, so it learns from what they see: images that are binarised anew at every visit.
"""

from __future__ import annotations

import copy
from importlib import resources
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm.auto import trange

from cpvae_lite._arguments import expanded, finite_number, said, whole_number
from cpvae_lite._seeding import seeded
from cpvae_lite.data import Dataset, Split, binarise
from cpvae_lite.published import SIDE
from cpvae_lite.storage import halved, read_json, read_tensors, write_tensors

SHIPPED = Path(str(resources.files("cpvae_lite") / "artifacts" / "classifiers"))
JUDGED = {"mnist": "digit", "fashion-mnist": "item", "omniglot": "alphabet"}  # the labels that the shipped ones give
BATCH = 100
BLOCK = 2_000  # images judged at a time: 50 MB for the widest layer


class Classifier(nn.Module):
    """Binary images to the logits of their labels: three convolutions and two affine layers.

    It has neither dropout nor batch normalisation, so it judges an image alike in any batch and in either mode.

    Args:
        labels: how many.

    Raises:
        TypeError, ValueError: if `labels` is no whole number of at least 2.

    Example:
        >>> Classifier(labels=10)(torch.zeros(5, 784)).shape
        torch.Size([5, 10])
        >>> sum(weight.numel() for weight in Classifier(labels=10).parameters())
        64842
    """

    def __init__(self, labels: int):
        super().__init__()
        self.labels = whole_number("labels", labels, least=2)
        self.layers = nn.Sequential(
            nn.Conv2d(1, 16, 5, stride=2, padding=2), nn.SiLU(),  # 14 × 14
            nn.Conv2d(16, 32, 3, padding=1), nn.SiLU(), nn.AvgPool2d(2),  # 7 × 7
            nn.Conv2d(32, 32, 3, padding=1), nn.SiLU(), nn.Flatten(),
            nn.Linear(32 * 49, 32), nn.SiLU(), nn.Linear(32, self.labels),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """The logits of images (B, 784), of any dtype and on any device; (B, labels).

        Raises:
            ValueError: if x has another shape, or values between zero and one.
        """
        if x.dim() != 2 or x.shape[1] != SIDE * SIDE:
            raise ValueError(f"the classifier takes images of shape (B, {SIDE * SIDE}), not {tuple(x.shape)}")
        if not ((x == 0) | (x == 1)).all():
            raise ValueError(
                "the classifier judges binary images, of zeros and ones; make them with data.binarise,"
                " or draw them with model.sample(..., noise=True)"
            )
        return self.layers(x.to(self.layers[0].weight).view(-1, 1, SIDE, SIDE))


def train_classifier(
    dataset: Dataset,
    *,
    epochs: int = 10,
    learning_rate: float = 3e-3,
    shift: int = 0,
    seed: int = 0,
    progress: bool = True,
) -> tuple[Classifier, list[float]]:
    """Train a classifier on the real labels; images are binarised anew at every visit.

    Adam's learning rate rises to `learning_rate` and falls to nothing (Smith and Topin, Super-convergence, 2018).

    Args:
        dataset: images of 28 by 28 pixels with one kind of label.
        epochs: passes over the training images, in batches of 100; what is left over waits for another epoch.
        learning_rate: the highest.
        shift: pixels that each image is moved by at most, up or down and to a side, anew at every visit; it helps
            where there are few images of a label.
        seed: of weights, order and binarisation; with one thread count, the same seed gives the same weights.
        progress: show a bar.

    Returns:
        The classifier in eval mode, with the weights of the epoch with the best accuracy on the validation images,
        and that accuracy after each epoch.

    Raises:
        ValueError: if the images have another shape, are fewer than a batch, or have not just one kind of label.
        TypeError, ValueError: if a number is out of range.

    Example:
        >>> from cpvae_lite import load_dataset
        >>> classifier, accuracies = train_classifier(load_dataset("mnist", subset=True), epochs=1, progress=False)
        >>> accuracies[0] > 0.5  # of 4,000 images, seen once
        True
    """
    finite_number("learning_rate", learning_rate, least=0, strict=True)
    whole_number("shift", shift, least=0)
    _require_images(dataset)
    steps = whole_number("epochs", epochs) * (len(dataset.train) // BATCH)
    with seeded(seed):
        classifier = Classifier(_label_count(dataset)).eval()
    optimizer = torch.optim.Adam(classifier.parameters(), lr=learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, total_steps=steps)
    accuracies, best = [], {}
    for epoch in trange(1, epochs + 1, desc=f"classifier, {dataset.name}", disable=not progress):
        with seeded(seed, epoch):
            _epoch(classifier, dataset.train, shift, optimizer, schedule)
        accuracies.append(accuracy(classifier, dataset, "validation"))
        if accuracies[-1] == max(accuracies):
            best = copy.deepcopy(classifier.state_dict())
    classifier.load_state_dict(best)
    return classifier, accuracies


def _require_images(dataset: Dataset) -> None:
    if dataset.shape != (SIDE, SIDE) or dataset.train.data.dtype != torch.uint8:
        found = f"{dataset.train.data.dtype} of shape {dataset.shape}"
        raise ValueError(f"the classifier needs uint8 images of {SIDE} by {SIDE} pixels; {dataset.name} holds {found}")
    if len(dataset.train) < BATCH:
        raise ValueError(f"{len(dataset.train)} training images are fewer than a batch of {BATCH}")


def _epoch(classifier: Classifier, train: Split, shift: int, optimizer: torch.optim.Optimizer, schedule) -> None:
    labels = train.labels[label_kind(train)]
    order = torch.randperm(len(train))
    for batch in order[: len(order) - len(order) % BATCH].split(BATCH):
        loss = F.cross_entropy(classifier(_moved(binarise(train.data[batch]), shift)), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()


def _moved(x: Tensor, shift: int) -> Tensor:
    """Each image at a place of its own, at most `shift` pixels away either way; what comes in at an edge is empty."""
    if not shift:
        return x
    wide = F.pad(x.view(-1, SIDE, SIDE), (shift,) * 4)
    top, left = torch.randint(2 * shift + 1, (2, len(x), 1)) + torch.arange(SIDE)  # (B, SIDE) each
    return wide[torch.arange(len(x))[:, None, None], top[:, :, None], left[:, None]].flatten(1)


def label_kind(split: Split) -> str:
    """The kind of label that a split has, as "digit".

    Raises:
        ValueError: if it has none, or several.

    Example:
        >>> label_kind(Split(torch.zeros(3, 784), {"digit": torch.tensor([5, 0, 4])}))
        'digit'
    """
    if len(split.labels) != 1:
        kinds = ", ".join(split.labels) or "none"
        raise ValueError(f"a classifier needs data with one kind of label; these have {kinds}")
    return next(iter(split.labels))


@torch.no_grad()
def logits_of(classifier: nn.Module, x: Tensor) -> Tensor:
    """What a classifier says of many rows, block by block; (N, labels) on the CPU.

    Args:
        classifier: in eval mode; rows (B, features) to logits (B, labels).
        x: (N, features).

    Raises:
        ValueError: if the classifier is in training mode, where dropout would be at work.

    Example:
        >>> logits_of(load_classifier("mnist"), torch.zeros(3, 784)).shape
        torch.Size([3, 10])
    """
    if classifier.training:
        raise ValueError("the classifier is in training mode; call its eval() before it judges")
    return torch.cat([classifier(rows).cpu() for rows in x.split(BLOCK)])


def accuracy(classifier: nn.Module, dataset: Dataset, split: str = "test") -> float:
    """The share of images of a split that get their own label; the images are binarised once, with a fixed seed.

    Args:
        classifier: in eval mode; rows (B, features) to logits (B, labels).
        dataset: with one kind of label.
        split: "train", "validation" or "test".

    Raises:
        ValueError: if the split does not have just one kind of label, or if the classifier is in training mode.

    Example:
        >>> from cpvae_lite import load_dataset
        >>> accuracy(load_classifier("mnist"), load_dataset("mnist", subset=True), "validation") > 0.98
        True
    """
    labels = dataset.split(split).labels[label_kind(dataset.split(split))]
    named = logits_of(classifier, dataset.observed(split)).argmax(1)
    return (named == labels).double().mean().item()


def save_classifier(classifier: Classifier, path: str | Path) -> None:
    """Write the weights, rounded to float16, as one safetensors file.

    Args:
        classifier: what to write.
        path: of the file; folders above it are made.

    Raises:
        OSError: if the file cannot be written.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> classifier = Classifier(labels=3)
        >>> with TemporaryDirectory() as folder:
        ...     save_classifier(classifier, Path(folder) / "three.safetensors")
        ...     again = read_classifier(Path(folder) / "three.safetensors")
        >>> weight, rounded = next(classifier.parameters()), next(again.parameters())
        >>> torch.equal(rounded, weight.half().float()), torch.equal(rounded, weight)
        (True, False)
    """
    rounded = {name: halved(name, weight) for name, weight in classifier.state_dict().items()}
    write_tensors(expanded(path), rounded, {"labels": classifier.labels})


def read_classifier(path: str | Path) -> Classifier:
    """Read what :func:`save_classifier` wrote: a classifier in eval mode with float32 weights.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is damaged, or holds something else.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     save_classifier(Classifier(labels=3).train(), Path(folder) / "three.safetensors")
        ...     classifier = read_classifier(Path(folder) / "three.safetensors")
        >>> classifier.labels, classifier.training
        (3, False)
    """
    tensors, header = read_tensors(expanded(path))
    try:
        classifier = Classifier(header["labels"])
        classifier.load_state_dict(tensors)  # into float32
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{path} holds no weights of a classifier: {said(error)}") from error
    return classifier.eval()


def load_classifier(name: str) -> Classifier:
    """The classifier that the package ships for a data set, in eval mode; trained on all of its training images.

    Args:
        name: "mnist", "fashion-mnist" or "omniglot"; `JUDGED` says which labels each gives.

    Raises:
        ValueError: if there is none for that data set.

    Example:
        >>> load_classifier("mnist").labels, load_classifier("omniglot").labels  # digits, and alphabets
        (10, 50)
        >>> load_classifier("synthetic")
        Traceback (most recent call last):
        ValueError: the package ships no classifier for 'synthetic', but for mnist, fashion-mnist, omniglot; ...
    """
    return read_classifier(_shipped(name, "safetensors"))


def classifier_record(name: str) -> dict:
    """How a shipped classifier was made and how well it does: "test_accuracy", its "standard_error", and more.

    Raises:
        ValueError: if there is none for that data set.

    Example:
        >>> classifier_record("fashion-mnist")["test_images"]
        10000
    """
    return read_json(_shipped(name, "json"))


def _label_count(dataset: Dataset) -> int:
    """How many labels the data have by their names; without names, as many as the numbers of the training labels."""
    kind = label_kind(dataset.train)
    return len(dataset.label_names.get(kind, ())) or int(dataset.train.labels[kind].max()) + 1


def _shipped(name: str, ending: str) -> Path:
    if name not in JUDGED:
        raise ValueError(
            f"the package ships no classifier for {name!r}, but for {', '.join(JUDGED)};"
            " train_classifier makes one for other data that have labels, and read_classifier reads a file"
        )
    return SHIPPED / f"{name}.{ending}"
