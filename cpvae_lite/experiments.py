"""The runs behind the book's tables, as data, and what is measured of each.

An experiment is a model, a training schedule and a seed. :mod:`cpvae_lite.reproduction` runs the missing ones and
:mod:`cpvae_lite.results` reads what they left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from cpvae_lite import synthetic
from cpvae_lite._arguments import one_of, whole_number
from cpvae_lite._seeding import seeded
from cpvae_lite.data import Dataset, load_dataset
from cpvae_lite.evaluation import evaluate
from cpvae_lite.model import LatentVariableModel
from cpvae_lite.schedule import TrainConfig
from cpvae_lite.zoo import CATEGORICAL, MODELS, SINGLE, build

SEEDS = (0, 1, 2, 3, 4)


@dataclass(frozen=True)
class Experiment:
    """One run of a table.

    Attributes:
        table: the table it belongs to; a key of `TABLES`.
        label: what is run, as "cp-150"; runs that differ in their seed alone share it.
        model: the settings of :func:`cpvae_lite.build`, without what the data decide.
        training: the schedule, and the seed of weights and training.
        epoch: whose weights are measured: "best" for those that :func:`cpvae_lite.fit` keeps, or "last".

    Example:
        >>> experiment = grid("synthetic", seeds=[3])[0]
        >>> experiment.name, experiment.training.seed
        ('synthetic/vae-seed3', 3)
    """

    table: str
    label: str
    model: dict[str, object]
    training: TrainConfig = field(default_factory=TrainConfig)
    epoch: str = "best"

    @property
    def name(self) -> str:
        """The run's name, which is also its place in a folder of results."""
        return f"{self.table}/{self.label}-seed{self.training.seed}"

    @property
    def keeps_weights(self) -> bool:
        """Whether the trained weights stay beside the figures: those of seed 0, which the book draws from."""
        return self.training.seed == 0

    def lasting(self, epochs: int) -> Experiment:
        """The same run with another number of epochs, for a trial; its record says so."""
        return replace(self, training=replace(self.training, epochs=epochs))

    def dataset(self) -> Dataset:
        """The data of the run."""
        return load_dataset(TABLES[self.table].dataset)

    def build(self, dataset: Dataset) -> LatentVariableModel:
        """The untrained model of the run."""
        return build(
            features=dataset.features,
            likelihood=dataset.likelihood,
            data=dataset.train.data,
            seed=self.training.seed,
            **self.model,
        )

    def measure(self, model: LatentVariableModel, dataset: Dataset, epochs: int) -> dict:
        """What the table says of the model after so many epochs of training, as JSON can hold it."""
        temperature = self.training.temperature_at(epochs)
        return TABLES[self.table].measure(model, dataset, temperature, self.training.seed)


@dataclass(frozen=True)
class Table:
    """The data set of a table, its runs for one seed, and what is measured of each."""

    dataset: str
    runs: Callable[[int], Iterable[Experiment]]
    measure: Callable[[LatentVariableModel, Dataset, float, int], dict]


def grid(table: str, seeds: Iterable[int] = SEEDS) -> list[Experiment]:
    """All runs of a table, seed by seed.

    Raises:
        ValueError: if there is no such table, or a seed is negative.

    Example:
        >>> len(grid("synthetic", seeds=[0])), len(grid("synthetic"))
        (16, 80)
    """
    chosen = TABLES[one_of("table", table, TABLES)]
    return [run for seed in seeds for run in chosen.runs(whole_number("seed", seed, least=0))]


def named(name: str) -> Experiment:
    """The run of that name.

    Raises:
        ValueError: if there is none.

    Example:
        >>> named("synthetic/cp-150-seed7").training.seed
        7
    """
    table, _, run = name.partition("/")
    if table not in TABLES or not run:
        one_of("table or run", name, TABLES)
    seed = run.rpartition("-seed")[2]
    known = {run.name: run for run in grid(table, [int(seed) if seed.isdecimal() else 0])}
    return known[one_of("run", name, known)]


# --- section 6.1: the synthetic mixture ----------------------------------------------------------------

