"""Planning a run: everybody who matched gets a delivery row with the decision, before anything is sent.

matched × reachable × consented → held out → queued in a batch with an address and a due slot. Caps and
arbitration are judged when a message is claimed, so here they are only foreseen, for the preview.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db import transaction

from campaigns import shop, timing
from campaigns.models import COUNTED_STATES, Campaign, CampaignRun, Step
from config.kit.batches import execute, fetch
from config.kit.zones import shop_zone, zone_names, zone_of
from segments.models import Segment
from segments.services import membership
from users.models import USABLE_CONTACT_STATES

BATCH_SIZE = 500
# One transaction plans so many customers: about two seconds, and a killed planner loses no more than that.
CHUNK = 250_000
NO_CAP = 1_000_000
LAST_ID = 2**63 - 1

# The range of customer ids stands at every table, so each is read by a contiguous piece of its key. The planner
# knows nothing of the sizes of CTEs and would loop over the 600 zones for each customer (100,000 customers: 43 s
# instead of 2), so it is told to hash. `hashint8extended` is what PostgreSQL partitions by, so it is the same in
# every version; md5 cost 0.6 s more on a million.
HASH_ONLY = "SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off"
DECIDED = """
    matched AS ({members}),
    contact AS (
        SELECT DISTINCT ON (p.customer_id) p.customer_id, p.channel, p.address,
               k.customer_id IS NOT NULL AS consented
        FROM users_contactpoint p
        LEFT JOIN users_consent k ON k.customer_id = p.customer_id AND k.channel = p.channel
             AND k.topic_id = %(topic)s AND k.is_current AND k.granted
             AND k.customer_id BETWEEN %(lowest)s AND %(highest)s
        WHERE p.customer_id BETWEEN %(lowest)s AND %(highest)s
          AND p.channel = ANY(%(channels)s) AND p.confirmed AND p.state = ANY(%(usable)s)
        ORDER BY p.customer_id, (k.customer_id IS NOT NULL OR %(is_service)s) DESC,
                 array_position(%(channels)s::varchar[], p.channel), p.state = 'verified' DESC,
                 p.added_at, p.address
    ),
    decided AS (
        SELECT m.customer_id, c.time_zone, contact.channel, contact.address,
               CASE WHEN c.erased_at IS NOT NULL THEN 'erased'
                    WHEN contact.customer_id IS NULL THEN 'unreachable'
                    WHEN NOT (contact.consented OR %(is_service)s) THEN 'no_consent'
                    WHEN %(is_service)s THEN ''
                    WHEN coalesce(a.held_out,
                                  (hashint8extended(m.customer_id, %(seed)s) & 9223372036854775807)
                                  %% 10000 < %(holdout)s * 100) THEN 'held_out'
                    ELSE '' END AS reason
        FROM matched m
        JOIN users_customer c ON c.id = m.customer_id AND c.id BETWEEN %(lowest)s AND %(highest)s
        LEFT JOIN contact ON contact.customer_id = m.customer_id
        LEFT JOIN campaigns_assignment a ON a.customer_id = m.customer_id AND a.campaign_id = %(campaign)s
             AND a.customer_id BETWEEN %(lowest)s AND %(highest)s
    )
"""

INSERT = """
WITH {decided},
    slot AS (
        SELECT * FROM unnest(%(zones)s::text[], %(slot_channels)s::text[], %(instants)s::timestamptz[])
                 AS slot(zone, channel, due_at)
    ),
    slotted AS (
        SELECT d.*, {due} AS due_at FROM decided d {slots}
    ),
    numbered AS MATERIALIZED (
        SELECT s.*, CASE WHEN s.reason = '' THEN
                    (count(*) FILTER (WHERE s.reason = '') OVER ({per_slot} ROWS UNBOUNDED PRECEDING) - 1)
                    / %(batch_size)s END AS number
        FROM slotted s
    ),
    batch AS MATERIALIZED (
        SELECT channel, due_at, number, count(*) AS size, nextval('campaigns_batch_id_seq') AS id
        FROM numbered WHERE number IS NOT NULL GROUP BY channel, due_at, number
    ),
    batches AS (
        INSERT INTO campaigns_batch (id, run_id, step_id, channel, due_at, state, attempt, size, error)
        SELECT id, %(run)s, %(step)s, channel, due_at, 'waiting', 0, size, '' FROM batch
    ),
    arms AS (
        INSERT INTO campaigns_assignment (customer_id, campaign_id, held_out, assigned_at, in_both)
        SELECT customer_id, %(campaign)s, reason = 'held_out', %(now)s, false
        FROM numbered WHERE reason IN ('', 'held_out') AND NOT %(is_service)s
        ON CONFLICT (customer_id, campaign_id) DO NOTHING
    ),
    planned AS (
        INSERT INTO campaigns_delivery (customer_id, step_id, occasion, run_id, batch_id, state, reason,
                                        channel, contact, priority, due_at, settled_at, attempts)
        SELECT n.customer_id, %(step)s, %(occasion)s, %(run)s, b.id,
               CASE WHEN n.reason = '' THEN 'queued' ELSE 'skipped' END, n.reason,
               coalesce(n.channel, ''), coalesce(n.address, ''), %(priority)s, n.due_at,
               CASE WHEN n.reason <> '' THEN %(now)s END, 0
        FROM numbered n LEFT JOIN batch b USING (channel, due_at, number)
    ),
    told AS (
        -- Rules read who was left out, and why; what is queued changes no answer yet.
        INSERT INTO users_touched (customer_id, topic) SELECT customer_id, 'messages' FROM numbered WHERE reason <> ''
    )
