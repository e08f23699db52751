"""The scripts that pages load are packed, unpacked, and all of a licence that is written down."""

import io
import re
import zipfile

import yaml

from tools import page_scripts
from tools.archives import packed
from tools.page_scripts import ARCHIVE, ROOT


def test_the_archive_is_what_its_files_give_again():
    """Nothing of the day or the machine on which it was made."""
    with zipfile.ZipFile(ARCHIVE) as archive:
        assert packed({name: archive.read(name) for name in archive.namelist()}) == ARCHIVE.read_bytes()


def test_what_is_packed_is_there_and_smaller():
    files = {"b.js": b"2", "a/c.js": b"1" * 1000}
    with zipfile.ZipFile(io.BytesIO(packed(files))) as archive:
        assert archive.fp.getbuffer().nbytes < 1000
        assert {name: archive.read(name) for name in archive.namelist()} == files


def test_unpack_writes_what_the_archive_holds_over_what_was_there(tmp_path, monkeypatch):
    monkeypatch.setattr(page_scripts, "FOLDER", tmp_path)
    (tmp_path / "widgets").mkdir()
    (tmp_path / "widgets" / "require.js").write_text("an older one")
    with zipfile.ZipFile(ARCHIVE) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    assert page_scripts.unpack() == tmp_path
    assert {name: (tmp_path / name).read_bytes() for name in held} == held


def test_the_book_finds_them_where_they_are_unpacked():
    settings = yaml.safe_load((ROOT / "_config.yml").read_text())["sphinx"]
    assert ROOT / settings["config"]["html_static_path"][-1] == page_scripts.FOLDER
    assert "page_scripts" in settings["local_extensions"]


def test_each_file_has_its_package_and_licence_beside_the_archive():
    rows = re.findall(r"^\| `([^`]+)` \| (.+?) \| (.+?) \|$", (ARCHIVE.parent / "README.md").read_text(), re.MULTILINE)
    places = [place for place, _, _ in rows]
    with zipfile.ZipFile(ARCHIVE) as archive:
        names = set(archive.namelist())
    assert len(rows) == 4 and all(any(name.startswith(place) for name in names) for place in places)
    assert {name for name in names if not name.startswith(tuple(places))} == {"widgets/anywidget/LICENSE"}
