"""Runs on disk: a folder with what was asked for, a checkpoint to go on from, and the finished model.

run.json                 model, training settings and data, written before the first step
checkpoint.safetensors   weights, best weights, optimiser and history after a whole epoch
model.safetensors, model.json, history.json    the finished model
"""

from __future__ import annotations

from dataclasses import MISSING, asdict, fields
from pathlib import Path

import torch
from torch import Tensor

from cpvae_lite._version import __version__
from cpvae_lite.data import Dataset
from cpvae_lite.history import History
from cpvae_lite.model import LatentVariableModel
from cpvae_lite.schedule import TrainConfig
from cpvae_lite.state import Snapshot, TrainState
from cpvae_lite.storage import checksum, read_json, read_tensors, write_json, write_tensors
from cpvae_lite.zoo import ModelConfig, compose

FORMAT = 1  # of the files; a later version of the package may raise it
# A run that was begun before a setting existed has its default.
DEFAULTS = {
    part: {field.name: field.default for field in fields(kind) if field.default is not MISSING}
    for part, kind in {"model": ModelConfig, "training": TrainConfig}.items()
}
FREE_ON_RESUME = {"epochs", "checkpoint_every"}  # settings that do not change the weights of an epoch


def save_model(model: LatentVariableModel, folder: str | Path, *, half: bool = False) -> None:
    """Write a model's weights (safetensors) and configuration (JSON) into a folder.

    Args:
        model: from :func:`cpvae_lite.build`.
        folder: made if it is not there; a model that is there is replaced.
        half: round the parameters to float16, for half the size; they are read back as float32. q(c) is kept whole.

    Raises:
        OSError: if the folder cannot be written; no half-written file is left.
        ValueError: if the model was composed by hand and so has no configuration to build it from again, or if a
            weight is too great for float16.

    Example:
        >>> import tempfile
        >>> from cpvae_lite import build
        >>> model = build("cp", features=784, categories=10)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_model(model, folder)
        ...     again = load_model(folder)
        >>> all(torch.equal(p, q) for p, q in zip(model.parameters(), again.parameters()))
        True
    """
    description, folder = _described(model), Path(folder)
    tensors = model.state_dict()
    if half:
        tensors |= {name: _halved(name, weight) for name, weight in model.named_parameters()}
    write_tensors(folder / "model.safetensors", tensors)
    write_json(folder / "model.json", _stamp() | {"model": description})


def _halved(name: str, weight: Tensor) -> Tensor:
    rounded = weight.detach().half()
    if rounded.isinf().any():
        raise ValueError(f"{name} reaches {weight.abs().max():.3g}, too much for float16; keep the model whole")
    return rounded


def _described(model: LatentVariableModel) -> dict:
    if model.config is None:
        raise ValueError("a model that build() did not make has no configuration, so it cannot be kept on disk")
    return asdict(model.config)


def load_model(folder: str | Path) -> LatentVariableModel:
    """Read what :func:`save_model` wrote.

    Raises:
        FileNotFoundError: if there is no model in the folder.
        ValueError: if a file is damaged, of another model, or from a newer version of the package.
    """
    folder = Path(folder)
    for name in ("model.json", "model.safetensors"):
        if not (folder / name).is_file():
            raise FileNotFoundError(f"{folder} holds no finished model ({name} is missing)")
    stored, _ = read_tensors(folder / "model.safetensors")
    tensors = {name: tensor.float() if tensor.dtype == torch.float16 else tensor for name, tensor in stored.items()}
    model = compose(_model_config(folder / "model.json"))
    model.to(next((tensor.dtype for tensor in tensors.values()), torch.float32))
    _load_state(model, tensors, folder / "model.safetensors")
    return model


def load_last(model: LatentVariableModel, folder: str | Path) -> None:
    """Give a model the weights that a run's last checkpoint ends with, instead of those of its best epoch.

    Its q(c) is not that of these weights; see :func:`cpvae_lite.train.aggregate`.

    Raises:
        FileNotFoundError, ValueError: if there is no checkpoint, or if it is damaged or of another model.
    """
    path = Path(folder) / "checkpoint.safetensors"
    tensors, _ = read_tensors(path)
    part = "model."
    _load_state(model, {name[len(part) :]: tensor for name, tensor in tensors.items() if name.startswith(part)}, path)


def _model_config(path: Path) -> ModelConfig:
    content = read_json(path)
    _require_readable(content, path)
    try:
        return ModelConfig(**content["model"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} does not describe a model: {error}") from error


def _stamp() -> dict:
    return {"format": FORMAT, "cpvae_lite": __version__, "torch": torch.__version__}


def _require_readable(content: dict, path: Path) -> None:
    if not isinstance(content.get("format"), int):
        raise ValueError(f"{path} is damaged: it does not say which format it has")
    if content["format"] > FORMAT:
        raise ValueError(
            f"{path} comes from a newer cpvae_lite ({content.get('cpvae_lite')}); this is"
            f" {__version__}: install the newer one"
        )


def _load_state(model: LatentVariableModel, tensors: dict[str, Tensor], path: Path) -> None:
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:300]
        raise ValueError(f"{path} holds weights of another model: {reason}") from error


def _require_whole(tensors: dict[str, Tensor], model: LatentVariableModel) -> None:
    """A checkpoint holds all weights twice, last and best, and the optimiser's state of each parameter."""
    state = model.state_dict()
    shapes = {f"{part}.{name}": value.shape for part in ("model", "best") for name, value in state.items()}
    for index, weight in enumerate(model.parameters()):
        shapes |= {f"optimizer.{index}.{slot}": weight.shape for slot in ("exp_avg", "exp_avg_sq")}
        shapes[f"optimizer.{index}.step"] = torch.Size()
    for name, shape in shapes.items():
        if name not in tensors:
            raise ValueError(f"{name} is missing")
        if tensors[name].shape != shape:
            raise ValueError(f"{name} has shape {tuple(tensors[name].shape)}, not {tuple(shape)}")


