"""The public data sets: where their files are looked for, how they are read, and what damage does.

The files are small ones made here, in the published formats. Tests of the real files need the
environment variable CPVAE_LITE_DATA.
"""

import gzip
import hashlib
import http.client
import http.server
import io
import os
import struct
import threading
import urllib.error
import zipfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image
from scipy.io import savemat

from cpvae_lite import datasets, load_dataset, omniglot, sources
from cpvae_lite.idx import IDX_FILES, IdxSource
from cpvae_lite.omniglot import OmniglotSource, read_archives, read_chardata

REAL = os.environ.get("CPVAE_LITE_DATA")
SPLITS = ("train", "validation", "test")
DOWNLOADS = {source: source.download for source in (IdxSource, OmniglotSource)}
FOLDERS = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST"}


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """An empty cache folder, no data folder and no network."""
    monkeypatch.delenv("CPVAE_LITE_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def no_network(*_):
        raise urllib.error.URLError("no network")

    monkeypatch.setattr(IdxSource, "download", no_network)
    monkeypatch.setattr(OmniglotSource, "download", no_network)
    return tmp_path / "cache" / "cpvae_lite"


# --- MNIST and Fashion-MNIST ---------------------------------------------------------------------------


def idx(array):
    """The published format: a magic number, the sizes in big-endian, the bytes."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.astype(np.uint8).tobytes()


def numbered(count, start=0):
    """Images that say which they are, and labels that follow from that."""
    images = np.zeros((count, 28, 28), np.uint8)
    rows = np.arange(start, start + count)
    images[:, 3, 20], images[:, 9, 1] = rows // 256, rows % 256
    return images, rows * 7 % 10


def number(rows):
    images = rows.reshape(-1, 28, 28).long()
    return images[:, 3, 20] * 256 + images[:, 9, 1]


@pytest.fixture
def put_idx(monkeypatch):
    """Write a small data set into a root; its checksums count as the published ones."""

    def put(root, folder, train=12, test=5):
        parts = {"train": numbered(train), "t10k": numbered(test, start=50_000)}
        files = {}
        for prefix, (images, labels) in parts.items():
            files[f"{prefix}-images-idx3-ubyte"] = idx(images)
            files[f"{prefix}-labels-idx1-ubyte"] = idx(labels)
        return write_idx(monkeypatch, root, folder, files)

    return put


def write_idx(monkeypatch, root, folder, files):
    raw = root / folder / "raw"
    raw.mkdir(parents=True)
    for name, content in files.items():
        (raw / name).write_bytes(content)
    published = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    monkeypatch.setitem(IDX_FILES, folder, published)
    return raw


@pytest.mark.parametrize("name", FOLDERS)
def test_the_last_10000_training_images_validate(put_idx, tmp_path, name):
    put_idx(tmp_path, FOLDERS[name], train=10_030, test=40)
    dataset = load_dataset(name, root=tmp_path)
    assert number(dataset.train.data).tolist() == list(range(30))
    assert number(dataset.validation.data).tolist() == list(range(30, 10_030))
    assert number(dataset.test.data).tolist() == list(range(50_000, 50_040))
    assert (dataset.shape, dataset.likelihood, dataset.subset) == ((28, 28), "bernoulli", False)


@pytest.mark.parametrize(("name", "kind"), [("mnist", "digit"), ("fashion-mnist", "item")])
def test_labels_are_those_of_their_images(put_idx, tmp_path, name, kind):
    put_idx(tmp_path, FOLDERS[name], train=10_030, test=40)
    dataset = load_dataset(name, root=tmp_path)
    for split in map(dataset.split, SPLITS):
        assert torch.equal(split.labels[kind], number(split.data) * 7 % 10)
        assert split.labels[kind].dtype == torch.int64


def altered(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


DAMAGE = {
    "truncated": lambda content: content[: len(content) // 2],
    "one byte short": lambda content: content[:-1],
    "one bit altered": altered,
    "empty": lambda content: b"",
    "wrong magic": lambda content: b"\0\0\x09" + content[3:],
    "too long": lambda content: content + b"\0",
    "garbage": lambda content: b"<html>404 not found</html>",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
@pytest.mark.parametrize("file", ["train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"])
def test_a_damaged_idx_file_is_named(put_idx, tmp_path, file, damage):
    path = put_idx(tmp_path, "MNIST") / file
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError) as caught:
        load_dataset("mnist", root=tmp_path)
    assert f"{path} is truncated or altered" in str(caught.value)
    assert "fetch it again" in str(caught.value)


@pytest.mark.parametrize(("shape", "labels"), [((12, 27, 28), 12), ((12, 28, 28), 11)])
def test_files_that_do_not_belong_together_are_refused(monkeypatch, tmp_path, shape, labels):
    good, good_labels = numbered(5)
    files = {
        "train-images-idx3-ubyte": idx(np.zeros(shape)),
        "train-labels-idx1-ubyte": idx(np.zeros(labels)),
        "t10k-images-idx3-ubyte": idx(good),
        "t10k-labels-idx1-ubyte": idx(good_labels),
    }
    write_idx(monkeypatch, tmp_path, "MNIST", files)
    with pytest.raises(ValueError) as caught:
        load_dataset("mnist", root=tmp_path)
    assert str(tmp_path / "MNIST") in str(caught.value)
    assert f"{labels} labels" in str(caught.value)


def test_another_set_of_the_same_form_is_not_taken_for_mnist(put_idx, tmp_path):
    mnist, fashion = put_idx(tmp_path, "MNIST"), put_idx(tmp_path, "FashionMNIST", train=13)
    for path in mnist.iterdir():
        path.write_bytes((fashion / path.name).read_bytes())
    with pytest.raises(ValueError, match="MNIST/raw/train-images-idx3-ubyte is truncated or altered"):
        load_dataset("mnist", root=tmp_path)


# --- Omniglot from its archives --------------------------------------------------------------------------

CHARACTERS = {
    "images_background": [("Greek", 1), ("Greek", 2), ("Latin", 1)],
    "images_evaluation": [("Braille", 1)],
}


@pytest.fixture
def few_characters(monkeypatch):
    monkeypatch.setattr(omniglot, "ARCHIVES", {name: len(own) for name, own in CHARACTERS.items()})
    monkeypatch.setitem(datasets.VALIDATION_IMAGES, "omniglot", 10)


def png(strokes):
    buffer = io.BytesIO()
    Image.fromarray(np.where(strokes, 0, 255).astype(np.uint8)).convert("1").save(buffer, "PNG")  # black on white
    return buffer.getvalue()


def drawings(seed=0):
    """Strokes by alphabet, character and drawer; (105, 105) booleans."""
    rng = np.random.default_rng(seed)
    keys = [(*c, drawer) for own in CHARACTERS.values() for c in own for drawer in range(1, 21)]
    return {key: rng.random((105, 105)) < rng.uniform(0, 1, (105, 1)) for key in keys}


def put_archives(root, drawn, change=lambda entry, content: content):
    """The official layout: images_background/Greek/character01/0001_01.png."""
    folder = root / "omniglot-py"
    folder.mkdir(parents=True, exist_ok=True)
    numbers = {key: index for index, key in enumerate(sorted({key[:2] for key in drawn}), 1)}
    for name, own in CHARACTERS.items():
        with zipfile.ZipFile(folder / f"{name}.zip", "w") as archive:
            archive.writestr(f"{name}/", "")
            for (alphabet, character, drawer), strokes in drawn.items():
                if (alphabet, character) not in own:
                    continue
                number = numbers[alphabet, character]
                entry = f"{name}/{alphabet}/character{character:02}/{number:04}_{drawer:02}.png"
                content = change(entry, png(strokes))
                if content is not None:
                    archive.writestr(entry, content)
    return [folder / f"{name}.zip" for name in CHARACTERS]


def box(strokes):
    """Each of 28×28 pixels is the average of the pixels whose centres lie in its part of the plane."""
    cells = np.ceil((np.arange(105) + 0.5) / (105 / 28)) - 1
    member = (cells == np.arange(28)[:, None]).astype(float)
    member /= member.sum(1, keepdims=True)
    return 255 * member @ strokes @ member.T


@pytest.fixture(scope="module")
def drawn():
    return drawings()


@pytest.fixture(scope="module")
def shrunk(drawn):
    return {key: box(strokes) for key, strokes in drawn.items()}


def keys_of(split, shrunk, names=None):
    """Which drawing each image of a split is, by its pixels; none may be off by more than rounding."""
    keys, expected = list(shrunk), np.stack([image.ravel() for image in shrunk.values()])
    images = np.asarray(split.images if names is None else split.data).reshape(-1, 1, 784).astype(float)
    error = np.abs(images - expected).max(2)
    assert error.min(1).max() <= 1  # Pillow rounds after each direction
    return [keys[index] for index in error.argmin(1)]


@pytest.mark.usefixtures("few_characters")
def test_drawings_are_inverted_and_shrunk_by_averaging_areas(tmp_path, drawn, shrunk):
    for part in read_archives(put_archives(tmp_path, drawn)):
        keys_of(part, shrunk)
    blank = dict.fromkeys(drawn, np.zeros((105, 105), bool))
    full = dict.fromkeys(drawn, np.ones((105, 105), bool))
    assert all((part.images == 0).all() for part in read_archives(put_archives(tmp_path / "0", blank)))
    assert all((part.images == 255).all() for part in read_archives(put_archives(tmp_path / "1", full)))


@pytest.mark.usefixtures("few_characters")
def test_drawers_16_to_20_are_the_test_set(tmp_path, drawn, shrunk):
    train, test = read_archives(put_archives(tmp_path, drawn))
    assert sorted(keys_of(train, shrunk)) == sorted(key for key in drawn if key[2] <= 15)
    assert sorted(keys_of(test, shrunk)) == sorted(key for key in drawn if key[2] >= 16)


@pytest.mark.usefixtures("few_characters")
def test_characters_and_alphabets_are_labelled_alike_in_both_parts(tmp_path, drawn, shrunk):
    seen = {}
    for part in read_archives(put_archives(tmp_path, drawn)):
        for key, character, alphabet in zip(
            keys_of(part, shrunk), *map(part.labels.get, ("character", "alphabet")), strict=True
        ):
            assert seen.setdefault(key[:2], (character, alphabet)) == (character, alphabet)
    assert len({character for character, _ in seen.values()}) == 4
    assert seen["Greek", 1][1] == seen["Greek", 2][1]
    assert len({seen[key][1] for key in (("Greek", 1), ("Latin", 1), ("Braille", 1))}) == 3


@pytest.mark.usefixtures("few_characters")
def test_omniglot_splits_are_disjoint_complete_and_mixed(tmp_path, drawn, shrunk):
    put_archives(tmp_path, drawn)
    dataset = load_dataset("omniglot", root=tmp_path)
    keys = [keys_of(dataset.split(split), shrunk, names=True) for split in SPLITS]
    assert [len(rows) for rows in keys] == [50, 10, 20]
    assert sorted(chain(*keys)) == sorted(drawn)
    assert all(drawer >= 16 for *_, drawer in keys[2])
    assert len({key[:2] for key in keys[1]}) > 1  # the files come sorted by character
    for split, rows in zip(SPLITS, keys, strict=True):
        labels = dataset.split(split).labels
        distinct = {
            (*key[:2], c.item(), a.item())
            for key, c, a in zip(rows, labels["character"], labels["alphabet"], strict=True)
        }
        assert len(distinct) == len({key[:2] for key in rows})
        assert labels["character"].max() < len(dataset.label_names["character"]) == 4
        assert labels["alphabet"].max() < len(dataset.label_names["alphabet"]) == 3


@pytest.mark.usefixtures("few_characters")
def test_omniglot_is_the_same_every_time(tmp_path, drawn):
    put_archives(tmp_path, drawn)
    torch.manual_seed(1)
    first = load_dataset("omniglot", root=tmp_path)
    torch.manual_seed(2)
    assert first.fingerprint == load_dataset("omniglot", root=tmp_path).fingerprint


def contents(parts):
    return [
        (part.images.tobytes(), *(part.labels[kind].tolist() for kind in ("character", "alphabet"))) for part in parts
    ]


@pytest.fixture
def archives(few_characters, tmp_path, drawn):
    return put_archives(tmp_path, drawn)


def test_the_shrunk_copy_is_used_the_second_time(archives, monkeypatch):
    first = contents(read_archives(archives))
    monkeypatch.setattr(omniglot, "_drawing", None)
    assert contents(read_archives(archives)) == first


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_copy_is_made_anew(archives, cache, monkeypatch, damage):
    first = contents(read_archives(archives))
    (kept,) = cache.iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(damage(whole))
    assert contents(read_archives(archives)) == first
    monkeypatch.setattr(omniglot, "_drawing", None)
    assert contents(read_archives(archives)) == first


def test_a_copy_of_other_drawings_is_not_used(archives, tmp_path, drawn):
    read_archives(archives)
    other = drawings(seed=1)
    train, test = read_archives(put_archives(tmp_path, other))
    expected = {key: box(strokes) for key, strokes in other.items()}
    assert sorted(keys_of(train, expected) + keys_of(test, expected)) == sorted(other)


def test_without_room_for_a_copy_the_archives_are_read_anyway(archives, monkeypatch, tmp_path):
    first = contents(read_archives(archives))
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert contents(read_archives(archives)) == first


ENTRY = "images_background/Greek/character02/0003_07.png"


def damaged_entry(content):
    """A zip whose own checksums say that ENTRY was altered."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        start = archive.getinfo(ENTRY).header_offset + 30 + len(ENTRY) + 60
    return content[:start] + bytes([content[start] ^ 255]) + content[start + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        DAMAGE["truncated"],
        DAMAGE["one byte short"],
        DAMAGE["empty"],
        DAMAGE["garbage"],
        lambda content: content[: 2 * len(content) // 3] + bytes(len(content) // 3),
        damaged_entry,
    ],
    ids=["truncated", "one byte short", "empty", "no zip", "zeros at the end", "one drawing altered"],
)
def test_a_damaged_archive_is_named(archives, damage):
    archives[0].write_bytes(damage(archives[0].read_bytes()))
    with pytest.raises(ValueError) as caught:
        read_archives(archives)
    assert str(archives[0]) in str(caught.value)
    assert "again" in str(caught.value)


def test_one_altered_drawing_is_named(archives):
    archives[0].write_bytes(damaged_entry(archives[0].read_bytes()))
    with pytest.raises(ValueError, match=ENTRY):
        read_archives(archives)


def test_damage_anywhere_in_an_archive_is_named_or_harmless(archives, cache):
    whole, first = archives[1].read_bytes(), contents(read_archives(archives))
    with zipfile.ZipFile(archives[1]) as archive:
        header, directory = archive.infolist()[3].header_offset, archive.start_dir
    places = [
        *range(header, header + 40, 2),
        *range(directory, directory + 120, 2),
        *range(len(whole) - 22, len(whole)),
    ]
    for place in places:
        for copy in cache.iterdir():
            copy.unlink()
        archives[1].write_bytes(whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :])
        try:
            assert contents(read_archives(archives)) == first, f"byte {place}"
        except ValueError as error:
            assert str(archives[1]) in str(error), f"byte {place}"


