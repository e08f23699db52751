"""An experiment: a model, a training schedule and a seed, as data.

:mod:`cpvae_lite.study.grids` has those behind the book's tables, :mod:`cpvae_lite.study.reproduction` runs the missing
ones and :mod:`cpvae_lite.study.results` reads what they left.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from cpvae_lite._arguments import one_of, whole_number
from cpvae_lite.data import Dataset
from cpvae_lite.datasets import load_dataset
from cpvae_lite.model import LatentVariableModel
from cpvae_lite.schedule import TrainConfig
from cpvae_lite.study.measures import measure_images, measure_synthetic
from cpvae_lite.zoo import build

WEIGHTS, SHEET, CATEGORIES = "weights", "sheet", "categories"  # what can stay beside the figures of a run


@dataclass(frozen=True)
class Experiment:
    """One run of a table.

    Attributes:
        table: the table it belongs to; a key of `cpvae_lite.study.grids.TABLES`.
        label: what is run, as "cp-150"; runs that differ in their seed alone share it.
        data: the name of the data set.
        model: the settings of :func:`cpvae_lite.build`, without what the data decide.
        training: the schedule, and the seed of weights and training.
        epoch: whose weights are measured: "best" for those that :func:`cpvae_lite.fit` keeps, or "last".
        importance_samples: of the log-evidence, for each image.
        closer: importance samples of a second, closer estimate, made from the weights that are kept; 0 for none.
        keeps: what stays beside the figures: "weights", rounded to float16, and a PNG of samples: "sheet", of all
            categories or components as the model draws them, or "categories", a row a category.

    Example:
        >>> from cpvae_lite.study.grids import grid
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
        for kept in self.keeps:
            one_of("thing to keep", kept, (WEIGHTS, SHEET, CATEGORIES))
        if {SHEET, CATEGORIES} <= set(self.keeps):
            raise ValueError(f"a run keeps one picture, {SHEET!r} or {CATEGORIES!r}")

    @property
    def name(self) -> str:
        """The run's name, which is also its place in a folder of results."""
        return f"{self.table}/{self.label}-seed{self.training.seed}"

    @property
    def keeps_weights(self) -> bool:
        """Whether the trained weights stay beside the figures."""
        return WEIGHTS in self.keeps

    @property
    def on_images(self) -> bool:
        """Whether the data are images, not the synthetic mixture; it decides what is measured.

        Example:
            >>> from cpvae_lite.study.grids import named
            >>> named("mnist/vae-seed0").on_images, named("synthetic/vae-seed0").on_images
            (True, False)
        """
        return self.data != "synthetic"

    def lasting(self, epochs: int) -> Experiment:
        """The same run with another number of epochs, for a trial; its record says so.

        Raises:
            TypeError, ValueError: if that is no whole number of at least 1.

        Example:
            >>> from cpvae_lite.study.grids import named
            >>> named("synthetic/vae-seed0").training.epochs, named("synthetic/vae-seed0").lasting(2).training.epochs
            (60, 2)
        """
        return replace(self, training=replace(self.training, epochs=epochs))

    def judged_by(self, importance_samples: int) -> Experiment:
        """The same run with another number of importance samples, and these only; its record says so.

        Raises:
            TypeError, ValueError: if that is no whole number of at least 1.

        Example:
            >>> from cpvae_lite.study.grids import named
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
            >>> from cpvae_lite.study.grids import named
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
            >>> from cpvae_lite.study.grids import named
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
            What :mod:`cpvae_lite.study.measures` finds.

        Example:
            >>> from cpvae_lite.study.grids import named
            >>> import torch
            >>> data = Dataset.from_arrays(torch.arange(40 * 16).view(40, 16) % 256)
            >>> run = named("mnist/cp-10-seed0").judged_by(1)
            >>> found = run.measure(run.build(data), data, epochs=100)
            >>> round(found["temperature"], 2), found["images"], len(found["aggregated_posterior"])
            (0.86, 4, 10)
        """
        measure = measure_images if self.on_images else measure_synthetic
        return measure(
            model,
            dataset,
            temperature=self.training.temperature_at(epochs),
            importance_samples=self.importance_samples,
            seed=self.training.seed,
        )
