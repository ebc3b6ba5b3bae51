"""Settings → Stages: what the shop's own history suggests, what other thresholds would have done, the rule in force."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from config.kit import clock, words
from config.kit.charts import Chart, Series
from config.kit.parts import Action, Cell, Column, Empty, Progress, Stat, Table
from config.kit.refusal import Refusal
from users.admin.settings import SettingsForm
from users.groups import group_url
from users.models import LifecycleRule, LongJob
from users.services import stage_study
from users.services.long_jobs import OPEN
from users.services.stage_study import Outcome, Replay, Study
from users.services.stages import accept_rule, days_of, rule_in_force
from users.thresholds import CAME_BACK_WITHIN, FEWEST, Suggestion

CURVE_DAYS = (1, 2, 3, 5, 7, 10, 14, 21, 30, 45, 60, 75, 90, 120, 150, 180, 240, 300, 365)
# A job asked for at night has its title in the language of the worker.
TITLES = {
    stage_study.STUDY: gettext_lazy("Count the silences between visits"),
    stage_study.REPLAY: gettext_lazy("Try thresholds on the last 365 days"),
}
FIELDS = ("new_for", "dormant_after", "churned_after", "returning_for")
LONGEST = 3650


class ThresholdForm(forms.Form):
    """The four thresholds, in days."""

    new_for = forms.IntegerField(
        label=gettext_lazy("New for (days)"),
        min_value=1,
        max_value=LONGEST,
        help_text=gettext_lazy("After the first activity a customer is new for so long."),
    )
    dormant_after = forms.IntegerField(
        label=gettext_lazy("Dormant after (days)"),
        min_value=2,
        max_value=LONGEST,
        help_text=gettext_lazy("So long without activity, and the customer is dormant."),
    )
    churned_after = forms.IntegerField(
        label=gettext_lazy("Churned after (days)"),
        min_value=3,
        max_value=LONGEST,
        help_text=gettext_lazy("So long without activity, and the customer is lost. Longer than dormant."),
    )
    returning_for = forms.IntegerField(
        label=gettext_lazy("Returning for (days)"),
        min_value=1,
        max_value=LONGEST,
        help_text=gettext_lazy("Who comes back after having been dormant is returning for so long."),
    )


class LifecyclePage(SettingsForm):
    """The thresholds in force, what the shop's history suggests, a trial of others, every version there was."""

    title = gettext_lazy("Stages")
    purpose = gettext_lazy("After how many days of silence a customer counts as dormant or churned.")
    template_name = "users/lifecycle.html"
    form_class = ThresholdForm
    submit = gettext_lazy("Accept these thresholds")
    done = gettext_lazy("Accepted. All stages are computed again; this starts no message.")
    partials = {"study": "users/lifecycle_part.html"}

    @cached_property
    def rule(self) -> LifecycleRule:
        """The thresholds in force."""
        return rule_in_force()

    def get_initial(self) -> dict[str, Any]:
        """The thresholds in force, or those that the address takes over from the suggestion."""
        asked = self.request.GET
        initial = days_of(self.rule)
        taken = {name: int(asked[name]) for name in FIELDS if asked.get(name, "").isdecimal()}
        return initial | {name: days for name, days in taken.items() if days <= LONGEST}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Count the silences, or take the form."""
        if "study" in request.POST:
            stage_study.study(now=self.now, by=self.operator)
            self.say(_("The silences are being counted."))
            return HttpResponseRedirect(request.get_full_path())
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        """Try the thresholds on history, or put them in force."""
        if "replay" not in self.request.POST:
            return super().form_valid(form)
        try:
            stage_study.replay(**form.cleaned_data, now=self.now, by=self.operator)
        except Refusal as refusal:
            form.add_error(None, refusal.message)
            return self.form_invalid(form)
        self.say(_("These thresholds are being tried on the last 365 days. Nothing changes by that."))
        return HttpResponseRedirect(f"{reverse('users:lifecycle')}?{urlencode(form.cleaned_data)}")

    def act(self, form: ThresholdForm) -> str:
        """Put them in force."""
        accept_rule(**form.cleaned_data, by=self.operator)
        return reverse("users:lifecycle")

    def get_consequence(self, form: Any) -> StrOrPromise:
        """What saving does."""
        return _(
            "Puts a new version in force and computes everybody's stage again. "
            "Moves that follow from it start no message and no reward."
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What history says beside the form, the versions below it."""
        study, replayed = stage_study.last_study(), stage_study.last_replay()
        open_jobs = LongJob.objects.filter(kind__in=(stage_study.STUDY, stage_study.REPLAY), state__in=OPEN)
        return super().get_context_data(**kwargs) | {
            "rule": self.rule,
            "progresses": [_progress(job) for job in open_jobs.order_by("pk")],
            "study": study,
            "suggestion": _suggestion(study) if study else None,
            "only_orders": bool(study) and stage_study.has_only_orders(),
            "fewest": FEWEST,
            "curve": _curve(study) if study else None,
            "replay": _replay(replayed) if replayed else None,
            "versions": _versions(),
        }


