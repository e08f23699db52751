"""A training step that is recorded once and then replayed: on a GPU, one launch for all its kernels (a CUDA graph).

With batches of 100 a GPU is done with a kernel before Python has launched the next one. A recording holds kernels and
addresses, and nothing of Python: what changes from step to step has to be in tensors that stay where they are, and
nothing in a step may wait for the device.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

WARM_UP = 3  # steps before the recording: they make what is made only once, as Adam's moments and compiled code

Step = Callable[[], Tensor]


def repeated(step: Step, record: Callable[[Step], Step]) -> Iterator[Tensor]:
    """The results of one step that is taken again and again: the first `WARM_UP` times as it is, then as recorded.

    Args:
        step: finds what it works on in tensors that stay where they are.
        record: makes a replay out of a step, without taking it; see :func:`recorder`.

    Example:
        >>> total = torch.zeros(())
        >>> steps = repeated(lambda: total.add_(1).clone(), recorder(torch.device("cpu")))
        >>> [next(steps).item() for _ in range(5)]
        [1.0, 2.0, 3.0, 4.0, 5.0]
    """
    for _ in range(WARM_UP):
        yield step()
    replay = record(step)
    while True:
        yield replay()


def recorder(device: torch.device) -> Callable[[Step], Step]:
    """How steps are recorded on a device: as a CUDA graph on a GPU; elsewhere not at all.

    Args:
        device: where the tensors of the step are.

    Returns:
        :func:`cuda_graph` or :func:`as_it_is`, which turn a step into its replay.

    Example:
        >>> recorder(torch.device("cpu")).__name__, recorder(torch.device("cuda")).__name__
        ('as_it_is', 'cuda_graph')
    """
    return cuda_graph if device.type == "cuda" else as_it_is


def as_it_is(step: Step) -> Step:
    """No recording: every replay is the step itself.

    Example:
        >>> total = torch.zeros(())
        >>> replay = as_it_is(lambda: total.add_(1))
        >>> total.item(), replay().item()  # it was not taken before
        (0.0, 1.0)
    """
    return step


def cuda_graph(step: Step) -> Step:
    """Record a step on the current stream, which must be one of our own (see :func:`own_stream`).

    A replay draws the random numbers that the step would draw: they follow from the generator's state at that time.

    Args:
        step: taken `WARM_UP` times before, as :func:`repeated` does.

    Returns:
        The replay: a function that takes the step again on the GPU, and returns a copy of its result.

    Raises:
        RuntimeError: if the step cannot be recorded.
    """
    graph = torch.cuda.CUDAGraph()
    try:
        with torch.cuda.graph(graph, stream=torch.cuda.current_stream()):
            result = step()
    except RuntimeError as error:
        raise RuntimeError(
            f"the training step cannot be recorded as a CUDA graph: {error}\nNothing in a model may wait for the GPU,"
            " as .item() does, and no loss computed from it before training may be kept together with its gradient"
        ) from error

    def replay() -> Tensor:
        graph.replay()
        return result.clone()  # the next replay overwrites it

    return replay


@contextmanager
def own_stream(device: torch.device) -> Iterator[None]:
    """On a GPU, what is inside runs on a stream of its own, as a recording must; in order with what is outside.

    Elsewhere it changes nothing.

    Example:
        >>> device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        >>> numbers = torch.arange(5, device=device)
        >>> with own_stream(device):
        ...     total = numbers.sum()  # waits for what was asked for before
        >>> total.item()
        10
    """
    if device.type != "cuda":
        yield
        return
    outside, inside = torch.cuda.current_stream(device), torch.cuda.Stream(device)
    inside.wait_stream(outside)
    try:
        with torch.cuda.stream(inside):
            yield
    finally:
        outside.wait_stream(inside)
