"""Points go out: a customer spends them."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from config.kit.refusal import Conflict
from growth.models import Account, Entry, EntryKind
from growth.services import joining, ledger
from growth.services.earn import demand_positive
from growth.services.ledger import Booking
from users.services import survivors


@transaction.atomic
def spend(
    customer_id: int,
    points: int,
    *,
    key: str,
    now: datetime,
    kind: EntryKind = EntryKind.SPEND,
    against: Account = Account.REDEEM,
    note: str = "",
) -> bool:
    """Spend active points, those that expire first; False when this very spending was booked before.

    Refuses ``points_not_positive``, ``not_enough_points`` and, for a key that was booked for another number
    of points, ``key_reused``. Points past their expiry cannot be spent, swept or not.
    """
    demand_positive(points)
    customer_id = survivors.hold_one(customer_id)
    joining.finish(customer_id, now=now)
    ledger.hold([customer_id])
    booking = Booking(customer_id, key, kind, now, {Account.ACTIVE: -points, against: points}, note)
    if ledger.book_spending(booking, points, valid_after=now):
        return True
    _demand_same(customer_id, key, points)
    return False


def _demand_same(customer_id: int, key: str, points: int) -> None:
    """Nothing was taken: fine when it had been before, otherwise the reason."""
    before = Entry.objects.filter(
        customer_id__in=ledger.family(customer_id), key=key, account=Account.ACTIVE
    ).first()
    if before is None:
        raise Conflict("not_enough_points", _("There are not enough points."), field="points")
    if before.amount != -points:
        raise Conflict("key_reused", _("This key was used for another number of points."), field="key")
