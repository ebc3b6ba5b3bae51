"""What both servers need: finding a wheel's files, waiting for an answer, watching an end."""

import contextlib
import fcntl
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import psutil

START_SECONDS = 60


class EmbeddedError(RuntimeError):
    """A server did not start or stop; the message names its log."""


def wheel_folder(name: str) -> Path:
    """Where an installed wheel keeps its files; importing it would write outside of our folders."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise EmbeddedError(
            f"The package {name} is not installed; run `make run`, or set DATABASE_URL and REDIS_URL."
        )
    return Path(spec.origin).parent


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive file lock; the system frees it when the holder dies."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def wait_until(
    answers: Callable[[], bool], what: str, log: Path, process: subprocess.Popen[bytes] | None
) -> None:
    """Ask every 50 ms until it answers; give up after a minute or when the process has ended."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if answers():
            return
        if process is not None and process.poll() is not None and not answers():
            break
        time.sleep(0.05)
    raise EmbeddedError(f"{what} did not start; its log is {log}.\n{tail(log)}")


def tail(log: Path) -> str:
    """The last lines of a log, for an error message."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-12:])
    except OSError:
        return ""


def gone(process: psutil.Process, seconds: float) -> bool:
    """Wait for the end of a process, whether it is a child or not."""
    try:
        process.wait(timeout=seconds)
    except psutil.TimeoutExpired:
        return False
    except psutil.NoSuchProcess:
        pass
    return True


def die_with_parent() -> None:
    """Ask Linux to stop this process when the one that started it ends (for servers of tests)."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGINT)