def _progress(job: LongJob) -> Progress:
    return Progress(
        TITLES[job.kind], job.done, job.total, job.started_at, clock.lease_now(), job.step_in_words
    )


def _suggestion(study: Study) -> dict[str, Any] | None:
    """The suggested thresholds with the shares that came back, and the link that fills the form."""
    rule = rule_in_force()
    found = study.silences.suggest(new_for=rule.new_for, returning_for=rule.returning_for)
    if found is None:
        return None
    days = {name: getattr(found, name) for name in FIELDS}
    return {
        "found": found,
        "stats": _suggested_stats(study, found),
        "take": Action(
            _("Take over into the form"), f"{reverse('users:lifecycle')}?{urlencode(days)}", icon="input"
        ),
    }


def _suggested_stats(study: Study, found: Suggestion) -> list[Stat]:
    stats = [Stat(_("New for"), found.new_for, unit=_("days"))]
    for label, days, note in (
        (_("Dormant after"), found.dormant_after, _("80 % of all silences are shorter or equal")),
        (_("Churned after"), found.churned_after, _("95 % of all silences are shorter or equal")),
    ):
        back = study.silences.came_back(days)
        told = _("%(share)s of %(n)s came back within %(days)d days after so long a silence") % {
            "share": words.percent(back.share),
            "n": words.number(back.of),
            "days": CAME_BACK_WITHIN,
        }
        stats.append(
            Stat(label, days, unit=_("days"), note=_("%(note)s. %(told)s") % {"note": note, "told": told})
        )
    return stats


def _curve(study: Study) -> Chart:
    """How silences end, and who still comes back after how long a one."""
    silences = study.silences
    back = [silences.came_back(days) for days in CURVE_DAYS]
    return Chart(
        "silences",
        _("The shop's own silences"),
        [_("%(n)d d") % {"n": days} for days in CURVE_DAYS],
        [
            Series(
                _("Silences that had ended by then"),
                [silences.ended_within(days) for days in CURVE_DAYS],
            ),
            Series(_("Came back within 180 days after so long a silence"), [one.share for one in back]),
        ],
        unit="percent",
        category_title=_("Days of silence"),
        summary=_("%(n)s silences that began 365 days ago or earlier and ended within 365")
        % {"n": words.number(silences.gaps)},
        height=320,
    )


def _replay(replayed: Replay) -> dict[str, Any]:
    """A trial of thresholds in a sentence, figures and charts, beside those in force then."""
    asked, now = replayed.asked, replayed.in_force
    weeks = sorted({*asked.moves, *now.moves})
    return {
        "replay": replayed,
        "sentences": _sentences(replayed),
        "stats": [
            Stat(
                _("Moves a day"),
                round(asked.all_moves / replayed.days, 1),
                note=_("%(n)s under the thresholds in force")
                % {"n": words.number(now.all_moves / replayed.days, 1)},
                more_is="",
            ),
            *(_flagged(replayed, stage) for stage in ("dormant", "churned")),
        ],
        "table": _compared(replayed),
        "charts": [_per_week(asked, now, weeks, stage) for stage in ("dormant", "churned")],
    }


