"""A miniature of Table 3: nine models on a few images for two epochs, killed on the way, gone on with, printed."""

import few_data
import pytest
from few_data import kill, processes

from cpvae_lite.cli import main
from cpvae_lite.comparison import NAMES, table_3
from cpvae_lite.experiments import grid
from cpvae_lite.paper import SIZES
from cpvae_lite.reproduction import missing, reproduce, reproduce_all
from cpvae_lite.results import SHIPPED, Results
from cpvae_lite.storage import read_json

SMALLEST = [
    run.lasting(2).judged_by(2)
    for run in grid("fashion-mnist", [0])
    if run.model.get("categories") in (None, SIZES["fashion-mnist"][0])
]


def figures(folder, run):
    return read_json(folder / f"{run.name}.json") | {"seconds": None}


@pytest.mark.filterwarnings("ignore:stopped inside the warm-up")
def test_it_runs_is_killed_goes_on_and_gives_the_same_records(tmp_path, monkeypatch):
    few_data.use(monkeypatch)
    assert len(SMALLEST) == len(NAMES) == 9
    for run in SMALLEST:
        reproduce(run, tmp_path / "whole", progress=False)
    killed, ended = set(), []
    for run, fault in reproduce_all(SMALLEST, tmp_path / "killed", jobs=2):
        assert not fault
        ended.append(run.name)
        for other in SMALLEST:
            if other.name not in killed and processes(tmp_path / "killed", other.name):
                killed.add(other.name)
                kill(tmp_path / "killed", other)
    assert len(killed) > 2 and sorted(ended) == sorted(run.name for run in SMALLEST)
    assert missing(SMALLEST, tmp_path / "killed") == []
    for run in SMALLEST:
        assert figures(tmp_path / "killed", run) == figures(tmp_path / "whole", run)
        sheets = [Results("fashion-mnist", tmp_path / place).sheet(run.label) for place in ("killed", "whole")]
        assert (sheets[0] == sheets[1]).all()
    filled = [row for row in table_3(Results("fashion-mnist", tmp_path / "killed")).rows if row[-1]]
    assert [row[0] for row in filled] == list(NAMES.values()) and {row[-1] for row in filled} == {"2"}


@pytest.mark.filterwarnings("ignore:stopped inside the warm-up")
def test_a_shown_model_leaves_halved_weights_that_have_its_figures(tmp_path, monkeypatch):
    few_data.use(monkeypatch)
    run = next(run for run in grid("figures") if run.data == "mnist").lasting(1).judged_by(1)
    record = reproduce(run, tmp_path, progress=False)
    kept = Results("mnist", tmp_path).model(run.label)
    assert run.measure(kept, run.dataset(), 1) == record["measures"]
    assert record["measures"]["importance_samples"] == 1


def test_a_dry_run_lists_exactly_the_grid(tmp_path, capsys):
    assert main(["reproduce", "table3", "--seeds", "0", "--out", str(tmp_path), "--dry-run"]) == 0
    assert capsys.readouterr().out.split() == [run.name for run in grid("table3", [0])]
    assert not list(tmp_path.iterdir())


def test_a_dry_run_leaves_out_what_is_stored(capsys):
    assert main(["reproduce", "table3", "--seeds", "0", "--dry-run"]) == 0
    listed, stored = capsys.readouterr().out.split(), {run.name for run in grid("table3", [0])}
    stored = {name for name in stored if (SHIPPED / f"{name}.json").exists()}
    assert set(listed) == {run.name for run in grid("table3", [0])} - stored and len(stored) >= 2


def test_few_runs_are_judged_by_as_many_samples_as_asked(tmp_path, capsys):
    with pytest.raises(ValueError, match="importance_samples must be at least 1"):
        SMALLEST[0].judged_by(0)
    assert main(["reproduce", "table3", "--importance-samples", "5"]) == 2
    assert "--importance-samples: only with --out DIR" in capsys.readouterr().err
