"""Running the experiments: what is stored, what is skipped, and what goes on."""

import json
from dataclasses import asdict, replace

import few_data
import pytest
import torch

from cpvae_lite import BoundEstimate, estimate_bound, fit, load_dataset, train
from cpvae_lite.data import Dataset
from cpvae_lite.storage import write_json
from cpvae_lite.study.experiments import Experiment
from cpvae_lite.study.grids import named
from cpvae_lite.study.records import environment
from cpvae_lite.study.reproduction import missing, reproduce, reproduce_all, result_path
from cpvae_lite.study.results import Results

pytestmark = pytest.mark.filterwarnings("ignore:stopped inside the warm-up")


class Little(Experiment):
    """A run on a hundredth of the data."""

    def dataset(self):
        whole = load_dataset("synthetic")
        return Dataset("synthetic", whole.train[:500], whole.validation[:100], whole.test[:100], (1,))


@pytest.fixture
def run():
    return Little(**vars(named("synthetic/mog-2-seed0").lasting(3)))


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
    run = Little(**vars(named("last/cp-2-seed0").lasting(3)))
    bounds = iter([3.0, 2.0, 1.0] * 2)
    found = BoundEstimate(0.0, 0.1, {"reconstruction": 0.0, "kl_c": 0.0, "kl_z": 0.0}, 100)
    monkeypatch.setattr(train, "estimate_bound", lambda *_: replace(found, value=next(bounds)))
    data, kept = run.dataset(), []
    fit(run.build(data), data, run.training, progress=False, after_epoch=lambda model: kept.append(_copy(model)))
    record = reproduce(run, tmp_path, progress=False)
    model = Results("last", tmp_path).model("cp-2")
    assert record["best_epoch"] == 1
    for name, value in kept[-1].items():
        assert name == "aggregated_posterior" or torch.equal(value.half().float(), model.state_dict()[name])
    shares = model.predict_proba(data.train.data).mean(0)
    assert torch.allclose(model.aggregated_posterior, shares)


