"""How the chapters are run by the tests: a kernel that cannot lose its ports."""

import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

BOOK = Path(__file__).parents[1] / "book"


def test_a_kernel_of_a_tested_chapter_takes_no_ports(tmp_path):
    shutil.copy(BOOK / "conftest.py", tmp_path)
    cell = nbformat.v4.new_code_cell(
        "import json; from ipykernel.connect import get_connection_info\n"
        "assert json.loads(get_connection_info())['transport'] == 'ipc'"
    )
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=kernel), tmp_path / "chapter.ipynb")
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "-p", "no:cacheprovider", "chapter.ipynb"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0 and "1 passed" in run.stdout, run.stdout
