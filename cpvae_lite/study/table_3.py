"""The paper's Table 3, each entry beside what we measured; built from stored results alone."""

from __future__ import annotations

from collections.abc import Collection

from cpvae_lite.config import NAMES
from cpvae_lite.study.columns import BOUND, EVIDENCE, RELAXED
from cpvae_lite.study.experiments import Experiment
from cpvae_lite.study.grids import grid
from cpvae_lite.study.paper import reported
from cpvae_lite.study.results import Results
from cpvae_lite.tables import Table

OURS = (RELAXED, BOUND, EVIDENCE)  # beside the paper's entry, from what flatters most to the thing itself
TRIAL = "*"  # behind the epochs of runs that are not as planned


def table_3(results: Results, labels: Collection[str] | None = None) -> Table:
    """A data set's columns of Table 3: negative bounds in nats, a row for each model and size.

    A row whose run is not there has the paper's entry only; a dash is a figure that the model does not have.

    Args:
        results: of "mnist", "fashion-mnist" or "omniglot".
        labels: which rows, as "cp-150"; all by default.

    Returns:
        A table with the paper's entry, ours (mean and standard deviation over seeds), the number of seeds, and how
        many epochs the runs took. Fewer than were planned are early stops; "*" behind them marks a trial: runs with
        other settings than :func:`cpvae_lite.study.grids.grid` has, as fewer epochs or importance samples.

    Raises:
        ValueError: if the results are of another table, or the measures of a run are not whole.

    Example:
        >>> table = table_3(Results("omniglot"))
        >>> table.header[:3], table.rows[0][:3]
        (['model', 'K', 'paper'], ['CP-VAE', '50', '117.51'])
    """
    rows = [_row(results, run) for run in rows_of(results.table) if labels is None or run.label in labels]
    return Table(["model", "K", "paper", *(column.name for column in OURS), "seeds", "epochs"], rows)


def rows_of(data: str) -> list[Experiment]:
    """The runs with seed 0 of a data set, in the order of the paper's rows.

    Args:
        data: "mnist", "fashion-mnist" or "omniglot".

    Raises:
        ValueError: if there is no such data set.

    Example:
        >>> [run.label for run in rows_of("omniglot")][:3]
        ['cp-50', 'cp-500', 'indq-50']
    """
    return sorted(grid(data, [0]), key=lambda run: list(NAMES).index(run.model["name"]))


def _row(results: Results, planned: Experiment) -> list[str]:
    name, size = planned.model["name"], planned.model.get("categories")
    row = [NAMES[name], str(size or ""), f"{reported(name, results.table, size):.2f}"]
    if planned.label not in results:
        return row + [""] * (len(OURS) + 2)
    runs = results.runs(planned.label)
    ours = [column.entry(results, planned.label) for column in OURS]
    epochs = sorted({run["epochs"] for run in runs})
    mark = TRIAL if results.other_settings(planned) else ""
    return [*row, *ours, str(len(runs)), "-".join(map(str, dict.fromkeys([epochs[0], epochs[-1]]))) + mark]
