"""Files that are never half-written, and tensors without pickle."""

from __future__ import annotations

import contextlib
import glob
import io
import json
import os
import re
import secrets
import time
import zlib
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from PIL import Image
from safetensors import SafetensorError, safe_open
from torch import Tensor

PLAIN_LIST = re.compile(r'\[\n[^][{}"]*\]')  # of numbers, true, false and null; no string holds a raw line break
ABANDONED = 3600  # seconds since the last change of a half-written file, after which nobody is at it any more


def atomic_write(path: Path, data: bytes, *, outdated: Path | None = None) -> None:
    """Write a file so that `path` holds either what it held before or all of `data`.

    Several processes may write the same file: it then holds all of what one of them wrote. An `outdated` file, one
    about the old contents only, goes when all of `data` is on the disk, before `path` holds them.

    Args:
        path: its folder is made if it is not there.
        data: all of the new contents.
        outdated: a file to remove; None for none.

    Raises:
        OSError: if the folder is not writable or the disk is full; names `path`, and leaves nothing behind.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path, about = Path(folder) / "run" / "weights", Path(folder) / "run" / "about"
        ...     atomic_write(path, b"old")
        ...     atomic_write(about, b"about the old ones")
        ...     atomic_write(path, b"new", outdated=about)
        ...     path.read_bytes(), [file.name for file in path.parent.iterdir()]
        (b'new', ['weights'])
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(path)
        _write_and_replace(path, data, outdated)
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror or error} (nothing was written)", str(path)) from error


def _write_and_replace(path: Path, data: bytes, outdated: Path | None) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")  # its own, or two writers would mix halves
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if outdated:
            outdated.unlink(missing_ok=True)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def _remove_abandoned(path: Path) -> None:
    """Remove what processes left that were killed while they wrote this file."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        with contextlib.suppress(OSError):  # another process was faster, or it is somebody else's
            if time.time() - left.stat().st_mtime > ABANDONED:
                left.unlink()


def write_png(path: Path, pixels: np.ndarray) -> None:
    """Write grey values as a PNG, atomically.

    Args:
        path: of the file; see :func:`atomic_write`, also for errors.
        pixels: (height, width) uint8, 0 for black and 255 for white.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     write_png(Path(folder) / "grey.png", np.array([[0, 128, 255]], np.uint8))
        ...     np.asarray(Image.open(Path(folder) / "grey.png")).tolist()
        [[0, 128, 255]]
    """
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", optimize=True)
    atomic_write(path, buffer.getvalue())


def write_json(path: Path, content: object) -> None:
    """Write `content` as JSON, atomically; a list of numbers stands on one line, without spaces.

    Args:
        path: of the file; see :func:`atomic_write`.
        content: what JSON can hold.

    Raises:
        OSError: as :func:`atomic_write` does.
        TypeError: if JSON cannot hold the content.
        ValueError: if a number is not finite.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     write_json(Path(folder) / "run.json", {"bounds": [-1.5, -1.25], "done": True})
        ...     print((Path(folder) / "run.json").read_text(), end="")
        {
          "bounds": [-1.5,-1.25],
          "done": true
        }
    """
    text = json.dumps(content, indent=2, allow_nan=False)
    text = PLAIN_LIST.sub(lambda found: "".join(found[0].split()), text)
    atomic_write(path, (text + "\n").encode())


