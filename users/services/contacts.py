"""Contact points: addresses at which customers can be reached, and what became of them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import phonenumbers
from django.conf import settings
from django.db import transaction
from phonenumbers.timezone import time_zones_for_number

from config.kit.batches import copy_rows, execute, fetch, temporary_table
from config.kit.zones import zone_names
from users.models import Channel, ContactPoint, ContactState
from users.services import news, survivors
from users.services.touch import touch
from users.topics import TouchTopic

LONGEST_EMAIL = 254
LONGEST_ACCOUNT = 255
DEVICES = 0x0DE5  # advisory: who holds a device
PUSH = (Channel.APP_PUSH, Channel.WEB_PUSH)
"""Channels whose address is a device: it is in the hands of whoever used it last."""


@dataclass(frozen=True, slots=True)
class Contact:
    """An address somebody told us. ``confirmed``: told by the shop's own back end."""

    customer_id: int
    channel: Channel
    address: str
    confirmed: bool


def email_address(text: str) -> str | None:
    """An e-mail address as we keep it (lower case), or None when it is none."""
    address = text.strip().lower()
    name, at, domain = address.rpartition("@")
    usable = bool(name and at and "." in domain) and len(address) <= LONGEST_EMAIL
    return address if usable and not any(c.isspace() or c in ',;<>"' for c in address) else None


def account_name(text: str) -> str | None:
    """An openid, unionid, uid or push token as we keep it, or None when it cannot be one."""
    name = text.strip()
    return name if 0 < len(name) <= LONGEST_ACCOUNT and name.isprintable() and " " not in name else None


def phone_number(text: str) -> str | None:
    """A phone number in E.164, read in the shop's region where it names none; None when it is none."""
    if _CHINESE_MOBILE.fullmatch(text):
        return text
    if settings.PHONENUMBER_DEFAULT_REGION == "CN" and _CHINESE_MOBILE.fullmatch(f"+86{text}"):
        return f"+86{text}"
    return _read_number(text)


# Nearly every number of a Chinese shop, and the library is asked a hundred times as long. It says the same of all of
# them: tests/users/test_phone_numbers.py.
_CHINESE_MOBILE = re.compile(r"\+861[3-9][0-9]{9}")


