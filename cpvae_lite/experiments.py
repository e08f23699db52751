"""The runs behind the book's tables, as data.

An experiment is a model, a training schedule and a seed. :mod:`cpvae_lite.reproduction` runs the missing ones and
:mod:`cpvae_lite.results` reads what they left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from cpvae_lite._arguments import one_of, whole_number
from cpvae_lite.data import Dataset
from cpvae_lite.datasets import load_dataset
from cpvae_lite.measures import measure_images, measure_synthetic
from cpvae_lite.model import LatentVariableModel
from cpvae_lite.paper import SIZES
from cpvae_lite.schedule import TrainConfig
from cpvae_lite.zoo import CATEGORICAL, MODELS, SINGLE, build

WEIGHTS, HALF_WEIGHTS, SHEET = "weights", "half weights", "sheet"  # what can stay beside the figures of a run


@dataclass(frozen=True)
class Experiment:
    """One run of a table.

    Attributes:
        table: the table it belongs to; a key of `TABLES`.
        label: what is run, as "cp-150"; runs that differ in their seed alone share it.
        data: the name of the data set.
        model: the settings of :func:`cpvae_lite.build`, without what the data decide.
        training: the schedule, and the seed of weights and training.
        epoch: whose weights are measured: "best" for those that :func:`cpvae_lite.fit` keeps, or "last".
        importance_samples: of the log-evidence, for each image.
        closer: importance samples of a second, closer estimate, made from the weights that are kept; 0 for none.
        keeps: what stays beside the figures: "weights", or "half weights", which are rounded to float16, and
            "sheet", a PNG of samples.

    Example:
        >>> experiment = grid("synthetic", seeds=[3])[0]
        >>> experiment.name, experiment.training.seed
        ('synthetic/vae-seed3', 3)
    """

    table: str
    label: str
    data: str
    model: dict[str, object]
    training: TrainConfig = field(default_factory=TrainConfig)
    epoch: str = "best"
    importance_samples: int = 100
    closer: int = 0
    keeps: tuple[str, ...] = ()

    def __post_init__(self):
        one_of("epoch", self.epoch, ("best", "last"))

    @property
    def name(self) -> str:
        """The run's name, which is also its place in a folder of results."""
        return f"{self.table}/{self.label}-seed{self.training.seed}"

    @property
    def keeps_weights(self) -> bool:
        """Whether the trained weights stay beside the figures."""
        return WEIGHTS in self.keeps or HALF_WEIGHTS in self.keeps

    def lasting(self, epochs: int) -> Experiment:
        """The same run with another number of epochs, for a trial; its record says so.

        Raises:
            TypeError, ValueError: if that is no whole number of at least 1.

        Example:
            >>> named("synthetic/vae-seed0").training.epochs, named("synthetic/vae-seed0").lasting(2).training.epochs
            (60, 2)
        """
        return replace(self, training=replace(self.training, epochs=epochs))

    def judged_by(self, importance_samples: int) -> Experiment:
        """The same run with another number of importance samples, and these only; its record says so.

        Raises:
            TypeError, ValueError: if that is no whole number of at least 1.

        Example:
            >>> run = named("mnist/cp-150-seed0")
            >>> run.importance_samples, run.closer
            (500, 5000)
            >>> run.judged_by(50).importance_samples, run.judged_by(50).closer
            (50, 0)
        """
        return replace(self, importance_samples=whole_number("importance_samples", importance_samples), closer=0)

    def dataset(self) -> Dataset:
        """The data of the run, as :func:`cpvae_lite.load_dataset` gives them.

        Raises:
            FileNotFoundError: if their files are missing and cannot be downloaded.
            ValueError: if a file is damaged.

        Example:
            >>> named("temperature/cp-150-seed1").dataset()
            synthetic (drawn with seed 0)
            train 50,000, validation 10,000, test 10,000, each of shape (1,)
        """
        return load_dataset(self.data)

    def build(self, dataset: Dataset) -> LatentVariableModel:
        """The untrained model of the run.

        Args:
            dataset: of the run; it decides the number of features, the likelihood, and where pseudo-inputs start.

        Example:
            >>> run = named("synthetic/cp-150-seed0")
            >>> model = run.build(run.dataset())
            >>> model.features, model.categories, model.config.likelihood
            (1, 150, 'gaussian')
        """
        return build(
            features=dataset.features,
            likelihood=dataset.likelihood,
            data=dataset.train.data,
            seed=self.training.seed,
            **self.model,
        )

    def measure(self, model: LatentVariableModel, dataset: Dataset, epochs: int) -> dict:
        """What the table says of the model after so many epochs of training, as JSON can hold it.

        Args:
            model: trained.
            dataset: of the run.
            epochs: how many it was trained for; they decide the temperature of the relaxed value.

        Returns:
            What :mod:`cpvae_lite.measures` finds.

        Example:
            >>> import torch
            >>> data = Dataset.from_arrays(torch.arange(40 * 16).view(40, 16) % 256)
            >>> run = named("mnist/cp-10-seed0").judged_by(1)
            >>> found = run.measure(run.build(data), data, epochs=100)
            >>> round(found["temperature"], 2), found["images"], len(found["aggregated_posterior"])
            (0.86, 4, 10)
        """
        return TABLES[self.table].measure(
            model,
            dataset,
            temperature=self.training.temperature_at(epochs),
            importance_samples=self.importance_samples,
            seed=self.training.seed,
        )


