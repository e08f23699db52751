"""The grids of runs behind the book's tables: which experiments there are, and in what order they are run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from cpvae_lite._arguments import one_of, whole_number
from cpvae_lite.config import CATEGORICAL, SINGLE, has_setting
from cpvae_lite.schedule import TrainConfig
from cpvae_lite.study.experiments import CATEGORIES, SHEET, WEIGHTS, Experiment
from cpvae_lite.study.paper import SIZES
from cpvae_lite.zoo import MODELS


@dataclass(frozen=True)
class RunTable:
    """What a table is made of.

    Attributes:
        runs: gives the runs for one seed.
        seeds: those that the table has.

    Example:
        >>> table = TABLES["temperature"]
        >>> table.seeds, table.runs(2)[0].name
        ((0, 1, 2), 'temperature/cp-2-seed2')
    """

    runs: Callable[[int], Sequence[Experiment]]
    seeds: tuple[int, ...]


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
    table = (TABLES | GROUPS)[what]
    each = [whole_number("seed", seed, least=0) for seed in (table.seeds if seeds is None else seeds)]
    found = [run for seed in each for run in table.runs(seed)]
    return sorted(found, key=_importance) if what in GROUPS else found


def of_label(name: str, seeds: Iterable[int] | None = None) -> list[Experiment]:
    """The runs of one model in a table, a run a seed.

    Args:
        name: of the table and the label, as "mnist/cp-150".
        seeds: those of the table by default.

    Raises:
        ValueError: if there is none, or a seed is negative.

    Example:
        >>> [run.name for run in of_label("mnist/cp-150", [0, 4])]
        ['mnist/cp-150-seed0', 'mnist/cp-150-seed4']
        >>> len(of_label("synthetic/vae"))
        5
    """
    table, _, label = name.partition("/")
    if table not in TABLES or not label:
        one_of("table or run", name, WHAT)
    runs = grid(table, seeds)
    one_of("run", name, [f"{table}/{run.label}" for run in runs])
    return [run for run in runs if run.label == label]


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
    return (WEIGHTS, SHEET) if compared or _is_shown(data, model) else (SHEET,)


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
# What a public copy of an implementation of the paper does, as far as there are settings for it: its prior stays as it
# starts, with variances between 4 and 7, its weights start by another rule, and its gradients are of length one.
COPIED = FROZEN | {"prior_start": "uniform", "prior_variance": 5.2, "elu_logits": True, "weights_start": "he"}
VARIANTS: dict[str, tuple[dict, dict]] = {  # settings of the model, and of the training
    "frozen": (FROZEN, {}),
    "frozen-uniform": (FROZEN | {"prior_start": "uniform"}, {}),
    "frozen-wide": (FROZEN | {"prior_spread": 1.0}, {}),
    "uniform": ({"prior_start": "uniform"}, {}),
    "wide": ({"prior_spread": 1.0}, {}),
    "elu": ({"elu_logits": True}, {}),
    "no-warmup": ({}, {"warmup": 0}),
    "cold": ({}, COLD),
    "drawn": ({"gate": "sample"}, {}),
    "summed": ({}, {"objective": "summed"}),
    "unclipped": ({"clip": False}, {}),
    "copied": (COPIED, {"unit_gradients": True}),
}
WITH_PRIORS = (
    "frozen", "frozen-uniform", "frozen-wide", "uniform", "wide", "elu", "no-warmup", "cold", "unclipped", "copied"
)  # fmt: skip
APPLIES = {
    "cp": (*WITH_PRIORS, "drawn"),
    "indq": WITH_PRIORS,
    "indp": ("cold", "drawn", "unclipped"),
    "indqp": ("cold", "unclipped"),
    "vae": ("copied",),
}
DRAWN = ("frozen", "copied")  # whose categories a page shows


def ablation_runs(seed: int) -> list[Experiment]:
    """Fashion-MNIST with one setting changed, or all that a public copy has otherwise.

    With 150 categories, and with 10 where it takes all of them at each step. INDq's posterior has no gate to
    change. A plain VAE is trained as the public copy trains.

    Example:
        >>> [run.label for run in ablation_runs(seed=0) if run.model["name"] == "indp"]
        ['indp-cold', 'indp-drawn', 'indp-unclipped', 'indp-10-summed']
    """
    many, few = SHOWN["fashion-mnist"], SIZES["fashion-mnist"][0]
    return [
        *(_ablation(name, variant, many, seed) for name, variants in APPLIES.items() for variant in variants),
        *(_ablation(name, "summed", few, seed) for name in CATEGORICAL),
    ]


def _ablation(name: str, variant: str, categories: int, seed: int) -> Experiment:
    changed, training = VARIANTS[variant]
    (model,) = _models(name, [categories])
    size = "" if categories == SHOWN["fashion-mnist"] else f"-{categories}"
    return Experiment(
        "ablations",
        f"{name}{size}-{variant}",
        "fashion-mnist",
        model | {setting: value for setting, value in changed.items() if has_setting(name, setting)},
        TrainConfig(seed=seed, **training),
        importance_samples=EVIDENCE_SAMPLES,
        keeps=(CATEGORIES,) if variant in DRAWN and name in CATEGORICAL else (),
    )


TABLES = {
    "synthetic": RunTable(synthetic_runs, (0, 1, 2, 3, 4)),
    "temperature": RunTable(temperature_runs, (0, 1, 2)),
    "last": RunTable(last_runs, (0, 1)),
    "slow": RunTable(slow_runs, (0,)),
    **{data: RunTable(lambda seed, data=data: image_runs(data, seed), (0, 1, 2)) for data in SIZES},
    "ablations": RunTable(ablation_runs, (0,)),
}
GROUPS = {"table3": RunTable(table3_runs, (0, 1, 2)), "figures": RunTable(shown_runs, (0,))}
WHAT = (*TABLES, *GROUPS)
