"""Whether the raw body of a delivery names somebody who was erased: then it is not kept.

A shop goes on telling of its customer after our erasure: the body holds the name and the address again, whether its
items are applied, not needed, or could not be read.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

import orjson
from django.db import transaction

from users.identities import Key
from users.models import Erasure, Identity, IdentityKind, ShopDelivery
from users.services import erased
from users.services.contacts import email_address, phone_number

MOST_TEXTS = 5_000
AGAIN_FOR = timedelta(hours=2)
_WORD = re.compile(r"[^\s\"'<>,;:()\[\]{}\\]+")
_PHONE = re.compile(r"\+?\d[\d ()./-]{5,22}\d")


def names_erased(raw: bytes, ids: Iterable[str] = ()) -> str:
    """The hash of an erased identity that the body names, or one of ``ids``; "" for none.

    Who came back and is known now by it does not count.
    """
    keys = {*_addresses(raw), *_ids(ids)}
    found = erased.erased_among(keys)
    if not found:
        return ""
    known = set(
        Identity.objects.filter(
            kind__in={kind for kind, _value in found}, value__in={value for _kind, value in found}
        ).values_list("kind", "value")
    )
    return min((digest for key, digest in found.items() if key not in known), default="")


def empty(delivery: ShopDelivery) -> None:
    """Take the body away; that it came, and when, stays. Not saved."""
    delivery.body, delivery.user_id, delivery.code = b"", "", "erased"
    delivery.state = ShopDelivery.State.IGNORED


def empty_recent(now: datetime) -> int:
    """Look once more at deliveries stored beside recent erasures, which could not see each other; how many went."""
    first = Erasure.objects.filter(at__gt=now - AGAIN_FOR).order_by("at").values_list("at", flat=True).first()
    if first is None:
        return 0
    changed = 0
    recent = ShopDelivery.objects.filter(received_at__gt=first - timedelta(minutes=10)).exclude(code="erased")
    for pk, body, user_id in recent.values_list("pk", "body", "user_id").iterator(chunk_size=200):
        if names_erased(bytes(body), [user_id]):
            with transaction.atomic():
                delivery = ShopDelivery.objects.select_for_update().get(pk=pk)
                empty(delivery)
                delivery.save(update_fields=["body", "user_id", "code", "state"])
            changed += 1
    return changed


def _ids(texts: Iterable[str]) -> Iterator[Key]:
    for text in texts:
        if text:
            yield (IdentityKind.USER_ID.value, text)
            yield (IdentityKind.ANONYMOUS_ID.value, text)


def _addresses(raw: bytes) -> Iterator[Key]:
    """What may be an e-mail address or a phone number in the texts of a body, whatever it is built like."""
    for text in _texts(raw):
        for found in _WORD.findall(text) if "@" in text else ():
            if "@" in found and (address := email_address(found.strip("."))):
                yield (IdentityKind.EMAIL.value, address)
        for found in _PHONE.findall(text):
            if number := phone_number(found):
                yield (IdentityKind.PHONE.value, number)


def _texts(raw: bytes) -> Iterator[str]:
    try:
        told = orjson.loads(raw)
    except orjson.JSONDecodeError:
        yield raw.decode("utf-8", "replace")
        return
    yield from _inner(told)


def _inner(told: Any) -> Iterator[str]:
    waiting, seen = [told], 0
    while waiting and seen < MOST_TEXTS:
        one = waiting.pop()
        if isinstance(one, str):
            seen += 1
            yield from _unwrapped(one)
        elif isinstance(one, int) and not isinstance(one, bool):
            yield str(one)
        elif isinstance(one, dict):
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)


def _unwrapped(text: str) -> Iterator[str]:
    """A text; one that is JSON itself (Youzan's message, percent-encoded) is looked through too."""
    plain = unquote(text) if "%7B" in text[:20].upper() else text
    if plain.lstrip().startswith(("{", "[")):
        try:
            yield from _inner(orjson.loads(plain))
            return
        except orjson.JSONDecodeError:
            pass
    yield plain
