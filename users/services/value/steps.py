"""The steps that are statements: people, orders, taste, hours, fans; and the roll-ups that the pages read."""

from functools import cache
from zoneinfo import available_timezones

from config.kit import clock
from config.kit.batches import execute, fetch
from users.evidence import BRAND_ACTS, CONTENT_VIEWS, evidence
from users.models import ValueDay
from users.reports import value as reports
from users.services.sql import statement
from users.services.value.run import Run

FEW_ACTIVITIES = 10


def people(run: Run, after: int) -> None:
    """A row for everybody known; the day's row, unfinished."""
    ValueDay.objects.update_or_create(day=run.day, defaults={"as_of": run.as_of, "finished_at": None})
    execute(statement("value_people"), run.values)


def orders(run: Run, after: int) -> None:
    """Purchases, bands, scores, named groups, core, top N %; the cuts."""
    execute("DELETE FROM users_cutpoint WHERE day = %(day)s", run.values)
    execute(statement("value_orders"), run.scoring)


def taste(run: Run, after: int) -> None:
    """The favourite category."""
    execute(statement("value_taste"), run.values)


def hours(run: Run, after: int) -> None:
    """The best hour, each customer's and the shop's."""
    execute(statement("value_hours"), run.values | {"few": FEW_ACTIVITIES, "zones": _zones()})


def fans(run: Run, after: int) -> None:
    """Fans, and opinion leaders with their evidence."""
    told = " UNION ALL ".join(
        f"SELECT customer_id, '{one.name}' AS name, times, times * {one.weight} AS points"
        f" FROM ({one.statement}) AS {one.name} (customer_id, times)"
        for one in evidence
    )
    execute(
        statement("value_fans").format(evidence=told),
        run.values
        | {"acts": list(BRAND_ACTS), "kinds": list(BRAND_ACTS.values()), "views": list(CONTENT_VIEWS)},
    )


def repurchase(run: Run, after: int) -> None:
    """The roll-up of the repurchase page."""
    execute(statement("value_bought"), run.values)
    _remember(run, {"repurchase": reports.sum_up_repurchase()})


def roll_up(run: Run, after: int) -> None:
    """Top N % by predicted value, the roll-up of the other pages; then the day is in force."""
    execute(statement("value_top_ltv"), run.values)
    _remember(run, reports.sum_up(run.day))
    ValueDay.objects.filter(day=run.day).update(finished_at=clock.now())


def _remember(run: Run, figures: dict[str, object]) -> None:
    day = ValueDay.objects.get(day=run.day)
    day.figures = {**day.figures, **figures}
    day.save(update_fields=["figures"])


@cache
def _zones() -> list[str]:
    """Zones that both the database and we know; a profile may name any."""
    known = {name for (name,) in fetch("SELECT name FROM pg_timezone_names")}
    return sorted(known & available_timezones())
