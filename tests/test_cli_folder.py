"""The command line with a folder of images of the user's own."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image
from test_cli import fails

from cpvae_lite import Dataset, cli, fit
from cpvae_lite.schedule import TrainConfig
from cpvae_lite.storage import write_png
from cpvae_lite.zoo import build

SMALL = ["--categories", "3", "--hidden", "8", "--batch-size", "20", "--epochs", "1", "--warmup", "1"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder of 40 pictures of two kinds, and a run that was trained on it."""
    place = tmp_path_factory.mktemp("own")
    rng = np.random.default_rng(0)
    for index in range(40):
        (place / "scans" / "ab"[index % 2]).mkdir(parents=True, exist_ok=True)
        write_png(place / "scans" / "ab"[index % 2] / f"{index}.png", rng.integers(0, 256, (9, 12), np.uint8))
    asked = ["--folder", str(place / "scans"), "--shape", "6x8", "--invert"]
    assert cli.main(["train", *asked, *SMALL, "--out", str(place / "run")]) == 0
    return place


@pytest.fixture
def own(made, tmp_path):
    """A copy of both that a test may spoil; the run still says where the first folder is."""
    return shutil.copytree(made, tmp_path / "own")


def spoiled(run, **origin) -> None:
    content = json.loads((run / "run.json").read_text())
    content["data"]["origin"] |= origin
    (run / "run.json").write_text(json.dumps(content))


def test_what_is_trained_on_is_the_folder_as_the_options_say(made):
    expected = Dataset.from_folder(made / "scans", shape=(6, 8), invert=True)
    data = json.loads((made / "run" / "run.json").read_text())["data"]
    assert data["fingerprint"] == expected.fingerprint and data["shape"] == [6, 8] and data["name"] == "scans"