@lru_cache(maxsize=10_000)
def _read_number(text: str) -> str | None:
    try:
        number = phonenumbers.parse(text, settings.PHONENUMBER_DEFAULT_REGION)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def spellings(number: str) -> set[str]:
    """How people and shops write a number in E.164, itself among them."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return {number}
    kinds = phonenumbers.PhoneNumberFormat
    written = {phonenumbers.format_number(parsed, kind) for kind in (kinds.INTERNATIONAL, kinds.NATIONAL)}
    return {number, phonenumbers.national_significant_number(parsed), *written}


def places_of(number: str) -> dict[str, str]:
    """Country and time zone that follow from a number in E.164; only what follows without doubt."""
    # Of a mobile the first six digits say it all.
    return _places_of(f"{number[:9]}00000" if _CHINESE_MOBILE.fullmatch(number) else number)


@lru_cache(maxsize=10_000)
def _places_of(number: str) -> dict[str, str]:
    parsed = phonenumbers.parse(number)
    country = phonenumbers.region_code_for_number(parsed)
    zones = [zone for zone in time_zones_for_number(parsed) if zone in zone_names()]
    places = {"country": country} if country and country.isalpha() else {}
    return {**places, **({"time_zone": zones[0]} if len(zones) == 1 else {})}


def add_many(contacts: Iterable[Contact], now: datetime) -> int:
    """Add addresses in the caller's transaction; how many are new or confirmed for the first time.

    A known address keeps its state. A confirmed contact makes its customer identified. A device that is told as
    somebody else's, and confirmed, is nobody's else any more: of several tellings the last one holds.
    """
    contacts = list(contacts)
    rows = {
        (c.customer_id, c.channel.value, c.address): c.confirmed for c in sorted(contacts, key=_weakest_first)
    }
    if not rows:
        return 0
    devices = {
        (c.channel.value, c.address): c.customer_id for c in contacts if c.confirmed and c.channel in PUSH
    }
    _hold_devices({address for _channel, address in devices})
    temporary_table("told_contact", "customer_id bigint, channel text, address text, confirmed boolean")
    copy_rows(
        "told_contact", ("customer_id", "channel", "address", "confirmed"), ((*k, v) for k, v in rows.items())
    )
    changed = fetch(
        """
        INSERT INTO users_contactpoint AS known (customer_id, channel, address, state, confirmed, added_at,
                                                changed_at)
        SELECT customer_id, channel, address, 'unverified', confirmed, %(now)s, %(now)s FROM told_contact
        ORDER BY customer_id, channel, address
        ON CONFLICT (customer_id, channel, address) DO UPDATE SET confirmed = true, changed_at = %(now)s
        WHERE excluded.confirmed AND NOT known.confirmed
        RETURNING customer_id, confirmed
        """,
        {"now": now},
    )
    ids = {customer_id for customer_id, _ in changed}
    touch(ids, TouchTopic.CONTACT)
    news.note(ids)
    _hand_over(devices)
    _identify(customer_id for customer_id, confirmed in changed if confirmed)
    return len(changed)


@transaction.atomic
def set_state(
    customer_id: int, channel: Channel | str, address: str, state: ContactState | str, now: datetime
) -> bool:
    """Say what became of an address (verified, bouncing, blocked); whether that was news."""
    leads = survivors.hold([customer_id])
    if customer_id not in leads:
        return False
    customer_id = leads[customer_id]
    changed = (
        ContactPoint.objects.filter(customer=customer_id, channel=channel, address=address)
        .exclude(state=state)
        .update(state=state, changed_at=now)
    )
    if changed:
        touch([customer_id], TouchTopic.CONTACT)
        news.note([customer_id])
    return bool(changed)


def _hold_devices(addresses: set[str]) -> None:
    """Two who tell one device at once wait for each other: neither sees what the other has not committed."""
    if addresses:
        execute(
            "SELECT pg_advisory_xact_lock(%s, bucket) FROM (SELECT DISTINCT hashtext(address) & 255 AS bucket"
            " FROM unnest(%s::text[]) AS address ORDER BY 1) AS wanted",
            [DEVICES, sorted(addresses)],
        )


def _hand_over(devices: dict[tuple[str, str], int]) -> None:
    """Take devices from everybody but who holds them now. A blocked one stays with whom it was blocked for."""
    if not devices:
        return
    rows = [(*device, holder) for device, holder in devices.items()]
    channels, addresses, holders = ([*column] for column in zip(*rows, strict=True))
    execute(
        """
        WITH taken AS (
            DELETE FROM users_contactpoint point
            USING unnest(%(channels)s::text[], %(addresses)s::text[], %(holders)s::bigint[])
                  AS device (channel, address, holder)
            WHERE point.channel = device.channel AND point.address = device.address
              AND point.customer_id <> device.holder AND point.state <> 'blocked'
            RETURNING point.customer_id
        )
        INSERT INTO users_touched (customer_id, topic) SELECT DISTINCT customer_id, 'contact' FROM taken
        """,
        {"channels": channels, "addresses": addresses, "holders": holders},
    )


def _identify(customer_ids: Iterable[int]) -> None:
    """A customer with a confirmed contact is more than a visitor."""
    ids = sorted(set(customer_ids))
    execute(
        """
        WITH known AS (
            UPDATE users_customer SET identified = true WHERE id = ANY(%s) AND NOT identified RETURNING id
        )
        INSERT INTO users_touched (customer_id, topic) SELECT id, 'profile' FROM known
        """,
        [ids],
    )


def _weakest_first(contact: Contact) -> bool:
    """Sorted so that of two tellings of one address the confirmed one comes last."""
    return contact.confirmed
