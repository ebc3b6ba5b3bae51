"""Signed tokens in links of messages: each says what it is for, and no bit of it can be changed."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from hashlib import sha256

from django.conf import settings

SIGNATURE_BYTES = 16


class Purpose(StrEnum):
    """What a token lets its bearer do; a token of one purpose is refused for any other."""

    UNSUBSCRIBE = "u"
    CLICK = "c"
    OPEN = "o"


@dataclass(frozen=True, slots=True)
class Address:
    """The delivery that a token is about, and the link where there is one (else 0)."""

    customer_id: int
    step_id: int
    occasion: str
    link_id: int = 0


def make(purpose: Purpose, address: Address) -> str:
    """The token, safe in a URL."""
    body = f"{address.customer_id}.{address.step_id}.{address.link_id}.{address.occasion}".encode()
    return urlsafe_b64encode(_signature(purpose, body) + body).rstrip(b"=").decode()


def read(purpose: Purpose, token: str) -> Address | None:
    """What the token is about; None when it is forged, damaged, or made for another purpose."""
    try:
        raw = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except ValueError:
        return None
    signature, body = raw[:SIGNATURE_BYTES], raw[SIGNATURE_BYTES:]
    # The last character of base64 has spare bits, and the decoder skips what it does not know.
    canonical = urlsafe_b64encode(raw).rstrip(b"=").decode() == token
    if not canonical or not hmac.compare_digest(signature, _signature(purpose, body)):
        return None
    customer, step, link, occasion = body.decode().split(".", 3)
    return Address(int(customer), int(step), occasion, int(link))


def _signature(purpose: Purpose, body: bytes) -> bytes:
    return hmac.digest(_key(), purpose.value.encode() + b":" + body, "sha256")[:SIGNATURE_BYTES]


@cache
def _key() -> bytes:
    return sha256(b"campaigns.tokens:" + settings.SECRET_KEY.encode()).digest()
