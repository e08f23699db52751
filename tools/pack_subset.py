"""Make the data files that the package ships, from the whole data sets.

    python tools/pack_subset.py

Takes the first 5,000 training images and all test images of MNIST and Fashion-MNIST, with labels.
"""

import io
from pathlib import Path
from zipfile import ZIP_LZMA, ZipFile, ZipInfo

import numpy as np

import cpvae_lite
from cpvae_lite.sources import SOURCES, fetch
from cpvae_lite.storage import atomic_write

TRAINING_IMAGES = 5_000
FOLDER = Path(cpvae_lite.__file__).parent / "artifacts" / "data"


def pack(name: str) -> None:
    train, test = SOURCES[name].read(fetch(name))
    arrays = {}
    for split, part, count in (("train", train, TRAINING_IMAGES), ("test", test, None)):
        (labels,) = part.labels.values()
        arrays |= {f"{split}_images": part.images[:count], f"{split}_labels": labels[:count].astype(np.uint8)}
    packed = archive(arrays)
    atomic_write(FOLDER / f"{name}.npz", packed)
    print(f"{name}.npz: {len(packed):,} bytes")


def archive(arrays: dict[str, np.ndarray]) -> bytes:
    """A file that `numpy.load` reads; LZMA makes it a seventh smaller than `numpy.savez_compressed` does."""
    buffer = io.BytesIO()
    with ZipFile(buffer, "w") as file:
        for name, array in arrays.items():
            entry = ZipInfo(f"{name}.npy")  # of no date: the same arrays give the same bytes
            entry.compress_type = ZIP_LZMA
            with file.open(entry, "w") as part:
                np.lib.format.write_array(part, array, allow_pickle=False)
    return buffer.getvalue()


if __name__ == "__main__":
    for dataset in ("mnist", "fashion-mnist"):
        pack(dataset)
