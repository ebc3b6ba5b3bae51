"""The tracking API when the store is away, and memory when a bomb arrives."""

import gzip
import io
import json
import tracemalloc
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError, connection

from config.kit.batches import execute
from users.api import tracking
from users.models import IntakeBody, Scope
from users.services import api_keys

BODY = json.dumps({"batch": [{"type": "track", "event": "Searched", "userId": "u1"}]}).encode()


@pytest.fixture
def write_key() -> Iterator[str]:
    yield api_keys.create(name="Shop window", scope=Scope.WRITE, by=None)[1]
    api_keys.forget_all()


def send(write_key: str, raw: bytes = BODY, **environ: Any) -> tracking.Answer:
    """A request as a WSGI server hands it over."""
    return tracking.answer(
        {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/v1/batch",
            "QUERY_STRING": "",
            "CONTENT_LENGTH": str(len(raw)),
            "HTTP_AUTHORIZATION": "Basic " + b64encode(f"{write_key}:".encode()).decode(),
            "wsgi.input": io.BytesIO(raw),
        }
        | environ
    )


def unavailable(answer: tracking.Answer) -> bool:
    told = dict(answer.headers)
    return (answer.status, told["Retry-After"], json.loads(answer.body)["code"]) == (503, "5", "unavailable")


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_died_in_between_costs_nothing(write_key: str) -> None:
    assert send(write_key).status == 200
    with connection.cursor() as cursor, pytest.raises(OperationalError):
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    assert send(write_key).status == 200
    assert IntakeBody.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_store_that_takes_no_connection_is_unavailable_and_comes_back(write_key: str) -> None:
    """As with a full pool: every new connection is refused, then no more."""
    assert send(write_key).status == 200
    name = connection.settings_dict["NAME"]
    try:
        connection.settings_dict["NAME"] = "no_such_database"
        connection.close()
        assert unavailable(send(write_key))
        api_keys.forget_all()
        assert unavailable(send(write_key))
    finally:
        connection.settings_dict["NAME"] = name
        connection.close()
    assert send(write_key).status == 200
    assert IntakeBody.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_store_that_only_reads_is_unavailable(write_key: str) -> None:
    execute("SET default_transaction_read_only = on")
    try:
        assert unavailable(send(write_key))
    finally:
        execute("SET default_transaction_read_only = off")


@pytest.mark.django_db(transaction=True)
def test_a_table_that_is_locked_for_too_long_is_unavailable(write_key: str) -> None:
    send(write_key)
    other = connection.copy()
    other.set_autocommit(False)
    try:
        with other.cursor() as cursor:
            cursor.execute("LOCK TABLE users_intakebody")
        execute("SET lock_timeout = '50ms'")
        assert unavailable(send(write_key))
    finally:
        other.rollback()
        other.close()
        connection.close()
    assert IntakeBody.objects.count() == 1


@pytest.mark.django_db
def test_a_body_in_chunks_is_read_when_the_server_ends_it(write_key: str) -> None:
    chunked: dict[str, Any] = {"CONTENT_LENGTH": "", "wsgi.input_terminated": True}
    assert send(write_key, **chunked).status == 200
    assert send(write_key, b" " * 600_000, **chunked).status == 413


@pytest.mark.django_db
@pytest.mark.parametrize("length", ["-1", "many", "0"])
def test_a_length_that_is_none_is_an_empty_body(write_key: str, length: str) -> None:
    assert send(write_key, CONTENT_LENGTH=length).status == 400


@pytest.mark.django_db
def test_a_bomb_does_not_grow_in_memory(write_key: str) -> None:
    bomb = gzip.compress(b"0" * 300_000_000)
    tracemalloc.start()
    try:
        assert send(write_key, bomb).status == 413
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
    finally:
        tracemalloc.stop()
