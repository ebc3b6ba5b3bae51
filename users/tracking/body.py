"""From a request's bytes to the events in it."""

import zlib
from dataclasses import dataclass
from typing import Any

from config.kit import strict_json
from config.kit.strict_json import Flaw
from users.tracking.refusals import BodyRefused

LARGEST_BODY = 500 * 1024
"""Bytes, inflated."""
MOST_EVENTS = 2_500
GZIP = b"\x1f\x8b"
BLOCK = 16 * 1024
"""Packed bytes unpacked at a time: what lies behind a member is copied once per member, so it must be little."""


@dataclass(frozen=True, slots=True)
class Body:
    """What a request holds: its events, and what it says for all of them.

    ``clean``: see strict_json. ``longest``: of a clean body, bytes that none of its events exceeds.
    """

    events: list[Any]
    clean: bool
    longest: int
    write_key: str | None
    sent_at: Any
    context: Any


def inflate(raw: bytes) -> bytes:
    """The body unpacked if it is gzip, whatever its headers say; never more than the limit in memory."""
    if raw[:2] != GZIP:
        _check_size(raw)
        return raw
    plain, at = bytearray(), 0
    while at < len(raw):  # RFC 1952: a file is one member after the other
        unpack = zlib.decompressobj(wbits=31)
        while not unpack.eof:
            part = raw[at : at + BLOCK]
            try:
                plain += unpack.decompress(part, LARGEST_BODY + 1 - len(plain))
            except zlib.error:
                raise BodyRefused("bad_gzip") from None
            if not part:
                raise BodyRefused("bad_gzip")
            _check_size(plain)
            at += len(part) - len(unpack.unused_data) - len(unpack.unconsumed_tail)
    return bytes(plain)


def _check_size(plain: bytes | bytearray) -> None:
    if len(plain) > LARGEST_BODY:
        raise BodyRefused("body_too_large")


def read(raw: bytes, *, is_batch: bool) -> Body:
    """Parse a request's body. Raises BodyRefused for what concerns all of it."""
    plain = inflate(raw)
    try:
        document = strict_json.parse(plain)
        if not isinstance(document.value, dict):
            raise BodyRefused("not_an_object")
        if is_batch:
            return _batch(document.value, document.clean, min(document.longest, len(plain)))
        return _single(document.value, document.clean, len(plain))
    except Flaw as flaw:
        raise BodyRefused(flaw.code) from None


def _batch(fields: dict[str, Any], clean: bool, longest: int) -> Body:
    if type(fields) is strict_json.Doubled:
        raise BodyRefused("duplicate_key")
    events = fields.get("batch")
    if not isinstance(events, list):
        raise BodyRefused("no_batch")
    if len(events) > MOST_EVENTS:
        raise BodyRefused("too_many_events")
    beside = {name: value for name, value in fields.items() if name != "batch"}
    if strict_json.weigh(beside, clean=clean) > strict_json.NAMES:
        raise BodyRefused("too_many_keys")
    return Body(events, clean, longest, _key(fields), fields.get("sentAt") or None, fields.get("context"))


def _single(fields: dict[str, Any], clean: bool, longest: int) -> Body:
    return Body([fields], clean, longest, _key(fields), None, None)


def _key(fields: dict[str, Any]) -> str | None:
    key = fields.get("writeKey")
    return key if isinstance(key, str) else None
