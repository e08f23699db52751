"""Table 3 measured from its plain VAE, on numbers made up for it."""

import pytest

from cpvae_lite.storage import write_json
from cpvae_lite.study.baseline import from_vae, from_vae_table
from cpvae_lite.study.columns import BOUND, EVIDENCE, RELAXED
from cpvae_lite.study.results import Results


def put(folder, label, seed, bound, relaxed=None):
    measures = {"negative_bound": bound, "negative_log_evidence": bound - 3}
    if relaxed:
        measures["relaxed_negative_bound"] = relaxed
    run = {"model": {}, "training": {"seed": seed}, "data": {"name": "mnist"}, "measures": measures}
    write_json(folder / f"{label}-seed{seed}.json", run)


@pytest.fixture
def folder(tmp_path):
    put(tmp_path / "mnist", "vae", 0, 90.0)
    put(tmp_path / "mnist", "vae", 1, 91.0)
    put(tmp_path / "mnist", "cp-150", 0, 88.5, relaxed=88.0)
    put(tmp_path / "mnist", "hvae", 0, 92.25)
    put(tmp_path / "ablations", "cp-frozen", 0, 95.5, relaxed=90.0)
    return tmp_path


def test_what_was_run_stands_beside_the_papers_differences(folder):
    table = from_vae_table(Results("mnist", folder))
    assert table.rows == [
        ["CP-VAE", "150", "-0.22", "-2.50", "-2.00", "-2.00"],  # 88.53 and 88.75 in the paper
        ["HVAE", "", "-2.05", "–", "+1.75", "+1.75"],
    ]


def test_a_run_of_another_table_is_measured_from_the_vae_of_its_data(folder):
    changed, plain = Results("ablations", folder), Results("mnist", folder)
    found = [from_vae(column, changed, "cp-frozen", plain) for column in (RELAXED, BOUND, EVIDENCE)]
    assert found == ["-0.50", "+5.00", "+5.00"]


def test_without_a_vae_nothing_can_be_measured_from_it(folder):
    with pytest.raises(KeyError, match="holds no run of vae"):
        from_vae(BOUND, Results("ablations", folder), "cp-frozen", Results("ablations", folder))
