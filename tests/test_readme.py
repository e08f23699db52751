"""The README: its Python runs as it stands, from the first block to the last, but for one epoch where it has many."""

import re
from pathlib import Path

from cpvae_lite.study.grids import grid
from cpvae_lite.study.reproduction import missing
from cpvae_lite.study.results import SHIPPED

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_the_blocks_run_one_after_the_other(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    found = {}
    for block in BLOCKS:
        short = re.sub(r"TrainConfig\(.*?\)", "TrainConfig(epochs=1, warmup=1)", block)
        exec(short, found)
    assert sum("TrainConfig(epochs=40" in block for block in BLOCKS) == 2
    assert {path.name for path in tmp_path.iterdir()} == {"runs", "categories.png", "history.png", "samples.png"}
    assert found["new"].shape == (25, 784) and "nats an image" in capsys.readouterr().out


def test_the_runs_of_table_3_are_all_there_as_is_said():
    runs = grid("table3", [0])
    assert missing(runs, SHIPPED) == []
    assert f"all {len(runs)} models of the paper's table of bounds have been run" in " ".join(README.split())
    done = f"All {len(runs)} runs of Table 3 with one seed are shipped"
    assert done in " ".join((ROOT / "CHANGELOG.md").read_text().split())
