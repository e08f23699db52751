"""What the first cell of a chapter prints: what the chapter runs on, and how long it takes."""

from __future__ import annotations

import torch
from joblib import cpu_count


def welcome(duration: str, *, gpu: bool = False) -> None:
    """Print the device that was found, and how long the chapter takes.

    Args:
        duration: of the chapter on two CPU cores, in words, as "about a minute".
        gpu: whether the chapter trains on a GPU where there is one.

    Example:
        >>> welcome("about a minute")  # doctest: +ELLIPSIS
        Found ... CPU core... This chapter takes about a minute on two CPU cores...
    """
    cores = cpu_count()  # in a container, as on Binder, those that it may use
    found, takes = f"{cores} CPU core{'s' * (cores > 1)}", f"{duration} on two CPU cores"
    if torch.cuda.is_available():
        found = f"{torch.cuda.get_device_name()} and {found}"
        takes += "; here it trains on the GPU" if gpu else "; it does not use the GPU"
    elif cores == 1:
        takes += ", and up to twice that here"
    print(f"Found {found}. This chapter takes {takes}.")
