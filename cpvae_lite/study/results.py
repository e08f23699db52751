"""What the runs of a table left: one JSON file each, and how they differ from seed to seed."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Callable, Collection, Iterable, Sequence
from copy import copy
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path

import numpy as np
from PIL import Image

from cpvae_lite._arguments import expanded, one_of
from cpvae_lite.config import BY_THE_DATA
from cpvae_lite.data import Dataset
from cpvae_lite.model import LatentVariableModel
from cpvae_lite.run_files import DEFAULTS, settings_of
from cpvae_lite.saved import load_model
from cpvae_lite.storage import read_json
from cpvae_lite.study.experiments import Experiment
from cpvae_lite.study.grids import TABLES

NAME = re.compile(r"(.+)-seed(\d+)")  # of a result: its label and its seed
FINGERPRINT = "fingerprint of the data"
SHIPPED = Path(str(resources.files("cpvae_lite") / "artifacts" / "results"))


class NotRunError(KeyError):
    """Results have no run of some label.

    Example:
        >>> Results("slow").runs("mog-2")
        Traceback (most recent call last):
        cpvae_lite.study.results.NotRunError: .../slow holds no run of mog-2; there are cp-150, indq-150
    """

    def __str__(self) -> str:
        return self.args[0]  # a KeyError would put it in quotes


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


def pooled_deviation(spreads: Iterable[Spread]) -> float:
    r"""How far single runs lie from their mean, as several groups of runs say together.

    Args:
        spreads: of groups that may have means of their own; a group of one run says nothing.

    Returns:
        :math:`\sqrt{\sum_g (n_g - 1) s_g^2 / \sum_g (n_g - 1)}` with the deviation s of each group of n runs.

    Raises:
        ValueError: if no group has two runs.

    Example:
        >>> spreads = [Spread.over([1.0, 3.0]), Spread.over([10.0, 10.0, 10.0]), Spread.over([7.0])]
        >>> round(pooled_deviation(spreads), 4)  # √(2/3): of three degrees of freedom
        0.8165
    """
    several = [spread for spread in spreads if spread.deviation is not None]
    if not several:
        raise ValueError("a deviation between runs needs a group of at least two")
    freedom = [len(spread.values) - 1 for spread in several]
    squares = sum(count * spread.deviation**2 for count, spread in zip(freedom, several, strict=True))
    return math.sqrt(squares / sum(freedom))


class Results:
    """The finished runs of a table.

    Args:
        table: as "synthetic".
        folder: of results; that of the package by default.

    Attributes:
        table, folder: its name, and where its records are.

    Raises:
        ValueError: if the package ships no such table and no folder is given, if a record is damaged, or if runs that
            share a label differ in more than their seed, as in settings or data.

    Example:
        >>> results = Results("synthetic")
        >>> results.over_seeds("vae", lambda run: run["generated"]["modes"]).mean
        2.0
    """

    def __init__(self, table: str, folder: str | Path = SHIPPED):
        if folder == SHIPPED:
            one_of("table", table, TABLES)
        self.table, self.folder = table, expanded(folder) / table
        found = [(*match.groups(), path) for path in self.folder.glob("*.json") if (match := NAME.fullmatch(path.stem))]
        self._runs: dict[str, list[dict]] = {}
        for label, seed, path in sorted(found, key=lambda run: (run[0], int(run[1]))):
            self._runs.setdefault(label, []).append(_record(path, int(seed)))
        for label, runs in self._runs.items():
            if other := _differing([_settings(run, self.folder) for run in runs]):
                names = ", ".join(other)
                raise ValueError(f"{self.folder}: the runs of {label} have different settings ({names}), so no mean")

    def __contains__(self, label: str) -> bool:
        """Whether there is a run of that label."""
        return label in self._runs

    def only(self, names: Collection[str]) -> Results:
        """The same, with those runs alone that have one of these names.

        Args:
            names: of runs, as "synthetic/cp-150-seed0"; those that are not there are left out.

        Example:
            >>> found = Results("synthetic").only({"synthetic/cp-2-seed1", "synthetic/cp-2-seed4"})
            >>> found.labels, [run["training"]["seed"] for run in found.runs("cp-2")]
            (['cp-2'], [1, 4])
        """
        found = copy(self)
        kept = {
            label: [run for run in runs if f"{self.table}/{label}-seed{run['training']['seed']}" in names]
            for label, runs in self._runs.items()
        }
        found._runs = {label: runs for label, runs in kept.items() if runs}
        return found

    def other_settings(self, experiment: Experiment, dataset: Dataset | None = None) -> list[str]:
        """In what the runs of a label differ from how an experiment makes them, whatever its seed.

        Args:
            experiment: of this table.
            dataset: compare the data too, and not their name alone.

        Returns:
            The names of settings; none if no run of that label is there.

        Example:
            >>> from cpvae_lite.study.grids import named
            >>> run = named("synthetic/cp-2-seed0")
            >>> Results("synthetic").other_settings(run), Results("synthetic").other_settings(run.lasting(5))
            ([], ['epochs'])
        """
        if experiment.label not in self:
            return []
        there = _settings(self.runs(experiment.label)[0], self.folder)
        wanted = DEFAULTS["model"] | experiment.model | asdict(experiment.training) | {"seed": None}
        wanted = {name: value for name, value in wanted.items() if name not in BY_THE_DATA}
        wanted |= {"data": experiment.data, "importance_samples": experiment.importance_samples}
        wanted |= {FINGERPRINT: dataset.fingerprint} if dataset else {}
        return [name for name, value in wanted.items() if there.get(name) != value]

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
            NotRunError: a KeyError, if it was never run.

        Example:
            >>> [run["training"]["seed"] for run in Results("synthetic").runs("cp-2")]
            [0, 1, 2, 3, 4]
        """
        if label not in self._runs:
            raise NotRunError(f"{self.folder} holds no run of {label}; there are {', '.join(self.labels) or 'none'}")
        return self._runs[label]

    def record(self, label: str, seed: int) -> dict | None:
        """The record of one run; None if it is not there.

        Example:
            >>> Results("synthetic").record("cp-2", 3)["run"], Results("synthetic").record("cp-2", 33)
            ('synthetic/cp-2-seed3', None)
        """
        return next((run for run in self._runs.get(label, ()) if run["training"]["seed"] == seed), None)

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

    def path(self, label: str, seed: int | None = None) -> Path:
        """Where the record of a run is; its weights and samples stand beside it.

        Args:
            label: as "cp-150".
            seed: of the first run by default.

        Raises:
            KeyError: if it was never run, and no seed is given.

        Example:
            >>> Results("slow").path("cp-150").name, Results("slow").path("cp-150", seed=3).name
            ('cp-150-seed0.json', 'cp-150-seed3.json')
        """
        seed = self.runs(label)[0]["training"]["seed"] if seed is None else seed
        return self.folder / f"{label}-seed{seed}.json"

    def model(self, label: str, seed: int | None = None) -> LatentVariableModel:
        """The trained model of a run that kept its weights.

        Args:
            label, seed: as in :meth:`path`.

        Raises:
            FileNotFoundError: if it did not; names those that did.
            KeyError: if it was never run, and no seed is given.
            ValueError: if they are damaged; see :func:`cpvae_lite.load_model`.

        Example:
            >>> Results("synthetic").model("cp-2").aggregated_posterior.round(decimals=1)  # q(c)
            tensor([0.5000, 0.5000])
        """
        folder = self.path(label, seed).with_suffix("")
        if not folder.is_dir():
            kept = ", ".join(self.with_weights) or "none"
            raise FileNotFoundError(f"the run {folder.name} left no weights; those that did: {kept}")
        return load_model(folder)

    @property
    def with_weights(self) -> list[str]:
        """The labels whose first run kept its weights, which :meth:`model` loads.

        Example:
            >>> Results("mnist").with_weights
            ['cp-150', 'indp-150', 'indq-150', 'indqp-150']
        """
        return [label for label in self.labels if self.path(label).with_suffix("").is_dir()]

    def sheet(self, label: str, seed: int | None = None) -> np.ndarray:
        """The samples that a run left: grey values (height, width) from 0 for ink to 255 for paper, uint8.

        They are of all that the model draws, or a row a category: what `keeps` of its experiment says.

        Args:
            label, seed: as in :meth:`path`.

        Raises:
            FileNotFoundError: if it left none.
            KeyError: if it was never run, and no seed is given.

        Example:
            >>> Results("mnist").sheet("cp-150").shape  # 64 images
            (238, 238)
        """
        path = self.path(label, seed).with_suffix(".png")
        if not path.is_file():
            raise FileNotFoundError(f"the run {path.stem} left no samples in {self.folder}")
        with Image.open(path) as image:
            return np.asarray(image.convert("L"))


def _record(path: Path, seed: int) -> dict:
    try:
        record = read_json(path)
    except ValueError as error:
        raise ValueError(f"{error}; delete it, and `reproduce` makes the run again") from error
    whole = all(isinstance(record.get(part), dict) for part in ("model", "training", "data", "measures"))
    if not whole or record["training"].get("seed") != seed:
        raise ValueError(f"{path} is damaged: it is no record of a run of that name")
    return record


def _settings(record: dict, folder: Path) -> dict:
    """All that runs of one label share."""
    settings = settings_of(record, "model", folder) | settings_of(record, "training", folder) | {"seed": None}
    data, samples = record["data"], record["measures"].get("importance_samples")
    settings |= {"data": data.get("name"), "subset": data.get("subset"), FINGERPRINT: data.get("fingerprint")}
    return settings | {"importance_samples": samples}


def _differing(settings: list[dict]) -> list[str]:
    """The names of the settings that are not the same in all."""
    names = dict.fromkeys(name for each in settings for name in each)
    return [name for name in names if any(each.get(name) != settings[0].get(name) for each in settings)]
