"""Telling the apps above who entered and left, where somebody listens."""

from collections.abc import Iterator

from segments.models import ChangeCause, MembershipChange, Run, Segment
from users import facts
from users.handlers import handlers_of
from users.services.events import NewEvent, record_many

# Edits, rebuilds, heals and history change membership too, but they start nothing.
STARTING = (ChangeCause.EVENT, ChangeCause.CLOCK)


def announce(segment: Segment, run: Run) -> int:
    """Record the comings and goings of a run that may start something; how many."""
    listened = [
        entered
        for entered, name in ((True, facts.SEGMENT_ENTERED), (False, facts.SEGMENT_LEFT))
        if handlers_of(name)
    ]
    if not listened:
        return 0
    return record_many(_moves(segment, run, listened), now=run.now)


def _moves(segment: Segment, run: Run, listened: list[bool]) -> Iterator[NewEvent]:
    changes = MembershipChange.objects.filter(
        segment=segment, run=run, cause__in=STARTING, entered__in=listened
    )
    for customer_id, entered in changes.values_list("customer_id", "entered").iterator():
        yield NewEvent(
            customer_id=customer_id,
            name=facts.SEGMENT_ENTERED if entered else facts.SEGMENT_LEFT,
            key=f"segment:{segment.pk}:run:{run.pk}",
            occurred_at=run.now,
            properties={"segment": segment.pk, "run": run.pk, "at": run.now},
        )
