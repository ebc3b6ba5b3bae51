"""A whole shop of its own on this machine: PostgreSQL, Redis, web, workers and beat, each of which can be killed.

The test speaks to its database as the code does; what the shop does it does in processes started as `make run` does.
"""

import contextlib
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
from django.core.management import call_command
from django.db import InterfaceError, OperationalError, connection

from config import places
from config.embedded import FOR_TESTS, Servers
from config.kit import clock
from config.schedule import QUEUES
from segments.models import Membership, Segment
from segments.services.audit import audit
from tests.servers import places_for_sockets
from users.models import Event, IntakeBody, Outbox, Scope, Standing
from users.services import api_keys

BASE = Path(__file__).resolve().parents[2]
CELERY = (sys.executable, "-m", "celery")
WRONG_CLOCK = (sys.executable, "-m", "tests.faults.wrong_clock")


class Process:
    """One process of the shop, with its children in a group of their own."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str], log: Path) -> None:
        self.name, self.log = name, log
        with log.open("ab") as file:
            self._started = subprocess.Popen(
                command, cwd=BASE, env=environment, stdout=file, stderr=file, start_new_session=True
            )

    def signal(self, number: int) -> None:
        """To the whole group, if it lives."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._started.pid, number)

    def kill(self) -> None:
        """kill -9 of the group."""
        self.signal(signal.SIGKILL)
        self._started.wait(10)

    def stop(self, seconds: float = 15) -> None:
        """As a deploy does: asked to end, killed when it does not."""
        if self.lives:
            self._started.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._started.wait(seconds)
        self.kill()

    def kill_a_child(self, luck: random.Random) -> None:
        """kill -9 of one process of its pool."""
        with contextlib.suppress(psutil.Error):
            children = psutil.Process(self._started.pid).children()
            if children:
                luck.choice(children).kill()

    @property
    def lives(self) -> bool:
        return self._started.poll() is None

    def said(self) -> str:
        return self.log.read_text(errors="replace")


