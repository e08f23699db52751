"""What the commands of the command line share."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from cpvae_lite._arguments import said, whole_number
from cpvae_lite.steps import NotFiniteError

FAILED = 1  # of a check, or of some runs
INTERRUPTED, BROKEN_PIPE, TERMINATED = 130, 141, 143  # what a shell reports of programs that such a signal ended
ERRORS = (ValueError, TypeError, OSError, RuntimeError, MemoryError, NotFiniteError)  # that the user can mend


ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP: other ways to ask for an orderly end, as schedulers, `timeout` and a closed terminal do."""


@contextmanager
def heeding_signals() -> Iterator[None]:
    """Context in which such a signal raises :class:`Terminated`; only the main thread may ask for that.

    One that is ignored, as SIGHUP under `nohup`, stays so.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_) -> None:
        raise Terminated

    before = {each: signal.getsignal(each) for each in ENDING}
    heeded = [each for each, handler in before.items() if handler is not signal.SIG_IGN]
    for each in heeded:
        signal.signal(each, end)
    try:
        yield
    finally:
        for each in heeded:
            signal.signal(each, before[each])


def say(text: str) -> None:
    """Talk on stderr; stdout is for results."""
    print(text, file=sys.stderr)


def one_line(error: BaseException) -> str:
    """An error as the user reads it."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    return said(error, most=None) or type(error).__name__


def refuse(options: argparse.Namespace, names: tuple[str, ...], reason: str) -> None:
    """Raise if one of these options was given."""
    given = [f"--{name.replace('_', '-')}" for name in names if getattr(options, name) is not None]
    if given:
        raise ValueError(f"{', '.join(given)}: only {reason}")


def set_threads(options: argparse.Namespace) -> None:
    """Use as many CPU threads as `--threads` says."""
    if options.threads is not None:
        torch.set_num_threads(whole_number("--threads", options.threads))


def device_named(name: str) -> torch.device:
    """The device that `--device` means on this machine.

    Raises:
        ValueError: if it is "cuda" and there is none.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("--device cuda: torch sees no CUDA device here; use --device cpu or auto")
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(name)
