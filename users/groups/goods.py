"""Customers behind the figures of orders and products (``users/groups/__init__.py``)."""

from datetime import date, datetime, timedelta

from django.utils.translation import gettext as _

from config.kit import words
from users.groups import Group, Parameters, group, selected
from users.reports.periods import day_of, midnight


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


@group("product_buyers")
def product_buyers(asked: Parameters, now: datetime) -> Group:
    """Customers with a line of a product in an order that counts in a period."""
    begin, end = _span(asked)
    found = selected(
        "SELECT o.customer_id FROM users_orderline l JOIN users_order o USING (customer_id, source, number)"
        " WHERE coalesce(nullif(l.product_id, ''), l.sku) = %s AND o.counts AND o.ordered_at >= %s"
        " AND o.ordered_at < %s",
        (asked["product"], begin, end),
    )
    return Group(
        _("Customers who bought %(product)s from %(first)s to %(last)s")
        % (_days(asked) | {"product": asked["product"]}),
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
