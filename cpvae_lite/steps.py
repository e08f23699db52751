"""The steps of training: the loss of a batch, one step down its gradient, and an epoch of such steps."""

from __future__ import annotations

import time
from collections.abc import Iterator

import torch
from torch import Tensor
from tqdm.auto import tqdm

from cpvae_lite._seeding import seeded
from cpvae_lite.bounds import unchecked_elbo
from cpvae_lite.capture import recorder, repeated
from cpvae_lite.data import binarise
from cpvae_lite.draws import Relaxed, Summed
from cpvae_lite.model import LatentVariableModel
from cpvae_lite.saved import not_finite
from cpvae_lite.schedule import TrainConfig
from cpvae_lite.state import TrainState

TINY = 1e-7  # a gradient shorter than this stays shorter than one


class NotFiniteError(ArithmeticError):
    """The loss is infinite or not a number.

    Example:
        >>> from cpvae_lite import TrainConfig, build, fit
        >>> from cpvae_lite.synthetic import synthetic_mixture
        >>> model = build("vae", features=1, likelihood="gaussian")
        >>> fit(model, synthetic_mixture(200), TrainConfig(learning_rate=1e10), progress=False)
        Traceback (most recent call last):
        cpvae_lite.steps.NotFiniteError: epoch 1, step 2: ... Try a smaller learning rate, ...
    """


def objective(
    model: LatentVariableModel, batch: Tensor, kl_weight: Tensor, draw: Relaxed | Summed
) -> dict[str, Tensor]:
    """The batch means of the objective and of its terms, in nats; "loss" is what training descends.

    Args:
        model: any model of the family.
        batch: (B, features), uint8 images, which are binarised anew, or real-valued data.
        kl_weight: a scalar, as a tensor, so that a compiled step need not be compiled again.
        draw: what stands in for the posterior of c; the temperature of a relaxed one is a tensor for the same reason.

    Returns:
        Scalars with gradients, by name: "loss", "reconstruction", and the divergence of each latent, as "kl_z".

    Raises:
        TypeError, ValueError: as :meth:`cpvae_lite.LatentVariableModel.infer` does.

    Example:
        >>> from cpvae_lite import build
        >>> images = torch.zeros(5, 784, dtype=torch.uint8)
        >>> terms = objective(build("vae", features=784), images, torch.tensor(0.5), Relaxed(torch.tensor(1.0)))
        >>> list(terms), torch.allclose(terms["loss"], 0.5 * terms["kl_z"] - terms["reconstruction"])
        (['loss', 'reconstruction', 'kl_z'], True)
    """
    x = (binarise(batch) if batch.dtype == torch.uint8 else batch).to(next(model.parameters()).dtype)
    terms = unchecked_elbo(model, x, draw)
    means = {name: term.mean() for name, term in terms.terms().items()}
    return {"loss": -terms.objective(kl_weight).mean()} | means


def descend(terms: dict[str, Tensor], optimizer: torch.optim.Optimizer, unit_gradients: bool = False) -> Tensor:
    """One step of the optimiser down the gradient of terms["loss"] (Eqs. 14-16).

    Args:
        terms: scalars by name, as :func:`objective` gives them.
        optimizer: of the parameters that they depend on.
        unit_gradients: divide the gradient of each parameter by its length first.

    Returns:
        All terms as they were before the step, without gradients, (terms,).

    Example:
        >>> weight = torch.nn.Parameter(torch.tensor(3.0))
        >>> descend({"loss": weight.square()}, torch.optim.SGD([weight], lr=0.25))
        tensor([9.])
        >>> weight.item()  # the gradient was 6
        1.5
        >>> _ = descend({"loss": weight.square()}, torch.optim.SGD([weight], lr=0.25), unit_gradients=True)
        >>> weight.item()
        1.25
    """
    optimizer.zero_grad()
    terms["loss"].backward()
    if unit_gradients:
        _to_unit_length(optimizer)
    optimizer.step()
    return torch.stack(list(terms.values())).detach()


