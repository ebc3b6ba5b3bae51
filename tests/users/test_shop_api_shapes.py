"""Calls made up from the OpenAPI document: what fits it and what does not is answered as it says, never with a 5xx."""

import warnings
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.db import transaction
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.core.failures import Failure, FailureGroup

from config.kit import clock
from tests.users.door import customer, identify, send, track
from users.models import Scope
from users.services import api_keys

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis
    from schemathesis import GenerationMode

pytestmark = [pytest.mark.night, pytest.mark.django_db]
AREAS = ("customers", "orders", "events", "jobs")


def operations() -> dict[str, Any]:
    """The calls of the areas by method and address, as the document tells them."""
    document = SchemaGenerator().get_schema(request=None, public=True)
    own = tuple(f"/api/v1/{area}" for area in AREAS)
    document["paths"] = {path: what for path, what in document["paths"].items() if path.startswith(own)}
    made_up: Any = schemathesis.openapi.from_dict(document).get_all_operations()
    found: list[Any] = [made.ok() for made in made_up]  # a wrong one raises
    return {one.label: one for one in found}


OPERATIONS = operations()


@pytest.fixture
def shop() -> Client:
    """A back end whose calls go through the whole stack, in the test's own transaction."""
    now = clock.now()
    send(
        identify(at=now, user="lin", name="Lin", email="lin@x.org"),
        track("Order Completed", at=now, user="lin", order_id="A-1", total=5, currency="USD"),
    )
    _key, secret = api_keys.create(name="shop", scope=Scope.SERVER, by=None)
    return Client(
        raise_request_exception=False,
        headers={"Authorization": f"Bearer {secret}", "Idempotency-Key": "made up"},
    )


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_call_answers_as_documented(shop: Client, mode: Any) -> None:
    """Some calls of every operation; each is undone, so that none depends on another."""
    assert len(OPERATIONS) > 40
    number = customer("lin").pk
    wrong: list[str] = []
    for label, operation in OPERATIONS.items():
        known = {name: number if name == "customer_id" else 1 for name in _numbers(label)}
        _try(shop, operation.as_strategy(generation_mode=mode), known, wrong)
    assert not wrong, "\n".join(sorted(set(wrong)))


def _try(shop: Client, cases: Any, known: dict[str, int], wrong: list[str]) -> None:
    """A few calls of one operation; what is not as the document says goes to ``wrong``."""

    @seed(7)
    @settings(
        max_examples=3,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def calls(case: Any) -> None:
        case.path_parameters = {**(case.path_parameters or {}), **known}
        answer = _asked(shop, case)
        if answer is None:
            return
        if answer.status_code >= 500:
            wrong.append(f"{case.operation.label}: {answer.status_code}")
        try:
            case.operation.validate_response(answer)
        except (Failure, FailureGroup) as problem:
            wrong.append(f"{case.operation.label} {answer.status_code}: {str(problem)[:300]}")

    calls()


def _numbers(label: str) -> list[str]:
    return [part.strip("{}") for part in label.split("/") if part.startswith("{") and part.endswith("_id}")]


def _asked(shop: Client, case: Any) -> httpx.Response | None:
    """What the shop answers; None where the made-up call cannot be written down (a file that is a number)."""
    told = case.as_transport_kwargs(base_url="http://localhost")
    sent = httpx.Request(
        told["method"],
        told["url"],
        **{k: told[k] for k in ("params", "json", "data", "files") if told.get(k)},
    )
    try:
        body = sent.read()
    except (AttributeError, TypeError):
        return None
    with transaction.atomic():
        answer: Any = shop.generic(
            sent.method, sent.url.raw_path.decode(), body, sent.headers.get("content-type", "")
        )
        transaction.set_rollback(True)
    said = b"".join(answer.streaming_content) if answer.streaming else answer.content
    told_back = httpx.Response(answer.status_code, headers=dict(answer.items()), content=said, request=sent)
    told_back.elapsed = timedelta()
    return told_back
