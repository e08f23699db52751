"""What the package says of Omniglot without its drawings: `tools/describe_omniglot.py`, and the file that it wrote."""

import io
import math
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from cpvae_lite.datasets import load_dataset
from cpvae_lite.sources import SOURCES
from cpvae_lite.storage import read_json
from tools.describe_omniglot import TARGET, coin_entropies, describe

SHIPPED = read_json(TARGET)
REAL = os.environ.get("CPVAE_LITE_DATA")


def test_a_coin_has_the_entropy_of_a_bernoulli_variable():
    coins = torch.distributions.Bernoulli(torch.arange(256, dtype=torch.float64) / 255)
    torch.testing.assert_close(torch.from_numpy(coin_entropies()), coins.entropy(), atol=1e-12, rtol=1e-12)


def put_archive(path, alphabet, characters, left):
    """Drawings of `characters` by drawers 1 to 20, whose `left` columns are ink."""
    drawing = np.full((105, 105), 255, np.uint8)
    drawing[:, :left] = 0
    buffer = io.BytesIO()
    Image.fromarray(drawing).save(buffer, "PNG")
    with zipfile.ZipFile(path, "w") as archive:
        for character in range(1, characters + 1):
            for drawer in range(1, 21):
                name = f"{path.stem}/{alphabet}/character{character:02}/0001_{drawer:02}.png"
                archive.writestr(name, buffer.getvalue())


# Pixels of 28 are 3.75 of 105 wide: an edge at 30 falls between two of them, one at 32 in the middle of the ninth.
@pytest.mark.parametrize(("left", "coin"), [(30, 0), (32, math.log(2))])
def test_test_drawings_are_described_and_grey_pixels_cost(tmp_path, left, coin):
    folder = tmp_path / "omniglot-py"
    folder.mkdir()
    put_archive(folder / "images_background.zip", "Greek", 2, left=105)  # all ink: no grey, whatever the filter
    put_archive(folder / "images_evaluation.zip", "Latin", 1, left=left)
    found = describe(tmp_path)
    assert found["characters"] == {"Greek": 2, "Latin": 1}
    assert found["test_images"] == 15
    assert found["binarising"]["box"] == pytest.approx(28 * coin * 5 / 15, rel=1e-3)
    assert found["binarising"]["bilinear"] > 1


def test_the_shipped_description_is_of_all_characters_and_the_box_filter_costs_least():
    assert len(SHIPPED["characters"]) == 50 and list(SHIPPED["characters"]) == sorted(SHIPPED["characters"])
    assert sum(SHIPPED["characters"].values()) == 1_623 and SHIPPED["test_images"] == 5 * 1_623
    assert min(SHIPPED["binarising"], key=SHIPPED["binarising"].get) == "box"


def test_the_shipped_description_is_that_of_the_real_drawings():
    if not REAL or not SOURCES["omniglot"].found(Path(REAL)):
        pytest.skip("CPVAE_LITE_DATA names no folder with the files of omniglot")
    test = load_dataset("omniglot", root=REAL).test
    entropies = torch.from_numpy(coin_entropies())[test.data.long()]
    assert entropies.sum(1).mean().item() == pytest.approx(SHIPPED["binarising"]["box"], abs=1e-4)
    assert (test.labels["alphabet"].bincount() // 5).tolist() == list(SHIPPED["characters"].values())