def read_json(path: Path) -> dict:
    """Read a JSON object.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file does not hold one.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:  # doctest: +ELLIPSIS
        ...     write_json(Path(folder) / "run.json", {"epochs": 60})
        ...     print(read_json(Path(folder) / "run.json")["epochs"])
        ...     write_json(Path(folder) / "run.json", [60])
        ...     read_json(Path(folder) / "run.json")
        Traceback (most recent call last):
        ValueError: ...run.json is damaged: it holds no JSON object
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is damaged: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} is damaged: it holds no JSON object")
    return content


def write_tensors(
    path: Path, tensors: dict[str, Tensor], metadata: dict | None = None, *, outdated: Path | None = None
) -> None:
    """Write named tensors, JSON metadata and their checksums as one safetensors file; see :func:`atomic_write`.

    Args:
        path: of the file.
        tensors: by name, on any device.
        metadata: what JSON can hold; {} by default.
        outdated: as in :func:`atomic_write`.

    Raises:
        OSError: as :func:`atomic_write` does.
        TypeError, ValueError: if JSON cannot hold the metadata, or a number there is not finite.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     write_tensors(Path(folder) / "model", {"weight": torch.tensor([0.5, 2.0])}, {"epoch": 3})
        ...     read_tensors(Path(folder) / "model")
        ({'weight': tensor([0.5000, 2.0000])}, {'epoch': 3})
    """
    contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    metadata = metadata or {}
    header = {"crc32": checksum(contiguous), "metadata": metadata, "metadata_crc32": _checksum_of_json(metadata)}
    # One entry, because safetensors writes several in any order, and equal contents should be equal files.
    data = safetensors.torch.save(contiguous, {"json": json.dumps(header, allow_nan=False)})
    atomic_write(path, data, outdated=outdated)


def halved(name: str, values: Tensor) -> Tensor:
    """Values rounded to float16, for half the size.

    Args:
        name: of the tensor, for the message.
        values: of any shape.

    Raises:
        ValueError: if one of them is not finite, or too great for float16.

    Example:
        >>> halved("weight", torch.tensor([0.5, 2.0]))
        tensor([0.5000, 2.0000], dtype=torch.float16)
        >>> halved("weight", torch.tensor([1e6]))
        Traceback (most recent call last):
        ValueError: weight reaches 1e+06, too much for float16, which ends at 65,504
    """
    rounded = values.detach().half()
    if not rounded.isfinite().all():
        raise ValueError(f"{name} reaches {values.abs().max():.3g}, too much for float16, which ends at 65,504")
    return rounded


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict]:
    """Read what :func:`write_tensors` wrote.

    Returns:
        The tensors by name, on the CPU, and the metadata.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is truncated, altered or not of that kind.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:  # doctest: +ELLIPSIS
        ...     path = Path(folder) / "model"
        ...     write_tensors(path, {"weight": torch.tensor([0.5, 2.0])})
        ...     _ = path.write_bytes(path.read_bytes()[:-1] + b"?")  # in the last number
        ...     read_tensors(path)
        Traceback (most recent call last):
        ValueError: ...model is damaged: its tensors do not have the checksum that was written with them
    """
    with path.open("rb"):  # if it cannot be opened, the system says why; safetensors would not
        pass
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
            header = json.loads((file.metadata() or {}).get("json", "{}"))
    except (SafetensorError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} is truncated or damaged: {error}") from error
    metadata = header.get("metadata") if isinstance(header, dict) else None
    if not isinstance(metadata, dict):
        raise ValueError(f"{path} is damaged: its header does not say what it holds")
    if header.get("crc32") != checksum(tensors):
        raise ValueError(f"{path} is damaged: its tensors do not have the checksum that was written with them")
    written = _checksum_of_json(metadata)
    if header.get("metadata_crc32", written) != written:  # older files have none
        raise ValueError(f"{path} is damaged: its header does not have the checksum that was written with it")
    return tensors, metadata


def checksum(tensors: dict[str, Tensor]) -> str:
    """A CRC-32 over names and values, which safetensors itself lacks.

    Example:
        >>> import torch
        >>> checksum({"a": torch.zeros(2)}) == checksum({"a": torch.ones(2)})
        False
    """
    crc = 0
    for name in sorted(tensors):
        values = tensors[name].detach().cpu().contiguous().reshape(-1).view(torch.uint8)
        crc = zlib.crc32(values.numpy(), zlib.crc32(name.encode(), crc))
    return f"{crc:08x}"


def _checksum_of_json(content: dict) -> str:
    return f"{zlib.crc32(json.dumps(content).encode()):08x}"
