"""MNIST and Fashion-MNIST: IDX files, each checked against the SHA-256 of the published one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cpvae_lite.published import SIDE, Part

# SHA-256 of the unpacked IDX files as published.
IDX_FILES = {
    "MNIST": {
        "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
    "FashionMNIST": {
        "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
}


@dataclass(frozen=True)
class IdxSource:
    """Four IDX files, in the folders that torchvision uses: ROOT/<folder>/raw/.

    Attributes:
        folder: "MNIST" or "FashionMNIST".
        label: what the labels say.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as root:
        ...     raw = Path(root) / "MNIST" / "raw"
        ...     raw.mkdir(parents=True)
        ...     for name in IDX_FILES["MNIST"]: (raw / name).touch()
        ...     IdxSource("MNIST", "digit").found(Path(root)), IdxSource("FashionMNIST", "item").found(Path(root))
        (True, False)
    """

    folder: str
    label: str

    def wanted(self) -> str:
        """The files that a person would have to put in place, for messages.

        Example:
            >>> IdxSource("MNIST", "digit").wanted().split(", ")[0]
            'MNIST/raw/train-images-idx3-ubyte'
        """
        return ", ".join(f"{self.folder}/raw/{name}" for name in IDX_FILES[self.folder])

    def found(self, root: Path) -> bool:
        """Whether all four files are there; what they hold is not looked at.

        Args:
            root: the folder that holds `folder`.
        """
        return all((root / self.folder / "raw" / name).is_file() for name in IDX_FILES[self.folder])

    def read(self, root: Path) -> tuple[Part, Part]:
        """The training part and the test part.

        Args:
            root: the folder that holds `folder`.

        Raises:
            FileNotFoundError: if a file is missing.
            ValueError: if a file is not the published one, or if images and labels do not belong together.
        """
        return self._part(root, "train"), self._part(root, "t10k")

    def _part(self, root: Path, prefix: str) -> Part:
        from torchvision.datasets.mnist import read_image_file, read_label_file  # a second to import: only here

        images = self._idx(root, f"{prefix}-images-idx3-ubyte", read_image_file)
        labels = self._idx(root, f"{prefix}-labels-idx1-ubyte", read_label_file)
        if images.shape[1:] != (SIDE, SIDE) or len(images) != len(labels):
            raise ValueError(
                f"{root / self.folder}: {prefix} has images of shape {images.shape} and {len(labels)} labels"
            )
        return Part(images, {self.label: labels.astype(np.int64)})

    def _idx(self, root: Path, name: str, reader) -> np.ndarray:
        path = root / self.folder / "raw" / name
        if hashlib.sha256(path.read_bytes()).hexdigest() != IDX_FILES[self.folder][name]:
            raise ValueError(
                f"{path} is truncated or altered (its SHA-256 is not that of the published file); "
                "delete it and fetch it again"
            )
        return reader(str(path)).numpy()

    def download(self, root: Path) -> None:
        """Put the files there, by torchvision.

        Raises:
            OSError, RuntimeError: if there is no network or no space, or if a file is not the published one.
        """
        from torchvision import datasets

        getattr(datasets, self.folder)(str(root), download=True)
