"""Draw the picture of README and first page from shipped weights: each row is one category of a trained CP-VAE.

Run it after the weights have changed:  .venv/bin/python tools/draw_cover.py
"""

from pathlib import Path

import numpy as np
import torch

from cpvae_lite._seeding import seeded
from cpvae_lite.sheets import grey_sheet, sixteen_greys
from cpvae_lite.storage import write_png
from cpvae_lite.study.results import Results

COVER = Path(__file__).parents[1] / "book" / "_static" / "categories.png"
SHOWN = {  # how many categories of each label
    "fashion-mnist": {5: 2, 9: 1, 8: 1, 3: 1, 1: 1},  # sandals, then an ankle boot, a bag, a dress and trousers
    "mnist": {2: 2, 4: 2, 7: 2},
}
IMAGES = 12  # of a category
PURE = 0.9
APART, ZOOM = 16, 2  # pixels between the two data sets, and screen pixels for a pixel


def draw() -> np.ndarray:
    """Grey values (height, width), uint8: clothes to the left, digits to the right."""
    left, right = (sheet(data, labels) for data, labels in SHOWN.items())
    gap = np.full((len(left), APART), 255, np.uint8)
    return sixteen_greys(np.hstack([left, gap, right])).repeat(ZOOM, 0).repeat(ZOOM, 1)


def sheet(data: str, labels: dict[int, int]) -> np.ndarray:
    """A row of new images for each category that is shown."""
    results = Results(data)
    model = results.model("cp-150")
    with seeded(0):
        blocks = model.sample_each(categories(results.first("cp-150")["generation"], labels), IMAGES)
    return grey_sheet(blocks.flatten(0, 1), columns=IMAGES)


def categories(drawn: dict, labels: dict[int, int]) -> list[int]:
    """The largest categories that draw a label in nine cases of ten, label by label."""
    counts, sizes = (torch.tensor(drawn[figure]) for figure in ("counts", "weights"))
    pure = counts >= PURE * counts.sum(1, keepdim=True)
    each = [(sizes * pure[:, label]).topk(count) for label, count in labels.items()]
    if not all(sizes.all() for sizes, _ in each):
        raise ValueError("a label has fewer pure categories than are to be shown")
    return [category for _, found in each for category in found.tolist()]


if __name__ == "__main__":
    write_png(COVER, draw())
    print(COVER.relative_to(COVER.parents[2]))
