"""What the apps lend to the home page, the customer page and the search, found by autodiscovery.

An app puts them into ``page_parts.py``. A part is a template and a function that builds its context; the
pages compose parts and know nothing of the apps above.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Model, QuerySet
from django_stubs_ext import StrOrPromise

from config.kit.registry import Registry
from users.models import Customer


@dataclass(frozen=True, slots=True)
class HomeCard:
    """A card of the home page; ``build(now)`` gives the template its context. Under 2 queries each.

    Values with a meaning for the page: ``url`` (a link in the card's head), ``hidden`` (nothing to show now).
    ``is_late``: fetched by itself once it comes into view, so that the page stands at once.
    """

    name: str
    title: StrOrPromise
    position: int
    template: str
    build: Callable[[datetime], dict[str, Any]]
    width: int = 1  # of the page's three columns
    is_late: bool = True


@dataclass(frozen=True, slots=True)
class CustomerPanel:
    """A panel of the customer page; ``build(customer, now)`` gives the template its context.

    A panel is fetched by itself once it comes into view.
    """

    name: str
    title: StrOrPromise
    position: int
    template: str
    build: Callable[[Customer, datetime], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class GroupAct:
    """What may be done with a group of customers: a page that takes ``?group=`` (``users.groups``).

    ``takes_picks``: the list of customers offers it for those picked there.
    """

    name: str
    title: StrOrPromise
    page: str
    icon: str = ""
    takes_picks: bool = True


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that the search found: its name, what it is, where it opens."""

    title: StrOrPromise
    url: str
    detail: StrOrPromise = ""
    icon: str = "tag"


@dataclass(frozen=True, slots=True)
class Searcher:
    """Finds things by what an operator types; ``find(text, limit)`` reads indexes only, in one query or two.

    ``page`` is the address name of the list that holds such things: who may not open it finds none.
    """

    name: str
    title: StrOrPromise
    position: int
    page: str
    find: Callable[[str, int], list[Hit]]


@dataclass(frozen=True, slots=True)
class FirstStep:
    """A step of the first day's checklist; ``page`` names the address where it is done.

    It is done as soon as ``signs()`` finds a row; the page asks for all steps in one query.
    """

    name: str
    title: StrOrPromise
    position: int
    page: str
    signs: Callable[[], "QuerySet[Any]"]


@dataclass(frozen=True, slots=True)
class JoinCount:
    """What moves when two customers are joined; ``count(customer_ids)`` counts it for each, in one query."""

    name: str
    title: StrOrPromise
    position: int
    count: Callable[[Sequence[int]], Mapping[int, int]]


@dataclass(frozen=True, slots=True)
class Outreach:
    """Where it is known who was written to and when: ``statement`` selects ``customer_id`` and ``at``, no more.

    What win-backs must beat is measured on those who were left alone.
    """

    name: str
    statement: str


home_cards: Registry[HomeCard] = Registry("home card")
customer_panels: Registry[CustomerPanel] = Registry("customer panel")
searchers: Registry[Searcher] = Registry("searcher")
group_acts: Registry[GroupAct] = Registry("act on a group")
first_steps: Registry[FirstStep] = Registry("first step")
join_counts: Registry[JoinCount] = Registry("count of what a join moves")
outreach: Registry[Outreach] = Registry("outreach")


def home_card(card: HomeCard) -> HomeCard:
    """Lend a card to the home page."""
    return home_cards.register(card.name, card)


def customer_panel(panel: CustomerPanel) -> CustomerPanel:
    """Lend a panel to the customer page."""
    return customer_panels.register(panel.name, panel)


def searcher(entry: Searcher) -> Searcher:
    """Lend a searcher to the search (Ctrl+K)."""
    return searchers.register(entry.name, entry)


def group_act(entry: GroupAct) -> GroupAct:
    """Lend something that may be done with the customers behind a number."""
    return group_acts.register(entry.name, entry)


def first_step(entry: FirstStep) -> FirstStep:
    """Lend a step to the first day's checklist."""
    return first_steps.register(entry.name, entry)


def join_count(entry: JoinCount) -> JoinCount:
    """Lend a count to the preview of joining two customers by hand."""
    return join_counts.register(entry.name, entry)


def counter(model: type[Model]) -> Callable[[Sequence[int]], Mapping[int, int]]:
    """Counts rows of a table per customer."""

    def count(customer_ids: Sequence[int]) -> Mapping[int, int]:
        rows = model._default_manager.filter(customer_id__in=customer_ids).values("customer_id")
        return dict(rows.annotate(n=Count("*")).values_list("customer_id", "n"))

    return count


def lend_outreach(entry: Outreach) -> Outreach:
    """Lend to the reports on returns who was written to."""
    return outreach.register(entry.name, entry)
