"""The files of the sink: one per message, written whole, in order of arrival, the newest 20,000 kept."""

import itertools
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Literal, cast

Kind = Literal["mail", "sms"]
KINDS: tuple[Kind, ...] = ("mail", "sms")
SUFFIX: dict[Kind, str] = {"mail": ".eml", "sms": ".json"}
KEPT = 20_000
TRIM_EVERY = 500


@dataclass(frozen=True)
class Line:
    """One message in a list. `id` is what `read_message` takes."""

    id: str
    kind: Kind
    at: datetime
    to: str
    subject: str


@dataclass(frozen=True)
class Message:
    """One whole message; `html` is empty for SMS and for plain mail."""

    id: str
    kind: Kind
    at: datetime
    sender: str
    to: str
    subject: str
    text: str
    html: str
    headers: list[tuple[str, str]]


@dataclass(frozen=True)
class Page:
    """Newest first. `number` counts from 1."""

    rows: list[Line]
    number: int
    size: int
    total: int


class Store:
    """The messages under one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._counter = itertools.count()
        for kind in KINDS:
            (folder / kind).mkdir(parents=True, exist_ok=True, mode=0o700)

    def keep(self, kind: Kind, content: bytes) -> str:
        """Write one message under a name that sorts by arrival; a reader sees it whole or not at all."""
        number = next(self._counter)
        name = f"{time.time_ns():020d}-{os.getpid()}-{number}{SUFFIX[kind]}"
        target = self.folder / kind / name
        partial = target.with_suffix(".part")
        partial.write_bytes(content)
        partial.rename(target)
        if number % TRIM_EVERY == 0:
            self.trim(kind)
        return f"{kind}/{name}"

    def trim(self, kind: Kind) -> None:
        """Delete the oldest above the limit."""
        for name in self._names(kind)[KEPT:]:
            (self.folder / kind / name).unlink(missing_ok=True)

    def list_messages(self, kind: Kind, page: int = 1, size: int = 50) -> Page:
        """One page of what came in, newest first."""
        names = self._names(kind)
        page = max(1, page)
        chosen = names[(page - 1) * size : page * size]
        return Page(list(self._lines(kind, chosen)), page, size, len(names))

    def read_message(self, id: str) -> Message:
        """One message. Raises FileNotFoundError when there is none of that id, or it is no id."""
        kind, path = self._path(id)
        content = path.read_bytes()
        return _mail(id, content) if kind == "mail" else _sms(id, content)

    def read_raw(self, id: str) -> bytes:
        """The bytes as they arrived."""
        return self._path(id)[1].read_bytes()

    def clear(self) -> None:
        """Delete everything."""
        for kind in KINDS:
            for name in self._names(kind):
                (self.folder / kind / name).unlink(missing_ok=True)

    def _names(self, kind: Kind) -> list[str]:
        return sorted(
            (e.name for e in os.scandir(self.folder / kind) if e.name.endswith(SUFFIX[kind])), reverse=True
        )

    def _lines(self, kind: Kind, names: list[str]) -> Iterator[Line]:
        for name in names:
            try:
                message = self.read_message(f"{kind}/{name}")
            except FileNotFoundError:
                continue
            yield Line(message.id, kind, message.at, message.to, message.subject or message.text[:80])

    def _path(self, id: str) -> tuple[Kind, Path]:
        kind, _, name = id.partition("/")
        if kind not in KINDS or name != Path(name).name or not name.endswith(SUFFIX[cast(Kind, kind)]):
            raise FileNotFoundError(id)
        return cast(Kind, kind), self.folder / kind / name


def default_store() -> Store:
    """The store of this installation."""
    from django.conf import settings

    return Store(Path(settings.SINK_DIR))


def list_messages(kind: Kind, page: int = 1, size: int = 50) -> Page:
    """One page of this installation's sink, newest first."""
    return default_store().list_messages(kind, page, size)


def read_message(id: str) -> Message:
    """One message of this installation's sink."""
    return default_store().read_message(id)


def clear() -> None:
    """Empty this installation's sink."""
    default_store().clear()


def _arrived(id: str) -> datetime:
    nanoseconds = int(id.partition("/")[2].partition("-")[0])
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC)


def _mail(id: str, content: bytes) -> Message:
    parsed = message_from_bytes(content, policy=policy.default)
    headers = [(name, str(value)) for name, value in parsed.items()]
    found = {name.lower(): value for name, value in reversed(headers)}
    to = found.get("to", "") or found.get("x-rcptto", "")
    text, html = _body(parsed, "plain"), _body(parsed, "html")
    return Message(
        id, "mail", _arrived(id), found.get("from", ""), to, found.get("subject", ""), text, html, headers
    )


def _body(parsed: EmailMessage, subtype: Literal["plain", "html"]) -> str:
    part = parsed.get_body(preferencelist=(subtype,))
    if part is None:
        return ""
    try:
        return str(part.get_content())
    except (LookupError, ValueError):
        return ""


def _sms(id: str, content: bytes) -> Message:
    body: dict[str, Any] = json.loads(content)
    rest = [(name, str(value)) for name, value in body.items() if name not in {"to", "text", "from"}]
    return Message(
        id,
        "sms",
        _arrived(id),
        str(body.get("from", "")),
        str(body.get("to", "")),
        "",
        str(body.get("text", "")),
        "",
        rest,
    )
