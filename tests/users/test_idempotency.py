"""Idempotency-Key: one key, one effect, one answer; also for fifty callers at once."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import RequestFactory
from rest_framework.response import Response

from config.kit import clock
from config.kit.refusal import Refusal
from users.api.auth import ForServer
from users.api.idempotency import idempotent
from users.models import IdempotencyRecord, Scope, Tag
from users.services import api_keys


class Tags(ForServer):
    """Makes a tag, unless asked not to."""

    @idempotent
    def post(self, request: Any) -> Response:
        tag = Tag.objects.create(name=f"{request.data['name']} {Tag.objects.count()}")
        if request.data.get("refuse"):
            raise Refusal("no", "No.")
        if request.data.get("answer_400"):
            return Response({"error": {"code": "no", "message": "No."}}, status=400)
        return Response({"name": tag.name, "at": clock.now()}, status=201)


@pytest.fixture
def server_key() -> Iterator[str]:
    yield api_keys.create(name="Back end", scope=Scope.SERVER, by=None)[1]
    api_keys.forget_all()


def call(server_key: str, body: Any, key: str | None = "k1", address: str = "/api/v1/tags") -> Any:
    headers = {"Authorization": f"Bearer {server_key}"} | ({} if key is None else {"Idempotency-Key": key})
    request = RequestFactory().post(
        address, json.dumps(body), content_type="application/json", headers=headers
    )
    response = Tags.as_view()(request)
    response.render()
    return response


@pytest.mark.django_db
def test_the_same_call_has_one_effect_and_the_same_answer(server_key: str) -> None:
    first = call(server_key, {"name": "VIP"})
    second = call(server_key, {"name": "VIP"})
    assert (first.status_code, second.status_code) == (201, 201)
    assert json.loads(first.content) == json.loads(second.content)
    assert list(Tag.objects.values_list("name", flat=True)) == ["VIP 0"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "address"), [({"name": "Fan"}, "/api/v1/tags"), ({"name": "VIP"}, "/other")]
)
def test_another_request_under_the_key_is_refused(server_key: str, body: Any, address: str) -> None:
    call(server_key, {"name": "VIP"})
    answer = call(server_key, body, address=address)
    assert (answer.status_code, answer.data["error"]["code"]) == (422, "idempotency_key_reused")
    assert Tag.objects.count() == 1


@pytest.mark.django_db
def test_keys_of_two_callers_are_two_keys(server_key: str) -> None:
    other = api_keys.create(name="Other", scope=Scope.SERVER, by=None)[1]
    assert [call(key, {"name": "VIP"}).data["name"] for key in (server_key, other)] == ["VIP 0", "VIP 1"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("key", "code"),
    [
        (None, "idempotency_key_missing"),
        ("  ", "idempotency_key_missing"),
        ("k" * 129, "bad_idempotency_key"),
        ("schlüssel", "bad_idempotency_key"),
    ],
)
def test_a_key_is_required_and_plain(server_key: str, key: str | None, code: str) -> None:
    answer = call(server_key, {"name": "VIP"}, key=key)
    assert (answer.status_code, answer.data["error"]["code"]) == (400, code)
    assert Tag.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("how", ["refuse", "answer_400"])
def test_what_was_refused_had_no_effect_and_may_be_repeated(server_key: str, how: str) -> None:
    for _ in range(2):
        assert call(server_key, {"name": "VIP", how: True}).status_code == 400
    assert (Tag.objects.count(), IdempotencyRecord.objects.count()) == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_fifty_callers_at_once_have_one_effect(server_key: str) -> None:
    def once(_: int) -> Any:
        try:
            return call(server_key, {"name": "VIP"})
        finally:
            connection.close()

    with ThreadPoolExecutor(25) as callers:
        answers = list(callers.map(once, range(50)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) <= 2  # the stored answer may order its names otherwise
    assert [json.loads(answer.content) for answer in answers].count(json.loads(answers[0].content)) == 50
    assert Tag.objects.count() == 1


class Bare(ForServer):
    """Takes something away; there is nothing to say about it."""

    @idempotent
    def delete(self, request: Any) -> Response:
        Tag.objects.filter(name="VIP").delete()
        return Response(status=204)


@pytest.mark.django_db
def test_an_answer_without_a_body_is_given_again_without_one(server_key: str) -> None:
    Tag.objects.create(name="VIP")
    headers = {"Authorization": f"Bearer {server_key}", "Idempotency-Key": "k1"}
    answers = [
        Bare.as_view()(RequestFactory().delete("/api/v1/tags/1", headers=headers)).render() for _ in range(2)
    ]
    assert [(answer.status_code, answer.content) for answer in answers] == [(204, b""), (204, b"")]
    assert not Tag.objects.exists()
