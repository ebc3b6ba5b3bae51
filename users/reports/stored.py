"""Rows of heavy statements, computed once a shop day and kept; light ones are computed whenever they are asked for.

A report says the instant its rows stand for. What a group behind a figure holds is always read anew. A question about
so much that one statement takes too long is prepared in parts of the customers, whose rows add up.
"""

import hashlib
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError, connection
from django.utils.translation import gettext as _
from psycopg2.errors import QueryCanceled

from config.kit.batches import fetch
from config.kit.refusal import Refusal
from users.models import ReportResult
from users.reports.figures import today_in_shop
from users.reports.patience import with_patience

SLOW = 1.0
"""Seconds from which rows are kept."""
KEPT_FOR = timedelta(days=2)
LARGE = 200_000
"""Rows of a table from which a sum over all of it is asked for every ``LATELY`` only."""
LATELY = timedelta(minutes=10)
DAYS_AT_ONCE = 45
FIRST, LAST = 0, 2**63 - 1
"""Ids that no customer is outside of."""
EVERYBODY = {"from_id": FIRST, "to_id": LAST}
RANGES = "ranges"

Rows = Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Found:
    """Rows and the instant they stand for."""

    rows: Sequence[Sequence[Any]]
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Question:
    """A statement and its values. It may bind ``now``, the instant its rows stand for.

    One that can be answered in ``parts`` looks at the customers whose ids are from ``%(from_id)s`` to ``%(to_id)s``, so
    that an index which begins with the customer gives each part what is its own and no more; the last ``sums``
    columns of its rows add up over them.
    """

    statement: str
    values: Mapping[str, Any]
    sums: int = 0
    parts: int = 1

    def key(self, part: int | str | None = None) -> str:
        """What the rows are kept under: of everybody, or of one part; or what else belongs to the question."""
        told = (self.statement, sorted(self.values.items()), *(() if part is None else (part, self.parts)))
        return hashlib.sha256(repr(told).encode()).hexdigest()


