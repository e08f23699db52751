"""Columns of results: a figure of each run, as the tables of the book have them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cpvae_lite.study.grids import TABLES
from cpvae_lite.study.image_figures import OTHERS, SHOES, TOPS, empty, has_counts, stored_purity
from cpvae_lite.study.results import Results, Spread
from cpvae_lite.tables import Table


@dataclass(frozen=True)
class Column:
    """A column of a table of results.

    Attributes:
        name: in the header.
        figure: takes the measures of a run; None where a run has no such figure.
        digits: after the point.

    Example:
        >>> column = Column("KL of c", lambda measures: measures.get("kl_c"), 2)
        >>> results = Results("synthetic")
        >>> column.entry(results, "cp-2"), column.entry(results, "vae")  # nats; a VAE has no c
        ('0.69 ± 0.00', '–')
    """

    name: str
    figure: Callable[[dict], float | None]
    digits: int = 3

    def entry(self, results: Results, label: str) -> str:
        """Mean ± deviation over the seeds, or a dash where there is no such figure.

        Args:
            results: of a table.
            label: as "cp-150".

        Raises:
            KeyError: if the label was never run.
            ValueError: if the measures of a run are not whole; names its record.

        Example:
            >>> Column("modes", lambda measures: measures["generated"]["modes"], 1).entry(Results("synthetic"), "cp-2")
            '2.0 ± 0.0'
        """
        spread = self._spread(results, label)
        return "–" if spread is None else spread.format(self.digits)

    def mean(self, results: Results, label: str) -> float | None:
        """Mean over the seeds; None where there is no such figure.

        Args, Raises: as :meth:`entry` has them.

        Example:
            >>> Column("modes", lambda measures: measures["generated"]["modes"]).mean(Results("synthetic"), "cp-2")
            2.0
        """
        spread = self._spread(results, label)
        return None if spread is None else spread.mean

    def values(self, results: Results, label: str) -> list[float | None]:
        """The figure of each seed; None where there is none.

        Args, Raises: as :meth:`entry` has them.

        Example:
            >>> Column("modes", lambda measures: measures["generated"]["modes"]).values(Results("synthetic"), "cp-2")
            [2, 2, 2, 2, 2]
        """
        return [self._of(run, results.path(label, run["training"]["seed"])) for run in results.runs(label)]

    def _spread(self, results: Results, label: str) -> Spread | None:
        found = self.values(results, label)
        return None if None in found else Spread.over(found)

    def _of(self, run: dict, path: Path) -> float | None:
        try:
            return self.figure(run["measures"])
        except (KeyError, TypeError) as error:
            cause = f"{type(error).__name__}: {error}"
            raise ValueError(
                f"{path} lacks what the column {self.name!r} shows ({cause}): delete it and run it again"
            ) from error


def table_of(results: Results, columns: Sequence[Column], labels: Sequence[str] | None = None) -> Table:
    """A row for each label, with the mean and the standard deviation over its seeds.

    Args:
        results: of a table.
        columns: what to show.
        labels: which rows, in this order; all by default.

    Raises:
        KeyError: if a label was never run.
        ValueError: if the measures of a run are not whole.

    Example:
        >>> modes = Column("modes", lambda measures: measures["generated"]["modes"], 1)
        >>> print(table_of(Results("synthetic"), [modes], ["vae", "cp-2"]))
        run   seeds      modes
        vae       5  2.0 ± 0.0
        cp-2      5  2.0 ± 0.0
    """
    labels = results.labels if labels is None else labels
    rows = [[label, str(len(results.runs(label))), *(c.entry(results, label) for c in columns)] for label in labels]
    return Table(["run", "seeds", *(column.name for column in columns)], rows)


SYNTHETIC = (
    Column("distance", lambda found: found["generated"]["distance"], 4),
    Column("modes", lambda found: found["generated"]["modes"], 1),
    Column("between", lambda found: found["generated"]["between"]),
    Column("log p(x)", lambda found: -found["negative_log_evidence"]),
    Column("bound", lambda found: -found["negative_bound"]),
    Column("purity", lambda found: found.get("purity")),
    Column("categories", lambda found: found.get("effective_categories"), 1),
    Column("KL of c", lambda found: found.get("kl_c"), 2),
    Column("distance, uniform c", lambda found: found["uniform"]["distance"] if "uniform" in found else None, 4),
)


def _agreement(found: dict, figure: str) -> float | None:
    """With the labels whose q(c|label) is stored, too: of Omniglot's two kinds, the alphabets."""
    kinds = list(found.get("label_posterior_1e5", ()))
    return found["labels"][kinds[0]][figure] if kinds else None


