"""The operators' pages of segments: who may do what, and what they show."""

import json

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from segments.models import Segment
from segments.services.refresh import refresh
from tests.operators import SET_UP
from tests.segments.shop import ago, customer, event, mailable, rule, segment, tagged
from users.models import Operator, Role

pytestmark = pytest.mark.django_db(transaction=True)

VIP = {"collection": "tags", "op": "has_any_of", "value": ["VIP"]}


def as_operator(role: Role = Role.OPERATOR) -> Client:
    client = Client()
    client.force_login(
        Operator.objects.create(username=role.value, role=role, is_staff=True, factor_at=SET_UP)
    )
    return client


def test_a_segment_is_made_edited_and_deleted_by_hand() -> None:
    who = customer(name="Lin")
    tagged(who, "VIP")
    client = as_operator()
    form = {"name": "Our VIPs", "description": "For the party", "rule": json.dumps(rule(VIP))}

    made = client.post(reverse("segments:create"), form)

    found = Segment.objects.get()
    page = reverse("segments:segment", args=[found.pk])
    assert (made.status_code, made["Location"]) == (302, page)
    from segments.services.rebuild import rebuild_waiting

    rebuild_waiting()
    shown = client.get(page).content.decode()
    assert "tags include “VIP”" in shown
    assert "Lin" in shown
    for view in ("log", "versions", "runs"):
        assert client.get(page, {"view": view}).status_code == 200
    other = {**form, "rule": json.dumps(rule({**VIP, "op": "has_none_of"})), "name": "Not VIPs"}
    assert client.post(reverse("segments:edit", args=[found.pk]), other).status_code == 302
    found.refresh_from_db()
    assert (found.name, found.rule_version) == ("Not VIPs", 2)
    assert client.post(page, {"act": "delete"}).status_code == 302
    assert not Segment.objects.exists()


def test_what_is_wrong_stands_in_the_form() -> None:
    client = as_operator()
    for text, expected in (
        ("{", "The rule cannot be read."),
        (json.dumps(rule({"field": "gone", "op": "is_known"})), "there is no such field"),
        (json.dumps(rule({"everyone": True})), "This rule means everyone."),
    ):
        shown = client.post(reverse("segments:create"), {"name": "X", "rule": text})
        assert shown.status_code == 200
        assert expected in shown.content.decode()
    assert not Segment.objects.exists()


def test_the_preview_counts_and_names_the_row_at_fault() -> None:
    who = customer(name="Lin")
    tagged(who, "VIP")
    client = as_operator()
    ask = reverse("segments:preview")
    shown = client.post(ask, {"rule": json.dumps(rule(VIP))}, headers={"HX-Request": "true"}).content.decode()
    assert "tags include “VIP”" in shown
    assert "Lin" in shown
    assert "of 1 customers" in shown
    wrong = client.post(ask, {"rule": json.dumps(rule({**VIP, "value": []}))}).content.decode()
    assert 'data-path="root.all[0].value"' in wrong
    assert client.get(ask).status_code == 405


def test_values_in_use_are_suggested() -> None:
    cache.clear()
    customer(city="Suzhou")
    customer(city="Wuxi")
    viewer = customer(attributes={"deep": {"taste": True}})
    for colour in ("red", 3, "red", None, ["no"]):
        event(viewer, "Product Viewed", ago(days=1), properties={"colour": colour})
    client = as_operator()
    ask = reverse("segments:suggest")

    def offered(**asked: str) -> list[tuple[object, int]]:
        return [(one["value"], one["count"]) for one in client.get(ask, asked).json()["values"]]

    customer(city="Wuxi")
    assert offered(name="city", typed="u") == [("Wuxi", 2), ("Suzhou", 1)]
    customer(city="Suqian")
    assert offered(name="city", typed="su") == [("Suzhou", 1), ("Suqian", 0)]  # not counted again so soon
    stages = dict(offered(name="stage"))
    assert stages["prospect"] == 5
    assert stages["churned"] == 0
    assert offered(source="events", event="Product Viewed") == [("colour", 0)]
    assert offered(source="events", event="Product Viewed", property='"colour"') == [("red", 2), (3, 1)]
    assert offered(source="events", event="Product Viewed", property='"colour"', typed="RE") == [("red", 2)]
    assert offered(attribute='["deep", "taste"]') == [(True, 1)]
    for nonsense in ("{", "[[]]", '"\\u0000"', "[1]", '["a","b","c","d","e","f"]'):
        assert offered(attribute=nonsense) == []
    assert client.get(ask, {"name": "nothing"}).json() == {"values": []}
    assert client.get(ask, {"name": "city", "typed": "\0%_'"}).json() == {"values": []}


def test_reasons_are_shown_for_one_customer() -> None:
    who = customer(name="Lin", revenue=5000)
    found = segment({"field": "revenue", "op": "at_least", "value": 10000})
    shown = as_operator().get(reverse("segments:explain", args=[found.pk, who.pk])).content.decode()
    assert "money spent in life is at least $100.00" in shown
    assert "$50.00" in shown
    assert "the rule is not true of this customer" in shown


@pytest.mark.parametrize("role", [Role.ANALYST, Role.READ_ONLY, Role.SUPPORT])
def test_who_may_only_read_changes_nothing(role: Role) -> None:
    found = segment({"field": "city", "op": "is_known"})
    client = as_operator(role)
    page = reverse("segments:segment", args=[found.pk])
    assert client.get(page).status_code == 200
    assert client.get(reverse("segments:list")).status_code == 200
    assert client.post(page, {"act": "delete"}).status_code == 403
    assert client.get(reverse("segments:create")).status_code == 403
    assert client.post(reverse("segments:preview"), {"rule": "{}"}).status_code == 403
    assert client.post(reverse("segments:preview_parts"), {"rule": "{}"}).status_code == 403
    assert client.get(reverse("segments:suggest")).status_code == 403
    assert Segment.objects.count() == 1


def test_the_list_reads_as_often_for_many_as_for_one() -> None:
    client = as_operator()

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert client.get(reverse("segments:list")).status_code == 200
        return len(seen)

    segment({"field": "city", "op": "is_known"})
    queries()
    few = queries()
    for number in range(8):
        segment({"field": "city", "op": "equals", "value": f"C{number}"})
    assert queries() == few


def test_home_card_and_customer_panel() -> None:
    who = customer(name="Lin", stage="dormant")
    mailable(who)
    found = segment({"may_receive": "email", "topic": "news"}, name="May be mailed")
    refresh()
    client = as_operator()
    assert "May be mailed" in client.get(reverse("users:home"), {"panel": "all"}).content.decode()
    shown = client.get(reverse("users:customer", args=[who.pk]), {"panel": "all"}).content.decode()
    assert reverse("segments:explain", args=[found.pk, who.pk]) in shown
