"""-log p(x) with many importance samples beside the usual number, and models compared on the same images."""

from __future__ import annotations

from torch import Tensor

from cpvae_lite.bounds import standard_error
from cpvae_lite.config import NAMES
from cpvae_lite.study.results import Results
from cpvae_lite.tables import Table


def closer_table(results: Results) -> Table:
    """The models that have a closer estimate of -log p(x): the usual one beside it, and how far each is from the first.

    Args:
        results: of a data set.

    Returns:
        A table in nats per test image. The usual estimate and the difference to it are of the same weights, those of
        the first seed. The last column has the standard error of a difference over the images; it is small, as both
        models look at the same images, and it knows nothing of other seeds.

    Example:
        >>> table = closer_table(Results("omniglot"))
        >>> table.header
        ['model', '500 codes', '5,000 codes', 'difference', 'from CP-VAE']
        >>> [row[0] for row in table.rows]
        ['CP-VAE', 'INDq', 'INDp', 'INDqp']
        >>> closer_table(Results("synthetic"))  # none of these has one
        Table(header=['model'], rows=[])
    """
    runs = [run for name in NAMES for label in results.labels if _is_closer(run := results.runs(label)[0], name)]
    if not runs:
        return Table(["model"], [])
    header = [f"{number:,} codes" for number in _numbers(runs[0])]
    rows = [_row(run, runs[0]) for run in runs]
    return Table(["model", *header, "difference", f"from {_name(runs[0])}"], rows)


def _is_closer(run: dict, name: str) -> bool:
    return "closer" in run and run["model"]["name"] == name


def _name(run: dict) -> str:
    return NAMES[run["model"]["name"]]


def _numbers(run: dict) -> tuple[int, int]:
    return run["measures"]["importance_samples"], run["closer"]["importance_samples"]


def _row(run: dict, first: dict) -> list[str]:
    usual, closer = (run[part]["negative_log_evidence"] for part in ("measures", "closer"))
    distance = Tensor(run["closer"]["parts"]) - Tensor(first["closer"]["parts"])
    compared = "" if run is first else f"{distance.mean():+.2f} ± {standard_error(distance):.2f}"
    return [_name(run), f"{usual:.2f}", f"{closer:.2f}", f"{closer - usual:+.2f}", compared]
