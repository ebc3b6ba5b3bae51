"""What messages may say about points and levels."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from campaigns.merge import MergeField, MergeSource, Values, merge_source
from growth.models import Balance, CustomerLevel, Level


def load_points(customer_ids: Sequence[int], now: datetime) -> Mapping[int, Values]:
    """Balance and pending points; zero for those who have none."""
    rows = Balance.objects.filter(pk__in=customer_ids).values_list("pk", "active", "pending")
    known = {pk: {"balance": active, "pending": pending} for pk, active, pending in rows}
    return {pk: known.get(pk, {"balance": 0, "pending": 0}) for pk in customer_ids}


def load_levels(customer_ids: Sequence[int], now: datetime) -> Mapping[int, Values]:
    """The level in both languages and the growth value; the lowest level for those who never earned."""
    lowest = Level.objects.first()
    rows = CustomerLevel.objects.select_related("level").filter(pk__in=customer_ids)
    known = {row.pk: _level(row.level, row.growth_value) for row in rows}
    return {pk: known.get(pk) or _level(lowest, 0) for pk in customer_ids}


def _level(level: Level | None, growth_value: int) -> Values:
    name = level.name if level else ""
    return {"name": name, "name_zh": (level.name_zh if level else "") or name, "growth_value": growth_value}


merge_source(
    MergeSource(
        "points",
        (
            MergeField("balance", _("Points that can be spent"), 120),
            MergeField("pending", _("Points still pending"), 40),
        ),
        load_points,
    )
)
merge_source(
    MergeSource(
        "level",
        (
            MergeField("name", _("Level"), "Gold"),
            MergeField("name_zh", _("Level in Chinese"), "金卡会员"),
            MergeField("growth_value", _("Growth value"), 620),
        ),
        load_levels,
    )
)
