"""Folders of images: what is read is what was written, and what cannot be read is named."""

import json
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from cpvae_lite import Dataset
from cpvae_lite.folders import read_folder

RNG = np.random.default_rng(0)


def save(path, pixels, **settings):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(np.asarray(pixels, dtype=np.uint8))
    image.save(path, **settings)


def only(folder, **settings):
    """The one image of a folder."""
    (image,) = read_folder(folder, **settings).images
    return image


# --- pixels ------------------------------------------------------------------------------------------


def test_grey_images_come_back_pixel_by_pixel_in_the_order_of_their_names(tmp_path):
    images = RNG.integers(0, 256, (12, 5, 7), dtype=np.uint8)
    for index in RNG.permutation(12):
        save(tmp_path / f"{index:02}.{'png' if index % 2 else 'PNG'}", images[index])
    found = read_folder(tmp_path)
    assert found.images.dtype == np.uint8 and np.array_equal(found.images, images)
    assert found.labels is None and found.names == ()


def test_a_jpeg_comes_back_nearly(tmp_path):
    smooth = np.add.outer(np.arange(32), np.arange(32)) * 4
    save(tmp_path / "1.jpg", smooth, quality=95)
    save(tmp_path / "2.JPEG", smooth, quality=95)
    for image in read_folder(tmp_path).images:
        assert np.abs(image.astype(int) - smooth).max() <= 3


def test_colour_becomes_brightness(tmp_path):
    """The weights of red, green and blue in ITU-R BT.601."""
    save(tmp_path / "1.png", np.eye(3)[None] * 255)
    assert only(tmp_path).tolist() == [[round(255 * weight) for weight in (0.299, 0.587, 0.114)]]


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_what_is_transparent_is_white(tmp_path, mode):
    black = Image.new(mode, (3, 1))
    for place, opacity in enumerate((0, 51, 255)):
        black.putpixel((place, 0), (*[0] * (len(mode) - 1), opacity))
    save(tmp_path / "1.png", black)
    assert only(tmp_path).tolist() == [[255, 204, 0]]


def test_a_palette_with_a_transparent_colour_is_read(tmp_path):
    drawing = Image.fromarray(np.array([[0, 1]], dtype=np.uint8)).convert("P")
    drawing.putpalette([0, 0, 0, 100, 100, 100])
    save(tmp_path / "1.png", drawing, transparency=0)
    assert only(tmp_path).tolist() == [[255, 100]]


def test_sixteen_bits_become_eight(tmp_path):
    values = np.append(RNG.integers(0, 65536, 98), [0, 65535]).astype(np.uint16)
    save(tmp_path / "1.png", Image.fromarray(values[None]))
    assert np.array_equal(only(tmp_path)[0], np.rint(values / 65535 * 255))


def test_black_and_white_are_the_ends_of_the_range(tmp_path):
    save(tmp_path / "1.png", Image.fromarray(np.array([[True, False]])))
    assert only(tmp_path).tolist() == [[255, 0]]


