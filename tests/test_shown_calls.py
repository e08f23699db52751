"""The calls that the page of the package begins with run as they stand."""

import re
from pathlib import Path

import numpy as np
import pytest

import cpvae_lite
from cpvae_lite import TrainConfig
from cpvae_lite.storage import write_png

PAGE = (Path(__file__).parents[1] / "book" / "api.md").read_text()
TABLE = re.search(r"\| to \| call \|\n.*?\n\n", PAGE, re.DOTALL)[0]
CALLS = re.findall(r"`([^`]+)`", TABLE)
IMPORTS = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1]


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    """What the calls are made with, small."""
    images = np.random.default_rng(0).integers(0, 256, (120, 6, 6), dtype=np.uint8)
    folder = tmp_path_factory.mktemp("images")
    for number, image in enumerate(images[:20]):
        write_png(folder / f"{number}.png", image)
    data = cpvae_lite.Dataset.from_arrays(images)
    model = cpvae_lite.build("cp", features=36, categories=8, hidden=8, seed=0)
    settings = TrainConfig(epochs=1, warmup=1, batch_size=20)
    found = {name: getattr(cpvae_lite, name) for name in cpvae_lite.__all__}
    exec(IMPORTS, found)
    cpvae_lite.fit(model, data, settings, progress=False)
    return found | {
        "TrainConfig": lambda **shown: settings if TrainConfig(**shown).epochs > TrainConfig(**shown).warmup else None,
        "images": images,
        "folder": folder,
        "data": data,
        "model": model,
        "x": data.observed("test"),
    }


@pytest.mark.parametrize("call", CALLS)
def test_a_call_of_the_table_runs(names, call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if call.startswith("load_model"):
        cpvae_lite.save_model(names["model"], "runs/mine")
    assert eval(call, dict(names)) is not None


def test_the_table_has_the_names_that_the_package_exports():
    shown = {name for name in cpvae_lite.__all__ if re.search(rf"\b{name}\b", TABLE)}
    assert {"build", "load_dataset", "Dataset", "TrainConfig", "fit", "evaluate", "elbo", "log_marginal"} <= shown
