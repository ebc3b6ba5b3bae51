"""How the values of one custom attribute are spread over the customers."""

from dataclasses import dataclass
from datetime import datetime

from config.kit.batches import fetch
from users.models import AttributeDefinition, Customer
from users.reports import stored

VALUES_SHOWN = 30


@dataclass(frozen=True, slots=True)
class Value:
    """A value as text, and how many identified customers have it."""

    text: str
    customers: int


@dataclass(frozen=True, slots=True)
class Spread:
    """The most frequent values, how many customers have any, and how many there are."""

    values: list[Value]
    with_it: int
    everybody: int

    @property
    def others(self) -> int:
        """Customers with a value that is not shown."""
        return self.with_it - sum(value.customers for value in self.values)


def definitions(*, hidden: bool) -> list[AttributeDefinition]:
    """All attributes, those of most customers first."""
    return list(AttributeDefinition.objects.filter(is_hidden=hidden).order_by("-customers", "name"))


def everybody(now: datetime) -> int:
    """How many identified customers there are; of a large shop as it stood some minutes ago."""
    told = stored.lately(
        "known customers", lambda: [[Customer.objects.known().count()]], now, of=["users_customer"]
    )
    return int(told.rows[0][0])


def spread(name: str, now: datetime) -> Spread:
    """One pass over the identified customers."""
    rows = fetch(
        """
        SELECT customer.attributes ->> %(name)s, count(*), sum(count(*)) OVER ()
        FROM users_customer customer
        WHERE customer.identified AND customer.erased_at IS NULL
          AND jsonb_typeof(customer.attributes -> %(name)s) IS NOT NULL
        GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %(limit)s
        """,
        {"name": name, "limit": VALUES_SHOWN},
    )
    values = [Value(text or "", customers) for text, customers, _all in rows]
    return Spread(values, int(rows[0][2]) if rows else 0, everybody(now))
