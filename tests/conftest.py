"""Fixtures for every test: the servers' clients, a real mail server, and a browser where there is one."""

import pytest
import redis
from django.conf import settings

from tests.servers import chromium
from tests.sinks import SmtpSink


@pytest.fixture
def redis_client() -> redis.Redis:
    """This worker's Redis database, emptied."""
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.flushdb()
    return client


@pytest.fixture
def smtp_sink(monkeypatch: pytest.MonkeyPatch, settings):  # type: ignore[no-untyped-def]
    """A real SMTP server on a free port that Django's mail settings point at; `smtp_sink.messages` lists what came."""
    with SmtpSink() as sink:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = sink.host, sink.port
        yield sink


@pytest.fixture
def http_stub(httpserver):  # type: ignore[no-untyped-def]
    """A real HTTP server that plays a provider (pytest-httpserver)."""
    return httpserver


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, object]) -> dict[str, object]:
    """Debian's Chromium instead of a downloaded one."""
    return {**browser_type_launch_args, "executable_path": chromium(), "args": ["--no-sandbox"]}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses a page as a browser test, and skip it where there is no Chromium."""
    for item in items:
        if {"page", "browser", "context"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.browser)
            if chromium() is None:
                item.add_marker(pytest.mark.skip(reason="Chromium is missing"))
