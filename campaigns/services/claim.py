"""Claiming: taking a batch under a lease, and from it one window of messages after another.

A window is one transaction. It locks the customers' attention rows in id order and only then, in new
statements, reads what was sent to them; two dispatchers with different batches thus never both find room
under the same cap.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from campaigns import shop, suppression
from campaigns.decision import (
    RIVALRY,
    WEEK,
    Caps,
    House,
    Past,
    Person,
    Rival,
    Send,
    Skip,
    Verdict,
    Wait,
    decide,
)
from campaigns.models import (
    COUNTED_STATES,
    Batch,
    Campaign,
    CampaignState,
    SkipReason,
    Step,
)
from campaigns.services import health
from campaigns.timing import QuietHours
from config.kit.batches import execute, fetch
from config.kit.zones import zone_of
from users.models import USABLE_CONTACT_STATES

WINDOW = 50
LEASE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Lease:
    """A batch in hand, with the rules of the house as they stood when it was taken.

    ``number`` proves that it is still ours.
    """

    batch: Batch
    number: int
    step: Step
    campaign: Campaign
    caps: Caps
    quiet: QuietHours | None


@dataclass(slots=True)
class Claimed:
    """A message claimed for this window. ``number`` is the attempt, ``key`` what the provider is given."""

    customer_id: int
    occasion: str
    contact: str
    language: str
    number: int
    variables: dict[str, str] | None
    person: Person
    verdict: Verdict = field(default_factory=Send)

    def key(self, step_id: int) -> str:
        """The provider's key: the same for every attempt at the same delivery."""
        return sha256(f"{self.customer_id}:{step_id}:{self.occasion}".encode()).hexdigest()[:32]


def claim_batch(*, service: bool, now: datetime) -> Lease | None:
    """Take the next due batch of a running campaign, the most important first; None when there is none."""
    rows = fetch(
        """
        UPDATE campaigns_batch SET state = 'leased', attempt = attempt + 1,
               lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
        WHERE id = (
            SELECT b.id FROM campaigns_batch b
            JOIN campaigns_campaignrun r ON r.id = b.run_id
            JOIN campaigns_campaign c ON c.id = r.campaign_id
            JOIN users_topic t ON t.id = c.topic_id
            WHERE b.state = 'waiting' AND b.due_at <= %(now)s AND r.state = 'sending' AND c.state = 'running'
              AND t.is_service = %(service)s AND b.channel <> ALL(%(closed)s)
            ORDER BY c.priority DESC, b.due_at, b.id LIMIT 1
            FOR UPDATE OF b SKIP LOCKED
        )
        RETURNING id, attempt
        """,
        {"lease": LEASE_SECONDS, "now": now, "service": service, "closed": health.closed_to()},
    )
    if not rows:
        return None
    ((batch_id, number),) = rows
    batch = Batch.objects.select_related("run", "step", "step__campaign__topic").get(pk=batch_id)
    caps, quiet = shop.caps(), shop.quiet_hours(batch.channel)
    return Lease(batch, number, batch.step, batch.step.campaign, caps, quiet)


def renew(lease: Lease) -> bool:
    """Prolong the lease in the caller's transaction; False when it was lost meanwhile."""
    return bool(
        execute(
            """
            UPDATE campaigns_batch SET lease_until = clock_timestamp() + make_interval(secs => %s)
            WHERE id = %s AND attempt = %s AND state = 'leased'
            """,
            [LEASE_SECONDS, lease.batch.pk, lease.number],
        )
    )


def claim_window(lease: Lease, size: int, now: datetime) -> list[Claimed] | None:
    """The next messages of the batch, each with its verdict; None when there are none, or not for now.

    Runs inside the caller's transaction and holds the customers' attention until it ends.
    """
    state = Campaign.objects.values_list("state", flat=True).get(pk=lease.campaign.pk)
    if state == CampaignState.PAUSED:
        return None
    ids = _lock_attention(lease, size)
    if not ids:
        return None
    claimed = _facts(lease, ids, now)
    house = _house(lease, state, now)
    if not house.is_service:
        _add_history(claimed, lease, now)
    _judge(claimed, house)
    return claimed


def _lock_attention(lease: Lease, size: int) -> list[int]:
    rows = fetch(
        """
        SELECT DISTINCT customer_id FROM (
            SELECT customer_id FROM campaigns_delivery
            WHERE batch_id = %s AND state = 'queued' ORDER BY customer_id LIMIT %s) d
        """,
        [lease.batch.pk, size],
    )
    ids = sorted(customer_id for (customer_id,) in rows)
    if ids:
        execute(
            "INSERT INTO campaigns_attention (customer_id) SELECT unnest(%s::bigint[]) ON CONFLICT DO NOTHING",
            [ids],
        )
        fetch(
            "SELECT 1 FROM campaigns_attention WHERE customer_id = ANY(%s) ORDER BY customer_id FOR UPDATE",
            [ids],
        )
    return ids


