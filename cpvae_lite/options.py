"""The options of the command line, their defaults and what `--help` says of them."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path

from cpvae_lite._arguments import whole_number
from cpvae_lite._version import __version__
from cpvae_lite.config import GATES, WEIGHT_STARTS, ModelConfig
from cpvae_lite.datasets import DATASETS
from cpvae_lite.schedule import OBJECTIVES, TrainConfig
from cpvae_lite.study.grids import WHAT
from cpvae_lite.zoo import MODELS

DEVICES = ("auto", "cpu", "cuda")
RESULTS = "results"  # where `reproduce` writes without --out
FINISHED = "a finished run: its folder, or the name of one whose model the package ships, as mnist/cp-150-seed0"
EXAMPLES = """examples:
  cpvae-lite train --dataset fashion-mnist --subset --model cp --categories 20 --epochs 5 --warmup 5 --out runs/demo
  cpvae-lite evaluate runs/demo
  cpvae-lite sample runs/demo --category 3 --count 25 --out grid.png
  cpvae-lite sample mnist/cp-150-seed0 --out digits.png
  cpvae-lite train --folder scans --shape 28x28 --invert --out runs/scans
  cpvae-lite check
  cpvae-lite check runs/demo

cpvae-lite COMMAND --help explains the options of a command.
"""


def parser(runs: dict[str, Callable]) -> argparse.ArgumentParser:
    """The parser of the whole command line; `runs` holds what each command does."""
    options = argparse.ArgumentParser(
        prog="cpvae-lite",
        description="Train, evaluate and sample variational autoencoders with continuous and discrete latents.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_argument("--version", action="version", version=f"cpvae-lite {__version__}")
    commands = options.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_train(commands, runs["train"])
    _add_evaluate(commands, runs["evaluate"])
    _add_sample(commands, runs["sample"])
    _add_check(commands, runs["check"])
    _add_reproduce(commands, runs["reproduce"])
    _add_data(commands, runs["data list"], runs["data fetch"])
    return options


def _add_command(commands, name: str, run: Callable, summary: str, details: str = "") -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=summary, description=f"{summary}. {details}".strip())
    command.set_defaults(run=run)
    return command


def _add_machine(command: argparse.ArgumentParser) -> None:
    command.add_argument("--device", choices=DEVICES, default="auto", help="default: %(default)s")
    command.add_argument("--threads", type=int, metavar="N", help="CPU threads; default: torch's choice")


def _add_train(commands, run: Callable) -> None:
    command = _add_command(
        commands, "train", run, "Train a model",
        "Defaults follow the paper. A checkpoint is written after each epoch: Ctrl-C loses at most the epoch under"
        " way, and --resume goes on to the very weights of an uninterrupted run.",
    )  # fmt: skip
    command.add_argument(
        "--out", type=_folder, required=True, metavar="DIR", help="folder of the run; a run there is never overwritten"
    )
    command.add_argument(
        "--resume", action="store_true", help="go on with the run in DIR, with its own settings; --epochs may grow"
    )
    _add_images(command.add_argument_group("data").add_argument)
    _add_model(command.add_argument_group("model").add_argument)
    _add_training(command.add_argument_group("training").add_argument)
    _add_machine(command)


def _add_images(add: Callable) -> None:
    add("--dataset", metavar="NAME", help=f"{', '.join(DATASETS)}; default: fashion-mnist")
    add(
        "--subset",
        action="store_true",
        default=None,
        help="only what the package ships: 5,000 training images, 1,000 of them to validate",
    )
    add(
        "--folder",
        type=_folder,
        metavar="FOLDER",
        help="images of your own instead: PNG and JPEG files, or subfolders of them, whose names are the labels; a"
        " tenth validates, a tenth tests. With --resume: where they are now",
    )
    add("--shape", type=_shape, metavar="HxW", help="with --folder: bring all images to this height and width")
    add(
        "--invert",
        action="store_true",
        default=None,
        help="with --folder: make dark light, for dark ink on white paper",
    )


def _add_model(add: Callable) -> None:
    add("--model", metavar="NAME", help=f"{', '.join(MODELS)}; default: cp")
    add("--categories", type=int, metavar="K", help="number of categories, components or pseudo-inputs; default: 150")
    add("--latent-size", type=int, metavar="D", help=f"dimensions of z; default: {ModelConfig.latent_size}")
    add("--hidden", type=int, metavar="H", help=f"gated units a layer; default: {ModelConfig.hidden}")
    add(
        "--prior-spread",
        type=float,
        metavar="S",
        help=f"of the components at the start; default: {ModelConfig.prior_spread}",
    )
    add(
        "--prior-start",
        metavar="HOW",
        help="where the means of p(z|c) start: normal, around 0, or uniform, in [0, 1]; default: normal",
    )
    add(
        "--frozen-prior",
        dest="learned_prior",
        action="store_false",
        default=None,
        help="keep the means and variances of p(z|c) as they start",
    )
    add(
        "--prior-variance",
        type=float,
        metavar="V",
        help=f"of every component of p(z|c) at the start; default: {ModelConfig.prior_variance}",
    )
    add("--elu-logits", action="store_true", default=None, help="apply an ELU to the logits of c")
    add("--gate", metavar="HOW", help=f"what q(z|x,c) sees of c: {' or '.join(GATES)}; default: probs")
    add("--no-clip", dest="clip", action="store_false", default=None, help="leave log-variances of any size alone")
    add(
        "--weights-start",
        metavar="HOW",
        help=f"of the networks: {' or '.join(WEIGHT_STARTS)}; default: {ModelConfig.weights_start}",
    )


def _add_training(add: Callable) -> None:
    add("--epochs", type=int, metavar="N", help=f"at most; default: {TrainConfig.epochs}")
    add("--batch-size", type=int, metavar="B", help=f"default: {TrainConfig.batch_size}")
    add("--learning-rate", type=float, metavar="R", help=f"of Adam; default: {TrainConfig.learning_rate}")
    add(
        "--unit-gradients",
        action="store_true",
        default=None,
        help="divide the gradient of each tensor by its length before Adam sees it",
    )
    add("--warmup", type=int, metavar="N", help=f"epochs until the KL weight is 1; default: {TrainConfig.warmup}")
    add("--patience", type=int, metavar="N", help=f"epochs to wait for a better bound; default: {TrainConfig.patience}")
    add(
        "--objective",
        metavar="HOW",
        help=f"{' or '.join(OBJECTIVES)}: a Gumbel-Softmax c, or the exact sum over all, at K times the decoder's"
        f" work; default: {TrainConfig.objective}",
    )
    add(
        "--temperature",
        type=float,
        metavar="T",
        help=f"of a relaxed c, at the start; default: {TrainConfig.temperature}",
    )
    add(
        "--temperature-decay",
        type=float,
        metavar="R",
        help=f"epoch e multiplies it by exp(-R e); default: {TrainConfig.temperature_decay}",
    )
    add(
        "--least-temperature",
        type=float,
        metavar="T",
        help=f"where it stops falling; default: {TrainConfig.least_temperature}, or --temperature if that is lower",
    )
    add("--seed", type=int, metavar="S", help=f"default: {TrainConfig.seed}")
    add("--checkpoint-every", type=int, metavar="N", help="epochs; default: 1")
    add("--compile", action="store_true", default=None, help="compile the step: slow to start, faster to run")


def _add_folder(command: argparse.ArgumentParser, when: str = "") -> None:
    what = "where the images are now that the run was trained on, if they are yours and were moved"
    command.add_argument("--folder", type=_folder, metavar="FOLDER", help=when + what)


def _add_evaluate(commands, run: Callable) -> None:
    command = _add_command(
        commands, "evaluate", run, "Print a report on a finished run as one JSON object",
        "Bounds and terms are in nats per image. negative_bound uses hard c; relaxed_negative_bound, at the temperature"
        " where training stopped, is no bound.",
    )  # fmt: skip
    command.add_argument("run_dir", type=_folder, metavar="DIR", help=FINISHED)
    _add_folder(command)
    command.add_argument("--split", default="test", metavar="NAME", help="train, validation or test; default: test")
    command.add_argument(
        "--importance-samples",
        type=int,
        default=0,
        metavar="S",
        help="add -log p(x) from S samples an image, on average an upper bound",
    )
    command.add_argument("--seed", type=int, default=0, metavar="S", help="of the draws; default: 0")
    _add_machine(command)


def _add_sample(commands, run: Callable) -> None:
    command = _add_command(commands, "sample", run, "Draw new images into a PNG")
    add = command.add_argument
    add("run_dir", type=_folder, metavar="DIR", help=FINISHED)
    add("--category", type=int, metavar="C", help="draw from this category alone; default: from all")
    add(
        "--categories-from",
        metavar="WHERE",
        help="where c comes from without --category: aggregated, q(c), or uniform; default: aggregated",
    )
    add("--count", type=int, default=25, metavar="N", help="default: 25")
    add("--seed", type=int, default=0, metavar="S", help="default: 0")
    add("--out", type=Path, default=Path("samples.png"), metavar="FILE", help="default: samples.png")
    add("--force", action="store_true", help="replace FILE if it exists")
    _add_machine(command)


def _add_check(commands, run: Callable) -> None:
    command = _add_command(
        commands, "check", run, "Check by numbers what the paper's equations claim: Eqs. 4, 7, 12, 13, 17-21, A1, A2",
        "Without DIR, in small random worlds where every term can be summed exactly: the row of an equation is its"
        " worst case. With DIR, for a trained model over its images: what is estimated agrees within 4 standard"
        " errors. Rows 19 and 20 share their draws; 18 is a log-density at one draw, computed in two ways; A1 and A2,"
        " for binary x, are far from tight. Exit code 1 if an equation fails.",
    )  # fmt: skip
    add = command.add_argument
    add("run_dir", type=_folder, nargs="?", metavar="DIR", help=f"check {FINISHED} instead")
    _add_folder(command, "with DIR: ")
    add("--split", metavar="NAME", help="with DIR: train, validation or test; default: test")
    add("--images", type=int, metavar="N", help="with DIR: at most this many; default: 2000")
    add("--draws", type=int, metavar="S", help="with DIR: of (c, z) an image on each side; default: 2")
    add("--worlds", type=int, metavar="W", help="without DIR: random worlds of each kind; default: 3")
    add("--seed", type=int, default=0, metavar="S", help="default: 0")
    _add_machine(command)


def _add_reproduce(commands, run: Callable) -> None:
    command = _add_command(
        commands, "reproduce", run, "Run what is missing of a table of the book, and print the table",
        "Each run has a process of its own and leaves one JSON file in DIR, some also weights or samples. What is there"
        " is not run again, what was cut off is resumed, and what another process is at is left to that one. A run"
        " whose process dies goes on in a new one from its last checkpoint, up to three times. Ctrl-C keeps the"
        " checkpoints. Without --out or an option on how to run, as --jobs, nothing is run: the table is that of the"
        " results which the package ships. It has the runs that were asked for, as far as they are there, those of"
        " Table 3 beside the paper's entries. Exit code 1 if a run fails or is left to another process; the others go"
        " on.",
    )  # fmt: skip
    add = command.add_argument
    add(
        "what",
        nargs="+",
        metavar="WHAT",
        help=f"{', '.join(WHAT)}, or a run, as mnist/cp-150, or of one seed, as mnist/cp-150-seed0",
    )
    add(
        "--out",
        type=_folder,
        metavar="DIR",
        help=f"folder of results; default: {RESULTS} with an option on how to run, else those of the package, to read",
    )
    add("--seeds", type=_whole_numbers, metavar="S,...", help="default: those of the table in the book")
    add("--jobs", type=int, metavar="N", help="runs side by side, which share the GPU if there is one; default: 1")
    add(
        "--scheduler",
        metavar="ADDRESS",
        help="let a Dask cluster do the runs, a thread of a worker each: its workers see DIR under the same name, and"
        " have this version of the package and of torch; wants: pip install 'cpvae_lite[cluster]'",
    )
    add("--epochs", type=int, metavar="N", help="another number of epochs, for a trial; the results say so")
    add(
        "--importance-samples",
        type=int,
        metavar="S",
        help="another number of them, an image, and no closer estimate; the results say so",
    )
    add("--dry-run", action="store_true", help="only list the runs: done, missing, or where they go on")
    add("--quiet", action="store_true", help="no progress, no table")
    add("--device", choices=DEVICES, help="default: auto")
    add("--threads", type=int, metavar="N", help="CPU threads of each run; default: 1")


def _shape(text: str) -> tuple[int, int]:
    """A height and a width, with an x between them; argparse turns the error into its own."""
    found = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", text, re.ASCII | re.IGNORECASE)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is no height and width, as 28x28")
    return int(found[1]), int(found[2])


def _folder(text: str) -> Path:
    if not text:  # a variable of the shell that is not set; a path of "" would be the working directory
        raise argparse.ArgumentTypeError("it is empty; name a folder")
    return Path(text)


def _whole_numbers(text: str) -> list[int]:
    """Numbers between commas; argparse turns the error into its own."""
    try:
        return [whole_number("seed", int(part), least=0) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no list of whole numbers, as 0,1,2") from None


def _add_data(commands, listing_run: Callable, fetching_run: Callable) -> None:
    data = commands.add_parser("data", help="List or fetch data sets", description="List or fetch data sets.")
    actions = data.add_subparsers(dest="action", required=True, metavar="ACTION")
    _add_command(actions, "list", listing_run, "Say where each data set is found")
    fetching = _add_command(
        actions, "fetch", fetching_run, "Download a data set into the cache folder, unless it is here already"
    )
    fetching.add_argument("name", choices=DATASETS, metavar="NAME", help=", ".join(DATASETS))
