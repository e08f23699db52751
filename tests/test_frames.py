import base64
import io
from dataclasses import FrozenInstanceError
from html.parser import HTMLParser

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

from cpvae_lite import panels
from cpvae_lite.frames import Frames
from cpvae_lite.plots import BLUE, GREEN, RED

COLOURS = (BLUE, GREEN, RED)


def plain(colour, size=(2, 1)):
    return Figure(figsize=size, facecolor=colour)


def frames(labels=("0", "20", "50"), name="epoch", alt="Points of three colours"):
    return Frames(map(plain, COLOURS), labels, name=name, alt=alt)


class _Tags(HTMLParser):
    """Every tag with its attributes, and the text within `<output>`."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.output = [], [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in ("img", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "output":
            self.output += data
        else:
            assert not data.strip(), "text outside the output"

    def all(self, name):
        return [attributes for tag, attributes in self.tags if tag == name]


def parsed(shown):
    tags = _Tags(shown._repr_html_())
    assert tags.open == []
    return tags


def picture(source):
    kind, _, data = source.partition(",")
    assert kind == "data:image/png;base64"
    return Image.open(io.BytesIO(base64.b64decode(data, validate=True)))


def test_each_figure_becomes_a_picture_in_its_place():
    images = [picture(image["src"]) for image in parsed(frames()).all("img")]
    assert [image.size for image in images] == [(200, 100)] * 3
    found = ["#{:02X}{:02X}{:02X}".format(*image.convert("RGB").getpixel((50, 50))) for image in images]
    assert found == list(COLOURS)


def test_the_last_frame_alone_is_in_view_and_the_slider_stands_there():
    tags = parsed(frames())
    assert ["display: none" in image["style"] for image in tags.all("img")] == [True, True, False]
    (slider,) = tags.all("input")
    assert (slider["type"], slider["min"], slider["max"], slider["value"]) == ("range", "0", "2", "2")
    assert (slider["aria-label"], slider["aria-valuetext"], tags.output) == ("epoch", "50", "epoch 50")


def test_nothing_comes_from_elsewhere_and_no_name_is_shared():
    tags = parsed(frames())
    sources = [value for _, named in tags.tags for key, value in named.items() if key in ("src", "href", "srcset")]
    assert len(sources) == 3 and all(source.startswith("data:") for source in sources)
    assert not any(key in named for _, named in tags.tags for key in ("id", "name", "for"))
    assert tags.all("script") == tags.all("style") == []


def test_one_alt_text_gets_name_and_label_of_each_frame():
    assert [image["alt"] for image in parsed(frames()).all("img")] == [
        f"Points of three colours, epoch {label}" for label in ("0", "20", "50")
    ]


def test_an_alt_text_for_each_frame_is_kept():
    assert [image["alt"] for image in parsed(frames(alt=["blue", "green", "red"])).all("img")] == [
        "blue",
        "green",
        "red",
    ]


def test_text_from_people_cannot_become_markup():
    odd = """<b a='1'>"&amp; </div>"""
    tags = parsed(frames(labels=[odd, "1", odd], name=odd, alt=[odd, "x", odd]))
    assert [tag for tag, _ in tags.tags] == ["div", "img", "img", "img", "input", "output"]
    assert tags.output == f"{odd} {odd}"
    (slider,) = tags.all("input")
    assert slider["aria-label"] == slider["aria-valuetext"] == odd
    assert all(image["alt"] == image["data-label"] == odd for image in tags.all("img")[::2])


def test_no_attribute_holds_a_raw_bracket():
    """Sphinx's search index ends a tag at the first one and would list the script's words."""
    text = frames()._repr_html_()
    assert text.count("<") == text.count(">") == 8  # div, three images, slider, output


def test_colours_of_a_scatter_stay_and_the_file_is_small():
    def scatter():
        figure, (panel,) = panels.row(width=4, height=3)
        generator = torch.Generator().manual_seed(0)
        xy = torch.randn(1000, 2, generator=generator)
        panels.points(panel, xy, torch.randint(0, 8, (1000,), generator=generator))
        panel.scatter([3.5], [3.5], s=9, color="#FF00FF")  # a few pixels of a colour of its own
        return figure

    (found,) = Frames([scatter()], ["0"], name="epoch", alt="Points").pictures
    assert len(found) < 16_000
    file = io.BytesIO()
    scatter().savefig(file, format="png", dpi=100)
    expected, found = (np.asarray(Image.open(f).convert("RGB")).astype(int) for f in (file, io.BytesIO(found)))
    assert expected.shape == found.shape == (300, 400, 3)
    assert np.abs(expected - found).max() < 32
    assert (found[0] == 255).all()  # white stays white


def test_a_frame_without_a_ground_stands_on_white():
    shown = Frames([plain("none")], ["0"], name="epoch", alt="Nothing")
    assert Image.open(io.BytesIO(shown.pictures[0])).convert("RGB").getpixel((0, 0)) == (255, 255, 255)


def test_a_tight_box_does_not_give_frames_their_own_size():
    def titled(title):
        figure = plain("white")
        figure.text(0.5, 0.5, title)
        return figure

    with plt.rc_context({"savefig.bbox": "tight"}):
        shown = Frames(map(titled, ("a", "a long title")), ["0", "1"], name="epoch", alt="A word")
    assert [Image.open(io.BytesIO(picture)).size for picture in shown.pictures] == [(200, 100)] * 2


def test_one_figure_drawn_anew_gives_its_state_each_time():
    figure = plain("white")

    def redrawn():
        for colour in COLOURS:
            figure.set_facecolor(colour)
            yield figure

    assert Frames(redrawn(), "abc", name="step", alt="A colour").pictures == frames().pictures


def test_the_figures_are_closed_so_that_a_notebook_shows_them_once():
    Frames((plt.figure(figsize=(2, 1)) for _ in range(3)), "abc", name="step", alt="Nothing")
    assert plt.get_fignums() == []


def test_a_pdf_shows_the_last_frame():
    shown = frames()
    assert shown._repr_png_() == shown.pictures[-1] != shown.pictures[0]


def test_says_in_short_what_it_is():
    assert repr(frames()) == "Frames('epoch', 3 frames, '0' to '50')"
    assert repr(Frames([plain("white")], ["7"], name="step", alt="White")) == "Frames('step', 1 frame, '7' to '7')"


def test_does_not_change():
    with pytest.raises(FrozenInstanceError):
        frames().name = "step"


def test_no_figures_are_refused():
    with pytest.raises(ValueError, match="there are no figures"):
        Frames([], [], name="epoch", alt="Nothing")


@pytest.mark.parametrize("labels", [("0", "20"), ("0", "20", "50", "60")])
def test_labels_that_do_not_match_the_figures_are_refused(labels):
    with pytest.raises(ValueError, match=f"3 figures but {len(labels)} labels"):
        frames(labels=labels)


def test_alt_texts_that_do_not_match_the_figures_are_refused():
    with pytest.raises(ValueError, match="3 figures but 2 alt texts"):
        frames(alt=["blue", "green"])


def test_figures_of_different_sizes_are_refused():
    figures = [plain("white"), plain("white", size=(3, 1))]
    with pytest.raises(ValueError, match=r"frame '20' has 300 × 100 pixels, the first 200 × 100"):
        Frames(figures, ["0", "20"], name="epoch", alt="White")
