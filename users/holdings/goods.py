"""What is held about purchases beyond the orders, and what shops delivered (``users/privacy.py``)."""

import json
from urllib.parse import quote, quote_plus

from django.utils.translation import gettext_lazy as _

from config.kit.batches import execute
from users.keeping import keep
from users.models import (
    Category,
    CategoryName,
    ExchangeRate,
    OrderClaim,
    OwnedProduct,
    ShopConnection,
    ShopDelivery,
)
from users.privacy import Erase, Holding, Traces, holds, impersonal, quotes
from users.services import retention

READ = "received_at < %(cutoff)s AND state <> 'dead'"
DEAD = "received_at < %(cutoff)s AND state = 'dead'"

holds(
    Holding(
        OwnedProduct,
        _("Products owned"),
        45,
        Erase.DELETE,
        {
            "product_id": _("Product"),
            "serial": _("Serial number"),
            "since": _("Since"),
            "warranty_end": _("Warranty until"),
            "source": _("How it is known"),
            "order_number": _("Order"),
        },
    )
)
holds(
    Holding(
        OrderClaim,
        _("Orders told as another customer's"),
        46,
        Erase.DELETE,
        {"source": _("Order source"), "number": _("Order"), "claimed_at": _("Time")},
    )
)


def forget_deliveries(traces: Traces) -> int:
    """Delete what shops delivered about the person: under his id, or naming him anywhere in the body as it came.

    Shops write an address in capitals, texts escaped, and whole messages percent-encoded.
    """
    ids = [value for kind, value in traces.identities if kind in ("user_id", "anonymous_id")]
    found = ShopDelivery.objects.filter(user_id__in=[*ids, traces.user_id or "-"])
    gone = found.delete()[0]
    if needles := sorted({form for word in traces.words for form in _forms(word)}):
        gone += execute(
            """
            DELETE FROM users_shopdelivery WHERE id IN (
                SELECT id FROM users_shopdelivery
                CROSS JOIN LATERAL (SELECT lower(encode(body, 'escape') COLLATE "C") AS said OFFSET 0) AS shown
                WHERE EXISTS (SELECT FROM unnest(%s::text[]) AS needle WHERE position(needle in said) > 0)
            )
            """,
            [needles],
        )
    return gone


def _forms(word: str) -> set[str]:
    """How a body may write a word, as ``lower(encode(body, 'escape'))`` shows it."""
    plain = {form for told in (word, word.lower()) for form in (told, json.dumps(told)[1:-1])}
    written = plain | {way(form) for form in plain for way in (quote, quote_plus)}
    return {_shown(form.encode()).lower() for form in written}


def _shown(raw: bytes) -> str:
    """Bytes as PostgreSQL's ``encode(…, 'escape')`` writes them."""
    return "".join("\\\\" if one == 0x5C else chr(one) if 0 < one < 0x80 else f"\\{one:03o}" for one in raw)


quotes(
    ShopDelivery,
    _("Deliveries of shops"),
    clean=forget_deliveries,
    columns=("key", "topic", "code", "user_id"),
)
keep(
    "shop_deliveries",
    _("Deliveries of shops"),
    _("What connected shops sent, as it came; what it told has been applied."),
    default=30,
    due=retention.counted(f"SELECT 1 FROM users_shopdelivery WHERE {READ}"),
    remove=retention.deleting("users_shopdelivery", READ),
)
keep(
    "dead_shop_deliveries",
    _("Deliveries of shops that could not be read"),
    _("Kept longer, so that they can be replayed."),
    default=90,
    due=retention.counted(f"SELECT 1 FROM users_shopdelivery WHERE {DEAD}"),
    remove=retention.deleting("users_shopdelivery", DEAD),
)
impersonal(Category, "name", "path", why="categories of products")
impersonal(CategoryName, "text", why="categories of products")
impersonal(ExchangeRate, "currency", why="rates of currencies")
impersonal(
    ShopConnection,
    "kind",
    "name",
    "source",
    "token",
    "client_id",
    "secret",
    "failure",
    why="the shop's own set-up",
)
