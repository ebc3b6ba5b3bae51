"""Callers of the storefront API: a shopper with a token of the storefront "web", the shop with its key."""

from datetime import datetime
from typing import Any

import jwt
from django.test import Client

from config.kit import clock
from users.models import Customer, Identity, IdentityKind, Scope, Storefront
from users.services import api_keys

SECRET = "s" * 43


class Caller(Client):
    """A JSON client with an Authorization header; ``once`` is the Idempotency-Key of a call."""

    def ask(self, address: str, **parameters: str) -> Any:
        return self.get(f"/api/v1/{address}", parameters)

    def tell(self, address: str, body: Any = None, *, once: str) -> Any:
        return self.post(
            f"/api/v1/{address}",
            {} if body is None else body,
            content_type="application/json",
            headers={"Idempotency-Key": once},
        )


def shopper(customer: Customer) -> Caller:
    """The customer with a phone in hand."""
    assert customer.user_id is not None
    known(customer)
    now = clock.now()
    Storefront.objects.get_or_create(
        name="web", defaults={"title": "Web shop", "jwt_secret": SECRET, "created_at": now}
    )
    issued = int(datetime.now().timestamp())
    token = jwt.encode(
        {"sub": customer.user_id, "aud": "web", "iat": issued, "exp": issued + 600}, SECRET, "HS256"
    )
    return Caller(headers={"Authorization": f"Bearer {token}"})


def server() -> Caller:
    """The shop's back end."""
    _key, secret = api_keys.create(name="Back end", scope=Scope.SERVER, by=None)
    return Caller(headers={"Authorization": f"Bearer {secret}"})


def known(customer: Customer) -> Customer:
    """The customer can be found by userId, as intake would have seen to."""
    Identity.objects.get_or_create(
        kind=IdentityKind.USER_ID,
        value=customer.user_id,
        defaults={"customer": customer, "since": customer.first_seen_at},
    )
    return customer
