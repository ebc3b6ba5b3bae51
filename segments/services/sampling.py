"""Lists out of segments: frozen as they are now, drawn by lot, dealt into parts; and out of groups behind a number.

A list that was taken promises who they were at that instant and nothing later. A sample that follows its segment is
a segment itself (``following_share``).

The lot is sticky: it depends on the customer and the word of the draw only. The same word draws the same people
again, a larger sample with it holds the smaller one, another word makes an independent draw.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from config.kit import clock
from config.kit.batches import execute, fetch, temporary_table
from config.kit.locks import Lock, lock_for_transaction
from config.kit.refusal import Conflict, Refusal
from segments.models import Segment
from segments.rules.conditions.bucket import LOTS
from segments.rules.tree import VERSION
from segments.services import lists
from segments.services.affected import Statement
from segments.services.membership import is_fresh
from segments.services.segments import create_segment
from users.groups import read_group
from users.models import Customer, LongJob, Operator
from users.services import audit, long_jobs
from users.services.long_jobs import Chunk, runs

FILL = "segments.fill_list"
AT_ONCE = 50_000
"""Customers that a page waits for; more are put in by a long job."""
MOST_PARTS = 10
WHOLE = 2**32
# A number from 0 to 2³² − 1 that nobody can foresee and that stays.
LOT = "('x' || substr(md5(%s || ':' || customer_id), 1, 8))::bit(32)::bigint"


@dataclass(frozen=True, slots=True)
class Draw:
    """How many of a segment: all, ``count``, or ``percent``; ``word`` names the draw."""

    count: int | None = None
    percent: float | None = None
    word: str = "1"

    def check(self) -> None:
        """Raises Refusal for what cannot be drawn."""
        if self.count is not None and self.count < 1:
            raise Refusal("bad_count", _("Draw at least one customer."), field="count")
        if self.percent is not None and not 0 < self.percent <= 100:
            raise Refusal("bad_percent", _("Give a share above 0 and up to 100 %."), field="percent")
        if len(self.word) > 40 or "\0" in self.word:
            raise Refusal("bad_word", _("The word of the draw may have 40 characters."), field="word")

    def statement(self, segment: int) -> Statement:
        """The customers drawn from the members as they are."""
        of = "SELECT customer_id FROM segments_membership WHERE segment_id = %s"
        if self.percent is not None:
            return f"{of} AND {LOT} < %s", [segment, self.word, round(self.percent / 100 * WHOLE)]
        if self.count is not None:
            return f"{of} ORDER BY {LOT}, customer_id LIMIT %s", [segment, self.word, self.count]
        return of, [segment]


@transaction.atomic
def list_of_segment(
    segment: Segment, *, name: str, draw: Draw | None = None, by: Operator | None, folder: str = ""
) -> tuple[Segment, LongJob | None]:
    """A list of a segment's members as they are now, or of some of them; and the job, where many are put in later.

    Raises Refusal, or Conflict for a segment that is not up to date.
    """
    chosen = draw or Draw()
    chosen.check()
    _require_fresh(segment)
    made = lists.create_list(name=name, description=_described(segment, chosen), by=by, folder=folder)
    source = {"segment": segment.pk, "count": chosen.count, "percent": chosen.percent, "word": chosen.word}
    return made, _fill(made, source, segment.size, by)


def following_share(
    segment: Segment, percent: int, *, name: str, word: str = "1", by: Operator | None, folder: str = ""
) -> Segment:
    """A segment that holds a share of another at every moment: those whose lot is among the first. Raises Refusal."""
    if not 1 <= percent < LOTS:
        raise Refusal(
            "bad_percent", _("A share that follows is a whole percentage from 1 to 99."), field="percent"
        )
    inside, drawn = {"segment": segment.pk, "op": "in"}, {"bucket": word, "from": 1, "to": percent}
    about = _("%(percent)d %% of the segment “%(name)s”, drawn by lot (%(word)s); it follows that segment")
    return create_segment(
        name=name,
        rule={"version": VERSION, "root": {"all": [inside, drawn]}},
        description=about % {"percent": percent, "name": segment.name, "word": word},
        folder=folder,
        by=by,
    )


@transaction.atomic
def list_of_group(
    spec: str, *, name: str, by: Operator | None, now: datetime, description: str = ""
) -> tuple[Segment, LongJob | None]:
    """A list of the customers behind a number, as they are now."""
    found = read_group(spec, now)
    made = lists.create_list(name=name, description=description or str(found.sentence), by=by)
    return made, _fill(made, {"group": spec}, _behind(spec, now).count(), by)


@transaction.atomic
def split(segment: Segment, parts: int, *, name: str, word: str = "1", by: Operator | None) -> list[Segment]:
    """Deal the members into lists that share nobody and leave out nobody; their sizes differ by one at most."""
    if not 2 <= parts <= MOST_PARTS:
        raise Refusal("bad_parts", _("Choose from 2 to %(n)d parts.") % {"n": MOST_PARTS}, field="parts")
    Draw(word=word).check()
    _require_fresh(segment)
    lock_for_transaction(Lock.SEGMENT_RUN)
    temporary_table("dealt", "customer_id bigint, part integer")
    execute(
        "INSERT INTO dealt SELECT customer_id, (row_number() OVER"
        f" (ORDER BY {LOT}, customer_id) - 1) %% %s FROM segments_membership WHERE segment_id = %s",
        [word, parts, segment.pk],
    )
    return [_part(segment, part, parts, name, by) for part in range(parts)]


def _part(segment: Segment, part: int, parts: int, name: str, by: Operator | None) -> Segment:
    letter = chr(ord("A") + part)
    about = _("Part %(letter)s of %(n)d of the segment “%(name)s”") % {
        "letter": letter, "n": parts, "name": segment.name,
    }  # fmt: skip
    made = lists.create_list(name=f"{name.strip()} {letter}", description=about, by=by)
    lists.write(made, ("SELECT customer_id FROM dealt WHERE part = %s", [part]), "add")
    made.refresh_from_db()
    return made


def _fill(made: Segment, source: dict[str, Any], size: int, by: Operator | None) -> LongJob | None:
    if size <= AT_ONCE:
        _put_in(made, source, clock.now())
        made.refresh_from_db()
        return None
    job = long_jobs.start(
        FILL,
        title=lambda: _("Fill the list “%(name)s”") % {"name": made.name},
        by=by,
        parameters={"list": made.pk, "source": source},
        total=size,
    )
    audit.record("segment.fill", by=by, target=made, after={"customers": size})
    return job


@runs(FILL)
def fill_chunk(job: LongJob, now: datetime) -> Chunk:
    """The whole list in one statement: it is as its source was at one instant."""
    made = Segment.objects.get(pk=job.parameters["list"])
    execute("SET LOCAL statement_timeout = '600s'")
    changed = _put_in(made, job.parameters["source"], now)
    return Chunk(done=changed.entered, finished=True, result={"entered": changed.entered})


def _put_in(made: Segment, source: Mapping[str, Any], now: datetime) -> lists.Changed:
    if "group" in source:
        return lists.write(made, _behind(source["group"], now), "add")
    draw = Draw(source["count"], source["percent"], source["word"])
    return lists.write(made, draw.statement(source["segment"]), "add")


def _behind(spec: str, now: datetime) -> Any:
    """The customers behind a number, as a query of ids; a group may give them as a statement of its own."""
    return Customer.objects.living().filter(pk__in=read_group(spec, now).customers).values("pk")


def _require_fresh(segment: Segment) -> None:
    if not is_fresh(segment, clock.now()):
        raise Conflict(
            "not_fresh", _("The segment is not up to date now. Wait until it is, then take its members.")
        )


def _described(segment: Segment, draw: Draw) -> str:
    named = {"name": segment.name, "word": draw.word}
    if draw.percent is not None:
        return _(
            "%(percent)g %% of the segment “%(name)s” as it was when this list was made, drawn by lot (%(word)s)"
        ) % {**named, "percent": draw.percent}
    if draw.count is not None:
        return _("%(n)d of the segment “%(name)s” as it was when this list was made, drawn by lot (%(word)s)") % {
            **named, "n": draw.count,
        }  # fmt: skip
    return _("The segment “%(name)s” as it was when this list was made") % named


def expected(segment: Segment, draw: Draw) -> int:
    """How many customers a draw gives now."""
    sql, parameters = draw.statement(segment.pk)
    ((found,),) = fetch(f"SELECT count(*) FROM ({sql}) AS drawn", parameters)
    return int(found)
