"""The picture of rate and distortion."""

import pytest

from cpvae_lite.study.rates_plot import LOOKS, plot_rates
from cpvae_lite.study.results import Results
from cpvae_lite.study.table_3 import rows_of


def drawn(panel):
    """Marks, without lines of equal bound."""
    return [line for line in panel.get_lines() if line.get_marker() != "None"]


@pytest.mark.parametrize("data", ["fashion-mnist", "mnist", "omniglot"])
def test_every_run_stands_at_its_distortion_where_the_rate_adds_up_to_its_bound(data):
    results = Results(data)
    (panel,) = plot_rates({data: results}).axes
    there = [run.label for run in rows_of(data) if run.label in results]
    distortions = [results.over_seeds(label, lambda found: -found["reconstruction"]).mean for label in there]
    bounds = [results.over_seeds(label, lambda found: found["negative_bound"]).mean for label in there]
    places = [line.get_xydata()[0] for line in drawn(panel)]
    assert [y for _, y in places] == pytest.approx(distortions)
    assert [x + y for x, y in places] == pytest.approx(bounds)


def test_lines_of_equal_bound_are_named_by_it():
    (panel,) = plot_rates({"clothes": Results("fashion-mnist")}).axes
    lines = [line.get_xydata() for line in panel.get_lines() if line.get_zorder() == 0]
    assert len(lines) > 2
    for line, text in zip(lines, panel.texts, strict=True):
        assert line.sum(1) == pytest.approx([float(text.get_text())] * 2)


def test_a_larger_mark_has_more_categories_and_each_model_is_named_once():
    figure = plot_rates({"clothes": Results("fashion-mnist"), "letters": Results("omniglot")})
    sizes = {}
    for line in drawn(figure.axes[1]):
        sizes.setdefault(line.get_marker(), []).append(line.get_markersize())
    assert sizes[LOOKS["cp"][0]] == sorted(sizes[LOOKS["cp"][0]]) and len(set(sizes[LOOKS["cp"][0]])) == 2
    (legend,) = figure.legends
    texts = [text.get_text() for text in legend.get_texts()]
    assert len(texts) == len(set(texts)) == len(LOOKS)


def test_results_that_are_not_there_leave_an_empty_panel(tmp_path):
    (panel,) = plot_rates({"none": Results("mnist", tmp_path)}).axes
    assert not panel.get_lines()


def test_nothing_to_draw_is_said():
    with pytest.raises(ValueError, match="nothing to draw"):
        plot_rates({})


def test_the_legend_takes_the_free_place_of_the_last_row():
    three = {name: Results("omniglot") for name in "abc"}
    for results in (three, three | {"d": Results("omniglot"), "e": Results("omniglot")}):
        figure = plot_rates(results)
        figure.canvas.draw()
        box = figure.legends[0].get_window_extent().transformed(figure.transFigure.inverted())
        free = figure.axes[-1].get_position()
        assert free.x0 < box.x0 and box.x1 <= 1 and box.y1 < free.y1
