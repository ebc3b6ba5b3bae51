"""Points come in: pending ones for orders, active ones at once; and refunds take them back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from config.kit.batches import copy_rows
from config.kit.refusal import Refusal
from growth import shop
from growth.earning import kept_after_refund
from growth.models import Account, EntryKind, Lot
from growth.services import ledger, levels
from growth.services.ledger import Booking

_LOT_COLUMNS = (
    "customer_id",
    "key",
    "state",
    "amount",
    "remaining",
    "taken_back",
    "expired",
    "order_source",
    "order_number",
    "order_net",
    "matures_at",
)


@dataclass(frozen=True, slots=True)
class Earning:
    """Points for one order, pending from ``at`` until ``matures_at``; ``net`` is what they are given for."""

    customer_id: int
    source: str
    number: str
    points: int
    net: int
    at: datetime
    matures_at: datetime
    note: str = ""

    @property
    def key(self) -> str:
        return f"earn:order:{self.source}:{self.number}"


@transaction.atomic
def earn(earnings: Sequence[Earning]) -> int:
    """Give pending points for orders, once per order; how many orders earned."""
    ledger.hold(earning.customer_id for earning in earnings)
    done = ledger.already_booked([(earning.customer_id, earning.key) for earning in earnings])
    fresh = [e for e in earnings if e.points > 0 and (e.customer_id, e.key) not in done]
    _add_pending_lots(fresh)
    return ledger.book(
        Booking(
            e.customer_id,
            e.key,
            EntryKind.EARN,
            e.at,
            {Account.PENDING: e.points, Account.ISSUE: -e.points},
            e.note,
        )
        for e in fresh
    )


@transaction.atomic
def grant(customer_id: int, points: int, *, key: str, kind: EntryKind, now: datetime, note: str = "") -> bool:
    """Give active points at once, settling a debt first; False when the key was booked before.

    Refuses ``points_not_positive``. Does not grow the growth value: a gift does not, and an act that earns
    says so to ``levels.grow`` itself.
    """
    demand_positive(points)
    settled = min(points, ledger.hold([customer_id])[customer_id].debt)
    legs = {Account.ACTIVE: points - settled, Account.DEBT: settled, Account.ISSUE: -points}
    booking = Booking(customer_id, key, kind, now, legs, note)
    expires_at = now + timedelta(days=shop.points_valid_days.get())
    return ledger.book_active_lot(booking, points, remaining=points - settled, expires_at=expires_at)


@transaction.atomic
def take_back(
    customer_id: int, *, source: str, number: str, net_after: int, key: str, now: datetime, note: str = ""
) -> int:
    """Take back what an order gave beyond its share for ``net_after`` (minor units); how many points.

    From the order's own lot first, then from the other active lots, those expiring first; the rest is owed.
    Points that expired are gone already. An order that gave nothing has nothing to take back.
    """
    ledger.hold([customer_id])
    lot = Lot.objects.filter(customer_id=customer_id, order_source=source, order_number=number).first()
    if lot is None or ledger.is_booked(customer_id, key):
        return 0
    kept = kept_after_refund(lot.amount, net=lot.order_net, net_after=net_after)
    due = lot.amount - lot.expired - lot.taken_back - kept
    if due <= 0:
        return 0
    own = min(due, lot.remaining)
    Lot.objects.filter(pk=lot.pk).update(remaining=lot.remaining - own, taken_back=lot.taken_back + due)
    others = ledger.take_at_most(customer_id, due - own)
    ledger.book(
        [Booking(customer_id, key, EntryKind.TAKE_BACK, now, _legs_back(lot, due, own, others), note)]
    )
    if lot.state == Lot.State.ACTIVE:
        levels.grow(customer_id, -due, key=key, now=now)
    return due


def demand_positive(points: int) -> None:
    """Refuse ``points_not_positive``: no act may run backwards by a minus sign."""
    if points <= 0:
        raise Refusal("points_not_positive", _("The number of points must be positive."), field="points")


def _add_pending_lots(earnings: Iterable[Earning]) -> None:
    """By COPY: model instances made the award of past orders twice as slow."""
    pending = Lot.State.PENDING.value
    rows = (
        (e.customer_id, e.key, pending, e.points, e.points, 0, 0, e.source, e.number, e.net, e.matures_at)
        for e in earnings
    )
    copy_rows(Lot._meta.db_table, _LOT_COLUMNS, rows)


def _legs_back(lot: Lot, due: int, own: int, others: int) -> dict[Account, int]:
    """``due`` points go back to the issue account: ``own`` of the lot, ``others``, and the rest as debt."""
    pending, active = (own, others) if lot.state == Lot.State.PENDING else (0, own + others)
    return {
        Account.PENDING: -pending,
        Account.ACTIVE: -active,
        Account.DEBT: own + others - due,
        Account.ISSUE: due,
    }
