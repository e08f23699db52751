"""The command line: results on stdout, talk on stderr, exit code 2 for what the user can mend."""

from __future__ import annotations

import argparse
import io
import json
import os
import shlex
import sys
import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from cpvae_lite._arguments import whole_number
from cpvae_lite._seeding import seeded
from cpvae_lite._version import __version__
from cpvae_lite.checkpoint import load_model, read_history, read_run
from cpvae_lite.data import DATASETS, Dataset, load_dataset
from cpvae_lite.evaluation import evaluate
from cpvae_lite.history import History
from cpvae_lite.model import LatentVariableModel
from cpvae_lite.schedule import TrainConfig
from cpvae_lite.sources import SOURCES, fetch, locate
from cpvae_lite.storage import atomic_write
from cpvae_lite.train import NotFiniteError, fit
from cpvae_lite.zoo import GATES, MODELS, build

TRAINING = ("epochs", "batch_size", "learning_rate", "warmup", "patience", "seed", "checkpoint_every", "compile")
ZOOM = 4  # screen pixels for a pixel of a sampled image
INTERRUPTED, BROKEN_PIPE = 130, 141  # what a shell reports of programs that SIGINT and SIGPIPE ended
EXAMPLES = """examples:
  cpvae-lite train --dataset fashion-mnist --subset --model cp --categories 20 --epochs 5 --warmup 5 --out runs/demo
  cpvae-lite evaluate runs/demo
  cpvae-lite sample runs/demo --category 3 --count 25 --out grid.png
"""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    if sys.stderr is None:  # closed by the caller; print would then talk on stdout
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 (open until the process ends)
    options = _parser().parse_args(arguments)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_, **__: _say(f"note: {message}")
            options.run(options)
    except KeyboardInterrupt:
        begun = options.command == "train" and (options.out / "run.json").exists()
        _say(f"interrupted; go on with: {_resume(options.out)}" if begun else "interrupted")
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output, as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except (ValueError, TypeError, OSError, RuntimeError, NotFiniteError) as error:
        _say(f"cpvae-lite: {_one_line(error)}")
        return 2
    return 0


def _resume(folder: Path) -> str:
    return f"cpvae-lite train --resume --out {shlex.quote(str(folder))}"


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split()) or type(error).__name__


# --- commands ----------------------------------------------------------------------------------------


def _train(options: argparse.Namespace) -> None:
    device = _device(options)
    if options.resume:
        model, dataset, config = _begun(options)
    else:
        dataset = load_dataset(options.dataset or "fashion-mnist", subset=options.subset)
        config = TrainConfig(**_given(options, TRAINING))
        settings = _given(options, ("categories", "gate"))
        model = build(
            options.model or "cp",
            seed=config.seed,
            features=dataset.features,
            likelihood=dataset.likelihood,
            **settings,
        )
    _say(f"{dataset}\ntraining {model.config.name} on {device}")
    history = fit(model.to(device), dataset, config, out=options.out, resume=options.resume)
    best = history[history.best_epoch - 1]
    found = dict(best["validation"])
    report = {"run": str(options.out), "epochs": len(history), "best_epoch": history.best_epoch, "split": "validation"}
    _print(report | {"negative_bound": -found.pop("bound")} | found)


def _given(options: argparse.Namespace, names: tuple[str, ...]) -> dict:
    """The options that were given; what was not keeps the default of the configuration."""
    return {name: getattr(options, name) for name in names if getattr(options, name) is not None}


def _begun(options: argparse.Namespace) -> tuple[LatentVariableModel, Dataset, TrainConfig]:
    """The model, data and settings of a run that was cut off; options given now must agree with them."""
    run = read_run(options.out)
    try:
        data = run["data"]
        begun = {"--dataset": data["name"], "--model": run["model"]["name"], "--subset": data["subset"] or None}
        for option, was in begun.items():
            now = getattr(options, option[2:])
            if now and now != was:
                raise ValueError(f"{option} {now} does not fit the run in {options.out}, which has {was or 'none'}")
        dataset = load_dataset(data["name"], subset=data["subset"])
        config = TrainConfig(**(run["training"] | _given(options, TRAINING)))
        model = build(seed=config.seed, **(run["model"] | _given(options, ("categories", "gate"))))
    except (KeyError, TypeError) as error:
        raise ValueError(f"{options.out}/run.json is damaged: {error}") from error
    return model, dataset, config


