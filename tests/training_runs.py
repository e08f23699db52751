"""Small training runs that several tests share, and the program that kills and interrupts one of them.

    python tests/training_runs.py FOLDER

trains one and the same run three times: FOLDER/whole without a break, FOLDER/killed through several
SIGKILLs, FOLDER/interrupted through SIGINTs. It prints the exit codes of the children that it cut off.
"""

import json
import multiprocessing
import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np
import torch

from cpvae_lite import Dataset, TrainConfig, build, fit

FEATURES = 16
INTERRUPTED = 130


def images(count=100, seed=0, **settings):
    """Greyish 4×4 images, lighter towards one end; of 100, 80 train, 10 validate and 10 test."""
    ramp = np.linspace(40, 215, FEATURES).reshape(4, 4)
    noise = np.random.default_rng(seed).integers(-40, 41, (count, 4, 4))
    return Dataset.from_arrays((ramp + noise).astype(np.uint8), **settings)


def model(name="cp", seed=0, **settings):
    usual = {"features": FEATURES, "hidden": 6, "latent_size": 2, "data": images().train.data}
    categories = {} if name in ("vae", "hvae") else {"categories": 3}
    return build(name, seed=seed, **(usual | categories | settings))


def config(**settings):
    """Four steps an epoch of `images()`; no warm-up and no early stopping."""
    usual = {"epochs": 4, "batch_size": 20, "warmup": 1, "patience": 1000, "learning_rate": 0.01}
    return TrainConfig(**(usual | settings))


def weights(trained):
    return {name: value.clone() for name, value in trained.state_dict().items()}


def same(some, other):
    """Whether two sets of tensors agree bit for bit."""
    return some.keys() == other.keys() and all(torch.equal(_bits(some[name]), _bits(other[name])) for name in some)


def _bits(tensor):
    return tensor.reshape(-1).view(torch.uint8)  # NaNs compare, too


def without_seconds(history):
    return [{key: value for key, value in record.items() if key != "seconds"} for record in history]


# --- the program -------------------------------------------------------------------------------------


EPOCHS = 150  # long enough that a run is not over before a busy machine gets to stop it


def train(folder):
    """Begin the run in a folder, or go on with it."""
    begun = (folder / "run.json").exists()
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        fit(model(), images(), config(epochs=EPOCHS), out=folder, resume=begun, progress=False)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def child_at(folder):
    """A child that trains; an early SIGINT waits until it can be caught, lest multiprocessing's hooks swallow it."""
    child = multiprocessing.get_context("fork").Process(target=train, args=[folder])
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    child.start()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    return child


def cut_off(folder, sign, delay, *, after_progress=True):
    """Signal a child at work on the run, `delay` seconds after it wrote a checkpoint; its exit code."""
    before, child = last_write(folder), child_at(folder)
    while after_progress and child.is_alive() and last_write(folder) == before:
        time.sleep(0.001)
    time.sleep(delay)
    if child.is_alive():
        os.kill(child.pid, sign)
    child.join()
    return child.exitcode


def last_write(folder):
    checkpoint = folder / "checkpoint.safetensors"
    return checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0


def whole(folder):
    child = child_at(folder)
    child.join()
    return child.exitcode


def main(folder):
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    # The first optimiser imports hundreds of modules, and torch swallows an interrupt that falls into an import.
    torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))])
    delays = random.Random(0)
    codes = {"whole": [whole(folder / "whole")]}
    for name, sign in (("killed", signal.SIGKILL), ("interrupted", signal.SIGINT)):
        early = [cut_off(folder / name, sign, delays.uniform(0, 0.02), after_progress=False) for _ in range(3)]
        late = [cut_off(folder / name, sign, delays.uniform(0, 0.03)) for _ in range(6)]
        codes[name] = [*early, *late, whole(folder / name)]
    print(json.dumps(codes))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
