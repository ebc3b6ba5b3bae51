"""The customers and orders of growth's tests."""

from datetime import UTC, datetime, timedelta

import pytest

from users.models import Customer, Operator, Order, OrderKey, Role

T0 = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def make_customer(user_id: str, **fields: object) -> Customer:
    return Customer.objects.create(user_id=user_id, identified=True, first_seen_at=T0, **fields)


def make_order(
    customer: Customer, number: str, net: int, *, paid_at: datetime = T0, **fields: object
) -> Order:
    """A paid, confirmed order of ``net`` minor units from the shop."""
    OrderKey.objects.create(source="shop", number=number, customer=customer)
    values = {
        "ordered_at": paid_at, "paid_at": paid_at, "confirmed": True, "currency": "USD", "total": net,
        "net": net, "counts": True,
    }  # fmt: skip
    return Order.objects.create(customer=customer, source="shop", number=number, **(values | fields))


@pytest.fixture
def alice(db: None) -> Customer:
    return make_customer("alice")


@pytest.fixture
def bob(db: None) -> Customer:
    return make_customer("bob")


@pytest.fixture
def operator(db: None) -> Operator:
    return Operator.objects.create(username="olga", role=Role.OPERATOR)
