"""Products in customers' hands: what orders brought them, what warranty cards register, until when it is covered."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from config.kit.batches import copy_rows, execute, fetch, temporary_table
from config.kit.refusal import Refusal
from users.models import Operator, OwnedProduct, Product
from users.orders import Unusable, parse
from users.services import audit, categories, stages
from users.services.intake.parking import Refused, refuse
from users.services.sql import statement
from users.services.touch import touch
from users.topics import TouchTopic
from users.tracking.refusals import ItemRefused
from users.tracking.times import EARLIEST
from users.tracking.times import parse as parse_time

REGISTERED = "Warranty Registered"
LONGEST_SERIAL = 100
LONGEST_WARRANTY = 600
AHEAD = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Card:
    """What a warranty card says; without months the product's own count."""

    product_id: str
    serial: str
    since: datetime
    months: int | None


def follow_orders(orders: Iterable[tuple[int, str, str]]) -> None:
    """Make what customers own through these orders what the orders now say: net of refunds and cancellations."""
    customers, sources, numbers = ([*column] for column in zip(*orders, strict=True))
    execute(
        statement("owned_of_orders"),
        {
            "customers": customers,
            "sources": sources,
            "numbers": numbers,
            "zone": settings.SHOP_TIME_ZONE,
        },
    )


def follow_warranty(product_id: str) -> None:
    """The product's usual warranty changed: the ends that rest on it move, and their owners are touched."""
    execute(
        """
        WITH moved AS (
            UPDATE users_ownedproduct owned
            SET warranty_end = warranty_end(owned.since, product.warranty_months, %s)
            FROM users_product product
            WHERE product.product_id = %s AND owned.product_id = product.product_id
              AND owned.warranty_months IS NULL
            RETURNING owned.customer_id
        )
        INSERT INTO users_touched (customer_id, topic) SELECT DISTINCT customer_id, 'orders' FROM moved
        """,
        [settings.SHOP_TIME_ZONE, product_id],
    )


def read_cards() -> dict[int, Card]:
    """Warranty cards of a batch that a server key told, by the number of their item; unreadable ones are refused."""
    rows = fetch(
        "SELECT no, occurred_at, properties::text FROM intake_item WHERE name = %s AND confirmed ORDER BY no",
        [REGISTERED],
    )
    cards: dict[int, Card] = {}
    refused: list[Refused] = []
    for no, at, properties in rows:
        try:
            cards[no] = read_card(parse(properties or "{}"), at)
        except Unusable as problem:
            refused.append(Refused(no, problem.code, problem.field))
    refuse(refused)
    return cards


def note_cards(cards: dict[int, Card]) -> None:
    """Register the cards of a batch, whose customers are known and locked by now."""
    if not cards:
        return
    owners = dict(
        fetch(
            """
            SELECT item.no, owner.customer_id FROM intake_item item
            JOIN intake_owner owner ON owner.kind = item.owner_kind AND owner.value = item.owner_value
            WHERE item.no = ANY(%s)
            """,
            [list(cards)],
        )
    )
    _write((owners[no], card) for no, card in cards.items() if no in owners)


def read_card(properties: dict[str, Any], at: datetime) -> Card:
    """A card from the properties of its event. Raises Unusable."""
    product_id, serial = properties.get("product_id"), properties.get("serial") or ""
    if isinstance(product_id, int) and not isinstance(product_id, bool):
        product_id = str(product_id)
    if not isinstance(product_id, str) or not 0 < len(product_id) <= 100:
        raise Unusable("missing", "product_id")
    if isinstance(serial, int) and not isinstance(serial, bool):
        serial = str(serial)
    if not isinstance(serial, str) or len(serial) > LONGEST_SERIAL:
        raise Unusable("too_long" if isinstance(serial, str) else "wrong_type", "serial")
    months = properties.get("warranty_months")
    if months is not None and (
        isinstance(months, bool) or not isinstance(months, int) or not 0 <= months <= LONGEST_WARRANTY
    ):
        raise Unusable("bad_months", "warranty_months")
    return Card(product_id, serial.strip(), _since(properties.get("purchased_at"), at), months)


@transaction.atomic
def register(
    customer_id: int,
    *,
    product_id: str,
    serial: str,
    since: datetime,
    now: datetime,
    months: int | None = None,
    by: Operator | None = None,
    actor: str = "",
) -> OwnedProduct:
    """Register a warranty card by hand or for the shopper himself; a card told again changes the first.

    Raises Refusal: the product is not known, or the day lies ahead.
    """
    if not Product.objects.filter(product_id=product_id).exists():
        raise Refusal("unknown_product", _("The shop has no product of that number."), field="product_id")
    if not EARLIEST <= since <= now + AHEAD:
        raise Refusal(
            "bad_time", _("The day of the purchase lies ahead or too far back."), field="purchased_at"
        )
    if months is not None and not 0 <= months <= LONGEST_WARRANTY:
        raise Refusal(
            "bad_months",
            _("A warranty is 0 to %(n)s months.") % {"n": LONGEST_WARRANTY},
            field="warranty_months",
        )
    stages.lock([customer_id])
    card = Card(product_id, serial.strip(), since, months)
    _write([(customer_id, card)])
    audit.record(
        "warranty.register",
        by=by,
        actor=actor,
        after={"customer": customer_id, "product": product_id, "since": since.isoformat(), "months": months},
    )
    return OwnedProduct.objects.get(customer_id=customer_id, key=key_of(card))


def key_of(card: Card) -> str:
    """The business key of a card: a product and its serial number are registered once per customer."""
    return f"card:{card.product_id}:{card.serial}"


def _since(told: Any, at: datetime) -> datetime:
    if told is None or told == "":
        return at
    try:
        since = parse_time(told, "purchased_at")
    except ItemRefused:
        raise Unusable("bad_time", "purchased_at") from None
    if not EARLIEST <= since <= at + AHEAD:
        raise Unusable("bad_time", "purchased_at")
    return since


def _write(told: Iterable[tuple[int, Card]]) -> None:
    """The last card of a key wins. The customers are locked and get touched."""
    cards = {(customer_id, key_of(card)): card for customer_id, card in told}
    temporary_table(
        "told_card",
        "customer_id bigint, key text, product_id text, serial text, since timestamptz, months smallint",
    )
    copy_rows(
        "told_card",
        ("customer_id", "key", "product_id", "serial", "since", "months"),
        ((*key, card.product_id, card.serial, card.since, card.months) for key, card in cards.items()),
    )
    execute(
        """
        INSERT INTO users_ownedproduct (customer_id, key, product_id, category, serial, since, warranty_months,
                                        warranty_end, source, quantity, order_source, order_number)
        SELECT told.customer_id, told.key, told.product_id, coalesce(product.category, ''), told.serial, told.since,
               told.months, warranty_end(told.since, coalesce(told.months, product.warranty_months), %s),
               'card', 1, '', ''
        FROM told_card told LEFT JOIN users_product product USING (product_id)
        ORDER BY 1, 2
        ON CONFLICT (customer_id, key) DO UPDATE
        SET since = excluded.since, warranty_months = excluded.warranty_months, category = excluded.category,
            warranty_end = excluded.warranty_end
        """,
        [settings.SHOP_TIME_ZONE],
    )
    # What a view named has no place in the tree yet; rules that ask for what is above it must find it there.
    categories.sort_in(
        text
        for (text,) in fetch(
            "SELECT DISTINCT product.category FROM told_card JOIN users_product product USING (product_id)"
        )
    )
    touch({customer_id for customer_id, _key in cards}, TouchTopic.ORDERS)
