"""Source codes: what each brought, per code and per owner."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from config.kit import words
from config.kit.admin import OperatorPage
from config.kit.given_names import as_read
from config.kit.parts import Action, Cell, Choice, Column, Crumb, Empty, Filter, Table
from users.admin.channels import share_of
from users.groups import group_url
from users.models import OwnerKind, Role, SourceCode
from users.reports import sources as report
from users.reports.periods import Period, period_filters, read_period
from users.reports.sources import Brought
from users.shop import currency

DEFAULT_DAYS = 90
SHOWN = 500
NOTHING = Brought()


class SourcesReport(OperatorPage):
    """Every source code, or every owner, with what it brought in the period."""

    title = gettext_lazy("Source codes")
    purpose = gettext_lazy(
        "Links and QR codes with their owners: whom they reached, who came, bought and stayed."
    )
    template_name = "operator/list.html"
    roles_that_act = (Role.OPERATOR,)

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the reports."""
        return [Crumb(gettext_lazy("Reports"), reverse("users:reports"))]

    def get_actions(self) -> Sequence[Action]:
        """A new one."""
        return [Action(gettext_lazy("New source code"), reverse("users:source_create"), icon="add")]

    @cached_property
    def period(self) -> Period:
        """The period of the touches."""
        return read_period(self.request.GET.dict(), self.now, default=DEFAULT_DAYS)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Per code or per owner."""
        asked = self.request.GET
        kinds = [Choice(kind.value, kind.label) for kind in OwnerKind]
        filters = [
            Filter("by", _("Per"), [Choice("owner", _("Code owner"))], "owner" if self._by_owner else ""),
            Filter("kind", _("Kind of owner"), kinds, self._kind),
            Filter("state", _("State"), [Choice("closed", _("Closed"))], "closed" if self._closed else ""),
            *period_filters(asked.dict()),
        ]
        table = self._owners() if self._by_owner else self._codes()
        return super().get_context_data(**kwargs) | {"filters": filters, "table": table}

    @property
    def _by_owner(self) -> bool:
        return self.request.GET.get("by") == "owner"

    @property
    def _closed(self) -> bool:
        return self.request.GET.get("state") == "closed"

    @property
    def _kind(self) -> str:
        kind = self.request.GET.get("kind", "")
        return kind if kind in OwnerKind.values else ""

    @cached_property
    def codes(self) -> tuple[dict[str, Brought], datetime]:
        """What each code brought."""
        return report.by_code(self.period, self.now)

    @cached_property
    def owners(self) -> tuple[dict[tuple[str, str], Brought], datetime]:
        """What each owner brought."""
        return report.by_owner(self.period, self.now)

    def get_as_of(self) -> datetime:
        """When that was counted."""
        return self.owners[1] if self._by_owner else self.codes[1]

    def _codes(self) -> Table:
        found = self.codes[0]
        rows = SourceCode.objects.select_related("channel").filter(closed_at__isnull=not self._closed)
        if self._kind:
            rows = rows.filter(owner_kind=self._kind)
        listed = sorted(rows.order_by("-pk")[:SHOWN], key=lambda one: -found.get(one.code, NOTHING).customers)
        table_rows = [
            [
                Cell(as_read(one.name), url=reverse("users:source", args=[one.pk]), hint=one.code),
                one.channel.title,
                Cell(
                    as_read(one.owner),
                    url=self._owner_url(one.owner_kind, one.owner),
                    hint=one.get_owner_kind_display(),
                ),
                *figures(found.get(one.code, NOTHING), self.period, {"code": one.code}),
                Cell(_("invented"), kind="tag", tone="warn") if one.is_invented else "",
            ]
            for one in listed
        ]
        columns = [
            Column(_("Code")),
            Column(_("Channel")),
            Column(_("Code owner")),
            *figure_columns(),
            Column(_("Note")),
        ]
        empty = Empty(
            _("No source code yet"),
            _("A code makes a link and a QR picture, and says from whom a customer came."),
            Action(_("New source code"), reverse("users:source_create")) if self.may_act else None,
            icon="qr_code_2",
        )
        return Table(columns, table_rows, empty, caption=_("Source codes"))

    def _owners(self) -> Table:
        found = self.owners[0]
        labels: Mapping[str, StrOrPromise] = dict(OwnerKind.choices)
        known = (
            SourceCode.objects.order_by("owner_kind", "owner").values_list("owner_kind", "owner").distinct()
        )
        owners = [(kind, owner) for kind, owner in known[:SHOWN] if not self._kind or kind == self._kind]
        owners.sort(key=lambda key: -found.get(key, NOTHING).customers)
        rows = [
            [
                owner,
                labels[kind],
                *figures(
                    found.get((kind, owner), NOTHING), self.period, {"owner_kind": kind, "owner": owner}
                ),
            ]
            for kind, owner in owners
        ]
        columns = [Column(_("Code owner")), Column(_("Kind of owner")), *figure_columns()]
        empty = Empty(_("No source code yet"), _("Every source code has an owner."), icon="badge")
        return Table(columns, rows, empty, caption=_("Code owners"))

    def _owner_url(self, kind: str, owner: str) -> str:
        period = self.period
        return group_url(
            "source", what="came", owner_kind=kind, owner=owner, first=period.first, last=period.last
        )


def figures(brought: Brought, period: Period, whom: Mapping[str, str]) -> list[Cell]:
    """The cells of a code's or an owner's figures, each opening its customers."""

    def url(what: str) -> str:
        return group_url("source", what=what, first=period.first, last=period.last, **whom)

    programs = _("%(n)s visits, and %(programs)s by programs, which are not counted") % {
        "n": words.number(brought.touches),
        "programs": words.number(brought.programs),
    }
    return [
        Cell(brought.reach, hint=programs),
        Cell(brought.customers, url=url("came") if brought.customers else ""),
        Cell(brought.buyers, url=url("bought") if brought.buyers else ""),
        Cell(brought.orders, url=url("bought") if brought.orders else ""),
        Cell(brought.revenue, currency=currency.get(), url=url("bought") if brought.buyers else ""),
        Cell(share_of(brought.staying, brought.matured), url=url("stayed") if brought.stayed else ""),
    ]


def figure_columns() -> list[Column]:
    """Their heads."""
    return [
        Column(_("People reached"), "number", hint=_("Different people at the link in the period")),
        Column(_("Customers"), "number", hint=_("Whose first touch in the period it was")),
        Column(_("Buyers"), "number", hint=_("Of those customers, to date")),
        Column(_("Orders"), "number", hint=_("Of those customers, to date")),
        Column(_("Net revenue"), "money", hint=_("Of those customers, to date")),
        Column(
            _("Stayed"),
            hint=_("Active on day 30 after the touch or later, so far, of those whose day 30 has come"),
        ),
    ]
