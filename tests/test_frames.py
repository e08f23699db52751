import base64
import io
import json
from dataclasses import FrozenInstanceError
from html.parser import HTMLParser

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

from cpvae_lite.figures import panels
from cpvae_lite.figures.frames import Frames
from cpvae_lite.figures.plots import BLUE, GREEN, RED

COLOURS = (BLUE, GREEN, RED)


def plain(colour, size=(2, 1)):
    return Figure(figsize=size, facecolor=colour)


LABELS, ALT = ("0", "20", "50"), ("Blue points", "Green points", "Red points")


def frames(labels=LABELS, name="epoch", alt=ALT, caption="Move the slider.", **start):
    return Frames(map(plain, COLOURS), {name: labels}, alt=alt, caption=caption, start=start)


def one(figure):
    return Frames([figure], {"epoch": ["0"]}, alt=["A figure"], caption="A figure.")


def two_by_three(**start):
    """Two sliders, and figures whose grey says which place they belong to."""
    figures = (plain(str(shade / 10)) for shade in range(6))
    sliders = {"width": ["narrow", "wide"], "epoch": ["1", "2", "3"]}
    return Frames(figures, sliders, alt=[f"Grey {n}" for n in range(6)], caption="Greys.", start=start)


class _Tags(HTMLParser):
    """Every tag with its attributes, and the texts within `<output>` and `<p>`."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.texts = [], [], {"output": [], "p": []}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in ("img", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if data.strip():
            self.texts[self.open[-1]].append(data)

    def all(self, name):
        return [attributes for tag, attributes in self.tags if tag == name]


def parsed(shown):
    tags = _Tags(shown.html())
    assert tags.open == []
    return tags


def picture(source):
    kind, _, data = source.partition(",")
    assert kind == "data:image/png;base64"
    return Image.open(io.BytesIO(base64.b64decode(data, validate=True)))


def test_each_figure_becomes_a_picture_in_its_place():
    images = [picture(image["src"]) for image in parsed(frames()).all("img")]
    assert [image.size for image in images] == [(400, 200)] * 3
    assert [(image["width"], image["height"]) for image in parsed(frames()).all("img")] == [("200", "100")] * 3
    found = ["#{:02X}{:02X}{:02X}".format(*image.convert("RGB").getpixel((50, 50))) for image in images]
    assert found == list(COLOURS)


def test_the_last_frame_alone_is_in_view_and_the_slider_stands_there():
    tags = parsed(frames())
    assert ["display: none" in image["style"] for image in tags.all("img")] == [True, True, False]
    (slider,) = tags.all("input")
    assert (slider["type"], slider["min"], slider["max"], slider["value"]) == ("range", "0", "2", "2")
    assert (slider["aria-label"], slider["aria-valuetext"], tags.texts["output"]) == ("epoch", "50", ["epoch 50"])


def test_a_start_puts_slider_picture_and_words_there():
    shown = frames(epoch="20")
    tags = parsed(shown)
    assert ["display: none" in image["style"] for image in tags.all("img")] == [True, False, True]
    (slider,) = tags.all("input")
    assert (slider["value"], slider["aria-valuetext"], tags.texts["output"]) == ("1", "20", ["epoch 20"])
    assert shown._repr_png_() == shown.pictures[1]


def test_two_sliders_go_through_all_combinations_the_last_one_first():
    shown = two_by_three(width="narrow", epoch="2")
    tags = parsed(shown)
    assert [(slider["aria-label"], slider["max"], slider["value"]) for slider in tags.all("input")] == [
        ("width", "1", "0"),
        ("epoch", "2", "1"),
    ]
    assert tags.texts["output"] == ["width narrow", "epoch 2"]
    assert ["display: none" in image["style"] for image in tags.all("img")].index(False) == shown.shown == 1
    assert two_by_three(width="wide", epoch="1").shown == 3
    assert two_by_three().shown == 5


def test_a_caption_stands_below():
    assert parsed(frames(caption="What to see.")).texts["p"] == ["What to see."]


def test_a_key_for_the_kernel_is_kept():
    assert _Tags(frames().html("a key")).all("div")[0]["data-kernel"] == "a key"
    assert parsed(frames()).all("div")[0]["data-kernel"] == ""


def test_nothing_comes_from_elsewhere_and_no_name_is_shared():
    tags = parsed(frames())
    sources = [value for _, named in tags.tags for key, value in named.items() if key in ("src", "href", "srcset")]
    assert len(sources) == 3 and all(source.startswith("data:") for source in sources)
    assert not any(key in named for _, named in tags.tags for key in ("id", "name", "for"))
    assert tags.all("script") == tags.all("style") == []


def test_each_picture_has_its_alt_text():
    assert [image["alt"] for image in parsed(frames()).all("img")] == list(ALT)


def test_text_from_people_cannot_become_markup():
    odd = """<b a='1'>"&amp; </div>"""
    tags = parsed(frames(labels=["0", "1", odd], name=odd, alt=[odd, "x", odd], caption=odd))
    assert [tag for tag, _ in tags.tags] == ["div", "div", "img", "img", "img", "div", "input", "output", "p"]
    assert tags.texts == {"output": [f"{odd} {odd}"], "p": [odd]}
    (slider,) = tags.all("input")
    assert slider["aria-label"] == slider["aria-valuetext"] == json.loads(slider["data-labels"])[2] == odd
    assert all(image["alt"] == odd for image in tags.all("img")[::2])