def test_a_photograph_is_turned_as_the_camera_says(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    pixels = RNG.integers(0, 256, (4, 6))
    save(tmp_path / "1.png", pixels, exif=exif)
    assert np.array_equal(only(tmp_path), np.rot90(pixels, -1))


def test_invert_exchanges_dark_and_light(tmp_path):
    save(tmp_path / "1.png", [[0, 10, 255]])
    assert only(tmp_path, invert=True).tolist() == [[255, 245, 0]]


# --- one shape ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("upright", [False, True])
def test_what_stands_out_is_cropped_on_both_sides(tmp_path, upright):
    thirds = np.repeat([[0, 100, 200]], 10, axis=0).repeat(10, axis=1)  # (10, 30)
    save(tmp_path / "1.png", thirds.T if upright else thirds)
    assert (only(tmp_path, shape=(10, 10)) == 100).all()


def test_a_ramp_is_shrunk_to_a_ramp(tmp_path):
    save(tmp_path / "1.png", np.tile(np.arange(240), (120, 1)))
    shrunk = only(tmp_path, shape=(12, 24)).astype(int)
    expected = np.arange(24) * 10 + 4.5  # the middle of ten columns
    assert np.abs(shrunk - expected)[:, 2:-2].max() <= 1


def test_images_of_several_sizes_are_brought_to_one(tmp_path):
    for index, size in enumerate([(8, 8), (3, 9), (40, 20)]):
        save(tmp_path / f"{index}.png", np.full(size, 60 * index))
    found = read_folder(tmp_path, shape=(6, 4)).images
    assert found.shape == (3, 6, 4)
    assert [set(image.ravel().tolist()) for image in found] == [{0}, {60}, {120}]


# --- labels ------------------------------------------------------------------------------------------


def test_subfolders_are_labels_in_the_order_of_their_names(tmp_path):
    for kind, greys in {"shoe": [7, 8, 9], "bag": [1], "coat": [4, 5]}.items():
        for grey in greys:
            save(tmp_path / kind / f"{grey}.png", np.full((2, 3), grey))
    found = read_folder(tmp_path)
    assert found.names == ("bag", "coat", "shoe")
    assert found.images[:, 0, 0].tolist() == [1, 4, 5, 7, 8, 9]
    assert found.labels.tolist() == [0, 1, 1, 2, 2, 2]


def test_names_that_begin_with_a_dot_are_passed_over(tmp_path):
    save(tmp_path / "bag" / "1.png", [[1]])
    (tmp_path / ".DS_Store").write_bytes(b"x")
    (tmp_path / "bag" / "._1.png").write_bytes(b"x")
    (tmp_path / ".ipynb_checkpoints").mkdir()
    assert only(tmp_path).tolist() == [[1]]


# --- what is refused ---------------------------------------------------------------------------------


def text(folder):
    (folder / "notes.txt").write_text("x")


def beside(folder):
    save(folder / "1.png", [[1]])
    save(folder / "bag" / "2.png", [[1]])


def nested(folder):
    save(folder / "bag" / "black" / "1.png", [[1]])


def empty_kind(folder):
    beside(folder)
    (folder / "1.png").rename(folder / "bag" / "1.png")
    (folder / "shoe").mkdir()


def no_image(folder):
    (folder / "1.png").write_text("I am no image")


def other_format(folder):
    save(folder / "1.png", np.zeros((2, 2)), format="GIF")


def cut_off(folder):
    save(folder / "1.png", RNG.integers(0, 256, (40, 40)))
    (folder / "1.png").write_bytes((folder / "1.png").read_bytes()[:800])


def cut_off_jpeg(folder):
    save(folder / "1.jpg", RNG.integers(0, 256, (40, 40)))
    (folder / "1.jpg").write_bytes((folder / "1.jpg").read_bytes()[:800])


def sizes(folder):
    save(folder / "1.png", np.zeros((4, 5)))
    save(folder / "2.png", np.zeros((4, 6)))


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda folder: None, "is empty"),
        (text, r"notes\.txt is no PNG or JPEG image, by its name"),
        (beside, r"holds files, as 1\.png, beside folders, as bag"),
        (nested, "black is a folder within a subfolder"),
        (empty_kind, "shoe is empty"),
        (no_image, r"1\.png cannot be read"),
        (other_format, r"1\.png cannot be read"),
        (cut_off, r"1\.png cannot be read"),
        (cut_off_jpeg, r"1\.jpg cannot be read"),
        (sizes, r"1\.png is \(4, 5\) pixels .*2\.png is \(4, 6\); give shape"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_cannot_be_read_is_named(tmp_path, make, message):
    make(tmp_path)
    with pytest.raises(ValueError, match=message):
        read_folder(tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_folder(tmp_path / "nowhere")
    save(tmp_path / "1.png", [[1]])
    with pytest.raises(NotADirectoryError, match=r"1\.png"):
        read_folder(tmp_path / "1.png")


@pytest.mark.parametrize(
    "shape, error", [(28, ValueError), ((28,), ValueError), ((0, 5), ValueError), ((2.5, 5), TypeError)]
)
def test_a_shape_is_two_whole_numbers(tmp_path, shape, error):
    save(tmp_path / "1.png", [[1]])
    with pytest.raises(error, match="shape"):
        read_folder(tmp_path, shape=shape)


# --- as a data set -----------------------------------------------------------------------------------


def test_a_data_set_from_a_folder_is_the_one_from_its_arrays(tmp_path):
    for index in range(40):
        save(tmp_path / "ab"[index % 2] / f"{index:02}.png", RNG.integers(0, 256, (4, 6)))
    found = read_folder(tmp_path, shape=(3, 3), invert=True)
    settings = {"validation": 0.2, "test": 0.25, "seed": 5}
    dataset = Dataset.from_folder(tmp_path, shape=(3, 3), invert=True, **settings)
    expected = Dataset.from_arrays(found.images, found.labels, **settings)
    assert dataset.fingerprint == expected.fingerprint and dataset.shape == (3, 3)
    for split in ("train", "validation", "test"):
        labels = dataset.split(split).labels["label"]
        assert labels.tolist() == expected.split(split).labels["label"].tolist()
    assert dataset.label_names == {"label": ("a", "b")} and dataset.name == tmp_path.name


def test_a_folder_without_subfolders_has_no_labels(tmp_path):
    for index in range(10):
        save(tmp_path / f"{index}.png", np.full((2, 2), 20 * index))
    dataset = Dataset.from_folder(tmp_path, name="ten")
    assert dataset.name == "ten" and dataset.label_names == {} and dataset.train.labels == {}


def test_how_a_folder_was_read_is_kept_in_plain_values(tmp_path):
    for index in range(20):
        save(tmp_path / f"{index}.png", np.full((2, 2), index))
    given = {"validation": Fraction(1, 10), "test": np.float32(0.25), "seed": np.int64(3), "invert": np.bool_(True)}
    dataset = Dataset.from_folder(tmp_path, **given)
    kept = {"folder": str(tmp_path), "validation": 0.1, "test": 0.25, "seed": 3, "invert": True}
    assert dataset.origin == kept == json.loads(json.dumps(dataset.origin))
    assert Dataset.from_folder(**dataset.origin).fingerprint == dataset.fingerprint


@pytest.mark.parametrize("wrong", [{"invert": "no"}, {"validation": np.zeros((4, 2, 2))}, {"seed": 0.5}])
def test_what_cannot_be_kept_is_refused(tmp_path, wrong):
    save(tmp_path / "1.png", [[1]])
    with pytest.raises(TypeError, match=next(iter(wrong))):
        Dataset.from_folder(tmp_path, **wrong)


@pytest.mark.parametrize("error", [OverflowError, MemoryError])
def test_a_shape_beyond_memory_is_named(tmp_path, monkeypatch, error):
    def fit(*_):
        raise error

    save(tmp_path / "1.png", [[1]])
    if error is MemoryError:  # which asking for so much may not raise: some systems promise more than they have
        monkeypatch.setattr("cpvae_lite.folders.ImageOps.fit", fit)
    with pytest.raises(ValueError, match=rf"1\.png: images of {10**20} by 2 pixels do not fit into memory"):
        read_folder(tmp_path, shape=(10**20, 2))
