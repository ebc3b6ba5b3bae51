"""From visitor to core customer: how many stand on each step, in all and by acquisition channel, as frozen rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from users.dimensions import ATTRIBUTE, Dimension
from users.reports import stored
from users.reports.cohorts import bound, named


class Step(StrEnum):
    """The steps, each within the one before except that a buyer need not have registered."""

    VISITOR = "visitor"
    IDENTIFIED = "identified"
    REGISTERED = "registered"
    PAYING = "paying"
    CORE = "core"


# Over customer, standing and value; the same words count and list.
CONDITIONS: dict[Step, str] = {
    Step.VISITOR: "true",
    Step.IDENTIFIED: "customer.identified",
    Step.REGISTERED: "customer.registered_at IS NOT NULL",
    Step.PAYING: "standing.orders > 0",
    Step.CORE: "value.is_core",
}
FROM = """
    FROM users_customer customer
    JOIN users_standing standing ON standing.customer_id = customer.id
    LEFT JOIN users_customervalue value ON value.customer_id = customer.id
    WHERE customer.erased_at IS NULL
"""
PART = "AND customer.id BETWEEN %(from_id)s AND %(to_id)s"
PARTS = 2


@dataclass(frozen=True, slots=True)
class Rung:
    """How many of one value of the dimension (None: not known) stand on each step."""

    value: str | None
    counts: dict[Step, int]


@dataclass(frozen=True, slots=True)
class Ladder:
    """One row per value of the dimension, largest first; they add up to everybody."""

    rungs: Sequence[Rung]
    as_of: datetime


def ladder(by: Dimension, now: datetime) -> Ladder:
    """The steps by a dimension."""
    told = stored.answer(ladder_question(by), now, keeps=not by.name.startswith(ATTRIBUTE))
    rungs = [Rung(value, dict(zip(CONDITIONS, numbers, strict=True))) for value, *numbers in told.rows]
    rungs.sort(key=lambda rung: (-rung.counts[Step.VISITOR], rung.value is None, rung.value or ""))
    return Ladder(rungs, told.as_of)


def ladder_question(by: Dimension) -> stored.Question:
    """What ``ladder`` asks: one pass over everybody; parts of the customers add up."""
    counts = ", ".join(f"count(*) FILTER (WHERE {condition})" for condition in CONDITIONS.values())
    statement = f"SELECT {named(by)}, {counts} {FROM} {PART} GROUP BY 1"
    return stored.Question(statement, bound(by), sums=len(CONDITIONS), parts=PARTS)
