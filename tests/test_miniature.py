"""A miniature of Table 3: nine models on a few images for two epochs, killed on the way, gone on with, printed."""

from functools import partial

import few_data
import pytest
from few_data import followed, kill, one_thread, record, starts

from cpvae_lite.cli import main
from cpvae_lite.config import NAMES
from cpvae_lite.study.grids import grid, named
from cpvae_lite.study.own_process import Job
from cpvae_lite.study.paper import SIZES
from cpvae_lite.study.pools import local_pool
from cpvae_lite.study.reproduction import missing, reproduce
from cpvae_lite.study.results import SHIPPED, Results
from cpvae_lite.study.table_3 import table_3

SMALLEST = [
    run.lasting(2).judged_by(2)
    for run in grid("fashion-mnist", [0])
    if run.model.get("categories") in (None, SIZES["fashion-mnist"][0])
]
OTHERS = [named(f"{name}-seed0").lasting(2).judged_by(2) for name in ("fashion-mnist/vamp-500", "mnist/indq-10")]
RUNS = SMALLEST + OTHERS  # all models, more than one size, more than one data set


@pytest.mark.filterwarnings("ignore:stopped inside the warm-up")
def test_it_runs_is_killed_goes_on_and_gives_the_same_records(tmp_path, monkeypatch):
    few_data.use(monkeypatch)
    assert len(SMALLEST) == len(NAMES) == 9
    victims = {run.name: run for run in RUNS[::3]}

    def heed(report):
        if report.name in victims and report.epochs == 1 and not report.begins:
            kill(tmp_path / "killed", victims[report.name])

    jobs = [Job.of(run, str(tmp_path / "killed")) for run in RUNS]
    reports, faults = followed(partial(local_pool, jobs, 2), len(jobs), heed)
    assert faults == dict.fromkeys((run.name for run in RUNS), "")
    for run in RUNS:
        first, *again = starts(reports[run.name])
        assert first == 0 and len(again) == (run.name in victims) and all(epochs in (1, 2) for epochs in again)
    assert missing(RUNS, tmp_path / "killed") == []
    for run in RUNS:
        with one_thread():
            reproduce(run, tmp_path / "whole", progress=False)
        assert record(tmp_path / "killed", run) == record(tmp_path / "whole", run)
        sheets = [Results(run.table, tmp_path / place).sheet(run.label) for place in ("killed", "whole")]
        assert (sheets[0] == sheets[1]).all()
    filled = [row for row in table_3(Results("fashion-mnist", tmp_path / "killed")).rows if row[-1]]
    assert list(dict.fromkeys(row[0] for row in filled)) == list(NAMES.values()) and {row[-1] for row in filled} == {
        "2*"
    }


@pytest.mark.filterwarnings("ignore:stopped inside the warm-up")
def test_a_shown_model_leaves_halved_weights_that_have_its_figures(tmp_path, monkeypatch):
    few_data.use(monkeypatch)
    run = next(run for run in grid("figures") if run.data == "mnist").lasting(1).judged_by(1)
    left = reproduce(run, tmp_path, progress=False)
    kept = Results("mnist", tmp_path).model(run.label)
    assert run.measure(kept, run.dataset(), 1) == left["measures"]
    assert left["measures"]["importance_samples"] == 1


def test_a_dry_run_lists_exactly_the_grid(tmp_path, capsys):
    assert main(["reproduce", "table3", "--seeds", "0", "--out", str(tmp_path), "--dry-run"]) == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        [run.name, "missing"] for run in grid("table3", [0])
    ]
    assert not list(tmp_path.iterdir())


def test_a_dry_run_says_what_is_stored(capsys):
    assert main(["reproduce", "table3", "--seeds", "0,1", "--dry-run"]) == 0
    states = dict(line.split() for line in capsys.readouterr().out.splitlines())
    assert list(states) == [run.name for run in grid("table3", [0, 1])]
    assert {name for name, state in states.items() if state == "done"} == {
        name for name in states if (SHIPPED / f"{name}.json").exists()
    }
    assert set(states.values()) == {"done", "missing"}


def test_few_runs_are_judged_by_as_many_samples_as_asked(tmp_path, capsys):
    with pytest.raises(ValueError, match="importance_samples must be at least 1"):
        SMALLEST[0].judged_by(0)
