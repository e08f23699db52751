from itertools import pairwise

import nbformat
import pytest
from matplotlib.figure import Figure
from nbclient import NotebookClient

from cpvae_lite.figures import sliding
from cpvae_lite.figures.frames import picture
from cpvae_lite.figures.sliding import finer, label, slides


def grey(shade, size=1):
    return Figure(figsize=(2, size), facecolor=str(shade))


def shown(**settings):
    settings = {"shade": [0.0, 0.5, 1.0], "caption": "Move.", "alt": "A grey"} | settings
    return slides(grey, **settings)


class Answers:
    """The widget of a block, with what it sends to the page; what the page sends comes by `ask`."""

    def __init__(self, found, monkeypatch):
        self.sent = []
        self.kernel = sliding._Kernel(found)
        monkeypatch.setattr(self.kernel, "send", self.sent.append)

    def ask(self, asked):
        self.kernel._handle_msg({"content": {"data": {"method": "custom", "content": asked}}, "buffers": []})
        return self.sent.pop()


def test_the_frames_are_the_figures_at_the_values():
    found = shown(size=[1], names={"shade": "shade of grey"}, start={"shade": 0.5})
    assert found.frames.pictures == tuple(picture(grey(shade)) for shade in (0.0, 0.5, 1.0))
    assert found.frames.sliders == {"shade of grey": ("0", "0.5", "1"), "size": ("1",)}
    assert found.frames.places == (1, 0) and found.frames.caption == "Move."


def test_two_parameters_make_a_grid():
    found = slides(lambda a, b: grey((3 * a + b) / 10), a=[0, 1], b=[0, 1, 2], caption="Greys.", alt="Grey")
    assert found.frames.pictures == tuple(picture(grey(n / 10)) for n in range(6))
    assert found.frames.alt[4] == "Grey, a 1, b 1"


def test_one_alt_text_gets_the_values_and_a_function_makes_its_own():
    assert shown(names={"shade": "grey"}).frames.alt == ("A grey, grey 0", "A grey, grey 0.5", "A grey, grey 1")
    told = shown(alt=lambda shade: f"{shade:.0%} white")
    assert told.frames.alt == ("0% white", "50% white", "100% white")
    assert told.draw([1])[1] == "5% white"


def test_a_kernel_stops_between_numbers_and_not_between_words():
    found = slides(lambda kind, n, x: grey(0), kind=["a", "b"], n=[1, 3], x=[0, 0.5], caption="Black.", alt="Black")
    assert found.stops == {"kind": ["a", "b"], "n": [1, 2, 3], "x": pytest.approx([i / 20 for i in range(11)])}
    assert [type(n) for n in found.stops["n"]] == [int] * 3


@pytest.mark.parametrize("values", [[5, 0], [0, 15, 1000], [0.1, 0.2, 5.0, 2], [7], [-3, -2]])
def test_finer_values_keep_the_given_ones_and_their_order(values):
    found = finer(values)
    assert [value for value in found if value in values] == values
    inner = [found[found.index(a) : found.index(b) + 1] for a, b in pairwise(values)]
    for part in inner:
        steps = [b - a for a, b in pairwise(part)]
        assert len(steps) <= sliding.STOPS and (min(steps) > 0 or max(steps) < 0)


def test_labels_are_short():
    assert [label(value) for value in (0.1 + 0.2, 1e-5, 12345, "word", 2.0)] == ["0.3", "1e-05", "12345", "word", "2"]


def test_what_was_drawn_is_not_drawn_again():
    drawn = []

    def counted(n):
        drawn.append(n)
        return grey(n / 10)

    found = slides(counted, n=[0, 2, 4], caption="Greys.", alt="A grey")
    assert drawn == [0, 2, 4]
    for _ in range(2):
        assert found.draw([2])[0] == found.frames.pictures[1]
        assert found.draw([3]) == (picture(grey(0.3)), "A grey, n 3")
    assert drawn == [0, 2, 4, 3]


def test_the_kernel_says_where_the_sliders_stop_and_draws_there(monkeypatch):
    answers = Answers(shown(), monkeypatch)
    (labels,) = answers.ask({})["labels"]
    assert len(labels) == 21 and labels[:3] == ["0", "0.05", "0.1"] and labels[20] == "1"
    found = answers.ask({"places": [1]})
    assert found == {
        "places": [1],
        "picture": sliding.data_url(picture(grey(0.05))),
        "alt": "A grey, shade 0.05",
    }


def test_the_page_is_told_what_went_wrong_in_the_function(monkeypatch):
    def broken(n):
        if n == 1:
            raise ArithmeticError("one is too few")
        return grey(0)

    answers = Answers(slides(broken, n=[0, 2], caption="Black.", alt="Black"), monkeypatch)
    assert answers.ask({"places": [1]}) == {"places": [1], "error": "ArithmeticError: one is too few"}
    assert "picture" in answers.ask({"places": [0]})


def test_a_notebook_gets_frames_that_need_no_kernel_and_a_widget_that_finds_them():
    code = (
        "from matplotlib.figure import Figure\nfrom cpvae_lite.figures.sliding import slides\n"
        "slides(lambda n: Figure(figsize=(2, 1)), n=[0, 5], caption='White.', alt='White')"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    NotebookClient(notebook, kernel_name="python3").execute()
    frames, widget = (output.data for output in notebook.cells[0].outputs)
    assert {"text/html", "image/png", "text/plain"} == set(frames) and widget["text/plain"] == ""
    states = notebook.metadata.widgets["application/vnd.jupyter.widget-state+json"].state
    state = states[widget["application/vnd.jupyter.widget-view+json"]["model_id"]].state
    assert len(state.key) == 32 and f'data-kernel="{state.key}"' in frames["text/html"]
    assert len(str(state)) < 5000  # the pictures are in the page once


def test_says_in_short_what_it_is():
    assert repr(shown(names={"shade": "β"})) == "Slides(β: '0' to '1')"


def test_names_and_starts_of_no_parameter_are_refused():
    with pytest.raises(ValueError, match="there is a name for size, but values for shade"):
        shown(names={"size": "height"})
    with pytest.raises(ValueError, match="there is a start for size, but values for shade"):
        shown(start={"size": 1})
    with pytest.raises(ValueError, match=r"the slider 'shade' cannot start at '0\.3'"):
        shown(start={"shade": 0.3})


@pytest.mark.parametrize("values", [{}, {"shade": []}, {"shade": [0.5, 0.5]}])
def test_values_that_make_no_slider_are_refused(values):
    with pytest.raises(ValueError, match=r"there is no slider|has the labels"):
        slides(grey, caption="Grey.", alt="A grey", **values)
