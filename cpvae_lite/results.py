"""What the runs of a table left: one JSON file each, and how they differ from seed to seed."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
from PIL import Image

from cpvae_lite.checkpoint import settings_of
from cpvae_lite.model import LatentVariableModel
from cpvae_lite.saved import load_model
from cpvae_lite.storage import read_json

NAME = re.compile(r"(.+)-seed(\d+)")  # of a result: its label and its seed
SHIPPED = Path(str(resources.files("cpvae_lite") / "artifacts" / "results"))


@dataclass(frozen=True)
class Spread:
    """A figure over seeds.

    Attributes:
        mean: over the runs.
        deviation: the standard deviation between runs; None for a single run.
        values: of each run, in the order of the seeds.

    Example:
        >>> spread = Spread.over([1.0, 3.0])
        >>> spread.mean, round(spread.deviation, 3)
        (2.0, 1.414)
    """

    mean: float
    deviation: float | None
    values: tuple[float, ...]

    @classmethod
    def over(cls, values: Sequence[float]) -> Spread:
        """Of the values of single runs.

        Args:
            values: in the order of the seeds.

        Raises:
            ValueError: if there are none.

        Example:
            >>> Spread.over([2.0])  # a single run has no deviation
            Spread(mean=2.0, deviation=None, values=(2.0,))
        """
        if not values:
            raise ValueError("a figure over seeds needs at least one run")
        deviation = statistics.stdev(values) if len(values) > 1 else None
        return cls(statistics.fmean(values), deviation, tuple(values))

    def format(self, digits: int = 3) -> str:
        """Mean and deviation as text.

        Args:
            digits: after the point.

        Example:
            >>> Spread.over([1.0, 3.0]).format(1), Spread.over([2.0]).format(1)
            ('2.0 ± 1.4', '2.0')
        """
        mean = f"{self.mean:.{digits}f}"
        return mean if self.deviation is None else f"{mean} ± {self.deviation:.{digits}f}"


class Results:
    """The finished runs of a table.

    Args:
        table: as "synthetic".
        folder: of results; that of the package by default.

    Attributes:
        table, folder: its name, and where its records are.

    Raises:
        ValueError: if a record is damaged, or if runs that differ in more than their seed share a label.

    Example:
        >>> results = Results("synthetic")
        >>> results.over_seeds("vae", lambda run: run["generated"]["modes"]).mean
        2.0
    """

    def __init__(self, table: str, folder: str | Path = SHIPPED):
        self.table, self.folder = table, Path(folder) / table
        found = [(*match.groups(), path) for path in self.folder.glob("*.json") if (match := NAME.fullmatch(path.stem))]
        self._runs: dict[str, list[dict]] = {}
        for label, _, path in sorted(found, key=lambda run: (run[0], int(run[1]))):
            self._runs.setdefault(label, []).append(_record(path))
        for label, runs in self._runs.items():
            if other := _differing([_settings(run, self.folder) for run in runs]):
                names = ", ".join(other)
                raise ValueError(f"{self.folder}: the runs of {label} have different settings ({names}), so no mean")

    def __contains__(self, label: str) -> bool:
        """Whether there is a run of that label."""
        return label in self._runs

    @property
    def labels(self) -> list[str]:
        """What was run, as "cp-150", in alphabetical order.

        Example:
            >>> Results("slow").labels
            ['cp-150', 'indq-150']
        """
        return list(self._runs)

    def runs(self, label: str) -> list[dict]:
        """The records of one label, in the order of their seeds.

        Raises:
            KeyError: if it was never run.

        Example:
            >>> [run["training"]["seed"] for run in Results("synthetic").runs("cp-2")]
            [0, 1, 2, 3, 4]
        """
        if label not in self._runs:
            raise KeyError(f"{self.folder} holds no run of {label}; there are {', '.join(self.labels) or 'none'}")
        return self._runs[label]

    def first(self, label: str) -> dict:
        """The measures of the first of them.

        Raises:
            KeyError: if it was never run.

        Example:
            >>> Results("mnist").first("cp-150")["used_categories"]
            71
        """
        return self.runs(label)[0]["measures"]

    def over_seeds(self, label: str, figure: Callable[[dict], float]) -> Spread:
        """Mean and spread of a figure over the seeds of one label.

        Args:
            label: as "cp-150".
            figure: takes the measures of a run, the "measures" of its record.

        Raises:
            KeyError: if it was never run.

        Example:
            >>> Results("synthetic").over_seeds("cp-2", lambda measures: measures["kl_c"]).format(2)  # nats: log 2
            '0.69 ± 0.00'
        """
        return Spread.over([figure(run["measures"]) for run in self.runs(label)])

    def model(self, label: str, seed: int = 0) -> LatentVariableModel:
        """The trained model of a run that kept its weights.

        Raises:
            FileNotFoundError: if it did not.
            ValueError: if they are damaged; see :func:`cpvae_lite.load_model`.

        Example:
            >>> Results("synthetic").model("cp-2").aggregated_posterior.round(decimals=1)  # q(c)
            tensor([0.5000, 0.5000])
        """
        return load_model(self.folder / f"{label}-seed{seed}")

    def sheet(self, label: str, seed: int = 0) -> np.ndarray:
        """The samples that a run left: grey values (height, width) from 0 for ink to 255 for paper, uint8.

        Raises:
            FileNotFoundError: if it left none.

        Example:
            >>> Results("mnist").sheet("cp-150").shape  # 64 images
            (238, 238)
        """
        path = self.folder / f"{label}-seed{seed}.png"
        if not path.is_file():
            raise FileNotFoundError(f"the run {label} with seed {seed} left no samples in {self.folder}")
        with Image.open(path) as image:
            return np.asarray(image.convert("L"))


def _record(path: Path) -> dict:
    record = read_json(path)
    if not all(isinstance(record.get(part), dict) for part in ("model", "training", "measures")):
        raise ValueError(f"{path} is damaged: it is no record of a run")
    return record


def _settings(record: dict, folder: Path) -> dict:
    """All that runs of one label share."""
    settings = settings_of(record, "model", folder) | settings_of(record, "training", folder) | {"seed": None}
    return settings | {"importance_samples": record["measures"].get("importance_samples")}


def _differing(settings: list[dict]) -> list[str]:
    """The names of the settings that are not the same in all."""
    names = dict.fromkeys(name for each in settings for name in each)
    return [name for name in names if any(each.get(name) != settings[0].get(name) for each in settings)]
