"""The signature of a request, as the Standard Webhooks specification has it (HMAC-SHA256 over id, time and body)."""

import base64
import hashlib
import hmac
import secrets

PREFIX = "whsec_"


def new_secret() -> str:
    """A secret that nobody can guess."""
    return PREFIX + base64.b64encode(secrets.token_bytes(24)).decode()


def headers(secret: str, number: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers by which a receiver knows that a request is ours, whole and new."""
    return {
        "Content-Type": "application/json",
        "User-Agent": "Regulars-Webhooks/1",
        "webhook-id": number,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(secret, number, timestamp, body),
    }


def sign(secret: str, number: str, timestamp: int, body: bytes) -> str:
    """``v1,`` and the signature in base64."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{number}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
