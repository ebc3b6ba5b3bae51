"""Who gets no promotion now: apps above register subqueries of such customers in ``suppressions.py``."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from campaigns.models import SkipReason
from config.kit.registry import Registry


@dataclass(frozen=True, slots=True)
class Suppression:
    """``among(customer_ids)`` selects the ids of those who are suppressed, by an indexed look-up."""

    name: str
    reason: SkipReason
    among: Callable[[Sequence[int]], "QuerySet[Any, int]"]


suppressions: Registry[Suppression] = Registry("suppression")


def suppression(entry: Suppression) -> Suppression:
    """Lend a suppression to the claim of marketing messages."""
    return suppressions.register(entry.name, entry)


def suppressed(customer_ids: Sequence[int]) -> dict[int, SkipReason]:
    """Those among the customers who get no promotion now, with the reason."""
    found: dict[int, SkipReason] = {}
    for entry in suppressions:
        for customer_id in entry.among(customer_ids):
            found.setdefault(customer_id, entry.reason)
    return found
