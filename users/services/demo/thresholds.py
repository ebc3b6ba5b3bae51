"""The demo shop's thresholds: its owner accepts those proposed, so that stages may start things; the reports filled."""

from datetime import datetime

from users.demo import Progress
from users.models import LongJob, Operator, Role
from users.reports import rollups
from users.services import stage_study, stages

TRIED = {"new_for": 14, "dormant_after": 45, "churned_after": 120, "returning_for": 30}


def accept_thresholds(now: datetime, progress: Progress) -> None:
    """Accept the thresholds as shipped, in the name of the demo's owner."""
    rule = stages.rule_in_force()
    if rule.proposed:
        stages.accept_rule(**stages.days_of(rule), by=_owner())


def study_history(now: datetime, progress: Progress) -> None:
    """Count the days, and ask for the silences and a trial of other thresholds; workers do those."""
    rollups.count_all(now)
    stage_study.study_if_old(now)
    if not LongJob.objects.filter(kind=stage_study.REPLAY).exists():
        stage_study.replay(**TRIED, now=now, by=_owner())


def _owner() -> Operator | None:
    return Operator.objects.filter(role=Role.OWNER).order_by("pk").first()
