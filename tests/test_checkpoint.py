"""Models and runs on disk: what was saved is what is loaded, and nothing else is loaded."""

import ast
import errno
import json
import os
import pickle
import signal
import struct
import subprocess
import sys
import warnings
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from training_runs import config, images, model, same, weights

import cpvae_lite
from cpvae_lite import Summed, build, estimate_bound, fit, load_model, log_marginal, save_model
from cpvae_lite.checkpoint import CHECKPOINT, load_last, read_checkpoint
from cpvae_lite.conditionals import StandardNormal
from cpvae_lite.locks import BusyError
from cpvae_lite.run_files import read_history, read_run
from cpvae_lite.saved import FORMAT
from cpvae_lite.storage import read_json, read_tensors, write_json, write_tensors
from cpvae_lite.uniform import with_uniform_categories

PACKAGE = Path(cpvae_lite.__file__).parent
MODELS = {
    "vae": {"name": "vae"},
    "cp": {"name": "cp"},
    "cp that samples": {"name": "cp", "gate": "sample", "elu_logits": True},
    "indq": {"name": "indq"},
    "indp": {"name": "indp", "categories": 7, "hidden": 5},
    "indqp": {"name": "indqp", "latent_size": 3},
    "gaussian": {"name": "cp", "likelihood": "gaussian"},
    "mog": {"name": "mog"},
    "vamp": {"name": "vamp"},
    "vamp in a range of its own": {
        "name": "vamp",
        "likelihood": "gaussian",
        "data": torch.linspace(-3, 5, 48).view(3, 16),
    },
    "hvae": {"name": "hvae"},
    "hvamp": {"name": "hvamp"},
}


@pytest.fixture
def disturbed():
    """`disturbed(...)`: a model whose weights no seed of `build` would give."""

    def make(**settings):
        network = model(**settings, seed=5)
        generator = torch.Generator().manual_seed(0)
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.add_(torch.randn(parameter.shape, generator=generator))
            if network.categories:
                share = torch.rand(network.categories, generator=generator)
                network.aggregated_posterior.copy_(share / share.sum())
        return network

    return make


# --- a model ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", MODELS.values(), ids=MODELS.keys())
def test_a_loaded_model_has_the_bounds_and_weights_of_the_saved_one(tmp_path, disturbed, settings):
    network = disturbed(**settings)
    save_model(network, tmp_path)
    again = load_model(tmp_path)
    x = images().observed("test")
    assert again.config == network.config
    assert same(weights(again), weights(network))
    for draw in (None, Summed()):
        assert estimate_bound(again, x, draw) == estimate_bound(network, x, draw)
    assert torch.equal(log_marginal(again, x, 3), log_marginal(network, x, 3))


def test_a_halved_model_is_rounded_once_and_keeps_its_shares(tmp_path, disturbed):
    network = disturbed()
    save_model(network, tmp_path / "whole")
    save_model(network, tmp_path / "half", half=True)
    sizes = [(tmp_path / name / "model.safetensors").stat().st_size for name in ("whole", "half")]
    parameters = sum(weight.numel() for weight in network.parameters())
    assert sizes[0] - sizes[1] == pytest.approx(2 * parameters, abs=100)
    again = load_model(tmp_path / "half")
    assert {weight.dtype for weight in again.state_dict().values()} == {torch.float32}
    for name, weight in network.named_parameters():
        assert torch.equal(again.state_dict()[name], weight.detach().half().float())
    assert torch.equal(again.aggregated_posterior, network.aggregated_posterior)
    save_model(again, tmp_path / "again", half=True)
    assert same(weights(load_model(tmp_path / "again")), weights(again))
    save_model(again.double(), tmp_path / "double", half=True)
    assert same(weights(load_model(tmp_path / "double")), weights(again.float()))


def test_a_weight_that_float16_cannot_hold_is_named(tmp_path, disturbed):
    network = disturbed()
    with torch.no_grad():
        network.trunk.layers[0].affine.bias[0] = 1e5
    with pytest.raises(ValueError, match=r"trunk.layers.0.affine.bias reaches 1e\+05, too much for float16"):
        save_model(network, tmp_path, half=True)
    assert not list(tmp_path.iterdir())


def broken(network):
    with torch.no_grad():
        network.trunk.layers[0].affine.bias[0] = torch.nan
    return network


