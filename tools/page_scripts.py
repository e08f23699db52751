"""A Sphinx extension: unpacks the scripts and fonts that the pages load, before the book is built.

They are other people's, and a fifth as large when packed. `tools/fetch_assets.py` packs them.
"""

from pathlib import Path
from zipfile import ZipFile

from sphinx.application import Sphinx
from sphinx.config import Config

ROOT = Path(__file__).parents[1]
ARCHIVE = ROOT / "book" / "_scripts" / "page_scripts.zip"
FOLDER = ROOT / "_build" / "page_scripts"  # html_static_path in _config.yml has it, too


def setup(app: Sphinx) -> dict:
    app.connect("config-inited", _unpack_first, priority=100)  # at 800 Sphinx drops folders that it does not find
    return {"parallel_read_safe": True}


def unpack() -> Path:
    """The folder with the scripts, as they are in the archive now."""
    with ZipFile(ARCHIVE) as archive:
        archive.extractall(FOLDER)
    return FOLDER


def _unpack_first(app: Sphinx, config: Config) -> None:
    unpack()
