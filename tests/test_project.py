"""Promises that the project's own files make."""

import re
import shutil
import statistics
import subprocess
from importlib import util
from importlib.metadata import requires
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
import yaml
from IPython.core.inputtransformer2 import TransformerManager
from packaging.requirements import Requirement

from tools.check_book import pages
from tools.set_address import HOST, PLACES, address, set_address

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "book").glob("*.ipynb"))
WORDS_A_MINUTE = 150  # of a text to think about
REQUIREMENTS = [Requirement(line) for line in requires("cpvae_lite") or []]


def tracked(*patterns: str) -> list[Path]:
    listing = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listing.stdout.splitlines() if (ROOT / name).is_file()]


def pins() -> list[Requirement]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def test_the_repository_stays_small():
    """Runs leave files; a clone should not grow by weights that no page shows."""
    assert sum(path.stat().st_size for path in tracked()) < 60e6


def test_no_formula_wants_a_font_that_was_left_out():
    """See `tools/fetch_assets.py`."""
    left_out = re.compile(r"\\(math|text)?(frak|scr|sf)\b")
    assert not any(left_out.search(path.read_text()) for path in tracked("book/*.md", "book/*.ipynb"))


@pytest.mark.parametrize("requirement", [r for r in REQUIREMENTS if r.name != "cpvae_lite"], ids=lambda r: r.name)
def test_every_requirement_is_pinned_within_its_bounds(requirement):
    pinned = [pin for pin in pins() if pin.name == requirement.name]
    assert pinned
    for pin in pinned:
        (version,) = pin.specifier
        assert version.operator == "==" and requirement.specifier.contains(version.version)


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda r: r.name)
def test_bounds_are_lower_bounds(requirement):
    operators = {specifier.operator for specifier in requirement.specifier}
    assert operators <= ({">=", "<"} if requirement.name == "jupyter-book" else {">="})


def test_the_conda_environment_has_every_dependency():
    conda = {"torch": "pytorch-cpu", "matplotlib": "matplotlib-base", "seaborn": "seaborn-base"}
    dependencies = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    bounds = {re.split("[<>=]", line)[0]: line for line in dependencies if isinstance(line, str)}
    for requirement in REQUIREMENTS:
        if requirement.marker and not requirement.marker.evaluate({"extra": "book"}):
            continue
        name = conda.get(requirement.name, requirement.name)
        wanted = {str(s) for s in requirement.specifier}
        assert set(bounds[name].removeprefix(name).split(",")) == wanted


def test_the_conda_environment_installs_the_package_in_a_line_that_conda_and_binder_accept():
    """pip gets it in a file, where --no-deps is an error; by "-e ." Binder knows that it needs the repository."""
    *_, last = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    assert last == {"pip": ["-e ."]}


def test_what_colab_lacks_are_packages_that_the_book_has_too():
    assert "\ncolab = [\n" in (ROOT / "pyproject.toml").read_text()
    wanted = {extra: {str(r) for r in REQUIREMENTS if _only_with(extra, r)} for extra in ("colab", "book")}
    assert {line.partition(";")[0] for line in wanted["colab"]} < {line.partition(";")[0] for line in wanted["book"]}


def _only_with(extra, requirement):
    return requirement.marker and requirement.marker.evaluate({"extra": extra})


def test_the_pre_commit_hooks_use_the_pinned_versions():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    assert {str(Requirement(d)) for hook in hooks for d in hook["additional_dependencies"]} <= set(map(str, pins()))


def copy_of_places(root):
    """The files that hold the address, copied to another root; their texts by path."""
    for path in [path for place in PLACES for path in ROOT.glob(place)]:
        target = root / path.relative_to(ROOT)
        target.parent.mkdir(exist_ok=True)
        shutil.copy(path, target)
    return {path: path.read_text() for place in PLACES for path in root.glob(place)}


