"""A server of the product's own, for tests that speak to it over a socket."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connection

from tests.servers import environment_of

HERE = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def host(django_db_setup: None) -> Iterator[str]:
    """gunicorn as `make run` starts it, on the tests' database."""
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    name = connection.settings_dict["NAME"]
    address = f"http://127.0.0.1:{port}"
    environment = environment_of(str(name)) | {"PORT": str(port), "PUBLIC_URL": address, "WEB_WORKERS": "1"}
    command = [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "config.wsgi:application"]
    process = subprocess.Popen(command, cwd=HERE, env=environment)
    try:
        _wait_for(port)
        yield address
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
    raise TimeoutError("the server did not start")