def test_no_attribute_holds_a_raw_bracket():
    """Sphinx's search index ends a tag at the first one and would list the script's words."""
    text = frames().html()
    assert text.count("<") == text.count(">") == 14  # block, pictures, three images, row, slider, output, caption


def test_jupyterlab_leaves_the_arrow_keys_to_the_slider():
    """It asks the element in focus first, and only then what is around it."""
    assert [slider["data-lm-suppress-shortcuts"] for slider in parsed(two_by_three()).all("input")] == ["true", "true"]


def test_colours_of_a_scatter_stay_and_the_file_is_small():
    def scatter():
        figure, (panel,) = panels.row(width=4, height=3)
        generator = torch.Generator().manual_seed(0)
        xy = torch.randn(1000, 2, generator=generator)
        panels.points(panel, xy, torch.randint(0, 8, (1000,), generator=generator))
        panel.scatter([3.5], [3.5], s=9, color="#FF00FF")  # a few pixels of a colour of its own
        return figure

    (found,) = one(scatter()).pictures
    assert len(found) < 26_000
    file = io.BytesIO()
    scatter().savefig(file, format="png", dpi=200)
    expected, found = (np.asarray(Image.open(f).convert("RGB")).astype(int) for f in (file, io.BytesIO(found)))
    assert expected.shape == found.shape == (600, 800, 3)
    assert np.abs(expected - found).max() < 32
    assert (found[0] == 255).all()  # white stays white


def test_a_frame_without_a_ground_stands_on_white():
    shown = one(plain("none"))
    assert Image.open(io.BytesIO(shown.pictures[0])).convert("RGB").getpixel((0, 0)) == (255, 255, 255)


def test_a_tight_box_does_not_give_frames_their_own_size():
    def titled(title):
        figure = plain("white")
        figure.text(0.5, 0.5, title)
        return figure

    with plt.rc_context({"savefig.bbox": "tight"}):
        figures = map(titled, ("a", "a long title"))
        shown = Frames(figures, {"epoch": ["0", "1"]}, alt=["A word", "Words"], caption="Words.")
    assert [Image.open(io.BytesIO(picture)).size for picture in shown.pictures] == [(400, 200)] * 2


def test_one_figure_drawn_anew_gives_its_state_each_time():
    figure = plain("white")

    def redrawn():
        for colour in COLOURS:
            figure.set_facecolor(colour)
            yield figure

    shown = Frames(redrawn(), {"step": "abc"}, alt=ALT, caption="Colours.")
    assert shown.pictures == frames().pictures


def test_the_figures_are_closed_so_that_a_notebook_shows_them_once():
    Frames((plt.figure(figsize=(2, 1)) for _ in range(3)), {"step": "abc"}, alt=ALT, caption="Nothing.")
    assert plt.get_fignums() == []


def test_a_pdf_shows_the_last_frame():
    shown = frames()
    assert shown._repr_png_() == shown.pictures[-1] != shown.pictures[0]


def test_says_in_short_what_it_is():
    assert repr(frames()) == "Frames(epoch: '0' to '50')"
    assert repr(two_by_three()) == "Frames(width: 'narrow' to 'wide', epoch: '1' to '3')"


def test_does_not_change():
    with pytest.raises(FrozenInstanceError):
        frames().caption = "step"


def test_no_slider_is_refused():
    with pytest.raises(ValueError, match="there is no slider; name what changes"):
        Frames([plain("white")], {}, alt=["White"], caption="White.")


@pytest.mark.parametrize("labels", [(), ("0", "1", "0")])
def test_a_slider_without_labels_or_with_one_twice_is_refused(labels):
    with pytest.raises(ValueError, match=r"the slider 'epoch' has the labels \[.*\]; give at least one, and each once"):
        frames(labels=labels)


@pytest.mark.parametrize("labels", [("0", "20"), ("0", "20", "50", "60")])
def test_figures_that_do_not_fill_the_places_are_refused(labels):
    with pytest.raises(ValueError, match=f"3 figures, but the sliders have {len(labels)} places together"):
        frames(labels=labels)


def test_alt_texts_that_do_not_match_the_figures_are_refused():
    with pytest.raises(ValueError, match="2 alt texts, but the sliders have 3 places together"):
        frames(alt=["blue", "green"])


@pytest.mark.parametrize("start", [{"epoch": "21"}, {"step": "0"}])
def test_a_start_that_is_no_label_is_refused(start):
    ((name, label),) = start.items()
    with pytest.raises(ValueError, match=f"the slider '{name}' cannot start at '{label}'; its labels are"):
        frames(**start)


def test_an_empty_caption_is_refused():
    with pytest.raises(ValueError, match="the caption is empty; say what there is to see"):
        frames(caption=" ")


def test_figures_of_different_sizes_are_refused():
    figures = [plain("white"), plain("white", size=(3, 1))]
    with pytest.raises(ValueError, match=r"frame 2 has 600 × 200 pixels, the first 400 × 200"):
        Frames(figures, {"epoch": ["0", "20"]}, alt=["White", "White"], caption="White.")
