"""Order facts become points: whatever their number and order, the points follow the order's net."""

from datetime import timedelta
from decimal import Decimal

import pytest

from config.kit import clock
from config.kit.refusal import Refusal
from growth import event_handlers
from growth.models import EarningRule, Entry, Lot
from growth.services import backfill, ripen
from tests.growth.books import assert_in_order, balance_of, growth_of
from tests.growth.conftest import DAY, T0, make_order
from users import facts
from users.handlers import Fact, handlers_of
from users.models import AuditEntry, Customer, CustomerAlias, Order
from users.services import long_jobs

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _books_in_order():
    yield
    assert_in_order()


def fact(
    customer: Customer, name: str, message_id: str, *, confirmed: bool = True, **properties: object
) -> Fact:
    return Fact(
        customer.pk, message_id, name, T0, T0, confirmed, {"source": "shop", "number": "1", **properties}
    )


def paid(customer: Customer, **more: object) -> None:
    event_handlers.earn(fact(customer, facts.ORDER_PAID, "paid:shop:1", **more))  # type: ignore[arg-type]


def refunded(customer: Customer, refund_id: str = "r1") -> None:
    event_handlers.take_back(fact(customer, facts.ORDER_REFUNDED, f"refund:shop:1:{refund_id}"))


def test_the_handlers_are_subscribed():
    assert "growth.earn" in handlers_of(facts.ORDER_PAID)
    assert "growth.take_back" in handlers_of(facts.ORDER_REFUNDED)
    assert "growth.take_back" in handlers_of(facts.ORDER_CANCELLED)
    assert "growth.join" in handlers_of(facts.CUSTOMERS_JOINED)


def test_an_order_paid_five_times_earns_once_per_whole_unit(alice):
    make_order(alice, "1", 4999)
    for _ in range(5):
        paid(alice)
    assert balance_of(alice.pk) == (49, 0, 0)
    assert Lot.objects.get().matures_at == T0 + 7 * DAY


def test_an_order_that_a_write_key_claimed_earns_nothing(alice):
    make_order(alice, "1", 5000, confirmed=False, counts=False)
    paid(alice)
    paid(alice, confirmed=False)
    assert Entry.objects.count() == 0


def test_without_a_rule_in_force_nothing_is_earned(alice):
    make_order(alice, "1", 5000)
    EarningRule.objects.update(is_active=False)
    paid(alice)
    assert balance_of(alice.pk) == (0, 0, 0)


def test_the_first_rule_in_force_decides_and_is_named_in_the_books(alice):
    EarningRule.objects.create(name="Double", points_per_unit=Decimal("2.5"), position=0)
    make_order(alice, "1", 300)
    paid(alice)
    assert balance_of(alice.pk) == (7, 0, 0)
    assert set(Entry.objects.values_list("note", flat=True)) == {"Double"}


def test_a_refund_three_times_takes_back_once(alice):
    make_order(alice, "1", 5000)
    paid(alice)
    Order.objects.update(net=2000, refunded=3000)
    for _ in range(3):
        refunded(alice)
    assert balance_of(alice.pk) == (20, 0, 0)


def test_a_refund_before_the_order_was_paid_lowers_what_it_earns_later(alice):
    order = make_order(alice, "1", 2000, refunded=3000, counts=False, paid_at=T0)
    refunded(alice)
    assert balance_of(alice.pk) == (0, 0, 0)
    Order.objects.filter(pk=order.pk).update(counts=True)
    paid(alice)
    refunded(alice)
    assert balance_of(alice.pk) == (20, 0, 0)


def test_a_cancelled_order_gives_everything_back(alice):
    make_order(alice, "1", 5000)
    paid(alice)
    ripen.mature(T0 + 7 * DAY)
    Order.objects.update(counts=False)
    event_handlers.take_back(fact(alice, facts.ORDER_CANCELLED, "cancel:shop:1"))
    assert (balance_of(alice.pk), growth_of(alice.pk)) == ((0, 0, 0), 0)


def test_a_refund_of_an_unknown_order_does_nothing(alice):
    refunded(alice)
    assert Entry.objects.count() == 0


def test_a_refund_after_a_join_finds_the_points_of_the_absorbed_customer(alice, bob):
    make_order(alice, "1", 5000)
    paid(alice)
    CustomerAlias.objects.create(old_id=alice.pk, customer=bob, joined_at=T0, cause="alias")
    Order.objects.update(customer=bob, net=0, counts=False)
    refunded(bob)
    paid(bob)
    event_handlers.join(fact(bob, facts.CUSTOMERS_JOINED, "join", survivor=bob.pk, absorbed=alice.pk))
    assert (balance_of(alice.pk), balance_of(bob.pk)) == ((0, 0, 0), (0, 0, 0))


def test_past_orders_are_awarded_only_on_purpose_and_after_a_preview(alice, bob, operator, monkeypatch):
    now = clock.now()
    make_order(alice, "old", 5000, paid_at=now - 400 * DAY, is_history=True)
    make_order(alice, "new", 3000, paid_at=now - 100 * DAY, is_history=True)
    make_order(bob, "forged", 9000, paid_at=now - 100 * DAY, confirmed=False, counts=False)
    make_order(bob, "young", 2000, paid_at=now - DAY)
    since = now - 500 * DAY
    seen = backfill.preview(since=since, until=now)
    assert (seen.orders, seen.customers, seen.points) == (3, 2, 100)
    assert Entry.objects.count() == 0
    monkeypatch.setattr(backfill, "SLICE", 2)
    job = backfill.start(since=since, until=now, by=operator)
    long_jobs.run_due()
    job.refresh_from_db()
    assert (job.state, job.done, job.total) == ("done", 3, 3)
    assert list(backfill.award(since=since, until=now)) == [0]
    with pytest.raises(Refusal) as refusal:
        backfill.start(since=since, until=now, by=operator)
    assert refusal.value.code == "nothing_to_award"
    assert backfill.preview(since=since, until=now) == backfill.Preview(0, 0, 0)
    assert (ripen.mature(now), ripen.expire(now)) == (2, 1)
    assert (balance_of(alice.pk), balance_of(bob.pk)) == ((0, 30, 0), (20, 0, 0))
    expired = Entry.objects.get(kind="expire", account="active")
    assert abs(expired.at - (now - 28 * DAY)) < timedelta(seconds=1)
    entry = AuditEntry.objects.get(act="points.award_past_orders")
    assert entry.after is not None
    assert (entry.after["orders"], entry.after["points"]) == (3, 100)
