"""Runs on a hundredth of the data, here and in the processes that tests start, and ways to look at them."""

import os
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue

import psutil
import torch
from safetensors.torch import load_file

from cpvae_lite.datasets import load_dataset
from cpvae_lite.storage import read_json
from cpvae_lite.study.experiments import Experiment
from cpvae_lite.study.grids import named
from cpvae_lite.study.reproduction import reproduce

PATIENCE = 120  # seconds for news of a run
START = Path(__file__).parent / "start"


def dataset(experiment):
    images = experiment.data != "synthetic"
    whole = load_dataset(experiment.data, subset=images)
    return replace(whole, train=whole.train[:500], validation=whole.validation[:100], test=whole.test[:100])


def use(monkeypatch):
    """Give all runs few data; a process that is started gets them from start/sitecustomize.py."""
    monkeypatch.setattr(Experiment, "dataset", dataset)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(START), os.environ.get("PYTHONPATH")])))


def run(label, *, seed=0, epochs=60):
    return named(f"synthetic/{label}-seed{seed}").lasting(epochs)


def processes(folder, name=""):
    """Those at work on a run in a folder."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or [""]
        if "cpvae_lite.study.worker" in command and str(folder) in command[-1] and name in command[-1]:
            found.append(process)
    return found


def kill(folder, run):
    for process in processes(folder, run.name):
        process.kill()


@contextmanager
def one_thread():
    """As each process of a pool has."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def undisturbed(folder, run):
    """What a run leaves that nothing disturbs."""
    with one_thread():
        reproduce(run, folder, progress=False)
    return result(folder, run)


def followed(pool, count, heed=lambda report: None):
    """What a pool reports of each run until so many have ended, and what went wrong in each."""
    queue, reports, faults = SimpleQueue(), {}, {}
    with pool(queue.put):
        while len(faults) < count:
            report = queue.get(timeout=PATIENCE)
            if report.epochs is None:
                faults[report.name] = report.fault
            else:
                reports.setdefault(report.name, []).append(report)
            heed(report)
    return reports, faults


def starts(reports):
    """The number of epochs that were done when a process began with a run."""
    return [report.epochs for report in reports if report.begins]


def record(folder, run):
    """Of a run, without what depends on the clock."""
    return read_json(folder / f"{run.name}.json") | {"seconds": None}


def result(folder, run):
    """What a run left: its record and its weights."""
    return record(folder, run), load_file(folder / run.name / "model.safetensors")


def same(one, other):
    (record, weights), (other_record, others) = one, other
    return record == other_record and all(torch.equal(others[name], value) for name, value in weights.items())


def wait_until(happened):
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.1)
