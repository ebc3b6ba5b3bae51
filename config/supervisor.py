"""honcho's process manager with two habits more: what must last is started again, what passes may end."""

import signal
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from honcho import manager
from honcho.manager import Manager

manager.KILL_WAIT = 15
"""Seconds between asking processes to end and killing them: longer than a send window, a page or a batch."""

SOON = 10.0
"""A process that lives shorter than this after its start has failed to start."""
ATTEMPTS = 3


class Supervisor(Manager):
    """Runs processes until a signal, or until one fails to start three times in a row."""

    def __init__(self, *, on_change: Callable[[], None]) -> None:
        super().__init__()
        self.on_change = on_change
        self._passing: set[str] = set()
        self._failures: dict[str, int] = {}
        self._started_at: dict[str, float] = {}
        self._noted: dict[str, int] = {}

    def add_passing(self, name: str, command: str, **options: Any) -> None:
        """Add a process that ends by itself without ending the others."""
        self._passing.add(name)
        self.add_process(name, command, **options)

    def loop(self) -> None:
        """Run; a closed terminal counts as a signal to stop."""
        signal.signal(signal.SIGHUP, self._hang_up)
        super().loop()

    def _hang_up(self, number: int, frame: FrameType | None) -> None:
        self.terminate()

    def _any_stopped(self) -> bool:
        """Whether honcho should end all. Called on every turn of its loop, so the fallen are raised here."""
        self._note_changes()
        if self._terminating:
            return bool(super()._any_stopped())
        fallen = [
            n
            for n, p in self._processes.items()
            if p.get("returncode") is not None and n not in self._passing
        ]
        return any(not self._raised(name) for name in fallen)

    def _raised(self, name: str) -> bool:
        """Start a fallen process again, unless it keeps failing at its start."""
        lived = time.monotonic() - self._started_at.get(name, 0.0)
        self._failures[name] = self._failures.get(name, 0) + 1 if lived < SOON else 0
        if self._failures[name] >= ATTEMPTS:
            self._system_print(f"{name} does not start; stopping everything\n")
            return False
        entry = self._processes[name]
        process = entry["process"]
        process.join(timeout=1)
        for key in ("returncode", "pid"):
            entry.pop(key, None)
        self.returncode = None
        entry["process"] = type(process)(name=name, target=entry["obj"].run, args=(self.events, True))
        entry["process"].start()
        return True

    def _note_changes(self) -> None:
        """Remember when each process began, and tell the outside when the set of processes changed."""
        running = {
            name: p["pid"]
            for name, p in self._processes.items()
            if p.get("pid") and p.get("returncode") is None
        }
        for name, pid in running.items():
            if self._noted.get(name) != pid:
                self._started_at[name] = time.monotonic()
        if running != self._noted:
            self._noted = running
            self.on_change()

    def _system_print(self, data: str) -> None:
        """Leave out honcho's lines about what is in order."""
        if not any(words in data for words in (" started (pid=", "sending SIG", "(rc=0)")):
            super()._system_print(data)
