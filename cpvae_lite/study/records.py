"""What a finished run leaves: its figures as JSON and, where they are wanted, its weights and a sheet of samples."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch

from cpvae_lite._seeding import seeded
from cpvae_lite._version import __version__
from cpvae_lite.config import CATEGORICAL
from cpvae_lite.data import Dataset
from cpvae_lite.history import History
from cpvae_lite.model import LatentVariableModel
from cpvae_lite.saved import load_model, save_model
from cpvae_lite.sheets import grey_sheet, sixteen_greys
from cpvae_lite.storage import read_json, write_json, write_png
from cpvae_lite.study.experiments import CATEGORIES, SHEET, Experiment
from cpvae_lite.study.measures import measure_chance, measure_closer, measure_splits

ACROSS = 8  # images in a row of a sheet, and rows
FOLLOWED = ("bound", "kl_z", "kl_c", "used_categories")  # of the validation images, epoch by epoch
DIGITS = 2


def leave(
    experiment: Experiment, model: LatentVariableModel, dataset: Dataset, history: History, begun: dict, path: Path
) -> dict:
    """Keep what is to be kept of a run, measure it, and write its record last.

    Weights are written first, rounded to float16, and read again, so that what was measured is what is kept.

    Args:
        experiment: what was run.
        model: trained.
        dataset: of the experiment.
        history: of the training.
        begun: the contents of the run's run.json.
        path: of the record; weights and samples stand beside it.

    Returns:
        The record: "run", the three parts of `begun`, "environment", "epochs", "best_epoch", "seconds" (of training),
        "validation" (see :func:`followed`), "measures" and the parts that :func:`lacking` wants of it.

    Raises:
        OSError: if the folder cannot be written.
        ValueError: if weights that are to be kept are not finite.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from cpvae_lite.synthetic import synthetic_mixture
        >>> from cpvae_lite.study.grids import named
        >>> run, data = named("synthetic/vae-seed1").judged_by(1), synthetic_mixture(100)
        >>> begun = {"model": {}, "training": {}, "data": {}}
        >>> history = History([{"seconds": 2.5, "validation": {"bound": -1.239}}])
        >>> with TemporaryDirectory() as folder:
        ...     record = leave(run, run.build(data), data, history, begun, Path(folder) / f"{run.name}.json")
        >>> record["run"], record["seconds"], record["validation"], record["measures"]["images"]
        ('synthetic/vae-seed1', 2.5, {'bound': [-1.24]}, 20)
    """
    device = next(model.parameters()).device
    if experiment.keeps_weights:
        save_model(model, path.with_suffix(""), half=True)
        model = load_model(path.with_suffix("")).to(device)
    record = {
        "run": experiment.name,
        **{part: begun[part] for part in ("model", "training", "data")},
        "environment": environment(device),
        "epochs": len(history),
        "best_epoch": history.best_epoch,
        "seconds": round(sum(epoch["seconds"] for epoch in history), 1),
        "validation": followed(history),
        "measures": experiment.measure(model, dataset, len(history)),
    }
    record |= parts(lacking(experiment, record), experiment, model, dataset)
    for kind, drawn in {SHEET: sheet, CATEGORIES: category_sheet}.items():
        if kind in experiment.keeps:
            write_png(path.with_suffix(".png"), drawn(model, dataset.shape, experiment.training.seed))
    write_json(path, record)
    return record


def lacking(experiment: Experiment, record: dict) -> list[str]:
    """The parts that a record wants beside the measures of every run, and does not have.

    Runs on images that keep their weights are shown by themselves, so more is measured of them: the bounds of the
    "splits" and, where there are categories, their agreement with labels by "chance". Some want a "closer" estimate.

    Args:
        experiment: what was run.
        record: as :func:`leave` writes it, with or without these parts.

    Example:
        >>> from cpvae_lite.study.grids import named
        >>> lacking(named("mnist/cp-150-seed0"), {}), lacking(named("mnist/cp-10-seed0"), {})
        (['closer', 'splits', 'chance'], [])
    """
    shown = experiment.on_images and experiment.keeps_weights
    wanted = {
        "closer": experiment.closer not in (0, record.get("closer", {}).get("importance_samples")),
        "splits": shown and "splits" not in record,
        "chance": shown and experiment.model["name"] in CATEGORICAL and "chance" not in record,
    }
    return [part for part, is_wanted in wanted.items() if is_wanted]


def parts(wanted: Iterable[str], experiment: Experiment, model: LatentVariableModel, dataset: Dataset) -> dict:
    """Those parts of a record, measured of the weights that are kept.

    Args:
        wanted: of those that :func:`lacking` names.
        experiment: what was run.
        model: with the weights that are kept.
        dataset: of the experiment.

    Returns:
        By name, what :func:`~cpvae_lite.study.measures.measure_closer`,
        :func:`~cpvae_lite.study.measures.measure_splits` and
        :func:`~cpvae_lite.study.measures.measure_chance` find, each with the "environment" that it was found in.

    Example:
        >>> from cpvae_lite import build
        >>> from cpvae_lite.study.grids import named
        >>> data = Dataset.from_arrays(np.arange(4000).reshape(1000, 4) % 256)
        >>> found = parts(["splits"], named("mnist/vae-seed0"), build("vae", features=4), data)
        >>> found["splits"]["train"]["images"]
        800
    """
    seed = experiment.training.seed
    measured = {
        "closer": lambda: measure_closer(model, dataset, importance_samples=experiment.closer, seed=seed),
        "splits": lambda: measure_splits(model, dataset, seed=seed),
        "chance": lambda: measure_chance(model, dataset, seed=seed),
    }
    where = environment(next(model.parameters()).device)
    return {part: measured[part]() | {"environment": where} for part in wanted}


def complete(experiment: Experiment, model: LatentVariableModel, dataset: Dataset, path: Path) -> dict:
    """Add to the record of a run what its experiment wants since, measured of the weights that were kept.

    Args:
        experiment: what was run.
        model: with the weights that are kept.
        dataset: of the experiment.
        path: of the record.

    Returns:
        The record.

    Raises:
        OSError: if it cannot be written.
        ValueError: if it is damaged.

    Example:
        >>> from dataclasses import replace
        >>> from tempfile import TemporaryDirectory
        >>> from cpvae_lite.synthetic import synthetic_mixture
        >>> from cpvae_lite.study.grids import named
        >>> run, data = replace(named("synthetic/vae-seed0"), closer=2), synthetic_mixture(1000)
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder) / "vae-seed0.json"
        ...     write_json(path, {"run": run.name})
        ...     complete(run, run.build(data), data, path)["closer"]["importance_samples"]
        2
    """
    record = read_json(path)
    record |= parts(lacking(experiment, record), experiment, model, dataset)
    write_json(path, record)
    return record


def followed(history: History) -> dict[str, list[float]]:
    """How the validation bound, its divergences and the number of used categories went, epoch by epoch.

    Returns:
        Those of `FOLLOWED` that the model has, a value for each epoch, rounded to two digits; in nats per image.

    Example:
        >>> followed(History([{"validation": {"bound": -1.239, "kl_z": 0.5, "reconstruction": -0.739}}]))
        {'bound': [-1.24], 'kl_z': [0.5]}
    """
    found = [record["validation"] for record in history]
    return {name: [round(epoch[name], DIGITS) for epoch in found] for name in FOLLOWED if found and name in found[0]}


def sheet(model: LatentVariableModel, shape: tuple[int, int], seed: int = 0) -> np.ndarray:
    """64 samples as grey values, dark on light: pixel means, with c drawn from q(c) if there is one.

    Args:
        model: of images, trained if it has a c.
        shape: of an image, (height, width).
        seed: of all draws; the global random state stays as it was.

    Returns:
        A uint8 array (height, width), eight images in a row, from 0 for ink to 255 for paper.

    Raises:
        ValueError: if the model has a c but no q(c) yet.

    Example:
        >>> from cpvae_lite import build
        >>> found = sheet(build("vae", features=784), (28, 28))
        >>> found.shape, int(found[:, 28:30].min())  # 8 · 28 pixels and 7 gaps of 2, which stay white
        ((238, 238), 255)
    """
    with seeded(seed, device=next(model.parameters()).device):
        images = model.sample(ACROSS * ACROSS)
    return grey_sheet(images, columns=ACROSS, shape=shape)


def category_sheet(model: LatentVariableModel, shape: tuple[int, int], seed: int = 0) -> np.ndarray:
    """Eight samples of each of the eight categories with the largest q(c), a row a category: pixel means.

    Args:
        model: of images, trained, with eight categories or more.
        shape: of an image, (height, width).
        seed: of all draws; the global random state stays as it was.

    Returns:
        A uint8 array (height, width), the category with the largest q(c) above, from 0 for ink to 255 for paper, in
        sixteen steps.

    Raises:
        ValueError: if the model has fewer categories, or no q(c) yet.

    Example:
        >>> from cpvae_lite import build
        >>> model = build("cp", features=784, categories=10)
        >>> _ = model.aggregated_posterior.copy_(torch.arange(10) / 45)
        >>> category_sheet(model, (28, 28)).shape
        (238, 238)
    """
    if model.require_choices("a sheet of categories") < ACROSS:
        raise ValueError(f"a sheet shows {ACROSS} categories, and the model has {model.choices}")
    rows = model.shares.topk(ACROSS).indices
    with seeded(seed, device=rows.device):
        images = model.sample(ACROSS * ACROSS, category=rows.repeat_interleave(ACROSS))
    return sixteen_greys(grey_sheet(images, columns=ACROSS, shape=shape))


def environment(device: torch.device | str) -> dict[str, object]:
    """Versions and machine, as a result states them.

    Args:
        device: that the run was on.

    Example:
        >>> found = environment("cpu")
        >>> found["device"], found["threads"] == torch.get_num_threads(), found["cpvae_lite"] == __version__
        ('cpu', True, True)
    """
    device = torch.device(device)
    return {
        "cpvae_lite": __version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
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
