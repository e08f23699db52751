"""Which data a command is about: a set by its name, or a folder of images."""

from __future__ import annotations

import argparse
from pathlib import Path

from cpvae_lite._commands import refuse
from cpvae_lite.data import Dataset
from cpvae_lite.datasets import DATASETS, load_dataset

FOLDERS = "for a --folder of images"
IN_PYTHON = {  # what does the same for data that only the user has
    "train": "fit(model, dataset, config, out={folder!r}, resume=True)",
    "evaluate": "evaluate(load_model({folder!r}), dataset)",
    "check": "cpvae_lite.checks.check_model(load_model({folder!r}), dataset.observed('test'))",
}


def asked_for(options: argparse.Namespace) -> Dataset:
    """What `train` is to train on."""
    if options.folder is None:
        refuse(options, ("shape", "invert"), FOLDERS)
        return load_dataset(options.dataset or "fashion-mnist", subset=bool(options.subset))
    refuse(options, ("dataset", "subset"), "without --folder")
    return Dataset.from_folder(options.folder, shape=options.shape, invert=bool(options.invert))


def trained_on(options: argparse.Namespace, run: Path, data: dict) -> Dataset:
    """The data of a run, whose record says of them `data`; --folder says where its images are now."""
    if "origin" in data:
        return _from_folder(options.folder, run, data)
    refuse(options, ("folder",), "for a run that was trained on a folder of images")
    if data["name"] not in DATASETS:
        raise ValueError(
            f"{run} was trained on arrays of your own, {data['name']!r}, which the command line cannot load;"
            f" in Python, with your dataset: {IN_PYTHON[options.command].format(folder=str(run))}"
        )
    return load_dataset(data["name"], subset=data["subset"])


def _from_folder(now: Path | None, run: Path, data: dict) -> Dataset:
    try:
        origin = dict(data["origin"])
        then = Path(origin.pop("folder"))
        if now is None and not then.is_dir():
            raise FileNotFoundError(
                f"{run} was trained on the images of {then}, which is not there any more; --folder says where they are"
            )
        return Dataset.from_folder(now or then, shape=data["shape"], name=data["name"], **origin)
    except (KeyError, TypeError) as error:
        raise ValueError(f"{run}/run.json is damaged: it does not say how to read its images ({error})") from error


def settings_of(data: dict) -> dict:
    """What the options of `train` would be that ask for the data of a run, by their names."""
    if "origin" not in data:
        return {"dataset": data["name"], "subset": data["subset"] or None, "shape": None, "invert": None}
    return {"dataset": None, "subset": None, "shape": tuple(data["shape"]), "invert": data["origin"].get("invert")}
