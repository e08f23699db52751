"""Running the experiments: what is stored, what is skipped, and what a dead process costs."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from functools import partial

import pytest
import torch

from cpvae_lite import BoundEstimate, estimate_bound, fit, load_dataset, train
from cpvae_lite.data import Dataset
from cpvae_lite.experiments import Experiment, named
from cpvae_lite.reproduction import environment, missing, reproduce, reproduce_all, result_path
from cpvae_lite.results import Results

pytestmark = pytest.mark.filterwarnings("ignore:stopped inside the warm-up")


class Little(Experiment):
    """A run on a hundredth of the data."""

    def dataset(self):
        whole = load_dataset("synthetic")
        return Dataset("synthetic", whole.train[:500], whole.validation[:100], whole.test[:100], (1,))


@pytest.fixture
def run():
    whole = named("synthetic/mog-2-seed0").lasting(3)
    return Little(whole.table, whole.label, whole.model, whole.training)


def test_the_record_says_what_was_run_where_and_what_was_found(run, tmp_path):
    record = reproduce(run, tmp_path, progress=False)
    assert record == json.loads(result_path(tmp_path, run).read_text())
    assert record["run"] == "synthetic/mog-2-seed0" and record["epochs"] == 3
    assert record["training"] == asdict(run.training) and record["model"]["name"] == "mog"
    assert record["environment"] == environment("cpu") and record["environment"]["torch"] == torch.__version__
    assert record["measures"].keys() >= {"negative_bound", "generated", "purity", "truth"}


def test_the_weights_of_seed_0_are_those_that_were_measured(run, tmp_path):
    record = reproduce(run, tmp_path, progress=False)
    model = Results("synthetic", tmp_path).model("mog-2")
    assert run.measure(model, run.dataset(), 3) == record["measures"]


def test_the_last_epoch_can_be_measured_instead_of_the_best(tmp_path, monkeypatch):
    """The best of three epochs is the first; the validation bound says so, and we say it."""
    whole = named("last/cp-2-seed0").lasting(3)
    run = Little(whole.table, whole.label, whole.model, whole.training, whole.epoch)
    bounds = iter([3.0, 2.0, 1.0] * 2)
    found = BoundEstimate(0.0, 0.1, {"reconstruction": 0.0, "kl_c": 0.0, "kl_z": 0.0}, 100)
    monkeypatch.setattr(train, "estimate_bound", lambda *_: replace(found, value=next(bounds)))
    data, kept = run.dataset(), []
    fit(run.build(data), data, run.training, progress=False, after_epoch=lambda model: kept.append(_copy(model)))
    record = reproduce(run, tmp_path, progress=False)
    model = Results("last", tmp_path).model("cp-2")
    assert record["best_epoch"] == 1
    for name, value in kept[-1].items():
        assert name == "aggregated_posterior" or torch.equal(value, model.state_dict()[name])
    shares = model.predict_proba(data.train.data).mean(0)
    assert torch.allclose(model.aggregated_posterior, shares)


def _copy(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def test_other_seeds_leave_one_file(run, tmp_path):
    other = replace(run, training=replace(run.training, seed=1))
    reproduce(other, tmp_path, progress=False)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["mog-2-seed1.json"]
    assert [path.name for path in (tmp_path / "synthetic").iterdir()] == ["mog-2-seed1.json"]


def test_what_is_there_is_not_missing_unless_it_is_of_other_settings(run, tmp_path):
    other = replace(run, label="mog-3")
    assert missing([run, other], tmp_path) == [run, other]
    reproduce(run, tmp_path, progress=False)
    assert missing([run, other], tmp_path) == [other]
    with pytest.raises(ValueError, match=r"mog-2-seed0.json is of a run with other settings \(epochs\)"):
        missing([run.lasting(4)], tmp_path)


@pytest.mark.parametrize("stop", [KeyboardInterrupt, RuntimeError])
def test_a_run_that_was_cut_off_goes_on_to_the_same_result(run, tmp_path, monkeypatch, stop):
    whole = reproduce(run, tmp_path / "whole", progress=False)
    validations = []

    def validated_once(*arguments, **settings):
        validations.append(1)
        if len(validations) == 2:
            raise stop
        return estimate_bound(*arguments, **settings)

    monkeypatch.setattr(train, "estimate_bound", validated_once)
    with pytest.raises(stop):
        reproduce(run, tmp_path / "cut", progress=False)
    assert not result_path(tmp_path / "cut", run).exists()
    assert (tmp_path / "cut" / "synthetic" / "mog-2-seed0.part" / "checkpoint.safetensors").exists()
    monkeypatch.undo()
    resumed = reproduce(run, tmp_path / "cut", progress=False)
    assert resumed["measures"] == whole["measures"] and resumed["epochs"] == 3
    assert not list((tmp_path / "cut").rglob("*.part"))


def test_a_killed_process_costs_the_others_nothing_and_its_run_is_done_next_time(tmp_path):
    runs = [named(f"synthetic/{label}-seed1").lasting(epochs) for label, epochs in [("vae", 1), ("mog-2", 500)]]
    ended = {}
    for run, fault in reproduce_all(runs, tmp_path, jobs=2):
        ended[run.label] = fault
        if run.label == "vae":
            subprocess.run(["pkill", "-KILL", "-f", f"mog-2-seed1 --out {tmp_path}"], check=True)
    assert ended["vae"] == "" and ended["mog-2"] == "its process was ended by signal 9"
    assert missing(runs, tmp_path) == [runs[1]]
    ((run, fault),) = reproduce_all([runs[1].lasting(1)], tmp_path / "again", jobs=2)
    assert fault == "" and missing([run], tmp_path / "again") == []


def test_what_went_wrong_in_a_process_is_told(tmp_path):
    (tmp_path / "synthetic").write_text("in the way")
    ((_, fault),) = reproduce_all([named("synthetic/vae-seed1").lasting(1)], tmp_path)
    assert "synthetic" in fault and "Traceback" not in fault


def test_a_result_of_another_model_is_not_taken_for_this_one(run, tmp_path):
    reproduce(run, tmp_path, progress=False)
    wider = replace(run, model=run.model | {"hidden": 64})
    with pytest.raises(ValueError, match=r"other settings \(hidden\)"):
        missing([wider], tmp_path)
    result_path(tmp_path, run).write_text('{"training": 3}')
    with pytest.raises(ValueError, match="does not say what training"):
        missing([run], tmp_path)


def test_a_run_begun_with_more_epochs_is_not_cut_short(run, tmp_path, monkeypatch):
    monkeypatch.setattr(Little, "measure", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        reproduce(run, tmp_path, progress=False)
    with pytest.raises(ValueError, match="was begun with more epochs than 2"):
        reproduce(run.lasting(2), tmp_path, progress=False)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_command_stops_its_runs_and_they_keep_their_checkpoints(tmp_path, number, code):
    command = [sys.executable, "-m", "cpvae_lite.cli", "reproduce", "synthetic/vae-seed1", "synthetic/mog-2-seed1"]
    command += ["--epochs", "500", "--jobs", "2", "--out", str(tmp_path)]
    heeds = partial(signal.signal, signal.SIGINT, signal.default_int_handler)  # a background job would ignore it
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, preexec_fn=heeds)
    parts = [tmp_path / "synthetic" / f"{label}-seed1.part" / "checkpoint.safetensors" for label in ("vae", "mog-2")]
    deadline = time.monotonic() + 120
    while not all(part.exists() for part in parts):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.1)
    process.send_signal(number)
    assert process.wait(60) == code
    assert subprocess.run(["pgrep", "-f", str(tmp_path)], check=False).returncode == 1  # nothing is left running
    assert all(part.exists() for part in parts)
