"""Training: one loop for every model, with warm-up, early stopping, checkpoints and exact resume."""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import torch
from torch import Tensor
from tqdm.auto import tqdm

from cpvae_lite._arguments import expanded
from cpvae_lite._denormals import no_denormals
from cpvae_lite.bounds import estimate_bound
from cpvae_lite.capture import own_stream
from cpvae_lite.data import Dataset
from cpvae_lite.evaluation import require_suitable
from cpvae_lite.history import History
from cpvae_lite.metrics import used_categories
from cpvae_lite.model import LatentVariableModel
from cpvae_lite.run_folder import Run
from cpvae_lite.schedule import TrainConfig
from cpvae_lite.state import Snapshot, TrainState
from cpvae_lite.steps import NotFiniteError, Steps

SHOWN, LOGGED = 0.1, 60.0  # seconds between two states of the bar within an epoch


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
    recorded once as a CUDA graph and then replayed: hooks on the model are called in the first steps only. (No GPU was
    at hand so far: the recording was tested with a stand-in on the CPU.)

    Args:
        model: from :func:`cpvae_lite.build`.
        dataset: with as many features as the model.
        config: the settings; see :class:`cpvae_lite.schedule.TrainConfig` for the defaults.
        out: a folder for checkpoints and the finished model; None keeps nothing on disk.
        resume: go on from the checkpoint in `out`, to the very weights of an uninterrupted run; on the same machine
            with the same number of threads, as sums are rounded in another order elsewhere.
        progress: show a bar with the epoch, the bound, the KL terms and the used categories.
        after_epoch: called with the model after each epoch, to watch it learn; what it draws changes nothing.

    Returns:
        One record an epoch; ``history.plot()`` draws it.

    Raises:
        TypeError: if the data are no Dataset, or the settings no TrainConfig.
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
    config = TrainConfig() if config is None else config
    _require_fit(model, dataset, config)
    _require_outside(out, dataset)
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
    if told := _inside_the_warm_up(state.history, config):
        warnings.warn(told, stacklevel=2)
    return state.history


def _inside_the_warm_up(history: History, config: TrainConfig) -> str | None:
    """What to say if the weights that were kept never met the whole divergence."""
    if len(history) < config.warmup:
        return (
            f"stopped inside the warm-up, after {len(history)} of its {config.warmup} epochs:"
            f" the KL weight reached {config.kl_weight_at(len(history)):.2f}, not 1"
        )
    if history.best_epoch < config.warmup:
        return (
            f"kept epoch {history.best_epoch}, inside the warm-up of {config.warmup} epochs, at a KL weight of"
            f" {config.kl_weight_at(history.best_epoch):.2f}: no later one had a better validation bound"
        )
    return None


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
    if not isinstance(config, TrainConfig):
        raise TypeError(f"config must be a TrainConfig, not {type(config).__name__}; TrainConfig(**settings) makes one")
    if len(dataset.train) < config.batch_size:
        raise ValueError(
            f"{len(dataset.train)} training images are fewer than a batch of {config.batch_size}:"
            " set a smaller batch_size"
        )
    if config.objective == "summed" and not model.categories:
        raise ValueError('the objective "summed" sums over a latent c, and the model has none')


def _require_outside(out: str | Path | None, dataset: Dataset) -> None:
    """A run among the images would be found there when they are read again."""
    if out is not None and dataset.origin:
        folder = Path(str(dataset.origin["folder"]))
        if expanded(out).resolve().is_relative_to(folder):
            raise ValueError(f"the run {out} would lie in the folder of images {folder}: choose a place outside")


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
    safe = state.snapshot()
    with _bar(state, config, len(images), progress) as bar, closing(Steps(state, images, config)) as steps:
        try:
            while not _finished(state.history, config):
                epoch = len(state.history) + 1
                record = steps.epoch(epoch, bar)
                record["validation"] = _validate(state.model, validation)
                state.finish_epoch(record)
                safe = state.snapshot()
                if run and epoch % config.checkpoint_every == 0:
                    run.write(safe)
                _show(bar, record, config)
                if after_epoch:
                    after_epoch(state.model)
        except BaseException as error:
            state.restore(safe)
            interrupted = not isinstance(error, Exception)
            if run and not safe.history and not interrupted:  # nothing to go on from
                run.withdraw()
            if isinstance(error, NotFiniteError):
                raise NotFiniteError(f"{error}; {_what_is_left(safe, run, state.model)}") from None
            raise
        finally:
            if run and len(safe.history) > run.epochs_on_disk:
                run.write(safe)


def _what_is_left(safe: Snapshot, run: Run | None, model: LatentVariableModel) -> str:
    """After a loss that is not finite: where to go back to, and what to do about it."""
    epochs = len(safe.history)
    kept = run and (run.folder / "run.json").exists()
    place, elsewhere = (f", in {run.folder}", " in a new folder (that of a run is fixed)") if kept else ("", "")
    left = f"the last good state is that of epoch {epochs}{place}" if epochs else "no epoch was finished"
    clipped = model.config is None or model.config.clip
    clip = "" if clipped else ", log-variances that are kept in their range (clip=True)"
    return f"{left}. Try a smaller learning rate{elsewhere}{clip}, or data on a smaller scale"


def _finished(history: History, config: TrainConfig) -> bool:
    """All epochs done, or no better validation bound for `patience` epochs after the warm-up."""
    waited = len(history) - max(history.best_epoch, config.warmup)
    return len(history) >= config.epochs or waited >= config.patience


def _validate(model: LatentVariableModel, x: Tensor) -> dict[str, float]:
    responsibilities = model.predict_proba(x) if model.categories else x.new_zeros(())
    if not responsibilities.isfinite().all():  # nothing can be drawn from it
        raise NotFiniteError("the posterior of c is not finite on validation images")
    estimate = estimate_bound(model, x)
    if not math.isfinite(estimate.value):
        raise NotFiniteError(f"the validation bound is {estimate.value}")
    found = {"bound": estimate.value, "standard_error": estimate.standard_error, **estimate.terms}
    if model.categories:
        found["used_categories"] = used_categories(responsibilities.mean(0))
    return found


def _bar(state: TrainState, config: TrainConfig, images: int, progress: bool) -> tqdm:
    steps = images // config.batch_size
    done = len(state.history)
    return tqdm(
        total=config.epochs * steps,
        initial=done * steps,
        desc=f"epoch {done}/{config.epochs}",
        bar_format="{desc} {percentage:3.0f}%|{bar}| [{elapsed}<{remaining}{postfix}]",
        mininterval=LOGGED if _is_log() else SHOWN,
        disable=not progress,
    )


def _is_log() -> bool:
    """Whether progress goes to what keeps every line: neither a terminal nor the bar of a notebook."""
    return not sys.stderr.isatty() and not any(kind.__module__ == "tqdm.notebook" for kind in tqdm.__mro__)


def _show(bar: tqdm, record: dict, config: TrainConfig) -> None:
    found = record["validation"]
    shown = {"negative bound": f"{-found['bound']:.1f}"}  # as reports call it
    shown |= {name: f"{value:.1f}" for name, value in found.items() if name.startswith("kl_")}
    if "used_categories" in found:
        shown["above 1/K"] = found["used_categories"]
    bar.set_description(f"epoch {record['epoch']}/{config.epochs}", refresh=False)
    bar.set_postfix(shown)
