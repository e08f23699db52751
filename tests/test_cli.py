import io
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import fields
from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image
from training_runs import config, images, model

from cpvae_lite import build, cli, fit, joint, load_dataset, load_model, save_model, train
from cpvae_lite._commands import heeding_signals
from cpvae_lite._seeding import seeded
from cpvae_lite.aggregated import AggregatedPosterior
from cpvae_lite.config import ModelConfig
from cpvae_lite.metrics import used_categories
from cpvae_lite.options import parser
from cpvae_lite.schedule import TrainConfig
from cpvae_lite.sheets import grey_sheet
from cpvae_lite.sources import locate
from cpvae_lite.storage import read_tensors
from cpvae_lite.study.results import SHIPPED, Results

DATA = os.environ.get("CPVAE_LITE_DATA", "")
QUICK = ["--dataset", "fashion-mnist", "--subset", "--categories", "6", "--epochs", "1", "--warmup", "1"]


@pytest.fixture(autouse=True)
def no_data_folder(monkeypatch, tmp_path):
    monkeypatch.delenv("CPVAE_LITE_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "demo"
    assert cli.main(["train", *QUICK, "--out", str(folder)]) == 0
    return folder


def fails(capsys, *arguments: str) -> str:
    """The one line that a failing command says; nothing on stdout."""
    assert cli.main(list(arguments)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    last = err.strip().splitlines()[-1]
    assert last.startswith("cpvae-lite: ")
    return last


def test_train_prints_one_json_object_and_talks_on_stderr(tmp_path, capsys):
    assert cli.main(["train", *QUICK, "--out", str(tmp_path / "run")]) == 0
    out, err = capsys.readouterr()
    result = json.loads(out)
    assert result["epochs"] == 1 and result["split"] == "validation" and result["negative_bound"] > 0
    assert "shipped with the package" in err and "epoch" in err


def test_each_setting_of_model_and_training_is_an_option():
    """What the data decide is none, and a model is named by --model."""
    settings = {field.name for kind in (ModelConfig, TrainConfig) for field in fields(kind)}
    options = vars(parser(cli.COMMANDS).parse_args(["train", "--out", "run"]))
    assert settings - {"name", "features", "likelihood"} <= options.keys()


def test_the_objective_is_that_of_the_option(tmp_path, capsys):
    small = ["--hidden", "8", "--latent-size", "2", "--batch-size", "1000"]
    for how in ("summed", "relaxed"):
        assert cli.main(["train", *QUICK, *small, "--objective", how, "--out", str(tmp_path / how)]) == 0
        assert json.loads((tmp_path / how / "run.json").read_text())["training"]["objective"] == how
    one, other = (load_model(tmp_path / how).state_dict() for how in ("summed", "relaxed"))
    assert any(not torch.equal(one[name], other[name]) for name in one)
    capsys.readouterr()
    assert "did you mean 'summed'" in fails(capsys, "train", *QUICK, "--objective", "sum", "--out", str(tmp_path / "x"))


def test_what_was_given_is_what_is_trained(tmp_path):
    ablated = ["--elu-logits", "--prior-start", "uniform", "--frozen-prior", "--temperature-decay", "0.5"]
    ablated += ["--prior-variance", "5.2", "--no-clip", "--weights-start", "he", "--unit-gradients"]
    small = ["--hidden", "8", "--latent-size", "2", "--out", str(tmp_path)]
    assert cli.main(["train", *QUICK, *small, *ablated]) == 0
    prior = load_model(tmp_path).latents[-1].prior
    assert not list(prior.parameters()) and prior.mean.min() >= 0  # means drawn from [0, 1] that stayed
    begun = json.loads((tmp_path / "run.json").read_text())
    assert begun["model"]["elu_logits"] and begun["training"]["temperature_decay"] == 0.5
    assert begun["model"]["clip"] is False and begun["training"]["unit_gradients"] is True
    assert (begun["model"]["prior_variance"], begun["model"]["weights_start"]) == (5.2, "he")
    assert begun["model"]["prior_spread"] == ModelConfig.prior_spread  # what was not given has its default


def test_evaluate_agrees_with_the_model(run, capsys):
    assert cli.main(["evaluate", str(run), "--importance-samples", "3"]) == 0
    report = json.loads(capsys.readouterr().out)
    terms = report["reconstruction"] - report["kl_z"] - report["kl_c"]
    assert report["negative_bound"] == pytest.approx(-terms, abs=1e-3)
    assert report["negative_log_evidence"] < report["negative_bound"]
    model, data = load_model(run), load_dataset("fashion-mnist", subset=True)
    assert report["used_categories"] == used_categories(model.predict_proba(data.observed("test")).mean(0))
    assert report["largest_categories"][0] == model.predict_proba(data.observed("test")).mean(0).argmax()
    assert report["images"] == 10_000
    assert report["temperature"] == pytest.approx(1.0, abs=1e-3) and "relaxed_negative_bound" in report
    assert set(report["labels"]["item"]) == {"nmi", "ari", "purity", "accuracy"}
    assert report["active_units"].keys() == {"z"}


def test_sample_draws_the_same_images_for_a_seed_and_leaves_no_gap(run, tmp_path, capsys):
    files = [tmp_path / name for name in ("one.png", "two.png")]
    for file in files:
        assert cli.main(["sample", str(run), "--category", "3", "--count", "5", "--out", str(file)]) == 0
    assert files[0].read_bytes() == files[1].read_bytes()
    pixels = np.asarray(Image.open(files[0]))
    assert pixels.shape == (4 * (2 * 28 + 2), 4 * (3 * 28 + 4)) and pixels.dtype == np.uint8
    assert (pixels[4 * 30 :, 4 * 60 :] == 255).all()  # the sixth place is empty


def test_a_model_that_the_package_ships_is_sampled_by_its_name_or_folder(tmp_path):
    files = [tmp_path / name for name in ("one.png", "two.png")]
    folder = SHIPPED / "mnist" / "cp-150-seed0"
    for place, file in zip(("mnist/cp-150-seed0", str(folder)), files, strict=True):
        assert (
            cli.main(["sample", place, "--category", "3", "--count", "4", "--out", str(file), "--device", "cpu"]) == 0
        )
    assert files[0].read_bytes() == files[1].read_bytes()
    with seeded(0, device=torch.device("cpu")):
        drawn = grey_sheet(load_model(folder).sample(4, category=3), columns=2, shape=(28, 28))
    assert (np.asarray(Image.open(files[0])) == drawn.repeat(4, 0).repeat(4, 1)).all()


@pytest.mark.parametrize("command", [("evaluate",), ("check",), ("sample", "--out", "new.png")])
def test_a_model_that_was_saved_without_a_run_is_told_from_one(tmp_path, monkeypatch, capsys, command):
    save_model(build("vae", features=784), tmp_path / "alone")
    monkeypatch.chdir(tmp_path / "alone")
    name, *rest = command
    for folder in (".", str(tmp_path / "alone")):
        says = f"{folder} holds a model, but not what it was trained on: there is no run.json in it, and no alone.json"
        assert says in fails(capsys, name, folder, *rest)


@pytest.mark.parametrize("name", ["evaluate", "check", "sample"])
def test_a_file_of_something_else_beside_a_model_is_named(tmp_path, capsys, name):
    save_model(build("cp", features=784, categories=4), tmp_path / "mine")
    rest = ["--out", str(tmp_path / "x.png")] if name == "sample" else []
    for content in ({"title": "of something else"}, {"data": {"name": "mnist"}, "model": {}, "training": {}}):
        (tmp_path / "mine.json").write_text(json.dumps(content))
        said = fails(capsys, name, str(tmp_path / "mine"), *rest)
        assert f"{tmp_path / 'mine.json'} is damaged" in said


def test_training_flushes_denormals_before_torch_begins_threads(tmp_path, monkeypatch):
    tiny, seen = torch.tensor(1e-39), []

    def build_and_look(*_, **__):
        seen.append((tiny * 1).item())
        raise ValueError("seen enough")

    monkeypatch.setattr(cli, "build", build_and_look)
    assert cli.main(["train", "--subset", "--out", str(tmp_path / "run")]) == 2
    assert seen == [0.0] and (tiny * 1).item() > 0  # and leaves the processor as it was


@pytest.mark.parametrize("option", ["--temperature", "--temperature-decay", "--least-temperature"])
def test_a_temperature_is_refused_where_there_is_nothing_to_relax(tmp_path, capsys, option):
    command = ["train", "--model", "vae", "--subset", "--epochs", "1", "--out", str(tmp_path / "run")]
    assert f"{option}: only for a model with categories" in fails(capsys, *command, option, "0.2")
    assert not (tmp_path / "run").exists()


def test_a_source_of_categories_is_refused_beside_a_category(run, tmp_path, capsys):
    chosen = ["--category", "1", "--categories-from", "uniform", "--out", str(tmp_path / "x.png")]
    assert "leave one of them out" in fails(capsys, "sample", str(run), *chosen)


def test_a_report_beside_a_run_is_no_record_of_it(run, capsys):
    """As after: cpvae-lite evaluate runs/demo > runs/demo.json"""
    report = run.with_name(f"{run.name}.json")
    report.write_text("")
    assert cli.main(["evaluate", str(run)]) == 0
    assert json.loads(capsys.readouterr().out)["epochs"] == 1
    report.unlink()


def test_no_other_name_is_a_shipped_model(tmp_path, capsys):
    assert "mnist/cp-151-seed0" in fails(capsys, "sample", "mnist/cp-151-seed0", "--out", str(tmp_path / "x.png"))
    said = fails(capsys, "sample", "synthetic/cp-2-seed0", "--out", str(tmp_path / "x.png"))
    assert "of shape (1,), are no grey images" in said


@pytest.mark.skipif(not locate("mnist"), reason="needs the whole data set")
def test_a_shipped_model_is_evaluated_as_its_record_says(capsys, monkeypatch):
    monkeypatch.setenv("CPVAE_LITE_DATA", DATA)
    assert cli.main(["evaluate", "mnist/cp-150-seed0"]) == 0
    report, stored = json.loads(capsys.readouterr().out), Results("mnist").runs("cp-150")[0]
    assert report["epochs"] == stored["epochs"]
    for name in ("negative_bound", "relaxed_negative_bound", "temperature", "kl_c"):
        assert report[name] == pytest.approx(stored["measures"][name], rel=1e-3)


def test_a_run_is_never_overwritten(run, capsys, monkeypatch):
    before = (run / "model.safetensors").read_bytes()
    assert "holds a run already" in fails(capsys, "train", *QUICK, "--out", str(run))
    monkeypatch.setattr(cli, "asked_for", lambda *_: pytest.fail("data were loaded first"))
    assert "holds a run already" in fails(capsys, "train", *QUICK, "--out", str(run))
    assert (run / "model.safetensors").read_bytes() == before


def test_resume_of_a_finished_run_changes_nothing(run, capsys):
    before = (run / "model.safetensors").read_bytes()
    assert cli.main(["train", "--resume", "--out", str(run)]) == 0
    assert (run / "model.safetensors").read_bytes() == before


@pytest.mark.parametrize(
    "other",
    [["--dataset", "mnist"], ["--model", "vae"], ["--categories", "7"], ["--elu-logits"], ["--learning-rate", "0.1"]],
)
def test_resume_refuses_what_does_not_fit_the_run(run, capsys, other):
    assert other[0].strip("-").replace("-", "_")[:5] in fails(capsys, "train", "--resume", "--out", str(run), *other)


def test_resume_goes_on_to_more_epochs(tmp_path, capsys):
    out = ["--out", str(tmp_path / "run")]
    assert cli.main(["train", *QUICK, *out]) == 0
    assert cli.main(["train", "--resume", "--epochs", "2", *out]) == 0
    assert json.loads((tmp_path / "run" / "run.json").read_text())["training"]["epochs"] == 2
    two = [*QUICK[:-4], "--epochs", "2", "--warmup", "1", "--out", str(tmp_path / "whole")]
    assert cli.main(["train", *two]) == 0
    for name, value in load_model(tmp_path / "run").state_dict().items():
        assert torch.equal(value, load_model(tmp_path / "whole").state_dict()[name])


def test_evaluate_and_sample_refuse_an_unfinished_run(run, tmp_path, capsys):
    unfinished = tmp_path / "unfinished"
    unfinished.mkdir()
    (unfinished / "run.json").write_text((run / "run.json").read_text())
    assert "--resume" in fails(capsys, "evaluate", str(unfinished))
    assert "no finished model" in fails(capsys, "sample", str(unfinished), "--out", str(tmp_path / "x.png"))
    assert not (tmp_path / "x.png").exists()


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        (["--categories", "0"], "categories must be at least 1"),
        (["--categories", "-3"], "categories must be at least 1"),
        (["--epochs", "0"], "epochs must be at least 1"),
        (["--batch-size", "0"], "batch_size must be at least 1"),
        (["--batch-size", "5000"], "fewer than a batch"),
        (["--learning-rate", "0"], "learning_rate must be finite and above 0"),
        (["--learning-rate", "-1"], "learning_rate must be finite and above 0"),
        (["--learning-rate", "nan"], "learning_rate must be finite"),
        (
            ["--hidden", "100000000000"],
            "cannot be built with features=784, categories=150, latent_size=40, hidden=100000000000; try",
        ),
        (["--warmup", "-1"], "warmup must be at least 0"),
        (["--seed", "-1"], "seed must be at least 0"),
        (["--threads", "0"], "--threads must be at least 1"),
        (["--model", "cpp"], "did you mean 'cp'"),
        (["--model", "CP-VAE"], "did you mean 'cp'"),
        (["--model", "cpvae"], "did you mean 'cp'"),
        (["--model", "VampPrior"], "did you mean 'vamp'"),
        (["--dataset", os.curdir], "your own use Dataset.from_folder, in a terminal --folder"),
        (["--dataset", "fashon-mnist"], "did you mean 'fashion-mnist'"),
        (["--gate", "prob"], "did you mean 'probs'"),
        (["--prior-start", "unifrom"], "did you mean 'uniform'"),
        (["--prior-variance", "0"], "prior_variance must be finite and above 0"),
        (["--weights-start", "glorto"], "did you mean 'glorot'"),
        (["--model", "indp", "--frozen-prior"], "indp has no p(z|c) for learned_prior=False; cp, indq have"),
        (["--temperature-decay", "-1"], "temperature_decay must be finite and at least 0"),
        (["--model", "vae", "--categories", "3"], "vae has no categories"),
        (["--dataset", "omniglot"], "ships no part of omniglot"),
    ],
)
def test_bad_settings_name_the_cause_and_write_nothing(arguments, cause, tmp_path, capsys):
    base = ["train", "--subset", "--epochs", "1", "--warmup", "1", "--out", str(tmp_path / "run")]
    assert cause in fails(capsys, *base, *arguments)
    assert not (tmp_path / "run" / "checkpoint.safetensors").exists()


