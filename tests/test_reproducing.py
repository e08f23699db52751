"""The command `cpvae-lite reproduce`."""

import shutil
import subprocess
import sys
from dataclasses import replace

import few_data
import pytest

from cpvae_lite import cli, fit
from cpvae_lite.idx import IdxSource
from cpvae_lite.storage import read_json, write_json
from cpvae_lite.study.columns import COLUMNS, table_of
from cpvae_lite.study.grids import grid, named
from cpvae_lite.study.results import SHIPPED, Results
from cpvae_lite.study.table_3 import table_3


def test_reproduce_prints_the_shipped_table_and_runs_nothing(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["reproduce", "synthetic"]) == 0
    header, *rows = capsys.readouterr().out.splitlines()
    assert header.split()[:3] == ["run", "seeds", "distance"]
    assert {row.split()[0] for row in rows} == {run.label for run in grid("synthetic", [0])}
    assert list(tmp_path.iterdir()) == []


def test_of_one_run_its_row_is_printed(tmp_path, capsys):
    assert cli.main(["reproduce", "mnist/cp-150-seed0"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["model", "CP-VAE"]
    assert cli.main(["reproduce", "synthetic/cp-2-seed9"]) == 0
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.splitlines()[0].endswith("holds none of the runs that were asked for")


def test_a_row_is_of_the_runs_that_were_asked_for_and_what_is_missing_is_counted(capsys):
    seeds = {name: Results("synthetic").only({name}) for name in ("synthetic/vae-seed2", "synthetic/vae-seed3")}
    for name, results in seeds.items():
        assert cli.main(["reproduce", name]) == 0
        shown = table_of(results, COLUMNS["synthetic"], ["vae"])
        assert capsys.readouterr() == (f"{shown}\n", "")
    assert cli.main(["reproduce", *seeds, "synthetic/vae-seed9"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[1].split()[:2] == ["vae", "2"] and err == "1 of 3 runs are missing\n"
    assert cli.main(["reproduce", "slow", "--seeds", "0,1"]) == 0
    out, err = capsys.readouterr()
    assert [line.split()[1] for line in out.splitlines()[1:]] == ["1", "1"] and err == "2 of 4 runs are missing\n"


def test_runs_on_images_stand_beside_the_paper(tmp_path, capsys):
    assert cli.main(["reproduce", "mnist/vae-seed9", "mnist/cp-150-seed0"]) == 0  # the first is not there
    out, err = capsys.readouterr()
    shown = table_3(Results("mnist").only({"mnist/cp-150-seed0"}), ["vae", "cp-150"])
    assert out == f"{shown}\n" and err == "1 of 2 runs are missing\n"
    record = read_json(SHIPPED / "mnist" / "vae-seed0.json")
    write_json(tmp_path / "mnist" / "vae-seed0.json", record | {"training": record["training"] | {"epochs": 2}})
    assert cli.main(["reproduce", "mnist/vae-seed0", "--epochs", "2", "--out", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[1].endswith("300*") and err.startswith("* a trial")


def test_a_device_is_wanted_only_by_what_is_run(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    command = ["reproduce", "slow/cp-150-seed0", "--device", "cuda"]
    assert cli.main([*command, "--out", str(tmp_path), "--dry-run"]) == 0
    assert cli.main([*command, "--out", str(tmp_path)]) == 2
    assert "torch sees no CUDA device" in capsys.readouterr().err and not list(tmp_path.iterdir())
    shutil.copytree(SHIPPED / "slow", tmp_path / "slow")
    assert cli.main([*command, "--out", str(tmp_path)]) == 0  # it is done


def test_quiet_without_a_folder_is_refused(capsys):
    assert cli.main(["reproduce", "slow", "--quiet"]) == 2
    assert "--quiet" in capsys.readouterr().err


def test_an_option_on_how_to_run_runs_into_a_folder_here(tmp_path, monkeypatch):
    few_data.use(monkeypatch)
    monkeypatch.chdir(tmp_path)
    assert cli.main(["reproduce", "synthetic/vae", "--seeds", "3", "--epochs", "45"]) == 0
    assert (tmp_path / "results" / "synthetic" / "vae-seed3.json").exists()


def test_a_run_without_its_seed_is_that_of_several(capsys):
    assert cli.main(["reproduce", "fashion-mnist/cp-150", "--dry-run"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split() for line in listed] == [[f"fashion-mnist/cp-150-seed{seed}", "done"] for seed in range(3)]
    assert cli.main(["reproduce", "mnist/cp-150", "--seeds", "0,8", "--dry-run"]) == 0
    assert capsys.readouterr().out.split() == ["mnist/cp-150-seed0", "done", "mnist/cp-150-seed8", "missing"]


@pytest.mark.filterwarnings("ignore:stopped inside the warm-up")
def test_a_dry_run_says_where_a_run_goes_on(tmp_path, capsys, monkeypatch):
    few_data.use(monkeypatch)
    run = named("synthetic/vae-seed3").lasting(45)
    dataset, begun = run.dataset(), tmp_path / "synthetic" / "vae-seed3.part"
    fit(run.build(dataset), dataset, replace(run.training, epochs=2), out=begun, progress=False)
    assert cli.main(["reproduce", "synthetic/vae-seed3", "--out", str(tmp_path), "--dry-run"]) == 0
    assert capsys.readouterr().out == "synthetic/vae-seed3  goes on after epoch 2\n"


def test_a_dry_run_lists_what_is_missing(tmp_path, capsys):
    assert (
        cli.main(["reproduce", "synthetic", "temperature", "--out", str(tmp_path), "--seeds", "0,3", "--dry-run"]) == 0
    )
    wanted = grid("synthetic", [0, 3]) + grid("temperature", [0, 3])
    listed = capsys.readouterr()
    assert [line.split() for line in listed.out.splitlines()] == [[run.name, "missing"] for run in wanted]
    assert listed.err == f"{len(wanted)} of {len(wanted)} runs are missing\n"
    assert list(tmp_path.iterdir()) == []


def test_one_run_is_done_once_and_leaves_its_table(tmp_path, capfd, monkeypatch):
    few_data.use(monkeypatch)
    command = ["reproduce", "synthetic/vae-seed3", "--epochs", "45", "--out", str(tmp_path)]
    assert cli.main(command) == 0
    first, log = capfd.readouterr()
    path = tmp_path / "synthetic" / "vae-seed3.json"
    written = path.stat().st_mtime_ns
    assert first.splitlines()[1].split()[:2] == ["vae", "1"]
    begins, done = log.splitlines()  # no bar where there is no terminal
    assert begins == "synthetic/vae-seed3: begins" and done.startswith("synthetic/vae-seed3: done; 1/1 runs, 00:")
    assert cli.main(command) == 0 and capfd.readouterr() == (first, "") and path.stat().st_mtime_ns == written


def test_a_run_that_fails_leaves_the_others_alone_and_is_told(tmp_path, capfd, monkeypatch):
    few_data.use(monkeypatch)
    (tmp_path / "temperature").write_text("in the way")
    command = ["reproduce", "temperature/cp-2-seed3", "synthetic/vae-seed3", "--epochs", "45", "--out", str(tmp_path)]
    assert cli.main([*command, "--quiet"]) == 1
    assert capfd.readouterr() == ("", f"cpvae-lite: temperature/cp-2-seed3: {tmp_path}/temperature: File exists\n")
    assert (tmp_path / "synthetic" / "vae-seed3.json").exists()


def test_two_commands_at_once_do_a_run_once(tmp_path, monkeypatch):
    few_data.use(monkeypatch)
    command = [sys.executable, "-m", "cpvae_lite.cli", "reproduce", "synthetic/vae-seed3", "--epochs", "45"]
    both = [
        subprocess.Popen([*command, "--out", str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    (table, log), (same_table, other_log) = (process.communicate() for process in both)
    assert [process.returncode for process in both] == [0, 0]
    assert table == same_table and (log + other_log).count("begins") == 1


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        (["table9"], "unknown table or run 'table9'"),
        (["synthetic/cp-3-seed0"], "unknown run"),
        (["mnist/cp-15"], "unknown run 'mnist/cp-15'; did you mean 'mnist/cp-150'?"),
        (["synthetic", "--out", "somewhere", "--jobs", "2", "--scheduler", "tcp://x:1"], "only without --scheduler"),
        (["synthetic", "--out", "somewhere", "--threads", "0"], "--threads must be at least 1"),
        (
            ["synthetic/cp-2-seed0", "--seeds", "1", "--out", "somewhere"],
            "only with the name of a table, or of a run without",
        ),
        (["synthetic", "--out", "somewhere", "--jobs", "0"], "--jobs must be at least 1"),
        (["synthetic", "--out", "somewhere", "--epochs", "0"], "epochs must be at least 1"),
    ],
)
def test_reproduce_says_what_does_not_fit(arguments, cause, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["reproduce", *arguments]) == 2
    assert cause in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_seeds_are_whole_numbers(capsys):
    with pytest.raises(SystemExit):
        cli.main(["reproduce", "synthetic", "--seeds", "0,one"])
    assert "'0,one' is no list of whole numbers" in capsys.readouterr().err


def test_data_that_are_nowhere_are_told_before_any_run(tmp_path, capfd, monkeypatch):
    def download(self, root):
        raise OSError("no network")

    monkeypatch.delenv("CPVAE_LITE_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(IdxSource, "download", download)
    assert cli.main(["reproduce", "mnist/vae-seed0", "mnist/hvae-seed0", "--out", str(tmp_path / "results")]) == 2
    assert capfd.readouterr().err.count("mnist is not here and cannot be downloaded (no network)") == 1
    assert not (tmp_path / "results").exists()
