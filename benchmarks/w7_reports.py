"""W7: the reports against hand-written SQL for the same question over the same tables, in processor time.

Each question is computed anew (``live``), whatever is kept; ``w7_pages`` opens the pages. Where the two give the same
kind of rows, their figures are compared, too: a statement that answers something else is no yardstick.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings

from benchmarks import w1s_stages
from benchmarks.figure import FLOOR, Figure, at_most
from benchmarks.processor import Meter
from config.kit import clock
from config.kit.batches import execute, fetch
from users.models import EventType, StageMove
from users.reports import channels, cohorts, features, flows, funnel, ltv, retained, retention, stored
from users.reports.cohorts import Grain, Start
from users.reports.periods import Period

COUNTS = "c.identified AND c.erased_at IS NULL"
STARTED = f"""
    SELECT s.customer_id, c.channel_id, (s.{{start}} AT TIME ZONE %(zone)s)::date AS began,
           (s.last_activity_at AT TIME ZONE %(zone)s)::date AS last
    FROM users_standing s JOIN users_customer c ON c.id = s.customer_id
    WHERE {COUNTS} AND s.{{start}} >= %(begin)s AND s.{{start}} < %(end)s"""
ACTIVITY, ORDER = STARTED.format(start="first_activity_at"), STARTED.format(start="first_order_at")
ON = f"""
    WITH began AS MATERIALIZED ({ACTIVITY}), seen AS (
        SELECT DISTINCT customer_id, date_trunc('month', day::timestamp) AS month FROM users_customerday)
    SELECT date_trunc('month', began::timestamp), month, count(*)
    FROM began JOIN seen USING (customer_id) GROUP BY 1, 2"""
AFTER = f"""
    SELECT date_trunc('month', began::timestamp), date_trunc('month', last::timestamp), count(*)
    FROM ({ACTIVITY}) a GROUP BY 1, 2"""
RETAINED = f"""
    SELECT channel_id, count(*), count(*) FILTER (WHERE last - began >= 30) FROM ({ACTIVITY}) a GROUP BY 1"""
VALUE = f"""
    WITH began AS MATERIALIZED ({ORDER})
    SELECT date_trunc('month', began::timestamp),
           date_trunc('month', (o.ordered_at AT TIME ZONE %(zone)s)::date::timestamp),
           count(DISTINCT o.customer_id), sum(o.net)
    FROM began JOIN users_order o USING (customer_id) WHERE o.counts GROUP BY 1, 2"""
CHANNELS = f"""
    WITH buyer AS MATERIALIZED (
        SELECT s.customer_id, c.channel_id FROM users_standing s JOIN users_customer c ON c.id = s.customer_id
        WHERE s.first_order_at >= %(begin)s AND s.first_order_at < %(end)s)
    SELECT c.channel_id, NULL::date, count(*), count(*) FILTER (
        WHERE (s.last_activity_at AT TIME ZONE %(zone)s)::date - (c.registered_at AT TIME ZONE %(zone)s)::date >= 30)
    FROM users_customer c JOIN users_standing s ON s.customer_id = c.id
    WHERE {COUNTS} AND c.registered_at >= %(begin)s AND c.registered_at < %(end)s GROUP BY 1
    UNION ALL SELECT channel_id, NULL, count(*), 0 FROM buyer GROUP BY 1
    UNION ALL SELECT channel_id, (ordered_at AT TIME ZONE %(zone)s)::date, sum(net)::bigint, 0
    FROM buyer JOIN users_order o USING (customer_id) WHERE o.counts GROUP BY 1, 2
    UNION ALL SELECT NULL, NULL, sum(net)::bigint, 0 FROM users_order WHERE counts
    UNION ALL SELECT NULL, NULL, sum(revenue)::bigint, 0 FROM users_standing
    WHERE first_order_at < %(begin)s OR first_order_at >= %(end)s"""
# Depth only: no time between steps.
FUNNEL = f"""
    WITH onward AS MATERIALIZED (
        SELECT DISTINCT customer_id FROM users_event
        WHERE type_id = %(added)s AND occurred_at >= %(begin)s AND occurred_at < %(end)s + %(within)s
    ), told AS (
        SELECT customer_id AS id, occurred_at AS at, type_id FROM users_event
        WHERE ((type_id = %(viewed)s AND occurred_at >= %(begin)s AND occurred_at < %(end)s) OR (
                   type_id IN (%(added)s, %(began)s, %(ordered)s)
                   AND occurred_at >= %(begin)s AND occurred_at < %(end)s + %(within)s))
          AND customer_id IN (SELECT customer_id FROM onward)
    ), one AS (
        SELECT *, CASE type_id WHEN %(viewed)s THEN at
                  WHEN %(added)s THEN max(at) FILTER (WHERE type_id = %(viewed)s) OVER w END AS s
        FROM told WINDOW w AS (PARTITION BY id ORDER BY at GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    ), two AS (
        SELECT *, CASE WHEN type_id = %(began)s
                       THEN max(s) FILTER (WHERE type_id = %(added)s AND at - s <= %(within)s) OVER w END AS s2
        FROM one WINDOW w AS (PARTITION BY id ORDER BY at GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    ), three AS (
        SELECT *, CASE WHEN type_id = %(ordered)s
                       THEN max(s2) FILTER (WHERE at - s2 <= %(within)s) OVER w END AS s3
        FROM two WINDOW w AS (PARTITION BY id ORDER BY at GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    ), depth AS (
        SELECT id, greatest(
            max(1) FILTER (WHERE type_id = %(viewed)s),
            max(2) FILTER (WHERE type_id = %(added)s AND at - s <= %(within)s),
            max(3) FILTER (WHERE at - s2 <= %(within)s), max(4) FILTER (WHERE at - s3 <= %(within)s)) AS depth
        FROM three GROUP BY id
        UNION ALL
        SELECT DISTINCT customer_id, 1 FROM users_event
        WHERE type_id = %(viewed)s AND occurred_at >= %(begin)s AND occurred_at < %(end)s
          AND customer_id NOT IN (SELECT customer_id FROM onward)
    )
    SELECT depth, count(*) FROM depth JOIN users_customer c USING (id) WHERE {COUNTS} AND depth > 0 GROUP BY 1"""
FEATURES = f"""
    SELECT type_id, count(*) FILTER (WHERE lately), count(*) FILTER (WHERE before)
    FROM (
        SELECT type_id, customer_id, bool_or(occurred_at >= %(begin)s) AS lately,
               bool_or(occurred_at < %(begin)s) AS before
        FROM users_event
        WHERE type_id = ANY(%(types)s) AND occurred_at >= %(earlier)s AND occurred_at < %(end)s GROUP BY 1, 2
        UNION ALL
        SELECT NULL, customer_id, bool_or(day >= %(first)s), bool_or(day < %(first)s)
        FROM users_customerday WHERE day BETWEEN %(earliest)s AND %(last)s GROUP BY customer_id
    ) AS used JOIN users_customer c ON c.id = used.customer_id WHERE {COUNTS} GROUP BY 1"""
VISITS = f"""
    WITH paused AS (
        SELECT customer_id, occurred_at, type_id, occurred_at - lag(occurred_at) OVER (
            PARTITION BY customer_id ORDER BY occurred_at) AS pause
        FROM users_event
        WHERE type_id = ANY(%(types)s) AND occurred_at >= %(since)s AND occurred_at < %(upto)s
    ), numbered AS (
        SELECT customer_id, occurred_at, type_id,
               sum((pause IS NULL OR pause >= interval '30 minutes')::int) OVER (
                   PARTITION BY customer_id ORDER BY occurred_at) AS number
        FROM paused
    ), visit AS (
        SELECT customer_id, floor(extract(epoch FROM max(occurred_at) - min(occurred_at)))::int AS seconds,
               count(*) AS events, count(*) FILTER (WHERE type_id = ANY(%(pages)s)) AS pages
        FROM numbered GROUP BY customer_id, number
        HAVING min(occurred_at) >= %(begin)s AND min(occurred_at) < %(end)s
           AND max(occurred_at) + interval '30 minutes' <= least(%(now)s, %(upto)s)
    ), known AS MATERIALIZED (SELECT visit.* FROM visit JOIN users_customer c ON c.id = customer_id WHERE {COUNTS})
    SELECT seconds, events, pages, count(*) FROM known GROUP BY GROUPING SETS ((seconds), (events), (pages))
    UNION ALL SELECT NULL, NULL, NULL, count(DISTINCT customer_id) FROM known"""
FLOWS = f"""
    WITH mover AS (
        SELECT DISTINCT ON (customer_id) customer_id, from_stage AS start FROM users_stagemove
        WHERE superseded_at IS NULL AND at >= %(begin)s AND at <= %(now)s ORDER BY customer_id, at
    ), done AS (
        SELECT DISTINCT ON (customer_id) customer_id, to_stage AS finish FROM users_stagemove
        WHERE superseded_at IS NULL AND at >= %(begin)s AND at < %(end)s ORDER BY customer_id, at DESC)
    SELECT CASE WHEN least(c.first_seen_at, s.first_activity_at) >= %(begin)s THEN ''
                ELSE coalesce(start, stage) END, coalesce(finish, start, stage), count(*)
    FROM users_customer c JOIN users_standing s ON s.customer_id = c.id
    LEFT JOIN mover ON mover.customer_id = c.id LEFT JOIN done ON done.customer_id = c.id
    WHERE {COUNTS} AND least(c.first_seen_at, s.first_activity_at) < %(end)s GROUP BY 1, 2"""


Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Question:
    """A report's question, and the statement that answers it by hand."""

    name: str
    ask: Callable[[], Any]
    bare: str
    values: dict[str, Any]
    told: Callable[[Any], Any] | None = None
    """The report's figures as ``by_hand`` has them of the statement's rows; None: not compared."""
    by_hand: Callable[[Rows], Any] = dict


def figures(size: str) -> Iterator[Figure]:
    """Every report over the longest usual period, computed anew."""
    execute("SET statement_timeout = 0")
    now = clock.now()
    with_moves(now)
    usual, kept = stored.SLOW, stored._kept
    stored.SLOW, stored._kept = float("inf"), lambda key, now: None
    meter = Meter()
    try:
        for question in (*_of_cohorts(now), *_of_events(now)):
            yield from _beside_each_other(question, meter)
    finally:
        stored.SLOW, stored._kept = usual, kept


def _beside_each_other(question: Question, meter: Meter) -> Iterator[Figure]:
    """By turns, the better of two of each after a first one that warms the pages; then whether they say the same."""
    live, bare = [], []
    rows = fetch(question.bare, question.values)
    answer = question.ask()
    for _turn in range(2):
        live.append(_seconds(meter, question.ask))
        bare.append(_seconds(meter, lambda: fetch(question.bare, question.values)))
    yield at_most(
        "W7",
        f"{question.name}, live",
        value=min(live),
        yardstick=min(bare),
        limit=1.5,
        floor=FLOOR,
        unit="s CPU",
    )
    if question.told is not None:
        same = question.told(answer) == question.by_hand(rows)
        yield Figure("W7", f"{question.name}: figures that differ", int(not same), "", goal="0", met=same)


def with_moves(now: datetime) -> None:
    """Have everybody's stages and moves derived, unless they are."""
    if not StageMove.objects.exists():
        w1s_stages._from_scratch(now)
        execute("VACUUM (ANALYZE) users_standing, users_stagemove")


def _of_cohorts(now: datetime) -> Iterator[Question]:
    monthly = retention.read({"grain": "month"}, now)
    after = retention.read({"grain": "month", "mode": "after"}, now)
    value = ltv.read({}, now)
    year = cohorts.span(monthly.cohorts, monthly.grain)
    yield Question(
        "retention by month, a year",
        lambda: retention.compute(monthly, now),
        ON,
        _days(year),
        _kept_of_cohorts,
        _later_months,
    )
    yield Question("retention on or after, a year", lambda: retention.compute(after, now), AFTER, _days(year))
    yield Question("value by cohort, a year", lambda: ltv.compute(value, now), VALUE, _days(year))
    span = retained.read_span({"period": "365"}, now)
    whom = cohorts.read_whom({"by": "channel"})
    yield Question(
        "retained users by channel, a year",
        lambda: retained.compute(Start.ACTIVITY, span, whom, now),
        RETAINED,
        _days(span),
    )
    period = channels.last_days(now, 365)
    yield Question("channels, a year", lambda: channels.profit_and_loss(period, now), CHANNELS, _days(period))


def _of_events(now: datetime) -> Iterator[Question]:
    month, quarter = channels.last_days(now, 30), channels.last_days(now, 90)
    steps = funnel.read({"preset": "shopping"}, now)
    types = dict(EventType.objects.filter(name__in=funnel.SHOPPING).values_list("name", "pk"))
    named = dict(
        zip(("viewed", "added", "began", "ordered"), (types[name] for name in funnel.SHOPPING), strict=True)
    )
    yield Question(
        "funnel of four steps, 30 days",
        lambda: funnel.compute(steps, now),
        FUNNEL,
        _days(steps.period) | named | {"within": timedelta(days=7)},
    )
    used, visited = features.use_question(month), features.visits_question(month)
    yield Question(
        "features in use, 30 days",
        lambda: features.use(month, now, {}),
        FEATURES,
        dict(used.values),
        _used,
        set,
    )
    yield Question(
        "visits, 30 days",
        lambda: features.visits(month, now, {}),
        VISITS,
        {**visited.values, "now": now},
        _visited,
        _visited_by_hand,
    )
    yield Question(
        "flows between stages, 90 days",
        lambda: flows.transitions(quarter, now),
        FLOWS,
        _days(quarter) | {"now": now},
        _between_stages,
        set,
    )


def _days(period: Period) -> dict[str, Any]:
    return {"begin": period.begin, "end": period.end, "zone": settings.SHOP_TIME_ZONE}


def _seconds(meter: Meter, act: Callable[[], object]) -> float:
    began = meter.read()
    act()
    return meter.read() - began


def _kept_of_cohorts(found: retention.Retention) -> dict[tuple[date, date], int]:
    """Cohort and month → who was active, of the cells that have begun."""
    return {
        (Grain.MONTH.begin(row.cohort), Grain.MONTH.begin(row.cohort + slot.first)): stay.kept
        for row in found.rows
        for slot, stay in zip(found.asked.slots, row.stays, strict=True)
        if stay.kept
    }


def _later_months(rows: Rows) -> dict[tuple[date, date], int]:
    """The same of the statement, up to a year later; that a customer was active when he began is no figure."""
    return {
        (began.date(), seen.date()): customers
        for began, seen, customers in rows
        if 0 < Grain.MONTH.ordinal(seen.date()) - Grain.MONTH.ordinal(began.date()) <= 12
    }


def _used(found: features.Use) -> set[tuple[int | None, int, int]]:
    listed = {(one.type_id, one.customers, one.before) for one in found.features}
    return listed | {(None, found.active, found.active_before)}


def _visited(found: features.Visits) -> list[dict[int, int]]:
    return [dict(found.seconds), dict(found.events), dict(found.pages), {0: found.customers}]


def _visited_by_hand(rows: Rows) -> list[dict[int, int]]:
    lengths = [{row[place]: row[3] for row in rows if row[place] is not None} for place in range(3)]
    return [*lengths, {0: next(row[3] for row in rows if row[:3] == (None, None, None))}]


def _between_stages(found: flows.Transitions) -> set[tuple[str, str, int]]:
    return {(start, finish, customers) for (start, finish), customers in found.customers.items()}
