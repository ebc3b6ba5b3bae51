"""W7: the reports on retention, value and funnels and the portrait, against hand-written SQL for the same question.

Each question is computed anew for the ratio (``live``), and asked again as an operator does after the morning's run
(``page``), where heavy rows are kept for the shop's day.
"""

import time
from collections.abc import Callable, Iterator
from datetime import datetime

from benchmarks.figure import Figure, at_most
from config.kit import clock
from config.kit.batches import execute, fetch
from users.groups import read_group
from users.models import ReportResult
from users.reports import cohorts, funnel, ltv, portrait, retained, retention, stored
from users.reports.cohorts import Start

ZONE = "'Asia/Shanghai'"
STARTED = f"""
    SELECT s.customer_id, (s.{{start}} AT TIME ZONE {ZONE})::date AS began,
           (s.last_activity_at AT TIME ZONE {ZONE})::date AS last
    FROM users_standing s JOIN users_customer c ON c.id = s.customer_id
    WHERE c.identified AND c.erased_at IS NULL AND s.{{start}} >= %(begin)s"""
ACTIVITY, ORDER = STARTED.format(start="first_activity_at"), STARTED.format(start="first_order_at")
ON = f"""
    WITH began AS MATERIALIZED ({ACTIVITY}), seen AS (
        SELECT customer_id, date_trunc('month', day::timestamp) AS month FROM users_customerday GROUP BY 1, 2)
    SELECT date_trunc('month', began::timestamp), month, count(*)
    FROM began JOIN seen USING (customer_id) GROUP BY 1, 2"""
AFTER = f"""
    SELECT date_trunc('month', began::timestamp), date_trunc('month', last::timestamp), count(*)
    FROM ({ACTIVITY}) a GROUP BY 1, 2"""
RETAINED = f"""
    SELECT c.channel_id, count(*), count(*) FILTER (WHERE a.last - a.began >= 30)
    FROM ({ACTIVITY}) a JOIN users_customer c ON c.id = a.customer_id GROUP BY 1"""
VALUE = f"""
    WITH began AS MATERIALIZED ({ORDER})
    SELECT date_trunc('month', began::timestamp),
           date_trunc('month', (o.ordered_at AT TIME ZONE {ZONE})::date::timestamp),
           count(DISTINCT o.customer_id), sum(o.net)
    FROM began JOIN users_order o USING (customer_id) WHERE o.counts GROUP BY 1, 2"""
FUNNEL = """
    SELECT count(*), count(before) FROM (
        SELECT type_id, lag(occurred_at) OVER (PARTITION BY customer_id ORDER BY occurred_at) AS before
        FROM users_event WHERE occurred_at >= %(begin)s AND type_id IN (
            SELECT id FROM users_eventtype
            WHERE name IN ('Product Viewed', 'Product Added', 'Checkout Started', 'Order Completed'))) AS walk"""


def figures(size: str) -> Iterator[Figure]:
    """Every report over the longest usual period, then as the page is opened."""
    execute("SET statement_timeout = 0")
    now = clock.now()
    usual = stored.SLOW
    for name, question, bare, days in _questions(now):
        stored.SLOW = float("inf")
        live = _seconds(question)
        yardstick = _seconds(lambda bare=bare, days=days: fetch(bare, {"begin": days}))  # type: ignore[misc]
        yield at_most("W7", f"{name}, live", value=live, yardstick=yardstick, limit=1.5)
        stored.SLOW = usual
        question()
        page = _seconds(question)
        yield Figure("W7p", f"{name}, page", page, goal="≤ 1 s", met=page <= 1)
    ReportResult.objects.all().delete()
    group = read_group("stage?stage=active", now)
    page = _seconds(lambda: portrait.compute(group, None))
    yield Figure("W7p", "portrait of a stage, page", page, goal="≤ 1 s", met=page <= 1)


def _questions(now: datetime) -> Iterator[tuple[str, Callable[[], object], str, datetime]]:
    monthly = retention.read({"grain": "month"}, now)
    after = retention.read({"grain": "month", "mode": "after"}, now)
    value = ltv.read({}, now)
    channels = cohorts.read_whom({"by": "channel"})
    span = retained.read_span({"period": "365"}, now)
    steps = funnel.read({"preset": "shopping"}, now)
    begin = cohorts.span(monthly.cohorts, monthly.grain).begin
    yield "retention by month, a year", lambda: retention.compute(monthly, now), ON, begin
    yield "retention on or after, a year", lambda: retention.compute(after, now), AFTER, begin
    yield "value by cohort, a year", lambda: ltv.compute(value, now), VALUE, begin
    yield (
        "retained users by channel, a year",
        lambda: retained.compute(Start.ACTIVITY, span, channels, now),
        RETAINED,
        span.begin,
    )
    yield "funnel of four steps, 30 days", lambda: funnel.compute(steps, now), FUNNEL, steps.period.begin


def _seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began
