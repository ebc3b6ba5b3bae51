"""Service messages: answers, codes, order state. The same machine as campaigns, without consent and caps.

Each kind is a built-in campaign with one endless run; every message is a delivery of its own with its own
words, sent once per business key.
"""

import secrets
from datetime import datetime, timedelta

from django.db import transaction

from campaigns.models import (
    Batch,
    Campaign,
    CampaignKind,
    CampaignRun,
    CampaignState,
    Content,
    Delivery,
    DeliveryState,
    SkipReason,
    Step,
)
from users.models import Channel, ContactPoint, ContactState, Topic
from users.models.customer import usable_contact
from users.services.jobs import nudge
from users.services.survivors import survivor_of
from users.services.touch import touch
from users.topics import TouchTopic

TOPIC = "service"
OCCASION = "service"
PRIORITY = 100
BODY = '<div style="white-space:pre-line">{{ body }}</div>'
ENDLESS = timedelta(days=36_500)


def queue(
    *, customer_id: int, kind: str, key: str, subject: str, body: str, now: datetime, address: str = ""
) -> Delivery:
    """Queue a message to the customer's best e-mail address, once per ``kind`` and ``key``.

    ``address``: this one and no other (it must be a contact point all the same). ``subject`` and ``body``
    are plain words, not a template. The delivery says what becomes of it; a
    customer without an address has it skipped as unreachable. Call it in the transaction of the act that
    the message is about.
    """
    with transaction.atomic():
        run, step = _machine(kind, now)
        customer_id = survivor_of(customer_id)
        address = address or _address(customer_id)
        delivery, is_new = Delivery.objects.get_or_create(
            customer_id=customer_id,
            step_id=step.pk,
            occasion=key,
            defaults={
                "run_id": run.pk,
                "batch_id": _batch(run, step, now) if address else None,
                "state": DeliveryState.QUEUED if address else DeliveryState.SKIPPED,
                "reason": "" if address else SkipReason.UNREACHABLE,
                "channel": Channel.EMAIL,
                "contact": address,
                "priority": PRIORITY,
                "due_at": now,
                "settled_at": None if address else now,
                "variables": {"subject": subject, "body": body},
            },
        )
        if is_new and address:
            nudge("campaigns.dispatch_service")
        elif is_new:
            touch([customer_id], TouchTopic.MESSAGES)
    return delivery


def _machine(kind: str, now: datetime) -> tuple[CampaignRun, Step]:
    """The run and step of this kind of message, made on its first use."""
    run = (
        CampaignRun.objects.select_related("campaign")
        .filter(campaign__name=kind, campaign__kind=CampaignKind.SERVICE)
        .first()
    )
    return (run, run.campaign.steps.get()) if run else _make(kind, now)


def _make(kind: str, now: datetime) -> tuple[CampaignRun, Step]:
    campaign, _made = Campaign.objects.get_or_create(
        name=kind,
        kind=CampaignKind.SERVICE,
        defaults={
            "state": CampaignState.RUNNING,
            "topic": Topic.objects.get(slug=TOPIC),
            "priority": PRIORITY,
            "expires_after": ENDLESS,
            "holdout_percent": 0,
            "salt": secrets.token_hex(8),
            "created_at": now,
        },
    )
    step, _made = Step.objects.get_or_create(
        campaign=campaign, position=1, defaults={"channels": [Channel.EMAIL.value]}
    )
    Content.objects.get_or_create(
        step=step,
        channel=Channel.EMAIL,
        language="en",
        defaults={"subject": "{{ subject }}", "body": BODY},
    )
    run, _made = CampaignRun.objects.get_or_create(
        campaign=campaign,
        occasion=OCCASION,
        defaults={"state": CampaignRun.State.SENDING, "planned_at": now, "expires_at": now + ENDLESS},
    )
    return run, step


def _batch(run: CampaignRun, step: Step, now: datetime) -> int:
    return Batch.objects.create(run=run, step=step, channel=Channel.EMAIL, due_at=now, size=1).pk


def _address(customer_id: int) -> str:
    """The verified address first, else the oldest usable one; empty when there is none."""
    points = ContactPoint.objects.filter(usable_contact(), customer_id=customer_id, channel=Channel.EMAIL)
    verified_first = points.order_by("added_at", "address").values_list("state", "address")
    ranked = sorted(verified_first, key=lambda point: point[0] != ContactState.VERIFIED)
    return ranked[0][1] if ranked else ""
