"""Figures that a function draws, behind sliders: drawn beforehand for any page, and on demand where a kernel runs.

Nobody can tell from within a kernel whether a person is at the other end or a tool that builds a page. So one cell
gives both: the frames as plain HTML, and a widget that shows nothing. Where a kernel runs, the widget's script asks
it for the values between the frames, and once it is answered, lets the sliders stop there too. In a built page nobody
answers, and the frames stay what they are.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise, product
from numbers import Integral, Real
from uuid import uuid4

from matplotlib.figure import Figure

from cpvae_lite.figures.frames import Frames, data_url, picture
from cpvae_lite.figures.views import View, display, script, traitlets

Value = float | int | str
STOPS = 10  # from one frame to the next, where a kernel runs


def slides(
    function: Callable[..., Figure],
    /,
    *,
    caption: str,
    alt: str | Callable[..., str],
    names: Mapping[str, str] | None = None,
    start: Mapping[str, Value] | None = None,
    **values: Sequence[Value],
) -> Slides:
    """A slider for each parameter of a function that draws a figure. A notebook shows it where a cell ends with it.

    The figures at the given values are drawn at once, all combinations of them, and lie in the page: it needs no
    kernel and no network to slide through them. Where there is a kernel, the sliders also stop between two numbers,
    and the function draws what belongs there.

    Args:
        function: takes the parameters by name and returns a figure, of the same size for all values.
        caption: what to see, and what to move; plain text.
        alt: what the figure shows, for people who do not see it: one text, to which the values are added, or a
            function of the parameters.
        names: of the parameters, as they stand beside the slider; the parameter's own where nothing is said.
        start: the value where a slider stands at first; the last one where nothing is said.
        values: for each parameter those to draw beforehand, in order: numbers, or words.

    Raises:
        ValueError: if a parameter has no values, a name is of no parameter, or a start is not among the values, and
            as :class:`cpvae_lite.figures.frames.Frames` does.

    Example:
        >>> from cpvae_lite.figures.panels import curves, row
        >>> def line(slope, offset):
        ...     figure, (panel,) = row()
        ...     curves(panel, [0, 1], {"": [offset, offset + slope]}, xlabel="x", ylabel="y")
        ...     return figure
        >>> slides(line, slope=[-1, 0, 1], offset=[0.0, 0.5], caption="Any line.", alt="A straight line")
        Slides(slope: '-1' to '1', offset: '0' to '0.5')
    """
    for kind, keys in (("name", names or {}), ("start", start or {})):
        if unknown := set(keys) - set(values):
            raise ValueError(f"there is a {kind} for {', '.join(sorted(unknown))}, but values for {', '.join(values)}")
    return Slides(function, values, names or {}, start or {}, alt, caption)


class Slides:
    """What :func:`slides` returns.

    Attributes:
        frames: what was drawn beforehand.
        stops: for each parameter the values where its slider stops if there is a kernel.

    Example:
        >>> def grey(shade):
        ...     return Figure(figsize=(1, 1), facecolor=str(shade))
        >>> found = slides(grey, shade=[0.0, 0.5], caption="Move the slider.", alt="A grey")
        >>> found, len(found.frames.pictures), found.stops["shade"][:3]
        (Slides(shade: '0' to '0.5'), 2, [0.0, 0.05, 0.1])
    """

    def __init__(
        self,
        function: Callable[..., Figure],
        values: Mapping[str, Sequence[Value]],
        names: Mapping[str, str],
        start: Mapping[str, Value],
        alt: str | Callable[..., str],
        caption: str,
    ):
        self._function, self._alt = function, alt
        self._names = {key: names.get(key, key) for key in values}
        self.stops = {key: finer(given) for key, given in values.items()}
        grid = [dict(zip(values, chosen, strict=True)) for chosen in product(*values.values())]
        self.frames = Frames(
            (function(**at) for at in grid),
            {self._names[key]: [label(value) for value in given] for key, given in values.items()},
            alt=[self._described(at) for at in grid],
            caption=caption,
            start={self._names[key]: label(value) for key, value in start.items()},
        )
        drawn = zip(grid, self.frames.pictures, self.frames.alt, strict=True)
        self._drawn = {tuple(at.values()): (png, text) for at, png, text in drawn}

    def __repr__(self) -> str:
        return repr(self.frames).replace("Frames", "Slides", 1)

    def draw(self, places: Sequence[int]) -> tuple[bytes, str]:
        """The picture, as a PNG file, and its alt text where each slider stands at a place among its stops.

        Args:
            places: of the sliders, in the order of the parameters. What was drawn before is not drawn again.

        Raises:
            IndexError: if a slider has no such place.
            ValueError: if there is not one place for each slider.

        Example:
            >>> grey = lambda shade: Figure(figsize=(1, 1), facecolor=str(shade))
            >>> found = slides(grey, shade=[0.0, 0.5], caption="Move the slider.", alt="A grey")
            >>> png, alt = found.draw([1])
            >>> png[1:4], alt, png == found.frames.pictures[0]
            (b'PNG', 'A grey, shade 0.05', False)
        """
        at = {key: stops[place] for (key, stops), place in zip(self.stops.items(), places, strict=True)}
        chosen = tuple(at.values())
        if chosen not in self._drawn:
            self._drawn[chosen] = picture(self._function(**at)), self._described(at)
        return self._drawn[chosen]

    def _described(self, at: Mapping[str, Value]) -> str:
        if callable(self._alt):
            return self._alt(**at)
        return ", ".join([self._alt, *(f"{self._names[key]} {label(value)}" for key, value in at.items())])

    def _ipython_display_(self) -> None:
        kernel = _Kernel(self)
        png = self.frames._repr_png_()
        shown = {"text/html": self.frames.html(kernel.key), "image/png": base64.b64encode(png).decode()}
        display(shown | {"text/plain": repr(self)}, raw=True)
        bundle, metadata = kernel._repr_mimebundle_()
        display(bundle | {"text/plain": ""}, metadata=metadata, raw=True)  # a PDF would print its name


class _Kernel(View):
    """Shows nothing; its script finds the frames by their key and asks for those between."""

    _esm = script("sliding")
    key = traitlets.Unicode().tag(sync=True)

    def __init__(self, slides: Slides):
        super().__init__(key=uuid4().hex)
        self._slides = slides
        self.on_msg(lambda _, asked, __: self.send(self._answer(asked)))

    def _answer(self, asked: dict) -> dict:
        """To a page that comes: where its sliders can stop; to one that moves a slider: what to show."""
        if "places" not in asked:
            return {"labels": [[label(value) for value in stops] for stops in self._slides.stops.values()]}
        try:
            png, alt = self._slides.draw(asked["places"])
        except Exception as error:  # there is no cell below which it could be raised, only the page
            return {"places": asked["places"], "error": f"{type(error).__name__}: {error}"}
        return {"places": asked["places"], "picture": data_url(png), "alt": alt}


def label(value: Value) -> str:
    """How a value stands beside its slider.

    Example:
        >>> label(0.30000000000000004), label(20), label("blind")
        ('0.3', '20', 'blind')
    """
    return f"{value:.4g}" if isinstance(value, Real) and not isinstance(value, Integral) else str(value)


def finer(values: Sequence[Value]) -> list[Value]:
    """The values with up to nine more between each two that are numbers; whole numbers stay whole.

    Example:
        >>> finer([2, 4, 5]), finer(["a", "b"])
        ([2, 3, 4, 5], ['a', 'b'])
    """
    values = list(values)
    if not all(isinstance(value, Real) for value in values):
        return values
    return [stop for left, right in pairwise(values) for stop in _stops(left, right)] + values[-1:]


def _stops(left: float, right: float) -> list[float]:
    """From one value up to the next, without that one."""
    if isinstance(left, Integral) and isinstance(right, Integral):
        count = min(STOPS, abs(right - left))
        return [round(left + (right - left) * index / count) for index in range(count)]
    return [left + (right - left) * index / STOPS for index in range(STOPS)]