def test_a_model_with_a_weight_that_is_not_finite_is_not_saved(tmp_path, disturbed):
    for half in (False, True):
        with pytest.raises(ValueError, match=r"trunk.layers.0.affine.bias is not finite, so the model is not saved"):
            save_model(broken(disturbed()), tmp_path, half=half)
    assert not list(tmp_path.iterdir())


def test_a_file_with_a_weight_that_is_not_finite_is_named(tmp_path, disturbed):
    save_model(disturbed(), tmp_path)
    write_tensors(tmp_path / "model.safetensors", broken(disturbed()).state_dict())
    with pytest.raises(ValueError, match=r"trunk.layers.0.affine.bias is not finite") as caught:
        load_model(tmp_path)
    assert str(tmp_path / "model.safetensors") in str(caught.value)


def test_q_c_that_is_not_known_yet_is_kept_as_such(tmp_path):
    save_model(model(), tmp_path)
    assert load_model(tmp_path).aggregated_posterior.isnan().all()


def test_loading_leaves_the_random_state_alone(tmp_path, disturbed):
    save_model(disturbed(), tmp_path)
    before = torch.get_rng_state()
    load_model(tmp_path)
    assert torch.equal(before, torch.get_rng_state())


def test_a_loaded_model_samples_from_the_aggregated_posterior_of_the_saved_one(tmp_path, disturbed):
    network = disturbed()
    with torch.no_grad():
        network.aggregated_posterior.copy_(torch.tensor([0.0, 1.0, 0.0]))
    save_model(network, tmp_path)
    torch.manual_seed(1)
    free = load_model(tmp_path).sample(5)
    torch.manual_seed(1)
    torch.multinomial(torch.tensor([0.0, 1.0, 0.0]), 5, replacement=True)  # the draw of c
    assert torch.equal(free, network.sample(5, category=1))


def test_an_older_model_is_replaced(tmp_path, disturbed):
    save_model(disturbed(), tmp_path)
    save_model(disturbed(name="vae"), tmp_path)
    assert load_model(tmp_path).config.name == "vae"


def test_numpy_sizes_can_be_saved(tmp_path):
    network = build("cp", features=np.int64(16), categories=np.int32(3), hidden=6, latent_size=2)
    save_model(network, tmp_path)
    assert load_model(tmp_path).config == network.config


@pytest.mark.parametrize("name", ["model.json", "model.safetensors"])
def test_a_missing_file_is_named(tmp_path, disturbed, name):
    save_model(disturbed(), tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(FileNotFoundError) as caught:
        load_model(tmp_path)
    assert f"{tmp_path} holds no finished model ({name} is missing)" in str(caught.value)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load_model(tmp_path / "nowhere")


def test_weights_of_another_configuration_are_refused(tmp_path, disturbed):
    save_model(disturbed(), tmp_path)
    for change in ({"categories": 4}, {"hidden": 7}, {"name": "indqp"}, {"likelihood": "gaussian"}):
        content = read_json(tmp_path / "model.json")
        write_json(tmp_path / "model.json", content | {"model": content["model"] | change})
        with pytest.raises(ValueError) as caught:
            load_model(tmp_path)
        assert f"{tmp_path / 'model.safetensors'} holds weights of another model" in str(caught.value)
        write_json(tmp_path / "model.json", content)


def test_a_model_of_a_newer_format_is_refused_with_the_way_out(tmp_path, disturbed):
    save_model(disturbed(), tmp_path)
    content = read_json(tmp_path / "model.json") | {"format": FORMAT + 1, "cpvae_lite": "99.0"}
    write_json(tmp_path / "model.json", content)
    with pytest.raises(ValueError, match=r"comes from a newer cpvae_lite \(99.0\).* install the newer one") as caught:
        load_model(tmp_path)
    assert str(tmp_path / "model.json") in str(caught.value)


BAD_DESCRIPTIONS = {
    "no format": lambda content: content | {"format": None},
    "text for format": lambda content: content | {"format": "one"},
    "no model": lambda content: {"format": FORMAT},
    "unknown model": lambda content: content | {"model": content["model"] | {"name": "magic"}},
    "unknown setting": lambda content: content | {"model": content["model"] | {"depth": 3}},
    "bad size": lambda content: content | {"model": content["model"] | {"hidden": -1}},
    "text for size": lambda content: content | {"model": content["model"] | {"hidden": "many"}},
    "list for model": lambda content: content | {"model": [1, 2]},
}


@pytest.mark.parametrize("change", BAD_DESCRIPTIONS.values(), ids=BAD_DESCRIPTIONS.keys())
def test_a_description_that_makes_no_sense_is_refused_by_name(tmp_path, disturbed, change):
    save_model(disturbed(), tmp_path)
    write_json(tmp_path / "model.json", change(read_json(tmp_path / "model.json")))
    with pytest.raises(ValueError) as caught:
        load_model(tmp_path)
    assert str(tmp_path / "model.json") in str(caught.value)


@pytest.mark.parametrize("name", ["model.json", "model.safetensors"])
@pytest.mark.parametrize("share", [0, 0.3, 0.99])
def test_a_truncated_file_is_named(tmp_path, disturbed, name, share):
    save_model(disturbed(), tmp_path)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ValueError) as caught:
        load_model(tmp_path)
    assert str(tmp_path / name) in str(caught.value)


