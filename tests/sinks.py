"""Receivers that tests own: a real SMTP server in a thread."""

from email import message_from_bytes, policy
from email.message import EmailMessage
from types import TracebackType
from typing import Self, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class FreePort(Controller):
    """aiosmtpd's server in a thread, which also takes port 0 for "any free one"; `port` then says which."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        super()._trigger_server()


class SmtpSink:
    """Takes mail on a free port. `answer` is what it says to each message, `250 OK` by default."""

    host = "127.0.0.1"

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.answer = "250 OK"
        self._controller = FreePort(self, hostname=self.host, port=0, enable_SMTPUTF8=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._controller.port)

    @property
    def messages(self) -> list[EmailMessage]:
        """What was accepted, parsed, in order of arrival."""
        return [
            message_from_bytes(cast(bytes, envelope.content), policy=policy.default)
            for envelope in self.envelopes
        ]

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """aiosmtpd's hook for one message."""
        if self.answer.startswith("250"):
            self.envelopes.append(envelope)
        return self.answer

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._controller.stop()
