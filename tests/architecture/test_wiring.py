"""Gate: what is named somewhere exists there: jobs, settings, queues, lock files."""

import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from celery import current_app
from django.conf import settings

from config.schedule import QUEUES, SCHEDULE
from tests.architecture.locks import PIN, problems
from tests.architecture.test_layers import imported

BASE = Path(__file__).resolve().parents[2]
READERS = re.compile(r"env\.(?:text|flag|whole|words|one_of|folder|secret)\(\s*\"([A-Z_]+)\"")


@pytest.mark.parametrize("name", SCHEDULE)
def test_every_scheduled_job_exists(name: str) -> None:
    current_app.loader.import_default_modules()
    assert SCHEDULE[name]["task"] in current_app.tasks
    assert SCHEDULE[name]["options"]["queue"] in QUEUES


def test_every_queue_has_a_worker() -> None:
    from config.run import lasting

    served = re.findall(r"-Q (\S+)", " ".join(lasting().values()))
    assert sorted(",".join(served).split(",")) == sorted(QUEUES)


@pytest.mark.parametrize("name", sorted(set(READERS.findall((BASE / "config" / "settings.py").read_text()))))
def test_every_setting_is_documented(name: str) -> None:
    assert f"`{name}`" in (BASE / "docs" / "running.md").read_text()


def test_the_lock_files_are_clean() -> None:
    assert (
        problems((BASE / "requirements.lock").read_text(), (BASE / "tests/requirements.lock").read_text())
        == []
    )


def test_tasks_end_before_they_are_redelivered() -> None:
    assert settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"] > settings.CELERY_TASK_TIME_LIMIT


def test_no_template_loads_from_elsewhere() -> None:
    foreign = re.compile(r"""(?:src|href)=["'](?:https?:)?//""")
    found = [
        str(path.relative_to(BASE))
        for path in BASE.rglob("templates/**/*.html")
        if "node_modules" not in path.parts
        and "site-packages" not in path.parts
        and re.search(foreign, path.read_text())
    ]
    assert found == []


def test_no_paragraph_holds_a_form() -> None:
    """A browser ends the paragraph there, and what follows stands outside of it."""
    paragraph = re.compile(r"<p(?:\s[^>]*)?>(?:(?!</p>).)*?(?:<form|components/action\.html)", re.DOTALL)
    found = [
        str(path.relative_to(BASE))
        for path in (BASE / "templates").rglob("*.html")
        if paragraph.search(path.read_text())
    ]
    assert found == []


def test_what_the_product_imports_is_installed_by_make_run() -> None:
    """A library of the tests only would be missing where the product runs."""
    own = {"config", "users", "segments", "campaigns", "growth", "feedback"}
    pinned = {canonical(name) for name, _version in PIN.findall((BASE / "requirements.lock").read_text())}
    distributions = packages_distributions()
    used = {
        (name.split(".")[0], str(path.relative_to(BASE)))
        for app in own
        for path in (BASE / app).rglob("*.py")
        for name in imported(path)
    }
    missing = sorted(
        f"{path} imports {top}"
        for top, path in used
        if top not in own | sys.stdlib_module_names
        and not {canonical(found) for found in distributions.get(top, [])} & pinned
    )
    assert missing == []


def canonical(name: str) -> str:
    """A distribution's name as the index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
