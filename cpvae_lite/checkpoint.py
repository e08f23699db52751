"""The checkpoint of a run: weights, best weights, optimiser and history after a whole epoch, in one file."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from cpvae_lite._arguments import expanded
from cpvae_lite.history import History
from cpvae_lite.model import LatentVariableModel
from cpvae_lite.saved import load_state, require_readable, stamp
from cpvae_lite.state import Snapshot
from cpvae_lite.storage import read_tensors, write_tensors

CHECKPOINT = "checkpoint.safetensors"  # its name in the folder of a run


def write_checkpoint(folder: Path, snapshot: Snapshot, settings: dict) -> None:
    """Replace the checkpoint in a folder; the old one stays until the new one is whole.

    Args:
        folder: of the run.
        snapshot: of the training.
        settings: of the run, which are written down beside it.

    Raises:
        OSError: if the folder cannot be written.

    Example:
        >>> import tempfile
        >>> from cpvae_lite import build
        >>> from cpvae_lite.state import TrainState
        >>> model = build("vae", features=4)
        >>> adam = torch.optim.Adam(model.parameters())
        >>> sum(weight.sum() for weight in model.parameters()).backward()
        >>> adam.step()
        >>> state = TrainState(model, adam)
        >>> state.finish_epoch({"validation": {"bound": -3.0}})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_checkpoint(Path(folder), state.snapshot(), {"training": {"epochs": 5}})
        ...     tensors, header = read_checkpoint(Path(folder) / CHECKPOINT)
        >>> header["training"], len(fitting(model, tensors, header, epochs=5).history)
        ({'epochs': 5}, 1)
    """
    header = stamp() | settings | {"history": list(snapshot.history)}
    write_tensors(folder / CHECKPOINT, snapshot.tensors, header)


def read_checkpoint(path: Path) -> tuple[dict[str, Tensor], dict]:
    """The tensors of a checkpoint and what is written down beside them, as :func:`write_checkpoint` left them.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged, or from a newer version.

    Example:
        >>> read_checkpoint(Path("nowhere.safetensors"))
        Traceback (most recent call last):
        FileNotFoundError: ...
    """
    try:
        tensors, header = read_tensors(path)
    except ValueError as error:
        finished = (path.parent / "model.json").exists()
        advice = "the finished model beside it is untouched" if finished else "delete its folder to begin that run anew"
        raise ValueError(f"{error}; the run cannot go on; {advice}") from error
    require_readable(header, path)
    return tensors, header


def fitting(model: LatentVariableModel, tensors: dict[str, Tensor], header: dict, epochs: int) -> Snapshot:
    """What a checkpoint holds, on the device of a model that it must fit.

    Args:
        model: of the configuration of the run; not changed.
        tensors, header: from :func:`read_checkpoint`.
        epochs: that are asked for in all.

    Raises:
        KeyError, TypeError, ValueError: if the checkpoint does not fit the model, holds no epoch, or more than are
            asked for.

    Example:
        >>> from cpvae_lite import build
        >>> fitting(build("vae", features=4), {}, {"history": []}, epochs=5)
        Traceback (most recent call last):
        ValueError: trunk... was frozen or without a gradient there, and is to be trained here
    """
    _require_whole(tensors, model)
    history = History(header["history"])
    if not history.best_epoch:
        raise ValueError("its history is empty")
    if len(history) > epochs:
        raise ValueError(f"its {len(history)} epochs are more than the {epochs} asked for; ask for as many")
    device = model.aggregated_posterior.device
    return Snapshot({name: tensor.to(device) for name, tensor in tensors.items()}, history)


def load_last(model: LatentVariableModel, folder: str | Path) -> None:
    """Give a model the weights that a run's last checkpoint ends with, instead of those of its best epoch.

    Its q(c) is not that of these weights; see :func:`cpvae_lite.train.aggregate`.

    Args:
        model: of the configuration of the run; changed in place.
        folder: of the run.

    Raises:
        FileNotFoundError, ValueError: if there is no checkpoint, or if it is damaged or of another model.

    Example:
        >>> import tempfile
        >>> from cpvae_lite import build
        >>> from cpvae_lite.state import TrainState
        >>> trained, other = build("vae", features=4, seed=0), build("vae", features=4, seed=1)
        >>> state = TrainState(trained, torch.optim.Adam(trained.parameters()))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_checkpoint(Path(folder), state.snapshot(), {})
        ...     load_last(other, folder)
        >>> all(torch.equal(p, q) for p, q in zip(trained.parameters(), other.parameters()))
        True
    """
    path = expanded(folder) / CHECKPOINT
    tensors, _ = read_checkpoint(path)
    part = "model."
    load_state(model, {name[len(part) :]: tensor for name, tensor in tensors.items() if name.startswith(part)}, path)


def epochs_done(folder: Path) -> int:
    """How many epochs the checkpoint in a folder has behind it; 0 if there is none.

    Raises:
        ValueError: if it is damaged, or from a newer version.

    Example:
        >>> epochs_done(Path("nowhere"))
        0
    """
    path = folder / CHECKPOINT
    return len(read_checkpoint(path)[1].get("history", [])) if path.exists() else 0


def _require_whole(tensors: dict[str, Tensor], model: LatentVariableModel) -> None:
    """A checkpoint holds all weights twice, last and best, and the optimiser's state of each that is not frozen."""
    state = model.state_dict()
    shapes = {f"{part}.{name}": value.shape for part in ("model", "best") for name, value in state.items()}
    for index, (name, weight) in enumerate(model.named_parameters()):
        was_trained = any(key.startswith(f"optimizer.{index}.") for key in tensors)
        if was_trained and not weight.requires_grad:
            raise ValueError(f"{name} was trained there and is frozen here; see its requires_grad")
        if weight.requires_grad and not was_trained:
            raise ValueError(f"{name} was frozen or without a gradient there, and is to be trained here")
        if was_trained:
            shapes |= {f"optimizer.{index}.{slot}": weight.shape for slot in ("exp_avg", "exp_avg_sq")}
            shapes[f"optimizer.{index}.step"] = torch.Size()
    for name, shape in shapes.items():
        if name not in tensors:
            raise ValueError(f"{name} is missing")
        if tensors[name].shape != shape:
            raise ValueError(f"{name} has shape {tuple(tensors[name].shape)}, not {tuple(shape)}")
    for name, value in state.items():
        there, here = (str(kind).removeprefix("torch.") for kind in (tensors[f"model.{name}"].dtype, value.dtype))
        if there != here:
            raise ValueError(f"{name} is {there} there, {here} here; give the model its type: model.to(torch.{there})")
