"""Computing a segment in full: the right people, the right history, and who is asked again."""

from datetime import timedelta

import pytest

from config.kit import clock
from config.kit.refusal import Conflict, Refusal
from segments.models import MembershipChange, Segment, SegmentState
from segments.services.membership import is_fresh, still_matches
from segments.services.membership import members as members_of
from segments.services.rebuild import rebuild, rebuild_waiting
from segments.services.segments import create_segment, delete_segment, edit_segment
from tests.segments.shop import ago, customer, event, mailable, members, order, rule, segment, tagged
from users.models import AuditEntry

pytestmark = pytest.mark.django_db(transaction=True)

DORMANT = {"field": "stage", "op": "is_any_of", "value": ["dormant"]}
SPENT_100 = {"field": "revenue", "op": "at_least", "value": 10000}
MAY_BE_MAILED = {"may_receive": "email", "topic": "news"}


def test_dormant_spent_over_100_may_be_mailed() -> None:
    wanted = customer(stage="dormant", revenue=10000)
    mailable(wanted)
    poor = customer(stage="dormant", revenue=9999)
    mailable(poor)
    awake = customer(stage="active", revenue=50000)
    mailable(awake)
    refused = customer(stage="dormant", revenue=50000)
    mailable(refused, granted=False)
    silent = customer(stage="dormant", revenue=50000)
    mailable(silent, granted=None)
    bounced = customer(stage="dormant", revenue=50000)
    mailable(bounced, state="bouncing")
    customer(stage="dormant", revenue=50000)

    found = segment(DORMANT, SPENT_100, MAY_BE_MAILED)

    assert members(found) == {wanted.pk}
    assert found.size == 1
    assert found.state == SegmentState.LIVE
    assert is_fresh(found, clock.now())
    assert not is_fresh(found, clock.now() + timedelta(minutes=2, seconds=1))
    assert set(members_of(found)) == {wanted.pk}
    assert still_matches(found, [wanted.pk, poor.pk, refused.pk]) == {wanted.pk}


def test_erased_customers_belong_nowhere() -> None:
    erased = customer(city="Suzhou", erased_at=ago(days=1))
    here = customer(city="Suzhou")
    visitor = customer()

    found = segment({"field": "city", "op": "equals", "value": "Suzhou"})
    not_found = segment({"field": "city", "op": "not_equals", "value": "Suzhou"})

    assert members(found) == {here.pk}
    assert members(not_found) == {visitor.pk}
    assert erased.pk not in still_matches(found, [erased.pk])


def test_an_edit_is_a_new_version_and_keeps_those_who_stay() -> None:
    stays, goes, comes = customer(city="A"), customer(city="B"), customer(city="C")
    found = segment({"field": "city", "op": "is_any_of", "value": ["A", "B"]})
    entered_at = found.memberships.get(customer=stays).entered_at

    edited = edit_segment(
        found, by=None, rule=rule({"field": "city", "op": "is_any_of", "value": ["A", "C"]})
    )

    assert (edited.rule_version, edited.state) == (2, SegmentState.NEEDS_REBUILD)
    assert not is_fresh(edited, clock.now())
    assert [one.pk for one in rebuild_waiting()] == [found.pk]
    assert members(found) == {stays.pk, comes.pk}
    assert found.memberships.get(customer=stays).entered_at == entered_at
    changes = MembershipChange.objects.filter(segment=found, cause="edit")
    assert set(changes.values_list("customer_id", "entered")) == {(goes.pk, False), (comes.pk, True)}
    assert [version.version for version in found.versions.order_by("version")] == [1, 2]
    assert list(AuditEntry.objects.values_list("act", flat=True)) == ["segment.create", "segment.edit"]


def test_saving_the_same_rule_again_is_no_new_version() -> None:
    found = segment({"field": "city", "op": "equals", "value": "A"})
    assert edit_segment(found, by=None, rule=found.rule, name="Another name").rule_version == 1