def test_no_network_names_the_files_and_the_folder(tmp_path, capsys, monkeypatch):
    def offline(self, root):
        raise OSError("Network is unreachable")

    monkeypatch.setattr("cpvae_lite.sources.IdxSource.download", offline)
    said = fails(capsys, "train", "--dataset", "mnist", "--out", str(tmp_path / "run"))
    assert "MNIST/raw/train-images-idx3-ubyte" in said and str(tmp_path / "cache") in said and "--subset" in said
    assert "MNIST/raw" in fails(capsys, "data", "fetch", "mnist")


def test_a_category_outside_is_named(run, tmp_path, capsys):
    out = ["--out", str(tmp_path / "x.png")]
    assert "category 6 is not one of 0..5" in fails(capsys, "sample", str(run), "--category", "6", *out)
    assert "category -1" in fails(capsys, "sample", str(run), "--category", "-1", *out)
    assert "count" in fails(capsys, "sample", str(run), "--count", "0", *out)
    assert not (tmp_path / "x.png").exists()


def test_images_are_written_as_png_only(run, tmp_path, capsys):
    assert ".png" in fails(capsys, "sample", str(run), "--out", str(tmp_path / "x.txt"))
    assert not (tmp_path / "x.txt").exists()


def test_a_file_is_replaced_only_by_force(run, tmp_path, capsys):
    file = tmp_path / "x.png"
    file.write_text("mine")
    assert "--force" in fails(capsys, "sample", str(run), "--out", str(file))
    assert file.read_text() == "mine"
    assert cli.main(["sample", str(run), "--out", str(file), "--force"]) == 0
    assert file.read_bytes().startswith(b"\x89PNG")


