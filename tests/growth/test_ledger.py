"""Earning, spending, maturing, expiring and taking back, one act at a time, with exact figures."""

from datetime import timedelta

import pytest

from config.kit.refusal import Conflict, Refusal
from growth.models import Account, Entry, EntryKind, Lot
from growth.services import ledger, ripen
from growth.services.adjust import adjust
from growth.services.earn import Earning, earn, grant, take_back
from growth.services.ledger import Booking
from growth.services.spend import spend
from tests.growth.books import assert_in_order, balance_of, growth_of
from tests.growth.conftest import DAY, T0
from users.models import AuditEntry, Touched
from users.services import audit

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _books_in_order():
    yield
    assert_in_order()


def earning(customer, number, points, *, at=T0, net=None):
    net = points * 100 if net is None else net
    return Earning(customer.pk, "shop", number, points, net, at, at + 7 * DAY)


def test_an_order_earns_once_and_its_points_are_pending_first(alice):
    assert [earn([earning(alice, "1", 50)]) for _ in range(5)] == [1, 0, 0, 0, 0]
    assert balance_of(alice.pk) == (50, 0, 0)
    assert list(Entry.objects.order_by("account").values_list("key", "account", "amount", "kind")) == [
        ("earn:order:shop:1", "issue", -50, "earn"),
        ("earn:order:shop:1", "pending", 50, "earn"),
    ]
    assert Touched.objects.filter(customer=alice, topic="points").exists()


def test_points_become_active_when_the_return_window_has_passed(alice):
    earn([earning(alice, "1", 50)])
    assert ripen.mature(T0 + 7 * DAY - timedelta(seconds=1)) == 0
    assert ripen.mature(T0 + 9 * DAY) == 1
    assert ripen.mature(T0 + 9 * DAY) == 0
    assert balance_of(alice.pk) == (0, 50, 0)
    lot = Lot.objects.get()
    assert (lot.state, lot.remaining, lot.expires_at) == ("active", 50, T0 + 372 * DAY)
    assert set(Entry.objects.filter(kind="mature").values_list("at", flat=True)) == {T0 + 7 * DAY}


def test_spending_takes_what_expires_first(alice):
    earn([earning(alice, "late", 30, at=T0 + DAY), earning(alice, "early", 20)])
    ripen.mature(T0 + 8 * DAY)
    assert spend(alice.pk, 25, key="s1", now=T0 + 8 * DAY)
    assert dict(Lot.objects.values_list("order_number", "remaining")) == {"early": 0, "late": 25}
    assert balance_of(alice.pk) == (0, 25, 0)


def test_the_same_spending_is_booked_once_and_another_under_its_key_is_refused(alice):
    grant(alice.pk, 10, key="g", kind=EntryKind.ADJUST, now=T0)
    assert spend(alice.pk, 4, key="s", now=T0)
    assert not spend(alice.pk, 4, key="s", now=T0)
    with pytest.raises(Conflict) as refusal:
        spend(alice.pk, 5, key="s", now=T0)
    assert refusal.value.code == "key_reused"
    assert balance_of(alice.pk) == (0, 6, 0)


@pytest.mark.parametrize("points", [0, -1, -(10**12)])
def test_negative_and_empty_spending_is_refused(alice, points):
    grant(alice.pk, 10, key="g", kind=EntryKind.ADJUST, now=T0)
    with pytest.raises(Refusal) as refusal:
        spend(alice.pk, points, key="s", now=T0)
    assert (refusal.value.code, refusal.value.field) == ("points_not_positive", "points")
    assert balance_of(alice.pk) == (0, 10, 0)


def test_pending_points_and_more_than_there_is_cannot_be_spent(alice):
    earn([earning(alice, "1", 50)])
    grant(alice.pk, 10, key="g", kind=EntryKind.ADJUST, now=T0)
    with pytest.raises(Conflict) as refusal:
        spend(alice.pk, 11, key="s", now=T0)
    assert (refusal.value.code, refusal.value.status) == ("not_enough_points", 409)
    assert balance_of(alice.pk) == (50, 10, 0)


def test_points_past_their_expiry_cannot_be_spent_even_before_the_sweep(alice):
    grant(alice.pk, 10, key="old", kind=EntryKind.ADJUST, now=T0)
    grant(alice.pk, 5, key="young", kind=EntryKind.ADJUST, now=T0 + DAY)
    over = T0 + 365 * DAY
    with pytest.raises(Conflict):
        spend(alice.pk, 6, key="s", now=over)
    assert spend(alice.pk, 5, key="s", now=over)
    assert ripen.expire(over) == 1
    assert balance_of(alice.pk) == (0, 0, 0)


def test_expiry_is_booked_once_at_its_own_instant(alice):
    grant(alice.pk, 10, key="g", kind=EntryKind.ADJUST, now=T0)
    spend(alice.pk, 4, key="s", now=T0 + DAY)
    assert ripen.expire(T0 + 365 * DAY - timedelta(seconds=1)) == 0
    assert [ripen.expire(T0 + 400 * DAY) for _ in range(3)] == [1, 0, 0]
    expired = Entry.objects.get(kind="expire", account="active")
    assert (expired.amount, expired.at, expired.key) == (-6, T0 + 365 * DAY, "expire:g")
    assert Lot.objects.get().expired == 6


