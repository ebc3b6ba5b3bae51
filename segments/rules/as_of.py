"""At which instant, and for how many customers, a rule is asked."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from django.conf import settings

from users.models import EventType


@dataclass(frozen=True)
class AsOf:
    """The instant a rule is asked about (UTC), and whether it is asked for everybody or for a given few.

    ``everybody`` chooses between two physical forms of the same question: aggregates are computed once,
    grouped by customer, or once per given customer. Both mean the same; the tests hold both to the oracle.
    """

    now: datetime
    everybody: bool = True

    @cached_property
    def zone(self) -> ZoneInfo:
        """The shop zone: it decides which calendar day an instant belongs to."""
        return ZoneInfo(settings.SHOP_TIME_ZONE)

    @cached_property
    def today(self) -> date:
        """The calendar day in the shop zone."""
        return self.now.astimezone(self.zone).date()

    @cached_property
    def event_types(self) -> dict[str, int]:
        """Event names to type ids, read once per question: an id inside the statement helps its planning."""
        return dict(EventType.objects.values_list("name", "pk"))

    def at(self, now: datetime) -> "AsOf":
        """The same question at another instant."""
        return replace(self, now=now)
