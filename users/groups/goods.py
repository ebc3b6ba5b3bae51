"""Customers behind the figures of orders and products (``users/groups/__init__.py``)."""

from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext as _

from config.kit import words
from users.groups import Group, Parameters, group, selected
from users.reports.periods import day_of, midnight

_OF_PRODUCT = (
    "FROM users_orderline WHERE coalesce(nullif(product_id, ''), sku) = %s AND sold_at >= %s AND sold_at < %s"
)
SOLD = f"SELECT customer_id {_OF_PRODUCT}"


@group("ordered")
def ordered(asked: Parameters, now: datetime) -> Group:
    """Known customers with an order that counts in a period, of a source or of all."""
    begin, end = _span(asked)
    source = asked.get("source", "")
    found = selected(
        "SELECT o.customer_id FROM users_order o JOIN users_customer c ON c.id = o.customer_id"
        " WHERE o.counts AND c.identified AND o.ordered_at >= %s AND o.ordered_at < %s AND (%s = '' OR o.source = %s)",
        (begin, end, source, source),
    )
    return Group(_("Customers who ordered from %(first)s to %(last)s") % _days(asked), found)


@group("refunded")
def refunded(asked: Parameters, now: datetime) -> Group:
    """Known customers to whom something was given back in a period, of a source or of all."""
    begin, end = _span(asked)
    source = asked.get("source", "")
    found = selected(
        "SELECT r.customer_id FROM users_refund r JOIN users_customer c ON c.id = r.customer_id"
        " WHERE r.confirmed AND c.identified AND r.refunded_at >= %s AND r.refunded_at < %s"
        " AND (%s = '' OR r.source = %s)",
        (begin, end, source, source),
    )
    return Group(_("Customers who got money back from %(first)s to %(last)s") % _days(asked), found)


@group("product_buyers")
def product_buyers(asked: Parameters, now: datetime) -> Group:
    """Customers with a line of a product in an order that counts in a period; ``again``: on two days or more."""
    begin, end = _span(asked)
    told = _days(asked) | {"product": asked["product"]}
    if "again" in asked:
        day = "(sold_at AT TIME ZONE %s)::date"
        found = selected(
            f"{SOLD} GROUP BY customer_id HAVING min({day}) < max({day})",
            (asked["product"], begin, end, settings.SHOP_TIME_ZONE, settings.SHOP_TIME_ZONE),
        )
        sentence = _("Customers who bought %(product)s on two days or more from %(first)s to %(last)s")
        return Group(sentence % told, found)
    found = selected(SOLD, (asked["product"], begin, end))
    return Group(_("Customers who bought %(product)s from %(first)s to %(last)s") % told, found)


@group("bought_together")
def bought_together(asked: Parameters, now: datetime) -> Group:
    """Customers with an order that counts, in a period, of two products (``product``, ``beside``)."""
    begin, end = _span(asked)
    found = selected(
        f"SELECT customer_id FROM (SELECT customer_id, source, number {_OF_PRODUCT}) AS sold"
        " JOIN users_orderline other USING (customer_id, source, number)"
        " WHERE coalesce(nullif(other.product_id, ''), other.sku) = %s",
        (asked["product"], begin, end, asked["beside"]),
    )
    told = _days(asked) | {"product": asked["product"], "beside": asked["beside"]}
    return Group(
        _("Customers who bought %(product)s and %(beside)s in one order from %(first)s to %(last)s") % told,
        found,
    )


@group("owners")
def owners(asked: Parameters, now: datetime) -> Group:
    """Customers who own a product now."""
    product = asked["product"]
    found = selected("SELECT customer_id FROM users_ownedproduct WHERE product_id = %s", (product,))
    rule = {
        "all": [
            {
                "happened": "owned",
                "op": "did",
                "at_least": 1,
                "where": [{"property": "product", "op": "equals", "value": product}],
            }
        ]
    }
    return Group(_("Owners of %(product)s") % {"product": product}, found, rule)


def _span(asked: Parameters) -> tuple[datetime, datetime]:
    first, last = (day_of(asked[name]) for name in ("first", "last"))
    if first is None or last is None:
        raise ValueError("days")
    return midnight(first), midnight(last + timedelta(days=1))


def _days(asked: Parameters) -> dict[str, str]:
    return {name: words.day(date.fromisoformat(asked[name])) for name in ("first", "last")}
