"""Asking a rule about the past: on one date with what those customers did afterwards, and as a series over a year."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from django.db import transaction
from django.utils.translation import gettext as _

from config.kit.batches import fetch
from config.kit.refusal import Refusal
from segments.models import Backtest, Segment
from segments.rules.as_of import AsOf
from segments.rules.parse import parse
from segments.services.affected import ids
from segments.services.preview import check_cost, within_seconds
from users.models import LongJob, Operator
from users.reports.figures import today_in_shop
from users.reports.periods import midnight
from users.services import audit, long_jobs
from users.services.long_jobs import Chunk, runs

KIND = "segments.backtest"
SECONDS = 20
"""For one date on a page; the job has as long for each of its dates."""
KEPT = 50
"""Backtests that are kept; older ones make room."""
WEEKS, MONTHS = 52, 12
Every = Literal["week", "month"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Who would have been selected at the beginning of a day, and what they did in the days after it.

    ``still``: of them selected today. ``ordered``, ``revenue`` (net, minor units), ``churned``: within the days.
    """

    selected: int
    still: int
    ordered: int
    revenue: int
    churned: int


@dataclass(frozen=True, slots=True)
class Beside:
    """Two rules on one date."""

    both: int
    one_only: int
    other_only: int


@transaction.atomic
def begin(
    *,
    title: str,
    rule: Any,
    by: Operator | None,
    now: datetime,
    segment: Segment | None = None,
    other_title: str = "",
    other_rule: Any = None,
    every: Every = "month",
) -> Backtest:
    """Keep the question and start the series over the past year. Raises Refusal for a rule that cannot be read."""
    read = parse(rule)
    other = parse(other_rule) if other_rule is not None else None
    for asked in (read, other):
        if asked is not None:
            check_cost(asked.customers(AsOf(now, past=True)))
    days = series_days(now, every)
    made = Backtest(
        title=title.strip()[:200] or str(_("A rule not saved")), segment=segment, rule=read.write(),
        other_title=other_title[:200], other_rule=other.write() if other else None, every=every,
        made_at=now, made_by=by,
    )  # fmt: skip
    made.save()
    made.job = long_jobs.start(
        KIND,
        title=lambda: _("Backtest: %(what)s") % {"what": made.title},
        by=by,
        parameters={"backtest": made.pk, "days": [day.isoformat() for day in days]},
        total=len(days),
    )
    made.save(update_fields=["job"])
    audit.record("segment.backtest", by=by, target=segment, after={"title": made.title})
    older = Backtest.objects.order_by("-pk").values_list("pk", flat=True)[KEPT:]
    Backtest.objects.filter(pk__in=list(older)).delete()
    return made


def series_days(now: datetime, every: Every) -> list[date]:
    """The days of the series, shop zone: Mondays or firsts of the past year, oldest first."""
    today = today_in_shop(now)
    if every == "week":
        monday = today - timedelta(days=today.weekday())
        return [monday - timedelta(weeks=back) for back in range(WEEKS - 1, -1, -1)]
    months = [today.year * 12 + today.month - 1 - back for back in range(MONTHS, -1, -1)]
    return [date(month // 12, month % 12 + 1, 1) for month in months]


@runs(KIND)
def series_chunk(job: LongJob, now: datetime) -> Chunk:
    """The next date of the series."""
    made = Backtest.objects.filter(pk=job.parameters["backtest"]).first()
    days, at = job.parameters["days"], job.parameters.get("at", 0)
    if made is None or at >= len(days):
        return Chunk(finished=True)
    instant = midnight(date.fromisoformat(days[at]))
    with within(SECONDS * 3):
        size = selected(made.rule, instant).count()
        other = None if made.other_rule is None else selected(made.other_rule, instant).count()
    made.points = [*made.points, [days[at], size, other]]
    made.save(update_fields=["points"])
    return Chunk(done=1, step=days[at], parameters={"at": at + 1}, finished=at + 1 == len(days))


def selected(rule: Any, instant: datetime) -> Any:
    """The customers whom the JSON of a rule would have selected at a past instant, as a query of ids."""
    return parse(rule).customers(AsOf(instant, past=True)).values("pk")


def outcome(rule: Any, instant: datetime, days: int, now: datetime) -> Outcome:
    """What came of those selected at an instant within so many days. Raises Refusal when it costs too much."""
    then, now_too = selected(rule, instant), parse(rule).customers(AsOf(now)).values("pk")
    with within(SECONDS):
        check_cost(then)
        chosen, bound = ids(then)
        today, bound_today = ids(now_too)
        end = instant + timedelta(days=days)
        ((found, still, ordered, revenue, churned),) = fetch(
            _OUTCOME.format(chosen=chosen, today=today),
            [*bound, *bound_today, instant, end, instant, end],
        )
    return Outcome(found, still, ordered, int(revenue), churned)


# The selected are found once; what each did afterwards is looked up by customer, in the order of their ids.
_OUTCOME = """
WITH chosen (id) AS MATERIALIZED ({chosen}), today (id) AS MATERIALIZED ({today})
SELECT count(*), count(*) FILTER (WHERE id IN (SELECT id FROM today)), count(bought.orders),
       coalesce(sum(bought.net), 0), count(*) FILTER (WHERE lost.is_lost)
FROM chosen
CROSS JOIN LATERAL (
    SELECT nullif(count(*), 0) AS orders, sum(net) AS net FROM users_order placed
    WHERE placed.customer_id = chosen.id AND placed.counts AND placed.ordered_at >= %s AND placed.ordered_at < %s
) AS bought
CROSS JOIN LATERAL (
    SELECT EXISTS (
        SELECT FROM users_stagemove move WHERE move.customer_id = chosen.id AND move.to_stage = 'churned'
          AND move.superseded_at IS NULL AND move.at >= %s AND move.at < %s
    ) AS is_lost
) AS lost
"""


def beside(rule: Any, other: Any, instant: datetime) -> Beside:
    """Two rules on one date: whom both select, and whom one alone. Raises Refusal when it costs too much."""
    one, two = selected(rule, instant), selected(other, instant)
    with within(SECONDS):
        check_cost(one)
        check_cost(two)
        (mine, bound), (theirs, more) = ids(one), ids(two)
        ((both, ours, others),) = fetch(
            f"""
            WITH mine (id) AS MATERIALIZED ({mine}), theirs (id) AS MATERIALIZED ({theirs})
            SELECT count(*) FILTER (WHERE mine.id IS NOT NULL AND theirs.id IS NOT NULL),
                   count(*) FILTER (WHERE theirs.id IS NULL), count(*) FILTER (WHERE mine.id IS NULL)
            FROM mine FULL JOIN theirs USING (id)
            """,
            [*bound, *more],
        )
    return Beside(both, ours, others)


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """With a limit of time. Raises Refusal in words of a backtest."""
    try:
        with within_seconds(seconds):
            yield
    except Refusal as refusal:
        if refusal.code not in {"too_slow", "too_costly"}:
            raise
        raise Refusal(
            refusal.code,
            _(
                "Asking this rule about the past reads too much at once. Use fewer conditions, or narrower ones."
            ),
        ) from None
