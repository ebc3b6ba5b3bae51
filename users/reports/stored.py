"""Rows of heavy statements, computed once a shop day and kept; light ones are computed whenever they are asked for.

A report says the instant its rows stand for. What a group behind a figure holds is always read anew. A question about
so much that one statement takes too long is prepared in parts of the customers, whose rows add up.
"""

import hashlib
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError
from django.utils.translation import gettext as _
from psycopg2.errors import QueryCanceled

from config.kit.batches import fetch
from config.kit.refusal import Refusal
from users.models import ReportResult
from users.reports.figures import today_in_shop

SLOW = 1.0
"""Seconds from which rows are kept."""
KEPT_FOR = timedelta(days=2)
DAYS_AT_ONCE = 45


@dataclass(frozen=True, slots=True)
class Found:
    """Rows and the instant they stand for."""

    rows: Sequence[Sequence[Any]]
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Question:
    """A statement and its values. It may bind ``now``, the instant its rows stand for.

    One that can be answered in ``parts`` looks at the customers whose id, divided by ``%(parts)s``, leaves
    ``%(part)s``; the last ``sums`` columns of its rows add up over them.
    """

    statement: str
    values: Mapping[str, Any]
    sums: int = 0
    parts: int = 1

    def key(self, part: int | None = None) -> str:
        """What the rows are kept under: of everybody, or of one part."""
        told = (self.statement, sorted(self.values.items()), *(() if part is None else (part, self.parts)))
        return hashlib.sha256(repr(told).encode()).hexdigest()


def parts_of(days: int) -> int:
    """In how many parts of the customers what so many days brought is prepared: one takes seconds at a million."""
    return max(1, days // DAYS_AT_ONCE)


def rows(statement: str, values: Mapping[str, Any], now: datetime, *, keeps: bool = True) -> Found:
    """The rows of a statement: ``answer`` of a question that has no parts."""
    return answer(Question(statement, values), now, keeps=keeps)


def answer(question: Question, now: datetime, *, keeps: bool = True) -> Found:
    """The rows as of now, or as kept since this morning where they are heavy.

    ``keeps`` false: the rows hold what traffic says of people, so they are never kept. Raises Refusal for a
    question that takes too long.
    """
    if keeps and (kept := _kept(question.key(), now)):
        return kept
    began = time.monotonic()
    found = _fetch(question, now, part=0, parts=1)
    seconds = time.monotonic() - began
    if keeps and seconds >= SLOW:
        _keep(question.key(), found, seconds, now)
    return Found(found, now)


def prepare(question: Question, now: datetime, *, until: float) -> bool:
    """Answer a question part by part, until that second of the monotonic clock; whether all of it is kept now.

    All parts stand for the instant of the first.
    """
    if _kept(question.key(), now):
        return True
    told: list[Sequence[Sequence[Any]]] = []
    as_of, began, asked = now, time.monotonic(), False
    for part in range(question.parts):
        kept = _kept(question.key(part), now)
        if kept is None:
            if asked and time.monotonic() > until:
                return False
            asked = True
            kept = Found(_fetch(question, as_of, part=part, parts=question.parts), as_of)
            _keep(question.key(part), kept.rows, time.monotonic() - began, as_of)
        as_of = kept.as_of
        told.append(kept.rows)
    _keep(question.key(), added(told, question.sums), time.monotonic() - began, as_of)
    ReportResult.objects.filter(key__in=[question.key(part) for part in range(question.parts)]).delete()
    return True


def added(parts: Sequence[Sequence[Sequence[Any]]], sums: int) -> list[list[Any]]:
    """The rows of all parts, those that are alike but for their last ``sums`` columns as one with the sums."""
    total: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * sums)
    for row in (row for part in parts for row in part):
        here = total[tuple(row[: len(row) - sums])]
        for place, value in enumerate(row[len(row) - sums :]):
            here[place] += value
    return [[*key, *values] for key, values in total.items()]


def forget_old(now: datetime) -> int:
    """Remove what was computed days ago; how many."""
    return ReportResult.objects.filter(computed_at__lt=now - KEPT_FOR).delete()[0]


def forget_all() -> int:
    """Remove everything, because much has changed; how many."""
    return ReportResult.objects.all().delete()[0]


def _kept(key: str, now: datetime) -> Found | None:
    kept = ReportResult.objects.filter(key=key).first()
    if kept is None or kept.computed_at > now or today_in_shop(kept.computed_at) != today_in_shop(now):
        return None
    return Found(kept.rows, kept.computed_at)


def _keep(key: str, found: Sequence[Sequence[Any]], seconds: float, now: datetime) -> None:
    told = {"rows": found, "seconds": seconds, "computed_at": now}
    ReportResult.objects.update_or_create(key=key, defaults=told)


def _fetch(question: Question, now: datetime, *, part: int, parts: int) -> list[tuple[Any, ...]]:
    try:
        return fetch(question.statement, {**question.values, "now": now, "part": part, "parts": parts})
    except OperationalError as problem:
        if isinstance(problem.__cause__, QueryCanceled):
            raise Refusal(
                "too_slow",
                _("This question takes too long. Choose a shorter period, or take the split away."),
                status=503,
            ) from None
        raise
