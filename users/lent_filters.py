"""Filters of the API's list of customers that apps above lend: a name, what it means, whom it leaves."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from config.kit.registry import Registry


@dataclass(frozen=True, slots=True)
class Lent:
    """A filter of another app: the ids of the customers whom a number leaves. Raises Refusal for an unknown one."""

    name: str
    about: str
    ids: Callable[[int], QuerySet[Any, Any]]


lent: Registry[Lent] = Registry("filter of customers")


def lend(one: Lent) -> None:
    """Add a filter."""
    lent.register(one.name, one)
