"""Reach: every figure against a slow obvious count, and the customers behind each."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from tests.clock import move_to
from tests.operators import logged_in
from tests.users.door import customer, identify, send, visit
from users.groups import group_spec, read_group
from users.models import Channel, Consent, ContactPoint, Customer, Reach, Topic
from users.reports import reach
from users.services import contact_acts, contacts

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
USABLE = ("unverified", "verified")


@pytest.fixture(autouse=True)
def shop() -> None:
    """Forty customers with drawn addresses, states and answers; an unconfirmed one and a bare visitor."""
    move_to(NOON)
    draw = random.Random(3)
    calls = []
    for n in range(40):
        traits = {"email": f"c{n}@x.org"} if draw.random() < 0.7 else {}
        if draw.random() < 0.4:
            traits["phone"] = f"+86138001380{n:02}"
        said = [
            {"channel": channel, "topic": topic, "granted": draw.random() < 0.6}
            for channel in ("email", "sms")
            for topic in ("news", "care")
            if draw.random() < 0.5
        ]
        calls.append(identify(at=NOON, user=f"u{n}", consents=said, **traits))
    send(*calls)
    send(visit(at=NOON, anonymous="nobody"))
    send(identify(at=NOON, user="u0", email="claimed@x.org"), confirmed=False)
    for point in ContactPoint.objects.order_by("customer_id", "channel"):
        state = draw.choice(["unverified", "unverified", "verified", "bouncing", "blocked"])
        contacts.set_state(point.customer_id, point.channel, point.address, state, NOON)
    reach.compute(NOON)


def obvious(channel: str, what: str, topic: str = "") -> set[int]:
    """The same by looking at every customer."""
    found = set()
    for person in Customer.objects.filter(identified=True):
        points = list(ContactPoint.objects.filter(customer=person, channel=channel))
        usable = any(p.confirmed and p.state in USABLE for p in points)
        agreed = Consent.objects.filter(
            customer=person, channel=channel, topic__slug=topic, is_current=True, granted=True
        )
        truth = {
            "usable": usable,
            "unusable": bool(points) and not usable,
            "lacking": not points,
            "verified": any(p.confirmed and p.state == "verified" for p in points),
            "bouncing": any(p.state == "bouncing" for p in points),
            "blocked": any(p.state == "blocked" for p in points),
            "consented": usable and agreed.exists(),
        }
        if truth[what]:
            found.add(person.pk)
    return found


@pytest.mark.parametrize("channel", ["email", "sms", "wechat"])
def test_figures_and_the_groups_behind_them_are_what_one_counts_by_hand(channel: str) -> None:
    known = reach.figures(NOON)
    assert known.everybody == Customer.objects.known().count() == 40
    for what in Reach.values:
        for topic in ("news", "care") if what == "consented" else ("",):
            expected = obvious(channel, what, topic)
            if topic:
                count = known.consented.get((channel, Topic.objects.get(slug=topic).pk), 0)
            else:
                count = known.counts.get((channel, what), 0)
            assert count == len(expected), (what, topic)
            spec = group_spec("reach", channel=channel, what=what, topic=topic)
            behind = read_group(spec, NOON).customers
            assert set(Customer.objects.filter(pk__in=behind).values_list("pk", flat=True)) == expected


@pytest.mark.parametrize("channel", ["email", "sms", "wechat"])
def test_the_reachable_without_a_verified_address_are_the_others(channel: str) -> None:
    expected = obvious(channel, "usable") - obvious(channel, "verified")
    behind = read_group(group_spec("unverified", channel=channel), NOON).customers
    assert set(Customer.objects.filter(pk__in=behind).values_list("pk", flat=True)) == expected
    assert reach.figures(NOON).unverified(channel) == len(expected)


def test_the_page_shows_shares_with_n_and_opens_the_customers() -> None:
    client = logged_in()
    page = client.get(reverse("users:reach"))
    html = page.content.decode()
    stat = page.context["stats"][0]
    assert (stat.of, round(stat.value * 40)) == (40, len(obvious("email", "usable")))
    assert stat.url.replace("&", "&amp;") in html
    assert client.get(stat.url).status_code == 200
    assert page.context["topics"].rows[0][1].value == len(obvious("email", "consented", "news"))


@pytest.mark.parametrize(
    "spec",
    [
        "reach?channel=pigeon&what=usable",
        "reach?channel=email&what=x",
        "unverified?channel=pigeon",
        "reach?channel=email&what=consented&topic=x",
        "reach",
    ],
)
def test_senseless_groups_are_refused(spec: str) -> None:
    assert logged_in().get(reverse("users:customers"), {"group": spec}).status_code == 400


def test_an_empty_shop_says_so() -> None:
    ContactPoint.objects.all().delete()
    Customer.objects.update(identified=False)
    reach.compute(NOON)
    page = logged_in().get(reverse("users:reach"))
    assert page.status_code == 200 and page.context["stats"][0].value is None


def test_what_is_counted_is_as_old_as_it_says() -> None:
    contact_acts.add(customer("u1").pk, Channel.WECHAT, "o-1", now=NOON)
    assert reach.figures(NOON + timedelta(hours=1)).counts.get(("wechat", "usable"), 0) == 0
    assert reach.figures(NOON).computed_at == NOON
    reach.compute(NOON)
    assert reach.figures(NOON).counts["wechat", "usable"] == 1
