"""Gate: every address is in the OpenAPI document or on a list of those that are meant for no machine."""

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.generators import SchemaGenerator

# Beginnings of addresses that are no part of the storefront API, and who is meant by them.
INTERNAL = {
    "^v1/": "storefront SDKs: docs/tracking.md",
    "^beacon/v1/": "storefront SDKs: docs/tracking.md",
    "admin/": "operators",
    "accounts/": "operators",
    "i18n/": "operators",
    "^(?:api|v1|beacon|hooks)/": "whoever asks for what is not there",
    "hooks/": "shops that deliver: docs/orders.md",
    "livez": "whoever runs it",
    "readyz": "whoever runs it",
    "metrics": "whoever runs it",
    "api/v1/schema": "the document itself",
    "^s/": "links and QR pictures of source codes",
    "u/": "links in messages",
    "c/": "links in messages",
    "o/": "links in messages",
    "p/": "links in messages",
    "y/": "links in messages",
}
# Posted because the question is long; nothing is changed.
QUESTIONS = {"POST api/v1/segments/preview"}
UNSAFE = ("post", "put", "patch", "delete")


def routes(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every address as Django writes it, with its view."""
    for pattern in patterns:
        address = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, address)
        else:
            yield address, pattern.callback


ROUTES = list(routes(get_resolver().url_patterns))


def test_every_address_is_documented_or_internal() -> None:
    documented = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    known = {path.strip("/").replace("{", "<").replace("}", ">") for path in documented}
    unknown = [
        address
        for address, _view in ROUTES
        if address
        and not address.startswith(tuple(INTERNAL))
        and without_converters(address).strip("/") not in known
    ]
    assert unknown == []


def without_converters(address: str) -> str:
    """``me/<int:number>`` as ``me/<number>``."""
    return "<".join(
        part.partition(":")[2] if ":" in part.partition(">")[0] else part for part in address.split("<")
    )


def test_every_internal_beginning_is_used() -> None:
    assert [known for known in INTERNAL if not any(a.startswith(known) for a, _view in ROUTES)] == []


def test_every_unsafe_call_of_the_storefront_api_has_one_effect_per_key() -> None:
    views = [(a, v.view_class) for a, v in ROUTES if a.startswith("api/v1/") and hasattr(v, "view_class")]
    doubled = {
        f"{method.upper()} {address}"
        for address, view in views
        for method in UNSAFE
        if hasattr(view, method) and not getattr(getattr(view, method), "is_idempotent", False)
    }
    assert doubled - QUESTIONS == set()


def test_every_call_of_the_storefront_api_asks_who_it_is() -> None:
    views = [(a, v.view_class) for a, v in ROUTES if a.startswith("api/v1/") and "schema" not in a]
    open_to_all = [a for a, view in views if not view.authentication_classes or not view.permission_classes]
    assert open_to_all == []
