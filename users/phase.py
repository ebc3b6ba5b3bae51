"""The relationship phase: the first days of a customer (definitions.md, Relationship phase). Pure."""

from datetime import datetime, tzinfo

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Phase(TextChoices):
    """How far customer and shop know each other; never goes back."""

    NONE = "none", _("Not met yet")
    JUDGING = "judging", _("Judging")
    VERIFYING = "verifying", _("Verifying")
    SETTLED = "settled", _("Settled")


SETTLED_DAYS = 5


def phase(
    active_days: int, first_order_at: datetime | None, last_activity_at: datetime | None, zone: tzinfo
) -> Phase:
    """The first rule that holds; days are calendar days of ``zone``, the shop's."""
    if active_days == 0:
        return Phase.NONE
    if active_days >= SETTLED_DAYS or _came_after(first_order_at, last_activity_at, zone):
        return Phase.SETTLED
    return Phase.JUDGING if active_days == 1 else Phase.VERIFYING


def _came_after(order_at: datetime | None, last_at: datetime | None, zone: tzinfo) -> bool:
    if order_at is None or last_at is None:
        return False
    return last_at.astimezone(zone).date() > order_at.astimezone(zone).date()
