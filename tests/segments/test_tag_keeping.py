"""A tag that a segment keeps follows its members, and touches nobody else's tag."""

from datetime import timedelta

import pytest

from config.kit import clock
from segments.services import tag_keeping
from segments.services.rebuild import rebuild_waiting
from segments.services.refresh import refresh
from segments.services.segments import delete_segment, edit_segment
from tests.operators import operator
from tests.segments.shop import ago, customer, event, rule, segment, tagged
from users.models import CustomerTag, Tag

pytestmark = pytest.mark.django_db(transaction=True)

VIEWED = {"event": "Product Viewed", "op": "did", "in_last_days": 30}


def keepers() -> list[tuple[int, str]]:
    rows = CustomerTag.objects.filter(tag__name="Looker").order_by("customer_id")
    return list(rows.values_list("customer_id", "source"))


def test_on_who_enters_off_who_leaves() -> None:
    stays, comes, by_hand = customer(), customer(), customer()
    event(stays, "Product Viewed", ago(days=1))
    tagged(by_hand, "Looker")
    found = segment(VIEWED)
    tag_keeping.keep(found, "Looker", by=operator(), now=clock.now())
    hand = CustomerTag.objects.get(customer=by_hand).source
    assert keepers() == [(stays.pk, "rule"), (by_hand.pk, hand)]
    event(comes, "Product Viewed", ago(days=29))
    now = clock.now()
    refresh(now)
    assert keepers() == [(stays.pk, "rule"), (comes.pk, "rule"), (by_hand.pk, hand)]
    refresh(now + timedelta(days=2))
    assert keepers() == [(stays.pk, "rule"), (by_hand.pk, hand)]
    edit_segment(
        found, name=found.name, description="", rule=rule({"event": "Searched", "op": "did"}), by=None
    )
    rebuild_waiting()
    assert keepers() == [(by_hand.pk, hand)]
    delete_segment(found, by=None)
    assert Tag.objects.get(name="Looker").kept_by == ""
