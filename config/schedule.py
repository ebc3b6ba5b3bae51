"""What runs by itself and how often: the whole schedule, in code.

Beat sends a message per job and period, which means "go and look"; every job finds out by itself what is
due, so a lost or doubled message is harmless. ``users.services.jobs`` gives each slot one effect.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

QUEUES = ("default", "service", "campaigns", "intake", "segments", "recompute")


@dataclass(frozen=True, slots=True)
class Job:
    """A scheduled job: its task name, its period, the queue whose workers run it, a title for people."""

    name: str
    every: timedelta
    queue: str
    title: StrOrPromise


JOBS: tuple[Job, ...] = (
    Job("users.apply_intake", timedelta(seconds=2), "intake", _("Apply accepted events")),
    Job("users.relay", timedelta(seconds=2), "default", _("Hand events to their handlers")),
    Job("users.move_stages", timedelta(seconds=15), "recompute", _("Move stages with the clock")),
    Job("users.run_long_jobs", timedelta(seconds=3), "default", _("Carry on long jobs")),
    Job("users.live_demo", timedelta(seconds=30), "default", _("Invent visits in the demo shop")),
    Job(
        "users.count_figures", timedelta(seconds=30), "default", _("Count customers and orders for the pages")
    ),
    Job("users.discover_attributes", timedelta(minutes=1), "recompute", _("Discover custom attributes")),
    Job("users.count_reach", timedelta(minutes=10), "recompute", _("Count whom each channel reaches")),
    Job("users.look_again_at_joins", timedelta(minutes=10), "default", _("Look again at joined customers")),
    Job(
        "users.compute_value",
        timedelta(minutes=1),
        "recompute",
        _("Compute the figures of the day at their stated time"),
    ),
    Job("users.count_history", timedelta(minutes=10), "default", _("Count stages and activity day by day")),
    Job("users.study_silences", timedelta(hours=1), "default", _("Have the silences between visits counted")),
    Job(
        "users.prepare_reports",
        timedelta(minutes=10),
        "recompute",
        _("Ask the usual questions of the reports"),
    ),
    Job("users.clean_up", timedelta(hours=1), "default", _("Remove what is no longer needed")),
    Job("users.erase_again", timedelta(minutes=10), "default", _("Look after recent erasures once more")),
    Job("users.remove_due", timedelta(hours=1), "default", _("Remove what has been kept long enough")),
    Job("segments.refresh", timedelta(seconds=2), "segments", _("Refresh segments")),
    Job("segments.rebuild", timedelta(seconds=5), "recompute", _("Compute new and edited segments")),
    Job(
        "segments.webhooks",
        timedelta(seconds=5),
        "default",
        _("Tell the shop's programs who entered and left"),
    ),
    Job("segments.audit", timedelta(minutes=5), "recompute", _("Recompute every segment and compare")),
    Job(
        "segments.measure_cuts",
        timedelta(minutes=1),
        "recompute",
        _("Measure the cut points of the top N % at their stated time"),
    ),
    Job("segments.watch", timedelta(minutes=1), "default", _("Tell of segments that are out of date")),
    Job("campaigns.start_due", timedelta(seconds=10), "campaigns", _("Start campaigns that are due")),
    Job("campaigns.dispatch", timedelta(seconds=5), "campaigns", _("Send what is due")),
    Job("campaigns.dispatch_service", timedelta(seconds=5), "service", _("Send service messages")),
    Job("campaigns.finish_runs", timedelta(seconds=15), "campaigns", _("Close finished campaign runs")),
    Job(
        "growth.mature_points", timedelta(minutes=1), "default", _("Activate points after the return window")
    ),
    Job("growth.expire_points", timedelta(minutes=10), "default", _("Expire points")),
    Job("growth.judge_levels", timedelta(hours=1), "default", _("Judge levels at the end of their period")),
    Job("growth.check_books", timedelta(hours=1), "default", _("Check that the points books sum to zero")),
    Job("feedback.mail_replies", timedelta(seconds=10), "service", _("Mail answers to customers")),
)

PROBES: dict[str, dict[str, Any]] = {
    f"probe-{queue}": {
        "task": "config.heartbeat.probe",
        "schedule": 10.0,
        "args": (queue,),
        "options": {"queue": queue, "expires": 120},
    }
    for queue in QUEUES
}

SCHEDULE: dict[str, dict[str, Any]] = PROBES | {
    job.name: {
        "task": job.name,
        "schedule": job.every,
        # A message that waited longer than its period has a younger twin behind it.
        "options": {"queue": job.queue, "expires": max(10.0, min(job.every.total_seconds(), 600.0))},
    }
    for job in JOBS
}

ROUTES: dict[str, dict[str, str]] = {job.name: {"queue": job.queue} for job in JOBS}


def job(name: str) -> Job:
    """The job of that name. Raises KeyError."""
    for entry in JOBS:
        if entry.name == name:
            return entry
    raise KeyError(f"no job is called {name!r}")
