"""What becomes of a queued message at the moment it could go out: send, skip with a reason, or wait.

Pure calculation; ``campaigns.services.claim`` gathers the facts under lock and carries out the verdict.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from campaigns.models import SkipReason
from campaigns.timing import QuietHours, day_start, next_send_time

WEEK = timedelta(days=7)
RIVALRY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Caps:
    """Messages a customer may get: per calendar day of the customer's zone, and per rolling 7 days in all,
    of one topic, on one channel. 0 means no cap."""

    per_day: int
    per_week: int
    topic_per_week: int
    channel_per_week: int


@dataclass(frozen=True, slots=True)
class Past:
    """A message that counts: being sent, sent, or its answer lost."""

    claimed_at: datetime
    topic_id: int
    channel: str


@dataclass(frozen=True, slots=True)
class Rival:
    """A message to the same customer that still waits. ``rank``: the lower goes first."""

    rank: tuple[int, datetime, int]
    due_at: datetime
    campaign_id: int
    topic_id: int
    channel: str


@dataclass(frozen=True, slots=True)
class House:
    """What holds for every message of the batch in hand."""

    now: datetime
    campaign_id: int
    topic_id: int
    channel: str
    is_service: bool
    cancelled: bool
    expires_at: datetime
    quiet: QuietHours | None
    caps: Caps


@dataclass(slots=True)
class Person:
    """What is known of the customer of one queued message. ``most_per_week``: the customer's own wish."""

    zone: ZoneInfo
    rank: tuple[int, datetime, int]
    erased: bool
    contact_usable: bool
    consented: bool
    suppressed: SkipReason | None
    most_per_week: int | None = None
    past: list[Past] = field(default_factory=list)
    rivals: list[Rival] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Send:
    """The message may go out now."""


@dataclass(frozen=True, slots=True)
class Skip:
    """The message is never sent, because."""

    reason: SkipReason
    outranked_by: int | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """The message waits until then."""

    until: datetime


Verdict = Send | Skip | Wait


def decide(person: Person, house: House) -> Verdict:
    """The verdict, in the order in which an operator would ask."""
    if reason := _hindrance(person, house):
        return Skip(reason)
    if house.is_service:
        return Send()
    if not person.consented:
        return Skip(SkipReason.NO_CONSENT)
    if person.suppressed:
        return Skip(person.suppressed)
    allowed_at = next_send_time(house.now, person.zone, house.quiet)
    if allowed_at >= house.expires_at:
        return Skip(SkipReason.EXPIRED)
    if allowed_at > house.now:
        return Wait(allowed_at)
    return _within_caps(person, house)


def _hindrance(person: Person, house: House) -> SkipReason | None:
    if house.cancelled:
        return SkipReason.CANCELLED
    if house.now >= house.expires_at:
        return SkipReason.EXPIRED
    if person.erased:
        return SkipReason.ERASED
    if not person.contact_usable:
        return SkipReason.UNREACHABLE
    return None


def _within_caps(person: Person, house: House) -> Verdict:
    """Room under every cap, for this message and for those that go before it (architecture.md)."""
    ahead = [
        rival for rival in person.rivals if rival.rank < person.rank and rival.due_at < house.now + RIVALRY
    ]
    rooms = _rooms(person, ahead, house)
    if any(room <= 0 for room, _ in rooms):
        return Skip(SkipReason.CAPPED)
    for room, rivals in rooms:
        if rivals and room <= len(rivals):
            return Skip(SkipReason.OUTRANKED, min(rivals, key=lambda rival: rival.rank).campaign_id)
    return Send()


def _rooms(person: Person, ahead: Sequence[Rival], house: House) -> list[tuple[int, list[Rival]]]:
    """For each cap that is set: how many more fit, and which rivals would take from it."""
    today = day_start(house.now, person.zone)
    week = [past for past in person.past if past.claimed_at > house.now - WEEK]
    in_day = [past for past in person.past if past.claimed_at >= today]
    of_topic = [past for past in week if past.topic_id == house.topic_id]
    on_channel = [past for past in week if past.channel == house.channel]
    scopes = (
        (house.caps.per_day, in_day, list(ahead)),
        (house.caps.per_week, week, list(ahead)),
        (person.most_per_week or 0, week, list(ahead)),
        (house.caps.topic_per_week, of_topic, [r for r in ahead if r.topic_id == house.topic_id]),
        (house.caps.channel_per_week, on_channel, [r for r in ahead if r.channel == house.channel]),
    )
    return [(cap - len(past), rivals) for cap, past, rivals in scopes if cap]
