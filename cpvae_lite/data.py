"""Data sets: images as one uint8 tensor, real-valued data as one float32 tensor, in three splits."""

from __future__ import annotations

import numbers
import warnings
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from cpvae_lite._arguments import expanded, finite_number, one_of, whole_number
from cpvae_lite._seeding import seeded
from cpvae_lite.arrays import labels_of, names_in, observations, shape_of_one
from cpvae_lite.folders import read_folder

FAINT = 17  # of 255: images without a pixel so bright are likely on another scale, as 0..16


def binarise(images: Tensor) -> Tensor:
    """Draw binary images: a pixel of brightness v out of 255 becomes 1 with probability v/255, exactly.

    Args:
        images: uint8, any shape.

    Returns:
        A float32 tensor of the same shape, of zeros and ones.

    Raises:
        TypeError: if the images are not uint8.

    Example:
        >>> binarise(torch.tensor([0, 255, 255], dtype=torch.uint8))
        tensor([0., 1., 1.])
    """
    if images.dtype != torch.uint8:
        raise TypeError(f"images must be uint8, not {images.dtype}")
    # Noise from 0..254: below v in v of 255 cases.
    return (torch.empty_like(images).random_(0, 255) < images).float()


@dataclass(frozen=True, eq=False)
class Split:
    """A part of a data set.

    Attributes:
        data: (N, features): uint8 for images, float32 for real-valued data.
        labels: by kind of label, each (N,) int64; models never see them.

    Example:
        >>> first = Split(torch.zeros(5, 784, dtype=torch.uint8), {"digit": torch.arange(5)})[:3]
        >>> len(first), first.labels
        (3, {'digit': tensor([0, 1, 2])})
    """

    data: Tensor
    labels: Mapping[str, Tensor] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, rows) -> Split:
        return Split(self.data[rows], {kind: labels[rows] for kind, labels in self.labels.items()})


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training, validation and test data.

    Attributes:
        name: as in :func:`load_dataset`, or your own.
        train, validation, test: the splits.
        shape: of one observation, as (28, 28).
        source: where it came from, in words.
        label_names: by kind of label, the name of each label.
        subset: whether it is only the part that the package ships.
        origin: of a folder of images, what reads it again beside name and shape: keywords of :meth:`from_folder`.

    Example:
        >>> from cpvae_lite import load_dataset
        >>> data = load_dataset("mnist", subset=True)
        >>> data.features, data.likelihood, data.observed("validation").unique()
        (784, 'bernoulli', tensor([0., 1.]))
    """

    name: str
    train: Split
    validation: Split
    test: Split
    shape: tuple[int, ...]
    source: str = "arrays"
    label_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    subset: bool = False
    origin: Mapping[str, object] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """A checksum of the data of all splits, by which a run knows its data again; labels do not count.

        Example:
            >>> from cpvae_lite.synthetic import synthetic_mixture
            >>> first, again, other = (synthetic_mixture(100, seed=seed).fingerprint for seed in (0, 0, 1))
            >>> first == again, first == other
            (True, False)
        """
        crc = 0
        for name in SPLITS:
            data = self.split(name).data.contiguous()
            crc = zlib.crc32(data.numpy(), zlib.crc32(f"{name} {data.dtype} {tuple(data.shape)}".encode(), crc))
        return f"{crc:08x}"

    def labelled(self, kind: str) -> Dataset:
        """The same with one kind of label alone, for what wants no other.

        Args:
            kind: of label, as "alphabet".

        Raises:
            ValueError: if a split has no labels of that kind.

        Example:
            >>> many = Split(torch.zeros(3, 784), {"word": torch.tensor([2, 0, 1]), "length": torch.tensor([3, 4, 4])})
            >>> list(Dataset("words", many, many, many, (28, 28)).labelled("length").test.labels)
            ['length']
        """
        one = {}
        for name in SPLITS:
            split = self.split(name)
            one[name] = Split(split.data, {kind: split.labels[one_of("kind of label", kind, split.labels)]})
        return replace(self, **one, label_names={k: names for k, names in self.label_names.items() if k == kind})

    @property
    def features(self) -> int:
        """The width of one observation."""
        return self.train.data.shape[1]

    @property
    def likelihood(self) -> str:
        """The likelihood that suits the data: "bernoulli" for images, "gaussian" for real values."""
        return "bernoulli" if self.train.data.dtype == torch.uint8 else "gaussian"

    def split(self, name: str) -> Split:
        """The split called "train", "validation" or "test".

        Raises:
            ValueError: if it is called otherwise.

        Example:
            >>> from cpvae_lite.synthetic import synthetic_mixture
            >>> data = synthetic_mixture(100)
            >>> len(data.split("test"))
            20
            >>> data.split("valid")
            Traceback (most recent call last):
            ValueError: unknown split 'valid'; did you mean 'validation'? Known: train, validation, test
        """
        return getattr(self, one_of("split", name, SPLITS))

    def observed(self, name: str) -> Tensor:
        """One split as models see it, (N, features) float32: images are binarised once, with a fixed seed.

        Args:
            name: "train", "validation" or "test".

        Raises:
            ValueError: if there is no such split.

        Example:
            >>> grey = Dataset.from_arrays(np.full((10, 4, 4), 128))
            >>> seen = grey.observed("train")
            >>> seen.unique(), torch.equal(seen, grey.observed("train"))
            (tensor([0., 1.]), True)
        """
        data = self.split(name).data
        if data.dtype != torch.uint8:
            return data
        with seeded(SPLITS.index(name)):
            return binarise(data)

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name} {len(self.split(name)):,}" for name in SPLITS)
        return f"{self.name} ({self.source})\n{sizes}, each of shape {self.shape}"

    @classmethod
    def from_arrays(
        cls,
        data,
        labels=None,
        *,
        validation=0.1,
        test=0.1,
        kind: str = "images",
        name: str = "your data",
        seed: int = 0,
    ) -> Dataset:
        """A data set from arrays or tensors of your own.

        Args:
            data: (N, ...). Images are whole numbers 0..255, or floats in [0, 1], which are kept to
                1/255; real-valued data are finite floats.
            labels: (N,) whole numbers from 0, or names, which are numbered in the order of text; or None.
            validation, test: a share of `data` (as 0.1) that is taken from it at random; or data of their
                own, as an array or as a pair (data, labels).
            kind: "images" for data that a Bernoulli likelihood suits, "real" for a Gaussian one.
            name: for messages.
            seed: of the random split.

        Raises:
            TypeError, ValueError: if an array is empty, of a wrong shape or dtype, out of range, or not
                finite; if labels are of another length; if a split comes out empty.

        Example:
            >>> images = np.random.default_rng(0).integers(0, 256, (100, 28, 28))
            >>> Dataset.from_arrays(images, name="noise")
            noise (arrays)
            train 80, validation 10, test 10, each of shape (28, 28)
        """
        one_of("kind of data", kind, ("images", "real"))
        if not isinstance(name, str):
            raise TypeError(f"name must be text, not {name!r}")
        whole_number("seed", seed, least=0)
        given = {"validation": validation, "test": test}
        own = {split: _pair(split, part) for split, part in given.items() if not isinstance(part, numbers.Real)}
        names = names_in({"data": labels} | {f"{split} data": pair[1] for split, pair in own.items()})
        shape = shape_of_one(data, kind)
        whole = _checked(data, labels, names, kind, "data", shape)
        if kind == "images" and 0 < (brightest := int(whole.data.max())) < FAINT:
            warnings.warn(
                f"the brightest pixel is {brightest} of 255, so binary images are almost blank; is it another scale?"
                " Images hold whole numbers 0..255 or floats in [0, 1]",
                stacklevel=2,
            )
        parts = {split: _checked(*pair, names, kind, f"{split} data", shape) for split, pair in own.items()}
        order = torch.from_numpy(np.random.default_rng(seed).permutation(len(whole)))
        for split in ("test", "validation"):
            if split not in own:
                order, taken = _apart(order, len(whole), split, given[split])
                parts[split] = whole[taken]
        splits = (whole[order], parts["validation"], parts["test"])
        return cls(name, *splits, shape, label_names={"label": names} if names else numbered(splits))

    @classmethod
    def from_folder(
        cls,
        folder: str | Path,
        *,
        shape: tuple[int, int] | None = None,
        invert: bool = False,
        validation: float = 0.1,
        test: float = 0.1,
        name: str | None = None,
        seed: int = 0,
    ) -> Dataset:
        """A data set from PNG and JPEG images; names of subfolders, if there are any, are the labels.

        Args:
            folder, shape, invert: as in :func:`cpvae_lite.folders.read_folder`.
            validation, test, seed: as in :meth:`from_arrays`.
            name: for messages; by default the folder's.

        Raises:
            FileNotFoundError, NotADirectoryError, TypeError, ValueError: as those two do.

        Example:
            >>> from tempfile import TemporaryDirectory
            >>> from cpvae_lite.storage import write_png
            >>> with TemporaryDirectory() as folder:
            ...     for grey in range(20):
            ...         write_png(Path(folder) / f"{grey}.png", np.full((8, 6), grey, np.uint8))
            ...     Dataset.from_folder(folder, name="squares")
            squares (a folder of images)
            train 16, validation 2, test 2, each of shape (8, 6)
        """
        if not isinstance(invert, (bool, np.bool_)):
            raise TypeError(f"invert must be True or False, not {invert!r}")
        shares = {"validation": validation, "test": test}
        shares = {split: finite_number(split, share, least=0, strict=True) for split, share in shares.items()}
        parts = shares | {"seed": whole_number("seed", seed, least=0)}
        found, place = read_folder(folder, shape=shape, invert=invert), expanded(folder).resolve()
        try:
            whole = cls.from_arrays(found.images, found.labels, name=name or place.name, **parts)
        except ValueError as error:
            raise ValueError(f"{folder}: {error}") from error
        return replace(
            whole,
            source="a folder of images",
            label_names={"label": found.names} if found.names else {},
            origin={"folder": str(place), "invert": bool(invert), **parts},
        )


SPLITS = ("train", "validation", "test")


def _pair(split: str, given) -> tuple:
    """A split of its own: data and labels, which may be missing."""
    if given is None or isinstance(given, str) or (isinstance(given, tuple) and len(given) != 2):
        raise TypeError(f"{split} must be a share, an array, or a pair (data, labels)")
    return given if isinstance(given, tuple) else (given, None)


def _checked(data, labels, names: tuple[str, ...], kind: str, what: str, shape: tuple[int, ...]) -> Split:
    if shape_of_one(data, kind) != shape:
        raise ValueError(f"{what} have shape {shape_of_one(data, kind)} each, training data {shape}")
    tensor = observations(data, kind, what)
    return Split(tensor, {} if labels is None else {"label": labels_of(labels, len(tensor), what, names)})


def _apart(rows: Tensor, whole: int, split: str, share) -> tuple[Tensor, Tensor]:
    """The rows without those that a split takes, which are a share of the whole; and those that it takes."""
    count = round(finite_number(split, share, least=0, strict=True) * whole)
    if not 1 <= count < len(rows):
        raise ValueError(
            f"{split}={share} leaves a split empty: there are {whole} rows in all; add data, or change shares"
        )
    return rows[:-count], rows[-count:]


def numbered(splits: Iterable[Split]) -> dict[str, tuple[str, ...]]:
    """Names for labels that have none: their numbers.

    Args:
        splits: with labels of the same kinds, or of some of them.

    Example:
        >>> numbered([Split(torch.zeros(2, 1), {"kind": torch.tensor([0, 2])})])
        {'kind': ('0', '1', '2')}
    """
    highest: dict[str, int] = {}
    for split in splits:
        for kind, labels in split.labels.items():
            highest[kind] = max(highest.get(kind, 0), int(labels.max()))
    return {kind: tuple(map(str, range(high + 1))) for kind, high in highest.items()}
