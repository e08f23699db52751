import numpy as np
import pytest
import torch

from cpvae_lite.figures import panels


@pytest.fixture
def panel():
    return panels.row()[1][0]


def test_row_gives_as_many_panels_as_asked_for():
    figure, axes = panels.row(3)
    assert figure.axes == axes and len(axes) == 3


def test_a_notebook_shows_a_row_only_where_a_cell_returns_it():
    import matplotlib.pyplot as plt

    panels.row()
    assert plt.get_fignums() == []


def test_curves_draws_each_line_and_names_it(panel):
    panels.curves(panel, torch.arange(3), {"a": torch.ones(3), "b": [1, 2, 3], "": [0, 0, 0]}, xlabel="x", ylabel="y")
    assert [list(line.get_ydata()) for line in panel.lines] == [[1, 1, 1], [1, 2, 3], [0, 0, 0]]
    assert [text.get_text() for text in panel.get_legend().texts] == ["a", "b"]
    assert panel.get_xlabel() == "x" and panel.get_ylabel() == "y"


def test_lines_differ_in_colour_and_in_dash(panel):
    panels.curves(panel, [0, 1], {str(n): [0, n] for n in range(8)}, xlabel="x", ylabel="y")
    assert len({line.get_color() for line in panel.lines}) == len(set(panels.DASHES)) == 8


def test_more_lines_than_can_be_told_apart_are_refused(panel):
    with pytest.raises(ValueError, match="9 lines in one panel"):
        panels.curves(panel, [0, 1], {str(n): [0, n] for n in range(9)}, xlabel="x", ylabel="y")


def test_fill_shades_under_each_line(panel):
    panels.curves(panel, [0, 1], {"a": [1, 1], "b": [2, 2]}, xlabel="x", ylabel="y", fill=True)
    assert [area.get_paths()[0].get_extents().height for area in panel.collections] == [1, 2]


def test_bars_have_their_heights_and_numbers(panel):
    panels.bars(panel, {"A": -3.0, "B": torch.tensor(1.5)}, ylabel="nats")
    assert [bar.get_height() for bar in panel.patches] == [-3.0, 1.5]
    assert {text.get_text() for text in panel.texts} == {"-3.00", "1.50"}


def test_points_take_the_colour_of_their_group(panel):
    panels.points(panel, torch.tensor([[0.0, 1.0], [2.0, 3.0]]), torch.tensor([0, 1]))
    (cloud,) = panel.collections
    assert np.array_equal(cloud.get_offsets(), [[0, 1], [2, 3]])
    assert not np.array_equal(*cloud.get_facecolors())


def test_an_ellipse_spans_two_standard_deviations_each_way(panel):
    panels.ellipses(panel, torch.zeros(1, 2), torch.tensor([[1.0, 4.0]]), names=["c"])
    (ellipse,) = panel.patches
    assert (ellipse.width, ellipse.height) == (4, 8)
    assert [text.get_text() for text in panel.texts] == ["c"]


def test_heat_writes_the_numbers(panel):
    panels.heat(panel, torch.tensor([[0.25, 0.75]]), xlabel="c", ylabel="x", numbers=True)
    assert [text.get_text() for text in panel.texts] == ["0.25", "0.75"]


def test_a_grid_has_its_panels_row_by_row():
    figure, places = panels.grid(2, 3, width=2, height=1)
    assert [[panel.get_subplotspec().rowspan.start for panel in line] for line in places] == [[0] * 3, [1] * 3]
    assert figure.get_size_inches().tolist() == [6, 2]
    _, shared = panels.grid(2, 2, share=True)
    shared[0][0].set(xlim=(3, 4), ylim=(5, 6))
    assert shared[1][1].get_xlim() == (3, 4) and shared[1][1].get_ylim() == (5, 6)


def test_a_histograms_area_is_the_share_that_it_shows(panel):
    numbers = torch.tensor([0.1, 0.1, 0.6, 5.0])
    panels.histogram(panel, numbers, bins=10, reference=(torch.tensor([0.0, 1.0]), torch.tensor([2.0, 3.0])))
    assert sum(bar.get_height() * bar.get_width() for bar in panel.patches) == pytest.approx(0.75)
    assert panel.patches[1].get_height() == pytest.approx(5) and panel.patches[6].get_height() == pytest.approx(2.5)
    (line,) = panel.lines
    assert line.get_ydata().tolist() == [2, 3] and panel.get_xlim() == (0, 1)


def test_ellipses_of_lesser_weight_are_thinner_and_paler(panel):
    panels.ellipses(panel, torch.zeros(3, 2), torch.ones(3, 2), weights=torch.tensor([0.5, 0.25, 0.0]))
    widths, alphas = zip(*((patch.get_linewidth(), patch.get_alpha()) for patch in panel.patches), strict=True)
    assert widths == pytest.approx((1.8, 1.05, 0.3)) and alphas == pytest.approx((1, 0.65, 0.3))
