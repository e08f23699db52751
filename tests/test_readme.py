"""The Python of the README runs as it stands, from the first block to the last, but for one epoch where it has many."""

import re
from pathlib import Path

README = (Path(__file__).parents[1] / "README.md").read_text()
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
