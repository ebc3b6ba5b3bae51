"""Who may open and change what on the pages about identity, attributes and reach."""

import pytest
from django.test import Client
from django.urls import reverse

from config.kit import clock
from tests.operators import logged_in
from tests.users.door import customer, identify, send
from users.models import AttributeDefinition, Role

pytestmark = pytest.mark.django_db

EVERYBODY = set(Role.values)
PEOPLE = {"owner", "operator", "support"}
# Address name → (roles that see it, roles that may post to it; None: it takes no posts).
MATRIX: dict[str, tuple[set[str], set[str] | None]] = {
    "customer_edit": (PEOPLE, PEOPLE),
    "customer_consent": (PEOPLE, PEOPLE),
    "join": ({"owner", "operator"}, {"owner", "operator"}),
    "reach": (EVERYBODY, None),
    "attributes": (EVERYBODY, None),
    "attribute": (EVERYBODY, {"owner", "operator", "analyst"}),
}


@pytest.fixture(autouse=True)
def addresses() -> dict[str, str]:
    now = clock.now()
    send(identify(at=now, user="alice", name="Alice"))
    colour = AttributeDefinition.objects.create(
        name="colour", kind="text", first_seen_at=now, last_seen_at=now
    )
    of_alice = {name: [customer("alice").pk] for name in ("customer_edit", "customer_consent", "join")}
    arguments = {**of_alice, "attribute": [colour.pk]}
    return {name: reverse(f"users:{name}", args=arguments.get(name)) for name in MATRIX}


@pytest.mark.parametrize("role", Role.values)
def test_who_sees_and_changes_what(role: str, addresses: dict[str, str]) -> None:
    client = logged_in(role)
    for name, (see, act) in MATRIX.items():
        assert (client.get(addresses[name]).status_code == 200) is (role in see), name
        if act is not None:
            assert (client.post(addresses[name]).status_code == 403) is (role not in act), name


def test_nobody_without_log_in(addresses: dict[str, str]) -> None:
    for address in addresses.values():
        assert Client().get(address).status_code == 302
