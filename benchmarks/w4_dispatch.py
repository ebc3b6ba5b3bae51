"""W4a and W4b: dispatching personalised messages, against the barest loops that do the same."""

import smtplib
import time
from collections.abc import Iterator, Sequence
from unittest.mock import patch

from django.conf import settings

from benchmarks.campaign import LETTER, campaign_to_everybody, plan_all
from benchmarks.figure import Figure, at_least
from campaigns.channels.base import Adapter, Message, Outcome, Result, adapters
from campaigns.channels.email.mime import Writer
from campaigns.content import Letter, compiled, example_values
from campaigns.models import ChannelHealth, Delivery
from campaigns.services import dispatch as sending
from config.kit.batches import execute, fetch
from tests.sinks import SmtpSink
from users.models import Channel

MESSAGES = {"S": 6_000, "L": 100_000}
BY_SMTP = 1_000


class AnswersAtOnce:
    """A provider that takes everything without a network."""

    is_idempotent = False

    def send(self, messages: Sequence[Message], *, seconds: float) -> list[Result]:
        """Accepted, all of them."""
        return [Result(Outcome.ACCEPTED)] * len(messages)

    def close(self) -> None:
        """Nothing to let go of."""


def figures(size: str) -> Iterator[Figure]:
    """First without a network, then through SMTP to a local sink."""
    yield at_least(
        "W4a", "messages dispatched to a provider that answers at once",
        value=_dispatch("W4a", MESSAGES[size], AnswersAtOnce), yardstick=_by_hand(), limit=0.5,
    )  # fmt: skip
    with SmtpSink() as sink:
        settings.EMAIL_HOST, settings.EMAIL_PORT = sink.host, sink.port
        yardstick = _bare_smtp(sink)
        value = _dispatch("W4b", BY_SMTP * 2, adapters[Channel.EMAIL])
    yield at_least(
        "W4b", "messages dispatched through SMTP to a local sink", value=value, yardstick=yardstick, limit=0.6
    )


def _dispatch(name: str, most: int, line: type[Adapter]) -> float:
    """Messages a second of one dispatcher over a campaign of its own."""
    execute("UPDATE campaigns_delivery SET claimed_at = claimed_at - interval '30 days'")
    run = campaign_to_everybody(name, most=most)
    plan_all(run)
    began = time.perf_counter()
    with patch.object(sending, "adapters", {Channel.EMAIL: line}):
        while sending.dispatch(seconds=600).more:
            pass
    seconds = time.perf_counter() - began
    sent = Delivery.objects.filter(run=run, state="sent").count()
    assert sent, ChannelHealth.objects.values_list("last_error", "failures").first()
    return sent / seconds


def _by_hand() -> float:
    """Claims 500, renders, marks, logs: the loop somebody would write for one campaign without promises."""
    run = campaign_to_everybody("by hand", most=6_000)
    plan_all(run)
    form = compiled(LETTER.subject, LETTER.body, LETTER.language)
    began = time.perf_counter()
    sent = 0
    while rows := fetch(
        "UPDATE campaigns_delivery SET state = 'sending' WHERE (customer_id, step_id, occasion) IN ("
        " SELECT customer_id, step_id, occasion FROM campaigns_delivery WHERE run_id = %s AND state = 'queued'"
        " LIMIT 500 FOR UPDATE SKIP LOCKED) RETURNING customer_id",
        [run.pk],
    ):
        ids = [customer_id for (customer_id,) in rows]
        people = fetch("SELECT id, first_name, name, city FROM users_customer WHERE id = ANY(%s)", [ids])
        values = example_values(form)
        for _pk, first_name, name, city in people:
            form.fill({**values, "customer": {"first_name": first_name or name, "city": city}})
        execute(
            "UPDATE campaigns_delivery SET state = 'sent', settled_at = now()"
            " WHERE run_id = %s AND customer_id = ANY(%s)",
            [run.pk, ids],
        )
        execute(
            "INSERT INTO campaigns_attempt (customer_id, step_id, occasion, number, channel, state,"
            " provider_key, provider_id, error, permanent, started_at)"
            " SELECT customer_id, step_id, occasion, 1, channel, 'sent', '', '', '', false, now()"
            " FROM campaigns_delivery WHERE run_id = %s AND customer_id = ANY(%s)",
            [run.pk, ids],
        )
        sent += len(ids)
    return sent / (time.perf_counter() - began)


def _bare_smtp(sink: SmtpSink) -> float:
    """smtplib in a loop over messages that are ready."""
    letter = Letter("Hello", "text " * 60, "<p>text</p>" * 60)
    payload = Writer("shop@localhost").write(Message("key", "a@example.com", letter))
    body = payload.removesuffix(b".\r\n")
    with smtplib.SMTP(sink.host, sink.port) as smtp:
        began = time.perf_counter()
        for number in range(BY_SMTP):
            smtp.sendmail("shop@localhost", [f"c{number}@example.com"], body)
        return BY_SMTP / (time.perf_counter() - began)