def _copy(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def test_other_seeds_leave_one_file(tmp_path):
    other = Little(**vars(named("synthetic/mog-2-seed1").lasting(3)))
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


def test_a_trial_with_fewer_importance_samples_is_not_taken_for_the_result(run, tmp_path):
    reproduce(run.judged_by(5), tmp_path, progress=False)
    with pytest.raises(ValueError, match=r"mog-2-seed0.json is of a run with other settings \(importance_samples\)"):
        missing([run], tmp_path)
    assert missing([run.judged_by(5)], tmp_path) == []


def test_another_seed_of_a_trial_is_not_begun(run, tmp_path):
    reproduce(run, tmp_path, progress=False)
    other = Little(**vars(named("synthetic/mog-2-seed1").lasting(4)))
    for begin in (lambda: missing([other], tmp_path), lambda: reproduce(other, tmp_path, after_epoch=lambda _: 1 / 0)):
        with pytest.raises(ValueError, match=r"mog-2-seed0.json is of a run with other settings \(epochs\)"):
            begin()
    assert missing([other.lasting(3)], tmp_path) == [other.lasting(3)]


def test_another_seed_on_other_data_is_not_begun(run, tmp_path):
    reproduce(run, tmp_path, progress=False)
    whole = named("synthetic/mog-2-seed1").lasting(3)
    with pytest.raises(ValueError, match=r"mog-2-seed0.json is of .* \(fingerprint of the data\)"):
        reproduce(whole, tmp_path, progress=False, after_epoch=lambda _: 1 / 0)
    with pytest.raises(ValueError, match=r"mog-2-seed0.json is of .* \(data\); choose another folder"):
        missing([replace(run, data="mnist")], tmp_path)


def test_a_result_from_before_a_setting_existed_has_its_default(run, tmp_path):
    path, record = result_path(tmp_path, run), reproduce(run, tmp_path, progress=False)
    del record["training"]["compile"]
    path.write_text(json.dumps(record))
    assert missing([run], tmp_path) == []
    with pytest.raises(ValueError, match=r"other settings \(compile\)"):
        missing([replace(run, training=replace(run.training, compile=True))], tmp_path)


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


def test_a_result_of_another_model_is_not_taken_for_this_one(run, tmp_path):
    reproduce(run, tmp_path, progress=False)
    wider = replace(run, model=run.model | {"hidden": 64})
    with pytest.raises(ValueError, match=r"other settings \(hidden\)"):
        missing([wider], tmp_path)
    smaller = replace(run, model={name: value for name, value in run.model.items() if name != "hidden"})
    with pytest.raises(ValueError, match=r"other settings \(hidden\)"):  # what is not said is the default
        missing([smaller], tmp_path)
    result_path(tmp_path, run).write_text('{"training": 3}')
    with pytest.raises(ValueError, match="no record of a run"):
        missing([run], tmp_path)


def test_a_run_that_has_more_epochs_is_not_cut_short(run, tmp_path, monkeypatch):
    monkeypatch.setattr(Little, "measure", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        reproduce(run, tmp_path, progress=False)
    with pytest.raises(ValueError, match="its 3 epochs are more than the 2 asked for"):
        reproduce(run.lasting(2), tmp_path, progress=False)


def test_the_epochs_done_are_told_from_where_the_run_goes_on(run, tmp_path):
    told = []
    reproduce(run.lasting(2), tmp_path / "whole", progress=False, after_epoch=told.append)
    assert told == [0, 1, 2]
    with pytest.raises(KeyboardInterrupt):
        reproduce(run, tmp_path, progress=False, after_epoch=lambda epochs: _stop_at(2, epochs))
    reproduce(run, tmp_path, progress=False, after_epoch=told.append)
    assert told == [0, 1, 2, 2, 3]


def _stop_at(last, epochs):
    if epochs == last:
        raise KeyboardInterrupt


def test_a_run_that_is_done_is_not_done_again(run, tmp_path):
    record = reproduce(run, tmp_path, progress=False)
    left_over = tmp_path / "synthetic" / "mog-2-seed0.part"  # by a process that was killed at the very end
    left_over.mkdir()
    assert reproduce(run, tmp_path, progress=False, after_epoch=lambda _: 1 / 0) == record
    assert not left_over.exists()


def test_a_closer_estimate_is_added_to_a_result_from_its_weights(run, tmp_path, monkeypatch):
    closer = replace(run, closer=7)
    plain, whole = (reproduce(each, tmp_path / name, progress=False) for each, name in ((run, "a"), (closer, "b")))
    assert "closer" not in plain and missing([run], tmp_path / "a") == []
    assert missing([closer], tmp_path / "a") == [closer] and missing([closer], tmp_path / "b") == []
    monkeypatch.setattr(Little, "build", lambda *_: 1 / 0)  # nothing is trained
    completed = reproduce(closer, tmp_path / "a", progress=False)
    assert completed == plain | {"closer": whole["closer"]} and whole["closer"]["importance_samples"] == 7
    assert completed == json.loads(result_path(tmp_path / "a", run).read_text())
    assert missing([closer, run], tmp_path / "a") == [] and not list(tmp_path.rglob("*.lock"))
    assert missing([replace(run, closer=8)], tmp_path / "a") == [replace(run, closer=8)]


@pytest.mark.filterwarnings("ignore:stopped inside the warm-up")
def test_a_result_from_before_parts_were_measured_gets_them_from_its_weights(tmp_path, monkeypatch):
    few_data.use(monkeypatch)
    run = named("mnist/cp-150-seed0").lasting(1).judged_by(1)
    whole = reproduce(run, tmp_path, progress=False)
    write_json(result_path(tmp_path, run), {key: whole[key] for key in whole if key not in ("splits", "chance")})
    assert missing([run], tmp_path) == [run]
    monkeypatch.setattr(Experiment, "build", lambda *_: 1 / 0)  # nothing is trained
    assert reproduce(run, tmp_path, progress=False) == whole and {"splits", "chance"} <= whole.keys()


def test_a_closer_estimate_wants_the_weights(run, tmp_path):
    record = reproduce(run, tmp_path, progress=False)
    (result_path(tmp_path, run).with_suffix("") / "model.json").unlink()
    with pytest.raises(FileNotFoundError, match="mog-2-seed0 holds no finished model"):
        reproduce(replace(run, closer=7), tmp_path, progress=False)
    assert json.loads(result_path(tmp_path, run).read_text()) == record


def test_a_closer_estimate_is_of_the_data_of_the_result(run, tmp_path):
    reproduce(run, tmp_path, progress=False)
    whole = replace(named("synthetic/mog-2-seed0").lasting(3), closer=7)
    with pytest.raises(ValueError, match=r"other settings \(fingerprint of the data\)"):
        reproduce(whole, tmp_path, progress=False)


def test_runs_end_with_what_went_wrong_and_leave_the_others_alone(tmp_path, monkeypatch, capfd):
    few_data.use(monkeypatch)
    runs = [few_data.run(label, seed=1, epochs=45) for label in ("vae", "mog-2", "vamp-2")]
    in_the_way = tmp_path / "synthetic" / "mog-2-seed1.part" / "run.json"
    in_the_way.parent.mkdir(parents=True)
    in_the_way.write_text("{}")
    ended = {run.label: fault for run, fault in reproduce_all(runs, tmp_path, jobs=2)}
    assert ended == {"vae": "", "vamp-2": "", "mog-2": f"{in_the_way} is damaged: it does not say which format it has"}
    assert missing(runs, tmp_path) == [runs[1]]
    assert list(reproduce_all([], tmp_path)) == [] and capfd.readouterr() == ("", "")
