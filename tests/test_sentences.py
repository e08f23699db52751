"""Captions' words about the stored runs, held to the runs.

Decimals have a test of their own, and the paper's sentences have their verdicts. Here are ours: each stands on its page
word by word, is borne out by the shipped results, and would be overturned by others.
"""

import random
import re
from functools import cache
from pathlib import Path

import nbformat
import pytest
from sentences import FOUR, SAID, Runs, Said
from sentences_synthetic import SAID as OF_THE_MIXTURE

from cpvae_lite.study.claims import VERDICTS
from cpvae_lite.study.claims_images import IMAGES
from cpvae_lite.study.claims_synthetic import SYNTHETIC
from cpvae_lite.study.results import Results

BOOK = Path(__file__).parents[1] / "book"


@cache
def text_of(page: str) -> str:
    if page.endswith(".md"):
        return re.sub(r"\s+", " ", (BOOK / page).read_text())
    cells = nbformat.read(BOOK / f"{page}.ipynb", as_version=4).cells
    return " ".join(re.sub(r"\s+", " ", cell.source) for cell in cells if cell.cell_type == "markdown")


def shuffled(seed: int):
    """The shipped results with the records of runs dealt out anew among those of the same kind."""

    class Shuffled(Results):
        def __init__(self, table):
            super().__init__(table)
            self._dealt = {}
            for having in (True, False):  # a latent c
                labels = [label for label in self.labels if (label.partition("-")[0] in FOUR) == having]
                dealt = dict(zip(labels, random.Random(seed).sample(labels, len(labels)), strict=True))
                self._runs |= {label: self._runs[other] for label, other in dealt.items()}
                self._dealt |= dealt

        def sheet(self, label, seed=None):
            return super().sheet(self._dealt[label], seed)

    return Runs(Shuffled)


def blurred(seed: int):
    """The shipped results with every number of nats some nats off, and every share another one."""
    dice = random.Random(seed)

    def other(found):
        if isinstance(found, dict):
            return {name: other(value) for name, value in found.items()}
        if isinstance(found, list):
            return [other(value) for value in found]
        share = isinstance(found, float) and 0 <= found <= 1
        return dice.random() if share else found + dice.gauss(0, 4) if isinstance(found, float) else found

    class Blurred(Results):
        def __init__(self, table):
            super().__init__(table)
            self._runs = {label: [other(run) for run in runs] for label, runs in self._runs.items()}

    return Runs(Blurred)


OTHERS = [make(seed) for make in (shuffled, blurred) for seed in range(6)]


@pytest.mark.parametrize("said", [*SAID, *OF_THE_MIXTURE], ids=lambda said: f"{said.page}: {said.quote[:40]}")
class TestSentence:
    def test_stands_on_its_page_once(self, said):
        assert text_of(said.page).count(said.quote) == 1

    def test_is_borne_out_by_the_stored_runs(self, said):
        assert said.holds(Runs())

    def test_would_be_overturned_by_other_results(self, said):
        assert not all(holds_in(said, other) for other in OTHERS)


def holds_in(said: Said, runs: Runs) -> bool:
    try:
        return said.holds(runs)
    except (KeyError, TypeError, ValueError):  # a figure that such a run does not have
        return False


@pytest.mark.parametrize("page", ["../README.md", "index.md"])
def test_the_entry_pages_count_the_verdicts(page):
    claims = SYNTHETIC + IMAGES
    counts = [sum(claim.verdict.startswith(kind) for claim in claims) for kind in VERDICTS]
    holds, does_not, depends, left_open = counts
    assert (
        f"Of {len(claims)} sentences of the paper about its experiments {holds} hold in our runs, {does_not} do not, "
        f"{depends} depend on something, and {left_open} are open: "
    ) in text_of(page)