BAD_ENTRIES = {
    "missing": (lambda content: None, "59 drawings instead of 60"),
    "no image": (lambda content: b"no image", f"{ENTRY} cannot be read"),
    "half a PNG": (lambda content: content[: len(content) // 2], f"{ENTRY} cannot be read"),
    "empty": (lambda content: b"", f"{ENTRY} cannot be read"),
    "other size": (lambda content: png(np.zeros((104, 105), bool)), r"\(105, 104\) pixels instead of \(105, 105\)"),
}


def test_a_renamed_archive_is_named(archives):
    with pytest.raises(ValueError, match="unknown archive 'images_evaluation-2'; did you mean 'images_evaluation'"):
        read_archives([archives[0], archives[1].rename(archives[1].with_stem("images_evaluation-2"))])


@pytest.mark.usefixtures("few_characters")
@pytest.mark.parametrize(("bad", "cause"), BAD_ENTRIES.values(), ids=BAD_ENTRIES.keys())
def test_a_bad_drawing_in_a_sound_archive_is_named(tmp_path, drawn, bad, cause):
    spoilt = put_archives(tmp_path, drawn, lambda entry, content: bad(content) if entry == ENTRY else content)
    with pytest.raises(ValueError, match=cause) as caught:
        read_archives(spoilt)
    assert str(spoilt[0]) in str(caught.value)


# --- Omniglot from chardata.mat ----------------------------------------------------------------------------


def characters(count, seed):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (count, 28, 28)), rng.integers(0, 50, count), rng.integers(1, 4, count)


def chardata(**changes):
    """The published layout: images as columns, pixels in column-major order in [0, 1], one-hot alphabets."""
    content = {}
    for prefix, part in (("", characters(30, seed=0)), ("test", characters(9, seed=1))):
        images, alphabets, numbers = part
        content[f"{prefix}data"] = np.stack([image.ravel(order="F") for image in images], axis=1) / 255
        content[f"{prefix}target"] = np.stack([np.eye(50)[alphabet] for alphabet in alphabets], axis=1)
        content[f"{prefix}targetchar"] = numbers[None].astype(float)
    return {name: array for name, array in (content | changes).items() if array is not None}


@pytest.fixture
def mat(tmp_path):
    savemat(tmp_path / "chardata.mat", chardata())
    return tmp_path / "chardata.mat"


def test_chardata_images_stand_upright(mat):
    for part, (images, *_) in zip(read_chardata(mat), (characters(30, 0), characters(9, 1)), strict=True):
        assert np.array_equal(part.images, images)
        assert part.images.dtype == np.uint8


def test_chardata_labels_are_alphabets_and_characters_within_them(mat):
    numbers = {}
    for part, (_, alphabets, chars) in zip(read_chardata(mat), (characters(30, 0), characters(9, 1)), strict=True):
        assert part.labels["alphabet"].tolist() == alphabets.tolist()
        for pair, number in zip(zip(alphabets, chars, strict=True), part.labels["character"], strict=True):
            assert numbers.setdefault(pair, number) == number
    assert sorted(numbers.values()) == list(range(len(numbers)))


@pytest.mark.parametrize("place", [".", "omniglot-py"])
def test_chardata_comes_before_the_archives_and_keeps_its_own_split(few_characters, tmp_path, drawn, place):
    put_archives(tmp_path, drawn)
    savemat(tmp_path / place / "chardata.mat", chardata())
    dataset = load_dataset("omniglot", root=tmp_path)
    own = torch.tensor(np.concatenate([characters(30, 0)[0], characters(9, 1)[0]])).reshape(-1, 784)
    rows = [sorted(map(tuple, dataset.split(split).data.tolist())) for split in SPLITS]
    assert [len(split) for split in rows] == [20, 10, 9]
    assert sorted(rows[0] + rows[1]) == sorted(map(tuple, own[:30].tolist()))
    assert rows[2] == sorted(map(tuple, own[30:].tolist()))


def test_a_missing_chardata_is_not_called_truncated(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no file .*chardata\.mat"):
        read_chardata(tmp_path / "chardata.mat")


@pytest.mark.parametrize("length", [0, 1, 10, 50, 100, 127, 128, 200, 5_000, -100, -1])
@pytest.mark.parametrize("compressed", [False, True])
def test_a_truncated_chardata_is_named(mat, length, compressed):
    savemat(mat, chardata(), do_compression=compressed)
    mat.write_bytes(mat.read_bytes()[:length])
    with pytest.raises(ValueError) as caught:
        read_chardata(mat)
    assert f"{mat} is truncated or not the 28×28 Omniglot file" in str(caught.value)


@pytest.mark.parametrize(
    "garbage", [b"garbage" * 500, bytes(2000), b"<html>404</html>", b"\x89HDF\r\n\x1a\n" + bytes(600)]
)
def test_garbage_is_no_chardata(mat, garbage):
    mat.write_bytes(garbage)
    with pytest.raises(ValueError) as caught:
        read_chardata(mat)
    assert str(mat) in str(caught.value)


BAD_CHARDATA = {
    "no targetchar": {"targetchar": None},
    "no testdata": {"testdata": None},
    "other size": {"data": np.zeros((783, 30))},
    "transposed": {"data": np.zeros((30, 784))},
    "pixels to 255": {"data": np.full((784, 30), 255.0)},
    "negative pixels": {"testdata": np.full((784, 9), -0.1)},
    "NaN": {"data": np.full((784, 30), np.nan)},
    "text": {"data": "pixels"},
    "fewer images than labels": {"data": np.zeros((784, 3))},
    "fewer alphabets": {"target": np.eye(50)[:, :5]},
    "fewer characters": {"testtargetchar": np.ones((1, 3))},
    "text for alphabets": {"target": "alphabets"},
}


@pytest.mark.parametrize("changes", BAD_CHARDATA.values(), ids=BAD_CHARDATA.keys())
def test_a_chardata_of_other_contents_is_refused_by_name(mat, changes):
    savemat(mat, chardata(**changes))
    with pytest.raises(ValueError) as caught:
        read_chardata(mat)
    assert str(mat) in str(caught.value)


# --- the order of places, and downloads --------------------------------------------------------------------


@pytest.fixture
def places(few_characters, tmp_path, cache, monkeypatch):
    """Archives with different drawings in each place: root=, CPVAE_LITE_DATA, the cache, the network."""
    roots = {"root": tmp_path / "root", "variable": tmp_path / "variable", "cache": cache}

    def found(*have, root=False):
        for index, place in enumerate(("root", "variable", "cache")):
            if place in have:
                put_archives(roots[place], drawings(seed=10 + index))
        downloads = []

        def download(self, folder):
            downloads.append(folder)
            put_archives(folder, drawings(seed=13))

        monkeypatch.setattr(OmniglotSource, "download", download)
        if "variable" in have or "variable is empty" in have:
            monkeypatch.setenv("CPVAE_LITE_DATA", str(roots["variable"]))
        dataset = load_dataset("omniglot", root=roots["root"] if root else None)
        for index, place in enumerate(("root", "variable", "cache", "network")):
            expected = {key: box(strokes) for key, strokes in drawings(seed=10 + index).items()}
            first = dataset.test.data[0].numpy().reshape(28, 28)
            if any(np.abs(first - image).max() <= 1 for image in expected.values()):
                return place, downloads
        raise AssertionError("drawings from nowhere")

    return found


@pytest.mark.parametrize(
    ("have", "root", "taken"),
    [
        (["root", "variable", "cache"], True, "root"),
        (["root", "variable", "cache"], False, "variable"),
        (["variable", "cache"], True, "cache"),  # root= stands in for the variable
        (["variable is empty", "cache"], False, "cache"),
        (["cache"], False, "cache"),
    ],
)
def test_places_are_tried_in_order(places, have, root, taken):
    assert places(*have, root=root) == (taken, [])


@pytest.mark.parametrize(("have", "root"), [([], False), ([], True), (["variable is empty"], False)])
def test_what_is_nowhere_is_downloaded_into_the_cache(places, cache, have, root):
    place, (folder,) = places(*have, root=root)
    assert place == "network" and folder.parent == cache  # beside its place, and then into it
    assert sorted(path.name for path in cache.iterdir() if not path.suffix) == ["omniglot-py"]


def test_what_a_killed_download_left_is_cleared_away_and_nothing_else(places, cache):
    for left in ("omniglot-killed/raw", "mnist-running/raw"):
        (cache / left).mkdir(parents=True)
    assert places()[0] == "network"
    assert sorted(path.name for path in cache.iterdir() if not path.suffix) == ["mnist-running", "omniglot-py"]


def test_what_was_downloaded_is_not_downloaded_again(places):
    assert places()[0] == "network"
    assert places() == ("network", [])


def test_half_a_data_set_does_not_count_as_found(places, cache, drawn):
    (put_archives(cache, drawn)[1]).unlink()
    assert places()[0] == "network"


def test_a_download_is_seen_by_others_only_when_it_is_whole(few_characters, drawn, monkeypatch, cache):
    """Three threads want the data; the first fetches, and the others find them whole."""
    begun, go_on, fetched = threading.Event(), threading.Event(), []

    def slow(self, folder):
        fetched.append(folder)
        put_archives(folder, drawn)
        begun.set()
        assert go_on.wait(30)

    monkeypatch.setattr(OmniglotSource, "download", slow)
    with ThreadPoolExecutor(3) as threads:
        sizes = [threads.submit(lambda: len(load_dataset("omniglot").test)) for _ in range(3)]
        assert begun.wait(30) and sources.locate("omniglot") is None
        go_on.set()
        assert [size.result() for size in sizes] == [20, 20, 20]
    assert len(fetched) == 1


def test_a_download_that_fails_leaves_nothing(monkeypatch, cache):
    def half(self, folder):
        (folder / "omniglot-py").mkdir()
        (folder / "omniglot-py" / "images_background.zip").write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(OmniglotSource, "download", half)
    with pytest.raises(KeyboardInterrupt):
        load_dataset("omniglot")
    assert list(cache.iterdir()) == []


def test_a_tilde_stands_for_the_home_folder(put_idx, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    put_idx(tmp_path / "mine", "MNIST", train=10_001)
    assert len(load_dataset("mnist", root="~/mine").train) == 1
    monkeypatch.setenv("CPVAE_LITE_DATA", "~/mine")
    assert len(load_dataset("mnist").train) == 1


WANTED = {
    "mnist": [f"MNIST/raw/{name}" for name in IDX_FILES["MNIST"]],
    "fashion-mnist": [f"FashionMNIST/raw/{name}" for name in IDX_FILES["FashionMNIST"]],
    "omniglot": ["omniglot-py/images_background.zip", "omniglot-py/images_evaluation.zip", "chardata.mat"],
}


@pytest.mark.parametrize("name", WANTED)
def test_without_network_the_message_says_which_files_to_put_where(name, cache, tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        load_dataset(name)
    assert "no network" in str(caught.value)
    for wanted in [*WANTED[name], str(cache), "CPVAE_LITE_DATA"]:
        assert wanted in str(caught.value)
    with pytest.raises(FileNotFoundError) as caught:
        load_dataset(name, root=tmp_path / "mine")
    assert str(tmp_path / "mine") in str(caught.value)


@pytest.mark.parametrize("name", WANTED)
def test_without_network_the_shipped_part_is_offered_where_there_is_one(name):
    with pytest.raises(FileNotFoundError) as caught:
        load_dataset(name)
    assert ("subset=True" in str(caught.value)) == (name != "omniglot")


@pytest.mark.parametrize(
    "error",
    [
        urllib.error.URLError("x"),
        RuntimeError("File not found or corrupted."),
        ConnectionResetError(),
        OSError(28, "full"),
        http.client.IncompleteRead(b"half"),
        http.client.BadStatusLine("no HTTP"),
    ],
)
def test_every_failed_download_is_a_file_not_found(monkeypatch, error):
    def fail(*_):
        raise error

    monkeypatch.setattr(IdxSource, "download", fail)
    with pytest.raises(FileNotFoundError, match="cannot be downloaded") as caught:
        load_dataset("mnist")
    assert caught.value.__cause__ is error


def test_downloaded_idx_files_are_checked(put_idx, monkeypatch, cache, tmp_path):
    good = put_idx(tmp_path / "published", "MNIST")

    def truncated(self, root):
        raw = root / "MNIST" / "raw"
        raw.mkdir(parents=True)
        for path in good.iterdir():
            (raw / path.name).write_bytes(path.read_bytes()[:-1])

    monkeypatch.setattr(IdxSource, "download", truncated)
    with pytest.raises(ValueError) as caught:
        load_dataset("mnist")
    assert str(cache / "MNIST" / "raw" / "train-images-idx3-ubyte") in str(caught.value)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A folder, and its address on this machine; downloads work again."""
    folder = tmp_path / "served"
    folder.mkdir()
    monkeypatch.setattr(IdxSource, "download", DOWNLOADS[IdxSource])
    monkeypatch.setattr(OmniglotSource, "download", DOWNLOADS[OmniglotSource])
    with http.server.HTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def md5(content):
    return hashlib.md5(content).hexdigest()


@pytest.mark.parametrize("damage", [None, "truncated", "one bit altered"])
def test_archives_are_checked_as_they_are_downloaded(few_characters, monkeypatch, cache, served, drawn, damage):
    folder, address = served
    archives = put_archives(folder, drawn)
    published = torchvision.datasets.Omniglot
    monkeypatch.setattr(published, "download_url_prefix", f"{address}/omniglot-py")
    monkeypatch.setattr(published, "zips_md5", {path.stem: md5(path.read_bytes()) for path in archives})
    if damage:
        archives[1].write_bytes(DAMAGE[damage](archives[1].read_bytes()))
        for _ in range(2):  # the bad file is not kept: a second try is a download again
            with pytest.raises(FileNotFoundError, match="omniglot is not here and cannot be downloaded"):
                load_dataset("omniglot")
    else:
        assert len(load_dataset("omniglot").test) == 20
        assert (cache / "omniglot-py" / archives[1].name).read_bytes() == archives[1].read_bytes()


@pytest.mark.parametrize("name", FOLDERS)
@pytest.mark.parametrize("damage", [None, "truncated", "one bit altered"])
def test_idx_files_are_checked_as_they_are_downloaded(put_idx, monkeypatch, cache, served, tmp_path, name, damage):
    folder, address = served
    reader = {"mnist": torchvision.datasets.MNIST, "fashion-mnist": torchvision.datasets.FashionMNIST}[name]
    resources = []
    for path in put_idx(tmp_path, FOLDERS[name], train=10_010).iterdir():
        packed = gzip.compress(path.read_bytes(), 1)
        resources.append((f"{path.name}.gz", md5(packed)))
        spoil = DAMAGE[damage] if damage and path.name.startswith("t10k-images") else bytes
        (folder / f"{path.name}.gz").write_bytes(spoil(packed))
    monkeypatch.setattr(reader, "mirrors", [f"{address}/"])
    monkeypatch.setattr(reader, "resources", resources)
    if damage:
        with pytest.raises(FileNotFoundError, match=f"{name} is not here and cannot be downloaded"):
            load_dataset(name)
    else:
        assert number(load_dataset(name).test.data).tolist() == [50_000, 50_001, 50_002, 50_003, 50_004]
        assert sources.SOURCES[name].found(cache)


# --- the real files ------------------------------------------------------------------------------------------


def real(name):
    if not REAL or not sources.SOURCES[name].found(Path(REAL)):
        pytest.skip(f"CPVAE_LITE_DATA names no folder with the files of {name}")
    return load_dataset(name, root=REAL)


@pytest.mark.parametrize("name", FOLDERS)
def test_the_real_sets_have_50000_10000_and_10000_images(name):
    dataset = real(name)
    assert [len(dataset.split(split)) for split in SPLITS] == [50_000, 10_000, 10_000]
    (kind,) = dataset.label_names
    assert all(set(dataset.split(split).labels[kind].tolist()) == set(range(10)) for split in SPLITS)


@pytest.mark.parametrize(("name", "kind"), [("mnist", "digit"), ("fashion-mnist", "item")])
def test_the_shipped_part_agrees_with_the_real_set_image_by_image(name, kind):
    whole, part = real(name), load_dataset(name, subset=True)
    for mine, theirs in (
        (part.train, whole.train[:4_000]),
        (part.validation, whole.train[4_000:5_000]),
        (part.test, whole.test),
    ):
        assert torch.equal(mine.data, theirs.data)
        assert torch.equal(mine.labels[kind], theirs.labels[kind])


def test_the_real_omniglot_has_23000_1345_and_8115_images():
    dataset = real("omniglot")
    assert [len(dataset.split(split)) for split in SPLITS] == [23_000, 1_345, 8_115]
    characters = torch.cat([dataset.split(split).labels["character"] for split in SPLITS]).bincount()
    assert characters.tolist() == [20] * 1_623
    assert dataset.test.labels["character"].bincount().tolist() == [5] * 1_623
    assert len(dataset.label_names["alphabet"]) == 50


@pytest.mark.parametrize("look", [sources.locate, sources.fetch])
def test_data_that_nobody_knows_are_named_with_those_that_are_known(look, tmp_path):
    with pytest.raises(ValueError, match="unknown data set 'Fashion-MNIST'; did you mean 'fashion-mnist'"):
        look("Fashion-MNIST", tmp_path)
