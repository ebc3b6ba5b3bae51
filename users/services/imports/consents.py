"""Importing answers about consent: a grant only where nobody has answered yet, a refusal always.

A grant needs the wording that was agreed to and the day, or it proves nothing. A refusal, in the ledger or
anywhere in the file, is never turned into a grant.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.kit.batches import execute, fetch
from config.kit.zones import shop_zone
from users import cells
from users.cells import Unreadable
from users.models import Channel, Fate, Import, Topic
from users.services import consent, news, stages
from users.services.imports.kinds import (
    KEY_FIELDS,
    Batch,
    Field,
    ImportKind,
    Options,
    Row,
    Verdict,
    Verdicts,
    Written,
    duplicate_of,
    refused,
    register,
)
from users.services.touch import touch
from users.topics import TouchTopic

CHANNEL_WORDS = {
    "e-mail": "email", "mail": "email", "邮件": "email", "电子邮件": "email", "短信": "sms", "text": "sms",
    "微信": "wechat", "微博": "weibo",
}  # fmt: skip


def _channel(cell: str, options: Options) -> str:
    word = cell.strip().lower()
    word = CHANNEL_WORDS.get(word, word)
    if word not in Channel.values:
        raise Unreadable("unknown_message_channel")
    return word


def _text(longest: int) -> Any:
    return lambda cell, options: cells.text(cell, longest)


def _instant(cell: str, options: Options) -> datetime:
    return cells.instant(cell, options.get("day_order", ""), shop_zone())


def _answered(cell: str, options: Options) -> bool:
    return cells.yes_or_no(cell)


FIELDS = (
    *KEY_FIELDS,
    Field("message_channel", _("Message channel"), _channel, is_required=True),
    Field("topic", _("Topic"), _text(50), is_required=True),
    Field("granted", _("Answer (yes or no)"), _answered, is_required=True),
    Field("given_at", pgettext_lazy("an answer", "Given"), _instant, is_date=True),
    Field("wording", _("Wording"), _text(100)),
    Field("source", _("Source"), _text(33)),
)


@dataclass(frozen=True, slots=True)
class Known:
    """An answer on record, or one of the file that will be."""

    granted: bool
    given_at: datetime


Question = tuple[str, str]


@dataclass(slots=True)
class Ledger:
    """The answers that will be written."""

    chosen: list[tuple[Row, consent.Answer]] = field(default_factory=list)


class Consents(ImportKind):
    """Answers about what customers may be told."""

    name = "consents"
    title = _("Consents")
    about = _("Yes and no per channel and topic, with wording and day. A no is never turned into a yes.")
    fields = FIELDS
    extra_options = ("message_channel", "topic", "granted", "given_at", "wording")

    def mark(self, row: Row) -> str:
        """One customer."""
        return f"#{row.customer_id}" if row.customer_id else row.key

    def judge(self, groups: Sequence[list[Row]], batch: Batch) -> tuple[Verdicts, Ledger]:
        """Row by row against the ledger as it will be then."""
        ids = {group[0].customer_id for group in groups if group[0].customer_id}
        stages.lock(ids)
        ledger = _on_record(ids)
        topics = set(Topic.objects.values_list("slug", flat=True))
        plan = Ledger()
        verdicts: Verdicts = {}
        for group in groups:
            known = ledger.get(group[0].customer_id or 0, {})
            refusals = _refusals(group)
            said: dict[tuple[Question, bool], int] = {}
            for row in group:
                verdict = _judge(row, known, refusals, said, topics, batch)
                verdicts[row.no] = verdict
                if verdict.fate in (Fate.NEW, Fate.CHANGES):
                    plan.chosen.append((row, _answer(row, batch)))
                    known.setdefault(_question(row), []).append(
                        Known(row.values["granted"], row.values["given_at"])
                    )
        return verdicts, plan

    def write(
        self, plan: Ledger, verdicts: Verdicts, batch: Batch
    ) -> dict[int, tuple[int | None, dict[str, Any]]]:
        """Append the answers to the ledger."""
        consent.answer_many([answer for _row, answer in plan.chosen], batch.now)
        return {row.no: (row.customer_id, {"key": answer.key}) for row, answer in plan.chosen}

    def take_back(self, rows: Sequence[Written], batch: Batch) -> dict[int, str]:
        """Remove answers after which nothing was answered to the same question."""
        ids = sorted({row.customer_id for row in rows if row.customer_id})
        alive = set(stages.lock(ids))
        gone = fetch(
            """
            DELETE FROM users_consent consent
            USING unnest(%(ids)s::bigint[], %(keys)s::text[]) AS told (customer_id, key)
            WHERE consent.customer_id = told.customer_id AND consent.key = told.key AND NOT EXISTS (
                SELECT FROM users_consent later
                WHERE later.customer_id = consent.customer_id AND later.channel = consent.channel
                  AND later.topic_id = consent.topic_id AND later.recorded_at > consent.recorded_at
            )
            RETURNING consent.customer_id, consent.key
            """,
            {"ids": [row.customer_id or 0 for row in rows], "keys": [row.before["key"] for row in rows]},
        )
        consent.mark_current(alive)
        touch(alive, TouchTopic.CONSENT)
        news.note(alive)
        removed = set(gone)
        return {
            row.no: "answered_since" if row.customer_id in alive else "gone"
            for row in rows
            if (row.customer_id, row.before["key"]) not in removed
        }


def _question(row: Row) -> Question:
    return row.values["message_channel"], row.values["topic"]


def _refusals(group: Sequence[Row]) -> dict[Question, int]:
    """Questions to which some row of the file says no, with the first such row."""
    found: dict[Question, int] = {}
    for row in group:
        if not row.values["granted"]:
            found.setdefault(_question(row), row.no)
    return found


def _judge(
    row: Row, known: dict[Question, list[Known]], refusals: dict[Question, int],
    said: dict[tuple[Question, bool], int], topics: set[str], batch: Batch,
) -> Verdict:  # fmt: skip
    values = row.values
    if "given_at" not in values:
        return refused("missing", "given_at")
    if row.customer_id is None:
        return refused("no_such_customer", batch.file.match_key)
    if values["topic"] not in topics:
        return refused("no_such_topic", "topic", cell=values["topic"])
    if values["given_at"] > batch.now:
        return refused("in_future", "given_at")
    question = _question(row)
    if (question, values["granted"]) in said:
        return duplicate_of(said[question, values["granted"]])
    said[question, values["granted"]] = row.no
    answers = known.get(question, [])
    return _grant(row, answers, refusals.get(question)) if values["granted"] else _refusal(row, answers)


def _detail(row: Row) -> dict[str, Any]:
    channel, topic = _question(row)
    return {"channel": channel, "topic": topic, "granted": row.values["granted"]}


def _grant(row: Row, answers: Sequence[Known], refused_in: int | None) -> Verdict:
    if refused_in is not None:
        return refused("file_says_no", "granted", row=refused_in)
    if answers:
        if _in_force(answers).granted:
            return Verdict(Fate.UNCHANGED)
        noes = [one.given_at for one in answers if not one.granted]
        return refused("said_no", "granted", at=max(noes).isoformat())
    if not row.values.get("wording"):
        return refused("no_wording", "wording")
    return Verdict(Fate.NEW, detail=_detail(row))


def _refusal(row: Row, answers: Sequence[Known]) -> Verdict:
    if not answers:
        return Verdict(Fate.NEW, detail=_detail(row))
    in_force = _in_force(answers)
    if not in_force.granted:
        return Verdict(Fate.UNCHANGED)
    if in_force.given_at > row.values["given_at"]:
        return Verdict(Fate.NEW, "later_yes_holds", detail=_detail(row) | {"holds": True})
    return Verdict(Fate.CHANGES, detail=_detail(row) | {"changes": [["granted", "yes", "no"]]})


def _in_force(answers: Sequence[Known]) -> Known:
    """The answer given last; of two given together, the refusal."""
    return max(answers, key=lambda one: (one.given_at, not one.granted))


def _answer(row: Row, batch: Batch) -> consent.Answer:
    channel, topic = _question(row)
    source = row.values.get("source")
    return consent.Answer(
        customer_id=row.customer_id or 0,
        key=batch.message_id(row.no),
        channel=channel,
        topic=topic,
        granted=row.values["granted"],
        given_at=row.values["given_at"],
        source=f"import {source}" if source else "import",
        wording=row.values.get("wording", ""),
    )


def _on_record(ids: set[int]) -> dict[int, dict[Question, list[Known]]]:
    rows = fetch(
        "SELECT customer_id, channel, topic.slug, granted, given_at FROM users_consent consent"
        " JOIN users_topic topic ON topic.id = consent.topic_id WHERE customer_id = ANY(%s)",
        [sorted(ids)],
    )
    ledger: dict[int, dict[Question, list[Known]]] = {}
    for customer_id, channel, topic, granted, given_at in rows:
        ledger.setdefault(customer_id, {}).setdefault((channel, topic), []).append(Known(granted, given_at))
    return ledger


@dataclass(frozen=True, slots=True)
class Reach:
    """How many customers may be written to on a channel about a topic, now and after the import."""

    channel: str
    topic: str
    now: int
    after: int


def reach(file: Import) -> list[Reach]:
    """Who may be written to now and afterwards, for every channel and topic that the file would change."""
    execute("SET LOCAL statement_timeout = '20s'")
    rows = fetch(
        """
        WITH told AS (
            SELECT customer_id, detail ->> 'channel' AS channel, topic.id AS topic_id, topic.slug,
                   bool_and((detail ->> 'granted')::boolean) AS granted
            FROM users_importrow JOIN users_topic topic ON topic.slug = detail ->> 'topic'
            WHERE file_id = %(file)s AND fate IN ('new', 'changes') AND NOT detail ? 'holds'
            GROUP BY customer_id, detail ->> 'channel', topic.id
        ), question AS (
            SELECT DISTINCT channel, topic_id, slug FROM told
        ), usable AS (
            SELECT told.channel, told.topic_id,
                   count(*) FILTER (WHERE told.granted AND consent.granted IS NOT TRUE) AS more,
                   count(*) FILTER (WHERE NOT told.granted AND consent.granted) AS fewer
            FROM told
            LEFT JOIN users_consent consent ON consent.customer_id = told.customer_id AND consent.is_current
                 AND consent.channel = told.channel AND consent.topic_id = told.topic_id
            WHERE EXISTS (
                SELECT FROM users_contactpoint point
                WHERE point.customer_id = told.customer_id AND point.channel = told.channel AND point.confirmed
                  AND point.state IN ('unverified', 'verified')
            )
            GROUP BY told.channel, told.topic_id
        )
        SELECT question.channel, question.slug, counted.n, counted.n + coalesce(more, 0) - coalesce(fewer, 0)
        FROM question
        LEFT JOIN usable USING (channel, topic_id)
        CROSS JOIN LATERAL (
            SELECT count(*) AS n FROM users_consent consent
            WHERE consent.is_current AND consent.granted AND consent.channel = question.channel
              AND consent.topic_id = question.topic_id AND EXISTS (
                SELECT FROM users_contactpoint point
                WHERE point.customer_id = consent.customer_id AND point.channel = consent.channel
                  AND point.confirmed AND point.state IN ('unverified', 'verified')
              )
        ) AS counted
        ORDER BY 1, 2
        """,
        {"file": file.pk},
    )
    return [Reach(*row) for row in rows]


register(Consents())
