"""Sending e-mail: one SMTP connection, reused from window to window, and an exact answer per message."""

import smtplib
import ssl
import time
from collections.abc import Sequence

from django.conf import settings

from campaigns.channels.base import ChannelError, Message, Outcome, Result
from campaigns.channels.email.mime import Writer

OK = 250
GO_ON = (OK, 251, 354)
TEMPORARY = range(400, 500)


class EmailAdapter:
    """SMTP keeps no keys, so what was sent without an answer may not be sent again."""

    is_idempotent = False

    def __init__(self) -> None:
        self._smtp: smtplib.SMTP | None = None
        self._writer = Writer(settings.DEFAULT_FROM_EMAIL)

    def send(self, messages: Sequence[Message], *, seconds: float) -> list[Result]:
        """Offer the messages one by one until ``seconds`` have passed or the server cannot be reached."""
        until = time.monotonic() + seconds
        self._drop_if_closed()
        results: list[Result] = []
        for message in messages:
            if time.monotonic() >= until:
                break
            result = self._send_one(message)
            results.append(result)
            if result.outcome is Outcome.UNTRIED:
                break
        error = results[-1].error if results and results[-1].outcome is Outcome.UNTRIED else ""
        rest = Result(Outcome.UNTRIED, error=error)
        return results + [rest] * (len(messages) - len(results))

    def close(self) -> None:
        """Say goodbye if somebody still listens."""
        if self._smtp is not None:
            try:
                self._smtp.quit()
            except (OSError, smtplib.SMTPException):
                self._smtp.close()
            self._smtp = None

    def _send_one(self, message: Message) -> Result:
        try:
            payload = self._writer.write(message)
            smtp = self._connected()
        except ChannelError as problem:
            outcome = Outcome.REFUSED if problem.permanent else Outcome.UNTRIED
            return Result(outcome, error=problem.reason, permanent=problem.permanent)
        try:
            self._offer(smtp, message.address)
        except ChannelError as refusal:
            return self._refused(smtp, refusal)
        except (OSError, smtplib.SMTPException) as problem:
            # The server had not been given the text, so it cannot have accepted it.
            self._drop()
            return Result(Outcome.REFUSED, error=_said(problem))
        return self._hand_over(smtp, payload)

    def _offer(self, smtp: smtplib.SMTP, address: str) -> None:
        """Sender, recipient and the wish to send, each of which the server may refuse."""
        for verb, command in (
            ("MAIL", f"FROM:<{self._writer.sender}>"),
            ("RCPT", f"TO:<{address}>"),
            ("DATA", ""),
        ):
            code, answer = smtp.docmd(verb, command)
            if code not in GO_ON:
                raise ChannelError(f"{code} {_text(answer)}", permanent=code not in TEMPORARY)

    def _refused(self, smtp: smtplib.SMTP, refusal: ChannelError) -> Result:
        try:
            code, _answer = smtp.rset()
        except (OSError, smtplib.SMTPException):
            code = 0
        if code != OK:
            self._drop()
        return Result(Outcome.REFUSED, error=refusal.reason, permanent=refusal.permanent)

    def _hand_over(self, smtp: smtplib.SMTP, payload: bytes) -> Result:
        """Give the text away; from the first byte on, silence means that nobody knows."""
        try:
            smtp.send(payload)
            code, answer = smtp.getreply()
        except (OSError, smtplib.SMTPException) as problem:
            self._drop()
            return Result(Outcome.LOST, error=_said(problem))
        if code == OK:
            return Result(Outcome.ACCEPTED, provider_id=_text(answer)[:200])
        return Result(Outcome.REFUSED, error=f"{code} {_text(answer)}"[:300], permanent=code not in TEMPORARY)

    def _connected(self) -> smtplib.SMTP:
        if self._smtp is None:
            try:
                self._smtp = _connect()
            except (OSError, smtplib.SMTPException) as problem:
                raise ChannelError(_said(problem), permanent=False) from problem
        return self._smtp

    def _drop_if_closed(self) -> None:
        """Servers hang up on idle connections; find out before a message is at stake."""
        try:
            if self._smtp is not None and self._smtp.noop()[0] != OK:
                self._drop()
        except (OSError, smtplib.SMTPException):
            self._drop()

    def _drop(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None


def _connect() -> smtplib.SMTP:
    """A greeted, if need be encrypted and authenticated, connection by Django's mail settings."""
    kind = smtplib.SMTP_SSL if settings.EMAIL_USE_SSL else smtplib.SMTP
    smtp = kind(settings.EMAIL_HOST, settings.EMAIL_PORT, timeout=settings.EMAIL_TIMEOUT or 15)
    if settings.EMAIL_USE_TLS:
        smtp.starttls(context=ssl.create_default_context())
    smtp.ehlo_or_helo_if_needed()
    if settings.EMAIL_HOST_USER:
        smtp.login(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)
    return smtp


def _said(problem: Exception) -> str:
    return f"{type(problem).__name__}: {problem}"[:300]


def _text(answer: bytes) -> str:
    return answer.decode("utf-8", "replace")