def require_no_run(folder: Path) -> None:
    """Refuse to train into a folder that holds a run.

    Raises:
        FileExistsError: if a run is there.
    """
    for name in ("run.json", "checkpoint.safetensors", "model.safetensors"):
        if (folder / name).exists():
            raise FileExistsError(
                f"{folder} holds a run already ({name}): choose another folder, resume that run, or delete it"
            )


class Run:
    """The folder of one training run.

    Args:
        folder: it need not exist.
        settings: the run's model, training settings and data; see :meth:`describe`.
    """

    def __init__(self, folder: str | Path, settings: dict):
        self.folder, self.settings = Path(folder), settings
        self.epochs_on_disk = 0

    @staticmethod
    def describe(model: LatentVariableModel, training: object, dataset: Dataset) -> dict:
        """What a run is made of, as JSON."""
        data = {
            "name": dataset.name,
            "subset": dataset.subset,
            "shape": list(dataset.shape),
            "fingerprint": dataset.fingerprint,
        }
        return {"model": _described(model), "training": asdict(training), "data": data}

    def claim(self, model: LatentVariableModel) -> None:
        """Start a new run here, from the weights of `model`.

        Raises:
            FileExistsError: if a run is here already.
            OSError: if the folder cannot be written.
        """
        require_no_run(self.folder)
        write_json(self.folder / "run.json", _stamp() | self.settings | {"start": checksum(model.state_dict())})

    def restore(self, state: TrainState) -> None:
        """Bring `state` to the last checkpoint; to the start if the run was cut off before the first.

        Raises:
            FileNotFoundError: if no run is here.
            ValueError: if the checkpoint is damaged, of another configuration, or from a newer version.
        """
        begun = read_run(self.folder)
        self._require_same(begun, self.folder / "run.json")
        path = self.folder / "checkpoint.safetensors"
        if path.exists():
            self._restore(state, path)
        elif begun.get("start") != checksum(state.model.state_dict()):
            raise ValueError(
                f"{self.folder} has no checkpoint yet, and the model starts from other weights than its run"
            )
        (self.folder / "model.json").unlink(missing_ok=True)  # the run is not finished any more
        write_json(self.folder / "run.json", begun | _stamp() | self.settings)  # there may be more epochs to go now

    def _restore(self, state: TrainState, path: Path) -> None:
        tensors, header = read_tensors(path)
        _require_readable(header, path)
        self._require_same(header, path)
        device = state.model.aggregated_posterior.device
        moved = {name: tensor.to(device) for name, tensor in tensors.items()}
        try:
            _require_whole(tensors, state.model)
            history = History(header["history"])
            if not history.best_epoch:
                raise ValueError("its history is empty")
            state.restore(Snapshot(moved, history))
        except (RuntimeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path} does not fit this run: {' '.join(str(error).split())[:300]}") from error
        self.epochs_on_disk = len(state.history)

    def _require_same(self, found: dict, path: Path) -> None:
        for part, wanted in self.settings.items():
            there = found.get(part)
            if not isinstance(there, dict):
                raise ValueError(f"{path} is damaged: it does not say what {part} it is of")
            there = DEFAULTS.get(part, {}) | there
            for key, value in wanted.items():
                if key not in FREE_ON_RESUME and there.get(key) != value:
                    raise ValueError(
                        f"{path} is of another run: {part} {key} is {there.get(key)!r} there, {value!r} here"
                    )

    def write(self, snapshot: Snapshot) -> None:
        """Replace the checkpoint; the old one stays until the new one is whole."""
        header = _stamp() | self.settings | {"history": list(snapshot.history)}
        write_tensors(self.folder / "checkpoint.safetensors", snapshot.tensors, header)
        self.epochs_on_disk = len(snapshot.history)

    def finish(self, model: LatentVariableModel, history: History) -> None:
        """Write the finished model; model.json comes last and says that the run is done."""
        write_json(self.folder / "history.json", {"epochs": list(history)})
        save_model(model, self.folder)


def read_run(folder: str | Path) -> dict:
    """The contents of a run's run.json: "model", "training" and "data".

    Raises:
        FileNotFoundError: if no run is in the folder.
        ValueError: if the file is damaged or from a newer version.
    """
    path = Path(folder) / "run.json"
    if not path.is_file():
        raise FileNotFoundError(f"{folder} holds no run (run.json is missing)")
    content = read_json(path)
    _require_readable(content, path)
    wanted = {"name": str, "subset": bool, "shape": list, "fingerprint": str}
    data = content.get("data")
    whole = isinstance(data, dict) and all(isinstance(data.get(key), kind) for key, kind in wanted.items())
    if not whole or not all(isinstance(content.get(part), dict) for part in ("model", "training")):
        raise ValueError(f"{path} is damaged: it does not describe a run")
    return content


def read_history(folder: str | Path) -> History:
    """The history of a finished run.

    Raises:
        FileNotFoundError, ValueError: if its history.json is missing or damaged.
    """
    path = Path(folder) / "history.json"
    try:
        history = History(read_json(path)["epochs"])
        if history.best_epoch and all(isinstance(record["temperature"], float) for record in history):
            return history
    except (KeyError, TypeError, IndexError):
        pass
    raise ValueError(f"{path} is damaged: it holds no history of a run")
