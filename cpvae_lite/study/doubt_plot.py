"""How clear the samples of each model are to a classifier, in order, as a picture."""

from __future__ import annotations

import statistics

from matplotlib.figure import Figure

from cpvae_lite.classifier import load_classifier
from cpvae_lite.classifier_score import reference_scores
from cpvae_lite.config import SINGLE, titled
from cpvae_lite.data import Dataset
from cpvae_lite.figures import panels
from cpvae_lite.study.claims_bounds import MIXTURES
from cpvae_lite.study.results import Results
from cpvae_lite.study.shown import BOTH, PLAIN
from cpvae_lite.study.stored_runs import score_of_samples
from cpvae_lite.study.table_3 import rows_of

KINDS = {
    "a prior for each category": (BOTH, "o", panels.BLUE),
    "one prior for all categories": (PLAIN, "s", panels.GREY),
    "a mixture, no category": (MIXTURES, "D", panels.ORANGE),
    "neither": (SINGLE, "^", panels.BLACK),
}
REACH = 2  # standard errors, and deviations of groups of real images


def plot_doubt(results: Results, dataset: Dataset) -> Figure:
    """The doubt of each run's 64 samples, in numbers of labels, the clearest at the top.

    Args:
        results: of "mnist" or "fashion-mnist"; of several seeds the first is shown, whose samples are stored.
        dataset: the same data; a band is the doubt of groups of 64 test images.

    Returns:
        A figure with a line for each run. A bar is two standard errors each way, the band two standard deviations.

    Raises:
        ValueError: if the package has no classifier for the data, or if the test split has fewer than 6,400 images.
        FileNotFoundError: if the samples of a first seed are not there.

    Example:
        >>> from cpvae_lite import load_dataset
        >>> figure = plot_doubt(Results("mnist"), load_dataset("mnist", subset=True))
        >>> sorted(label.get_text() for label in figure.axes[0].get_yticklabels())[:2]
        ['CP-VAE 10', 'CP-VAE 150']
    """
    there = [(run, score_of_samples(results, run.label)) for run in rows_of(results.table) if run.label in results]
    runs, scores = zip(*sorted(there, key=lambda each: each[1].doubt), strict=True)
    figure, (axes,) = panels.row(width=6.6, height=0.2 * len(runs) + 1.0)
    for kind, (names, mark, colour) in KINDS.items():
        lines = [y for y, run in enumerate(runs) if run.model["name"] in names]
        doubts = [scores[y].doubt for y in lines]
        bars = [REACH * scores[y].doubt_error for y in lines]
        axes.errorbar(doubts, lines, xerr=bars, fmt=mark, color=colour, markersize=5, elinewidth=1.2, label=kind)
    real = [each.doubt for each in reference_scores(load_classifier(results.table), dataset)]
    middle, reach = statistics.mean(real), REACH * statistics.stdev(real)
    axes.axvspan(middle - reach, middle + reach, color=panels.SKY, alpha=0.3, linewidth=0, label="test images")
    axes.set_yticks(range(len(runs)), [titled(run.label) for run in runs])
    axes.tick_params(axis="y", labelsize=8)
    axes.set(ylim=(len(runs) - 0.4, -0.6), xlabel="doubt: labels that one sample could have")
    axes.legend(fontsize=8, loc="upper right")
    return figure
