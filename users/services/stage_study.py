"""Studying the shop's history for thresholds: its silences, and what other thresholds would have done.

Both read every customer-day once, so they are long jobs over slices of customers; they change nothing. What
came of the last one stays in its row and is what the page shows.
"""

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from config.kit.batches import execute, fetch
from config.kit.refusal import Conflict
from users.lifecycle import Thresholds
from users.models import LongJob, Operator, Standing
from users.services import audit, stages
from users.services.long_jobs import OPEN, Chunk, runs, start
from users.services.sql import statement
from users.thresholds import Silences

STUDY = "users.study_silences"
REPLAY = "users.replay_thresholds"
CHUNK = 10_000
WINDOW = timedelta(days=365)
KINDS = ("closed", "reached", "stayed")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What thresholds would have meant within the window.

    ``dormant`` and ``churned``: customers flagged; ``…_back``: those of them active again after the first time.
    ``moves``: moves by Monday week (the shop's zone) and stage.
    """

    thresholds: dict[str, int]
    dormant: int
    dormant_back: int
    churned: int
    churned_back: int
    moves: dict[date, dict[str, int]]

    @property
    def all_moves(self) -> int:
        """Moves in the window."""
        return sum(sum(week.values()) for week in self.moves.values())


@dataclass(frozen=True, slots=True)
class Replay:
    """A replay that has ended: from when to when, under the thresholds asked for and those in force then."""

    begin: datetime
    end: datetime
    customers: int
    asked: Outcome
    in_force: Outcome

    @property
    def days(self) -> float:
        """The window in days."""
        return (self.end - self.begin) / timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Study:
    """The shop's silences as counted at ``at``."""

    at: datetime
    silences: Silences


@transaction.atomic
def study(*, now: datetime, by: Operator | None) -> LongJob:
    """Ask for the silences to be counted; the job. Raises Conflict while one is under way."""
    _refuse_second(STUDY)
    return start(
        STUDY,
        title=lambda: _("Count the silences between visits"),
        by=by,
        parameters={"now": now.isoformat()},
        total=Standing.objects.count(),
    )


@transaction.atomic
def replay(
    *,
    new_for: int,
    dormant_after: int,
    churned_after: int,
    returning_for: int,
    now: datetime,
    by: Operator | None,
) -> LongJob:
    """Ask what these thresholds (days) would have done in the last 365 days; the job.

    Raises Refusal for thresholds out of order, Conflict while a replay is under way.
    """
    asked = stages.in_order(
        new_for=new_for,
        dormant_after=dormant_after,
        churned_after=churned_after,
        returning_for=returning_for,
    )
    _refuse_second(REPLAY)
    job = start(
        REPLAY,
        title=lambda: _("Try thresholds on the last 365 days"),
        by=by,
        parameters={
            "now": now.isoformat(),
            "asked": asked,
            "in_force": stages.days_of(stages.rule_in_force()),
        },
        total=Standing.objects.count(),
    )
    audit.record("lifecycle.try", by=by, target=job, after=asked)
    return job


def study_if_old(now: datetime) -> bool:
    """Ask for the silences to be counted where that was not done for a day; whether it was asked for."""
    last = LongJob.objects.filter(kind=STUDY).order_by("-pk").first()
    if last is not None and (last.state in OPEN or last.created_at > now - timedelta(hours=23)):
        return False
    study(now=now, by=None)
    return True


def last_study() -> Study | None:
    """What the last count of silences came to."""
    job = LongJob.objects.filter(kind=STUDY, state=LongJob.State.DONE).order_by("-pk").first()
    if job is None or job.result is None:
        return None
    counts = {kind: {int(days): n for days, n in job.result[kind].items()} for kind in KINDS}
    return Study(datetime.fromisoformat(job.result["now"]), Silences(**counts))


def last_replay() -> Replay | None:
    """What the last replay came to."""
    job = LongJob.objects.filter(kind=REPLAY, state=LongJob.State.DONE).order_by("-pk").first()
    if job is None or job.result is None:
        return None
    end = datetime.fromisoformat(job.result["now"])
    outcomes = {which: _outcome(job.result, which) for which in ("asked", "in_force")}
    return Replay(end - WINDOW, end, job.done, **outcomes)


def has_only_orders() -> bool:
    """Whether orders are the only activity the shop has sent, so that silences are those between orders."""
    names = fetch(
        """
        SELECT type.name FROM users_eventtype type
        WHERE type.is_activity AND EXISTS (SELECT FROM users_event event WHERE event.type_id = type.id)
        """
    )
    return [name for (name,) in names] == ["Order Completed"]


@runs(STUDY)
def study_chunk(job: LongJob, now: datetime) -> Chunk:
    """The silences of the next few thousand customers, added to those before."""
    totals = {kind: Counter(job.parameters.get(kind, {})) for kind in KINDS}
    upto, count = _slice(job)
    if upto is None:
        return Chunk(finished=True, result={"now": job.parameters["now"], **totals})
    values = {"after": job.parameters.get("after", 0), "upto": upto, "now": job.parameters["now"]}
    for kind, days, silences in fetch(statement("silences"), values):
        totals[kind][str(days)] += silences
    return Chunk(done=count, parameters={"after": upto, **totals})


@runs(REPLAY)
def replay_chunk(job: LongJob, now: datetime) -> Chunk:
    """What would have become of the next few thousand customers, under both sets of thresholds."""
    totals = {which: Counter(job.parameters.get(f"{which}_counts", {})) for which in ("asked", "in_force")}
    upto, count = _slice(job)
    if upto is None:
        facts = {name: job.parameters[name] for name in ("now", "asked", "in_force")}
        counts = {f"{which}_counts": counter for which, counter in totals.items()}
        return Chunk(finished=True, result={**facts, **counts})
    _lay_out(job.parameters.get("after", 0), upto)
    end = datetime.fromisoformat(job.parameters["now"])
    for which, counter in totals.items():
        _derive(job.parameters[which])
        window = {"begin": end - WINDOW, "end": end, "zone": settings.SHOP_TIME_ZONE}
        for kind, stage, week, customers in fetch(statement("replay_figures"), window):
            counter[f"{kind} {stage} {week}"] += customers
    counts = {f"{which}_counts": counter for which, counter in totals.items()}
    return Chunk(done=count, parameters={"after": upto, **counts})


def _refuse_second(kind: str) -> None:
    if LongJob.objects.filter(kind=kind, state__in=OPEN).exists():
        raise Conflict("under_way", _("This is being computed already. Wait until it has ended."))


def _slice(job: LongJob) -> tuple[int | None, int]:
    """The last id of the next slice of customers, and how many are in it; (None, 0): there are no more."""
    after = job.parameters.get("after", 0)
    ids = Standing.objects.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:CHUNK]
    found = list(ids)
    return (found[-1], len(found)) if found else (None, 0)


