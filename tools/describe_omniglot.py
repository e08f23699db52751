"""Write down what the book says of Omniglot where its images are not at hand, since the package ships none of them.

    CPVAE_LITE_DATA=DIR python tools/describe_omniglot.py

The file holds the alphabets with the number of their characters, and what binarising costs after each filter that could
shrink the drawings: the entropy of coins of the pixels' brightness, in nats, the mean over test images. The package
shrinks with the filter of least cost. Needs the archives of drawings; the 28×28 file is shrunk already.
"""

import io
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from cpvae_lite.omniglot import ARCHIVES, ENTRY, SIDE, TEST_DRAWERS
from cpvae_lite.sources import fetch
from cpvae_lite.storage import write_json

TARGET = Path(__file__).parents[1] / "cpvae_lite" / "artifacts" / "data" / "omniglot.json"
FILTERS = [Image.Resampling[name] for name in ("BOX", "LANCZOS", "BICUBIC", "HAMMING", "BILINEAR")]


def drawings(root: Path) -> Iterator[tuple[dict[str, str], Image.Image]]:
    """Each test drawing: its alphabet, character and drawer, and the image of 105 by 105 pixels."""
    for name in ARCHIVES:
        with zipfile.ZipFile(root / "omniglot-py" / f"{name}.zip") as archive:
            for match in filter(None, map(ENTRY.fullmatch, archive.namelist())):
                if int(match["drawer"]) in TEST_DRAWERS:
                    yield match.groupdict(), Image.open(io.BytesIO(archive.read(match[0]))).convert("L")


def coin_entropies() -> np.ndarray:
    """The entropy of a coin for each brightness from 0 to 255, in nats."""
    p = np.arange(1, 255) / 255
    return np.pad(-p * np.log(p) - (1 - p) * np.log(1 - p), 1)


def describe(root: Path) -> dict:
    """Counts and costs, as the file holds them."""
    entropies, costs, characters = coin_entropies(), defaultdict(list), defaultdict(set)
    for drawing, image in drawings(root):
        characters[drawing["alphabet"]].add(drawing["character"])
        for chosen in FILTERS:
            grey = np.asarray(image.resize((SIDE, SIDE), chosen))
            costs[chosen.name.lower()].append(entropies[grey].sum())
    return {
        "test_images": len(costs["box"]),
        "binarising": {name: round(float(np.mean(own)), 4) for name, own in costs.items()},
        "characters": {alphabet: len(characters[alphabet]) for alphabet in sorted(characters)},
    }


if __name__ == "__main__":
    found = describe(fetch("omniglot"))
    write_json(TARGET, found)
    print(found["binarising"])
