"""The picture of README and first page is what the shipped weights draw."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from cpvae_lite.study.results import Results
from tools.draw_cover import COVER, PURE, categories, draw

ROOT = Path(__file__).parents[1]


def test_the_cover_is_drawn_by_the_shipped_weights():
    """On another machine sums are rounded otherwise; the draws are the same."""
    with Image.open(COVER) as image:
        stored = np.asarray(image).astype(float)
    assert np.abs(draw() - stored).mean() < 0.5


@pytest.mark.parametrize(("data", "share"), [("fashion-mnist", 0.5), ("mnist", 0.9)])
def test_as_many_images_lie_in_pure_categories_as_the_caption_says(data, share):
    measures = Results(data).first("cp-150")
    counts = torch.tensor(measures["generation"]["counts"])
    pure = (counts >= PURE * counts.sum(1, keepdim=True)).any(1)
    held = torch.tensor(measures["aggregated_posterior"])[pure].sum().item()
    assert held == pytest.approx(share, abs=0.05)
    said = "Categories as pure as that hold half of the clothes and nine tenths of the digits."
    assert all(said in " ".join((ROOT / page).read_text().split()) for page in ("README.md", "book/index.md"))


def test_rows_are_the_largest_pure_categories_of_each_label():
    drawn = {"counts": [[95, 5], [50, 50], [90, 10], [0, 100]], "weights": [0.1, 0.4, 0.3, 0.2]}
    assert categories(drawn, {1: 1, 0: 2}) == [3, 2, 0]
    with pytest.raises(ValueError, match="fewer pure categories"):
        categories(drawn, {1: 2})
