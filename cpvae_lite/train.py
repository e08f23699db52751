"""Training: one loop for every model, with warm-up, early stopping, checkpoints and exact resume."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import torch
from torch import Tensor
from tqdm.auto import tqdm

from cpvae_lite._denormals import no_denormals
from cpvae_lite._seeding import seeded
from cpvae_lite.capture import own_stream, recorder, repeated
from cpvae_lite.checkpoint import Run
from cpvae_lite.data import Dataset, binarise
from cpvae_lite.draws import Relaxed
from cpvae_lite.elbo import elbo, estimate_bound
from cpvae_lite.evaluation import require_suitable
from cpvae_lite.history import History
from cpvae_lite.metrics import used_categories
from cpvae_lite.model import LatentVariableModel
from cpvae_lite.saved import not_finite
from cpvae_lite.schedule import TrainConfig
from cpvae_lite.state import Snapshot, TrainState


class NotFiniteError(ArithmeticError):
    """The loss is infinite or not a number.

    Example:
        >>> from cpvae_lite import build
        >>> from cpvae_lite.synthetic import synthetic_mixture
        >>> model = build("vae", features=1, likelihood="gaussian")
        >>> fit(model, synthetic_mixture(200), TrainConfig(learning_rate=1e10), progress=False)
        Traceback (most recent call last):
        cpvae_lite.train.NotFiniteError: epoch 1, step 2: ... Try a smaller learning rate, ...
    """


def fit(
    model: LatentVariableModel,
    dataset: Dataset,
    config: TrainConfig | None = None,
    *,
    out: str | Path | None = None,
    resume: bool = False,
    progress: bool = True,
    after_epoch: Callable[[LatentVariableModel], None] | None = None,
) -> History:
    """Train a model in place, on the device that its weights are on.

    The model ends with the weights of the epoch with the best validation bound (hard c, one z, KL weight
    1, a fixed seed), and with q(c) of the training set in `model.aggregated_posterior`. On a GPU the step is
    recorded once as a CUDA graph and then replayed: hooks on the model are called in the first steps only.

    Args:
        model: from :func:`cpvae_lite.build`.
        dataset: with as many features as the model.
        config: the settings; see :class:`cpvae_lite.schedule.TrainConfig` for the defaults.
        out: a folder for checkpoints and the finished model; None keeps nothing on disk.
        resume: go on from the checkpoint in `out`, to the very weights of an uninterrupted run.
        progress: show a bar with the epoch, the bound, the KL terms and the used categories.
        after_epoch: called with the model after each epoch, to watch it learn; what it draws changes nothing.

    Returns:
        One record an epoch; ``history.plot()`` draws it.

    Raises:
        ValueError: if model, data and settings do not fit together, or the checkpoint is of another run.
        FileExistsError: if `out` holds a run and `resume` is False.
        BusyError: if another process is at the run in `out`.
        FileNotFoundError: if it holds none and `resume` is True.
        NotFiniteError: if the loss is not finite; names the step, the term and the last good checkpoint.
        RuntimeError: if a model composed by hand does what a CUDA graph cannot hold.
        KeyboardInterrupt: if the run is interrupted. Like after NotFiniteError, the checkpoint and the
            model then hold the last whole epoch.

    Example:
        >>> from cpvae_lite import build, load_dataset
        >>> data = load_dataset("fashion-mnist", subset=True)
        >>> model = build("cp", features=data.features, categories=10)
        >>> history = fit(model, data, TrainConfig(epochs=1, warmup=1), progress=False)
        >>> len(history), model.aggregated_posterior.shape
        (1, torch.Size([10]))
    """
    config = config or TrainConfig()
    _require_fit(model, dataset, config)
    device = next(model.parameters()).device
    on_gpu = device.type == "cuda"
    optimizer = torch.optim.Adam(model.parameters(), lr=config.learning_rate, fused=True, capturable=on_gpu)
    state = TrainState(model, optimizer)
    with _opened(out, resume, state, config, dataset) as run:
        model.aggregated_posterior.fill_(torch.nan)  # that of other weights says nothing about these
        with own_stream(device), no_denormals():
            _train(state, dataset, config, run, progress, after_epoch)
            state.load_best()
        aggregate(model, dataset)
        if run:
            run.finish(model, state.history)
    if len(state.history) < config.warmup:
        weight = config.kl_weight_at(len(state.history))
        warnings.warn(
            f"stopped inside the warm-up, after {len(state.history)} of its {config.warmup} epochs:"
            f" the KL weight reached {weight:.2f}, not 1",
            stacklevel=2,
        )
    return state.history


def aggregate(model: LatentVariableModel, dataset: Dataset) -> None:
    """Keep q(c) of the training data (Eq. 18) in the model; nothing to do if it has no categories.

    Args:
        model: its `aggregated_posterior` is changed in place.
        dataset: whose training split is averaged over.

    Raises:
        ValueError: if the data have another number of features than the model.

    Example:
        >>> from cpvae_lite import build
        >>> from cpvae_lite.synthetic import synthetic_mixture
        >>> model = build("cp", features=1, categories=4, likelihood="gaussian")
        >>> model.aggregated_posterior
        tensor([nan, nan, nan, nan])
        >>> aggregate(model, synthetic_mixture(100))
        >>> round(model.aggregated_posterior.sum().item(), 4)
        1.0
    """
    if model.categories:
        responsibilities = model.predict_proba(dataset.observed("train").to(next(model.parameters())))
        model.aggregated_posterior.copy_(responsibilities.mean(0))


def _require_fit(model: LatentVariableModel, dataset: Dataset, config: TrainConfig) -> None:
    require_suitable(model, dataset)
    if len(dataset.train) < config.batch_size:
        raise ValueError(f"{len(dataset.train)} training images are fewer than a batch of {config.batch_size}")


@contextmanager
def _opened(
    out: str | Path | None, resume: bool, state: TrainState, config: TrainConfig, dataset: Dataset
) -> Iterator[Run | None]:
    """Context with the folder of the run, if there is one: begun anew, or at the checkpoint to go on from."""
    if out is None:
        if resume:
            raise ValueError("resume=True needs out=, the folder of the run to go on with")
        yield None
        return
    with closing(Run(out, Run.describe(state.model, config, dataset))) as run:
        if resume:
            run.restore(state)
        else:
            run.claim(state.model)
        yield run


def _train(
    state: TrainState,
    dataset: Dataset,
    config: TrainConfig,
    run: Run | None,
    progress: bool,
    after_epoch: Callable[[LatentVariableModel], None] | None,
) -> None:
    """Epoch by epoch until done; whatever ends it, state and checkpoint hold the last whole epoch."""
    weight = next(state.model.parameters())
    images, validation = dataset.train.data.to(weight.device), dataset.observed("validation").to(weight)
    compute = torch.compile(objective) if config.compile else objective
    safe = state.snapshot()
    with _bar(state, config, len(images), progress) as bar, closing(_Steps(state, compute, images, config)) as steps:
        try:
            while not _finished(state.history, config):
                epoch = len(state.history) + 1
                record = _epoch(state, steps, config, epoch, bar)
                record["validation"] = _validate(state.model, validation)
                state.finish_epoch(record)
                safe = state.snapshot()
                if run and epoch % config.checkpoint_every == 0:
                    run.write(safe)
                _show(bar, record, config)
                if after_epoch:
                    after_epoch(state.model)
        except NotFiniteError as error:
            state.restore(safe)
            if run and not safe.history:
                run.withdraw()
            raise NotFiniteError(f"{error}; {_what_is_left(safe, run)}") from None
        except BaseException:
            state.restore(safe)
            raise
        finally:
            if run and len(safe.history) > run.epochs_on_disk:
                run.write(safe)


def _what_is_left(safe: Snapshot, run: Run | None) -> str:
    """After a loss that is not finite: where to go back to, and what to do about it."""
    place, elsewhere = (f", in {run.folder}", " in a new folder (that of a run is fixed)") if run else ("", "")
    epochs = len(safe.history)
    left = f"the last good state is that of epoch {epochs}{place}" if epochs else "no epoch was finished"
    return f"{left}. Try a smaller learning rate{elsewhere}, or data on a smaller scale"


def _finished(history: History, config: TrainConfig) -> bool:
    """All epochs done, or no better validation bound for `patience` epochs after the warm-up."""
    waited = len(history) - max(history.best_epoch, config.warmup)
    return len(history) >= config.epochs or waited >= config.patience


class _Steps:
    """The steps of training; what changes between them is in tensors that stay where they are, for the recording."""

    def __init__(self, state: TrainState, compute: Callable, images: Tensor, config: TrainConfig):
        self.state, self.compute, self.images = state, compute, images
        self.batch = torch.zeros(config.batch_size, dtype=torch.long, device=images.device)
        self.kl_weight, self.temperature = (torch.zeros((), device=images.device) for _ in range(2))
        self.names: list[str] = []
        self._taken = repeated(self._step, recorder(images.device))

    def take(self, batch: Tensor) -> Tensor:
        """One step on some rows of the images; returns all terms, (terms,), as `names` names them."""
        self.batch.copy_(batch)
        return next(self._taken)

    def _step(self) -> Tensor:
        terms = self.compute(self.state.model, self.images[self.batch], self.kl_weight, self.temperature)
        self.names = list(terms)
        return descend(terms, self.state.optimizer)

    def close(self) -> None:
        """Drop the recording with its memory, which the last gradients lie in."""
        self._taken.close()
        self.state.optimizer.zero_grad()


def _epoch(state: TrainState, steps: _Steps, config: TrainConfig, epoch: int, bar: tqdm) -> dict:
    """One pass over the training images; the record holds the mean of each term."""
    began = time.perf_counter()
    images, rows = steps.images, []
    schedule = {"kl_weight": config.kl_weight_at(epoch), "temperature": config.temperature_at(epoch)}
    steps.kl_weight.fill_(schedule["kl_weight"])
    steps.temperature.fill_(schedule["temperature"])
    with seeded(config.seed, epoch, device=images.device):
        for batch in _batches(len(images), config.batch_size, images.device):
            rows.append(steps.take(batch))
            bar.update()
    means = _means(steps.names, torch.stack(rows), epoch)
    if broken := not_finite(state.model):  # the last step's gradient shows in the weights only
        raise NotFiniteError(f"epoch {epoch}, last step: {broken[0]} is not finite")
    return {"epoch": epoch, **schedule, "seconds": time.perf_counter() - began, "train": means}


def objective(model: LatentVariableModel, batch: Tensor, kl_weight: Tensor, temperature: Tensor) -> dict[str, Tensor]:
    """The batch means of the relaxed objective and of its terms, in nats; "loss" is what training descends.

    Args:
        model: any model of the family.
        batch: (B, features), uint8 images, which are binarised anew, or real-valued data.
        kl_weight, temperature: scalars, as tensors, so that a compiled step need not be compiled again.

    Returns:
        Scalars with gradients, by name: "loss", "reconstruction", and the divergence of each latent, as "kl_z".

    Raises:
        TypeError, ValueError: as :meth:`cpvae_lite.LatentVariableModel.infer` does.

    Example:
        >>> from cpvae_lite import build
        >>> images = torch.zeros(5, 784, dtype=torch.uint8)
        >>> terms = objective(build("vae", features=784), images, torch.tensor(0.5), torch.tensor(1.0))
        >>> list(terms), torch.allclose(terms["loss"], 0.5 * terms["kl_z"] - terms["reconstruction"])
        (['loss', 'reconstruction', 'kl_z'], True)
    """
    x = (binarise(batch) if batch.dtype == torch.uint8 else batch).to(next(model.parameters()).dtype)
    terms = elbo(model, x, Relaxed(temperature))
    means = {name: term.mean() for name, term in terms.terms().items()}
    return {"loss": -terms.objective(kl_weight).mean()} | means


def descend(terms: dict[str, Tensor], optimizer: torch.optim.Optimizer) -> Tensor:
    """One step of the optimiser down the gradient of terms["loss"] (Eqs. 14-16).

    Args:
        terms: scalars by name, as :func:`objective` gives them.
        optimizer: of the parameters that they depend on.

    Returns:
        All terms as they were before the step, without gradients, (terms,).

    Example:
        >>> weight = torch.nn.Parameter(torch.tensor(3.0))
        >>> descend({"loss": weight.square()}, torch.optim.SGD([weight], lr=0.25))
        tensor([9.])
        >>> weight.item()  # the gradient was 6
        1.5
    """
    optimizer.zero_grad()
    terms["loss"].backward()
    optimizer.step()
    return torch.stack(list(terms.values())).detach()


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


def _validate(model: LatentVariableModel, x: Tensor) -> dict[str, float]:
    estimate = estimate_bound(model, x)
    if not math.isfinite(estimate.value):
        raise NotFiniteError(f"the validation bound is {estimate.value}")
    found = {"bound": estimate.value, "standard_error": estimate.standard_error, **estimate.terms}
    if model.categories:
        found["used_categories"] = used_categories(model.predict_proba(x).mean(0))
    return found


def _bar(state: TrainState, config: TrainConfig, images: int, progress: bool) -> tqdm:
    steps = images // config.batch_size
    done = len(state.history)
    return tqdm(
        total=config.epochs * steps,
        initial=done * steps,
        desc=f"epoch {done}/{config.epochs}",
        bar_format="{desc} {percentage:3.0f}%|{bar}| [{elapsed}<{remaining}{postfix}]",
        disable=not progress,
    )


def _show(bar: tqdm, record: dict, config: TrainConfig) -> None:
    found = record["validation"]
    shown = {"bound": f"{found['bound']:.1f}"}
    shown |= {name: f"{value:.1f}" for name, value in found.items() if name.startswith("kl_")}
    if "used_categories" in found:
        shown["used"] = found["used_categories"]
    bar.set_description(f"epoch {record['epoch']}/{config.epochs}", refresh=False)
    bar.set_postfix(shown)
