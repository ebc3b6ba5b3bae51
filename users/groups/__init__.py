"""Groups of customers behind a number: what a figure on a report opens, named so that a link can carry it.

A report registers a kind of group and links its figures with ``group_url``. The list of customers shows the
group; apps above lend what may be done with one (``users.pages.GroupAct``): save it, compare it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.urls import reverse
from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from config.kit.refusal import Refusal
from config.kit.registry import Registry

LONGEST = 2_000
Parameters = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Group:
    """Some customers: who they are in words, and a query that selects their ids (one column).

    ``rule``: the conditions of a segment that means the same people for good, where there is such a rule;
    without one, the group can be kept only as the list of those it holds now.
    """

    sentence: StrOrPromise
    customers: "QuerySet[Any, Any] | RawSQL"
    rule: dict[str, Any] | None = None


Reader = Callable[[Parameters, datetime], Group]
kinds: Registry[Reader] = Registry("kind of group")


def group(kind: str) -> Callable[[Reader], Reader]:
    """Register a function that reads a group's parameters (texts from a URL) at an instant.

    It raises ValueError or KeyError for parameters that make no sense.
    """
    return lambda read: kinds.register(kind, read)


Choices = Callable[[], list[tuple[StrOrPromise, str]]]
offers: Registry[Choices] = Registry("choice of groups")


def offer(name: str) -> Callable[[Choices], Choices]:
    """Register a function that lists groups to choose from: titles and specs. One query."""
    return lambda choices: offers.register(name, choices)


def group_spec(kind: str, **parameters: object) -> str:
    """A group as one text, as links carry it."""
    return f"{kind}?{urlencode({name: str(value) for name, value in parameters.items()})}"


def group_url(kind: str, **parameters: object) -> str:
    """The address of the customers of a group."""
    return f"{reverse('users:customers')}?{urlencode({'group': group_spec(kind, **parameters)})}"


def read_group(spec: str, now: datetime) -> Group:
    """The group of a text. Raises Refusal for one that makes no sense."""
    kind, _mark, rest = spec[:LONGEST].replace("\0", "").partition("?")
    reader = kinds.get(kind)
    try:
        if reader is None:
            raise KeyError(kind)
        return reader(dict(parse_qsl(rest, keep_blank_values=True)), now)
    except (KeyError, ValueError):
        raise Refusal(
            "unknown_group", _("This link names no group of customers. Open the report again.")
        ) from None


def selected(statement: str, parameters: tuple[Any, ...] = ()) -> RawSQL:
    """A hand-written SELECT of customer ids as a group's query; values are bound, never written in."""
    return RawSQL(statement, parameters)
