"""Make the data files that the package ships, from the whole data sets.

    python -m tools.pack_subset

Takes the first 5,000 training images and all test images of MNIST and Fashion-MNIST, with labels.
"""

import io
from pathlib import Path

import numpy as np

import cpvae_lite
from cpvae_lite.sources import SOURCES, fetch
from cpvae_lite.storage import atomic_write
from tools.archives import packed

TRAINING_IMAGES = 5_000
FOLDER = Path(cpvae_lite.__file__).parent / "artifacts" / "data"


def pack(name: str) -> None:
    train, test = SOURCES[name].read(fetch(name))
    arrays = {}
    for split, part, count in (("train", train, TRAINING_IMAGES), ("test", test, None)):
        (labels,) = part.labels.values()
        arrays |= {f"{split}_images": part.images[:count], f"{split}_labels": labels[:count].astype(np.uint8)}
    content = packed({f"{array}.npy": bytes_of(values) for array, values in arrays.items()})
    atomic_write(FOLDER / f"{name}.npz", content)
    print(f"{name}.npz: {len(content):,} bytes")


def bytes_of(array: np.ndarray) -> bytes:
    """As `numpy.load` reads them from an archive."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, allow_pickle=False)
    return buffer.getvalue()


if __name__ == "__main__":
    for dataset in ("mnist", "fashion-mnist"):
        pack(dataset)
