"""Which data a command is about: a set by its name, or a folder of images."""

from __future__ import annotations

import argparse
from pathlib import Path

from cpvae_lite._commands import refuse
from cpvae_lite.data import Dataset
from cpvae_lite.datasets import DATASETS, load_dataset

IN_PYTHON = {  # what does the same for data that only the user has
    "train": "fit(model, dataset, config, out={folder!r}, resume=True)",
    "evaluate": "evaluate(load_model({folder!r}), dataset)",
    "check": "cpvae_lite.checks.check_model(load_model({folder!r}), dataset.observed('test'))",
}


def asked_for(options: argparse.Namespace) -> Dataset:
    """What `train` is to train on."""
    if options.folder is None:
        refuse(options, ("shape", "invert"), "for a --folder of images")
        return load_dataset(options.dataset or "fashion-mnist", subset=bool(options.subset))
    refuse(options, ("dataset", "subset"), "without --folder")
    return Dataset.from_folder(options.folder, shape=options.shape, invert=bool(options.invert))


def trained_on(options: argparse.Namespace, run: Path, data: dict) -> Dataset:
    """The data of a run, whose record says of them `data`; --folder says where its images are now."""
    dataset = _from_folder(options, run, data) if "origin" in data else _named(options, run, data)
    if dataset.fingerprint != data["fingerprint"]:
        raise ValueError(f"{_described(dataset)} are not the data that {run} was trained on")
    return dataset


def _described(dataset: Dataset) -> str:
    """With what may have become of them."""
    if dataset.origin:
        return f"the images of {dataset.origin['folder']}, of which some may have come, gone or changed,"
    return f"{dataset.name}, {dataset.source},"


def _named(options: argparse.Namespace, run: Path, data: dict) -> Dataset:
    refuse(options, ("folder",), "for a run that was trained on a folder of images")
    if data["name"] not in DATASETS:
        raise ValueError(
            f"{run} was trained on arrays of your own, {data['name']!r}, which the command line cannot load;"
            f" in Python, with your dataset: {IN_PYTHON[options.command].format(folder=str(run))}"
        )
    return load_dataset(data["name"], subset=data["subset"])


def _from_folder(options: argparse.Namespace, run: Path, data: dict) -> Dataset:
    if not _can_be_read(data):
        raise ValueError(f"{run}/run.json is damaged: it does not say how to read its images")
    then = Path(data["origin"]["folder"])
    if options.folder is None and not then.is_dir():
        raise FileNotFoundError(
            f"{run} was trained on the images of {then}, which is not there any more; --folder says where they are"
        )
    how = data["origin"] | {"folder": options.folder or then}
    return Dataset.from_folder(shape=data["shape"], name=data["name"], **how)


def _can_be_read(data: dict) -> bool:
    kinds = {"folder": str, "invert": bool, "validation": float, "test": float, "seed": int}
    origin, shape = data["origin"], data["shape"]
    return (
        origin.keys() == kinds.keys()
        and all(type(origin[key]) is kind for key, kind in kinds.items())
        and len(origin["folder"]) > 0 <= origin["seed"]
        and all(0 < origin[share] < 1 for share in ("validation", "test"))
        and len(shape) == 2
        and all(type(side) is int and side > 0 for side in shape)
    )


def options_for(data: dict) -> dict:
    """What the options of `train` would be that ask for the data of a run, by their names."""
    if "origin" not in data:
        return {"dataset": data["name"], "subset": data["subset"] or None, "shape": None, "invert": None}
    return {
        "dataset": None,
        "subset": None,
        "shape": tuple(data["shape"]),
        "invert": data["origin"].get("invert") or None,
    }


def as_typed(option: str, value: object) -> str:
    """An option with its value as one types them."""
    if value is True:
        return f"--{option}"
    return f"--{option} {'x'.join(map(str, value)) if isinstance(value, tuple) else value}"
