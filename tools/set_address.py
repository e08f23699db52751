"""Set the repository's address wherever it stands: in _config.yml, and in the first code cell of each notebook.

python tools/set_address.py OWNER/NAME

The pages link to the address, and launch Colab and Binder from it; on Colab a notebook installs the package from it.
"""

import re
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
HOST = "https://github.com/"
PLACES = ("_config.yml", "book/*.ipynb")


def address(root: Path = ROOT) -> str:
    """The address of the repository, as _config.yml gives it."""
    return yaml.safe_load((root / "_config.yml").read_text())["repository"]["url"]


def set_address(name: str, root: Path = ROOT) -> list[Path]:
    """Replace the address in every place, and return the files.

    Args:
        name: OWNER/NAME on GitHub.
        root: of the repository.

    Raises:
        ValueError: if the name has another form.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*/[\w.-]+(?<!\.git)", name, flags=re.ASCII):
        raise ValueError(f"{name!r} is no name of a GitHub repository; give OWNER/NAME, as in {HOST}OWNER/NAME")
    old = re.compile(re.escape(address(root)) + r"(?![\w-])")
    changed = [path for place in PLACES for path in sorted(root.glob(place)) if old.search(path.read_text("utf-8"))]
    for path in changed:
        path.write_text(old.sub(HOST + name, path.read_text("utf-8")), "utf-8")
    return changed


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        files = set_address(sys.argv[1])
    except ValueError as error:
        sys.exit(str(error))
    print("\n".join(str(path.relative_to(ROOT)) for path in files))
