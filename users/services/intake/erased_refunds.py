"""Refunds told of orders whose customer was erased since: the books stay right, nothing of the person comes back.

The order and its refund change, as they would have; no event and no name follows.
"""

from datetime import datetime

from config.kit.batches import execute, fetch
from users import shop
from users.models import Customer
from users.orders import OrderEvent, Telling
from users.services import shares
from users.services.exchange_rates import Rates
from users.services.orders import (
    Key,
    OrderPlan,
    OrderRow,
    order_owners,
    orders_on_record,
    recount,
    write_refunds,
)


def settle(told: dict[int, Telling], now: datetime) -> set[int]:
    """Put refunds of erased customers' orders on record; the numbers of the items that are done with.

    What cannot be (more than is left, another currency) stays in the batch and is turned away as it ever was.
    """
    refunds = {no: one for no, one in told.items() if one.event is OrderEvent.REFUNDED and one.confirmed}
    keys = _of_erased(refunds) if refunds else {}
    if not keys:
        return set()
    plan = OrderPlan(oldest_trigger=now, is_history=True, rates=Rates(shop.currency.get()))
    plan.start_from(_locked(set(keys.values())))
    ordered = sorted(keys, key=lambda no: (refunds[no].at, no))
    done = {no for no in ordered if not plan.hear(keys[no][0], refunds[no])}
    if plan.changed:
        _write({key: plan.orders[key] for key in sorted(plan.changed)})
    execute("DELETE FROM intake_item WHERE no = ANY(%s)", [sorted(done)])
    return done


def _of_erased(refunds: dict[int, Telling]) -> dict[int, Key]:
    """The orders of erased customers among those that the items speak of."""
    owners = order_owners((one.source, one.number) for one in refunds.values())
    gone = set(
        Customer.objects.filter(pk__in=set(owners.values()), erased_at__isnull=False).values_list(
            "pk", flat=True
        )
    )
    found = {no: owners.get((one.source, one.number)) for no, one in refunds.items()}
    return {
        no: (owner, refunds[no].source, refunds[no].number)
        for no, owner in found.items()
        if owner is not None and owner in gone
    }


def _locked(keys: set[Key]) -> dict[Key, OrderRow]:
    """These orders as they are on record, held until the transaction ends."""
    asked = sorted(keys)
    fetch(
        "SELECT 1 FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS asked (customer_id, source, number)"
        " JOIN users_order known USING (customer_id, source, number)"
        " ORDER BY known.customer_id, known.source, known.number FOR NO KEY UPDATE OF known",
        [list(column) for column in zip(*asked, strict=True)],
    )
    return orders_on_record(asked)


def _write(rows: dict[Key, OrderRow]) -> None:
    write_refunds(rows)
    columns = [(*key, row.state.refunded, row.state.net, row.state.counts) for key, row in rows.items()]
    execute(
        "UPDATE users_order known SET refunded = told.refunded, net = told.net, counts = told.counts"
        " FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::boolean[])"
        " AS told (customer_id, source, number, refunded, net, counts)"
        " WHERE (known.customer_id, known.source, known.number) = (told.customer_id, told.source, told.number)",
        [list(column) for column in zip(*columns, strict=True)],
    )
    shares.follow_orders(rows)
    recount({customer_id for customer_id, _source, _number in rows}, is_history=True)
