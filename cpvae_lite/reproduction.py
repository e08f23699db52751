"""Run the experiments that are missing: each in a folder of its own, resumed where it was cut off."""

from __future__ import annotations

import platform
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path

import torch

from cpvae_lite._version import __version__
from cpvae_lite.checkpoint import load_last, read_run, save_model
from cpvae_lite.experiments import Experiment
from cpvae_lite.storage import read_json, write_json
from cpvae_lite.train import aggregate, fit


def result_path(folder: str | Path, experiment: Experiment) -> Path:
    """Where a run leaves its figures."""
    return Path(folder) / f"{experiment.name}.json"


def missing(experiments: Iterable[Experiment], folder: str | Path) -> list[Experiment]:
    """The experiments that have no result in `folder` yet.

    Raises:
        ValueError: if a result there is of other settings, such as fewer epochs.
    """
    return [experiment for experiment in experiments if not _is_done(experiment, result_path(folder, experiment))]


def _is_done(experiment: Experiment, path: Path) -> bool:
    if not path.exists():
        return False
    found = read_json(path)
    for part, wanted in {"training": asdict(experiment.training), "model": experiment.model}.items():
        there = found.get(part)
        if not isinstance(there, dict):
            raise ValueError(f"{path} is damaged: it does not say what {part} it is of")
        other = [key for key, value in wanted.items() if there.get(key) != value]
        if other:
            raise ValueError(f"{path} is of a run with other settings ({', '.join(other)}); choose another folder")
    return True


def reproduce(experiment: Experiment, folder: str | Path, *, device: str = "cpu", progress: bool = True) -> dict:
    """Train, measure and store one experiment.

    The run lives in a folder beside its result while it trains; cut off, it goes on from there to the very
    weights of an uninterrupted run. The result comes last, as one file: it is there or it is not.

    Args:
        experiment: from :func:`cpvae_lite.experiments.grid`.
        folder: of results.
        device: where to train.
        progress: show a bar.

    Returns:
        The record that was written: "run", "model", "training", "data", "environment", "epochs", "best_epoch",
        "seconds" (of training, all parts of a resumed run together) and "measures".
    """
    path, begun = result_path(folder, experiment), Path(folder) / f"{experiment.name}.part"
    dataset = experiment.dataset()
    model = experiment.build(dataset).to(device)
    resume = (begun / "run.json").exists()
    if resume and read_run(begun)["training"].get("epochs", 0) > experiment.training.epochs:
        raise ValueError(f"{begun} was begun with more epochs than {experiment.training.epochs}; delete it, or go on")
    history = fit(model, dataset, experiment.training, out=begun, resume=resume, progress=progress)
    if experiment.epoch == "last":
        load_last(model, begun)
        aggregate(model, dataset)
    begun_as = read_run(begun)
    record = {
        "run": experiment.name,
        **{part: begun_as[part] for part in ("model", "training", "data")},
        "environment": environment(device),
        "epochs": len(history),
        "best_epoch": history.best_epoch,
        "seconds": round(sum(epoch["seconds"] for epoch in history), 1),
        "measures": experiment.measure(model, dataset, len(history)),
    }
    if experiment.keeps_weights:
        save_model(model, path.with_suffix(""))
    write_json(path, record)
    shutil.rmtree(begun)
    return record


def reproduce_all(
    experiments: Iterable[Experiment], folder: str | Path, *, jobs: int = 1, threads: int = 1, device: str = "cpu"
) -> Iterator[tuple[Experiment, str]]:
    """Run experiments side by side, each in a process of its own.

    A run that fails, or whose process dies, leaves the others alone; called again, this goes on with it.

    Args:
        experiments: those to run; see :func:`missing`.
        folder: of results.
        jobs: how many at a time.
        threads: of each.
        device: where to train.

    Yields:
        Each experiment when it has ended, with what went wrong: "" if nothing did.
    """
    running: set[subprocess.Popen] = set()
    options = ["--out", str(folder), "--device", device, "--threads", str(threads), "--quiet"]
    with ThreadPoolExecutor(jobs) as pool:
        waiting = {pool.submit(_in_own_process, each, options, running): each for each in experiments}
        try:
            for done in as_completed(waiting):
                yield waiting[done], done.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in list(running):
                process.send_signal(signal.SIGINT)  # each writes its checkpoint and ends
            raise


def _in_own_process(experiment: Experiment, options: list[str], running: set) -> str:
    command = [sys.executable, "-m", "cpvae_lite.cli", "reproduce", experiment.name, *options]
    process = subprocess.Popen(
        [*command, "--epochs", str(experiment.training.epochs)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    running.add(process)
    try:
        _, talk = process.communicate()
    finally:
        running.discard(process)
    if process.returncode == 0:
        return ""
    if process.returncode < 0:
        return f"its process was ended by signal {-process.returncode}"
    last = talk.strip().splitlines()[-1:] or [f"its process ended with code {process.returncode}"]
    return last[0].removeprefix("cpvae-lite: ")


def environment(device: str) -> dict[str, object]:
    """Versions and machine, as a result states them."""
    return {
        "cpvae_lite": __version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "device": torch.cuda.get_device_name(device) if device.startswith("cuda") else "cpu",
        "processor": _processor(),
        "threads": torch.get_num_threads(),
    }


def _processor() -> str:
    """The processor's name where the system tells it, else its kind."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