def test_missing_and_unwritable_places_are_named(run, tmp_path, capsys):
    assert "holds no run" in fails(capsys, "evaluate", str(tmp_path / "nowhere"))
    assert "holds no run" in fails(capsys, "train", "--resume", "--out", str(tmp_path / "nowhere"))
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert str(blocked) in fails(capsys, "train", *QUICK, "--out", str(blocked / "run"))
    assert str(blocked) in fails(capsys, "sample", str(run), "--out", str(blocked / "x.png"))


def test_evaluate_refuses_other_data(run, tmp_path, capsys):
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in run.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    content = json.loads((copy / "run.json").read_text())
    content["data"]["fingerprint"] = "00000000"
    (copy / "run.json").write_text(json.dumps(content))
    assert "not the data" in fails(capsys, "evaluate", str(copy))


@pytest.mark.parametrize(
    ("command", "instead"),
    [(["evaluate"], "evaluate(load_model({0!r}), dataset)"),
     (["check"], "cpvae_lite.checks.check_model(load_model({0!r}), dataset.observed('test'))"),
     (["train", "--resume", "--out"], "fit(model, dataset, config, out={0!r}, resume=True)")],
)  # fmt: skip
def test_a_run_on_data_of_your_own_goes_on_in_python(tmp_path, capsys, command, instead):
    fit(model(), images(), config(epochs=1), out=tmp_path, progress=False)
    said = fails(capsys, *command, str(tmp_path))
    assert f"{tmp_path} was trained on arrays of your own, 'your data', which the command line cannot load" in said
    assert said.endswith(f"in Python, with your dataset: {instead.format(str(tmp_path))}")