class House:
    """The shop under its own folder."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="regulars-house-", dir=places_for_sockets()))
        self.home.chmod(0o755)
        self.servers = Servers(self.home, settings=FOR_TESTS)
        self.servers.postgres.tied_to_parent = self.servers.redis.tied_to_parent = True
        self.data = self.home / "shop"
        self.data.mkdir()
        self.processes: list[Process] = []
        self.database = "regulars"
        self.told: dict[str, str] = {}

    def environment(self, **more: str) -> dict[str, str]:
        """What a process of this shop is told; ``told`` is what the test sets for all of them."""
        mine = {
            "DATABASE_URL": places.postgres_url(self.home, self.database),
            "REDIS_URL": places.redis_url(self.home),
            "REGULARS_DATA": str(self.data),
            "WEB_WORKERS": "1",
        }
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
        return {**inherited, **mine, **self.told, **more}

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Until the end of the block the test's own queries go to this shop's database."""
        told, before = connection.settings_dict, dict(connection.settings_dict)
        try:
            self.enter("regulars")
            yield
        finally:
            connection.close()
            told.update(before)

    def enter(self, database: str) -> None:
        """Processes and the test's own queries use this database from here on."""
        connection.close()
        self.database = database
        connection.settings_dict.update(
            HOST=str(self.servers.postgres.socket), NAME=database, USER="postgres"
        )

    def postgres(self, program: str, *arguments: str) -> None:
        """One of PostgreSQL's own programs, to its end."""
        server = self.servers.postgres
        told = [str(server.binaries / program), "-h", str(server.socket), "-U", "postgres", *arguments]
        subprocess.run(told, check=True, capture_output=True)

    def start(self, name: str, *command: str, **environment: str) -> Process:
        """Start a process of the shop."""
        log = self.home / f"{name}.log"
        made = Process(name, list(command), self.environment(**environment), log)
        self.processes.append(made)
        return made

    def worker(
        self, name: str = "worker", *, queues: tuple[str, ...] = QUEUES, hours: float = 0, children: int = 2
    ) -> Process:
        """A Celery worker of these queues, on a clock that is so many hours ahead."""
        begin = WRONG_CLOCK if hours else CELERY
        return self.start(
            name, *begin, "--quiet", "-A", "config", "worker", "-n", f"{name}@%h", "-Q", ",".join(queues),
            "-c", str(children), "--loglevel", "WARNING", "--without-gossip", "--without-mingle",
            HOURS_AHEAD=str(hours),
        )  # fmt: skip

    def beat(self, name: str = "beat") -> Process:
        """What sends "go and look"."""
        return self.start(
            name, *CELERY, "--quiet", "-A", "config", "beat", "--loglevel", "WARNING", "--pidfile="
        )

    def web(self, port: int) -> Process:
        """gunicorn on a port."""
        command = (sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "config.wsgi:application")
        return self.start(f"web{port}", *command, PORT=str(port))

    def manage(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """One command of manage.py, to its end."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=BASE, env=self.environment(**environment),
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    def all_stop(self) -> None:
        """Kill what still runs, and empty every table but the reference rows."""
        for process in self.processes:
            process.kill()
        self.processes.clear()
        self.told.clear()
        self.servers.start()
        self.enter("regulars")
        self.servers.redis.client().flushall()
        api_keys.forget_all()
        call_command("flush", interactive=False, verbosity=0)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(
    what: Callable[[], Any], seconds: float = 300, *, every: float = 0.1, said: Callable[[], str] = str
) -> float:
    """Wait until it is so; after how many seconds it was. A database that is away is not yet so."""
    began = time.monotonic()
    while True:
        try:
            if what():
                return time.monotonic() - began
        except (OperationalError, InterfaceError):
            connection.close()
        assert time.monotonic() - began < seconds, f"it did not happen; {said()}"
        time.sleep(every)


class Traffic:
    """A shop's back end that tells of orders all the time, and tells again until it is heard."""

    def __init__(self, *ports: int, people: int = 20, pause: float = 0.03) -> None:
        _key, secret = api_keys.create(name="Back end", scope=Scope.SERVER, by=None)
        self._ports, self._people, self._pause = ports, people, pause
        self._key = "Basic " + b64encode(f"{secret}:".encode()).decode()
        self._told = threading.Event()
        self._thread = threading.Thread(target=self._tell)
        self.sent = 0
        self.statuses: dict[str, int] = {}

    def __enter__(self) -> "Traffic":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Tell no more; what was begun is told to its end."""
        self._told.set()
        self._thread.join(90)

    def _tell(self) -> None:
        while not self._told.is_set():
            number, body = self.sent, self._body(self.sent)
            for attempt in range(3_000):
                status = self.post(self._ports[(number + attempt) % len(self._ports)], body)
                self.statuses[status] = self.statuses.get(status, 0) + 1
                if status == "200":
                    break
                time.sleep(0.02)
            self.sent += 1
            time.sleep(self._pause)

    def _body(self, number: int) -> bytes:
        who = {"userId": f"u{number % self._people}", "timestamp": clock_text()}
        viewed = {"type": "track", "event": "Product Viewed", "messageId": f"v{number}", **who}
        ordered = {
            "type": "track", "event": "Order Completed", "messageId": f"o{number}", **who,
            "properties": {"order_id": f"O{number}", "total": 10, "currency": "USD"},
        }  # fmt: skip
        return json.dumps({"batch": [viewed, ordered]}).encode()

    def post(self, port: int, body: bytes) -> str:
        try:
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            line.request("POST", "/v1/batch", body, {"Authorization": self._key})
            return str(line.getresponse().status)
        except ConnectionRefusedError:
            return "refused"
        except (OSError, http.client.HTTPException) as problem:
            return type(problem).__name__
        finally:
            line.close()


def clock_text() -> str:
    """Now as an SDK writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def everything_applied() -> bool:
    """Nothing waits at the door or for a handler."""
    return not IntakeBody.objects.exists() and not Outbox.objects.filter(due_at__lte=clock.now()).exists()


def assert_once(sent: int, people: int = 20) -> None:
    """Each of the told orders counts once, for the customer it was told of."""
    assert Event.objects.filter(type__name="Product Viewed").count() == sent
    assert Event.objects.filter(type__name="Order Completed").count() == sent
    told = {f"u{who}": len(range(who, sent, people)) for who in range(min(people, sent))}
    kept = dict(Standing.objects.filter(customer__identified=True).values_list("customer__user_id", "orders"))
    assert kept == told
    money = dict(Standing.objects.values_list("customer__user_id", "revenue"))
    assert {who: 1_000 * orders for who, orders in told.items()} == {who: money[who] for who in told}


@contextlib.contextmanager
def running_web(house: House) -> Iterator[int]:
    """A web that answers, on a port of its own."""
    port = free_port()
    house.web(port)
    until_it_answers(port)
    yield port


def until_it_answers(port: int) -> None:
    """Wait until a web takes what it is told."""
    traffic = Traffic(port)
    until(lambda: traffic.post(port, b"{}") == "400", every=0.2)


def all_well(traffic: Traffic, *, within: float = 300) -> None:
    """Soon everything told counts once, and every segment is exact without anybody's help."""
    traffic.stop()
    assert set(traffic.statuses) & {"500", "400"} == set(), traffic.statuses
    until(everything_applied, within)
    assert list(Outbox.objects.exclude(error="").values_list("handler", "error")[:3]) == []
    assert_once(traffic.sent)
    if Segment.objects.exists():
        viewers = min(20, traffic.sent)
        until(lambda: Membership.objects.filter(segment__name="Viewed").count() == viewers, within)
        assert_exact()


def assert_exact() -> None:
    """Every segment is what its rule says from scratch."""
    for segment in Segment.objects.by_rule():
        row = audit(segment)
        assert row is not None, segment
        assert (row.entered, row.left, row.error) == (0, 0, ""), segment


def end(house: House) -> None:
    """Stop everything and throw the folder away."""
    for process in house.processes:
        process.kill()
    house.servers.stop()
    subprocess.run(["rm", "-rf", str(house.home)], check=False)
