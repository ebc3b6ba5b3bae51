"""Operators' screens of growth: they open, say what is there, and let only the right roles act."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from config.kit import clock
from growth.models import EarningRule, EntryKind, Level
from growth.services import ripen
from growth.services.earn import Earning, earn, grant
from tests.clock import move
from tests.growth.books import assert_in_order, balance_of
from tests.growth.conftest import DAY, make_customer, make_order
from tests.operators import logged_in
from users.models import AuditEntry, LongJob, Role, Standing
from users.reports import stored

pytestmark = pytest.mark.django_db


@pytest.fixture
def rich(alice):
    """Alice with active and pending points and a level."""
    now = clock.now()
    earn([Earning(alice.pk, "shop", "1", 150, 15000, now - 8 * DAY, now - DAY)])
    ripen.mature(now)
    earn([Earning(alice.pk, "shop", "2", 30, 3000, now, now + 7 * DAY)])
    return alice


def pages(customer):
    level, rule = Level.objects.get(name="Silver"), EarningRule.objects.get()
    return {
        reverse("growth:home"): "Points per day",
        reverse("growth:holders"): "Customers with points",
        reverse("growth:ledger", args=[customer.pk]): "Became active",
        reverse("growth:rules"): "Each whole USD of a paid order earns 1 points, active after 7 days.",
        reverse("growth:levels"): "Platinum",
        reverse("growth:level_customers", args=[level.pk]): "Silver",
        reverse("growth:adjust", args=[customer.pk]): "Stays in the customer",
        reverse("growth:award"): "Imported orders earn nothing by themselves",
        reverse("growth:rule", args=[rule.pk]): "Points for orders",
        reverse("growth:rule_new"): "Earning rule",
        reverse("growth:level", args=[level.pk]): "Silver",
        reverse("growth:level_new"): "Level",
    }


def test_every_screen_opens_and_shows_what_it_is_about(rich):
    client = logged_in()
    for address, words in pages(rich).items():
        page = client.get(address)
        assert page.status_code == 200, address
        assert words in page.content.decode(), address


def test_screens_that_change_things_are_for_those_who_may(rich):
    for_operators = {reverse("growth:adjust", args=[rich.pk]), reverse("growth:award")} | {
        address for address in pages(rich) if re.search(r"/(rules|levels)/(new|\d+)/$", address)
    }
    for role in (Role.READ_ONLY, Role.SUPPORT, Role.ANALYST):
        client = logged_in(role)
        for address in pages(rich):
            assert client.get(address).status_code == (403 if address in for_operators else 200)
        assert client.post(reverse("growth:home")).status_code == 403
    assert logged_in(Role.OPERATOR).get(reverse("growth:award")).status_code == 200


def test_the_lists_cost_the_same_for_one_and_for_many(rich, django_assert_max_num_queries):
    for n in range(30):
        grant(make_customer(f"c{n}").pk, 5, key="g", kind=EntryKind.ADJUST, now=clock.now())
    client = logged_in()
    for address in (reverse("growth:home"), reverse("growth:holders"), reverse("growth:levels")):
        with django_assert_max_num_queries(16):
            client.get(address)


def test_points_are_adjusted_only_after_the_wish_was_read_back(rich):
    client = logged_in(Role.OPERATOR)
    address = reverse("growth:adjust", args=[rich.pk])
    wish = {"points": "-50", "reason": "Doubled by mistake", "key": "k1", "asked": ""}
    read_back = client.post(address, wish).content.decode()
    assert "loses 50 points and will have 100" in read_back
    assert balance_of(rich.pk) == (30, 150, 0)
    changed = client.post(address, wish | {"asked": "-5|Doubled by mistake"}).content.decode()
    assert "loses 50 points" in changed
    for _ in range(2):
        answer = client.post(address, wish | {"asked": "-50|Doubled by mistake"})
    assert answer.status_code == 302
    assert balance_of(rich.pk) == (30, 100, 0)
    assert AuditEntry.objects.filter(act="points.adjust").count() == 1
    assert "Doubled by mistake" in client.get(answer["Location"]).content.decode()
    assert_in_order()


def test_more_than_there_is_is_refused_beside_the_field(rich):
    wish = {"points": "-151", "reason": "why", "key": "k1", "asked": "-151|why"}
    page = logged_in().post(reverse("growth:adjust", args=[rich.pk]), wish)
    assert page.status_code == 200
    assert "There are not enough points." in page.content.decode()
    assert balance_of(rich.pk) == (30, 150, 0)


def test_past_orders_are_awarded_after_a_preview(alice):
    make_order(alice, "old", 12_300, paid_at=clock.now() - 20 * DAY, is_history=True)
    client = logged_in(Role.OPERATOR)
    since, until = (str((clock.now() - days * DAY).date()) for days in (30, 1))
    wish = {"since": since, "until": until, "asked": ""}
    preview = client.post(reverse("growth:award"), wish).content.decode()
    assert "1 orders of 1 customers earn 123 points" in preview
    assert not LongJob.objects.exists()
    client.post(reverse("growth:award"), wish | {"asked": f"{since}|{until}"})
    job = LongJob.objects.get()
    assert (job.kind, job.total) == ("points.award_past_orders", 1)
    backwards = client.post(reverse("growth:award"), {"since": until, "until": since})
    assert "before the first one" in backwards.content.decode()


def test_rules_and_levels_are_changed_with_an_audit(alice):
    client = logged_in(Role.OPERATOR)
    rule = EarningRule.objects.get()
    address = reverse("growth:rule", args=[rule.pk])
    form = {"name": "Double", "points_per_unit": "2", "is_active": "on", "position": "1"}
    assert client.post(address, form).status_code == 302
    assert EarningRule.objects.get().points_per_unit == 2
    assert (
        "cannot take points away" in client.post(address, form | {"points_per_unit": "-2"}).content.decode()
    )
    entry = AuditEntry.objects.get(act="earning_rule.change")
    assert entry.before is not None
    assert entry.after is not None
    assert (entry.before["points_per_unit"], entry.after["points_per_unit"]) == ("1.00", "2")
    lowest = Level.objects.get(threshold=0)
    refused = client.post(
        reverse("growth:level", args=[lowest.pk]),
        {"name": "Member", "name_zh": "", "threshold": "10", "colour": "#7c8594"},
    )
    assert "everybody starts there" in refused.content.decode()
    added = {"name": "Diamond", "name_zh": "钻石", "threshold": "9000", "colour": "#123456"}
    assert client.post(reverse("growth:level_new"), added).status_code == 302
    assert AuditEntry.objects.filter(act="level.create").count() == 1


def test_the_books_are_checked_on_demand(rich):
    answer = logged_in(Role.OPERATOR).post(reverse("growth:home"), follow=True)
    assert "6 entries sum to 0; 0 figures are off." in answer.content.decode()


def test_home_and_customer_page_show_points(rich):
    client = logged_in()
    assert "Points outstanding" in client.get(reverse("users:home"), {"panel": "points"}).content.decode()
    Standing.objects.create(customer=rich)
    page = client.get(reverse("users:customer", args=[rich.pk]), {"panel": "points"}).content.decode()
    assert "Points and level" in page
    assert "points can be spent" in page


def test_a_large_shop_says_as_of_when_its_sums_stand(rich, monkeypatch):
    client = logged_in()
    live = [client.get(url).context for url in ("/admin/growth/", "/admin/growth/levels/")]
    monkeypatch.setattr(stored, "LARGE", -1)
    monkeypatch.setattr(stored, "_looked_at", {})
    first = [client.get(url).context for url in ("/admin/growth/", "/admin/growth/levels/")]
    move(timedelta(minutes=5))
    kept = [client.get(url).context for url in ("/admin/growth/", "/admin/growth/levels/")]
    assert [page["as_of"] for page in kept] == [page["as_of"] for page in first]
    assert "as of" in kept[0]["stats"][0].window
    values = [[stat.value for stat in page["stats"]] for page in (live[0], first[0], kept[0])]
    assert values[0] == values[1] == values[2]
    rows = [
        [[getattr(cell, "value", cell) for cell in row] for row in page["table"].rows]
        for page in (live[1], kept[1])
    ]
    assert rows[0] == rows[1]