def _evaluate(options: argparse.Namespace) -> None:
    model, dataset, history = _finished(options)
    _say(f"{dataset}")
    report = evaluate(
        model,
        dataset,
        split=options.split,
        temperature=history[-1]["temperature"],
        importance_samples=options.importance_samples,
        seed=options.seed,
    )
    _print({"run": str(options.run_dir), "model": model.config.name, "epochs": len(history)} | report)


def _finished(options: argparse.Namespace) -> tuple[LatentVariableModel, Dataset, History]:
    run = read_run(options.run_dir)
    if not (options.run_dir / "model.json").exists():
        raise ValueError(f"{options.run_dir} is not finished; go on with: {_resume(options.run_dir)}")
    model = load_model(options.run_dir).to(_device(options))
    dataset = load_dataset(run["data"]["name"], subset=run["data"]["subset"])
    if dataset.fingerprint != run["data"]["fingerprint"]:
        raise ValueError(f"{dataset.name} here is not the data that {options.run_dir} was trained on")
    return model, dataset, read_history(options.run_dir)


def _sample(options: argparse.Namespace) -> None:
    if options.out.exists() and not options.force:
        raise FileExistsError(f"{options.out} exists already; --force replaces it")
    if options.out.suffix.lower() != ".png":
        raise ValueError(f"--out {options.out}: images are written as PNG; give a name that ends in .png")
    count = whole_number("--count", options.count)
    model = load_model(options.run_dir).to(_device(options))
    shape = tuple(read_run(options.run_dir)["data"]["shape"])
    if len(shape) != 2 or model.config.likelihood != "bernoulli":
        raise ValueError(f"the data of {options.run_dir}, of shape {shape}, are no grey images to draw")
    with seeded(options.seed):
        images = model.sample(count, category=options.category, categories_from=options.categories_from)
    from cpvae_lite.plots import image_grid  # matplotlib is slow to import: only here

    sheet = 1 - image_grid(images, columns=int(np.ceil(count**0.5)), shape=shape)
    _write_png(options.out, (255 * sheet).round().astype(np.uint8).repeat(ZOOM, 0).repeat(ZOOM, 1))
    _print({"file": str(options.out), "count": count, "category": options.category})


def _write_png(path: Path, pixels: np.ndarray) -> None:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    atomic_write(path, buffer.getvalue())


def _data_list(options: argparse.Namespace) -> None:
    for name in DATASETS:
        place = "drawn on demand" if name == "synthetic" else locate(name) or f"not here; {_ways(name)}"
        print(f"{name:14} {place}")


def _ways(name: str) -> str:
    shipped = "" if name == "omniglot" else ", or --subset for the part that the package ships"
    return f"cpvae-lite data fetch {name}{shipped}"


def _data_fetch(options: argparse.Namespace) -> None:
    if options.name == "synthetic":
        raise ValueError("synthetic data are drawn on demand; there is nothing to fetch")
    place = fetch(options.name)
    SOURCES[options.name].read(place)  # a damaged file is an error now, not later
    _print({"name": options.name, "folder": str(place)})


def _print(content: dict) -> None:
    print(json.dumps(content, indent=2, allow_nan=False), flush=True)


def _device(options: argparse.Namespace) -> torch.device:
    if options.threads is not None:
        torch.set_num_threads(whole_number("--threads", options.threads))
    if options.device == "cuda" and not torch.cuda.is_available():
        raise ValueError("--device cuda: torch sees no CUDA device here; use --device cpu or auto")
    if options.device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(options.device)


# --- options -----------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cpvae-lite",
        description="Train, evaluate and sample variational autoencoders with continuous and discrete latents.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"cpvae-lite {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_train(commands)
    _add_evaluate(commands)
    _add_sample(commands)
    _add_data(commands)
    return parser


def _add_command(commands, name: str, run, summary: str, details: str = "") -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=summary, description=f"{summary}. {details}".strip())
    command.set_defaults(run=run)
    return command


def _add_machine(command: argparse.ArgumentParser) -> None:
    command.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="default: %(default)s")
    command.add_argument("--threads", type=int, metavar="N", help="CPU threads; default: torch's choice")


