"""Dead letters: sent through the front door again, once, as they came."""

import json
from datetime import timedelta
from typing import Any

import pytest

from config.kit import clock
from tests.operators import SET_UP
from users.models import ApiKey, AuditEntry, DeadLetter, IntakeBody, Operator, Scope
from users.services import api_keys, dead_letters
from users.services.accept import accept
from users.services.dead_letters import Replayed
from users.tracking.items import Rejected

pytestmark = pytest.mark.django_db


@pytest.fixture
def key() -> ApiKey:
    return api_keys.create(name="Back end", scope=Scope.SERVER, by=None)[0]


@pytest.fixture
def owner() -> Operator:
    return Operator.objects.create(username="owner", role="owner", is_staff=True, factor_at=SET_UP)


def parked(key: ApiKey, event: Any, code: str = "missing", **fields: Any) -> DeadLetter:
    accept([], key=key, confirmed=True, rejected=[Rejected(0, code, "event", event)], **fields)
    return DeadLetter.objects.latest("pk")


RIGHT = {"type": "track", "event": "Searched", "userId": "u1", "messageId": "m1"}


def test_a_letter_that_is_right_now_is_accepted_as_it_came(key: ApiKey, owner: Operator) -> None:
    came = clock.now() - timedelta(days=2)
    sent = {**RIGHT, "timestamp": "2026-01-01T10:00:00Z", "sentAt": "2026-01-01T10:00:30Z"}
    letter = parked(key, sent, received_at=came, is_history=True)
    assert dead_letters.replay([letter.pk], by=owner) == Replayed(accepted=1, refused=0)
    body = IntakeBody.objects.get()
    assert (body.key_id, body.confirmed, body.is_history) == (key.pk, True, True)
    (item,) = json.loads(body.items)
    assert (item["message_id"], item["name"]) == ("m1", "Searched")
    assert item["occurred_at"] == (came - timedelta(seconds=30)).isoformat()
    assert not dead_letters.waiting().exists()
    entry = AuditEntry.objects.get(act="dead_letter.replay")
    assert (entry.operator, entry.after) == (owner, {"accepted": 1, "refused": 0})


def test_a_letter_is_replayed_once(key: ApiKey) -> None:
    letter = parked(key, RIGHT)
    dead_letters.replay([letter.pk], by=None)
    assert dead_letters.replay([letter.pk], by=None) == Replayed(accepted=0, refused=0)
    assert IntakeBody.objects.count() == 1


def test_a_letter_that_is_still_wrong_stays_with_the_reason_of_now(key: ApiKey) -> None:
    letter = parked(key, {"type": "track", "event": "Searched"}, code="too_large")
    assert dead_letters.replay([letter.pk], by=None) == Replayed(accepted=0, refused=1)
    letter.refresh_from_db()
    assert (letter.code, letter.field, letter.replayed_at) == ("no_identity", "userId", None)


def test_an_item_that_could_not_be_applied_is_accepted_as_it_is(key: ApiKey) -> None:
    item = {"type": "track", "message_id": "m1", "user_id": "u1", "occurred_at": "2026-01-01T10:00:00+00:00"}
    now = clock.now()
    letter = DeadLetter.objects.create(
        received_at=now, parked_at=now, confirmed=False, code="cannot_be_applied", item=json.dumps(item)
    )
    dead_letters.replay([letter.pk], by=None)
    assert json.loads(IntakeBody.objects.get().items) == [item]


def test_letters_of_one_key_become_one_body(key: ApiKey, django_assert_max_num_queries: Any) -> None:
    letters = [parked(key, {**RIGHT, "messageId": f"m{number}"}) for number in range(30)]
    with django_assert_max_num_queries(10):
        outcome = dead_letters.replay([letter.pk for letter in letters], by=None)
    assert outcome == Replayed(accepted=30, refused=0)
    assert IntakeBody.objects.count() == 1


@pytest.mark.parametrize("event", ["x" * 40_000, {"a": "\0"}, {"a": "\ud800"}, {"a": 10**400}, None, 7, []])
def test_whatever_was_refused_can_be_written_down_and_tried(key: ApiKey, event: Any) -> None:
    letter = parked(key, event, code="not_an_object")
    assert dead_letters.replay([letter.pk], by=None) == Replayed(accepted=0, refused=1)


def test_old_letters_are_forgotten(key: ApiKey) -> None:
    now = clock.now()
    for replayed, age in ((True, 8), (True, 6), (False, 91), (False, 89)):
        letter = parked(key, RIGHT)
        letter.parked_at = now - timedelta(days=age)
        letter.replayed_at = letter.parked_at if replayed else None
        letter.save()
    assert dead_letters.forget_old(now) == 1
    assert DeadLetter.objects.count() == 3
