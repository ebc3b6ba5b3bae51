"""Reading events: what becomes of each field, every refusal by name, and when something happened."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from users import facts
from users.tracking import body as bodies
from users.tracking import items
from users.tracking.items import Reading, read_body
from users.tracking.refusals import ITEM, BodyRefused

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
Event = dict[str, Any]


def read(*events: Any, kind: str | None = None, **beside: Any) -> Reading:
    raw = orjson.dumps({"batch": events, **beside}) if kind is None else orjson.dumps(events[0])
    return read_body(bodies.read(raw, is_batch=kind is None), kind=kind, received_at=NOON)


def item_of(event: Event, **beside: Any) -> dict[str, Any]:
    reading = read(event, **beside)
    assert reading.rejected == []
    return reading.accepted[0]


def refusal_of(event: Any, **beside: Any) -> tuple[str, str]:
    reading = read(event, **beside)
    assert reading.accepted == []
    return reading.rejected[0].code, reading.rejected[0].field


def track(**fields: Any) -> Event:
    return {"type": "track", "event": "Searched", "userId": "u1", "messageId": "m1", **fields}


def identify(**traits: Any) -> Event:
    return {"type": "identify", "userId": "u1", "traits": traits}


def test_an_item_has_these_fields_and_no_others() -> None:
    context = {
        "campaign": {"source": "weibo", "name": "May", "id": "7"},
        "page": {"url": "https://shop/p/1", "referrer": "https://g/", "title": "Blue"},
        "device": {"type": "ios", "id": "secret"},
        "os": {"name": "iOS"},
        "locale": "zh-CN",
        "timezone": "Asia/Shanghai",
        "ip": "192.0.2.1",
        "userAgent": "dropped",
        "traits": {"email": "dropped@example.com"},
    }
    event = track(anonymousId="a1", properties={"query": "jazz"}, context=context, integrations={"All": True})
    assert item_of(event) == {
        "type": "track",
        "message_id": "m1",
        "user_id": "u1",
        "anonymous_id": "a1",
        "previous_id": None,
        "name": "Searched",
        "occurred_at": NOON,
        "clamped": False,
        "properties": {"query": "jazz"},
        "traits": {},
        "context": {
            "campaign": {"source": "weibo", "name": "May"},
            "page": {"url": "https://shop/p/1", "referrer": "https://g/"},
            "device": {"type": "ios", "kind": "mobile"},
            "os": {"name": "iOS"},
            "locale": "zh-CN",
            "timezone": "Asia/Shanghai",
            "ip": "192.0.2.1",
        },
    }


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"type": "page", "name": "A", "category": "B"}, ("Page Viewed", {"name": "A", "category": "B"}, {})),
        ({"type": "page", "name": None, "properties": {"url": "/"}}, ("Page Viewed", {"url": "/"}, {})),
        ({"type": "screen", "name": "Cart"}, ("Screen Viewed", {"name": "Cart"}, {})),
        ({"type": "group", "groupId": 7, "traits": {"a": 1}}, ("Group Joined", {"group_id": "7"}, {"a": 1})),
        ({"type": "identify", "traits": {"plan": "gold"}}, (None, {}, {"plan": "gold"})),
        ({"type": "identify", "traits": None}, (None, {}, {})),
        ({"type": "alias", "previousId": "a1"}, (None, {}, {})),
    ],
)  # fmt: skip
def test_each_type_has_its_name_properties_and_traits(event: Event, expected: Any) -> None:
    item = item_of({"userId": "u1", **event})
    assert (item["name"], item["properties"], item["traits"]) == expected


def test_ids_may_be_numbers_null_or_empty() -> None:
    item = item_of(track(userId=42, anonymousId=None))
    assert (item["user_id"], item["anonymous_id"]) == ("42", None)
    item = item_of(track(userId="", anonymousId="a1"))
    assert (item["user_id"], item["anonymous_id"]) == (None, "a1")
    assert item_of({"type": "alias", "userId": "u1", "previousId": 9})["previous_id"] == "9"


def test_an_event_without_message_id_gets_one_of_its_own() -> None:
    first, second = read(track(messageId=None), track(messageId="")).accepted
    assert first["message_id"] != second["message_id"]
    assert len(first["message_id"]) == 32


def test_the_address_decides_the_type() -> None:
    reading = read(track(type="identify"), kind="track")
    assert reading.accepted[0]["type"] == "track"


def test_context_beside_the_events_holds_for_those_without() -> None:
    reading = read(track(), track(messageId="m2", context={"locale": "de"}), context={"locale": "en"})
    assert [item["context"] for item in reading.accepted] == [{"locale": "en"}, {"locale": "de"}]


def test_a_small_body_cannot_become_a_large_row() -> None:
    """A large context beside thousands of events is neither repeated in them nor in their dead letters."""
    context = {"campaign": {name: "x" * 2_000 for name in ("name", "source", "medium", "term")}}
    events = [{"type": "page", "userId": "u"}] * 1_000 + [{}] * 1_000
    reading = read(*events, context=context, sentAt=NOON.isoformat())
    assert (len(reading.accepted), len(reading.rejected)) == (1_000, 1_000)
    assert len(orjson.dumps(reading.accepted)) < 400_000
    assert reading.rejected[0].event == {"sentAt": NOON.isoformat()}


@pytest.mark.parametrize("context", [None, 7, "x", [], {"page": 7, "locale": {}, "os": {"name": 3}}])
def test_a_context_that_is_none_does_no_harm(context: Any) -> None:
    assert item_of(track(context=context))["context"] in ({}, {"os": {}})


REFUSED: list[tuple[Any, str, str]] = [
    (None, "not_an_object", ""),
    ([], "not_an_object", ""),
    ("track", "not_an_object", ""),
    (track(type="buy"), "unknown_type", "type"),
    (track(type=None), "unknown_type", "type"),
    (track(type=["track"]), "unknown_type", "type"),
    (track(userId=None), "no_identity", "userId"),
    (track(userId=""), "no_identity", "userId"),
    (track(userId=True), "wrong_type", "userId"),
    (track(userId=1.5), "wrong_type", "userId"),
    (track(userId={"id": 1}), "wrong_type", "userId"),
    (track(userId="u" * 256), "too_long", "userId"),
    (track(anonymousId="a" * 256), "too_long", "anonymousId"),
    (track(messageId="m" * 101), "too_long", "messageId"),
    (track(messageId=7), "wrong_type", "messageId"),
    (track(event=None), "missing", "event"),
    (track(event=""), "missing", "event"),
    (track(event=7), "wrong_type", "event"),
    (track(event="e" * 201), "too_long", "event"),
    (track(event=facts.ORDER_PAID), "reserved_event", "event"),
    (track(event=facts.CHECKED_IN), "reserved_event", "event"),
    (track(properties=[]), "wrong_type", "properties"),
    (track(timestamp="yesterday"), "bad_time", "timestamp"),
    (track(timestamp=1_700_000_000), "bad_time", "timestamp"),
    (track(timestamp="1989-12-31T23:59:59Z"), "bad_time", "timestamp"),
    (track(timestamp="2026-05-01", sentAt="soon"), "bad_time", "sentAt"),
    (identify(consents="yes"), "wrong_type", "traits.consents"),
    (
        identify(consents=[{"channel": "email", "topic": "news", "granted": 1}]),
        "wrong_type",
        "traits.consents",
    ),
    (identify(consents=[{"channel": "email"}]), "wrong_type", "traits.consents"),
    (track(properties={"n": 2**53 + 1}), "number_out_of_range", "properties"),
    (track(properties={"n": 1e300}), "number_out_of_range", "properties"),
    (track(properties={"t": "\0"}), "bad_text", "properties"),
    (track(event="a\0b"), "bad_text", "event"),
    (track(properties={f"k{number}": 1 for number in range(300)}), "too_many_keys", ""),
    (track(properties={f"k{number}": 1 for number in range(30_000)}), "too_many_keys", ""),
    (track(properties={"text": "x" * 32_700}), "too_large", ""),
    ({"type": "page", "userId": "u1", "name": 7}, "wrong_type", "name"),
    ({"type": "group", "userId": "u1"}, "missing", "groupId"),
    ({"type": "alias", "userId": "u1"}, "missing", "previousId"),
    ({"type": "alias", "anonymousId": "a1", "previousId": "a0"}, "missing", "userId"),
    (identify(email=7.5), "wrong_type", "traits.email"),
    (identify(email="nobody"), "wrong_type", "traits.email"),
    (identify(email="@"), "wrong_type", "traits.email"),
    (identify(email="a@" + "b" * 253), "too_long", "traits.email"),
    (identify(firstName="x" * 101), "too_long", "traits.firstName"),
    (identify(phone={"mobile": 1}), "wrong_type", "traits.phone"),
    (identify(age="old"), "wrong_type", "traits.age"),
    (identify(age=True), "wrong_type", "traits.age"),
    (identify(age=-1), "wrong_type", "traits.age"),
    (identify(age=151), "wrong_type", "traits.age"),
    (identify(birthday="spring"), "bad_time", "traits.birthday"),
    (identify(birthday=19900101), "bad_time", "traits.birthday"),
    (identify(createdAt="then"), "bad_time", "traits.createdAt"),
    (identify(createdAt=10**15), "bad_time", "traits.createdAt"),
    (identify(createdAt=True), "bad_time", "traits.createdAt"),
    (identify(address="1 Road"), "wrong_type", "traits.address"),
    (identify(address={"city": ["Paris"]}), "wrong_type", "traits.address.city"),
    (identify(company=[]), "wrong_type", "traits.company"),
]


@pytest.mark.parametrize(("event", "code", "field"), REFUSED, ids=lambda value: str(value)[:40])
def test_each_refusal_has_its_code_and_field(event: Any, code: str, field: str) -> None:
    assert refusal_of(event) == (code, field)
    assert code in ITEM


def test_limits_are_inside_what_is_allowed() -> None:
    names = {f"k{number}": 1 for number in range(300 - 5)}
    assert item_of(track(properties=names))["properties"] == names
    size = 32 * 1024 - len(orjson.dumps(track(properties={"text": ""})))
    assert item_of(track(properties={"text": "x" * size}))
    assert refusal_of(track(properties={"text": "x" * (size + 1)})) == ("too_large", "")
    deep: Any = 1
    for _ in range(30):
        deep = [deep]
    assert item_of(track(properties={"deep": deep}))
    assert refusal_of(track(properties={"deep": [deep]})) == ("too_deep", "properties")


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"in": value}
    return value


CONTEXTS = [
    None, {}, "text", {"ip": "192.0.2.1"}, {"ip": "192.0.2.1", "more": True}, {"ip": "192.0.2.1", "more": 1},
    {f"k{number}": "x" for number in range(200)}, {"deep": nested(29)}, {"deep": nested(30)}, {"n": 2**60},
    {"n": 1e300}, {"text": "x" * 32_000}, [{"ip": 1}],
]  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(CONTEXTS), st.sampled_from((0, 94, 95))), min_size=1, max_size=30))
def test_events_are_read_together_as_each_alone(drawn: list[tuple[Any, int]]) -> None:
    """What neighbours share is read once, and a dozen are weighed together; nobody may notice."""
    events = [
        track(messageId=f"m{number}", context=context, properties={f"k{name}": 1 for name in range(names)})
        for number, (context, names) in enumerate(drawn)
    ]
    together = read(*events)
    alone = [read(event) for event in events]
    assert together.accepted == [item for reading in alone for item in reading.accepted]
    refused = [
        (index, one.code, one.field) for index, reading in enumerate(alone) for one in reading.rejected
    ]
    assert [(one.index, one.code, one.field) for one in together.rejected] == refused


def test_one_bad_event_does_not_harm_its_neighbours() -> None:
    reading = read(track(), {"userId": "u1"}, track(messageId="m3"), track())
    assert [item["message_id"] for item in reading.accepted] == ["m1", "m3"]
    assert [(refused.index, refused.code) for refused in reading.rejected] == [(1, "unknown_type")]
    assert reading.duplicates == 1


def test_reserved_traits_are_written_one_way() -> None:
    traits = {
        "email": "ada@example.com",
        "phone": 13800138000,
        "createdAt": 1_577_836_800,
        "birthday": "1990-02-28T23:00:00+08:00",
        "address": {"city": "Suzhou", "postalCode": 215000, "state": None},
        "age": 36,
        "name": None,
        "company": {"name": "ACME"},
        "plan": ["any", {"thing": 1}],
    }
    assert item_of(identify(**traits))["traits"] == {
        "email": "ada@example.com",
        "phone": "13800138000",
        "createdAt": "2020-01-01T00:00:00+00:00",
        "birthday": "1990-02-28",
        "address": {"city": "Suzhou", "postalCode": "215000"},
        "age": 36,
        "name": None,
        "company": {"name": "ACME"},
        "plan": ["any", {"thing": 1}],
    }
    for told in ("2020-01-01", "2020-01-01T08:00:00+08:00", 1_577_836_800_000):
        assert item_of(identify(createdAt=told))["traits"]["createdAt"] == "2020-01-01T00:00:00+00:00"


MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("told", "sent", "occurred", "clamped"),
    [
        (None, None, NOON, False),
        (NOON - 3 * MINUTE, None, NOON - 3 * MINUTE, False),
        (NOON - 3 * MINUTE, NOON, NOON - 3 * MINUTE, False),
        # A clock an hour ahead and one two years behind: three minutes before the sending either way.
        (NOON + 57 * MINUTE, NOON + 60 * MINUTE, NOON - 3 * MINUTE, False),
        (NOON - timedelta(days=730, minutes=3), NOON - timedelta(days=730), NOON - 3 * MINUTE, False),
        (NOON + 5 * MINUTE, None, NOON + 5 * MINUTE, False),
        (NOON + 5 * MINUTE, NOON, NOON + 5 * MINUTE, False),
        (NOON + 5 * MINUTE + timedelta(seconds=1), None, NOON, True),
        (NOON + timedelta(days=365), NOON, NOON, True),
        # Sent in 1970, or in the year 1: the event would lie far in the future.
        (NOON, datetime(1970, 1, 1, tzinfo=UTC), NOON, True),
        (NOON, datetime(1, 1, 1, tzinfo=UTC), NOON, True),
        (datetime(9999, 12, 31, tzinfo=UTC), NOON, NOON, True),
        (datetime(9999, 12, 31, 23, tzinfo=timezone(-timedelta(hours=14))), None, NOON, True),
    ],
)
def test_when_it_happened(
    told: datetime | None, sent: datetime | None, occurred: datetime, clamped: bool
) -> None:
    event = track(timestamp=None if told is None else told.isoformat())
    for item in (
        item_of({**event, "sentAt": None if sent is None else sent.isoformat()}),
        item_of(event, **({} if sent is None else {"sentAt": sent.isoformat()})),
        item_of({**event, "timestamp": None, "originalTimestamp": event["timestamp"]},
                **({} if sent is None else {"sentAt": sent.isoformat()})) if told else item_of(event),
    ):  # fmt: skip
        assert (item["occurred_at"], item["clamped"]) == (occurred, clamped)


NEW_YEAR = datetime(2017, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("2016-12-31T23:59:60Z", NEW_YEAR),
        ("2016-12-31 23:59:60", NEW_YEAR),
        ("20161231T235960Z", NEW_YEAR),
        ("2016-12-31T23:59:60.250Z", NEW_YEAR + timedelta(milliseconds=250)),
        ("2017-01-01T07:59:60+08:00", NEW_YEAR),
        ("2017-01-01T05:44:60+05:45", NEW_YEAR),
        ("2016-12-31T24:00:00Z", NEW_YEAR),
        ("2016-12-31T24:00:00.000Z", NEW_YEAR),
        ("2016-12-31T24:00", NEW_YEAR),
        ("20161231T240000Z", NEW_YEAR),
        ("2016-12-31T24:00:00+08:00", NEW_YEAR - timedelta(hours=8)),
    ],
)
def test_the_end_of_a_day_is_the_beginning_of_the_next(told: str, meant: datetime) -> None:
    assert item_of(track(timestamp=told))["occurred_at"] == meant
    assert item_of(identify(createdAt=told))["traits"] == {"createdAt": meant.isoformat()}


@pytest.mark.parametrize(
    "told",
    ["2016-12-31T12:00:60Z", "2016-12-31T23:59:60+08:00", "2016-12-31T23:59:61Z", "2016-12-31T24:00:01Z",
     "2016-12-31T24:30Z", "2016-12-31T25:00:00Z", "9999-12-31T24:00:00Z", "9999-12-31T23:59:60Z", "2016-12-32T24:00Z"],
)  # fmt: skip
def test_no_other_time_is_beyond_a_day(told: str) -> None:
    assert refusal_of(track(timestamp=told)) == ("bad_time", "timestamp")


@pytest.mark.parametrize(
    "sent", ["9999-12-31T00:00:00Z", "9999-12-31T23:00:00-14:00", "2300-01-01T00:00:00Z"]
)
def test_a_sending_in_the_far_future_is_refused(sent: str) -> None:
    assert refusal_of(track(timestamp=NOON.isoformat(), sentAt=sent)) == ("bad_time", "timestamp")


def test_an_unreadable_time_of_sending_refuses_the_body() -> None:
    with pytest.raises(BodyRefused) as refused:
        read(track(), sentAt="soon")
    assert (refused.value.status, refused.value.code) == (400, "bad_time")


# A busy machine is no finding.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
TEXT = st.text(st.characters(codec=None, categories=None), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=10,
)
FIELDS = st.sampled_from(sorted(items.FIELDS))
TYPES = st.sampled_from(["track", "identify", "page", "screen", "group", "alias"])


@PATIENT
@given(
    st.lists(st.dictionaries(FIELDS, JSON), max_size=4), TYPES | JSON, st.dictionaries(TEXT, JSON, max_size=3)
)
def test_every_body_is_taken_or_refused_by_name(
    events: list[Event], kind: Any, beside: dict[str, Any]
) -> None:
    """Whatever a client sends: no other exception, and what is accepted can be stored as JSON."""
    import json

    raw = json.dumps({**beside, "batch": [{**event, "type": kind} for event in events]}).encode()
    try:
        reading = read_body(bodies.read(raw, is_batch=True), kind=None, received_at=NOON)
    except BodyRefused as refused:
        assert refused.status in {400, 413}
        return
    assert len(reading.accepted) + len(reading.rejected) + reading.duplicates == len(events)
    assert {refused.code for refused in reading.rejected} <= set(ITEM)
    orjson.dumps(reading.accepted).decode()
    assert b"\\u0000" not in orjson.dumps(reading.accepted)
