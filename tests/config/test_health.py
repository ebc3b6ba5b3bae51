"""The three addresses machines ask."""

import pytest
import redis
from django.test import Client
from pytest_django.fixtures import Settings

from config.heartbeat import sign
from config.schedule import QUEUES


def test_livez_asks_nothing(client: Client) -> None:
    assert client.get("/livez").json() == {"alive": True}


@pytest.mark.django_db
def test_readyz_names_what_is_missing(client: Client, redis_client: redis.Redis) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    checks = answer.json()["checks"]
    assert checks["database"] == {"ok": True}
    assert checks["redis"] == {"ok": True}
    assert checks["beat"] == {"ok": False, "seconds": None}


@pytest.mark.django_db
def test_readyz_is_content_when_all_have_signed(client: Client, redis_client: redis.Redis) -> None:
    for who in ("worker", "beat", *(f"queue:{queue}" for queue in QUEUES)):
        sign(who)
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["ready"] is True


@pytest.mark.django_db
def test_readyz_notices_an_old_sign(client: Client, redis_client: redis.Redis) -> None:
    sign("beat", 1_000_000.0)
    assert client.get("/readyz").json()["checks"]["beat"]["ok"] is False


@pytest.mark.django_db
def test_metrics_are_for_this_machine_unless_a_token_is_set(client: Client, settings: Settings) -> None:
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 403
    settings.METRICS_TOKEN = "let-me-in"
    assert client.get("/metrics").status_code == 403
    assert client.get("/metrics", headers={"Authorization": "Bearer let-me-in"}).status_code == 200
