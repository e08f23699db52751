"""A folder of images as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from cpvae_lite._arguments import expanded, height_and_width

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}  # by ending, in small letters
SIXTEEN_BITS = 257  # 65535 / 255


@dataclass(frozen=True)
class Folder:
    """The images of a folder, in the order of their names.

    Attributes:
        images: (N, height, width) uint8.
        labels: (N,) int64, the place of each image's subfolder in `names`; None if there are no subfolders.
        names: of the subfolders; () if there are none.

    Example:
        >>> folder = Folder(np.zeros((2, 28, 28), np.uint8), np.array([0, 1]), ("tall", "wide"))
        >>> [folder.names[label] for label in folder.labels]
        ['tall', 'wide']
    """

    images: np.ndarray
    labels: np.ndarray | None
    names: tuple[str, ...]


def read_folder(folder: str | Path, *, shape: Sequence[int] | None = None, invert: bool = False) -> Folder:
    """Read every PNG and JPEG image of a folder, or of its subfolders, whose names are then the labels.

    Colour is made grey, what is transparent counts as white, and a photograph is turned as its camera says. Names that
    begin with a dot are passed over.

    Args:
        folder: with images, or with subfolders of images; not both.
        shape: (height, width). Each image is shrunk or enlarged until it covers this shape, and what stands out is
            cropped on both sides alike. None if all images have one size already.
        invert: make dark light, for dark ink on white paper: the package's figures show high values as ink.

    Raises:
        FileNotFoundError, NotADirectoryError: if there is no such folder.
        ValueError: if it is empty, holds anything else, holds images that cannot be read, or images of several sizes
            where no shape is given; if the shape is no pair of numbers of at least 1. Nothing is left out silently.
        TypeError: if the numbers of the shape are not whole.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     for kind, size in {"tall": (20, 40), "wide": (60, 30)}.items():
        ...         (Path(folder) / kind).mkdir()
        ...         Image.new("RGB", size, "white").save(Path(folder) / kind / "1.png")
        ...     found = read_folder(folder, shape=(28, 28))
        >>> found.images.shape, found.labels, found.names
        ((2, 28, 28), array([0, 1]), ('tall', 'wide'))
    """
    folder = expanded(folder)
    size = None if shape is None else height_and_width(shape)[::-1]  # Pillow's order, width first
    groups = [entry for entry in _entries(folder) if entry.is_dir()] or [folder]
    files = [_image_files(group) for group in groups]
    images = _of_one_size([(path, _grey(path, size)) for group in files for path in group])
    labelled = groups != [folder]
    labels = np.repeat(np.arange(len(files)), [len(group) for group in files]) if labelled else None
    return Folder(255 - images if invert else images, labels, tuple(g.name for g in groups) if labelled else ())


def _entries(folder: Path) -> list[Path]:
    entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    if not entries:
        raise ValueError(f"{folder} is empty")
    if len({entry.is_dir() for entry in entries}) == 2:
        file, inner = (next(e for e in entries if e.is_dir() == kind) for kind in (False, True))
        raise ValueError(
            f"{folder} holds files, as {file.name}, beside folders, as {inner.name}; put every image in a subfolder,"
            " whose name is its label, or none"
        )
    return entries


def _image_files(folder: Path) -> list[Path]:
    files = _entries(folder)
    for path in files:
        if path.is_dir():
            raise ValueError(f"{path} is a folder within a subfolder; labels have one level: move its images up")
        if path.suffix.lower() not in FORMATS:
            raise ValueError(f"{path} is no PNG or JPEG image, by its name; take it out of the folder")
    return files


def _grey(path: Path, size: tuple[int, int] | None) -> np.ndarray:
    """(height, width) uint8."""
    try:
        with Image.open(path, formats=sorted(set(FORMATS.values()))) as file:
            image = _of_eight_bits(ImageOps.exif_transpose(file))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path} cannot be read as a PNG or JPEG image: {error}") from error
    try:
        return np.asarray(image if size is None else ImageOps.fit(image, size))
    except (MemoryError, OverflowError) as error:
        raise ValueError(f"{path}: images of {size[1]} by {size[0]} pixels do not fit into memory") from error


def _of_eight_bits(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits, which Pillow may clip at 255
        return Image.fromarray(np.rint(np.asarray(image) / SIXTEEN_BITS).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("L")


def _of_one_size(images: list[tuple[Path, np.ndarray]]) -> np.ndarray:
    first, pattern = images[0]
    for path, image in images:
        if image.shape != pattern.shape:
            raise ValueError(
                f"{first} is {pattern.shape} pixels (height, width), {path} is {image.shape};"
                " give shape=(height, width), in a terminal --shape HxW, to bring all images to one"
            )
    return np.stack([image for _, image in images])
