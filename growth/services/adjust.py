"""An operator corrects a customer's points, with a reason that stays in the books and in the audit trail."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from config.kit.refusal import Refusal
from growth.models import Account, Balance, EntryKind
from growth.services import ledger
from growth.services.earn import grant
from growth.services.spend import spend
from users.models import Customer, Operator
from users.services import audit, survivors


@transaction.atomic
def adjust(customer: Customer, points: int, *, reason: str, key: str, by: Operator, now: datetime) -> Balance:
    """Add ``points``, or remove them when negative; the balance afterwards.

    ``key`` makes a form sent twice count once. Refuses ``no_change`` for zero, ``reason_missing``, and
    ``not_enough_points`` when more is removed than the customer has.
    """
    if points == 0:
        raise Refusal("no_change", _("Enter a number of points other than zero."), field="points")
    if not reason.strip():
        raise Refusal("reason_missing", _("Say why; the customer's history keeps it."), field="reason")
    customer_id = survivors.hold_one(customer.pk)
    ledger.hold([customer_id])
    before = Balance.objects.get(pk=customer_id)
    if _book(customer_id, points, key=f"adjust:{key}", note=reason.strip()[:200], now=now):
        after = Balance.objects.get(pk=customer_id)
        audit.record(
            "points.adjust",
            by=by,
            target=customer,
            before=_figures(before),
            after=_figures(after) | {"points": points, "reason": reason.strip()},
        )
        return after
    return before


def _book(customer_id: int, points: int, *, key: str, note: str, now: datetime) -> bool:
    if points > 0:
        return grant(customer_id, points, key=key, kind=EntryKind.ADJUST, note=note, now=now)
    return spend(
        customer_id, -points, key=key, kind=EntryKind.ADJUST, against=Account.ISSUE, note=note, now=now
    )


def _figures(balance: Balance) -> dict[str, int]:
    return {"active": balance.active, "pending": balance.pending, "owed": balance.debt}
