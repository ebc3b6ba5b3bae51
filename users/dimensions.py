"""Dimensions by which reports split customers: channel, region, age … and any custom attribute.

A dimension is an SQL expression over ``customer`` (users_customer) and ``standing`` (users_standing), the two
that every report joins; expressions come from code, values are bound. Apps above lend theirs with ``lend`` in
their ``page_parts.py``, as an expression with a subquery on ``customer.id``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from django.db.models import CharField
from django.utils.functional import lazy
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from config.kit import words
from config.kit.batches import fetch
from config.kit.given_names import as_read
from config.kit.registry import Registry
from users.models import AcquisitionChannel, AttributeDefinition, Customer, Gender, Stage
from users.shop import currency

ATTRIBUTE = "attribute:"
LONGEST_ATTRIBUTE = 100
LOOKED_AT = 5_000
MOST_DISCOVERED = 20
# Minor units; 1-2-5 steps that fit currencies with and without cents.
MONEY_EDGES = (
    0,
    1_000,
    2_000,
    5_000,
    10_000,
    20_000,
    50_000,
    100_000,
    200_000,
    500_000,
    1_000_000,
    5_000_000,
)

Labels = Callable[[], Mapping[str, StrOrPromise]]


@dataclass(frozen=True, slots=True)
class Dimension:
    """One way to split customers.

    ``expression`` gives text, NULL where the value is not known; ``parameters`` are bound in it (``%s``).
    ``labels`` names stored values for people; values it does not know are said by ``read``. ``order`` lists the
    values of a scale from low to high; a dimension without a scale has none. ``many``: a customer may have several
    values, and the expression gives them as a list in JSON; only the portrait takes such a one.
    """

    name: str
    title: StrOrPromise
    expression: str
    parameters: tuple[Any, ...] = ()
    labels: Labels = dict
    read: Callable[[str], str] = as_read
    order: tuple[str, ...] = ()
    many: bool = False

    def label(self, value: str | None) -> str:
        """A value in the reader's language."""
        return self.namer()(value)

    def namer(self) -> Callable[[str | None], str]:
        """Names values in the reader's language; asks for the labels once for many values."""
        known = self.labels()
        return lambda value: _("not known") if value is None else str(known.get(value) or self.read(value))


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
        return _attribute(key, lazy(_attribute_title, str)(key))
    return dimensions.get(name)


def _attribute(key: str, title: StrOrPromise) -> Dimension:
    told = "nullif(btrim(customer.attributes ->> %s), '')"
    return Dimension(f"{ATTRIBUTE}{key}", title, told, (key,), labels=_flag_labels)


def _flag_labels() -> dict[str, StrOrPromise]:
    return {"true": _("Yes"), "false": _("No")}


def _attribute_title(key: str) -> str:
    named = AttributeDefinition.objects.filter(name=key).first()
    return named.title if named else key


def discovered() -> list[str]:
    """The custom attributes that hold plain values, as seen in the customers who came last; the commonest first."""
    rows = fetch(
        "SELECT pair.key, count(*) FROM (SELECT attributes FROM users_customer WHERE attributes <> '{}'"
        "  ORDER BY id DESC LIMIT %s) AS recent, jsonb_each(recent.attributes) AS pair"
        " WHERE jsonb_typeof(pair.value) IN ('string', 'number', 'boolean') AND length(pair.key) BETWEEN 1 AND %s"
        " GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %s",
        [LOOKED_AT, LONGEST_ATTRIBUTE, MOST_DISCOVERED],
    )
    return [key for key, _customers in rows]


def all_dimensions() -> list[Dimension]:
    """Every dimension that the code knows, and the custom attributes that the traffic has brought but the hidden."""
    keys = discovered()
    named = {one.name: one for one in AttributeDefinition.objects.filter(name__in=keys)}
    hidden = {one.name for one in named.values() if one.is_hidden}
    shown = [key for key in keys if key not in hidden]
    return [*dimensions, *(_attribute(key, named[key].title if key in named else key) for key in shown)]


def channel_labels() -> dict[str, str]:
    """Acquisition channels by short name, in the reader's language."""
    return {channel.slug: channel.title for channel in AcquisitionChannel.objects.all()}


def country_labels() -> Mapping[str, str]:
    """Countries by their two letters, in the reader's language."""
    return words.locale().territories


def language_labels() -> dict[str, str]:
    """Languages by their tags, in the reader's language."""
    return {code.lower().replace("_", "-"): name for code, name in words.locale().languages.items()}


