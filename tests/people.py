"""The cast of the tests: one person per stage, a VIP, one who opted out, one who must never be seen.

They come in at the front door like anybody, as history, so that nothing they did before starts anything.
"""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from tests.settling import apply_everything
from tests.storefront import Storefront, agrees, identify, order, track
from users.models import Customer

WANTS_NEWS = [agrees("news")]


@dataclass(frozen=True, slots=True)
class Cast:
    """Customers by first name; the comment says why each is there."""

    paul: Customer  # prospect: on the list, never seen
    nina: Customer  # new: signed up three days ago
    alice: Customer  # active: comes by every fortnight
    rosa: Customer  # returning: away for three months, back since five days
    dora: Customer  # dormant: spent 180, silent for 45 days, wants news
    carl: Customer  # churned: silent for 200 days
    vera: Customer  # the VIP: twelve orders, 2,400 in life
    otto: Customer  # dormant like dora, but opted out
    ghost: Customer  # erased: must never be seen again


STAGES = {
    "paul": "prospect",
    "nina": "new",
    "alice": "active",
    "rosa": "returning",
    "dora": "dormant",
    "carl": "churned",
    "vera": "active",
    "otto": "dormant",
}


def invite(storefront: Storefront, *, now: datetime) -> Cast:
    """Bring the whole cast into the shop, with lives that ended before ``now``."""
    storefront.send(*_lives(now), history=True)
    apply_everything()
    people = {person.user_id: person for person in Customer.objects.filter(user_id__in=STAGES)}
    ghost = Customer.objects.create(user_id="ghost", name="Ghost", first_seen_at=now, erased_at=now)
    cast = Cast(ghost=ghost, **{name: people[name] for name in STAGES})
    assert len(fields(cast)) == len(STAGES) + 1
    return cast


def _lives(now: datetime) -> list[dict[str, Any]]:
    def ago(days: float) -> datetime:
        return now - timedelta(days=days)

    fortnightly = [track("alice", "Product Viewed", at=ago(days)) for days in (62, 48, 34, 20, 6)]
    yearly = [order("vera", f"V-{month}", 200, at=ago(2 + 28 * month)) for month in range(12)]
    return [
        _introduced("paul", ago(20)),
        _introduced("nina", ago(3)), track("nina", "Signed Up", at=ago(3)),
        _introduced("alice", ago(62)), *fortnightly,
        _introduced("rosa", ago(100)), track("rosa", "Product Viewed", at=ago(100)),
        track("rosa", "Product Viewed", at=ago(5)),
        _introduced("dora", ago(300)), order("dora", "D-1", 120, at=ago(300)),
        order("dora", "D-2", 60, at=ago(45)),
        _introduced("carl", ago(400)), order("carl", "C-1", 150, at=ago(200)),
        _introduced("vera", ago(330)), *yearly,
        _introduced("otto", ago(300)), order("otto", "O-1", 300, at=ago(45)),
        identify("otto", at=ago(44), consents=[agrees("news", granted=False)]),
    ]  # fmt: skip


def _introduced(name: str, at: datetime) -> dict[str, Any]:
    return identify(
        name, at=at, name=name.title(), email=f"{name}@example.com", language="en", consents=WANTS_NEWS
    )
