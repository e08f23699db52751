"""One process at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout


class BusyError(RuntimeError):
    """Another process is at the same run.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     lock = Path(folder) / "run.lock"
        ...     with alone(lock, "the run"), alone(lock, "the run"):
        ...         pass
        Traceback (most recent call last):
        cpvae_lite.locks.BusyError: another process is at the run; it is left to that one
    """


@contextmanager
def alone(lock: Path, what: str, *, wait: float = 0) -> Iterator[None]:
    """Context that one process at a time can be in; one that was killed is out of it.

    Args:
        lock: a file, made if it is not there, in a folder that is; it goes at the end.
        what: the process would be alone at; for the message.
        wait: seconds to wait for another process to end.

    Raises:
        BusyError: if another process is in it all the while.
        OSError: if the file cannot be made.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     with alone(Path(folder) / "run.lock", "the run"):
        ...         print([file.name for file in Path(folder).iterdir()])
        ...     print(list(Path(folder).iterdir()))
        ['run.lock']
        []
    """
    held = FileLock(lock)
    try:
        held.acquire(timeout=wait)
    except Timeout:
        raise BusyError(f"another process is at {what}; it is left to that one") from None
    try:
        yield
    finally:
        try:
            with suppress(PermissionError):  # of Windows, where a file that is open stays
                lock.unlink(missing_ok=True)  # while it is held: who waits for it notices, and makes a new one
        finally:
            held.release()
