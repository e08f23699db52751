"""Small training runs that several tests share, and the program that kills and interrupts one of them.

    python tests/runs.py FOLDER

trains the same run three times: FOLDER/whole without a break, FOLDER/killed through many SIGKILLs,
FOLDER/interrupted through SIGINTs. It prints what it did as JSON.
"""

import multiprocessing
import signal
import sys
import time

import numpy as np
import torch

from cpvae_lite import Dataset, TrainConfig, build, fit

FEATURES = 16


def images(count=100, seed=0, **settings):
    """Greyish 4×4 images, lighter at one end; 80 of 100 train, 10 validate."""
    ramp = np.linspace(40, 215, FEATURES).reshape(4, 4)
    noise = np.random.default_rng(seed).integers(-40, 41, (count, 4, 4))
    return Dataset.from_arrays((ramp + noise).astype(np.uint8), **settings)


def model(name="cp", seed=0, **settings):
    if name != "vae":
        settings = {"categories": 3} | settings
    return build(name, seed=seed, **({"features": FEATURES, "hidden": 6, "latent_size": 2} | settings))


def config(**settings):
    """Four steps an epoch on `images()`, no warm-up, no early stopping."""
    return TrainConfig(
        **({"epochs": 4, "batch_size": 20, "warmup": 1, "patience": 1000, "learning_rate": 0.01} | settings)
    )


def weights(trained):
    return {name: value.clone() for name, value in trained.state_dict().items()}


def same(some, other):
    """Whether two states agree bit for bit, NaNs included."""
    return some.keys() == other.keys() and all(
        torch.equal(some[name].view(torch.uint8), other[name].view(torch.uint8))
        if some[name].dim()
        else some[name].item() == other[name].item()
        for name in some
    )


def without_seconds(history):
    return [{key: value for key, value in record.items() if key != "seconds"} for record in history]


# --- the program -------------------------------------------------------------------------------------

LONG = config(epochs=80)


def start(folder):
    """A child process that begins the run in a folder, or goes on with it."""
    child = multiprocessing.get_context("fork").Process(target=train, args=[folder])
    child.start()
    return child


def train(folder):
    try:
        fit(model(), images(), LONG, out=folder, resume=(folder / "run.json").exists(), progress=False)
    except KeyboardInterrupt:
        sys.exit(130)


def written(folder):
    path = folder / "checkpoint.safetensors"
    return path.stat().st_mtime_ns if path.exists() else 0


def cut_off(folder, by, *, after_progress, delay):
    """Send a signal to a child at work on the run; its exit code."""
    before, child = written(folder), start(folder)
    while after_progress and written(folder) == before and child.is_alive():
        time.sleep(0.001)
    time.sleep(delay)
    if child.is_alive():
        signal.pidfd_send_signal(signal_handle(child), by) if False else _send(child, by)
    child.join()
    return child.exitcode


def _send(child, by):
    import os

    os.kill(child.pid, by)
