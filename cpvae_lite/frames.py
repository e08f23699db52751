"""A sequence of figures behind a slider, for a page with no kernel and no network."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from dataclasses import KW_ONLY, InitVar, dataclass, field
from html import escape

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from PIL import Image

# The slider finds its own block from `this`: no ids and no global names, so that sliders cannot disturb each other.
_MOVED = """
const block = this.closest('.cpvae-frames'), frames = block.querySelectorAll('img');
const label = frames[this.value].dataset.label;
frames.forEach((frame, index) => { frame.style.display = index == this.value ? 'block' : 'none'; });
block.querySelector('output').value = this.getAttribute('aria-label') + ' ' + label;
this.setAttribute('aria-valuetext', label);
"""


@dataclass(frozen=True, repr=False)
class Frames:
    """Pictures of figures, one in view at a time, with a slider below. A notebook shows it where a cell ends with it.

    Everything is within the output: it works in JupyterLab, in Colab and in the built book, offline. The last frame
    is in view at first, so a reader without scripts sees the outcome. A PDF has no slider and shows the last frame.

    Args:
        figures: drawn one at a time if they come from a generator. Each is closed after it is drawn, so that the
            notebook does not show it again.
        labels: one for each figure, such as the number of the epoch.
        name: what the slider moves along, such as "epoch"; it stands before the label in view.
        alt: what the pictures show, for people who do not see them. One text for all gets name and label added;
            a sequence holds one for each.

    Attributes:
        pictures: each frame as a PNG file.

    Raises:
        ValueError: if there are no figures, not one label (or alt text) for each, or figures of different sizes.

    Example:
        >>> from cpvae_lite.panels import curves, row
        >>> def line(slope):
        ...     figure, (panel,) = row()
        ...     curves(panel, [0, 1], {"": [0, slope]}, xlabel="x", ylabel="y")
        ...     return figure
        >>> Frames(map(line, [1, 2, 3]), ["1", "2", "3"], name="slope", alt="A line from 0 to the right")
        Frames('slope', 3 frames, '1' to '3')
    """

    figures: InitVar[Iterable[Figure]]
    labels: Sequence[str]
    _: KW_ONLY
    name: str
    alt: str | Sequence[str]
    pictures: tuple[bytes, ...] = field(init=False)

    def __post_init__(self, figures: Iterable[Figure]):
        images, labels = [_drawn(figure) for figure in figures], tuple(self.labels)
        if not images:
            raise ValueError("there are no figures to show; give at least one")
        if len(labels) != len(images):
            raise ValueError(f"{len(images)} figures but {len(labels)} labels; give one label for each figure")
        if isinstance(self.alt, str):
            alt = tuple(f"{self.alt}, {self.name} {label}" for label in labels)
        else:
            alt = tuple(self.alt)
        if len(alt) != len(images):
            raise ValueError(f"{len(images)} figures but {len(alt)} alt texts; give one text, or one for each figure")
        for label, image in zip(labels, images, strict=True):
            if image.size != images[0].size:
                sizes = "{} × {} pixels, the first {} × {}".format(*image.size, *images[0].size)
                raise ValueError(f"frame {label!r} has {sizes}; draw all figures with the same figsize")
        for key, value in (("labels", labels), ("alt", alt), ("pictures", tuple(map(_png, images)))):
            object.__setattr__(self, key, value)

    def __repr__(self) -> str:
        count = f"{len(self.labels)} frame{'s' * (len(self.labels) > 1)}"
        return f"Frames({self.name!r}, {count}, {self.labels[0]!r} to {self.labels[-1]!r})"

    def _repr_html_(self) -> str:
        """What a web page shows: Jupyter and the book prefer it to the PNG."""
        last, name, label = len(self.labels) - 1, escape(self.name), escape(self.labels[-1])
        width, height = Image.open(io.BytesIO(self.pictures[0])).size
        frames = "\n".join(
            f'<img src="data:image/png;base64,{base64.b64encode(picture).decode()}" alt="{escape(alt)}" '
            f'data-label="{escape(frame)}" width="{width}" height="{height}" '
            f'style="display: {"block" if index == last else "none"}; max-width: 100%; height: auto">'
            for index, (picture, alt, frame) in enumerate(zip(self.pictures, self.alt, self.labels, strict=True))
        )
        # JupyterLab would take the arrow keys for itself without data-lm-suppress-shortcuts. Firefox would put the
        # slider back where it was before a reload, but not the picture, without autocomplete="off". A screen reader
        # would say each label twice without aria-live="off". The script is escaped for Sphinx: its search index takes
        # the first ">" for the end of a tag.
        return (
            f'<div class="cpvae-frames" data-lm-suppress-shortcuts="true">\n{frames}\n'
            f'<input type="range" min="0" max="{last}" value="{last}" autocomplete="off" aria-label="{name}" '
            f'aria-valuetext="{label}" style="display: block; width: {width}px; max-width: 100%; margin: 0.5em 0" '
            f'oninput="{escape(" ".join(_MOVED.split()))}">\n'
            f'<output aria-live="off">{name} {label}</output>\n</div>'
        )

    def _repr_png_(self) -> bytes:
        """What a PDF shows."""
        return self.pictures[-1]


def _drawn(figure: Figure) -> Image.Image:
    file = io.BytesIO()
    with plt.rc_context({"savefig.bbox": None}):  # "tight" would give each frame a size of its own
        figure.savefig(file, format="png", dpi=100)
    plt.close(figure)
    image = Image.open(file)
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA")).convert("RGB")


def _png(image: Image.Image) -> bytes:
    """With a palette, a quarter of the size. Maximum coverage keeps the colour of a few small points."""
    file = io.BytesIO()
    reduced = image.quantize(128, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    reduced.save(file, format="png", optimize=True)
    return file.getvalue()
