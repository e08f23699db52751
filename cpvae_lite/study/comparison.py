"""The paper's Tables 2 and A1, and what else sets the models apart; built from stored results alone."""

from __future__ import annotations

from cpvae_lite.classifier import load_classifier
from cpvae_lite.classifier_score import reference_scores
from cpvae_lite.config import CATEGORICAL, NAMES
from cpvae_lite.data import Dataset
from cpvae_lite.metrics import first_categories, label_overlap, shared_by_chance, shared_categories
from cpvae_lite.purity import reference_purity
from cpvae_lite.study.columns import BOUND, RELAXED, Column
from cpvae_lite.study.grids import SHOWN
from cpvae_lite.study.image_figures import has_counts, stored_posteriors, stored_purity
from cpvae_lite.study.paper import FIRST_CATEGORIES, reported
from cpvae_lite.study.results import Results, Spread
from cpvae_lite.study.stored_runs import generating_bound, score_of_samples
from cpvae_lite.study.table_3 import rows_of
from cpvae_lite.tables import Table

GAP = Column("difference", lambda found: found["negative_bound"] - found["relaxed_negative_bound"], 2)
SCORES = ("variety", "doubt", "score")  # of few samples, in numbers of labels
ALL_DRAWS = "of all draws"  # the variety of all in a record, categories by their shares
MARK = "*"  # of a category that stands in the lists of several labels


def runs_table(results: Results) -> Table:
    """How the models of a data set that are shown were trained and measured: a row for each run that is there.

    Args:
        results: of "mnist", "fashion-mnist" or "omniglot".

    Returns:
        A table with the seed, the epochs, the epoch whose weights were kept, the hours that training took, where, and
        the number of importance samples for each image that -log p(x) was estimated with.

    Example:
        >>> runs_table(Results("omniglot")).header
        ['model', 'seed', 'epochs', 'kept', 'hours', 'on', 'importance samples']
    """
    rows = [[NAMES[name], *_described(run)] for name, label in _shown(results) for run in results.runs(label)]
    return Table(["model", "seed", "epochs", "kept", "hours", "on", "importance samples"], rows)


def _described(run: dict) -> list[str]:
    machine = run["environment"]
    return [
        str(run["training"]["seed"]),
        str(run["epochs"]),
        str(run["best_epoch"]),
        f"{run['seconds'] / 3600:.1f}",
        f"{machine['device']} ({machine['processor']})",
        str(run["measures"]["importance_samples"]),
    ]


def gap_table(results: Results) -> Table:
    """How far the relaxed objective lies from the bound, in nats, for the models of a data set that are shown.

    Args:
        results: of "mnist", "fashion-mnist" or "omniglot".

    Returns:
        A table with the paper's entry of Table 3, then ours, as mean and standard deviation over seeds.

    Raises:
        ValueError: if the measures of a run are not whole.

    Example:
        >>> [row[:2] for row in gap_table(Results("mnist")).rows][:2]
        [['CP-VAE', '88.53'], ['INDq', '92.15']]
    """
    data, columns = results.table, (RELAXED, BOUND, GAP)
    rows = [
        [NAMES[name], f"{reported(name, data, SHOWN[data]):.2f}", *(c.entry(results, label) for c in columns)]
        for name, label in _shown(results)
    ]
    return Table(["model", "paper", *(column.name for column in columns)], rows)


def generating_table(results: Results) -> Table:
    """The bound of the models that are shown with p(c) = 1/K, as they were trained, and as images are drawn from them.

    Args:
        results: of "mnist", "fashion-mnist" or "omniglot"; the first seed is shown, whose weights are stored.

    Returns:
        A table with both negative bounds and their difference, in nats per test image.

    Raises:
        FileNotFoundError: if the weights of a first seed are not there.

    Example:
        >>> generating_table(Results("omniglot")).rows[0]
        ['CP-VAE', '113.54', '112.93', '0.61']
    """
    rows = []
    for name, label in _shown(results):
        as_trained, as_drawn = results.first(label)["negative_bound"], generating_bound(results, label)
        rows.append([NAMES[name], f"{as_trained:.2f}", f"{as_drawn:.2f}", f"{as_trained - as_drawn:.2f}"])
    return Table(["model", "-bound, p(c) = 1/K", "-bound, p(c) = q(c)", "difference"], rows)


