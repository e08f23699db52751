"""Models on disk: weights without pickle, and the configuration that builds the model again.

model.safetensors   weights and q(c)
model.json          the configuration; written last, so that the folder holds a finished model if it is there
"""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path

import torch
from torch import Tensor

from cpvae_lite._arguments import expanded, said
from cpvae_lite._version import __version__
from cpvae_lite.config import ModelConfig
from cpvae_lite.model import LatentVariableModel
from cpvae_lite.storage import halved, read_json, read_tensors, write_json, write_tensors
from cpvae_lite.zoo import compose

MODEL_FILES = ("model.json", "model.safetensors")  # of a finished run, and of a model that was saved
FORMAT = 1  # of the files; a later version of the package may raise it


def save_model(model: LatentVariableModel, folder: str | Path, *, half: bool = False) -> None:
    """Write a model's weights (safetensors) and configuration (JSON) into a folder.

    Args:
        model: from :func:`cpvae_lite.build`.
        folder: made if it is not there; a model that is there is replaced.
        half: round the parameters to float16, for half the size; they are read back as float32. q(c) is kept whole.

    Raises:
        OSError: if the folder cannot be written; no half-written file is left, and no new weights beside an old
            configuration.
        ValueError: if the model was composed by hand or has other parts than its configuration says, so that it could
            not be built again, or if a weight is not finite, or too great for float16.

    Example:
        >>> import tempfile
        >>> from cpvae_lite import build
        >>> model = build("cp", features=784, categories=10)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_model(model, folder)
        ...     again = load_model(folder)
        >>> all(torch.equal(p, q) for p, q in zip(model.parameters(), again.parameters()))
        True
    """
    description, folder = configuration_of(model), expanded(folder)
    if broken := not_finite(model):
        raise ValueError(f"{broken[0]} is not finite, so the model is not saved; train it anew")
    tensors = model.state_dict()
    if half:
        tensors |= {name: halved(name, weight) for name, weight in model.named_parameters()}
    # Until model.json is there again, the folder holds no finished model.
    write_tensors(folder / "model.safetensors", tensors, outdated=folder / "model.json")
    write_json(folder / "model.json", stamp() | {"model": description})


def not_finite(model: LatentVariableModel) -> list[str]:
    """The names of the weights that hold an infinity or nan. q(c) is none of them: it is nan until it is known.

    Example:
        >>> from cpvae_lite import build
        >>> model = build("cp", features=4, categories=3)
        >>> not_finite(model)
        []
        >>> model.latents[1].prior.mean.data[0, 0] = torch.inf
        >>> not_finite(model)
        ['latents.1.prior.mean']
    """
    return [name for name, weight in model.named_parameters() if not weight.isfinite().all()]


def configuration_of(model: LatentVariableModel) -> dict:
    """The settings that build a model again, in plain values.

    Raises:
        TypeError: if it is no model.
        ValueError: if it was composed by hand, or if a part was exchanged for one with other weights. Settings of parts
            that were changed, as `clipped` of a Gaussian, are not looked at: give them to `build`.

    Example:
        >>> from cpvae_lite import build
        >>> settings = configuration_of(build("cp", features=4, categories=3))
        >>> settings["categories"], settings["latent_size"]
        (3, 40)
        >>> configuration_of(build(**settings)) == settings
        True
    """
    if not isinstance(model, LatentVariableModel):
        raise TypeError(f"the model must be one that build makes, not {type(model).__name__}")
    if model.config is None:
        raise ValueError("a model that build() did not make has no configuration, so it cannot be kept on disk")
    built = compose(model.config)
    if changed := _shapes(model).items() ^ _shapes(built).items():
        raise ValueError(
            f"a part of the model is not the one that build() made, by {min(changed)[0]}; its configuration would not"
            " build it again, so it cannot be kept on disk"
        )
    return asdict(model.config)


def _shapes(model: LatentVariableModel) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}