def _add_train(commands) -> None:
    command = _add_command(
        commands, "train", _train, "Train a model",
        "Defaults follow the paper. A checkpoint is written after each epoch: Ctrl-C loses at most the epoch under"
        " way, and --resume goes on to the very weights of an uninterrupted run.",
    )  # fmt: skip
    add = command.add_argument
    add("--out", type=Path, required=True, metavar="DIR", help="folder of the run; a run there is never overwritten")
    add("--resume", action="store_true", help="go on with the run in DIR, with its own settings; --epochs may grow")
    add("--dataset", metavar="NAME", help=f"{', '.join(DATASETS)}; default: fashion-mnist")
    add(
        "--subset",
        action="store_true",
        help="only what the package ships: 5,000 training images, 1,000 of them to validate",
    )
    add("--model", metavar="NAME", help=f"{', '.join(MODELS)}; default: cp")
    add("--categories", type=int, metavar="K", help="number of categories; default: 150")
    add("--gate", metavar="HOW", help=f"what q(z|x,c) sees of c: {' or '.join(GATES)}; default: probs")
    add("--epochs", type=int, metavar="N", help=f"at most; default: {TrainConfig.epochs}")
    add("--batch-size", type=int, metavar="B", help=f"default: {TrainConfig.batch_size}")
    add("--learning-rate", type=float, metavar="R", help=f"of Adam; default: {TrainConfig.learning_rate}")
    add("--warmup", type=int, metavar="N", help=f"epochs until the KL weight is 1; default: {TrainConfig.warmup}")
    add("--patience", type=int, metavar="N", help=f"epochs to wait for a better bound; default: {TrainConfig.patience}")
    add("--seed", type=int, metavar="S", help=f"default: {TrainConfig.seed}")
    add("--checkpoint-every", type=int, metavar="N", help="epochs; default: 1")
    add("--compile", action="store_true", default=None, help="compile the step: slow to start, faster to run")
    _add_machine(command)


def _add_evaluate(commands) -> None:
    command = _add_command(
        commands, "evaluate", _evaluate, "Print a report on a finished run as one JSON object",
        "Bounds and terms are in nats per image. negative_bound uses hard c; relaxed_negative_bound, at the temperature"
        " where training stopped, is no bound.",
    )  # fmt: skip
    command.add_argument("run_dir", type=Path, metavar="DIR", help="folder of the run")
    command.add_argument("--split", default="test", metavar="NAME", help="train, validation or test; default: test")
    command.add_argument(
        "--importance-samples", type=int, default=0, metavar="S", help="add -log p(x) from S samples an image"
    )
    command.add_argument("--seed", type=int, default=0, metavar="S", help="of the draws; default: 0")
    _add_machine(command)


def _add_sample(commands) -> None:
    command = _add_command(commands, "sample", _sample, "Draw new images into a PNG")
    add = command.add_argument
    add("run_dir", type=Path, metavar="DIR", help="folder of a finished run")
    add("--category", type=int, metavar="C", help="draw from this category alone; default: from all")
    add(
        "--categories-from",
        default="aggregated",
        metavar="WHERE",
        help="where c comes from without --category: aggregated, q(c), or uniform; default: aggregated",
    )
    add("--count", type=int, default=25, metavar="N", help="default: 25")
    add("--seed", type=int, default=0, metavar="S", help="default: 0")
    add("--out", type=Path, default=Path("samples.png"), metavar="FILE", help="default: samples.png")
    add("--force", action="store_true", help="replace FILE if it exists")
    _add_machine(command)


def _add_data(commands) -> None:
    data = commands.add_parser("data", help="List or fetch data sets", description="List or fetch data sets.")
    actions = data.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = _add_command(actions, "list", _data_list, "Say where each data set is found")
    fetching = _add_command(
        actions, "fetch", _data_fetch, "Download a data set into the cache folder, unless it is here already"
    )
    fetching.add_argument("name", choices=DATASETS, metavar="NAME", help=", ".join(DATASETS))
    for command in (listing, fetching):
        command.set_defaults(device="cpu", threads=None)


if __name__ == "__main__":
    sys.exit(main())