SMALL = {"latent_size": 2, "hidden": 32}
# A fifth of the default's steps, four times as wide. The temperature falls from 1 to 0.69 on the way.
SCHEDULE = TrainConfig(epochs=60, batch_size=200, learning_rate=2e-3, warmup=40, temperature_decay=2e-4)
SLOW = TrainConfig(epochs=150)  # the default's batches, steps, warm-up and temperature: five times as many steps
COLD = {"temperature": 0.2, "least_temperature": 0.2}
GENERATED = 50_000  # numbers drawn from each model, as many as there are to train on
IMPORTANCE_SAMPLES = 100
BINS = 140  # of a stored histogram, from -0.2 to 1.2
RANGE = (-0.2, 1.2)
PER_CATEGORY = 1_000


def synthetic_runs(seed: int) -> list[Experiment]:
    """Section 6.1 with all nine models, and two numbers of categories where there are any."""
    return [run for name in MODELS for run in _sizes("synthetic", name, replace(SCHEDULE, seed=seed))]


def temperature_runs(seed: int) -> list[Experiment]:
    """The models with a latent c once more, at a low temperature from the start."""
    return [run for name in CATEGORICAL for run in _sizes("temperature", name, replace(SCHEDULE, seed=seed, **COLD))]


def slow_runs(seed: int) -> list[Experiment]:
    """CP-VAE and INDq with 150 categories, at the pace of the package's defaults, which follow the paper."""
    each = (_sizes("slow", name, replace(SLOW, seed=seed)) for name in ("cp", "indq"))
    return [run for runs in each for run in runs if run.model["categories"] == 150]


def last_runs(seed: int) -> list[Experiment]:
    """The models with a latent c as in `synthetic_runs`, measured after the last epoch instead of the best."""
    training = replace(SCHEDULE, seed=seed)
    return [run for name in CATEGORICAL for run in _sizes("last", name, training, epoch="last")]


def _sizes(table: str, name: str, training: TrainConfig, epoch: str = "best") -> list[Experiment]:
    if name in SINGLE:
        return [Experiment(table, name, {"name": name, **SMALL}, training, epoch)]
    each = {f"{name}-{count}": {"name": name, "categories": count, **SMALL} for count in (2, 150)}
    return [Experiment(table, label, model, training, epoch) for label, model in each.items()]


def measure_synthetic(model: LatentVariableModel, dataset: Dataset, temperature: float, seed: int) -> dict:
    """The report of :func:`cpvae_lite.evaluate`, and how generated numbers compare with the true density.

    Args:
        model: trained.
        dataset: the synthetic mixture.
        temperature: at which the relaxed value is reported.
        seed: of all draws.

    Returns:
        The report, with "truth": the mean log-density of the test data under the mixture itself, in nats;
        "generated" and, for models with a c, "uniform": :func:`cpvae_lite.synthetic.compare` of 50,000 numbers
        drawn with c from q(c), or from 1/K, and their histogram; "reconstructed": the same of reconstructions;
        "purity": of the categories or components, if the model has any.
    """
    found = evaluate(model, dataset, temperature=temperature, importance_samples=IMPORTANCE_SAMPLES, seed=seed)
    found["truth"] = synthetic.truth().log_prob(dataset.test.data[:, 0]).mean().item()
    sources = {"generated": "aggregated"} | ({"uniform": "uniform"} if model.categories else {})
    x = dataset.test.data.to(next(model.parameters()))
    with seeded(seed, device=x.device):
        for place, source in sources.items():
            found[place] = _compared(model.sample(GENERATED, categories_from=source, noise=True))
        found["reconstructed"] = _compared(model.reconstruct(x))
        if model.choices:
            found["purity"] = _purity(model, model.choices)
    return found


def _purity(model: LatentVariableModel, choices: int) -> float:
    each = torch.arange(choices).repeat_interleave(PER_CATEGORY)
    numbers = model.sample(len(each), category=each, noise=True).view(choices, PER_CATEGORY)
    weights = model.aggregated_posterior if model.categories else torch.full((choices,), 1 / choices)
    return synthetic.purity(numbers.cpu(), weights.cpu())


def _compared(numbers: Tensor) -> dict:
    counts = torch.histc(numbers.cpu(), BINS, *RANGE)
    return synthetic.compare(numbers[:, 0]) | {"histogram": counts.int().tolist()}


TABLES = {
    "synthetic": Table("synthetic", synthetic_runs, measure_synthetic),
    "temperature": Table("synthetic", temperature_runs, measure_synthetic),
    "last": Table("synthetic", last_runs, measure_synthetic),
    "slow": Table("synthetic", slow_runs, measure_synthetic),
}
