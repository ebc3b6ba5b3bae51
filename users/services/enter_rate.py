"""Entering an exchange rate: what it changes of orders known, and which orders were waiting for it."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from config.kit.batches import copy_rows, execute, fetch, temporary_table
from config.kit.refusal import Refusal
from users import shop
from users.models import ExchangeRate, Operator
from users.money import is_currency
from users.reports.periods import midnight
from users.services import audit, orders, shares, stages
from users.services.exchange_rates import minor_rate
from users.services.jobs import nudge

MOST_DAYS = 400
LARGEST = Decimal(10) ** 9


@transaction.atomic
def set_rate(*, currency: str, first: date, last: date, rate: Decimal, by: Operator | None) -> int:
    """Enter one rate for the days from ``first`` to ``last``; how many parked items it lets go.

    Orders of those days that were converted before are converted anew. Raises Refusal.
    """
    own = shop.currency.get()
    _check(currency, own, first, last, rate)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    ExchangeRate.objects.bulk_create(
        [ExchangeRate(currency=currency, day=day, rate=rate) for day in days],
        update_conflicts=True,
        unique_fields=["currency", "day"],
        update_fields=["rate"],
    )
    factor = minor_rate(rate, currency, own)
    _convert(currency, midnight(first), midnight(last + timedelta(days=1)), factor)
    audit.record(
        "exchange_rate.set",
        by=by,
        after={"currency": currency, "from": str(first), "to": str(last), "rate": str(rate)},
    )
    return _release(currency, days)


def _check(currency: str, own: str, first: date, last: date, rate: Decimal) -> None:
    if not is_currency(currency) or currency == own:
        raise Refusal("bad_currency", _("Choose a currency other than the shop's own."), field="currency")
    if last < first:
        raise Refusal("bad_days", _("The last day must not be before the first."), field="last")
    if (last - first).days >= MOST_DAYS:
        raise Refusal("too_many_days", _("At most %(n)s days at once.") % {"n": MOST_DAYS}, field="last")
    if not 0 < rate < LARGEST:
        raise Refusal("bad_rate", _("A rate is a number above 0."), field="rate")


def _release(currency: str, days: list[date]) -> int:
    """Send in again what waited for a rate of these days."""
    temporary_table("rated_day", "detail text")
    copy_rows("rated_day", ("detail",), ((f"{currency} {day}",) for day in days))
    released = execute(
        """
        WITH released AS (
            UPDATE users_deadletter letter SET replayed_at = business_now()
            FROM rated_day
            WHERE letter.code = 'no_exchange_rate' AND letter.replayed_at IS NULL
              AND letter.detail = rated_day.detail
            RETURNING letter.*
        )
        INSERT INTO users_intakebody (key_id, received_at, confirmed, is_history, attempts, items)
        SELECT key_id, received_at, confirmed, is_history, 0, '[' || item || ']' FROM released ORDER BY id
        """
    )
    if released:
        transaction.on_commit(lambda: nudge("users.apply_intake"))
    return released


def _convert(currency: str, begin: datetime, end: datetime, factor: Decimal) -> None:
    """Convert the orders of these days anew. It restates figures and starts nothing."""
    span: dict[str, Any] = {"currency": currency, "begin": begin, "end": end, "rate": factor}
    found = fetch(
        "SELECT DISTINCT customer_id FROM users_order WHERE currency = %(currency)s"
        " AND ordered_at >= %(begin)s AND ordered_at < %(end)s AND rate <> %(rate)s",
        span,
    )
    if not found:
        return
    span["customers"] = stages.lock(customer_id for (customer_id,) in found)
    execute(
        """
        WITH converted AS (
            UPDATE users_order SET rate = %(rate)s
            WHERE customer_id = ANY(%(customers)s) AND currency = %(currency)s
              AND ordered_at >= %(begin)s AND ordered_at < %(end)s
            RETURNING customer_id, source, number
        )
        UPDATE users_refund refund SET net = round(refund.amount * %(rate)s)
        FROM converted
        WHERE (refund.customer_id, refund.source, refund.number)
            = (converted.customer_id, converted.source, converted.number)
        """,
        span,
    )
    execute(
        """
        UPDATE users_order SET net = round((total - tax - shipping) * rate) - (
            SELECT coalesce(sum(refund.net), 0) FROM users_refund refund
            WHERE refund.customer_id = users_order.customer_id AND refund.source = users_order.source
              AND refund.number = users_order.number AND refund.confirmed
        )
        WHERE customer_id = ANY(%(customers)s) AND currency = %(currency)s
          AND ordered_at >= %(begin)s AND ordered_at < %(end)s
        """,
        span,
    )
    converted = fetch(
        "SELECT customer_id, source, number FROM users_order WHERE customer_id = ANY(%(customers)s)"
        " AND currency = %(currency)s AND ordered_at >= %(begin)s AND ordered_at < %(end)s",
        span,
    )
    shares.follow_orders(converted)
    orders.recount(span["customers"], is_history=True)
