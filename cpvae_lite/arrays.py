"""Checks of a user's own arrays, on their way to tensors."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

MOST_LABELS = 100_000  # each has a name and a column in tables
COLOURS = {3, 4}  # how many values a pixel in colour has, without and with transparency


def as_array(values) -> np.ndarray:
    """A tensor, wherever it is, or a nested list, as an array.

    Raises:
        ValueError: if rows of a list differ in size, or if numbers are masked.
        TypeError: of a data set of torch, whose rows are pairs of data and label.

    Example:
        >>> as_array(torch.ones(2, requires_grad=True))
        array([1., 1.], dtype=float32)
    """
    if np.ma.is_masked(values):
        raise ValueError("some numbers are masked; fill them first, as with numpy.ma.filled")
    if isinstance(values, torch.utils.data.Dataset):
        raise TypeError(f"a {type(values).__name__} is no array; give what it holds, as its .data and .targets")
    if not isinstance(values, Tensor):
        try:
            return np.asarray(values)
        except ValueError as error:
            raise ValueError(f"the rows differ in size; bring all to one shape ({error})") from error
    tensor = values.detach().cpu()
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()  # numpy has no bfloat16


def shape_of_one(data, kind: str = "real") -> tuple[int, ...]:
    """The shape of one observation; a plain number counts as (1,), and grey images may have an axis for their channel.

    Args:
        data: the first axis counts observations.
        kind: "images" or "real".

    Example:
        >>> shape_of_one(np.zeros((100, 28, 28))), shape_of_one([0.3, 0.7])
        ((28, 28), (1,))
        >>> shape_of_one(np.zeros((100, 1, 28, 28)), "images"), shape_of_one(np.zeros((100, 28, 28, 1)), "images")
        ((28, 28), (28, 28))
    """
    shape = as_array(data).shape[1:] or (1,)
    if kind != "images" or len(shape) != 3 or 1 not in (shape[0], shape[2]):
        return shape
    return shape[1:] if shape[0] == 1 else shape[:2]


def observations(data, kind: str, what: str) -> Tensor:
    """`data` as a tensor (N, features), uint8 for images and float32 for real values.

    Raises:
        TypeError, ValueError: if it is empty, not finite, out of range, or holds no numbers; `what` names it.

    Example:
        >>> observations([[[0.0, 1.0], [0.2, 0.0]]], "images", "data")
        tensor([[  0, 255,  51,   0]], dtype=torch.uint8)
    """
    array = as_array(data)
    if array.ndim == 0:
        raise TypeError(
            f"{what}: {type(data).__name__} is no array; for a folder of images there is Dataset.from_folder"
        )
    if array.size == 0:
        raise ValueError(f"{what}: an empty set, of shape {array.shape}")
    if array.dtype.kind not in "buif":
        raise TypeError(f"{what}: dtype {array.dtype} holds no numbers that can be used")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        where = tuple(map(int, np.argwhere(~np.isfinite(array))[0]))
        raise ValueError(f"{what}: NaN or infinity at index {where}")
    convert = _as_uint8 if kind == "images" else _as_float32
    return torch.from_numpy(convert(array, what)).reshape(len(array), -1)


def names_in(labels: Mapping[str, object]) -> tuple[str, ...]:
    """The names that labels have, sorted; none if they are numbers.

    Args:
        labels: of each part of the data, by what it is called in messages; None where there are none.

    Raises:
        TypeError: if only some of them are names.

    Example:
        >>> names_in({"data": ["dress", "boot", "dress"], "test data": ["bag"]})
        ('bag', 'boot', 'dress')
        >>> names_in({"data": [2, 0], "test data": None})
        ()
    """
    arrays = {what: _label_array(given) for what, given in labels.items() if given is not None}
    arrays = {what: array for what, array in arrays.items() if array.size}
    named = {
        what: array
        for what, array in arrays.items()
        if array.dtype.kind == "O" and any(isinstance(label, str) for label in array.flat)
    }
    for what, array in named.items():
        for index, label in enumerate(array.flat):
            if not isinstance(label, str):
                raise TypeError(f"labels of {what} are names, but for {label!r} at index {index}")
    if named and (others := arrays.keys() - named.keys()):
        raise TypeError(f"labels of {next(iter(named))} are names, those of {sorted(others)[0]} are not")
    return tuple(sorted({str.__str__(name) for array in named.values() for name in array.flat}))


def labels_of(labels, count: int, what: str, names: tuple[str, ...] = ()) -> Tensor:
    """`labels` as a tensor (count,) of int64: a name becomes its place in `names`.

    Raises:
        TypeError, ValueError: if they are not `count` whole numbers from 0, or names; `what` names their data.

    Example:
        >>> labels_of(["boot", "bag"], 2, "data", names=("bag", "boot"))
        tensor([1, 0])
        >>> labels_of([2, 0], 3, "data")
        Traceback (most recent call last):
        ValueError: labels of data have shape (2,); there are 3 rows
    """
    array = _label_array(labels)
    if names and array.size:
        place = {name: index for index, name in enumerate(names)}
        array = np.array([place[str.__str__(name)] for name in array.flat]).reshape(array.shape)
    if array.dtype.kind not in "biu":
        raise TypeError(f"labels of {what} must be whole numbers or names, not {array.dtype}")
    if array.shape != (count,):
        raise ValueError(f"labels of {what} have shape {array.shape}; there are {count} rows")
    if array.min() < 0:
        raise ValueError(f"labels of {what} must not be negative")
    if array.max() >= MOST_LABELS:
        raise ValueError(f"labels of {what} must be below {MOST_LABELS:,}: number the classes from 0")
    return torch.from_numpy(array.astype(np.int64))


def _label_array(labels) -> np.ndarray:
    """Names stay the objects that they are: numpy would make strings of what stands between them."""
    array = as_array(labels)
    return np.array(labels, dtype=object) if array.dtype.kind in "UT" else array


def _as_uint8(array: np.ndarray, what: str) -> np.ndarray:
    if array.ndim == 4 and 1 not in array.shape[1:4:2] and {array.shape[1], array.shape[3]} & COLOURS:
        raise ValueError(
            f"{what}: images of shape {array.shape[1:]} have colours; make them grey first, (height, width)"
        )
    top = {"b": 1, "f": 1}.get(array.dtype.kind, 255)
    low, high = array.min(), array.max()
    if array.dtype.kind in "ui" and high == 1:
        raise ValueError(f"{what}: whole numbers 0 and 1 would be almost black; binary images are booleans or floats")
    if low < 0 or high > top:
        raise ValueError(
            f"{what}: pixels from {low} to {high}; images hold whole numbers 0..255 or floats in [0, 1]"
            " (kind='real' takes any finite value)"
        )
    return np.rint(array * (255.0 / top)).astype(np.uint8) if top == 1 else array.astype(np.uint8)


def _as_float32(array: np.ndarray, what: str) -> np.ndarray:
    with np.errstate(over="ignore"):
        values = array.astype(np.float32)
    if not np.isfinite(values).all():
        raise ValueError(f"{what}: values beyond what float32 holds")
    return values
