"""What came of a campaign: plain counts that add up to everybody who matched, then what they did."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from datetime import datetime, timedelta
from typing import Any

from campaigns.models import Campaign, CampaignRun
from config.kit.batches import fetch
from users.reports import stored

# How far back "lately" goes on the home page.
RECENT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Arm:
    """One side of the comparison: customers assigned, and those who reached the goal inside the window."""

    customers: int
    converted: int

    @property
    def rate(self) -> float | None:
        """Converted of all assigned; None without anybody."""
        return self.converted / self.customers if self.customers else None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Counts of one campaign (or of one run of it). ``states`` and ``reasons`` add up to ``matched``.

    ``opened`` and ``clicked`` are deliveries with at least one by a person, ``revenue`` is the net of the
    orders credited (minor units). ``in_both``: customers of two arms who were joined, left out of both.
    """

    states: Mapping[str, int]
    reasons: Mapping[str, int]
    opened: int
    clicked: int
    unsubscribed: int
    orders: int
    revenue: int
    treated: Arm
    held_out: Arm
    in_both: int

    @property
    def matched(self) -> int:
        """Everybody who has a row: sent + failed + unknown + waiting + not sent for each reason."""
        return sum(self.states.values()) + sum(self.reasons.values())

    @property
    def sent(self) -> int:
        """Taken by the provider."""
        return self.states.get("sent", 0)

    @property
    def open_count(self) -> int:
        """Waiting or being sent."""
        return self.states.get("queued", 0) + self.states.get("sending", 0)


def outcome(campaign: Campaign, run: CampaignRun | None = None) -> Outcome:
    """The counts of a campaign; of one run where one is given (conversions are always the campaign's)."""
    states, reasons = _deliveries(campaign, run)
    opened, clicked, unsubscribed = _responses(campaign, run)
    orders, revenue = _credited(campaign, run)
    treated, held_out, in_both = _arms(campaign)
    return Outcome(
        states, reasons, opened, clicked, unsubscribed, orders, revenue, treated, held_out, in_both
    )


def settled(campaign: Campaign, now: datetime) -> tuple[Outcome, list["LinkClicks"], datetime]:
    """Counts and links of a campaign of which nothing is going out, in a large shop as of some minutes ago."""

    def compute() -> list[Sequence[Any]]:
        return [[asdict(outcome(campaign))], *(astuple(link) for link in links(campaign))]

    told = stored.lately(f"campaign {campaign.pk}", compute, now, of=["campaigns_delivery"])
    ((found,), *clicked) = told.rows
    arms = {name: Arm(**found[name]) for name in ("treated", "held_out")}
    return Outcome(**(found | arms)), [LinkClicks(*row) for row in clicked], told.as_of


@dataclass(frozen=True, slots=True)
class LinkClicks:
    """A link of a campaign and how many deliveries had it clicked, by people and by programs."""

    url: str
    people: int
    programs: int


