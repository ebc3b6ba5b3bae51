"""What campaigns do on a schedule; each looks for what is due, so a lost or doubled message changes nothing."""

from datetime import datetime
from typing import Any

from campaigns.services import dispatch as sending
from campaigns.services.finish import finish_runs as close_runs
from campaigns.services.start import start_due as open_and_plan
from users.services.jobs import nudge, scheduled


@scheduled("campaigns.start_due")
def start_due(now: datetime) -> dict[str, int]:
    """Open and plan the runs that are due."""
    return open_and_plan(now)


@scheduled("campaigns.dispatch")
def dispatch(now: datetime) -> dict[str, Any]:
    """Send the campaign messages that are due; ask to go on when time was too short."""
    done = sending.dispatch()
    if done.more:
        nudge("campaigns.dispatch")
    return done.as_json()


@scheduled("campaigns.dispatch_service")
def dispatch_service(now: datetime) -> dict[str, Any]:
    """Send service messages, on a queue of their own so that no campaign holds them up."""
    return sending.dispatch(service=True).as_json()


@scheduled("campaigns.finish_runs")
def finish_runs(now: datetime) -> dict[str, int]:
    """Settle what will never be sent and close finished runs."""
    return close_runs(now)
