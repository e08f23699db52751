"""The line that the first cell of a chapter prints."""

import base64
import io

import nbformat
import pytest
import torch
from nbclient import NotebookClient
from PIL import Image

from cpvae_lite.figures.notebook import welcome


@pytest.fixture
def machine(monkeypatch):
    def of(threads, gpu=None):
        monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu is not None)
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda: gpu)

    return of


@pytest.mark.parametrize(
    "threads, gpu, uses_it, line",
    [
        (2, None, False, "Found 2 CPU threads. This chapter takes a while on two CPU cores."),
        (8, None, True, "Found 8 CPU threads. This chapter takes a while on two CPU cores."),
        (1, None, False, "Found 1 CPU thread. This chapter takes a while on two CPU cores, and up to twice that here."),
        (
            2,
            "T4",
            True,
            "Found T4 and 2 CPU threads. This chapter takes a while on two CPU cores; here it trains on the GPU.",
        ),
        (
            1,
            "T4",
            False,
            "Found T4 and 1 CPU thread. This chapter takes a while on two CPU cores; it does not use the GPU.",
        ),
    ],
)
def test_the_line_names_device_and_duration(machine, capsys, threads, gpu, uses_it, line):
    machine(threads, gpu)
    welcome("a while", gpu=uses_it)
    assert capsys.readouterr().out == f"{line}\n"


def test_figures_of_a_chapter_have_two_dots_for_each_pixel_of_the_page():
    first = "from cpvae_lite.figures.notebook import welcome\nwelcome('a while')"
    drawn = "from cpvae_lite.figures.panels import row\nfigure, _ = row()\nfigure"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in (first, drawn)])
    NotebookClient(notebook).execute()
    (output,) = notebook.cells[1].outputs
    width, height = Image.open(io.BytesIO(base64.b64decode(output.data["image/png"]))).size
    shown = output.metadata["image/png"]
    assert 300 < shown["width"] == width // 2 and shown["height"] == height // 2
