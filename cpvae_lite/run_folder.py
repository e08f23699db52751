"""Runs on disk: a folder with what was asked for, a checkpoint to go on from, and the finished model.

run.json                 model, training settings and data, written before the first step
checkpoint.safetensors   what :mod:`cpvae_lite.checkpoint` keeps of the last whole epoch
run.lock                 held while a process is at the run
model.safetensors, model.json, history.json    the finished model
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import torch

from cpvae_lite._arguments import expanded, said
from cpvae_lite.checkpoint import CHECKPOINT, fitting, read_checkpoint, write_checkpoint
from cpvae_lite.data import Dataset
from cpvae_lite.history import History
from cpvae_lite.locks import alone
from cpvae_lite.model import LatentVariableModel
from cpvae_lite.run_files import read_run, settings_of
from cpvae_lite.saved import MODEL_FILES, configuration_of, save_model, stamp
from cpvae_lite.schedule import TrainConfig
from cpvae_lite.state import Snapshot, TrainState
from cpvae_lite.storage import checksum, write_json

FREE_ON_RESUME = {"epochs", "checkpoint_every", "origin"}  # what does not change the weights of an epoch


def _start(model: LatentVariableModel) -> str:
    """The checksum of a model's first weights; what q(c) it has of earlier ones does not count."""
    state = model.state_dict()
    return checksum(state | {"aggregated_posterior": torch.full_like(state["aggregated_posterior"], torch.nan)})


def require_no_run(folder: Path) -> None:
    """Refuse to train into a folder that holds a run.

    Raises:
        FileExistsError: if a run is there.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     require_no_run(Path(folder))  # says nothing
        ...     write_json(Path(folder) / "run.json", {})
        ...     require_no_run(Path(folder))
        Traceback (most recent call last):
        FileExistsError: ... holds a run already (run.json): choose another folder, resume that run, or delete it
    """
    for name in ("run.json", CHECKPOINT, "model.safetensors"):
        if (folder / name).exists():
            raise FileExistsError(
                f"{folder} holds a run already ({name}): choose another folder, resume that run, or delete it"
            )


