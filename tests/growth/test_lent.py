"""What growth lends: fields of rules that follow every act at once, values of messages, activity."""

import pytest

from campaigns.merge import load_values
from growth.models import CheckIn, EntryKind
from growth.services import levels, ripen
from growth.services.check_in import check_in
from growth.services.earn import Earning, earn, grant
from growth.services.spend import spend
from segments.registry import fields
from tests.growth.conftest import DAY, T0
from users import facts
from users.models import Customer, Event, Standing, Touched

pytestmark = pytest.mark.django_db


def value_of(name, customer):
    """The field's value as a rule would read it."""
    field = fields[name]
    if field.rows is not None:
        return field.rows().filter(customer=customer).values_list(field.x, flat=True).first()
    return Customer.objects.filter(pk=customer.pk).values_list(field.x, flat=True).get()


def level_of(customer):
    """The level in words, as a form would show the rule's choice."""
    choices = fields["level"].choices
    assert choices is not None
    return choices()[value_of("level", customer)]


def topics(customer):
    found = set(Touched.objects.filter(customer=customer).values_list("topic", flat=True))
    Touched.objects.all().delete()
    return found


def test_fields_of_somebody_without_points(alice):
    names = ("points_balance", "points_pending", "points_owed", "growth_value")
    assert [value_of(name, alice) for name in names] == [0, 0, 0, 0]
    assert level_of(alice) == "Member"


def test_every_act_changes_its_fields_and_touches_their_topics(alice):
    earn([Earning(alice.pk, "shop", "1", 150, 15000, T0, T0 + 7 * DAY)])
    assert (value_of("points_pending", alice), topics(alice)) == (150, {"points"})
    ripen.mature(T0 + 7 * DAY)
    assert (value_of("points_balance", alice), value_of("growth_value", alice)) == (150, 150)
    assert level_of(alice) == "Silver"
    assert value_of("level_since", alice) == T0 + 7 * DAY
    assert topics(alice) == {"points", "level"}
    spend(alice.pk, 50, key="s", now=T0 + 8 * DAY)
    assert (value_of("points_balance", alice), topics(alice)) == (100, {"points"})
    ripen.expire(T0 + 400 * DAY)
    assert (value_of("points_balance", alice), topics(alice)) == (0, {"points"})
    levels.judge(T0 + 372 * DAY)
    levels.judge(T0 + 737 * DAY)
    assert level_of(alice) == "Member"
    assert "level" in topics(alice)


def test_check_ins_are_fields_and_count_as_activity(alice):
    Standing.objects.create(customer=alice)
    for day in (0, 1):
        check_in(alice, now=T0 + day * DAY)
    assert (value_of("check_in_streak", alice), value_of("last_check_in", alice)) == (2, T0 + DAY)
    assert {"points", "events", "stage"} <= topics(alice)
    standing = Standing.objects.get(pk=alice.pk)
    assert (standing.stage, standing.last_activity_at, standing.active_days) == ("new", T0 + DAY, 2)
    event = Event.objects.get(customer=alice, message_id=f"checkin:{alice.pk}:2026-03-02")
    assert (event.type.name, event.properties["streak"]) == (facts.CHECKED_IN, 2)
    CheckIn.objects.all().delete()


def test_messages_know_points_and_levels(alice, bob):
    grant(alice.pk, 120, key="g", kind=EntryKind.ADJUST, now=T0)
    values = load_values(["points", "level"], [alice.pk, bob.pk], T0)
    assert values[alice.pk]["points"] == {"balance": 120, "pending": 0}
    assert values[bob.pk] == {
        "points": {"balance": 0, "pending": 0},
        "level": {"name": "Member", "name_zh": "普通会员", "growth_value": 0},
    }
