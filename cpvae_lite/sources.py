"""Where the files of the public data sets are found, and how they are fetched if they are not."""

from __future__ import annotations

import os
from http.client import HTTPException
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory

from cpvae_lite._arguments import one_of
from cpvae_lite.idx import IdxSource
from cpvae_lite.locks import alone
from cpvae_lite.omniglot import OmniglotSource
from cpvae_lite.published import cache_folder, data_root

SOURCES = {
    "mnist": IdxSource("MNIST", "digit"),
    "fashion-mnist": IdxSource("FashionMNIST", "item"),
    "omniglot": OmniglotSource(),
}
PATIENCE = 1800  # seconds to wait for another process that downloads the same


def locate(name: str, root: Path | None = None) -> Path | None:
    """The first place that holds the files of a data set: `root` or CPVAE_LITE_DATA, then the cache folder.

    Args:
        name: a key of `SOURCES`.
        root: a folder laid out as torchvision lays it out; None takes that of CPVAE_LITE_DATA.

    Returns:
        That folder; None if the files are nowhere.

    Raises:
        ValueError: if there is no such data set.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as root:
        ...     (Path(root) / "chardata.mat").touch()
        ...     locate("omniglot", Path(root)) == Path(root)
        True
    """
    source = SOURCES[one_of("data set", name, SOURCES)]
    places = [root or data_root(), cache_folder()]
    return next((place for place in places if place and source.found(place)), None)


def fetch(name: str, root: Path | None = None) -> Path:
    """The place that holds a data set, which is downloaded into the cache folder if it is nowhere.

    Args:
        name, root: as in :func:`locate`.

    Raises:
        FileNotFoundError: if it is nowhere and cannot be downloaded; says which files to put where. No part of a
            download is left, and none is found by other processes while it grows.
        ValueError: if there is no such data set.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as root:
        ...     (Path(root) / "chardata.mat").touch()
        ...     fetch("omniglot", Path(root)) == Path(root)  # it is there, so nothing is downloaded
        True
    """
    place = locate(name, root)
    if place is not None:
        return place
    source, cache = SOURCES[name], cache_folder()
    try:
        _download(name, cache)
    except (OSError, RuntimeError, HTTPException) as error:  # no network, no space, a failed checksum
        named = root or data_root()
        raise FileNotFoundError(
            f"{name} is not here and cannot be downloaded ({_last_line(error)}). Put {source.wanted()} "
            f"into {named or cache}"
            + ("" if named else " (or name a folder that holds them in CPVAE_LITE_DATA)")
            + ("" if name == "omniglot" else "; or use the part that the package ships: subset=True, --subset")
        ) from error
    return cache


def _download(name: str, cache: Path) -> None:
    """Download into a folder of its own first, so that the cache never holds a file that is not whole."""
    cache.mkdir(parents=True, exist_ok=True)
    with alone(cache / f"{name}.lock", f"the download of {name}", wait=PATIENCE):
        if SOURCES[name].found(cache):  # another process was first
            return
        for left in cache.glob(f"{name}-*/"):  # by a process that was killed
            rmtree(left, ignore_errors=True)
        with TemporaryDirectory(prefix=f"{name}-", dir=cache) as fresh:
            SOURCES[name].download(Path(fresh))
            for file in filter(Path.is_file, Path(fresh).rglob("*")):
                place = cache / file.relative_to(fresh)
                place.parent.mkdir(parents=True, exist_ok=True)
                os.replace(file, place)


def _last_line(error: Exception) -> str:
    """torchvision lists the addresses that it tried; what went wrong comes last."""
    return (str(error).strip() or type(error).__name__).splitlines()[-1]
