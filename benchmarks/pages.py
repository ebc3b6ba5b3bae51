"""Every page of the operators' side, found from the addresses, opened as an operator opens it."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from benchmarks.processor import Meter
from config.kit import clock
from config.kit.admin import OperatorPage
from config.kit.batches import execute, fetch
from users.models import Operator, Role

APPS = ("users", "segments", "campaigns", "growth", "feedback")
# One example for an address that names a thing: by the page, else by the argument.
EXAMPLES = {
    "users:product": "SELECT id FROM users_product WHERE product_id = 'p0'",
    "users:category": "SELECT max(id) FROM users_category",
    "growth:ledger": "SELECT max(customer_id) FROM growth_balance",
    "growth:adjust": "SELECT max(customer_id) FROM growth_balance",
    "growth:rule": "SELECT max(id) FROM growth_earningrule",
    "growth:level": "SELECT min(id) FROM growth_level",
    "growth:level_customers": "SELECT min(id) FROM growth_level",
    "segments:ready_count": "SELECT 'dormant'",
    "users:erased": "SELECT max(customer_id) FROM users_erasure",
    "campaigns:edit": "SELECT max(id) FROM campaigns_campaign WHERE state = 'draft'",
    "feedback:conversation": "SELECT key FROM feedback_conversation ORDER BY customer_id LIMIT 1",
    "customer_id": "SELECT max(customer_id) FROM users_standing WHERE orders > 3",
    "tag_id": "SELECT max(id) FROM users_tag",
    "operator_id": "SELECT max(id) FROM users_operator",
    "channel_id": "SELECT min(id) FROM users_acquisitionchannel",
    "source_id": "SELECT min(id) FROM users_sourcecode",
    "attribute_id": "SELECT max(id) FROM users_attributedefinition",
    "segment_id": "SELECT id FROM segments_segment WHERE rule IS NOT NULL ORDER BY size DESC LIMIT 1",
    "run_id": "SELECT max(id) FROM segments_run",
    "campaign_id": "SELECT max(id) FROM campaigns_campaign",
}
# Pages that are about what another one hands over.
HANDED_OVER = {
    "users:tag_group": "?group=stage%3Fstage%3Ddormant",
    "users:untag_group": "?group=stage%3Fstage%3Ddormant",
    "segments:keep": "?group=stage%3Fstage%3Ddormant",
}
# Addresses that only lead to another page.
LEADING_ON = frozenset({"users:customer_columns", "users:customers_picked"})
PARTS = {
    "users:activity": ("phases",),
    "users:flows": ("moving",),
    "users:features": ("use", "visits"),
}
# Questions beside the pages as they open: what operators ask for next.
ASKED = (
    "{users:home}?panel=all",
    "{users:customer}?panel=all",
    "{users:customers}?stage=dormant",
    "{users:customers}?q=user-77",
    "{users:customers}?sort=revenue",
    "{users:customers}?region=region+7",
    "{users:search}?q=region 7",
    "{users:products}?period=365",
    "{users:products}?category=Classical",
    "{users:products}?q=Record",
    "{users:orders}?period=365",
    "{users:sources}?period=365",
    "{users:reach}?channel=email",
    "{users:ltv}?by=channel",
    "{users:retention}?grain=month&mode=after",
    "{users:channels}?period=365",
    "{users:flows}?period=365",
    "{segments:overlap}?s={segment}&s={other}",
    "{segments:of_customer}?at=2026-03-01",
    "{segments:explain}?at=2026-03-01",
    "{segments:suggest}?name=region",
    "{segments:suggest}?name=stage",
    "{segments:suggest}?event=Product+Viewed&property=%22category%22",
    "{segments:suggest}?attribute=%22shoe_size%22",
    "{growth:holders}?show=active",
)


@dataclass(frozen=True, slots=True)
class Opened:
    """A page that was opened: its name, seconds on the clock and of processor time (the server's and the database's),
    how many queries it made, the answer's state."""

    name: str
    seconds: float
    processor: float
    queries: int
    status: int

    @property
    def refused(self) -> bool:
        """Whether something else than the page came, so that nothing of it was measured."""
        return self.status != 200


def opened() -> Iterator[Opened]:
    """Every page with an example of what it needs, then its parts, then the questions beside it."""
    execute("SET statement_timeout = '300s'")
    meter = Meter()
    client = Client(headers={"Accept-Language": "en"}, SERVER_NAME="localhost")
    told = {"role": Role.OWNER, "is_staff": True, "factor_at": clock.now()}
    client.force_login(Operator.objects.update_or_create(username="bench", defaults=told)[0])
    for name in names():
        address = None if name in LEADING_ON else address_of(name)
        if address is None:
            continue
        address += HANDED_OVER.get(name, "")
        for part in ("", *PARTS.get(name, ())):
            yield _open(client, meter, f"{name} {part}".strip(), address, part)
    for question in ASKED:
        yield _open(client, meter, question.translate(str.maketrans("", "", "{}")), _asked(question))


def names() -> list[str]:
    """The names of all addresses whose view is an operator's page that answers to GET."""
    found = []
    for app in APPS:
        for pattern in _patterns(app):
            view = getattr(pattern.callback, "view_class", None)
            if view and issubclass(view, OperatorPage) and "get" in view.http_method_names:
                found.append(f"{app}:{pattern.name}")
    return list(dict.fromkeys(found))


@cache
def address_of(name: str) -> str | None:
    """The address of a page, with an example of what it is about; None where the shop has none."""
    app, _colon, page = name.partition(":")
    pattern = next(one for one in _patterns(app) if one.name == page)
    values: dict[str, Any] = {}
    for argument in pattern.pattern.regex.groupindex:
        statement = EXAMPLES.get(name) or EXAMPLES.get(argument)
        value = fetch(statement)[0][0] if statement else None
        if value is None:
            return None
        values[argument] = value
    return reverse(name, kwargs=values)


def _patterns(app: str) -> list[URLPattern]:
    """The addresses of an app that lead to a view, also those mounted in several places."""
    resolvers = [one for one in get_resolver().url_patterns if getattr(one, "app_name", None) == app]
    below = [pattern for one in resolvers if isinstance(one, URLResolver) for pattern in one.url_patterns]
    return [pattern for pattern in below if isinstance(pattern, URLPattern)]


def _asked(question: str) -> str:
    segments = [
        pk
        for (pk,) in fetch(
            "SELECT id FROM segments_segment WHERE rule IS NOT NULL ORDER BY size DESC LIMIT 2"
        )
    ]
    for one, other in pairwise(segments):
        question = question.replace("{segment}", str(one)).replace("{other}", str(other))
    name = question[1 : question.index("}")]
    return f"{address_of(name)}{question[question.index('}') + 1 :]}"


def _open(client: Client, meter: Meter, name: str, address: str, part: str = "") -> Opened:
    """The best of three openings after the first, which may still load templates; of one that takes long the second."""
    headers = {"HX-Request": "true", "HX-Target": part} if part else {}
    seconds: list[float] = []
    processor: list[float] = []
    for _turn in range(4):
        with CaptureQueriesContext(connection) as queries:
            began, before = time.perf_counter(), meter.read()
            response = client.get(address, headers=headers)
            for _chunk in getattr(response, "streaming_content", ()):
                pass
            seconds.append(time.perf_counter() - began)
            processor.append(meter.read() - before)
        if processor[-1] > 5:
            break
    best, spent = min(seconds[1:] or seconds), min(processor[1:] or processor)
    return Opened(name, best, spent, len(queries), response.status_code)
