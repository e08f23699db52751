"""What models pay as a picture: distortion over rate, with lines of equal bound."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import groupby

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cpvae_lite.config import NAMES
from cpvae_lite.figures import panels
from cpvae_lite.study.columns import DISTORTION, RATE
from cpvae_lite.study.results import Results
from cpvae_lite.study.table_3 import rows_of

WINE = "#882255"
LOOKS = dict(zip(NAMES, zip("os^vXPD*p", (*panels.COLOURS, WINE), strict=True), strict=True))  # mark and colour
THIN = {"*": 1.8}  # a mark with little ink is drawn larger
BIG, SMALL = 10.0, 6.0  # of the marks of most and of fewest categories or components
MOST_LINES = 6  # of equal bound, in a panel
SHORTEST = 0.1  # of a panel's width; a shorter line cuts off a corner, and its number has no place
MARGIN = 0.12  # of the wider range, to each side


def plot_rates(results: Mapping[str, Results]) -> Figure:
    """A panel for each data set, with a point for each model and size: the mean over its seeds.

    Rate and distortion add up to the negative bound, so along a grey line nothing is gained or lost by it.

    Args:
        results: by a title, each of "mnist", "fashion-mnist" or "omniglot".

    Returns:
        A figure in nats per image. A larger mark has more categories or components; a line joins the sizes of a model.
        Runs that are not there are left out.

    Raises:
        ValueError: if there are no results, if they are of another table, or if the measures of a run are not whole.

    Example:
        >>> figure = plot_rates({"letters": Results("omniglot")})
        >>> figure.axes[0].get_title(), figure.axes[0].get_xlabel()
        ('letters', 'rate (nats)')
    """
    if not results:
        raise ValueError("there is nothing to draw: name the results of at least one data set")
    columns = min(2, len(results))
    figure, rows = panels.grid(math.ceil(len(results) / columns), columns, width=3.7, height=3.4)
    each = [panel for row in rows for panel in row]
    axes, free = each[: len(results)], each[len(results) :]
    for (title, found), panel in zip(results.items(), axes, strict=True):
        _plot_points(panel, found)
        _plot_equal_bounds(panel)
        panel.set(title=title, xlabel="rate (nats)", ylabel="distortion (nats)")
    marks = {text: mark for panel in axes for mark, text in zip(*panel.get_legend_handles_labels(), strict=True)}
    for panel in free:
        panel.set_axis_off()
    place = (
        {"loc": "center", "bbox_to_anchor": (0.75, 0.5 / len(rows))}
        if free
        else {"loc": "outside lower center", "ncols": 5}
    )
    figure.legend(marks.values(), marks, frameon=False, **place)
    return figure


def _plot_points(axes: Axes, results: Results) -> None:
    """The sizes of a model are joined by a line, the fewest with the smallest mark."""
    there = [run for run in rows_of(results.table) if run.label in results]
    sizes = sorted({run.model["categories"] for run in there if "categories" in run.model})
    for name, together in groupby(there, key=lambda run: run.model["name"]):
        runs, (mark, colour) = list(together), LOOKS[name]
        places = [[column.mean(results, run.label) for column in (RATE, DISTORTION)] for run in runs]
        axes.plot(*zip(*places, strict=True), color=colour, linewidth=0.8, zorder=1)
        for place, run in zip(places, runs, strict=True):
            size = run.model.get("categories")
            step = sizes.index(size) / max(1, len(sizes) - 1) if size else 0.5
            drawn = THIN.get(mark, 1.0) * (SMALL + step * (BIG - SMALL))
            style = {"color": colour, "markersize": drawn, "markeredgecolor": "white"}
            axes.plot(*place, mark, **style, markeredgewidth=0.6, label=NAMES[name] if run is runs[0] else None)


def _plot_equal_bounds(axes: Axes) -> None:
    """Lines on which rate and distortion have the same sum, some whole nats apart."""
    places = [place for line in axes.get_lines() for place in line.get_xydata()]
    if not places:
        return
    ends = [(min(place[i] for place in places), max(place[i] for place in places)) for i in (0, 1)]
    margin = MARGIN * max(1.0, *(high - low for low, high in ends))
    (left, right), (bottom, top) = ((low - margin, high + margin) for low, high in ends)
    axes.set(xlim=(left, right), ylim=(bottom, top))
    lowest, highest = math.ceil(left + bottom), math.floor(right + top)
    for bound in range(lowest, highest + 1, max(1, math.ceil((highest - lowest) / MOST_LINES))):
        start, end = max(left, bound - top), min(right, bound - bottom)
        if end - start < SHORTEST * (right - left):
            continue
        axes.plot([start, end], [bound - start, bound - end], color=panels.GREY, linewidth=0.6, zorder=0)
        axes.annotate(
            str(bound), (start, bound - start), (3, -3), textcoords="offset points", fontsize=7, va="top", color="#555"
        )
