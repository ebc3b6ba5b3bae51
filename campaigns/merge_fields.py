"""What messages may say about the customer, the customer's orders, and the shop."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from campaigns.merge import MergeField, MergeSource, Values, merge_source
from config.kit.batches import fetch
from config.kit.currencies import minor_digits
from users.models import Customer, Standing
from users.shop import currency, shop_name

FAVOURITE_OVER = timedelta(days=180)


def load_customers(customer_ids: Sequence[int], now: datetime) -> Mapping[int, Values]:
    """Profile values; ``first_name`` falls back to the first word of the name."""
    rows = Customer.objects.filter(pk__in=customer_ids).values(
        "pk", "name", "first_name", "last_name", "city", "region", "language"
    )
    return {row["pk"]: {**row, "first_name": row["first_name"] or row["name"].split(" ")[0]} for row in rows}


def load_orders(customer_ids: Sequence[int], now: datetime) -> Mapping[int, Values]:
    """Figures of paid orders; money in major units of the shop's currency."""
    rows = Standing.objects.filter(pk__in=customer_ids).values("pk", "orders", "revenue", "last_order_at")
    known = {row["pk"]: row for row in rows}
    code = currency.get()
    return {customer_id: _orders(known.get(customer_id), code, now) for customer_id in customer_ids}


def _orders(row: Mapping[str, object] | None, code: str, now: datetime) -> Values:
    if row is None:
        return {"count": 0, "total": _major(0, code), "currency": code, "days_since_last": ""}
    last = row["last_order_at"]
    days = (now - last).days if isinstance(last, datetime) else ""
    total = _major(int(str(row["revenue"])), code)
    return {"count": row["orders"], "total": total, "currency": code, "days_since_last": days}


def _major(minor: int, code: str) -> str:
    """Minor units as a plain decimal number with as many digits as the currency has."""
    digits = minor_digits(code)
    return f"{Decimal(minor).scaleb(-digits):.{digits}f}"


def load_favourites(customer_ids: Sequence[int], now: datetime) -> Mapping[int, Values]:
    """The category of most order lines in 180 days, else of all time (definitions.md, Value)."""
    rows = fetch(
        """
        SELECT DISTINCT ON (l.customer_id) l.customer_id, l.category
        FROM users_orderline l JOIN users_order o USING (customer_id, source, number)
        WHERE l.customer_id = ANY(%s) AND o.counts AND l.category <> ''
        GROUP BY l.customer_id, l.category
        ORDER BY l.customer_id, count(*) FILTER (WHERE o.ordered_at > %s) DESC, count(*) DESC, l.category
        """,
        [list(customer_ids), now - FAVOURITE_OVER],
    )
    known = dict(rows)
    return {customer_id: {"category": known.get(customer_id, "")} for customer_id in customer_ids}


def load_shop(customer_ids: Sequence[int], now: datetime) -> Mapping[int, Values]:
    """What is the same for everybody."""
    values = {"name": shop_name.get()}
    return dict.fromkeys(customer_ids, values)


merge_source(
    MergeSource(
        "customer",
        (
            MergeField("first_name", _("First name"), "Mei"),
            MergeField("last_name", _("Last name"), "Lin"),
            MergeField("name", _("Full name"), "Mei Lin"),
            MergeField("city", _("City"), "Hangzhou"),
            MergeField("region", _("Region"), "Zhejiang"),
            MergeField("language", _("Language"), "zh-hans"),
        ),
        load_customers,
    )
)
merge_source(
    MergeSource(
        "orders",
        (
            MergeField("count", _("Number of paid orders"), 3),
            MergeField("total", _("Spent so far"), "128.50"),
            MergeField("currency", _("Currency of the shop"), "USD"),
            MergeField("days_since_last", _("Days since the last order"), 42),
        ),
        load_orders,
    )
)
merge_source(
    MergeSource("favourite", (MergeField("category", _("Favourite category"), "Jazz"),), load_favourites)
)
merge_source(MergeSource("shop", (MergeField("name", _("Name of the shop"), "Regulars Records"),), load_shop))