def _facts(lease: Lease, ids: Sequence[int], now: datetime) -> list[Claimed]:
    """The window's messages with the customer's address and consent as they are now."""
    rows = fetch(
        """
        SELECT d.customer_id, d.occasion, d.contact, c.language, d.attempts, d.variables, c.time_zone,
               d.priority, d.due_at, c.erased_at IS NOT NULL,
               EXISTS (SELECT FROM users_contactpoint p WHERE p.customer_id = d.customer_id
                       AND p.channel = d.channel AND p.address = d.contact
                       AND (p.confirmed OR %(service)s AND EXISTS (
                            -- Asked back: only the mail itself can show that the address is theirs.
                            SELECT FROM users_consentrequest q
                            WHERE q.customer_id = d.customer_id AND q.address = d.contact
                              AND q.confirmed_at IS NULL AND q.withdrawn_at IS NULL AND q.expires_at > %(now)s))
                       AND p.state = ANY(%(usable)s)),
               EXISTS (SELECT FROM users_consent k WHERE k.customer_id = d.customer_id
                       AND k.channel = d.channel AND k.topic_id = %(topic)s AND k.is_current AND k.granted),
               c.most_per_week
        FROM campaigns_delivery d JOIN users_customer c ON c.id = d.customer_id
        WHERE d.batch_id = %(batch)s AND d.customer_id = ANY(%(ids)s) AND d.state = 'queued'
        ORDER BY d.customer_id, d.occasion
        """,
        {
            "usable": list(USABLE_CONTACT_STATES),
            "service": lease.campaign.is_service,
            "now": now,
            "topic": lease.campaign.topic_id,
            "batch": lease.batch.pk,
            "ids": list(ids),
        },
    )
    hidden = {} if lease.campaign.is_service else suppression.suppressed(ids)
    return [
        Claimed(
            *(customer_id, occasion, contact, language, attempts + 1, variables and json.loads(variables)),
            Person(
                zone=zone_of(zone),
                rank=(-priority, due_at, lease.campaign.pk),
                erased=erased,
                contact_usable=usable,
                consented=consented,
                suppressed=hidden.get(customer_id),
                most_per_week=most_per_week,
            ),
        )
        for (
            customer_id, occasion, contact, language, attempts, variables, zone, priority, due_at, erased,
            usable, consented, most_per_week,
        ) in rows
    ]  # fmt: skip


def _add_history(claimed: Sequence[Claimed], lease: Lease, now: datetime) -> None:
    """What else these customers were sent in the last days, and what waits for them."""
    rows = fetch(
        """
        SELECT o.customer_id, o.state, o.claimed_at, o.priority, o.due_at, c.id, c.topic_id, o.channel
        FROM campaigns_delivery o
        JOIN campaigns_step s ON s.id = o.step_id
        JOIN campaigns_campaign c ON c.id = s.campaign_id
        JOIN users_topic t ON t.id = c.topic_id
        WHERE o.customer_id = ANY(%(ids)s) AND NOT t.is_service
          AND (o.state = ANY(%(counted)s) AND o.claimed_at > %(now)s - %(week)s
               OR o.state = 'queued' AND o.due_at < %(now)s + %(rivalry)s AND c.state = 'running'
                  AND o.batch_id <> %(batch)s)
        """,
        {
            "ids": [one.customer_id for one in claimed],
            "counted": list(COUNTED_STATES),
            "now": now,
            "week": WEEK,
            "rivalry": RIVALRY,
            "batch": lease.batch.pk,
        },
    )
    past: dict[int, list[Past]] = defaultdict(list)
    rivals: dict[int, list[Rival]] = defaultdict(list)
    for customer_id, state, claimed_at, priority, due_at, campaign_id, topic_id, channel in rows:
        if state == "queued":
            rank = (-priority, due_at, campaign_id)
            rivals[customer_id].append(Rival(rank, due_at, campaign_id, topic_id, channel))
        else:
            past[customer_id].append(Past(claimed_at, topic_id, channel))
    for one in claimed:
        one.person.past = past[one.customer_id]
        one.person.rivals = rivals[one.customer_id]


def _house(lease: Lease, state: str, now: datetime) -> House:
    return House(
        now=now,
        campaign_id=lease.campaign.pk,
        topic_id=lease.campaign.topic_id,
        channel=lease.batch.channel,
        is_service=lease.campaign.is_service,
        cancelled=state == CampaignState.CANCELLED,
        expires_at=lease.batch.run.expires_at,
        quiet=lease.quiet,
        caps=lease.caps,
    )


