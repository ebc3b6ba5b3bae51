"""The local stand-in for providers."""

import smtplib
import socket
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest

from config.sink import store as sink_store
from config.sink.server import mail_door, sms_door
from config.sink.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "sink")


@pytest.fixture
def sms_address(store: Store) -> Iterator[str]:
    server = sms_door(store, 0)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def letter(subject: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "shop@example.com", "alice@example.com", subject
    message.set_content("您好, Alice")
    message.add_alternative("<p>您好, Alice</p>", subtype="html")
    return message


def test_mail_is_kept_whole_and_listed_newest_first(store: Store) -> None:
    door = mail_door(store, 0)
    door.start()
    try:
        with smtplib.SMTP(door.hostname, door.port) as client:
            for subject in ("一", "二", "三"):
                client.send_message(letter(subject))
    finally:
        door.stop()
    page = store.list_messages("mail", size=2)
    assert [line.subject for line in page.rows] == ["三", "二"]
    assert (page.total, page.number) == (3, 1)
    message = store.read_message(page.rows[0].id)
    assert message.to == "alice@example.com"
    assert message.text.strip() == "您好, Alice"
    assert message.html.strip() == "<p>您好, Alice</p>"
    assert ("X-RcptTo", "alice@example.com") in message.headers


def test_the_door_speaks_smtp(store: Store) -> None:
    door = mail_door(store, 0)
    door.start()
    try:
        with socket.create_connection((door.hostname, door.port), timeout=5) as plain:
            plain.sendall(
                b"EHLO me\r\nDATA\r\nRCPT TO:<b@x.cn>\r\nMAIL FROM:a@x.cn\r\nWHAT\r\n"
                b"MAIL FROM:<a@x.cn> SIZE=9\r\nRCPT TO:<b@x.cn>\r\nRCPT TO:<c@x.cn>\r\nDATA\r\n"
                b"Subject: dots\r\n\r\n..one\r\n...\r\nlast\r\n.\r\n"
                b"MAIL FROM:<>\r\nRCPT TO:<d@x.cn>\r\nDATA\r\n.\r\nRSET\r\nQUIT\r\n"
            )
            said = b"".join(iter(lambda: plain.recv(4096), b"")).decode().splitlines()
    finally:
        door.stop()
    codes = [line[:3] for line in said if line[3] == " "]
    expected = "220 250 503 503 501 502 250 250 250 354 250 250 250 354 250 250 221"
    assert codes == expected.split()
    empty, dotted = (store.read_message(line.id) for line in store.list_messages("mail").rows)
    assert dotted.text.splitlines() == [".one", "..", "last"]
    assert dotted.to == "b@x.cn, c@x.cn"
    assert (empty.to, empty.text) == ("d@x.cn", "")


def test_sms_is_kept_and_answered_with_its_id(store: Store, sms_address: str) -> None:
    answer = httpx.post(
        f"{sms_address}/sms", json={"to": "+8613800000000", "text": "拒收请回复R", "key": "d-1"}
    )
    assert answer.status_code == 200
    message = store.read_message(answer.json()["id"])
    assert (message.to, message.text) == ("+8613800000000", "拒收请回复R")
    assert ("key", "d-1") in message.headers


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"to": "1"}', b"\xff"])
def test_what_is_no_sms_is_refused(sms_address: str, store: Store, body: bytes) -> None:
    assert httpx.post(f"{sms_address}/sms", content=body).status_code == 400
    assert store.list_messages("sms").total == 0


@pytest.mark.parametrize(
    "id", ["mail/../sms/x.json", "mail/nothing.eml", "elsewhere/x.eml", "", "mail/", "sms/x.eml"]
)
def test_an_id_reaches_no_other_file(store: Store, id: str) -> None:
    with pytest.raises(FileNotFoundError):
        store.read_message(id)


def test_only_the_newest_are_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sink_store, "KEPT", 3)
    monkeypatch.setattr(sink_store, "TRIM_EVERY", 1)
    for number in range(5):
        store.keep("sms", f'{{"to": "1", "text": "{number}"}}'.encode())
    assert [line.subject for line in store.list_messages("sms").rows] == ["4", "3", "2"]


def test_clear_empties_it(store: Store) -> None:
    store.keep("sms", b'{"to": "1", "text": "x"}')
    store.clear()
    assert store.list_messages("sms").rows == []