def _lay_out(after: int, upto: int) -> None:
    """The customer-days of a slice of identified customers, as the machine of stages takes them."""
    stages.begin()
    slice_ = {"after": after, "upto": upto}
    execute(
        """
        INSERT INTO stage_scope (customer_id, since, until, from_first_run, quiet)
        SELECT id, NULL, NULL, true, true FROM users_customer
        WHERE id > %(after)s AND id <= %(upto)s AND identified AND erased_at IS NULL
        """,
        slice_,
    )
    stages.add_known_spans()
    execute("ANALYZE stage_scope, stage_span")


def _derive(days: dict[str, int]) -> None:
    """Every move of the slice under thresholds on trial, in ``stage_moment``; nothing is put on record."""
    execute("TRUNCATE stage_moment")
    rule = Thresholds(**{name: timedelta(days=number) for name, number in days.items()})
    execute(statement("derive_moves"), asdict(rule))


def _outcome(result: dict[str, Any], which: str) -> Outcome:
    counts: dict[str, int] = result[f"{which}_counts"]
    moves: dict[date, dict[str, int]] = {}
    for key, customers in counts.items():
        kind, stage, week = key.split(" ")
        if kind == "moves":
            moves.setdefault(date.fromisoformat(week), {})[stage] = customers
    return Outcome(
        result[which],
        counts.get("flagged dormant ", 0),
        counts.get("back dormant ", 0),
        counts.get("flagged churned ", 0),
        counts.get("back churned ", 0),
        dict(sorted(moves.items())),
    )
