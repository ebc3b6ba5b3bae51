"""An operator records what a customer said about messages: on paper, on the phone, in the shop."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from config.kit.refusal import Refusal
from users.models import Customer, Operator
from users.services import audit, consent


@dataclass(frozen=True, slots=True)
class HandAnswer:
    """An answer given outside the software: where, to which words, and what proves it."""

    channel: str
    topic: str
    granted: bool
    source: str
    wording: str
    evidence: str
    given_at: datetime


@transaction.atomic
def record_by_hand(
    customer: Customer,
    told: HandAnswer,
    *,
    key: uuid.UUID,
    by: Operator | None,
    now: datetime,
    actor: str = "",
) -> None:
    """Put an answer into the ledger; ``key`` makes a form sent twice count once.

    A yes needs its wording and its evidence; a no needs nothing but to be said. Refuses a day to come.
    """
    if told.given_at > now:
        raise Refusal("in_future", _("That has not happened yet."), field="given_at")
    for name in ("wording", "evidence") if told.granted else ():
        if not getattr(told, name).strip():
            raise Refusal("proof_missing", _("A yes needs this as proof."), field=name)
    consent.answer(
        customer_id=customer.pk,
        channel=told.channel,
        topic=told.topic,
        granted=told.granted,
        key=f"hand:{key}",
        given_at=told.given_at,
        source=told.source,
        wording=told.wording.strip(),
        evidence=told.evidence.strip(),
        now=now,
    )
    audit.record(
        "consent.record",
        by=by,
        actor=actor,
        target=customer,
        after={
            "channel": told.channel,
            "topic": told.topic,
            "granted": told.granted,
            "source": told.source,
            "wording": told.wording.strip(),
            "evidence": told.evidence.strip(),
        },
    )