@dataclass(frozen=True)
class RunTable:
    """What a table is made of.

    Attributes:
        runs: gives the runs for one seed.
        seeds: those that the table has.
        measure: what is measured of each run, as :mod:`cpvae_lite.measures` has it.

    Example:
        >>> table = TABLES["temperature"]
        >>> table.seeds, table.runs(2)[0].name, table.measure.__name__
        ((0, 1, 2), 'temperature/cp-2-seed2', 'measure_synthetic')
    """

    runs: Callable[[int], Iterable[Experiment]]
    seeds: tuple[int, ...]
    measure: Callable[..., dict]


def grid(what: str, seeds: Iterable[int] | None = None) -> list[Experiment]:
    """All runs of a table, seed by seed, or of a group of tables, in order of importance.

    Args:
        what: one of `WHAT`.
        seeds: those of the table or group by default.

    Raises:
        ValueError: if there is no such table, or a seed is negative.
        TypeError: if a seed is no whole number.

    Example:
        >>> len(grid("synthetic", seeds=[0])), len(grid("synthetic"))
        (16, 80)
        >>> len(grid("table3", seeds=[0])), [run.name for run in grid("table3")][:2]
        (62, ['fashion-mnist/cp-150-seed0', 'fashion-mnist/indq-150-seed0'])
    """
    one_of("table", what, WHAT)
    runs, usual = GROUPS[what] if what in GROUPS else (TABLES[what].runs, TABLES[what].seeds)
    each = [whole_number("seed", seed, least=0) for seed in (usual if seeds is None else seeds)]
    found = [run for seed in each for run in runs(seed)]
    return sorted(found, key=_importance) if what in GROUPS else found


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
        one_of("table or run", name, WHAT)
    seed = run.rpartition("-seed")[2]
    known = {run.name: run for run in grid(table, [int(seed) if seed.isdecimal() else 0])}
    return known[one_of("run", name, known)]


# --- section 6.1: the synthetic mixture ----------------------------------------------------------------

SMALL = {"latent_size": 2, "hidden": 32}
# A fifth of the default's steps, four times as wide. The temperature falls from 1 to 0.69 on the way.
SCHEDULE = TrainConfig(epochs=60, batch_size=200, learning_rate=2e-3, warmup=40, temperature_decay=2e-4)
SLOW = TrainConfig(epochs=150)  # the default's batches, steps, warm-up and temperature: five times as many steps
COLD = {"temperature": 0.2, "least_temperature": 0.2}


