"""The table of what is known by heart, made of stored bounds."""

from cpvae_lite.storage import write_json
from cpvae_lite.study.overfitting import splits_table
from cpvae_lite.study.results import Results


def write(folder, name, categories, seed=0, **splits):
    found = {"model": {"name": name}, "training": {"seed": seed}, "data": {"name": "mnist"}}
    found["measures"] = {"negative_bound": 12.5, "standard_error": 0.4}
    if splits:
        found["splits"] = {part: {"negative_bound": value, "standard_error": 0.3} for part, value in splits.items()}
    label = f"{name}-{categories}" if categories else name
    write_json(folder / "mnist" / f"{label}-seed{seed}.json", found)


def test_a_row_is_a_run_whose_weights_were_kept_in_the_order_of_table_3(tmp_path):
    write(tmp_path, "indq", 150, train=10.0, validation=13.0)
    write(tmp_path, "cp", 150, train=12.75, validation=12.0)
    write(tmp_path, "cp", 10, train=11.0, validation=12.0)
    write(tmp_path, "vae", None)
    write(tmp_path, "indq", 150, seed=1, train=1.0, validation=1.0)
    table = splits_table(Results("mnist", tmp_path))
    assert table.header == ["run, first seed", "train", "validation", "test", "test - train"]
    assert table.rows == [
        ["CP-VAE 10", "11.00", "12.00", "12.50", "+1.50 ± 0.50"],
        ["CP-VAE 150", "12.75", "12.00", "12.50", "-0.25 ± 0.50"],
        ["INDq 150", "10.00", "13.00", "12.50", "+2.50 ± 0.50"],
    ]
