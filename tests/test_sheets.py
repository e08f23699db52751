"""Sheets of images: each pixel in its place."""

import numpy as np
import pytest
import torch

from cpvae_lite.sheets import grey_sheet, image_grid, images_of


def placed(images, columns, shape, gap):
    """The sheet, image by image."""
    (height, width), rows = shape, -(-len(images) // columns)
    sheet = np.zeros((rows * (height + gap) - gap, columns * (width + gap) - gap), dtype=np.float32)
    for index, image in enumerate(images.reshape(-1, height, width).numpy()):
        top, left = (index // columns) * (height + gap), (index % columns) * (width + gap)
        sheet[top : top + height, left : left + width] = image
    return sheet


def test_each_image_stands_in_its_place():
    images = torch.arange(1, 6)[:, None].expand(5, 4) / 10  # image i is evenly i/10
    sheet = image_grid(images, columns=3, shape=(2, 2), gap=1)
    assert sheet.shape == (5, 8)
    corners = sheet[::3, ::3]
    np.testing.assert_allclose(corners, [[0.1, 0.2, 0.3], [0.4, 0.5, 0.0]])
    assert (sheet[2] == 0).all() and (sheet[:, [2, 5]] == 0).all()


def test_what_cannot_be_laid_out_is_refused_in_words():
    with pytest.raises(ValueError, match="there is no image to lay out"):
        image_grid(torch.zeros(0, 4), columns=2, shape=(2, 2))
    with pytest.raises(ValueError, match="columns must be at least 1, not 0"):
        image_grid(torch.zeros(1, 4), columns=0, shape=(2, 2))
    with pytest.raises(ValueError, match=r"a sheet of shape \(2, 2, 3\) is not grey"):
        images_of(np.zeros((2, 2, 3), np.uint8), shape=(2, 2))


@pytest.mark.parametrize("images", [torch.full((2, 4), 255).byte(), torch.full((2, 4), torch.nan), -torch.ones(2, 4)])
@pytest.mark.parametrize("draw", [image_grid, grey_sheet])
def test_values_that_are_no_share_of_ink_are_refused(draw, images):
    with pytest.raises(ValueError, match="divide greys from 0 to 255 by 255"):
        draw(images, columns=2, shape=(2, 2))


def test_pixels_keep_their_order():
    image = torch.arange(6.0)[None] / 10
    np.testing.assert_allclose(image_grid(image, columns=1, shape=(2, 3))[1], [0.3, 0.4, 0.5])


@pytest.mark.parametrize("gap", [0, 1, 2])
@pytest.mark.parametrize(("count", "columns"), [(1, 1), (6, 3), (7, 3), (2, 5), (5, 1)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.uint8])
def test_a_sheet_is_the_one_that_is_laid_out_image_by_image(gap, count, columns, dtype):
    images = torch.rand(count, 12).to(dtype) if dtype.is_floating_point else torch.randint(2, (count, 12)).to(dtype)
    found = image_grid(images, columns=columns, shape=(3, 4), gap=gap)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, placed(images, columns, (3, 4), gap))


def test_grey_values_are_dark_for_ink_and_rounded():
    images = torch.tensor([[0.0, 0.501], [1.0, 0.499], [0.25, 0.2]])
    found = grey_sheet(images, columns=2, shape=(1, 2))
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found[0], [255, 127, 255, 255, 0, 128])
    np.testing.assert_array_equal(found[-1], [191, 204, 255, 255, 255, 255])


@pytest.mark.parametrize(
    ("count", "columns", "shape"), [(6, 3, (2, 3)), (64, 8, (28, 28)), (1, 1, (1, 1)), (5, 5, (4, 2))]
)
def test_the_images_of_a_sheet_are_those_that_were_laid_out(count, columns, shape):
    images = torch.randint(256, (count, shape[0] * shape[1])) / 255
    found = images_of(grey_sheet(images, columns=columns, shape=shape), shape=shape)
    torch.testing.assert_close(found, images)


def test_places_left_over_are_paper():
    found = images_of(grey_sheet(torch.ones(2, 4), columns=3, shape=(2, 2)), shape=(2, 2))
    assert found.sum(1).tolist() == [4, 4, 0]


@pytest.mark.parametrize("size", [(27, 28), (28, 29), (58, 57)])
def test_a_sheet_of_other_images_is_refused(size):
    with pytest.raises(ValueError, match="does not divide"):
        images_of(np.zeros(size, np.uint8))


def test_images_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"images of 196 pixels are not of shape \(28, 28\); give their shape="):
        image_grid(torch.rand(4, 196), columns=2)
