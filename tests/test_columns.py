"""Figures of runs as columns: what adds up to what."""

import pytest

from cpvae_lite.study.columns import (
    ACTIVE,
    ALIKE,
    BOUND,
    BY_KIND,
    DISTORTION,
    EMPTY,
    PRICE_OF_C,
    PURITY,
    RATE,
    TOLD,
    UNEVEN,
)
from cpvae_lite.study.results import Results

RUNS = [(data, label) for data in ("fashion-mnist", "mnist", "omniglot") for label in Results(data).labels]


@pytest.mark.parametrize(("data", "label"), RUNS)
def test_distortion_and_rate_are_the_bound_and_what_is_paid_for_c_is_told_or_uneven(data, label):
    results = Results(data)
    measures = results.first(label)
    assert DISTORTION.figure(measures) + RATE.figure(measures) == pytest.approx(BOUND.figure(measures))
    paid = sum(value for name, value in measures.items() if name.startswith("kl_"))
    assert RATE.figure(measures) == pytest.approx(paid, abs=1e-3)
    if "categories" in measures:
        assert TOLD.figure(measures) + UNEVEN.figure(measures) == pytest.approx(PRICE_OF_C.figure(measures))
        assert TOLD.figure(measures) > -1e-6
    else:
        assert TOLD.entry(results, label) == "–"


def test_active_dimensions_are_those_of_all_codes():
    assert ACTIVE.figure({"active_units": {"z2": 16, "z1": 26}}) == 42


@pytest.mark.parametrize(("data", "label"), [run for run in RUNS if run[0] != "omniglot"])
def test_generation_purity_is_made_of_its_kinds(data, label):
    """Each category draws one label most often, so the kinds share all weight among them."""
    measures = Results(data).first(label)
    if "generation" not in measures:
        assert ALIKE.figure(measures) is None and {kind.figure(measures) for kind in BY_KIND} == {None}
        return
    drawn = measures["generation"]
    purest = [max(counts) / sum(counts) for counts in drawn["counts"]]
    assert ALIKE.figure(measures) == pytest.approx(sum(purest) / len(purest))
    whole = 0.0
    for kind, labels in zip(BY_KIND, ((0, 2, 4, 6), (5, 7, 9), (1, 3, 8)), strict=True):
        rows = [row for row, counts in enumerate(drawn["counts"]) if counts.index(max(counts)) in labels]
        weight = sum(drawn["weights"][row] for row in rows)
        whole += weight * (kind.figure(measures) or 0.0)
    assert whole / sum(drawn["weights"]) == pytest.approx(PURITY[0].figure(measures), abs=2e-3)


def test_a_kind_that_no_category_draws_has_no_purity():
    drawn = {"generation": {"counts": [[9, 1, *[0] * 8]], "weights": [1.0]}}
    assert [kind.figure(drawn) for kind in BY_KIND] == [0.9, None, None]


def test_empty_categories_are_counted_where_there_are_categories():
    assert EMPTY.figure({"images": 10_000, "aggregated_posterior": [1e-5, 9e-6, 0.0, 0.99998]}) == 2
    assert EMPTY.figure(Results("mnist").first("vae")) is None
