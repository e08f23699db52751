"""Time several functions side by side, so that a noisy machine is noisy for all of them alike."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable

import torch


def interleaved(functions: dict[str, Callable], rounds: int = 15, calls: int = 3) -> dict[str, float]:
    """The median seconds a call of each function, which take turns."""
    for function in functions.values():  # warm caches, compile
        for _ in range(3):
            function()
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            start = time.perf_counter()
            for _ in range(calls):
                function()
            seconds[name].append((time.perf_counter() - start) / calls)
    return {name: statistics.median(values) for name, values in seconds.items()}


def thread_counts() -> list[int]:
    """One thread, and all."""
    return sorted({1, os.cpu_count() or 1})


def print_machine() -> None:
    """Say what the figures below were measured on."""
    cpu = torch.backends.cpu.get_cpu_capability()
    print(f"{platform.machine()}, {os.cpu_count()} cores, {cpu}, torch {torch.__version__}")
