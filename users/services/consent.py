"""The consent ledger: answers are appended, and the latest per channel and topic is marked."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from config.kit.batches import copy_rows, execute, temporary_table
from config.kit.refusal import Refusal
from users.models import Channel, Topic
from users.services import news, survivors
from users.services.touch import touch
from users.topics import TouchTopic


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of one customer. ``key`` makes it count once; ``source`` says how we know."""

    customer_id: int
    key: str
    channel: str
    topic: str
    granted: bool
    given_at: datetime
    source: str
    wording: str = ""
    ip: str | None = None
    evidence: str = ""


@transaction.atomic
def answer(
    *,
    customer_id: int,
    channel: str,
    topic: str,
    granted: bool,
    key: str,
    given_at: datetime,
    source: str,
    now: datetime,
    wording: str = "",
    ip: str | None = None,
    evidence: str = "",
) -> None:
    """Record one answer. Raises Refusal for an unknown channel or topic."""
    given = Answer(customer_id, key, channel, topic, granted, given_at, source, wording, ip, evidence)
    if not usable([given]):
        raise Refusal("unknown_consent", _("There is no such channel or topic."), field="topic")
    answer_many([replace(given, customer_id=survivors.hold_one(customer_id))], now)


def usable(answers: Iterable[Answer]) -> list[Answer]:
    """Those whose channel and topic exist."""
    topics = set(Topic.objects.values_list("slug", flat=True))
    return [one for one in answers if one.channel in Channel.values and one.topic in topics]


def answer_many(answers: Iterable[Answer], now: datetime) -> int:
    """Append usable answers, each key once, and move the marks; how many were new.

    Of two answers the one given later holds; given at the same instant, a refusal. In the caller's
    transaction, which holds the locks of the customers' Standing rows.
    """
    rows = [
        (
            a.customer_id,
            a.key,
            a.channel,
            a.topic,
            a.granted,
            a.given_at,
            a.source,
            a.wording,
            a.ip,
            a.evidence,
        )
        for a in answers
    ]
    if not rows:
        return 0
    temporary_table(
        "told_consent",
        "customer_id bigint, key text, channel text, topic text, granted boolean, given_at timestamptz,"
        " source text, wording text, ip inet, evidence text",
    )
    copy_rows(
        "told_consent",
        (
            "customer_id",
            "key",
            "channel",
            "topic",
            "granted",
            "given_at",
            "source",
            "wording",
            "ip",
            "evidence",
        ),
        rows,
    )
    fresh = execute(
        """
        INSERT INTO users_consent (customer_id, key, channel, topic_id, granted, given_at, recorded_at,
                                   source, wording, ip, evidence, is_current)
        SELECT customer_id, key, channel, topic.id, granted, given_at, %s, source, wording, ip, evidence, false
        FROM told_consent told JOIN users_topic topic ON topic.slug = told.topic
        ON CONFLICT (customer_id, key) DO NOTHING
        """,
        [now],
    )
    if fresh:
        customer_ids = {row[0] for row in rows}
        mark_current(customer_ids)
        _withdraw_requests(now)
        touch(customer_ids, TouchTopic.CONSENT)
        news.note(customer_ids)
    return fresh


def _withdraw_requests(now: datetime) -> None:
    """A refusal ends the wait for a yes that was asked for before it (table ``told_consent``)."""
    execute(
        """
        UPDATE users_consentrequest request SET withdrawn_at = %s
        FROM told_consent told JOIN users_topic topic ON topic.slug = told.topic
        WHERE request.customer_id = told.customer_id AND request.channel = told.channel
          AND request.topic_id = topic.id AND NOT told.granted AND request.asked_at <= told.given_at
          AND request.confirmed_at IS NULL AND request.withdrawn_at IS NULL
        """,
        [now],
    )


def mark_current(customer_ids: Iterable[int]) -> None:
    """Move the marks of these customers to the latest answer per channel and topic.

    Unmarking comes first: the rule "one current answer" must hold after each statement.
    """
    ids = list(customer_ids)
    latest = """
        SELECT DISTINCT ON (customer_id, channel, topic_id) customer_id, key
        FROM users_consent WHERE customer_id = ANY(%(ids)s)
        ORDER BY customer_id, channel, topic_id, given_at DESC, granted, key
    """
    execute(
        f"""
        UPDATE users_consent consent SET is_current = false
        WHERE customer_id = ANY(%(ids)s) AND is_current
          AND (customer_id, key) NOT IN (SELECT customer_id, key FROM ({latest}) AS latest)
        """,
        {"ids": ids},
    )
    execute(
        f"""
        UPDATE users_consent consent SET is_current = true
        FROM ({latest}) AS latest
        WHERE consent.customer_id = latest.customer_id AND consent.key = latest.key AND NOT consent.is_current
        """,
        {"ids": ids},
    )
