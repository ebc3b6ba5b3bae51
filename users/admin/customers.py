"""The list of customers: search, filters in the URL, next and previous without counting."""

from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from config.kit import words
from config.kit.admin import OperatorPage, has_role, may_open
from config.kit.given_names import as_read
from config.kit.paging import page
from config.kit.parts import Action, Cell, Choice, Column, Empty, Filter, Table
from config.kit.sheets import csv_response
from users.admin import customer_columns as columns
from users.groups import Group, read_group
from users.groups.listed import spec_of
from users.models import AcquisitionChannel, Role, Stage, Standing
from users.pages import group_acts
from users.powers import EXPORT
from users.reports import finding
from users.reports.listing import FILTERS, SORTS, Listing
from users.services import list_columns
from users.services.exports import acts

MOST_COUNTED = 10_000
"""Customers that the list counts for "all that match"; of more it says so, and the act's page counts them."""
LEFT_OUT = {
    "seen": _("Customers who were never active are not in this order."),
    "stage_at": _("Customers who were never active are not in this order."),
    "revenue": _("Only customers with a paid order are in this order."),
}
"""Whom an order has no place for."""


class CustomerList(OperatorPage):
    """Everybody the shop knows by name or contact; bare visitors are not listed."""

    title = _("Customers")
    purpose = _("Everybody the shop knows, with the stage each is in. Open one to see the whole story.")
    template_name = "users/customers.html"
    roles_that_act = EXPORT.roles

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
        picks = self._picks()
        return super().get_context_data(**kwargs) | {
            "group": self.group,
            "group_acts": self._group_acts(),
            "searchable": _("Name, e-mail, phone, openid, user ID or order number"),
            "query": self._text,
            "filters": self._filters(),
            "choices": [(one.name, one.column.title, one in self.columns) for one in columns.COLUMNS],
            "picks": picks,
            "match": self._match() if picks else None,
            "left_out": LEFT_OUT.get(self.listing.sort, ""),
            "table": self._table(can_pick=bool(picks)),
        }

    def _table(self, *, can_pick: bool) -> Table:
        rows = self._rows().select_related(*columns.joined(self.columns))
        found = page(rows, self.listing.order, self.request.GET.get("cursor", ""))
        tags = columns.tags_of(self.columns, found.rows)
        return Table(
            columns=[Column(_("Customer"), "person"), *(one.column for one in self.columns)],
            rows=[[one.customer, *columns.cells(self.columns, one, tags)] for one in found.rows],
            picks=[Cell(one.pk, hint=str(one.customer)) for one in found.rows] if can_pick else [],
            empty=self._empty(),
            sort=self.listing.sort,
            next=found.next,
            previous=found.previous,
            csv_url=f"?{self._parameters_for_csv()}" if self.may_export else "",
        )

    def _empty(self) -> Empty:
        """Why nobody is listed, and what to do."""
        if self._text or self.group or self.listing.chosen:
            return Empty(
                _("No customer fits"),
                _("Take a filter away, or search for a whole e-mail, phone or order number."),
                icon="person_search",
            )
        url = reverse("users:import_create")
        step = Action(_("Import"), url, icon="upload") if may_open(self.request.user, url) else None
        come = _("Customers come with the tracking API, a connected shop or a file.")
        return Empty(_("No customer yet"), come, step, icon="group")

    @cached_property
    def columns(self) -> list[columns.ListColumn]:
        """The columns that this operator wants to see."""
        return columns.shown(list_columns.chosen(columns.LIST, by=self.operator))

    @cached_property
    def listing(self) -> Listing:
        """The filters and the order of the address."""
        return Listing.read(self.request.GET, sort=self._usual_sort())

    def _usual_sort(self) -> str:
        if self._text or self.group:
            return "newest"
        return "" if self.request.GET.get("stage") in Stage.values else "seen"

    def _picks(self) -> list[Action]:
        """What this operator may do with customers picked on the list."""
        lent = [(act, reverse(act.page)) for act in group_acts if act.takes_picks]
        return [
            Action(act.title, act.name, icon=act.icon)
            for act, url in lent
            if may_open(self.request.user, url)
        ]

    def _match(self) -> dict[str, Any] | None:
        """All that match, to be picked at once; None for what was searched by text, which no group keeps."""
        if self._text:
            return None
        count = self._rows()[: MOST_COUNTED + 1].count()
        told = words.number(min(count, MOST_COUNTED))
        sentence = (
            _("All %(n)s that match") if count <= MOST_COUNTED else _("All that match, more than %(n)s")
        )
        return {
            "sentence": sentence % {"n": told},
            "spec": spec_of(self.listing, self.request.GET.get("group", "")),
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
        return has_role(self.operator, EXPORT.roles)

    @property
    def _text(self) -> str:
        return self.request.GET.get("q", "").replace("\0", "").strip()[:200]

    def _rows(self) -> "QuerySet[Standing]":
        rows = self.listing.standings()
        if self.group is None:
            rows = rows.filter(customer__identified=True)
        else:  # says itself whether visitors belong to it
            rows = rows.filter(customer_id__in=self.group.customers)
        return rows.filter(finding.matching(self._text, "customer__")) if self._text else rows

    def _filters(self) -> list[Filter]:
        channels = AcquisitionChannel.objects.order_by("parent__name", "name")
        return [
            Filter(
                "stage",
                _("Stage"),
                [Choice(stage.value, stage.label) for stage in Stage],
                self.listing.stage,
            ),
            Filter(
                "channel",
                _("Channel"),
                [Choice(c.slug, columns.channel_name(c)) for c in channels],
                self.listing.channel,
            ),
            _place("region", _("Region"), self.listing.region),
            _place("city", _("City"), self.listing.city),
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
        asked = {name: self.request.GET.get(name, "")[:600].replace("\0", "") for name in ("group", *FILTERS)}
        told = {name: text for name, text in asked.items() if text}
        return told | ({"q": "*"} if self._text else {})

    def _csv(self) -> HttpResponseBase:
        found = self._rows().select_related("customer__channel").order_by(*self.listing.order)
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


def _place(name: str, title: StrOrPromise, chosen: str) -> Filter:
    """A place is chosen in the table; as a filter it is only shown and taken away."""
    return Filter(name, title, [Choice(chosen, as_read(chosen))] if chosen else [], chosen)


class CustomerColumns(OperatorPage):
    """Remembers the columns of the list for the operator who chooses them."""

    title = _("Columns of the list")
    roles_that_act = tuple(Role.values)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """There is nothing to read here: the list itself shows the choice."""
        return HttpResponseRedirect(reverse("users:customers"))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Remember them, and back to the list as it was filtered."""
        wanted = [] if "usual" in request.POST else request.POST.getlist("column")
        list_columns.choose(columns.LIST, wanted, known=columns.KNOWN, by=self.operator)
        query = QueryDict(request.POST.get("here", "")[:2000].replace("\0", "")).urlencode()
        return HttpResponseRedirect(f"{reverse('users:customers')}{'?' if query else ''}{query}")