def test_check_prints_a_row_for_each_equation_and_ends_with_zero(capsys):
    assert cli.main(["check", "--worlds", "1"]) == 0
    out, err = capsys.readouterr()
    rows = out.splitlines()
    assert rows[0].split() == ["equation", "left", "right", "residual", "std.", "error", "verdict"]
    assert len(rows) == 19 and all(" holds " in row for row in rows[1:-1])
    assert rows[-1] == "17 checks, all hold"
    assert "the worst of 7 worlds" in err


def test_check_follows_its_seed(capsys):
    found = []
    for seed in ("1", "1", "2"):
        assert cli.main(["check", "--worlds", "1", "--seed", seed]) == 0
        found.append(capsys.readouterr().out)
    assert found[0] == found[1] != found[2]


def test_check_of_a_run_on_real_valued_data(tmp_path, capsys):
    folder = str(tmp_path / "run")
    short = ["--categories", "4", "--epochs", "1", "--warmup", "1"]
    assert cli.main(["train", "--dataset", "synthetic", *short, "--out", folder]) == 0
    capsys.readouterr()
    assert cli.main(["check", folder, "--images", "500"]) == 0
    assert "A2" not in capsys.readouterr().out


@pytest.mark.parametrize("name", ["mog", "vamp", "hvae", "hvamp"])
def test_models_without_a_latent_c_can_be_trained_evaluated_sampled_and_checked(name, tmp_path, capsys):
    folder, image = str(tmp_path / "run"), ["--count", "2", "--out", str(tmp_path / "x.png")]
    categories = [] if name == "hvae" else ["--categories", "4"]
    short = ["--subset", "--batch-size", "1000", "--epochs", "1", "--warmup", "1"]
    assert cli.main(["train", "--model", name, *categories, *short, "--out", folder]) == 0
    assert cli.main(["train", "--resume", "--out", folder]) == 0
    capsys.readouterr()
    assert cli.main(["evaluate", folder, "--split", "validation"]) == 0
    report = json.loads(capsys.readouterr().out)
    terms = report["reconstruction"] - sum(value for key, value in report.items() if key.startswith("kl_"))
    assert report["negative_bound"] == pytest.approx(-terms, abs=1e-3)
    assert report["model"] == name and "categories" not in report
    if name == "hvae":
        assert "this one has neither" in fails(capsys, "sample", folder, "--category", "3", *image)
        assert cli.main(["sample", folder, *image]) == 0
    else:
        assert "category 4 is not one of 0..3" in fails(capsys, "sample", folder, "--category", "4", *image)
        assert cli.main(["sample", folder, "--category", "3", *image]) == 0
    capsys.readouterr()
    if name.startswith("h"):
        said = fails(capsys, "check", folder, "--images", "50")
        assert "the decompositions are about latents c and z, not z2 and z1" in said
    else:
        assert cli.main(["check", folder, "--images", "50"]) == 0
        assert [row.split()[0] for row in capsys.readouterr().out.splitlines()[1:5]] == ["17", "18", "19", "21"]