class Run:
    """The folder of one training run, which one process at a time can be at: from :meth:`claim` or :meth:`restore` on,
    until :meth:`close`.

    Args:
        folder: it need not exist.
        settings: the run's model, training settings and data; see :meth:`describe`.

    Attributes:
        epochs_on_disk: how many epochs the checkpoint holds, as far as this object has read or written it.

    Example:
        >>> import tempfile
        >>> from cpvae_lite import build
        >>> from cpvae_lite.synthetic import synthetic_mixture
        >>> model = build("vae", features=1, likelihood="gaussian")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Run(folder, Run.describe(model, TrainConfig(epochs=5), synthetic_mixture(100))).claim(model)
        ...     read_run(folder)["training"]["epochs"]
        5
    """

    def __init__(self, folder: str | Path, settings: dict):
        self.folder, self.settings = expanded(folder), settings
        self.epochs_on_disk = 0
        self._claimed = False
        self._held = ExitStack()

    def _alone(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._held.enter_context(alone(self.folder / "run.lock", str(self.folder)))

    def close(self) -> None:
        """Let other processes at the run.

        Example:
            >>> import tempfile
            >>> from cpvae_lite import build
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     run = Run(folder, {})
            ...     run.claim(build("vae", features=4))
            ...     held = (Path(folder) / "run.lock").exists()
            ...     run.withdraw()
            ...     run.close()
            ...     held, list(Path(folder).iterdir())
            (True, [])
        """
        self._held.close()

    @staticmethod
    def describe(model: LatentVariableModel, training: TrainConfig, dataset: Dataset) -> dict:
        """What a run is made of, in plain values that JSON can hold.

        Args:
            model: from :func:`cpvae_lite.build`.
            training: the settings of its training.
            dataset: what it is trained on.

        Returns:
            A dict of "model", "training" and "data": two configurations, and the name, shape and fingerprint of
            the data, whether they are the shipped subset, and for a folder of images how to read it again.

        Raises:
            ValueError: if the model was composed by hand.

        Example:
            >>> from cpvae_lite import build
            >>> from cpvae_lite.synthetic import synthetic_mixture
            >>> model = build("vae", features=1, likelihood="gaussian")
            >>> settings = Run.describe(model, TrainConfig(epochs=5), synthetic_mixture(100))
            >>> settings["model"]["name"], settings["training"]["epochs"], settings["data"]["shape"]
            ('vae', 5, [1])
        """
        data = {
            "name": dataset.name,
            "subset": dataset.subset,
            "shape": list(dataset.shape),
            "fingerprint": dataset.fingerprint,
            **({"origin": dict(dataset.origin)} if dataset.origin else {}),
        }
        return {"model": configuration_of(model), "training": asdict(training), "data": data}

    def claim(self, model: LatentVariableModel) -> None:
        """Start a new run here, from the weights of `model`.

        Raises:
            FileExistsError: if a run is here already.
            BusyError: if another process is at it.
            OSError: if the folder cannot be written.

        Example:
            >>> import tempfile
            >>> from cpvae_lite import build
            >>> model = build("vae", features=4)
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     run = Run(folder, {})
            ...     run.claim(model)
            ...     run.close()
            ...     Run(folder, {}).claim(model)
            Traceback (most recent call last):
            FileExistsError: ... holds a run already (run.json): choose another folder, resume that run, or delete it
        """
        self._alone()
        require_no_run(self.folder)
        write_json(self.folder / "run.json", stamp() | self.settings | {"start": _start(model)})
        self._claimed = True

    def withdraw(self) -> None:
        """Undo :meth:`claim`, so that the folder is free for another try; an older run stays.

        Example:
            >>> import tempfile
            >>> from cpvae_lite import build
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     run = Run(folder, {})
            ...     run.claim(build("vae", features=4))
            ...     run.withdraw()
            ...     (Path(folder) / "run.json").exists()
            False
        """
        if self._claimed:
            (self.folder / "run.json").unlink(missing_ok=True)

    def restore(self, state: TrainState) -> None:
        """Bring `state` to the last checkpoint; to the start if the run was cut off before the first.

        The run then counts as not finished: its model.json goes, and run.json has the settings of now.

        Args:
            state: of a model of the same configuration, whose optimiser has the same parameters; changed in place.

        Raises:
            FileNotFoundError: if no run is here.
            BusyError: if another process is at it.
            ValueError: if the checkpoint is damaged, of another configuration, from a newer version, or of more
                epochs than are asked for; if there is none, and the model starts from other weights than the run.

        Example:
            >>> import tempfile
            >>> from cpvae_lite import build, fit
            >>> from cpvae_lite.synthetic import synthetic_mixture
            >>> model, data = build("vae", features=1, likelihood="gaussian"), synthetic_mixture(100)
            >>> config, state = TrainConfig(epochs=2, warmup=1), TrainState(model, torch.optim.Adam(model.parameters()))
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     history = fit(model, data, config, out=folder, progress=False)
            ...     Run(folder, Run.describe(model, config, data)).restore(state)
            >>> len(state.history), state.history == history
            (2, True)
        """
        read_run(self.folder)  # no folder is made where none is
        self._alone()
        begun = read_run(self.folder)
        self._require_same(begun, self.folder / "run.json")
        path = self.folder / CHECKPOINT
        if path.exists():
            self._restore(state, path)
        elif any((self.folder / name).exists() for name in MODEL_FILES):
            raise ValueError(
                f"{self.folder} is finished, but its checkpoint is gone, so it cannot go on; train in another folder"
            )
        elif begun.get("start") != _start(state.model):
            raise ValueError(
                f"{self.folder} has no checkpoint yet, and the model starts from other weights than its run"
            )
        (self.folder / "model.json").unlink(missing_ok=True)  # the run is not finished any more
        write_json(self.folder / "run.json", begun | stamp() | self.settings)  # there may be more epochs to go now

    def _restore(self, state: TrainState, path: Path) -> None:
        tensors, header = read_checkpoint(path)
        self._require_same(header, path)
        try:
            state.restore(fitting(state.model, tensors, header, self.settings["training"]["epochs"]))
        except (RuntimeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path} does not fit this run: {said(error)}") from error
        self.epochs_on_disk = len(state.history)

    def _require_same(self, found: dict, path: Path) -> None:
        for part, wanted in self.settings.items():
            there = settings_of(found, part, path)
            for key, value in wanted.items():
                if key not in FREE_ON_RESUME and there.get(key) != value:
                    raise ValueError(
                        f"{path} is of another run: {part} {key} is {there.get(key)!r} there, {value!r} here"
                    )

    def write(self, snapshot: Snapshot) -> None:
        """Replace the checkpoint; the old one stays until the new one is whole.

        Raises:
            OSError: if the folder cannot be written.

        Example:
            >>> import tempfile
            >>> from cpvae_lite import build
            >>> model = build("vae", features=4)
            >>> state = TrainState(model, torch.optim.Adam(model.parameters()))
            >>> state.finish_epoch({"validation": {"bound": -3.0}})
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     run = Run(folder, {})
            ...     run.write(state.snapshot())
            >>> run.epochs_on_disk
            1
        """
        write_checkpoint(self.folder, snapshot, self.settings)
        self.epochs_on_disk = len(snapshot.history)

    def finish(self, model: LatentVariableModel, history: History) -> None:
        """Write the finished model; model.json comes last and says that the run is done.

        Raises:
            OSError, ValueError: as :func:`cpvae_lite.save_model` does.

        Example:
            >>> import tempfile
            >>> from cpvae_lite import build
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     Run(folder, {}).finish(build("vae", features=4), History())
            ...     sorted(path.name for path in Path(folder).iterdir())
            ['history.json', 'model.json', 'model.safetensors']
        """
        write_json(self.folder / "history.json", {"epochs": list(history)})
        save_model(model, self.folder)
