"""Data sets: exact binarisation, splits that are disjoint and complete, and arrays that are checked."""

import math
from enum import Enum
from importlib import resources
from itertools import chain

import numpy as np
import pytest
import torch
from scipy.stats import kstest, norm

from cpvae_lite import Dataset, load_dataset
from cpvae_lite.data import Split, binarise
from cpvae_lite.synthetic import synthetic_mixture

SPLITS = ("train", "validation", "test")
SHIPPED = ("mnist", "fashion-mnist")


@pytest.fixture(autouse=True)
def nothing_on_disk(monkeypatch, tmp_path):
    monkeypatch.delenv("CPVAE_LITE_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    torch.manual_seed(0)


# --- binarisation ------------------------------------------------------------------------------------


def test_a_pixel_is_one_with_probability_v_over_255_exactly():
    draws = 40_000
    values = torch.arange(256, dtype=torch.uint8)
    frequency = binarise(values.expand(draws, 256)).double().mean(0)
    expected = torch.arange(256).double() / 255
    standard_error = (expected * (1 - expected) / draws).sqrt()
    assert ((frequency - expected).abs() <= 4.5 * standard_error).all()  # 256 values at once
    assert frequency[0] == 0
    assert frequency[255] == 1


def test_the_frequencies_have_no_common_bias():
    # Summed over all values, v/255 is told from v/256 and (v + 1)/256.
    draws = 40_000
    total = binarise(torch.arange(256, dtype=torch.uint8).expand(draws, 256)).double().sum(1).mean()
    probability = np.arange(256) / 255
    standard_error = math.sqrt((probability * (1 - probability)).sum() / draws)
    assert abs(total - 128) < 4 * standard_error
    assert 4 * standard_error < 0.2


def test_pixels_are_drawn_independently():
    pairs = binarise(torch.full((100_000, 2), 100, dtype=torch.uint8)).double()
    both = pairs.prod(1).mean()
    expected = (100 / 255) ** 2
    assert abs(both - expected) < 4 * math.sqrt(expected * (1 - expected) / len(pairs))


def test_binary_images_are_zeros_and_ones_in_float32_and_the_original_is_kept():
    images = torch.randint(256, (50, 9), dtype=torch.uint8)
    before = images.clone()
    binary = binarise(images)
    assert binary.dtype == torch.float32
    assert set(binary.unique().tolist()) == {0.0, 1.0}
    assert torch.equal(images, before)


def greys(**settings):
    return Dataset.from_arrays(np.random.default_rng(3).integers(0, 256, (60, 5, 4)), **settings)


@pytest.mark.parametrize("split", SPLITS)
def test_observed_images_are_the_same_every_time(split):
    dataset = greys()
    torch.manual_seed(1)
    first = dataset.observed(split)
    torch.manual_seed(2)
    state = torch.get_rng_state()
    assert torch.equal(first, dataset.observed(split))
    assert torch.equal(state, torch.get_rng_state())


def test_observed_images_are_a_binarisation_of_their_split():
    dataset = Dataset.from_arrays(np.full((3000, 10), 51, dtype=np.uint8))
    for split in SPLITS:
        observed = dataset.observed(split)
        assert observed.shape == dataset.split(split).data.shape
        assert abs(observed.mean() - 0.2) < 4 * math.sqrt(0.2 * 0.8 / observed.numel())
    assert not torch.equal(dataset.observed("validation"), dataset.observed("test"))  # 300 × 10 each


def test_black_and_white_survive_observation():
    images = np.random.default_rng(0).integers(0, 2, (40, 6)) * 255
    dataset = Dataset.from_arrays(images)
    for split in SPLITS:
        assert torch.equal(dataset.observed(split) * 255, dataset.split(split).data.float())


def test_real_values_are_observed_as_they_are():
    dataset = Dataset.from_arrays(np.random.default_rng(0).normal(size=(40, 6)), kind="real")
    assert all(torch.equal(dataset.observed(split), dataset.split(split).data) for split in SPLITS)


# --- the synthetic mixture -----------------------------------------------------------------------------


def mixture_cdf(x):
    return 0.5 * norm.cdf(x, 0.3, 0.05) + 0.5 * norm.cdf(x, 0.7, 0.05)


def test_the_synthetic_data_are_the_mixture_of_the_paper():
    dataset = load_dataset("synthetic")
    assert [len(dataset.split(split)) for split in SPLITS] == [50_000, 10_000, 10_000]
    for split in SPLITS:
        assert kstest(dataset.split(split).data[:, 0].numpy(), mixture_cdf).pvalue > 1e-3


def test_as_a_variance_0_05_would_leave_one_mode():
    """The paper writes N(0.3, 0.05) and shows two modes: 0.05 must be the standard deviation."""
    x = np.linspace(-1, 2, 3001)
    for spread, modes in ((0.05, 2), (math.sqrt(0.05), 1)):
        slope = np.diff(norm.pdf(x, 0.3, spread) + norm.pdf(x, 0.7, spread))
        assert ((slope[:-1] > 0) & (slope[1:] <= 0)).sum() == modes


def test_the_synthetic_data_have_two_modes_and_a_gap():
    x = load_dataset("synthetic").train.data[:, 0].numpy()
    counts = np.array([((x > m - 0.05) & (x < m + 0.05)).sum() for m in (0.3, 0.5, 0.7)]) / len(x)
    expected = [mixture_cdf(m + 0.05) - mixture_cdf(m - 0.05) for m in (0.3, 0.5, 0.7)]
    assert np.abs(counts - expected).max() < 4 * math.sqrt(0.25 / len(x))
    assert counts[1] < 0.01 < 0.3 < min(counts[0], counts[2])


def test_the_moments_of_each_synthetic_component_are_those_printed():
    dataset = load_dataset("synthetic")
    x, component = dataset.train.data[:, 0].double(), dataset.train.labels["component"]
    for index, mean in enumerate((0.3, 0.7)):
        own = x[component == index]
        assert abs(len(own) / len(x) - 0.5) < 4 * math.sqrt(0.25 / len(x))
        assert abs(own.mean() - mean) < 4 * 0.05 / math.sqrt(len(own))
        assert abs(own.std() - 0.05) < 4 * 0.05 / math.sqrt(2 * len(own))


def test_the_synthetic_data_follow_from_their_seed():
    some, again, other = (synthetic_mixture(500, seed=seed) for seed in (1, 1, 2))
    assert all(torch.equal(some.split(s).data, again.split(s).data) for s in SPLITS)
    assert not set(some.train.data[:, 0].tolist()) & set(other.train.data[:, 0].tolist())
    assert not set(some.train.data[:, 0].tolist()) & set(some.test.data[:, 0].tolist())


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"n": 0}, ValueError, "n must be at least 1, not 0"),
        ({"n": 1.5}, TypeError, "n must be a whole number, not 1.5"),
        ({"seed": -1}, ValueError, "seed must be at least 0, not -1"),
    ],
)
def test_synthetic_data_that_cannot_be_drawn_are_refused(settings, error, message):
    with pytest.raises(error, match=message):
        synthetic_mixture(**settings)


