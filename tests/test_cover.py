"""The picture of README and first page is what the shipped weights draw."""

import numpy as np
import pytest
from PIL import Image

from tools.draw_cover import COVER, categories, draw


def test_the_cover_is_drawn_by_the_shipped_weights():
    """On another machine sums are rounded otherwise; the draws are the same."""
    with Image.open(COVER) as image:
        stored = np.asarray(image).astype(float)
    assert np.abs(draw() - stored).mean() < 0.5


def test_rows_are_the_largest_pure_categories_of_each_label():
    drawn = {"counts": [[95, 5], [50, 50], [90, 10], [0, 100]], "weights": [0.1, 0.4, 0.3, 0.2]}
    assert categories(drawn, {1: 1, 0: 2}) == [3, 2, 0]
    with pytest.raises(ValueError, match="fewer pure categories"):
        categories(drawn, {1: 2})