SELECT count(*) FROM numbered
"""

# What a claim at this instant would find: messages that count in the last day and week, and messages of
# other campaigns that would go first. The claim judges exactly; this is the foresight of the preview.
COUNT = """
WITH {decided},
    busy AS (
        SELECT o.customer_id,
               count(*) FILTER (WHERE o.state <> 'queued') AS week,
               count(*) FILTER (WHERE o.state <> 'queued' AND o.claimed_at >= %(day_start)s) AS today,
               count(*) FILTER (WHERE o.state = 'queued') AS ahead
        FROM campaigns_delivery o
        JOIN campaigns_step s ON s.id = o.step_id
        JOIN campaigns_campaign c ON c.id = s.campaign_id
        JOIN users_topic t ON t.id = c.topic_id
        WHERE NOT t.is_service AND c.id <> %(campaign)s
          AND (o.state = ANY(%(counted)s) AND o.claimed_at > %(now)s - interval '7 days'
               OR o.state = 'queued' AND o.priority >= %(priority)s
                  AND o.due_at < %(now)s + interval '24 hours')
        GROUP BY o.customer_id
    ),
    foreseen AS (
        SELECT CASE WHEN d.reason <> '' OR %(is_service)s OR b.customer_id IS NULL THEN d.reason
                    WHEN b.today >= %(per_day)s OR b.week >= %(per_week)s THEN 'capped'
                    WHEN b.today + b.ahead >= %(per_day)s OR b.week + b.ahead >= %(per_week)s THEN 'outranked'
                    ELSE '' END AS reason
        FROM decided d LEFT JOIN busy b USING (customer_id)
    )
SELECT reason, count(*) FROM foreseen GROUP BY reason
"""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Of those who matched, how many will receive, and how many not, by reason. ``foreseen`` at ``as_of``."""

    as_of: datetime
    losses: dict[str, int]
    will_receive: int

    @property
    def matched(self) -> int:
        """Everybody whom the segment selects."""
        return self.will_receive + sum(self.losses.values())

    def as_json(self) -> dict[str, Any]:
        """The form in which a run keeps it."""
        return {"matched": self.matched, "will_receive": self.will_receive, "losses": self.losses}


def preview(campaign: Campaign, now: datetime) -> Manifest:
    """What a start at ``now`` would come to, by the same SQL as the plan; caps as they can be foreseen."""
    caps = shop.caps()
    sql, parameters = _decided(campaign, campaign.steps.get(), 0, LAST_ID)
    parameters |= {
        "now": now,
        "priority": campaign.priority,
        "counted": list(COUNTED_STATES),
        "day_start": timing.day_start(now, shop_zone()),
        "per_day": caps.per_day or NO_CAP,
        "per_week": caps.per_week or NO_CAP,
    }
    with transaction.atomic():
        execute(HASH_ONLY)
        counts = dict(fetch(COUNT.format(decided=sql), parameters))
    return Manifest(as_of=now, will_receive=counts.pop("", 0), losses=counts)


def plan_chunk(run: CampaignRun) -> bool:
    """Plan the next customers of a run in one transaction; whether that was the last of them."""
    with transaction.atomic():
        locked = CampaignRun.objects.select_for_update().get(pk=run.pk)
        if locked.state != CampaignRun.State.PLANNING:
            return True
        reached = _insert(locked)
        if reached is not None:
            CampaignRun.objects.filter(pk=run.pk).update(planned_to=reached)
            return False
        manifest = _frozen(locked)
        CampaignRun.objects.filter(pk=run.pk).update(
            state=CampaignRun.State.SENDING, manifest=manifest.as_json()
        )
        return True


