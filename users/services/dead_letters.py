"""Dead letters: items that were refused or could not be applied, sent through the front door again."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from config.kit import clock, strict_json
from users.models import DeadLetter, Operator
from users.services import audit
from users.services.accept import accept
from users.tracking.body import Body
from users.tracking.items import Item, envelope, read_event
from users.tracking.refusals import ItemRefused

MOST_AT_ONCE = 500
KEPT_REPLAYED = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Replayed:
    """What replaying came to: items accepted again, and those refused again."""

    accepted: int
    refused: int


def waiting() -> QuerySet[DeadLetter]:
    """Letters that nobody has replayed, newest first."""
    return DeadLetter.objects.filter(replayed_at__isnull=True).order_by("-parked_at", "-pk")


def replay(letter_ids: Iterable[int], *, by: Operator | None, actor: str = "") -> Replayed:
    """Send letters through validation and intake again, as they came: same key, same trust, same time.

    A letter that is refused again stays, with the reason of now. At most 500 at once; one that somebody
    else is replaying is left to him.
    """
    with transaction.atomic():
        letters = _claim(letter_ids)
        now = clock.now()
        groups: dict[tuple[Any, bool, bool], list[Item]] = defaultdict(list)
        for letter in letters:
            _try(letter, groups, now)
        for (key, confirmed, is_history), items in groups.items():
            accept(items, key=key, confirmed=confirmed, is_history=is_history, received_at=now)
        DeadLetter.objects.bulk_update(letters, ["replayed_at", "code", "field", "detail"])
        outcome = Replayed(
            accepted=sum(letter.replayed_at is not None for letter in letters),
            refused=sum(letter.replayed_at is None for letter in letters),
        )
        audit.record(
            "dead_letter.replay",
            by=by,
            actor=actor,
            after={"accepted": outcome.accepted, "refused": outcome.refused},
        )
    return outcome


def forget_old(now: datetime) -> int:
    """Delete letters replayed a week ago; how many. Those that wait have their time (``users.keeping``)."""
    return DeadLetter.objects.filter(replayed_at__lt=now - KEPT_REPLAYED).delete()[0]


def _claim(letter_ids: Iterable[int]) -> list[DeadLetter]:
    chosen = waiting().select_related("key").filter(pk__in=list(letter_ids))
    return list(chosen.select_for_update(of=("self",), skip_locked=True)[:MOST_AT_ONCE])


def _try(letter: DeadLetter, groups: dict[tuple[Any, bool, bool], list[Item]], now: datetime) -> None:
    try:
        item = _item(letter)
    except ItemRefused as refused:
        letter.code, letter.field, letter.detail = refused.code, refused.field[:100], ""
        return
    letter.replayed_at = now
    groups[letter.key, letter.confirmed, letter.is_history].append(item)


def _item(letter: DeadLetter) -> Item:
    """The letter's item: a normalised one as it is, an event as it was sent validated once more."""
    try:
        document = strict_json.parse(letter.item.encode())
    except strict_json.Flaw as flaw:
        raise ItemRefused(letter.code if flaw.code == "not_json" else flaw.code, letter.field) from None
    told = document.value
    if isinstance(told, dict) and "message_id" in told and "occurred_at" in told:
        return told
    body = Body([told], document.clean, len(letter.item), None, None, None)
    return read_event(told, envelope(body, kind=None, received_at=letter.received_at))
