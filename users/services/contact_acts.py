"""What operators and the storefront do with contact points: add, verify, block, open again, remove."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from config.kit import strict_json
from config.kit.refusal import NotFound, Refusal
from users.models import Channel, ContactPoint, ContactState, Customer, Operator
from users.services import audit, contacts, news, survivors
from users.services.touch import touch
from users.topics import TouchTopic

BY_HAND = (
    Channel.EMAIL,
    Channel.SMS,
    Channel.WECHAT,
    Channel.WEIBO,
    Channel.APP_PUSH,
    Channel.WEB_PUSH,
)
"""Channels that have addresses; an inbox needs none, a webhook has its own settings."""
TYPED = (Channel.EMAIL, Channel.SMS, Channel.WECHAT, Channel.WEIBO)
"""Channels whose addresses a person can tell; an app or a browser tells its push address itself."""
MOST = 50
"""Addresses of one customer; more are somebody's mistake."""
LONGEST_ADDRESS = 1000
SUBSCRIPTION_KEYS = {"p256dh": 87, "auth": 22}
"""Names and longest texts of the keys in a web push subscription (base64url without padding)."""


def subscription(told: Any) -> tuple[str, dict[str, str]]:
    """Endpoint and keys of a web push subscription as browsers give it. Refuses ``bad_subscription``."""
    endpoint = told.get("endpoint") if isinstance(told, dict) else None
    keys = told.get("keys") if isinstance(told, dict) else None
    good = (
        isinstance(endpoint, str)
        and len(endpoint) <= LONGEST_ADDRESS
        and endpoint.isascii()
        and _is_https(endpoint)
        and isinstance(keys, dict)
        and all(_is_key(keys.get(name), longest) for name, longest in SUBSCRIPTION_KEYS.items())
    )
    if not good or not isinstance(keys, dict):
        raise Refusal("bad_subscription", _("This is no web push subscription."), field="subscription")
    return str(endpoint), {name: keys[name] for name in SUBSCRIPTION_KEYS}


def address_of(channel: str, text: str) -> tuple[str, dict[str, str]]:
    """What somebody typed as an address of a channel, with its details. Refuses ``bad_address``."""
    if channel == Channel.WEB_PUSH:
        try:
            document = strict_json.parse(text.encode())
            strict_json.weigh(document.value, clean=document.clean)
            return subscription(document.value)
        except ValueError:
            raise Refusal(
                "bad_subscription", _("This is no web push subscription."), field="address"
            ) from None
    read = _READERS.get(channel)
    address = read(text) if read else None
    if address is None:
        sentence = _EXAMPLES.get(channel) or gettext_lazy("This is no address of that channel.")
        raise Refusal("bad_address", str(sentence), field="address")
    return address, {}


@transaction.atomic
def add(
    customer_id: int, channel: str, address: str, *, now: datetime, details: dict[str, str] | None = None
) -> ContactPoint:
    """Add a confirmed address (from ``address_of``); one that is there keeps its state and gets the details.

    Refuses ``too_many``.
    """
    customer_id = survivors.hold_one(customer_id)
    own = ContactPoint.objects.filter(customer=customer_id)
    if own.count() >= MOST and not own.filter(channel=channel, address=address).exists():
        raise Refusal("too_many", _("This customer has too many addresses. Remove some."), field="address")
    contacts.add_many([contacts.Contact(customer_id, Channel(channel), address, confirmed=True)], now)
    found = own.filter(channel=channel, address=address)
    if details:
        found.update(details=details)
    return found.get()


@transaction.atomic
def remove(customer_id: int, channel: str, address: str) -> ContactState:
    """Remove an address; the state it had. Refuses ``not_found``."""
    customer_id = survivors.hold_one(customer_id)
    found = ContactPoint.objects.filter(customer=customer_id, channel=channel, address=address)
    point = found.first()
    if point is None:
        raise NotFound(_("There is no such address."))
    found.delete()
    touch([customer_id], TouchTopic.CONTACT)
    news.note([customer_id])
    return ContactState(point.state)


@transaction.atomic
def add_by_hand(
    customer: Customer, channel: str, text: str, *, by: Operator | None, now: datetime, actor: str = ""
) -> ContactPoint:
    """An operator adds an address that the customer told. Refuses what cannot be one."""
    if channel not in BY_HAND:
        raise Refusal("bad_address", _("This is no address of that channel."), field="address")
    address, details = address_of(channel, text)
    point = add(customer.pk, channel, address, now=now, details=details)
    audit.record(
        "contact.add", by=by, actor=actor, target=customer, after={"channel": channel, "address": address}
    )
    return point


@transaction.atomic
def set_by_hand(
    customer: Customer,
    channel: str,
    address: str,
    state: str,
    *,
    by: Operator | None,
    now: datetime,
    actor: str = "",
) -> None:
    """An operator says what became of an address: verified, blocked, or open again (unverified)."""
    before = ContactPoint.objects.filter(customer=customer, channel=channel, address=address).first()
    if before is None or state not in ContactState.values:
        raise NotFound(_("There is no such address."))
    if contacts.set_state(customer.pk, channel, address, state, now):
        about = {"channel": channel, "address": address}
        audit.record(
            "contact.state",
            by=by,
            actor=actor,
            target=customer,
            before={**about, "state": before.state},
            after={**about, "state": state},
        )


@transaction.atomic
def remove_by_hand(
    customer: Customer, channel: str, address: str, *, by: Operator | None, actor: str = ""
) -> None:
    """An operator removes an address."""
    state = remove(customer.pk, channel, address)
    about = {"channel": channel, "address": address, "state": state.value}
    audit.record("contact.remove", by=by, actor=actor, target=customer, before=about)


def _is_https(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" and bool(parts.hostname) and parts.username is None
    except ValueError:
        return False


def _is_key(value: Any, longest: int) -> bool:
    plain = isinstance(value, str) and value.rstrip("=").replace("-", "").replace("_", "").isalnum()
    return plain and value.isascii() and len(value.rstrip("=")) <= longest


_EXAMPLES: dict[str, StrOrPromise] = {
    Channel.EMAIL: gettext_lazy("This is no e-mail address. Write it like name@example.com."),
    Channel.SMS: gettext_lazy(
        "This is no phone number. Write it like 13800138000, or with the country like +49 30 123456."
    ),
    Channel.WECHAT: gettext_lazy("This is no openid. It is one word without spaces, such as oABC123."),
    Channel.WEIBO: gettext_lazy("This is no Weibo uid. It is one word without spaces, such as 1234567890."),
}
_READERS: dict[str, Callable[[str], str | None]] = {
    Channel.EMAIL: contacts.email_address,
    Channel.SMS: contacts.phone_number,
    Channel.WECHAT: contacts.account_name,
    Channel.WEIBO: contacts.account_name,
    Channel.APP_PUSH: contacts.account_name,
}
