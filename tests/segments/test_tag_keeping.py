"""A tag that a segment keeps follows its members, and touches nobody else's tag."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import translation

from config.kit import clock
from config.kit.refusal import Refusal
from segments.services import tag_keeping
from segments.services.rebuild import rebuild_waiting
from segments.services.refresh import refresh
from segments.services.segments import delete_segment, edit_segment
from tests.operators import logged_in, operator
from tests.segments.shop import ago, customer, event, rule, segment, tagged
from users.models import AuditEntry, CustomerTag, Role, Tag

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


def test_the_page_keeps_a_tag_and_says_what_is_kept() -> None:
    who = customer()
    event(who, "Product Viewed", ago(days=1))
    found = segment(VIEWED)
    url, client = reverse("segments:keep_tag", args=[found.pk]), logged_in(Role.OPERATOR)
    assert "It keeps already" not in client.get(url).content.decode()
    kept = client.post(url, {"name": " Looker "})
    assert (kept.status_code, kept["Location"]) == (302, reverse("segments:segment", args=[found.pk]))
    assert keepers() == [(who.pk, "rule")]
    assert AuditEntry.objects.get(act="tag.keep").operator == operator(Role.OPERATOR)
    assert "It keeps already: Looker" in client.get(url).content.decode()


def test_what_cannot_be_kept_is_said_beside_the_name() -> None:
    other, found = segment(VIEWED), segment({"collection": "tags", "op": "has_any_of", "value": ["Mine"]})
    tag_keeping.keep(other, "Theirs", by=operator(), now=clock.now())
    url, client = reverse("segments:keep_tag", args=[found.pk]), logged_in(Role.OPERATOR)
    for name, sentence in (
        ("Theirs", "Another rule keeps this tag."),
        ("Mine", "it would keep its own answer alive"),
        ("", "This field is required."),
        ("x" * 61, "at most 60 characters"),
    ):
        shown = client.post(url, {"name": name})
        assert (shown.status_code, sentence in shown.content.decode()) == (200, True), name
    with translation.override("zh-hans"), pytest.raises(Refusal):
        tag_keeping.keep(found, "Mine", by=operator(), now=clock.now())
    assert list(Tag.objects.exclude(kept_by="").values_list("name", flat=True)) == ["Theirs"]
    assert client.get(reverse("segments:keep_tag", args=[0])).status_code == 404


@pytest.mark.parametrize("role", Role.values)
def test_who_may_let_a_segment_keep_a_tag(role: str) -> None:
    url = reverse("segments:keep_tag", args=[segment(VIEWED).pk])
    may = role in (Role.OWNER, Role.OPERATOR)
    assert (logged_in(role).get(url).status_code == 200) is may
    assert (logged_in(role).post(url, {"name": "Looker"}).status_code == 302) is may
    assert Tag.objects.filter(name="Looker").exists() is may


def test_a_kept_tag_is_let_go_of_on_its_page_and_stays_on() -> None:
    who = customer()
    event(who, "Product Viewed", ago(days=1))
    found = segment(VIEWED, name="Lookers")
    tag = tag_keeping.keep(found, "Looker", by=operator(), now=clock.now())
    url, client = reverse("users:tag", args=[tag.pk]), logged_in(Role.OPERATOR)
    assert "Segment “Lookers”" in client.get(reverse("users:tags")).content.decode()
    shown = client.get(url).content.decode()
    assert ("Kept by: Segment “Lookers”" in shown, 'value="delete"' in shown) == (True, False)
    client.post(url, {"act": "delete"})
    assert Tag.objects.filter(name="Looker").exists(), "a kept tag is not deleted"
    assert logged_in(Role.ANALYST).post(url, {"act": "let_go"}).status_code == 403
    assert client.post(url, {"act": "let_go"}).status_code == 302
    assert keepers() == [(who.pk, "hand")]
    refresh(clock.now() + timedelta(days=40))
    assert keepers() == [(who.pk, "hand")]
    assert client.post(url, {"act": "delete"}).status_code == 302
    assert not Tag.objects.filter(name="Looker").exists()