def platform_labels() -> dict[str, StrOrPromise]:
    """Platforms as they write themselves."""
    return {
        "web": _("Web"),
        "ios": "iOS",
        "android": "Android",
        "wechat": _("WeChat"),
        "offline": _("Offline"),
    }


def scale(value: str, *edges: int) -> tuple[str, tuple[str, ...]]:
    """Bands of whole numbers: SQL that names the band of ``value``, and the names; ``edges`` are the lower ends.

    The value is computed once: a comparison per edge took seven times as long for a million customers.
    """
    names = [str(low) if low == high - 1 else f"{low}-{high - 1}" for low, high in pairwise(edges)] + [
        f"{edges[-1]}+"
    ]
    listed = ", ".join(f"'{name}'" for name in names)
    ends = ", ".join(map(str, edges[1:]))
    band = f"(ARRAY[{listed}])[1 + width_bucket(({value})::float8, '{{{ends}}}'::float8[])]"
    return band, tuple(names)


def _lend_scale(name: str, title: StrOrPromise, value: str, *edges: int) -> None:
    expression, order = scale(value, *edges)
    lend(Dimension(name, title, expression, order=order))


def money_labels(*edges: int) -> Labels:
    """Names of bands of money: their lower and upper ends in the shop's currency."""
    _case, names = scale("", *edges)

    def labels() -> dict[str, StrOrPromise]:
        code = currency.get()
        ends = [words.money(edge, code, whole=True) for edge in edges]
        told = {name: f"{low} – {high}" for name, (low, high) in zip(names, pairwise(ends), strict=False)}
        return {**told, names[-1]: f"{ends[-1]} +"}

    return labels


def _lend_money(name: str, title: StrOrPromise, value: str) -> None:
    expression, order = scale(value, *MONEY_EDGES)
    lend(Dimension(name, title, expression, labels=money_labels(*MONEY_EDGES), order=order))


# The instant as a subquery is found once per statement; a bare call of the function is made for every customer.
SILENT = "floor(extract(epoch FROM (SELECT business_now()) - standing.last_activity_at) / 86400)"
AGE = "extract(year FROM age((SELECT business_now()), customer.birthday))"
_LABELS: dict[str, Labels] = {
    "country": country_labels,
    "language": language_labels,
    "platform": platform_labels,
}
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
    "time_zone",
)

lend(Dimension("stage", gettext_lazy("Stage"), "standing.stage", labels=lambda: dict(Stage.choices)))
lend(
    Dimension(
        "channel",
        gettext_lazy("Acquisition channel"),
        # One look-up table for the statement instead of a subquery per customer; as below.
        "((SELECT jsonb_object_agg(own.id, coalesce(upper.slug, own.slug)) FROM users_acquisitionchannel own"
        " LEFT JOIN users_acquisitionchannel upper ON upper.id = own.parent_id) ->> customer.channel_id::text)",
        labels=channel_labels,
    )
)
lend(
    Dimension(
        "subchannel",
        gettext_lazy("Acquisition channel, lower level"),
        "((SELECT jsonb_object_agg(own.id, own.slug) FROM users_acquisitionchannel own)"
        " ->> customer.channel_id::text)",
        labels=channel_labels,
    )
)
lend(
    Dimension(
        "gender", gettext_lazy("Gender"), "nullif(customer.gender, '')", labels=lambda: dict(Gender.choices)
    )
)
_lend_scale("age", gettext_lazy("Age"), AGE, 0, 18, 25, 35, 45, 55)
_lend_scale("orders", gettext_lazy("Orders in life"), "standing.orders", 0, 1, 2, 6)
_lend_scale("active_days", gettext_lazy("Active days in life"), "standing.active_days", 0, 1, 2, 5, 10, 20)
_lend_scale("silence", gettext_lazy("Days since last activity"), SILENT, 0, 7, 30, 90, 180, 365)
_lend_money(
    "revenue", gettext_lazy("Net revenue in life"), "CASE WHEN standing.orders > 0 THEN standing.revenue END"
)
_lend_money("aov", gettext_lazy("Average order"), "standing.revenue / nullif(standing.orders, 0)")
for _name in _PLAIN:
    _field = Customer._meta.get_field(_name)
    assert isinstance(_field, CharField)
    lend(
        Dimension(
            _name,
            capfirst(_field.verbose_name),
            f"nullif(btrim(customer.{_name}), '')",
            labels=_LABELS.get(_name, dict),
            read=words.zone if _name == "time_zone" else as_read,
        )
    )
INTERESTS = Dimension(
    "interests",
    gettext_lazy("Interests"),
    "(CASE WHEN customer.interests <> '[]' THEN customer.interests END)::text",
    many=True,
)
