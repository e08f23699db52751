"""Where the files of the public data sets come from, and how they are read.

Every reader returns uint8 images (N, 28, 28) and integer labels, or raises a ValueError that names the
file. Files found on disk are checked: MNIST's and Fashion-MNIST's against the published SHA-256, the
PNGs in Omniglot's archives against the archive's own checksums.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from torchvision.datasets import MNIST, FashionMNIST, Omniglot
from torchvision.datasets.mnist import read_image_file, read_label_file
from torchvision.datasets.utils import download_url

from cpvae_lite.storage import atomic_write

SIDE = 28  # pixels


@dataclass(frozen=True)
class Part:
    """Images of one published part of a data set, with labels by kind: (N, 28, 28) uint8, each (N,)."""

    images: np.ndarray
    labels: dict[str, np.ndarray]


def data_root() -> Path | None:
    """The folder that the environment variable CPVAE_LITE_DATA names, if it does."""
    named = os.environ.get("CPVAE_LITE_DATA")
    return Path(named).expanduser() if named else None


def cache_folder() -> Path:
    """Where downloads and derived files are kept: cpvae_lite in XDG_CACHE_HOME or ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cpvae_lite"


# --- MNIST and Fashion-MNIST -----------------------------------------------------------------------

# SHA-256 of the unpacked IDX files as published.
IDX_FILES = {
    "MNIST": {
        "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
    "FashionMNIST": {
        "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
}


@dataclass(frozen=True)
class IdxSource:
    """Four IDX files, in the folders that torchvision uses: ROOT/<folder>/raw/.

    Attributes:
        folder: "MNIST" or "FashionMNIST".
        label: what the labels say.
    """

    folder: str
    label: str

    def wanted(self) -> str:
        """The files that a person would have to put in place, for messages."""
        return ", ".join(f"{self.folder}/raw/{name}" for name in IDX_FILES[self.folder])

    def found(self, root: Path) -> bool:
        return all((root / self.folder / "raw" / name).is_file() for name in IDX_FILES[self.folder])

    def read(self, root: Path) -> tuple[Part, Part]:
        """The training part and the test part."""
        return self._part(root, "train"), self._part(root, "t10k")

    def _part(self, root: Path, prefix: str) -> Part:
        images = self._idx(root, f"{prefix}-images-idx3-ubyte", read_image_file)
        labels = self._idx(root, f"{prefix}-labels-idx1-ubyte", read_label_file)
        if images.shape[1:] != (SIDE, SIDE) or len(images) != len(labels):
            raise ValueError(
                f"{root / self.folder}: {prefix} has images of shape {images.shape} and {len(labels)} labels"
            )
        return Part(images, {self.label: labels.astype(np.int64)})

    def _idx(self, root: Path, name: str, reader) -> np.ndarray:
        path = root / self.folder / "raw" / name
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "sha256") if hasattr(hashlib, "file_digest") else _digest(file)
        if digest.hexdigest() != IDX_FILES[self.folder][name]:
            raise ValueError(
                f"{path} is truncated or altered (its SHA-256 is not that of the published file); "
                "delete it and fetch it again"
            )
        return reader(str(path)).numpy()

    def download(self, root: Path) -> None:
        {"MNIST": MNIST, "FashionMNIST": FashionMNIST}[self.folder](str(root), download=True)


def _digest(file):
    """hashlib.file_digest, which Python 3.10 lacks."""
    digest = hashlib.sha256()
    for block in iter(lambda: file.read(1 << 20), b""):
        digest.update(block)
    return digest


# --- Omniglot --------------------------------------------------------------------------------------

ARCHIVES = {"images_background": 964, "images_evaluation": 659}  # characters in each
DRAWERS = 20  # people who drew each character once
TEST_DRAWERS = range(16, 21)
ENTRY = re.compile(r"images_\w+/(?P<alphabet>[^/]+)/character(?P<character>\d+)/\d+_(?P<drawer>\d+)\.png")


@dataclass(frozen=True)
class OmniglotSource:
    """Omniglot: the 28×28 `chardata.mat` if it is there, else the two archives of 105×105 drawings.

    The archives stand in for the file that the paper used: each drawing is inverted (strokes are 1) and
    shrunk with a box filter; drawers 1-15 of each character train and validate, 16-20 test.
    """

    def wanted(self) -> str:
        archives = ", ".join(f"omniglot-py/{name}.zip" for name in ARCHIVES)
        return f"{archives}; or chardata.mat"

    def found(self, root: Path) -> bool:
        return self._mat(root) is not None or all(path.is_file() for path in self._archives(root))

    def read(self, root: Path) -> tuple[Part, Part]:
        """The part for training and validation, and the test part."""
        mat = self._mat(root)
        return read_chardata(mat) if mat else read_archives(self._archives(root))

    def download(self, root: Path) -> None:
        for name in ARCHIVES:
            url = f"{Omniglot.download_url_prefix}/{name}.zip"
            download_url(url, str(root / "omniglot-py"), md5=Omniglot.zips_md5[name])

    def _archives(self, root: Path) -> list[Path]:
        return [root / "omniglot-py" / f"{name}.zip" for name in ARCHIVES]

    def _mat(self, root: Path) -> Path | None:
        places = (root / "chardata.mat", root / "omniglot-py" / "chardata.mat")
        return next((path for path in places if path.is_file()), None)


def read_archives(archives: list[Path]) -> tuple[Part, Part]:
    """Read Omniglot's drawings from the zip files; a shrunk copy in the cache folder makes it quick.

    Raises:
        ValueError: if an archive is damaged, or not whole.
    """
    name = f"omniglot-{SIDE}-box-{_fingerprint(archives):08x}.npz"
    kept = cache_folder() / name
    if kept.is_file():
        try:
            with np.load(kept, allow_pickle=False) as arrays:
                return _by_drawer(**arrays)
        except (ValueError, OSError, KeyError, TypeError, zipfile.BadZipFile, zlib.error):
            pass  # a damaged copy is made anew below
    arrays = _shrunk(archives)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    with contextlib.suppress(OSError):  # no room for a copy: read from the archives again next time
        atomic_write(kept, buffer.getvalue())
    return _by_drawer(**arrays)


def _by_drawer(images, character, alphabet, drawer) -> tuple[Part, Part]:
    test = np.isin(drawer, list(TEST_DRAWERS))
    return tuple(
        Part(images[rows], {"character": character[rows], "alphabet": alphabet[rows]}) for rows in (~test, test)
    )


def _fingerprint(archives: list[Path]) -> int:
    """A checksum over the checksums of the archives' entries."""
    crc = 0
    for path in archives:
        with _opened(path) as archive:
            for entry in archive.infolist():
                crc = zlib.crc32(f"{entry.filename}:{entry.CRC}".encode(), crc)
    return crc


def _shrunk(archives: list[Path]) -> dict[str, np.ndarray]:
    images, characters, drawers = [], [], []
    for path in archives:
        with _opened(path) as archive:
            entries = [(ENTRY.fullmatch(name), name) for name in sorted(archive.namelist())]
            entries = [(match, name) for match, name in entries if match]
            if len(entries) != ARCHIVES[path.stem] * DRAWERS:
                raise ValueError(
                    f"{path} holds {len(entries)} drawings instead of {ARCHIVES[path.stem] * DRAWERS}; "
                    "delete it and fetch it again"
                )
            for match, name in entries:
                images.append(_drawing(archive, name, path))
                characters.append((match["alphabet"], int(match["character"])))
                drawers.append(int(match["drawer"]))
    alphabets = sorted({alphabet for alphabet, _ in characters})
    distinct = sorted(set(characters))
    return {
        "images": np.stack(images),
        "character": np.array([distinct.index(c) for c in characters]),
        "alphabet": np.array([alphabets.index(a) for a, _ in characters]),
        "drawer": np.array(drawers),
    }


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError) as error:
        raise ValueError(f"{path} is not a whole zip archive ({error}); delete it and fetch it again") from error


