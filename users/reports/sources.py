"""What source codes and their owners brought in a period: people at the link, customers, orders, who stayed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Q
from django.db.models.functions import TruncDate

from config.kit import words
from config.kit.batches import fetch
from users.models import SourceCode, SourceTouch
from users.reports import stored
from users.reports.channels import report_sql
from users.reports.figures import today_in_shop
from users.reports.periods import Period

BY_CODE = "source.code"
BY_OWNER = "source.owner_kind || ':' || source.owner"


@dataclass(frozen=True, slots=True)
class Brought:
    """Figures of a code or an owner. ``reach``: different people at the link; ``programs`` are counted apart.

    ``customers``: identified, whose first touch in the period it was; ``orders`` and ``revenue`` (net, minor
    units) are theirs to date; ``stayed`` of ``matured``: active on day 30 after the touch or later.
    """

    touches: int = 0
    reach: int = 0
    programs: int = 0
    customers: int = 0
    buyers: int = 0
    orders: int = 0
    revenue: int = 0
    matured: int = 0
    stayed: int = 0

    @property
    def staying(self) -> float | None:
        """Share active on day 30 or later, so far."""
        return self.stayed / self.matured if self.matured else None


def by_code(period: Period, now: datetime) -> tuple[dict[str, Brought], datetime]:
    """Per source code, and the instant the figures stand for."""
    return _brought(BY_CODE, period, now)


def by_owner(period: Period, now: datetime) -> tuple[dict[tuple[str, str], Brought], datetime]:
    """Per (kind of owner, owner), and the instant the figures stand for."""
    found, as_of = _brought(BY_OWNER, period, now)
    return {(key.partition(":")[0], key.partition(":")[2]): figures for key, figures in found.items()}, as_of


def visits(source: SourceCode, period: Period) -> list[tuple[date, int, int]]:
    """Per day of the period: visits by people and by programs at the link."""
    counted = (
        SourceTouch.objects.filter(source=source, at__gte=period.begin, at__lt=period.end)
        .annotate(day=TruncDate("at", tzinfo=words.shop_zone()))
        .order_by()
        .values_list("day")
        .annotate(people=Count("pk", filter=Q(by_bot=False)), programs=Count("pk", filter=Q(by_bot=True)))
    )
    found = {day: (people, programs) for day, people, programs in counted}
    days = (period.first + timedelta(days=n) for n in range(period.days))
    return [(day, *found.get(day, (0, 0))) for day in days]


def _brought(key: str, period: Period, now: datetime) -> tuple[dict[str, Brought], datetime]:
    values: Mapping[str, Any] = {
        "begin": period.begin,
        "end": period.end,
        "zone": settings.SHOP_TIME_ZONE,
        "today": today_in_shop(now),
    }
    told = stored.lately(
        f"sources {key} {sorted(values.items())}",
        lambda: fetch(report_sql("sources").format(key=key), dict(values)),
        now,
        of=["users_sourcetouch", "users_customer"],
    )
    return {name: Brought(*figures) for name, *figures in told.rows}, told.as_of
