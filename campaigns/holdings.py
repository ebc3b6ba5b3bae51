"""What campaigns holds about people: what they were sent and what became of it (``users/privacy.py``)."""

from django.utils.translation import gettext_lazy as _

from campaigns.models import (
    Assignment,
    Attempt,
    Attention,
    Batch,
    Campaign,
    CampaignRun,
    ChannelHealth,
    Content,
    Conversion,
    Delivery,
    Link,
    OrderCredit,
    Receipt,
    Step,
)
from campaigns.services.attention import give_up
from users.keeping import keep
from users.privacy import Erase, Holding, holds, impersonal, quotes
from users.services import retention

COUNTS = _("The counts of a campaign stay as they were; nothing in them says who it was.")

# First of all: a claim under way is waited for, and the next one sees an erased customer.
holds(Holding(Attention, _("Messages: the lock"), 5, Erase.DELETE, {}, clean=give_up))
holds(
    Holding(
        Delivery,
        _("Messages"),
        300,
        Erase.EMPTY,
        {
            "step__campaign__name": _("Campaign"),
            "occasion": _("Occasion"),
            "state": _("State"),
            "reason": _("Reason"),
            "channel": _("Channel"),
            "contact": _("Address"),
            "due_at": _("Due"),
            "settled_at": _("Settled"),
            "variables": _("Values of this message"),
        },
        why=COUNTS,
        empties={"contact": "", "variables": None},
        keeps=("occasion",),
        order=("due_at", "step_id"),
        is_books=True,
    )
)
holds(
    Holding(
        Attempt,
        _("Attempts to send"),
        310,
        Erase.EMPTY,
        {
            "step__campaign__name": _("Campaign"),
            "number": _("Attempt"),
            "channel": _("Channel"),
            "state": _("State"),
            "error": _("Error"),
            "started_at": _("Started"),
        },
        why=COUNTS,
        empties={"provider_id": "", "error": ""},
        keeps=("occasion", "provider_key"),
        order=("started_at",),
    )
)
holds(
    Holding(
        Receipt,
        _("Opened and clicked"),
        320,
        Erase.KEEP,
        {
            "step__campaign__name": _("Campaign"),
            "kind": _("Kind"),
            "channel": _("Channel"),
            "at": _("Time"),
            "link__url": _("Link"),
        },
        why=COUNTS,
        keeps=("occasion", "key"),
        order=("at",),
    )
)
holds(
    Holding(
        Assignment,
        _("Groups of comparison"),
        330,
        Erase.KEEP,
        {
            "campaign__name": _("Campaign"),
            "held_out": _("Held out"),
            "assigned_at": _("Assigned"),
        },
        why=COUNTS,
        order=("assigned_at",),
    )
)
holds(
    Holding(
        Conversion,
        _("Goals reached"),
        340,
        Erase.EMPTY,
        {"campaign__name": _("Campaign"), "at": _("Time"), "held_out": _("Held out")},
        why=COUNTS,
        empties={"message_id": ""},
        order=("at",),
    )
)
holds(
    Holding(
        OrderCredit,
        _("Orders after messages"),
        350,
        Erase.KEEP,
        {
            "campaign__name": _("Campaign"),
            "number": _("Order"),
            "touch": _("After"),
            "touched_at": _("Time"),
        },
        why=COUNTS,
        keeps=("source", "number", "occasion"),
        order=("credited_at",),
    )
)

quotes(CampaignRun, _("Runs of campaigns"), empties={"error": ""})
quotes(Batch, _("Batches of messages"), empties={"error": ""})
quotes(ChannelHealth, _("State of the channels"), empties={"last_error": ""})

impersonal(Campaign, "goal_event", why="names of kinds of events")
impersonal(CampaignRun, "manifest", why="counts")
impersonal(Step, "channels", why="names of channels")
impersonal(Content, "subject", "body", why="texts written for everybody")
impersonal(Link, "url", why="links in texts written for everybody")

_QUOTING = """
    SELECT customer_id, step_id, occasion FROM campaigns_delivery
    WHERE settled_at < %(cutoff)s AND state = 'sent' AND (contact <> '' OR variables IS NOT NULL)
"""
keep(
    "deliveries",
    _("Addresses and values in messages sent"),
    _("That a message was sent, and what came of it, stays; the address and the values written into it go."),
    default=730,
    due=retention.counted(_QUOTING),
    remove=retention.changing(
        f"""
        UPDATE campaigns_delivery delivery SET contact = '', variables = NULL
        FROM ({_QUOTING} ORDER BY settled_at LIMIT %(limit)s) AS old
        WHERE (delivery.customer_id, delivery.step_id, delivery.occasion)
            = (old.customer_id, old.step_id, old.occasion)
        """
    ),
)
