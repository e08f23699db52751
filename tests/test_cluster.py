"""The same runs on a Dask cluster: what a dead worker costs, and what a cluster must have."""

import os
import signal
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import few_data
import pytest
from few_data import followed, processes, result, run, same, starts, undisturbed

from cpvae_lite import cli
from cpvae_lite.study import cluster
from cpvae_lite.study.cluster import cluster_pool, unfit, versions
from cpvae_lite.study.own_process import Job


@pytest.fixture(scope="module", name="dask")
def cluster_fixture():
    """Two workers with a thread each."""
    from distributed import LocalCluster

    with pytest.MonkeyPatch.context() as patch:
        few_data.use(patch)
        with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as workers:
            yield workers


@pytest.fixture(name="client")
def client_fixture(dask):
    from distributed import Client

    with Client(dask, set_as_default=False) as client:
        yield client


def pool(dask, folder, *runs):
    return partial(cluster_pool, [Job.of(each, str(folder)) for each in runs], dask.scheduler_address)


def test_a_killed_worker_costs_its_run_nothing_and_the_other_does_not_notice(dask, tmp_path, monkeypatch):
    few_data.use(monkeypatch)
    killed, other, cut = run("mog-2"), run("vae"), tmp_path / "cut"

    def heed(report):
        if report.name == killed.name and report.epochs == 5 and not report.begins:
            (process,) = processes(cut, killed.name)
            os.kill(process.ppid(), signal.SIGKILL)

    cut.mkdir()
    reports, faults = followed(pool(dask, cut, killed, other), 2, heed)
    assert faults == {killed.name: "", other.name: ""}
    first, again = starts(reports[killed.name])
    assert first == 0 and 5 <= again < 60
    assert starts(reports[other.name]) == [0]
    assert same(result(cut, killed), undisturbed(tmp_path / "whole", killed))
    assert [path.name for path in cut.iterdir()] == ["synthetic"]


def test_two_who_want_the_same_run_follow_one(dask, tmp_path):
    shared, tasks = run("vae", seed=1), set()

    def heed(report):
        tasks.update(dask.scheduler.tasks)

    with ThreadPoolExecutor(2) as threads:
        both = list(threads.map(lambda _: followed(pool(dask, tmp_path, shared), 1, heed), range(2)))
    for reports, faults in both:
        assert faults == {shared.name: ""} and starts(reports[shared.name]) == [0]
    assert len(tasks) == 1


def test_who_leaves_cancels_what_has_not_begun_and_is_told_what_goes_on(dask, tmp_path):
    runs = [run(label, seed=1) for label in ("vae", "mog-2", "vamp-2")]
    begun = set()
    with (
        pytest.warns(UserWarning, match="the cluster goes on with synthetic/.*, synthetic/.*; the rest is cancelled"),
        pytest.raises(KeyboardInterrupt),
    ):
        followed(pool(dask, tmp_path, *runs), 3, lambda report: _interrupt_at_two(begun, report))
    results = [tmp_path / f"{each.name}.json" for each in runs]
    few_data.wait_until(lambda: sum(path.exists() for path in results) == 2 and not processes(tmp_path))
    assert {path.stem for path in results if path.exists()} == {name.partition("/")[2] for name in begun}


def _interrupt_at_two(begun, report):
    begun.add(report.name)
    if len(begun) == 2:
        raise KeyboardInterrupt


def test_the_command_does_its_runs_on_a_cluster(dask, tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = ["reproduce", "synthetic/vae-seed3", "--epochs", "45", "--scheduler", dask.scheduler_address]
    assert cli.main([*command, "--out", "results"]) == 0
    table, log = capfd.readouterr()
    assert table.splitlines()[1].split()[:2] == ["vae", "1"]
    assert "synthetic/vae-seed3: begins" in log and "synthetic/vae-seed3: done; 1/1 runs" in log


def test_a_worker_without_the_package_or_with_another_version_is_refused(dask, client, tmp_path, monkeypatch):
    def hide():
        ours = [name for name in sys.modules if name.partition(".")[0] == "cpvae_lite"]
        sys.hidden = {name: sys.modules.pop(name) for name in ours}
        sys.modules["cpvae_lite"] = None

    def show():
        del sys.modules["cpvae_lite"]
        sys.modules.update(sys.hidden)

    use = pool(dask, tmp_path, run("vae"))
    client.run(hide)
    with pytest.raises(
        RuntimeError, match=r"worker at tcp://\S+ is not fit for these runs: No module named .cpvae_lite"
    ):
        use(None).__enter__()
    client.run(show)
    monkeypatch.setattr(cluster, "versions", lambda: versions() | {"torch": "1.0"})
    with pytest.raises(RuntimeError, match=r"is not fit for these runs: it has torch \d\S+, not 1.0"):
        use(None).__enter__()
    assert list(tmp_path.iterdir()) == []


def test_the_folder_must_be_the_same_for_all(dask, tmp_path, monkeypatch):
    assert unfit(str(tmp_path), versions()) == ""
    assert unfit(str(tmp_path / "elsewhere"), versions()).startswith("it does not see")
    monkeypatch.setattr(Path, "touch", lambda path: None)  # as if the workers had another folder of that name
    with pytest.raises(RuntimeError, match=f"it does not see {tmp_path}, the folder of results, which must be shared"):
        pool(dask, tmp_path, run("vae"))(None).__enter__()


@pytest.mark.parametrize("answer", [None, b"", 100 * b"SSH"])
def test_an_address_without_a_scheduler_is_named_within_seconds(answer, tmp_path, monkeypatch, capsys):
    """Nobody is there, or somebody who says nothing, or something else."""
    monkeypatch.setattr(cluster, "TIMEOUT", 1)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if answer is not None:
            listener.listen()
            threading.Thread(target=_say, args=[listener, answer], daemon=True).start()
        address = "tcp://{}:{}".format(*listener.getsockname())
        began = time.monotonic()
        assert cli.main(["reproduce", "synthetic/vae-seed0", "--scheduler", address, "--out", str(tmp_path)]) == 2
        assert time.monotonic() - began < 20
    assert f"cpvae-lite: no Dask scheduler answers at {address}: " in capsys.readouterr().err


def _say(listener, answer):
    caller, _ = listener.accept()
    with caller:
        caller.sendall(answer)
        caller.recv(1)


def test_a_worker_is_no_scheduler(dask, tmp_path):
    address = next(iter(dask.scheduler_info["workers"]))
    with pytest.raises(ConnectionError, match="is the address of a worker; give that of its scheduler"):
        cluster_pool([Job.of(run("vae"), str(tmp_path))], address, None).__enter__()


def test_a_cluster_without_jobs_is_refused():
    with pytest.raises(ValueError, match="at least one job"):
        cluster_pool([], "tcp://127.0.0.1:9", None).__enter__()


def test_the_extra_is_named_where_it_lacks(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "distributed", None)
    command = ["reproduce", "synthetic/vae-seed0", "--scheduler", "tcp://127.0.0.1:9", "--out", str(tmp_path)]
    assert cli.main(command) == 2
    assert "pip install 'cpvae_lite[cluster]'" in capsys.readouterr().err
