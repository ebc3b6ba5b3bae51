"""The people of feedback's tests."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.operators import SET_UP
from users.models import Customer, Operator, Role

# A Monday, 10:00 in Shanghai: the inbox is staffed.
T0 = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def make_customer(user_id: str, **fields: object) -> Customer:
    return Customer.objects.create(user_id=user_id, identified=True, first_seen_at=T0, **fields)


@pytest.fixture
def alice(db: None) -> Customer:
    return make_customer("alice", name="Alice")


@pytest.fixture
def bob(db: None) -> Customer:
    return make_customer("bob", name="Bob")


@pytest.fixture
def susan(db: None) -> Operator:
    return Operator.objects.create(
        username="susan", first_name="Susan", role=Role.SUPPORT, is_staff=True, factor_at=SET_UP
    )


@pytest.fixture
def sam(db: None) -> Operator:
    return Operator.objects.create(
        username="sam", first_name="Sam", role=Role.SUPPORT, is_staff=True, factor_at=SET_UP
    )
