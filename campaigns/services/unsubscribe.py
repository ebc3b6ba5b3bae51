"""The way out of marketing: one press refuses the topic on the channel, from the very next claim on."""

from datetime import datetime

from django.db import transaction

from campaigns.models import Delivery
from campaigns.services.receipts import note_unsubscribe
from users.models import Consent
from users.services import consent

SOURCE = "unsubscribe link"


def unsubscribe(delivery: Delivery, *, ip: str | None, now: datetime) -> None:
    """Refuse the topic of this message on its channel; harmless when the customer has refused it before."""
    topic = delivery.step.campaign.topic
    with transaction.atomic():
        note_unsubscribe(delivery, now)
        granted = Consent.objects.filter(
            customer_id=delivery.customer_id,
            channel=delivery.channel,
            topic=topic,
            is_current=True,
            granted=True,
        )
        if granted.exists():
            consent.answer(
                customer_id=delivery.customer_id,
                channel=delivery.channel,
                topic=topic.slug,
                granted=False,
                key=f"unsubscribe:{delivery.step_id}:{delivery.occasion}:{now:%Y%m%d%H%M%S}",
                given_at=now,
                source=SOURCE,
                ip=ip,
                now=now,
            )
