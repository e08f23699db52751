"""What the first cell of a chapter does: say what the chapter runs on and how long it takes, and sharpen figures."""

from __future__ import annotations

import torch
from IPython import get_ipython
from matplotlib_inline.backend_inline import set_matplotlib_formats


def welcome(duration: str, *, gpu: bool = False) -> None:
    """Print the device that was found, and how long the chapter takes; figures get two dots for each pixel of the page.

    Args:
        duration: of the chapter on two CPU cores, in words, as "about a minute".
        gpu: whether the chapter trains on a GPU where there is one.

    Example:
        >>> welcome("about a minute")  # doctest: +ELLIPSIS
        Found ... CPU thread... This chapter takes about a minute on two CPU cores...
    """
    if get_ipython():  # outside a notebook there is nobody to show figures to
        set_matplotlib_formats("retina")
    threads = torch.get_num_threads()  # that PyTorch computes with
    found, takes = f"{threads} CPU thread{'s' * (threads > 1)}", f"{duration} on two CPU cores"
    if torch.cuda.is_available():
        found = f"{torch.cuda.get_device_name()} and {found}"
        takes += "; here it trains on the GPU" if gpu else "; it does not use the GPU"
    elif threads == 1:
        takes += ", and up to twice that here"
    print(f"Found {found}. This chapter takes {takes}.")
