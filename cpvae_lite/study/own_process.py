"""A run in a process of its own: followed through a pipe, started again if it dies, ended with its starter."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import TextIO

from cpvae_lite.study.experiments import Experiment
from cpvae_lite.study.grids import named

RESTARTS = 3
DONE = "done\n"  # the last line of a process that did its job


@dataclass(frozen=True)
class Job:
    """A run as the process that does it is told.

    Attributes:
        name: as "synthetic/vae-seed0".
        settings: all that makes the run, as JSON has it.
        folder: of results.
        device: where to train: "cpu", "cuda" or "auto".
        threads: of the CPU.

    Example:
        >>> job = Job.of(named("synthetic/vae-seed0").lasting(2), "results")
        >>> Job.read(job.text()).experiment() == named("synthetic/vae-seed0").lasting(2)
        True
    """

    name: str
    settings: dict
    folder: str
    device: str = "cpu"
    threads: int = 1

    @classmethod
    def of(cls, experiment: Experiment, folder: str, device: str = "cpu", threads: int = 1) -> Job:
        """The job of running an experiment.

        Args:
            experiment: from :func:`cpvae_lite.study.grids.grid`.
            folder, device, threads: as in :class:`Job`.

        Example:
            >>> job = Job.of(named("synthetic/cp-2-seed1"), "results")
            >>> job.name, job.settings["training"]["seed"]
            ('synthetic/cp-2-seed1', 1)
        """
        return cls(experiment.name, _settings(experiment), folder, device, threads)

    @classmethod
    def read(cls, text: str) -> Job:
        """What :meth:`text` wrote.

        Raises:
            TypeError, ValueError: if it is no job.

        Example:
            >>> Job.read('{"name": "synthetic/vae-seed0", "settings": {}, "folder": "results"}').threads
            1
        """
        return cls(**json.loads(text))

    def text(self) -> str:
        """The job as one line of JSON.

        Example:
            >>> Job("synthetic/vae-seed0", {}, "results", device="cuda").text()
            '{"name": "synthetic/vae-seed0", "settings": {}, "folder": "results", "device": "cuda", "threads": 1}'
        """
        return json.dumps(asdict(self))

    def experiment(self) -> Experiment:
        """The run of this name.

        Raises:
            ValueError: if there is none, or if the package that gave the job knows it with other settings.

        Example:
            >>> job = Job.of(named("synthetic/vae-seed0"), "results")
            >>> job.settings["model"]["hidden"] = 64
            >>> job.experiment()
            Traceback (most recent call last):
            ValueError: the cpvae_lite here has other settings for synthetic/vae-seed0 than the one that asks for it
        """
        found = named(self.name)
        with suppress(KeyError):  # what is not said is another setting
            samples = {name: self.settings[name] for name in ("importance_samples", "closer")}
            found = replace(found.lasting(self.settings["training"]["epochs"]), **samples)
        if _settings(found) != self.settings:
            raise ValueError(f"the cpvae_lite here has other settings for {self.name} than the one that asks for it")
        return found


def _settings(experiment: Experiment) -> dict:
    return json.loads(json.dumps(asdict(experiment)))


class OwnProcess:
    """The process of a job.

    Its standard output has a line for each epoch. It ends when its standard input does, so that no process outlives
    its starter, however that ends.

    Args:
        job: as :meth:`Job.text` gives it.

    Example:
        >>> process = OwnProcess(Job.of(named("synthetic/vae-seed0"), "results").text())
        >>> process.stop()
        >>> process.run(print)  # nothing is started
        'stopped before it began'
    """

    def __init__(self, job: str):
        self._job, self._process, self._stopped = job, None, False
        self._changing = threading.Lock()

    def run(self, tell: Callable[[int, bool], None]) -> str:
        """See the job to its end; a process that dies is started again, from its checkpoint, up to three times.

        Args:
            tell: called with the number of epochs done and whether a process begins with it, then and after each epoch.

        Returns:
            What went wrong: "" if nothing did.
        """
        for _ in range(1 + RESTARTS):
            with tempfile.TemporaryFile("w+", errors="replace") as talk:  # a pipe would fill up unless it is read, too
                process = self._start(talk)
                if process is None:
                    return "stopped before it began"
                with process:
                    done = _follow(process.stdout, tell)
                    code = process.wait()
                if done:
                    return ""
                if code > 0 or self._stopped:
                    return _last_line(talk) or f"its process ended with code {code}"
        return f"its process died {1 + RESTARTS} times, at last by signal {-code}"

    def _start(self, talk: TextIO) -> subprocess.Popen | None:
        with self._changing:
            if self._stopped:
                return None
            self._process = subprocess.Popen(
                [sys.executable, "-m", "cpvae_lite.study.worker", self._job],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=talk,
                text=True,
                start_new_session=True,  # Ctrl-C is for the starter alone, which then stops each process once
            )
            return self._process

    def stop(self) -> None:
        """Let the run write its checkpoint and end; one that was not started yet stays so.

        Another thread may call it while :meth:`run` waits, which returns when the process has ended.
        """
        with self._changing:
            self._stopped = True
            if self._process:
                self._process.stdin.close()


def _follow(reports: TextIO, tell: Callable[[int, bool], None]) -> bool:
    """Pass on what a process reports until it ends; returns whether it said that it is done."""
    for number, line in enumerate(reports):
        if line == DONE:
            return True
        tell(int(line), number == 0)
    return False


def _last_line(talk: TextIO) -> str:
    talk.seek(0)
    return "".join(talk.read().strip().splitlines()[-1:])
