"""Files that are never half-written, and tensors without pickle."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

import safetensors.torch
from safetensors import SafetensorError, safe_open
from torch import Tensor


def atomic_write(path: Path, data: bytes) -> None:
    """Write a file so that `path` holds either what it held before or all of `data`.

    Raises:
        OSError: if the folder is not writable or the disk is full; names `path`, and leaves nothing behind.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_and_replace(path, data)
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror or error} (what was there is unchanged)", str(path)) from error


def _write_and_replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def write_json(path: Path, content: object) -> None:
    """Write `content` as JSON, atomically."""
    atomic_write(path, (json.dumps(content, indent=2, allow_nan=False) + "\n").encode())


def read_json(path: Path) -> dict:
    """Read a JSON object.

    Raises:
        ValueError: if the file does not hold one.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} is damaged: it holds no JSON object")
    return content


def write_tensors(path: Path, tensors: dict[str, Tensor], metadata: dict | None = None) -> None:
    """Write named tensors and a JSON header as one safetensors file, atomically."""
    header = {"json": json.dumps(metadata, allow_nan=False)} if metadata is not None else None
    contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    atomic_write(path, safetensors.torch.save(contiguous, header))


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict]:
    """Read what :func:`write_tensors` wrote.

    Raises:
        ValueError: if the file is truncated or not of that kind.
    """
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
            return tensors, json.loads((file.metadata() or {}).get("json", "{}"))
    except (SafetensorError, ValueError) as error:
        raise ValueError(f"{path} is truncated or damaged: {error}") from error
