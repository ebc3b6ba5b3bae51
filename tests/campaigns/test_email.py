"""E-mail on the wire, and every way in which a mail server may answer."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from pytest_django import Settings

from campaigns.channels.base import Message, Outcome, Result
from campaigns.channels.email.adapter import EmailAdapter
from campaigns.content import Letter
from tests.sinks import SmtpSink


def message(number: int = 1, **changes: str) -> Message:
    letter = Letter(changes.pop("subject", "Hello"), "text 你好", "<p>html 你好</p>")
    values = {"key": f"key{number}", "address": f"c{number}@example.com", "unsubscribe_url": ""}
    return Message(letter=letter, **(values | changes))


def send(*messages: Message) -> list[Result]:
    adapter = EmailAdapter()
    try:
        return adapter.send(messages, seconds=10)
    finally:
        adapter.close()


def test_one_connection_carries_a_window_and_both_parts_arrive_whole(smtp_sink: SmtpSink) -> None:
    subject = "春天来了 — " + "很长的主题" * 12
    url = "https://r.example/u/abc"
    results = send(message(1, subject=subject, unsubscribe_url=url), message(2))
    assert [result.outcome for result in results] == [Outcome.ACCEPTED, Outcome.ACCEPTED]
    first, second = smtp_sink.messages
    assert (first["Subject"], first["To"], first["Message-ID"]) == (
        subject,
        "c1@example.com",
        "<key1@localhost>",
    )
    assert first["List-Unsubscribe"] == f"<{url}>"
    assert first["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert [part.get_content() for part in first.iter_parts()] == ["text 你好", "<p>html 你好</p>"]
    assert second["List-Unsubscribe"] is None
    assert max(len(line) for line in smtp_sink.envelopes[0].original_content.splitlines()) < 200  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "Hello\r\nBcc: all@example.com"},
        {"subject": "Hello\nX: y"},
        {"address": "a@example.com>\r\nRCPT TO:<b@example.com"},
        {"address": "a@example.com,b@example.com"},
        {"address": "nobody"},
        {"unsubscribe_url": "https://x\r\nBcc: all@example.com"},
    ],
)
def test_nothing_breaks_out_of_a_header(smtp_sink: SmtpSink, changes: dict[str, str]) -> None:
    bad, good = send(message(1, **changes), message(2))
    assert (bad.outcome, bad.permanent) == (Outcome.REFUSED, True)
    assert good.outcome is Outcome.ACCEPTED
    assert len(smtp_sink.messages) == 1


def test_a_closed_port_leaves_everything_untried(settings: Settings) -> None:
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    results = send(message(1), message(2))
    assert [result.outcome for result in results] == [Outcome.UNTRIED, Outcome.UNTRIED]
    assert "refused" in results[0].error


@pytest.mark.parametrize(
    ("answer", "permanent"), [("550 no such mailbox", True), ("451 try later", False), ("554 spam", True)]
)
def test_the_servers_word_tells_for_good_from_for_now(
    smtp_sink: SmtpSink, answer: str, permanent: bool
) -> None:
    smtp_sink.answer = answer
    first, second = send(message(1), message(2))
    assert (first.outcome, first.permanent, first.error) == (Outcome.REFUSED, permanent, answer)
    assert second.outcome is Outcome.REFUSED


@contextmanager
def scripted(settings: Settings, script: Callable[[socket.socket], None]) -> Iterator[None]:
    """A mail server that greets, takes each connection through ``script``, and hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))
    settings.EMAIL_HOST, settings.EMAIL_PORT = listener.getsockname()

    def serve() -> None:
        while True:
            try:
                connection, _address = listener.accept()
            except OSError:
                return
            with connection:
                connection.sendall(b"220 hello\r\n")
                script(connection)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield
    finally:
        listener.close()


def converse(connection: socket.socket, *, until: str) -> None:
    """Answer every command with what a server says, up to and including the command ``until``."""
    lines = connection.makefile("rb")
    for raw in lines:
        command = raw.decode().split()[0].upper()
        if command == until:
            return
        connection.sendall(b"354 go on\r\n" if command == "DATA" else b"250 ok\r\n")
        if command == "DATA":
            while lines.readline() != b".\r\n":
                pass
            return


def test_dropped_before_the_text_was_given_it_may_be_sent_again(settings: Settings) -> None:
    with scripted(settings, lambda connection: converse(connection, until="RCPT")):
        (result,) = send(message())
    assert (result.outcome, result.permanent) == (Outcome.REFUSED, False)


def test_dropped_after_the_text_was_given_nobody_knows(settings: Settings) -> None:
    with scripted(settings, lambda connection: converse(connection, until="NOTHING")):
        first, second = send(message(1), message(2))
    assert [first.outcome, second.outcome] == [Outcome.LOST, Outcome.LOST]


def test_a_server_that_falls_silent_after_the_text_leaves_it_unknown(settings: Settings) -> None:
    settings.EMAIL_TIMEOUT = 1
    hold = threading.Event()

    def silent(connection: socket.socket) -> None:
        converse(connection, until="NOTHING")
        hold.wait(5)

    with scripted(settings, silent):
        (result,) = send(message())
        hold.set()
    assert result.outcome is Outcome.LOST


def test_garbage_for_a_greeting_leaves_it_untried(settings: Settings) -> None:
    with scripted(settings, lambda connection: connection.sendall(b"<html>\r\n" * 3)):
        (result,) = send(message())
    assert result.outcome is not Outcome.ACCEPTED
    assert result.permanent is False
