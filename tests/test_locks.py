"""One process at a time."""

import multiprocessing
from pathlib import Path

import pytest

from cpvae_lite.locks import BusyError, alone


def be_at(lock, inside, go_on):
    with alone(Path(lock), "the run", wait=30):
        inside.set()
        go_on.wait(30)


def start(lock):
    context = multiprocessing.get_context("spawn")
    inside, go_on = context.Event(), context.Event()
    process = context.Process(target=be_at, args=(str(lock), inside, go_on))
    process.start()
    return process, inside, go_on


def test_who_waited_is_alone_and_the_file_goes_with_the_last(tmp_path):
    """The first takes its file away when it ends; the second, which waited for that file, must not miss it."""
    lock = tmp_path / "run.lock"
    first, second = start(lock), None
    try:
        assert first[1].wait(30) and lock.exists()
        second = start(lock)
        assert not second[1].wait(1)
        first[2].set()
        first[0].join(30)
        assert second[1].wait(30) and lock.exists()
        with (
            pytest.raises(BusyError, match="another process is at the run; it is left to that one"),
            alone(lock, "the run"),
        ):
            pass
        assert lock.exists()
    finally:
        for process, _, go_on in filter(None, (first, second)):
            go_on.set()
            process.join(30)
    assert not lock.exists()


def test_an_error_lets_others_in(tmp_path):
    lock = tmp_path / "run.lock"
    with pytest.raises(ZeroDivisionError), alone(lock, "the run"):
        raise ZeroDivisionError
    assert not lock.exists()
    with alone(lock, "the run"):
        assert lock.exists()