def test_orders_by_category_and_window() -> None:
    twice = customer()
    order(twice, ago(days=3), 500, "Jazz", "Rock")
    order(twice, ago(days=20), 700, "Jazz")
    once = customer()
    order(once, ago(days=3), 500, "Jazz", "Jazz")
    order(once, ago(days=40), 500, "Jazz")
    cancelled = customer()
    order(cancelled, ago(days=3), 500, "Jazz", counts=False)
    order(cancelled, ago(days=4), 500, "Jazz")
    jazz = [{"property": "category", "op": "equals", "value": "Jazz"}]

    found = segment({"happened": "orders", "op": "did", "at_least": 2, "in_last_days": 30, "where": jazz})

    assert members(found) == {twice.pk}


def test_browsed_but_did_not_buy() -> None:
    looks, buys, absent = customer(), customer(), customer()
    for who in (looks, buys):
        event(who, "Product Viewed", ago(days=2), category="Jazz")
    event(buys, "Order Completed", ago(days=1))

    found = segment(
        {"event": "Product Viewed", "op": "did", "in_last_days": 14},
        {"event": "Order Completed", "op": "did_not", "in_last_days": 14},
    )

    assert members(found) == {looks.pk}
    assert absent.pk not in members(found)


def test_segments_of_segments_are_computed_in_order_and_kept_from_deletion() -> None:
    vip = customer()
    tagged(vip, "VIP")
    other = customer()
    inner = create_segment(
        name="Inner", rule=rule({"collection": "tags", "op": "has_any_of", "value": ["VIP"]}), by=None
    )
    outer = create_segment(name="Outer", rule=rule({"segment": inner.pk, "op": "not_in"}), by=None)

    assert [one.name for one in rebuild_waiting()] == ["Inner", "Outer"]
    assert members(outer) == {other.pk}
    with pytest.raises(Conflict, match="Outer"):
        delete_segment(inner, by=None)
    delete_segment(outer, by=None)
    delete_segment(inner, by=None)
    assert not Segment.objects.exists()


def test_circles_are_refused() -> None:
    first = segment({"field": "city", "op": "is_known"})
    second = segment({"segment": first.pk, "op": "in"})
    with pytest.raises(Refusal) as refused:
        edit_segment(first, by=None, rule=rule({"segment": second.pk, "op": "in"}))
    assert refused.value.code == "circle"
    with pytest.raises(Refusal):
        edit_segment(first, by=None, rule=rule({"segment": first.pk, "op": "in"}))


KNOWN = {"field": "city", "op": "is_known"}


@pytest.mark.parametrize(
    ("root", "code"),
    [
        ({"all": [{"everyone": True}]}, "means_everyone"),
        ({"none": [{"no_one": True}]}, "means_everyone"),
        ({"any": [KNOWN, {"none": [KNOWN]}]}, "means_everyone"),
        ({"any": [KNOWN, {"everyone": True}]}, "means_everyone"),
        ({"all": [KNOWN, {"none": [KNOWN]}]}, "means_no_one"),
        ({"none": [{"any": [KNOWN, {"everyone": True}]}]}, "means_no_one"),
    ],
)
def test_everyone_and_no_one_must_be_said_on_purpose(root: dict[str, object], code: str) -> None:
    with pytest.raises(Refusal) as refused:
        create_segment(name="All", rule={"version": 1, "root": root}, by=None)
    assert refused.value.code == code
    customer(), customer(city="A")
    everyone = code == "means_everyone"
    made = create_segment(name="All", rule={"version": 1, "root": root}, by=None, means_everyone=True)
    assert rebuild(made).size == (2 if everyone else 0)


def test_names_are_taken_once() -> None:
    segment(KNOWN, name="Mine")
    with pytest.raises(Conflict):
        create_segment(name=" Mine ", rule=rule(KNOWN), by=None)
    with pytest.raises(Refusal):
        create_segment(name="  ", rule=rule(KNOWN), by=None)
