"""Figures of the models of images over seeds, as the sentences about them need them.

Where no size is named, it is that of the models that are shown: 150 categories on Fashion-MNIST and MNIST, 500 on
Omniglot. :mod:`cpvae_lite.study.image_figures` has the figures of a run, and :mod:`cpvae_lite.study.wording` puts those
of several models into words.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

from cpvae_lite.classifier_score import ClassifierScore
from cpvae_lite.config import NAMES, SINGLE
from cpvae_lite.metrics import first_categories
from cpvae_lite.purity import Purity
from cpvae_lite.study.claims import Stored
from cpvae_lite.study.grids import SHOWN
from cpvae_lite.study.image_figures import Figure, chance, drawn_purity, stored_posteriors, stored_purity
from cpvae_lite.study.paper import SIZES, reported
from cpvae_lite.study.results import NotRunError, Spread, pooled_deviation
from cpvae_lite.study.stored_runs import generating_bound, score_of_samples

CLOTHES, DIGITS, LETTERS = "fashion-mnist", "mnist", "omniglot"
DATA = {CLOTHES: "Fashion-MNIST", DIGITS: "MNIST", LETTERS: "Omniglot"}
BOTH = ("cp", "indq")  # with a learned p(z|c)
PLAIN = ("indp", "indqp")  # with N(0, I)
FOUR = BOTH + PLAIN
MANY_LABELS = 8.5  # a variety that samples without doubt can have only if they have nine labels of ten


class Shown:
    """The models of a data set that are shown, with the figures of their stored runs over seeds.

    Args:
        stored: gives the results of a data set by its name.
        data: the data set.
        size: another number of categories or components than is shown.

    Attributes:
        title: the column of Table 3, as "Omniglot, K = 50".

    Example:
        >>> from cpvae_lite.study.image_figures import used
        >>> from cpvae_lite.study.results import Results
        >>> Shown(Results, LETTERS, size=50).text(used, 0)
        'CP-VAE 25, INDq 25'
    """

    def __init__(self, stored: Stored, data: str, size: int | None = None):
        self._results, self._size = stored(data), size or SHOWN[data]
        self.title = f"{DATA[data]}, K = {self._size}"

    def has(self, *names: str) -> bool:
        """Whether all of some models were run.

        Example:
            >>> from cpvae_lite.study.results import Results
            >>> Shown(Results, CLOTHES, size=500).has("vae", "hvamp"), Shown(Results, CLOTHES, size=20).has("vae", "cp")
            (True, False)
        """
        return all(self._label(name) in self._results for name in names)

    def _label(self, name: str) -> str:
        """The run of a model: of one without a size its name alone."""
        return name if name in self._results else f"{name}-{self._size}"

    def over_seeds(self, name: str, figure: Figure) -> Spread:
        """A figure of a model.

        Args:
            name: of the model, as "cp".
            figure: takes the measures of a run.

        Raises:
            KeyError: if the model was never run.

        Example:
            >>> from cpvae_lite.study.image_figures import used
            >>> from cpvae_lite.study.results import Results
            >>> digits(Results).over_seeds("cp", used).values[0]  # of the first seed
            71
        """
        return self._results.over_seeds(self._label(name), figure)

    def mean(self, name: str, figure: Figure) -> float:
        """Its mean.

        Example:
            >>> from operator import itemgetter
            >>> from cpvae_lite.study.results import Results
            >>> round(letters(Results).mean("cp", itemgetter("negative_bound")), -1)  # nats
            110.0
        """
        return self.over_seeds(name, figure).mean

    def one(self, name: str, figure: Figure, digits: int) -> str:
        """Mean and deviation in words."""
        return self.over_seeds(name, figure).format(digits)

    def text(self, figure: Figure, digits: int = 2, names: Sequence[str] = BOTH) -> str:
        """The same of several models."""
        return ", ".join(f"{NAMES[name]} {self.one(name, figure, digits)}" for name in names)

    def reported(self, names: Sequence[str]) -> list[float]:
        """What the paper's Table 3 says of several models.

        Example:
            >>> from cpvae_lite.study.results import Results
            >>> digits(Results).reported(["cp", "vae"])
            [88.53, 88.75]
        """
        return [reported(name, self._results.table, None if name in SINGLE else self._size) for name in names]

    def excess(self, figure: Figure, name: str = "cp", other: str = "indq") -> float:
        """A model's figure less another's; of costs a positive number says that the first model is behind.

        Example:
            >>> from cpvae_lite.study.image_figures import empty
            >>> from cpvae_lite.study.results import Results
            >>> letters(Results).excess(empty) > 50  # CP-VAE leaves more categories empty than INDq
            True
        """
        return self.mean(name, figure) - self.mean(other, figure)

    def samples(self, name: str) -> ClassifierScore:
        """How a classifier judges 64 samples of a model's first seed.

        Args:
            name: of the model; also of one without categories, as "vae".

        Raises:
            ValueError: if there is no classifier for the data.
            FileNotFoundError: if that run left no samples.

        Example:
            >>> from cpvae_lite.study.results import Results
            >>> digits(Results).samples("cp").doubt < digits(Results).samples("vae").doubt
            True
        """
        return score_of_samples(self._results, self._label(name))

    def draws(self, name: str) -> Purity:
        """How a classifier labels the draws of each category or component that the record of the first seed counts.

        Raises:
            NotRunError: a KeyError, if the model has neither, or if the record does not count them, as of Omniglot.

        Example:
            >>> from cpvae_lite.study.results import Results
            >>> round(clothes(Results).draws("cp").variety, 1)  # ten kinds, nearly alike
            10.0
        """
        return stored_purity(self._results.first(self._label(name)))

    def doubts(self, names: Sequence[str]) -> str:
        """How many labels one sample of several models could have, with standard errors, in words; 1 is no doubt.

        Example:
            >>> from cpvae_lite.study.results import Results
            >>> digits(Results).doubts(BOTH)
            'CP-VAE 1.02 ± 0.01, INDq 1.02 ± 0.01'
        """
        found = {name: self.samples(name) for name in names}
        return ", ".join(f"{NAMES[name]} {one.doubt:.2f} ± {one.doubt_error:.2f}" for name, one in found.items())

    def generating_bound(self, name: str) -> float:
        """Minus the bound of a model's first seed with the p(c) that images are drawn from.

        Returns:
            Nats per test image; see :func:`cpvae_lite.study.stored_runs.generating_bound`.

        Raises:
            FileNotFoundError: if the weights of that run are not there.

        Example:
            >>> from cpvae_lite.study.results import Results
            >>> found = letters(Results)
            >>> round(found.first_run("cp")["negative_bound"] - found.generating_bound("cp"), 2)
            0.61
        """
        return generating_bound(self._results, self._label(name))

    def generating(self, names: Sequence[str]) -> str:
        """The same of several models, in words.

        Example:
            >>> from cpvae_lite.study.results import Results
            >>> letters(Results).generating(["cp"])
            'CP-VAE 112.93'
        """
        return ", ".join(f"{NAMES[name]} {self.generating_bound(name):.2f}" for name in names)

    def better_pair(self, figure: Figure) -> tuple[str, ...] | None:
        """BOTH or PLAIN, if each of these two models has a smaller figure than each of the others; None if neither.

        Example:
            >>> from operator import itemgetter
            >>> from cpvae_lite.study.image_figures import kl_of_c
            >>> from cpvae_lite.study.results import Results
            >>> digits(Results).better_pair(itemgetter("negative_bound")), digits(Results).better_pair(kl_of_c)
            (('cp', 'indq'), ('indp', 'indqp'))
        """
        both, plain = ([self.mean(name, figure) for name in pair] for pair in (BOTH, PLAIN))
        if max(both) < min(plain):
            return BOTH
        return PLAIN if max(plain) < min(both) else None

    def twice(self, figure: Figure, names: Sequence[str], others: Sequence[str]) -> bool:
        """Whether each of some models has more than twice the figure of each of the others.

        Example:
            >>> from cpvae_lite.study.image_figures import kl_of_c
            >>> from cpvae_lite.study.results import Results
            >>> digits(Results).twice(kl_of_c, BOTH, PLAIN), digits(Results).twice(kl_of_c, PLAIN, BOTH)
            (True, False)
        """
        return min(self.mean(name, figure) for name in names) > 2 * max(self.mean(other, figure) for other in others)

    def mixes(self, names: Sequence[str]) -> bool:
        """Whether what categories of some models draw is purer than chance by less than a hundredth.

        Example:
            >>> from cpvae_lite.study.results import Results
            >>> digits(Results).mixes(PLAIN), digits(Results).mixes(BOTH)
            (True, False)
        """
        return all(self.mean(name, drawn_purity) < self.mean(name, chance) + 0.01 for name in names)

    def first_run(self, name: str) -> dict:
        """The measures of a model's first seed.

        Example:
            >>> from cpvae_lite.study.results import Results
            >>> digits(Results).first_run("cp")["used_categories"]
            71
        """
        return self._results.first(self._label(name))


clothes, digits, letters = (partial(Shown, data=data) for data in DATA)


def by_luck(stored: Stored, figure: Figure, names: Sequence[str] = BOTH) -> float:
    """How far one training each of two models may lie apart by luck: twice the standard deviation of the difference.

    The deviation of a model is pooled over the data sets whose shown model has several seeds.

    Args:
        stored: gives the results of a data set by its name.
        figure: takes the measures of a run.
        names: of the two models.

    Raises:
        ValueError: if a model has two seeds on no data set.

    Example:
        >>> from operator import itemgetter
        >>> from cpvae_lite.study.results import Results
        >>> round(by_luck(Results, itemgetter("negative_bound")), 1)  # nats per image
        0.7
    """
    each = ([Shown(stored, data).over_seeds(name, figure) for data in DATA] for name in names)
    return 2 * math.hypot(*map(pooled_deviation, each))


def columns(stored: Stored, *names: str, over: Sequence[str] = (CLOTHES, DIGITS, LETTERS)) -> list[Shown]:
    """The columns of Table 3 in which all of some models were run.

    Args:
        stored: gives the results of a data set by its name.
        names: of the models.
        over: the data sets.

    Raises:
        NotRunError: if there is none.

    Example:
        >>> from cpvae_lite.study.results import Results
        >>> [column.title for column in columns(Results, "cp", "vae", over=[LETTERS])]
        ['Omniglot, K = 50', 'Omniglot, K = 500']
    """
    each = (Shown(stored, data, size) for data in over for size in SIZES[data])
    if found := [column for column in each if column.has(*names)]:
        return found
    raise NotRunError(f"no column of Table 3 has runs of {', '.join(NAMES[name] for name in names)}")


def named_as_asked(found: Shown, name: str = "cp", count: int = 5) -> list[float]:
    """For each label, the share of draws from its first categories that a classifier gives that label.

    Args:
        found: of clothes or digits.
        name: of the model, whose first seed is taken.
        count: how many categories of each label, all drawn alike.

    Example:
        >>> from cpvae_lite.study.results import Results
        >>> shares = named_as_asked(digits(Results))
        >>> len(shares), min(shares) > 0.9
        (10, True)
    """
    measures = found.first_run(name)
    counts, first = measures["generation"]["counts"], first_categories(stored_posteriors(measures), count)
    return [
        sum(counts[category][label] for category in categories) / sum(sum(counts[category]) for category in categories)
        for label, categories in enumerate(first)
        if categories  # a label without images has none
    ]
