"""Figures of runs as columns: what adds up to what."""

import pytest

from cpvae_lite.columns import ACTIVE, BOUND, DISTORTION, PRICE_OF_C, RATE, TOLD, UNEVEN
from cpvae_lite.results import Results

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
