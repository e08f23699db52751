"""What the process of a run does: `python -m cpvae_lite.study.worker JOB`, which `own_process` starts."""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
import time
from typing import TextIO

import torch

from cpvae_lite._commands import ERRORS, INTERRUPTED, device_named, one_line, say
from cpvae_lite.study.own_process import DONE, Job
from cpvae_lite.study.reproduction import reproduce

GRACE = 30  # seconds to write a checkpoint and end


def main(job: str) -> int:
    """Do a run; returns the exit code."""
    torch.set_flush_denormal(True)  # before there are threads, which inherit it
    reports = _stdout_for_reports()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background inherits deaf ears
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    try:
        _work(Job.read(job), reports)
    except KeyboardInterrupt:
        say("interrupted")
        return INTERRUPTED
    except ERRORS as error:
        say(one_line(error))
        return 2
    return 0


def _work(job: Job, reports: TextIO) -> None:
    torch.set_num_threads(job.threads)
    reproduce(
        job.experiment(),
        job.folder,
        device=str(device_named(job.device)),
        progress=False,
        after_epoch=lambda epochs: print(epochs, file=reports, flush=True),
    )
    print(DONE, end="", file=reports, flush=True)


def _stdout_for_reports() -> TextIO:
    """Standard output, which whatever else is printed cannot reach any more."""
    reports = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return reports


def _end_with_stdin() -> None:
    os.read(sys.stdin.fileno(), 1)  # returns when the starter has closed its end, or has died
    _thread.interrupt_main()
    time.sleep(GRACE)
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
