"""The columns that the list of customers can show; which ones it does is remembered for each operator."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext_lazy as _

from config.kit.given_names import as_read
from config.kit.parts import Cell, Column
from users.models import AcquisitionChannel, CustomerTag, Standing

LIST = "customers"
Tags = Mapping[int, Sequence[str]]


@dataclass(frozen=True, slots=True)
class ListColumn:
    """A column: under what name it is remembered, how it is headed, what it shows of a customer's standing.

    ``needs``: the table beside customer and standing that it reads, in the one query of the list.
    """

    name: str
    column: Column
    value: Callable[[Standing], Any]
    is_usual: bool = False
    needs: str = ""


def channel_name(channel: AcquisitionChannel | None) -> str:
    """A channel in the reader's language."""
    return "" if channel is None else channel.title


def _place(name: str) -> Callable[[Standing], Cell]:
    def cell(standing: Standing) -> Cell:
        text = getattr(standing.customer, name)
        return Cell(as_read(text), url=f"?{urlencode({name: text})}" if text else "")

    return cell


def _average(standing: Standing) -> int | None:
    return round(standing.revenue / standing.orders) if standing.orders else None


def _of_value(read: Callable[[Any], Any]) -> Callable[[Standing], Any]:
    """What the figures of the day say; nothing for who has none yet."""

    def value(standing: Standing) -> Any:
        found = getattr(standing.customer, "value", None)
        return read(found) if found is not None else None

    return value


VALUE = "customer__value"
COLUMNS = (
    ListColumn("stage", Column(_("Stage"), "stage"), lambda s: s.stage, True),
    ListColumn("since", Column(_("Since"), "time", sort="stage_at"), lambda s: s.stage_at, True),
    ListColumn("seen", Column(_("Last seen"), "time", sort="seen"), lambda s: s.last_activity_at, True),
    ListColumn("orders", Column(_("Orders"), "number"), lambda s: s.orders, True),
    ListColumn(
        "revenue",
        Column(_("Revenue"), "money", sort="revenue", hint=_("Net of refunds, tax and shipping, in all")),
        lambda s: s.revenue,
        True,
    ),
    ListColumn("channel", Column(_("Channel")), lambda s: channel_name(s.customer.channel), True),
    ListColumn("region", Column(_("Region")), _place("region"), True),
    ListColumn("city", Column(_("City")), _place("city")),
    ListColumn("user_id", Column(_("User ID")), lambda s: s.customer.user_id),
    ListColumn("gender", Column(_("Gender")), lambda s: s.customer.get_gender_display()),
    ListColumn("birthday", Column(_("Birthday"), "day"), lambda s: s.customer.birthday),
    ListColumn("platform", Column(_("Platform")), lambda s: s.customer.platform),
    ListColumn("first_seen", Column(_("First seen"), "time"), lambda s: s.customer.first_seen_at),
    ListColumn("registered", Column(_("Registered"), "time"), lambda s: s.customer.registered_at),
    ListColumn("active_days", Column(_("Active days"), "number"), lambda s: s.active_days),
    ListColumn("last_order", Column(_("Last order"), "time"), lambda s: s.last_order_at),
    ListColumn("average", Column(_("Average order"), "money"), _average),
    ListColumn("tags", Column(_("Tags")), lambda s: "", needs="tags"),
    ListColumn("rfm", Column(_("RFM")), _of_value(lambda v: v.get_rfm_group_display()), needs=VALUE),
    ListColumn(
        "predicted",
        Column(_("Predicted value"), "money"),
        _of_value(lambda v: v.predicted_ltv),
        needs=VALUE,
    ),
    ListColumn(
        "risk",
        Column(_("Churn risk"), "percent"),
        _of_value(lambda v: None if v.churn_risk is None else v.churn_risk / 100),
        needs=VALUE,
    ),
)
KNOWN = tuple(column.name for column in COLUMNS)


def shown(chosen: Sequence[str]) -> list[ListColumn]:
    """The columns remembered, in the list's order; without any that is known, the usual ones."""
    wanted = [column for column in COLUMNS if column.name in chosen]
    return wanted or [column for column in COLUMNS if column.is_usual]


def joined(columns: Iterable[ListColumn]) -> list[str]:
    """The relations that the list's query reads along."""
    return ["customer__channel", *sorted({c.needs for c in columns if c.needs and c.needs != "tags"})]


def tags_of(columns: Iterable[ListColumn], standings: Sequence[Standing]) -> Tags:
    """The tags of the customers of one page, in one query; none where no column shows them."""
    if not any(column.needs == "tags" for column in columns):
        return {}
    rows = CustomerTag.objects.filter(customer__in=[s.pk for s in standings]).order_by("tag__name")
    found: dict[int, list[str]] = {}
    for customer_id, name in rows.values_list("customer_id", "tag__name"):
        found.setdefault(customer_id, []).append(as_read(name))
    return found


def cells(columns: Iterable[ListColumn], standing: Standing, tags: Tags) -> list[Any]:
    """One row."""
    return [
        " · ".join(tags.get(standing.pk, ())) if column.needs == "tags" else column.value(standing)
        for column in columns
    ]
