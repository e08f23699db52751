"""Promises that the project's own files make."""

import re
import statistics
import subprocess
from importlib.metadata import requires
from pathlib import Path

import nbformat
import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "book").glob("*.ipynb"))
REQUIREMENTS = [Requirement(line) for line in requires("cpvae_lite") or []]


def tracked(*patterns: str) -> list[Path]:
    listing = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listing.stdout.splitlines() if (ROOT / name).is_file()]


def pins() -> list[Requirement]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


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


def test_the_pre_commit_hooks_use_the_pinned_versions():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    assert {str(Requirement(d)) for hook in hooks for d in hook["additional_dependencies"]} <= set(map(str, pins()))


def test_the_address_of_the_repository_stands_in_one_place():
    uses = [path for path in tracked() if path.suffix != ".npz" and b"github.com/OWNER" in path.read_bytes()]
    assert [path.name for path in uses if path != Path(__file__)] == ["_config.yml"]


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
        assert max(len(line) for cell in self.cells(notebook, "code") for line in cell.source.splitlines()) <= 80

    def test_has_no_markup_that_jupyter_and_colab_show_raw(self, notebook):
        for cell in self.cells(notebook, "markdown"):
            assert not re.search(r"\{[a-z:-]+\}`|^:::|^```\{", cell.source, flags=re.MULTILINE)

    def test_starts_with_what_you_learn_need_and_spend(self, notebook):
        first = self.cells(notebook, "markdown")[0].source
        assert all(word in first for word in ("**You will learn**", "**You need**", "**It takes**"))

    def test_has_an_alt_text_for_each_cell_that_draws(self, notebook):
        for cell in self.cells(notebook, "code"):
            if re.search(r"^(plots\.|panels\.|history\.plot)", cell.source, flags=re.MULTILINE):
                assert len(cell.metadata["mystnb"]["image"]["alt"]) > 20

    def test_has_an_assert_and_three_exercises_with_solutions(self, notebook):
        assert any("assert " in cell.source for cell in self.cells(notebook, "code"))
        text = "\n".join(cell.source for cell in self.cells(notebook, "markdown"))
        assert all(f"**{number}. " in text for number in (1, 2, 3)) and text.count("<details>") >= 2


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