class TestAddress:
    def test_all_uses_are_the_address_of_the_config(self):
        owner, name = map(re.escape, address().removeprefix(HOST).split("/"))
        ours = re.compile(rf"https?://github\.com/(?:{owner}/[\w.-]+|[\w-]+/{name}(?![\w-]))")
        text = {path: path.read_bytes().decode(errors="ignore") for path in tracked() if path.suffix != ".npz"}
        uses = {path.relative_to(ROOT): ours.findall(held) for path, held in text.items() if ours.search(held)}
        assert {use for found in uses.values() for use in found} == {address()}
        assert all(any(path.match(place) for place in PLACES) for path in uses)

    def test_the_tool_sets_all_uses_and_changes_nothing_else(self, tmp_path):
        before, old = copy_of_places(tmp_path), address()
        changed = set_address("some-one/some.book", tmp_path)
        assert set(changed) == set(before) and address(tmp_path) == "https://github.com/some-one/some.book"
        for path, text in before.items():
            assert old in text and path.read_text() == text.replace(old, "https://github.com/some-one/some.book")

    @pytest.mark.parametrize("name", ["book", "a/b/c", "https://github.com/a/b", "a b/c", "a/b.git", "/b", "a/", "ä/b"])
    def test_the_tool_refuses_what_is_no_name_of_a_repository(self, tmp_path, name):
        before = copy_of_places(tmp_path)
        with pytest.raises(ValueError, match="give OWNER/NAME"):
            set_address(name, tmp_path)
        assert all(path.read_text() == text for path, text in before.items())


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
class TestNotebook:
    def cells(self, notebook, kind):
        return [cell for cell in nbformat.read(notebook, as_version=4).cells if cell.cell_type == kind]

    def test_is_kept_without_outputs(self, notebook):
        for cell in self.cells(notebook, "code"):
            assert cell.outputs == [] and cell.execution_count is None

    def test_has_short_code_cells(self, notebook):
        lengths = [len(cell.source.splitlines()) for cell in self.cells(notebook, "code")]
        assert statistics.median(lengths) < 8

    def test_has_code_no_wider_than_the_page(self, notebook):
        shown = [
            cell.source for cell in self.cells(notebook, "code") if "remove-cell" not in cell.metadata.get("tags", [])
        ]
        assert max(len(line) for source in shown for line in source.splitlines()) <= 80

    def test_imports_what_there_is(self, notebook):
        source = "\n".join(cell.source for cell in self.cells(notebook, "code"))
        for line in re.findall(r"^from cpvae_lite[\w.]* import [^(\n]+$", source, re.MULTILINE):
            exec(line, {})

    def test_has_no_markup_that_jupyter_and_colab_show_raw(self, notebook):
        for cell in self.cells(notebook, "markdown"):
            assert not re.search(r"\{[a-z:-]+\}`|^:::|^```\{", cell.source, flags=re.MULTILINE)

    def test_starts_with_what_you_learn_need_and_spend(self, notebook):
        first = self.cells(notebook, "markdown")[0].source
        assert all(word in first for word in ("**You will learn**", "**You need**", "**It takes**"))

    def set_up(self, notebook):
        return self.cells(notebook, "code")[0]

    def test_sets_itself_up_in_a_cell_that_only_the_page_leaves_out(self, notebook):
        assert nbformat.read(notebook, as_version=4).cells[1] == self.set_up(notebook)
        assert self.set_up(notebook).metadata.tags == ["remove-cell"]

    @pytest.mark.parametrize("found", [True, False])
    def test_installs_the_package_only_where_it_is_missing(self, notebook, found, monkeypatch, capsys):
        asked = []
        shell = SimpleNamespace(run_line_magic=lambda *words: asked.append(words))
        monkeypatch.setattr(util, "find_spec", lambda name: found if name == "cpvae_lite" else pytest.fail(name))
        code = TransformerManager().transform_cell(self.set_up(notebook).source)
        exec(code, {"get_ipython": lambda: shell})
        assert capsys.readouterr().out.startswith("Found ")
        assert asked == ([] if found else [("pip", f'install -q "cpvae_lite[colab] @ git+{address()}"')])

    def test_says_how_long_it_takes_as_its_title_does(self, notebook):
        code = self.set_up(notebook).source
        (duration,) = re.findall(r'^welcome\("(.+?)"(?:, gpu=True)?\)$', code, flags=re.MULTILINE)
        takes = rf"\*\*It takes\*\* {duration} to run( on two CPU cores)?, and about (\d+) minutes to read\. "
        found = re.search(takes, self.cells(notebook, "markdown")[0].source)
        assert int(found[2]) == pytest.approx(self.words(notebook) / WORDS_A_MINUTE, abs=4)

    def words(self, notebook):
        """Of what is open on the page: text with a formula as one word, and code; no folded answers."""
        text = "\n".join(cell.source for cell in self.cells(notebook, "markdown"))
        text = re.sub(r"<details>.*?</details>", "", text, flags=re.DOTALL)
        text = re.sub(r"\$\$.*?\$\$|\$[^$]*\$", "x", text, flags=re.DOTALL)
        folded = {"remove-cell", "hide-input", "hide-cell"}
        code = [cell.source for cell in self.cells(notebook, "code") if not folded & set(cell.metadata.get("tags", []))]
        return len(" ".join([text, *code]).split())

    def test_says_whether_it_trains_on_a_gpu(self, notebook):
        uses = any(".to(device)" in cell.source for cell in self.cells(notebook, "code"))
        assert ("gpu=True" in self.set_up(notebook).source) == uses

    def test_links_each_citation_to_a_reference_that_there_is(self, notebook):
        known = references()
        for cell in self.cells(notebook, "markdown"):
            for cited in re.finditer(r"[^\W\d_][\w.-]+(?:,| \() ?((?:19|20)\d\d)\b", cell.source):
                before = cell.source[: cited.end()].rpartition("[")
                assert "]" not in before[2] and before[1], f"{cell.id}: {cited[0]} is no link"
                link = re.match(r"\)?\]\(references\.md#(\w+)\)", cell.source[cited.end() :])
                assert link, f"{cell.id}: {cited[0]} leads to no entry of the references"
                first = re.match(r"(?:van den )?[\w-]+", before[2])[0]
                assert known.get(link[1]) == (first, cited[1]), f"{cell.id}: {before[2]} is not {link[1]}"

    def test_shows_its_switch_before_all_other_code(self, notebook):
        code = self.cells(notebook, "code")[1:]  # after the set-up
        switched = [re.search(r"^(FULL_SCALE|RECOMPUTE) = False$", cell.source, re.MULTILINE) for cell in code]
        if any(switched):
            assert switched[0] and not any(switched[1:])
            assert not code[0].metadata.get("tags")
            cells = nbformat.read(notebook, as_version=4).cells
            assert cells[cells.index(code[0]) - 1].source.startswith("The next cell holds the only switch.")

    def test_has_coded_solutions_folded_away_in_jupyter_and_colab_as_on_the_page(self, notebook):
        for cell in self.cells(notebook, "code"):
            if "hide-cell" in cell.metadata.get("tags", []):
                assert cell.metadata.get("jupyter") == {"outputs_hidden": True, "source_hidden": True}, cell.id
                assert cell.metadata.get("cellView") == "form", cell.id  # Colab's

    def test_folds_the_code_of_plots_and_sliders_on_the_page(self, notebook):
        for cell in self.cells(notebook, "code"):
            if re.search(r"panels\.row\(|^slides\(|^Frames\(", cell.source, flags=re.MULTILINE):
                assert {"hide-input", "hide-cell"} & set(cell.metadata.get("tags", [])), cell.id

    def test_has_an_alt_text_for_each_cell_that_draws(self, notebook):
        for cell in self.cells(notebook, "code"):
            if re.search(r"^(plots\.|panels\.|history\.plot)", cell.source, flags=re.MULTILINE):
                assert len(cell.metadata["mystnb"]["image"]["alt"]) > 20

    def test_has_an_assert_and_three_exercises_with_solutions(self, notebook):
        assert any("assert " in cell.source for cell in self.cells(notebook, "code"))
        text = "\n".join(cell.source for cell in self.cells(notebook, "markdown"))
        assert all(f"**{number}. " in text for number in (1, 2, 3)) and text.count("<details>") >= 2


