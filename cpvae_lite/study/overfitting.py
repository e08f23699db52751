"""What a model knows of the images that it was trained on, and not of new ones."""

from __future__ import annotations

import math

from cpvae_lite.config import titled
from cpvae_lite.study.grids import grid
from cpvae_lite.study.results import Results
from cpvae_lite.tables import Table

SPLITS = ("train", "validation")


def splits_table(results: Results) -> Table:
    """The negative bound on the images of each split, for the runs whose weights are kept.

    Args:
        results: of a data set.

    Returns:
        A table in nats per image, of the first seeds. The last column says how much more a test image costs than one of
        training; its standard error is that of two sets of images, and nearly the same error is in each row. Each
        split holds other images, so models compare within a column.

    Example:
        >>> table = splits_table(Results("omniglot"))
        >>> table.header
        ['run, first seed', 'train', 'validation', 'test', 'test - train']
        >>> [row[0] for row in table.rows]
        ['CP-VAE 500', 'INDq 500', 'INDp 500', 'INDqp 500']
        >>> splits_table(Results("synthetic")).rows  # nothing of the kind is stored
        []
    """
    ordered = [run.label for run in grid(results.table, [0]) if run.label in results]
    firsts = {label: results.runs(label)[0] for label in ordered}
    rows = [_row(label, run) for label, run in firsts.items() if "splits" in run]
    return Table(["run, first seed", *SPLITS, "test", f"test - {SPLITS[0]}"], rows)


def _row(label: str, run: dict) -> list[str]:
    train, validation = (run["splits"][split] for split in SPLITS)
    test = run["measures"]
    bounds = [part["negative_bound"] for part in (train, validation, test)]
    error = math.hypot(train["standard_error"], test["standard_error"])
    return [titled(label), *(f"{bound:.2f}" for bound in bounds), f"{bounds[2] - bounds[0]:+.2f} ± {error:.2f}"]