def disk_full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_model_that_cannot_be_saved_leaves_the_old_one(tmp_path, disturbed, monkeypatch):
    old = disturbed()
    save_model(old, tmp_path)
    monkeypatch.setattr(os, "fsync", disk_full)
    with pytest.raises(OSError, match="No space left"):
        save_model(disturbed(name="vae"), tmp_path)
    assert same(weights(load_model(tmp_path)), weights(old))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.json", "model.safetensors"]


def test_new_weights_never_stand_under_an_old_description(tmp_path, disturbed, monkeypatch):
    """Of the same shapes, so that nothing else would tell."""
    save_model(disturbed(), tmp_path)
    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space left"):
        patch.setattr("cpvae_lite.saved.write_json", disk_full)
        save_model(disturbed(elu_logits=True), tmp_path)
    with pytest.raises(FileNotFoundError, match=r"holds no finished model \(model.json is missing\)"):
        load_model(tmp_path)
    save_model(disturbed(elu_logits=True), tmp_path)
    assert load_model(tmp_path).config.elu_logits
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.json", "model.safetensors"]


def test_two_that_save_into_one_folder_do_not_take_each_others_files(tmp_path, disturbed, monkeypatch):
    """While one is about to give its weights their name, another saves all of its own."""
    replace = os.replace

    def overtaken(source, target):
        if Path(target).name == "model.safetensors":
            monkeypatch.setattr(os, "replace", replace)
            save_model(disturbed(name="vae"), tmp_path)
        replace(source, target)

    monkeypatch.setattr(os, "replace", overtaken)
    save_model(disturbed(), tmp_path)
    assert same(weights(load_model(tmp_path)), weights(disturbed()))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.json", "model.safetensors"]


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    network = model()
    fit(network, images(), config(epochs=1), out="~/run", progress=False)
    save_model(network, "~/again")
    assert sorted(path.name for path in (tmp_path / "home").iterdir()) == ["again", "run"]
    assert [path.name for path in tmp_path.iterdir()] == ["home"]
    for folder in ("~/run", "~/again"):
        assert same(weights(load_model(folder)), weights(network))
    load_last(network, "~/run")
    assert read_run("~/run")["training"]["epochs"] == len(read_history("~/run")) == 1


def test_a_folder_that_cannot_be_written_is_an_os_error(tmp_path, disturbed):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="file"):
        save_model(disturbed(), tmp_path / "file" / "folder")


# --- no pickle ------------------------------------------------------------------------------------------


