"""Deliveries of shops: kept as they came, translated, handed to the intake, replayed when a person asks.

A delivery and its items are stored in one transaction before the shop is answered; the same delivery again does
nothing. One that cannot be understood is kept as dead, with the reason, and is never the shop's trouble.
"""

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.kit import clock
from config.kit.batches import fetch
from config.kit.refusal import Conflict, Refusal
from users import shop
from users.hooks import shopify, woocommerce, youzan
from users.hooks.translation import Shop, Translation, Untranslatable
from users.models import Identity, IdentityKind, Operator, ShopConnection, ShopDelivery, ShopKind
from users.money import NotMoney, minor_units
from users.services import audit, erased, erased_bodies, products
from users.services.accept import accept
from users.services.erase import ask_to_be_erased

log = logging.getLogger(__name__)

MOST_AT_ONCE = 200
TRANSLATORS = {
    ShopKind.SHOPIFY: shopify.translate,
    ShopKind.WOOCOMMERCE: woocommerce.translate,
    ShopKind.YOUZAN: youzan.translate,
}
REASONS = {
    "not_json": gettext_lazy("It is not JSON."),
    "not_an_object": gettext_lazy("It is not an object with fields."),
    "not_an_order": gettext_lazy("Its topic says order, but it is none."),
    "not_a_product": gettext_lazy("Its topic says product, but it is none."),
    "not_a_request": gettext_lazy("Its topic asks to erase somebody, but it says not whom."),
    "no_id": gettext_lazy("The id of the order, customer or product is missing."),
    "bad_time": gettext_lazy("A time is missing, unreadable or impossible."),
    "bad_amount": gettext_lazy("An amount is missing or is no number."),
    "bad_text": gettext_lazy("A text contains a character that cannot be stored."),
    "unexpected": gettext_lazy("It is built differently from what the shop's documentation says."),
    "erased": gettext_lazy("It names somebody who was erased: what it said was not kept."),
    "erase_by_hand": gettext_lazy("The shop asks to erase this customer: look at the customer and decide."),
    "erase_shop": gettext_lazy("The shop has left and asks to erase everything it told: decide by hand."),
}


class Fate(StrEnum):
    """What became of a delivery at the door."""

    TAKEN = "taken"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True)
class Arrived:
    """A delivery whose signature is right. ``key`` tells it from its repeats."""

    key: str
    topic: str
    raw: bytes


@transaction.atomic
def take(connection: ShopConnection, arrived: Arrived) -> Fate:
    """Keep a delivery and hand on what it says; durable when this returns."""
    now = clock.now()
    made = fetch(
        "INSERT INTO users_shopdelivery (connection_id, key, topic, received_at, body, state, code, items, user_id)"
        " VALUES (%s, %s, %s, %s, %s, 'taken', '', 0, '') ON CONFLICT (connection_id, key) DO NOTHING RETURNING id",
        [connection.pk, arrived.key[:100], printable(arrived.topic)[:100], now, arrived.raw],
    )
    about = ShopConnection.objects.filter(pk=connection.pk)
    if not made:
        about.update(received_at=now, repeated=F("repeated") + 1)
        return Fate.REPEATED
    delivery = ShopDelivery.objects.get(pk=made[0][0])
    _apply(connection, delivery)
    failed = {"failed_at": now, "failure": delivery.code} if delivery.state == ShopDelivery.State.DEAD else {}
    about.update(received_at=now, received=F("received") + 1, **failed)
    return Fate.TAKEN


def note_ping(connection: ShopConnection) -> None:
    """The shop's first, unsigned ping was seen; later ones write nothing."""
    ShopConnection.objects.filter(pk=connection.pk, pinged_at__isnull=True).update(pinged_at=clock.now())


def note_refused(connection: ShopConnection) -> None:
    """Count a delivery whose signature is wrong; nothing of it is kept."""
    ShopConnection.objects.filter(pk=connection.pk).update(refused=F("refused") + 1, refused_at=clock.now())


@transaction.atomic
def replay(delivery_id: int, *, by: Operator | None) -> ShopDelivery:
    """Translate a delivery once more and hand on what it says; what is known already stays as it is."""
    delivery = ShopDelivery.objects.select_for_update().select_related("connection").get(pk=delivery_id)
    _replay(delivery)
    audit.record("shop_delivery.replay", by=by, target=delivery.connection, after={"delivery": delivery.pk})
    return delivery


