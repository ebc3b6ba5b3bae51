"""A back end that calls the storefront API with a key of its own, and what it tells."""

from typing import Any

from rest_framework.test import APIClient

from users.models import Scope
from users.services import api_keys

V1 = "/api/v1/"
LIN = {"user_id": "lin", "name": "Lin", "email": "Lin@X.org", "city": "Ulm", "attributes": {"skin": "dry"}}
ORDER = {
    "number": "A/1", "user_id": "lin", "currency": "USD", "total": 10800, "shipping": 800, "paid": True,
    "lines": [
        {"line_id": "1", "product_id": "tea", "quantity": 2, "price": 3000},
        {"line_id": "2", "product_id": "cup", "quantity": 1, "price": 4000},
    ],
}  # fmt: skip


class Caller:
    """A back end with a key; every unsafe call has an Idempotency-Key of its own unless one is given."""

    def __init__(self, *may: str, scope: Scope = Scope.SERVER) -> None:
        self.key, secret = api_keys.create(name="shop", scope=scope, may=may, by=None)
        self.client = APIClient()
        self.client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
        self.calls = 0

    def get(self, path: str, **asked: Any) -> Any:
        return self.client.get(V1 + path, asked)

    def tell(self, method: str, path: str, body: Any = None, *, once: str = "", form: str = "json") -> Any:
        self.calls += 1
        headers = {"Idempotency-Key": once or f"call {self.calls}"}
        return getattr(self.client, method)(V1 + path, body, format=form, headers=headers)

    def post(self, path: str, body: Any = None, **how: Any) -> Any:
        return self.tell("post", path, body, **how)


def refusal(answer: Any) -> tuple[int, str, str | None]:
    error = answer.json()["error"]
    return answer.status_code, error["code"], error.get("field")