def test_the_map_of_the_package_shows_every_module_once():
    rows = [line for line in (ROOT / "CONTRIBUTING.md").read_text().splitlines() if line.startswith("| ")]
    shown = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    modules = {path.stem for path in (ROOT / "cpvae_lite").rglob("*.py")} - {"__init__"}
    assert sorted(shown) == sorted(modules)


def references():
    """First author and year of every reference by its key, as the text writes them."""
    found = {}
    for entry in (ROOT / "book" / "references.bib").read_text().split("\n@"):
        plain = entry.translate(str.maketrans("", "", "{}")).replace("\\o", "ø").replace("\\'", "")
        key = re.search(r"{(\w+),", entry)[1]
        found[key] = re.search(r"author = ([^,]+),.*year = (\d{4})", plain, re.DOTALL).groups()
    return found


def test_teachers_read_of_every_chapter():
    chapters = {Path(page).name for page in pages(yaml.safe_load((ROOT / "_toc.yml").read_text()))}
    listed = set(re.findall(r"\]\(([\w-]+)\.ipynb\)", (ROOT / "book" / "teaching.md").read_text()))
    assert listed == {path.stem for path in NOTEBOOKS} & chapters


def test_numbered_equations_are_one_line():
    """The rendered book wraps a formula of several lines in an environment that allows no number."""
    for notebook in NOTEBOOKS:
        for cell in nbformat.read(notebook, as_version=4).cells:
            formulas = cell.source.split("$$")[1::2] if cell.cell_type == "markdown" else []
            assert not [formula for formula in formulas if "\\tag" in formula and "\\\\" in formula], notebook.name


def test_every_equation_number_stands_once_in_a_chapter():
    for notebook in NOTEBOOKS:
        tags = re.findall(r"\\tag\{(\w+)\}", notebook.read_text())
        assert len(tags) == len(set(tags))


def test_the_package_uses_no_pickle():
    for path in tracked("cpvae_lite/*.py"):
        assert not re.search(
            r"(?<!safetensors\.)torch\.(save|load)\b|\bimport pickle|allow_pickle=True", path.read_text()
        ), path


def test_the_pages_of_the_package_have_every_module_that_a_chapter_imports():
    pages = "".join(page.read_text() for page in (ROOT / "book").glob("api-*.md"))
    described = set(re.findall(r"automodule:: (cpvae_lite\.[\w.]+)", pages))
    cells = [cell.source for path in NOTEBOOKS for cell in nbformat.read(path, as_version=4).cells]
    imports = re.findall(r"^from (cpvae_lite[.\w]*) import (.+)$", "\n".join(cells), re.MULTILINE)
    packages = {"cpvae_lite", "cpvae_lite.study", "cpvae_lite.figures"}
    names = {module for module, _ in imports} | set(re.findall(r"-m (cpvae_lite\.\w+)", "\n".join(cells)))
    names |= {f"{module}.{name}" for module, line in imports if module in packages for name in line.split(", ")}
    names = {name for name in names - packages if util.find_spec(name)}
    assert len(names) > 20 and names - described == {"cpvae_lite.cli"}  # it has a page of its own