def load_model(folder: str | Path) -> LatentVariableModel:
    """Read what :func:`save_model` wrote.

    Args:
        folder: of a model, or of a finished run.

    Returns:
        The model on the CPU, in the precision in which it was saved; float16 is read as float32.

    Raises:
        FileNotFoundError: if there is no model in the folder.
        ValueError: if a file is damaged, of another model, or from a newer version of the package, or if a weight is
            not finite.

    Example:
        >>> import tempfile
        >>> from cpvae_lite import build
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_model(build("cp", features=4, categories=3), folder, half=True)
        ...     model = load_model(folder)
        >>> model.config.name, model.latents[1].prior.mean.dtype
        ('cp', torch.float32)
    """
    folder = expanded(folder)
    for name in MODEL_FILES:
        if not (folder / name).is_file():
            raise FileNotFoundError(f"{folder} holds no finished model ({name} is missing)")
    stored, _ = read_tensors(folder / "model.safetensors")
    tensors = {name: tensor.float() if tensor.dtype == torch.float16 else tensor for name, tensor in stored.items()}
    model = compose(_model_config(folder / "model.json"))
    model.to(next((tensors[name].dtype for name, _ in model.named_parameters() if name in tensors), torch.float32))
    load_state(model, tensors, folder / "model.safetensors")
    if broken := not_finite(model):
        raise ValueError(
            f"{folder / 'model.safetensors'} holds a broken model: {broken[0]} is not finite; train it anew"
        )
    return model


def _model_config(path: Path) -> ModelConfig:
    content = read_json(path)
    require_readable(content, path)
    try:
        return ModelConfig(**only_known(ModelConfig, content["model"], content, path))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} does not describe a model: {error}") from error


def only_known(kind: type, settings: dict, written: dict, path: Path) -> dict:
    """The settings, unless one is of a later version of the package.

    Args:
        kind: their dataclass.
        settings: by name.
        written: the contents of the file that they are from, which say what wrote it.
        path: of that file.

    Raises:
        ValueError: if this version does not know a setting.

    Example:
        >>> only_known(ModelConfig, {"name": "vae", "waves": 3}, {"cpvae_lite": "99.0"}, Path("model.json"))
        Traceback (most recent call last):
        ValueError: model.json has a setting 'waves' that this cpvae_lite (...) does not know; 99.0 wrote it: ...
    """
    unknown = set(settings) - {field.name for field in fields(kind)} if isinstance(settings, dict) else None
    if unknown:
        raise ValueError(
            f"{path} has a setting {min(unknown)!r} that this cpvae_lite ({__version__}) does not know;"
            f" {written.get('cpvae_lite')} wrote it: install that version, or a newer one"
        )
    return settings


def stamp() -> dict:
    """What a file says of the software that wrote it.

    Example:
        >>> list(stamp()), stamp()["format"] == FORMAT
        (['format', 'cpvae_lite', 'torch'], True)
    """
    return {"format": FORMAT, "cpvae_lite": __version__, "torch": torch.__version__}


def require_readable(content: dict, path: Path) -> None:
    """Refuse what a newer version of the package wrote.

    Raises:
        ValueError: if `content` says so, or does not say; names `path`, where it is from.

    Example:
        >>> require_readable(stamp(), Path("model.json"))  # says nothing
        >>> require_readable({"format": FORMAT + 1, "cpvae_lite": "99.0"}, Path("model.json"))
        Traceback (most recent call last):
        ValueError: model.json comes from a newer cpvae_lite (99.0); this is ...: install the newer one
    """
    if not isinstance(content.get("format"), int):
        raise ValueError(f"{path} is damaged: it does not say which format it has")
    if content["format"] > FORMAT:
        raise ValueError(
            f"{path} comes from a newer cpvae_lite ({content.get('cpvae_lite')}); this is"
            f" {__version__}: install the newer one"
        )


def load_state(model: LatentVariableModel, tensors: dict[str, Tensor], path: Path) -> None:
    """Give a model weights that were read from `path`.

    Args:
        model: changed in place.
        tensors: all its weights and q(c), by name.
        path: for messages.

    Raises:
        ValueError: if they are another model's.

    Example:
        >>> from cpvae_lite import build
        >>> narrow, wide = build("vae", features=4, hidden=10), build("vae", features=4, hidden=20)
        >>> load_state(wide, narrow.state_dict(), Path("model.safetensors"))
        Traceback (most recent call last):
        ValueError: model.safetensors holds weights of another model: ...
    """
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        raise ValueError(f"{path} holds weights of another model: {said(error)}") from error
