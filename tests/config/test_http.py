"""Requests to addresses that somebody entered: never inside, never for long, no detours."""

import time
from collections.abc import Iterator

import httpcore
import pytest
from pytest_django.fixtures import Settings
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from config.kit import http


@pytest.fixture
def inside(httpserver: HTTPServer) -> HTTPServer:
    """Something on this machine that nobody must reach."""
    httpserver.expect_request("/").respond_with_data("secret")
    return httpserver


def code_of(url: str, **more: object) -> str:
    with pytest.raises(http.Unreachable) as problem:
        http.post(url, b"{}", {}, seconds=2, **more)  # type: ignore[arg-type]
    return problem.value.code


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::1",
        "fe80::1", "fd00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "224.0.0.1", "240.0.0.1",
        "::7f00:1", "::10.0.0.1", "fec0::1", "2001:0:7f00:1::", "100::1", "64:ff9b:1::a00:1", "::ffff:0:10.0.0.1",
    ],
)  # fmt: skip
def test_a_name_that_leads_inside_is_refused(address: str) -> None:
    assert code_of("https://hook.example/", resolve=lambda host, port: [address]) == "forbidden"
    # One bad address among good ones is enough.
    both = ["93.184.216.34", address]
    assert code_of("https://hook.example/", resolve=lambda host, port: both) == "forbidden"


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001", "localhost", "017700000001"])
def test_other_spellings_of_this_machine(host: str, inside: HTTPServer) -> None:
    assert code_of(f"https://{host}:{inside.port}/") in {"forbidden", "unknown_host"}
    assert inside.log == []


def test_a_name_that_changes_its_mind_gains_nothing(
    inside: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: the second look-up would lead inside; there is none, the looked-at address is used."""
    answers = iter([["93.184.216.34"], ["127.0.0.1"], ["127.0.0.1"]])
    asked: list[str] = []
    reached: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    def connect(self: object, host: str, *args: object, **kwargs: object) -> None:
        reached.append(host)
        raise httpcore.ConnectError

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    assert code_of(f"https://hook.example:{inside.port}/", resolve=resolve) == "refused"
    assert (asked, reached) == (["hook.example"], ["93.184.216.34"])


def test_plain_http_is_for_allowed_places_only(inside: HTTPServer) -> None:
    assert code_of(inside.url_for("/")) == "forbidden"
    assert code_of("http://93.184.216.34/") == "forbidden"
    assert inside.log == []


@pytest.fixture
def receiver(httpserver: HTTPServer, settings: Settings) -> Iterator[HTTPServer]:
    settings.HTTP_ALLOWED = [f"{httpserver.host}:{httpserver.port}"]
    yield httpserver


def test_an_allowed_place_is_reached_and_redirects_are_not_followed(receiver: HTTPServer) -> None:
    receiver.expect_request("/a", method="POST").respond_with_data("", status=307, headers={"Location": "/b"})
    assert http.post(receiver.url_for("/a"), b'{"a":1}', {"X-A": "1"}).status == 307
    ((request, _answer),) = receiver.log
    assert (request.path, request.data, request.headers["X-A"]) == ("/a", b'{"a":1}', "1")


def test_the_deadline_covers_an_answer_that_drips(receiver: HTTPServer) -> None:
    def drip(request: Request) -> Response:
        def parts() -> Iterator[bytes]:
            for _ in range(50):
                time.sleep(0.1)
                yield b"x"

        return Response(parts())

    receiver.expect_request("/slow").respond_with_handler(drip)
    began = time.monotonic()
    with pytest.raises(http.Unreachable) as problem:
        http.post(receiver.url_for("/slow"), b"", {}, seconds=0.5)
    assert (problem.value.code, time.monotonic() - began < 1.5) == ("timeout", True)


def test_a_flood_is_not_read_to_its_end(receiver: HTTPServer) -> None:
    receiver.expect_request("/flood").respond_with_data(b"x" * (http.LARGEST_ANSWER * 20))
    assert http.post(receiver.url_for("/flood"), b"", {}).status == 200


def test_nobody_there(settings: Settings) -> None:
    settings.HTTP_ALLOWED = ["127.0.0.1:9"]
    assert code_of("http://127.0.0.1:9/") == "refused"
