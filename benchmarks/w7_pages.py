"""W7 and W9: every page as an operator opens it in the morning, after the figures of the day and the answers are there:
seconds of server time and queries, the page itself and each of its parts; at L against the same pages at S."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from benchmarks.data import database
from benchmarks.figure import Figure, at_most
from benchmarks.w7_reports import with_moves
from config.kit import clock
from config.kit.batches import execute, fetch
from users.admin.reports import SHELVES
from users.models import Operator, Role
from users.reports import figures as home
from users.reports import prepared, reach, rollups
from users.services.value import compute

PARTS = {
    "users:activity": ("phases",),
    "users:flows": ("moving",),
    "users:features": ("use", "visits"),
}
LIMIT = 1.0
WORKED_ON = (
    "users:home", "users:customers", "users:moves", "users:orders", "users:products", "users:active", "users:tags",
    "users:imports", "users:jobs", "users:dead_letters", "users:audit", "segments:list", "segments:create",
    "segments:ready", "segments:lineage", "segments:runs", "campaigns:list", "campaigns:recent", "growth:home",
    "growth:holders", "feedback:inbox",
)  # fmt: skip


def figures(size: str) -> Iterator[Figure]:
    """What the jobs prepare, for information; then every page, and at L the same pages of the small shop."""
    now = clock.now()
    with_moves(now)
    yield from _jobs(now)
    call_command("collectstatic", verbosity=0, interactive=False)
    opened = []
    for page in _pages():
        opened.append(page)
        met = page.seconds <= LIMIT
        yield Figure("W7p", f"{page.name} ({page.queries} queries)", page.seconds, goal="≤ 1 s", met=met)
    if size == "L":
        with database("S"):
            now = clock.now()
            with_moves(now)
            list(_jobs(now))
            small = list(_pages())
        for large, little in zip(opened, small, strict=True):
            assert large.name == little.name
            name = f"{large.name} ({little.queries} queries at S, {large.queries} at L)"
            yield at_most("W9", name, value=large.seconds, yardstick=little.seconds, limit=1.5)


def _jobs(now: datetime) -> Iterator[Figure]:
    began = time.perf_counter()
    compute(now)
    execute("ANALYZE users_customervalue")
    yield Figure("W7j", "figures of the day", time.perf_counter() - began)
    began = time.perf_counter()
    home.compute(now, days=home.SHOWN_DAYS)
    reach.compute(now)
    rollups.count_all(now)
    yield Figure("W7j", "roll-ups of all days", time.perf_counter() - began)
    longest, began = 0.0, time.perf_counter()
    while (run := time.perf_counter()) and prepared.prepare(now)["left"]:
        longest = max(longest, time.perf_counter() - run)
    yield Figure("W7j", "answers prepared", time.perf_counter() - began)
    yield Figure("W7j", "answers prepared, the longest run", longest, goal="≤ 27 s", met=longest <= 27)


def _pages() -> Iterator["Opened"]:
    """The reports of all shelves with their parts, then the pages an operator works on."""
    execute("SET statement_timeout = 0")
    client = Client(headers={"Accept-Language": "en"}, SERVER_NAME="localhost")
    told = {"role": Role.OWNER, "is_staff": True}
    client.force_login(Operator.objects.get_or_create(username="bench", defaults=told)[0])
    reports = [report.page for shelf in SHELVES for report in shelf.reports]
    for page in reports:
        for part in ("", *PARTS.get(page, ())):
            yield _opened(client, reverse(page), part)
    for page in WORKED_ON:
        yield _opened(client, reverse(page))
    ((someone,),) = fetch("SELECT max(customer_id) FROM users_standing WHERE orders > 3")
    yield _opened(client, reverse("users:customer", args=[someone]), name="a customer")
    yield _opened(client, f"{reverse('users:customers')}?q=user-77")
    yield _opened(client, f"{reverse('users:search')}?q=region 7")


@dataclass(frozen=True, slots=True)
class Opened:
    """A page that was opened: its name, seconds of server time, and how many queries it made."""

    name: str
    seconds: float
    queries: int


def _opened(client: Client, address: str, part: str = "", name: str = "") -> Opened:
    """The best of three openings after the first, which may still load templates."""
    headers = {"HX-Request": "true", "HX-Target": part} if part else {}
    client.get(address, headers=headers)
    seconds = []
    for _turn in range(3):
        with CaptureQueriesContext(connection) as queries:
            began = time.perf_counter()
            response = client.get(address, headers=headers)
            seconds.append(time.perf_counter() - began)
        assert response.status_code == 200, (address, response.status_code)
    return Opened(name or f"{address} {part}".strip(), min(seconds), len(queries))
