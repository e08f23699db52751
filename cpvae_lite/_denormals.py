"""Numbers so small that a processor computes with them many times slower than with others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

TINY = 1e-39  # below the smallest normal float32


@contextmanager
def no_denormals() -> Iterator[None]:
    """Context in which this thread takes what is smaller than the smallest normal number for zero.

    So do threads of torch's that begin in it. Those that it has already keep to what they were told, so a program that
    is all for training says `torch.set_flush_denormal(True)` first of all.

    The gradient of a component or pseudo-input that is far from all images of a batch is that small, and so are the
    averages that Adam keeps of it.

    Example:
        >>> tiny = torch.tensor(TINY)
        >>> with no_denormals():
        ...     (tiny * 1).item()
        0.0
        >>> (tiny * 1).item() > 0
        True
    """
    before = _are_flushed()
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)


def _are_flushed() -> bool:
    return (torch.tensor(TINY) * 1).item() == 0.0
