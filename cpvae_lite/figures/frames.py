"""Pictures of figures behind sliders, for a page with no kernel and no network."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, InitVar, dataclass, field
from html import escape
from math import prod

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from PIL import Image

DOTS = 2  # of a picture for each pixel of the page, for screens that can show them
# A slider finds its own block from `this`: no ids and no global names, so that blocks cannot disturb each other.
_MOVED = """
const block = this.closest('.cpvae-frames'), label = JSON.parse(this.dataset.labels)[this.value];
const place = [...block.querySelectorAll('input')].reduce((sum, at) => sum * (+at.max + 1) + +at.value, 0);
block.querySelectorAll('img').forEach((frame, index) => { frame.style.display = index == place ? 'block' : 'none'; });
this.nextElementSibling.value = this.getAttribute('aria-label') + ' ' + label;
this.setAttribute('aria-valuetext', label);
"""


@dataclass(frozen=True, repr=False)
class Frames:
    """Pictures of figures, one in view at a time, with a slider below for each thing that changes.

    Everything is within the output: it works in JupyterLab, in Colab and in the built book, offline. A reader without
    scripts sees the frame at the start, and so does a PDF, which has no slider. The function
    :func:`~cpvae_lite.figures.sliding.slides` makes the figures, too, and draws those between the
    frames where there is a kernel.

    Args:
        figures: one for each combination of the sliders' labels, the last slider moving first. They are drawn one at
            a time if they come from a generator. Each is closed after it is drawn, so that the notebook does not show
            it again.
        sliders: what each slider moves along, such as "epoch", with a label for each of its places.
        alt: what each picture shows, for people who do not see it.
        caption: what to see, and what to move; plain text.
        start: the label where each slider stands at first; the last one where nothing is said.

    Attributes:
        pictures: each frame as a PNG file.

    Raises:
        ValueError: if there is no slider, or one without labels or with the same label twice; if there are not one
            figure and one alt text for each combination of labels; if a start is no label, the caption is empty, or
            the figures differ in size.

    Example:
        >>> from cpvae_lite.figures.panels import curves, row
        >>> def line(slope):
        ...     figure, (panel,) = row()
        ...     curves(panel, [0, 1], {"": [0, slope]}, xlabel="x", ylabel="y")
        ...     return figure
        >>> alt = [f"A line of slope {slope}" for slope in (1, 2, 3)]
        >>> Frames(map(line, [1, 2, 3]), {"slope": ["1", "2", "3"]}, alt=alt, caption="A line through 0.")
        Frames(slope: '1' to '3')
    """

    figures: InitVar[Iterable[Figure]]
    sliders: Mapping[str, Sequence[str]]
    _: KW_ONLY
    alt: Sequence[str]
    caption: str
    start: Mapping[str, str] = field(default_factory=dict)
    pictures: tuple[bytes, ...] = field(init=False)

    def __post_init__(self, figures: Iterable[Figure]):
        sliders = {name: tuple(labels) for name, labels in self.sliders.items()}
        _require_labels(sliders, self.start)
        if not self.caption.strip():
            raise ValueError("the caption is empty; say what there is to see, and what to move")
        pictures, alt = tuple(map(picture, figures)), tuple(self.alt)
        wanted = prod(map(len, sliders.values()))
        for kind, found in (("figures", pictures), ("alt texts", alt)):
            if len(found) != wanted:
                raise ValueError(
                    f"{len(found)} {kind}, but the sliders have {wanted} places together; give one for each"
                )
        _require_one_size(pictures)
        for key, value in (("sliders", sliders), ("alt", alt), ("pictures", pictures)):
            object.__setattr__(self, key, value)

    def __repr__(self) -> str:
        ranges = (f"{name}: {labels[0]!r} to {labels[-1]!r}" for name, labels in self.sliders.items())
        return f"Frames({', '.join(ranges)})"

    @property
    def places(self) -> tuple[int, ...]:
        """Where each slider stands at first."""
        return tuple(labels.index(self.start.get(name, labels[-1])) for name, labels in self.sliders.items())

    @property
    def shown(self) -> int:
        """Which frame is in view at first.

        Example:
            >>> figures = [Figure(figsize=(1, 1)) for _ in range(6)]
            >>> sliders = {"shade": ["dark", "light"], "size": ["1", "2", "3"]}
            >>> start = {"shade": "light", "size": "2"}
            >>> found = Frames(figures, sliders, alt=6 * ["White"], caption="Move either.", start=start)
            >>> found.places, found.shown  # 1 · 3 + 1, since the last slider moves first
            ((1, 1), 4)
        """
        place = 0
        for at, labels in zip(self.places, self.sliders.values(), strict=True):
            place = place * len(labels) + at
        return place

    def _repr_html_(self) -> str:
        return self.html()

    def html(self, key: str = "") -> str:
        """What a web page shows: Jupyter and the book prefer it to the PNG.

        Args:
            key: by which the script of a kernel finds this block on the page; see :mod:`cpvae_lite.figures.sliding`.

        Example:
            >>> greys = [Figure(figsize=(1, 1), facecolor=str(shade)) for shade in (0.2, 0.8)]
            >>> alt = ["Dark grey", "Light grey"]
            >>> html = Frames(greys, {"shade": ["dark", "light"]}, alt=alt, caption="Move the slider.").html()
            >>> html.count("<img"), html.count("display: none"), html.count('<input type="range"')
            (2, 1, 1)
        """
        width, height = (side // DOTS for side in _size(self.pictures[0]))
        frames = "\n".join(
            f'<img src="{data_url(picture)}" alt="{escape(alt)}" width="{width}" height="{height}" '
            f'style="display: {"block" if index == self.shown else "none"}; max-width: 100%; height: auto">'
            for index, (picture, alt) in enumerate(zip(self.pictures, self.alt, strict=True))
        )
        # Sliders begin where the longest text ends, and stay there when a label changes.
        longest = max(len(f"{name} {label}") for name, labels in self.sliders.items() for label in labels)
        sliders = "\n".join(
            _slider(name, labels, at, width, longest)
            for (name, labels), at in zip(self.sliders.items(), self.places, strict=True)
        )
        return (
            f'<div class="cpvae-frames" data-kernel="{escape(key)}">\n'
            # A page may let the picture alone scroll where it is wider than a phone.
            f'<div class="cpvae-pictures">\n{frames}\n</div>\n'
            f'{sliders}\n<p class="cpvae-caption">{escape(self.caption)}</p>\n</div>'
        )

    def _repr_png_(self) -> bytes:
        """What a PDF shows."""
        return self.pictures[self.shown]


def _slider(name: str, labels: Sequence[str], at: int, width: int, longest: int) -> str:
    # JupyterLab would take the arrow keys for itself without data-lm-suppress-shortcuts on the very thing in focus.
    # Firefox would put the slider back where it was before a reload, but not the picture, without autocomplete="off".
    # A screen reader would say each label twice without aria-live="off". The script is escaped for Sphinx: its search
    # index takes the first ">" for the end of a tag.
    name, label = escape(name), escape(labels[at])
    return (
        f'<div style="display: flex; flex-wrap: wrap; align-items: center; gap: 0 1em; max-width: {width}px">\n'
        f'<input type="range" min="0" max="{len(labels) - 1}" value="{at}" autocomplete="off" '
        f'data-lm-suppress-shortcuts="true" data-labels="{escape(json.dumps(labels))}" '
        f'aria-label="{name}" aria-valuetext="{label}" '
        f'style="flex: 1 1 12em; min-width: 0; margin: 0.5em 0" oninput="{escape(" ".join(_MOVED.split()))}">\n'
        f'<output aria-live="off" style="order: -1; min-width: min({longest}ch, 100%)">{name} {label}</output>\n</div>'
    )


def _require_labels(sliders: Mapping[str, Sequence[str]], start: Mapping[str, str]) -> None:
    if not sliders:
        raise ValueError("there is no slider; name what changes, with a label for each figure")
    for name, labels in sliders.items():
        if not labels or len(set(labels)) < len(labels):
            raise ValueError(f"the slider {name!r} has the labels {list(labels)}; give at least one, and each once")
    for name, label in start.items():
        if label not in sliders.get(name, ()):
            raise ValueError(f"the slider {name!r} cannot start at {label!r}; its labels are {sliders.get(name, ())}")


def _require_one_size(pictures: Sequence[bytes]) -> None:
    sizes = [_size(picture) for picture in pictures]
    for index, size in enumerate(sizes):
        if size != sizes[0]:
            found = "{} × {} pixels, the first {} × {}".format(*size, *sizes[0])
            raise ValueError(f"frame {index + 1} has {found}; draw all figures with the same figsize")


def _size(picture: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(picture)).size


def data_url(picture: bytes) -> str:
    """A PNG file as an address that holds the file itself.

    Example:
        >>> data_url(picture(Figure(figsize=(1, 1))))[:26]
        'data:image/png;base64,iVBO'
    """
    return f"data:image/png;base64,{base64.b64encode(picture).decode()}"


def picture(figure: Figure) -> bytes:
    """A figure as a PNG file on white ground; the figure is closed.

    Example:
        >>> Image.open(io.BytesIO(picture(Figure(figsize=(2, 1))))).size  # 200 dots an inch
        (400, 200)
    """
    file = io.BytesIO()
    with plt.rc_context({"savefig.bbox": None}):  # "tight" would give each frame a size of its own
        figure.savefig(file, format="png", dpi=100 * DOTS)
    plt.close(figure)
    image = Image.open(file)
    return _png(Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA")).convert("RGB"))


def _png(image: Image.Image) -> bytes:
    """With a palette, a quarter of the size. Maximum coverage keeps the colour of a few small points."""
    file = io.BytesIO()
    reduced = image.quantize(128, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    reduced.save(file, format="png", optimize=True)
    return file.getvalue()
