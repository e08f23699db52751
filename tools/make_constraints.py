"""Print constraints.txt from pip's reports of what it would install, one on Python 3.10 and one on a newer one.

pip install --dry-run --ignore-installed --quiet --report old.json '.[book,test,dev]'    (Python 3.10)
pip install --dry-run --ignore-installed --quiet --report new.json '.[book,test,dev]'    (Python 3.11 or later)
python tools/make_constraints.py old.json new.json > constraints.txt
"""

import json
import sys
from pathlib import Path

HEADER = """\
# Exact versions with which the book is built and tested, made by tools/make_constraints.py.
# Used by the Makefile; a plain "pip install ." takes whatever satisfies pyproject.toml.
"""


def pins(report: str) -> dict[str, str]:
    """Name and version of everything in one report of pip's."""
    packages = (item["metadata"] for item in json.loads(Path(report).read_text())["install"])
    # A local build ("2.13.0+cpu") is not what the registry serves under that version.
    return {p["name"].lower().replace("_", "-"): p["version"].split("+")[0] for p in packages}


def lines(old: dict[str, str], new: dict[str, str]) -> list[str]:
    """One pin a package, two with markers where the Pythons differ."""
    found = []
    for name in sorted((old.keys() | new.keys()) - {"cpvae-lite"}):
        if old.get(name) == new.get(name):
            found.append(f"{name}=={new[name]}")
            continue
        if name in old:
            found.append(f'{name}=={old[name]}; python_version < "3.11"')
        if name in new:
            found.append(f'{name}=={new[name]}; python_version >= "3.11"')
    return found


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    print(HEADER + "\n".join(lines(pins(sys.argv[1]), pins(sys.argv[2]))))
