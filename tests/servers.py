"""A PostgreSQL and a Redis of the tests' own, started once per session and shared by its workers.

Loaded as a pytest plugin (`-p tests.servers`) because the settings are read before any conftest.py: on
import it only chooses folders and sets the environment, the servers start when pytest is configured. Each
xdist worker has a database (suffix of its name) and a Redis database number of its own. Nothing of `make run`
is read or touched.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

from config import places
from config.embedded import FOR_TESTS, Servers
from config.translations import compile_catalogues

HOME = "REGULARS_TEST_HOME"
UNSET = ("EMAIL_URL", "PUBLIC_URL", "ALLOWED_HOSTS", "METRICS_TOKEN", "SENTRY_DSN", "DEBUG", "BEHIND_PROXY")
FIRST = HOME not in os.environ


def worker_number() -> int:
    """0 without xdist, else 1, 2, … ; also the number of the Redis database."""
    name = os.environ.get("PYTEST_XDIST_WORKER", "")
    return int(name.removeprefix("gw")) + 1 if name else 0


def choose_environment() -> Path:
    """Point every setting at the tests' own folder, before Django reads one."""
    if FIRST:
        os.environ[HOME] = tempfile.mkdtemp(prefix="regulars-test-", dir=places_for_sockets())
    home = Path(os.environ[HOME])
    for name in UNSET:
        os.environ.pop(name, None)
    os.environ.update(
        {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "REGULARS_DATA": str(home / f"data{worker_number()}"),
            "DATABASE_URL": places.postgres_url(home),
            "REDIS_URL": places.redis_url(home, worker_number()),
            "SECRET_KEY": "only-for-tests-" + "x" * 60,
            "DEMO": "0",
            "STATIC_MANIFEST": "0",
            "EMAIL_URL": "smtp://127.0.0.1:1",
            "LOG_LEVEL": "WARNING",
            "DJANGO_ALLOW_ASYNC_UNSAFE": "1",  # Playwright runs its own loop in the tests' thread.
        }
    )
    return home


def places_for_sockets() -> str:
    """A short temporary folder that other users may pass."""
    return "/tmp" if os.path.isdir("/tmp") else tempfile.gettempdir()


TEST_HOME = choose_environment()
if FIRST:
    compile_catalogues(Path(__file__).resolve().parent.parent / "locale")
SERVERS = Servers(TEST_HOME, settings=FOR_TESTS)
SERVERS.postgres.tied_to_parent = True
SERVERS.redis.tied_to_parent = True


def environment_of(database: str) -> dict[str, str]:
    """The environment for a process of its own (worker, beat, web) that works on the test's database."""
    return {**os.environ, "DATABASE_URL": places.postgres_url(TEST_HOME, database)}


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers, once, in the process that began the session."""
    if FIRST and not config.option.collectonly:
        SERVERS.start()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers and throw their data away."""
    if FIRST:
        SERVERS.stop()
        shutil.rmtree(TEST_HOME, ignore_errors=True)
        os.environ.pop(HOME, None)


def chromium() -> str | None:
    """The browser of this machine, if it has one."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say in one line when the browser tests are left out."""
    python = ".".join(map(str, sys.version_info[:3]))
    browser = chromium()
    missing = "Chromium is missing: the browser tests are skipped (apt-get install chromium)."
    return [
        f"regulars: Python {python}, servers in {TEST_HOME.name}, "
        + ("Chromium found" if browser else missing)
    ]
