"""Runs in processes of their own: what a dead one costs, and what ends them."""

import signal
import subprocess
import sys
from functools import partial

import few_data
import pytest
from few_data import followed, kill, processes, result, run, same, starts, undisturbed

from cpvae_lite.locks import BusyError
from cpvae_lite.study import own_process, reproduction
from cpvae_lite.study.grids import named
from cpvae_lite.study.own_process import Job, OwnProcess
from cpvae_lite.study.pools import local_pool
from cpvae_lite.study.reproduction import missing, reproduce

COMMAND = [sys.executable, "-m", "cpvae_lite.cli", "reproduce"]


@pytest.fixture(autouse=True)
def few(monkeypatch):
    few_data.use(monkeypatch)


def pool(folder, *runs):
    return partial(local_pool, [Job.of(each, str(folder)) for each in runs], 2)


def test_a_killed_process_costs_its_run_nothing_and_the_other_does_not_notice(tmp_path):
    killed, other, cut = run("mog-2"), run("vae"), tmp_path / "cut"

    def heed(report):
        if report.name == killed.name and report.epochs == 5 and not report.begins:
            kill(cut, killed)

    reports, faults = followed(pool(cut, killed, other), 2, heed)
    assert faults == {killed.name: "", other.name: ""}
    first, again = starts(reports[killed.name])
    assert first == 0 and 5 <= again < 60
    assert [report.epochs for report in reports[other.name]] == list(range(61)) and starts(reports[other.name]) == [0]
    assert same(result(cut, killed), undisturbed(tmp_path / "whole", killed))


def test_a_process_that_always_dies_is_given_up_and_its_run_goes_on_next_time(tmp_path, monkeypatch):
    monkeypatch.setattr(own_process, "RESTARTS", 1)
    dying = run("mog-2")
    reports, faults = followed(pool(tmp_path, dying), 1, lambda report: kill(tmp_path, dying))
    assert faults == {dying.name: "its process died 2 times, at last by signal 9"}
    assert missing([dying], tmp_path) == [dying]
    done = reports[dying.name][-1].epochs
    reports, faults = followed(pool(tmp_path, dying), 1)
    assert faults == {dying.name: ""} and starts(reports[dying.name])[0] >= done


def test_what_went_wrong_in_a_process_is_told_and_not_tried_again(tmp_path):
    (tmp_path / "synthetic").write_text("in the way")
    reports, faults = followed(pool(tmp_path, run("vae")), 1)
    assert faults == {"synthetic/vae-seed0": f"{tmp_path}/synthetic: File exists"} and reports == {}


def test_a_process_refuses_a_run_that_its_package_knows_with_other_settings(tmp_path):
    job = Job.of(run("vae"), str(tmp_path))
    job.settings["model"] |= {"hidden": 64}
    assert "has other settings for synthetic/vae-seed0" in OwnProcess(job.text()).run(lambda *_: None)
    assert list(tmp_path.iterdir()) == []


def test_a_job_that_lacks_a_setting_is_of_other_settings(tmp_path):
    job = Job.of(run("vae"), str(tmp_path))
    del job.settings["training"]
    with pytest.raises(ValueError, match="has other settings for synthetic/vae-seed0"):
        job.experiment()


def test_a_second_process_leaves_a_run_to_the_first(tmp_path, monkeypatch):
    monkeypatch.setattr(reproduction, "WAIT", 0.2)
    shared, second = run("vae"), []

    def heed(report):
        if report.epochs == 1:
            with pytest.raises(BusyError, match=r"another process is at .*synthetic/vae-seed0"):
                reproduce(shared, tmp_path, progress=False, after_epoch=second.append)

    reports, faults = followed(pool(tmp_path, shared), 1, heed)
    assert faults == {shared.name: ""} and starts(reports[shared.name]) == [0]
    assert reproduce(shared, tmp_path, progress=False, after_epoch=second.append)["epochs"] == 60
    assert second == []  # nothing was trained twice


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_whatever_ends_the_command_ends_its_runs_and_they_keep_their_checkpoints(tmp_path, monkeypatch, number, code):
    monkeypatch.undo()  # all the data, so that the runs last
    runs = [run("vae", seed=1), run("mog-2", seed=1)]
    command = [*COMMAND, *(each.name for each in runs), "--epochs", "5000", "--jobs", "2", "--out", str(tmp_path)]
    heeds = partial(signal.signal, signal.SIGINT, signal.default_int_handler)  # a background job would ignore it
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, preexec_fn=heeds)
    parts = [tmp_path / f"{each.name}.part" / "checkpoint.safetensors" for each in runs]
    few_data.wait_until(lambda: all(part.exists() for part in parts) or process.poll() is not None)
    process.send_signal(number)
    assert process.wait(few_data.PATIENCE) == code
    few_data.wait_until(lambda: not processes(tmp_path))
    assert all(part.exists() for part in parts)


def test_a_job_tells_its_process_how_closely_to_look(tmp_path):
    shown = named("mnist/cp-150-seed0")
    for each in (shown, shown.judged_by(5), shown.lasting(2)):
        assert Job.read(Job.of(each, str(tmp_path)).text()).experiment() == each
