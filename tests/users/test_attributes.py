"""Custom attributes: discovered from what changed, counted over everybody, opened by value, named by people."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import translation

from tests.clock import move_to
from tests.operators import logged_in
from tests.users.door import customer, identify, send
from users.models import AttributeDefinition, AuditEntry, ChangedProfile, Role
from users.services import attributes, joining

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def shop() -> None:
    move_to(NOON)
    send(
        identify(
            at=NOON, user="alice", size=44, vip=True, since="2026-01-02", likes=["a", "b"], more={"x": 1}
        ),
        identify(at=NOON, user="bob", size=44, vip=False, shade="red"),
        identify(at=NOON, user="carol", size="large", shade="red"),
        identify(at=NOON, anonymous="visitor", size=1, shade="green"),
    )


def kinds() -> dict[str, str]:
    return dict(AttributeDefinition.objects.values_list("name", "kind"))


def test_names_and_kinds_come_from_the_traffic() -> None:
    assert attributes.discover_all(NOON) == 4
    assert kinds() == {
        "size": "mixed", "vip": "flag", "since": "date", "likes": "list", "more": "object", "shade": "text",
    }  # fmt: skip
    assert AttributeDefinition.objects.get(name="size").examples[0] == "44"
    assert not ChangedProfile.objects.exists() and attributes.discover_all(NOON) == 0


def test_another_kind_later_makes_it_mixed_and_the_first_instant_stays() -> None:
    attributes.discover_all(NOON)
    later = NOON + timedelta(hours=1)
    send(identify(at=NOON, user="alice", shade=5))
    attributes.discover_all(later)
    found = AttributeDefinition.objects.get(name="shade")
    assert (found.kind, found.first_seen_at, found.last_seen_at) == ("mixed", NOON, later)


def test_what_did_not_change_is_not_looked_at_again() -> None:
    attributes.discover_all(NOON)
    send(identify(at=NOON, user="alice", size=44, name="Alice"))
    assert not ChangedProfile.objects.exists()


def test_a_join_leaves_nobody_to_look_at() -> None:
    lost = customer("bob").pk
    joining.join(customer("alice").pk, lost, now=NOON, cause="hand")
    assert not ChangedProfile.objects.filter(customer=lost).exists()


def test_identified_customers_are_counted_once_a_day() -> None:
    attributes.discover_all(NOON)
    assert attributes.count_if_due(NOON) == 6
    counted = Counter(dict(AttributeDefinition.objects.values_list("name", "customers")))
    assert counted == {"size": 3, "vip": 2, "since": 1, "likes": 1, "more": 1, "shade": 2}
    assert attributes.count_if_due(NOON + timedelta(hours=23)) == 0
    assert attributes.count_if_due(NOON + timedelta(hours=25)) == 6


def test_the_pages_show_share_and_spread_and_open_the_customers() -> None:
    attributes.discover_all(NOON)
    attributes.count(NOON)
    client = logged_in()
    rows = {str(row[0].value): row for row in client.get(reverse("users:attributes")).context["table"].rows}
    assert (rows["shade"][2], rows["shade"][3]) == (2, pytest.approx(2 / 3))
    page = client.get(rows["shade"][0].url)
    ((value, cell, share),) = page.context["table"].rows
    assert (value, cell.value, share) == ("red", 2, 1.0)
    found = client.get(f"{cell.url}&sort=newest").context["table"].rows
    assert [str(row[0]) for row in found] == ["carol", "bob"]


def test_people_name_and_hide_attributes_with_audit() -> None:
    attributes.discover_all(NOON)
    shade = AttributeDefinition.objects.get(name="shade")
    page = reverse("users:attribute", args=[shade.pk])
    told = {"label": "Colour", "label_zh": "颜色", "is_hidden": "on"}
    assert logged_in(Role.SUPPORT).post(page, told).status_code == 403
    assert logged_in(Role.ANALYST).post(page, told).status_code == 302
    shade.refresh_from_db()
    assert (shade.title, shade.is_hidden) == ("Colour", True)
    with translation.override("zh-hans"):
        assert shade.title == "颜色"
    told = AuditEntry.objects.get(act="attribute.describe").after or {}
    assert told["label_zh"] == "颜色"
    client = logged_in()
    assert "shade" not in {
        row[0].hint for row in client.get(reverse("users:attributes")).context["table"].rows
    }
    hidden = client.get(reverse("users:attributes"), {"show": "hidden"}).context["table"].rows
    assert [row[0].hint for row in hidden] == ["shade"]
    story = client.get(reverse("users:customer", args=[customer("bob").pk])).content.decode()
    assert "shade" not in story and "Colour" not in story
