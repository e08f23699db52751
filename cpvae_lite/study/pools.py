"""Runs side by side, each in a process of its own, and what they report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from cpvae_lite.study.own_process import Job, OwnProcess


@dataclass(frozen=True)
class Report:
    """News of a run.

    Attributes:
        name: of the run.
        epochs: done so far; None when it has ended.
        begins: whether a process begins with it or, after the death of another, goes on.
        fault: what it ended with; "" if nothing went wrong.

    Example:
        >>> again, end = Report("synthetic/vae-seed0", epochs=12, begins=True), Report("synthetic/vae-seed0")
        >>> again.epochs, end.epochs, end.fault  # it goes on after epoch 12, and ends well
        (12, None, '')
    """

    name: str
    epochs: int | None = None
    begins: bool = False
    fault: str = ""


@contextmanager
def local_pool(jobs: Sequence[Job], at_a_time: int, tell: Callable[[Report], None]) -> Iterator[None]:
    """Context in which jobs are done on this machine; what it leaves unfinished is stopped, and keeps its checkpoint.

    Args:
        jobs: each has a process of its own; one that dies is started again, and the others do not notice.
        at_a_time: how many.
        tell: called with each report, from other threads.

    Raises:
        ValueError: if `at_a_time` is below 1.
    """
    processes = [OwnProcess(job.text()) for job in jobs]
    with ThreadPoolExecutor(at_a_time) as threads:
        try:
            for job, process in zip(jobs, processes, strict=True):
                future = threads.submit(process.run, partial(_tell_epochs, tell, job.name))
                future.add_done_callback(partial(_tell_end, tell, job.name))
            yield
        finally:
            for process in processes:
                process.stop()


def _tell_epochs(tell: Callable[[Report], None], name: str, epochs: int, begins: bool) -> None:
    tell(Report(name, epochs, begins))


def _tell_end(tell: Callable[[Report], None], name: str, future: Future) -> None:
    error = future.exception()
    tell(Report(name, fault=f"{type(error).__name__}: {error}" if error else future.result()))
