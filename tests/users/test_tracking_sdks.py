"""The real SDKs, unchanged, against the real server: what each says arrives as it was said."""

import json
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import rudderstack.analytics.client as rudder
import segment.analytics.client as segment

from tests.sdks import node_sdks
from users.models import DeadLetter, IntakeBody, Scope
from users.services import api_keys

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

HERE = Path(__file__).resolve().parents[2]
LONG_AGO = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def write_key() -> str:
    return api_keys.create(name="Shop window", scope=Scope.WRITE, by=None)[1]


def arrived(count: int) -> list[dict[str, Any]]:
    """The items stored, oldest first; waits for so many."""
    for _ in range(100):
        items = [item for body in IntakeBody.objects.order_by("pk") for item in json.loads(body.items)]
        if len(items) >= count:
            break
        time.sleep(0.1)
    assert not DeadLetter.objects.exists()
    assert len({item["message_id"] for item in items}) == len(items) == count
    return items


def shape(item: dict[str, Any]) -> tuple[Any, ...]:
    return item["type"], item["user_id"], item["anonymous_id"], item["name"]


def in_the_last_minute(item: dict[str, Any]) -> bool:
    age = datetime.now(UTC) - datetime.fromisoformat(item["occurred_at"])
    return abs(age.total_seconds()) < 60 and not item["clamped"]


def check_the_python_calls(items: list[dict[str, Any]]) -> None:
    said = {(item["type"], item["name"]): item for item in items}
    assert said["identify", None]["traits"]["email"] == "ada@example.com"
    assert said["track", "Order Completed"]["properties"] == {"order_id": "9", "total": 25.5}
    assert all(item["user_id"] == "42" for item in items if item["type"] in {"identify", "track", "alias"})
    assert said["page", "Page Viewed"]["properties"]["name"] == "Home"
    assert said["group", "Group Joined"]["properties"]["group_id"] == "club"
    assert said["alias", None]["previous_id"] == "device-1"
    old = datetime.fromisoformat(said["track", "Searched"]["occurred_at"])
    assert abs((old - LONG_AGO).total_seconds()) < 60
    assert all(in_the_last_minute(item) for item in items if item["name"] != "Searched")


def say_everything(client: Any) -> None:
    """The calls of both Python SDKs, which share their signatures."""
    client.identify(42, {"email": "ada@example.com"})
    client.track(42, "Order Completed", {"order_id": "9", "total": 25.5})
    client.page("42", None, "Home", {"url": "https://shop.example.com/"})
    client.screen("42", None, "Cart")
    client.group("42", "club", {"name": "Club"})
    client.alias("device-1", "42")
    client.track(42, "Searched", {}, timestamp=LONG_AGO)


@pytest.mark.parametrize("gzip", [False, True])
def test_segment_for_python(host: str, write_key: str, gzip: bool) -> None:
    problems: list[Any] = []
    client = segment.Client(write_key, host=host, gzip=gzip, on_error=lambda *told: problems.append(told))
    say_everything(client)
    client.shutdown()
    assert problems == []
    check_the_python_calls(arrived(7))


@pytest.mark.parametrize("gzip", [False, True])
def test_rudder_for_python(host: str, write_key: str, gzip: bool) -> None:
    problems: list[Any] = []
    client = rudder.Client(write_key, host=host, gzip=gzip, on_error=lambda *told: problems.append(told))
    say_everything(client)
    client.shutdown()
    assert problems == []
    check_the_python_calls(arrived(7))


def test_a_python_sdk_learns_that_its_key_is_bad(host: str) -> None:
    problems: list[Any] = []
    client = segment.Client("nobody", host=host, max_retries=1, on_error=lambda *told: problems.append(told))
    client.track("42", "Searched")
    client.shutdown()
    assert [(problem.status, problem.code) for problem, _items in problems] == [(401, "bad_key")]


@pytest.fixture(scope="module")
def node() -> Path:
    home = node_sdks()
    if home is None:
        pytest.skip("Node or its packages are missing: the Node SDKs are not tried")
    return home


@pytest.mark.parametrize("command", [["segment.mjs"], ["rudder.mjs"], ["rudder.mjs", "gzip"]])
def test_node(host: str, write_key: str, node: Path, command: list[str]) -> None:
    script, *options = command
    done = subprocess.run(
        ["node", script, host, write_key, *options],
        cwd=node,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    items = arrived(7)
    assert sorted(map(str, map(shape, items))) == sorted(
        str(expected)
        for expected in [
            ("identify", "node-1", None, None),
            ("track", "node-1", None, "Order Completed"),
            ("page", None, "device-1", "Page Viewed"),
            ("screen", "node-1", None, "Screen Viewed"),
            ("group", "node-1", None, "Group Joined"),
            ("alias", "node-1", None, None),
            ("track", "node-1", None, "Searched"),
        ]
    )
    (identified,) = [item for item in items if item["type"] == "identify"]
    assert identified["traits"] == {"email": "node@example.com", "plan": "gold"}
    (searched,) = [item for item in items if item["name"] == "Searched"]
    old = datetime.fromisoformat(searched["occurred_at"])
    assert abs((old - LONG_AGO).total_seconds()) < 60
    assert all(in_the_last_minute(item) for item in items if item["name"] != "Searched")


def test_segment_in_a_browser(host: str, write_key: str, node: Path, page: Any, httpserver: Any) -> None:
    """The page stands on another site than the server, so that the browser asks for leave as in a shop."""
    script = (node / "node_modules/@segment/analytics-next/dist/umd/standalone.js").read_bytes()
    httpserver.expect_request("/shop").respond_with_data("<title>Shop</title>", content_type="text/html")
    shop = httpserver.url_for("/shop")
    page.goto(shop)
    problems: list[str] = []
    page.on("pageerror", lambda problem: problems.append(str(problem)))
    page.evaluate(
        """([host, key]) => {
            window.analytics = [];
            for (const call of ["page", "track", "identify"])
                window.analytics[call] = (...said) => window.analytics.push([call, ...said]);
            window.analytics._writeKey = key;
            window.analytics._cdn = host;
            window.analytics.page("Home");
            window.analytics.identify("browser-1", {email: "browser@example.com"});
            window.analytics.track("Product Viewed", {product_id: "p1", price: 9.5});
        }""",
        [host, write_key],
    )
    page.add_script_tag(content=script.decode())
    items = arrived(3)
    assert problems == []
    said = {item["type"]: item for item in items}
    assert said["page"]["properties"]["name"] == "Home"
    assert said["identify"]["traits"] == {"email": "browser@example.com"}
    assert (said["track"]["name"], said["track"]["user_id"]) == ("Product Viewed", "browser-1")
    assert said["track"]["context"]["page"]["url"] == shop
    assert len({item["anonymous_id"] for item in items}) == 1
    assert all(map(in_the_last_minute, items))
