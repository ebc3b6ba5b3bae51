"""The default earning rule and ladder of levels, put in place once; operators change them afterwards."""

from decimal import Decimal
from typing import Any

from growth.models import EarningRule, Level

# (English, Chinese, from growth value, colour)
LADDER = (
    ("Member", "普通会员", 0, "#7c8594"),
    ("Silver", "银卡会员", 100, "#8a97a8"),
    ("Gold", "金卡会员", 500, "#b98900"),
    ("Platinum", "白金会员", 2000, "#4f6bb8"),
)


def seed(**_kwargs: Any) -> None:
    """Put the defaults in place where there are none; harmless when repeated."""
    if not EarningRule.objects.exists():
        EarningRule.objects.create(name="Points for orders", points_per_unit=Decimal(1))
    if not Level.objects.exists():
        Level.objects.bulk_create(
            Level(name=name, name_zh=name_zh, threshold=threshold, colour=colour)
            for name, name_zh, threshold, colour in LADDER
        )
