"""From visitor to core customer: how many stand on each step, in all and by acquisition channel, as frozen rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from config.kit.batches import fetch
from users.dimensions import Dimension


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


@dataclass(frozen=True, slots=True)
class Rung:
    """How many of one value of the dimension (None: not known) stand on each step."""

    value: str | None
    counts: dict[Step, int]


def ladder(by: Dimension) -> Sequence[Rung]:
    """One row per value of the dimension, largest first; they add up to everybody."""
    counts = ", ".join(f"count(*) FILTER (WHERE {condition})" for condition in CONDITIONS.values())
    rows = fetch(
        f"SELECT {by.expression}, {counts} {FROM} GROUP BY 1 ORDER BY 2 DESC, 1",
        list(by.parameters),
    )
    return [Rung(value, dict(zip(CONDITIONS, numbers, strict=True))) for value, *numbers in rows]
