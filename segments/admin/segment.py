"""One segment: who is in it, how that moved, what it says, and how well it was kept."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from config.kit import words
from config.kit.admin import OperatorPage
from config.kit.charts import Chart, Series
from config.kit.paging import page
from config.kit.parts import Action, Cell, Choice, Column, Crumb, Empty, Fact, Filter, Table
from segments.admin.acts import actions_of, do
from segments.admin.form import WHO_ACTS, sentence_of
from segments.freshness import Look, in_words
from segments.models import ChangeCause, Membership, MembershipChange, RunKind, Segment, SegmentRun
from segments.reports.sizes import sizes_by_day
from segments.rules.words import Words
from segments.services.rule_tree import tree_of
from segments.services.segments import used_by

CHART_DAYS = 30
LAST_RUNS = 50


class OfSegment(OperatorPage):
    """What the pages of one segment share."""

    roles_that_act = WHO_ACTS

    @cached_property
    def segment(self) -> Segment:
        """The segment of the address."""
        return get_object_or_404(Segment, pk=self.kwargs["segment_id"])

    @cached_property
    def words(self) -> Words:
        """What the sentences of this page need, read once."""
        return Words()

    def get_title(self) -> StrOrPromise:
        return self.segment.title

    def get_purpose(self) -> StrOrPromise:
        return self.segment.purpose

    def get_crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Segments"), reverse("segments:list"))]

    def get_as_of(self) -> Any:
        return self.segment.computed_at


def day_summary(segment: Segment, days: Sequence[date]) -> str:
    """When of each day a segment's size is meant, and which days were computed afterwards."""
    summary = _("At the end of each day, shop time")
    made = segment.created_at.astimezone(words.shop_zone()).date()
    if not days or days[0] >= made:
        return summary
    told = _("Days before %(day)s, when it was made, were computed afterwards.") % {"day": words.day(made)}
    return f"{summary} · {told}"


class SegmentPage(OfSegment):
    """The segment's members, its log of comings and goings, its versions and runs."""

    title = gettext_lazy("Segment")
    template_name = "segments/segment.html"

    def get_actions(self) -> Sequence[Action]:
        return actions_of(self.segment, self.request.path)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        sentence, target = do(request.POST.get("act", ""), self.segment, by=self.operator)
        self.say(sentence)
        return HttpResponseRedirect(target)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        views: dict[str, tuple[str, Callable[[], Table]]] = {
            "members": (_("Members"), self._members),
            "log": (_("Came and left"), self._log),
            "versions": (_("Versions"), self._versions),
            "runs": (_("Runs and audits"), self._runs),
        }
        chosen = self.request.GET.get("view", "")
        chosen = chosen if chosen in views else "members"
        choices = [Choice(name, title) for name, (title, _table) in views.items()]
        return super().get_context_data(**kwargs) | {
            "segment": self.segment,
            "sentence": sentence_of(self.segment.rule, self.words),
            "tree": tree_of(self.segment.rule, self.words),
            "facts": self._facts(),
            "chart": self._chart(),
            "views": choices,
            "view": chosen,
            "view_filter": Filter("view", _("Shown"), choices, chosen),
            "table": views[chosen][1](),
        }

    def _facts(self) -> list[Fact]:
        condition = Look(self.now).condition(self.segment)
        facts = [
            Fact(_("Customers"), Cell(self.segment.size, kind="number")),
            Fact(_("State"), Cell(in_words(condition.state), kind="tag", tone=condition.tone)),
            Fact(_("Exact as of"), Cell(self.segment.computed_at, kind="time")),
            Fact(_("Rule version"), Cell(self.segment.rule_version, kind="number")),
            Fact(_("Used by"), Cell("; ".join(used_by(self.segment)) or _("nothing"))),
        ]
        if condition.reason:
            facts.append(Fact(_("Why"), Cell(condition.reason, tone=condition.tone, hint=self.segment.error)))
        if condition.advice:
            facts.append(Fact(_("What to do"), Cell(condition.advice)))
        return facts

    def _chart(self) -> Chart:
        days = sizes_by_day([self.segment.pk], self.now, CHART_DAYS)[self.segment.pk]
        sizes = [(day, size) for day, size in days if size is not None]
        return Chart(
            "size",
            _("Customers per day"),
            [words.day(day, "short") for day, _size in sizes],
            [Series(_("Customers"), [size for _day, size in sizes])],
            category_title=_("Day"),
            unfinished=1,
            summary=day_summary(self.segment, [day for day, _size in sizes]),
        )

    def _members(self) -> Table:
        rows = Membership.objects.filter(segment=self.segment).select_related("customer__standing")
        found = page(rows, ("customer_id",), self._cursor)
        return Table(
            columns=[
                Column(_("Customer"), "person"),
                Column(_("Stage"), "stage"),
                Column(_("Orders"), "number"),
                Column(_("Spent"), "money"),
                Column(_("In since"), "time"),
                Column(""),
            ],
            rows=[
                [
                    row.customer,
                    row.customer.standing.stage,
                    row.customer.standing.orders,
                    row.customer.standing.revenue,
                    row.entered_at,
                    Cell(_("Why?"), url=self._why(row.customer_id)),
                ]
                for row in found.rows
            ],
            empty=Empty(
                _("Nobody is in it"), _("Customers appear here as soon as the rule is true of them.")
            ),
            next=found.next,
            previous=found.previous,
        )

    def _log(self) -> Table:
        rows = MembershipChange.objects.filter(segment=self.segment).select_related("customer")
        found = page(rows, ("-run_id", "-customer_id"), self._cursor)
        causes = dict(ChangeCause.choices)
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
                    Cell(_("Why?"), url=self._why(row.customer_id)),
                ]
                for row in found.rows
            ],
            empty=Empty(_("Nobody came or left yet")),
            next=found.next,
            previous=found.previous,
        )

    def _versions(self) -> Table:
        versions = self.segment.versions.select_related("made_by").order_by("-version")
        changes = reverse("segments:versions", args=[self.segment.pk])
        return Table(
            columns=[
                Column(_("Version"), "number"),
                Column(_("Rule")),
                Column(_("When"), "time"),
                Column(_("By")),
            ],
            rows=[
                [
                    Cell(version.version, kind="number", url=f"{changes}#version-{version.version}"),
                    sentence_of(version.rule, self.words),
                    version.made_at,
                    str(version.made_by or _("Regulars")),
                ]
                for version in versions
            ],
            empty=Empty(_("No version")),
        )

    def _runs(self) -> Table:
        runs = SegmentRun.objects.filter(segment=self.segment).select_related("run", "segment")
        kinds = dict(RunKind.choices)
        return Table(
            columns=[
                Column(_("When"), "time"),
                Column(_("Run")),
                Column(_("Looked at"), "number"),
                Column(_("Came"), "number", hint=_("For an audit: drift. 0 is the promise.")),
                Column(_("Left"), "number", hint=_("For an audit: drift. 0 is the promise.")),
                Column(_("Milliseconds"), "number"),
                Column(_("Problem")),
            ],
            rows=[
                [
                    run.run.now,
                    _("Told afterwards") if run.is_told_afterwards else kinds[run.run.kind],
                    run.checked,
                    run.entered,
                    run.left,
                    run.milliseconds,
                    run.error,
                ]
                for run in runs.order_by("-run_id")[:LAST_RUNS]
            ],
            empty=Empty(_("No run has looked at anybody yet")),
        )

    @property
    def _cursor(self) -> str:
        return self.request.GET.get("cursor", "")

    def _why(self, customer_id: int) -> str:
        return reverse("segments:explain", args=[self.segment.pk, customer_id])