def _sentences(replayed: Replay) -> list[str]:
    asked = replayed.asked
    told = []
    for days, flagged, back, sentence in (
        (
            asked.thresholds["dormant_after"],
            asked.dormant,
            asked.dormant_back,
            _(
                "Dormant at %(days)d days would have flagged %(n)s customers, %(share)s of whom came back anyway."
            ),
        ),
        (
            asked.thresholds["churned_after"],
            asked.churned,
            asked.churned_back,
            _(
                "Churned at %(days)d days would have flagged %(n)s customers, %(share)s of whom came back anyway."
            ),
        ),
    ):
        share = words.percent(back / flagged if flagged else None)
        told.append(sentence % {"days": days, "n": words.number(flagged), "share": share})
    return told


def _flagged(replayed: Replay, stage: str) -> Stat:
    flagged, then = getattr(replayed.asked, stage), getattr(replayed.in_force, stage)
    title = _("Would have become dormant") if stage == "dormant" else _("Would have become churned")
    note = _("%(n)s under the thresholds in force") % {"n": words.number(then)}
    return Stat(title, flagged, url=_silent(replayed, replayed.asked, stage), note=note, more_is="")


def _compared(replayed: Replay) -> Table:
    rows: list[Sequence[Any]] = []
    for title, outcome in ((_("Tried"), replayed.asked), (_("In force then"), replayed.in_force)):
        cells: list[Any] = [title]
        for stage in ("dormant", "churned"):
            flagged, back = getattr(outcome, stage), getattr(outcome, f"{stage}_back")
            cells += [
                outcome.thresholds[f"{stage}_after"],
                Cell(flagged, url=_silent(replayed, outcome, stage)),
                Cell(back, url=_silent(replayed, outcome, stage, back="yes")),
                back / flagged if flagged else None,
            ]
        rows.append([*cells, outcome.all_moves])
    return Table(
        columns=[
            Column(_("Thresholds")),
            Column(_("Dormant after (days)"), "number"),
            Column(_("Became dormant"), "number"),
            Column(_("of these came back"), "number"),
            Column(_("Share"), "percent"),
            Column(_("Churned after (days)"), "number"),
            Column(_("Became churned"), "number"),
            Column(_("of these came back"), "number"),
            Column(_("Share"), "percent"),
            Column(_("Moves"), "number"),
        ],
        rows=rows,
        empty=Empty(_("Nothing to show yet")),
        caption=_("Thresholds compared"),
    )


def _per_week(asked: Outcome, now: Outcome, weeks: Sequence[date], stage: str) -> Chart:
    def counts(outcome: Outcome) -> list[int]:
        return [outcome.moves.get(week, {}).get(stage, 0) for week in weeks]

    title = _("Became dormant per week") if stage == "dormant" else _("Became churned per week")
    return Chart(
        f"replay-{stage}",
        title,
        [words.day(week, "short") for week in weeks],
        [Series(_("Tried"), counts(asked)), Series(_("In force then"), counts(now))],
        category_title=_("Week from"),
        summary=_("moves in the last 365 days, weeks from Monday, shop time"),
        unfinished=1,
        height=200,
    )


def _silent(replayed: Replay, outcome: Outcome, stage: str, **more: str) -> str:
    return group_url(
        "silent",
        days=outcome.thresholds[f"{stage}_after"],
        begin=replayed.begin.isoformat(),
        end=replayed.end.isoformat(),
        **more,
    )


def _versions() -> Table:
    rules = LifecycleRule.objects.select_related("accepted_by").order_by("-version")[:30]
    return Table(
        columns=[
            Column(_("Version"), "number"),
            Column(_("New for (days)"), "number"),
            Column(_("Dormant after (days)"), "number"),
            Column(_("Churned after (days)"), "number"),
            Column(_("Returning for (days)"), "number"),
            Column(_("Accepted"), "time"),
            Column(_("By")),
        ],
        rows=[
            [
                rule.version,
                *(getattr(rule, name) for name in FIELDS),
                None if rule.proposed else rule.accepted_at,
                Cell(_("as shipped, not accepted"), tone="warn")
                if rule.proposed
                else str(rule.accepted_by or _("as shipped")),
            ]
            for rule in rules
        ],
        empty=Empty(_("No version yet")),
        caption=_("Versions"),
    )
