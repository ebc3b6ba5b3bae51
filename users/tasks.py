"""The scheduled jobs of users: each fetches what is due and calls one service."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from users.reports import figures, reach
from users.services import (
    answers,
    attributes,
    day_counts,
    erase,
    erased_bodies,
    joining,
    long_jobs,
    relay,
    retention,
    stage_study,
    stages,
    sweep,
    value,
)
from users.services.demo.live import live
from users.services.exports import acts as exports
from users.services.imports import acts as imports
from users.services.intake import apply_waiting
from users.services.jobs import nudge, scheduled


@scheduled("users.apply_intake")
def apply_intake(now: datetime) -> dict[str, Any]:
    """Apply the bodies that wait at the front door, and ask for another look while there are more."""
    applied = apply_waiting()
    if applied.bodies:
        nudge("users.apply_intake")
        nudge("users.relay")
    return asdict(applied)


@scheduled("users.relay")
def hand_on(now: datetime) -> dict[str, int]:
    """Hand recorded events to their handlers."""
    return {"handled": relay.relay()}


@scheduled("users.move_stages")
def move_stages(now: datetime) -> dict[str, int]:
    """Move the stages of those whom time alone moves."""
    return {"moved": stages.move_stages(now)}


@scheduled("users.run_long_jobs")
def run_long_jobs(now: datetime) -> dict[str, int]:
    """Carry on long jobs for some seconds."""
    return {"chunks": long_jobs.run_due()}


@scheduled("users.prepare_reports")
def prepare_reports(now: datetime) -> dict[str, int]:
    """Ask the usual questions of the reports, so that heavy ones are answered before an operator asks."""
    return answers.prepare(now)


@scheduled("users.clean_up")
def clean_up(now: datetime) -> dict[str, int]:
    """Remove old job runs, stored answers and the rows of old imports."""
    files = {"imports": imports.remove_old(now), "exports": exports.remove_old(now)}
    return sweep.remove_old(now) | files


@scheduled("users.erase_again")
def erase_again(now: datetime) -> dict[str, int]:
    """Empty once more what ran beside recent erasures."""
    return {"rows": erase.erase_again(now), "deliveries": erased_bodies.empty_recent(now)}


@scheduled("users.remove_due")
def remove_due(now: datetime) -> dict[str, int]:
    """Remove what has been kept long enough."""
    return retention.remove_due(now)


@scheduled("users.count_figures")
def count_figures(now: datetime) -> dict[str, int]:
    """Compute the roll-ups behind the pages."""
    days = figures.days_due(now)
    figures.compute(now, days=days)
    return {"days": days}


@scheduled("users.count_history")
def count_history(now: datetime) -> dict[str, bool]:
    """Count moves between stages and active customers by day for the reports."""
    return {"asked": day_counts.count(now)}


@scheduled("users.study_silences")
def study_silences(now: datetime) -> dict[str, bool]:
    """Have the silences between visits counted once a day."""
    return {"asked": stage_study.study_if_old(now)}


@scheduled("users.live_demo")
def live_demo(now: datetime) -> dict[str, int]:
    """Let the demo shop live up to now; nothing in a shop that is no demo."""
    return {"parts": live(now)}


@scheduled("users.discover_attributes")
def discover_attributes(now: datetime) -> dict[str, int]:
    """Look at profiles that changed, and once a day count the customers of every attribute."""
    return {"profiles": attributes.discover_all(now), "counted": attributes.count_if_due(now)}


@scheduled("users.count_reach")
def count_reach(now: datetime) -> dict[str, int]:
    """Count whom each channel reaches."""
    return {"figures": reach.compute(now)}


@scheduled("users.look_again_at_joins")
def look_again_at_joins(now: datetime) -> dict[str, int]:
    """Hand the joins of a while ago to their handlers once more."""
    return {"calls": joining.look_again(now)}


@scheduled("users.compute_value")
def compute_value(now: datetime) -> dict[str, int]:
    """Ask for the figures of the day when they are due; they are computed as long work, step by step."""
    return {"started": int(value.start_if_due(now))}
