"""The identify calls of a batch: profiles, contact points, and consents where a server key says so."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from config.kit.batches import fetch
from users.models import Channel
from users.services import consent, contacts, opt_in, profile
from users.services.activity import oldest_trigger

MOST_ASKED = 20


@dataclass(frozen=True, slots=True)
class Call:
    """One identify call of the batch, with whose it is."""

    customer_id: int
    message_id: str
    at: datetime
    confirmed: bool
    traits: dict[str, Any]
    ip: str | None
    device_token: str | None


def apply(now: datetime) -> int:
    """Apply the batch's identify calls; how many traits were ignored."""
    calls = [
        Call(customer_id, message_id, at, confirmed, orjson.loads(traits or "{}"), ip, device)
        for customer_id, message_id, at, confirmed, traits, ip, device in fetch(_CALLS)
    ]
    if not calls:
        return 0
    contacts.add_many((found for call in calls for found in _contacts(call)), now)
    consent.answer_many(consent.usable(found for call in calls for found in _answers(call)), now)
    opt_in.ask_many((found for call in calls for found in _requests(call, now)), now)
    told = (profile.Told(call.customer_id, call.at, call.traits, _guesses(call.traits)) for call in calls)
    return profile.hear(told, oldest_trigger=oldest_trigger(now))


_CALLS = """
    SELECT owner.customer_id, item.message_id, item.occurred_at, item.confirmed, item.traits::text,
           item.context ->> 'ip', item.context -> 'device' ->> 'token'
    FROM intake_item item
    JOIN intake_owner owner ON owner.kind = item.owner_kind AND owner.value = item.owner_value
    WHERE item.type = 'identify'
    ORDER BY item.no
"""


def _contacts(call: Call) -> Iterator[contacts.Contact]:
    told = {**call.traits, "deviceToken": call.device_token}
    for name, channel, read in _CONTACTS:
        text = told.get(name)
        if isinstance(text, str) and (address := read(text)):
            yield contacts.Contact(call.customer_id, channel, address, call.confirmed)


_CONTACTS = (
    ("email", Channel.EMAIL, contacts.email_address),
    ("phone", Channel.SMS, contacts.phone_number),
    ("wechatOpenid", Channel.WECHAT, contacts.account_name),
    ("weiboUid", Channel.WEIBO, contacts.account_name),
    ("deviceToken", Channel.APP_PUSH, contacts.account_name),
)


def _guesses(traits: dict[str, Any]) -> dict[str, str]:
    """Country and zone of the phone, for those whom nobody tells."""
    phone = traits.get("phone")
    number = contacts.phone_number(phone) if isinstance(phone, str) else None
    return contacts.places_of(number) if number else {}


def _requests(call: Call, now: datetime) -> Iterator[opt_in.Request]:
    """A yes from a public form to be asked back by e-mail; history asks nobody."""
    email, told = call.traits.get("email"), call.traits.get("consents")
    address = contacts.email_address(email) if isinstance(email, str) else None
    if call.confirmed or address is None or not isinstance(told, list) or call.at < oldest_trigger(now):
        return
    for position, one in enumerate(told[:MOST_ASKED]):
        if one["granted"] and one["channel"] == Channel.EMAIL:
            yield opt_in.Request(
                customer_id=call.customer_id,
                key=f"{call.message_id}:{position}",
                topic=one["topic"],
                address=address,
                source="form",
                wording=str(one.get("wording") or "")[:100],
                ip=_ip(call.ip),
            )


def _answers(call: Call) -> Iterator[consent.Answer]:
    """The trait ``consents``: a list of answers. From a write key it says nothing."""
    told = call.traits.get("consents")
    if not call.confirmed or not isinstance(told, list):
        return
    for position, one in enumerate(told):
        if not isinstance(one, dict) or not isinstance(one.get("granted"), bool):
            continue
        yield consent.Answer(
            customer_id=call.customer_id,
            key=f"{call.message_id}:{position}",
            channel=str(one.get("channel")),
            topic=str(one.get("topic")),
            granted=one["granted"],
            given_at=call.at,
            source="identify",
            wording=str(one.get("wording") or "")[:100],
            ip=_ip(call.ip),
        )


def _ip(text: str | None) -> str | None:
    try:
        return str(ipaddress.ip_address(text)) if text else None
    except ValueError:
        return None
