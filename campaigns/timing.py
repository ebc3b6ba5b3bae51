"""When a message may arrive: quiet hours in the customer's zone and the slots of recurring campaigns."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from config.kit.zones import shop_zone


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From ``starts`` (included) to ``ends`` (excluded), wall clock; passes midnight when starts > ends."""

    starts: time
    ends: time

    def cover(self, moment: time) -> bool:
        """Whether the wall clock ``moment`` is quiet."""
        if self.starts <= self.ends:
            return self.starts <= moment < self.ends
        return moment >= self.starts or moment < self.ends


def next_send_time(moment: datetime, zone: ZoneInfo, quiet: QuietHours | None) -> datetime:
    """The first instant at or after ``moment`` (UTC) that is not quiet in ``zone``.

    Where the clock is put back the end of quiet hours comes twice, where it is put forward not at all:
    both readings are tried, and the earliest instant that is not quiet wins.
    """
    local = moment.astimezone(zone)
    if quiet is None or not quiet.cover(local.time()):
        return moment
    ends = (
        datetime.combine(local.date() + timedelta(days=days), quiet.ends, zone).replace(fold=fold)
        for days in (0, 1, 2)
        for fold in (0, 1)
    )
    instants = (end.astimezone(UTC) for end in ends)
    return min(
        instant
        for instant in instants
        if instant >= moment and not quiet.cover(instant.astimezone(zone).time())
    )


def day_start(moment: datetime, zone: ZoneInfo) -> datetime:
    """The instant (UTC) at which the calendar day of ``moment`` began in ``zone``."""
    return datetime.combine(moment.astimezone(zone).date(), time(), zone).astimezone(UTC)


def slot(day: date, at: time) -> datetime:
    """The instant (UTC) of a wall-clock time on a day of the shop."""
    return datetime.combine(day, at, shop_zone()).astimezone(UTC)


def slots_until(
    first: datetime, every_days: int, at: time, until: datetime
) -> tuple[list[datetime], datetime]:
    """The slots from ``first`` on that are due by ``until``, oldest first, and the next one after them.

    Later slots are ``every_days`` shop days apart at wall-clock time ``at``.
    """
    due: list[datetime] = []
    day, instant = first.astimezone(shop_zone()).date(), first
    while instant <= until:
        due.append(instant)
        day += timedelta(days=every_days)
        instant = slot(day, at)
    return due, instant
