"""The paper's Table 3 as a picture: what the paper reports and what we measured, on one scale."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cpvae_lite.config import titled
from cpvae_lite.figures import panels
from cpvae_lite.study.baseline import VAE, of_vae
from cpvae_lite.study.columns import Column
from cpvae_lite.study.experiments import Experiment
from cpvae_lite.study.paper import reported
from cpvae_lite.study.results import Results
from cpvae_lite.study.table_3 import OURS, rows_of

LOOKS = (("x", panels.PINK), ("o", panels.BLUE), ("|", panels.RED))  # of our columns; marks differ as colours do
MARGIN = 0.5  # nats
FAR = 15.0  # nats from the nearest of ours; what the paper reports beyond stands at the border as a number

Point = tuple[float, int]  # nats, and the line where it stands


def plot_table_3(results: Results) -> Figure:
    """A data set's columns of Table 3: a line for each model and size, with a point a seed.

    Args:
        results: of "mnist", "fashion-mnist" or "omniglot".

    Returns:
        A figure in nats per image, better to the left. The paper's entries are hollow; one that lies far from all of
        ours stands as a number at the border. A run that is not there has the paper's entry only.

    Raises:
        ValueError: if the results are of another table, or the measures of a run are not whole.

    Example:
        >>> figure = plot_table_3(Results("omniglot"))
        >>> [label.get_text() for label in figure.axes[0].get_yticklabels()][:2]
        ['CP-VAE 50', 'CP-VAE 500']
    """
    runs = rows_of(results.table)
    printed = [(_reported(run, results.table), y) for y, run in enumerate(runs)]
    ours = [_points(results, runs, column) for column in OURS]
    return _plot(runs, printed, ours, "nats per test image, less is better")


def plot_from_vae(results: Results) -> Figure:
    """The same, each number less that of the plain VAE, ours from our VAE and the paper's from its own.

    The VAE has nothing to relax: its bound is taken from the relaxed values of the others, too.

    Args, Returns, Raises:
        as :func:`plot_table_3` has them; a line at 0 is the VAE.

    Raises:
        KeyError: if the plain VAE was not run.

    Example:
        >>> figure = plot_from_vae(Results("omniglot"))
        >>> "VAE" in [label.get_text() for label in figure.axes[0].get_yticklabels()]
        False
    """
    runs = [run for run in rows_of(results.table) if run.model["name"] != VAE]
    of_paper = reported(VAE, results.table, None)
    printed = [(_reported(run, results.table) - of_paper, y) for y, run in enumerate(runs)]
    ours = [[(x - of_vae(column, results), y) for x, y in _points(results, runs, column)] for column in OURS]
    figure = _plot(runs, printed, ours, "nats per test image less those of the plain VAE, less is better")
    figure.axes[0].axvline(0, color=panels.BLACK, linewidth=0.8, zorder=0)
    return figure


def _plot(runs: list[Experiment], printed: list[Point], ours: list[list[Point]], xlabel: str) -> Figure:
    figure, (axes,) = panels.row(width=6.6, height=0.2 * len(runs) + 0.9)
    _plot_printed(axes, printed, [x for points in ours for x, _ in points] or [x for x, _ in printed])
    for column, points, (mark, colour) in zip(OURS, ours, LOOKS, strict=True):
        over = {"zorder": 3} if mark == "x" else {}  # a cross can be seen on a dot, a dot hides a cross
        axes.plot(*_across(points), mark, color=colour, markersize=6, markeredgewidth=1.6, label=column.name, **over)
    _name_lines(axes, runs)
    axes.set(ylim=(len(runs) - 0.4, -0.6), xlabel=xlabel)
    axes.legend(fontsize=8, ncols=4, loc="lower center", bbox_to_anchor=(0.45, 1.0), frameon=False)
    return figure


def _reported(run: Experiment, data: str) -> float:
    return reported(run.model["name"], data, run.model.get("categories"))


def _points(results: Results, runs: Iterable[Experiment], column: Column) -> list[Point]:
    """What was measured of each seed, and the line where it stands."""
    there = [(run.label, y) for y, run in enumerate(runs) if run.label in results]
    found = [(x, y) for label, y in there for x in column.values(results, label)]
    return [(x, y) for x, y in found if x is not None]


def _across(points: list[Point]) -> tuple[list[float], list[int]]:
    return [x for x, _ in points], [y for _, y in points]


def _plot_printed(axes: Axes, printed: list[Point], shown: list[float]) -> None:
    near = [(x, y) for x, y in printed if min(shown) - FAR <= x <= max(shown) + FAR]
    values = [*shown, *_across(near)[0]]
    low, high = min(values) - MARGIN, max(values) + MARGIN
    axes.set_xlim(low, high)
    axes.plot(*_across(near), "D", color=panels.BLACK, markerfacecolor="none", markersize=5, label="the paper's")
    for x, y in printed:
        if x > high:
            axes.text(high, y, f"{x:.2f} →", ha="right", va="center", fontsize=8)
        if x < low:
            axes.text(low, y, f"← {x:.2f}", ha="left", va="center", fontsize=8)


def _name_lines(axes: Axes, runs: list[Experiment]) -> None:
    """A rule sets models apart."""
    names = [run.model["name"] for run in runs]
    axes.set_yticks(range(len(runs)), [titled(run.label) for run in runs])
    axes.tick_params(axis="y", labelsize=8)
    for y, (name, after) in enumerate(pairwise(names)):
        if name != after:
            axes.axhline(y + 0.5, color=panels.GREY, linewidth=0.4)
