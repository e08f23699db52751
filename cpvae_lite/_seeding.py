"""Random numbers that follow from a seed and leave the caller's random state alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
import torch

from cpvae_lite._arguments import one_of, whole_number

_IN_USE = threading.RLock()  # torch's random numbers are one stream for all threads


@contextmanager
def seeded(*entropy: int, device: torch.device | str = "cpu") -> Iterator[None]:
    """Context in which torch's random numbers, on the CPU and on `device`, follow from whole numbers `entropy` alone.

    Raises:
        TypeError, ValueError: if one is no whole number of at least 0.
        ValueError: if the device is neither a CPU nor of CUDA: its random numbers would not follow.
        RuntimeError: if another thread is in such a context: what both draw would follow from neither seed.

    Example:
        >>> with seeded(0, 7): first = torch.rand(2)  # run 0, epoch 7
        >>> with seeded(0, 7): again = torch.rand(2)
        >>> torch.equal(first, again)
        True
    """
    for number in entropy:
        whole_number("seed", number, least=0)
    device = torch.device(device)
    one_of("device", device.type, ("cpu", "cuda"))
    cuda = [torch.cuda.current_device() if device.index is None else device.index] if device.type == "cuda" else []
    if not _IN_USE.acquire(blocking=False):
        raise RuntimeError(
            "another thread trains, draws or measures with a seed; all threads share torch's random numbers, so neither"
            " would be what its seed says: use processes, not threads"
        )
    with ExitStack() as until_done:
        until_done.callback(_IN_USE.release)
        until_done.enter_context(torch.random.fork_rng(devices=cuda))
        # The length goes in, because SeedSequence takes (0,) and (0, 0) for the same.
        seed = int(np.random.SeedSequence((len(entropy), *entropy)).generate_state(1, np.uint64)[0] >> np.uint64(1))
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would seed devices that are not forked
        for index in cuda:
            torch.cuda.default_generators[index].manual_seed(seed)
        yield