def synthetic_runs(seed: int) -> list[Experiment]:
    """Section 6.1 with all nine models, and two numbers of categories where there are any.

    Example:
        >>> [run.label for run in synthetic_runs(seed=0)][:4]
        ['vae', 'cp-2', 'cp-150', 'indq-2']
    """
    return [run for name in MODELS for run in _sizes("synthetic", name, replace(SCHEDULE, seed=seed))]


def temperature_runs(seed: int) -> list[Experiment]:
    """The models with a latent c once more, at a low temperature from the start.

    Example:
        >>> run = temperature_runs(seed=0)[0]
        >>> run.label, run.training.temperature_at(1), run.training.temperature_at(60)
        ('cp-2', 0.2, 0.2)
    """
    return [run for name in CATEGORICAL for run in _sizes("temperature", name, replace(SCHEDULE, seed=seed, **COLD))]


def slow_runs(seed: int) -> list[Experiment]:
    """CP-VAE and INDq with 150 categories, at the pace of the package's defaults, which follow the paper.

    Example:
        >>> [(run.label, run.training.epochs, run.training.learning_rate) for run in slow_runs(seed=0)]
        [('cp-150', 150, 0.0005), ('indq-150', 150, 0.0005)]
    """
    each = (_sizes("slow", name, replace(SLOW, seed=seed), kept=False) for name in ("cp", "indq"))
    return [run for runs in each for run in runs if run.model["categories"] == 150]


def last_runs(seed: int) -> list[Experiment]:
    """The models with a latent c as in `synthetic_runs`, measured after the last epoch instead of the best.

    Example:
        >>> [run.label for run in last_runs(seed=0) if run.keeps_weights], last_runs(seed=0)[0].epoch
        (['cp-2', 'cp-150'], 'last')
    """
    training = replace(SCHEDULE, seed=seed)
    return [run for name in CATEGORICAL for run in _sizes("last", name, training, epoch="last", kept=name == "cp")]


def _sizes(table: str, name: str, training: TrainConfig, epoch: str = "best", kept: bool = True) -> list[Experiment]:
    """Runs with each number of categories; weights stay where a page looks at the model itself, of seed 0."""
    keeps = (WEIGHTS,) if kept and not training.seed else ()
    return [
        Experiment(table, _label(model), "synthetic", model | SMALL, training, epoch, keeps=keeps)
        for model in _models(name, (2, 150))
    ]


def _models(name: str, counts: Iterable[int]) -> list[dict[str, object]]:
    """The settings of a model with each number of categories, or of the one that has none."""
    return [{"name": name}] if name in SINGLE else [{"name": name, "categories": count} for count in counts]


def _label(model: dict[str, object]) -> str:
    """What runs of a model of some size are called, as "cp-150" or "vae"."""
    return "-".join(map(str, model.values()))


# --- section 6.2 and appendices B and C: images ----------------------------------------------------------

SHOWN = {"fashion-mnist": 150, "mnist": 150, "omniglot": 500}  # the K of Figs. 6-13 and A1-A10, and Tables 2 and A1
EVIDENCE_SAMPLES = 500
CLOSER_SAMPLES = 5_000  # of the models that are shown


def image_runs(data: str, seed: int) -> list[Experiment]:
    """The columns of Table 3 that belong to a data set.

    Args:
        data: "mnist", "fashion-mnist" or "omniglot".
        seed: of weights and training.

    Example:
        >>> [run.label for run in image_runs("mnist", seed=0) if run.model["name"] == "cp"]
        ['cp-10', 'cp-150', 'cp-500']
    """
    training = TrainConfig(seed=seed)
    return [
        Experiment(
            data,
            _label(model),
            data,
            model,
            training,
            importance_samples=EVIDENCE_SAMPLES,
            closer=0 if seed or not _is_shown(data, model) else CLOSER_SAMPLES,
            keeps=_kept(data, model, seed),
        )
        for name in MODELS
        for model in _models(name, SIZES[data])
    ]


def _kept(data: str, model: dict[str, object], seed: int) -> tuple[str, ...]:
    """What stays of a run."""
    if seed:
        return ()
    compared = (data, model["name"]) == ("fashion-mnist", "vae")  # the explorer sets it beside the shown ones
    return (HALF_WEIGHTS, SHEET) if compared or _is_shown(data, model) else (SHEET,)


