"""The kind of device: from a context to the event, and where it goes from there."""

from datetime import timedelta
from typing import Any

import pytest

from config.kit import clock
from tests.users.door import customer, identify, item, send
from users.devices import kind_of
from users.models import Event
from users.tracking.context import trim

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"
)
IPAD = "Mozilla/5.0 (iPad; CPU OS 16_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"
PIXEL = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36"
GALAXY_TAB = "Mozilla/5.0 (Linux; Android 13; SM-X700) AppleWebKit/537.36 Chrome/120.0 Safari/537.36"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36"
TELEVISION = "Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/538.1"
ROBOT = "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X) Mobile Safari/537.36 (compatible; Googlebot/2.1)"


@pytest.mark.parametrize(
    ("context", "kind"),
    [
        ({"device": {"type": "ios"}, "os": {"name": "iOS"}}, "mobile"),
        ({"device": {"type": "ios", "model": "iPad8,1"}}, "tablet"),
        ({"device": {"type": " Desktop "}}, "desktop"),
        ({"device": {"type": "TV"}}, "other"),
        ({"userAgent": IPHONE}, "mobile"),
        ({"userAgent": IPAD}, "tablet"),
        ({"userAgent": PIXEL}, "mobile"),
        ({"userAgent": GALAXY_TAB}, "tablet"),
        ({"userAgent": WINDOWS}, "desktop"),
        ({"userAgent": TELEVISION}, "other"),
        ({"device": {"type": "tablet"}, "userAgent": WINDOWS}, "tablet"),
        ({"os": {"name": "Mac OS X"}}, "desktop"),
        ({"userAgent": ROBOT}, None),
        ({"device": {"type": "x" * 9_000, "kind": "mobile"}}, None),
        ({"device": "mobile", "os": [], "userAgent": 7}, None),
        ({"library": {"name": "analytics-python"}}, None),
        ({}, None),
    ],
)
def test_what_a_context_tells(context: dict[str, Any], kind: str | None) -> None:
    assert kind_of(context) == kind
    kept = trim(context)
    assert kept.get("device", {}).get("kind") == kind
    assert "userAgent" not in kept


@pytest.mark.django_db
def test_an_event_keeps_it_through_a_join() -> None:
    at = clock.now() - timedelta(hours=3)
    phone = trim({"userAgent": IPHONE})
    send(
        identify(at=at, user="u1", name="Ada"),
        item(at=at, name="Product Viewed", anonymous="a1", context=phone),
        item(at=at, name="Product Added", user="u1"),
    )
    send(identify(at=at + timedelta(hours=1), user="u1", anonymous="a1"))
    found = (
        Event.objects.filter(customer=customer("u1"))
        .order_by("type__name")
        .values_list("type__name", "device")
    )
    assert set(found) >= {("Product Viewed", "mobile"), ("Product Added", None)}
