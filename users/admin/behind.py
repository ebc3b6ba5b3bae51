"""The rows behind the figures of the home page: moves between stages, orders, who was active on a day."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.kit import words
from config.kit.admin import OperatorPage
from config.kit.paging import page
from config.kit.parts import Action, Choice, Column, Crumb, Empty, Filter, Table
from users.models import CustomerDay, MoveCause, Stage, StageMove
from users.reports.figures import today_in_shop
from users.reports.periods import day_of

WINDOWS = (1, 7, 30, 90)


class RowsBehind(OperatorPage):
    """A list in a window of time, chosen as ``days`` (rolling up to now) or ``day`` (one calendar day)."""

    template_name = "operator/list.html"
    default_days = 7

    def get_crumbs(self) -> list[Crumb]:
        """Under the customers."""
        return [Crumb(gettext_lazy("Customers"), reverse("users:customers"))]

    @property
    def days(self) -> int:
        """The window in days."""
        wanted = self.request.GET.get("days", "")
        return int(wanted) if wanted in map(str, WINDOWS) else self.default_days

    @property
    def day(self) -> date | None:
        """The one calendar day asked for, if any."""
        return day_of(self.request.GET.get("day", ""))

    @property
    def span(self) -> tuple[datetime, datetime]:
        """From (included) and to (excluded)."""
        if self.day is None:
            first = today_in_shop(self.now) - timedelta(days=self.days - 1)
            return midnight(first), midnight(today_in_shop(self.now) + timedelta(days=1))
        return midnight(self.day), midnight(self.day + timedelta(days=1))

    def window_filters(self) -> list[Filter]:
        """The chips that choose the window."""
        if self.day is not None:
            return [Filter("day", _("Day"), [Choice(str(self.day), words.day(self.day))], str(self.day))]
        choices = [Choice(str(n), _("last %(n)s days") % {"n": n}) for n in WINDOWS]
        return [Filter("days", _("Window"), choices, self.request.GET.get("days", ""))]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Filters and the table."""
        filters = [*self.filters(), *self.window_filters()]
        return super().get_context_data(**kwargs) | {"filters": filters, "table": self.table()}

    def filters(self) -> list[Filter]:
        """Filters beside the window."""
        return []

    def table(self) -> Table:
        """One page of rows."""
        raise NotImplementedError

    @property
    def cursor(self) -> str:
        """Where the page begins."""
        return self.request.GET.get("cursor", "")


class MoveList(RowsBehind):
    """Who moved from one stage to another, and why."""

    title = gettext_lazy("Stage moves")
    purpose = gettext_lazy("Who moved between stages, when it became true and what caused it.")

    @property
    def span(self) -> tuple[datetime, datetime]:
        """Rolling: moves count in days of 24 hours, as on the home page."""
        if self.day is not None:
            return super().span
        return self.now - timedelta(days=self.days), self.now + timedelta(seconds=1)

    def filters(self) -> list[Filter]:
        """From and to."""
        stages = [Choice(stage.value, stage.label) for stage in Stage]
        return [
            Filter("from", _("From"), stages, self._stage("from")),
            Filter("to", _("To"), stages, self._stage("to")),
        ]

    def table(self) -> Table:
        """Newest first."""
        found = page(self._rows(), ("-at", "-customer_id", "-to_stage"), self.cursor)
        causes = dict(MoveCause.choices)
        return Table(
            columns=[
                Column(_("Customer"), "person"),
                Column(_("From"), "stage"),
                Column(_("To"), "stage"),
                Column(_("When"), "time"),
                Column(_("Because of")),
                Column(_("Noticed"), "time"),
                Column(_("Thresholds"), hint=_("The version of the thresholds that held")),
            ],
            rows=[
                [
                    move.customer,
                    move.from_stage,
                    move.to_stage,
                    move.at,
                    causes[move.cause],
                    move.noticed_at,
                    _("version %(n)s") % {"n": move.rule_version},
                ]
                for move in found.rows
            ],
            empty=Empty(_("Nobody moved in this window"), _("Choose a longer window or other stages.")),
            next=found.next,
            previous=found.previous,
        )

    def _stage(self, name: str) -> str:
        wanted = self.request.GET.get(name, "")
        return wanted if wanted in Stage.values else ""

    def _rows(self) -> "QuerySet[StageMove]":
        begin, end = self.span
        rows = StageMove.objects.select_related("customer").filter(
            superseded_at__isnull=True,
            at__gt=begin,
            at__lt=end,
            customer__identified=True,
            customer__erased_at__isnull=True,
        )
        if self._stage("from"):
            rows = rows.filter(from_stage=self._stage("from"))
        return rows.filter(to_stage=self._stage("to")) if self._stage("to") else rows


class ActiveList(RowsBehind):
    """Who was active on one day."""

    title = gettext_lazy("Active customers")
    purpose = gettext_lazy("Who did something on one calendar day of the shop.")

    @property
    def day(self) -> date:
        """The day asked for, else today."""
        return super().day or today_in_shop(self.now)

    def table(self) -> Table:
        """In the order of customers."""
        rows = CustomerDay.objects.select_related("customer__standing").filter(
            day=self.day, customer__identified=True, customer__erased_at__isnull=True
        )
        found = page(rows, ("-customer_id",), self.cursor)
        return Table(
            columns=[
                Column(_("Customer"), "person"),
                Column(_("Stage"), "stage"),
                Column(_("First seen that day"), "time"),
                Column(_("Last seen that day"), "time"),
                Column(_("Events"), "number"),
            ],
            rows=[
                [row.customer, row.customer.standing.stage, row.first_at, row.last_at, row.events]
                for row in found.rows
            ],
            empty=Empty(
                _("Nobody was active on this day"),
                _("Choose another day in the report on activity."),
                Action(_("Activity"), reverse("users:activity")),
                icon="event_busy",
            ),
            next=found.next,
            previous=found.previous,
        )


def midnight(day: date) -> datetime:
    """The instant at which a calendar day of the shop begins."""
    return datetime.combine(day, time(), tzinfo=words.shop_zone())
