"""No connection left in PostgreSQL: every door says 503 and when to come again; who comes again loses nothing."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import psycopg2
import pytest
from django.db import connection
from django.test import Client

from config.kit.batches import execute
from tests.faults.house import until
from tests.operators import operator
from tests.servers import environment_of
from users.models import IntakeBody, Scope
from users.services import api_keys

pytestmark = [pytest.mark.faults, pytest.mark.night, pytest.mark.django_db(transaction=True)]
HERE = Path(__file__).resolve().parents[2]
ALLOWED = 2
CALLS = 18


@pytest.fixture
def as_few() -> Iterator[str]:
    """The address of the test's database for a role that PostgreSQL allows two connections."""
    execute(f"CREATE ROLE few LOGIN CONNECTION LIMIT {ALLOWED}")
    execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO few")
    execute("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO few")
    address = environment_of(str(connection.settings_dict["NAME"]))["DATABASE_URL"]
    try:
        yield address.replace("postgres@", "few@", 1)
    finally:
        execute("DROP OWNED BY few")
        execute("DROP ROLE few")


@pytest.fixture
def host(as_few: str) -> Iterator[str]:
    """gunicorn with more threads than connections; none is kept between requests."""
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    environment = environment_of(str(connection.settings_dict["NAME"])) | {
        "DATABASE_URL": as_few, "PORT": str(port), "WEB_WORKERS": "1", "WEB_THREADS": "8", "CONN_MAX_AGE": "0",
    }  # fmt: skip
    command = [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "config.wsgi:application"]
    process = subprocess.Popen(command, cwd=HERE, env=environment)
    try:
        until(lambda: _listens(port), 60)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_every_door_says_when_to_come_again_and_opens_again(host: str, as_few: str) -> None:
    _key, secret = api_keys.create(name="shop", scope=Scope.SERVER, by=None)
    browser = Client()
    browser.force_login(operator())
    session = {"Cookie": f"sessionid={browser.cookies['sessionid'].value}"}
    key = {"Authorization": f"Bearer {secret}"}

    def doors() -> dict[str, httpx.Response]:
        with httpx.Client(base_url=host, timeout=30) as client:
            event = {"event": "Searched", "userId": "u1", "messageId": "m1"}
            return {
                "tracking": client.post("/v1/track", json=event, auth=(secret, "")),
                "storefront": client.get("/api/v1/customers", headers=key),
                "admin": client.get("/admin/", headers=session),
                "health": client.get("/readyz"),
            }

    held = [psycopg2.connect(as_few) for _ in range(ALLOWED)]
    try:
        full = doors()
        alive = httpx.get(f"{host}/livez").status_code
    finally:
        for one in held:
            one.close()
    assert ({name: answer.status_code for name, answer in full.items()}, alive) == (
        dict.fromkeys(full, 503),
        200,
    )
    told = {name: int(full[name].headers["Retry-After"]) for name in ("tracking", "storefront", "admin")}
    assert all(1 <= seconds <= 60 for seconds in told.values()), told
    assert full["storefront"].json()["error"]["code"] == "unavailable"
    assert "Traceback" not in full["admin"].text and "few" not in full["admin"].text
    assert not IntakeBody.objects.exists()
    again = doors()
    assert {name: again[name].status_code for name in told} == dict.fromkeys(told, 200)
    assert IntakeBody.objects.count() == 1
    _more_callers_than_connections(host, secret)


def _more_callers_than_connections(host: str, secret: str) -> None:
    """All are served in the end: who is told to come again does."""
    statuses: list[int] = []

    def tell(number: int) -> None:
        event = {"event": "Searched", "userId": f"u{number}", "messageId": f"m{number}"}
        while True:
            answer = httpx.post(f"{host}/v1/track", json=event, auth=(secret, ""), timeout=30)
            statuses.append(answer.status_code)
            if answer.status_code == 200:
                return
            assert int(answer.headers["Retry-After"]) >= 1
            time.sleep(0.05)

    with ThreadPoolExecutor(6) as callers:
        list(callers.map(tell, range(CALLS)))
    assert statuses.count(200) == CALLS
    assert set(statuses) <= {200, 503}
    assert IntakeBody.objects.count() == CALLS + 1
