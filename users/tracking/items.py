"""From the events of a body to the items we keep, and the reasons for those we do not."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from config.kit import strict_json
from config.kit.strict_json import Flaw
from users import facts
from users.tracking import times, traits
from users.tracking.body import Body
from users.tracking.context import Contexts, trim
from users.tracking.refusals import BodyRefused, ItemRefused

LARGEST_EVENT = 32 * 1024
"""Bytes of an event written without blanks."""
LARGEST_SHARED_CONTEXT = 2_000
"""Bytes of a context that stands beside the events."""
LONGEST_MESSAGE_ID = 100
LONGEST_ID = 255
LONGEST_NAME = 200
RESERVED_NAMES = frozenset((*facts.INTERNAL_EVENTS, facts.CHECKED_IN, facts.MESSAGE_CLICKED, facts.REPLIED))

Item = dict[str, Any]
"""An accepted item; ``docs/tracking.md`` lists its fields."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """An event that was refused: where in the body, why, and the event itself."""

    index: int
    code: str
    field: str
    event: Any


@dataclass(slots=True)
class Reading:
    """What a body came to."""

    accepted: list[Item] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    duplicates: int = 0


@dataclass(frozen=True, slots=True)
class Envelope:
    """What holds for every event of a body. ``kind`` is null where each event says its own."""

    kind: str | None
    received_at: datetime
    slow: timedelta
    """How far the sender's clock is behind ours; zero when he does not say what it showed at sending."""
    context: dict[str, Any]
    clean: bool
    all_small: bool
    """No event can be larger than one may be."""
    contexts: Contexts


def read_body(body: Body, *, kind: str | None, received_at: datetime) -> Reading:
    """Validate and normalise the events of a body, each by itself."""
    shared = envelope(body, kind=kind, received_at=received_at)
    reading = Reading()
    seen: set[str] = set()
    for index, event in enumerate(body.events):
        try:
            item = read_event(event, shared)
        except ItemRefused as refused:
            reading.rejected.append(
                Rejected(index, refused.code, refused.field, _complete(event, body, kind))
            )
            continue
        if item["message_id"] in seen:
            reading.duplicates += 1
            continue
        seen.add(item["message_id"])
        reading.accepted.append(item)
    return reading


def _complete(event: Any, body: Body, kind: str | None) -> Any:
    """The event with what decides its reading, so that it can be read by itself.

    Without the context of the body: thousands of small events would each repeat a large one.
    """
    if not isinstance(event, dict):
        return event
    complete = event if body.sent_at is None else {"sentAt": body.sent_at} | event
    return complete if kind is None else complete | {"type": kind}


def envelope(body: Body, *, kind: str | None, received_at: datetime) -> Envelope:
    """What the events of a body share. Raises BodyRefused ``bad_time``."""
    try:
        slow = timedelta() if body.sent_at is None else received_at - times.parse(body.sent_at, "sentAt")
    except ItemRefused as refused:
        raise BodyRefused(refused.code) from None
    all_small = body.clean and body.longest <= LARGEST_EVENT
    contexts = Contexts(clean=body.clean)
    return Envelope(kind, received_at, slow, _shared_context(body), body.clean, all_small, contexts)


def _shared_context(body: Body) -> dict[str, Any]:
    """The context for events without one of their own; a large one, that all would repeat, is left out."""
    context = trim(body.context)
    return context if len(orjson.dumps(context)) <= LARGEST_SHARED_CONTEXT else {}


def read_event(event: Any, shared: Envelope) -> Item:
    """One event as an item. Raises ItemRefused."""
    if not isinstance(event, dict):
        raise ItemRefused("not_an_object")
    get = event.get
    context = _checked_context(event, shared)
    kind = shared.kind or get("type")
    shape = SHAPES.get(kind) if type(kind) is str else None
    if shape is None:
        raise ItemRefused("unknown_type", "type")
    user_id = _id(get("userId"), "userId")
    anonymous_id = _id(get("anonymousId"), "anonymousId")
    if user_id is None and anonymous_id is None:
        raise ItemRefused("no_identity", "userId")
    occurred_at, clamped = _time(event, shared)
    item = {
        "type": kind,
        "message_id": _text(get("messageId"), "messageId", LONGEST_MESSAGE_ID) or secrets.token_hex(16),
        "user_id": user_id,
        "anonymous_id": anonymous_id,
        "previous_id": None,
        "name": None,
        "occurred_at": occurred_at,
        "clamped": clamped,
        "properties": {},
        "traits": {},
        "context": context,
    }
    shape(event, item)
    return item


