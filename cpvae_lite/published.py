"""What the readers of public data sets share: the form of what they return, and the folders they look in."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SIDE = 28  # pixels


@dataclass(frozen=True)
class Part:
    """Images of one published part of a data set, with labels by kind: (N, 28, 28) uint8, each (N,)."""

    images: np.ndarray
    labels: dict[str, np.ndarray]


def data_root() -> Path | None:
    """The folder that the environment variable CPVAE_LITE_DATA names, if it does."""
    named = os.environ.get("CPVAE_LITE_DATA")
    return Path(named).expanduser() if named else None


def cache_folder() -> Path:
    """Where downloads and derived files are kept: cpvae_lite in XDG_CACHE_HOME or ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cpvae_lite"