def uneven_use(found: dict) -> float | None:
    """What an even p(c) costs, KL(q(c) ‖ 1/K): the term C2 of Eq. 20, with the q(c) of the images that were measured.

    With that q(c) for its p(c) the same model has a bound that is better by so much.

    Args:
        found: the measures of a run on images.

    Returns:
        Nats; None for a model without categories.

    Example:
        >>> uneven_use({"categories": 8, "effective_categories": 2.0}) == math.log(4)
        True
    """
    return math.log(found["categories"] / found["effective_categories"]) if "categories" in found else None


def told_by_category(found: dict) -> float | None:
    """How much the category tells about the image: the mutual information I_q(c; x), the term B2 of Eq. 20.

    What is paid for c is this and uneven use: B2 of Eq. 12 is B2 + C2 of Eq. 20.

    Args:
        found: the measures of a run on images.

    Returns:
        Nats; None for a model without categories.

    Example:
        >>> told = told_by_category({"categories": 8, "effective_categories": 4.0, "kl_c": 2.0})
        >>> abs(told - (2 - math.log(2))) < 1e-12
        True
    """
    uneven = uneven_use(found)
    return None if uneven is None else found["kl_c"] - uneven


def _less_uneven_use(found: dict) -> float | None:
    uneven = uneven_use(found)
    return None if uneven is None else found["negative_bound"] - uneven


def _generation(found: dict, figure: str) -> float | None:
    return found["generation"][figure] if "generation" in found else None


def _alike(found: dict) -> float | None:
    return stored_purity(found).alike().purity if has_counts(found) else None


def _among(found: dict, labels: Sequence[int]) -> float | None:
    """The purity of those categories that draw one of some labels most often."""
    if not has_counts(found):
        return None
    try:
        return stored_purity(found).among(labels).purity
    except ValueError:  # there are none
        return None


BOUND = Column("-bound", lambda found: found["negative_bound"], 2)
RELAXED = Column("relaxed, no bound", lambda found: found.get("relaxed_negative_bound"), 2)
EVIDENCE = Column("-log p(x)", lambda found: found["negative_log_evidence"], 2)
PRICE_OF_C = Column("KL of c", lambda found: found.get("kl_c"), 2)
USED = Column("above 1/K", lambda found: found.get("used_categories"), 0)
EMPTY = Column("empty", lambda found: empty(found) if "aggregated_posterior" in found else None, 0)
UNEVEN = Column("uneven use", uneven_use, 2)
TOLD = Column("told by c", told_by_category, 2)
DISTORTION = Column("distortion", lambda found: -found["reconstruction"], 2)
RATE = Column("rate", lambda found: found["negative_bound"] + found["reconstruction"], 2)
ACTIVE = Column("active", lambda found: sum(found["active_units"].values()), 0)
LESS_UNEVEN = Column("-bound less uneven use", _less_uneven_use, 2)
PURITY = (
    Column("generation purity", lambda found: _generation(found, "purity")),
    Column("by chance", lambda found: _generation(found, "chance")),
)
ALIKE = Column("all alike", _alike)  # generation purity if each category counts 1/K, as each component does
BY_KIND = tuple(  # of clothes
    Column(name, partial(_among, labels=labels))
    for name, labels in (("tops", TOPS), ("shoes", SHOES), ("others", OTHERS))
)
ENTROPY = Column("entropy", lambda found: _generation(found, "entropy"), 2)  # of the labels a category draws
COSTS = (BOUND, RELAXED, EVIDENCE, PRICE_OF_C, USED)
KINDS = (  # whether categories are the kinds that the labels name
    Column("NMI", lambda found: _agreement(found, "nmi")),
    Column("purity", lambda found: _agreement(found, "purity")),
    *PURITY,
)
COLUMNS = {name: COSTS + KINDS if table.runs(0)[0].on_images else SYNTHETIC for name, table in TABLES.items()}