def samples_table(results: Results, dataset: Dataset) -> Table:
    """How a classifier judges the stored samples of each model, and real images beside them.

    Args:
        results: of "mnist" or "fashion-mnist"; of several seeds the first is shown, whose samples are stored.
        dataset: the same data, for the last row: 100 groups of as many test images, mean and standard deviation, and
            the variety of the whole split.

    Returns:
        A table of what :class:`cpvae_lite.classifier_score.ClassifierScore` counts, a row for each model and size
        that was run; doubt with its standard error over the samples. 64 samples say little of variety, so beside
        it stands that of all draws in the record, of the models that have categories or components. Categories
        count by q(c), components alike.

    Raises:
        ValueError: if the package has no classifier for the data, or if the test split has fewer than 6,400 images.
        FileNotFoundError: if the samples of a first seed are not there.

    Example:
        >>> from cpvae_lite import load_dataset
        >>> table = samples_table(Results("mnist"), load_dataset("mnist", subset=True))
        >>> table.header
        ['samples of', 'K', 'variety', 'of all draws', 'doubt', 'score']
    """
    rows = []
    for run in rows_of(results.table):
        if run.label in results:
            found = score_of_samples(results, run.label)
            measures = results.first(run.label)
            drawn = f"{stored_purity(measures).variety:.2f}" if has_counts(measures) else "–"
            doubt = f"{found.doubt:.2f} ± {found.doubt_error:.2f}"
            figures = [f"{found.variety:.2f}", drawn, doubt, f"{found.score:.2f}"]
            rows.append([NAMES[run.model["name"]], str(run.model.get("categories", "")), *figures])
    classifier = load_classifier(results.table)
    real, whole = reference_scores(classifier, dataset), reference_purity(classifier, dataset)
    variety, *others = (Spread.over([getattr(group, name) for group in real]).format(2) for name in SCORES)
    header = ["samples of", "K", SCORES[0], ALL_DRAWS, *SCORES[1:]]
    return Table(header, [*rows, ["test images", "", variety, f"{whole.variety:.2f}", *others]])


def shared_table(results: Results) -> Table:
    """How many categories stand under several labels in the form of Tables 2 and A1.

    Args:
        results: of "mnist" or "fashion-mnist".

    Returns:
        A table with the paper's number, or a dash where it shows no lists; ours over seeds; what lists drawn by chance
        would share; and how much of their categories two labels have in common, see
        :func:`cpvae_lite.metrics.label_overlap`.

    Raises:
        ValueError: if the measures of a run are not whole.

    Example:
        >>> [row[:2] for row in shared_table(Results("mnist")).rows]  # the paper's lists
        [['CP-VAE', '1'], ['INDq', '8'], ['INDp', '–'], ['INDqp', '–']]
    """
    data = results.table
    chance = shared_by_chance(len(FIRST_CATEGORIES[data]["cp"]), SHOWN[data])
    ours, common = Column("ours", shared, 0), Column("overlap", overlap)
    rows = [
        [
            NAMES[name],
            str(shared_in_paper(name, data)) if name in FIRST_CATEGORIES[data] else "–",
            ours.entry(results, label),
            f"{chance:.1f}",
            common.entry(results, label),
        ]
        for name, label in _shown(results)
    ]
    return Table(["model", "paper", ours.name, "by chance", common.name], rows)


def _shown(results: Results) -> list[tuple[str, str]]:
    """Names and labels of the models with a latent c that are shown, as far as they were run."""
    labels = [(name, f"{name}-{SHOWN[results.table]}") for name in CATEGORICAL]
    return [(name, label) for name, label in labels if label in results]


def shared(measures: dict) -> int:
    """Categories of a run that stand under several labels in the form of Table 2.

    Args:
        measures: of a run of a model with a latent c, on data with one kind of label.

    Example:
        >>> import torch
        >>> each = torch.tensor([[2, 2, 2, 2, 2, 0, 0], [0, 0, 2, 2, 2, 2, 2]])  # tenths of q(c|label), seven c
        >>> shared({"label_posterior_1e5": {"digit": each * 10_000}})  # categories 2, 3 and 4
        3
        >>> shared(Results("mnist").first("cp-150"))
        0
    """
    return len(shared_categories(first_categories(stored_posteriors(measures))))


def overlap(measures: dict) -> float:
    """How much of its categories a label has in common with another in a run, on average.

    Args:
        measures: of a run of a model with a latent c, on data with one kind of label.

    Returns:
        From 0 to 1; see :func:`cpvae_lite.metrics.label_overlap`.

    Example:
        >>> results = Results("mnist")
        >>> round(overlap(results.first("cp-150")), 2), round(overlap(results.first("indqp-150")), 2)
        (0.01, 0.85)
    """
    return label_overlap(stored_posteriors(measures))


def shared_in_paper(name: str, data: str) -> int:
    """Categories that stand under several labels in the paper's Table 2 or A1.

    Args:
        name: of the model: "cp" or "indq".
        data: "mnist" or "fashion-mnist".

    Raises:
        KeyError: if the paper shows no such lists.

    Example:
        >>> shared_in_paper("indq", "fashion-mnist"), shared_in_paper("indq", "mnist")
        (12, 8)
    """
    return len(shared_categories(FIRST_CATEGORIES[data][name]))


def label_table(results: Results, label_names: tuple[str, ...]) -> Table:
    """The form of Tables 2 and A1: the categories that each label uses most, for the models that are there.

    Args:
        results: of "mnist" or "fashion-mnist"; of several seeds the first is shown, since categories have no order.
        label_names: one a row.

    Returns:
        A table with a column a model. A category that stands in the lists of several labels is marked with "*".

    Example:
        >>> from cpvae_lite.datasets import DIGITS
        >>> label_table(Results("mnist"), DIGITS).rows[0][:2]
        ['0', '65, 7, 82, 10, 5']
    """
    shown = _shown(results)
    lists = [first_categories(stored_posteriors(results.first(label))) for _, label in shown]
    rows = [[label, *(_marked(first, row) for first in lists)] for row, label in enumerate(label_names)]
    return Table(["label", *(NAMES[name] for name, _ in shown)], rows)


def _marked(first: list[list[int]], row: int) -> str:
    shared = shared_categories(first)
    return ", ".join(f"{category}{MARK if category in shared else ''}" for category in first[row])