@transaction.atomic
def replay_dead(connection: ShopConnection, *, by: Operator | None) -> tuple[int, int]:
    """Replay the dead deliveries of a connection, the oldest first, at most 200; how many were taken, how many not."""
    waiting = dead(connection).select_related("connection").order_by("received_at", "pk")
    letters = list(waiting.select_for_update(of=("self",), skip_locked=True)[:MOST_AT_ONCE])
    if not letters:
        raise Conflict("none", _("There is no dead delivery."))
    for delivery in letters:
        _replay(delivery)
    taken = sum(delivery.state != ShopDelivery.State.DEAD for delivery in letters)
    audit.record("shop_delivery.replay", by=by, target=connection, after={"taken": taken, "of": len(letters)})
    return taken, len(letters) - taken


def dead(connection: ShopConnection) -> "QuerySet[ShopDelivery]":
    """Deliveries that could not be understood."""
    return ShopDelivery.objects.filter(connection=connection, state=ShopDelivery.State.DEAD)


def document(kind: str, raw: bytes) -> Mapping[str, Any]:
    """The object of a body, for Youzan the message inside its envelope. Raises Untranslatable."""
    try:
        told = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise Untranslatable("not_json") from None
    if not isinstance(told, dict):
        raise Untranslatable("not_an_object")
    return youzan.message(told) if kind == ShopKind.YOUZAN else told


def digest(*parts: str | bytes) -> str:
    """A key made of what a delivery says."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(part.encode("utf-8", "replace") if isinstance(part, str) else part)
        whole.update(b"\0")
    return whole.hexdigest()


def printable(told: str) -> str:
    """A header's text without characters that are none."""
    return "".join(one for one in told if one.isprintable())


def _replay(delivery: ShopDelivery) -> None:
    delivery.replayed_at = clock.now()
    delivery.code = ""
    _apply(delivery.connection, delivery)


def _apply(connection: ShopConnection, delivery: ShopDelivery) -> None:
    """Translate and hand on; what cannot be understood makes the delivery dead, with the reason."""
    try:
        said = _translated(connection, delivery)
        if said is None:
            delivery.state = ShopDelivery.State.IGNORED
        else:
            _hand_on(said, delivery)
            delivery.state = ShopDelivery.State.TAKEN
    except Untranslatable as problem:
        delivery.state, delivery.code = ShopDelivery.State.DEAD, problem.code
    if named := erased_bodies.names_erased(bytes(delivery.body), [delivery.user_id]):
        erased_bodies.empty(delivery)
        erased.count_refused(named, 1, clock.now())
    delivery.save(update_fields=["state", "code", "items", "user_id", "replayed_at", "body"])


def _translated(connection: ShopConnection, delivery: ShopDelivery) -> Translation | None:
    about = Shop(connection.pk, connection.kind, connection.source, connection.shares_ids)
    translate = TRANSLATORS[ShopKind(connection.kind)]
    try:
        body = document(connection.kind, bytes(delivery.body))
        return translate(delivery.topic, body, about, delivery.received_at)
    except Untranslatable:
        raise
    except Exception as problem:
        # Whatever a shop sends must not come back to it as our failure: the body is kept and a person looks.
        log.warning(
            "shop_delivery_unexpected", extra={"kind": connection.kind, "problem": type(problem).__name__}
        )
        raise Untranslatable("unexpected") from None


def _hand_on(said: Translation, delivery: ShopDelivery) -> None:
    delivery.user_id = said.user_id[:255] or next((one["anonymous_id"] for one in said.items), None) or ""
    delivery.items = len(said.items)
    for user_id in said.erase:
        _ask_to_erase(user_id, delivery.connection)
    try:
        written = orjson.dumps(said.items)
    except TypeError:
        raise Untranslatable("bad_text") from None
    if b"\\u0000" in written:
        raise Untranslatable("bad_text")
    currency = shop.currency.get() if said.products else ""
    for one in said.products:
        products.describe(
            products.Described(
                product_id=one.product_id[:100],
                at=one.at,
                name=one.name[:250],
                category=one.category[:100],
                price=_price(one.price, currency),
                url=one.url[:500],
                image_url=one.image_url[:500],
            )
        )
    accept(list(said.items), key=None, confirmed=True, received_at=delivery.received_at)


def _ask_to_erase(user_id: str, connection: ShopConnection) -> None:
    """Start the erasure of whoever has this id; of somebody we do not know there is nothing to erase."""
    found = Identity.objects.filter(
        kind=IdentityKind.USER_ID, value=user_id, customer__erased_at__isnull=True
    ).first()
    if found is None:
        return
    try:
        ask_to_be_erased(found.customer_id, actor=f"{connection.kind}:{connection.name}")
    except Refusal:
        raise Untranslatable("erase_by_hand") from None


def _price(told: str | None, currency: str) -> int | None:
    try:
        return None if told is None else minor_units(told, currency)
    except NotMoney:
        return None