def test_the_synthetic_data_want_a_gaussian_likelihood():
    dataset = load_dataset("synthetic")
    assert (dataset.likelihood, dataset.features, dataset.train.data.dtype) == ("gaussian", 1, torch.float32)


# --- the part that the package ships -------------------------------------------------------------------


@pytest.fixture(scope="module", params=SHIPPED)
def shipped(request):
    return load_dataset(request.param, subset=True)


def test_the_shipped_part_has_4000_1000_and_10000_images(shipped):
    assert [len(shipped.split(split)) for split in SPLITS] == [4_000, 1_000, 10_000]
    assert (shipped.shape, shipped.features, shipped.likelihood) == ((28, 28), 784, "bernoulli")
    assert shipped.subset


def test_shipped_images_are_all_different(shipped):
    everything = torch.cat([shipped.split(split).data for split in SPLITS])
    assert len({row.tobytes() for row in everything.numpy()}) == len(everything)


def test_shipped_labels_are_those_of_their_images(shipped):
    # The class whose training images average nearest is right for most; wrong for 9 of 10 if labels were shifted.
    (kind,) = shipped.label_names
    classes = len(shipped.label_names[kind])
    train = shipped.train.data.float()
    centres = torch.stack([train[shipped.train.labels[kind] == label].mean(0) for label in range(classes)])
    for split in SPLITS:
        nearest = torch.cdist(shipped.split(split).data.float(), centres).argmin(1)
        assert (nearest == shipped.split(split).labels[kind]).double().mean() > 0.6


