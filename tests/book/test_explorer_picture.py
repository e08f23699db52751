"""The picture of the explorer on README and front page is what the built page shows."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageChops

from tools.draw_explorer import PICTURE, draw

ROOT = Path(__file__).parents[2]


def test_the_picture_is_what_the_page_shows(browser):
    """To a few grey levels on average: few colours are kept, and fonts differ between machines."""
    with Image.open(PICTURE) as image:
        stored, shown = image.convert("L"), draw(browser).convert("L")
    assert np.abs(np.subtract(stored.size, shown.size)).max() < 40
    size = tuple(np.minimum(stored.size, shown.size))
    apart = ImageChops.difference(stored.crop((0, 0, *size)), shown.crop((0, 0, *size)))
    assert np.asarray(apart).mean() < 5  # 8, were it the next category


def test_both_pages_show_it_with_the_same_words_for_who_cannot_see_it():
    texts = [(ROOT / page).read_text() for page in ("README.md", "book/index.md")]
    (said,) = {text.partition("_static/explorer.png)")[0].rpartition("![")[2].partition("]")[0] for text in texts}
    assert len(said) > 100
