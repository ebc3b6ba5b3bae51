"""`make run`: starts everything on this machine, keeps it running, and stops all of it on Ctrl-C."""

import contextlib
import fcntl
import hashlib
import io
import json
import os
import shlex
import shutil
import signal
import socket
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

BASE = Path(__file__).resolve().parent.parent
WELCOME = "REGULARS_WELCOME"
AFTER_WEB = "sleep 2;"
"""Two seconds in which the web process has the processor to itself, so that the address answers early."""


def say(line: str) -> None:
    """One line on the terminal, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


# --- One run per data folder --------------------------------------------------------------------------------


@contextlib.contextmanager
def only_run(data: Path) -> Iterator[Path]:
    """Be the only run of this data folder; end what a killed one left. Yields the note of processes."""
    data.mkdir(parents=True, exist_ok=True)
    note = data / "run.json"
    with (data / "run.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        others = [process for process in noted(note) if process.pid != os.getpid()]
        if others and others[0].pid == _main_pid(note):
            sys.exit(f"It already runs here (process {others[0].pid}); stop that one first.")
        end(others)
        write_note(note)
    try:
        yield note
    finally:
        note.unlink(missing_ok=True)


def write_note(note: Path) -> None:
    """Note this process and its children, so that a next run can end them if this one is killed."""
    import psutil

    me = psutil.Process()
    family = [me, *me.children(recursive=True)]
    lines = []
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            lines.append([process.pid, process.create_time()])
    note.write_text(json.dumps(lines))


def noted(note: Path) -> list[Any]:
    """The noted processes that still live; a number that was given to another process does not count."""
    import psutil

    alive = []
    for pid, born in _lines(note):
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            if abs(process.create_time() - born) < 1 and process.status() != psutil.STATUS_ZOMBIE:
                alive.append(process)
    return alive


def end(processes: list[Any]) -> None:
    """Terminate, then kill."""
    import psutil

    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    for process in psutil.wait_procs(processes, timeout=8)[1]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def _lines(note: Path) -> list[list[float]]:
    try:
        return [[int(pid), float(born)] for pid, born in json.loads(note.read_text())]
    except (OSError, ValueError):
        return []


def _main_pid(note: Path) -> int:
    lines = _lines(note)
    return int(lines[0][0]) if lines else 0


def refuse_taken_ports(host: str, ports: dict[str, int]) -> None:
    """Say which port is taken, and by which setting it is chosen, before anything starts."""
    for name, port in ports.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host if name == "PORT" else "127.0.0.1", port))
            except OSError:
                sys.exit(
                    f"Port {port} is taken; choose another with {name}, as in `{name}={port + 100} make run`."
                )


# --- Getting ready ------------------------------------------------------------------------------------------


def prepare(data: Path) -> str:
    """Catalogues, tables, static files, demo logins. Returns what the logins are."""
    from config.translations import compile_catalogues

    compile_catalogues(BASE / "locale")
    import django

    django.setup()
    migrate()
    look_for_restore()
    collect_static(data)
    return who_can_log_in()


def migrate() -> None:
    """Bring the tables up to date; nothing at all when they are."""
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        say("Preparing the tables …")
        call_command("migrate", verbosity=0, interactive=False)
    connection.close()


def look_for_restore() -> None:
    """On a restored dump: erase again whom it brought back, and send nothing until an owner says so."""
    from django.core.management import call_command
    from django.db import connection

    output = io.StringIO()
    call_command("replay_erasures", if_restored=True, stdout=output)
    connection.close()
    if told := output.getvalue().strip():
        say(told)


def collect_static(data: Path) -> None:
    """Gather the static files when the installed packages or our own files changed."""
    from django.core.management import call_command

    stamp = data / "static.stamp"
    now = _static_digest()
    if stamp.exists() and stamp.read_text() == now and (data / "static" / "staticfiles.json").exists():
        return
    say("Gathering static files …")
    call_command("collectstatic", verbosity=0, interactive=False, clear=True)
    stamp.write_text(now)


def _static_digest() -> str:
    digest = hashlib.sha256((BASE / "requirements.lock").read_bytes())
    digest.update(sys.prefix.encode())
    for folder in sorted([BASE / "static", *BASE.glob("*/static")]):
        for path in sorted(folder.rglob("*")):
            stat = path.stat()
            digest.update(f"{path}{stat.st_size}{stat.st_mtime_ns}".encode())
    return digest.hexdigest()


def who_can_log_in() -> str:
    """What to log in with: the demo's operators, or how to make the first one where there is none."""
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from django.db import connections

    output = io.StringIO()
    if settings.DEMO:
        call_command("demo_operators", stdout=output)
    elif not get_user_model().objects.exists():
        output.write(
            "Nobody can log in yet: make the owner with `.venv/bin/python manage.py createsuperuser`."
        )
    connections.close_all()
    return output.getvalue().strip()


