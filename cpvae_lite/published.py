"""What the readers of public data sets share: the form of what they return, and the folders they look in."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cpvae_lite._arguments import expanded

SIDE = 28  # pixels


@dataclass(frozen=True)
class Part:
    """One published part of a data set.

    Attributes:
        images: (N, 28, 28) uint8.
        labels: by kind of label, each (N,).

    Example:
        >>> part = Part(np.zeros((2, SIDE, SIDE), np.uint8), {"digit": np.array([5, 0])})
        >>> len(part.images), part.labels["digit"].tolist()
        (2, [5, 0])
    """

    images: np.ndarray
    labels: dict[str, np.ndarray]


def data_root() -> Path | None:
    """The folder that the environment variable CPVAE_LITE_DATA names, if it does.

    Example:
        >>> from unittest.mock import patch
        >>> with patch.dict(os.environ, {"CPVAE_LITE_DATA": "data/sets"}):
        ...     data_root().as_posix()
        'data/sets'
        >>> with patch.dict(os.environ, {"CPVAE_LITE_DATA": ""}): print(data_root())
        None
    """
    named = os.environ.get("CPVAE_LITE_DATA")
    return expanded(named) if named else None


def cache_folder() -> Path:
    """Where downloads and derived files are kept: cpvae_lite in XDG_CACHE_HOME or ~/.cache.

    Example:
        >>> from unittest.mock import patch
        >>> with patch.dict(os.environ, {"XDG_CACHE_HOME": "/scratch/cache"}):
        ...     cache_folder().as_posix()
        '/scratch/cache/cpvae_lite'
    """
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cpvae_lite"
