"""Backtests: what a rule would have selected on a past date, and what those customers did afterwards."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.kit import clock, words
from config.kit.admin import OperatorPage
from config.kit.charts import Chart, Series
from config.kit.given_names import as_read
from config.kit.parts import Action, Ask, AskForm, Cell, Choice, Column, Crumb, Empty, Progress, Stat, Table
from config.kit.refusal import Refusal
from segments.admin.form import LONGEST_RULE, read_json, sentence_of
from segments.admin.problem import refusals_in_words
from segments.models import Backtest, Segment
from segments.reading_order import in_reading_order
from segments.rules.parse import parse
from segments.rules.words import Words
from segments.services import backtest
from users.groups import group_url
from users.models import Customer, LongJob, Role
from users.reports.figures import today_in_shop
from users.reports.periods import day_of, midnight
from users.services import long_jobs
from users.shop import currency

WHO_ASKS = (Role.OPERATOR, Role.ANALYST)
AFTERWARDS = (7, 30, 90)
SAMPLE = 10
LAST = 30


class BacktestList(OperatorPage):
    """Backtests made so far, and the form for a new one."""

    title = gettext_lazy("Backtests")
    purpose = gettext_lazy("What a rule would have selected on any past date: judge it before you use it.")
    template_name = "segments/backtests.html"
    roles_that_act = WHO_ASKS

    def get_crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Segments"), reverse("segments:list"))]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        segments = in_reading_order(Segment.objects.filter(rule__isnull=False).defer("rule"))
        chosen = self.request.GET.get("segment", "")
        of = next((one for one in segments if str(one.pk) == chosen), None)
        return super().get_context_data(**kwargs) | {
            "segments": segments,
            "chosen": chosen,
            "of": of,
            "versions": self._versions(of) if of else [],
            "table": self._table(),
        }

    def _versions(self, of: Segment) -> list[int]:
        """Earlier versions with a rule, the newest first."""
        earlier = of.versions.filter(version__lt=of.rule_version, rule__isnull=False)
        return list(earlier.order_by("-version").values_list("version", flat=True))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Begin one: of a segment, or of a rule that the builder posts."""
        title, rule, segment = self._asked()
        other_title, other_rule = self._other(segment)
        with refusals_in_words(rule):
            made = backtest.begin(
                title=title,
                rule=rule,
                by=self.operator,
                now=self.now,
                segment=segment,
                other_title=other_title,
                other_rule=other_rule,
                every="week" if request.POST.get("every") == "week" else "month",
            )
        return HttpResponseRedirect(reverse("segments:backtest", args=[made.pk]))

    def _asked(self) -> tuple[str, Any, Segment | None]:
        post = self.request.POST
        if "rule" not in post:
            segment = self._segment(post.get("segment", ""))
            return segment.title, segment.rule, segment
        try:
            raw = read_json(post["rule"][:LONGEST_RULE])
        except forms.ValidationError as problem:
            raise Refusal("bad_rule", problem.messages[0]) from None
        return post.get("name", "").replace("\0", ""), raw, None

    def _other(self, segment: Segment | None) -> tuple[str, Any]:
        """The rule to compare with: another segment, or an earlier version ("v3") of this one."""
        wanted = self.request.POST.get("with", "")
        if not wanted:
            return "", None
        if segment is not None and wanted.startswith("v") and wanted[1:].isdecimal():
            version = segment.versions.filter(version=int(wanted[1:]), rule__isnull=False).first()
            if version is None:
                raise Refusal("unknown_version", _("This segment has no such version."))
            return _("%(name)s, version %(n)s") % {"name": segment.title, "n": version.version}, version.rule
        other = self._segment(wanted)
        return other.title, other.rule

    def _segment(self, pk: str) -> Segment:
        found = None
        if pk.isdecimal() and len(pk) < 19:
            found = Segment.objects.filter(pk=int(pk), rule__isnull=False).first()
        if found is None:
            raise Refusal("unknown_segment", _("Choose a segment that has a rule."))
        return found

    def _table(self) -> Table:
        made = (
            Backtest.objects.select_related("made_by", "job", "segment")
            .defer("rule", "other_rule")
            .order_by("-pk")
        )
        states = dict(LongJob.State.choices)
        rows = [
            [
                Cell(as_read(one.name), url=reverse("segments:backtest", args=[one.pk])),
                one.other_title,
                one.made_at,
                str(one.made_by or _("Regulars")),
                states[one.job.state] if one.job else "",
            ]
            for one in made[:LAST]
        ]
        columns = [
            Column(_("Rule")),
            Column(_("Beside")),
            Column(_("When"), "time"),
            Column(_("By")),
            Column(_("Series")),
        ]
        empty = Empty(
            _("No backtest yet"),
            _("Choose a segment above, or press “Backtest” in the builder."),
            Action(_("New segment"), reverse("segments:create"), icon="add"),
        )
        return Table(columns, rows, empty, _("Backtests so far"))


