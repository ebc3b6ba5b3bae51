"""W7 and W9: every report page as an operator opens it in the morning, after the figures of the day and the answers are
there: seconds of server time and queries, the page itself and each of its parts."""

import time
from collections.abc import Iterator
from datetime import datetime

from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from benchmarks.figure import Figure
from benchmarks.w7_reports import with_moves
from config.kit import clock
from config.kit.batches import execute
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


def figures(size: str) -> Iterator[Figure]:
    """What the jobs prepare, for information; then every page of the shelves."""
    execute("SET statement_timeout = 0")
    now = clock.now()
    with_moves(now)
    yield from _jobs(now)
    call_command("collectstatic", verbosity=0, interactive=False)
    client = Client(headers={"Accept-Language": "en"}, SERVER_NAME="localhost")
    told = {"role": Role.OWNER, "is_staff": True}
    client.force_login(Operator.objects.get_or_create(username="bench", defaults=told)[0])
    for report in (report for shelf in SHELVES for report in shelf.reports):
        for part in ("", *PARTS.get(report.page, ())):
            yield _opened(client, report.page, part)


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


def _opened(client: Client, page: str, part: str) -> Figure:
    """The second of two openings: the first may still load templates."""
    headers = {"HX-Request": "true", "HX-Target": part} if part else {}
    address = reverse(page)
    client.get(address, headers=headers)
    with CaptureQueriesContext(connection) as queries:
        began = time.perf_counter()
        response = client.get(address, headers=headers)
        seconds = time.perf_counter() - began
    assert response.status_code == 200, (address, response.status_code)
    name = f"{address} {part}".strip()
    return Figure("W7p", f"{name} ({len(queries)} queries)", seconds, goal="≤ 1 s", met=seconds <= LIMIT)
