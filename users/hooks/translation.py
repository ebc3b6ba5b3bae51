"""What a delivery of a shop comes to: items as the tracking API makes them, products, requests to erase.

Order of arrival never matters. Each telling of an order gives the same "Order Completed" at the instant it was
placed, and an "Order Updated" at the instant of the telling with everything the shop says now; refunds and
cancellations carry ids and instants of their own. Message ids are made of the shop's own ids, so a delivery that
comes again, or a refund that two deliveries tell, is one.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from users.orders import SOURCE_PROPERTY
from users.tracking import times, traits
from users.tracking.items import LONGEST_MESSAGE_ID, Item
from users.tracking.refusals import ItemRefused

LONGEST_ID = 60
CUTS = {"product_id": 100, "sku": 100, "line_id": 100, "name": 250, "category": 100}


class Untranslatable(ValueError):
    """A delivery that cannot be understood; ``code`` is one of ``REASONS``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Shop:
    """What translation needs to know of a connection."""

    pk: int
    kind: str
    source: str
    shares_ids: bool

    def own_id(self, shop_id: str) -> str:
        """An id of the shop as one of ours."""
        return shop_id if self.shares_ids else f"{self.source}:{shop_id}"


@dataclass(frozen=True, slots=True)
class Catalogued:
    """A product as the shop's catalogue describes it; ``price`` as decimal text in the shop's currency."""

    product_id: str
    at: datetime
    name: str
    category: str
    price: str | None
    url: str = ""
    image_url: str = ""


@dataclass(frozen=True, slots=True)
class Translation:
    """What a delivery says. ``erase`` holds userIds whose erasure the shop asks for, ``user_id`` whom it is about."""

    items: Sequence[Item] = ()
    products: Sequence[Catalogued] = ()
    erase: Sequence[str] = ()
    user_id: str = ""


@dataclass(slots=True)
class Teller:
    """Makes the items of one delivery."""

    shop: Shop
    received_at: datetime
    user_id: str | None = None
    anonymous_id: str | None = None
    items: list[Item] = field(default_factory=list)

    def track(
        self, name: str, key: str, at: datetime, properties: Mapping[str, Any], *, unowned: bool = False
    ) -> None:
        """An event; ``unowned``: of whoever owns the order."""
        self._add("track", key, at, name=name, properties=dict(properties), unowned=unowned)

    def identify(self, key: str, at: datetime, told: Mapping[str, Any]) -> None:
        """What the shop knows of the customer; traits that cannot be read are left out."""
        good: dict[str, Any] = {}
        for name, value in told.items():
            try:
                good |= traits.normalise({name: value}) if value not in (None, "") else {}
            except ItemRefused:
                continue
        if good and (self.user_id or self.anonymous_id):
            self._add("identify", key, at, traits=good)

    def properties(self, number: str, **more: Any) -> dict[str, Any]:
        """Properties of an order event; null ones are left out."""
        told = {"order_id": number, SOURCE_PROPERTY: self.shop.source, **more}
        return {name: value for name, value in told.items() if value is not None}

    def message_id(self, key: str) -> str:
        """A stable message id; a long one ends in a digest."""
        whole = f"{self.shop.kind}:{self.shop.pk}:{key}"
        if len(whole) <= LONGEST_MESSAGE_ID:
            return whole
        return f"{whole[:50]}#{hashlib.sha256(whole.encode()).hexdigest()[:40]}"

    def _add(self, kind: str, key: str, at: datetime, *, unowned: bool = False, **more: Any) -> None:
        try:
            occurred_at, clamped = times.occurred(at, slow=timedelta(), received_at=self.received_at)
        except ItemRefused:
            raise Untranslatable("bad_time") from None
        self.items.append(
            {
                "type": kind,
                "message_id": self.message_id(key),
                "user_id": None if unowned else self.user_id,
                "anonymous_id": None if unowned else self.anonymous_id,
                "previous_id": None,
                "name": None,
                "occurred_at": occurred_at.isoformat(),
                "clamped": clamped,
                "properties": {},
                "traits": {},
                "context": {},
                **more,
            }
        )


@dataclass(frozen=True, slots=True)
class Placed:
    """An order as one delivery tells it. ``about``: total, tax, shipping, discount, currency, coupon, products."""

    number: str
    placed_at: datetime
    told_at: datetime
    is_paid: bool
    about: Mapping[str, Any]
    paid_at: datetime | None = None
    cancelled_at: datetime | None = None


def tell_order(teller: Teller, order: Placed) -> None:
    """The items of an order: placed, as it is now, paid, cancelled."""
    number, told_at = order.number, max(order.told_at, order.placed_at)
    is_first = told_at == order.placed_at
    status = "paid" if order.is_paid and order.paid_at is None else "pending"
    properties = teller.properties(number, **order.about)
    teller.track(
        "Order Completed",
        f"order:{number}",
        order.placed_at,
        properties | {"payment_status": status if is_first else "pending"},
    )
    if not is_first:
        teller.track(
            "Order Updated",
            f"order:{number}:{stamp(told_at)}",
            told_at,
            properties | {"payment_status": status},
        )
    if order.is_paid and order.paid_at is not None:
        paid = teller.properties(number, payment_status="paid")
        teller.track("Order Updated", f"order:{number}:paid", max(order.paid_at, order.placed_at), paid)
    if order.cancelled_at is not None:
        teller.track(
            "Order Cancelled", f"order:{number}:cancelled", order.cancelled_at, teller.properties(number)
        )


def tell_refund(
    teller: Teller, number: str, refund_id: str, at: datetime, *, unowned: bool = False, **about: Any
) -> None:
    """A refund, once however often it is told."""
    properties = teller.properties(number, refund_id=refund_id, **about)
    teller.track("Order Refunded", f"refund:{number}:{refund_id}", at, properties, unowned=unowned)


def line(teller: Teller, product_id: str, **told: Any) -> dict[str, Any]:
    """One product of an order, its texts cut to what we keep."""
    named = {"product_id": teller.shop.own_id(product_id) if product_id else "", **told}
    return {
        name: value[: CUTS[name]] if name in CUTS else value
        for name, value in named.items()
        if value not in (None, "")
    }


def mapping(value: Any) -> Mapping[str, Any]:
    """An object, or an empty one in its place."""
    return value if isinstance(value, dict) else {}


def sequence(value: Any) -> Sequence[Mapping[str, Any]]:
    """The objects of a list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def text(value: Any) -> str:
    """A text or a whole number as text; anything else as if it were not there."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def shop_id(value: Any) -> str:
    """An id that must be there. Raises Untranslatable."""
    told = text(value)
    if not 0 < len(told) <= LONGEST_ID:
        raise Untranslatable("no_id")
    return told


def moment(value: Any, zone: Any = UTC) -> datetime:
    """A time that must be there; without a zone it is in ``zone``. Raises Untranslatable."""
    try:
        told = datetime.fromisoformat(value)
        return (told if told.tzinfo else told.replace(tzinfo=zone)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise Untranslatable("bad_time") from None


def moment_or_none(value: Any, zone: Any = UTC) -> datetime | None:
    """A time, where there is one."""
    return moment(value, zone) if value else None


def stamp(at: datetime) -> str:
    """An instant inside a message id."""
    return at.strftime("%Y%m%dT%H%M%S.%f")


def guest(shop: Shop, address: str, number: str) -> str:
    """The anonymousId of somebody without an account: by address where one is told, else by order."""
    told = address.strip().lower()
    by = f"guest:{hashlib.sha256(told.encode()).hexdigest()[:24]}" if told else f"order:{number}"
    return f"{shop.source}:{by}"