def calls(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), {word.arg: ast.unparse(word.value) for word in node.keywords}


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.name)
def test_the_source_neither_pickles_nor_unpickles(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {
        name.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names
    } | {node.module.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    assert not imported & {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
    for name, keywords in calls(tree):
        assert name not in ("torch.save", "torch.load", "torch.package"), f"{name} in {path.name}"
        if name.endswith("np.load"):
            assert keywords.get("allow_pickle") == "False", f"np.load in {path.name}"


def test_nothing_is_pickled_while_a_run_is_written_and_read(tmp_path, monkeypatch):
    def forbidden(*_, **__):
        raise AssertionError("pickle")

    for where, name in (
        (pickle, "dumps"),
        (pickle, "loads"),
        (pickle, "load"),
        (pickle, "dump"),
        (torch, "save"),
        (torch, "load"),
    ):
        monkeypatch.setattr(where, name, forbidden)
    fit(model(), images(), config(epochs=1), out=tmp_path, progress=False)
    fit(model(), images(), config(epochs=2), out=tmp_path, resume=True, progress=False)
    load_model(tmp_path)


def test_weights_are_safetensors_and_the_rest_is_json(tmp_path):
    fit(model(), images(), config(epochs=1), out=tmp_path, progress=False)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"run.json", "checkpoint.safetensors", "model.safetensors", "model.json", "history.json"}
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        if path.suffix == ".safetensors":
            (length,) = struct.unpack("<Q", content[:8])
            header = json.loads(content[8 : 8 + length])
            ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
            assert len(content) == 8 + length + max(ends)
        else:
            json.loads(content)


# --- a run ----------------------------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path):
    fit(model(), images(name="grey"), config(epochs=3), out=tmp_path, progress=False)
    return tmp_path


def test_a_run_says_what_was_asked_for(run):
    found = read_run(run)
    assert found["model"] == asdict(model().config)
    assert found["training"] == asdict(config(epochs=3))
    assert found["data"]["name"] == "grey"
    assert found["data"]["fingerprint"] == images().fingerprint
    assert (found["format"], found["cpvae_lite"], found["torch"]) == (FORMAT, cpvae_lite.__version__, torch.__version__)


def test_a_run_is_described_before_its_first_step(tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("cpvae_lite.steps.Steps.epoch", stop)
    with pytest.raises(KeyboardInterrupt):
        fit(model(), images(), config(), out=tmp_path, progress=False)
    assert read_run(tmp_path)["training"] == asdict(config())
    assert {path.name for path in tmp_path.iterdir()} == {"run.json"}


AT_THE_RUN = """
import sys
from training_runs import config, images, model
from cpvae_lite import fit

fit(model(), images(), config(epochs=100_000), out=sys.argv[1], after_epoch=lambda _: print("."), progress=False)
"""


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_a_second_process_cannot_go_on_with_a_run_until_the_first_has_ended(tmp_path, end):
    out = tmp_path / "run"
    command = [sys.executable, "-u", "-c", AT_THE_RUN, str(out)]
    heeds = partial(signal.signal, signal.SIGINT, signal.default_int_handler)  # a background job would ignore it
    first = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=Path(__file__).parent, preexec_fn=heeds
    )
    first.stdout.readline()  # after an epoch
    with pytest.raises(BusyError, match=f"another process is at {out}; it is left to that one"):
        fit(model(), images(), config(epochs=100_000), out=out, resume=True, progress=False, after_epoch=pytest.fail)
    first.send_signal(end)
    first.communicate()
    done = len(read_tensors(out / "checkpoint.safetensors")[1]["history"])
    history = fit(model(), images(), config(epochs=done + 1), out=out, resume=True, progress=False)
    assert len(history) == done + 1 and not (out / "run.lock").exists()


def test_a_run_that_cannot_be_gone_on_with_is_not_held(tmp_path):
    fit(model(), images(), config(), out=tmp_path, progress=False)
    with pytest.raises(ValueError, match="is of another run"):
        fit(model(), images(), config(learning_rate=0.1), out=tmp_path, resume=True, progress=False)
    assert len(fit(model(), images(), config(), out=tmp_path, resume=True, progress=False)) == config().epochs


def test_no_run_and_damaged_runs_are_told_apart(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"holds no run \(run.json is missing\)"):
        read_run(tmp_path)
    (tmp_path / "run.json").write_text('{"format": 1')
    with pytest.raises(ValueError, match=r"run.json is damaged"):
        read_run(tmp_path)
    (tmp_path / "run.json").write_text(json.dumps({"format": FORMAT + 1, "cpvae_lite": "99.0"}))
    with pytest.raises(ValueError, match=r"run.json comes from a newer cpvae_lite \(99.0\)"):
        read_run(tmp_path)


def test_the_history_on_disk_is_the_one_that_was_returned(tmp_path):
    history = fit(model(), images(), config(epochs=2), out=tmp_path, progress=False)
    assert read_json(tmp_path / "history.json") == {"epochs": history}
    assert read_tensors(tmp_path / "checkpoint.safetensors")[1]["history"] == history


@pytest.mark.parametrize("name", ["cp", "mog", "vamp", "hvae", "hvamp"])
def test_the_finished_model_is_the_one_that_was_trained(tmp_path, name):
    network = model(name)
    fit(network, images(), config(epochs=3), out=tmp_path, progress=False)
    assert same(weights(load_model(tmp_path)), weights(network))


def resumed(folder, **settings):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return fit(model(), images(name="grey"), config(epochs=5, **settings), out=folder, resume=True, progress=False)


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.999])
def test_a_truncated_checkpoint_is_named(run, share):
    path = run / "checkpoint.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ValueError) as caught:
        resumed(run)
    assert f"{path} is truncated or damaged" in str(caught.value)


