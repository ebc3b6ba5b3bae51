"""Cut points of "top N %": measuring one, and which one is in force at an instant.

Top N % is of the living customers whose figure is above zero, ties at the cut included (docs/rules.md).
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Q

from segments.models import FigureCut
from segments.registry import Field, Rows
from segments.rules.as_of import AsOf
from users.models import Customer


@dataclass(frozen=True, slots=True)
class Cut:
    """``value`` None: nobody is in. ``at`` None: measured on the spot, because none is kept yet."""

    value: Decimal | None
    customers: int
    at: datetime | None


def in_force(field: Field, percent: int, as_of: AsOf) -> Cut:
    """The latest cut that is not younger than the instant; before the first one, the first; else a fresh one."""
    kept = _kept(field, percent)
    found = kept.filter(at__lte=as_of.now).order_by("-at").first() or kept.order_by("at").first()
    if found is None:
        return measure(field, percent)
    return Cut(found.value, found.customers, found.at)


def between(field: Field, percent: int, then: AsOf, now: AsOf) -> list[Decimal | None]:
    """The values of the cuts that were in force at some time from ``then`` to ``now``."""
    later = _kept(field, percent).filter(at__gt=then.now, at__lte=now.now)
    return [in_force(field, percent, then).value, *later.order_by("at").values_list("value", flat=True)]


def measure(field: Field, percent: int) -> Cut:
    """The cut as the data are now."""
    above = figures(field)
    customers = above.count()
    if not customers:
        return Cut(None, 0, None)
    last = -(-customers * percent // 100) - 1
    return Cut(
        Decimal(above.order_by("-asked_value").values_list("asked_value", flat=True)[last]), customers, None
    )


def figures(field: Field) -> Rows:
    """Rows of living customers with the field's value under ``asked_value``, where it is above zero."""
    if field.rows is None:
        valued = Customer.objects.living().annotate(asked_value=field.x)
    else:
        erased = Customer.objects.filter(erased_at__isnull=False)
        valued = field.rows().filter(~Q(customer_id__in=erased.values("pk"))).annotate(asked_value=field.x)
    return valued.filter(asked_value__gt=0)


def _kept(field: Field, percent: int) -> Rows:
    return FigureCut.objects.filter(figure=field.name, percent=percent)


def plain(value: str) -> int | Decimal:
    """A stored figure without the zeros behind its point; amounts in minor units are whole."""
    figure = Decimal(value)
    return int(figure) if figure == figure.to_integral_value() else figure.normalize()
