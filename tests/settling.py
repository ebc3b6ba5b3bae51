"""Letting the machinery come to rest in a test: what the worker would do within seconds, done now."""

from config.kit import clock
from tests.operators import operator
from users.models import IntakeBody, Outbox
from users.services import intake, long_jobs, stages
from users.services.relay import relay


def apply_everything() -> None:
    """Apply what the front door has accepted, and let the handlers see what follows from it."""
    while IntakeBody.objects.exists():
        intake.apply_waiting(50)
    while Outbox.objects.filter(parked_at__isnull=True, due_at__lte=clock.now()).exists():
        relay(500)


def accept_thresholds() -> None:
    """What the shop does on its first day: an owner accepts the thresholds proposed, so that stages start things."""
    stages.accept_rule(**stages.days_of(stages.rule_in_force()), by=operator())
    long_jobs.run_due()
