"""Scheduled jobs: one effect per slot, a row that says how it went."""

from datetime import datetime

import pytest
from kombu.exceptions import OperationalError

from users.models import JobRun
from users.services import jobs
from users.services.jobs import run_slot


@pytest.mark.django_db
def test_two_beats_in_one_slot_have_one_effect() -> None:
    seen: list[datetime] = []

    def act(now: datetime) -> dict[str, int]:
        seen.append(now)
        return {"done": 3}

    first = run_slot("users.relay", act, slot_seconds=86_400 * 365)
    assert first is not None
    assert run_slot("users.relay", act, slot_seconds=86_400 * 365) is None
    row = JobRun.objects.get(job="users.relay")
    assert (len(seen), row.result, row.error) == (1, {"done": 3}, "")
    assert row.finished_at is not None
    assert row.milliseconds is not None


@pytest.mark.django_db
def test_what_a_job_raises_is_shown_and_raised() -> None:
    def act(now: datetime) -> None:
        raise LookupError("the till is empty")

    with pytest.raises(LookupError):
        run_slot("users.relay", act, slot_seconds=86_400 * 365)
    assert JobRun.objects.get(job="users.relay").error == "LookupError: the till is empty"


def test_without_redis_a_nudge_is_tried_once_in_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """Finding out that Redis is away takes seconds, and behind a nudge somebody waits for an answer."""
    tried: list[str] = []
    moment = [1_000.0]

    def away(name: str, **_: object) -> None:
        tried.append(name)
        raise OperationalError

    monkeypatch.setattr("users.services.jobs.time.monotonic", lambda: moment[0])
    monkeypatch.setattr("users.services.jobs.current_app.send_task", away)
    monkeypatch.setattr(jobs, "_away_until", 0.0)
    for _call in range(5):
        jobs._send("users.relay")
    assert len(tried) == 1
    moment[0] += jobs.REST
    jobs._send("users.relay")
    assert len(tried) == 2
    monkeypatch.setattr("users.services.jobs.current_app.send_task", lambda name, **_: tried.append(name))
    moment[0] += jobs.REST
    for _call in range(3):
        jobs._send("users.relay")
    assert len(tried) == 5
