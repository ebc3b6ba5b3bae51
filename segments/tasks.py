"""The jobs of segments (config/schedule.py)."""

from datetime import datetime
from typing import Any

from segments.services import alarms
from segments.services.audit import audit_due
from segments.services.cuts import measure_daily
from segments.services.rebuild import rebuild_waiting
from segments.services.refresh import is_due
from segments.services.refresh import refresh as refresh_segments
from segments.services.webhooks.deliver import deliver_due, forget_old
from users.services.jobs import scheduled


@scheduled("segments.refresh")
def refresh(now: datetime) -> dict[str, Any] | None:
    """Bring every live segment up to date; nothing when nothing happened or another run is at work."""
    if not is_due(now):
        return None
    done = refresh_segments(wait=False)  # reads the clock itself, once the lock is held
    if done is None:
        return None
    return {
        "segments": done.segments,
        "touched": done.run.touched,
        "entered": done.entered,
        "left": done.left,
        "failed": list(done.failed),
    }


@scheduled("segments.rebuild")
def rebuild(now: datetime) -> dict[str, Any]:
    """Compute new and edited segments."""
    return {"rebuilt": [segment.name for segment in rebuild_waiting(wait=False)]}


@scheduled("segments.audit")
def audit(now: datetime) -> dict[str, int]:
    """Compare segments with a computation from scratch, a few at a time, each once a day."""
    return audit_due(now)


@scheduled("segments.measure_cuts")
def measure_cuts(now: datetime) -> dict[str, int]:
    """Measure the cut points of "top N %" at their stated time, once a day."""
    return {"cuts": measure_daily(now)}


@scheduled("segments.watch")
def watch(now: datetime) -> dict[str, int]:
    """Tell the operators of segments that failed or are out of date for too long."""
    return alarms.watch(now)


@scheduled("segments.webhooks")
def webhooks(now: datetime) -> dict[str, int]:
    """Tell the endpoints what they have not been told yet, and forget old deliveries."""
    return {**deliver_due(), "forgotten": forget_old(now)}