def test_check_ends_with_one_if_an_equation_fails(capsys, monkeypatch):
    over, above, below = joint.TERMS["H(q(c))"]
    monkeypatch.setitem(joint.TERMS, "H(q(c))", (over, below, above))
    assert cli.main(["check", "--worlds", "1"]) == 1
    out, err = capsys.readouterr()
    assert [row.split()[0] for row in out.splitlines() if "FAILS" in row] == ["17"]
    assert err.strip().endswith("1 of 17 equations fail: 17")


def test_check_of_a_run_prints_its_equations_and_the_ceiling(run, capsys):
    assert cli.main(["check", str(run)]) == 0
    out, err = capsys.readouterr()
    rows = out.splitlines()
    assert [row.split()[0] for row in rows[1:6]] == ["12", "13", "17", "18", "19"]
    assert all(" holds " in row for row in rows[1:-2]) and rows[-2] == "9 checks, all hold"
    assert rows[-1].endswith("with N = 2000 it can be at most log N = 7.60")
    assert "cp over 2000 images of the test split" in err
    assert cli.main(["check", str(run), "--images", "100", "--split", "validation"]) == 0
    assert "cp over 100 images of the validation split" in capsys.readouterr().err


def test_check_of_a_run_ends_with_one_if_its_aggregated_posterior_is_wrong(run, capsys, monkeypatch):
    by_blocks = AggregatedPosterior.log_prob
    monkeypatch.setattr(AggregatedPosterior, "log_prob", lambda q, z, c: by_blocks(q, z, torch.zeros_like(c)))
    assert cli.main(["check", str(run), "--images", "100"]) == 1
    assert "equations fail: 18" in capsys.readouterr().err


