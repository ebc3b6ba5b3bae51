"""Junk in every place of a rule: refused with a sentence or asked as a bound parameter, never an error of ours."""

import json
import random
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from rest_framework.test import APIClient

from config.kit.refusal import Refusal
from segments.rules.as_of import AsOf
from segments.rules.parse import parse
from segments.rules.words import Words
from segments.services.preview import preview
from tests.operators import logged_in
from tests.segments import probes
from tests.segments.shop import customer, rule
from users.models import Customer, Scope
from users.seed import seed
from users.services import api_keys

NOW = datetime(2026, 5, 14, 7, 30, tzinfo=UTC)
MARK = "x'\"; DROP TABLE users_customer; --%s%%(a)s{}__in"
JUNK: tuple[Any, ...] = (
    MARK, "", " ", "\0", "a\0b", "\ud800", "\udfff", "'", '"', "%", "%s", "%(name)s", "__", "pk__gt", "_connector",
    "$.a", "a->>'b'", "a" * 201, "名" * 200, "\u202e", "null", "true", None, True, False, 0, -1, 2**31, 2**53, 2**63,
    -(2**70), 10**400, 1e308, float("inf"), float("nan"), -0.0, 0.1, [], [[]], [None], ["\0"], [MARK], [1, 2, 3],
    ["a"] * 6, ["a"] * 101, {}, {"a": 1}, {MARK: MARK}, {"all": []}, {"everyone": 1},
)  # fmt: skip
DEEP = 100_000
MUTANTS = 600

