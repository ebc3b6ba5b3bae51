"""The list of customers: search, filters in the URL, next and previous without counting."""

from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from config.kit.admin import OperatorPage, may_open
from config.kit.paging import page
from config.kit.parts import Action, Cell, Choice, Column, Empty, Filter, Table
from config.kit.sheets import csv_response
from users.groups import Group, read_group
from users.models import AcquisitionChannel, Role, Stage, Standing
from users.pages import group_acts
from users.reports import finding
from users.services.exports import acts

# key → (title, order, condition that keeps the order free of nulls); each is backed by an index.
SORTS: dict[str, tuple[StrOrPromise, tuple[str, ...], dict[str, Any]]] = {
    "seen": (_("Last seen"), ("-last_activity_at", "-pk"), {"last_activity_at__isnull": False}),
    "stage_at": (_("In this stage since"), ("-stage_at", "-pk"), {"stage_at__isnull": False}),
    "revenue": (_("Revenue"), ("-revenue", "-pk"), {"orders__gt": 0}),
    "newest": (_("Newest"), ("-pk",), {}),
}
EXPORT_ROLES = (Role.OPERATOR, Role.ANALYST)
FILTERS = ("group", "stage", "channel", "region")


class CustomerList(OperatorPage):
    """Everybody the shop knows by name or contact; bare visitors are not listed."""

    title = _("Customers")
    purpose = _("Everybody the shop knows, with the stage each is in. Open one to see the whole story.")
    template_name = "users/customers.html"
    roles_that_act = EXPORT_ROLES

    def get_actions(self) -> list[Action]:
        """Files in and out, for those who may."""
        wanted = [
            Action(_("Tags"), reverse("users:tags"), icon="sell"),
            Action(_("Export"), reverse("users:export_create"), icon="download"),
            Action(_("Import"), reverse("users:import_create"), icon="upload"),
        ]
        return [action for action in wanted if may_open(self.request.user, action.url)]

    def get_file(self) -> HttpResponseBase | None:
        """The same rows as CSV."""
        return self._csv() if "csv" in self.request.GET and self.may_export else None

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Search, filters and one page of rows."""
        found = page(self._rows(), self._order, self.request.GET.get("cursor", ""))
        return super().get_context_data(**kwargs) | {
            "group": self.group,
            "group_acts": self._group_acts(),
            "searchable": _("Name, e-mail, phone, user ID or order number"),
            "query": self._text,
            "filters": self._filters(),
            "table": Table(
                columns=_columns(),
                rows=[_row(standing) for standing in found.rows],
                empty=Empty(
                    _("No customer fits"),
                    _("Take a filter away, or search for a whole e-mail, phone or order number."),
                    icon="person_search",
                ),
                sort=self._sort,
                next=found.next,
                previous=found.previous,
                csv_url=f"?{self._parameters_for_csv()}" if self.may_export else "",
            ),
        }

    @cached_property
    def group(self) -> Group | None:
        """The customers behind a number that the address asks for. Raises Refusal."""
        spec = self.request.GET.get("group", "")
        return read_group(spec, self.now) if spec else None

    def _group_acts(self) -> list[Action]:
        """What this operator may do with the group: pages that the apps lend."""
        if self.group is None:
            return []
        query = urlencode({"group": self.request.GET["group"]})
        lent = [(act, reverse(act.page)) for act in group_acts]
        return [
            Action(act.title, f"{url}?{query}", icon=act.icon)
            for act, url in lent
            if may_open(self.request.user, url)
        ]

    @property
    def may_export(self) -> bool:
        """Exports leave the house: only the roles that may."""
        return getattr(self.operator, "role", "") in (*EXPORT_ROLES, Role.OWNER)

    @property
    def _text(self) -> str:
        return self.request.GET.get("q", "").replace("\0", "").strip()[:200]

    @property
    def _sort(self) -> str:
        wanted = self.request.GET.get("sort", "")
        if wanted in SORTS:
            return wanted
        if self._text or self.group or self._chosen("stage") == Stage.PROSPECT:
            return "newest"
        return "stage_at" if self._chosen("stage") else "seen"

    @property
    def _order(self) -> tuple[str, ...]:
        return SORTS[self._sort][1]

    def _chosen(self, name: str) -> str:
        return self.request.GET.get(name, "").replace("\0", "")[:100]

    def _rows(self) -> "QuerySet[Standing]":
        rows = Standing.objects.select_related("customer__channel").filter(
            customer__erased_at__isnull=True, **SORTS[self._sort][2]
        )
        if self.group is None:
            rows = rows.filter(customer__identified=True)
        else:  # says itself whether visitors belong to it
            rows = rows.filter(customer_id__in=self.group.customers)
        if self._chosen("stage") in Stage.values:
            rows = rows.filter(stage=self._chosen("stage"))
        if self._chosen("channel"):
            rows = rows.filter(customer__channel__slug=self._chosen("channel"))
        if self._chosen("region"):
            rows = rows.filter(customer__region=self._chosen("region"))
        if self._text:
            rows = rows.filter(finding.matching(self._text, "customer__"))
        return rows

    def _filters(self) -> list[Filter]:
        channels = AcquisitionChannel.objects.order_by("parent__name", "name")
        region = self._chosen("region")
        return [
            Filter(
                "stage",
                _("Stage"),
                [Choice(stage.value, stage.label) for stage in Stage],
                self._chosen("stage"),
            ),
            Filter(
                "channel",
                _("Channel"),
                [Choice(c.slug, channel_name(c)) for c in channels],
                self._chosen("channel"),
            ),
            Filter("region", _("Region"), [Choice(region, region)] if region else [], region),
            Filter(
                "sort",
                _("Sorted by"),
                [Choice(key, title) for key, (title, _order, _condition) in SORTS.items()],
                self.request.GET.get("sort", "") if self.request.GET.get("sort") in SORTS else "",
            ),
        ]

    def _parameters_for_csv(self) -> str:
        parameters = self.request.GET.copy()
        parameters["csv"] = "1"
        return parameters.urlencode()

    def _told_filters(self) -> dict[str, str]:
        """The filters for the audit trail; what was searched for may be somebody's address and is not kept."""
        told = {name: self.request.GET.get(name, "")[:600].replace("\0", "") for name in FILTERS}
        told = {name: text for name, text in told.items() if text}
        return told | ({"q": "*"} if self._text else {})

    def _csv(self) -> HttpResponseBase:
        found = self._rows().order_by(*self._order)
        acts.note_list(found[: acts.MOST_LISTED + 1].count(), filters=self._told_filters(), by=self.operator)
        rows = found[: acts.MOST_LISTED].iterator(chunk_size=2000)
        head = (
            "user_id",
            "name",
            "stage",
            "since",
            "last_seen",
            "orders",
            "revenue_minor",
            "region",
            "channel",
        )
        return csv_response(
            "customers",
            head,
            (
                (
                    s.customer.user_id,
                    s.customer.name,
                    s.stage,
                    s.stage_at,
                    s.last_activity_at,
                    s.orders,
                    s.revenue,
                    s.customer.region,
                    s.customer.channel.slug if s.customer.channel else "",
                )
                for s in rows
            ),
        )


def channel_name(channel: AcquisitionChannel | None) -> str:
    """A channel in the reader's language."""
    return "" if channel is None else channel.title


def _columns() -> list[Column]:
    return [
        Column(_("Customer"), "person"),
        Column(_("Stage"), "stage"),
        Column(_("Since"), "time", sort="stage_at"),
        Column(_("Last seen"), "time", sort="seen"),
        Column(_("Orders"), "number"),
        Column(_("Revenue"), "money", sort="revenue", hint=_("Net of refunds, tax and shipping, in all")),
        Column(_("Channel")),
        Column(_("Region")),
    ]


def _row(standing: Standing) -> list[Any]:
    customer = standing.customer
    return [
        customer,
        standing.stage,
        standing.stage_at,
        standing.last_activity_at,
        standing.orders,
        standing.revenue,
        channel_name(customer.channel),
        Cell(customer.region, url=f"?region={customer.region}" if customer.region else ""),
    ]