def _to_unit_length(optimizer: torch.optim.Optimizer) -> None:
    """Bring the gradient of each parameter to length one; a gradient of zero stays."""
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            if parameter.grad is not None:
                parameter.grad.div_(parameter.grad.norm().clamp_min(TINY))


class Steps:
    """The steps of a training run; what changes between them is in tensors that stay where they are, for the recording.

    Args:
        state: of the model in training, with its optimiser; changed in place.
        images: (N, features), the training data, on the device of the model.
        config: the settings.

    Example:
        >>> from cpvae_lite import TrainConfig, build
        >>> model, images = build("vae", features=4, seed=0), torch.zeros(200, 4, dtype=torch.uint8)
        >>> steps = Steps(TrainState(model, torch.optim.Adam(model.parameters())), images, TrainConfig(warmup=10))
        >>> with tqdm(total=2, disable=True) as bar:
        ...     record = steps.epoch(5, bar)
        >>> steps.close()
        >>> list(record), record["kl_weight"]
        (['epoch', 'kl_weight', 'temperature', 'seconds', 'train'], 0.5)
    """

    def __init__(self, state: TrainState, images: Tensor, config: TrainConfig):
        self.state, self.images, self.config = state, images, config
        if config.compile:
            torch.compiler.reset()  # after some compiled models torch would silently go on without compiling
        self._objective = torch.compile(objective) if config.compile else objective
        self._batch = torch.zeros(config.batch_size, dtype=torch.long, device=images.device)
        self._kl_weight, self._temperature = (torch.zeros((), device=images.device) for _ in range(2))
        self._draw = Summed() if config.objective == "summed" else Relaxed(self._temperature)
        self._names: list[str] = []
        self._taken = repeated(self._step, recorder(images.device))

    def epoch(self, number: int, bar: tqdm) -> dict:
        """One pass over the training images.

        Args:
            number: of the epoch, from 1 on; it decides the schedule and the seed.
            bar: moves on with each step.

        Returns:
            A record with the mean of each term over the steps, in nats.

        Raises:
            NotFiniteError: if a term or a weight is not finite; names the step and the term.
        """
        began = time.perf_counter()
        schedule = {"kl_weight": self.config.kl_weight_at(number), "temperature": self.config.temperature_at(number)}
        self._kl_weight.fill_(schedule["kl_weight"])
        self._temperature.fill_(schedule["temperature"])
        rows = []
        with seeded(self.config.seed, number, device=self.images.device):
            for batch in _batches(len(self.images), self.config.batch_size, self.images.device):
                self._batch.copy_(batch)
                rows.append(next(self._taken))
                bar.update()
        means = _means(self._names, torch.stack(rows), number)
        if broken := not_finite(self.state.model):  # the last step's gradient shows in the weights only
            raise NotFiniteError(f"epoch {number}, last step: {broken[0]} is not finite")
        return {"epoch": number, **schedule, "seconds": time.perf_counter() - began, "train": means}

    def _step(self) -> Tensor:
        terms = self._objective(self.state.model, self.images[self._batch], self._kl_weight, self._draw)
        self._names = list(terms)
        return descend(terms, self.state.optimizer, self.config.unit_gradients)

    def close(self) -> None:
        """Drop the recording with its memory, which the last gradients lie in."""
        self._taken.close()
        self.state.optimizer.zero_grad()


def _batches(count: int, size: int, device: torch.device) -> Iterator[Tensor]:
    """A fresh random order in whole batches; what is left over waits for another epoch."""
    order = torch.randperm(count, device=device)
    return iter(order[: count - count % size].split(size))


def _means(names: list[str], rows: Tensor, epoch: int) -> dict[str, float]:
    """The mean of each column of (steps, terms); read once an epoch, so that no step waits for the device."""
    if not rows.isfinite().all():
        step = int((~rows.isfinite()).any(1).nonzero()[0])
        # The loss comes first: name a term that broke it, if one did.
        broken = [name for name, value in zip(names, rows[step], strict=True) if not value.isfinite()]
        value = rows[step, names.index(broken[-1])].item()
        raise NotFiniteError(f"epoch {epoch}, step {step + 1}: {broken[-1]} is {value}")
    return dict(zip(names, rows.double().mean(0).tolist(), strict=True))
