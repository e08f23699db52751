"""Run the experiments that are missing: each in a folder of its own, resumed where it was cut off."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from pathlib import Path
from queue import Empty, SimpleQueue

from cpvae_lite._arguments import expanded
from cpvae_lite.checkpoint import epochs_done, load_last
from cpvae_lite.data import Dataset
from cpvae_lite.history import History
from cpvae_lite.locks import alone
from cpvae_lite.model import LatentVariableModel
from cpvae_lite.progress import Progress
from cpvae_lite.run_files import read_run
from cpvae_lite.saved import load_model
from cpvae_lite.storage import read_json
from cpvae_lite.study.cluster import cluster_pool
from cpvae_lite.study.experiments import Experiment
from cpvae_lite.study.own_process import Job
from cpvae_lite.study.pools import Report, local_pool
from cpvae_lite.study.records import complete, lacking, leave
from cpvae_lite.study.results import Results
from cpvae_lite.train import aggregate, fit

WAIT = 40  # seconds for the process of a worker that has died to let go of its run; more than it has to end


def result_path(folder: str | Path, experiment: Experiment) -> Path:
    """Where a run leaves its figures.

    Example:
        >>> from cpvae_lite.study.grids import named
        >>> result_path("results", named("synthetic/cp-150-seed7")).as_posix()
        'results/synthetic/cp-150-seed7.json'
    """
    return expanded(folder) / f"{experiment.name}.json"


def missing(experiments: Iterable[Experiment], folder: str | Path) -> list[Experiment]:
    """The experiments that have no result in `folder` yet, or none with all the parts that they want.

    Args:
        experiments: from :func:`cpvae_lite.study.grids.grid`.
        folder: of results.

    Raises:
        ValueError: if a result in the folder of a table is damaged, or if one that shares its label with an
            experiment differs from it in more than the seed, as in epochs or importance samples.

    Example:
        >>> from cpvae_lite.study.grids import grid
        >>> from cpvae_lite.study.results import SHIPPED
        >>> missing(grid("synthetic"), SHIPPED)  # they are shipped
        []
    """
    wanted = list(experiments)
    stored = {table: Results(table, folder) for table in {experiment.table for experiment in wanted}}
    for experiment in wanted:
        _require_alike(experiment, stored[experiment.table])
    return [experiment for experiment in wanted if not _is_whole(experiment, stored[experiment.table])]


def epochs_so_far(experiment: Experiment, folder: str | Path) -> int:
    """How many epochs a run that was cut off has behind it; 0 if it has not begun.

    Raises:
        ValueError: if its checkpoint is damaged, or from a newer version.

    Example:
        >>> from cpvae_lite.study.grids import named
        >>> epochs_so_far(named("mnist/cp-150-seed7"), "nowhere")
        0
    """
    return epochs_done(_begun(result_path(folder, experiment)))


def _is_whole(experiment: Experiment, stored: Results) -> bool:
    """Whether the record is there, with all that is wanted."""
    record = stored.record(experiment.label, experiment.training.seed)
    return record is not None and not lacking(experiment, record)


def _require_alike(experiment: Experiment, stored: Results, dataset: Dataset | None = None) -> None:
    """Runs that share a label get one mean: another seed beside a trial would be trained for nothing."""
    if other := stored.other_settings(experiment, dataset):
        path, names = stored.path(experiment.label), ", ".join(other)
        raise ValueError(f"{path} is of a run with other settings ({names}); choose another folder")


def reproduce(
    experiment: Experiment,
    folder: str | Path,
    *,
    device: str = "cpu",
    progress: bool = True,
    after_epoch: Callable[[int], None] | None = None,
) -> dict:
    """Train, measure and store one experiment, unless that is done.

    The run lives in a folder beside its result while it trains; cut off, it goes on from there to the very
    weights of an uninterrupted run. The result comes last, as one file: it is there or it is not. A result that lacks
    nothing but parts that are measured of kept weights gets them from the weights beside it, without training.

    Args:
        experiment: from :func:`cpvae_lite.study.grids.grid`.
        folder: of results.
        device: where to train.
        progress: show a bar.
        after_epoch: called with the number of epochs done, at the start and after each.

    Returns:
        The record that was written: "run", "model", "training", "data", "environment", "epochs", "best_epoch",
        "seconds" (of training, all parts of a resumed run together), "validation", "measures" and, for some, more
        parts; see :func:`cpvae_lite.study.records.leave` and :func:`cpvae_lite.study.records.lacking`.

    Raises:
        BusyError: if another process is at this run in this folder.
        FileNotFoundError: if the data are missing and cannot be downloaded, or the weights of a result that lacks
            parts.
        NotFiniteError: if the training breaks; see :func:`cpvae_lite.fit`.
        OSError: if the folder cannot be written.
        ValueError: if what is there is damaged, or of other settings, or if results of that label are of other data.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from cpvae_lite.study.grids import named
        >>> from cpvae_lite.study.results import SHIPPED
        >>> run = named("slow/cp-150-seed0")
        >>> with TemporaryDirectory() as folder:
        ...     _ = shutil.copytree(SHIPPED / "slow", Path(folder) / "slow")
        ...     record = reproduce(run, folder)  # its result is there: it is read, and nothing is trained
        >>> record["run"], record["epochs"]
        ('slow/cp-150-seed0', 150)
    """
    path = result_path(folder, experiment)
    path.parent.mkdir(parents=True, exist_ok=True)
    with alone(path.with_suffix(".lock"), str(path.with_suffix("")), wait=WAIT):
        if missing([experiment], folder):
            dataset = experiment.dataset()
            _require_alike(experiment, Results(experiment.table, folder), dataset)
            if path.exists():
                complete(experiment, load_model(path.with_suffix("")).to(device), dataset, path)
            else:
                _train_and_measure(experiment, dataset, path, device, progress, after_epoch or (lambda epochs: None))
        shutil.rmtree(_begun(path), ignore_errors=True)  # also what a process left that was killed before this line
        return read_json(path)


def _begun(path: Path) -> Path:
    """The folder of a run under way."""
    return path.with_suffix(".part")


def _train_and_measure(
    experiment: Experiment, dataset: Dataset, path: Path, device: str, progress: bool, tell: Callable[[int], None]
) -> None:
    model = experiment.build(dataset).to(device)
    history = _train(experiment, model, dataset, _begun(path), progress, tell)
    _finish(experiment, model, dataset, history, path)


def _train(
    experiment: Experiment,
    model: LatentVariableModel,
    dataset: Dataset,
    folder: Path,
    progress: bool,
    tell: Callable[[int], None],
) -> History:
    """Train in a folder, from the checkpoint there if there is one."""
    resume = (folder / "run.json").exists()
    epochs = count(epochs_done(folder))

    def tell_next(_: LatentVariableModel | None = None) -> None:
        tell(next(epochs))

    tell_next()
    return fit(model, dataset, experiment.training, out=folder, resume=resume, progress=progress, after_epoch=tell_next)


def _finish(experiment: Experiment, model: LatentVariableModel, dataset: Dataset, history: History, path: Path) -> None:
    """Measure a trained model, and store what is found."""
    begun = _begun(path)
    if experiment.epoch == "last":
        load_last(model, begun)
        aggregate(model, dataset)
    leave(experiment, model, dataset, history, read_run(begun), path)


def reproduce_all(
    experiments: Iterable[Experiment],
    folder: str | Path,
    *,
    jobs: int = 1,
    threads: int = 1,
    device: str = "cpu",
    scheduler: str | None = None,
    progress: bool = False,
) -> Iterator[tuple[Experiment, str]]:
    """Run experiments side by side, each in a process of its own.

    A run whose process dies goes on in a new one, up to three times, and the others do not notice. If the caller
    stops, so do the runs, and keep their checkpoints: called again, this goes on with them.

    Args:
        experiments: those to run; see :func:`missing`.
        folder: of results.
        jobs: how many at a time; on a cluster as many as its workers have threads.
        threads: of each.
        device: where to train: "cpu", "cuda" or "auto".
        scheduler: the address of a Dask cluster that does the runs instead of this machine.
        progress: show bars, or lines where standard error is no terminal.

    Yields:
        Each experiment when it has ended, with what went wrong: "" if nothing did.

    Raises:
        ConnectionError, RuntimeError: if the cluster cannot be used; see :func:`cpvae_lite.study.cluster.cluster_pool`.
        OSError: if the folder cannot be made.
        ValueError: if `jobs` is below 1.

    Example:
        >>> from cpvae_lite.study.grids import grid
        >>> from cpvae_lite.study.results import SHIPPED
        >>> list(reproduce_all(missing(grid("synthetic"), SHIPPED), SHIPPED, jobs=2))  # all are there
        []
    """
    waiting = {experiment.name: experiment for experiment in experiments}
    if not waiting:
        return
    place = expanded(folder).resolve()
    place.mkdir(parents=True, exist_ok=True)
    todo = [Job.of(experiment, str(place), device, threads) for experiment in waiting.values()]
    reports: SimpleQueue[Report] = SimpleQueue()
    pool = cluster_pool(todo, scheduler, reports.put) if scheduler else local_pool(todo, jobs, reports.put)
    epochs = {name: experiment.training.epochs for name, experiment in waiting.items()}
    with pool, Progress(epochs, shown=progress) as shown:
        while waiting:
            report = _next(reports)
            shown.update(report) if report else shown.refresh()
            if report and report.epochs is None and report.name in waiting:
                yield waiting.pop(report.name), report.fault


def _next(reports: SimpleQueue[Report]) -> Report | None:
    try:
        return reports.get(timeout=1)
    except Empty:
        return None
