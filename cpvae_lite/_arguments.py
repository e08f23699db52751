"""Checks of what a caller passes in, with errors of one line that name the cause and the way out."""

from __future__ import annotations

import difflib
import math
import numbers
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

LEAST, MOST = 1.2e-38, 3.4e38  # above zero and at most: what float32, in which models compute, holds at full precision


def whole_number(name: str, value: object, least: int = 1) -> int:
    """Return `value` as an int; raise unless it is a whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be a whole number, not {value!r}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, not {value}")
    return int(value)


def finite_number(name: str, value: object, *, least: float, strict: bool = False) -> float:
    """Return `value` as a float; raise unless it is finite, in float32 too, and at least (or above) `least`."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number, not {value!r}")
    if MOST < abs(value) < math.inf:
        raise ValueError(f"{name} must be finite: float32 holds at most {MOST:g}")
    number = float(value)
    if not math.isfinite(number) or number < least or (strict and number == least):
        raise ValueError(f"{name} must be finite and {'above' if strict else 'at least'} {least:g}, not {value}")
    if strict and least == 0 and number < LEAST:
        raise ValueError(f"{name} must be above 0 in float32, which holds {LEAST:g} or more, not {value}")
    return number


def height_and_width(shape: object) -> tuple[int, int]:
    """Return `shape` as two ints; raise unless it is a pair of whole numbers of at least 1."""
    if not isinstance(shape, Sequence) or len(shape) != 2:
        raise ValueError(f"shape must be (height, width), not {shape!r}")
    height, width = shape
    return whole_number("shape's height", height), whole_number("shape's width", width)


def expanded(path: str | Path) -> Path:
    """A path as a shell would take it: ~ is the user's home folder. Raises if it is empty, or not UTF-8."""
    if not str(path):
        raise ValueError("a path is empty; is a variable not set? '.' is the working directory")
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise ValueError(f"the path {str(path)!r} is not UTF-8; weights could not be read from it") from None
    return Path(path).expanduser()


def one_of(kind: str, name: object, known: Iterable[str], titles: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return `name` if it is one of `known`; raise with the nearest known name otherwise.

    `titles` is what some of them are called elsewhere, for whoever writes that.
    """
    known = list(known)
    if name in known:
        return str(name)
    lower = {title.lower(): each for each, title in titles.items()} | {each.lower(): each for each in known}
    near = difflib.get_close_matches(str(name).lower(), lower, n=1, cutoff=0.4)
    hint = f"; did you mean {lower[near[0]]!r}?" if near else "."
    raise ValueError(f"unknown {kind} {name!r}{hint} Known: {', '.join(known)}")


def said(error: BaseException, most: int | None = 300) -> str:
    """What an error says, for a message of our own: on one line, and cut where it gets long."""
    return " ".join(str(error).split())[:most]
