"""The picture of doubt: what the table of samples says, in order."""

import pytest

from cpvae_lite import load_dataset
from cpvae_lite.study.doubt_plot import KINDS, plot_doubt
from cpvae_lite.study.results import Results
from cpvae_lite.study.stored_runs import score_of_samples


@pytest.fixture(scope="module")
def drawn():
    results = Results("mnist")
    return results, plot_doubt(results, load_dataset("mnist", subset=True)).axes[0]


def lines(axes):
    """Each run's doubt and the ends of its bar, by the name beside it."""
    names = [label.get_text() for label in axes.get_yticklabels()]
    found = {}
    for container in axes.containers:
        dots, _, (bars,) = container
        for (x, y), bar in zip(dots.get_xydata(), bars.get_segments(), strict=True):
            found[names[round(y)]] = (x, bar[:, 0].tolist())
    assert list(names) == sorted(names, key=lambda name: found[name][0])  # the clearest has the first line, at the top
    return found


def test_a_line_a_run_with_two_standard_errors_each_way(drawn):
    results, axes = drawn
    there = lines(axes)
    assert axes.get_ylim()[0] > axes.get_ylim()[1] and len(there) == len(results.labels)
    for name, label in (("CP-VAE 150", "cp-150"), ("INDqp 500", "indqp-500"), ("HVamp 10", "hvamp-10"), ("VAE", "vae")):
        score = score_of_samples(results, label)
        doubt, ends = there[name]
        assert doubt == pytest.approx(score.doubt)
        assert ends == pytest.approx([doubt - 2 * score.doubt_error, doubt + 2 * score.doubt_error])


def test_every_model_is_of_one_kind_and_marks_differ_as_colours_do():
    names = [name for names, _, _ in KINDS.values() for name in names]
    assert len(names) == len(set(names)) == 9
    assert len({mark for _, mark, _ in KINDS.values()}) == len({colour for _, _, colour in KINDS.values()}) == 4
