"""Signed tokens in links to a customer's own pages: each says what it is for and until when.

No bit of one can be changed, and one made for a purpose is refused for any other.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from hashlib import sha256

from django.conf import settings

SIGNATURE_BYTES = 16


class Purpose(StrEnum):
    """What a token lets its bearer do."""

    PREFERENCES = "p"
    CONFIRM = "y"


@dataclass(frozen=True, slots=True)
class Pass:
    """What a token says: whose pages, and about what (a key; empty for a whole page)."""

    customer_id: int
    about: str = ""


def make(purpose: Purpose, whose: Pass, *, until: datetime) -> str:
    """The token, safe in a URL, good until that instant."""
    body = f"{whose.customer_id}.{int(until.timestamp())}.{whose.about}".encode()
    return urlsafe_b64encode(_signature(purpose, body) + body).rstrip(b"=").decode()


def read(purpose: Purpose, token: str, *, now: datetime) -> Pass | None:
    """What the token says; None when it is forged, damaged, of another purpose, or past its time."""
    try:
        raw = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except ValueError:
        return None
    signature, body = raw[:SIGNATURE_BYTES], raw[SIGNATURE_BYTES:]
    # The last character of base64 has spare bits, and the decoder skips what it does not know.
    canonical = urlsafe_b64encode(raw).rstrip(b"=").decode() == token
    if not canonical or not hmac.compare_digest(signature, _signature(purpose, body)):
        return None
    customer, until, about = body.decode().split(".", 2)
    return Pass(int(customer), about) if now < datetime.fromtimestamp(int(until), UTC) else None


def _signature(purpose: Purpose, body: bytes) -> bytes:
    return hmac.digest(_key(), purpose.value.encode() + b":" + body, "sha256")[:SIGNATURE_BYTES]


@cache
def _key() -> bytes:
    return sha256(b"users.tokens:" + settings.SECRET_KEY.encode()).digest()
