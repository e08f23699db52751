"""What interactive views share: a script that needs no kernel, a caption, and a still picture for where none runs."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path
from textwrap import shorten

from matplotlib.figure import Figure

from cpvae_lite.figures.frames import data_url, picture

try:
    import anywidget
    import ipywidgets
    import traitlets  # noqa: F401 (with the others here: one message says what to install)
    from IPython.display import display
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"interactive views need {error.name}, which is not installed: pip install 'cpvae_lite[book]'"
    ) from error

_SCRIPTS = Path(__file__).parents[1] / "javascript"


def script(*names: str) -> str:
    """The files of `javascript/` that a view needs, as one module: a page without a kernel can fetch nothing else.

    Args:
        names: without ".js"; the last one holds the `export default`.

    Raises:
        FileNotFoundError: if there is no such file.

    Example:
        >>> script("nothing")
        'export default {};\\n'
        >>> module = script("lines", "figures", "normal", "mixture")
        >>> module.count("export default"), module.startswith("// Lines and bars in SVG")
        (1, True)
    """
    return "\n".join((_SCRIPTS / f"{name}.js").read_text(encoding="utf-8") for name in names)


def style(name: str) -> str:
    """A style sheet of `javascript/`.

    Args:
        name: without ".css".

    Raises:
        FileNotFoundError: if there is no such file.

    Example:
        >>> ".cpvae-map" in style("decoder")
        True
    """
    return (_SCRIPTS / f"{name}.css").read_text(encoding="utf-8")


class View(anywidget.AnyWidget):
    """A widget whose script runs in the page itself: in JupyterLab, in Colab, and in the built book, offline.

    Subclasses set `_esm` to a :func:`script` and declare traits, which `ipywidgets.jslink` ties to those of other
    widgets, so that they move together without Python.

    Example:
        >>> class Counter(View):
        ...     _esm = "export default { render({ model, el }) { el.textContent = model.get('count'); } }"
        ...     count = traitlets.Int(3).tag(sync=True)
        >>> Counter(), Counter().count
        (Counter(), 3)
    """

    def __repr__(self) -> str:
        # The inherited text lists every trait, with all weights among them.
        return f"{type(self).__name__}()"


class SliderNames(View):
    """Gives the sliders of an :class:`Interactive` their names for screen readers; it shows nothing."""

    _esm = script("slider_names")


class Interactive(ipywidgets.VBox):
    """Widgets below one another with a caption. Where scripts do not run, a still picture takes their place.

    Args:
        children: widgets.
        caption: what to see, and what to move; plain text.
        still: a figure of the same, as it looks before anything is moved; it is closed.
        alt: what the still picture shows, for people who do not see it.

    Raises:
        ValueError: if the caption or the alt text is empty.

    Example:
        >>> from matplotlib.figure import Figure
        >>> Interactive(ipywidgets.IntSlider(), caption="Move it.", still=Figure(figsize=(1, 1)), alt="A slider.")
        Interactive('Move it.')
    """

    def __init__(self, *children: ipywidgets.Widget, caption: str, still: Figure, alt: str):
        for name, text in (("caption", caption), ("alt", alt)):
            if not text.strip():
                raise ValueError(f"{name} is empty; say in words what there is to see")
        super().__init__([*children, SliderNames()])
        self.add_class("cpvae-interactive")
        self._caption, self._alt, self._still = caption, alt, picture(still)

    def __repr__(self) -> str:
        return f"Interactive({shorten(self._caption, 40, placeholder=' ...')!r})"

    def _ipython_display_(self) -> None:
        # Two outputs, because a page shows one form of each: this one holds for readers without scripts, too.
        still = f'<noscript><img src="{data_url(self._still)}" alt="{escape(self._alt)}"></noscript>'
        caption = f'<p class="cpvae-caption">{escape(self._caption)}</p>'
        # A PDF, or a page that shows no widgets, takes the picture.
        png = base64.b64encode(self._still).decode()
        display(self._repr_mimebundle_() | {"image/png": png, "text/plain": repr(self)}, raw=True)
        display({"text/html": still + caption, "text/plain": self._caption}, raw=True)


def slider(
    description: str,
    trait: str,
    view: View,
    *others: View,
    kind: type[ipywidgets.Widget] = ipywidgets.FloatSlider,
    **limits: float | str,
) -> ipywidgets.Widget:
    """A slider that starts where a trait of a view stands, and then moves it there and in others.

    Args:
        description: what stands beside it.
        trait: of the views.
        view, others: what it moves.
        kind: of slider.
        limits: what that kind takes, such as min, max and step.

    Raises:
        ValueError: if the view stands outside the limits.

    Example:
        >>> from cpvae_lite.figures.toys import AggregatedView
        >>> slider("width", "width", AggregatedView(), min=0, max=2).value
        0.4
    """
    start = getattr(view, trait)
    control = kind(
        start,
        description=description,
        style={"description_width": "12em"},
        layout={"width": "28em", "max_width": "100%"},
        **limits,
    )
    if control.value != start:
        raise ValueError(f"{trait} is {start}, outside the limits of the slider {description!r}: {limits}")
    return tied(control, trait, view, *others)


def tied(control: ipywidgets.Widget, trait: str, *views: View) -> ipywidgets.Widget:
    """A control whose value a trait of each view follows, without Python.

    Args:
        control: with a "value".
        trait: of the views.
        views: what it moves, in the page.

    Example:
        >>> from cpvae_lite.figures.toys import MixtureView
        >>> tied(ipywidgets.Checkbox(description="posterior follows the prior"), "follows", MixtureView()).value
        False
    """
    for view in views:
        ipywidgets.jslink((control, "value"), (view, trait))
    return control
