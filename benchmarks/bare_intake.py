"""The yardstick of W2a: a WSGI application that parses a body and commits it as one row, and nothing else."""

import os
import threading
from collections.abc import Callable, Iterable
from typing import Any

import orjson
import psycopg2

_own = threading.local()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Take a body."""
    raw = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    orjson.loads(raw)
    if not hasattr(_own, "connection"):
        _own.connection = psycopg2.connect(os.environ["BARE_DSN"])
        _own.connection.autocommit = True
    with _own.connection.cursor() as cursor:
        cursor.execute("INSERT INTO bare_body (received_at, items) VALUES (now(), %s)", [raw.decode()])
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", "17")])
    return [b'{"success": true}']
