"""The command `cpvae-lite reproduce`: run what is missing of a table of the book, and print the table."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Collection
from pathlib import Path

from tqdm import tqdm

from cpvae_lite._arguments import whole_number
from cpvae_lite._commands import FAILED, device_named, refuse, say
from cpvae_lite.options import RESULTS
from cpvae_lite.sources import SOURCES, fetch
from cpvae_lite.study.columns import COLUMNS, table_of
from cpvae_lite.study.experiments import Experiment
from cpvae_lite.study.grids import WHAT, grid, named, of_label
from cpvae_lite.study.paper import SIZES
from cpvae_lite.study.reproduction import epochs_so_far, missing, reproduce_all
from cpvae_lite.study.results import SHIPPED, Results
from cpvae_lite.study.table_3 import TRIAL, table_3

OF_RUNS = ("epochs", "importance_samples", "jobs", "scheduler", "device", "threads")  # options on how to run
ONE_SEED = re.compile(r"-seed\w*$")


def run(options: argparse.Namespace) -> int:
    """Do what `cpvae-lite reproduce` was asked for; returns the exit code."""
    options.out = _folder_to_write(options)
    wanted, folder = asked_for(options), options.out or SHIPPED
    todo = missing(wanted, folder)
    if options.dry_run:
        _print_states(wanted, todo, folder)
        _say_missing(todo, wanted)
        return 0
    failed = _run_missing(todo, options) if options.out else 0
    if not options.quiet:
        _print_tables(wanted, folder)
        if left := missing(wanted, folder):
            _say_missing(left, wanted)
    return FAILED if failed else 0


def _folder_to_write(options: argparse.Namespace) -> Path | None:
    """Where results go; None where nothing is asked to be run."""
    how_to_run = any(getattr(options, name) is not None for name in OF_RUNS)
    return options.out or (Path(RESULTS) if how_to_run else None)


def asked_for(options: argparse.Namespace) -> list[Experiment]:
    """The runs that the options ask for, each once.

    Raises:
        TypeError, ValueError: if there is no such run, or if options do not fit together; now, not after hours.
    """
    _require_fit(options)
    return list({run.name: run for what in options.what for run in _wanted(what, options)}.values())


def _require_fit(options: argparse.Namespace) -> None:
    if options.out is None and options.quiet and not options.dry_run:
        raise ValueError("--quiet: without --out DIR the table is all there is; leave one of them out")
    if options.scheduler is not None:
        refuse(options, ("jobs",), "without --scheduler; the workers of a cluster do as many runs as they have threads")
    for name in ("jobs", "threads"):
        if getattr(options, name) is not None:
            whole_number(f"--{name}", getattr(options, name))


def _wanted(what: str, options: argparse.Namespace) -> list[Experiment]:
    """The runs of a table or group of tables, or the one of that name."""
    if what in WHAT:
        found = grid(what, options.seeds)
    elif ONE_SEED.search(what):
        refuse(options, ("seeds",), "with the name of a table, or of a run without its seed")
        found = [named(what)]
    else:
        found = of_label(what, options.seeds)
    if options.epochs is not None:
        found = [each.lasting(options.epochs) for each in found]
    if options.importance_samples is not None:
        found = [each.judged_by(options.importance_samples) for each in found]
    return found


def _run_missing(todo: list[Experiment], options: argparse.Namespace) -> int:
    """Run them; returns how many failed."""
    if todo and options.scheduler is None:
        device_named(options.device or "auto")  # an error now, and not in each process
        for data in sorted({experiment.data for experiment in todo} & SOURCES.keys()):
            fetch(data)  # once, and not by each process
    failed = 0
    for experiment, fault in reproduce_all(
        todo,
        options.out,
        jobs=options.jobs or 1,
        threads=options.threads or 1,  # so that a run is the same alone or beside others
        device=options.device or "auto",
        scheduler=options.scheduler,
        progress=not options.quiet,
    ):
        if fault:
            failed += 1
            tqdm.write(f"cpvae-lite: {experiment.name}: {fault}", file=sys.stderr)  # above the bars
    return failed


def _print_states(wanted: list[Experiment], todo: list[Experiment], folder: Path) -> None:
    """Every run that was asked for, and what has become of it."""
    left, width = {experiment.name for experiment in todo}, max(len(experiment.name) for experiment in wanted)
    for experiment in wanted:
        state = "done"
        if experiment.name in left:
            epochs = epochs_so_far(experiment, folder)
            state = f"goes on after epoch {epochs}" if epochs else "missing"
        print(f"{experiment.name:{width}}  {state}")


def _print_tables(wanted: list[Experiment], folder: Path) -> None:
    tables = dict.fromkeys(experiment.table for experiment in wanted)
    for table in tables:
        if len(tables) > 1:
            say(f"{table}:")
        _print_table(table, [experiment for experiment in wanted if experiment.table == table], folder)


def _print_table(table: str, wanted: list[Experiment], folder: Path) -> None:
    """The rows that were asked for, of those runs alone that were asked for, as far as they are there."""
    results = Results(table, folder).only({experiment.name for experiment in wanted})
    labels = dict.fromkeys(experiment.label for experiment in wanted)
    if table in SIZES:
        _print_beside_the_paper(results, labels)
    elif there := [label for label in labels if label in results]:
        print(table_of(results, COLUMNS[table], there), flush=True)
    else:
        say(f"{results.folder} holds none of the runs that were asked for")


def _print_beside_the_paper(results: Results, labels: Collection[str]) -> None:
    table = table_3(results, labels)
    print(table, flush=True)
    if any(row[-1].endswith(TRIAL) for row in table.rows):
        say(f"{TRIAL} a trial, with other settings than those of the table in the book")


def _say_missing(todo: list[Experiment], wanted: list[Experiment]) -> None:
    say(f"{len(todo)} of {len(wanted)} runs are missing")
