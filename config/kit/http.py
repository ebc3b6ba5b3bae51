"""Requests to addresses that an operator or a caller entered: never into our own network, never for long.

The name is resolved once, every address it leads to must be a public one, and the connection goes to an
address that was looked at: a name that leads elsewhere a moment later gains nothing. Redirects are not followed.
TLS is verified against the name. One deadline covers everything from the look-up to the last byte.
"""

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpcore
from django.conf import settings
from django.utils.translation import gettext as _

from config.kit.refusal import Refusal

LARGEST_ANSWER = 64 * 1024
"""Bytes of an answer that are read; nobody looks at more."""
LONGEST_URL = 500
PORTS = range(1, 65536)
GIVEN_OUT = ipaddress.ip_network("2000::/3")

Resolve = Callable[[str, int], list[str]]


class Unreachable(Exception):
    """No answer was had. ``code``: ``forbidden``, ``unknown_host``, ``timeout``, ``refused``, ``tls`` or ``broken``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said."""

    status: int
    milliseconds: int


def check_url(url: str, *, field: str = "url") -> str:
    """An address as it may be stored. Raises Refusal for one that could never be called.

    Where its name leads is looked at anew for every call; this refuses what can be seen from the text.
    """
    plain = url.strip()
    try:
        parts = urlsplit(plain)
        port = parts.port or _usual_port(parts.scheme)
    except ValueError:
        raise _bad(field) from None
    is_shaped = bool(parts.hostname) and port in PORTS and plain.isascii() and plain.isprintable()
    if not is_shaped or len(plain) > LONGEST_URL or parts.scheme not in ("http", "https") or " " in plain:
        raise _bad(field)
    if parts.username or parts.password:
        raise Refusal(
            "credentials_in_url", _("Leave user name and password out of the address."), field=field
        )
    host = str(parts.hostname)
    if f"{host}:{port}" in settings.HTTP_ALLOWED:
        return plain
    if parts.scheme != "https":
        raise Refusal("not_https", _("The address must begin with https://."), field=field)
    if _is_literal(host) and not _is_public(host):
        raise Refusal("forbidden_address", _("This address leads into a private network."), field=field)
    return plain


def post(
    url: str,
    content: bytes,
    headers: Mapping[str, str],
    *,
    seconds: float = 10.0,
    resolve: Resolve | None = None,
) -> Answer:
    """Post ``content``; what the other side said. Raises Unreachable."""
    started = time.monotonic()
    backend = _Guarded(started + seconds, resolve or _look_up)
    try:
        check_url(url)
        with httpcore.ConnectionPool(
            ssl_context=ssl.create_default_context(), network_backend=backend
        ) as pool:
            told = [(name.encode(), value.encode()) for name, value in headers.items()]
            told.append((b"Content-Length", str(len(content)).encode()))
            told.append((b"Host", urlsplit(url).netloc.encode()))
            with pool.stream("POST", url, headers=told, content=content) as response:
                _read_some(response.iter_stream())
                return Answer(response.status, round((time.monotonic() - started) * 1000))
    except Refusal:
        raise Unreachable("forbidden") from None
    except httpcore.TimeoutException:
        raise Unreachable("timeout") from None
    except httpcore.ConnectError as problem:
        raise Unreachable("tls" if isinstance(problem.__cause__, ssl.SSLError) else "refused") from None
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol):
        raise Unreachable("broken") from None


def _read_some(parts: Iterable[bytes]) -> None:
    read = 0
    for part in parts:
        read += len(part)
        if read > LARGEST_ANSWER:
            return


class _Guarded(httpcore.NetworkBackend):
    """Connects to public addresses only, within the deadline."""

    def __init__(self, deadline: float, resolve: Resolve) -> None:
        self._deadline = deadline
        self._resolve = resolve
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.NetworkStream:
        """Look the name up, look at all it leads to, connect to the first that answers."""
        addresses = [host] if _is_literal(host) else self._resolve(host, port)
        if f"{host}:{port}" not in settings.HTTP_ALLOWED and not all(map(_is_public, addresses)):
            raise Unreachable("forbidden")
        problem: Exception = Unreachable("unknown_host")
        for address in addresses:
            try:
                stream = self._plain.connect_tcp(
                    address, port, _left(self._deadline), local_address, socket_options
                )
                return _Hurried(stream, self._deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                problem = failed
        raise problem

    def connect_unix_socket(self, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        """Never."""
        raise Unreachable("forbidden")


class _Hurried(httpcore.NetworkStream):
    """A stream whose every step has only what is left of the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, _left(self._deadline))
        return _Hurried(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout
    return left


def _look_up(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        raise Unreachable("unknown_host") from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_public(address: str) -> bool:
    """Whether an address is of the public internet, also when it is wrapped into IPv6."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if inner is not None:
            return _is_public(str(inner))
        if found in ipaddress.ip_network("64:ff9b::/96"):
            return _is_public(str(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)))
        # What is outside of the space given out so far is old ways to wrap IPv4, or a site's own.
        if found not in GIVEN_OUT:
            return False
    return found.is_global and not found.is_multicast


def _usual_port(scheme: str) -> int:
    return 443 if scheme == "https" else 80


def _bad(field: str) -> Refusal:
    return Refusal(
        "bad_url", _("Enter a whole address, such as https://shop.example.com/hooks."), field=field
    )