def links(campaign: Campaign) -> list[LinkClicks]:
    """The links of a campaign, most clicked first."""
    rows = fetch(
        """
        SELECT l.url, count(DISTINCT (r.customer_id, r.occasion)) FILTER (WHERE NOT r.by_bot),
               count(DISTINCT (r.customer_id, r.occasion)) FILTER (WHERE r.by_bot)
        FROM campaigns_link l JOIN campaigns_step s ON s.id = l.step_id
        LEFT JOIN campaigns_receipt r ON r.step_id = l.step_id AND r.link_id = l.id
        WHERE s.campaign_id = %s GROUP BY l.id ORDER BY 2 DESC, l.url
        """,
        [campaign.pk],
    )
    return [LinkClicks(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Recently:
    """What was sent since an instant, over all campaigns, and what came of it."""

    sent: int
    opened: int
    clicked: int
    orders: int
    revenue: int


def recently(now: datetime, within: timedelta) -> Recently:
    """Figures of the campaigns that ran ``within`` the time before ``now``; of a large shop as of some minutes ago.

    They are read from the runs of these campaigns, never from all deliveries.
    """
    told = stored.lately(
        f"campaigns of {within}",
        lambda: fetch(_RECENTLY, {"since": now - within}),
        now,
        of=["campaigns_delivery"],
    )
    return Recently(*told.rows[0])


_RECENTLY = """
    WITH recent AS (
        SELECT r.id, s.id AS step_id, r.occasion FROM campaigns_campaignrun r
        JOIN campaigns_step s ON s.campaign_id = r.campaign_id
        JOIN campaigns_campaign c ON c.id = r.campaign_id
        WHERE r.planned_at >= %(since)s AND c.kind <> 'service'
    )
    SELECT (SELECT count(*) FROM campaigns_delivery d JOIN recent ON recent.id = d.run_id
            WHERE d.state = 'sent'),
           count(DISTINCT (x.customer_id, x.step_id, x.occasion)) FILTER (WHERE x.kind IN ('opened', 'clicked')),
           count(DISTINCT (x.customer_id, x.step_id, x.occasion)) FILTER (WHERE x.kind = 'clicked'),
           (SELECT count(*) FROM campaigns_ordercredit o
            JOIN recent USING (step_id, occasion)
            JOIN users_order p USING (customer_id, source, number) WHERE p.counts),
           (SELECT coalesce(sum(p.net), 0)::bigint FROM campaigns_ordercredit o
            JOIN recent USING (step_id, occasion)
            JOIN users_order p USING (customer_id, source, number) WHERE p.counts)
    FROM campaigns_receipt x JOIN recent USING (step_id, occasion) WHERE NOT x.by_bot
"""


def _deliveries(campaign: Campaign, run: CampaignRun | None) -> tuple[dict[str, int], dict[str, int]]:
    rows = fetch(
        """
        SELECT d.state, d.reason, count(*) FROM campaigns_delivery d
        WHERE d.run_id IN (SELECT id FROM campaigns_campaignrun
                           WHERE campaign_id = %(campaign)s AND coalesce(id = %(run)s, true))
        GROUP BY d.state, d.reason
        """,
        _scope(campaign, run),
    )
    states = {state: count for state, reason, count in rows if not reason}
    return states, {reason: count for _state, reason, count in rows if reason}


def _responses(campaign: Campaign, run: CampaignRun | None) -> tuple[int, int, int]:
    ((opened, clicked, unsubscribed),) = fetch(
        """
        SELECT count(DISTINCT (x.customer_id, x.occasion)) FILTER (WHERE x.kind IN ('opened', 'clicked')),
               count(DISTINCT (x.customer_id, x.occasion)) FILTER (WHERE x.kind = 'clicked'),
               count(DISTINCT (x.customer_id, x.occasion)) FILTER (WHERE x.kind = 'unsubscribed')
        FROM campaigns_receipt x JOIN campaigns_step s ON s.id = x.step_id
        WHERE s.campaign_id = %(campaign)s AND NOT x.by_bot
          AND (%(occasion)s::text IS NULL OR x.occasion = %(occasion)s)
        """,
        _scope(campaign, run),
    )
    return opened, clicked, unsubscribed


def _credited(campaign: Campaign, run: CampaignRun | None) -> tuple[int, int]:
    ((orders, revenue),) = fetch(
        """
        SELECT count(*), coalesce(sum(o.net), 0) FROM campaigns_ordercredit c
        JOIN users_order o USING (customer_id, source, number)
        WHERE c.campaign_id = %(campaign)s AND o.counts
          AND (%(occasion)s::text IS NULL OR c.occasion = %(occasion)s)
        """,
        _scope(campaign, run),
    )
    return orders, int(revenue)


def _arms(campaign: Campaign) -> tuple[Arm, Arm, int]:
    ((treated, held_out, in_both, told, untold),) = fetch(
        """
        SELECT count(*) FILTER (WHERE NOT a.held_out AND NOT a.in_both),
               count(*) FILTER (WHERE a.held_out AND NOT a.in_both),
               count(*) FILTER (WHERE a.in_both),
               count(c.customer_id) FILTER (WHERE NOT a.held_out AND NOT a.in_both),
               count(c.customer_id) FILTER (WHERE a.held_out AND NOT a.in_both)
        FROM campaigns_assignment a
        LEFT JOIN campaigns_conversion c ON c.customer_id = a.customer_id AND c.campaign_id = a.campaign_id
        WHERE a.campaign_id = %s
        """,
        [campaign.pk],
    )
    return Arm(treated, told), Arm(held_out, untold), in_both


def _scope(campaign: Campaign, run: CampaignRun | None) -> dict[str, object]:
    return {
        "campaign": campaign.pk,
        "run": run.pk if run else None,
        "occasion": run.occasion if run else None,
    }
