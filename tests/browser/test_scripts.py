"""What shoppers, back ends and files wrote anywhere, on the pages that show it, in a real browser: nothing runs."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Dialog, Page
from pytest_django.live_server_helper import LiveServer

from campaigns.models import CampaignKind
from campaigns.services.campaigns import Plan, Text, create_campaign
from config.kit import clock
from feedback.services.conversations import Opening, open_conversation
from segments.models import Segment
from tests.browser.ending import leave
from tests.campaigns.audience import segment_of
from tests.config.test_hostile import TEMPLATES, XSS
from tests.operators import operator
from tests.users.door import customer, identify, send, track
from tests.users.files.hands import check, csv_bytes, upload
from users.models import AttributeDefinition, CustomerTag, DeadLetter, Product, Tag, Topic
from users.reports import figures
from users.services import attributes

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(120)]
SAID = " ".join(XSS)
# Before anything of the page: what would notice that something of theirs ran or was held back by the policy.
WATCH = """
    window.x7q = () => console.error("a text of theirs ran");
    document.addEventListener("securitypolicyviolation", seen => console.error(`policy: ${seen.violatedDirective}`));
"""
# Elements and attributes that came out of a text. What a page quotes is text, and is in neither.
THEIRS = r"""
    [...document.querySelectorAll("x7q, x7q-a, #x7q, base, iframe:not(.r-letter[sandbox='']), math")]
        .concat([...document.querySelectorAll("body *")].filter(element => [...element.attributes].some(
            one => one.name.startsWith("on") && one.value.includes("x7q")
                || ["href", "src", "action"].includes(one.name) && /^\s*(javascript:|\/\/)/i.test(one.value))))
        .map(element => element.outerHTML.slice(0, 200))
"""


@pytest.fixture
def page(browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """The owner's browser."""
    client = Client()
    client.force_login(operator())
    made = browser.new_context(locale="en-GB", base_url=live_server.url)
    made.add_init_script(WATCH)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    made.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    yield made.new_page()
    leave(made)


def written_everywhere() -> dict[str, str]:
    """One customer in whom every field holds the texts, and what else quotes them; the pages by what they show."""
    now = clock.now()
    more = {payload: payload for payload in (*XSS, *TEMPLATES)}
    lines = [{"product_id": p, "name": p, "price": 1, "quantity": 1, "category": p, "brand": p} for p in XSS]
    at = now - timedelta(hours=1)
    send(
        identify(
            at=at, user="alice", name=SAID[:200], email="alice@example.org", firstName=SAID[:100],
            lastName=SAID[100:200], occupation=SAID[200:300], industry=SAID[300:400], education=SAID[400:450],
            incomeBand=SAID[450:500], address={"city": SAID[500:600], "region": SAID[:100]}, interests=list(XSS),
            **more,
        ),
        *(track(payload, at=at, user="alice", **more) for payload in XSS),
        track(
            "Order Completed", at=at, user="alice", order_id="x1", total=20, currency="USD", coupon=XSS[1],
            products=lines,
        ),
    )  # fmt: skip
    who = customer("alice")
    for payload in XSS:
        tag = Tag.objects.create(name=payload[:60], category=payload[:60])
        CustomerTag.objects.create(customer=who, tag=tag, tagged_at=now, source="hand")
    segment = segment_of([who.pk])
    Segment.objects.filter(pk=segment.pk).update(name=SAID[:120], description=SAID[:300], folder=XSS[0])
    plan = Plan(SAID[:120], CampaignKind.ONE_OFF, segment, Topic.objects.get(slug="news"))
    letter = Text("{{ customer.first_name }}" + SAID[:100], f"{{{{ customer.name }}}} {SAID}", "en")
    campaign = create_campaign(plan, [letter], by=operator(), now=now)
    conversation = open_conversation(who, Opening(SAID[:100], SAID), now=now)
    letter_in = DeadLetter.objects.create(
        received_at=now, parked_at=now, confirmed=True, code="bad_type", item=SAID
    )
    heads = ["user_id", *XSS[:8]]
    rows = [["bob", *XSS[8:16]], [SAID[:200], *XSS[:8]]]
    waiting = upload("customers", csv_bytes(heads, rows), name=f"{XSS[0]}.csv")
    checked = check(upload("customers", csv_bytes(["user_id", "name"], [["eve", SAID[:200]], ["", XSS[3]]])))
    figures.compute(now, days=figures.SHOWN_DAYS)
    attributes.discover_all(now)
    attribute = AttributeDefinition.objects.filter(name__contains="x7q").earliest("pk")
    return {
        "customer": reverse("users:customer", args=[who.pk]) + "?panel=all",
        "customers": reverse("users:customers"),
        "profile": reverse("users:customer_edit", args=[who.pk]),
        "order": reverse("users:order", args=[who.pk, "shop", "x1"]),
        "product": reverse("users:product", args=[Product.objects.earliest("pk").pk]),
        "events": reverse("users:funnel"),
        "tags": reverse("users:tags"),
        "attribute": reverse("users:attribute", args=[attribute.pk]),
        "file": reverse("users:import_columns", args=[waiting.pk]),
        "rows": reverse("users:import", args=[checked.pk]),
        "letter": reverse("campaigns:campaign", args=[campaign.pk]),
        "segment": reverse("segments:segment", args=[segment.pk]),
        "builder": reverse("segments:edit", args=[segment.pk]),
        "feedback": reverse("feedback:conversation", args=[conversation.key]),
        "dead letter": reverse("users:dead_letter", args=[letter_in.pk]),
        "audit": reverse("users:audit"),
    }


def test_nothing_that_anybody_wrote_runs(page: Page) -> None:
    said: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        said.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    page.on("console", lambda told: said.append(told.text) if told.type in {"error", "warning"} else None)
    page.on("pageerror", lambda problem: said.append(str(problem)))
    page.on("dialog", dismiss)
    page.on("request", lambda asked: said.append(asked.url) if "x7q" in asked.url.partition("?")[0] else None)
    found: dict[str, list[str]] = {}
    for kind, address in written_everywhere().items():
        answer = page.goto(address)
        shown = page.content()
        told = [*page.evaluate(THEIRS), *said]
        if answer is None or answer.status != 200 or "x7q" not in shown:
            told.append(f"not shown: {answer and answer.status}")
        found[kind] = told
        said.clear()
    assert {kind: told for kind, told in found.items() if told} == {}


def test_the_watch_sees_what_runs(page: Page) -> None:
    """The eye of the test above: on a page without a policy every kind of text that runs is noticed."""
    said: list[str] = []
    page.on("console", lambda told: said.append(told.text))
    page.route(
        "**/raw",
        lambda route: route.fulfill(body=f"<title>x</title><body>{XSS[0]}{XSS[2]}", content_type="text/html"),
    )
    page.goto("/raw")
    page.wait_for_timeout(100)
    assert said.count("a text of theirs ran") == 2
    page.set_content("".join(XSS[i] for i in (10, 11, 15, 16, 19)))
    assert len(page.evaluate(THEIRS)) >= 4