def test_a_checkpoint_whose_history_was_altered_is_named(run):
    path = run / "checkpoint.safetensors"
    bound = str(read_tensors(path)[1]["history"][0]["validation"]["bound"]).encode()
    other = bound.replace(bound[1:2], b"9" if bound[1:2] != b"9" else b"8", 1)
    content = path.read_bytes()
    assert content.count(bound) == 1
    path.write_bytes(content.replace(bound, other))
    with pytest.raises(ValueError, match="checksum") as caught:
        resumed(run)
    assert f"{path} is damaged" in str(caught.value)


@pytest.mark.parametrize(("there", "here"), [("float64", "float32"), ("float32", "float64")])
def test_a_run_is_not_resumed_in_another_precision(tmp_path, there, here):
    fit(model().to(getattr(torch, there)), images(), config(epochs=1), out=tmp_path, progress=False)
    other = model().to(getattr(torch, here))
    says = (
        rf"checkpoint.safetensors does not fit this run: .* is {there} there, {here} here.* model.to\(torch.{there}\)"
    )
    with pytest.raises(ValueError, match=says):
        fit(other, images(), config(epochs=2), out=tmp_path, resume=True, progress=False)
    assert same(weights(other), weights(model().to(getattr(torch, here))))
    fit(other.to(getattr(torch, there)), images(), config(epochs=2), out=tmp_path, resume=True, progress=False)


def test_a_checkpoint_of_a_newer_format_is_refused(run):
    path = run / "checkpoint.safetensors"
    tensors, header = read_tensors(path)
    write_tensors(path, tensors, header | {"format": FORMAT + 1, "cpvae_lite": "99.0"})
    with pytest.raises(ValueError, match=r"checkpoint.safetensors comes from a newer cpvae_lite \(99.0\)"):
        resumed(run)


def frozen(*names):
    network = model()
    for name, weight in network.named_parameters():
        weight.requires_grad_(name not in names)
    return network


def test_a_run_with_frozen_weights_goes_on_to_the_very_weights(tmp_path):
    name = "latents.1.prior.mean"
    whole, parts = frozen(name), frozen(name)
    start = weights(whole)[name]
    fit(whole, images(name="grey"), config(epochs=3), progress=False)
    fit(parts, images(name="grey"), config(epochs=1), out=tmp_path, progress=False)
    again = frozen(name)
    fit(again, images(name="grey"), config(epochs=3), out=tmp_path, resume=True, progress=False)
    assert same(weights(again), weights(whole)) and torch.equal(weights(again)[name], start)


@pytest.mark.parametrize(("there", "here"), [(("latents.1.prior.mean",), ()), ((), ("latents.1.prior.mean",))])
def test_a_run_is_not_resumed_with_other_weights_frozen(tmp_path, there, here):
    fit(frozen(*there), images(name="grey"), config(epochs=3), out=tmp_path, progress=False)
    says = "frozen or without a gradient there, and is to be trained" if there else "trained there and is frozen"
    with pytest.raises(ValueError, match=f"latents.1.prior.mean was {says} here"):
        fit(frozen(*here), images(name="grey"), config(epochs=4), out=tmp_path, resume=True, progress=False)


def test_a_checkpoint_of_another_run_is_refused(run, tmp_path):
    fit(model(), images(name="grey"), config(seed=1), out=tmp_path / "other", progress=False)
    (run / "checkpoint.safetensors").write_bytes((tmp_path / "other" / "checkpoint.safetensors").read_bytes())
    with pytest.raises(ValueError, match=r"checkpoint.safetensors is of another run: training seed is 1 there, 0 here"):
        resumed(run)


