"""Table 3 measured from its plain VAE, which has no category: what images and set-up add to every row is then gone."""

from __future__ import annotations

from cpvae_lite.config import NAMES
from cpvae_lite.study.columns import BOUND, RELAXED, Column
from cpvae_lite.study.paper import reported
from cpvae_lite.study.results import Results
from cpvae_lite.study.table_3 import OURS, rows_of
from cpvae_lite.tables import Table

VAE = "vae"


def from_vae_table(results: Results) -> Table:
    """How many nats each model of a data set is behind the plain VAE (+) or ahead of it (-), on average over seeds.

    The VAE has nothing to relax: its bound stands against the relaxed value of the others, too.

    Args:
        results: of "mnist", "fashion-mnist" or "omniglot".

    Returns:
        A table with the paper's difference and ours, a row for each model and size that was run.

    Raises:
        KeyError: if the plain VAE was not run.
        ValueError: if the measures of a run are not whole.

    Example:
        >>> table = from_vae_table(Results("omniglot"))
        >>> table.header
        ['model', 'K', 'paper', 'relaxed, no bound', '-bound', '-log p(x)']
        >>> [row[2:] for row in table.rows if row[:2] == ["HVAE", ""]]  # four nats ahead, as in the paper
        [['-4.25', '–', '-4.63', '-4.54']]
    """
    rows = []
    for run in rows_of(results.table):
        name, size = run.model["name"], run.model.get("categories")
        if name != VAE and run.label in results:
            paper = reported(name, results.table, size) - reported(VAE, results.table, None)
            ours = [from_vae(column, results, run.label, results) for column in OURS]
            rows.append([NAMES[name], str(size or ""), f"{paper:+.2f}", *ours])
    return Table(["model", "K", "paper", *(column.name for column in OURS)], rows)


def from_vae(column: Column, results: Results, label: str, plain: Results) -> str:
    """How many nats a run is behind the plain VAE (+) or ahead of it (-), on average over seeds.

    Args:
        column: one of :data:`cpvae_lite.study.table_3.OURS`.
        results: with the run.
        label: of the run, as "cp-150".
        plain: results of the same data, with the VAE; those of ablations have none.

    Returns:
        The difference with its sign, or a dash where the run has no such figure.

    Raises:
        KeyError: if the run or the VAE is not there.
        ValueError: if the measures of a run are not whole.

    Example:
        >>> from_vae(BOUND, Results("ablations"), "cp-frozen-uniform", Results("fashion-mnist"))
        '+2.19'
    """
    ours = column.mean(results, label)
    return "–" if ours is None else f"{ours - of_vae(column, plain):+.2f}"


def of_vae(column: Column, results: Results) -> float:
    """The plain VAE's value that a column is measured from; it has nothing to relax, so there its bound stands.

    Args:
        column: one of :data:`cpvae_lite.study.table_3.OURS`.
        results: with the VAE.

    Returns:
        Nats per test image.

    Raises:
        KeyError: if the VAE is not there.

    Example:
        >>> of_vae(RELAXED, Results("omniglot")) == of_vae(BOUND, Results("omniglot"))
        True
    """
    return (BOUND if column is RELAXED else column).mean(results, VAE)
