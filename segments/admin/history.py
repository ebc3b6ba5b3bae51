"""The history of a segment: how large it was, who entered and left, when and why, and how long they stayed."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.kit import words
from config.kit.admin import has_role, may_open
from config.kit.charts import Chart, Series
from config.kit.paging import page
from config.kit.parts import Action, Ask, AskForm, Cell, Choice, Column, Crumb, Empty, Filter, Stat, Table
from config.kit.sheets import csv_response
from segments.admin.segment import OfSegment, day_summary
from segments.models import ChangeCause, MembershipChange
from segments.reports.moves import DWELLS, Dwell, dwell, moves_by_day
from segments.reports.sizes import sizes_by_day
from users.groups import group_spec, group_url
from users.powers import EXPORT
from users.reports.figures import today_in_shop
from users.reports.periods import Period, period_filters, read_period
from users.services.exports import acts

DWELL_TITLES = {
    "day": gettext_lazy("under a day"),
    "week": gettext_lazy("1 to under 7 days"),
    "month": gettext_lazy("7 to under 30 days"),
    "quarter": gettext_lazy("30 to under 90 days"),
    "longer": gettext_lazy("90 days or more"),
}


class SegmentHistory(OfSegment):
    """Comings and goings in a period, today included."""

    title = gettext_lazy("History")
    template_name = "segments/history.html"

    def get_title(self) -> str:
        return _("History of “%(name)s”") % {"name": self.segment.title}

    def get_crumbs(self) -> Sequence[Crumb]:
        return [
            *super().get_crumbs(),
            Crumb(self.segment.title, reverse("segments:segment", args=[self.segment.pk])),
        ]

    def get_actions(self) -> Sequence[Action]:
        """The moves as a file, through the exports."""
        url = reverse("users:export_create")
        group = group_spec("segment_moves", entered=1, **self._of())
        asked = urlencode({"kind": "memberships", "group": group})
        return (
            [Action(_("Export"), f"{url}?{asked}", icon="download")]
            if may_open(self.request.user, url)
            else []
        )

    def get_file(self) -> HttpResponseBase | None:
        """The log of the page as CSV."""
        return self._csv() if "csv" in self.request.GET and self._may_export else None

    @cached_property
    def period(self) -> Period:
        """The days looked at: those asked for, else the last 30 and today."""
        asked = {name: str(value).replace("\0", "") for name, value in self.request.GET.items()}
        found = read_period(asked, self.now)
        today = today_in_shop(self.now)
        return Period(found.first, today) if found.last == today - timedelta(days=1) else found

    @cached_property
    def stays(self) -> Dwell:
        """How long customers stayed."""
        return dwell(self.segment.pk, self.period, self.now)

    def get_as_of(self) -> datetime:
        """The instant of the counts."""
        return self.stays.as_of

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        moves = moves_by_day(self.segment.pk, self.period, self.now)
        stays = self.stays
        entered, left = (Counter[str](), Counter[str]())
        for one in moves:
            entered[one.cause] += one.entered
            left[one.cause] += one.left
        return super().get_context_data(**kwargs) | {
            "segment": self.segment,
            "filters": self._filters(),
            "ask_form": self._ask(),
            "stats": self._stats(entered.total(), left.total(), stays.median_left, stays.median_members),
            "size_chart": self._size_chart(),
            "moves_chart": self._moves_chart(moves),
            "causes": self._causes(entered, left),
            "dwells": self._dwells(stays.left, stays.members),
            "table": self._log(),
        }

    # -- what is asked -------------------------------------------------------------------------------
    def _of(self) -> dict[str, object]:
        return {"segment": self.segment.pk, "from": self.period.first, "to": self.period.last}

    @property
    def _cause(self) -> str:
        wanted = self.request.GET.get("cause", "")
        return wanted if wanted in ChangeCause.values else ""

    @property
    def _direction(self) -> str:
        wanted = self.request.GET.get("direction", "")
        return wanted if wanted in ("entered", "left") else ""

    def _filters(self) -> list[Filter]:
        ways = [Choice("entered", _("came")), Choice("left", _("left"))]
        causes = [Choice(value, label) for value, label in ChangeCause.choices]
        return [
            *period_filters(self.request.GET),
            Filter("direction", _("Log: direction"), ways, self._direction),
            Filter("cause", _("Log: cause"), causes, self._cause),
        ]

    def _ask(self) -> AskForm:
        asks = [
            Ask("from", _("From day"), self.period.first.isoformat(), "date"),
            Ask("to", _("To day"), self.period.last.isoformat(), "date"),
        ]
        kept = [(name, value) for name in ("direction", "cause") if (value := self.request.GET.get(name, ""))]
        return AskForm(_("Choose the days"), asks, _("Show"), kept)

    # -- figures -------------------------------------------------------------------------------------
    def _stats(
        self, entered: int, left: int, median_left: float | None, median_in: float | None
    ) -> list[Stat]:
        window = self.period.sentence
        days = _("days")
        return [
            Stat(
                _("Entered"),
                entered,
                window=window,
                url=group_url("segment_moves", entered=1, **self._of()),
                more_is="",
            ),
            Stat(
                _("Left"),
                left,
                window=window,
                url=group_url("segment_moves", entered=0, **self._of()),
                more_is="",
            ),
            Stat(_("Median stay of those who left"), _short(median_left), unit=days, window=window),
            Stat(_("Median time in it of the members"), _short(median_in), unit=days, window=_("now")),
        ]

    def _size_chart(self) -> Chart:
        """The size at the end of each day; a point where a new version of the rule was made."""
        today = today_in_shop(self.now)
        sizes = sizes_by_day([self.segment.pk], self.now, (today - self.period.first).days + 1)[
            self.segment.pk
        ]
        shown = [(day, size) for day, size in sizes if size is not None and day <= self.period.last]
        made = {
            version.made_at.astimezone(words.shop_zone()).date(): version.version
            for version in self.segment.versions.all()
        }
        marks = [size if day in made else None for day, size in shown]
        series = [Series(_("Customers"), [size for _day, size in shown])]
        if any(mark is not None for mark in marks):
            series.append(Series(_("New version of the rule"), marks))
        return Chart(
            "size",
            _("Customers per day"),
            [words.day(day, "short") + (f" · v{made[day]}" if day in made else "") for day, _size in shown],
            series,
            category_title=_("Day"),
            unfinished=1 if self.period.last == today else 0,
            summary=day_summary(self.segment, [day for day, _size in shown]),
        )

    def _moves_chart(self, moves: Sequence[Any]) -> Chart:
        days = [self.period.first + timedelta(days=n) for n in range(self.period.days)]
        entered, left = (Counter[Any](), Counter[Any]())
        for one in moves:
            entered[one.day] += one.entered
            left[one.day] += one.left
        urls = {
            way: [
                group_url("segment_moves", **{**self._of(), "entered": way, "from": day, "to": day})
                for day in days
            ]
            for way in (1, 0)
        }
        return Chart(
            "moves",
            _("Entered and left per day"),
            [words.day(day, "short") for day in days],
            [
                Series(_("Entered"), [entered[day] for day in days], urls=urls[1]),
                Series(_("Left"), [left[day] for day in days], urls=urls[0]),
            ],
            kind="bar",
            category_title=_("Day"),
            unfinished=1 if self.period.last == today_in_shop(self.now) else 0,
            summary=_("Whatever the cause; the table opens who they were"),
        )

    def _causes(self, entered: Counter[str], left: Counter[str]) -> Table:
        rows = []
        for value, label in ChangeCause.choices:
            spec = {**self._of(), "cause": value}
            if entered[value] or left[value]:
                came = Cell(entered[value], url=group_url("segment_moves", entered=1, **spec))
                went = Cell(left[value], url=group_url("segment_moves", entered=0, **spec))
                rows.append([label, came, went])
        columns = [Column(_("Because")), Column(_("Entered"), "number"), Column(_("Left"), "number")]
        return Table(columns, rows, Empty(_("Nobody came or left in these days")), _("By cause"))

    def _dwells(self, left: dict[str, int], members: dict[str, int]) -> Table:
        rows = [
            [
                DWELL_TITLES[name],
                Cell(left[name], url=group_url("segment_dwell", dwell=name, left=1, **self._of())),
                Cell(members[name], url=group_url("segment_dwell", dwell=name, left=0, **self._of())),
            ]
            for name, _least, _most in DWELLS
        ]
        columns = [
            Column(_("Stayed")),
            Column(_("Left in these days"), "number"),
            Column(_("In it now"), "number", hint=_("So far: they are still in it.")),
        ]
        return Table(columns, rows, Empty(_("Nobody was in it")), _("How long they stayed"))

    # -- the log -------------------------------------------------------------------------------------
    def _rows(self) -> "QuerySet[MembershipChange]":
        rows = MembershipChange.objects.filter(
            segment=self.segment, run__now__gte=self.period.begin, run__now__lt=self.period.end
        )
        if self._direction:
            rows = rows.filter(entered=self._direction == "entered")
        return rows.filter(cause=self._cause) if self._cause else rows

    def _log(self) -> Table:
        rows = self._rows().select_related("customer")
        found = page(rows, ("-run_id", "-customer_id"), self.request.GET.get("cursor", ""))
        causes = dict(ChangeCause.choices)
        query = self.request.GET.copy()
        query["csv"] = "1"
        return Table(
            columns=[
                Column(_("Customer"), "person"),
                Column(_("What"), "tag"),
                Column(_("When"), "time"),
                Column(_("Because")),
                Column(""),
            ],
            rows=[
                [
                    row.customer,
                    Cell(_("came"), tone="good") if row.entered else Cell(_("left"), tone="muted"),
                    row.at,
                    causes[row.cause],
                    Cell(_("Why?"), url=reverse("segments:explain", args=[self.segment.pk, row.customer_id])),
                ]
                for row in found.rows
            ],
            empty=Empty(
                _("Nobody came or left in these days"), _("Choose more days, or take a filter away.")
            ),
            next=found.next,
            previous=found.previous,
            csv_url=f"?{query.urlencode()}" if self._may_export else "",
        )

    @property
    def _may_export(self) -> bool:
        return has_role(self.operator, EXPORT.roles)

    def _csv(self) -> HttpResponseBase:
        rows = self._rows().order_by("-run_id", "-customer_id")
        told = {"segment": self.segment.title, "from": str(self.period.first), "to": str(self.period.last)}
        acts.note_list(rows[: acts.MOST_LISTED + 1].count(), filters=told, by=self.operator)
        found = rows.values_list(
            "customer_id", "customer__user_id", "customer__name", "entered", "at", "cause"
        )
        return csv_response(
            "segment-history",
            ("id", "user_id", "name", "what", "at", "cause"),
            (
                (pk, user_id, name, "entered" if entered else "left", at, cause)
                for pk, user_id, name, entered, at, cause in found[: acts.MOST_LISTED].iterator(
                    chunk_size=2000
                )
            ),
        )


def _short(days: float | None) -> float | None:
    return None if days is None else round(days, 1)
