"""Whether a delivery was signed with the connection's secret. Every comparison takes the same time."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from users.hooks.translation import text


def is_signed(raw: bytes, signature: str, secret: str) -> bool:
    """Base64 of HMAC-SHA256 over the raw body, as Shopify and WooCommerce sign."""
    expected = base64.b64encode(hmac.new(secret.encode(), raw, hashlib.sha256).digest())
    return hmac.compare_digest(expected, signature.encode("utf-8", "replace"))


def is_youzan_event(raw: bytes, signature: str, client_id: str, secret: str) -> bool:
    """MD5 over client id, the whole raw body and secret, as Youzan's ``Event-Sign`` header signs every push."""
    signed = client_id.encode() + raw + secret.encode()
    expected = hashlib.md5(signed, usedforsecurity=False).hexdigest().encode()
    return hmac.compare_digest(expected, signature.lower().encode("utf-8", "replace"))


def is_youzan(envelope: Mapping[str, Any], client_id: str, secret: str) -> bool:
    """MD5 over client id, message as it came (still URL-encoded) and secret: the ``sign`` inside an envelope."""
    if text(envelope.get("client_id")) not in ("", client_id):
        return False
    signed = f"{client_id}{text(envelope.get('msg'))}{secret}".encode("utf-8", "replace")
    expected = hashlib.md5(signed, usedforsecurity=False).hexdigest().encode()
    told = text(envelope.get("sign")).lower().encode("utf-8", "replace")
    return bool(text(envelope.get("msg"))) and hmac.compare_digest(expected, told)