def _judge(claimed: Sequence[Claimed], house: House) -> None:
    """A verdict each; one that goes out counts at once for the same customer's next in the window."""
    for one in claimed:
        one.verdict = decide(one.person, house)
        if isinstance(one.verdict, Send):
            one.person.past.append(Past(house.now, house.topic_id, house.channel))


def mark(lease: Lease, claimed: Sequence[Claimed], now: datetime) -> None:
    """Write the verdicts: skipped with a reason, waiting in a new batch, or being sent with an attempt."""
    _mark_skipped(lease, [one for one in claimed if isinstance(one.verdict, Skip)], now)
    _mark_waiting(lease, [one for one in claimed if isinstance(one.verdict, Wait)])
    _mark_sending(lease, [one for one in claimed if isinstance(one.verdict, Send)], now)


def _mark_skipped(lease: Lease, claimed: Sequence[Claimed], now: datetime) -> None:
    skips = [(one, one.verdict) for one in claimed if isinstance(one.verdict, Skip)]
    if not skips:
        return
    execute(
        """
        WITH skipped AS (
            UPDATE campaigns_delivery d SET state = 'skipped', reason = v.reason, outranked_by_id = v.winner,
                   settled_at = %(now)s
            FROM unnest(%(ids)s::bigint[], %(occasions)s::text[], %(reasons)s::text[], %(winners)s::bigint[])
                 AS v(customer_id, occasion, reason, winner)
            WHERE d.customer_id = v.customer_id AND d.step_id = %(step)s AND d.occasion = v.occasion
            RETURNING d.customer_id
        )
        INSERT INTO users_touched (customer_id, topic) SELECT customer_id, 'messages' FROM skipped
        """,
        _keys(claimed)
        | {
            "now": now,
            "step": lease.step.pk,
            "reasons": [verdict.reason.value for _one, verdict in skips],
            "winners": [verdict.outranked_by for _one, verdict in skips],
        },
    )


def _mark_waiting(lease: Lease, claimed: Sequence[Claimed]) -> None:
    moved: dict[datetime, list[Claimed]] = defaultdict(list)
    for one in claimed:
        if isinstance(one.verdict, Wait):
            moved[one.verdict.until].append(one)
    for until, group in moved.items():
        batch = new_batch(lease.batch, until, len(group))
        execute(
            """
            UPDATE campaigns_delivery d SET batch_id = %(to)s, due_at = %(due)s
            FROM unnest(%(ids)s::bigint[], %(occasions)s::text[]) AS v(customer_id, occasion)
            WHERE d.customer_id = v.customer_id AND d.step_id = %(step)s AND d.occasion = v.occasion
            """,
            _keys(group) | {"to": batch.pk, "due": until, "step": lease.step.pk},
        )


def _mark_sending(lease: Lease, claimed: Sequence[Claimed], now: datetime) -> None:
    if not claimed:
        return
    execute(
        """
        WITH v AS (
            SELECT * FROM unnest(%(ids)s::bigint[], %(occasions)s::text[], %(numbers)s::int[], %(keys)s::text[])
                          AS v(customer_id, occasion, number, key)
        ), tried AS (
            INSERT INTO campaigns_attempt (customer_id, step_id, occasion, number, channel, state, provider_key,
                                           provider_id, error, permanent, started_at)
            SELECT customer_id, %(step)s, occasion, number, %(channel)s, 'sending', key, '', '', false, %(now)s
            FROM v
        )
        UPDATE campaigns_delivery d SET state = 'sending', claimed_at = %(now)s, attempts = v.number
        FROM v WHERE d.customer_id = v.customer_id AND d.step_id = %(step)s AND d.occasion = v.occasion
        """,
        _keys(claimed)
        | {
            "numbers": [one.number for one in claimed],
            "keys": [one.key(lease.step.pk) for one in claimed],
            "step": lease.step.pk,
            "channel": lease.batch.channel,
            "now": now,
        },
    )


def _keys(claimed: Sequence[Claimed]) -> dict[str, object]:
    return {
        "ids": [one.customer_id for one in claimed],
        "occasions": [one.occasion for one in claimed],
    }


def new_batch(like: Batch, due_at: datetime, size: int) -> Batch:
    """A batch of the same run and channel for messages that go out later."""
    return Batch.objects.create(
        run_id=like.run_id, step_id=like.step_id, channel=like.channel, due_at=due_at, size=size
    )


def refuse_letter(one: Claimed) -> None:
    """The text could not be made for this customer: the message is skipped instead of sent."""
    one.verdict = Skip(SkipReason.NO_CONTENT)
