"""Fetch the scripts that the rendered book needs, so that its pages ask no other host for anything.

    make assets

Packs three npm packages at fixed versions, checks their SHA-256, and takes a few files out of each. One more script
comes with the Python package anywidget. All go into one archive, which is kept in git and which `tools/page_scripts.py`
unpacks; run this only to change a version.
"""

import hashlib
import io
import subprocess
import tarfile
import tempfile
from fnmatch import fnmatch
from importlib.metadata import distribution
from pathlib import Path

from cpvae_lite.storage import atomic_write
from tools.archives import packed
from tools.page_scripts import ARCHIVE

PACKAGES = {
    # package: (SHA-256 of the npm archive, {path in it: folder in ours})
    "mathjax@3.2.2": (
        "1b9c0a1c44df864e915690558e72adb9cc5203360daefd385084ced3b6c64c09",
        {
            "package/es5/tex-mml-chtml.js": "mathjax",
            # All but Fraktur, Script and SansSerif, which no formula has.
            "package/es5/output/chtml/fonts/woff-v2/MathJax_[!FS]*.woff": "mathjax/output/chtml/fonts/woff-v2",
            "package/es5/output/chtml/fonts/woff-v2/MathJax_Size*.woff": "mathjax/output/chtml/fonts/woff-v2",
            "package/LICENSE": "mathjax",
        },
    ),
    "requirejs@2.3.8": (
        "777158e89275e16bd51aec3ef714fbcb5dc45789e7078659933bc814916d7dec",
        {"package/require.js": "widgets"},
    ),
    "@jupyter-widgets/html-manager@1.0.14": (
        "9d647396585ef74da93f87f645c5dcc14bebf5784192c577f72b199597614e81",
        {
            "package/dist/embed-amd.js": "widgets/@jupyter-widgets/html-manager/dist",
            "package/dist/*.woff2": "widgets/@jupyter-widgets/html-manager/dist",
        },
    ),
}

# The script by which a page runs a view's own script; requirejs looks for it under the package's name.
PYTHON_PACKAGES = {
    # package: {path in our archive: (path in site-packages, SHA-256)}
    "anywidget": {
        "widgets/anywidget.js": (
            "anywidget/nbextension/index.js",
            "b257c384632cd992e1758322ccaeeb6de8af7d57c0173efd462fc93041f9f5b6",
        ),
        "widgets/anywidget/LICENSE": (
            "anywidget-0.11.0.dist-info/licenses/LICENSE",
            "22c698b6e5f3878c292471980ffd352ee0fad053f9428c2281f34b5e28a6151f",
        ),
    },
}


def from_npm(package: str) -> bytes:
    """The npm archive of a package."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", package], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        (archive,) = Path(folder).iterdir()
        return archive.read_bytes()


def chosen(archive: bytes, wanted: dict[str, str]) -> dict[str, bytes]:
    """The files that match a wanted pattern, by their path in our archive; stops if there is none."""
    files = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for pattern, folder in wanted.items():
            found = [member for member in tar.getmembers() if fnmatch(member.name, pattern)]
            if not found:
                raise SystemExit(f"{pattern} is not in the package")
            files |= {f"{folder}/{Path(member.name).name}": tar.extractfile(member).read() for member in found}
    return files


def check(name: str, content: bytes, digest: str) -> None:
    """Stop unless the content has that SHA-256."""
    if hashlib.sha256(content).hexdigest() != digest:
        raise SystemExit(f"{name}: this is not the one whose SHA-256 is written down here")


def of_python(package: str, wanted: dict[str, tuple[str, str]]) -> dict[str, bytes]:
    """Files of an installed Python package, by their path in our archive."""
    installed = {str(path): path for path in distribution(package).files}
    files = {target: Path(installed[name].locate()).read_bytes() for target, (name, _) in wanted.items()}
    for target, (name, digest) in wanted.items():
        check(f"{package}: {name}", files[target], digest)
    return files


def main() -> None:
    files = {}
    for package, (digest, wanted) in PACKAGES.items():
        archive = from_npm(package)
        check(package, archive, digest)
        files |= chosen(archive, wanted)
    for package, wanted in PYTHON_PACKAGES.items():
        files |= of_python(package, wanted)
    atomic_write(ARCHIVE, packed(dict(sorted(files.items()))))
    print(f"{len(files)} files, {ARCHIVE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
