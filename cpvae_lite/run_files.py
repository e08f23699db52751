"""What the JSON files of a run say: what it was made of, and how it went."""

from __future__ import annotations

from dataclasses import MISSING, fields
from pathlib import Path

from cpvae_lite._arguments import expanded
from cpvae_lite.config import ModelConfig
from cpvae_lite.history import History
from cpvae_lite.saved import only_known, require_readable
from cpvae_lite.schedule import TrainConfig
from cpvae_lite.storage import read_json

KINDS = {"model": ModelConfig, "training": TrainConfig}
# A run that was begun before a setting existed has its default.
DEFAULTS = {
    part: {field.name: field.default for field in fields(kind) if field.default is not MISSING}
    for part, kind in KINDS.items()
}


def settings_of(record: dict, part: str, path: Path) -> dict:
    """What the record of a run says of a part, as "training", with the defaults of newer settings.

    Args:
        record: the contents of a run.json, or the header of a checkpoint.
        part: "model", "training" or "data".
        path: where the record is; for messages.

    Raises:
        ValueError: if it says nothing of that part; names `path`, where the record is.

    Example:
        >>> settings_of({"training": {"epochs": 5}}, "training", Path("run.json"))["warmup"]
        100
    """
    found = record.get(part)
    if not isinstance(found, dict):
        raise ValueError(f"{path} is damaged: it does not say what {part} it is of")
    return DEFAULTS.get(part, {}) | found


def read_run(folder: str | Path) -> dict:
    """The contents of a run's run.json: "model", "training" and "data".

    Raises:
        FileNotFoundError: if no run is in the folder.
        ValueError: if the file is damaged or from a newer version.

    Example:
        >>> import tempfile
        >>> from cpvae_lite import build, fit
        >>> from cpvae_lite.synthetic import synthetic_mixture
        >>> model, data = build("vae", features=1, likelihood="gaussian"), synthetic_mixture(100)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     history = fit(model, data, TrainConfig(epochs=1, warmup=1), out=folder, progress=False)
        ...     read_run(folder)["data"]["name"]
        'synthetic'
    """
    path = expanded(folder) / "run.json"
    if not path.is_file():
        raise FileNotFoundError(f"{folder} holds no run (run.json is missing)")
    content = read_json(path)
    require_readable(content, path)
    return described(content, path)


def described(content: dict, path: Path) -> dict:
    """`content` itself, if it says of a run what its model, its training and its data were.

    Args:
        content: of run.json, or of the record that `reproduce` leaves.
        path: where it is from.

    Raises:
        ValueError: if it does not, or has a setting of a later version; names `path`.

    Example:
        >>> described({"model": {}, "training": {}}, Path("run.json"))
        Traceback (most recent call last):
        ValueError: run.json is damaged: it does not describe a run
    """
    wanted = {"name": str, "subset": bool, "shape": list, "fingerprint": str}
    data = content.get("data")
    whole = isinstance(data, dict) and all(isinstance(data.get(key), kind) for key, kind in wanted.items())
    whole = whole and isinstance(data.get("origin", {}), dict)
    if not whole or not all(isinstance(content.get(part), dict) for part in ("model", "training")):
        raise ValueError(f"{path} is damaged: it does not describe a run")
    for part, kind in KINDS.items():
        only_known(kind, content[part], content, path)
    return content


def read_history(folder: str | Path) -> History:
    """The history of a finished run.

    Raises:
        FileNotFoundError, ValueError: if its history.json is missing or damaged.

    Example:
        >>> import tempfile
        >>> from cpvae_lite import build, fit
        >>> from cpvae_lite.synthetic import synthetic_mixture
        >>> model, data = build("vae", features=1, likelihood="gaussian"), synthetic_mixture(100)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     history = fit(model, data, TrainConfig(epochs=2, warmup=1), out=folder, progress=False)
        ...     read_history(folder) == history
        True
    """
    path = expanded(folder) / "history.json"
    try:
        history = History(read_json(path)["epochs"])
        if history.best_epoch and all(isinstance(record["temperature"], float) for record in history):
            return history
    except (KeyError, TypeError, IndexError):
        pass
    raise ValueError(f"{path} is damaged: it holds no history of a run")
