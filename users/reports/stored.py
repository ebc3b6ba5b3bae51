"""Rows of heavy statements, computed once a shop day and kept; light ones are computed whenever they are asked for.

A report says the instant its rows stand for. What a group behind a figure holds is always read anew.
"""

import hashlib
import time
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


@dataclass(frozen=True, slots=True)
class Found:
    """Rows and the instant they stand for."""

    rows: Sequence[Sequence[Any]]
    as_of: datetime


def rows(statement: str, values: Mapping[str, Any], now: datetime, *, keeps: bool) -> Found:
    """The rows of a statement as of now, or as kept since this morning where it is heavy.

    ``keeps`` false: the rows hold what traffic says of people, so they are never kept. Raises Refusal for a
    question that takes too long.
    """
    key = hashlib.sha256(repr((statement, sorted(values.items()))).encode()).hexdigest()
    kept = ReportResult.objects.filter(key=key).first() if keeps else None
    if kept is not None and kept.computed_at <= now and today_in_shop(kept.computed_at) == today_in_shop(now):
        return Found(kept.rows, kept.computed_at)
    began = time.monotonic()
    found = _fetch(statement, values)
    seconds = time.monotonic() - began
    if keeps and seconds >= SLOW:
        told = {"rows": found, "seconds": seconds, "computed_at": now}
        ReportResult.objects.update_or_create(key=key, defaults=told)
    return Found(found, now)


def forget_old(now: datetime) -> int:
    """Remove what was computed days ago; how many."""
    return ReportResult.objects.filter(computed_at__lt=now - KEPT_FOR).delete()[0]


def _fetch(statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    try:
        return fetch(statement, dict(values))
    except OperationalError as problem:
        if isinstance(problem.__cause__, QueryCanceled):
            raise Refusal(
                "too_slow",
                _("This question takes too long. Choose a shorter period, or take the split away."),
                status=503,
            ) from None
        raise
