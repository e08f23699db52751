"""Omniglot: read straight from its two archives of drawings, or from the 28×28 file that the paper used."""

from __future__ import annotations

import contextlib
import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from cpvae_lite._arguments import one_of
from cpvae_lite.published import SIDE, Part, cache_folder
from cpvae_lite.storage import atomic_write

ARCHIVES = {"images_background": 964, "images_evaluation": 659}  # characters in each
DRAWERS = 20  # people who drew each character once
TEST_DRAWERS = range(16, 21)
ENTRY = re.compile(r"images_\w+/(?P<alphabet>[^/]+)/character(?P<character>\d+)/\d+_(?P<drawer>\d+)\.png")


@dataclass(frozen=True)
class OmniglotSource:
    """Omniglot: the 28×28 `chardata.mat` if it is there, else the two archives of 105×105 drawings.

    The archives stand in for the file that the paper used: each drawing is inverted (strokes are 1) and
    shrunk with a box filter; drawers 1-15 of each character train and validate, 16-20 test.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as root:
        ...     before = OmniglotSource().found(Path(root))
        ...     (Path(root) / "chardata.mat").touch()
        ...     before, OmniglotSource().found(Path(root))
        (False, True)
    """

    def wanted(self) -> str:
        """The files that a person would have to put in place, for messages.

        Example:
            >>> OmniglotSource().wanted()
            'omniglot-py/images_background.zip, omniglot-py/images_evaluation.zip; or chardata.mat'
        """
        archives = ", ".join(f"omniglot-py/{name}.zip" for name in ARCHIVES)
        return f"{archives}; or chardata.mat"

    def found(self, root: Path) -> bool:
        """Whether the file or both archives are there; what they hold is not looked at.

        Args:
            root: the folder that holds the file, or omniglot-py with the file or the archives.
        """
        return self._mat(root) is not None or all(path.is_file() for path in self._archives(root))

    def read(self, root: Path) -> tuple[Part, Part]:
        """The part for training and validation, and the test part.

        Args:
            root: as in :meth:`found`.

        Raises:
            FileNotFoundError: if neither the file nor both archives are there.
            ValueError: as :func:`read_chardata` and :func:`read_archives` do.
        """
        mat = self._mat(root)
        return read_chardata(mat) if mat else read_archives(self._archives(root))

    def download(self, root: Path) -> None:
        """Put the archives there, each checked against its MD5.

        Raises:
            OSError, RuntimeError: if there is no network or no space, or if an archive is not the published one.
        """
        from torchvision.datasets import Omniglot  # a second to import: only here
        from torchvision.datasets.utils import download_url

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

    Args:
        archives: the zip files of `ARCHIVES`, under their own names.

    Returns:
        The part for training and validation, and the test part; labels are "character" and "alphabet".

    Raises:
        FileNotFoundError: if an archive is missing.
        ValueError: if an archive has another name, is damaged, or not whole.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:  # doctest: +ELLIPSIS
        ...     archive = Path(folder) / "images_background.zip"
        ...     _ = archive.write_text("<html>404 not found</html>")
        ...     read_archives([archive])
        Traceback (most recent call last):
        ValueError: ...images_background.zip is not a whole zip archive (...); delete it and fetch it again
    """
    name = f"omniglot-{SIDE}-box-{_fingerprint(archives):08x}.npz"
    kept = cache_folder() / name
    if kept.is_file():
        # A damaged copy can fail to load in any way; whichever it is, it is made anew below.
        with contextlib.suppress(Exception), kept.open("rb") as file:
            return _by_drawer(**np.load(file, allow_pickle=False))
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
            expected = ARCHIVES[one_of("archive", path.stem, ARCHIVES)] * DRAWERS
            if len(entries) != expected:
                raise ValueError(
                    f"{path} holds {len(entries)} drawings instead of {expected}; delete it and fetch it again"
                )
            for match, name in entries:
                images.append(_drawing(archive, name, path))
                characters.append((match["alphabet"], int(match["character"])))
                drawers.append(int(match["drawer"]))
    return {
        "images": np.stack(images),
        "character": _numbers(characters),
        "alphabet": _numbers([alphabet for alphabet, _ in characters]),
        "drawer": np.array(drawers),
    }


def _numbers(names: list) -> np.ndarray:
    """The place of each name among the distinct names in order."""
    place = {name: index for index, name in enumerate(sorted(set(names)))}
    return np.array([place[name] for name in names])


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise ValueError(f"{path} is not a whole zip archive ({error}); delete it and fetch it again") from error


def _drawing(archive: zipfile.ZipFile, name: str, path: Path) -> np.ndarray:
    try:
        drawing = Image.open(io.BytesIO(archive.read(name))).convert("L")
    except (OSError, ValueError, SyntaxError, RuntimeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{path}: {name} cannot be read ({error}); fetch the archive again") from error
    if drawing.size != (105, 105):
        raise ValueError(f"{path}: {name} has {drawing.size} pixels instead of (105, 105)")
    return 255 - np.asarray(drawing.resize((SIDE, SIDE), Image.Resampling.BOX))


def read_chardata(path: Path) -> tuple[Part, Part]:
    """Read the 28×28 Omniglot of the importance-weighted autoencoder, with its own split.

    Args:
        path: of a MATLAB file with "data" (784, N), pixels in [0, 1], an image a column; "target" (alphabets, N),
            one-hot; "targetchar" (1, N), the character within its alphabet; and with "testdata", "testtarget" and
            "testtargetchar", the same of the test part.

    Returns:
        The part for training and validation, and the test part; labels are "character" and "alphabet".

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is damaged, or lacks an array.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from scipy.io import savemat
        >>> two = {"data": np.ones((784, 2)), "target": np.eye(2), "targetchar": np.array([[1, 1]])}
        >>> with TemporaryDirectory() as folder:
        ...     savemat(Path(folder) / "chardata.mat", two | {f"test{name}": array for name, array in two.items()})
        ...     train, test = read_chardata(Path(folder) / "chardata.mat")
        >>> train.images.shape, train.labels  # the first character of each of two alphabets
        ((2, 28, 28), {'character': array([0, 1]), 'alphabet': array([0, 1])})
    """
    from scipy.io import loadmat

    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    try:
        mat = loadmat(path)
        parts = [
            _columns(*(mat[prefix + name] for name in ("data", "target", "targetchar"))) for prefix in ("", "test")
        ]
    except Exception as error:  # a damaged file makes scipy fail in many ways
        raise ValueError(f"{path} is truncated or not the 28×28 Omniglot file ({error})") from error
    characters = [list(zip(alphabet, character, strict=True)) for _, alphabet, character in parts]
    numbers = _numbers(characters[0] + characters[1])
    return tuple(
        Part(images, {"character": own, "alphabet": alphabet})
        for (images, alphabet, _), own in zip(parts, np.split(numbers, [len(characters[0])]), strict=True)
    )


def _columns(data: np.ndarray, alphabet: np.ndarray, character: np.ndarray) -> tuple[np.ndarray, ...]:
    """Images (N, 28, 28), their alphabets (N,) and characters within the alphabet (N,).

    The file stores an image as a column, itself in column-major order with pixels in [0, 1], and an
    alphabet as a one-hot column.
    """
    if data.shape[0] != SIDE * SIDE or not (np.isfinite(data).all() and 0 <= data.min() <= data.max() <= 1):
        raise ValueError(f"images of shape {data.shape} with pixels outside [0, 1]")
    if alphabet.ndim != 2 or not data.shape[1] == alphabet.shape[1] == character.size:
        raise ValueError("images, alphabets and characters are not equally many")
    images = np.rint(255 * data.T).astype(np.uint8).reshape(-1, SIDE, SIDE).transpose(0, 2, 1).copy()
    return images, alphabet.argmax(0).astype(np.int64), character.ravel().astype(np.int64)