def parts_of(days: int) -> int:
    """In how many parts of the customers what so many days brought is prepared: one takes seconds at a million."""
    return max(1, days // DAYS_AT_ONCE)


def rows(statement: str, values: Mapping[str, Any], now: datetime, *, keeps: bool = True) -> Found:
    """The rows of a statement: ``answer`` of a question that has no parts."""
    return answer(Question(statement, values), now, keeps=keeps)


def answer(question: Question, now: datetime, *, keeps: bool = True, within: int | None = None) -> Found:
    """The rows as of now, or as kept since this morning where they are heavy.

    ``keeps`` false: the rows hold what traffic says of people, so they are never kept. Raises Refusal for a
    question that takes too long, or longer than ``within`` seconds.
    """
    if keeps and (kept := _kept(question.key(), now)):
        return kept
    began = time.monotonic()
    with with_patience(within) if within else nullcontext():
        found = _fetch(question, now, FIRST, LAST)
    seconds = time.monotonic() - began
    if keeps and seconds >= SLOW:
        _keep(question.key(), found, seconds, now)
    return Found(found, now)


def lately(name: str, compute: Callable[[], Rows], now: datetime, *, of: Sequence[str]) -> Found:
    """The rows as of now; of large tables (``of``: their names) as of some minutes ago.

    For figures that grow with the shop and that a page asks for as they stand. ``name`` says which figures they are.
    """
    if all(rows_about(table) < LARGE for table in of):
        return Found(compute(), now)
    key = hashlib.sha256(f"lately {name}".encode()).hexdigest()
    kept = ReportResult.objects.filter(key=key).first()
    if kept is not None and now - LATELY < kept.computed_at <= now:
        return Found(kept.rows, kept.computed_at)
    began = time.monotonic()
    rows = compute()
    _keep(key, rows, time.monotonic() - began, now)
    return Found(rows, now)


def rows_about(table: str) -> int:
    """About how many rows a table holds, as PostgreSQL noted when it was looked at last, within the hour."""
    database = connection.settings_dict["NAME"]
    asked, rows = _looked_at.get((database, table), (0.0, 0))
    if not asked or time.monotonic() - asked > LOOKED_AT_FOR:
        ((rows,),) = fetch("SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [table])
        _looked_at[database, table] = (time.monotonic(), rows)
    return rows


LOOKED_AT_FOR = 3600.0
_looked_at: dict[tuple[Any, str], tuple[float, int]] = {}


def prepare(question: Question, now: datetime, *, until: float) -> bool:
    """Answer a question part by part, until that second of the monotonic clock; whether all of it is kept now.

    All parts stand for the instant of the first.
    """
    if _kept(question.key(), now):
        return True
    told: list[Sequence[Sequence[Any]]] = []
    as_of, began, asked = now, time.monotonic(), False
    ranges = _ranges(question, now)
    for part, ids in enumerate(ranges):
        kept = _kept(question.key(part), now)
        if kept is None:
            if asked and time.monotonic() > until:
                return False
            asked = True
            kept = Found(_fetch(question, as_of, *ids), as_of)
            _keep(question.key(part), kept.rows, time.monotonic() - began, as_of)
        as_of = kept.as_of
        told.append(kept.rows)
    _keep(question.key(), added(told, question.sums), time.monotonic() - began, as_of)
    keys = [question.key(RANGES), *(question.key(part) for part in range(question.parts))]
    ReportResult.objects.filter(key__in=keys).delete()
    return True


def ranges(parts: int) -> list[tuple[int, int]]:
    """Ranges of ids, from and to (both included), that hold everybody and about equally many active days each.

    What PostgreSQL noted of the customer-days says where they end; before it has looked, the ids are cut evenly.
    """
    noted = fetch(
        "SELECT histogram_bounds::text::bigint[] FROM pg_stats WHERE schemaname = current_schema()"
        " AND tablename = 'users_customerday' AND attname = 'customer_id' AND histogram_bounds IS NOT NULL"
    )
    cut = noted[0][0] if noted else [0, fetch("SELECT coalesce(max(id), 0) FROM users_customer")[0][0]]
    steps = len(cut) - 1
    ends = []
    for number in range(1, parts):
        whole, rest = divmod(number * steps, parts)
        ends.append(cut[whole] + (cut[whole + 1] - cut[whole]) * rest // parts)
    return list(zip([FIRST, *(end + 1 for end in ends)], [*ends, LAST], strict=True))


def done_parts(question: Question, now: datetime) -> int:
    """How many parts of a question that is being prepared are kept."""
    keys = [question.key(part) for part in range(question.parts)]
    return sum(_is_of_today(kept, now) for kept in ReportResult.objects.filter(key__in=keys).defer("rows"))


def is_kept(question: Question, now: datetime) -> bool:
    """Whether the answer is kept."""
    return any(
        _is_of_today(one, now) for one in ReportResult.objects.filter(key=question.key()).defer("rows")
    )


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
    if kept is None or not _is_of_today(kept, now):
        return None
    return Found(kept.rows, kept.computed_at)


def _is_of_today(kept: ReportResult, now: datetime) -> bool:
    return kept.computed_at <= now and today_in_shop(kept.computed_at) == today_in_shop(now)


def _keep(key: str, found: Sequence[Sequence[Any]], seconds: float, now: datetime) -> None:
    told = {"rows": found, "seconds": seconds, "computed_at": now}
    ReportResult.objects.update_or_create(key=key, defaults=told)


def _ranges(question: Question, now: datetime) -> Sequence[Sequence[int]]:
    """The ids of each part, decided with the first of them: what is noted of the customers may change meanwhile."""
    if question.parts == 1:
        return [(FIRST, LAST)]
    if kept := _kept(question.key(RANGES), now):
        return kept.rows
    found = ranges(question.parts)
    _keep(question.key(RANGES), found, 0.0, now)
    return found


def _fetch(question: Question, now: datetime, first: int, last: int) -> list[tuple[Any, ...]]:
    try:
        return fetch(question.statement, {**question.values, "now": now, "from_id": first, "to_id": last})
    except OperationalError as problem:
        if isinstance(problem.__cause__, QueryCanceled):
            raise Refusal(
                "too_slow",
                _("This question takes too long. Choose a shorter period, or take the split away."),
                status=503,
            ) from None
        raise