def test_a_run_from_before_a_setting_existed_has_its_default(run):
    """The learned prior was not always a setting; runs and checkpoints of that time can be resumed."""
    description = read_json(run / "run.json")
    del description["model"]["learned_prior"]
    write_json(run / "run.json", description)
    tensors, header = read_tensors(run / "checkpoint.safetensors")
    del header["model"]["learned_prior"]
    write_tensors(run / "checkpoint.safetensors", tensors, header)
    resumed(run)
    assert read_run(run)["model"]["learned_prior"] is True
    description["training"].pop("seed")
    write_json(run / "run.json", description | {"model": description["model"] | {"name": "indq"}})
    with pytest.raises(ValueError, match="model name is 'indq' there, 'cp' here"):
        resumed(run)


def without(prefix):
    return lambda tensors, header: ({k: v for k, v in tensors.items() if not k.startswith(prefix)}, header)


BAD_CHECKPOINTS = {
    "no weights": without("model."),
    "one weight missing": without("model.trunk.layers.0.affine.bias"),
    "one slot missing": without("optimizer.2.step"),
    "no history": lambda tensors, header: (tensors, {k: v for k, v in header.items() if k != "history"}),
    "no header": lambda tensors, header: (tensors, None),
    "foreign tensor": lambda tensors, header: (tensors | {"foreign": torch.zeros(1)}, header),
    "foreign part": lambda tensors, header: (tensors | {"foreign.part": torch.zeros(1)}, header),
}


@pytest.mark.parametrize("change", BAD_CHECKPOINTS.values(), ids=BAD_CHECKPOINTS.keys())
def test_a_checkpoint_that_is_not_whole_is_refused_by_name(run, change):
    path = run / "checkpoint.safetensors"
    write_tensors(path, *change(*read_tensors(path)))
    with pytest.raises(ValueError) as caught:
        resumed(run)
    assert str(path) in str(caught.value)


def test_a_damaged_checkpoint_beside_a_finished_model_does_not_ask_to_delete_the_model(tmp_path):
    (tmp_path / CHECKPOINT).write_bytes(b"cut off")
    with pytest.raises(ValueError, match="cannot go on; delete its folder to begin that run anew"):
        read_checkpoint(tmp_path / CHECKPOINT)
    (tmp_path / "model.json").write_text("{}")
    with pytest.raises(ValueError, match="cannot go on; the finished model beside it is untouched"):
        read_checkpoint(tmp_path / CHECKPOINT)


class TestAModelWithOtherParts:
    def test_is_not_kept_on_disk_where_it_could_not_be_read_again(self, tmp_path):
        model = build("cp", features=20, categories=5, latent_size=3)
        model.latents[1].prior = StandardNormal(3)
        with pytest.raises(ValueError, match=r"not the one that build\(\) made, by latents.1.prior"):
            save_model(model, tmp_path)
        with pytest.raises(ValueError, match="has no configuration"):
            save_model(with_uniform_categories(build("indqp", features=20, categories=5)), tmp_path)
        assert not list(tmp_path.iterdir())

    def test_a_setting_of_a_later_version_is_no_damage(self, tmp_path):
        save_model(build("vae", features=20), tmp_path)
        stored = json.loads((tmp_path / "model.json").read_text())
        stored["cpvae_lite"], stored["model"]["waves"] = "99.0", 3
        (tmp_path / "model.json").write_text(json.dumps(stored))
        with pytest.raises(ValueError, match=r"a setting 'waves' that this cpvae_lite .* 99\.0 wrote it"):
            load_model(tmp_path)

    @pytest.mark.parametrize("part", ["model", "training"])
    def test_nor_is_one_of_a_run(self, tmp_path, part):
        fit(model("vae"), images(), config(epochs=1), out=tmp_path, progress=False)
        stored = json.loads((tmp_path / "run.json").read_text())
        stored["cpvae_lite"], stored[part]["waves"] = "99.0", 3
        (tmp_path / "run.json").write_text(json.dumps(stored))
        with pytest.raises(ValueError, match=r"run\.json has a setting 'waves' .* 99\.0 wrote it"):
            read_run(tmp_path)
