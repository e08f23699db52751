"""The command line: results on stdout, talk on stderr.

Exit code 1 says that a check failed, 2 that something is wrong that the user can mend.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import os
import shlex
import sys
import warnings
from dataclasses import fields
from pathlib import Path

import torch

from cpvae_lite import reproducing
from cpvae_lite._arguments import expanded, said, whole_number
from cpvae_lite._commands import (
    BROKEN_PIPE,
    ERRORS,
    FAILED,
    INTERRUPTED,
    TERMINATED,
    Terminated,
    device_named,
    heeding_signals,
    one_line,
    refuse,
    say,
    set_threads,
)
from cpvae_lite._data import as_typed, asked_for, options_for, trained_on
from cpvae_lite._denormals import no_denormals
from cpvae_lite._seeding import seeded
from cpvae_lite.checks import WORLDS, check_model, check_worlds, summary, table, worst
from cpvae_lite.config import BY_THE_DATA, ModelConfig
from cpvae_lite.data import Dataset
from cpvae_lite.datasets import DATASETS
from cpvae_lite.decomposition import Check
from cpvae_lite.evaluation import evaluate
from cpvae_lite.model import LatentVariableModel
from cpvae_lite.options import parser
from cpvae_lite.run_files import described, read_history, read_run
from cpvae_lite.run_folder import require_no_run
from cpvae_lite.saved import load_model
from cpvae_lite.schedule import TrainConfig
from cpvae_lite.sheets import grey_sheet
from cpvae_lite.sources import SOURCES, fetch, locate
from cpvae_lite.storage import read_json, write_png
from cpvae_lite.study.results import SHIPPED
from cpvae_lite.train import fit
from cpvae_lite.zoo import build

TRAINING = tuple(field.name for field in fields(TrainConfig))
BUILDING = tuple(field.name for field in fields(ModelConfig) if field.name not in ("name", *BY_THE_DATA))
UNITS = "left and right are averages over x, in nats; see the book, number by number"
FEWEST = 5  # images over which a standard error can be estimated
ZOOM = 4  # screen pixels for a pixel of a sampled image


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    if sys.stderr is None:  # closed by the caller; print would then talk on stdout
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 (open until the process ends)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # where it cannot write a sign as ±, the rest is still worth reading
    options = parser(COMMANDS).parse_args(arguments)
    try:
        with heeding_signals(), warnings.catch_warnings():
            warnings.showwarning = lambda message, *_, **__: say(f"note: {message}")
            _expand(options)
            code = options.run(options)
    except KeyboardInterrupt as end:
        begun = options.command == "train" and (options.out / "run.json").exists()
        hint = f"; go on with: {_resume(options.out)}" if begun else ""
        hint = "; the same command goes on" if options.command == "reproduce" else hint
        word, code = ("terminated", TERMINATED) if isinstance(end, Terminated) else ("interrupted", INTERRUPTED)
        say(f"{word}{hint}")
        return code
    except BrokenPipeError:  # the reader of our output, as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except ERRORS as error:
        say(f"cpvae-lite: {one_line(error)}")
        return 2
    return code or 0


def _expand(options: argparse.Namespace) -> None:
    """Paths as the user meant them: bash leaves the ~ of --out=~/run as it is, and a shipped model has a name."""
    for name, value in vars(options).items():
        if isinstance(value, Path):
            setattr(options, name, expanded(value))
    if getattr(options, "run_dir", None) and not options.run_dir.exists():
        shipped = SHIPPED / options.run_dir
        options.run_dir = shipped if shipped.is_dir() else options.run_dir


def _resume(folder: Path) -> str:
    return f"cpvae-lite train --resume --out {shlex.quote(str(folder))}"


# --- commands ----------------------------------------------------------------------------------------


@no_denormals()  # from here on, since threads that torch begins before `fit` would not hear of it
def _train(options: argparse.Namespace) -> None:
    device = _device(options)
    if options.resume:
        model, dataset, config = _begun(options)
    else:
        require_no_run(options.out)  # this and the settings before anything is downloaded
        config = TrainConfig(**_given(options, TRAINING))
        form = ModelConfig(options.model or "cp", features=1, **_given(options, BUILDING))  # the data give its width
        dataset = asked_for(options)
        by_the_data = {name: getattr(dataset, name) for name in BY_THE_DATA}
        model = build(form, seed=config.seed, data=dataset.train.data, **by_the_data)
    if not model.categories:
        refuse(options, ("temperature", "temperature_decay", "least_temperature"), "for a model with categories")
    say(f"{dataset}\ntraining {model.config.name} on {device}")
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
        for option, was in ({"model": run["model"]["name"]} | options_for(data)).items():
            now = getattr(options, option)
            if now and now != was:
                begun = f"with {as_typed(option, was)}" if was else "without it"
                raise ValueError(
                    f"{as_typed(option, now)} does not fit the run in {options.out}, which was begun {begun}"
                )
        dataset = trained_on(options, options.out, data)
        config = TrainConfig(**(run["training"] | _given(options, TRAINING)))
        settings = run["model"] | _given(options, BUILDING)
        model = build(ModelConfig(**settings), seed=config.seed, data=dataset.train.data)
    except (KeyError, TypeError) as error:
        raise ValueError(f"{options.out}/run.json is damaged: {error}") from error
    return model, dataset, config


def _evaluate(options: argparse.Namespace) -> None:
    model, dataset = _finished(options)
    epochs, temperature = _end(options.run_dir)
    say(f"{dataset}")
    report = evaluate(
        model,
        dataset,
        split=options.split,
        temperature=temperature,
        importance_samples=options.importance_samples,
        seed=options.seed,
    )
    _print({"run": str(options.run_dir), "model": model.config.name, "epochs": epochs} | report)


def _finished(options: argparse.Namespace) -> tuple[LatentVariableModel, Dataset]:
    run = _description(options.run_dir)
    if not (options.run_dir / "model.json").exists():
        raise ValueError(f"{options.run_dir} is not finished; go on with: {_resume(options.run_dir)}")
    model = load_model(options.run_dir).to(_device(options))
    return model, trained_on(options, options.run_dir, run["data"])


def _is_result(folder: Path) -> bool:
    """Whether the folder holds what `reproduce` keeps of a run: the model alone, with a record beside it."""
    return (folder / "model.json").exists() and not (folder / "run.json").exists()


def _description(folder: Path) -> dict:
    """What a run was made of."""
    if not _is_result(folder):
        return read_run(folder)
    record = Path(f"{os.path.abspath(folder)}.json")  # noqa: PTH100 (`resolve` would take the name behind a link)
    if not record.exists():
        raise FileNotFoundError(
            f"{folder} holds a model, but not what it was trained on: there is no run.json in it, and no {record.name}"
            " beside it. In Python, cpvae_lite.load_model reads the model"
        )
    return described(read_json(record), record)


def _end(folder: Path) -> tuple[int, float]:
    """After how many epochs a run ended, and at which temperature."""
    if _is_result(folder):
        run = _description(folder)
        try:
            return run["epochs"], TrainConfig(**run["training"]).temperature_at(run["epochs"])
        except (KeyError, TypeError) as error:
            raise ValueError(f"the record of {folder} is damaged: {said(error)}") from error
    history = read_history(folder)
    return len(history), history[-1]["temperature"]


def _sample(options: argparse.Namespace) -> None:
    if options.out.exists() and not options.force:
        raise FileExistsError(f"{options.out} exists already; --force replaces it")
    if options.out.suffix.lower() != ".png":
        raise ValueError(f"--out {options.out}: images are written as PNG; give a name that ends in .png")
    count = whole_number("--count", options.count)
    device = _device(options)
    model = load_model(options.run_dir).to(device)
    shape = tuple(_description(options.run_dir)["data"]["shape"])
    if len(shape) != 2 or model.config.likelihood != "bernoulli":
        raise ValueError(f"the data of {options.run_dir}, of shape {shape}, are no grey images to draw")
    with seeded(options.seed, device=device):
        images = model.sample(count, category=options.category, categories_from=options.categories_from)
    sheet = grey_sheet(images, columns=math.ceil(count**0.5), shape=shape)
    write_png(options.out, sheet.repeat(ZOOM, 0).repeat(ZOOM, 1))
    _print({"file": str(options.out), "count": count, "category": options.category})


def _check(options: argparse.Namespace) -> int:
    rows = _check_worlds(options) if options.run_dir is None else _check_run(options)
    failed = [check.equation for check in rows if not check.holds]
    if failed:
        say(f"cpvae-lite: {len(failed)} of {len(rows)} equations fail: {', '.join(failed)}")
    return FAILED if failed else 0


def _check_worlds(options: argparse.Namespace) -> list[Check]:
    refuse(options, ("folder", "split", "images", "draws"), "with DIR")
    _device(options)
    worlds = whole_number("--worlds", 3 if options.worlds is None else options.worlds)
    found = worst(check_worlds(worlds, seed=options.seed))
    rows = [check for _, check in found.values()]
    print(table(rows, [f"({kind})" for kind, _ in found.values()]), flush=True)
    say(f"each row is the worst of {worlds * len(WORLDS)} worlds; {UNITS}")
    return rows


def _check_run(options: argparse.Namespace) -> list[Check]:
    refuse(options, ("worlds",), "without DIR")
    images = whole_number("--images", 2000 if options.images is None else options.images)
    draws = whole_number("--draws", 2 if options.draws is None else options.draws, least=2)
    whole_number("--seed", options.seed, least=0)
    model, dataset = _finished(options)
    split = options.split or "test"
    x = dataset.observed(split)[:images].to(next(model.parameters()))
    if len(x) < FEWEST:
        raise ValueError(
            f"{len(x)} images of the {split} split are too few for a standard error: take at least {FEWEST}, by"
            " --images or with --split train"
        )
    say(f"{dataset}\n{model.config.name} over {len(x)} images of the {split} split")
    rows = check_model(model, x, draws=draws, seed=options.seed)
    print(table(rows), flush=True)
    say(f"{UNITS} (18: the log-density at one draw)")
    print(summary(next(check for check in rows if check.equation == "17"), len(x)), flush=True)
    return rows


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
    set_threads(options)
    return device_named(options.device)


COMMANDS = {
    "train": _train,
    "evaluate": _evaluate,
    "sample": _sample,
    "check": _check,
    "reproduce": reproducing.run,
    "data list": _data_list,
    "data fetch": _data_fetch,
}

if __name__ == "__main__":
    sys.exit(main())
