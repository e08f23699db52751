"""How far runs are: bars in a terminal; elsewhere, as in a log file, a line now and then."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Mapping
from itertools import count
from typing import TextIO

from tqdm import tqdm

from cpvae_lite.study.pools import Report

WHOLE = "{desc} {bar} {elapsed} so far, {remaining} left"
RUN = "{desc}, epoch {n_fmt}/{total_fmt} {bar} {remaining} left"
INTERVAL = 300  # seconds between lines, unless there is news


class _Nowhere(io.TextIOBase):
    def write(self, text: str) -> int:
        return len(text)


class Progress:
    """A bar for all runs together, and one for each that is under way.

    The time left is that of the epochs left, at the pace of the latest; runs that stop early take less.

    Args:
        epochs: how many each run takes at most, by its name.
        file: where to show it; standard error by default.
        shown: whether to show anything.

    Example:
        >>> log = io.StringIO()
        >>> with Progress({"a": 10, "b": 10}, file=log) as shown:
        ...     shown.update(Report("a", 0, begins=True))
        ...     shown.update(Report("a", 1))  # no news for a log
        ...     shown.update(Report("a"))
        >>> print(log.getvalue().partition(",")[0])
        a: begins
        a: done; 1/2 runs
    """

    def __init__(self, epochs: Mapping[str, int], *, file: TextIO | None = None, shown: bool = True):
        self._epochs = dict(epochs)
        self._file = (file or sys.stderr) if shown else _Nowhere()
        self._under_way: dict[str, tqdm] = {}
        self._ended: set[str] = set()
        self._whole = self._bar(WHOLE, self._title(), sum(self._epochs.values()))
        self._spoke = time.monotonic()

    def _bar(self, layout: str, title: str, total: int, done: int = 0, place: int = 0) -> tqdm:
        terminal = self._file.isatty()
        return tqdm(
            desc=title,
            total=total,
            initial=done,
            position=place,
            bar_format=layout if terminal else layout.replace(" {bar}", ","),
            file=self._file if terminal else _Nowhere(),
            leave=False,
            dynamic_ncols=terminal,
            smoothing=0.1,
        )

    def _title(self) -> str:
        return f"{len(self._ended)}/{len(self._epochs)} runs"

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        for bar in [*self._under_way.values(), self._whole]:
            bar.close()

    def update(self, report: Report) -> None:
        """Take note of a report; one of another run, or of one that has ended, is passed over.

        Example:
            >>> with Progress({"a": 10}, file=sys.stdout) as shown:
            ...     shown.update(Report("a", 3, begins=True))
            ...     shown.update(Report("a", 4, begins=True))
            a: goes on after epoch 3
            a: its process died; another goes on after epoch 4
        """
        name, epochs = report.name, report.epochs
        if name not in self._epochs or name in self._ended:  # another's run, or too late
            return
        if epochs is None:
            self._end(name, report.fault)
        elif name not in self._under_way:
            self._begin(name, epochs)
            self._log(f"{name}: {_start(epochs)}")
        elif report.begins:
            self._drop(name)
            self._begin(name, epochs)
            self.say(f"{name}: its process died; another {_start(epochs)}")
        else:
            bar = self._under_way[name]
            self._whole.update(epochs - bar.n)
            bar.update(epochs - bar.n)

    def _begin(self, name: str, epochs: int) -> None:
        taken = {-bar.pos for bar in self._under_way.values()}
        place = next(place for place in count(1) if place not in taken)
        self._under_way[name] = self._bar(RUN, name, self._epochs[name], epochs, place)
        self._whole.total -= epochs  # they are no part of what is left

    def _drop(self, name: str) -> None:
        """Take the bar of a run away, and count with all its epochs to come."""
        bar = self._under_way.pop(name)
        bar.close()
        self._whole.total += bar.n

    def _end(self, name: str, fault: str) -> None:
        if name in self._under_way:
            self._drop(name)
        self._whole.total -= self._epochs[name]
        self._ended.add(name)
        self._whole.set_description_str(self._title())
        self._log(f"{name}: {'failed' if fault else 'done'}; {self._whole}")

    def refresh(self) -> None:
        """Show how time passes: in a terminal at once, elsewhere as a line if the last is five minutes old."""
        for bar in (self._whole, *self._under_way.values()):
            bar.refresh()
        if time.monotonic() - self._spoke > INTERVAL:
            self._log("; ".join(map(str, [self._whole, *self._under_way.values()])))

    def say(self, text: str) -> None:
        """Print a line that stays, above the bars.

        Example:
            >>> with Progress({"a": 10}, file=sys.stdout) as shown:
            ...     shown.say("two runs are shipped")
            two runs are shipped
        """
        tqdm.write(text, file=self._file)
        self._file.flush()
        self._spoke = time.monotonic()

    def _log(self, text: str) -> None:
        if not self._file.isatty():
            self.say(text)


def _start(epochs: int) -> str:
    return f"goes on after epoch {epochs}" if epochs else "begins"
