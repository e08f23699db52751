"""Figures of several models and data sets in words, for the columns "what we measured"."""

from __future__ import annotations

from collections.abc import Sequence

from cpvae_lite.config import NAMES
from cpvae_lite.datasets import FASHION_ITEMS
from cpvae_lite.study.claims import Stored
from cpvae_lite.study.image_figures import Figure, effective, empty, fewest_of_a_label, most_of_a_label, used
from cpvae_lite.study.shown import BOTH, CLOTHES, DATA, DIGITS, LETTERS, Shown


def by_column(found: Sequence[Shown], figure: Figure, names: Sequence[str] = BOTH, digits: int = 2) -> str:
    """A figure of several models in several columns, in words.

    Args:
        found: columns in which they were run.
        figure, names, digits: as in :func:`by_data`.

    Example:
        >>> from cpvae_lite.study.results import Results
        >>> from cpvae_lite.study.shown import columns
        >>> by_column(columns(Results, "cp", over=[LETTERS]), used, ["cp"], 0).partition(" CP-VAE ")[0]
        'Omniglot, K = 50:'
    """
    return "; ".join(f"{column.title}: {column.text(figure, digits, names)}" for column in found)


def by_data(
    stored: Stored,
    figure: Figure,
    names: Sequence[str] = BOTH,
    digits: int = 2,
    over: Sequence[str] = (CLOTHES, DIGITS, LETTERS),
) -> str:
    """A figure of several models on several data sets, in words.

    Args:
        stored: gives the results of a data set by its name.
        figure: takes the measures of a run.
        names: of the models.
        digits: after the point.
        over: the data sets.

    Example:
        >>> from cpvae_lite.study.results import Results
        >>> by_data(Results, used, digits=0, over=[LETTERS]).partition(" CP-VAE ")[0]
        'Omniglot:'
    """
    return "; ".join(f"{DATA[data]}: {Shown(stored, data).text(figure, digits, names)}" for data in over)


def generating_by_data(stored: Stored, names: Sequence[str]) -> str:
    """The same of the bound with the p(c) that images are drawn from, of each model's first seed.

    Args:
        stored, names: as in :func:`by_data`.

    Example:
        >>> from cpvae_lite.study.results import Results
        >>> generating_by_data(Results, ["cp"])  # nats
        'Fashion-MNIST: CP-VAE 230.87; MNIST: CP-VAE 87.10; Omniglot: CP-VAE 112.93'
    """
    return "; ".join(f"{DATA[data]}: {Shown(stored, data).generating(names)}" for data in DATA)


def in_use(found: Shown, names: Sequence[str]) -> str:
    """How many categories some models use, counted in three ways over the test images, in words.

    Args:
        found: the models of a data set.
        names: of those with categories.

    Example:
        >>> from cpvae_lite.study.results import Results
        >>> in_use(Shown(Results, LETTERS, size=50), ["cp"]).split(": CP-VAE ")
        ['empty', '...; above 1/K', '25; the entropy of q(c) is that of so many equal categories', '...']
    """
    return (
        f"empty: {found.text(empty, 0, names)}; above 1/K: {found.text(used, 0, names)}; the entropy of q(c) is that "
        f"of so many equal categories: {found.text(effective, 0, names)}"
    )


def range_of_labels(found: Shown, names: Sequence[str]) -> str:
    """By how many equal categories some models serve the label with fewest and the one with most, in words.

    Args:
        found, names: as in :func:`in_use`.

    Example:
        >>> from cpvae_lite.study.results import Results
        >>> range_of_labels(Shown(Results, DIGITS, size=10), ["cp"])
        'CP-VAE 1 and 3'
    """
    ends = (fewest_of_a_label, most_of_a_label)
    return ", ".join(f"{NAMES[name]} {' and '.join(found.one(name, end, 0) for end in ends)}" for name in names)


def least_and_most(shares: Sequence[float]) -> str:
    """Of a share for each kind of clothes, the three least and the greatest in words.

    Args:
        shares: ten, in the order of `FASHION_ITEMS`.

    Example:
        >>> least_and_most([0.9, 1.0, 0.6, 0.9, 0.7, 0.9, 0.5, 0.9, 0.9, 0.9])
        'shirt 0.50, pullover 0.60, coat 0.70, trouser 1.00'
    """
    ranked = sorted(zip(shares, FASHION_ITEMS, strict=True))
    return ", ".join(f"{item} {share:.2f}" for share, item in (*ranked[:3], ranked[-1]))


def printed(found: Sequence[Shown], names: Sequence[str] = BOTH) -> str:
    """What Table 3 says of several models in several columns, in words.

    Args:
        found: columns.
        names: of models.

    Example:
        >>> from cpvae_lite.study.results import Results
        >>> printed([Shown(Results, CLOTHES), Shown(Results, LETTERS, 50)], ["cp", "indq"])
        'Fashion-MNIST, K = 150: 233.79 and 234.41; Omniglot, K = 50: 117.51 and 125.28'
    """
    entries = [" and ".join(f"{entry:.2f}" for entry in column.reported(names)) for column in found]
    return "; ".join(f"{column.title}: {each}" for column, each in zip(found, entries, strict=True))
