"""W2a: bodies of 100 events accepted per second over 8 connections, against a bare WSGI application."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median

from django.conf import settings
from django.db import connection

from benchmarks.figure import Figure, at_least
from config.kit import clock
from config.kit.batches import execute
from users.models import Scope
from users.services import api_keys

CONNECTIONS = 8
SECONDS = 4.0
ROUNDS = 5
BODIES = 40
HERE = Path(__file__).resolve().parent.parent


def figures(size: str) -> Iterator[Figure]:
    """Rounds of both servers in turn, so that what else the machine does meets both alike.

    Business time is the database's own again, as in every shop that is none of ours.
    """
    clock.set_offset(timedelta())
    execute(
        "CREATE UNLOGGED TABLE IF NOT EXISTS bare_body (id bigserial, received_at timestamptz, items text)"
    )
    execute("ALTER TABLE bare_body SET LOGGED")
    secret = api_keys.create(name="W2a", scope=Scope.WRITE, by=None)[1]
    requests = _requests(secret)
    with (
        _server("config.wsgi:application") as ours,
        _server("benchmarks.bare_intake:application") as bare,
    ):
        for port in (ours, bare):
            _rate(port, requests, seconds=1.0)
        rounds = [(_rate(ours, requests), _rate(bare, requests)) for _ in range(ROUNDS)]
    value, yardstick = (median(rates) for rates in zip(*rounds, strict=True))
    yield at_least(
        "W2a",
        "bodies of 100 events accepted, 8 connections",
        value=value,
        yardstick=yardstick,
        limit=0.6,
    )


def _requests(secret: str) -> list[bytes]:
    """Whole HTTP requests, written as the Python SDK writes them."""
    authorization = b64encode(f"{secret}:".encode()).decode()
    requests = []
    for number in range(BODIES):
        body = json.dumps({"batch": [_event(number, index) for index in range(100)], "sentAt": _NOW}).encode()
        head = (
            "POST /v1/batch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Authorization: Basic {authorization}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        requests.append(head.encode() + body)
    return requests


_NOW = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())


def _event(body: int, index: int) -> dict[str, object]:
    return {
        "type": "track",
        "messageId": f"w2a-{body}-{index}-4f2a9c1e",
        "userId": f"customer-{body * 100 + index}",
        "anonymousId": None,
        "event": "Product Viewed",
        "timestamp": _NOW,
        "properties": {
            "product_id": f"p-{index}",
            "name": "Kind of Blue",
            "category": "Jazz",
            "price": 19.99,
            "currency": "USD",
        },
        "context": {"library": {"name": "analytics-python", "version": "2.3.0"}, "locale": "en-US"},
        "integrations": {},
    }


@contextmanager
def _server(application: str) -> Iterator[int]:
    """gunicorn with the product's own settings on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    name = settings.DATABASES["default"]["NAME"]
    address = settings.DATABASE_URL.partition("://")[2].partition("/")
    host = address[2].partition("?host=")[2]
    environment = {
        **os.environ,
        "PORT": str(port),
        "DATABASE_URL": f"postgresql://postgres@/{name}?host={host}",
        "BARE_DSN": f"dbname={name} user=postgres host={host}",
    }
    command = [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", application]
    process = subprocess.Popen(command, cwd=HERE, env=environment)
    try:
        _wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(port: int) -> None:
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"nothing listens on {port}")


def _rate(port: int, requests: list[bytes], seconds: float = SECONDS) -> float:
    """Requests answered with 200 per second over all connections."""
    counts = [0] * CONNECTIONS
    began = time.monotonic()
    threads = [
        threading.Thread(target=_send, args=(port, requests, number, began + seconds, counts))
        for number in range(CONNECTIONS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed = time.monotonic() - began
    execute("TRUNCATE bare_body, users_intakebody")
    connection.close()
    return sum(counts) / elapsed


def _send(port: int, requests: list[bytes], number: int, until: float, counts: list[int]) -> None:
    with socket.create_connection(("127.0.0.1", port)) as wire:
        turn = number
        while time.monotonic() < until:
            wire.sendall(requests[turn % len(requests)])
            _take_answer(wire)
            counts[number] += 1
            turn += 1


def _take_answer(wire: socket.socket) -> None:
    """Read one whole answer; both servers say its length and end it with a brace."""
    answer = b""
    while b"\r\n\r\n" not in answer or not answer.endswith(b"}"):
        part = wire.recv(65_536)
        answer += part
        if not part or not answer.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(answer[:300].decode())
