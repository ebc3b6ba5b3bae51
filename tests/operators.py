"""Operators for tests of pages: one per role, logged in without the log-in page."""

from datetime import UTC, datetime

from django.test import Client

from users.models import Operator, Role

SET_UP = datetime(2026, 1, 1, tzinfo=UTC)
"""Since when the tests' operators have a second factor; without one a role that sends or exports opens no page."""


def operator(role: str = Role.OWNER) -> Operator:
    """The operator of that role, made on first use, past the set-up of the second factor."""
    found, _made = Operator.objects.get_or_create(
        username=f"{role}-operator",
        defaults={"role": role, "is_staff": True, "first_name": role.title(), "factor_at": SET_UP},
    )
    return found


def logged_in(role: str = Role.OWNER, language: str = "en") -> Client:
    """A browser in which that operator is logged in, asking for that language."""
    client = Client(headers={"Accept-Language": language})
    client.force_login(operator(role))
    return client
