"""Kernels of chapters under test talk through files of their own, not ports.

A manager picks ports that are free, and its kernel takes them a second later.
With two chapters at a time a port can be gone by then; the kernel dies before
it says a word, and every cell of its chapter fails with it.
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

import nbval.kernel
import pytest
from jupyter_client.manager import KernelManager


def _manager(folder: str, **options) -> KernelManager:
    """A manager whose kernel has its sockets in a folder of its own."""
    file = Path(tempfile.mkdtemp(dir=folder)) / "kernel.json"
    return KernelManager(transport="ipc", connection_file=str(file), **options)


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop():
    with (
        tempfile.TemporaryDirectory(prefix="kernels-") as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(nbval.kernel, "KernelManager", partial(_manager, folder))
        return (yield)
