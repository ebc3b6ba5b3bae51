"""A small audience for campaign tests: customers with addresses, consents and a segment that holds them."""

from datetime import timedelta

from campaigns.models import Campaign, CampaignKind
from campaigns.services.campaigns import Plan, Text, create_campaign
from config.kit import clock
from config.kit.batches import execute
from segments.models import Membership, Segment, SegmentState
from users.models import Channel, Consent, ContactPoint, Customer, Operator, Standing, Topic

LETTER = Text("Hello {{ customer.first_name | default: 'you' }}", "Come back: https://shop.example/new", "en")


def customers(number: int, *, zone: str = "", consent: bool = True, contact: bool = True) -> list[int]:
    """So many customers, c1@example.com and on, who may be mailed unless told otherwise; their ids."""
    now = clock.now()
    made = Customer.objects.bulk_create(
        Customer(name=f"Customer {n}", first_name=f"C{n}", identified=True, time_zone=zone, first_seen_at=now)
        for n in range(1, number + 1)
    )
    ids = [customer.pk for customer in made]
    Standing.objects.bulk_create(Standing(customer_id=pk) for pk in ids)
    if contact:
        give_mail(ids)
    if consent:
        give_consent(ids)
    return ids


def give_mail(ids: list[int]) -> None:
    """A confirmed address each: c<id>@example.com."""
    now = clock.now()
    ContactPoint.objects.bulk_create(
        ContactPoint(
            customer_id=pk,
            channel=Channel.EMAIL,
            address=f"c{pk}@example.com",
            confirmed=True,
            added_at=now,
            changed_at=now,
        )
        for pk in ids
    )


def give_consent(ids: list[int], topic: str = "news") -> None:
    """A grant for e-mail on the topic."""
    now, topic_id = clock.now(), Topic.objects.get(slug=topic).pk
    Consent.objects.bulk_create(
        Consent(
            customer_id=pk,
            key=f"test:{topic}",
            channel=Channel.EMAIL,
            topic_id=topic_id,
            granted=True,
            given_at=now,
            recorded_at=now,
            source="test",
            is_current=True,
        )
        for pk in ids
    )


def take_consent(customer_id: int, topic: str = "news") -> None:
    """The customer refuses the topic by e-mail, committed at once."""
    Consent.objects.filter(customer_id=customer_id, topic__slug=topic, is_current=True).update(granted=False)


def segment_of(ids: list[int], name: str = "Everybody here") -> Segment:
    """A live segment of exactly these customers, which stays fresh however the clock is moved."""
    now = clock.now() + timedelta(days=3650)
    segment = Segment.objects.create(
        name=name, state=SegmentState.LIVE, computed_at=now, computed_version=1, size=len(ids), created_at=now
    )
    Membership.objects.bulk_create(Membership(customer_id=pk, segment=segment, entered_at=now) for pk in ids)
    return segment


def draft(
    segment: Segment, name: str = "Win back", *, by: Operator | None = None, **changes: object
) -> Campaign:
    """A one-off draft without hold-out, saying LETTER."""
    settings: dict[str, object] = {
        "name": name,
        "kind": CampaignKind.ONE_OFF.value,
        "segment": segment,
        "topic": Topic.objects.get(slug="news"),
        "holdout_percent": 0,
    }
    plan = Plan(**(settings | changes))  # type: ignore[arg-type]
    return create_campaign(plan, [LETTER], by=by, now=clock.now())


def forget_history() -> None:
    """As if the messages so far had gone out eight days ago."""
    execute("UPDATE campaigns_delivery SET claimed_at = claimed_at - interval '8 days'")
