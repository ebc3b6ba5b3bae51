"""The demo's openids, phones, devices, attributes and answers: invented, repeatable, and every page filled."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.clock import move_to
from tests.users.door import identify, send
from users.models import AttributeDefinition, Consent, ConsentRequest, ContactPoint, Identity, Reach
from users.reports import reach
from users.services.demo.identity import load_identity

pytestmark = pytest.mark.django_db(transaction=True)
NOON = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)


def counts() -> list[int]:
    return [
        Identity.objects.count(),
        ContactPoint.objects.count(),
        Consent.objects.count(),
        ConsentRequest.objects.count(),
    ]


def test_everything_is_there_and_a_second_time_changes_nothing() -> None:
    from users.seed import seed

    seed()
    now = move_to(NOON)
    people = [*range(60), *range(40_001, 40_006)]
    send(
        *(
            identify(at=NOON - timedelta(days=9), user=f"cd-{n:06d}", email=f"p{n}@example.org")
            for n in people
        )
    )
    load_identity(now, lambda done, total: None)
    first = counts()
    load_identity(now, lambda done, total: None)
    assert counts() == first
    kinds = set(Identity.objects.values_list("kind", flat=True))
    assert kinds >= {"user_id", "email", "phone", "openid", "unionid", "device"}
    assert ContactPoint.objects.filter(channel="web_push").count() == len(people) // 3 + 1
    phones = ContactPoint.objects.filter(channel="sms").values_list("address", flat=True)
    assert phones and all(number[5:9] == "5550" for number in phones)  # given to nobody
    assert Consent.objects.filter(source="paper").exclude(evidence="").exclude(wording="").exists()
    late = ContactPoint.objects.filter(channel="email", customer__user_id__startswith="cd-04")
    assert late.count() == 5
    reached = late.exclude(state__in=("bouncing", "blocked")).values_list("customer_id", flat=True)
    assert set(ConsentRequest.objects.values_list("customer_id", flat=True)) == set(reached) != set()
    assert dict(AttributeDefinition.objects.values_list("name", "kind")) == {
        "recordPlayer": "text",
        "recordsOwned": "number",
        "collectsSince": "date",
        "clubMember": "flag",
        "favouriteArtist": "text",
        "preferredFormats": "list",
        "shirtSize": "text",
        "newsletterAsText": "flag",
    }
    assert not AttributeDefinition.objects.filter(label="").exists()
    assert reach.figures(now).counts["wechat", Reach.USABLE] > 0
