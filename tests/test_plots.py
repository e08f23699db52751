import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from cpvae_lite.figures.plots import (
    plot_categories,
    plot_category_use,
    plot_category_uses,
    plot_gallery,
    plot_history,
    plot_images,
    plot_label_posteriors,
    plot_label_shares,
    plot_rank,
)
from cpvae_lite.history import History
from cpvae_lite.metrics import used_categories
from cpvae_lite.sheets import image_grid


def _history():
    validation = {"bound": -240.0, "standard_error": 1.0, "kl_c": 2.0, "kl_z": 9.0, "used_categories": 3}
    return History({"epoch": e, "train": {"loss": 250.0}, "validation": validation} for e in (1, 2))


@pytest.mark.parametrize(
    "draw",
    [
        lambda: plot_images(torch.rand(6, 784), columns=3, titles=["a", "b", "c"]),
        lambda: plot_categories(torch.rand(3, 10, 784), [7, 1, 2], torch.full((10,), 0.1), columns=2),
        lambda: plot_category_use(torch.full((10,), 0.1)),
        lambda: plot_category_uses({"a": torch.full((10,), 0.1), "b": torch.rand(20), "c": torch.rand(20)}),
        lambda: plot_label_posteriors(torch.rand(3, 20), ("shoe", "bag", "coat")),
        lambda: plot_gallery({"a": np.zeros((8, 8), np.uint8), "b": np.zeros((8, 8), np.uint8)}),
        lambda: plot_label_shares(torch.rand(10, 2), ("shoe", "bag"), [3, 5]),
        lambda: plot_rank({"a": torch.rand(25, 784)}, {"a": torch.rand(20)}, rank=3),
        lambda: plot_history(_history()),
    ],
)
def test_figures_draw_and_pyplot_keeps_none(draw):
    figure = draw()
    figure.canvas.draw()
    assert plt.get_fignums() == []  # or a notebook would show each figure twice


def test_images_of_any_shape_keep_their_proportions():
    images = torch.rand(6, 8 * 4)
    figure = plot_images(images, columns=3, shape=(8, 4), titles=["a", "b", "c"])
    (axes,) = figure.axes
    np.testing.assert_array_equal(axes.images[0].get_array(), image_grid(images, columns=3, shape=(8, 4)))
    assert [text.get_position()[0] for text in axes.texts] == [2, 8, 14]  # each above the middle of its column
    width, height = plot_images(images, columns=3, shape=(8, 4), scale=1).get_size_inches()
    assert (width, height) == (3, 4)
    blocks = plot_categories(images[None], [0], torch.ones(1), columns=1, across=3, shape=(8, 4))
    np.testing.assert_array_equal(blocks.axes[0].images[0].get_array(), axes.images[0].get_array())


def test_blocks_carry_the_number_and_share_of_their_category():
    figure = plot_categories(torch.rand(2, 5, 784), [7, 1], torch.tensor([0.0, 0.25] + [0.0] * 5 + [0.5]), columns=2)
    assert [axes.get_title() for axes in figure.axes] == ["c = 7   50.0%", "c = 1   25.0%"]


def test_categories_can_have_names_where_numbers_would_mislead():
    figure = plot_categories(torch.rand(2, 5, 784), [1, 0], torch.tensor([0.25, 0.75]), names="AB", columns=2)
    assert [axes.get_title() for axes in figure.axes] == ["c = A   75.0%", "c = B   25.0%"]
    axes = plot_label_shares(torch.eye(2), ("0", "1"), [1, 0], names="AB").axes[0]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["A", "B"]
    assert {tick.get_rotation() for tick in axes.get_xticklabels()} == {0}  # short labels need no tilt


def test_many_blocks_a_row_are_smaller_so_that_a_page_need_not_shrink_their_titles():
    few, many = (
        plot_categories(torch.rand(8, 4, 784), list(range(8)), torch.full((8,), 1 / 8), columns=columns)
        for columns in (2, 8)
    )
    assert few.get_figwidth() == 2 * 2.1 and many.get_figwidth() == 10.5


def test_bars_above_the_uniform_share_are_coloured():
    figure = plot_category_use(torch.tensor([0.1, 0.6, 0.3]))
    heights = [bar.get_height() for bar in figure.axes[0].patches]
    np.testing.assert_allclose(heights, [0.6, 0.3, 0.1], rtol=1e-6)
    colours = [bar.get_facecolor() for bar in figure.axes[0].patches]
    assert colours[0] != colours[1] == colours[2]