def test_every_shipped_class_has_a_name(shipped):
    (kind,) = shipped.label_names
    for split in SPLITS:
        labels = shipped.split(split).labels[kind]
        assert set(labels.tolist()) == set(range(len(shipped.label_names[kind]))) == set(range(10))
        assert labels.shape == (len(shipped.split(split)),)


def test_names_of_fashion_items_are_those_of_their_labels():
    shipped = load_dataset("fashion-mnist", subset=True)
    images, labels = shipped.test.data.reshape(-1, 28, 28).double(), shipped.test.labels["item"]
    average = {name: images[labels == index].mean(0) for index, name in enumerate(shipped.label_names["item"])}

    def most(what):
        return max(average, key=lambda name: what(average[name]).item())

    assert most(lambda image: image.mean()) == "coat"
    assert most(lambda image: -image.mean()) == "sandal"
    assert most(lambda image: (image - image.flip(1)).abs().mean()) == "ankle boot"
    assert most(lambda image: image[16:, 9:12].mean() - image[16:, 13:15].mean()) == "trouser"  # a gap between legs
    assert most(lambda image: image[:, :3].mean()) == "bag"  # as wide as the picture


def test_shipped_files_are_read_without_a_data_folder_or_pickle(monkeypatch):
    monkeypatch.setenv("CPVAE_LITE_DATA", "/nowhere")
    monkeypatch.setattr("cpvae_lite.datasets.fetch", None)
    assert len(load_dataset("mnist", subset=True).test) == 10_000
    for name in SHIPPED:
        with resources.files("cpvae_lite").joinpath(f"artifacts/data/{name}.npz").open("rb") as file:
            arrays = np.load(file, allow_pickle=False)
            assert all(arrays[key].dtype == np.uint8 for key in arrays.files)


@pytest.mark.parametrize("name", ["omniglot", "synthetic"])
def test_there_is_no_shipped_part_of_the_others(name):
    with pytest.raises(ValueError, match=f"ships no part of {name}; it ships parts of mnist, fashion-mnist"):
        load_dataset(name, subset=True)


@pytest.mark.parametrize(
    ("name", "near"), [("MNIST", "mnist"), ("fashion", "fashion-mnist"), ("omniglott", "omniglot")]
)
def test_an_unknown_data_set_is_answered_with_the_nearest(name, near):
    with pytest.raises(ValueError, match=f"unknown data set '{name}'; did you mean '{near}'"):
        load_dataset(name)


# --- your own arrays -----------------------------------------------------------------------------------


