"""The paper's Tables 2, 3 and A1, each entry beside what we measured; built from stored results alone."""

from __future__ import annotations

import torch
from torch import Tensor

from cpvae_lite.experiments import SHOWN, Experiment, grid
from cpvae_lite.metrics import first_categories, shared_categories
from cpvae_lite.paper import reported
from cpvae_lite.results import Results
from cpvae_lite.tables import BOUND, EVIDENCE, RELAXED, Table

NAMES = {  # in the paper's order
    "cp": "CP-VAE",
    "indq": "INDq",
    "indp": "INDp",
    "indqp": "INDqp",
    "vae": "VAE",
    "mog": "MoG",
    "vamp": "VampPrior",
    "hvae": "HVAE",
    "hvamp": "HVamp",
}
OURS = (RELAXED, BOUND, EVIDENCE)  # beside the paper's entry, from what flatters most to the thing itself
MARK = "*"  # of a category that stands in the lists of several labels


def table_3(results: Results) -> Table:
    """A data set's columns of Table 3: negative bounds in nats, a row for each model and size.

    A row whose run is not there has the paper's entry only; a dash is a figure that the model does not have.

    Args:
        results: of "mnist", "fashion-mnist" or "omniglot".

    Returns:
        A table with the paper's entry, ours (mean and standard deviation over seeds), the number of seeds, and how
        many epochs the runs took; fewer than were planned are early stops.
    """
    rows = [_row(results, run.label, run.model) for run in rows_of(results.table)]
    return Table(["model", "K", "paper", *(column.name for column in OURS), "seeds", "epochs"], rows)


def rows_of(data: str) -> list[Experiment]:
    """The runs with seed 0 of a data set, in the order of the paper's rows.

    Args:
        data: "mnist", "fashion-mnist" or "omniglot".

    Example:
        >>> [run.label for run in rows_of("omniglot")][:3]
        ['cp-50', 'cp-500', 'indq-50']
    """
    return sorted(grid(data, [0]), key=lambda run: list(NAMES).index(run.model["name"]))


def _row(results: Results, label: str, model: dict) -> list[str]:
    size = model.get("categories")
    row = [NAMES[model["name"]], str(size or ""), f"{reported(model['name'], results.table, size):.2f}"]
    if label not in results:
        return row + [""] * (len(OURS) + 2)
    runs = results.runs(label)
    ours = [column.entry(results, label) for column in OURS]
    epochs = sorted({run["epochs"] for run in runs})
    return [*row, *ours, str(len(runs)), "-".join(map(str, dict.fromkeys([epochs[0], epochs[-1]])))]


def label_table(results: Results, label_names: tuple[str, ...], seed: int = 0) -> Table:
    """The form of Tables 2 and A1: the categories that each label uses most, for the models that are there.

    Args:
        results: of "mnist" or "fashion-mnist".
        label_names: one a row.
        seed: of the runs.

    Returns:
        A table with a column a model. A category that stands in the lists of several labels is marked with "*".
    """
    lists = {name: first for name in ("cp", "indq", "indp", "indqp") if (first := first_of(results, name, seed))}
    rows = [[label, *(_marked(first, row) for first in lists.values())] for row, label in enumerate(label_names)]
    return Table(["label", *(NAMES[name] for name in lists)], rows)


def first_of(results: Results, name: str, seed: int = 0) -> list[list[int]]:
    """The first five categories of each label of a stored run; nothing if it is not there.

    Args:
        results: of a data set with labels.
        name: of the model.
        seed: of the run.
    """
    label = f"{name}-{SHOWN[results.table]}"
    runs = results.runs(label) if label in results else []
    found = next((run["measures"] for run in runs if run["training"]["seed"] == seed), None)
    return first_categories(label_posteriors(found)) if found else []


def label_posteriors(measures: dict) -> Tensor:
    """q(c|label) of the test images as a run stored it, (labels, K); Omniglot's labels are the alphabets."""
    (posteriors,) = measures["label_posteriors"].values()
    return torch.tensor(posteriors)


def _marked(first: list[list[int]], row: int) -> str:
    shared = shared_categories(first)
    return ", ".join(f"{category}{MARK if category in shared else ''}" for category in first[row])