# --- The processes ------------------------------------------------------------------------------------------


def worker(name: str, queues: str, concurrency: int, nice: int) -> str:
    """The command of one Celery worker."""
    return (
        f"{AFTER_WEB} exec nice -n {nice} {_celery()} worker -n {name}@%h -Q {queues} -c {concurrency} "
        "--loglevel WARNING --without-gossip --without-mingle"
    )


def lasting() -> dict[str, str]:
    """What must run all the time."""
    from config.embedded import chosen

    keeper = {"keeper": f"exec {_python()} -m config.embedded keep"} if any(chosen().values()) else {}
    return keeper | {
        "web": f"exec {_python()} -m gunicorn -c config/gunicorn.py config.wsgi:application",
        "sink": f"exec {_python()} -m config.sink",
        "service": worker("service", "service,default", 2, 3),
        "campaigns": worker("campaigns", "campaigns", 1, 5),
        "intake": worker("intake", "intake", 1, 5),
        "segments": worker("segments", "segments", 1, 7),
        "recompute": worker("recompute", "recompute", 1, 10),
        "beat": f"{AFTER_WEB} exec nice -n 3 {_celery()} beat --loglevel WARNING --pidfile=",
    }


def passing() -> dict[str, str]:
    """What ends by itself without ending the others."""
    from django.conf import settings
    from django.core.management import get_commands

    commands = {"regulars": f"exec {_python()} -m config.run greet"}
    if settings.DEMO and "load_demo" in get_commands():
        commands["demo"] = f"exec nice -n 5 {_python()} manage.py load_demo"
    return commands


def _python() -> str:
    return shlex.quote(sys.executable)


def _celery() -> str:
    return f"{_python()} -m celery --quiet -A config"


def serve(data: Path, note: Path, logins: str) -> None:
    """Run everything until told to stop."""
    from django.conf import settings

    from config.supervisor import Supervisor

    figures = data / "metrics"
    shutil.rmtree(figures, ignore_errors=True)
    figures.mkdir(parents=True)
    shared = {
        **os.environ,
        "PROMETHEUS_MULTIPROC_DIR": str(figures),
        "PORT": str(settings.PORT),
        "PYTHONUNBUFFERED": "1",
    }
    shared.setdefault("LOG_LEVEL", "WARNING")
    supervisor = Supervisor(on_change=lambda: write_note(note))
    for name, command in lasting().items():
        supervisor.add_process(name, command, env=shared, cwd=str(BASE))
    welcome = f"Regulars is at {settings.PUBLIC_URL}/admin/  (Ctrl-C stops it)\n{logins}".strip()
    for name, command in passing().items():
        supervisor.add_passing(name, command, env={**shared, WELCOME: welcome}, cwd=str(BASE))
    supervisor.loop()


def greet() -> None:
    """Wait until the web answers, then say where it is."""
    from config.env import whole

    address = f"http://127.0.0.1:{whole('PORT', 8000)}/livez"
    for _attempt in range(600):
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=2):
            for line in os.environ.get(WELCOME, "").splitlines():
                say(line)
            return
        time.sleep(0.1)
    say("The web process does not answer; see its lines above.")


def stop_on(number: int, frame: FrameType | None) -> None:
    """While getting ready, any signal to stop ends as Ctrl-C does."""
    raise KeyboardInterrupt


def main() -> None:
    """Start, wait, stop."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.chdir(BASE)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop_on)
    from django.conf import settings

    from config.embedded import Servers, chosen

    data = Path(settings.DATA_DIR)
    host = os.environ.get("HOST", "127.0.0.1")
    embedded = chosen()
    with only_run(data) as note, contextlib.suppress(KeyboardInterrupt):
        ports = {
            "PORT": settings.PORT,
            "SINK_SMTP_PORT": settings.SINK_SMTP_PORT,
            "SINK_HTTP_PORT": settings.SINK_HTTP_PORT,
        }
        refuse_taken_ports(host, ports)
        servers = Servers(data)
        try:
            servers.start(**embedded)
            serve(data, note, prepare(data))
        finally:
            servers.stop(**embedded)
    say("Stopped.")


if __name__ == "__main__":
    greet() if sys.argv[1:] == ["greet"] else main()