def numbered(count=200):
    """Rows that say which row they are."""
    rows = np.arange(count)
    return np.stack([rows // 256, rows % 256], axis=1).astype(np.uint8)


def numbers(split):
    return (split.data[:, 0].long() * 256 + split.data[:, 1].long()).tolist()


@pytest.mark.parametrize(("validation", "test", "sizes"), [(0.1, 0.1, [160, 20, 20]), (0.25, 0.5, [50, 50, 100])])
def test_shares_are_disjoint_and_complete_and_of_the_size_asked_for(validation, test, sizes):
    dataset = Dataset.from_arrays(numbered(), validation=validation, test=test)
    found = [numbers(dataset.split(split)) for split in SPLITS]
    assert [len(rows) for rows in found] == sizes
    assert sorted(chain(*found)) == list(range(200))


def test_shares_are_drawn_at_random_from_the_seed():
    first, again, other = (Dataset.from_arrays(numbered(), seed=seed) for seed in (0, 0, 1))
    assert numbers(first.test) == numbers(again.test)
    assert numbers(first.test) != numbers(other.test)
    assert numbers(first.test) != sorted(numbers(first.test))


class Kind(str, Enum):
    BOOT, BAG, OTHER = "boot", "bag", "über"


@pytest.mark.parametrize(
    "container",
    [list, tuple, np.array, lambda names: np.array(names, object), lambda names: list(map(Kind, names))],
    ids=["list", "tuple", "array", "objects", "enum"],
)
def test_labels_can_be_names(container):
    kinds = ("boot", "bag", "über")
    dataset = Dataset.from_arrays(numbered(), container([kinds[row % 3] for row in range(len(numbered()))]))
    assert dataset.label_names == {"label": ("bag", "boot", "über")}
    for split in (dataset.train, dataset.validation, dataset.test):
        names = [dataset.label_names["label"][label] for label in split.labels["label"]]
        assert names == [kinds[row % 3] for row in numbers(split)]


def test_names_are_those_of_all_splits_and_not_beside_numbers():
    rows = 25 * numbered(10)
    dataset = Dataset.from_arrays(rows, ["b"] * 10, validation=(rows, ["a"] * 10), test=(rows, ["c", "b"] * 5))
    assert dataset.label_names == {"label": ("a", "b", "c")}
    assert dataset.test.labels["label"].tolist() == [2, 1] * 5
    with pytest.raises(TypeError, match="labels of test data are names, those of data are not"):
        Dataset.from_arrays(rows, np.arange(10), test=(rows, ["a"] * 10))


def test_labels_follow_their_rows():
    labels = np.arange(200) * 7 % 50
    dataset = Dataset.from_arrays(numbered(), labels)
    for split in map(dataset.split, SPLITS):
        assert split.labels["label"].tolist() == [row * 7 % 50 for row in numbers(split)]
    assert dataset.label_names == {"label": tuple(map(str, range(50)))}


def test_your_own_validation_and_test_data_are_kept_whole_and_in_order():
    data = numbered(200)
    dataset = Dataset.from_arrays(
        data[:100], np.arange(100), validation=data[100:150], test=(data[150:], np.arange(50))
    )
    assert sorted(numbers(dataset.train)) == list(range(100))
    assert numbers(dataset.validation) == list(range(100, 150))
    assert numbers(dataset.test) == list(range(150, 200))
    assert dataset.test.labels["label"].tolist() == list(range(50))
    assert dataset.validation.labels == {}


def test_one_split_of_your_own_leaves_the_share_of_the_other():
    dataset = Dataset.from_arrays(numbered(100), validation=numbered(30), test=0.2)
    assert len(dataset.test) == 20
    assert numbers(dataset.validation) == list(range(30))
    assert sorted(numbers(dataset.train) + numbers(dataset.test)) == list(range(100))


def test_every_label_of_every_split_has_a_name():
    dataset = Dataset.from_arrays(numbered(20), np.arange(20) % 3, test=(numbered(5), [0, 1, 2, 3, 4]))
    assert int(dataset.test.labels["label"].max()) < len(dataset.label_names["label"])


GREYS = np.random.default_rng(0).integers(0, 256, (30, 4, 3))
GOOD_IMAGES = {
    "uint8": GREYS.astype(np.uint8),
    "int64": GREYS,
    "int16 in Fortran order": np.asfortranarray(GREYS.astype(np.int16)),
    "float64": GREYS / 255,
    "float32": (GREYS / 255).astype(np.float32),
    "nested lists": GREYS.tolist(),
    "uint8 tensor": torch.tensor(GREYS, dtype=torch.uint8),
    "float tensor": torch.tensor(GREYS / 255),
    "tensor with a gradient": torch.tensor(GREYS / 255, requires_grad=True),
}


@pytest.mark.parametrize("data", GOOD_IMAGES.values(), ids=GOOD_IMAGES.keys())
def test_images_of_any_dtype_become_the_same_uint8_rows(data):
    dataset = Dataset.from_arrays(data)
    reference = Dataset.from_arrays(GREYS.astype(np.uint8))
    rows = torch.cat([dataset.split(split).data for split in SPLITS])
    assert rows.dtype == torch.uint8
    assert sorted(map(tuple, rows.tolist())) == sorted(map(tuple, GREYS.reshape(30, 12).tolist()))
    assert dataset.fingerprint == reference.fingerprint
    assert (dataset.shape, dataset.features, dataset.likelihood) == ((4, 3), 12, "bernoulli")


def test_booleans_are_black_and_white():
    black = GREYS < 128
    rows = torch.cat([Dataset.from_arrays(black).split(split).data for split in SPLITS])
    assert sorted(map(tuple, rows.tolist())) == sorted(map(tuple, (255 * black).reshape(30, 12).tolist()))


def test_float_images_are_rounded_to_the_nearest_grey():
    values = np.linspace(0, 1, 1001)
    dataset = Dataset.from_arrays(values[:, None])
    greys = torch.cat([dataset.split(split).data for split in SPLITS]).flatten().sort().values.double() / 255
    assert np.abs(greys.numpy() - values).max() <= 0.5 / 255 + 1e-12


def test_flat_rows_and_single_numbers_are_data_too():
    assert Dataset.from_arrays(GREYS.reshape(30, 12)).shape == (12,)
    assert Dataset.from_arrays(np.linspace(-3, 3, 30), kind="real").shape == (1,)


@pytest.mark.parametrize("data", [np.random.default_rng(0).normal(0, 1e3, (30, 2)), GREYS, torch.randn(30, 2)])
def test_real_data_keep_their_values_in_float32(data):
    dataset = Dataset.from_arrays(data, kind="real")
    rows = torch.cat([dataset.split(split).data for split in SPLITS])
    expected = np.asarray(data).astype(np.float32).reshape(30, -1)
    assert rows.dtype == torch.float32
    assert sorted(map(tuple, rows.tolist())) == sorted(map(tuple, expected.tolist()))
    assert dataset.likelihood == "gaussian"


def test_a_dataset_does_not_share_memory_with_your_arrays():
    data, own, labels = numbered(40), numbered(10), np.arange(40)
    dataset = Dataset.from_arrays(data, labels, validation=own)
    before = dataset.fingerprint, dataset.train.labels["label"].clone()
    data[:], own[:], labels[:] = 9, 9, 9
    assert dataset.fingerprint == before[0]
    assert torch.equal(dataset.train.labels["label"], before[1])


def spoilt(value, dtype=np.float64):
    data = np.full((30, 4), 0.5, dtype)
    data[17, 2] = value
    return data


BAD_DATA = {
    "empty": (np.zeros((0, 4)), ValueError, "data: an empty set"),
    "no features": (np.zeros((4, 0)), ValueError, "data: an empty set"),
    "a number": (3.0, TypeError, "data: float is no array"),
    "None": (None, (TypeError, ValueError), "data: "),
    "NaN": (spoilt(np.nan), ValueError, r"data: NaN or infinity at index \(.*17.*2.*\)"),
    "infinity": (spoilt(np.inf), ValueError, "data: NaN or infinity at index"),
    "NaN tensor": (torch.tensor(spoilt(np.nan)), ValueError, "data: NaN or infinity at index"),
    "negative float": (spoilt(-0.1), ValueError, r"data: pixels from -0.1 to 0.5; .* 0..255 or floats in \[0, 1\]"),
    "float above 1": (spoilt(1.001), ValueError, "data: pixels from 0.5 to 1.001"),
    "floats up to 255": (GREYS.astype(float), ValueError, r"floats in \[0, 1\]"),
    "negative int": (spoilt(-1, np.int64), ValueError, "data: pixels from -1 to 0"),
    "above 255": (spoilt(256, np.int64), ValueError, "data: pixels from 0 to 256"),
    "huge float64": (spoilt(1e300), ValueError, "data: pixels from 0.5 to 1e"),
    "strings": (np.array([["a", "b"]] * 9), TypeError, "data: dtype <U1"),
    "complex": (np.ones((9, 2), complex), TypeError, "data: dtype complex128"),
    "objects": (np.array([[1, None]] * 9, dtype=object), TypeError, "data: dtype object"),
    "dates": (np.zeros(9, "datetime64[D]"), TypeError, "data: dtype datetime64"),
    "colours last": (np.full((30, 8, 8, 3), 0.5), ValueError, r"of shape \(8, 8, 3\) have colours; make them grey"),
    "colours first": (np.full((30, 4, 8, 8), 0.5), ValueError, r"of shape \(4, 8, 8\) have colours"),
}


@pytest.mark.parametrize(("data", "error", "cause"), BAD_DATA.values(), ids=BAD_DATA.keys())
def test_bad_images_are_refused_with_the_cause(data, error, cause):
    with pytest.raises(error, match=cause):
        Dataset.from_arrays(data)


@pytest.mark.parametrize("kind", [np.asarray, torch.tensor])
def test_grey_images_may_have_an_axis_for_their_channel(kind):
    grey = np.random.default_rng(0).integers(0, 256, (30, 4, 8), dtype=np.uint8)
    last = Dataset.from_arrays(kind(grey[..., None]), test=(kind(grey[:9]), None))
    flat, channel = Dataset.from_arrays(grey), Dataset.from_arrays(kind(grey[:, None]), test=(kind(grey[:9]), None))
    assert channel.shape == flat.shape == last.shape == (4, 8)
    assert torch.equal(last.train.data, channel.train.data)
    assert torch.equal(channel.test.data, torch.from_numpy(grey[:9]).flatten(1))
    assert Dataset.from_arrays(grey[:, None] / 255, kind="real").shape == (1, 4, 8)


def test_a_last_axis_of_three_is_no_colour_of_real_values_or_of_narrow_images():
    assert Dataset.from_arrays(np.full((30, 8, 8, 3), 0.5), kind="real").shape == (8, 8, 3)
    assert Dataset.from_arrays(np.full((30, 8, 3), 0.5)).shape == (8, 3)


@pytest.mark.parametrize("value", [1e39, -1e39, 1e300])
def test_real_values_beyond_float32_are_refused(value):
    with pytest.raises(ValueError, match="data: values beyond what float32 holds"):
        Dataset.from_arrays(spoilt(value), kind="real")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_real_values_that_are_not_finite_are_refused(value):
    with pytest.raises(ValueError, match=r"data: NaN or infinity at index \(.*17.*2.*\)"):
        Dataset.from_arrays(spoilt(value), kind="real")


BAD_LABELS = {
    "too few": (np.arange(29), ValueError, r"labels of data have shape \(29,\); there are 30 rows"),
    "a column": (np.zeros((30, 1), int), ValueError, r"labels of data have shape \(30, 1\)"),
    "negative": (np.arange(30) - 1, ValueError, "labels of data must not be negative"),
    "beyond any class": (np.full(30, 2**63, np.uint64), ValueError, "labels of data must be below 100,000"),
    "floats": (np.arange(30.0), TypeError, "labels of data must be whole numbers or names, not float64"),
    "a name too few": (["a"] * 29, ValueError, r"labels of data have shape \(29,\); there are 30 rows"),
    "one has none": (["a"] * 29 + [None], TypeError, "labels of data are names, but for None at index 29"),
    "names and numbers": (np.array(["a"] * 29 + [3], object), TypeError, "names, but for 3 at index 29"),
    "nan among names": (["a"] * 29 + [np.nan], TypeError, "names, but for nan at index 29"),
    "names and numbers in a list": (["a"] * 29 + [3], TypeError, "names, but for 3 at index 29"),
    "objects": (np.array([0, 1, 2] * 10, object), TypeError, "must be whole numbers or names, not object"),
    "bytes": ([b"a"] * 30, TypeError, "labels of data must be whole numbers or names, not"),
    "float tensor": (torch.zeros(30), TypeError, "labels of data must be whole numbers or names, not float32"),
}


@pytest.mark.parametrize(("labels", "error", "cause"), BAD_LABELS.values(), ids=BAD_LABELS.keys())
def test_bad_labels_are_refused_with_the_cause(labels, error, cause):
    with pytest.raises(error, match=cause):
        Dataset.from_arrays(GREYS, labels)


BAD_SPLITS = {
    "other shape": (
        {"validation": GREYS[:, :3]},
        ValueError,
        r"validation data have shape \(3, 3\) each, training data \(4, 3\)",
    ),
    "transposed": (
        {"test": GREYS.transpose(0, 2, 1)},
        ValueError,
        r"test data have shape \(3, 4\) each, training data \(4, 3\)",
    ),
    "empty": ({"test": GREYS[:0]}, ValueError, "test data: an empty set"),
    "NaN": ({"test": np.where(GREYS > 250, np.nan, 0.5)}, ValueError, "test data: NaN or infinity"),
    "out of range": ({"validation": GREYS * 2}, ValueError, "validation data: pixels from"),
    "labels too few": ({"test": (GREYS, np.arange(3))}, ValueError, "labels of test data have shape"),
    "share 0": ({"test": 0}, ValueError, "test must be finite and above 0"),
    "share below 0": ({"validation": -0.1}, ValueError, "validation must be finite and above 0"),
    "share NaN": ({"validation": float("nan")}, ValueError, "validation must be finite"),
    "share 1": ({"test": 1.0}, ValueError, "test=1.0 leaves a split empty: there are 30 rows"),
    "share too small": ({"test": 0.01}, ValueError, "test=0.01 leaves a split empty"),
    "shares together 1": ({"test": 0.5, "validation": 0.5}, ValueError, "validation=0.5 leaves a split empty"),
    "share True": ({"test": True}, TypeError, "test must be a number"),
    "kind": ({"kind": "image"}, ValueError, "unknown kind of data 'image'; did you mean 'images'"),
}


@pytest.mark.parametrize(("settings", "error", "cause"), BAD_SPLITS.values(), ids=BAD_SPLITS.keys())
def test_bad_splits_are_refused_with_the_cause(settings, error, cause):
    with pytest.raises(error, match=cause):
        Dataset.from_arrays(GREYS, **settings)


def test_one_row_cannot_be_split():
    with pytest.raises(ValueError, match="leaves a split empty: there are 1 rows"):
        Dataset.from_arrays(GREYS[:1])


# --- splits and fingerprints ---------------------------------------------------------------------------


def test_rows_of_a_split_keep_their_labels():
    split = Split(torch.arange(12).reshape(6, 2), {"a": torch.arange(6), "b": torch.arange(6) * 10})
    part = split[torch.tensor([4, 1])]
    assert part.data.tolist() == [[8, 9], [2, 3]]
    assert {kind: labels.tolist() for kind, labels in part.labels.items()} == {"a": [4, 1], "b": [40, 10]}


def test_an_unknown_split_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match="unknown split 'valid'; did you mean 'validation'"):
        greys().split("valid")


def test_the_fingerprint_is_that_of_the_data_and_not_of_the_labels():
    data = numbered(100)
    assert Dataset.from_arrays(data, np.arange(100)).fingerprint == Dataset.from_arrays(data, name="x").fingerprint


OTHER_SPLITS = {
    "other order": {"seed": 1},
    "more validation": {"validation": 0.2},
    "more test": {"test": 0.2},
    "other validation": {"validation": numbered(10)},
}


@pytest.mark.parametrize("change", OTHER_SPLITS.values(), ids=OTHER_SPLITS.keys())
def test_the_fingerprint_tells_other_splits_of_the_same_data_apart(change):
    data = numbered(100)
    assert Dataset.from_arrays(data, **change).fingerprint != Dataset.from_arrays(data).fingerprint


@pytest.mark.parametrize("split", SPLITS)
def test_one_pixel_of_any_split_changes_the_fingerprint(split):
    parts = {"data": numbered(30), "validation": numbered(10), "test": numbered(10)}
    before = Dataset.from_arrays(**parts).fingerprint
    parts["data" if split == "train" else split][7, 1] ^= 1
    assert Dataset.from_arrays(**parts).fingerprint != before


def test_binary_images_in_whole_numbers_are_refused_rather_than_turned_black():
    bits = np.random.default_rng(0).integers(0, 2, (30, 4))
    with pytest.raises(ValueError, match="binary images are booleans or floats"):
        Dataset.from_arrays(bits)
    assert torch.equal(Dataset.from_arrays(bits > 0).train.data.unique(), torch.tensor([0, 255], dtype=torch.uint8))


def test_tensors_of_half_precision_are_data_too():
    halves = [torch.rand(30, 4).to(dtype) for dtype in (torch.float16, torch.bfloat16)]
    for half in halves:
        found = Dataset.from_arrays(half, kind="real", validation=half, test=half)
        assert found.test.data.dtype == torch.float32 and torch.equal(found.test.data, half.float())


def test_only_bytes_are_binarised():
    with pytest.raises(TypeError, match="images must be uint8"):
        binarise(torch.full((5,), 0.9))


@pytest.mark.parametrize("given", [None, "0.1", (GREYS, None, None)])
def test_a_split_that_is_neither_share_nor_data_is_refused(given):
    with pytest.raises(TypeError, match="validation must be a share, an array, or a pair"):
        Dataset.from_arrays(GREYS, validation=given)


def test_a_share_may_be_a_numpy_number():
    assert len(Dataset.from_arrays(GREYS, test=np.float32(0.2)).test) == 6


@pytest.mark.parametrize(("name", "subset"), [("mnist", True), ("synthetic", False)])
def test_a_root_where_no_file_is_looked_for_is_refused(name, subset):
    with pytest.raises(ValueError, match="no file is looked for, so leave root out"):
        load_dataset(name, subset=subset, root="sets")


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ("scans", TypeError, "data: str is no array; for a folder of images there is Dataset.from_folder"),
        ({"images": GREYS}, TypeError, "data: dict is no array"),
        ([GREYS[0], GREYS[1][:2]], ValueError, "the rows differ in size"),
        (np.ma.masked_greater(GREYS, 200), ValueError, "some numbers are masked"),
    ],
)
def test_what_is_no_array_is_refused_in_words(given, error, message):
    with pytest.raises(error, match=message):
        Dataset.from_arrays(given)