def test_check_names_what_does_not_fit(run, capsys):
    assert "--split, --images: only with DIR" in fails(capsys, "check", "--split", "test", "--images", "5")
    assert "--worlds: only without DIR" in fails(capsys, "check", str(run), "--worlds", "2")
    assert "--images must be at least 1" in fails(capsys, "check", str(run), "--images", "0")
    assert "draws must be at least 2" in fails(capsys, "check", str(run), "--draws", "1")
    assert "unknown split 'tset'; did you mean 'test'" in fails(capsys, "check", str(run), "--split", "tset")
    assert "--worlds must be at least 1" in fails(capsys, "check", "--worlds", "0")


def test_the_command_line_starts_without_what_only_figures_need():
    program = "import sys, cpvae_lite.cli; print({'matplotlib', 'seaborn', 'pandas', 'scipy'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_data_list_names_every_data_set(capsys):
    assert cli.main(["data", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["synthetic", "mnist", "fashion-mnist", "omniglot"]
    assert all("fetch" in line for line in lines[1:])


@pytest.mark.parametrize("command", [[], ["train"], ["evaluate"], ["sample"], ["check"], ["data"], ["data", "fetch"]])
def test_help_explains_each_option(command, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main([*command, "--help"])
    assert stop.value.code == 0
    out = capsys.readouterr().out
    assert "usage: cpvae-lite" in out and len(out) > 200


@pytest.mark.parametrize("options", [["--temperature", "nan"], ["--model", "cpp"], ["--categories", "0"]])
def test_settings_are_checked_before_data_are_looked_for(options, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(cli, "asked_for", lambda _: pytest.fail("the data come first"))
    said = fails(capsys, "train", *options, "--out", str(tmp_path / "run"))
    assert options[0].strip("-") in said and not (tmp_path / "run").exists()


@pytest.mark.parametrize("command", [["train", "--out", ""], ["reproduce", "slow", "--out", ""], ["evaluate", ""]])
def test_an_empty_folder_is_not_the_working_directory(command, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        cli.main(command)
    assert "it is empty; name a folder" in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_a_wrong_option_ends_with_code_two(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["train", "--epochs", "many", "--out", "x"])
    assert stop.value.code == 2


def test_ctrl_c_leaves_a_checkpoint_that_goes_on(tmp_path, capsys):
    folder = tmp_path / "run"
    command = [sys.executable, "-m", "cpvae_lite.cli", "train", *QUICK[:-4], "--warmup", "1", "--out", str(folder)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    listen = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # a job in the background inherits deaf ears
    popen = partial(subprocess.Popen, env=environment, stderr=subprocess.PIPE, text=True, preexec_fn=listen)
    with popen([*command, "--epochs", "200"]) as child:
        deadline = time.monotonic() + 120
        while not (folder / "checkpoint.safetensors").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        child.send_signal(signal.SIGINT)
        try:
            _, err = child.communicate(timeout=60)
        finally:
            child.kill()
    assert child.returncode == cli.INTERRUPTED and "--resume" in err and "Traceback" not in err
    done = len(read_tensors(folder / "checkpoint.safetensors")[1]["history"])
    assert cli.main(["train", "--resume", "--epochs", str(done), "--out", str(folder)]) == 0
    assert (folder / "model.safetensors").exists()


def test_sigterm_leaves_a_checkpoint_as_ctrl_c_does(tmp_path, capsys, monkeypatch):
    """As Slurm, `docker stop` and `timeout` send it."""
    folder, show = tmp_path / "my run", train._show

    def terminated(bar, record, config):
        show(bar, record, config)
        if record["epoch"] == 2:
            os.kill(os.getpid(), signal.SIGTERM)

    def unheeded(*_):
        pytest.fail("nobody heeded the signal")

    monkeypatch.setattr(train, "_show", terminated)
    before = signal.signal(signal.SIGTERM, unheeded)
    try:
        many = [*QUICK[:-4], "--epochs", "60", "--warmup", "1", "--checkpoint-every", "1000"]
        assert cli.main(["train", *many, "--out", str(folder)]) == cli.TERMINATED
        assert signal.getsignal(signal.SIGTERM) is unheeded
    finally:
        signal.signal(signal.SIGTERM, before)
    assert len(read_tensors(folder / "checkpoint.safetensors")[1]["history"]) == 2
    assert capsys.readouterr().err.endswith(f"terminated; go on with: cpvae-lite train --resume --out '{folder}'\n")


def test_a_closed_terminal_ends_in_order_but_not_under_nohup():
    for handler, heeded in ((signal.SIG_DFL, True), (signal.SIG_IGN, False)):
        before = signal.signal(signal.SIGHUP, handler)
        try:
            with heeding_signals():
                assert (signal.getsignal(signal.SIGHUP) is not handler) == heeded
            assert signal.getsignal(signal.SIGHUP) is handler
        finally:
            signal.signal(signal.SIGHUP, before)


def test_signs_that_a_terminal_lacks_do_not_cost_the_table(monkeypatch):
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", narrow)
    assert cli.main(["reproduce", "last"]) == 0
    narrow.seek(0)
    assert " ? " in narrow.read()


def test_a_finished_run_without_its_checkpoint_is_kept(run, tmp_path, capsys):
    shutil.copytree(run, copy := tmp_path / "copy")
    (copy / "checkpoint.safetensors").unlink()
    assert "its checkpoint is gone" in fails(capsys, "train", "--resume", "--epochs", "3", "--out", str(copy))
    assert load_model(copy).config == load_model(run).config


def test_a_tilde_that_the_shell_leaves_is_the_home_folder(run, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    shutil.copytree(run, tmp_path / "copy")
    assert cli.main(["sample", "~/copy", "--out=~/x.png"]) == 0
    assert (tmp_path / "x.png").exists() and not (tmp_path / "~").exists()
    capsys.readouterr()
    assert f"{tmp_path / 'copy'} holds a run already" in fails(capsys, "train", *QUICK, "--out=~/copy")


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("run.json", {"format": 1}),
        ("run.json", {"format": 1, "model": {}, "training": {}, "data": {"name": "mnist"}}),
        ("history.json", {"epochs": []}),
        ("history.json", {"epochs": [{"validation": {"bound": 1.0}}]}),
        ("history.json", {}),
    ],
)
def test_a_damaged_run_is_named(run, tmp_path, capsys, file, content):
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    (copy / file).write_text(json.dumps(content))
    assert str(copy / file) in fails(capsys, "evaluate", str(copy))


def test_a_reader_that_has_seen_enough_ends_the_listing_quietly():
    command = f"{sys.executable} -m cpvae_lite.cli data list | head -c 0"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert "Broken pipe" not in done.stderr and "Traceback" not in done.stderr


def test_a_closed_stderr_keeps_talk_off_stdout(run):
    command = f"{sys.executable} -m cpvae_lite.cli evaluate {run} 2>&-"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert json.loads(done.stdout)["images"] == 10_000


def test_a_command_runs_in_a_thread_too():  # where no signal can be heeded
    found = []
    thread = threading.Thread(target=lambda: found.append(cli.main(["data", "list"])))
    thread.start()
    thread.join()
    assert found == [0]