def _insert(run: CampaignRun) -> int | None:
    """Plan one chunk; the highest customer id in it, or None when nobody is left."""
    reached = _end_of_chunk(run)
    if reached is None:
        return None
    step = run.campaign.steps.get()
    sql, parameters = _decided(run.campaign, step, run.planned_to + 1, reached)
    due, slots, per_slot, times = _due_slots(step, run.planned_at)
    parameters |= times | {
        "now": run.planned_at,
        "run": run.pk,
        "occasion": run.occasion,
        "priority": run.campaign.priority,
        "batch_size": BATCH_SIZE,
    }
    execute(HASH_ONLY)
    execute(INSERT.format(decided=sql, due=due, slots=slots, per_slot=per_slot), parameters)
    return reached


def _end_of_chunk(run: CampaignRun) -> int | None:
    """The id of the last customer of the next chunk; None when nobody is left."""
    waiting = membership.members(_segment(run.campaign)).filter(customer_id__gt=run.planned_to)
    in_order = waiting.order_by("customer_id")
    last = in_order[CHUNK - 1 : CHUNK].first() or waiting.order_by("-customer_id").first()
    return None if last is None else int(last)


def _segment(campaign: Campaign) -> Segment:
    assert campaign.segment is not None  # only the built-in campaigns have none, and they are never planned
    return campaign.segment


def _decided(campaign: Campaign, step: Step, lowest: int, highest: int) -> tuple[str, dict[str, Any]]:
    """The common part of plan and preview for a range of customer ids, and its parameters."""
    members = membership.members(_segment(campaign)).filter(customer_id__gte=lowest, customer_id__lte=highest)
    members_sql, members_parameters = members.query.sql_with_params()
    names = {f"member_{number}": value for number, value in enumerate(members_parameters)}
    sql = members_sql % tuple(f"%({name})s" for name in names)
    return DECIDED.format(members=sql), names | {
        "lowest": lowest,
        "highest": highest,
        "topic": campaign.topic_id,
        "is_service": campaign.is_service,
        "campaign": campaign.pk,
        "step": step.pk,
        "channels": step.channels,
        "usable": list(USABLE_CONTACT_STATES),
        "seed": hold_out_seed(campaign),
        "holdout": campaign.holdout_percent,
    }


def hold_out_seed(campaign: Campaign) -> int:
    """The seed that, with the customer, decides the arm: 63 bits of a hash of campaign and salt."""
    digest = sha256(f"{campaign.pk}:{campaign.salt}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def _due_slots(step: Step, start: datetime) -> tuple[str, str, str, dict[str, Any]]:
    """SQL for the instant at which each message may go out, and for numbering those of one instant.

    Without quiet hours everybody is due at once. With them the instant depends on zone and channel only:
    some hundred zones, worked out here, where the rules of summer time are known.
    """
    quiet = {channel: shop.quiet_hours(channel) for channel in step.channels}
    if not any(quiet.values()) and len(step.channels) == 1:
        nothing = {"start": start, "zones": [], "slot_channels": [], "instants": []}
        return "%(start)s::timestamptz", "", "", nothing
    rows = [
        (zone, channel, timing.next_send_time(start, zone_of(zone), hours))
        for channel, hours in quiet.items()
        for zone in zone_names()
    ]
    zones, channels, instants = (list(column) for column in zip(*rows, strict=True))
    parameters = {"start": start, "zones": zones, "slot_channels": channels, "instants": instants}
    for number, (channel, hours) in enumerate(quiet.items()):
        shop_time = timing.next_send_time(start, shop_zone(), hours)
        parameters |= {f"channel_{number}": channel, f"shop_time_{number}": shop_time}
    whens = " ".join(
        f"WHEN %(channel_{number})s THEN %(shop_time_{number})s::timestamptz" for number in range(len(quiet))
    )
    return (
        f"coalesce(slot.due_at, CASE d.channel {whens} ELSE %(start)s END)",
        "LEFT JOIN slot ON slot.zone = d.time_zone AND slot.channel = d.channel",
        "PARTITION BY s.channel, s.due_at ORDER BY s.customer_id",
        parameters,
    )


def _frozen(run: CampaignRun) -> Manifest:
    """What the plan came to, counted from its rows."""
    rows = fetch(
        "SELECT reason, count(*) FROM campaigns_delivery WHERE run_id = %s GROUP BY reason", [run.pk]
    )
    counts = dict(rows)
    return Manifest(as_of=run.planned_at, will_receive=counts.pop("", 0), losses=counts)
