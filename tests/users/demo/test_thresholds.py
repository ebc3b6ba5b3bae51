"""The demo's owner accepts the thresholds, once, and its reports are filled."""

from datetime import timedelta

import pytest

from config.kit import clock
from tests.users.door import send, visit
from users.models import AuditEntry, LifecycleRule, LongJob, Operator, StageFlow, StageMove
from users.services import long_jobs, stage_study, stages
from users.services.demo import thresholds
from users.services.operators import make_demo_operators

pytestmark = pytest.mark.django_db


def nothing(done: int, total: int) -> None:
    """Nobody watches."""


def test_the_owner_accepts_them_once_and_stages_start_things() -> None:
    make_demo_operators()
    now = clock.now()
    thresholds.accept_thresholds(now, nothing)
    thresholds.accept_thresholds(now, nothing)
    owner = Operator.objects.get(username="owner")
    assert [rule.accepted_by for rule in LifecycleRule.objects.order_by("version")] == [None, owner]
    assert not stages.rule_in_force().proposed
    assert AuditEntry.objects.get(act="lifecycle.accept").operator == owner
    send(visit(at=now, user="alice"))
    assert StageMove.objects.get().starts_things


def test_the_reports_are_filled_once() -> None:
    make_demo_operators()
    now = clock.now()
    send(visit(at=now - timedelta(days=400), user="alice"), visit(at=now, user="alice"), is_history=True)
    thresholds.study_history(now, nothing)
    thresholds.study_history(now, nothing)
    assert LongJob.objects.filter(kind__in=(stage_study.STUDY, stage_study.REPLAY)).count() == 2
    long_jobs.run_due()
    assert StageFlow.objects.exists()
    assert stage_study.last_study() is not None
    replayed = stage_study.last_replay()
    assert replayed is not None
    assert replayed.asked.thresholds == thresholds.TRIED
