"""Every customer's first touch: heard from calls, kept in joins, placed again when codes and clues change."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from django.db import transaction

from config.kit.batches import copy_rows, execute, fetch, temporary_table
from users.models import AcquisitionChannel, ChannelClue, ClueKind, FirstTouch, SourceCode
from users.services.sql import statement
from users.services.touch import touch as note_change
from users.topics import TouchTopic
from users.touches import Clues, Said, Touch

TEXTS = tuple(one.name for one in fields(Touch) if one.name != "at")


@dataclass(frozen=True, slots=True)
class Heard:
    """What one call says of one customer."""

    customer_id: int
    said: Said


def hear_batch(oldest_trigger: datetime) -> int:
    """Keep the first touches that the calls of an intake batch tell of; how many became another.

    What was told before ``oldest_trigger`` is history.
    The customers' Standing rows must be locked. Read are only calls that can say something and are not later
    than the touch we have.
    """
    rows = fetch(statement("told_touches"), {"sites": _sites()})
    if not rows:
        return 0
    told = [Heard(customer_id, _said(at, *parts)) for customer_id, at, *parts in rows]
    clues = _clues(told)
    touches: dict[int, list[Touch]] = defaultdict(list)
    for one in told:
        if touch := one.said.touch(clues):
            touches[one.customer_id].append(touch)
    return _keep(touches, clues, oldest_trigger)


def absorb(joins: Mapping[int, int]) -> None:
    """The earlier of the touches of those who are joined (absorbed → survivor) is the survivor's."""
    known = _known({*joins, *joins.values()})
    touches: dict[int, list[Touch]] = defaultdict(list)
    for absorbed, survivor in joins.items():
        if absorbed in known:
            touches[survivor].append(known[absorbed])
    FirstTouch.objects.filter(customer__in=joins).delete()
    codes = {touch.code for found in touches.values() for touch in found}
    _keep(touches, read_clues(codes))


@transaction.atomic
def place_again(*, codes: Iterable[str] = (), unplaced: bool = False) -> int:
    """Read the meaning of touches anew: those with these codes, or all whose channel is not known; how many.

    Their customers are touched for rules.
    """
    values = {"codes": [code.lower() for code in codes], "unplaced": unplaced}
    execute(
        "SELECT FROM users_standing WHERE customer_id IN (SELECT customer_id FROM users_firsttouch"
        " WHERE code = ANY(%(codes)s) OR %(unplaced)s AND channel_id IS NULL)"
        " ORDER BY customer_id FOR NO KEY UPDATE",
        values,
    )
    return execute(statement("place_touches"), values)


def read_clues(codes: Iterable[str]) -> Clues:
    """Channels, clues, and those of the codes that exist."""
    wanted = {code for code in codes if code}
    found = SourceCode.objects.filter(code__in=wanted) if wanted else SourceCode.objects.none()
    return Clues(
        channels=dict(AcquisitionChannel.objects.values_list("slug", "pk")),
        codes={code: (pk, channel) for code, pk, channel in found.values_list("code", "pk", "channel_id")},
        table={
            (kind, value): channel
            for kind, value, channel in ChannelClue.objects.values_list("kind", "value", "channel_id")
        },
    )


def _sites() -> str | None:
    """A pattern of addresses on the sites that clues name; None when there are none."""
    found = ChannelClue.objects.filter(kind=ClueKind.REFERRER).values_list("value", flat=True)
    domains = "|".join(sorted(domain.replace(".", r"\.") for domain in found))
    return rf"^https?://([^/?#]*\.)?({domains})([:/?#]|$)" if domains else None


def _clues(told: Iterable[Heard]) -> Clues:
    return read_clues({code for one in told for code in one.said.codes})


def _said(
    at: datetime,
    campaign: str | None,
    url: str,
    search: str,
    referrer: str,
    code: str | None,
    channel: str | None,
) -> Said:
    """A row of told_touches.sql; JSON as text."""
    return Said(
        at=at,
        campaign=_json(campaign) or {},
        url=url or "",
        search=search or "",
        referrer=referrer or "",
        code=_json(code),
        channel=_json(channel),
    )


def _json(text: str | None) -> Any:
    return json.loads(text) if text else None


def _known(customer_ids: set[int]) -> dict[int, Touch]:
    rows = FirstTouch.objects.filter(customer__in=customer_ids).values_list("customer_id", "at", *TEXTS)
    return {pk: Touch(at, *texts) for pk, at, *texts in rows}


def _keep(touches: Mapping[int, list[Touch]], clues: Clues, oldest_trigger: datetime | None = None) -> int:
    """Write the first of what is told and known, where that is another than the known one."""
    known = _known(set(touches))
    firsts = {}
    for pk, told in touches.items():
        first = min(told, key=lambda touch: touch.order)
        if pk not in known or first.order < known[pk].order:
            firsts[pk] = first
    if not firsts:
        return 0
    columns = ("customer_id", "at", *TEXTS, "channel_id", "source_id")
    temporary_table(
        "told_touch",
        f"customer_id bigint, at timestamptz, {', '.join(f'{name} text' for name in TEXTS)},"
        " channel_id bigint, source_id bigint",
    )
    copy_rows("told_touch", columns, (_row(pk, touch, clues) for pk, touch in sorted(firsts.items())))
    execute(statement("keep_touches"))
    live = {pk for pk, first in firsts.items() if oldest_trigger is None or first.at >= oldest_trigger}
    note_change(live, TouchTopic.PROFILE)
    note_change(firsts.keys() - live, TouchTopic.PROFILE, is_history=True)
    return len(firsts)


def _row(pk: int, touch: Touch, clues: Clues) -> list[Any]:
    meaning = clues.meaning(touch)
    return [pk, touch.at, *(getattr(touch, name) for name in TEXTS), meaning.channel, meaning.source]
