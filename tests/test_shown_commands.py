"""The commands that README and book show are ones that run: the parser takes them, and their options fit together."""

import re
import shlex
from pathlib import Path

import nbformat
import pytest

from cpvae_lite import reproducing
from cpvae_lite.cli import COMMANDS
from cpvae_lite.options import parser

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "book").glob("*.md")),
    ROOT / "cpvae_lite" / "artifacts" / "results" / "README.md",
]
FENCE = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(cpvae-lite[^`]*)`")
DOING = re.compile(r"`(cpvae-lite reproduce [^`]*)`\s+(?:makes|runs|trains)\b")
NAMES = {"cpvae-lite", *(f"cpvae-lite {name}" for name in COMMANDS)}  # inside a sentence: not to be typed
STANDS_FOR = {"WHAT": "synthetic", "NAME": "mnist", "DIR": "results", "N": "2", "ADDRESS": "tcp://host:8786"}


def texts():
    """The name and the text of each page, of a notebook that of its Markdown cells."""
    for page in PAGES:
        yield page.name, page.read_text()
    for path in sorted((ROOT / "book").glob("*.ipynb")):
        cells = nbformat.read(path, as_version=4).cells
        yield path.name, "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def commands(text):
    """Those in code fences, and those between backticks in sentences."""
    lines = "\n".join(FENCE.findall(text)).replace("\\\n", " ").splitlines()
    fenced = [line for line in lines if line.startswith("cpvae-lite")]
    inline = [" ".join(found.split()) for found in INLINE.findall(FENCE.sub("", text))]
    return fenced + [command for command in inline if command not in NAMES]


def of_pages(find):
    """What is found in each page's text, as parameters of a test."""
    return [pytest.param(command, id=f"{name}: {command}") for name, text in texts() for command in find(text)]


SHOWN = of_pages(commands)


def options_of(command):
    words = shlex.split(command, comments=True)[1:]
    return parser(COMMANDS).parse_args([STANDS_FOR.get(word, word) for word in words])


@pytest.mark.parametrize("command", [shown for shown in SHOWN if "--help" not in shown.id])
def test_a_command_in_the_text_is_one_that_runs(command):
    options = options_of(command)
    if options.command == "reproduce":
        assert reproducing.asked_for(options)


@pytest.mark.parametrize("command", [shown for shown in SHOWN if "--help" in shown.id])
def test_help_in_the_text_is_there(command):
    with pytest.raises(SystemExit) as end:
        options_of(command)
    assert not end.value.code


def test_commands_are_found_in_fences_and_sentences_but_not_names_of_commands():
    text = "`cpvae-lite reproduce`, or `cpvae-lite check\n--seed 2`\n```sh\ncpvae-lite check \\\n  --seed 1  # so\n```"
    assert [shlex.split(command, comments=True)[1:] for command in commands(text)] == [
        ["check", "--seed", "1"],
        ["check", "--seed", "2"],
    ]


@pytest.mark.parametrize("command", of_pages(DOING.findall))
def test_a_command_that_is_said_to_run_something_says_where_to(command):
    """Without --out, stored results are printed and nothing is run."""
    assert options_of(command).out
