"""At which instant, and for how many customers, a rule is asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from django.conf import settings

from segments.rules.copies import Copy
from users.lifecycle import Thresholds
from users.models import EventType
from users.services.stages import rule_in_force, thresholds_of


class EventTypes:
    """Event names to type ids, read once per run: an id inside the statement helps its planning."""

    @cached_property
    def _ids(self) -> dict[str, int]:
        return dict(EventType.objects.values_list("name", "pk"))

    def id_of(self, name: str) -> int:
        """The id of the type, or 0, which no event has, for a name that was never seen."""
        return self._ids.get(name, 0)


class Lifecycle:
    """The thresholds between stages, read once per run."""

    @cached_property
    def limits(self) -> Thresholds:
        """Those in force."""
        return thresholds_of(rule_in_force())


@dataclass(frozen=True)
class AsOf:
    """The instant a rule is asked about (UTC), and whether it is asked for everybody or for a given few.

    ``everybody`` chooses between two physical forms of the same question: aggregates are computed once,
    grouped by customer, or once per given customer. Both mean the same; the tests hold both to the oracle.

    ``past``: ``now`` lies in the past and what is known today is asked what was so then. Happenings are those
    before ``now``, fields take their past form where they have one (``Field.past``), else today's value.
    ``ahead``: ``now`` lies ahead and nothing but time happens until then; fields that move by themselves take the
    form that says what they will be (``Field.ahead``).

    ``shared``: the temporary tables that hold figures of everybody at ``now``, by what they are the figures of
    (rules/shared.py); conditions that ask for them read the table. ``copies``: the tables that hold the rows of the few
    that are asked about, by what they are copies of (rules/copies.py).
    """

    now: datetime
    everybody: bool = True
    past: bool = False
    ahead: bool = False
    event_types: EventTypes = field(default_factory=EventTypes, compare=False, repr=False)
    lifecycle: Lifecycle = field(default_factory=Lifecycle, compare=False, repr=False)
    shared: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    copies: Mapping[str, Copy] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The shop zone: it decides which calendar day an instant belongs to."""
        return ZoneInfo(settings.SHOP_TIME_ZONE)

    @cached_property
    def today(self) -> date:
        """The calendar day in the shop zone."""
        return self.now.astimezone(self.zone).date()

    def at(self, now: datetime) -> "AsOf":
        """The same question at another instant."""
        return replace(self, now=now, shared={}, copies={})

    def towards_the_future(self) -> "AsOf":
        """The same question asked on of what is known, as time passes and nothing else happens."""
        return replace(self, ahead=True, past=False, everybody=False)

    def asked_for(self, *, everybody: bool) -> "AsOf":
        """The same question in the other physical form."""
        return replace(self, everybody=everybody)

    def reading(self, shared: Mapping[str, str]) -> "AsOf":
        """The same question, with figures that have been looked up already."""
        return replace(self, shared=shared)

    def reading_copies(self, copies: Mapping[str, Copy]) -> "AsOf":
        """The same question, asked of the few whose rows have been copied."""
        return replace(self, copies=copies)
