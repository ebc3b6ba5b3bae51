"""The steps that are statements: people, orders, taste, hours, fans; and the roll-ups that the pages read."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from config.kit import clock
from config.kit.batches import execute, fetch
from users.evidence import BRAND_ACTS, CONTENT_VIEWS, evidence
from users.models import ValueDay
from users.reports import value as reports
from users.services.sql import statement
from users.services.value.run import HALF_YEAR, QUARTER, Run, Stretch

FEW_ACTIVITIES = 10
SLICE = 50_000
WRITTEN_AT_ONCE = 25_000
BUYER = (
    "customer_id bigint, first_day date, second_day date, last_day date, repeat_days bigint, repeat_mean numeric,"
    " last_at timestamptz, orders_window bigint, net_window bigint, revenue_year bigint, orders_half_year bigint,"
    " aov numeric"
)
SCORED = (
    "first_day", "second_day", "last_day", "repeat_days", "repeat_mean", "orders_window", "net_window",
    "revenue_year", "order_band", "aov_band", "r", "f", "m", "rfm_group", "is_core", "top_revenue", "top_orders",
)  # fmt: skip


def people(run: Run, after: int) -> int | None:
    """A row for everybody known, slice by slice; the day's row, unfinished."""
    if after == 0:
        ValueDay.objects.update_or_create(day=run.day, defaults={"as_of": run.as_of, "finished_at": None})
        execute(statement("value_gone"))
    last = end_of_slice("users_customer", "id", after)
    if last is not None:
        execute(statement("value_people"), run.values | {"after": after, "last": last})
    return last


def purchases(run: Run, after: int) -> int | None:
    """What each has bought, slice by slice, into a table of the job's own."""
    if after == 0:
        execute(f"DROP TABLE IF EXISTS users_value_buyer; CREATE UNLOGGED TABLE users_value_buyer ({BUYER})")
    last = end_of_slice("users_customervalue", "customer_id", after)
    if last is None:
        execute("ALTER TABLE users_value_buyer ADD PRIMARY KEY (customer_id); ANALYZE users_value_buyer")
        return None
    execute(statement("value_purchases"), run.scoring | {"after": after, "last": last})
    return last


def scores(run: Run, after: int) -> int | None:
    """Bands, scores, named groups, core, top N % of everybody, into a table of the job's own; then the cuts."""
    if after == 0:
        execute(statement("value_scores"), run.scoring)
        return 1
    execute("DELETE FROM users_cutpoint WHERE day = %(day)s", run.values)
    execute(statement("value_cuts"), run.scoring)
    return None


def orders(run: Run, after: int) -> int | None:
    """What follows from orders goes to the customers."""
    return _tell(after, "value_orders", SCORED, run.values)


def views(run: Run, after: int) -> int | None:
    """Product views of half a year by category, half a month at a time, into a table of the job's own."""
    columns = "customer_id bigint, category text, times bigint"
    return _gather(
        after, "value_views", f"users_value_seen ({columns})", run.stretches(HALF_YEAR), run.values
    )


def taste(run: Run, after: int) -> int | None:
    """The favourite category."""
    return _tell(after, "value_taste", ("favourite_category",), run.values)


def activity(run: Run, after: int) -> int | None:
    """Activity of 90 days by hour of day, half a month at a time, into a table of the job's own."""
    columns = "customer_id bigint, hour integer, times bigint"
    values = run.values | {"zones": _zones()}
    return _gather(after, "value_activity", f"users_value_hour ({columns})", run.stretches(QUARTER), values)


def hours(run: Run, after: int) -> int | None:
    """The best hour, each customer's and the shop's."""
    values = run.values | {"few": FEW_ACTIVITIES}
    return _tell(after, "value_hours", ("best_hour",), values, first=statement("value_hour_of_shop"))


def fans(run: Run, after: int) -> int | None:
    """Fans, and opinion leaders with their evidence."""
    told = " UNION ALL ".join(
        f"SELECT customer_id, '{one.name}' AS name, times, times * {one.weight} AS points"
        f" FROM ({one.statement}) AS {one.name} (customer_id, times)"
        for one in evidence
    )
    values = run.values | {
        "acts": list(BRAND_ACTS),
        "kinds": list(BRAND_ACTS.values()),
        "views": list(CONTENT_VIEWS),
    }
    acts = statement("value_acts").format(evidence=told)
    return _tell(after, "value_fans", ("leader_score", "leader_parts", "fan"), values, first=acts)


def top_by_prediction(run: Run, after: int) -> int | None:
    """Top N % by predicted value."""
    return _tell(after, "value_top_ltv", ("top_ltv",), run.values, first=statement("value_ranked"))


