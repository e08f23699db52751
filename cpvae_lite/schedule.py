"""How to train: the settings, and how KL weight and temperature change from epoch to epoch."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cpvae_lite._arguments import finite_number, one_of, whole_number

OBJECTIVES = ("relaxed", "summed")
_COUNTS = ("epochs", "batch_size", "patience", "checkpoint_every")
_RATES = ("learning_rate", "temperature", "least_temperature")


@dataclass(frozen=True)
class TrainConfig:
    """How to train.

    The defaults follow the paper, and where it is silent (batch size, patience, temperature) a public
    implementation of it; that there are at most 300 epochs is our choice.

    Attributes:
        epochs: at most this many.
        batch_size: images a step.
        learning_rate: of Adam.
        unit_gradients: divide the gradient of each tensor of weights by its length before Adam sees it.
        warmup: epochs over which the KL weight rises linearly to 1; 0 for none.
        patience: stop when the validation bound has not improved for this many epochs after the warm-up.
        objective: what is maximised: "relaxed", with a Gumbel–Softmax c, as in the paper; or "summed", the bound
            itself, where the sum over c is exact: K decodings an image, so for few categories.
        temperature: of the Gumbel–Softmax at the start; where the objective is summed, of the relaxed value that
            :func:`cpvae_lite.evaluate` adds, and of nothing else.
        temperature_decay: epoch e multiplies the temperature by exp(-temperature_decay · e).
        least_temperature: where it stops falling.
        seed: of the order of images, the binarisation and the draws.
        checkpoint_every: epochs between checkpoints.
        compile: compile the objective with torch.compile: a minute of waiting, then faster steps, and other draws
            from the same seed.

    Raises:
        TypeError, ValueError: if a setting is out of range.

    Example:
        >>> TrainConfig(epochs=0)
        Traceback (most recent call last):
        ValueError: epochs must be at least 1, not 0
    """

    epochs: int = 300
    batch_size: int = 100
    learning_rate: float = 5e-4
    unit_gradients: bool = False
    warmup: int = 100
    patience: int = 50
    objective: str = "relaxed"
    temperature: float = 1.0
    temperature_decay: float = 3e-5
    least_temperature: float = 0.5
    seed: int = 0
    checkpoint_every: int = 1
    compile: bool = False

    def __post_init__(self):
        checked = {name: whole_number(name, getattr(self, name)) for name in _COUNTS}
        checked |= {name: whole_number(name, getattr(self, name), least=0) for name in ("warmup", "seed")}
        checked |= {name: finite_number(name, getattr(self, name), least=0, strict=True) for name in _RATES}
        checked["temperature_decay"] = finite_number("temperature_decay", self.temperature_decay, least=0)
        checked["objective"] = one_of("objective", self.objective, OBJECTIVES)
        for name in ("unit_gradients", "compile"):
            if not isinstance(getattr(self, name), bool):
                raise TypeError(f"{name} must be True or False, not {getattr(self, name)!r}")
        for name, value in checked.items():  # plain numbers, whatever kind was given: JSON can hold them
            object.__setattr__(self, name, value)

    def kl_weight_at(self, epoch: int) -> float:
        """The weight of the KL terms in an epoch, counted from 1.

        Example:
            >>> [TrainConfig(warmup=4).kl_weight_at(epoch) for epoch in (1, 2, 4, 9)]
            [0.25, 0.5, 1.0, 1.0]
        """
        return min(1.0, epoch / self.warmup) if self.warmup else 1.0

    def temperature_at(self, epoch: int) -> float:
        """The Gumbel–Softmax temperature in an epoch, counted from 1.

        Example:
            >>> [round(TrainConfig().temperature_at(epoch), 2) for epoch in (1, 100, 300)]
            [1.0, 0.86, 0.5]
        """
        fallen = self.temperature * math.exp(-self.temperature_decay * epoch * (epoch + 1) / 2)
        return max(fallen, min(self.least_temperature, self.temperature))
