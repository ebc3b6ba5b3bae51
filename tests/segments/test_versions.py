"""Versions of a rule: what changed between them, how many they held, and the way back."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from segments.models import Segment
from segments.rules.words import Words
from segments.services.rebuild import rebuild, rebuild_waiting
from segments.services.rule_tree import Branch, difference, tree_of
from segments.services.segments import edit_segment
from tests.operators import SET_UP
from tests.segments.shop import customer, rule, segment
from users.models import Operator, Role

pytestmark = pytest.mark.django_db(transaction=True)

CITY = {"field": "city", "op": "equals", "value": "Suzhou"}
WUXI = {"field": "city", "op": "equals", "value": "Wuxi"}
RICH = {"field": "revenue", "op": "at_least", "value": 10000}
OLD = {"field": "birthday", "op": "age_at_least", "value": 30}


def flat(branch: Branch | None) -> list[tuple[str, str]]:
    """Every node's text and change, in the order in which they are shown."""
    assert branch is not None
    return [(branch.text, branch.change), *(one for part in branch.parts for one in flat(part))]


def changed(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str]]:
    return flat(difference(before, after, Words()))


def test_a_rule_reads_as_a_tree() -> None:
    tree = tree_of(rule(CITY, {"any": [RICH, OLD]}), Words())
    assert [text for text, _change in flat(tree)] == [
        "all of these",
        "city is “Suzhou”",
        "any of these",
        "money spent in life is at least $100.00",
        "age (by birthday) is at least 30",
    ]
    assert tree_of({"version": 1, "root": {"all": [{"field": "gone", "op": "is_known"}]}}, Words()) is None


def test_what_came_and_what_went_is_marked_where_it_stands() -> None:
    assert changed(rule(CITY, RICH), rule(WUXI, RICH)) == [
        ("all of these", ""),
        ("city is “Suzhou”", "gone"),
        ("city is “Wuxi”", "added"),
        ("money spent in life is at least $100.00", ""),
    ]
    assert changed(rule(CITY), rule(CITY, RICH))[1:] == [
        ("city is “Suzhou”", ""),
        ("money spent in life is at least $100.00", "added"),
    ]
    assert changed(rule(CITY, RICH), rule(CITY))[-1] == ("money spent in life is at least $100.00", "gone")
    assert {change for _text, change in changed(rule(CITY, RICH), rule(RICH, CITY))} == {""}


def test_groups_with_something_in_common_are_gone_through() -> None:
    before, after = rule({"any": [CITY, RICH]}), rule({"any": [CITY, WUXI]})
    assert changed(before, after) == [
        ("all of these", ""),
        ("any of these", ""),
        ("city is “Suzhou”", ""),
        ("city is “Wuxi”", "added"),
        ("money spent in life is at least $100.00", "gone"),
    ]
    assert changed(rule(CITY, RICH), rule(CITY, RICH, how="any"))[:2] == [
        ("any of these", "added"),
        ("all of these", "gone"),
    ]


def test_the_page_of_versions_and_the_way_back() -> None:
    customer(city="Suzhou")
    for _one in range(2):
        customer(city="Wuxi")
    olga = Operator.objects.create(username="olga", role=Role.OPERATOR, is_staff=True, factor_at=SET_UP)
    made = segment(CITY, name="Place")
    edit_segment(made, by=olga, rule=rule(WUXI))
    rebuild(Segment.objects.get(pk=made.pk))
    client = Client()
    client.force_login(olga)
    page = reverse("segments:versions", args=[made.pk])

    shown = client.get(page)
    newest, oldest = shown.context["versions"]
    assert (newest["version"].size_before, newest["version"].size_after) == (1, 2)
    assert (oldest["version"].size_before, oldest["version"].size_after) == (None, 1)
    assert newest["restore"] is None
    assert "1 customers before, 2 after" in shown.content.decode()
    assert client.post(page, {"version": "1"}).status_code == 302
    rebuild_waiting()
    made.refresh_from_db()
    assert (made.rule, made.rule_version, made.size) == (rule(CITY), 3, 1)
    for nonsense in ("0", "9", "x", "", "99999999999"):
        assert client.post(page, {"version": nonsense}).status_code == 404
    made.refresh_from_db()
    assert made.rule_version == 3


def test_who_only_reads_may_look_but_not_go_back() -> None:
    made = segment(CITY)
    client = Client()
    client.force_login(
        Operator.objects.create(username="anna", role=Role.ANALYST, is_staff=True, factor_at=SET_UP)
    )
    page = reverse("segments:versions", args=[made.pk])
    assert client.get(page).status_code == 200
    assert client.post(page, {"version": "1"}).status_code == 403
