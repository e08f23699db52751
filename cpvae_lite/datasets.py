"""The data sets of the book by their names, whole or as far as the package ships them."""

from __future__ import annotations

from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np
import torch

from cpvae_lite._arguments import expanded, one_of
from cpvae_lite.data import Dataset, Split, numbered
from cpvae_lite.published import Part
from cpvae_lite.sources import SOURCES, fetch
from cpvae_lite.synthetic import synthetic_mixture

VALIDATION_IMAGES = {"mnist": 10_000, "fashion-mnist": 10_000, "omniglot": 1_345}
SUBSET_VALIDATION_IMAGES = 1_000  # of the 5,000 training images that the package ships
DIGITS = tuple("0123456789")
FASHION_ITEMS = (
    "T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip
LABEL_NAMES = {"mnist": {"digit": DIGITS}, "fashion-mnist": {"item": FASHION_ITEMS}}
DATASETS = ("synthetic", *SOURCES)


def load_dataset(name: str, *, subset: bool = False, root: str | Path | None = None) -> Dataset:
    """Load "synthetic", "mnist", "fashion-mnist" or "omniglot".

    Files are looked for in `root` (or the folder that CPVAE_LITE_DATA names), then in the cache folder,
    and downloaded into the cache folder if they are in neither.

    Args:
        name: which.
        subset: take the part of MNIST or Fashion-MNIST that the package ships: the first 5,000 training
            images, of which the last 1,000 validate, and the whole test set. No file is looked for.
        root: a folder laid out as torchvision lays it out.

    Raises:
        ValueError: if the name is unknown, a file is damaged, there is no subset of that data set, or a root is given
            where no file is looked for.
        FileNotFoundError: if files are missing and cannot be downloaded; says which to put where.

    Example:
        >>> load_dataset("fashion-mnist", subset=True)
        fashion-mnist (shipped with the package)
        train 4,000, validation 1,000, test 10,000, each of shape (28, 28)
    """
    if isinstance(name, str | Path) and name not in DATASETS and Path(name).is_dir():
        raise ValueError(f"{name} is a folder: for images of your own use Dataset.from_folder, in a terminal --folder")
    one_of("data set", name, DATASETS)
    if root is not None and (subset or name == "synthetic"):
        raise ValueError("no file is looked for, so leave root out")
    if subset:
        return _shipped(name)
    if name == "synthetic":
        return synthetic_mixture()
    place = fetch(name, None if root is None else expanded(root))
    train, test = SOURCES[name].read(place)
    if name == "omniglot":  # its images come sorted by character
        train = _shuffled(train)
    return _from_parts(name, train, test, VALIDATION_IMAGES[name], f"whole, from {place}")


def _shipped(name: str) -> Dataset:
    if name not in LABEL_NAMES:
        raise ValueError(f"the package ships no part of {name}; it ships parts of {', '.join(LABEL_NAMES)}")
    with resources.files("cpvae_lite").joinpath(f"artifacts/data/{name}.npz").open("rb") as file:
        arrays = np.load(file, allow_pickle=False)
        (kind,) = LABEL_NAMES[name]
        train, test = (Part(arrays[f"{s}_images"], {kind: arrays[f"{s}_labels"]}) for s in ("train", "test"))
    shipped = _from_parts(name, train, test, SUBSET_VALIDATION_IMAGES, "shipped with the package")
    return replace(shipped, subset=True)


def _from_parts(name: str, train: Part, test: Part, validation: int, source: str) -> Dataset:
    whole, tests = _tensors(train), _tensors(test)
    names = LABEL_NAMES.get(name) or numbered((whole, tests))
    shape = train.images.shape[1:]
    return Dataset(name, whole[:-validation], whole[-validation:], tests, shape, source, names)


def _tensors(part: Part) -> Split:
    images = torch.from_numpy(part.images).flatten(1)
    return Split(images, {kind: torch.from_numpy(labels).long() for kind, labels in part.labels.items()})


def _shuffled(part: Part) -> Part:
    order = np.random.default_rng(0).permutation(len(part.images))
    return Part(part.images[order], {kind: labels[order] for kind, labels in part.labels.items()})
