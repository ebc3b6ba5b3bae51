"""What growth holds about people: points, levels, check-ins (``users/privacy.py``)."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from growth.models import Balance, CheckIn, CustomerLevel, Entry, GrowthEntry, LevelMove, Lot
from users.privacy import Erase, Holding, holds

LEDGER = _("The books of points must sum to zero; nothing in them says who it was.")

holds(
    Holding(
        Balance,
        _("Points"),
        400,
        Erase.KEEP,
        {"pending": _("Pending"), "active": pgettext_lazy("points", "Active"), "debt": _("Owed")},
        why=LEDGER,
        is_books=True,
    )
)
holds(
    Holding(
        Entry,
        _("Entries of points"),
        410,
        Erase.EMPTY,
        {
            "at": _("Time"),
            "kind": _("Kind"),
            "account": _("Account"),
            "amount": _("Points"),
            "note": _("Note"),
        },
        why=LEDGER,
        empties={"note": ""},
        keeps=("key",),
        order=("at", "key"),
        is_books=True,
    )
)
holds(
    Holding(
        Lot,
        _("Lots of points"),
        420,
        Erase.KEEP,
        {
            "state": _("State"),
            "amount": _("Points"),
            "remaining": _("Remaining"),
            "order_number": _("Order"),
            "matures_at": _("Active from"),
            "expires_at": _("Expires"),
        },
        why=LEDGER,
        keeps=("key", "order_source", "order_number"),
        order=("key",),
        is_books=True,
    )
)
holds(
    Holding(
        CheckIn,
        _("Check-ins"),
        430,
        Erase.DELETE,
        {"local_date": _("Day"), "at": _("Time"), "streak": _("Streak"), "points": _("Points")},
        order=("local_date",),
    )
)
holds(
    Holding(
        CustomerLevel,
        _("Level"),
        440,
        Erase.DELETE,
        {"level__name": _("Level"), "growth_value": _("Growth value"), "since": _("Since")},
    )
)
holds(
    Holding(
        GrowthEntry,
        _("Entries of growth value"),
        450,
        Erase.DELETE,
        {"at": _("Time"), "amount": _("Growth value")},
        order=("at", "key"),
    )
)
holds(
    Holding(
        LevelMove,
        _("Levels over time"),
        460,
        Erase.DELETE,
        {"at": _("Time"), "from_level__name": _("From"), "to_level__name": _("To")},
        order=("at",),
    )
)
