"""Dimensions by which reports split customers: channel, region, age … and any custom attribute.

A dimension is an SQL expression over ``customer`` (users_customer) and ``standing`` (users_standing), the two
that every report joins; expressions come from code, values are bound. Apps above lend theirs with ``lend`` in
their ``page_parts.py``, as an expression with a subquery on ``customer.id``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import CharField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from config.kit.registry import Registry
from users.models import AcquisitionChannel, Customer, Gender, Stage

ATTRIBUTE = "attribute:"
LONGEST_ATTRIBUTE = 100

Labels = Callable[[], Mapping[str, StrOrPromise]]


@dataclass(frozen=True, slots=True)
class Dimension:
    """One way to split customers.

    ``expression`` gives text, NULL where the value is not known; ``parameters`` are bound in it (``%s``).
    ``labels`` names stored values for people; values it does not know are shown as they are.
    """

    name: str
    title: StrOrPromise
    expression: str
    parameters: tuple[Any, ...] = ()
    labels: Labels = dict

    def label(self, value: str | None) -> str:
        """A value in the reader's language."""
        return self.namer()(value)

    def namer(self) -> Callable[[str | None], str]:
        """Names values in the reader's language; asks for the labels once for many values."""
        known = self.labels()
        return lambda value: _("not known") if value is None else str(known.get(value, value))


dimensions: Registry[Dimension] = Registry("dimension")


def lend(dimension: Dimension) -> Dimension:
    """Lend a dimension to reports and the portrait."""
    return dimensions.register(dimension.name, dimension)


def dimension(name: str) -> Dimension | None:
    """The dimension of that name; ``attribute:NAME`` is the custom attribute NAME. None: there is none."""
    if (
        name.startswith(ATTRIBUTE)
        and 0 < len(name) - len(ATTRIBUTE) <= LONGEST_ATTRIBUTE
        and "\0" not in name
    ):
        key = name.removeprefix(ATTRIBUTE)
        return Dimension(name, key, "nullif(customer.attributes ->> %s, '')", (key,))
    return dimensions.get(name)


def channel_labels() -> dict[str, str]:
    """Acquisition channels by short name, in the reader's language."""
    return {channel.slug: channel.title for channel in AcquisitionChannel.objects.all()}


_AGE = "extract(year FROM age(now(), customer.birthday))"
_PLAIN = (
    "region",
    "city",
    "country",
    "language",
    "platform",
    "occupation",
    "industry",
    "income_band",
    "education",
)

lend(Dimension("stage", gettext_lazy("Stage"), "standing.stage", labels=lambda: dict(Stage.choices)))
lend(
    Dimension(
        "channel",
        gettext_lazy("Acquisition channel"),
        "(SELECT coalesce(upper.slug, own.slug) FROM users_acquisitionchannel own"
        " LEFT JOIN users_acquisitionchannel upper ON upper.id = own.parent_id WHERE own.id = customer.channel_id)",
        labels=channel_labels,
    )
)
lend(
    Dimension(
        "subchannel",
        gettext_lazy("Acquisition channel, lower level"),
        "(SELECT own.slug FROM users_acquisitionchannel own WHERE own.id = customer.channel_id)",
        labels=channel_labels,
    )
)
lend(
    Dimension(
        "gender", gettext_lazy("Gender"), "nullif(customer.gender, '')", labels=lambda: dict(Gender.choices)
    )
)
lend(
    Dimension(
        "age",
        gettext_lazy("Age"),
        f"CASE WHEN {_AGE} < 18 THEN '0-17' WHEN {_AGE} < 25 THEN '18-24' WHEN {_AGE} < 35 THEN '25-34'"
        f" WHEN {_AGE} < 45 THEN '35-44' WHEN {_AGE} < 55 THEN '45-54' WHEN {_AGE} >= 55 THEN '55+' END",
    )
)
lend(
    Dimension(
        "orders",
        gettext_lazy("Orders in life"),
        "CASE WHEN standing.orders = 0 THEN '0' WHEN standing.orders = 1 THEN '1'"
        " WHEN standing.orders <= 5 THEN '2-5' ELSE '6+' END",
    )
)
for _name in _PLAIN:
    _field = Customer._meta.get_field(_name)
    assert isinstance(_field, CharField)
    lend(Dimension(_name, _field.verbose_name, f"nullif(customer.{_name}, '')"))