def test_many_bars_are_one_step_of_each_colour():
    """Their gaps would come out as stripes."""
    above, below = plot_category_use(torch.tensor([0.5] + 100 * [0.005])).axes[0].patches
    assert above.get_facecolor() != below.get_facecolor()
    assert above.get_data().values.tolist() == [0.5] and above.get_data().edges.tolist() == [0.5, 1.5]
    np.testing.assert_allclose(below.get_data().values, 100 * [0.005])
    assert (below.get_data().edges == np.arange(1.5, 102)).all()


def test_a_share_that_exceeds_the_uniform_one_by_rounding_is_not_coloured():
    """The bars agree with the number of used categories."""
    shares = torch.tensor([1 / 3 + 1e-7, 1 / 3, 1 / 3 - 1e-7])
    assert shares.max() > 1 / 3 and used_categories(shares) == 0
    assert len({bar.get_facecolor() for bar in plot_category_use(shares).axes[0].patches}) == 1


def test_a_history_draws_what_it_holds():
    history = _history()
    objective, terms, used = plot_history(history).axes
    train, bound, best = (line.get_xydata() for line in objective.lines)
    epochs = [record["epoch"] for record in history]
    assert train.tolist() == [[e, -r["train"]["loss"]] for e, r in zip(epochs, history, strict=True)]
    assert bound.tolist() == [[e, r["validation"]["bound"]] for e, r in zip(epochs, history, strict=True)]
    assert {x for x, _ in best} == {history.best_epoch}
    for line in terms.lines:
        name = line.get_label().replace("KL of ", "kl_")
        assert line.get_ydata().tolist() == [record["validation"][name] for record in history]
    (line,) = used.lines
    assert line.get_ydata().tolist() == [record["validation"]["used_categories"] for record in history]


def test_a_history_without_categories_has_two_panels():
    history = _history()
    for record in history:
        for name in ("kl_c", "used_categories"):
            record["validation"] = {k: v for k, v in record["validation"].items() if k != name}
    assert len(plot_history(history).axes) == 2


def test_models_have_a_panel_each_and_one_scale():
    figure = plot_category_uses({"few": torch.tensor([0.9, 0.1]), "many": torch.full((50,), 1 / 50)})
    few, many = (axes for axes in figure.axes if axes.get_title())
    assert (few.get_title(), len(few.patches)) == ("few", 2) and (many.get_title(), len(many.patches)) == ("many", 50)
    assert few.get_ylim() == many.get_ylim()


def test_categories_stand_beside_those_of_the_same_label():
    """Categories 1 and 3 belong to the first label, 0 and 2 to the second; the greater comes first."""
    posteriors = torch.tensor([[0.1, 0.2, 0.0, 0.7], [0.5, 0.1, 0.4, 0.0]])
    (image,) = plot_label_posteriors(posteriors, ("shoe", "bag")).axes[0].get_images()
    np.testing.assert_allclose(image.get_array(), [[0.7, 0.2, 0.1, 0.0], [0.0, 0.1, 0.5, 0.4]])


def test_a_gallery_has_its_sheets_in_rows_under_their_names():
    sheets = {name: np.full((4, 4), value, np.uint8) for value, name in enumerate("abcde")}
    axes = np.array(plot_gallery(sheets, across=3).axes).reshape(2, 3)
    assert [place.get_title() for place in axes.flat] == ["a", "b", "c", "d", "e", ""]
    assert all((place.get_images()[0].get_array() == value).all() for value, place in enumerate(axes.flat[:5]))
    assert not axes[1, 2].get_images()


def test_a_sheet_that_is_not_there_leaves_its_place_empty_under_its_name():
    first, empty, last = plot_gallery({"a": np.zeros((4, 4), np.uint8), "b": None, "c": np.ones((4, 4), np.uint8)}).axes
    assert empty.get_title() == "b" and not empty.get_images() and first.get_images() and last.get_images()


def test_a_rank_marks_the_category_in_the_bars_of_its_model():
    shares = {"a": torch.tensor([0.1, 0.6, 0.3]), "b": torch.tensor([0.5, 0.1, 0.4])}
    figure = plot_rank({name: torch.rand(25, 784) for name in shares}, shares, rank=1)
    below = figure.axes[2:]
    marks = [axes.lines[-1].get_xydata().tolist() for axes in below]
    np.testing.assert_allclose(marks, [[[2, 0.3]], [[2, 0.4]]], rtol=1e-6)
    assert below[0].get_ylim() == below[1].get_ylim()