def _drawing(archive: zipfile.ZipFile, name: str, path: Path) -> np.ndarray:
    try:
        drawing = Image.open(io.BytesIO(archive.read(name))).convert("L")
    except (OSError, ValueError, SyntaxError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{path}: {name} cannot be read ({error}); fetch the archive again") from error
    if drawing.size != (105, 105):
        raise ValueError(f"{path}: {name} has {drawing.size} pixels instead of (105, 105)")
    return 255 - np.asarray(drawing.resize((SIDE, SIDE), Image.Resampling.BOX))


def read_chardata(path: Path) -> tuple[Part, Part]:
    """Read the 28×28 Omniglot of the importance-weighted autoencoder, with its own split.

    Raises:
        ValueError: if the file is damaged or lacks an array.
    """
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        mat = loadmat(path)
        parts = [(mat[f"{prefix}data"], mat[f"{prefix}target"], mat[f"{prefix}targetchar"]) for prefix in ("", "test")]
        parts = [(_columns(data), target.argmax(0), chars.ravel().astype(int)) for data, target, chars in parts]
    except (MatReadError, KeyError, ValueError, TypeError, OSError, NotImplementedError, zlib.error) as error:
        raise ValueError(f"{path} is truncated or not the 28×28 Omniglot file ({error})") from error
    distinct = sorted({pair for _, alphabet, char in parts for pair in zip(alphabet, char, strict=True)})
    number = {pair: index for index, pair in enumerate(distinct)}
    return tuple(
        Part(
            images,
            {
                "character": np.array([number[pair] for pair in zip(alphabet, char, strict=True)]),
                "alphabet": alphabet.astype(np.int64),
            },
        )
        for images, alphabet, char in parts
    )


def _columns(data: np.ndarray) -> np.ndarray:
    """Images stored as columns, each in column-major order, with pixels in [0, 1]."""
    if data.shape[0] != SIDE * SIDE or not (np.isfinite(data).all() and 0 <= data.min() <= data.max() <= 1):
        raise ValueError(f"images of shape {data.shape} with pixels outside [0, 1]")
    return np.rint(255 * data.T).astype(np.uint8).reshape(-1, SIDE, SIDE).transpose(0, 2, 1).copy()


SOURCES = {
    "mnist": IdxSource("MNIST", "digit"),
    "fashion-mnist": IdxSource("FashionMNIST", "item"),
    "omniglot": OmniglotSource(),
}


def locate(name: str, root: Path | None = None) -> Path | None:
    """The first place that holds the files of a data set: `root` or CPVAE_LITE_DATA, then the cache folder."""
    places = [root or data_root(), cache_folder()]
    return next((place for place in places if place and SOURCES[name].found(place)), None)


def fetch(name: str, root: Path | None = None) -> Path:
    """The place that holds a data set, which is downloaded into the cache folder if it is nowhere.

    Raises:
        FileNotFoundError: if it is nowhere and cannot be downloaded; says which files to put where.
    """
    place = locate(name, root)
    if place is not None:
        return place
    source, cache = SOURCES[name], cache_folder()
    try:
        source.download(cache)
    except (OSError, RuntimeError) as error:  # no network, no space, a failed checksum
        named = root or data_root()
        raise FileNotFoundError(
            f"{name} is not here and cannot be downloaded ({_first_line(error)}). Put {source.wanted()} "
            f"into {named or cache}"
            + ("" if named else " (or name a folder that holds them in CPVAE_LITE_DATA)")
            + ("" if name == "omniglot" else "; or use the part that the package ships: subset=True, --subset")
        ) from error
    return cache


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
