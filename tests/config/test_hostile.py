"""Whatever stands behind the question mark or in the data, no address of any app fails, and no text of theirs runs."""

import re
from collections.abc import Callable, Iterator
from html import escape, unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from config.csp import ADMIN, STRICT
from config.kit import clock
from feedback.models import Conversation
from growth.models import EarningRule, Level
from segments.models import Segment
from tests.architecture.test_addresses import ROUTES
from tests.callers import server, shopper
from tests.campaigns.audience import draft, segment_of
from tests.operators import logged_in
from tests.users.door import customer, identify, send, track
from users.models import Customer, CustomerTag, Tag

pytestmark = pytest.mark.django_db

BASE = Path(__file__).resolve().parents[2]
APPS = ("users", "segments", "campaigns", "growth", "feedback")
READ = re.compile(
    r"""(?:GET|query_params|asked|query|params|told|data)(?:\.get|\.getlist)?[(\[]\s*"([a-z_]{1,30})\""""
)
HUGE = "9" * 30
VALUES = (
    "\0", "%s%(x)s", "' OR 1=1 --\"", "a__b__contains", HUGE, "-1", "9999-12-31T23:00:00-12:00", "2026-02-30",
    '{"a":[1]}', "\ud800",
)  # fmt: skip
# What a shopper, a back end or an operator may have written anywhere; x7q says whose it is.
XSS = (
    "<script>x7q()</script>", "<ScRiPt src=//x7q.example>", '"><img src=x onerror=x7q()>', "'><svg onload=x7q()>",
    "<svg/onload=x7q()>", "</textarea><b onclick=x7q()>", "</title><i onmouseover=x7q()>", "</script><u id=x7q>",
    "<a href=javascript:x7q()>x</a>", "<iframe srcdoc='<p id=x7q>'>", '" autofocus onfocus="x7q()', "<math><x7q>",
    "' onmouseover='x7q()' a='", "<!--><em id=x7q>-->", "<details open ontoggle=x7q()>", "<form action=//x7q><input>",
    "<base href=//x7q/>", "<meta http-equiv=refresh content=0;url=//x7q>", "<style>@import '//x7q'</style>",
    "<x7q-a href=x>",
)  # fmt: skip
ATTRIBUTE = re.compile(r"""([^\s"'<>/=]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
SCRIPT = re.compile(r"<(?:script|style)\b[^>]*>(?:(?!</s).)*x7q.*?</s", re.S)
# Attributes that a browser, Alpine or htmx runs, and those whose value it goes to.
RUN = re.compile(r"on|x-|@|:|hx-(?:on|vals)|srcdoc|style")
GOES = {"href", "src", "action", "formaction", "data", "content"}
TEMPLATES = "{{ 7|add:42 }}x7q {% debug %}", "{{ 7 | times: 7 }}x7q"
DATA = re.compile(r"<script\b[^>]*type=.application/json.[^>]*>.*?</script>", re.S)
POLICY = {True: ADMIN, False: STRICT}
# Times that an address is asked, each parameter with another value each time; pages of users are asked once here and
# for every value in tests/users/admin/test_hostile.py.
ROUNDS = 3
# Not lists and not pages: the log-in of the theme, downloads of one object, health and figures.
PASSED_OVER = re.compile(r"^(accounts|i18n|metrics|admin/jsi18n|admin/r/|admin/logout|admin/password)")


def parameters() -> list[str]:
    """Every parameter that any app reads from an address, found in the code."""
    files = [file for app in (*APPS, "config") for file in (BASE / app).rglob("*.py")]
    return sorted({name for file in files for name in READ.findall(file.read_text())} - {"csv", "rejected"})


@pytest.fixture
def numbers(db: None) -> dict[str, str]:
    """One object of each kind, by the name that addresses call it."""
    said, more = " ".join(XSS[:5]), {payload: payload for payload in (*XSS, *TEMPLATES)}
    send(
        identify(
            at=clock.now(), user="alice", name=said, email="alice@example.org", firstName=XSS[0], occupation=XSS[1],
            industry=XSS[2], education=XSS[8], incomeBand=XSS[4], address={"city": XSS[5], "region": XSS[6]},
            interests=list(XSS), **more,
        ),
        *(track(payload, at=clock.now(), user="alice", **more) for payload in XSS),
        track(
            "Order Completed", at=clock.now(), user="alice", order_id=XSS[0], total=5, currency="USD", coupon=XSS[1],
            products=[
                {"product_id": payload, "name": payload, "price": 1, "category": payload, "brand": payload}
                for payload in XSS
            ],
        ),
    )  # fmt: skip
    who = customer("alice")
    tag = Tag.objects.create(name=XSS[2], category=XSS[3])
    CustomerTag.objects.create(customer=who, tag=tag, tagged_at=clock.now(), source="hand")
    segment = segment_of([who.pk])
    Segment.objects.filter(pk=segment.pk).update(name=XSS[0] + XSS[11], description=said, folder=XSS[7])
    conversation = Conversation.objects.create(
        customer=who, key="7d5a3b6e-3a52-4c2e-9a55-0f6f0e7b8a11", subject=said[:100], kind="question", origin="web",
        state="waiting", opened_at=clock.now(), last_message_at=clock.now(), waiting_since=clock.now(),
    )  # fmt: skip
    level, rule = Level.objects.first(), EarningRule.objects.first()
    return {
        "customer_id": str(who.pk), "segment_id": str(segment.pk), "campaign_id": str(draft(segment).pk),
        "key": str(conversation.key), "level": str(level.pk if level else 1), "rule": str(rule.pk if rule else 1),
    }  # fmt: skip


def filled(route: str, numbers: dict[str, str]) -> str:
    """The address of a route with the objects there are; of others a number that leads nowhere."""
    plain = re.sub(r"\(\?P<(\w+)>[^)]*\)|[\^$]", "1", route) if route.startswith("^") else route

    def value(found: "re.Match[str]") -> str:
        name = found.group(1).rpartition(":")[2]
        if name == "pk" and "levels" in route:
            return numbers["level"]
        if name == "pk" and "rules" in route:
            return numbers["rule"]
        return numbers["customer_id"] if name == "pk" else numbers.get(name, "1")

    return "/" + re.sub(r"<([^>]+)>", value, plain)


def routes(prefix: str) -> Iterator[str]:
    """The routes below a prefix, each once."""
    yield from sorted({route for route, _view in ROUTES if route.startswith(prefix)})


def query(names: list[str], turn: int) -> str:
    """Every parameter, each with another of the values."""
    values = (VALUES[(number + turn) % len(VALUES)] for number in range(len(names)))
    return "&".join(
        f"{name}={quote(value.encode('utf-8', 'surrogatepass'))}"
        for name, value in zip(names, values, strict=True)
    )


def troubles(
    client: Client, shown: list[str], numbers: dict[str, str], rounds: Callable[[str], int]
) -> list[str]:
    """What went wrong at which address."""
    names, found = parameters(), []
    for position, route in enumerate(shown):
        for turn in range(rounds(route)):
            address = filled(route, numbers)
            try:
                answer = client.get(f"{address}?{query(names, 3 * turn + position)}")
            except Exception as problem:
                found.append(f"{address} {turn}: {problem!r}"[:300])
            else:
                found += [f"{address} {turn}: {fault}" for fault in faults(address, answer)]
    return found


def faults(address: str, answer: Any) -> list[str]:
    """What must not be in an answer: a failure of ours, a text of theirs that runs, another policy than ours."""
    found = [str(answer.status_code)] if answer.status_code >= 500 else []
    if not answer.get("Content-Type", "").startswith("text/html") or answer.streaming:
        return found
    html = answer.content.decode()
    if "x7q" in html:
        found += seen(DATA.sub("", html))
    if "49x7q" in html:
        found.append("a template ran")
    if answer["Content-Security-Policy"] != POLICY[address.startswith("/admin/")]:
        found.append(answer["Content-Security-Policy"])
    return found


def runs(tag: str) -> bool:
    """Whether a tag that quotes somebody is theirs, or lets what they wrote be run or gone to."""
    name, _space, _rest = tag[1:].partition(" ")
    if "x7q" in name or tag.startswith("<!"):
        return True
    for attribute, *values in ATTRIBUTE.findall(tag):
        value = unescape("".join(values)).strip().lower()
        if "x7q" in attribute or value == "x7q":
            return True
        if "x7q" in value and (
            RUN.match(attribute) or (attribute in GOES and value.startswith(("java", "//", "0;")))
        ):
            return True
    return False


def test_what_runs_is_seen() -> None:
    """The eye of the walk: every one of the twenty, written raw, is noticed; written as text, none is."""
    raw = {payload: f"""<p title="{payload}">{payload}</p><p title='{payload}'>""" for payload in XSS}
    assert [payload for payload, html in raw.items() if not seen(html)] == []
    assert [payload for payload in XSS if seen(f'<p title="{escape(payload)}">{escape(payload)}</p>')] == []


def seen(html: str) -> list[str]:
    """The tags around what they wrote, where it was written raw and would run; as text it is in no tag of theirs."""
    found = [script[:300] for script in SCRIPT.findall(html)]
    for place in re.finditer("x7q", html):
        begin, end = html.rfind("<", 0, place.start()), html.find(">", place.end()) + 1
        if begin > html.rfind(">", 0, place.start()) and runs(html[begin:end]):
            found.append(html[begin:end][:300])
    return found


def test_pages_of_every_app(numbers: dict[str, str]) -> None:
    assert len(parameters()) > 60
    client = logged_in()
    shown = [
        route for route in routes("admin/") if not PASSED_OVER.match(route) and not route.startswith("^")
    ]
    assert len(shown) > 120
    others = tuple(f"admin/{app}/" for app in APPS[1:])
    assert troubles(client, shown, numbers, lambda route: ROUNDS if route.startswith(others) else 1) == []


def test_the_storefront_api(numbers: dict[str, str]) -> None:
    shown = [route for route in routes("api/v1/") if "schema" not in route]
    own = [route for route in shown if "/me/" in route]
    assert (len(shown) > 20, len(own) > 8) == (True, True)
    shop = [route for route in shown if route not in own]
    assert troubles(server(), shop, numbers, lambda route: ROUNDS) == []
    assert troubles(shopper(Customer.objects.get(user_id="alice")), own, numbers, lambda route: ROUNDS) == []


def test_what_the_walk_found_is_there(numbers: dict[str, str]) -> None:
    client = logged_in()
    for route in (
        "admin/segments/<int:segment_id>/",
        "admin/campaigns/<int:campaign_id>/",
        "admin/feedback/<uuid:key>/",
    ):
        assert client.get(filled(route, numbers)).status_code == 200, route
    assert Segment.objects.exists()