def test_a_run_knows_its_images_again(made, tmp_path, capsys):
    assert cli.main(["evaluate", str(made / "run")]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["data"] == "scans" and report["images"] == 4 and "nmi" in report["labels"]["label"]
    assert cli.main(["check", str(made / "run"), "--split", "train"]) == 0
    assert "over 32 images of the train split" in capsys.readouterr().err
    sheet = tmp_path / "new.png"
    assert cli.main(["sample", str(made / "run"), "--count", "4", "--out", str(sheet)]) == 0
    with Image.open(sheet) as image:  # two images of 6 by 8 across and down, with a margin, each pixel four wide
        assert image.height < image.width < 2 * image.height


def test_a_run_goes_on_with_the_options_that_began_it(own, capsys):
    begun = ["--folder", str(own / "scans"), "--shape", "6x8", "--invert"]
    assert cli.main(["train", "--resume", *begun, "--epochs", "2", "--out", str(own / "run")]) == 0
    run = json.loads((own / "run" / "run.json").read_text())
    assert run["training"]["epochs"] == 2
    assert run["data"]["origin"]["folder"] == str(own / "scans")  # where they are now


@pytest.mark.parametrize(
    ("option", "was"),
    [("--shape 8x6", "with --shape 6x8"), ("--dataset mnist", "without it"), ("--subset", "without it")],
)
def test_a_run_does_not_go_on_with_other_data(made, capsys, option, was):
    said = fails(capsys, "train", "--resume", "--out", str(made / "run"), *option.split())
    assert said.endswith(f"{option} does not fit the run in {made / 'run'}, which was begun {was}")


def test_a_run_that_was_not_inverted_is_not_inverted_later(own, capsys):
    begun = ["--folder", str(own / "scans"), "--out", str(own / "plain")]
    assert cli.main(["train", *begun, *SMALL]) == 0
    capsys.readouterr()
    assert "--invert does not fit the run" in fails(capsys, "train", "--resume", *begun, "--invert")


def test_the_folder_is_found_again_from_another_place(own, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(own)
    assert cli.main(["train", "--folder", "scans", *SMALL, "--out", "near"]) == 0
    (tmp_path / "far").mkdir()
    monkeypatch.chdir(tmp_path / "far")
    assert cli.main(["evaluate", str(own / "near")]) == 0


@pytest.mark.parametrize("out", ["scans/run", "scans", "scans/a/run"])
def test_a_run_among_its_own_images_is_refused_before_it_writes(own, capsys, monkeypatch, out):
    monkeypatch.chdir(own)
    before = sorted(own.rglob("*"))
    said = fails(capsys, "train", "--folder", "scans", *SMALL, "--out", out)
    assert f"the run {out} would lie in the folder of images {own / 'scans'}: choose a place outside" in said
    assert sorted(own.rglob("*")) == before


def test_too_few_images_are_counted(tmp_path, capsys):
    for index in range(3):
        write_png(tmp_path / "three" / f"{index}.png", np.full((4, 4), 200, np.uint8))
    said = fails(capsys, "train", "--folder", str(tmp_path / "three"), *SMALL, "--out", str(tmp_path / "run"))
    assert "three: test=0.1 leaves a split empty: there are 3 rows in all; add data" in said


def test_a_check_of_a_few_images_says_that_they_are_too_few(made, capsys):
    said = fails(capsys, "check", str(made / "run"))
    assert "4 images of the test split are too few for a standard error: take at least 5, by --images or with" in said
    assert "1 images of the train split" in fails(
        capsys, "check", str(made / "run"), "--split", "train", "--images", "1"
    )


def test_images_that_were_moved_are_asked_for_and_found(own, capsys):
    gone = own / "gone"
    spoiled(own / "run", folder=str(gone))
    for command in (["evaluate"], ["check", "--split", "train"], ["train", "--resume", "--out"]):
        said = fails(capsys, *command, str(own / "run"))
        assert f"trained on the images of {gone}, which is not there any more; --folder says where" in said
        assert cli.main([*command, str(own / "run"), "--folder", str(own / "scans")]) == 0
        capsys.readouterr()
        spoiled(own / "run", folder=str(gone))


def test_other_images_in_the_folder_are_other_data(own, capsys):
    spoiled(own / "run", folder=str(own / "scans"))
    next((own / "scans" / "a").iterdir()).unlink()
    for command in (["evaluate"], ["train", "--resume", "--out"]):
        said = fails(capsys, *command, str(own / "run"))
        assert f"the images of {own / 'scans'}, of which some may have come, gone or changed, are not the data" in said


@pytest.mark.parametrize(
    "origin",
    [
        {"folder": 5},
        {"folder": ""},
        {"colour": True},
        {"invert": None},
        {"validation": 5.0},
        {"test": "0.1"},
        {"seed": -1},
    ],
    ids=lambda origin: "-".join(origin),
)
def test_a_damaged_record_is_said_to_be_damaged(own, capsys, origin):
    spoiled(own / "run", **({"folder": str(own / "scans")} | origin))
    assert "run.json is damaged: it does not say how to read its images" in fails(capsys, "evaluate", str(own / "run"))


def test_a_record_without_an_origin_of_its_images_is_damaged(own, capsys):
    content = json.loads((own / "run" / "run.json").read_text())
    for origin in ([], {}):
        content["data"]["origin"] = origin
        (own / "run" / "run.json").write_text(json.dumps(content))
        assert "run.json is damaged" in fails(capsys, "evaluate", str(own / "run"))


@pytest.mark.parametrize(
    ("options", "cause"),
    [
        (["--invert"], "--invert: only for a --folder of images"),
        (["--shape", "28x28", "--subset"], "--shape: only for a --folder of images"),
        (["--folder", "nowhere", "--subset"], "--subset: only without --folder"),
        (["--folder", "nowhere", "--dataset", "mnist"], "--dataset: only without --folder"),
        (["--folder", "nowhere"], "nowhere: No such file or directory"),
    ],
)
def test_options_that_do_not_fit_together_are_named_and_write_nothing(options, cause, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cause in fails(capsys, "train", *options, "--out", "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("shape", [[], [9], [4, 0], [4, "5"], [4, 2.5], [4, 5, 6]])
def test_a_record_with_a_damaged_shape_is_damaged(own, capsys, shape):
    content = json.loads((own / "run" / "run.json").read_text())
    content["data"]["shape"] = shape
    (own / "run" / "run.json").write_text(json.dumps(content))
    assert "run.json is damaged: it does not say how to read" in fails(capsys, "evaluate", str(own / "run"))


@pytest.mark.parametrize("shape", ["28", "28x", "0x8", "axb", "2x3x4", "2.5x3", "1_0x12", "+9x12", "٩x12"])
def test_a_shape_is_a_height_and_a_width(shape, capsys):
    with pytest.raises(SystemExit):
        cli.main(["train", "--folder", "x", "--shape", shape, "--out", "run"])
    assert f"{shape!r} is no height and width, as 28x28" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["train", "--out", "run"], ["evaluate", "run"], ["check", "run"]])
def test_a_folder_without_a_name_is_none(command, capsys):
    with pytest.raises(SystemExit):
        cli.main([*command, "--folder", ""])
    assert "--folder: it is empty; name a folder" in capsys.readouterr().err


def test_a_folder_where_none_is_needed_is_refused(capsys, tmp_path):
    assert "--folder: only with DIR" in fails(capsys, "check", "--folder", str(tmp_path))
    said = fails(capsys, "evaluate", "mnist/cp-150-seed0", "--folder", str(tmp_path))
    assert "--folder: only for a run that was trained on a folder of images" in said


def test_shares_and_seed_of_a_run_in_python_are_those_of_the_command(own, capsys):
    dataset = Dataset.from_folder(own / "scans", validation=0.25, test=0.3, seed=3, name="mine")
    model = build("vae", features=dataset.features, hidden=8)
    fit(model, dataset, TrainConfig(epochs=1, warmup=1, batch_size=10), out=own / "python", progress=False)
    capsys.readouterr()
    assert cli.main(["evaluate", str(own / "python")]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["data"] == "mine" and report["images"] == 12
