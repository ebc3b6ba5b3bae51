"""Items as the front door writes them, and the customers they end up with."""

import json
from datetime import datetime
from itertools import count
from typing import Any

from config.kit import clock
from users.models import Customer, Identity, IntakeBody
from users.services.intake import Applied, apply_waiting

_numbers = count(1)

Item = dict[str, Any]


def item(kind: str = "track", *, at: datetime, **fields: Any) -> Item:
    """One normalised item; ``user``, ``anonymous`` and ``previous`` name people, ``name`` an event."""
    return {
        "type": kind,
        "message_id": fields.get("message_id") or f"m{next(_numbers)}",
        "user_id": fields.get("user"),
        "anonymous_id": fields.get("anonymous"),
        "previous_id": fields.get("previous"),
        "name": fields.get("name"),
        "occurred_at": at.isoformat(),
        "clamped": False,
        "properties": fields.get("properties") or {},
        "traits": fields.get("traits") or {},
        "context": fields.get("context") or {},
    }


def track(name: str, *, at: datetime, **fields: Any) -> Item:
    """A track call; further keywords are its properties."""
    people = {key: fields.pop(key) for key in ("user", "anonymous", "message_id") if key in fields}
    return item(at=at, name=name, properties=fields, **people)


def visit(*, at: datetime, **people: Any) -> Item:
    """A page view: activity."""
    return item("page", at=at, name="Page Viewed", **people)


def identify(*, at: datetime, user: str | None = None, anonymous: str | None = None, **traits: Any) -> Item:
    """An identify call; further keywords are traits."""
    return item("identify", at=at, user=user, anonymous=anonymous, traits=traits)


def hand_in(*items: Item, confirmed: bool = True, is_history: bool = False) -> None:
    """Accept a body without applying it."""
    IntakeBody.objects.create(
        received_at=clock.now(), confirmed=confirmed, is_history=is_history, items=json.dumps(items)
    )


def send(*items: Item, confirmed: bool = True, is_history: bool = False) -> Applied:
    """Accept a body and apply everything that waits."""
    hand_in(*items, confirmed=confirmed, is_history=is_history)
    return apply_waiting(10_000)


def customer(user: str) -> Customer:
    """The customer of that userId."""
    return Customer.objects.get(user_id=user)


def visitor(anonymous: str) -> Customer:
    """The customer who owns that anonymousId."""
    return Customer.objects.get(pk=Identity.objects.get(kind="anonymous_id", value=anonymous).customer_id)
