"""Fixtures for every test: the servers' clients, a real mail server, and a browser where there is one."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django.conf import settings
from django.utils import translation
from pytest_django.fixtures import Settings
from pytest_httpserver import HTTPServer

from config.logs import settings as log_settings
from tests.sdks import node_sdks
from tests.servers import chromium
from tests.sinks import SmtpSink


@pytest.fixture(autouse=True)
def _in_english() -> None:
    """A page asked for in Chinese leaves its language to whatever runs next in the thread."""
    translation.activate("en")


class LogsOfTheRun(logging.Handler):
    """Reads every line that the tests make the product write, as it is written in production."""

    SECRET = re.compile(
        r"[\w.+-]+@[\w-]+\.\w|\b1[38]\d{9}\b|rgs_\w{20}|eyJ[\w-]{8,}\.|a long password|\bsecret=", re.I
    )

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        told = log_settings("WARNING")["formatters"]["json"]
        self.setFormatter(told.pop("()")(**told))
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        if self.SECRET.search(line):
            self.found.append(line[:500])


@pytest.fixture(scope="session")
def logs_of_the_run() -> LogsOfTheRun:
    handler = LogsOfTheRun()
    logging.getLogger().addHandler(handler)
    return handler


@pytest.fixture(autouse=True)
def _nobody_stands_in_the_log(logs_of_the_run: LogsOfTheRun) -> Iterator[None]:
    """No address, number, key, token or password of the tests' people in any line (docs/security.md)."""
    yield
    found, logs_of_the_run.found = logs_of_the_run.found, []
    assert found == []


@pytest.fixture
def redis_client() -> redis.Redis:
    """This worker's Redis database, emptied."""
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.flushdb()
    return client


@pytest.fixture
def smtp_sink(settings: Settings) -> Iterator[SmtpSink]:
    """A real SMTP server that Django's mail settings point at; `smtp_sink.messages` lists what came."""
    with SmtpSink() as sink:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = sink.host, sink.port
        yield sink


@pytest.fixture
def http_stub(httpserver: HTTPServer) -> HTTPServer:
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


@pytest.fixture(scope="session")
def node_folder() -> Path:
    """Where `node` finds the Segment and RudderStack SDKs (tests/sdk_node); skips where it cannot."""
    folder = node_sdks()
    if folder is None:
        pytest.skip("Node or its packages are missing")
    return folder
