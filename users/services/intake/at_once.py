"""What the shop's back end says over the storefront API: read and applied as the front door does it, before the answer.

The same reading (``users.tracking.items``), the same steps in the same transaction (``batch``), as if a server key had
told it at /v1/batch and the worker had just come by. What would become a dead letter there is refused here, and nothing
of the call happens.
"""

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import DataError, OperationalError, transaction
from django.utils.translation import gettext as _
from psycopg2.errors import DeadlockDetected

from config.kit.refusal import NotFound, Refusal
from users.models import ApiKey, Customer, CustomerAlias, DeadLetter, Identity, IdentityKind
from users.services.accept import accept
from users.services.intake.apply import TRIES
from users.services.intake.batch import apply_batch
from users.services.intake.counts import Applied
from users.services.jobs import nudge
from users.services.order_letters import REFUND_OVER_TOTAL, UNKNOWN_ORDER, release_waiting
from users.services.touch import touch
from users.topics import TouchTopic
from users.tracking.body import Body
from users.tracking.items import Item, envelope, read_event
from users.tracking.refusals import ITEM, ItemRefused

STATUS = {UNKNOWN_ORDER: 404, REFUND_OVER_TOTAL: 409, "other_currency": 409, "no_exchange_rate": 409}
"""What is not the body's fault by itself, but does not go with what is known."""
MADE = "api-"
"""How the anonymous ids begin that are given to customers who have no name for the intake."""


def read_all(events: Sequence[dict[str, Any]], *, now: datetime, at: str = "") -> list[Item]:
    """Events in the shape of the tracking API as items. Refuses the first that is none; ``at`` names the list."""
    body = Body(list(events), False, 2**40, None, None, None)
    shared = envelope(body, kind=None, received_at=now)
    items = []
    for position, event in enumerate(events):
        try:
            items.append(read_event(event, shared))
        except ItemRefused as refused:
            raise _refusal(refused.code, refused.field, f"{at}.{position}" if at else "") from None
    return items


def tell(
    items: Sequence[Item], *, key: int | None, now: datetime, is_history: bool = False, at: str = ""
) -> Applied:
    """Apply items told by a server key. Refuses what the intake would park, by the first such item."""
    for attempt in range(1, TRIES + 1):
        try:
            with transaction.atomic():
                return _apply(items, key, now, is_history, at)
        except DataError:
            raise _refusal("cannot_be_applied", "", "") from None
        except OperationalError as problem:
            if attempt == TRIES or not isinstance(problem.__cause__, DeadlockDetected):
                raise
    raise RuntimeError("deadlocks again and again")


def _apply(items: Sequence[Item], key: int | None, now: datetime, is_history: bool, at: str) -> Applied:
    by = None if key is None else ApiKey(pk=key)
    body = accept(items, key=by, confirmed=True, is_history=is_history, received_at=now)
    if body is None:
        return Applied()
    done = apply_batch([body], now=now)
    if done.parked:
        _refuse_parked(items, key, now, at)
    _refuse_turned_away(items, at)
    if done.orders and release_waiting():
        nudge("users.apply_intake")
    nudge("users.relay")
    return done


def _refuse_parked(items: Sequence[Item], key: int | None, now: datetime, at: str) -> None:
    """Say why the first of the parked items was refused; the transaction takes its dead letter back."""
    positions = {item["message_id"]: position for position, item in enumerate(items)}
    letters = DeadLetter.objects.filter(key_id=key, received_at=now, replayed_at__isnull=True)
    parked = [(positions.get(json.loads(one.item).get("message_id")), one) for one in letters]
    position, letter = min(
        ((position, one) for position, one in parked if position is not None), key=lambda pair: pair[0]
    )
    raise _refusal(letter.code, letter.field, f"{at}.{position}" if at else "")


def _refuse_turned_away(items: Sequence[Item], at: str) -> None:
    """The door drops what names somebody who was erased, without a word; who waits for the answer is told."""
    names = [_name_in(item) for item in items]
    known = set(
        Identity.objects.filter(
            kind__in=(IdentityKind.USER_ID, IdentityKind.ANONYMOUS_ID),
            value__in={name[1] for name in names if name},
        ).values_list("kind", "value")
    )
    lost = next((position for position, name in enumerate(names) if name and name not in known), None)
    if lost is not None:
        field = "user_id" if names[lost] and items[lost]["user_id"] else "anonymous_id"
        raise Refusal(
            "erased",
            _("This person was erased and is not taken up again."),
            field=f"{at}.{lost}.{field}" if at else field,
            status=409,
        )


def _name_in(item: Item) -> tuple[str, str] | None:
    if item["user_id"]:
        return IdentityKind.USER_ID.value, item["user_id"]
    return (IdentityKind.ANONYMOUS_ID.value, item["anonymous_id"]) if item["anonymous_id"] else None


def _refusal(code: str, field: str, place: str) -> Refusal:
    where = ".".join(filter(None, (place, field)))
    return Refusal(code, str(ITEM.get(code, code)), field=where or None, status=STATUS.get(code, 400))


def name_of(customer: Customer) -> dict[str, str]:
    """By what the intake finds a living customer: the userId, else an anonymous id; who has none is given one."""
    return names_of([customer.pk])[customer.pk]


def names_of(customer_ids: Iterable[int]) -> dict[int, dict[str, str]]:
    """``name_of`` for the numbers of several customers, also of those who were joined to others since."""
    asked = set(customer_ids)
    aliases = CustomerAlias.objects.filter(old_id__in=asked).values_list("old_id", "customer_id")
    leads = {**{one: one for one in asked}, **dict(aliases)}
    living = Customer.objects.living().filter(pk__in=leads.values()).in_bulk()
    nameless = [pk for pk, one in living.items() if not one.user_id]
    held = Identity.objects.filter(customer__in=nameless, kind=IdentityKind.ANONYMOUS_ID)
    held = held.order_by("customer_id", "since", "value")
    browsers = dict(held.distinct("customer_id").values_list("customer_id", "value"))
    browsers |= _given_names([living[pk] for pk in nameless if pk not in browsers])
    return {
        number: {"userId": found.user_id} if found.user_id else {"anonymousId": browsers[pk]}
        for number, pk in leads.items()
        if (found := living.get(pk))
    }


@transaction.atomic
def _given_names(nameless: Sequence[Customer]) -> dict[int, str]:
    """An anonymous id of their own for each of these customers."""
    made = {one.pk: f"{MADE}{secrets.token_hex(16)}" for one in nameless}
    Identity.objects.bulk_create(
        Identity(kind=IdentityKind.ANONYMOUS_ID, value=made[one.pk], customer=one, since=one.first_seen_at)
        for one in nameless
    )
    touch(made, TouchTopic.PROFILE)
    return made


def owner_of(name: Mapping[str, str]) -> Customer:
    """The living customer to whom a name of the tracking API leads. Refuses ``not_found``."""
    kind, value = (
        (IdentityKind.USER_ID, name["userId"])
        if "userId" in name
        else (IdentityKind.ANONYMOUS_ID, name["anonymousId"])
    )
    found = Customer.objects.living().filter(identities__kind=kind, identities__value=value).first()
    if found is None:
        raise NotFound(_("There is no such customer."))
    return found