def _is_shown(data: str, model: dict[str, object]) -> bool:
    return model["name"] in CATEGORICAL and model["categories"] == SHOWN[data]


def table3_runs(seed: int) -> list[Experiment]:
    """Table 3: all models, sizes and data sets.

    Example:
        >>> len(table3_runs(seed=0)) == sum(len(image_runs(data, seed=0)) for data in SIZES)
        True
    """
    return [run for data in SIZES for run in image_runs(data, seed)]


def shown_runs(seed: int) -> list[Experiment]:
    """The twelve models that Figs. 6-13 and A1-A10 and Tables 2 and A1 show.

    Example:
        >>> [run.name for run in shown_runs(seed=0)][::4]
        ['fashion-mnist/cp-150-seed0', 'mnist/cp-150-seed0', 'omniglot/cp-500-seed0']
    """
    return [run for run in table3_runs(seed) if _is_shown(run.data, run.model)]


STEPS = {"vae": 4, "hvae": 4, "cp": 5, "mog": 6, "vamp": 6, "hvamp": 6}  # of seed 0, after what is shown; others are 7


def _importance(run: Experiment) -> tuple[int, int]:
    """Where a run of Table 3 stands in the order of running, which leaves whole chapters wherever it stops."""
    seed, data_step, shown = run.training.seed, list(SIZES).index(run.data), _is_shown(run.data, run.model)
    if shown and not seed:
        return (data_step, 0)
    if shown and data_step == 0:
        return (3, seed)  # verdicts on the first data set need several seeds
    return (8, seed) if seed else (STEPS.get(run.model["name"], 7), 0)


# --- what decides the difference: one setting at a time ---------------------------------------------------

FROZEN = {"learned_prior": False}
VARIANTS: dict[str, tuple[dict, dict]] = {  # settings of the model, and of the training
    "frozen": (FROZEN, {}),
    "frozen-uniform": (FROZEN | {"prior_start": "uniform"}, {}),
    "uniform": ({"prior_start": "uniform"}, {}),
    "wide": ({"prior_spread": 1.0}, {}),
    "elu": ({"elu_logits": True}, {}),
    "no-warmup": ({}, {"warmup": 0}),
    "cold": ({}, COLD),
    "drawn": ({"gate": "sample"}, {}),
}
APPLIES = {"cp": tuple(VARIANTS), "indq": tuple(VARIANTS)[:-1], "indp": ("cold", "drawn"), "indqp": ("cold",)}


def ablation_runs(seed: int) -> list[Experiment]:
    """Fashion-MNIST with 150 categories, each run with one setting changed; INDq's posterior has no gate to change.

    Example:
        >>> [run.label for run in ablation_runs(seed=0) if run.model["name"] == "indp"]
        ['indp-cold', 'indp-drawn']
    """
    return [
        Experiment(
            "ablations",
            f"{name}-{variant}",
            "fashion-mnist",
            {"name": name, "categories": SHOWN["fashion-mnist"], **VARIANTS[variant][0]},
            TrainConfig(seed=seed, **VARIANTS[variant][1]),
            importance_samples=EVIDENCE_SAMPLES,
        )
        for name, variants in APPLIES.items()
        for variant in variants
    ]


TABLES = {
    "synthetic": RunTable(synthetic_runs, (0, 1, 2, 3, 4), measure_synthetic),
    "temperature": RunTable(temperature_runs, (0, 1, 2), measure_synthetic),
    "last": RunTable(last_runs, (0, 1), measure_synthetic),
    "slow": RunTable(slow_runs, (0,), measure_synthetic),
    **{data: RunTable(lambda seed, data=data: image_runs(data, seed), (0, 1, 2), measure_images) for data in SIZES},
    "ablations": RunTable(ablation_runs, (0,), measure_images),
}
GROUPS = {"table3": (table3_runs, (0, 1, 2)), "figures": (shown_runs, (0,))}
WHAT = (*TABLES, *GROUPS)