class BacktestPage(OperatorPage):
    """One rule on one past date, and its size over the past year."""

    title = gettext_lazy("Backtest")
    template_name = "segments/backtest.html"
    roles_that_act = WHO_ASKS

    @cached_property
    def made(self) -> Backtest:
        """The backtest of the address."""
        return get_object_or_404(
            Backtest.objects.select_related("job", "segment"), pk=self.kwargs["backtest_id"]
        )

    @cached_property
    def words(self) -> Words:
        """What the sentences need, read once."""
        return Words()

    @cached_property
    def day(self) -> date:
        """The past date: the one asked for, else 90 days ago. Raises Refusal for one that is not past."""
        today = today_in_shop(self.now)
        asked = self.request.GET.get("at", "")
        day = day_of(asked) if asked else today - timedelta(days=90)
        if day is None or day > today:
            raise Refusal("not_past", _("Choose a date in the past."))
        return day

    @property
    def days(self) -> int:
        """How many days after it are looked at."""
        wanted = self.request.GET.get("days", "")
        return int(wanted) if wanted in map(str, AFTERWARDS) else 30

    def get_title(self) -> str:
        return _("Backtest: %(what)s") % {"what": self.made.name}

    def get_crumbs(self) -> Sequence[Crumb]:
        return [
            Crumb(_("Segments"), reverse("segments:list")),
            Crumb(_("Backtests"), reverse("segments:backtests")),
        ]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Cancel the series."""
        if self.made.job_id is not None:
            long_jobs.cancel(self.made.job_id, by=self.operator)
            self.say(_("It stops at the next step."))
        return HttpResponseRedirect(request.get_full_path())

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "made": self.made,
            "sentence": sentence_of(self.made.rule, self.words),
            "other_sentence": sentence_of(self.made.other_rule, self.words) if self.made.other_rule else "",
            "ask_form": self._ask(),
            "day": self.day,
            "of_today": self._of_today(),
            "progress": self._progress(),
            "chart": self._chart(),
            **self._on_the_date(),
        }

    def _ask(self) -> AskForm:
        days = [Choice(str(n), _("%(n)s days after") % {"n": n}) for n in AFTERWARDS]
        asks = [
            Ask("at", _("As of the beginning of"), self.day.isoformat(), "date"),
            Ask("days", _("Look at"), str(self.days), "select", days),
        ]
        return AskForm(_("Choose the date"), asks, _("Show"), is_open=True)

    def _of_today(self) -> list[str]:
        rules = [parse(self.made.rule)]
        if self.made.other_rule is not None:
            rules.append(parse(self.made.other_rule))
        return list(dict.fromkeys(note for one in rules for note in one.of_today(self.words)))

    def _group(self, part: str) -> str:
        return group_url("backtest", of=self.made.pk, at=self.day, days=self.days, part=part)

    def _on_the_date(self) -> dict[str, Any]:
        """The figures, a sample and the comparison; a refusal stands where they would be."""
        instant = midnight(self.day)
        try:
            found = backtest.outcome(self.made.rule, instant, self.days, self.now)
            both = (
                backtest.beside(self.made.rule, self.made.other_rule, instant)
                if self.made.other_rule
                else None
            )
            with backtest.within(backtest.SECONDS):
                sample = list(self._sample(instant))
        except Refusal as refusal:
            return {"problem": refusal.message}
        return {
            "stats": self._stats(found),
            "sample": sample,
            "compared": self._compared(both) if both else None,
        }

    def _sample(self, instant: datetime) -> "QuerySet[Customer]":
        chosen = backtest.selected(self.made.rule, instant)
        return Customer.objects.filter(pk__in=chosen).select_related("standing").order_by("-pk")[:SAMPLE]

    def _stats(self, found: backtest.Outcome) -> list[Stat]:
        window = _("within %(n)s days after") % {"n": self.days}
        over = midnight(self.day + timedelta(days=self.days)) <= self.now
        note = "" if over else _("not over yet")
        n = found.selected

        def share(part: int) -> float | None:
            return part / n if n else None

        return [
            Stat(_("Would have been selected"), n, window=words.day(self.day), url=self._group("was")),
            Stat(
                _("Selected today too"),
                share(found.still),
                "percent",
                of=n,
                window=_("today"),
                url=self._group("still"),
                more_is="",
            ),
            Stat(
                _("Ordered"),
                share(found.ordered),
                "percent",
                of=n,
                window=window,
                url=self._group("ordered"),
                note=note,
            ),
            Stat(
                _("Net revenue"),
                found.revenue,
                "money",
                currency=currency.get(),
                window=window,
                url=self._group("ordered"),
                note=note,
            ),
            Stat(
                _("Churned"),
                share(found.churned),
                "percent",
                of=n,
                window=window,
                url=self._group("churned"),
                more_is="bad",
                note=note,
            ),
        ]

    def _compared(self, both: backtest.Beside) -> Table:
        rows = [
            [_("by both rules"), Cell(both.both, url=self._group("both"))],
            [
                _("by this rule only: %(what)s") % {"what": self.made.name},
                Cell(both.one_only, url=self._group("one")),
            ],
            [
                _("by the other only: %(what)s") % {"what": self.made.other_title},
                Cell(both.other_only, url=self._group("other")),
            ],
        ]
        columns = [Column(_("Selected")), Column(_("Customers"), "number")]
        return Table(columns, rows, Empty(_("Nobody")), _("Both rules on this date"))

    def _progress(self) -> Progress | None:
        job = self.made.job
        if job is None or job.state not in long_jobs.OPEN:
            return None
        cancel = Action(_("Cancel"), self.request.get_full_path(), method="post")
        return Progress(
            _("The past year, date by date"),
            job.done,
            job.total,
            job.started_at,
            clock.lease_now(),
            job.step,
            cancel,
        )

    def _chart(self) -> Chart:
        points = [(date.fromisoformat(day), size, other) for day, size, other in self.made.points]
        page = reverse("segments:backtest", args=[self.made.pk])
        urls = [f"{page}?{urlencode({'at': day, 'days': self.days})}" for day, _size, _other in points]
        series = [Series(self.made.name, [size for _day, size, _other in points], urls=urls)]
        if self.made.other_rule is not None:
            series.append(Series(self.made.other_title, [other for *_rest, other in points], urls=urls))
        return Chart(
            "backtest",
            _("Customers it would have selected"),
            [words.day(day, "short") for day, _size, _other in points],
            series,
            category_title=_("At the beginning of"),
            summary=_("By what is known today; the table opens each date"),
        )