pytestmark = pytest.mark.django_db


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value."""
    yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


def mutant(source: Any, chance: random.Random) -> Any:
    """A rule with junk in one place, under another key, with a key too many or one too few."""
    changed = deepcopy(source)
    *above, last = chance.choice([path for path in places(changed) if path])
    holder = changed
    for key in above:
        holder = holder[key]
    how = chance.randrange(4)
    if how == 0 and isinstance(holder, dict):
        holder[str(chance.choice(JUNK))] = holder.pop(last)
    elif how == 1 and isinstance(holder, dict):
        holder[str(chance.choice(JUNK))] = chance.choice(JUNK)
    elif how == 2:
        del holder[last]
    else:
        holder[last] = deepcopy(chance.choice(JUNK))
    return changed


def test_junk_in_every_place_is_refused_or_bound() -> None:
    seed()
    customer(city="Suzhou", attributes={"a": {"b": "\u202e"}})
    chance, words = random.Random("hostile rules"), Words()
    questions = list(probes.questions())
    refused, asked = 0, 0
    for _number in range(MUTANTS):
        raw = mutant(rule(chance.choice(questions)), chance)
        try:
            read = parse(raw)
        except Refusal as refusal:
            assert refusal.message
            refused += 1
            continue
        asked += 1
        assert isinstance(read.sentence(words), str)
        assert parse(read.write()).write() == read.write()
        for everybody in (True, False):
            list(read.customers(AsOf(NOW, everybody=everybody)).values("pk")[:1])
        for edge in read.crossing(AsOf(NOW - timedelta(days=1)), AsOf(NOW)):
            list(edge.customers[:1])
    assert min(refused, asked) > MUTANTS / 50
    assert Customer.objects.count() == 1


@pytest.mark.parametrize(
    "condition",
    [
        {"field": "city", "op": "equals", "value": MARK},
        {"field": "city", "op": "is_any_of", "value": [MARK]},
        {"field": "city", "op": "contains", "value": MARK},
        {"attribute": [MARK, MARK], "op": "equals", "value": MARK},
        {"collection": "tags", "op": "has_any_of", "value": [MARK]},
        {"collection": "interests", "op": "has_any_of", "value": [MARK]},
        {"event": MARK, "op": "did", "where": [{"property": [MARK], "op": "equals", "value": MARK}]},
        {"event": "Product Viewed", "op": "total", "of": [MARK], "at_least": 1},
        {
            "happened": "orders",
            "op": "did",
            "where": [{"property": "category", "op": "equals", "value": MARK}],
        },
        {
            "happened": "conversations",
            "op": "did",
            "where": [{"property": "subject", "op": "equals", "value": MARK}],
        },
    ],
)
def test_hostile_text_is_a_parameter_and_no_part_of_the_statement(condition: dict[str, Any]) -> None:
    for everybody in (True, False):
        sql, _parameters = (
            parse(rule(condition)).customers(AsOf(NOW, everybody=everybody)).query.sql_with_params()
        )
        assert "DROP TABLE" not in sql
    with CaptureQueriesContext(connection):
        preview(rule(condition), NOW)


def bodies() -> Iterator[str]:
    """Texts that are no rule, or hardly JSON."""
    deep = '{"all":[' * 1_000 + "]}" * 1_000
    yield from (
        "", "{", "null", "[]", "1", '"x"', "[" * DEEP, "[" * DEEP + "]" * DEEP, '{"a":' * DEEP, "NaN", "-Infinity",
        f'{{"version": 1, "root": {deep}}}',
        '{"version": 1, "version": 2, "root": {"all": [{"field": "city", "op": "is_known"}]}}',
        f'{{"version": 1{"0" * 5_000}, "root": {{}}}}',
        '{"version": 1, "root": {"all": [{"field": "city", "op": "equals", "value": "\\u0000"}]}}',
        '{"version": 1, "root": {"all": [{"field": "city", "op": "equals", "value": "\\ud800"}]}}',
        '{"version": 1, "root": {"all": [{"field": "\\u0000", "op": "is_known"}]}}',
        '{"version": 1, "root": {"all": [{"attribute": ["\\u0000"], "op": "is_known"}]}}',
        f'{{"version": 1, "root": {{"all": [{{"field": "orders", "op": "at_least", "value": {"9" * 5_000}}}]}}}}',
        '{"version": 1, "root": {"all": [{"field": "orders", "op": "at_least", "value": 1e999}]}}',
        json.dumps(rule(*[{"field": "city", "op": "is_known"}] * 5_000)),
    )  # fmt: skip


@pytest.fixture
def shop_api() -> APIClient:
    _key, secret = api_keys.create(name="shop", scope=Scope.SERVER, by=None)
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def test_bodies_of_the_api_get_a_client_error(shop_api: APIClient) -> None:
    for number, body in enumerate(bodies()):
        for address, text in (
            ("/api/v1/segments", f'{{"name": "n{number}", "rule": {body or "null"}}}'),
            ("/api/v1/segments/preview", f'{{"rule": {body or "null"}}}'),
            ("/api/v1/segments/preview", body),
        ):
            answer = shop_api.post(
                address, text, content_type="application/json", HTTP_IDEMPOTENCY_KEY=f"k{number}"
            )
            assert 400 <= answer.status_code < 500, (address, body[:80])
            assert answer["Content-Type"].startswith("application/json")


def test_ten_megabytes_are_refused_at_once(shop_api: APIClient) -> None:
    large = json.dumps(
        {"name": "x", "rule": rule({"field": "city", "op": "equals", "value": "a" * 10_000_000})}
    )
    for address in ("/api/v1/segments", "/api/v1/segments/preview"):
        answer = shop_api.post(address, large, content_type="application/json", HTTP_IDEMPOTENCY_KEY="k")
        assert answer.status_code in (400, 413)
    client = logged_in()
    client.raise_request_exception = False
    for page in ("segments:preview", "segments:create"):
        assert client.post(reverse(page), {"rule": large, "name": "x"}).status_code in (200, 400, 413)


def test_the_form_the_preview_and_the_suggestions_never_break() -> None:
    client = logged_in()
    client.raise_request_exception = False
    for body in bodies():
        shown = client.post(reverse("segments:preview"), {"rule": body})
        assert shown.status_code == 200, body[:80]
        assert client.post(reverse("segments:preview_parts"), {"rule": body}).status_code in (200, 400), body[
            :80
        ]
        made = client.post(reverse("segments:create"), {"rule": body, "name": "x", "description": body[:50]})
        assert made.status_code in (200, 400), body[:80]
    for junk in (
        text for text in JUNK if isinstance(text, str) and "\ud800" not in text and "\udfff" not in text
    ):
        for source in ("", "events", "orders", junk):
            asked = {"source": source, "name": junk, "event": junk, "typed": junk, "path": junk}
            assert client.get(reverse("segments:suggest"), asked).status_code in (200, 400), asked
        asked = {"name": "city", "typed": junk}
        assert client.get(reverse("segments:suggest"), asked).status_code in (200, 400), asked
        assert client.get(reverse("segments:ready_count", args=["dormant"]), {"x": junk}).status_code == 200
