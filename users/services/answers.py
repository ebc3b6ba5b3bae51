"""The answers that reports keep: prepared once a day, and anew after long work that changed many customers."""

from datetime import datetime

from config.kit import clock
from users.models import LongJob
from users.reports import prepared, stored
from users.services.day_counts import READ_ONLY
from users.services.exports import acts as exports
from users.services.jobs import nudge
from users.services.value.day import KIND as FIGURES_OF_THE_DAY


def prepare(now: datetime) -> dict[str, int]:
    """Ask the usual questions for some seconds, and go on at once while there are more."""
    forgotten = forget_if_changed(now)
    told = prepared.prepare(now)
    if told["left"]:
        nudge("users.prepare_reports")
    return told | {"forgotten": forgotten}


def forget_if_changed(now: datetime) -> int:
    """Forget all answers when an import, an erasure or other long work has ended since; how many."""
    asked = prepared.prepared_at()
    if asked is None or asked > now:
        return 0
    # Long work is timed by the clock of work, which nothing moves.
    ended = LongJob.objects.filter(finished_at__gte=clock.lease_now() - (now - asked))
    kinds = (*READ_ONLY, FIGURES_OF_THE_DAY, exports.EXPORT)
    return stored.forget_all() if ended.exclude(kind__in=kinds).exists() else 0
