"""Everything that training changes, and copies of it to go back to."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import Tensor

from cpvae_lite.history import History
from cpvae_lite.model import LatentVariableModel


@dataclass(frozen=True)
class Snapshot:
    """A copy of a training state after a whole epoch.

    Attributes:
        tensors: copies of weights and of the optimiser's own, by name, as :meth:`TrainState.snapshot` says.
        history: of the epochs until then.

    Example:
        >>> from cpvae_lite import build
        >>> model = build("vae", features=784)
        >>> taken = TrainState(model, torch.optim.Adam(model.parameters())).snapshot()
        >>> {name.split(".")[0] for name in taken.tensors}  # there is no best epoch yet, and Adam has not moved
        {'model'}
    """

    tensors: dict[str, Tensor]
    history: History


class TrainState:
    """All that training changes: weights, optimiser, history, and the best weights so far.

    Args:
        model, optimizer: what is trained, and the optimiser of its parameters.

    Attributes:
        history: of the epochs so far.
        best: the weights of the best of them by name; none before the first.

    Example:
        >>> from cpvae_lite import build
        >>> model = build("vae", features=784)
        >>> state = TrainState(model, torch.optim.Adam(model.parameters()))
        >>> start = state.snapshot()
        >>> state.finish_epoch({"validation": {"bound": -200.0}})
        >>> state.restore(start)
        >>> len(state.history)
        0
    """

    def __init__(self, model: LatentVariableModel, optimizer: torch.optim.Optimizer):
        self.model, self.optimizer = model, optimizer
        self.history = History()
        self.best: dict[str, Tensor] = {}

    def finish_epoch(self, record: dict) -> None:
        """Add the record of an epoch; keep its weights if its validation bound is the best so far.

        Args:
            record: as :class:`cpvae_lite.history.History` describes; its validation bound is looked at.

        Example:
            >>> from cpvae_lite import build
            >>> model = build("vae", features=4)
            >>> state = TrainState(model, torch.optim.Adam(model.parameters()))
            >>> for bound in (-3.0, -2.0, -2.5):
            ...     state.finish_epoch({"validation": {"bound": bound}})
            >>> state.history.best_epoch, sorted(state.best) == sorted(model.state_dict())
            (2, True)
        """
        self.history.append(record)
        if self.history.best_epoch == len(self.history):
            self.best = _cloned(self.model.state_dict())

    def load_best(self) -> None:
        """Give the model the weights of its best epoch.

        Raises:
            RuntimeError: if no epoch was finished.

        Example:
            >>> from cpvae_lite import build
            >>> model = build("vae", features=1, likelihood="gaussian")
            >>> state = TrainState(model, torch.optim.Adam(model.parameters()))
            >>> for value, bound in ((1.0, -3.0), (2.0, -2.0), (3.0, -2.5)):
            ...     _ = model.likelihood.log_variance.data.fill_(value)
            ...     state.finish_epoch({"validation": {"bound": bound}})
            >>> state.load_best()
            >>> model.likelihood.log_variance.item()
            2.0
        """
        self.model.load_state_dict(self.best)

    def snapshot(self) -> Snapshot:
        """A copy of all of it, named by part, as "model.", "best." or "optimizer." and the tensor's own name.

        Example:
            >>> from cpvae_lite import build
            >>> model = build("vae", features=1, likelihood="gaussian")
            >>> state = TrainState(model, torch.optim.Adam(model.parameters()))
            >>> taken = state.snapshot()
            >>> _ = model.likelihood.log_variance.data.fill_(5.0)
            >>> taken.tensors["model.likelihood.log_variance"]  # as it was
            tensor(0.)
        """
        optimizer = {
            f"{index}.{name}": value
            for index, slots in self.optimizer.state_dict()["state"].items()
            for name, value in slots.items()
        }
        parts = {
            "model": _cloned(self.model.state_dict()),
            "best": self.best,
            "optimizer": _cloned(optimizer),
        }
        tensors = {f"{part}.{name}": value for part, named in parts.items() for name, value in named.items()}
        return Snapshot(tensors, copy.copy(self.history))

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to what :meth:`snapshot` copied.

        Raises:
            KeyError, RuntimeError, ValueError: if it is of another model.

        Example:
            >>> from cpvae_lite import build
            >>> model = build("vae", features=1, likelihood="gaussian")
            >>> state = TrainState(model, torch.optim.Adam(model.parameters()))
            >>> start = state.snapshot()
            >>> _ = model.likelihood.log_variance.data.fill_(5.0)
            >>> state.restore(start)
            >>> model.likelihood.log_variance.item()
            0.0
        """
        parts: dict[str, dict[str, Tensor]] = {"model": {}, "best": {}, "optimizer": {}}
        for name, value in snapshot.tensors.items():
            part, rest = name.split(".", 1)
            parts[part][rest] = value
        self.model.load_state_dict(parts["model"])
        slots: dict[int, dict[str, Tensor]] = {}
        for name, value in parts["optimizer"].items():
            index, slot = name.split(".")
            slots.setdefault(int(index), {})[slot] = value.clone()
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": slots, "param_groups": groups})
        self.best, self.history = parts["best"], copy.copy(snapshot.history)


def _cloned(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in tensors.items()}