def test_a_partial_refund_takes_its_share_from_the_pending_lot(alice):
    earn([earning(alice, "1", 50, net=5000)])
    back = [
        take_back(alice.pk, source="shop", number="1", net_after=2000, key="r1", now=T0) for _ in range(3)
    ]
    assert back == [30, 0, 0]
    assert balance_of(alice.pk) == (20, 0, 0)
    ripen.mature(T0 + 7 * DAY)
    assert (balance_of(alice.pk), growth_of(alice.pk)) == ((0, 20, 0), 20)


def test_a_refund_takes_from_its_own_lot_then_from_others_then_makes_a_debt(alice):
    earn([earning(alice, "1", 50), earning(alice, "2", 20, at=T0 + DAY)])
    ripen.mature(T0 + 8 * DAY)
    spend(alice.pk, 45, key="s", now=T0 + 8 * DAY)
    assert take_back(alice.pk, source="shop", number="1", net_after=0, key="r", now=T0 + 9 * DAY) == 50
    assert balance_of(alice.pk) == (0, 0, 25)
    assert growth_of(alice.pk) == 20
    assert Entry.objects.get(key="r", account="debt").amount == -25


def test_the_next_points_settle_the_debt_first(alice):
    earn([earning(alice, "1", 50)])
    ripen.mature(T0 + 7 * DAY)
    spend(alice.pk, 50, key="s", now=T0 + 7 * DAY)
    take_back(alice.pk, source="shop", number="1", net_after=0, key="r", now=T0 + 8 * DAY)
    grant(alice.pk, 20, key="g", kind=EntryKind.ADJUST, now=T0 + 8 * DAY)
    assert balance_of(alice.pk) == (0, 0, 30)
    earn([earning(alice, "2", 25, at=T0 + 8 * DAY), earning(alice, "3", 25, at=T0 + 9 * DAY)])
    assert balance_of(alice.pk) == (50, 0, 30)
    ripen.mature(T0 + 20 * DAY)
    assert balance_of(alice.pk) == (0, 20, 0)
    assert dict(
        Lot.objects.filter(state="active").exclude(remaining=0).values_list("order_number", "remaining")
    ) == {"3": 20}


def test_points_that_expired_are_not_taken_back_again(alice):
    earn([earning(alice, "1", 50)])
    ripen.mature(T0 + 7 * DAY)
    spend(alice.pk, 10, key="s", now=T0 + 7 * DAY)
    ripen.expire(T0 + 372 * DAY)
    assert take_back(alice.pk, source="shop", number="1", net_after=0, key="r", now=T0 + 373 * DAY) == 10
    assert balance_of(alice.pk) == (0, 0, 10)


def test_refunds_over_the_whole_order_never_take_more_than_it_gave(alice):
    earn([earning(alice, "1", 50, net=5000)])
    taken = [
        take_back(alice.pk, source="shop", number="1", net_after=net_after, key=f"r{net_after}", now=T0)
        for net_after in (4000, 1000, 2500, 0, -700)
    ]
    assert taken == [10, 30, 0, 10, 0]
    assert balance_of(alice.pk) == (0, 0, 0)


def test_a_refund_of_an_order_that_earned_nothing_takes_nothing(alice):
    assert take_back(alice.pk, source="shop", number="none", net_after=0, key="r", now=T0) == 0
    assert Entry.objects.count() == 0


def test_an_operator_adjusts_with_a_reason_that_is_audited(alice, operator):
    after = adjust(alice, 30, reason=" Broken sleeve ", key="f1", by=operator, now=T0)
    assert after.active == 30
    adjust(alice, 30, reason="Broken sleeve", key="f1", by=operator, now=T0)
    assert adjust(alice, -10, reason="Too many", key="f2", by=operator, now=T0).active == 20
    entry = AuditEntry.objects.filter(act="points.adjust").order_by("pk").first()
    assert entry is not None
    assert entry.before == {"active": 0, "pending": 0, "owed": 0}
    assert entry.after == {"active": 30, "pending": 0, "owed": 0, "points": 30, "reason": "Broken sleeve"}
    assert AuditEntry.objects.filter(act="points.adjust").count() == 2
    assert growth_of(alice.pk) == 0


@pytest.mark.parametrize(
    ("points", "reason", "code"),
    [(0, "why", "no_change"), (5, "  ", "reason_missing"), (-1, "why", "not_enough_points")],
)
def test_an_adjustment_that_makes_no_sense_is_refused(alice, operator, points, reason, code):
    with pytest.raises(Refusal) as refusal:
        adjust(alice, points, reason=reason, key="f", by=operator, now=T0)
    assert refusal.value.code == code
    assert AuditEntry.objects.count() == 0


def test_legs_that_do_not_sum_to_zero_are_never_written(alice):
    with pytest.raises(ValueError, match="do not sum to zero"):
        ledger.book([Booking(alice.pk, "k", EntryKind.SPEND, T0, {Account.ACTIVE: -1})])
    assert Entry.objects.count() == 0


def test_a_failure_in_the_middle_leaves_the_state_as_before(alice, operator, monkeypatch):
    grant(alice.pk, 10, key="g", kind=EntryKind.ADJUST, now=T0)

    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError("cut")

    monkeypatch.setattr(audit, "record", fail)
    with pytest.raises(RuntimeError):
        adjust(alice, -7, reason="cut in the middle", key="f", by=operator, now=T0)
    assert balance_of(alice.pk) == (0, 10, 0)
    monkeypatch.setattr(ledger, "_book", fail)
    with pytest.raises(RuntimeError):
        spend(alice.pk, 7, key="s", now=T0)
    assert (balance_of(alice.pk), Lot.objects.get().remaining) == ((0, 10, 0), 10)
