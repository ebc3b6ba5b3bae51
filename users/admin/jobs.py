"""The jobs page: what runs by itself and how it went, long work with its progress, the queues of the door."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from config.kit import clock, words
from config.kit.admin import OperatorPage, may_open
from config.kit.parts import Action, Cell, Column, Empty, Progress, Stat, Table, Tone
from users.admin.told import figure_words
from users.models import LongJob, Role
from users.reports import machines
from users.reports.machines import JobState
from users.services import long_jobs

LIVE_DEMO = "users.live_demo"
TONES: dict[str, Tone] = {
    "fine": "good",
    "running": "info",
    "failed": "bad",
    "late": "warn",
    "never": "muted",
}
STATES = {
    "fine": gettext_lazy("Fine"),
    "running": gettext_lazy("Running"),
    "failed": gettext_lazy("Failed"),
    "late": gettext_lazy("Late"),
    "never": gettext_lazy("Has not run yet"),
}


class JobsPage(OperatorPage):
    """What runs by itself."""

    title = gettext_lazy("Jobs")
    purpose = gettext_lazy("What runs by itself: when it last ran, how long it took and what came of it.")
    template_name = "users/jobs.html"
    roles_that_act = (Role.OPERATOR,)
    partials = {"jobs": "users/jobs_part.html"}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Queues, open long jobs, ended ones, and the schedule."""
        return super().get_context_data(**kwargs) | {
            "stats": self._stats(),
            "progresses": [self._progress(job) for job in _open_jobs()],
            "ended": _ended(),
            "table": _schedule(),
        }

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Cancel a long job."""
        number = request.POST.get("cancel", "")
        if number.isdecimal() and len(number) < 19:
            long_jobs.cancel(int(number), by=self.operator)
            self.say(_("It stops at the next step."))
        return HttpResponseRedirect(reverse("users:jobs"))

    def _stats(self) -> list[Stat]:
        waiting = machines.waiting(self.now)
        oldest = round(waiting.oldest.total_seconds()) if waiting.oldest else 0
        return [
            Stat(_("Bodies waiting"), waiting.bodies, note=_("accepted, not yet applied"), more_is="bad"),
            Stat(_("Oldest waits"), oldest, unit=_("seconds"), more_is="bad"),
            Stat(
                _("Dead letters"), waiting.dead_letters, url=self._opened("users:dead_letters"), more_is="bad"
            ),
            Stat(
                _("Events given up"),
                waiting.stuck_events,
                note=_("a handler failed again and again"),
                more_is="bad",
            ),
        ]

    def _opened(self, page: str) -> str:
        """The address of a page, for those who may open it."""
        url = reverse(page)
        return url if may_open(self.operator, url) else ""

    def _progress(self, job: LongJob) -> Progress:
        cancel = None
        if self.may_act and not job.cancel_asked:
            cancel = Action(
                _("Cancel"),
                reverse("users:jobs"),
                method="post",
                confirm=_("Stop “%(title)s”? What is done stays done.") % {"title": job.in_words},
                danger=True,
                name="cancel",
                value=str(job.pk),
            )
        step = _("Stopping …") if job.cancel_asked else job.step_in_words
        return Progress(job.in_words, job.done, job.total, job.started_at, clock.lease_now(), step, cancel)


def _open_jobs() -> list[LongJob]:
    return list(LongJob.objects.filter(state__in=long_jobs.OPEN).order_by("created_at", "pk")[:50])


def _ended() -> Table:
    ended = LongJob.objects.exclude(state__in=long_jobs.OPEN).select_related("by").order_by("-pk")[:20]
    tones: dict[str, Tone] = {LongJob.State.DONE: "good", LongJob.State.FAILED: "bad"}
    return Table(
        columns=[
            Column(_("Long work")),
            Column(_("Asked for by")),
            Column(_("Ended"), "time"),
            Column(_("How"), "tag"),
            Column(_("Done"), "number"),
        ],
        rows=[
            [
                job.in_words,
                str(job.by) if job.by else _("Regulars"),
                job.finished_at,
                Cell(job.get_state_display(), tone=tones.get(job.state, "muted"), hint=job.error[:300]),
                job.done,
            ]
            for job in ended
        ],
        empty=Empty(_("No long work yet"), _("Imports, rebuilds and exports show their progress here.")),
        caption=_("Long work that has ended"),
    )


def _schedule() -> Table:
    return Table(
        columns=[
            Column(_("Job")),
            Column(_("Every")),
            Column(_("State"), "tag"),
            Column(_("Last run"), "time"),
            Column(_("Took (ms)"), "number"),
            Column(_("What came of it")),
        ],
        rows=[_row(state) for state in machines.job_states(clock.lease_now()) if _is_for_us(state)],
        empty=Empty(_("Nothing is scheduled")),
        caption=_("Scheduled jobs"),
    )


def _is_for_us(state: JobState) -> bool:
    """The demo's own job has nothing to do in a real shop."""
    return settings.DEMO or state.job.name != LIVE_DEMO


def _row(state: JobState) -> list[Any]:
    return [
        Cell(state.job.title, hint=state.job.name),
        words.duration(state.job.every),
        Cell(STATES[state.state], tone=TONES[state.state]),
        state.started_at,
        state.milliseconds,
        in_words(state),
    ]


def in_words(state: JobState) -> str:
    """What a run came to: the error's first line, or the figures that are not zero."""
    if state.error:
        return state.error.splitlines()[0][:200]
    if not isinstance(state.result, dict):
        return ""
    told = [
        _("%(name)s: %(value)s") % {"name": figure_words(name), "value": _value(value)}
        for name, value in state.result.items()
        if value
    ]
    return _(", ").join(told) or _("nothing to do")


def _value(value: Any) -> str:
    if isinstance(value, list):
        return ngettext("%(count)s thing", "%(count)s things", len(value)) % {"count": len(value)}
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return words.number(value) if isinstance(value, int | float) else str(value)[:80]
