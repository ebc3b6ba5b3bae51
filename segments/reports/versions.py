"""The versions of a segment's rule: who made each and when, how many it held, what changed."""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.db import connection

from segments.models import Segment
from segments.rules.words import Words
from segments.services.rule_tree import Branch, difference

MOST = 100

# The first and the last size that each version had; a version that no run has looked at has none.
STATEMENT = """
SELECT DISTINCT rule_version, first_value(size) OVER versions, last_value(size) OVER versions
FROM segments_segmentrun WHERE segment_id = %s AND error = ''
WINDOW versions AS (PARTITION BY rule_version ORDER BY run_id
    ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
"""


@dataclass(frozen=True, slots=True)
class Version:
    """One version; ``size_before`` is the last of the version before it, ``size_after`` its own first."""

    number: int
    rule: Any
    made_at: datetime
    made_by: str
    size_before: int | None
    size_after: int | None
    tree: Branch | None
    is_current: bool


def versions_of(segment: Segment, words: Words) -> list[Version]:
    """The last hundred versions, newest first."""
    rows = list(segment.versions.select_related("made_by").order_by("-version")[: MOST + 1])
    with connection.cursor() as cursor:
        cursor.execute(STATEMENT, [segment.pk])
        sizes = {version: (first, last) for version, first, last in cursor.fetchall()}
    found = []
    for row, before in pairwise([*rows, None]):
        assert row is not None
        found.append(
            Version(
                number=row.version,
                rule=row.rule,
                made_at=row.made_at,
                made_by=str(row.made_by or ""),
                size_before=sizes.get(before.version, (None, None))[1] if before else None,
                size_after=sizes.get(row.version, (None, None))[0],
                tree=difference(before.rule if before else row.rule, row.rule, words),
                is_current=row.version == segment.rule_version,
            )
        )
    return found[:MOST]
