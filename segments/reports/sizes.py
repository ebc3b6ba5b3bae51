"""How large segments were, day by day."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db import connection

from config.kit import words

# The last run of each calendar day that looked at anybody; a segment that nothing happened to has none.
STATEMENT = """
SELECT DISTINCT ON (of.segment_id, day) of.segment_id, (run.now AT TIME ZONE %s)::date AS day, of.size
FROM segments_segmentrun of JOIN segments_run run ON run.id = of.run_id
WHERE of.segment_id = ANY(%s) AND run.now >= %s AND of.error = ''
ORDER BY of.segment_id, day, of.run_id DESC
"""


def sizes_by_day(
    segments: Sequence[int], now: datetime, days: int
) -> dict[int, list[tuple[date, int | None]]]:
    """The size at the end of each of the last ``days`` calendar days (shop zone), today included.

    A day without a run of its own has the size of the day before; before the first run it is None.
    """
    today = now.astimezone(words.shop_zone()).date()
    first = today - timedelta(days=days - 1)
    with connection.cursor() as cursor:
        cursor.execute(STATEMENT, [str(words.shop_zone()), list(segments), now - timedelta(days=days + 1)])
        known = {(pk, day): size for pk, day, size in cursor.fetchall()}
    return {pk: _filled(pk, first, days, known) for pk in segments}


def _filled(
    pk: int, first: date, days: int, known: dict[tuple[int, date], int]
) -> list[tuple[date, int | None]]:
    size = next((known[pk, day] for day in (first - timedelta(days=1),) if (pk, day) in known), None)
    filled: list[tuple[date, int | None]] = []
    for ahead in range(days):
        day = first + timedelta(days=ahead)
        size = known.get((pk, day), size)
        filled.append((day, size))
    return filled
