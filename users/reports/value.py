"""The roll-up behind the pages about value: summed up once a day, read as frozen rows."""

from dataclasses import dataclass
from datetime import date
from math import ceil
from typing import Any

from config.kit.batches import fetch
from users.models import CutPoint, ValueDay

CATEGORIES_SHOWN = 12
MOST_KINDS = 6
MONTHS_SHOWN = 24
WITHIN = (30, 90, 180)
NEAR_CORE = 0.8
"""Near-core: not core, and at least this share of the least core customer's revenue."""


def latest() -> ValueDay | None:
    """The figures in force; None before the first computation."""
    return ValueDay.objects.filter(finished_at__isnull=False).order_by("-day").first()


def cuts_of(day: date) -> dict[tuple[str, int], int]:
    """The dated cuts of a day: (figure, level) → the least that reaches it."""
    rows = CutPoint.objects.filter(day=day).values_list("figure", "level", "value")
    return {(figure, level): ceil(value) for figure, level, value in rows}


@dataclass(frozen=True, slots=True)
class RollUp:
    """A statement whose rows a page shows as they are; ``is_one``: it has one row only."""

    statement: str
    parameters: tuple[Any, ...] = ()
    is_one: bool = False

    def rows(self) -> list[Any]:
        """What it says now."""
        found = [list(row) for row in fetch(self.statement, self.parameters)]
        return found[0] if self.is_one else found


def roll_ups(day: date) -> dict[str, RollUp]:
    """What the pages of a day show, by name: each one pass over the figures."""
    return {
        "grid": RollUp(
            "SELECT r, f, count(*), sum(net_window)::bigint FROM users_customervalue WHERE r IS NOT NULL GROUP BY r, f"
            " ORDER BY r DESC, f"
        ),
        "pareto": RollUp(
            "SELECT top_revenue, count(*), sum(revenue_year)::bigint FROM users_customervalue"
            " WHERE revenue_year > 0 GROUP BY 1 ORDER BY 1"
        ),
        "core": RollUp(
            "SELECT is_core, count(*), sum(revenue_year)::bigint, min(revenue_year) FROM users_customervalue"
            " WHERE revenue_year > 0 GROUP BY 1 ORDER BY 1 DESC"
        ),
        "near_core": RollUp(
            "SELECT count(*), coalesce(sum(revenue_year), 0)::bigint FROM users_customervalue"
            " WHERE NOT is_core AND revenue_year > 0 AND revenue_year >= %s * (SELECT value FROM users_cutpoint"
            " WHERE day = %s AND figure = 'core')",
            (NEAR_CORE, day),
            is_one=True,
        ),
        "order_bands": RollUp("SELECT order_band, count(*) FROM users_customervalue GROUP BY 1 ORDER BY 1"),
        "aov_bands": RollUp(
            "SELECT aov_band, count(*) FROM users_customervalue WHERE aov_band <> '' GROUP BY 1 ORDER BY 1"
        ),
        "paying": RollUp(
            "SELECT count(*) FILTER (WHERE first_day IS NOT NULL), count(*) FILTER (WHERE first_day IS NULL)"
            " FROM users_customervalue",
            is_one=True,
        ),
        "alive": RollUp(
            "SELECT least(p_alive / 10, 9), count(*) FROM users_customervalue WHERE p_alive IS NOT NULL"
            " GROUP BY 1 ORDER BY 1"
        ),
        "churn": RollUp(
            "SELECT least(churn_risk / 10, 9), count(*) FROM users_customervalue WHERE churn_risk IS NOT NULL"
            " GROUP BY 1 ORDER BY 1"
        ),
        "predicted": RollUp(
            "SELECT count(*), coalesce(sum(expected_orders), 0)::float, coalesce(sum(predicted_ltv), 0)::bigint"
            " FROM users_customervalue WHERE predicted_ltv IS NOT NULL",
            is_one=True,
        ),
        "fans": RollUp("SELECT fan, count(*) FROM users_customervalue WHERE fan <> '' GROUP BY 1 ORDER BY 1"),
    }


def repurchase_roll_ups() -> dict[str, RollUp]:
    """The repurchase figures by name; they read the tables of the job."""
    later = ", ".join(f"count(*) FILTER (WHERE second_day <= first_day + {days})" for days in WITHIN)
    median = "percentile_cont(0.5) WITHIN GROUP (ORDER BY {})"
    top = (
        "(SELECT category FROM users_value_bought GROUP BY category ORDER BY count(DISTINCT customer_id) DESC, category"
        f" LIMIT {CATEGORIES_SHOWN})"
    )
    return {
        "cohorts": RollUp(
            f"SELECT to_char(first_day, 'YYYY-MM'), count(*), {later}, count(second_day),"
            f" {median.format('second_day - first_day')} FROM users_customervalue"
            f" WHERE first_day IS NOT NULL GROUP BY 1 ORDER BY 1 DESC LIMIT {MONTHS_SHOWN}"
        ),
        "categories": RollUp(
            "SELECT category, count(*), count(again), " + median.format("again - first") + " FROM ("
            " SELECT customer_id, category, min(day) AS first, (array_agg(day ORDER BY day))[2] AS again"
            f" FROM users_value_bought WHERE category IN {top} GROUP BY 1, 2) AS bought"
            " GROUP BY category ORDER BY count(*) DESC, category"
        ),
        "breadth": RollUp(
            f"SELECT least(kinds, {MOST_KINDS}), count(*) FROM ("
            "SELECT count(DISTINCT category) AS kinds FROM users_value_bought GROUP BY customer_id) AS breadth"
            " GROUP BY 1 ORDER BY 1"
        ),
        "next": RollUp(
            "SELECT category, following, sum(customers)::bigint FROM users_value_next"
            f" WHERE category IN {top} AND following IN {top} GROUP BY 1, 2 ORDER BY 1, 2"
        ),
        "bought_on": RollUp(
            "SELECT category, sum(customers)::bigint FROM users_value_next"
            f" WHERE category IN {top} AND following IS NULL GROUP BY 1 ORDER BY 1"
        ),
    }