def _checked_context(event: dict[str, Any], shared: Envelope) -> dict[str, Any]:
    """What is kept of the event's context, when nothing of the event is against the limits."""
    context = event.get("context")
    try:
        kept, names = shared.contexts.read(context)
        names += strict_json.weigh(event, clean=shared.clean, beside=context)
    except Flaw as flaw:
        raise ItemRefused(flaw.code, _field_at_fault(event, shared.clean)) from None
    if names > strict_json.NAMES:
        raise ItemRefused("too_many_keys")
    if not shared.all_small and len(orjson.dumps(event)) > LARGEST_EVENT:
        raise ItemRefused("too_large")
    return kept if context else shared.context


def _field_at_fault(event: dict[str, Any], clean: bool) -> str:
    """The first field of ours in which a flaw is; empty when it is beside them."""
    for name in FIELDS & event.keys():
        try:
            strict_json.weigh(event[name], clean=clean, depth=strict_json.DEPTH - 1)
        except Flaw:
            return name
    return ""


def _time(event: dict[str, Any], shared: Envelope) -> tuple[datetime, bool]:
    told = event.get("timestamp") or event.get("originalTimestamp")
    if told is None:
        return shared.received_at, False
    sent, slow = event.get("sentAt"), shared.slow
    if sent:
        slow = shared.received_at - times.parse(sent, "sentAt")
    return times.occurred(times.parse(told, "timestamp"), slow=slow, received_at=shared.received_at)


def _track(event: dict[str, Any], item: Item) -> None:
    name = _text(event.get("event"), "event", LONGEST_NAME)
    if name is None:
        raise ItemRefused("missing", "event")
    if name in RESERVED_NAMES:
        raise ItemRefused("reserved_event", "event")
    item["name"] = name
    item["properties"] = _object(event.get("properties"), "properties")


def _identify(event: dict[str, Any], item: Item) -> None:
    """RudderStack's SDKs put the traits into the context."""
    context = event.get("context")
    beside = context.get("traits") if isinstance(context, dict) else None
    told = _object(event.get("traits"), "traits")
    item["traits"] = traits.normalise({**beside, **told} if isinstance(beside, dict) else told)


def _page(event: dict[str, Any], item: Item) -> None:
    item["name"] = "Page Viewed" if item["type"] == "page" else "Screen Viewed"
    properties = dict(_object(event.get("properties"), "properties"))
    for name in ("name", "category"):
        told = _text(event.get(name), name, LONGEST_NAME)
        if told is not None:
            properties[name] = told
    item["properties"] = properties


def _group(event: dict[str, Any], item: Item) -> None:
    group_id = _id(event.get("groupId"), "groupId")
    if group_id is None:
        raise ItemRefused("missing", "groupId")
    item["name"] = "Group Joined"
    item["properties"] = {"group_id": group_id}
    item["traits"] = _object(event.get("traits"), "traits")


def _alias(event: dict[str, Any], item: Item) -> None:
    if item["user_id"] is None:
        raise ItemRefused("missing", "userId")
    item["previous_id"] = _id(event.get("previousId"), "previousId")
    if item["previous_id"] is None:
        raise ItemRefused("missing", "previousId")


SHAPES: dict[str, Callable[[dict[str, Any], Item], None]] = {
    "track": _track,
    "identify": _identify,
    "page": _page,
    "screen": _page,
    "group": _group,
    "alias": _alias,
}
FIELDS = {
    "anonymousId", "category", "context", "event", "groupId", "integrations", "messageId", "name",
    "originalTimestamp", "previousId", "properties", "sentAt", "timestamp", "traits", "type", "userId",
}  # fmt: skip


def _text(value: Any, name: str, longest: int) -> str | None:
    """A field that is a text; null and "" both mean that it is not there."""
    if type(value) is str and 0 < len(value) <= longest:
        return value
    if value is None or value == "":
        return None
    raise ItemRefused("too_long" if type(value) is str else "wrong_type", name)


def _id(value: Any, name: str) -> str | None:
    """An id; some SDKs send whole numbers."""
    if value is None:
        return None
    return str(value) if type(value) is int else _text(value, name, LONGEST_ID)


def _object(value: Any, name: str) -> dict[str, Any]:
    if type(value) is dict:
        return value
    if value is None:
        return {}
    raise ItemRefused("wrong_type", name)
