"""What is shown of runs under way."""

import io
import re

import pytest

from cpvae_lite import progress
from cpvae_lite.progress import Progress
from cpvae_lite.study.pools import Report

EPOCHS = {"a": 10, "b": 10, "c": 10}


class Terminal(io.StringIO):
    def isatty(self):
        return True

    def lines(self):
        """What stands in the terminal: a carriage return goes back to the start, an escape sequence up a line."""
        rows, row, column = [""], 0, 0
        for part in re.split(r"(\r|\n|\x1b\[A)", self.getvalue()):
            if part == "\r":
                column = 0
            elif part == "\n":
                row, column = row + 1, 0
                rows += [""] * (row == len(rows))
            elif part == "\x1b[A":
                row -= 1
            else:
                rows[row] = rows[row][:column].ljust(column) + part + rows[row][column + len(part) :]
                column += len(part)
        return [line.rstrip() for line in rows if line.strip()]


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is set."""

    def tick(seconds):
        now[0] += seconds

    now = [1000.0]
    monkeypatch.setattr("tqdm.std.time", lambda: now[0])
    monkeypatch.setattr("tqdm.std.tqdm.monitor_interval", 0)
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return tick


def test_a_terminal_has_a_bar_for_all_and_one_for_each_run_under_way(clock):
    terminal = Terminal()
    with Progress(EPOCHS, file=terminal) as shown:
        for name in "ab":
            shown.update(Report(name, 0, begins=True))
        for epoch in (1, 2):
            for name in "ab":
                clock(5)
                shown.update(Report(name, epoch))
        shown.refresh()
        whole, *runs = terminal.lines()
        assert whole.startswith("0/3 runs") and re.search(r"00:20 so far, 02:(09|10) left$", whole)
        assert [run.split()[:3] for run in runs] == [["a,", "epoch", "2/10"], ["b,", "epoch", "2/10"]]
        assert runs[1].endswith("01:20 left")
        shown.update(Report("a"))
        shown.update(Report("c", 4, begins=True))  # at the place of a
        shown.refresh()
        whole, *runs = terminal.lines()
        assert whole.startswith("1/3 runs")
        assert [run.split()[:3] for run in runs] == [["c,", "epoch", "4/10"], ["b,", "epoch", "2/10"]]
    assert terminal.lines() == []


def test_the_time_left_counts_what_is_left(clock):
    log = io.StringIO()
    with Progress(EPOCHS, file=log) as shown:
        shown.update(Report("a", 8, begins=True))  # 2 + 10 + 10 are left
        clock(10)
        shown.update(Report("a", 9))
        shown.update(Report("a"))  # early: 20 are left
        assert log.getvalue().splitlines()[-1] == "a: done; 1/3 runs, 00:10 so far, 03:20 left"
        shown.update(Report("b", 0, begins=True))
        clock(10)
        shown.update(Report("b", 1))
        shown.update(Report("b", 0, begins=True))  # 20 are left again
        clock(10)
        shown.update(Report("b", 1))
        clock(10)
        shown.update(Report("b", fault="no room"))
        assert log.getvalue().splitlines()[-1] == "b: failed; 2/3 runs, 00:40 so far, 01:40 left"


def test_a_log_has_a_line_when_there_is_news_and_now_and_then(clock):
    log = io.StringIO()
    with Progress(EPOCHS, file=log) as shown:
        shown.update(Report("a", 0, begins=True))
        shown.update(Report("b", 3, begins=True))
        clock(progress.INTERVAL - 1)
        shown.update(Report("a", 1))
        shown.refresh()
        clock(2)
        shown.refresh()
        shown.refresh()
        shown.update(Report("a", 1, begins=True))
        shown.update(Report("other", 1))
        shown.update(Report("a"))
        shown.update(Report("a", 2))  # too late
    begin_a, begin_b, now, again, done = log.getvalue().splitlines()
    assert (begin_a, begin_b) == ("a: begins", "b: goes on after epoch 3")
    assert now.startswith("0/3 runs, 05:01 so far, ") and "; a, epoch 1/10, 44:51 left; b, epoch 3/10, ? left" in now
    assert again == "a: its process died; another goes on after epoch 1" and done.startswith("a: done; 1/3 runs")


def test_nothing_is_shown_when_nothing_is_wanted(capsys):
    with Progress(EPOCHS, shown=False) as shown:
        shown.update(Report("a", 0, begins=True))
        shown.update(Report("a", 0, begins=True))
        shown.update(Report("a"))
    assert capsys.readouterr() == ("", "")
