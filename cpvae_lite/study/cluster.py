"""The same runs on a Dask cluster: a worker that gets one starts a process for it and follows that."""

from __future__ import annotations

import asyncio
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4
from zlib import crc32

import torch

from cpvae_lite._commands import one_line
from cpvae_lite._version import __version__
from cpvae_lite.study.own_process import Job, OwnProcess
from cpvae_lite.study.pools import Report

if TYPE_CHECKING:
    from distributed import Client, Future

TIMEOUT = 5  # seconds for a scheduler to answer


@contextmanager
def cluster_pool(jobs: Sequence[Job], scheduler: str, tell: Callable[[Report], None]) -> Iterator[None]:
    """Context in which jobs are done on an existing Dask cluster; a job whose worker dies goes on at another.

    What has not begun when the context ends is cancelled; a warning names what goes on.

    Args:
        jobs: at least one, all with one folder, which exists, and which every worker sees under the same name.
        scheduler: its address, as ``"tcp://10.0.0.1:8786"``.
        tell: called with each report, from other threads.

    Raises:
        ValueError: if there are no jobs.
        ConnectionError: if no scheduler answers.
        RuntimeError: if `distributed` is not installed, or if a worker lacks cpvae_lite, has another version of it or
            of torch, or does not see the folder.
    """
    if not jobs:
        raise ValueError("a cluster needs at least one job")
    folder, under_way = jobs[0].folder, set()
    with _connected(scheduler) as client:
        _require_fit(client, folder)
        client.subscribe_topic(_topic(folder), lambda event: _note(Report(*event[1]), under_way, tell))
        futures = {job.name: _submitted(client, job) for job in jobs}
        for name, future in futures.items():
            future.add_done_callback(lambda done, name=name: _note(Report(name, fault=_fault(done)), under_way, tell))
        try:
            yield
        finally:
            left = sorted(under_way & futures.keys())
            client.cancel(list(futures.values()))
            if left:
                warnings.warn(f"the cluster goes on with {', '.join(left)}; the rest is cancelled", stacklevel=3)


def _note(report: Report, under_way: set[str], tell: Callable[[Report], None]) -> None:
    if report.epochs is None:
        under_way.discard(report.name)
    else:
        under_way.add(report.name)
    tell(report)


def _connected(scheduler: str) -> Client:
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise RuntimeError(f"a cluster needs Dask ({error}): pip install 'cpvae_lite[cluster]'") from error
    with ThreadPoolExecutor(1) as thread:  # a notebook has an event loop in this one
        try:
            kind = thread.submit(asyncio.run, _kind(scheduler)).result()
        except Exception as error:  # whatever answers there may answer anything
            raise ConnectionError(f"no Dask scheduler answers at {scheduler}: {one_line(error)}") from error
    if kind != "Scheduler":
        raise ConnectionError(f"{scheduler} is the address of a {kind.lower()}; give that of its scheduler")
    return Client(scheduler, timeout=TIMEOUT, name="cpvae-lite", set_as_default=False)


async def _kind(address: str) -> str:
    """What listens there: Client itself would wait for ever for one that says nothing."""
    from distributed import Security, rpc

    async def ask() -> str:
        async with rpc(address, connection_args=Security().get_connection_args("client")) as there:
            return (await there.identity())["type"]

    return await asyncio.wait_for(ask(), TIMEOUT)


def _require_fit(client: Client, folder: str) -> None:
    """Ask all workers; a file with a fresh name shows whether they see this folder, and not one of the same name."""
    token = Path(folder) / f".seen-{uuid4().hex}"
    token.touch()
    try:
        found = client.run(_sent("unfit"), folder, versions(), token.name, on_error="return")
    finally:
        token.unlink(missing_ok=True)
    for address, fault in found.items():
        if fault:
            reason = one_line(fault) if isinstance(fault, Exception) else fault
            raise RuntimeError(f"the worker at {address} is not fit for these runs: {reason}")
    if not found:
        warnings.warn("the cluster has no workers yet; the runs wait for them", stacklevel=4)


def _sent(name: str) -> Callable:
    """A function of this module to call elsewhere; being nested, it can be unpacked where the package is missing."""

    def call(*arguments):
        from cpvae_lite.study import cluster

        return getattr(cluster, name)(*arguments)

    return call


def versions() -> dict[str, str]:
    """Those on which the figures of a run depend, without the kind of build.

    Returns:
        The versions of "cpvae_lite" and "torch".

    Example:
        >>> versions()["torch"] == torch.__version__.split("+")[0]  # without "+cpu" or "+cu130"
        True
    """
    return {"cpvae_lite": __version__, "torch": torch.__version__.partition("+")[0]}


def unfit(folder: str, wanted: dict[str, str], token: str = "") -> str:
    """Why runs cannot be done on this machine: "" if they can.

    Args:
        folder: of results.
        wanted: :func:`versions` of who asks.
        token: the name of a file that is in the folder; "" asks for the folder alone.

    Example:
        >>> unfit("nowhere", versions())
        'it does not see nowhere, the folder of results, which must be shared'
        >>> unfit("nowhere", {"cpvae_lite": __version__, "torch": "1.0"}).endswith("not 1.0")
        True
    """
    for package, version in versions().items():
        if wanted[package] != version:
            return f"it has {package} {version}, not {wanted[package]}"
    if not (Path(folder) / token).exists():
        return f"it does not see {folder}, the folder of results, which must be shared"
    if not os.access(folder, os.W_OK):
        return f"it may not write to {folder}"
    return ""


def _submitted(client: Client, job: Job) -> Future:
    """The same job has the same key, so that a cluster does not do it for two at once."""
    text = job.text()
    return client.submit(_sent("do"), text, versions(), key=f"{job.name}-{crc32(text.encode()):08x}")


def do(text: str, wanted: dict[str, str]) -> str:
    """Do a job on this worker.

    Args:
        text: the job, as :meth:`cpvae_lite.study.own_process.Job.text` gives it.
        wanted: :func:`versions` of who asks.

    Returns:
        What went wrong: "" if nothing did.

    Raises:
        ValueError: if this is no worker of a Dask cluster.
    """
    from distributed import get_worker

    job, worker = Job.read(text), get_worker()
    reason = unfit(job.folder, wanted)  # a worker that joined late was not asked
    if reason:
        return f"the worker at {worker.address} is not fit: {reason}"

    def tell(epochs: int, begins: bool) -> None:
        worker.log_event(_topic(job.folder), [job.name, epochs, begins])

    return OwnProcess(text).run(tell)


def _topic(folder: str) -> str:
    return f"cpvae-lite {folder}"


def _fault(future: Future) -> str:
    if future.status == "finished":
        return future.result()
    return one_line(future.exception()) if future.status == "error" else "the cluster lost it"
