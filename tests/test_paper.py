"""The paper's numbers: complete, and read by their names."""

import pytest

from cpvae_lite.config import SINGLE
from cpvae_lite.metrics import shared_categories
from cpvae_lite.study.paper import FIRST_CATEGORIES, SIZES, TABLE_3, reported
from cpvae_lite.zoo import MODELS


def test_table_3_has_every_model_and_size():
    assert TABLE_3.keys() == MODELS.keys()
    for name, row in TABLE_3.items():
        assert {data: len(entries) for data, entries in row.items()} == {
            data: 1 if name in SINGLE or (name == "hvae") else len(sizes) for data, sizes in SIZES.items()
        }
    assert sum(len(entries) for row in TABLE_3.values() for entries in row.values()) == 62


@pytest.mark.parametrize(
    ("entry", "found"),
    [(("cp", "mnist", 10), 87.15), (("vamp", "fashion-mnist", 500), 270.83), (("hvamp", "omniglot", 500), 110.16),
     (("hvae", "mnist", None), 86.7), (("indq", "omniglot", 50), 125.28)],
)  # fmt: skip
def test_an_entry_is_found_by_model_data_and_size(entry, found):
    assert reported(*entry) == found


@pytest.mark.parametrize(
    ("entry", "cause"),
    [(("cp", "mnist", 20), "the paper's cp on mnist has no entry for categories=20; known: 10, 150, 500"),
     (("cp", "omniglot", None), "the paper's cp on omniglot has no entry for categories=None; known: 50, 500"),
     (("vae", "mnist", 10), "the paper's vae on mnist has no entry for categories=10; known: None"),
     (("cq", "mnist", 10), "unknown model 'cq'; did you mean 'cp'"),
     (("cp", "emnist", 10), "unknown data set 'emnist'; did you mean 'mnist'")],
)  # fmt: skip
def test_what_the_paper_lacks_is_told_beside_what_it_has(entry, cause):
    with pytest.raises(ValueError, match=cause):
        reported(*entry)


@pytest.mark.parametrize(
    ("data", "model", "shared"),
    [("fashion-mnist", "cp", 4), ("fashion-mnist", "indq", 12), ("mnist", "cp", 1), ("mnist", "indq", 8)],
)
def test_tables_2_and_a1_have_five_categories_for_each_of_ten_labels(data, model, shared):
    lists = FIRST_CATEGORIES[data][model]
    assert len(lists) == 10
    assert all(len(set(first)) == 5 and min(first) >= 0 and max(first) < 150 for first in lists)
    assert len(shared_categories(lists)) == shared


def test_the_plain_vae_is_ahead_of_cp_vae_in_six_columns():
    ahead = {
        model: [
            (data, size)
            for data, sizes in SIZES.items()
            for size in sizes
            if reported("vae", data, None) < reported(model, data, size)
        ]
        for model in ("cp", "indq")
    }
    every = [(data, size) for data, sizes in SIZES.items() for size in sizes]
    assert len(every) == 8 and ahead["indq"] == every
    assert set(every) - set(ahead["cp"]) == {("mnist", 10), ("mnist", 150)}