def repurchase(run: Run, after: int) -> int | None:
    """The roll-up of the repurchase page: purchases slice by slice; then, below zero, a statement at a time."""
    if after == 0:
        columns = "customer_id bigint, day date, category text, purchase bigint"
        execute(
            "DROP TABLE IF EXISTS users_value_bought, users_value_next;"
            f"CREATE UNLOGGED TABLE users_value_bought ({columns});"
            "CREATE UNLOGGED TABLE users_value_next (category text, following text, customers bigint)"
        )
    if after >= 0:
        last = end_of_slice("users_customervalue", "customer_id", after)
        if last is not None:
            execute(statement("value_bought"), run.values | {"after": after, "last": last})
            return last
        execute("ANALYZE users_value_bought")
        return -1
    going_on = _remember(run, reports.repurchase_roll_ups(), -1 - after, within="repurchase")
    return after - 1 if going_on else None


def roll_up(run: Run, after: int) -> int | None:
    """The roll-ups of the other pages, a statement at a time; then the day is in force."""
    if after == 0:
        execute(statement("value_cuts_of_ltv"), run.values)
    if _remember(run, reports.roll_ups(run.day), after):
        return after + 1
    execute(
        "DROP TABLE IF EXISTS users_value_buyer, users_value_scored, users_value_bought, users_value_next,"
        " users_value_told,"
        " users_value_seen, users_value_hour, users_value_act, users_value_ranked"
    )
    ValueDay.objects.filter(day=run.day).update(finished_at=clock.now())
    return None


def _gather(
    after: int, name: str, table: str, stretches: Sequence[Stretch], values: Mapping[str, Any]
) -> int | None:
    """Add the next stretch of time to a table of the job's own (its name and columns), made anew at the first.

    At the end it is ordered by customer, for the step that goes through them slice by slice.
    """
    bare = table.split(maxsplit=1)[0]
    if after == len(stretches):
        execute(f"CREATE INDEX ON {bare} (customer_id); ANALYZE {bare}")
        return None
    if after == 0:
        execute(f"DROP TABLE IF EXISTS {bare}; CREATE UNLOGGED TABLE {table}")
    begin, end = stretches[after]
    execute(statement(name), {**values, "begin": begin, "end": end})
    return after + 1


def end_of_slice(table: str, column: str, after: int) -> int | None:
    """The last id of the next slice; None when there is none."""
    [(last,)] = fetch(
        f"SELECT max({column}) FROM (SELECT {column} FROM {table} WHERE {column} > %s"
        f" ORDER BY {column} LIMIT %s) AS slice",
        [after, SLICE],
    )
    return None if last is None else int(last)


def _tell(
    after: int, name: str, columns: Sequence[str], values: Mapping[str, Any], *, first: str = ""
) -> int | None:
    """First find the rows that differ (``users_value_told``), then write them and touch their customers.

    Both slice by slice, because on a shop's first day everybody differs and a task has 30 seconds: ``after`` is the
    last customer looked at, and below zero counts the slices written. ``first``: done once before.
    """
    theirs, ours = (", ".join(f"{table}.{column}" for column in columns) for table in ("told", "value"))
    if after == 0:
        execute(
            f"{first}; DROP TABLE IF EXISTS users_value_told; CREATE UNLOGGED TABLE users_value_told AS"
            f" SELECT customer_id, {', '.join(columns)} FROM users_customervalue WHERE false",
            dict(values),
        )
    if after >= 0:
        last = end_of_slice("users_customervalue", "customer_id", after)
        if last is not None:
            differs = f"ROW({ours}) IS DISTINCT FROM ROW({theirs})"
            execute(statement(name).format(differs=differs), {**values, "after": after, "last": last})
            return last
        execute("ALTER TABLE users_value_told ADD PRIMARY KEY (customer_id)")
    else:
        sets = ", ".join(f"{column} = slice.{column}" for column in columns)
        execute(statement("value_write").format(sets=sets), {"most": WRITTEN_AT_ONCE})
    return min(after, 0) - 1 if fetch("SELECT 1 FROM users_value_told LIMIT 1") else None


def _remember(run: Run, roll_ups: Mapping[str, reports.RollUp], number: int, within: str = "") -> bool:
    """Compute one of the roll-ups and keep it with the day; whether there are more."""
    name, told = list(roll_ups.items())[number]
    day = ValueDay.objects.get(day=run.day)
    into = day.figures.setdefault(within, {}) if within else day.figures
    into[name] = told.rows()
    day.save(update_fields=["figures"])
    return number + 1 < len(roll_ups)


@cache
def _zones() -> list[str]:
    """Zones that both the database and we know; a profile may name any."""
    known = {name for (name,) in fetch("SELECT name FROM pg_timezone_names")}
    return sorted(known & available_timezones())