@pytest.mark.parametrize("scaled", [GREYS // 16, GREYS / 255 / 20])
def test_images_on_another_scale_are_remarked_upon(scaled):
    with pytest.warns(UserWarning, match="of 255, so binary images are almost blank"):
        Dataset.from_arrays(scaled)


@pytest.mark.parametrize("name", [None, 3])
def test_a_name_is_text(name):
    with pytest.raises(TypeError, match="name must be text"):
        Dataset.from_arrays(GREYS, name=name)


# --- one kind of label -------------------------------------------------------------------------------


def test_one_kind_of_label_is_kept_and_all_else_stays():
    both = {"word": torch.tensor([2, 0, 1]), "length": torch.tensor([3, 4, 4])}
    splits = [Split(torch.full((3, 4), number), both) for number in range(3)]
    whole = Dataset("words", *splits, (2, 2), label_names={"word": ("a", "b", "c"), "length": ("0",) * 5})
    found = whole.labelled("length")
    for name in SPLITS:
        assert found.split(name).data is whole.split(name).data
        assert list(found.split(name).labels) == ["length"]
        assert torch.equal(found.split(name).labels["length"], both["length"])
    assert found.label_names == {"length": ("0",) * 5} and found.fingerprint == whole.fingerprint
    assert list(whole.train.labels) == ["word", "length"]
    with pytest.raises(ValueError, match="unknown kind of label 'lenght'; did you mean 'length'"):
        whole.labelled("lenght")


def test_a_data_set_of_torch_is_asked_for_its_arrays():
    pairs = torch.utils.data.TensorDataset(torch.zeros(5, 4), torch.zeros(5))
    with pytest.raises(TypeError, match="a TensorDataset is no array; give what it holds"):
        Dataset.from_arrays(pairs)
